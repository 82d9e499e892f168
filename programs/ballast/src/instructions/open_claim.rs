//! `open_claim`: asks the validators to let the fund pay for recorded losses of one reserve, of `value` micro-USD. Anyone.
//!
//! 1. At most the losses that were recorded in the last two weeks and that no other claim is for, and what the reserve's own lenders lost
//!    that may be covered, at its price now or its average, the higher. What is approved repays no other reserve.
//! 2. Everybody on the roll votes who enrolled two epochs ago or earlier and has stake, with its active stake of this epoch and the
//!    identity that the roll was called with in this epoch; the opener chooses nobody.
//! 3. Refused where the claim could not pass: fewer than 7 identities, under 5 % of the cluster's stake, or one above a third.
//! 4. Takes a bond in the fund's mint, by a price at most 15 s old: 1 % of the claim, at least a thousandth of the fund. It comes back if
//!    the claim passes, and is the stakers' income if not. Stake cannot leave while the claim is open. Emits [`ClaimOpened`].

use crate::{
    constants::*,
    error::{BallastError, Named},
    event::ClaimOpened,
    oracle::now,
    state::{ClaimAccount, FundAccount, Reserve, RollAccount, Vault},
    tokens::Till,
    validators::{epoch, Cluster},
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::{
    roll::{electorate, ActiveStake},
    tally::Ballot,
    units::{Seconds, Usd},
};

/// Accounts of `open_claim`.
#[derive(Accounts)]
pub struct OpenClaim<'info> {
    /// Who opens it; pays rent and bond.
    #[account(mut)]
    pub opener: Signer<'info>,
    /// The vault.
    pub vault: AccountLoader<'info, Vault>,
    /// Its fund.
    #[account(mut)]
    pub fund: AccountLoader<'info, FundAccount>,
    /// Its roll.
    #[account(mut)]
    pub roll: AccountLoader<'info, RollAccount>,
    /// The reserve of its mint.
    pub reserve: AccountLoader<'info, Reserve>,
    /// The reserve that lost; may be the same.
    pub lost: AccountLoader<'info, Reserve>,
    /// The new claim: `["claim", fund, number]`, one above the fund's last.
    #[account(
        init, payer = opener, space = ClaimAccount::SPACE,
        seeds = [CLAIM_SEED, fund.key().as_ref(), &fund.load()?.next_claim().to_le_bytes()], bump
    )]
    pub claim: AccountLoader<'info, ClaimAccount>,
    /// The fund's mint.
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    /// The fund's token account.
    #[account(mut)]
    pub tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// Where the bond comes from.
    #[account(mut)]
    pub opener_tokens: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
    /// Creates the account.
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<OpenClaim>, value: u64) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    let (now, fund_key) = (now(&clock), accounts.fund.key());
    accounts.vault.load()?.check_version()?;
    let mut fund = accounts.fund.load_mut()?;
    fund.check(&accounts.vault.key())?;
    fund.see_fresh_price(&accounts.reserve.key(), &*accounts.reserve.load()?, &clock)?;
    let mut till = Till {
        vault: &accounts.vault,
        mint: &accounts.mint,
        tokens: &mut accounts.tokens,
        outside: &accounts.opener_tokens,
        token_program: &accounts.token_program,
    };
    till.check_fund(&fund)?;

    let fund_before = fund.view();
    let mut books = fund.fund();
    // what is recorded is the whole vault's: a claim uses up no more of it than its own reserve's lenders lost
    let lost = {
        let reserve = accounts.lost.load()?;
        reserve.check(&accounts.vault.key())?;
        reserve.coverable_value_up(now)
    };
    let claimed = Usd(i128::from(value));
    let most = Usd(i128::from(books.claimable(now))).min(lost);
    require!(lost > Usd::ZERO && claimed <= most, BallastError::BeyondRecordedLoss);
    let bond = books.bond_up(fund.price.as_risk(), Usd(i128::from(value))).named()?;
    books.open_claim(value, now).named()?;
    fund.books = books.into();
    fund.bonds = fund.bonds.checked_add(bond.0).ok_or(BallastError::Overflow)?;
    fund.last_claim = fund.next_claim();

    let mut claim = accounts.claim.load_init()?;
    claim.version = STATE_VERSION;
    claim.bump = ctx.bumps.claim;
    claim.fund = fund_key;
    claim.opener = accounts.opener.key();
    claim.reserve = accounts.lost.key();
    claim.number = fund.last_claim;
    claim.value = value;
    claim.bond = bond.0;
    let mut roll = accounts.roll.load_mut()?;
    roll.check(&fund_key)?;
    count_voters(&mut claim, &mut roll, epoch(&clock)?, Seconds::from(fund.rules.voting_period), now)?;
    till.take(bond, &accounts.opener)?;
    emit!(ClaimOpened {
        fund: fund_key,
        claim: accounts.claim.key(),
        opener: claim.opener,
        reserve: claim.reserve,
        number: claim.number,
        value,
        bond: bond.0,
        epoch: claim.epoch,
        voters: claim.ballot.count,
        weight: claim.ballot.total,
        cluster_stake: claim.cluster_stake,
        deadline: claim.ballot.deadline,
        fund_before,
        fund_after: fund.view(),
    });
    Ok(())
}

/// Writes down who votes, with which weight, and opens the vote.
#[inline(never)]
fn count_voters(
    claim: &mut ClaimAccount,
    roll: &mut RollAccount,
    epoch: u32,
    period: Seconds,
    now: Seconds,
) -> Result<()> {
    claim.epoch = u64::from(epoch);
    claim.cluster_stake = Cluster.of_cluster();
    let count = electorate(roll.seats_mut(), epoch, &Cluster, claim.voters_mut()).named()?;
    let voters = claim.voters().get(..count).unwrap_or(&[]);
    claim.ballot = Ballot::open(voters, claim.cluster_stake, now, period).named()?.into();
    Ok(())
}
