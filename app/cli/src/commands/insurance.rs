//! The staked fund: stakers, claimants, and the validators who vote.

use super::{config, fund_rules::FundFile, send_refreshed, show_landed};
use crate::{
    args::{InsuranceCommand, ValidatorCommand},
    output::Output,
    session::{address, Session},
};
use anchor_lang::prelude::Pubkey;
use anyhow::{bail, Context as _, Result};
use ballast::state::StakeAccount;
use ballast_client::{
    act::{asset_of, make_wallet},
    amount::{self, dollars_down, format},
    insurance::{self, Cover, Fund},
    send::{Landed, Step},
    view::{FundView, Snapshot, ViewError},
};
use ballast_risk::{fund::StakeShares, TokenAmount, Usd};
use serde_json::json;
use solana_signer::Signer;
use std::path::Path;

/// Vote accounts called at once: what fits a transaction.
const CALLED_AT_ONCE: usize = 20;

/// `insurance …`.
pub async fn insurance(session: &Session, command: &InsuranceCommand, output: &Output) -> Result<()> {
    if let InsuranceCommand::Create { token, rules } = command {
        return create(session, token, rules.as_deref(), output).await;
    }
    let snapshot = session.snapshot().await?;
    let view = FundView::fetch(&session.rpc, &snapshot).await?;
    if let InsuranceCommand::Show = command {
        return show(session, &snapshot, &view, output).await;
    }
    let key = session.key()?;
    let (owner, fund) = (key.pubkey(), &view.fund);
    let decimals = snapshot.reserve(&view.account.reserve)?.decimals;
    let symbol = session.names.of(&view.account.mint);
    // What the program wants fresh prices of.
    let mut priced: Vec<Pubkey> = vec![];
    let (what, instructions) = match command {
        InsuranceCommand::Stake { amount } => {
            let units = amount::parse(amount, decimals)?.0;
            let mut instructions = vec![];
            if own_stake(session, &view, &owner).await?.is_none() {
                instructions.push(insurance::open_stake(owner, fund));
            }
            instructions.push(insurance::stake_insurance(owner, fund, units));
            (format!("stake {amount} {symbol}"), instructions)
        }
        InsuranceCommand::RequestUnstake { shares } => {
            let shares = match shares.as_str() {
                "max" | "all" => u64::MAX,
                "none" => 0,
                text => text
                    .parse()
                    .with_context(|| format!("\"{text}\" is no number of shares: write one, max or none"))?,
            };
            ("ask to unstake".into(), vec![insurance::request_unstake(owner, fund, shares)])
        }
        InsuranceCommand::Unstake => {
            ("unstake".into(), vec![make_wallet(&owner, &fund.asset), insurance::unstake(owner, fund)])
        }
        InsuranceCommand::CloseStake => ("close the stake".into(), vec![insurance::close_stake(owner, fund)]),
        InsuranceCommand::Collect => {
            ("collect insurance in kind".into(), vec![insurance::collect_insurance(fund)])
        }
        InsuranceCommand::Cover { amount, min_paid, claim } => {
            let (reserve, units) = session.amount(&snapshot, &amount.amount, &amount.token, false)?;
            if snapshot.reserve(&reserve)?.losses.as_risk().coverable(snapshot.now()) == 0 {
                bail!("the lenders of {} lost nothing that is still to be repaid", amount.token);
            }
            if let Some(number) = claim {
                // Says so where there is none.
                view.claim(&session.rpc, *number).await?;
            }
            priced = vec![reserve, view.account.reserve];
            let cover = Cover {
                payer: owner,
                lost: asset_of(&snapshot, &reserve)?,
                amount: units.0,
                min_paid: amount::parse(min_paid, decimals).context("--min-paid")?.0,
                claim: claim.map(|number| fund.claim(number)),
            };
            let what = format!("repay {} {} of a loss", amount.amount, amount.token);
            (what, vec![make_wallet(&owner, &fund.asset), insurance::cover_loss(fund, &cover)])
        }
        InsuranceCommand::Claim { dollars, token } => {
            let (lost, _) = session.reserve(&snapshot, token)?;
            let value = amount::parse(dollars, 6)?.0;
            let number = view.account.next_claim();
            call_roll(session, &snapshot, &view).await?;
            priced = vec![view.account.reserve];
            (format!("open claim {number}"), vec![insurance::open_claim(owner, fund, lost, number, value)])
        }
        InsuranceCommand::ShowClaim { number } => return show_claim(session, &view, *number, output).await,
        InsuranceCommand::Settle { number } => {
            let claim = view.claim(&session.rpc, *number).await?;
            let to = Some(fund.wallet(&claim.opener));
            (format!("settle claim {number}"), vec![insurance::settle_claim(fund, *number, to)])
        }
        InsuranceCommand::CloseClaim { number } => {
            let claim = view.claim(&session.rpc, *number).await?;
            let to = (claim.bond > 0).then(|| fund.wallet(&claim.opener));
            let close = insurance::close_claim(fund, *number, claim.opener, to);
            (format!("close claim {number}"), vec![close])
        }
        // Done above.
        InsuranceCommand::Show | InsuranceCommand::Create { .. } => return Ok(()),
    };
    let step = Step::together(what, instructions);
    let landed = if priced.is_empty() {
        session.send(&[step], &[&key]).await?
    } else {
        send_refreshed(session, &snapshot, &key, &priced, Some(step)).await?
    };
    show_landed(&landed, output);
    Ok(())
}

