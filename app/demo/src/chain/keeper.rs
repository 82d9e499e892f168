//! The keeper: scores books by the engine that the program runs, takes the best pair, and sends `soft_liquidate` where that pays.

use super::{snapshot::Snapshot, world::World};
use crate::{asset::Asset, market::Market, tape::Tick};
use anyhow::{bail, Context as _, Result};
use ballast::event::TrancheExecuted;
use ballast_client::{
    account::reserves_of,
    event::{events, Event},
    instruction::{soft_liquidate, Tranche},
};
use ballast_risk::{
    tranche::{Legs, TrancheLimit, TrancheOutcome, TranchePlan},
    units::{BPS_ONE, PPM_ONE},
    DebtShares, DepositShares, TokenAmount, Usd,
};
use solana_signer::Signer;

/// A tranche that the keeper wants, as the engine says it will be.
pub struct Wanted {
    /// Whose.
    pub borrower: usize,
    /// Asset repaid.
    pub debt: Asset,
    /// Asset sold.
    pub deposit: Asset,
    /// Most token units to repay.
    pub max_repay: u64,
    /// The engine's plan.
    pub plan: TranchePlan,
    /// The same in tokens.
    pub outcome: TrancheOutcome,
}

/// The tranche that pays most risk off a borrower now and pays the keeper; `None` when there is none.
pub fn wanted(
    world: &World,
    snapshot: &Snapshot,
    borrower: usize,
    market: &Market,
) -> Result<Option<Wanted>> {
    let Some(portfolio) = snapshot.portfolio(world, borrower) else { return Ok(None) };
    if portfolio.maintenance()?.is_healthy() {
        return Ok(None);
    }
    let asset = |position: usize| -> Result<Asset> {
        let reserve = portfolio.obligation.active().get(position).map(|position| position.reserve);
        let state = reserve
            .and_then(|reserve| snapshot.reserves.get(&reserve))
            .context("a position without a reserve")?;
        Ok(state.asset)
    };
    let Some((debt, deposit, first)) = portfolio.best_tranche(Usd(i128::MAX))? else { return Ok(None) };
    let (debt_asset, deposit_asset) = (asset(debt)?, asset(deposit)?);
    // What the market takes at a profit, in units of the debt.
    let kept = kept_bonus(&first);
    let Some(room) = market.room(deposit_asset, kept) else { return Ok(None) };
    let debt_price = *portfolio.reserves[debt].price.spot.as_risk();
    let room = Usd((room / (1.0 + bonus(&first)) * 1e6).min(1e30) as i128);
    let max_repay = debt_price.amount_down(room)?;
    let Some((debt_again, deposit_again, plan)) = portfolio.best_tranche(debt_price.value_up(max_repay))?
    else {
        return Ok(None);
    };
    if (debt_again, deposit_again) != (debt, deposit)
        || plan.limit == TrancheLimit::Maximum && max_repay.is_zero()
    {
        return Ok(None);
    }
    let now = u64::try_from(snapshot.clock.unix_timestamp)?;
    let (debt_ledger, deposit_ledger) =
        (portfolio.reserves[debt].accrued_ledger(now), portfolio.reserves[deposit].accrued_ledger(now));
    let positions = portfolio.obligation.active();
    let legs = Legs {
        debt_price,
        debt_owed: debt_ledger.debt_amount_up(DebtShares(positions[debt].shares)),
        deposit_price: *portfolio.reserves[deposit].price.spot.as_risk(),
        deposit_held: deposit_ledger.deposit_amount_down(DepositShares(positions[deposit].shares)),
    };
    let outcome = plan.settle(&legs)?;
    if outcome.repay > max_repay || !market.pays(deposit_asset, kept, outcome.repaid_value.0 as f64 / 1e6) {
        return Ok(None);
    }
    Ok(Some(Wanted {
        borrower,
        debt: debt_asset,
        deposit: deposit_asset,
        max_repay: max_repay.0,
        plan,
        outcome,
    }))
}

/// The bonus as a share.
fn bonus(plan: &TranchePlan) -> f64 {
    f64::from(plan.bonus.0) / PPM_ONE as f64
}

/// What the keeper keeps of it.
fn kept_bonus(plan: &TranchePlan) -> f64 {
    bonus(plan) * (1.0 - f64::from(plan.insurance_slice.0) / BPS_ONE as f64)
}

