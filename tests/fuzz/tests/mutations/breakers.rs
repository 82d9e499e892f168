//! What the laws of breakers notice: who raises them, what they let through, and how much leaves.

use super::*;
use ballast::state::{safety::Breaker, ProposedChange};
use ballast_fuzz::{
    generate::Generator,
    laws::{
        breakers, changes,
        exits::{check_daily, check_pro_rata, Count, Exit, Rule, SHARE},
        halts, rises, worth,
    },
};
use ballast_risk::breaker::{Action as Row, Cause, ACTIONS};
use std::collections::BTreeSet;

const GUARD: u8 = ballast_fuzz::world::GUARDIAN as u8;

fn withdrawal(bps: u16) -> Action {
    let of = Pick::Own(0, 0);
    send(0, Deed::Withdraw { of, asset: 0, amount: Amount::Part(bps) }, vec![])
}

/// Actor 0's lent BTC may leave by a fifth a day.
fn guarded() -> Player {
    let mut player = Player::new(WORLD.clone());
    let tighten = Deed::Tighten { vault: 0, asset: Some(0), halted: false, seconds: 20_000 };
    assert!(player.play(&send(GUARD, tighten, vec![])).unwrap().unwrap().landed());
    player
}

#[track_caller]
fn broke(player: &Player, law: &str) {
    assert!(player.broken.iter().any(|violation| violation.law == law), "{:?}", player.broken);
}

#[test]
fn every_row_of_the_table_is_what_some_instruction_does() {
    let deeds = (0..60).flat_map(|seed| Generator::new(seed, 0)).filter_map(|action| match action {
        Action::Send(calls) => Some(calls),
        _ => None,
    });
    let asked: BTreeSet<u8> =
        deeds.flatten().flat_map(|call| breakers::rows(call.deed.name())).map(|row| *row as u8).collect();
    for row in ACTIONS {
        assert!(asked.contains(&(row as u8)), "nothing does {row:?}");
    }
    for row in [Row::CollectFees, Row::LendAgainst, Row::ExecuteLoosening] {
        breakers::check(row, State::Guarded, State::Normal).unwrap_err();
    }
    breakers::check(Row::ExecuteReopening, State::Halted, State::Normal).unwrap_err();
}

#[test]
fn what_leaves_beyond_the_daily_share_is_noticed() {
    let mut player = guarded();
    player.play(&withdrawal(1_500)).unwrap();
    assert!(player.tally.laws.contains_key(SHARE));
    // as if the program had let a tenth more of the whole go
    player.tamper = Some(|world| {
        edit::<Obligation>(world, obligation(world, 0), |o| {
            o.positions[0].shares -= o.positions[0].shares / 10
        });
    });
    player.play(&withdrawal(100)).unwrap_err();
    broke(&player, SHARE);
}

#[test]
fn a_position_that_forgets_what_it_took_is_noticed() {
    let mut player = guarded();
    player.play(&withdrawal(1_500)).unwrap();
    let outcome = player.play(&withdrawal(1_500)).unwrap().unwrap();
    assert!(!outcome.landed(), "{outcome:?}");
    let key = obligation(&player.world, 0);
    edit::<Obligation>(&mut player.world, key, |o| o.positions[0].flow.taken = 0);
    player.play(&withdrawal(1_500)).unwrap_err();
    broke(&player, SHARE);
}

#[test]
fn a_guard_that_says_it_is_older_than_it_is_gives_no_more_away() {
    let mut player = guarded();
    let key = reserve(&player.world, 0, BTC);
    edit::<Reserve>(&mut player.world, key, |reserve| reserve.breaker.left_normal_at -= 4 * 86_400);
    player.play(&withdrawal(5_000)).unwrap_err();
    broke(&player, SHARE);
}

#[test]
fn a_first_share_that_a_second_guard_gives_is_noticed() {
    let mut player = guarded();
    player.play(&withdrawal(2_000)).unwrap();
    player.play(&Action::Pass { seconds: 20_001, slots: 1 }).unwrap();
    let tighten = Deed::Tighten { vault: 0, asset: Some(0), halted: false, seconds: 20_000 };
    assert!(player.play(&send(GUARD, tighten, vec![])).unwrap().unwrap().landed());
    // a quarter of a day's share came up meanwhile
    assert!(!player.play(&withdrawal(1_000)).unwrap().unwrap().landed());
    assert!(player.play(&withdrawal(500)).unwrap().unwrap().landed());
    let key = obligation(&player.world, 0);
    edit::<Obligation>(&mut player.world, key, |o| o.positions[0].flow = Default::default());
    player.play(&withdrawal(1_000)).unwrap_err();
    broke(&player, SHARE);
}

