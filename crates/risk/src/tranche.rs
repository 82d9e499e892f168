//! The tranche planner: how much of one debt may be repaid now for which bonus, and why not more.

use crate::{
    bonus::{bps_to_ppm, curve_bonus_down, equity_bonus_down},
    error::RiskError,
    marginal::Reliefs,
    math::{bps_of_down, mul_div_down, mul_div_up},
    model::{RiskModel, MAX_BONUS},
    pace::{allowance_down, DepthBucket, PaceMeter},
    price::UnitPrice,
    score::{score, Exposure, Score},
    units::{Bps, Fraction, Ppm, Seconds, TokenAmount, Usd, BPS_ONE, PPM_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// How one reserve is sold: its target, pace, bonus and depth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TrancheCurve {
    /// The asset's calm market depth, micro-USD.
    pub depth: u64,
    /// Seconds in which an empty depth bucket refills.
    pub bucket_refill_seconds: u32,
    /// Depth bucket as a share of calm depth, at least 1 %.
    pub bucket_share: Bps,
    /// H: a tranche restores `E = H·R` at most.
    pub target: Bps,
    /// g0: share of the debt that a window allows at no net risk.
    pub pace_floor: Bps,
    /// u1: net risk from which a window allows the whole debt.
    pub pace_urgency: Bps,
    /// Bonus at no net risk.
    pub bonus_min: Bps,
    /// Bonus from `bonus_urgency` on.
    pub bonus_max: Bps,
    /// u_b: net risk at which the bonus is at its highest.
    pub bonus_urgency: Bps,
    /// p of the pace, in halves (3 is 1.5).
    pub pace_exponent_halves: u8,
    /// p of the bonus, in halves.
    pub bonus_exponent_halves: u8,
    /// Zero.
    pub reserved: u32,
}

/// What a vault's tranches have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TrancheRules {
    /// Smallest tranche, and the size below which a position is dust, micro-USD.
    pub minimum_tranche: u64,
    /// Smallest debt that may be opened, micro-USD.
    pub minimum_debt: u64,
    /// Seconds in which a spent pace meter refills.
    pub window_seconds: u32,
    /// Net risk from which the pace meter and the depth bucket no longer apply.
    pub backstop_urgency: Bps,
    /// Net risk from which the depth bucket no longer applies.
    pub bucket_off_urgency: Bps,
    /// Share of each bonus that stays as insurance.
    pub insurance_slice: Bps,
    /// Zero.
    pub reserved: [u16; 3],
}

impl TrancheCurve {
    /// Checks the compiled bounds.
    pub fn validate(&self) -> Result<()> {
        let rule =
            |ok: bool, text: &'static str| if ok { Ok(()) } else { Err(RiskError::InvalidParameter(text)) };
        let share = |bps: Bps| bps.0 >= 1 && u64::from(bps.0) <= BPS_ONE;
        rule(self.bonus_max <= MAX_BONUS && self.bonus_min.0 >= 1, "a bonus lies between 0.01 % and 5 %")?;
        rule(self.bonus_min <= self.bonus_max, "the lowest bonus is at most the highest")?;
        rule((10_000..=20_000).contains(&self.target.0), "the target lies between 100 % and 200 %")?;
        rule(
            share(self.pace_floor) && share(self.pace_urgency),
            "pace floor and urgency lie in 0.01 % to 100 %",
        )?;
        rule(share(self.bonus_urgency), "the bonus urgency lies in 0.01 % to 100 %")?;
        rule(self.pace_exponent_halves <= 12 && self.bonus_exponent_halves <= 12, "exponents are at most 6")?;
        rule(
            self.bucket_share.0 >= 100 && u64::from(self.bucket_share.0) <= BPS_ONE,
            "a depth bucket holds 1 % to 100 % of depth",
        )?;
        rule((1..=86_400).contains(&self.bucket_refill_seconds), "a depth bucket refills within a day")?;
        rule(self.depth >= 1_000_000_000, "a market's depth is at least 1,000 USD")
    }
}

impl TrancheRules {
    /// The smallest tranche.
    pub const fn minimum(&self) -> Usd {
        Usd(self.minimum_tranche as i128)
    }

    /// Checks the compiled bounds.
    pub fn validate(&self) -> Result<()> {
        let rule =
            |ok: bool, text: &'static str| if ok { Ok(()) } else { Err(RiskError::InvalidParameter(text)) };
        rule(
            (1_000_000..=1_000_000_000).contains(&self.minimum_tranche),
            "the smallest tranche lies between 1 and 1,000 USD",
        )?;
        rule(
            self.minimum_debt >= self.minimum_tranche.saturating_mul(10),
            "the smallest debt is at least ten smallest tranches",
        )?;
        rule(self.minimum_debt <= 100_000_000_000, "the smallest debt is at most 100,000 USD")?;
        rule((1..=3_600).contains(&self.window_seconds), "a pace window lasts at most an hour")?;
        rule(
            (1_000..=9_500).contains(&self.backstop_urgency.0),
            "the backstop starts between 10 % and 95 % of net risk",
        )?;
        rule(
            (100..=5_000).contains(&self.bucket_off_urgency.0),
            "the depth bucket ends between 1 % and 50 % of net risk",
        )?;
        rule(self.insurance_slice.0 <= 5_000, "insurance takes at most half of a bonus")
    }
}

