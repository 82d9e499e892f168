//! Our design: every number of a tranche comes from `ballast_risk`, and tokens move as the program moves them.

use super::{
    state::{Fill, Now, State, Valued, MICRO},
    watch::{Taken, Watch},
};
use crate::{
    asset::{Asset, COUNT},
    rules::Rules,
};
use anyhow::Result;
use ballast_risk::{
    pace::DepthBucket,
    price::UnitPrice,
    score::{score, Score},
    tranche::{
        best_pair, plan_beside_waiting_pairs, Legs, TrancheCurve, TrancheLimit, TranchePlan, TrancheRequest,
    },
    units::BPS_ONE,
    Seconds, TokenAmount, Usd,
};

/// Calls that a keeper makes for one account at one moment: more than one only closes insolvent books.
const CALLS: usize = 32;

/// Looks at an account; a keeper liquidates if it may and if that pays. Returns whether the account changed.
pub fn visit(
    state: &mut State,
    account: u32,
    rules: &Rules,
    now: &mut Now,
    watch: &mut dyn Watch,
) -> Result<bool> {
    let mut acted = false;
    for call in 0..CALLS {
        state.fill_in(account);
        let valued = Valued::new(&state.accounts[account as usize], &now.prices, rules);
        if valued.debt == 0 {
            break;
        }
        let before = score(&rules.preset.model, valued.book())?;
        if before.is_healthy() && now.same {
            break;
        }
        if call == 0 {
            state.note_shortfall(account, &valued, now, rules);
        }
        if before.is_healthy() {
            break;
        }
        match tranche(state, account, &valued, before, rules, now, watch)? {
            Some(plan) => {
                acted = true;
                if !plan.insolvent {
                    break;
                }
            }
            None => break,
        }
    }
    Ok(acted)
}

/// A pair of an account in tokens.
pub fn legs(state: &State, account: u32, [repaid, sold]: [Asset; 2], prices: &[UnitPrice; COUNT]) -> Legs {
    let books = &state.accounts[account as usize];
    Legs {
        debt_price: prices[repaid.index()],
        debt_owed: TokenAmount(books.debts[repaid.index()]),
        deposit_price: prices[sold.index()],
        deposit_held: TokenAmount(books.deposits[sold.index()]),
    }
}

/// How each position of a book would be sold now.
pub struct Selling {
    curves: [TrancheCurve; 2 * COUNT],
    buckets: [DepthBucket; 2 * COUNT],
    count: usize,
}

impl Selling {
    /// Curves and buckets of a book's positions.
    pub fn of(state: &State, valued: &Valued, rules: &Rules) -> Self {
        let mut selling = Self {
            curves: [TrancheCurve::default(); 2 * COUNT],
            buckets: [DepthBucket::default(); 2 * COUNT],
            count: valued.positions().len(),
        };
        for (i, (asset, _)) in valued.positions().iter().enumerate() {
            selling.curves[i] = rules.assets[asset.index()].curve;
            selling.buckets[i] = state.buckets[asset.index()];
        }
        selling
    }

    /// Curves in the book's order.
    pub fn curves(&self) -> &[TrancheCurve] {
        &self.curves[..self.count]
    }

    /// Buckets in the book's order.
    pub fn buckets(&self) -> &[DepthBucket] {
        &self.buckets[..self.count]
    }

    /// Curve and bucket of one position.
    pub fn at(&self, position: usize) -> Option<(TrancheCurve, DepthBucket)> {
        Some((*self.curves().get(position)?, *self.buckets().get(position)?))
    }

    /// A request without a maximum; its pair is still to be named with [`Selling::name`].
    pub fn request<'a>(
        &'a self,
        state: &State,
        account: u32,
        valued: &'a Valued,
        rules: &'a Rules,
        now: Seconds,
    ) -> TrancheRequest<'a> {
        TrancheRequest {
            model: &rules.preset.model,
            rules: &rules.preset.rules,
            curve: &self.curves[0],
            book: valued.book(),
            usable: u32::MAX,
            debt: 0,
            deposit: 0,
            meter: state.meters[account as usize],
            bucket: self.buckets[0],
            now,
            maximum: Usd(i128::MAX),
        }
    }

    /// Names the pair of a request.
    pub fn name<'a>(&'a self, request: &mut TrancheRequest<'a>, debt: usize, deposit: usize) {
        (request.debt, request.deposit) = (debt, deposit);
        (request.curve, request.bucket) = (&self.curves[deposit], self.buckets[deposit]);
    }
}

