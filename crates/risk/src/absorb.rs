//! Losses: who bears a debt that nobody will repay, and how money that comes back is shared.
//!
//! A loss is borne, in this order, by the reserve's insurance in kind, by its uncollected fees, and by its lenders through the
//! deposit index. It never reaches another reserve. Recoveries are tokens at once and stream into the deposit index over
//! [`RECOVERY_SECONDS`], so that nobody deposits just before one. A share that is worth nothing any more can be retired; a reserve
//! takes deposits again when the last one is.

mod recovery;
#[cfg(test)]
mod tests;

pub use recovery::{COVER_SECONDS, RECOVERY_SECONDS};

use crate::{
    breaker::{ReserveEvidence, DAY},
    interest::Q64_ONE,
    math::mul_div_down,
    proportion::{fade_down, part_down, ratio_bps_down},
    refusal::{Checked, Refusal},
    reserve::Ledger,
    stream::{mean_end, Stream},
    units::{Bps, DebtShares, DepositShares, Seconds, TokenAmount, BPS_ONE},
    Result, RiskError,
};
use bytemuck::{Pod, Zeroable};

/// Below this worth of a share, a millionth of a unit, lenders count as wiped out: deposits at such a price would overflow
/// the shares.
pub const MIN_DEPOSIT_INDEX: u128 = Q64_ONE >> 20;
/// Anyone may retire worthless shares after this time; their owner at once. It is longer than claims and recoveries take.
pub const RETIRE_AFTER: Seconds = 60 * DAY;

/// Where more than this part of deposits comes back, or may, a reserve takes no new ones: newcomers would take it from those who
/// lost. What they can take of less is this part of their own deposit, in a month.
pub const MAX_COMING_BACK: Bps = Bps(500);

/// What a reserve lost and what is coming back. Token units; all zeros is a reserve that never lost anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Losses {
    /// Lost by lenders who are still here, and not recovered: until `cover_until` the fund may cover it.
    pub unrecovered: u64,
    /// Until when.
    pub cover_until: Seconds,
    /// Deposit shares that bore it and are still here, at most; of several losses, their mean, so that whoever leaves takes of each loss
    /// what was borne of it.
    pub bearers: u64,
    /// Lost by lenders lately, at `recent_at`; it fades within a day.
    pub recent: u64,
    /// When `recent` was last written.
    pub recent_at: Seconds,
    /// Recovered and not yet streamed to lenders. A claim on the reserve, beside those in its books.
    pub recovery: Stream,
    /// When lenders were wiped out; 0 if they are not.
    pub wiped_out_at: Seconds,
}

const _: () = assert!(core::mem::size_of::<Losses>() == 72 && core::mem::align_of::<Losses>() == 8);

/// A loss that was absorbed: who bore it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// Debt that is no longer owed.
    pub debt: TokenAmount,
    /// Of it, borne by insurance in kind, rounded up.
    pub insurance: TokenAmount,
    /// Of it, borne by uncollected fees, rounded up.
    pub fees: TokenAmount,
    /// Of it, borne by lenders, through the worth of their deposits and what was coming back to them; rounded up.
    pub lenders: TokenAmount,
    /// Whether lenders have nothing left to speak of.
    pub wiped_out: bool,
}

impl Losses {
    /// Writes off debt shares that nobody will repay. The ledger must be accrued up to `now`; its books hold afterwards, and
    /// what rounding leaves to nobody does not shrink. Errors with [`RiskError::InsufficientAmount`] for more shares than there
    /// are.
    pub fn absorb(&mut self, ledger: &mut Ledger, shares: DebtShares, now: Seconds) -> Result<Absorbed> {
        let mut next = *ledger;
        next.debt_shares = ledger.debt_shares.minus(shares)?;
        let debt = ledger.total_debt_up().minus(next.total_debt_up())?;
        // Debt stays below 2^64, so the shifted amount fits.
        let loss = u128::from(debt.0) << 64;
        let insurance = loss.min(ledger.insurance_q64);
        let fees = loss.saturating_sub(insurance).min(ledger.fees_q64);
        next.insurance_q64 = ledger.insurance_q64.saturating_sub(insurance);
        next.fees_q64 = ledger.fees_q64.saturating_sub(fees);
        let (fall, deposits) = index_fall_up(ledger, loss.saturating_sub(insurance).saturating_sub(fees))?;
        next.deposit_index = ledger.deposit_index.saturating_sub(fall);
        // where deposits do not suffice, what was coming back to lenders bears the rest
        let rest = loss.saturating_sub(insurance).saturating_sub(fees).saturating_sub(deposits);
        let pending = self.recovery.take(whole_up(rest).0);
        let lenders = TokenAmount(whole_up(deposits).0.saturating_add(pending));
        let wiped_out = lenders.0 > 0 && !takes_deposits(&next);

        if wiped_out && takes_deposits(ledger) {
            self.wiped_out_at = now;
        }
        *ledger = next;
        self.recent = self.recent_down(now).saturating_add(lenders.0);
        self.recent_at = now;
        if !lenders.is_zero() {
            let before = self.coverable(now);
            self.unrecovered = before.saturating_add(lenders.0);
            self.cover_until = mean_end(before, self.cover_until, lenders.0, COVER_SECONDS, now);
            self.bearers = self.bearers_with(before, lenders.0, ledger.deposit_shares.0);
        }
        Ok(Absorbed { debt, insurance: whole_up(insurance), fees: whole_up(fees), lenders, wiped_out })
    }