/// What bounded a tranche.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrancheLimit {
    /// The target was reached.
    Target,
    /// The pace meter.
    Pace,
    /// The sold reserve's depth bucket.
    Depth,
    /// The liquidator's own maximum.
    Maximum,
    /// The whole debt position.
    Debt,
    /// The whole deposit position.
    Deposit,
}

/// Everything a plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct TrancheRequest<'a> {
    /// The vault's model.
    pub model: &'a RiskModel,
    /// The vault's rules.
    pub rules: &'a TrancheRules,
    /// The sold reserve's curve.
    pub curve: &'a TrancheCurve,
    /// The obligation, at spot; stale assets already widened.
    pub book: &'a [Exposure],
    /// Bit i: position i has a fresh price and usable tokens.
    pub usable: u32,
    /// Position repaid.
    pub debt: usize,
    /// Position sold.
    pub deposit: usize,
    /// The obligation's meter.
    pub meter: PaceMeter,
    /// The sold reserve's bucket.
    pub bucket: DepthBucket,
    /// Now.
    pub now: Seconds,
    /// Most that the liquidator wants to repay.
    pub maximum: Usd,
}

/// A tranche before it is turned into tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TranchePlan {
    /// Value to repay.
    pub repay: Usd,
    /// Bonus on it.
    pub bonus: Ppm,
    /// Share of the bonus that stays as insurance.
    pub insurance_slice: Bps,
    /// What bounded it.
    pub limit: TrancheLimit,
    /// Repay the debt position to its end.
    pub close_debt: bool,
    /// Take the deposit position to its end.
    pub take_deposit: bool,
    /// `C ≤ (1 + b_min)·D`: seized at the lowest bonus, paid by the loss; `E − R` need not rise.
    pub insolvent: bool,
    /// Pace and depth did not apply.
    pub backstop: bool,
    /// One window's allowance.
    pub allowance: Usd,
    /// Net risk before.
    pub net_risk: Fraction,
    /// Rise of `E − R` a dollar repaid, bps × ppm.
    pub gain: i64,
    /// The score before.
    pub before: Score,
}

/// Plans the tranche of one pair: the smallest of target, pace, depth, the liquidator's maximum and the positions.
///
/// Errors, in this order: [`RiskError::NotAPair`], [`RiskError::Healthy`], [`RiskError::PairNotUsable`],
/// [`RiskError::WorseningPair`], [`RiskError::BetterPairAvailable`], then the limit that leaves less than the smallest
/// tranche ([`RiskError::PaceMeterSpent`], [`RiskError::DepthBucketEmpty`], [`RiskError::TrancheTooSmall`]).
pub fn plan_tranche(request: &TrancheRequest) -> Result<TranchePlan> {
    let before = score(request.model, request.book)?;
    plan_scored_tranche(request, before)
}