/// One tranche of the best pair, as large as the plan and the market allow; `None` where none is possible or none pays.
fn tranche(
    state: &mut State,
    account: u32,
    valued: &Valued,
    before: Score,
    rules: &Rules,
    now: &mut Now,
    watch: &mut dyn Watch,
) -> Result<Option<TranchePlan>> {
    let selling = Selling::of(state, valued, rules);
    let (curves, buckets) = (selling.curves(), selling.buckets());
    let mut request = selling.request(state, account, valued, rules, now.time);
    let Some((debt, deposit, mut plan)) = best_pair(&request, curves, buckets)? else { return Ok(None) };
    let (repaid, sold) = (valued.positions()[debt].0, valued.positions()[deposit].0);

    // What a keeper earns a dollar, after the slice that stays, where the market pays something else than the oracle shows.
    let bonus = f64::from(plan.bonus.0) * MICRO;
    let kept = bonus * (1.0 - f64::from(plan.insurance_slice.0) / BPS_ONE as f64);
    let edge = (1.0 + kept) * now.gap[sold.index()] / now.gap[repaid.index()] - 1.0;
    let Some(room) = now.market.room(sold, edge) else { return Ok(None) };
    // A keeper asks in token units: for what the market takes, or for what passed the exact check; otherwise for all there is.
    let price = now.prices[repaid.index()];
    let most = room / (1.0 + bonus);
    let asked = if most < plan.repay.0 as f64 * MICRO {
        price.amount_down(Usd((most / MICRO) as i128))?
    } else if plan.limit == TrancheLimit::Maximum {
        price.amount_up(plan.repay)?
    } else {
        TokenAmount(u64::MAX)
    };
    if asked.0 != u64::MAX {
        selling.name(&mut request, debt, deposit);
        request.maximum = price.value_up(asked);
        let Ok(smaller) = plan_beside_waiting_pairs(&request, before, |i| selling.at(i)) else {
            return Ok(None);
        };
        plan = smaller;
    }
    if !now.market.pays(sold, edge, plan.repay.0 as f64 * MICRO) {
        return Ok(None);
    }

    let legs = legs(state, account, [repaid, sold], &now.prices);
    let Ok(outcome) = plan.settle(&legs) else { return Ok(None) };
    if outcome.repay > asked {
        return Ok(None);
    }
    let Ok(left) = state.settle(account, [repaid, sold], &outcome) else { return Ok(None) };
    let after = score(&rules.preset.model, Valued::new(&left.0, &now.prices, rules).book())?;
    if plan.check_after(&after).is_err() {
        state.outcome.refused += 1;
        return Ok(None);
    }
    state.store(account, left, now.time)?;
    let window = u64::from(rules.preset.rules.window_seconds);
    let meter = &mut state.meters[account as usize];
    *meter = meter.spend_up(now.time, window, plan.allowance, outcome.repaid_value);
    let bucket = &mut state.buckets[sold.index()];
    *bucket = bucket.spend_up(now.time, &curves[deposit], outcome.seized_value);

    let dollars = |value: Usd| value.0 as f64 * MICRO;
    now.market.sell(sold, dollars(outcome.seized_value));
    let insured = dollars(legs.deposit_price.value_down(outcome.insurance));
    let paid = dollars(outcome.seized_value) - dollars(outcome.repaid_value);
    state.note(account, dollars(outcome.repaid_value), paid, insured);
    let fill = Fill {
        time: now.time,
        account,
        debt: repaid,
        deposit: sold,
        repay: outcome.repay,
        seize: outcome.seize,
        insurance: outcome.insurance,
    };
    state.keep(fill);
    watch.tranche(&Taken { fill, asked, plan, outcome, after })?;
    Ok(Some(plan))
}
