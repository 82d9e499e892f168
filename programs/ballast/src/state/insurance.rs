//! Accounts of a vault's insurance fund: the fund, its stakes, its roll of validators, its claims.

mod claim;
mod roll;

pub use claim::*;
pub use roll::*;

use super::{
    parameters::{mirror, UnitPrice},
    reserve::PriceUse,
    safety::Leak,
    Reserve,
};
use crate::{
    assert_layout,
    constants::STATE_VERSION,
    error::BallastError,
    event::{FundView, LossRecorded},
};
use anchor_lang::prelude::*;
use ballast_risk::{
    self as risk,
    fund::Fund,
    units::{Seconds, Usd},
};

mirror! {
    /// How a fund works: see `ballast_risk::fund::FundRules`.
    FundRules of risk::fund::FundRules {
        /// Between asking to unstake and leaving, seconds.
        cooldown: u32,
        /// How long stake can leave after that, seconds.
        unstake_window: u32,
        /// Period of the automatic cover, seconds.
        cover_period: u32,
        /// How long a claim is voted on, seconds.
        voting_period: u32,
        /// Most of the fund that it pays of itself in a period, bps.
        cover_share: u16,
        /// Paid on top of what is repaid, bps.
        premium: u16,
        /// Zero.
        reserved: u32,
    } size 24, align 4
}

mirror! {
    /// When stake cannot leave: see `ballast_risk::fund::Lock`.
    Lock of risk::fund::Lock {
        /// When the present or last lock began; 0 for none.
        from: u64,
        /// When it ends, unless a claim is open then.
        until: u64,
        /// Seconds of all earlier locks.
        total: u64,
        /// Claims that are open.
        open_claims: u64,
    } size 32, align 8
}

mirror! {
    /// A fund's books: see `ballast_risk::fund::Fund`. Token units of its mint.
    FundBooks of risk::fund::Fund {
        /// Tokens of the stakers, through their shares.
        tokens: u64,
        /// Tokens of nobody; paid out first.
        spare: u64,
        /// All stake shares of this era.
        shares: u64,
        /// Stakes of earlier eras were lost.
        era: u64,
        /// What it paid of itself lately, in parts of what it was then, 10^-15.
        cover: Leak,
        /// When stake cannot leave.
        lock: Lock,
        /// Recorded losses without a claim, micro-USD.
        recorded_loss: u64,
        /// When they were recorded, on average.
        recorded_at: u64,
        /// Income that has not come to the stakers yet.
        coming: u64,
        /// Up to when it came.
        streamed_at: u64,
        /// When all of it will have come.
        ends_at: u64,
    } size 120, align 8
}

mirror! {
    /// One owner's stake: see `ballast_risk::fund::Stake`.
    StakeBooks of risk::fund::Stake {
        /// Shares that are not leaving.
        shares: u64,
        /// Shares that are leaving.
        leaving: u64,
        /// When they asked to.
        asked_at: u64,
        /// How long stake had been held back until then, seconds.
        locked_before: u64,
        /// The fund's era in which they were bought.
        era: u64,
    } size 40, align 8
}

/// A vault's staked insurance fund, in one mint.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct FundAccount {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// Its vault.
    pub vault: Pubkey,
    /// Its token.
    pub mint: Pubkey,
    /// SPL Token or Token-2022.
    pub token_program: Pubkey,
    /// Its token account, owned by the vault.
    pub token_account: Pubkey,
    /// The vault's reserve of the same mint, which gives its price.
    pub reserve: Pubkey,
    /// How it works. Rules never change.
    pub rules: FundRules,
    /// Tokens, shares, losses.
    pub books: FundBooks,
    /// The mint's price, as last seen.
    pub price: UnitPrice,
    /// When that was published.
    pub priced_at: u64,
    /// Bonds of claims, in its token account and not its own. Token units.
    pub bonds: u64,
    /// Number of the last claim.
    pub last_claim: u64,
    /// Zero.
    pub reserved: [u64; 15],
}

assert_layout!(
    FundAccount, size 472, align 8,
    vault at 8, mint at 40, token_account at 104, reserve at 136, rules at 168, books at 192, price at 312, priced_at at 328,
    bonds at 336, last_claim at 344, reserved at 352,
);

impl FundAccount {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Refuses an account of another layout version.
    pub fn check_version(&self) -> Result<()> {
        require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
        Ok(())
    }

    /// Refuses an account of another layout version or vault.
    pub fn check(&self, vault: &Pubkey) -> Result<()> {
        self.check_version()?;
        require_keys_eq!(self.vault, *vault, BallastError::WrongVault);
        Ok(())
    }

    /// The books as the risk crate computes with them, as they were written last: [`Fund::at`] brings them up to now. Whoever changes
    /// them has to write them back.
    pub fn fund(&self) -> Fund {
        *self.books.as_risk()
    }

    /// Number of the claim that opens next.
    pub fn next_claim(&self) -> u64 {
        self.last_claim.saturating_add(1)
    }

    /// The books as events show them.
    pub fn view(&self) -> FundView {
        FundView {
            tokens: self.books.tokens,
            coming: self.books.coming,
            spare: self.books.spare,
            shares: self.books.shares,
            era: self.books.era,
            bonds: self.bonds,
            recorded_loss: self.books.recorded_loss,
        }
    }

    /// Takes the price of the fund's mint from its reserve, if it is newer. Refuses another reserve.
    pub fn see_price(&mut self, key: &Pubkey, reserve: &Reserve) -> Result<()> {
        require_keys_eq!(*key, self.reserve, BallastError::NotTheFundsReserve);
        reserve.check(&self.vault)?;
        if reserve.price.publish_time > self.priced_at {
            self.price = reserve.price.spot;
            self.priced_at = reserve.price.publish_time;
        }
        Ok(())
    }

    /// [`FundAccount::see_price`], and refuses a price that is too old to pay by.
    pub fn see_fresh_price(&mut self, key: &Pubkey, reserve: &Reserve, clock: &Clock) -> Result<()> {
        self.see_price(key, reserve)?;
        let now = crate::oracle::now(clock);
        require!(reserve.price_is_fresh(now, clock.slot, PriceUse::Pair), BallastError::PriceTooOld);
        Ok(())
    }

    /// What it holds is worth at the last price it saw, micro-USD, rounded down. Zero before it saw any.
    pub fn value_down(&self) -> Usd {
        self.price.as_risk().value_down(self.fund().total())
    }

    /// Writes down a loss of lenders of its vault, for claims: whoever absorbs one calls this with what lenders lost, by its last
    /// price. Emits [`LossRecorded`].
    pub fn record_loss(&mut self, value: Usd, now: Seconds) {
        let mut fund = self.fund();
        let before = fund.claimable(now);
        fund.record_loss(value, self.value_down(), now);
        self.books = fund.into();
        emit!(LossRecorded {
            vault: self.vault,
            value: value.clamp_u64(),
            claimable_before: before,
            claimable: fund.claimable(now),
            locked_until: fund.lock.until,
        });
    }
}

/// One owner's stake in a fund.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct StakeAccount {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// The fund.
    pub fund: Pubkey,
    /// The owner.
    pub owner: Pubkey,
    /// Shares.
    pub stake: StakeBooks,
    /// Zero.
    pub reserved: [u64; 8],
}

assert_layout!(StakeAccount, size 176, align 8, fund at 8, owner at 40, stake at 72);

impl StakeAccount {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Refuses an account of another layout version or fund.
    pub fn check(&self, fund: &Pubkey) -> Result<()> {
        require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
        require_keys_eq!(self.fund, *fund, BallastError::WrongFund);
        Ok(())
    }
}
