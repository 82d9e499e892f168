//! Staked funds: what they hold, what shares are, and that stake counts once.

use super::{Asked, Verdict};
use crate::{
    ensure,
    step::{Lens, Step},
};
use anchor_lang::prelude::Pubkey;
use ballast::state::{ClaimAccount, FundAccount, Reserve, RollAccount, StakeAccount};
use ballast_risk::{fund::StakeShares, tally::Voter, TokenAmount, Usd};
use std::collections::BTreeSet;

/// A fund holds its books and all bonds; its shares change as stakes do; voters and seats are there once.
pub fn hold(step: &Step) -> Asked {
    let mut asked = false;
    for (key, before, after) in step.changed::<FundAccount>() {
        let Some(fund) = after else { return Err(format!("fund {key} is gone")) };
        asked = true;
        check_tokens(&step.after, &key, &fund)?;
        check_shares(step, &key, before.as_ref(), &fund)?;
        if let Some(before) = &before {
            check_moved(step, &key, before, &fund)?;
        }
    }
    for (key, before, after) in step.changed::<ClaimAccount>() {
        let Some(claim) = after else { continue };
        asked = true;
        check_claim(&key, &claim)?;
        if let Some(before) = before {
            let lost = before.ballot.yes & !claim.ballot.yes;
            // a voter may think again while the vote is open, but the weights stand
            ensure!(
                lost == 0 || before.ballot.settled == 0,
                "claim {key} forgot a vote after it was settled"
            );
            ensure!(voters(&before) == voters(&claim), "weights of claim {key} moved");
        }
    }
    for (key, _, after) in step.changed::<RollAccount>() {
        let Some(roll) = after else { continue };
        asked = true;
        let mut seen = BTreeSet::new();
        for seat in roll.seats() {
            for enrolment in [seat.holder, seat.successor] {
                let new = !enrolment.is_taken() || seen.insert(enrolment.vote_account);
                ensure!(new, "roll {key} has a vote account twice");
            }
        }
    }
    Ok(asked)
}

/// Whoever repays a loss is paid at most one percent more than it repaid, at the prices that count now.
pub fn cover_is_fair(step: &Step) -> Asked {
    let Some(call) = step.only(&["cover_loss"]) else { return Ok(false) };
    let key = |slot: usize| call.key(slot).unwrap_or_default();
    let (from, to) = (key(11), key(7));
    let (Some(fund), Some(lost)) =
        (step.after.state::<Reserve>(&key(4)), step.after.state::<Reserve>(&key(5)))
    else {
        return Ok(false);
    };
    let paid = step.before.tokens(&from).saturating_sub(step.after.tokens(&from));
    let repaid = step.after.tokens(&to).saturating_sub(step.before.tokens(&to));
    let paid = fund.price.spot.as_risk().value_down(TokenAmount(paid));
    let repaid = lost.price.spot.as_risk().value_up(TokenAmount(repaid));
    check_cover(paid, repaid)?;
    Ok(true)
}

/// The same of two values.
pub fn check_cover(paid: Usd, repaid: Usd) -> Verdict {
    ensure!(paid.0 * 100 <= (repaid.0 + 1) * 101, "the fund paid {paid:?} for {repaid:?}");
    Ok(())
}

/// What a stake share is worth at one instant does not fall because others come or leave, and does not rise by income that is
/// collected: it comes with time, so that nobody stakes just before it.
pub fn shares_keep_their_worth(step: &Step) -> Asked {
    let moves = ["stake_insurance", "request_unstake", "unstake", "collect_insurance"];
    if step.calls.iter().any(|call| !moves.contains(&call.does)) {
        return Ok(false);
    }
    let mut asked = false;
    for (key, before, after) in step.changed::<FundAccount>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let (then, now) = (before.fund().at(step.now()), after.fund().at(step.now()));
        let some = StakeShares(then.shares.min(now.shares));
        let (then, now) = (then.worth_down(some), now.worth_down(some));
        ensure!(now >= then, "{some:?} of fund {key} were worth {then:?} and are worth {now:?}");
        // a unit of rounding a call, and one of the worth itself
        let most = then.0.saturating_add(step.calls.len() as u64 + 1);
        ensure!(now.0 <= most, "{some:?} of fund {key} were worth {then:?} and are worth {now:?} at once");
        asked |= some.0 > 0;
    }
    Ok(asked)
}

/// What its books say that it has.
fn booked(fund: &FundAccount) -> u128 {
    u128::from(fund.fund().total().0) + u128::from(fund.bonds)
}

/// Tokens come and go as the books say: what strangers sent it hides nothing.
fn check_moved(step: &Step, key: &Pubkey, before: &FundAccount, after: &FundAccount) -> Verdict {
    let held = |lens: &Lens| i128::from(lens.tokens(&after.token_account));
    let (came, said) =
        (held(&step.after) - held(&step.before), booked(after) as i128 - booked(before) as i128);
    ensure!(came == said, "{came} tokens came into fund {key}, its books say {said}");
    Ok(())
}

fn check_tokens(lens: &Lens, key: &Pubkey, fund: &FundAccount) -> Verdict {
    let (tokens, books) = (lens.tokens(&fund.token_account), booked(fund));
    ensure!(u128::from(tokens) >= books, "fund {key} holds {tokens}, its books say {books}");
    Ok(())
}

/// Shares of the fund's era changed by what the changed stakes did.
fn check_shares(step: &Step, key: &Pubkey, before: Option<&FundAccount>, after: &FundAccount) -> Verdict {
    let Some(before) = before else { return Ok(()) };
    if before.books.era != after.books.era {
        return Ok(());
    }
    let mut moved = 0i128;
    for (_, then, now) in step.changed::<StakeAccount>() {
        let shares = |stake: Option<StakeAccount>, fund: &FundAccount| {
            let stake = stake.filter(|stake| stake.fund == *key).map(|stake| *stake.stake.as_risk());
            let stake = stake.map(|stake| stake.in_era_of(&fund.fund()));
            stake.map_or(0, |stake| i128::from(stake.shares) + i128::from(stake.leaving))
        };
        moved += shares(now, after) - shares(then, before);
    }
    let by = i128::from(after.books.shares) - i128::from(before.books.shares);
    ensure!(by == moved, "shares of fund {key} moved by {by}, stakes by {moved}");
    Ok(())
}

/// Whoever votes on a claim.
fn voters(claim: &ClaimAccount) -> &[Voter] {
    claim.voters().get(..claim.ballot.count as usize).unwrap_or_default()
}

/// All weights together are the total, and no vote is nobody's. An identity with several vote accounts has a place for each.
pub fn check_claim(key: &Pubkey, claim: &ClaimAccount) -> Verdict {
    let voters = voters(claim);
    let total: u128 = voters.iter().map(|voter| u128::from(voter.weight)).sum();
    ensure!(
        total == u128::from(claim.ballot.total),
        "claim {key}: weights {total}, total {:?}",
        claim.ballot
    );
    ensure!(total <= u128::from(claim.cluster_stake), "claim {key} has more stake than the cluster");
    let places = voters.len() as u32;
    ensure!(
        places >= 64 || claim.ballot.yes >> places == 0,
        "claim {key} has votes of nobody: {:?}",
        claim.ballot
    );
    Ok(())
}