    /// What the fund may still cover now: what lenders who are still here lost lately.
    pub const fn coverable(&self, now: Seconds) -> u64 {
        if now > self.cover_until {
            0
        } else {
            self.unrecovered
        }
    }

    /// The shares that bear `loss`, borne by all `shares`, together with `before`, borne by at most `self.bearers` of them: the mean of
    /// both weighted by amount, harmonic, so that of shares below the bearers of the first each takes along exactly its part of both.
    /// With all shares for both, whoever comes between two losses and leaves would take a part of the first along.
    fn bearers_with(&self, before: u64, loss: u64, shares: u64) -> u64 {
        let bearers = self.bearers.min(shares);
        // before × shares / bearers + loss ≥ before + loss, so the mean is no more than all shares
        let weight = u128::from(before).saturating_mul(u128::from(shares)).checked_div(u128::from(bearers));
        let weight = weight.unwrap_or(0).saturating_add(u128::from(loss));
        let both = u128::from(before).saturating_add(u128::from(loss));
        let mean = mul_div_down(u128::from(shares), both, weight);
        mean.ok().and_then(|mean| u64::try_from(mean).ok()).unwrap_or(shares).min(shares)
    }

    /// Lets those who left take their part of what may be covered with them. Whoever came in between stands in for one who left, so
    /// that a deposit that passes through changes nothing. Call it whenever shares have left.
    fn follow(&mut self, ledger: &Ledger) {
        let shares = ledger.deposit_shares.0;
        if shares < self.bearers {
            self.unrecovered = part_down(self.unrecovered, shares, self.bearers);
            self.bearers = shares;
        }
    }

    /// Whether more than this part of all deposits comes back to lenders, or may where there is a fund.
    fn brings_back_more_than(&self, part: u64, ledger: &Ledger, has_fund: bool, now: Seconds) -> bool {
        let coverable = if has_fund { self.coverable(now) } else { 0 };
        let coming = self.recovery.pending.saturating_add(coverable);
        ratio_bps_down(coming, ledger.total_deposits_down().0) > part
    }

    /// Errors where a reserve takes no deposits, not even those that heal: with [`Refusal::WipedOut`] where a share is worth next to
    /// nothing, with [`Refusal::LossComingBack`] where more is coming back than there is. Of less, whoever heals takes at most as
    /// much as the deposit. Without a fund nobody covers anything, and only what streams already is coming back.
    pub fn check_takes_deposits(&self, ledger: &Ledger, has_fund: bool, now: Seconds) -> Checked<()> {
        if !takes_deposits(ledger) {
            return Err(Refusal::WipedOut);
        }
        if self.brings_back_more_than(BPS_ONE, ledger, has_fund, now) {
            return Err(Refusal::LossComingBack);
        }
        Ok(())
    }

    /// Errors with [`Refusal::LossComingBack`] where a reserve takes none that do not heal: beyond [`MAX_COMING_BACK`].
    pub fn check_takes_new_deposits(&self, ledger: &Ledger, has_fund: bool, now: Seconds) -> Checked<()> {
        if self.brings_back_more_than(u64::from(MAX_COMING_BACK.0), ledger, has_fund, now) {
            return Err(Refusal::LossComingBack);
        }
        Ok(())
    }

