//! The commands on a cluster.

mod borrower;
mod change;
pub mod config;
mod fund_rules;
mod governance;
mod history;
mod insurance;
mod local;
mod safety;
mod show;
mod vault;
mod watch;

use crate::{args::Command, output::Output, session::Session};
use anchor_lang::prelude::Pubkey;
use anyhow::Result;
use ballast_client::{
    send::{Landed, Step},
    view::{feeds_of, Snapshot},
};
use serde_json::{json, Value};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Runs a command; `false` where it found what should not be.
pub async fn run(session: &Session, command: Command, output: &Output) -> Result<bool> {
    match command {
        Command::Open { id } => borrower::open(session, id, output).await?,
        Command::Close { id } => borrower::close(session, id, output).await?,
        Command::Deposit { amount, id } => borrower::deposit(session, &amount, id, output).await?,
        Command::Withdraw { amount, id } => borrower::withdraw(session, &amount, id, output).await?,
        Command::Borrow { amount, id } => borrower::borrow(session, &amount, id, output).await?,
        Command::Repay { amount, whose } => borrower::repay(session, &amount, &whose, output).await?,
        Command::Show { whose } => show::show(session, &whose, output).await?,
        Command::WhatIf(what_if) => show::what_if(session, &what_if, output).await?,
        Command::History { whose, limit } => history::history(session, &whose, limit, output).await?,
        Command::Vault(command) => vault::run(session, &command, output).await?,
        Command::Insurance(command) => insurance::insurance(session, &command, output).await?,
        Command::Validator(command) => insurance::validator(session, &command, output).await?,
        Command::Breaker(command) => safety::breaker(session, &command, output).await?,
        Command::Refresh { tokens } => safety::refresh(session, &tokens, output).await?,
        Command::Absorb { obligation } => safety::absorb(session, &obligation, output).await?,
        Command::CollectFees { token } => safety::collect_fees(session, &token, output).await?,
        Command::Attest => return safety::attest(session, output).await,
        Command::Audit => return safety::audit(session, output).await,
        Command::Verify => return safety::verify(session, output).await,
        Command::Watch { every, looks, worst } => watch::watch(session, every, looks, worst, output).await?,
        Command::Faucet { amount, to } => local::faucet(session, &amount, to.as_deref(), output).await?,
        Command::Price { token, dollars } => local::price(session, &token, &dollars, output).await?,
        // Run before there is a session.
        Command::Localnet(_) | Command::Completions { .. } => {}
    }
    Ok(true)
}

/// Landed transactions as JSON.
pub fn landed_json(landed: &[Landed]) -> Value {
    let one = |one: &Landed| {
        json!({
            "what": one.what,
            "signature": one.signature.to_string(),
            "slot": one.slot,
            "units": one.units,
        })
    };
    json!({ "transactions": landed.iter().map(one).collect::<Vec<_>>() })
}

/// Landed transactions, a line each.
pub fn landed_text(landed: &[Landed]) -> String {
    let one = |one: &Landed| {
        if one.slot == 0 {
            return format!("{} ({} compute units)\n", one.what, one.units);
        }
        format!("{}: slot {}, {} compute units, {}\n", one.what, one.slot, one.units, one.signature)
    };
    landed.iter().map(one).collect()
}

/// Prints landed transactions.
pub fn show_landed(landed: &[Landed], output: &Output) {
    output.show(&landed_json(landed), landed_text(landed));
}

/// Takes fresh prices into reserves, posting them where they have to be posted, and sends what needs them right behind.
async fn send_refreshed(
    session: &Session,
    snapshot: &Snapshot,
    key: &Keypair,
    reserves: &[Pubkey],
    then: Option<Step>,
) -> Result<Vec<Landed>> {
    let fresh = session.prices()?.fresh(&key.pubkey(), &snapshot.feeds(reserves)).await?;
    let mut pairs: Vec<(Pubkey, Vec<Pubkey>)> = vec![];
    for reserve in reserves {
        if !pairs.iter().any(|(known, _)| known == reserve) {
            let feeds = feeds_of(snapshot.reserve(reserve)?);
            pairs.push((
                *reserve,
                feeds.iter().filter_map(|feed| fresh.accounts.get(feed).copied()).collect(),
            ));
        }
    }
    let mut steps = fresh.steps;
    steps.push(Step::refresh(snapshot.key, pairs));
    steps.extend(then);
    let mut signers: Vec<&(dyn Signer + Sync)> = vec![key];
    signers.extend(fresh.keys.iter().map(|key| key as &(dyn Signer + Sync)));
    if session.global.dry_run {
        steps.extend(fresh.cleanup);
        return session.send(&steps, &signers).await;
    }
    Ok(session.sender.send_and_clean(&steps, &fresh.cleanup, &signers, &[]).await?)
}
