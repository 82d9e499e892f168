//! Law 4: a tranche never hurts, stops at its target, and every book below its requirement admits one.

use crate::{
    models::Setting,
    runner::{for_books, for_some_books},
    world::{World, NOW},
};
use ballast_risk::{
    marginal::Reliefs,
    model::MAX_BONUS,
    pace::{DepthBucket, PaceMeter},
    score::Score,
    tranche::{
        best_pair, plan_beside_waiting_pairs, plan_tranche, score_after, TrancheCurve, TrancheLimit,
        TrancheOutcome, TranchePlan, TrancheRequest,
    },
    Ppm, RiskError, TokenAmount, Usd,
};
use num_rational::Ratio;
use rand::{
    seq::{IndexedRandom, SliceRandom},
    Rng,
};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bonus at most 5 %, and at most what the equity can pay where the book is not insolvent.
fn bonus_is_bounded(plan: &TranchePlan) {
    assert!(plan.bonus.0 <= u32::from(MAX_BONUS.0) * 100);
    let equity = Ratio::new(plan.before.equity().0, plan.before.debt.0);
    let bonus = Ratio::new(i128::from(plan.bonus.0), 1_000_000);
    assert_eq!(plan.insolvent && equity.numer() < &0, equity.numer() < &0);
    assert!(plan.insolvent || bonus <= equity, "{plan:?}");
}

/// The liquidator is paid at most what the bonus says, at the exact prices, and the insurance gets its slice.
fn the_price_is_fair(world: &World, pair: (usize, usize), plan: &TranchePlan, outcome: &TrancheOutcome) {
    let value =
        |amount: TokenAmount, i: usize| world.positions[i].exact_price * Ratio::from_integer(amount.0.into());
    let one_and_bonus = Ratio::new(1_000_000 + i128::from(plan.bonus.0), 1_000_000);
    assert!(value(outcome.seize, pair.1) <= value(outcome.repay, pair.0) * one_and_bonus, "{outcome:?}");
    let bonus = one_and_bonus - Ratio::from_integer(1);
    let slice = Ratio::new(i128::from(plan.insurance_slice.0), 10_000) * bonus / one_and_bonus;
    assert!(Ratio::from_integer(i128::from(outcome.insurance.0)) >= slice * i128::from(outcome.seize.0));
}

/// `E ≤ H·R` after a tranche, up to rounding; where the smallest tranche or dust decided, up to theirs.
fn the_target_is_not_passed(
    world: &World,
    pair: (usize, usize),
    plan: &TranchePlan,
    outcome: &TrancheOutcome,
    after: &Score,
) {
    let minimum = world.rules.minimum().0;
    let small = plan.repay.0 <= minimum || outcome.close_debt || outcome.take_deposit;
    // E − H·R rises by less than H·a ≤ 2·(1 + 1.05) dollars a dollar: two smallest tranches at most.
    let unit = |i: usize| world.positions[i].price.value_up(TokenAmount(1)).0;
    let rounding = 5 * (unit(pair.0) + unit(pair.1)) + 40;
    let allowed = rounding + if small { 2 * 5 * minimum } else { 0 };
    let target = i128::from(world.positions[pair.1].curve.target.0);
    let passed = after.equity().0 * 10_000 - target * after.requirement.0;
    assert!(passed <= allowed * 10_000, "{passed} of {allowed}: {plan:?} {after:?}");
}

/// The borrower and the keeper together hold no more of either token than before.
fn the_coalition_gains_nothing(
    before: &World,
    after: &World,
    pair: (usize, usize),
    outcome: &TrancheOutcome,
) {
    let q64 = |amount: TokenAmount| u128::from(amount.0) << 64;
    let fell = |i: usize| before.positions[i].exact_amount() - after.positions[i].exact_amount();
    assert!(fell(pair.0) <= q64(outcome.repay), "the debt fell by more than was paid");
    assert!(fell(pair.1) >= q64(outcome.seize), "the deposit fell by less than was taken");
    assert_eq!(outcome.seize.0, outcome.to_liquidator.0 + outcome.insurance.0);
}