/// An owner's stake; `None` where there is none, and only then: what cannot be asked is no answer.
async fn own_stake(session: &Session, view: &FundView, owner: &Pubkey) -> Result<Option<StakeAccount>> {
    match view.stake(&session.rpc, owner).await {
        Ok(stake) => Ok(Some(stake)),
        Err(ViewError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn create(session: &Session, token: &str, rules: Option<&Path>, output: &Output) -> Result<()> {
    let rules = rules.map(config::read::<FundFile>).transpose()?.unwrap_or_default().rules()?;
    let key = session.key()?;
    let snapshot = session.snapshot().await?;
    let (reserve, _) = session.reserve(&snapshot, token)?;
    let fund = Fund { asset: asset_of(&snapshot, &reserve)? };
    let create = insurance::create_fund(key.pubkey(), &fund, rules.into());
    let step = Step::together(format!("create the fund {}", fund.address()), vec![create]);
    show_landed(&session.send(&[step], &[&key]).await?, output);
    Ok(())
}

async fn show(session: &Session, snapshot: &Snapshot, view: &FundView, output: &Output) -> Result<()> {
    let (account, now) = (&view.account, snapshot.now());
    let reserve = snapshot.reserve(&account.reserve)?;
    let symbol = session.names.of(&account.mint);
    let tokens = |units: u64| format(TokenAmount(units), reserve.decimals);
    let books = account.fund().at(now);
    let claimable = books.claimable(now);
    let mut value = json!({
        "fund": view.fund.address().to_string(),
        "token": symbol,
        "stakers": tokens(books.tokens),
        "coming": tokens(books.coming.pending),
        "coming_until": if books.coming.pending > 0 { books.coming.ends_at } else { 0 },
        "spare": tokens(books.spare),
        "shares": books.shares,
        "bonds": tokens(account.bonds),
        "claimable_micro_usd": claimable,
        "last_claim": account.last_claim,
        "open_claims": books.lock.open_claims,
    });
    let mut text = format!(
        "fund {} in {symbol}\nstakers {} {symbol}, coming to them {} {symbol}, spare {} {symbol}, bonds {} {symbol}\nlosses to claim for {} USD, {} claims so far, {} open\n",
        view.fund.address(),
        tokens(books.tokens),
        tokens(books.coming.pending),
        tokens(books.spare),
        tokens(account.bonds),
        dollars_down(Usd(i128::from(claimable))),
        account.last_claim,
        books.lock.open_claims,
    );
    if let Ok(owner) = session.key().map(|key| key.pubkey()) {
        if let Some(stake) = own_stake(session, view, &owner).await? {
            let own = stake.stake.as_risk().in_era_of(&books);
            let worth = tokens(books.worth_down(StakeShares(own.shares.saturating_add(own.leaving))).0);
            value["own"] = json!({ "shares": own.shares, "leaving": own.leaving, "worth": worth });
            text.push_str(&format!(
                "yours: {} shares, {} leaving, worth {worth} {symbol}\n",
                own.shares, own.leaving
            ));
        }
    }
    output.show(&value, text);
    Ok(())
}

async fn show_claim(session: &Session, view: &FundView, number: u64, output: &Output) -> Result<()> {
    let claim = view.claim(&session.rpc, number).await?;
    let ballot = &claim.ballot;
    let voters = claim.voters.iter().take(ballot.count as usize).enumerate();
    let in_favour: u64 = voters
        .clone()
        .filter(|(index, _)| (ballot.yes >> index) & 1 == 1)
        .fold(0u64, |sum, (_, voter)| sum.saturating_add(voter.weight));
    let state = match ballot.settled {
        0 => "open",
        1 => "passed",
        _ => "failed",
    };
    let value = json!({
        "claim": view.fund.claim(number).to_string(),
        "state": state,
        "value_micro_usd": claim.value,
        "opener": claim.opener.to_string(),
        "voters": ballot.count,
        "weight": ballot.total,
        "in_favour": in_favour,
        "deadline": ballot.deadline,
        "approved_micro_usd": claim.approval.value,
    });
    let text = format!(
        "claim {number} for {} USD by {}: {state}\n{} validators vote until {}; {:.2} % of their weight says yes, more than half has to",
        dollars_down(Usd(i128::from(claim.value))),
        claim.opener,
        ballot.count,
        ballast_lab::time::second(ballot.deadline),
        100.0 * in_favour as f64 / (ballot.total as f64).max(1.0),
    );
    output.show(&value, text);
    Ok(())
}

/// Calls the roll for everybody who may vote and was not called in this epoch.
async fn call_roll(session: &Session, snapshot: &Snapshot, view: &FundView) -> Result<Vec<Landed>> {
    let key = session.key()?;
    let roll = view.roll(&session.rpc).await?;
    let due = insurance::to_call(&roll, snapshot.clock.epoch);
    let steps: Vec<Step> = due
        .chunks(CALLED_AT_ONCE)
        .map(|part| Step::together("call the roll", vec![insurance::call_roll(&view.fund, part)]))
        .collect();
    session.send(&steps, &[&key]).await
}

/// `validator …`; the key is the node identity's.
pub async fn validator(session: &Session, command: &ValidatorCommand, output: &Output) -> Result<()> {
    let snapshot = session.snapshot().await?;
    let view = FundView::fetch(&session.rpc, &snapshot).await?;
    let key = session.key()?;
    let identity: Pubkey = key.pubkey();
    let (what, instruction) = match command {
        ValidatorCommand::Enroll { vote_account } => {
            let vote = address("vote account", vote_account)?;
            (format!("enrol {vote}"), insurance::enroll_validator(identity, &view.fund, vote))
        }
        ValidatorCommand::Leave { vote_account } => {
            let vote = address("vote account", vote_account)?;
            (format!("take {vote} off the roll"), insurance::leave_roll(identity, &view.fund, vote))
        }
        ValidatorCommand::CallRoll => {
            show_landed(&call_roll(session, &snapshot, &view).await?, output);
            return Ok(());
        }
        ValidatorCommand::Vote { number, answer } => {
            let yes = match answer.as_str() {
                "yes" => true,
                "no" => false,
                other => bail!("\"{other}\" is no vote: write yes or no"),
            };
            // Says so where there is none.
            view.claim(&session.rpc, *number).await?;
            let claim = view.fund.claim(*number);
            (format!("vote {answer} on claim {number}"), insurance::vote_claim(identity, claim, yes))
        }
    };
    show_landed(&session.send(&[Step::together(what, vec![instruction])], &[&key]).await?, output);
    Ok(())
}
