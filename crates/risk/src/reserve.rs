//! A reserve's books: free tokens, deposits and debts as shares of growing indices, interest, fees and insurance.
//!
//! Both indices move only by interest (and, for deposits, by losses): no deposit, withdrawal or donation can move a share's
//! worth, so there is no first-depositor trick to offset. Interest moves a deposit share by no more than a debt share: what
//! the tokens of fees and insurance earn is not divided among a few last shares. Debts in total are derived from shares and index, never stored,
//! so they cannot drift from the positions.

use crate::{
    error::{check_unused, RiskError},
    interest::{grow_index_up, growth_up, utilisation_up, RateCurve, Q64_ONE},
    math::{mul_div_down, mul_q64_down, mul_q64_up},
    units::{Bps, DebtShares, DepositShares, Seconds, TokenAmount, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Debt and deposits of a reserve stop growing here, so that sums of positions always fit 64 bits.
pub const MAX_TOTAL: u64 = 1 << 63;

/// How a reserve splits interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct InterestSplit {
    /// Share of interest that becomes fees.
    pub fee: Bps,
    /// Share of interest that becomes insurance while the fund is below its target.
    pub insurance: Bps,
    /// The fund's target as a share of the reserve's debt.
    pub insurance_target: Bps,
    /// Zero.
    pub reserved: u16,
}

impl InterestSplit {
    /// Checks the compiled bounds: lenders keep at least half of the interest, and insurance aims at no more than 5 % of debt.
    pub fn validate(&self) -> Result<()> {
        if u64::from(self.fee.0).saturating_add(u64::from(self.insurance.0)) > 5_000 {
            return Err(RiskError::InvalidParameter("fees and insurance take at most half of the interest"));
        }
        if self.insurance_target.0 > 500 {
            return Err(RiskError::InvalidParameter("the insurance target is at most 5 % of debt"));
        }
        check_unused(self.reserved == 0)
    }
}

/// The books of one reserve. All amounts are in token units; `_q64` ones carry 64 fractional bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Ledger {
    /// Worth of a deposit share, 64 fractional bits; starts at 1.
    pub deposit_index: u128,
    /// Owed by a debt share, 64 fractional bits; starts at 1, never falls.
    pub debt_index: u128,
    /// Fees not collected yet.
    pub fees_q64: u128,
    /// Insurance held in kind.
    pub insurance_q64: u128,
    /// Tokens that the books say are in the reserve's token account.
    pub free_tokens: TokenAmount,
    /// All deposit shares.
    pub deposit_shares: DepositShares,
    /// All debt shares.
    pub debt_shares: DebtShares,
    /// Borrow rate a second since the last change, 64 fractional bits.
    pub rate_per_second: u64,
    /// Interest is booked up to here.
    pub accrued_at: Seconds,
    /// Zero; keeps the size a multiple of 16 (the alignment of the indices).
    pub reserved: u64,
}

impl Ledger {
    /// Empty books at this time.
    pub fn new(now: Seconds) -> Self {
        Self { deposit_index: Q64_ONE, debt_index: Q64_ONE, accrued_at: now, ..Self::default() }
    }

    /// Token units that these deposit shares are worth, rounded down.
    #[inline]
    pub fn deposit_amount_down(&self, shares: DepositShares) -> TokenAmount {
        TokenAmount(clamp(mul_q64_down(u128::from(shares.0), self.deposit_index)))
    }

    /// Token units that these debt shares owe, rounded up.
    #[inline]
    pub fn debt_amount_up(&self, shares: DebtShares) -> TokenAmount {
        TokenAmount(clamp(mul_q64_up(u128::from(shares.0), self.debt_index)))
    }

    /// All that borrowers owe.
    pub fn total_debt_up(&self) -> TokenAmount {
        self.debt_amount_up(self.debt_shares)
    }

    /// All that depositors are owed.
    pub fn total_deposits_down(&self) -> TokenAmount {
        self.deposit_amount_down(self.deposit_shares)
    }

    /// Fees that can be taken in whole units.
    pub fn fees_down(&self) -> TokenAmount {
        TokenAmount(clamp(Ok(self.fees_q64 >> 64)))
    }

    /// Insurance in whole units.
    pub fn insurance_down(&self) -> TokenAmount {
        TokenAmount(clamp(Ok(self.insurance_q64 >> 64)))
    }

    /// Free tokens + debt, by the books.
    pub fn assets(&self) -> u128 {
        u128::from(self.free_tokens.0).saturating_add(u128::from(self.total_debt_up().0))
    }

