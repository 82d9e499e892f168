//! The staked insurance fund of a vault: one mint, shares, a cooldown, and bounded cover.
//!
//! Whoever repays lost debt to a reserve is paid by the fund in its mint, at a fresh price and at most 1 % more. Of itself the fund
//! pays a bounded share a period; more takes a claim that validators vote on ([`crate::tally`]). Stake cannot leave while a claim is
//! open, or right after a loss that may lead to one.
//!
//! The worth of a share moves only by income and payments: staking takes exactly what the shares cost, and tokens sent to the
//! fund's account are not in its books, so there is no share price to trick anyone with. Income comes to the stakers evenly over
//! [`INCOME_SECONDS`], so that nobody stakes just before it.

mod bond;
mod income;
mod lock;
mod stake;
#[cfg(test)]
mod tests;

pub use bond::{BOND_OF_CLAIM, BOND_PART_OF_FUND};
pub use income::{IncomeGate, DEBT_MEMORY, INCOME_SECONDS};
pub use lock::Lock;
pub use stake::{Stake, StakeShares};

use crate::{
    breaker::DAY,
    error::{check_unused, RiskError},
    leak::Leak,
    math::{bps_of_down, mul_div_down, mul_div_up},
    price::UnitPrice,
    proportion::part_down,
    refusal::{Checked, Refusal},
    stream::{mean_end, Stream},
    units::{Bps, Seconds, TokenAmount, Usd, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// After a recorded loss of a thousandth of the fund, stake cannot leave for this time, so that claims can open.
pub const LOSS_LOCK: Seconds = 3 * DAY;
/// A claim opens at most this long after the recorded losses, on average.
pub const CLAIM_WINDOW: Seconds = 14 * DAY;
/// A claim is voted on for at most this time.
pub const MAX_VOTING: Seconds = MAX_VOTING_DAYS as Seconds * DAY;
const MAX_VOTING_DAYS: u32 = 14;
/// What a claim approved is paid within this time, and stake cannot leave before.
pub const APPROVAL_SECONDS: Seconds = 7 * DAY;
/// The whole fund, in the parts that [`Fund::cover`] counts.
const WHOLE: u64 = 1_000_000_000_000_000;
/// A share is worth between `1/PRICE_BOUND` and `PRICE_BOUND` units: below, the stakes count as lost and the fund begins anew;
/// above, income goes to nobody's account.
const PRICE_BOUND: u64 = 1 << 20;

/// How a fund works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct FundRules {
    /// Between asking to unstake and leaving, seconds.
    pub cooldown: u32,
    /// How long stake can leave after that, seconds; then it has to ask again.
    pub unstake_window: u32,
    /// Period of the automatic cover, seconds.
    pub cover_period: u32,
    /// How long a claim is voted on, seconds.
    pub voting_period: u32,
    /// Most of the fund that it pays of itself in any such period.
    pub cover_share: Bps,
    /// Paid on top of what is repaid.
    pub premium: Bps,
    /// Zero.
    pub reserved: u32,
}

const _: () = assert!(core::mem::size_of::<FundRules>() == 24);

impl FundRules {
    /// Two weeks of cooldown; a tenth of the fund a week of itself; half a percent for who repays; three days of voting.
    pub const BALANCED: Self = Self {
        cooldown: 14 * DAY as u32,
        unstake_window: 2 * DAY as u32,
        cover_period: 7 * DAY as u32,
        voting_period: 3 * DAY as u32,
        cover_share: Bps(1_000),
        premium: Bps(50),
        reserved: 0,
    };

    /// Checks the compiled bounds.
    pub fn validate(&self) -> Result<()> {
        let rule =
            |ok: bool, text: &'static str| if ok { Ok(()) } else { Err(RiskError::InvalidParameter(text)) };
        let days = |seconds: u32, range: core::ops::RangeInclusive<u32>| {
            let day = DAY as u32;
            seconds >= range.start().saturating_mul(day) && seconds <= range.end().saturating_mul(day)
        };
        rule(days(self.cooldown, 7..=60), "stake cools down for 7 to 60 days")?;
        rule(days(self.unstake_window, 1..=7), "stake can leave for 1 to 7 days after its cooldown")?;
        rule(days(self.cover_period, 1..=30), "a period of automatic cover lasts 1 to 30 days")?;
        rule(days(self.voting_period, 1..=MAX_VOTING_DAYS), "a claim is voted on for 1 to 14 days")?;
        rule(self.cover_share.0 <= 2_500, "of itself a fund pays at most a quarter in a period")?;
        rule(self.premium.0 <= 100, "who repays is paid at most 1 % more")?;
        check_unused(self.reserved == 0)
    }
}

/// A vault's fund. Token units of its mint; all zeros is an empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Fund {
    /// Tokens that belong to the stakers, through their shares.
    pub tokens: u64,
    /// Tokens that belong to nobody and are paid out first.
    pub spare: u64,
    /// All stake shares of this era.
    pub shares: u64,
    /// Stakes of earlier eras were lost.
    pub era: u64,
    /// What the fund paid of itself lately, in parts of what it was then, 10^-15. In tokens, a stake that comes after a payment would make
    /// room for the next one, of which the earlier stakes pay most.
    pub cover: Leak,
    /// When stake cannot leave.
    pub lock: Lock,
    /// Recorded losses that no claim was opened for, micro-USD.
    pub recorded_loss: u64,
    /// When they were recorded, on average.
    pub recorded_at: Seconds,
    /// Income that comes to the stakers. Nothing while there are no shares.
    pub coming: Stream,
}

