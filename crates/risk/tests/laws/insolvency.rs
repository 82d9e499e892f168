//! Insolvent books: every one closes within 32 calls, and lenders pay no more than 0.5 % for it.

use crate::{runner::for_books, world::World};
use ballast_risk::{
    bonus::MAX_INSOLVENT_BONUS,
    tranche::{best_pair, plan_tranche},
};
use rand::{seq::SliceRandom, Rng};
use rand_chacha::ChaCha8Rng;

/// A call by whoever comes: the planner's best pair or any other, the first that passes.
fn call<'a>(rng: &mut ChaCha8Rng, world: &World<'a>) -> Option<World<'a>> {
    let book = world.book();
    let mut pairs = world.pairs();
    pairs.shuffle(rng);
    if rng.random_bool(0.5) {
        let request = world.request(&book, (0, 0));
        let best = best_pair(&request, &world.curves(), &world.full_buckets()).unwrap();
        pairs.splice(0..0, best.map(|(debt, deposit, _)| (debt, deposit)));
    }
    pairs.into_iter().find_map(|pair| {
        let plan = plan_tranche(&world.request(&book, pair)).ok()?;
        if world.score().equity().0 <= 0 {
            assert!(plan.insolvent && plan.bonus.0 <= u32::from(MAX_INSOLVENT_BONUS.0) * 100);
            assert!(plan.insurance_slice.0 == 0 && plan.backstop);
            assert!(plan.close_debt || plan.take_deposit, "nothing but the positions bounds it");
        }
        let next = world.after(pair, &plan.settle(&world.legs(pair)).ok()?)?;
        plan.check_after(&next.score()).ok().map(|()| next)
    })
}

/// What cannot be sold for a whole share of a debt: less than two units of ten cents a position.
const DUST: i128 = 200_000;

#[test]
fn every_insolvent_book_closes_within_32_calls() {
    for_books("insolvency", |rng, setting| {
        let mut world = World::ruined(rng, setting);
        let owed = world.score().debt.0;
        let missing = -world.score().equity().0;
        let mut calls = 0;
        while let Some(next) = call(rng, &world) {
            calls += 1;
            assert!(calls <= 32, "{:?} {:?}", world.score(), world.book());
            world = next;
        }
        // Nobody can take any more: nothing is owed, or what is left of the deposits is dust and is absorbed with the debts.
        let end = world.score();
        assert!(
            end.debt.0 == 0 || end.collateral.0 < DUST * world.positions.len() as i128,
            "{end:?} {:?}",
            world.book()
        );
        // Lenders lose what was missing, half a percent of the debt for the keepers, and roundings.
        let rounding = 2 * DUST * world.positions.len() as i128;
        let keepers = owed * i128::from(MAX_INSOLVENT_BONUS.0) / 10_000;
        assert!(-end.equity().0 <= missing + keepers + rounding, "{end:?} {missing}");
    });
}
