//! What owners do.

use super::show_landed;
use crate::{
    args::{Amount, Whose},
    output::Output,
    session::{address, Session},
};
use anyhow::Result;
use ballast_client::{
    act::{self, asset_of, Action, Intent},
    instruction,
    send::{Landed, Step},
    Account,
};
use solana_signer::Signer;

/// `open`.
pub async fn open(session: &Session, id: u16, output: &Output) -> Result<()> {
    let key = session.key()?;
    let account = session.account(id, None)?;
    let step = Step::together(format!("open obligation {id}"), vec![instruction::open_obligation(&account)]);
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

/// `close`.
pub async fn close(session: &Session, id: u16, output: &Output) -> Result<()> {
    let key = session.key()?;
    let account = session.account(id, None)?;
    let step =
        Step::together(format!("close obligation {id}"), vec![instruction::close_obligation(&account)]);
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

/// `deposit`.
pub async fn deposit(session: &Session, amount: &Amount, id: u16, output: &Output) -> Result<()> {
    act(session, Action::Deposit, amount, id, output).await
}

/// `withdraw`.
pub async fn withdraw(session: &Session, amount: &Amount, id: u16, output: &Output) -> Result<()> {
    act(session, Action::Withdraw, amount, id, output).await
}

/// `borrow`.
pub async fn borrow(session: &Session, amount: &Amount, id: u16, output: &Output) -> Result<()> {
    act(session, Action::Borrow, amount, id, output).await
}

/// `repay`, for whoever's obligation.
pub async fn repay(session: &Session, amount: &Amount, whose: &Whose, output: &Output) -> Result<()> {
    let Some(owner) = &whose.owner else {
        return act(session, Action::Repay, amount, whose.id, output).await;
    };
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let (reserve, units) = session.amount(&snapshot, &amount.amount, &amount.token, true)?;
    let asset = asset_of(&snapshot, &reserve)?;
    let account = Account { vault: snapshot.key, owner: address("owner", owner)?, id: whose.id };
    let what = Intent { action: Action::Repay, reserve, amount: units }.words(&snapshot, &session.names);
    let repay = instruction::repay(key.pubkey(), account.obligation(), &asset, units.0);
    let step = Step::together(format!("{what} for {owner}"), vec![repay]);
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

async fn act(session: &Session, action: Action, amount: &Amount, id: u16, output: &Output) -> Result<()> {
    let key = session.key()?;
    let account = session.account(id, None)?;
    let snapshot = session.snapshot().await?;
    let all = matches!(action, Action::Withdraw | Action::Repay);
    let (reserve, units) = session.amount(&snapshot, &amount.amount, &amount.token, all)?;
    let intent = Intent { action, reserve, amount: units };
    let prices = session.prices()?;
    let landed: Vec<Landed> = if session.global.dry_run {
        let plan = act::plan(&session.rpc, prices.as_ref(), &session.names, &account, &intent).await?;
        let mut signers: Vec<&(dyn Signer + Sync)> = vec![&key];
        signers.extend(plan.keys.iter().map(|key| key as &(dyn Signer + Sync)));
        session.send(&plan.steps, &signers).await?
    } else {
        let mut tables = session.tables();
        let (prices, names) = (prices.as_ref(), &session.names);
        let landed = session.sender.act(prices, names, &account, &intent, &key, &mut tables).await;
        session.keep_tables(&tables);
        landed?
    };
    show_landed(&landed, output);
    Ok(())
}