const _: () = assert!(core::mem::size_of::<Fund>() == 120 && core::mem::align_of::<Fund>() == 8);

/// What a claim that passed lets the fund pay beyond its automatic cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Approval {
    /// Value of repayments that it still covers, micro-USD.
    pub value: u64,
    /// Until when.
    pub until: Seconds,
}

impl Fund {
    /// All that it holds by its books.
    pub fn total(&self) -> TokenAmount {
        TokenAmount(self.tokens.saturating_add(self.spare).saturating_add(self.coming.pending))
    }

    /// What the fund may pay of itself now. The bucket holds half of the share and refills the other half in a period, so
    /// that no period sees more than the share.
    pub fn automatic_cover_down(&self, rules: &FundRules, now: Seconds) -> TokenAmount {
        let capacity = cover_capacity(rules);
        let room = self.cover.at(capacity, Seconds::from(rules.cover_period), now).room(capacity);
        TokenAmount(part_down(self.total().0, room, WHOLE))
    }

    /// Pays whoever repaid lost debt worth `repaid` (rounded down) to its reserve: the same value and the premium in the fund's mint,
    /// rounded down, at its fresh price. Errors with [`Refusal::CoverSpent`] beyond [`Fund::automatic_cover_down`], and with
    /// [`RiskError::ZeroAmount`] where it comes to nothing.
    pub fn pay_automatically(
        &mut self,
        rules: &FundRules,
        price: &UnitPrice,
        repaid: Usd,
        now: Seconds,
    ) -> Checked<TokenAmount> {
        let amount = payment_down(rules, price, repaid)?;
        if amount > self.automatic_cover_down(rules, now) {
            return Err(Refusal::CoverSpent);
        }
        let capacity = cover_capacity(rules);
        let cover = self.cover.at(capacity, Seconds::from(rules.cover_period), now);
        // an amount of at least a unit, of a total that has it
        let part = mul_div_up(u128::from(amount.0), u128::from(WHOLE), u128::from(self.total().0))?;
        let part = u64::try_from(part).map_err(|_| RiskError::Overflow)?;
        let mut next = Self { cover: cover.plus(part, capacity), ..*self };
        next.pay(amount, now)?;
        *self = next;
        Ok(amount)
    }

    /// As [`Fund::pay_automatically`], by a claim that passed. Errors with [`Refusal::CoverSpent`] beyond what it approved or after
    /// its time, with [`Refusal::FundEmpty`] beyond the fund.
    pub fn pay_approved(
        &mut self,
        approval: &mut Approval,
        rules: &FundRules,
        price: &UnitPrice,
        repaid: Usd,
        now: Seconds,
    ) -> Checked<TokenAmount> {
        let amount = payment_down(rules, price, repaid)?;
        let left = u128::from(approval.value).checked_sub(repaid.positive_part());
        let left = left.filter(|_| now <= approval.until).ok_or(Refusal::CoverSpent)?;
        self.pay(amount, now)?;
        approval.value = u64::try_from(left).map_err(|_| RiskError::Overflow)?;
        Ok(amount)
    }

    /// Writes down a loss of lenders, for claims. Several can be claimed until the mean of their ends, weighted by value: a small one keeps
    /// no large one alive. One of a thousandth of the fund (worth `fund_value`) or more holds
    /// stake back for [`LOSS_LOCK`].
    pub fn record_loss(&mut self, value: Usd, fund_value: Usd, now: Seconds) {
        let (before, loss) = (self.claimable(now), value.clamp_u64());
        if loss > 0 {
            let end =
                mean_end(before, self.recorded_at.saturating_add(CLAIM_WINDOW), loss, CLAIM_WINDOW, now);
            self.recorded_loss = before.saturating_add(loss);
            self.recorded_at = end.saturating_sub(CLAIM_WINDOW);
        }
        if value.positive_part().saturating_mul(1_000) >= fund_value.positive_part() {
            self.lock.hold(now.saturating_add(LOSS_LOCK), now);
        }
    }

