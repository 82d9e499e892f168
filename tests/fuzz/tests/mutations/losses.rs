//! Losses, and what else takes from those who do nothing.

use super::*;
use ballast::state::Books;
use ballast_fuzz::laws::{coalition, losses, sums::Sums, surplus};
use ballast_risk::{reserve::Ledger, DebtShares};
use std::collections::BTreeMap;

/// A reserve before and after half of its debt was written off.
fn written_off(change: impl FnOnce(&mut Reserve)) -> (Sums, Reserve, u64) {
    let now = ballast::oracle::now(&WORLD.clock());
    let mut reserve: Reserve = WORLD.svm.state(&reserve(&WORLD, 0, USDC)).unwrap();
    change(&mut reserve);
    let mut ledger = reserve.bring_up(now);
    let then = Sums::of(&reserve, now);
    let mut losses = *reserve.losses.as_risk();
    let half = DebtShares(ledger.debt_shares.0 / 2);
    losses.absorb(&mut ledger, half, now).unwrap();
    reserve.losses = losses.into();
    reserve.books = ledger.into();
    (then, reserve, now)
}

fn edited(reserve: &Reserve, now: u64, change: impl FnOnce(&mut Ledger)) -> Sums {
    let mut ledger = reserve.books.ledger();
    change(&mut ledger);
    Sums::of(&Reserve { books: Books::from(ledger), ..*reserve }, now)
}

#[test]
fn lenders_who_are_charged_twice_are_noticed() {
    let (key, (then, reserve, now)) = (Pubkey::default(), written_off(|_| {}));
    let once = Sums::of(&reserve, now);
    assert_eq!(losses::check(&key, "absorb_loss", &then, &once, 0), Ok(true));
    surplus::check(&key, &then, &once, 0, 1).unwrap();
    let fall = then.ledger.deposit_index - once.ledger.deposit_index;
    let twice = edited(&reserve, now, |ledger| ledger.deposit_index -= fall);
    losses::check(&key, "absorb_loss", &then, &twice, 0).unwrap_err();
    surplus::check(&key, &then, &twice, 0, 1).unwrap_err();
    // nor may another instruction bring a loss about, or one be forgotten
    losses::check(&key, "deposit", &then, &once, 0).unwrap_err();
    let forgotten = edited(&reserve, now, |ledger| ledger.deposit_index += fall);
    surplus::check(&key, &then, &forgotten, 0, 1).unwrap_err();
    // what was repaid was not lost
    losses::check(&key, "soft_liquidate", &then, &once, then.debt() - once.debt()).unwrap_err();
}

#[test]
fn a_loss_that_spares_insurance_or_fees_is_noticed() {
    let key = Pubkey::default();
    let (then, reserve, now) = written_off(|reserve| {
        (reserve.books.insurance, reserve.books.fees) = ([0, 5], [0, 7]);
    });
    assert_eq!(losses::check(&key, "absorb_loss", &then, &Sums::of(&reserve, now), 0), Ok(true));
    let spares = |change: fn(&mut Ledger)| {
        let now = edited(&reserve, now, change);
        losses::check(&key, "absorb_loss", &then, &now, 0).unwrap_err();
    };
    spares(|ledger| ledger.insurance_q64 = 1);
    spares(|ledger| ledger.fees_q64 = 1);
    let taken = edited(&reserve, now, |ledger| *ledger = then.ledger);
    assert_eq!(losses::check(&key, "repay", &then, &taken, 0), Ok(false));
    let taken = edited(&reserve, now, |ledger| *ledger = Ledger { fees_q64: 1, ..then.ledger });
    assert_eq!(losses::check(&key, "collect_fees", &then, &taken, 0), Ok(true));
    losses::check(&key, "collect_insurance", &then, &taken, 0).unwrap_err();
}

#[test]
fn what_is_nobodys_and_becomes_somebodys_is_noticed() {
    let fee = |world: &mut World| edit::<Reserve>(world, reserve(world, 0, BTC), |r| r.books.fees[1] += 2);
    breaks(&deposit(), fee, "only rounding is nobody's");
    let unbooked = |world: &mut World| {
        let (asset, vault) = (world.markets[BTC].asset(world.houses[0].key), world.houses[0].key);
        take_tokens(world, asset.tokens(), BTC, vault, 1);
    };
    breaks(&deposit(), unbooked, "only rounding is nobody's");
}

#[test]
fn a_gain_beyond_what_others_lost_is_noticed() {
    let worth = |amount| BTreeMap::from([(Pubkey::default(), amount)]);
    coalition::compare(&worth(10), &worth(14), &worth(4)).unwrap();
    coalition::compare(&worth(10), &worth(15), &worth(4)).unwrap_err();
    coalition::compare(&worth(10), &worth(10), &worth(-1)).unwrap();
}

/// A world in which the next tranche of this number takes a last deposit, and lenders bear the rest of the debt.
fn about_to_lose() -> (World, Action) {
    let lost = |world: &World| -> u64 {
        let all =
            world.houses.iter().flat_map(|house| house.listed.iter().map(|market| (house.key, *market)));
        let keys = all.map(|(vault, market)| world.markets[market].asset(vault).reserve());
        keys.filter_map(|key| world.svm.state::<Reserve>(&key))
            .map(|reserve| reserve.losses.unrecovered)
            .sum()
    };
    let mut player = crashed(6_000);
    for number in 0..100 {
        let before = player.world.clone();
        player.play(&tranche(number)).unwrap();
        if lost(&player.world) > lost(&before) {
            return (before, tranche(number));
        }
    }
    panic!("nobody loses in this crash");
}

#[track_caller]
fn loss_breaks(tamper: fn(&mut World), laws: &[&str]) {
    let (world, action) = about_to_lose();
    let mut player = Player::new(world);
    player.tamper = Some(tamper);
    player.play(&action).unwrap_err();
    let broken: Vec<_> = player.broken.iter().map(|violation| violation.law.as_str()).collect();
    assert!(laws.iter().all(|law| broken.contains(law)), "{laws:?}: {broken:?}");
}

#[test]
fn a_keeper_who_gains_where_lenders_lose_is_noticed() {
    let gift = |world: &mut World| {
        let keeper = world.actors[7];
        for market in 0..7 {
            let wallet = world.markets[market].asset(Pubkey::default()).wallet(&keeper);
            take_tokens(world, wallet, market, keeper, 10);
        }
    };
    loss_breaks(gift, &["no coalition gains"]);
}

#[test]
fn lenders_who_lose_more_than_was_forgiven_are_noticed() {
    let again = |world: &mut World| {
        for (house, market) in
            world.houses.clone().iter().flat_map(|h| h.listed.iter().map(move |m| (h.key, *m)))
        {
            let key = world.markets[market].asset(house).reserve();
            edit::<Reserve>(world, key, |reserve| {
                if reserve.losses.unrecovered > 0 {
                    let mut ledger = reserve.books.ledger();
                    ledger.deposit_index -= ledger.deposit_index / 100;
                    reserve.books = ledger.into();
                }
            });
        }
    };
    loss_breaks(again, &["losses are borne once and in order", "only rounding is nobody's"]);
}