    /// The breaker's evidence: what lenders lost within a day, over what they had.
    pub fn evidence(&self, ledger: &Ledger, now: Seconds) -> ReserveEvidence {
        let lost = TokenAmount(self.recent_down(now));
        let deposits = TokenAmount(ledger.total_deposits_down().0.saturating_add(lost.0));
        ReserveEvidence::Loss { lost, deposits }
    }

    /// Lost by lenders lately: all of what was lost now, half of what was lost half a day ago, nothing of what was lost a day ago.
    pub fn recent_down(&self, now: Seconds) -> u64 {
        fade_down(self.recent, self.recent_at, DAY, now)
    }

    /// [`Ledger::shortfall`] with recoveries that are still to be streamed among the claims.
    pub fn shortfall(&self, ledger: &Ledger, held: TokenAmount) -> u64 {
        let backed = u128::from(held.0).saturating_add(u128::from(ledger.total_debt_up().0));
        let claims = ledger.claims_up().saturating_add(u128::from(self.recovery.pending));
        let short = u64::try_from(claims.saturating_sub(backed)).unwrap_or(u64::MAX);
        short.max(ledger.shortfall(held))
    }

    /// Retires deposit shares of lenders who were wiped out: the owner those that are worth nothing, at once; anyone all that are
    /// left after [`RETIRE_AFTER`], and not while a recovery streams. What those are still worth, less than a millionth of a unit
    /// each, insures the reserve: otherwise one owner who never comes would keep it shut with a unit. When the last one is gone,
    /// the reserve starts again at one unit a share. Errors: [`Refusal::SharesNotWorthless`]; [`RiskError::InsufficientAmount`].
    pub fn retire(
        &mut self,
        ledger: &mut Ledger,
        shares: DepositShares,
        by_owner: bool,
        now: Seconds,
    ) -> Checked<()> {
        let ripe = self.recovery.pending == 0 && now >= self.wiped_out_at.saturating_add(RETIRE_AFTER);
        let left = ledger.deposit_amount_down(shares);
        let wiped_out = self.wiped_out_at > 0 && !takes_deposits(ledger);
        if !wiped_out || !(ripe || by_owner && left.is_zero()) {
            return Err(Refusal::SharesNotWorthless);
        }
        ledger.seize_up(left, left, shares, true)?;
        self.after_leaving(ledger);
        Ok(())
    }

    /// What becomes of losses when shares left; call it then. Of what may be covered, leavers take their part with them. When the last
    /// share left, what was coming back insures the reserve, and if lenders were wiped out it gets a fresh share price.
    pub fn after_leaving(&mut self, ledger: &mut Ledger) {
        self.follow(ledger);
        if !ledger.deposit_shares.is_zero() {
            return;
        }
        ledger.insurance_q64 = ledger.insurance_q64.saturating_add(u128::from(self.recovery.pending) << 64);
        self.recovery.pending = 0;
        self.unrecovered = 0;
        self.wiped_out_at = 0;
        if !takes_deposits(ledger) {
            ledger.deposit_index = Q64_ONE;
        }
    }
}

/// Whether a reserve's share price is one at which deposits make sense: its lenders were not wiped out.
pub const fn takes_deposits(ledger: &Ledger) -> bool {
    ledger.deposit_index >= MIN_DEPOSIT_INDEX
}

/// By how much the deposit index falls for a loss of lenders (64 fractional bits), rounded up, and how much of the loss
/// that bears: at most all deposits.
fn index_fall_up(ledger: &Ledger, loss: u128) -> Result<(u128, u128)> {
    if loss == 0 {
        return Ok((0, 0));
    }
    let shares = u128::from(ledger.deposit_shares.0);
    // beyond 128 bits is more than any loss
    let deposits = shares.saturating_mul(ledger.deposit_index);
    if loss >= deposits {
        return Ok((ledger.deposit_index, deposits));
    }
    // shares > 0, for deposits > loss
    let fall = loss.checked_div(shares).ok_or(RiskError::DivisionByZero)?;
    let part = u128::from(fall.wrapping_mul(shares) != loss);
    Ok((fall.saturating_add(part), loss))
}

fn whole_up(amount_q64: u128) -> TokenAmount {
    let part = u128::from(amount_q64 & Q64_ONE.wrapping_sub(1) != 0);
    TokenAmount(u64::try_from((amount_q64 >> 64).saturating_add(part)).unwrap_or(u64::MAX))
}