#[test]
fn days_count_as_far_as_shares_were_taken_for_them() {
    const DAY: u64 = 86_400;
    let count = Count { taken: 400, since: 10 * DAY };
    // two days' shares of a thousand were taken
    assert_eq!(count.until(15 * DAY, 600, 2_000), Count { taken: 400, since: 13 * DAY });
    assert_eq!(count.until(11 * DAY, 600, 2_000), count);
    assert_eq!(count.until(24 * DAY, 600, 2_000), Count { taken: 0, since: 24 * DAY });
    assert_eq!(count.under(Rule::Daily(9 * DAY), 600, 2_000), count);
    assert_eq!(count.under(Rule::ProRata(9 * DAY), 600, 2_000), Count { taken: 0, since: 9 * DAY });
}

#[test]
fn shares_add_up_by_days_and_by_what_is_free() {
    let exit = |base, taken| Exit { base, taken };
    check_daily(exit(1_000, 200), 2_000, 0).unwrap();
    check_daily(exit(1_000, 201), 2_000, 0).unwrap_err();
    check_daily(exit(1_000, 300), 2_000, 43_200).unwrap();
    check_daily(exit(1_000, 301), 2_000, 43_200).unwrap_err();
    // a half of what was there is free or left, so a half of the own
    let (shares, left, free, deposits) = (800, 200, 300, 800.into());
    check_pro_rata(exit(100, 50), shares, left, free, &deposits).unwrap();
    check_pro_rata(exit(100, 51), shares, left, free, &deposits).unwrap_err();
    check_pro_rata(exit(100, 100), shares, left, 800, &deposits).unwrap();
}

#[test]
fn a_breaker_that_rises_without_its_signal_is_noticed() {
    let law = "a breaker rises by its signals";
    let raised = |cause: Cause| Breaker {
        state: State::Guarded as u8,
        cause: cause as u8,
        expires_at: u64::MAX,
        ..Breaker::default()
    };
    // a deposit raises nothing but for tokens that are missing, and none are
    breaks(
        &deposit(),
        |world| {
            edit::<Reserve>(world, reserve(world, 0, BTC), |r| {
                (r.breaker.state, r.breaker.cause, r.breaker.expires_at) = (1, Cause::Loss as u8, u64::MAX);
            });
        },
        law,
    );
    breaks(
        &deposit(),
        |world| {
            edit::<Reserve>(world, reserve(world, 0, BTC), |r| {
                (r.breaker.state, r.breaker.cause, r.breaker.expires_at) =
                    (2, Cause::Deficit as u8, u64::MAX);
            });
        },
        law,
    );
    // a change of caps does not halt the vault
    let propose =
        send(CURATOR as u8, Deed::ProposeChange { vault: 0, asset: None, kind: 4, size: -100 }, vec![]);
    let halt = |world: &mut World| {
        edit::<Vault>(world, world.houses[0].key, |v| {
            (v.breaker.state, v.breaker.cause, v.breaker.expires_at) = (2, Cause::Deficit as u8, u64::MAX);
        });
    };
    breaks(&propose, halt, law);
    // a vault does not rise by what is wrong with one price, and the guardian does not extend what a signal holds
    assert!(
        rises::raise_vaults(Cause::Jump).is_empty() && rises::raise_reserves(Cause::GuardedShare).is_empty()
    );
    let (then, mut now) = (raised(Cause::Jump), raised(Cause::Guardian));
    assert_eq!(rises::raised(&then, &now, 5), None, "it holds as long");
    assert_eq!(rises::raised(&Breaker::default(), &now, 5), Some(Cause::Guardian));
    now.state = State::Halted as u8;
    assert_eq!(rises::raised(&then, &now, 5), Some(Cause::Guardian));
    // what is only written down later is no rise
    let halted = Breaker { expires_at: 100, guarded_seconds: 50, ..now };
    let stepped = Breaker { state: State::Guarded as u8, expires_at: 150, ..now };
    assert_eq!(rises::raised(&halted, &stepped, 120), None);
}

#[test]
fn a_breaker_that_falls_but_out_of_winding_down_is_noticed() {
    let at = |state: State| Breaker { state: state as u8, expires_at: u64::MAX, ..Breaker::default() };
    breakers::check_fall(&at(State::WindDown), &at(State::Guarded), true, 5).unwrap();
    breakers::check_fall(&at(State::WindDown), &at(State::Guarded), false, 5).unwrap_err();
    breakers::check_fall(&at(State::WindDown), &at(State::Normal), true, 5).unwrap_err();
    breakers::check_fall(&at(State::Halted), &at(State::Guarded), true, 5).unwrap_err();
}