    /// Deposits + fees + insurance; fees and insurance together rounded up.
    pub fn claims_up(&self) -> u128 {
        let kept = self.fees_q64.saturating_add(self.insurance_q64);
        let kept = (kept >> 64).saturating_add(u128::from(kept & (Q64_ONE.wrapping_sub(1)) != 0));
        u128::from(self.total_deposits_down().0).saturating_add(kept)
    }

    /// Assets − claims: dust that rounding left to nobody, never negative.
    /// Errors with [`RiskError::InsufficientAmount`] if the books do not hold, which no sequence of actions can bring about.
    pub fn surplus(&self) -> Result<u64> {
        let surplus = self.assets().checked_sub(self.claims_up()).ok_or(RiskError::InsufficientAmount)?;
        Ok(clamp(Ok(surplus)))
    }

    /// By how many token units a reserve falls short when its token account holds `held`: claims beyond what is held and
    /// owed, or tokens missing from what the books say, whichever is more. 0 for a sound reserve; tokens that strangers
    /// added do not count.
    pub fn shortfall(&self, held: TokenAmount) -> u64 {
        let missing = self.free_tokens.0.saturating_sub(held.0);
        let backed = u128::from(held.0).saturating_add(u128::from(self.total_debt_up().0));
        clamp(Ok(self.claims_up().saturating_sub(backed))).max(missing)
    }

    /// Moves on to `now` without interest: while a token's issuer keeps it from being repaid, it accrues nothing.
    pub fn skip_to(&mut self, now: Seconds) {
        self.accrued_at = self.accrued_at.max(now);
    }

    /// Books interest up to `now` and returns how many token units it was. A clock that stands still or runs backwards
    /// books nothing. Interest stops where the debt would pass [`MAX_TOTAL`], so that accrual never fails.
    ///
    /// After fees and insurance, lenders get the rest of the interest, but a deposit rises by no more than debt does, `interest / debt`
    /// of itself: beyond that, the tokens of fees and insurance were lent, and theirs insures the reserve.
    pub fn accrue(&mut self, now: Seconds, split: &InterestSplit) -> TokenAmount {
        self.accrue_beside(TokenAmount::ZERO, now, split)
    }

    /// [`Ledger::accrue`] where `coming` tokens are the lenders' and not in their deposits yet: they were lent as well.
    pub fn accrue_beside(&mut self, coming: TokenAmount, now: Seconds, split: &InterestSplit) -> TokenAmount {
        let elapsed = now.saturating_sub(self.accrued_at);
        if elapsed == 0 {
            return TokenAmount::ZERO;
        }
        self.accrued_at = now;
        if self.debt_shares.is_zero() || self.rate_per_second == 0 {
            return TokenAmount::ZERO;
        }
        let grown = grow_index_up(self.debt_index, growth_up(self.rate_per_second, elapsed));
        let before = self.total_debt_up();
        let after = TokenAmount(clamp(mul_q64_up(u128::from(self.debt_shares.0), grown)));
        if after.0 > MAX_TOTAL {
            return TokenAmount::ZERO;
        }
        let interest = after.0.saturating_sub(before.0);
        self.debt_index = grown;
        // interest ≤ 2^63, so the shifted amount fits 127 bits; dividing before multiplying rounds fees down.
        let interest_q64 = u128::from(interest) << 64;
        let bps_part = interest_q64.checked_div(u128::from(BPS_ONE)).unwrap_or(0);
        let fee = bps_part.saturating_mul(u128::from(split.fee.0));
        let insurance = bps_part.saturating_mul(u128::from(self.insurance_share(split, after)));
        let lenders = interest_q64.saturating_sub(fee).saturating_sub(insurance);
        self.fees_q64 = self.fees_q64.saturating_add(fee);
        self.insurance_q64 = self.insurance_q64.saturating_add(insurance);
        let shares = u128::from(self.deposit_shares.0);
        match lenders.checked_div(shares) {
            Some(even) => {
                let rise = even.min(self.most_rise_down(coming, before, interest));
                self.deposit_index = self.deposit_index.saturating_add(rise);
                let rest = even.wrapping_sub(rise).saturating_mul(shares);
                self.insurance_q64 = self.insurance_q64.saturating_add(rest);
            }
            // debts without depositors: what would be theirs insures the reserve
            None => self.insurance_q64 = self.insurance_q64.saturating_add(lenders),
        }
        TokenAmount(interest)
    }

    /// Share of interest that becomes insurance where this much is owed, bps: none once the fund has its target.
    fn insurance_share(&self, split: &InterestSplit, debt: TokenAmount) -> u16 {
        let target = u128::from(debt.0)
            .wrapping_mul(u128::from(split.insurance_target.0))
            .checked_div(u128::from(BPS_ONE))
            .unwrap_or(0);
        if (self.insurance_q64 >> 64) < target {
            split.insurance.0
        } else {
            0
        }
    }