    /// Recorded losses for which a claim can open now, micro-USD.
    pub fn claimable(&self, now: Seconds) -> u64 {
        if now > self.recorded_at.saturating_add(CLAIM_WINDOW) {
            0
        } else {
            self.recorded_loss
        }
    }

    /// Opens a claim for this much of the recorded losses. Errors with [`RiskError::InsufficientAmount`] beyond
    /// [`Fund::claimable`] and [`RiskError::ZeroAmount`] for nothing.
    pub fn open_claim(&mut self, value: u64, now: Seconds) -> Result<()> {
        if value == 0 {
            return Err(RiskError::ZeroAmount);
        }
        let left = self.claimable(now).checked_sub(value).ok_or(RiskError::InsufficientAmount)?;
        self.recorded_loss = left;
        self.lock.open(now);
        Ok(())
    }

    /// Closes a claim. One that passed approves payments for [`APPROVAL_SECONDS`]; one that failed gives its part of the recorded
    /// losses back to other claims.
    pub fn close_claim(&mut self, value: u64, passed: bool, now: Seconds) -> Option<Approval> {
        let until = now.saturating_add(APPROVAL_SECONDS);
        if passed {
            self.lock.hold(until, now);
        } else {
            self.recorded_loss = self.recorded_loss.saturating_add(value);
        }
        self.lock.close(now);
        passed.then_some(Approval { value, until })
    }

    /// Takes a payment from what belongs to nobody, then from income that has not come, then from the stakers. Income insures like
    /// stakes, and before them: those who earned it would otherwise lose stake, and share the income with whoever stakes after
    /// the loss.
    fn pay(&mut self, amount: TokenAmount, now: Seconds) -> Checked<()> {
        let mut next = self.at(now);
        let from_spare = amount.0.min(next.spare);
        next.spare = next.spare.saturating_sub(from_spare);
        let rest = amount.0.saturating_sub(from_spare);
        let from_stakes = rest.saturating_sub(next.coming.take(rest));
        next.tokens = next.tokens.checked_sub(from_stakes).ok_or(Refusal::FundEmpty)?;
        if next.shares > 0 && next.tokens.saturating_mul(PRICE_BOUND) < next.shares {
            // what is left is less than dust to everyone, and nothing comes after it
            next.begin_anew();
            next.era = next.era.saturating_add(1);
        }
        *self = next;
        Ok(())
    }

    /// Nobody has shares any more: what is left and what is still coming belong to nobody.
    fn begin_anew(&mut self) {
        let coming = self.coming.take(u64::MAX);
        self.spare = self.spare.saturating_add(self.tokens).saturating_add(coming);
        (self.tokens, self.shares) = (0, 0);
    }

    /// Errors with [`RiskError::Overflow`] where all that it holds would not fit with `amount` more.
    fn check_room(&self, amount: TokenAmount) -> Result<()> {
        self.total().0.checked_add(amount.0).map(drop).ok_or(RiskError::Overflow)
    }

    /// What these shares are worth, rounded down, of a fund brought up to now by [`Fund::at`]: income counts when it came.
    pub fn worth_down(&self, shares: StakeShares) -> TokenAmount {
        let worth =
            mul_div_down(u128::from(shares.0), u128::from(self.tokens), u128::from(self.shares.max(1)));
        TokenAmount(worth.ok().and_then(|w| u64::try_from(w).ok()).unwrap_or(u64::MAX))
    }

    /// Shares for at most `amount`, rounded down, and what they cost, rounded up.
    fn shares_for(&self, amount: TokenAmount) -> Result<(StakeShares, TokenAmount)> {
        if self.shares == 0 {
            return Ok((StakeShares(amount.0), amount));
        }
        let (shares, tokens) = (u128::from(self.shares), u128::from(self.tokens));
        let bought = mul_div_down(u128::from(amount.0), shares, tokens)?;
        let cost = mul_div_up(bought, tokens, shares)?;
        let fit = |n: u128| u64::try_from(n).map_err(|_| RiskError::Overflow);
        Ok((StakeShares(fit(bought)?), TokenAmount(fit(cost)?)))
    }
}

/// Half of the share of a period, in parts of the fund.
fn cover_capacity(rules: &FundRules) -> u64 {
    part_down(WHOLE, u64::from(rules.cover_share.0), BPS_ONE.saturating_mul(2))
}

/// The fund's tokens for a repayment of this value, rounded down.
fn payment_down(rules: &FundRules, price: &UnitPrice, repaid: Usd) -> Result<TokenAmount> {
    let value = bps_of_down(repaid, BPS_ONE.saturating_add(u64::from(rules.premium.0.min(100))))?;
    let amount = price.amount_down(value)?;
    if amount.is_zero() {
        return Err(RiskError::ZeroAmount);
    }
    Ok(amount)
}
