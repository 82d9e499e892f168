//! A reserve: one asset of one vault. Its books, price, rates and how it is sold.

use super::{
    books::Books,
    obligation::{Position, Side},
    parameters::*,
    price::{PriceState, Source},
    safety::*,
};
use crate::{
    assert_layout,
    constants::*,
    error::{BallastError, Named},
};
use anchor_lang::prelude::*;
use ballast_risk::{
    self as risk,
    price::{PriceSet, MAX_AGE_IN_PAIR, MAX_AGE_TO_OPEN},
    reserve::Ledger,
    units::*,
};

/// What an audit has found of a reserve so far. At its first touch in an audit a reserve copies its totals; every position
/// then adds its shares once, before anything changes them. At the end counts and copies must be equal.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AuditCount {
    /// The audit that the rest belongs to.
    pub number: u64,
    /// Deposit shares at the first touch.
    pub deposit_shares: u64,
    /// Debt shares at the first touch.
    pub debt_shares: u64,
    /// Deposit positions at the first touch.
    pub deposit_positions: u64,
    /// Debt positions at the first touch.
    pub debt_positions: u64,
    /// Deposit shares counted.
    pub counted_deposit_shares: u64,
    /// Debt shares counted.
    pub counted_debt_shares: u64,
    /// Deposit positions counted.
    pub counted_deposit_positions: u64,
    /// Debt positions counted.
    pub counted_debt_positions: u64,
}

assert_layout!(AuditCount, size 72, align 8);

impl AuditCount {
    /// Whether every share and position was found.
    pub fn is_complete(&self) -> bool {
        self.counted_deposit_shares == self.deposit_shares
            && self.counted_debt_shares == self.debt_shares
            && self.counted_deposit_positions == self.deposit_positions
            && self.counted_debt_positions == self.debt_positions
    }
}

/// One asset of one vault.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Reserve {
    /// Layout version.
    pub version: u8,
    /// Bump of the reserve's address.
    pub bump: u8,
    /// Place in the vault's list.
    pub index: u8,
    /// The token's decimals.
    pub decimals: u8,
    /// 1 if it may be borrowed.
    pub borrowable: u8,
    /// Zero; aligns what follows.
    pub padding: u8,
    /// `k`: confidence intervals off spot in `R_init`, bps.
    pub confidence_factor: u16,
    /// Confidence over price above which no risk is opened, bps.
    pub max_confidence: u16,
    /// Rise of the opening charge when the vault holds the asset's whole depth, bps.
    pub size_charge: u16,
    /// Zero; aligns what follows.
    pub padding2: [u8; 4],
    /// Its vault.
    pub vault: Pubkey,
    /// Its token.
    pub mint: Pubkey,
    /// SPL Token or Token-2022.
    pub token_program: Pubkey,
    /// Its token account, owned by the vault.
    pub token_account: Pubkey,
    /// Feeds and their newest quotes.
    pub source: Source,
    /// Tokens, shares, indices.
    pub books: Books,
    /// Newest price.
    pub price: PriceState,
    /// Place in the model; while `ramp` runs, where it is going. What counts is [`Reserve::risk_at`].
    pub risk: AssetRisk,
    /// How interest is split.
    pub split: InterestSplit,
    /// How it is sold.
    pub curve: TrancheCurve,
    /// How much of it was sold lately.
    pub bucket: DepthBucket,
    /// What it costs to borrow.
    pub rates: RateCurve,
    /// Positions that hold its deposits.
    pub deposit_positions: u64,
    /// Positions that owe it.
    pub debt_positions: u64,
    /// What the running audit has found.
    pub audit: AuditCount,
    /// The reserve's circuit breaker.
    pub breaker: Breaker,
    /// When its signals are ones.
    pub thresholds: ReserveThresholds,
    /// Earlier prices, to measure jumps.
    pub trail: PriceTrail,
    /// How large it may become.
    pub caps: ReserveCaps,
    /// How fast tokens may come and go.
    pub flow_rules: FlowRules,
    /// How fast they did.
    pub flows: Flows,
    /// What it lost, and what is coming back.
    pub losses: Losses,
    /// Which fees are old enough to be collected.
    pub vesting: FeeVesting,
    /// The place in the model that `ramp` leaves.
    pub risk_before: AssetRisk,
    /// How `risk_before` becomes `risk`.
    pub ramp: Ramp,
    /// Since when its token account is known to be frozen, seconds; 0 while it is not. Its debt accrues nothing then.
    pub frozen_since: u64,
    /// The debt that insurance in kind keeps its target of, when a fund collects the rest.
    pub gate: IncomeGate,
    /// Zero.
    pub reserved: [u64; 28],
}

assert_layout!(
    Reserve, size 1_624, align 8,
    vault at 16, source at 144, books at 328, price at 432, risk at 528, curve at 544, bucket at 576, rates at 592,
    deposit_positions at 664, audit at 680, breaker at 752, thresholds at 1_056, trail at 1_096,
    caps at 1_144, flow_rules at 1_176, flows at 1_208, losses at 1_256, vesting at 1_328, risk_before at 1_352, ramp at 1_360,
    frozen_since at 1_376, gate at 1_384, reserved at 1_400,
);

/// What a price is wanted for: each use has its own greatest age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceUse {
    /// Borrowing, or withdrawing against debt.
    Open,
    /// One of the two assets of a tranche.
    Pair,
}

impl Reserve {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Refuses an account of another layout version or vault.
    pub fn check(&self, vault: &Pubkey) -> Result<()> {
        require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
        require_keys_eq!(self.vault, *vault, BallastError::WrongVault);
        Ok(())
    }

    /// The books as they are now, for whoever only reads: with interest, and with what has come back of losses.
    pub fn accrued_ledger(&self, now: Seconds) -> Ledger {
        self.accrued(now).0
    }

