//! Our design: every number of a tranche comes from `ballast_risk`, and tokens move as the program moves them.

use super::{
    state::{Fill, Now, State, Valued, MICRO},
    watch::{Taken, Watch},
};
use crate::{asset::COUNT, rules::Rules};
use anyhow::Result;
use ballast_risk::{
    pace::DepthBucket,
    score::{score, Score},
    tranche::{
        best_pair, plan_around_empty_buckets, Legs, TrancheCurve, TrancheLimit, TranchePlan, TrancheRequest,
    },
    units::BPS_ONE,
    TokenAmount, Usd,
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
    let mut curves = [TrancheCurve::default(); 2 * COUNT];
    let mut buckets = [DepthBucket::default(); 2 * COUNT];
    for (i, (asset, _)) in valued.positions().iter().enumerate() {
        curves[i] = rules.assets[asset.index()].curve;
        buckets[i] = state.buckets[asset.index()];
    }
    let count = valued.positions().len();
    let (curves, buckets) = (&curves[..count], &buckets[..count]);
    let mut request = TrancheRequest {
        model: &rules.preset.model,
        rules: &rules.preset.rules,
        curve: &curves[0],
        book: valued.book(),
        usable: u32::MAX,
        debt: 0,
        deposit: 0,
        meter: state.meters[account as usize],
        bucket: buckets[0],
        now: now.time,
        maximum: Usd(i128::MAX),
    };
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
        (request.debt, request.deposit) = (debt, deposit);
        (request.curve, request.bucket) = (&curves[deposit], buckets[deposit]);
        request.maximum = price.value_up(asked);
        let selling = |i: usize| Some((*curves.get(i)?, *buckets.get(i)?));
        let Ok(smaller) = plan_around_empty_buckets(&request, before, selling) else { return Ok(None) };
        plan = smaller;
    }
    if !now.market.pays(sold, edge, plan.repay.0 as f64 * MICRO) {
        return Ok(None);
    }

    let books = &state.accounts[account as usize];
    let legs = Legs {
        debt_price: price,
        debt_owed: TokenAmount(books.debts[repaid.index()]),
        deposit_price: now.prices[sold.index()],
        deposit_held: TokenAmount(books.deposits[sold.index()]),
    };
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