    /// What a deposit earns a second as things stand, 64 fractional bits, rounded down: what borrowers pay, after fees and what fills the
    /// insurance, on the part that is lent; at most their rate. For people: [`Ledger::accrue`] books the interest itself.
    pub fn lending_rate_down(&self, split: &InterestSplit) -> u64 {
        let debt = self.total_debt_up();
        let taken = u64::from(split.fee.0).saturating_add(u64::from(self.insurance_share(split, debt)));
        let kept = u128::from(BPS_ONE.saturating_sub(taken)).wrapping_mul(u128::from(debt.0));
        let of = u128::from(BPS_ONE).wrapping_mul(u128::from(self.total_deposits_down().0));
        let even = mul_div_down(u128::from(self.rate_per_second), kept, of).unwrap_or(0);
        u64::try_from(even).unwrap_or(u64::MAX).min(self.rate_per_second)
    }

    /// The most that a deposit share rises by where `debt` earns `interest`: what a debt of its worth, and of its part of what is coming,
    /// does; rounded down.
    fn most_rise_down(&self, coming: TokenAmount, debt: TokenAmount, interest: u64) -> u128 {
        if self.total_deposits_down().0.saturating_add(coming.0) >= debt.0 {
            // an even share of the interest is no more
            return u128::MAX;
        }
        let part = (u128::from(coming.0) << 64).checked_div(u128::from(self.deposit_shares.0)).unwrap_or(0);
        let worth = self.deposit_index.saturating_add(part);
        mul_div_down(worth, u128::from(interest), u128::from(debt.0)).unwrap_or(u128::MAX)
    }

    /// Sets the rate for the time to come from the curve and the utilisation as it stands.
    pub fn update_rate(&mut self, curve: &RateCurve) -> Result<()> {
        let utilisation = utilisation_up(self.free_tokens.0, self.total_debt_up().0);
        self.rate_per_second = curve.rate_per_second_up(utilisation)?;
        Ok(())
    }

    /// Takes a deposit; returns the shares, rounded down. Errors: [`RiskError::ZeroAmount`] when it is worth no share,
    /// [`RiskError::Overflow`] beyond [`MAX_TOTAL`].
    pub fn deposit_down(&mut self, amount: TokenAmount) -> Result<DepositShares> {
        let shares = DepositShares(shares_down(amount.0, self.deposit_index)?);
        if amount.is_zero() || shares.is_zero() {
            return Err(RiskError::ZeroAmount);
        }
        let mut next = *self;
        next.free_tokens = self.free_tokens.plus(amount)?;
        next.deposit_shares = self.deposit_shares.plus(shares)?;
        if next.free_tokens.0 > MAX_TOTAL || next.total_deposits_down().0 > MAX_TOTAL {
            return Err(RiskError::Overflow);
        }
        *self = next;
        Ok(shares)
    }

    /// Pays out `amount` for shares rounded up, or, for [`u64::MAX`], all of `held` for what it is worth rounded down.
    /// Returns amount and shares. Errors: [`RiskError::ZeroAmount`]; [`RiskError::InsufficientAmount`] when `held` or the free
    /// tokens do not suffice.
    pub fn withdraw_up(
        &mut self,
        amount: TokenAmount,
        held: DepositShares,
    ) -> Result<(TokenAmount, DepositShares)> {
        let (amount, shares) = if amount.0 == u64::MAX {
            (self.deposit_amount_down(held), held)
        } else if self.deposit_index == 0 && !amount.is_zero() {
            // no number of worthless shares pays for anything
            return Err(RiskError::InsufficientAmount);
        } else {
            (amount, DepositShares(shares_up(amount.0, self.deposit_index.max(1))?))
        };
        if shares.is_zero() {
            return Err(RiskError::ZeroAmount);
        }
        if shares > held {
            return Err(RiskError::InsufficientAmount);
        }
        let free = self.free_tokens.minus(amount)?;
        self.deposit_shares = self.deposit_shares.minus(shares)?;
        self.free_tokens = free;
        Ok((amount, shares))
    }

    /// Lends `amount`; returns the debt shares, rounded up. Errors: [`RiskError::ZeroAmount`],
    /// [`RiskError::InsufficientAmount`] when the free tokens do not suffice, [`RiskError::Overflow`] beyond [`MAX_TOTAL`].
    pub fn borrow_up(&mut self, amount: TokenAmount) -> Result<DebtShares> {
        if amount.is_zero() {
            return Err(RiskError::ZeroAmount);
        }
        let shares = DebtShares(shares_up(amount.0, self.debt_index)?);
        let mut next = *self;
        next.free_tokens = self.free_tokens.minus(amount)?;
        next.debt_shares = self.debt_shares.plus(shares)?;
        if next.total_debt_up().0 > MAX_TOTAL {
            return Err(RiskError::Overflow);
        }
        *self = next;
        Ok(shares)
    }