/// [`plan_tranche`] for a book that is scored already.
pub fn plan_scored_tranche(request: &TrancheRequest, before: Score) -> Result<TranchePlan> {
    let TrancheRequest { model, rules, curve, book, .. } = *request;
    let debt_value = Usd(book.get(request.debt).ok_or(RiskError::NoSuchPosition)?.value.0.wrapping_neg());
    let deposit_value = book.get(request.deposit).ok_or(RiskError::NoSuchPosition)?.value;
    if debt_value.0 <= 0 || deposit_value.0 <= 0 {
        return Err(RiskError::NotAPair);
    }
    if before.is_healthy() {
        return Err(RiskError::Healthy);
    }
    let trades = |position: usize| (request.usable >> (position & 31)) & 1 == 1;
    if !trades(request.debt) || !trades(request.deposit) {
        return Err(RiskError::PairNotUsable);
    }

    let net_risk = before.net_risk_down();
    let equity_bonus = equity_bonus_down(&before);
    let wanted = curve_bonus_down(curve, net_risk);
    let lowest = Ppm(bps_to_ppm(curve.bonus_min.0));
    let insolvent = equity_bonus <= lowest;
    let bonus = if insolvent { lowest } else { wanted.min(equity_bonus) };
    let backstop =
        insolvent || net_risk >= Fraction::from_bps_down(rules.backstop_urgency) || equity_bonus <= wanted;

    let reliefs = Reliefs::new_down(model, book, &before)?;
    let gain = reliefs.gain_of_pair(request.debt, request.deposit, bonus)?;
    if !insolvent && gain <= 0 {
        return Err(RiskError::WorseningPair);
    }
    if !backstop {
        let least = dust_of(&before, rules);
        let best = reliefs.best_gain(book, request.usable, bonus, least);
        if gain.saturating_mul(2) < best {
            return Err(RiskError::BetterPairAvailable);
        }
    }

    let one_and_bonus = u128::from(PPM_ONE).wrapping_add(u128::from(bonus.0));
    let of_deposit = |value: Usd| mul_div_down(value.positive_part(), u128::from(PPM_ONE), one_and_bonus);
    let whole_deposit = Usd::from_unsigned(of_deposit(deposit_value)?)?;
    let (position, position_limit) = if whole_deposit < debt_value {
        (whole_deposit, TrancheLimit::Deposit)
    } else {
        (debt_value, TrancheLimit::Debt)
    };
    let minimum = rules.minimum();
    let mut bound = (position, position_limit);
    let mut tighten = |value: Usd, limit: TrancheLimit| {
        if value < bound.0 {
            bound = (value, limit);
        }
    };
    if !insolvent {
        let relief = reliefs.relief_of_pair(request.debt, request.deposit, bonus)?;
        if let Some(restoring) = restoring_value(&before, curve.target, relief, bonus)? {
            tighten(restoring.max(minimum), TrancheLimit::Target);
        }
    }
    let allowance = allowance_down(curve, rules, net_risk, before.debt)?;
    if !backstop {
        let window = Seconds::from(rules.window_seconds);
        tighten(request.meter.available_down(request.now, window, allowance)?, TrancheLimit::Pace);
        if net_risk < Fraction::from_bps_down(rules.bucket_off_urgency) {
            let room = request.bucket.available_down(request.now, curve, net_risk);
            tighten(Usd::from_unsigned(of_deposit(room)?)?, TrancheLimit::Depth);
        }
    }
    tighten(request.maximum, TrancheLimit::Maximum);
    let (mut repay, mut limit) = bound;

    // Dust closes whole: what would remain below the smallest tranche goes with it, where the maximum allows.
    let rest = position.minus(repay)?;
    if rest < minimum && position <= request.maximum {
        (repay, limit) = (position, position_limit);
    }
    if repay < minimum.min(position) {
        return Err(match limit {
            TrancheLimit::Pace => RiskError::PaceMeterSpent,
            TrancheLimit::Depth => RiskError::DepthBucketEmpty,
            _ => RiskError::TrancheTooSmall,
        });
    }
    Ok(TranchePlan {
        repay,
        bonus,
        insurance_slice: if insolvent { Bps(0) } else { rules.insurance_slice },
        limit,
        close_debt: limit == TrancheLimit::Debt,
        take_deposit: limit == TrancheLimit::Deposit,
        insolvent,
        backstop,
        allowance,
        net_risk,
        gain,
        before,
    })
}

/// Deposits below this do not set the standard that other pairs must meet: 2 % of collateral, at most $200, at least the
/// smallest tranche.
fn dust_of(before: &Score, rules: &TrancheRules) -> Usd {
    let share = bps_of_down(before.collateral, 200).unwrap_or(Usd::ZERO);
    share.min(Usd::dollars(200)).max(rules.minimum())
}

/// `x* = (H·R − E)/(H·a − b)`: the repayment after which `E = H·R` along the binding term, rounded down; `None` when
/// no size of this pair reaches the target. R is convex, so the true `E/R` after `x*` is at most H.
fn restoring_value(before: &Score, target: Bps, relief: i64, bonus: Ppm) -> Result<Option<Usd>> {
    // H·a − b in bps × (bps × ppm): a ≤ 3·10^10, H ≤ 2·10^4.
    let slope = i128::from(target.0).wrapping_mul(i128::from(relief)).wrapping_sub(
        i128::from(bonus.0).wrapping_mul(i128::from(BPS_ONE)).wrapping_mul(i128::from(BPS_ONE)),
    );
    if slope <= 0 {
        return Ok(None);
    }
    let missing = before
        .requirement
        .0
        .checked_mul(i128::from(target.0))
        .and_then(|required| required.checked_sub(before.equity().0.checked_mul(i128::from(BPS_ONE))?))
        .ok_or(RiskError::Overflow)?;
    let scale = u128::from(BPS_ONE).wrapping_mul(u128::from(PPM_ONE));
    match mul_div_down(Usd(missing).positive_part(), scale, slope as u128) {
        Ok(value) => Ok(Some(Usd::from_unsigned(value)?)),
        Err(_) => Ok(None),
    }
}