#[test]
fn a_change_is_what_it_does_and_not_what_it_says() {
    let vault: Vault = WORLD.svm.state(&WORLD.houses[0].key).unwrap();
    let reserve: Reserve = WORLD.svm.state(&reserve(&WORLD, 0, BTC)).unwrap();
    let model = |change: fn(&mut ballast::state::RiskModel)| {
        let mut model = vault.model;
        change(&mut model);
        changes::action(&ProposedChange::Model { model, ramp_seconds: 0 }, &vault, None, 0)
    };
    assert_eq!(model(|model| model.debt_floor += 1), Row::ExecuteTightening);
    assert_eq!(model(|model| model.debt_floor -= 1), Row::ExecuteLoosening);
    let milder = model(|model| {
        let shock = model.rows[1].iter_mut().find(|shock| **shock < 0).unwrap();
        *shock += 1;
    });
    assert_eq!(milder, Row::ExecuteLoosening);
    let of_reserve =
        |proposed| changes::action(&proposed, &vault, Some(&reserve), reserve.price.publish_time);
    assert_eq!(of_reserve(ProposedChange::Borrowable(false)), Row::ExecuteTightening);
    assert_eq!(of_reserve(ProposedChange::Borrowable(true)), Row::ExecuteLoosening);
    assert_eq!(of_reserve(ProposedChange::Reopen), Row::ExecuteReopening);
    assert_eq!(of_reserve(ProposedChange::Flows(reserve.flow_rules)), Row::ExecuteLoosening);
}

#[test]
fn a_loan_that_lacks_equity_at_conservative_prices_is_noticed() {
    let clock = WORLD.clock();
    worth::check_covered(&Book::of(&WORLD.svm, &obligation(&WORLD, 3)).unwrap(), &clock).unwrap();
    let mut book = Book::of(&WORLD.svm, &obligation(&WORLD, 3)).unwrap();
    (book.reserves[0].breaker.state, book.reserves[0].breaker.expires_at) = (1, u64::MAX);
    worth::check_covered(&book, &clock).unwrap_err();
}

#[test]
fn a_breaker_that_falls_or_is_ignored_is_noticed() {
    use ballast_risk::breaker::Action as Guarded;
    breakers::check(Guarded::Borrow, State::Normal, State::Guarded).unwrap_err();
    breakers::check(Guarded::Deposit, State::Halted, State::Normal).unwrap_err();
    breakers::check(Guarded::Repay, State::WindDown, State::WindDown).unwrap();
    let tighten = Deed::Tighten { vault: 0, asset: Some(0), halted: false, seconds: 1_000 };
    let guardian = ballast_fuzz::world::GUARDIAN as u8;
    let mut player = Player::new(WORLD.clone());
    player.play(&send(guardian, tighten, vec![])).unwrap();
    player.tamper =
        Some(|world| edit::<Reserve>(world, reserve(world, 0, BTC), |r| r.breaker = Default::default()));
    player.play(&deposit()).unwrap_err();
    let law = "no breaker falls before its time";
    assert!(player.broken.iter().any(|violation| violation.law == law), "{:?}", player.broken);
}

#[test]
fn a_cause_that_halts_for_too_long_is_noticed() {
    use ballast_risk::breaker::{Breaker, Cause, MAX_HALTED_SECONDS};
    halts::check(Cause::Loss, MAX_HALTED_SECONDS).unwrap();
    halts::check(Cause::Loss, MAX_HALTED_SECONDS + 1).unwrap_err();
    let halted = |cause: Cause, until| Breaker {
        state: State::Halted as u8,
        cause: cause as u8,
        expires_at: until,
        ..Breaker::default()
    };
    let (key, hour, begin) = (Pubkey::new_unique(), 3_600, 100 * 86_400);
    let mut held = halts::Halts::default();
    for number in 0..24 {
        let at = begin + number * 5 * hour;
        assert_eq!(held.record(key, &halted(Cause::Deficit, at + hour).into(), at, at + 5 * hour), Ok(true));
        // what another cause holds is counted by itself, and after its end nothing is
        let between = &halted(Cause::Loss, at + 2 * hour).into();
        assert_eq!(held.record(key, between, at + hour, at + 5 * hour), Ok(true));
        assert_eq!(held.record(key, between, at + 2 * hour, at + 5 * hour), Ok(false));
    }
    // the 25th hour of a week is one too many, and the 25th of eight days is not
    let at = begin + 24 * 5 * hour;
    held.clone().record(key, &halted(Cause::Deficit, at + hour).into(), at, at + hour).unwrap_err();
    let at = begin + 7 * 86_400;
    assert_eq!(held.record(key, &halted(Cause::Deficit, at + hour).into(), at, at + hour), Ok(true));
}