#[test]
fn a_tranche_never_hurts() {
    let (passed, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    for_books("tranche", |rng, setting| {
        let world = World::unhealthy(rng, setting);
        let (book, mut pairs) = (world.book(), world.pairs());
        pairs.shuffle(rng);
        let mut maximum = i128::MAX;
        if rng.random_bool(0.3) {
            maximum = (world.score().debt.0 >> rng.random_range(0..12)).max(10_000_000);
        }
        let planned = pairs.into_iter().find_map(|pair| {
            let request = TrancheRequest { maximum: Usd(maximum), ..world.request(&book, pair) };
            match plan_tranche(&request) {
                Ok(plan) => Some((pair, plan)),
                Err(error) => {
                    let known =
                        [RiskError::NotAPair, RiskError::WorseningPair, RiskError::BetterPairAvailable];
                    assert!(known.contains(&error), "{error:?}");
                    None
                }
            }
        });
        let Some((pair, plan)) = planned else { return };
        bonus_is_bounded(&plan);
        assert!(plan.insolvent || plan.gain > 0);
        let Ok(outcome) = plan.settle(&world.legs(pair)) else { return };
        the_price_is_fair(&world, pair, &plan, &outcome);
        let Some(next) = world.after(pair, &outcome) else { return };
        the_coalition_gains_nothing(&world, &next, pair, &outcome);
        let after = next.score();
        if plan.check_after(&after).is_err() {
            refused.fetch_add(1, Relaxed);
            return;
        }
        passed.fetch_add(1, Relaxed);
        if !plan.insolvent {
            assert!(after.excess() > plan.before.excess());
            the_target_is_not_passed(&world, pair, &plan, &outcome, &after);
        }
    });
    let (passed, refused) = (passed.into_inner(), refused.into_inner());
    println!("tranche: {passed} passed, {refused} refused by the exact check");
    assert!(refused * 20 < passed, "the planner plans what the exact check refuses");
}

/// A relief is never below what the requirement really loses, because R is convex.
#[test]
fn the_reliefs_of_a_pair_bound_the_fall_of_the_requirement() {
    for_books("relief", |rng, setting| {
        let world = World::unhealthy(rng, setting);
        let (book, before) = (world.book(), world.score());
        let (debt, deposit) = *world.pairs().choose(rng).unwrap();
        let reliefs = Reliefs::new(&setting.model, &book, &before).unwrap();
        let bonus = Ppm(rng.random_range(0..=50_000));
        let most = (-book[debt].value.0).min(book[deposit].value.0 * 1_000_000 / 1_050_000);
        let repay = Usd(most >> rng.random_range(0..8));
        if repay.0 <= 0 {
            return;
        }
        let after = score_after(&setting.model, &book, debt, deposit, repay, bonus).unwrap();
        let relief = i128::from(reliefs.relief_of_pair_up(debt, deposit, bonus).unwrap());
        let fall = before.requirement.0 - after.requirement.0;
        // 17 of padding and what rounding the seized value up adds
        assert!((fall - 20) * 10_000_000_000 <= relief * repay.0, "{fall} {relief} {repay:?}");
    });
}

/// Whether some tranche of some pair passes.
fn admits_a_tranche(world: &World) -> bool {
    let book = world.book();
    let request = world.request(&book, (0, 0));
    let Some((debt, deposit, plan)) = best_pair(&request, &world.curves(), &world.full_buckets()).unwrap()
    else {
        return false;
    };
    let Ok(outcome) = plan.settle(&world.legs((debt, deposit))) else { return false };
    let Some(next) = world.after((debt, deposit), &outcome) else { return false };
    plan.check_after(&next.score()).is_ok() && outcome.repay.0 > 0
}

/// On a kink of R no single pair helps, not even with the smallest tranche; two at once would.
fn is_on_a_kink(world: &World) -> bool {
    let (book, before) = (world.book(), world.score());
    let least = world.rules.minimum();
    world.pairs().into_iter().all(|(debt, deposit)| {
        let bonus = Ppm(u32::from(world.positions[deposit].curve.bonus_min.0) * 100);
        let after = score_after(&world.setting.model, &book, debt, deposit, least, bonus).unwrap();
        // up to what the tokens of a smallest tranche round away
        after.excess().0 <= before.excess().0 + 1_000_000
    })
}

#[test]
fn every_book_below_its_requirement_admits_a_tranche() {
    let (all, kinks) = (AtomicU64::new(0), AtomicU64::new(0));
    for_books("liveness", |rng, setting| {
        let world = World::unhealthy_and_legal(rng, setting);
        all.fetch_add(1, Relaxed);
        if !admits_a_tranche(&world) {
            assert!(
                setting.preset.is_none(),
                "a preset's book that nobody can liquidate: {:?}",
                world.book()
            );
            assert!(is_on_a_kink(&world), "{:?} {:?}", world.score(), world.book());
            kinks.fetch_add(1, Relaxed);
        }
    });
    let (all, kinks) = (all.into_inner(), kinks.into_inner());
    println!("liveness: {kinks} of {all} books lie on a kink that no single pair leaves");
    assert!(kinks * 20_000 <= all, "{kinks} of {all}");
}

#[test]
fn every_book_of_the_presets_admits_a_tranche() {
    for_some_books("liveness of presets", crate::runner::books() / 4, |rng, _| {
        let preset =
            [ballast_risk::presets::balanced, ballast_risk::presets::calm, ballast_risk::presets::safe]
                .choose(rng)
                .unwrap()()
            .unwrap();
        let setting = Setting::of_preset(preset);
        let world = World::unhealthy_and_legal(rng, &setting);
        assert!(admits_a_tranche(&world), "{} {:?} {:?}", preset.name, world.score(), world.book());
    });
}

/// The limit that a plan names is the one that bounds it.
#[test]
fn a_plan_that_names_its_target_is_below_every_other_bound() {
    for_books("limits", |rng, setting| {
        let world = World::unhealthy(rng, setting);
        let book = world.book();
        let pair = *world.pairs().choose(rng).unwrap();
        let mut request = world.request(&book, pair);
        let Ok(plan) = plan_tranche(&request) else { return };
        assert!(plan.repay.0 <= -book[pair.0].value.0);
        assert_eq!(plan.close_debt, plan.limit == TrancheLimit::Debt);
        assert_eq!(plan.take_deposit, plan.limit == TrancheLimit::Deposit);
        // a maximum at the plan changes nothing but perhaps its name; one below it bounds it
        request.maximum = plan.repay;
        assert_eq!(plan_tranche(&request).unwrap().repay, plan.repay);
        if plan.repay.0 > 2 * world.rules.minimum().0 {
            request.maximum.0 = plan.repay.0 / 2;
            let half = plan_tranche(&request).unwrap();
            assert_eq!((half.repay, half.limit), (request.maximum, TrancheLimit::Maximum));
        }
    });
}

#[test]
fn a_pair_that_waits_for_its_pace_or_depth_holds_up_no_other() {
    let (asked, waits) = (AtomicU64::new(0), AtomicU64::new(0));
    for_books("waiting pairs", |rng, setting| {
        let world = World::unhealthy_and_legal(rng, setting);
        let (book, curves, before) = (world.book(), world.curves(), world.score());
        let meter = PaceMeter { used: (before.debt.0 >> rng.random_range(0..14)) as u64, updated_at: NOW };
        let emptied = |curve: &TrancheCurve, quarters: u64| DepthBucket {
            used: DepthBucket::capacity_down(curve) / 4 * quarters,
            updated_at: NOW,
        };
        let buckets: Vec<_> = curves.iter().map(|curve| emptied(curve, rng.random_range(0..=4))).collect();
        let request = |pair: (usize, usize), usable: u32| TrancheRequest {
            meter,
            bucket: buckets[pair.1],
            usable,
            ..world.request(&book, pair)
        };
        let plan = |pair: (usize, usize), usable: u32| {
            let selling = |i: usize| Some((curves[i], buckets[i]));
            plan_beside_waiting_pairs(&request(pair, usable), before, selling)
        };
        let plans: Vec<_> = world.pairs().into_iter().map(|pair| (pair, plan(pair, u32::MAX))).collect();
        // pairs that nothing but a better pair keeps from selling more than dust
        let refused = plans.iter().filter(|(pair, planned)| {
            *planned == Err(RiskError::BetterPairAvailable)
                && plan(*pair, 1 << pair.0 | 1 << pair.1)
                    .is_ok_and(|alone| alone.repay.0 >= 2 * world.rules.minimum().0)
        });
        let some = plans.iter().any(|(_, planned)| planned.is_ok());
        for pair in refused {
            asked.fetch_add(1, Relaxed);
            assert!(some, "{pair:?} waits for a pair that waits: {plans:?}");
        }
        waits.fetch_add(
            plans.iter().any(|(_, planned)| *planned == Err(RiskError::PaceMeterSpent)).into(),
            Relaxed,
        );
    });
    println!("waiting pairs: {asked:?} refused for a better one, {waits:?} books with a spent pace");
}