/// Sends the tranche and returns its event, after checking that it is what the engine said, to the unit.
pub fn send(
    world: &World,
    snapshot: &Snapshot,
    wanted: &Wanted,
    tick: &Tick,
) -> Result<(TrancheExecuted, u64)> {
    let person = &world.borrowers[wanted.borrower];
    let obligation = snapshot.borrowers[wanted.borrower].as_ref().context("the obligation is closed")?;
    let shares_to = world
        .others
        .iter()
        .find(|other| other.pool == person.pool && other.key.pubkey() == world.keeper.pubkey())
        .map(|other| other.obligation);
    let instruction = soft_liquidate(&Tranche {
        liquidator: world.keeper.pubkey(),
        obligation: person.obligation,
        debt: &world.asset(person.pool, wanted.debt),
        deposit: &world.asset(person.pool, wanted.deposit),
        reserves: &reserves_of(obligation),
        max_repay: wanted.max_repay,
        min_received: wanted.outcome.to_liquidator.0,
        shares_to,
    });
    let what = format!("tranche of borrower {}, {} for {}", wanted.borrower, wanted.debt, wanted.deposit);
    let landed = world.validator.send(&what, &[instruction], &world.keeper, &[])?;
    let mut tranches = events(&landed.logs).into_iter().filter_map(|event| match event {
        Event::TrancheExecuted(tranche) => Some(tranche),
        _ => None,
    });
    let (Some(tranche), None) = (tranches.next(), tranches.next()) else {
        bail!("{what}: landed without exactly one event");
    };
    check(wanted, &tranche, tick).with_context(|| what)?;
    Ok((tranche, landed.units))
}

/// Checks a tranche against the rules: it is the engine's, to the unit, at this moment's prices; it lowers the risk; its bonus
/// and its size are bounded.
fn check(wanted: &Wanted, tranche: &TrancheExecuted, tick: &Tick) -> Result<()> {
    let Wanted { plan, outcome, .. } = wanted;
    let amounts = [
        ("repaid", tranche.repaid, outcome.repay),
        ("seized", tranche.seized, outcome.seize),
        ("to the liquidator", tranche.to_liquidator, outcome.to_liquidator),
        ("to insurance", tranche.to_insurance, outcome.insurance),
    ];
    for (name, on_chain, expected) in amounts {
        if TokenAmount(on_chain) != expected {
            bail!("{name}: {on_chain} on chain, {} by the engine", expected.0);
        }
    }
    let same_values = tranche.repaid_value == outcome.repaid_value.clamp_u64()
        && tranche.seized_value == outcome.seized_value.clamp_u64()
        && tranche.debt_price == tick.quotes[wanted.debt.index()].price
        && tranche.deposit_price == tick.quotes[wanted.deposit.index()].price;
    if !same_values {
        bail!("the tranche's values or prices are not this moment's: {tranche:?}");
    }
    let same_plan = tranche.bonus_ppm == plan.bonus.0
        && tranche.limit == plan.limit as u8
        && tranche.backstop == plan.backstop
        && tranche.insolvent == plan.insolvent
        && tranche.equity_before == plan.before.equity().clamp_i64()
        && tranche.requirement_before == plan.before.requirement.clamp_u64();
    if !same_plan {
        bail!("the tranche on chain is not the engine's: {tranche:?} against {plan:?}");
    }
    let excess = |equity: i64, requirement: u64| i128::from(equity) - i128::from(requirement);
    let before = excess(tranche.equity_before, tranche.requirement_before);
    let after = excess(tranche.equity_after, tranche.requirement_after);
    if before >= 0 || (after <= before && !tranche.insolvent) {
        bail!("equity over requirement went from {before} to {after}");
    }
    // b ≤ 5 %, and at most C/D − 1: equity over debt
    let most = (plan.before.equity().0.max(0) * i128::from(PPM_ONE)) / plan.before.debt.0.max(1);
    if tranche.bonus_ppm > 50_000 || (!tranche.insolvent && i128::from(tranche.bonus_ppm) > most) {
        bail!("a bonus of {} ppm, and equity allows {most}", tranche.bonus_ppm);
    }
    if !tranche.backstop && plan.repay > plan.allowance && !plan.close_debt && !plan.take_deposit {
        bail!("{} repaid where the pace allows {}", plan.repay.0, plan.allowance.0);
    }
    Ok(())
}