/// The two positions of a tranche in tokens.
#[derive(Clone, Copy, Debug)]
pub struct Legs {
    /// Spot price of the debt's token.
    pub debt_price: UnitPrice,
    /// What the debt position owes, rounded up.
    pub debt_owed: TokenAmount,
    /// Spot price of the deposit's token.
    pub deposit_price: UnitPrice,
    /// What the deposit position holds, rounded down.
    pub deposit_held: TokenAmount,
}

/// A tranche in tokens, ready to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrancheOutcome {
    /// Tokens that the liquidator pays.
    pub repay: TokenAmount,
    /// Tokens that leave the borrower's deposit.
    pub seize: TokenAmount,
    /// Of those, what stays as insurance, rounded up.
    pub insurance: TokenAmount,
    /// Of those, what the liquidator gets, rounded down.
    pub to_liquidator: TokenAmount,
    /// All debt shares of the position go.
    pub close_debt: bool,
    /// All deposit shares of the position go.
    pub take_deposit: bool,
    /// Value repaid, rounded down.
    pub repaid_value: Usd,
    /// Value seized, rounded down.
    pub seized_value: Usd,
}

impl TranchePlan {
    /// Turns the plan into tokens, rounding against the liquidator. Errors: [`RiskError::ZeroAmount`] when a leg rounds to
    /// nothing, [`RiskError::PriceOutOfRange`] for a price that was never set.
    pub fn settle(&self, legs: &Legs) -> Result<TrancheOutcome> {
        let one_and_bonus = u128::from(PPM_ONE).wrapping_add(u128::from(self.bonus.0));
        let repay = if self.close_debt {
            legs.debt_owed
        } else if self.take_deposit {
            let worth = legs.deposit_price.value_up(legs.deposit_held).positive_part();
            let owed = mul_div_up(worth, u128::from(PPM_ONE), one_and_bonus)?;
            legs.debt_price.amount_up(Usd::from_unsigned(owed)?)?
        } else {
            legs.debt_price.amount_down(self.repay)?
        }
        .min(legs.debt_owed);
        let repaid_value = legs.debt_price.value_down(repay);
        let seize = if self.take_deposit {
            legs.deposit_held
        } else {
            let worth = mul_div_down(repaid_value.positive_part(), one_and_bonus, u128::from(PPM_ONE))?;
            legs.deposit_price.amount_down(Usd::from_unsigned(worth)?)?.min(legs.deposit_held)
        };
        if repay.is_zero() || seize.is_zero() {
            return Err(RiskError::ZeroAmount);
        }
        let kept = u128::from(self.bonus.0).wrapping_mul(u128::from(self.insurance_slice.0));
        let insurance =
            mul_div_up(u128::from(seize.0), kept, one_and_bonus.wrapping_mul(u128::from(BPS_ONE)))?;
        let insurance = TokenAmount(u64::try_from(insurance).map_err(|_| RiskError::Overflow)?);
        Ok(TrancheOutcome {
            repay,
            seize,
            insurance,
            to_liquidator: seize.minus(insurance)?,
            close_debt: repay == legs.debt_owed,
            take_deposit: seize == legs.deposit_held,
            repaid_value,
            seized_value: legs.deposit_price.value_down(seize),
        })
    }

    /// Law 4, checked on the exact scores: `E − R` strictly rises, insolvent books excepted.
    pub fn check_after(&self, after: &Score) -> Result<()> {
        if self.insolvent || after.excess() > self.before.excess() {
            Ok(())
        } else {
            Err(RiskError::WorseningPair)
        }
    }
}

/// The pair of a book that removes the most risk now, for keepers: the largest `gain × repaid` of all pairs that can be
/// planned. `curves` and `buckets` are the reserves', in the book's order; the request's own pair is ignored.
/// `Ok(None)` when no pair admits a tranche now.
pub fn best_pair(
    request: &TrancheRequest,
    curves: &[TrancheCurve],
    buckets: &[DepthBucket],
) -> Result<Option<(usize, usize, TranchePlan)>> {
    let before = score(request.model, request.book)?;
    let mut best: Option<(usize, usize, TranchePlan, i128)> = None;
    for debt in 0..request.book.len() {
        for deposit in 0..request.book.len() {
            let (Some(curve), Some(bucket)) = (curves.get(deposit), buckets.get(deposit)) else {
                return Err(RiskError::NoSuchPosition);
            };
            let pair = TrancheRequest { curve, bucket: *bucket, debt, deposit, ..*request };
            let Ok(plan) = plan_scored_tranche(&pair, before) else { continue };
            let removed = plan.repay.0.saturating_mul(i128::from(plan.gain.max(1)));
            if best.is_none_or(|(_, _, _, most)| removed > most) {
                best = Some((debt, deposit, plan, removed));
            }
        }
    }
    Ok(best.map(|(debt, deposit, plan, _)| (debt, deposit, plan)))
}
