//! Instructions of the staked funds.

use super::{now, Deeds};
use crate::{action::Deed, world::World};
use anchor_lang::solana_program::instruction::Instruction;
use ballast::state::{ClaimAccount, FundAccount, Reserve, RollAccount, StakeAccount};
use ballast_client::insurance::{self, Cover, Fund};

impl Deeds<'_> {
    /// The instruction of a deed of stakers, validators and claimants.
    pub(super) fn insuring(&self, deed: &Deed) -> Option<Instruction> {
        let world = self.world;
        let fund_of = |vault: u8| world.fund(world.house(vault));
        Some(match *deed {
            Deed::OpenStake { vault } => insurance::open_stake(self.by, &fund_of(vault)?),
            Deed::CloseStake { vault } => insurance::close_stake(self.by, &fund_of(vault)?),
            Deed::StakeInsurance { vault, amount } => {
                let fund = fund_of(vault)?;
                let held = world.tokens(&fund.wallet(&self.by));
                let amount = self.units(amount, self.market_of(vault)?, held)?;
                insurance::stake_insurance(self.by, &fund, amount)
            }
            Deed::RequestUnstake { vault, part } => {
                let fund = fund_of(vault)?;
                let stake: Option<StakeAccount> = world.svm.state(&fund.stake(&self.by));
                let held = stake.map_or(0, |stake| stake.stake.shares + stake.stake.leaving);
                let shares = if part > 10_000 { u64::MAX } else { part_of(held, part) };
                insurance::request_unstake(self.by, &fund, shares)
            }
            Deed::Unstake { vault } => insurance::unstake(self.by, &fund_of(vault)?),
            Deed::CollectInsurance { vault } => insurance::collect_insurance(&fund_of(vault)?),
            Deed::CoverLoss { vault, asset, amount, claim } => {
                let (fund, house) = (fund_of(vault)?, world.house(vault));
                let (market, lost) = self.lost(house.key, asset).or_else(|| world.asset(house, asset))?;
                let reserve: Reserve = world.svm.state(&lost.reserve())?;
                let amount = self.units(amount, market, reserve.losses.unrecovered)?;
                let claim =
                    claim.and_then(|back| number(world, &fund, back)).map(|number| fund.claim(number));
                let cover = Cover { payer: self.by, lost, amount, min_paid: 0, claim };
                insurance::cover_loss(&fund, &cover)
            }
            Deed::EnrollValidator { vault, validator } => {
                let vote_account = world.vote_accounts[usize::from(validator) % world.vote_accounts.len()];
                insurance::enroll_validator(self.by, &fund_of(vault)?, vote_account)
            }
            Deed::LeaveRoll { vault, validator } => {
                let vote_account = world.vote_accounts[usize::from(validator) % world.vote_accounts.len()];
                insurance::leave_roll(self.by, &fund_of(vault)?, vote_account)
            }
            Deed::CallRoll { vault, first, count } => {
                let fund = fund_of(vault)?;
                let roll: RollAccount = world.svm.state(&fund.roll())?;
                let missing = insurance::to_call(&roll, world.clock().epoch);
                let called = if missing.is_empty() { world.vote_accounts.clone() } else { missing };
                let skip = usize::from(first).checked_rem(called.len()).unwrap_or(0);
                let called: Vec<_> = called.into_iter().skip(skip).take(count.into()).collect();
                insurance::call_roll(&fund, &called)
            }
            Deed::OpenClaim { vault, part } => {
                let fund = fund_of(vault)?;
                let state: FundAccount = world.svm.state(&fund.address())?;
                let claimable = state.fund().claimable(now(world));
                if claimable == 0 && part % 8 > 0 {
                    return None; // nobody lost anything: one in eight tries all the same
                }
                let value = part_of(claimable, part);
                // one of those that lost, or the fund's own
                let lost = self.lost(fund.vault(), (part % 251) as u8).map_or(fund.asset, |(_, asset)| asset);
                insurance::open_claim(self.by, &fund, lost.reserve(), state.next_claim(), value)
            }
            Deed::VoteClaim { vault, back, yes } => {
                let fund = fund_of(vault)?;
                insurance::vote_claim(self.by, fund.claim(number(world, &fund, back)?), yes)
            }
            Deed::SettleClaim { vault, back, with_tokens } => {
                let fund = fund_of(vault)?;
                let number = number(world, &fund, back)?;
                let claim: Option<ClaimAccount> = world.svm.state(&fund.claim(number));
                let opener = claim.map(|claim| fund.wallet(&claim.opener));
                insurance::settle_claim(&fund, number, opener.filter(|_| with_tokens))
            }
            Deed::CloseClaim { vault, back, with_tokens } => {
                let fund = fund_of(vault)?;
                let number = number(world, &fund, back)?;
                let claim: Option<ClaimAccount> = world.svm.state(&fund.claim(number));
                let opener = claim.map_or(self.by, |claim| claim.opener);
                let tokens = with_tokens.then(|| fund.wallet(&opener));
                insurance::close_claim(&fund, number, opener, tokens)
            }
            _ => return None,
        })
    }

    fn market_of(&self, vault: u8) -> Option<usize> {
        let house = self.world.house(vault);
        house.fund.or_else(|| house.listed.first().copied())
    }

    /// One of the assets of a vault whose lenders lost.
    fn lost(
        &self,
        vault: anchor_lang::prelude::Pubkey,
        place: u8,
    ) -> Option<(usize, ballast_client::address::Asset)> {
        let house = self.world.houses.iter().find(|house| house.key == vault)?;
        let lost: Vec<_> = (0..house.listed.len() as u8)
            .filter_map(|asset| self.world.asset(house, asset))
            .filter(|(_, asset)| {
                let reserve: Option<Reserve> = self.world.svm.state(&asset.reserve());
                reserve.is_some_and(|reserve| reserve.losses.unrecovered > 0)
            })
            .collect();
        lost.get(usize::from(place).checked_rem(lost.len())?).copied()
    }
}

fn part_of(whole: u64, bps: u16) -> u64 {
    u64::try_from(u128::from(whole) * u128::from(bps) / 10_000).unwrap_or(u64::MAX)
}

/// The claim that so many were opened after; `None` before the first.
fn number(world: &World, fund: &Fund, back: u8) -> Option<u64> {
    let state: FundAccount = world.svm.state(&fund.address())?;
    (state.last_claim > 0).then(|| state.last_claim.saturating_sub(back.into()).max(1))
}
