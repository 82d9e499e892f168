//! What the valuation by raw fields notices.

use super::*;
use ballast_fuzz::{
    laws::worth::{check_heals, check_model, check_written},
    probes::worth::{all, as_it_is},
    reference::{worth, At},
};

/// The first vault, which is borrowed from, with every price and score written down now.
fn looked_at() -> World {
    let mut world = WORLD.clone();
    assert_eq!(as_it_is(&mut world, 1_000_000), Ok(true));
    world
}

fn reserves_of(world: &World, book: &Book) -> Vec<Pubkey> {
    let listed = |market: &ballast_tests::Market| market.asset(book.obligation.vault).reserve();
    let keys: Vec<Pubkey> = world.markets.iter().map(listed).collect();
    let of = |key: &Pubkey| book.obligation.active().iter().any(|position| position.reserve == *key);
    keys.into_iter().filter(of).collect()
}

/// Every reserve of a borrower changed; what the client says of it by then is compared with what it is worth.
#[track_caller]
fn is_noticed(change: fn(&mut Reserve)) {
    let mut world = looked_at();
    let key = obligation(&world, 3);
    let book = Book::of(&world.svm, &key).unwrap();
    for reserve in reserves_of(&world, &book) {
        edit::<Reserve>(&mut world, reserve, change);
    }
    as_it_is(&mut world, 1).unwrap_err();
}

#[test]
fn every_book_is_valued_and_nothing_is_left_out() {
    let world = looked_at();
    let clock = world.clock();
    let mut indebted = 0;
    for key in world.obligations.keys() {
        let book = Book::of(&world.svm, key).unwrap();
        for at in [At::Spot, At::Opening, At::Healing] {
            let worth = worth(&book, &clock, at).unwrap();
            assert!(worth.requirement.width() < 40.into(), "{at:?}: {worth:?}");
        }
        indebted += usize::from(book.obligation.has_debt());
    }
    assert!(indebted >= 12, "{indebted}");
    assert_eq!(all(&WORLD, 5), Ok(true));
}

#[test]
fn a_deposit_at_spot_instead_of_the_low_price_is_noticed() {
    is_noticed(|reserve| reserve.price.low = reserve.price.spot);
}

#[test]
fn a_debt_at_spot_instead_of_the_high_price_is_noticed() {
    is_noticed(|reserve| reserve.price.high = reserve.price.spot);
}

#[test]
fn a_price_at_its_average_or_a_millionth_off_is_noticed() {
    is_noticed(|reserve| {
        reserve.price.ema += reserve.price.ema / 50;
        reserve.price.spot = reserve.price.high;
    });
    is_noticed(|reserve| reserve.price.spot.mantissa += reserve.price.spot.mantissa / 1_000_000);
}

#[test]
fn a_score_of_other_prices_shares_or_interest_is_noticed() {
    let written = |change: fn(&mut Book)| {
        let world = looked_at();
        let mut book = Book::of(&world.svm, &obligation(&world, 3)).unwrap();
        check_written(&book, &world.clock()).unwrap();
        change(&mut book);
        check_written(&book, &world.clock()).unwrap_err();
    };
    written(|book| book.reserves[0].price.price += book.reserves[0].price.price / 1_000_000);
    written(|book| book.obligation.positions[0].shares -= book.obligation.positions[0].shares / 1_000_000);
    // a minute of interest that nobody counted
    written(|book| book.reserves[1].books.accrued_at -= 60);
    written(|book| book.reserves[0].books.deposit_index[0] ^= 1 << 60);
    written(|book| book.vault.model.debt_floor += 4_000);
    // two minutes beyond the first: one percent in the borrower's favour
    written(|book| book.reserves[0].price.publish_time -= 180);
    written(|book| book.obligation.requirement += 60);
}

#[test]
fn a_deposit_that_a_breaker_does_not_lend_against_is_counted_as_nothing() {
    let world = looked_at();
    let mut book = Book::of(&world.svm, &obligation(&world, 3)).unwrap();
    let clock = world.clock();
    let whole = worth(&book, &clock, At::Opening).unwrap();
    let pledged = &mut book.reserves[0].breaker;
    (pledged.state, pledged.expires_at) = (1, u64::MAX);
    let none = worth(&book, &clock, At::Opening).unwrap();
    assert_eq!(none.collateral.high, 0.into());
    assert_eq!(none.debt, whole.debt);
    // and a top-up counts it
    assert_eq!(worth(&book, &clock, At::Healing).unwrap().collateral, whole.collateral);
}

#[test]
fn a_top_up_beyond_what_is_missing_is_noticed() {
    let world = looked_at();
    let book = Book::of(&world.svm, &obligation(&world, 3)).unwrap();
    check_heals(&book, &world.clock()).unwrap_err();
    let player = crashed(2_500);
    let clock = player.world.clock();
    let sick = player.world.obligations.keys().find(|key| player.world.is_unhealthy(key, &clock)).unwrap();
    check_heals(&Book::of(&player.world.svm, sick).unwrap(), &clock).unwrap();
}

#[test]
fn a_ramp_ahead_of_its_line_is_noticed() {
    let vault: Vault = WORLD.svm.state(&WORLD.houses[0].key).unwrap();
    let mut ramping = vault;
    ramping.model_before = vault.model;
    ramping.model.debt_floor += 300;
    (ramping.ramp.start, ramping.ramp.duration) = (1_000, 300_000);
    for now in [1_000, 1_001, 50_000, 150_000, 300_999, 301_000, 900_000] {
        check_model(&ramping, now).unwrap();
    }
    check_model(&vault, 5_000).unwrap();
    // half of its time: what counts then is compared with a line of twice the length
    let at = |now: u64| (i64::from(ramping.model_at(now).debt_floor.0), now);
    let (counts, _) = at(250_000);
    let (from, to) = (i64::from(ramping.model_before.debt_floor), i64::from(ramping.model.debt_floor));
    ballast_fuzz::laws::worth::check_line(&ramping.ramp, 250_000, from, to, counts).unwrap();
    ballast_fuzz::laws::worth::check_line(&ramping.ramp, 125_500, from, to, counts).unwrap_err();
}