    /// Takes a repayment of at most what `held` owes ([`u64::MAX`] or more than is owed means all), for shares rounded down.
    /// Returns what was taken and the shares. Errors with [`RiskError::ZeroAmount`] when it pays for no share.
    pub fn repay_down(&mut self, amount: TokenAmount, held: DebtShares) -> Result<(TokenAmount, DebtShares)> {
        let mut next = *self;
        let (amount, shares) = next.repay_any_down(amount, held)?;
        if shares.is_zero() {
            return Err(RiskError::ZeroAmount);
        }
        *self = next;
        Ok((amount, shares))
    }

    /// [`Ledger::repay_down`] of an amount that may be too small for a share, and stays in the reserve then: the price of the last
    /// unit of a deposit must not keep a book from its end.
    pub fn repay_any_down(
        &mut self,
        amount: TokenAmount,
        held: DebtShares,
    ) -> Result<(TokenAmount, DebtShares)> {
        let owed = self.debt_amount_up(held);
        let (amount, shares) = if amount >= owed {
            (owed, held)
        } else {
            (amount, DebtShares(shares_down(amount.0, self.debt_index)?).min(held))
        };
        let free = self.free_tokens.plus(amount)?;
        self.debt_shares = self.debt_shares.minus(shares)?;
        self.free_tokens = free;
        Ok((amount, shares))
    }

    /// Takes the deposit of a liquidated position: `amount` for shares rounded up, or with `all` the whole of `held`.
    /// `insurance` of it stays as insurance; the rest is the liquidator's and is still to be paid with
    /// [`Ledger::pay_tokens`] or [`Ledger::pay_shares_down`]. Returns the shares taken.
    pub fn seize_up(
        &mut self,
        amount: TokenAmount,
        insurance: TokenAmount,
        held: DepositShares,
        all: bool,
    ) -> Result<DepositShares> {
        let shares = if all { held } else { DepositShares(shares_up(amount.0, self.deposit_index)?) };
        if shares > held {
            return Err(RiskError::InsufficientAmount);
        }
        self.deposit_shares = self.deposit_shares.minus(shares)?;
        self.insurance_q64 =
            self.insurance_q64.checked_add(u128::from(insurance.0) << 64).ok_or(RiskError::Overflow)?;
        Ok(shares)
    }

    /// Pays `amount` out of the free tokens.
    pub fn pay_tokens(&mut self, amount: TokenAmount) -> Result<()> {
        self.free_tokens = self.free_tokens.minus(amount)?;
        Ok(())
    }

    /// Pays `amount` in new deposit shares, rounded down.
    pub fn pay_shares_down(&mut self, amount: TokenAmount) -> Result<DepositShares> {
        let shares = DepositShares(shares_down(amount.0, self.deposit_index)?);
        self.deposit_shares = self.deposit_shares.plus(shares)?;
        Ok(shares)
    }

    /// Takes fees in whole units, at most `most` and as far as tokens are free. Returns how much, perhaps nothing.
    pub fn collect_fees_down(&mut self, most: TokenAmount) -> Result<TokenAmount> {
        let amount = self.fees_down().min(most).min(self.free_tokens);
        self.fees_q64 =
            self.fees_q64.checked_sub(u128::from(amount.0) << 64).ok_or(RiskError::InsufficientAmount)?;
        self.pay_tokens(amount)?;
        Ok(amount)
    }
}

/// `floor(amount / index)`.
fn shares_down(amount: u64, index: u128) -> Result<u64> {
    let shares = (u128::from(amount) << 64).checked_div(index).ok_or(RiskError::DivisionByZero)?;
    u64::try_from(shares).map_err(|_| RiskError::Overflow)
}

/// `ceil(amount / index)`.
fn shares_up(amount: u64, index: u128) -> Result<u64> {
    let scaled = u128::from(amount) << 64;
    let shares = scaled.checked_div(index).ok_or(RiskError::DivisionByZero)?;
    let part = u128::from(shares.checked_mul(index).ok_or(RiskError::Overflow)? != scaled);
    u64::try_from(shares.checked_add(part).ok_or(RiskError::Overflow)?).map_err(|_| RiskError::Overflow)
}

fn clamp(amount: Result<u128>) -> u64 {
    amount.ok().and_then(|a| u64::try_from(a).ok()).unwrap_or(u64::MAX)
}