    /// The books as they are now, and what is lost and still to come back then.
    pub fn accrued(&self, now: Seconds) -> (Ledger, risk::absorb::Losses) {
        let mut ledger = self.books.ledger();
        let mut losses = *self.losses.as_risk();
        if self.frozen_since == 0 {
            losses.accrue(&mut ledger, self.split.as_risk(), now);
        } else {
            ledger.skip_to(now);
            losses.stream(&mut ledger, now);
        }
        (ledger, losses)
    }

    /// Value of what lenders lost and the fund may still cover, micro-USD, at the price of now or its average, the higher, rounded up; nothing
    /// where there is no price. A claim is for this much at most.
    pub fn coverable_value_up(&self, now: Seconds) -> Usd {
        if !self.price.spot.as_risk().is_set() {
            return Usd::ZERO;
        }
        self.prices().high.value_up(TokenAmount(self.losses.as_risk().coverable(now)))
    }

    /// Brings the books up to now, for whoever changes them and then has to [`Reserve::store`] them. They are written down at once: between
    /// the two, whoever reads them finds what has come back of losses in them, and no more in what is to come.
    #[must_use]
    pub fn bring_up(&mut self, now: Seconds) -> Ledger {
        let (ledger, losses) = self.accrued(now);
        self.books = ledger.into();
        self.losses = losses.into();
        self.vesting = self.vesting.as_risk().at(&ledger, now).into();
        ledger
    }

    /// Takes a newer price, and books interest up to now.
    pub fn take_price(&mut self, source: Source, price: PriceState, now: Seconds) -> Result<()> {
        let ledger = self.bring_up(now);
        self.store(ledger)?;
        self.source = source;
        self.price = price;
        Ok(())
    }

    /// The place in the model that counts now.
    pub fn risk_at(&self, now: Seconds) -> risk::model::AssetRisk {
        if self.ramp.duration == 0 {
            return *self.risk.as_risk();
        }
        self.ramp.as_risk().asset_at(self.risk_before.as_risk(), self.risk.as_risk(), now)
    }

    /// The place in the model that a running ramp leaves.
    pub fn risk_before_if_ramping(&self, now: Seconds) -> Option<&risk::model::AssetRisk> {
        self.ramp.runs_at(now).then(|| self.risk_before.as_risk())
    }

    /// Forgets a ramp that has ended. What counts does not change.
    pub fn tidy_ramp(&mut self, now: Seconds) {
        if !self.ramp.runs_at(now) {
            (self.ramp, self.risk_before) = (Ramp::default(), AssetRisk::default());
        }
    }

    /// Stores new books: sets the rate for the time to come and refuses books that do not hold. Whoever left took a part of what may be
    /// covered along; a reserve that lost everything and has no shares left starts again. The debt is remembered for insurance's target.
    pub fn store(&mut self, mut ledger: Ledger) -> Result<()> {
        let mut losses = *self.losses.as_risk();
        losses.after_leaving(&mut ledger);
        self.losses = losses.into();
        self.gate = self.gate.as_risk().at(&ledger, ledger.accrued_at).into();
        let short = self.losses.as_risk().shortfall(&ledger, ledger.free_tokens);
        require!(short == 0, BallastError::BooksDoNotHold);
        ledger.update_rate(self.rates.as_risk()).named()?;
        self.books = ledger.into();
        Ok(())
    }

    /// How many positions there are on this side.
    pub fn positions_mut(&mut self, side: Side) -> &mut u64 {
        match side {
            Side::Deposit => &mut self.deposit_positions,
            Side::Debt => &mut self.debt_positions,
        }
    }

    /// Joins an audit: copies the totals at the first touch. Call before anything changes shares or positions.
    pub fn join_audit(&mut self, number: u64) {
        if self.audit.number != number {
            self.audit = AuditCount {
                number,
                deposit_shares: self.books.deposit_shares,
                debt_shares: self.books.debt_shares,
                deposit_positions: self.deposit_positions,
                debt_positions: self.debt_positions,
                ..AuditCount::default()
            };
        }
    }

    /// Counts a position with the shares it has now, once an audit. Returns whether it was new to this audit.
    pub fn count_position(&mut self, position: &mut Position) -> bool {
        if position.audit == self.audit.number {
            return false;
        }
        let (shares, positions) = match position.side() {
            Some(Side::Deposit) => {
                (&mut self.audit.counted_deposit_shares, &mut self.audit.counted_deposit_positions)
            }
            Some(Side::Debt) => (&mut self.audit.counted_debt_shares, &mut self.audit.counted_debt_positions),
            None => return false,
        };
        *shares = shares.saturating_add(position.shares);
        *positions = positions.saturating_add(1);
        position.audit = self.audit.number;
        true
    }

    /// The three prices.
    pub fn prices(&self) -> PriceSet {
        PriceSet {
            spot: *self.price.spot.as_risk(),
            low: *self.price.low.as_risk(),
            high: *self.price.high.as_risk(),
        }
    }

    /// Age of the price by publish time.
    pub fn price_age(&self, now: Seconds) -> Seconds {
        now.saturating_sub(self.price.publish_time)
    }

    /// Whether the price is young enough for this use, by seconds and by slots.
    pub fn price_is_fresh(&self, now: Seconds, slot: u64, purpose: PriceUse) -> bool {
        let oldest = match purpose {
            PriceUse::Open => MAX_AGE_TO_OPEN,
            PriceUse::Pair => MAX_AGE_IN_PAIR,
        };
        self.price.spot.as_risk().is_set()
            && self.price_age(now) <= oldest
            && slot.saturating_sub(self.price.posted_slot) <= MAX_PRICE_AGE_SLOTS
    }
}
