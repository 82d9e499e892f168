//! Every kind of change: what it is, what it writes, and what its event says. Nothing else in the account moves.

use anchor_lang::prelude::Pubkey;
use ballast::{
    instructions::RateConfig,
    state::{ChangeClass, OracleConfig, ProposedChange, Quote, Reserve, Vault},
    BallastError,
};
use ballast_client::Event;
use ballast_risk::{
    change::{MAX_TIMELOCK, MIN_TIMELOCK},
    fund::FundRules,
};
use ballast_tests::desk::{Desk, DAY, DELAY};
use ballast_tests::refused;

/// A change made from what counts now, and what it is.
type Of<T> = (&'static str, ChangeClass, fn(&T) -> ProposedChange, fn(&mut T, &ProposedChange));

const WAITS: ChangeClass = ChangeClass::Timelock;

/// Writes what a change proposes, by hand.
macro_rules! writes {
    ($state:ident, $variant:ident => $($field:ident).+) => {
        |state: &mut $state, change: &ProposedChange| {
            if let ProposedChange::$variant(new) = change {
                state.$($field).+ = *new;
            }
        }
    };
}

#[tokio::test]
async fn every_change_of_a_vault_does_what_it_says() {
    let mut desk = Desk::open().await;
    let changes: Vec<Of<Vault>> = vec![
        (
            "rules",
            WAITS,
            |v| ProposedChange::Rules(with(v.rules, |r| r.insurance_slice += 1)),
            writes!(Vault, Rules => rules),
        ),
        (
            "caps up",
            WAITS,
            |v| ProposedChange::VaultCaps(with(v.caps, |c| (c.leverage, c.ltv) = (30_000, 9_501))),
            writes!(Vault, VaultCaps => caps),
        ),
        (
            "caps down",
            ChangeClass::AtOnce,
            |v| ProposedChange::VaultCaps(with(v.caps, |c| c.leverage -= 1)),
            writes!(Vault, VaultCaps => caps),
        ),
        (
            "thresholds",
            WAITS,
            |v| ProposedChange::VaultThresholds(with(v.thresholds, |t| t.loss_guards -= 1)),
            writes!(Vault, VaultThresholds => thresholds),
        ),
        (
            "timelock",
            WAITS,
            |v| ProposedChange::Timelock(v.timelock + 60),
            writes!(Vault, Timelock => timelock),
        ),
        (
            "timelock, shorter",
            WAITS,
            |v| ProposedChange::Timelock(v.timelock - 60),
            writes!(Vault, Timelock => timelock),
        ),
        (
            "guardian",
            WAITS,
            |_| ProposedChange::Guardian(Pubkey::new_unique()),
            writes!(Vault, Guardian => guardian),
        ),
        (
            "fee recipient",
            WAITS,
            |_| ProposedChange::FeeRecipient(Pubkey::new_unique()),
            writes!(Vault, FeeRecipient => fee_recipient),
        ),
        (
            "token and rules of a fund",
            WAITS,
            |v| ProposedChange::Fund { reserve: v.reserves[1], rules: FundRules::BALANCED.into() },
            |v, change| {
                if let ProposedChange::Fund { reserve, rules } = change {
                    (v.fund_reserve, v.fund_rules) = (*reserve, *rules);
                }
            },
        ),
        (
            "a model that asks for less",
            WAITS,
            |v| ProposedChange::Model { model: with(v.model, |m| m.debt_floor -= 1), ramp_seconds: 0 },
            |v, change| {
                if let ProposedChange::Model { model, .. } = change {
                    v.model = *model;
                }
            },
        ),
    ];
    for (what, class, make, write) in changes {
        println!("{what}");
        let mut expected = desk.vault().await;
        let proposed = make(&expected);
        let before = restoring(&proposed, |change| change.present_in_vault(&expected));
        let receipt = carry_out(&mut desk, None, class, &proposed).await;
        write(&mut expected, &proposed);
        expected.last_change += 1;
        assert_eq!(bytemuck::bytes_of(&desk.vault().await), bytemuck::bytes_of(&expected));
        check_event(&receipt, before, &proposed);
    }
}

#[tokio::test]
async fn every_change_of_a_reserve_does_what_it_says() {
    let mut desk = Desk::open().await;
    let sol = desk.world.sol;
    let changes: Vec<Of<Reserve>> = vec![
        (
            "curve",
            WAITS,
            |r| ProposedChange::Curve(with(r.curve, |c| c.bonus_max -= 1)),
            writes!(Reserve, Curve => curve),
        ),
        (
            "flows",
            WAITS,
            |r| ProposedChange::Flows(with(r.flow_rules, |f| f.daily_share += 1)),
            writes!(Reserve, Flows => flow_rules),
        ),
        (
            "thresholds",
            WAITS,
            |r| ProposedChange::ReserveThresholds(with(r.thresholds, |t| t.jump_halts += 1)),
            writes!(Reserve, ReserveThresholds => thresholds),
        ),
        (
            "caps down",
            ChangeClass::AtOnce,
            |r| ProposedChange::ReserveCaps(with(r.caps, |c| (c.deposits, c.exposure) = (5_000, 1_000))),
            writes!(Reserve, ReserveCaps => caps),
        ),
        (
            "caps up, but for one",
            WAITS,
            |r| ProposedChange::ReserveCaps(with(r.caps, |c| (c.deposits, c.exposure) = (9, 2_000))),
            writes!(Reserve, ReserveCaps => caps),
        ),
        (
            "borrowing off",
            ChangeClass::AtOnce,
            |_| ProposedChange::Borrowable(false),
            |r, _| r.borrowable = 0,
        ),
        ("borrowing on", WAITS, |_| ProposedChange::Borrowable(true), |r, _| r.borrowable = 1),
        (
            "an asset that nobody holds",
            WAITS,
            |r| ProposedChange::Asset { risk: with(r.risk, |a| a.idio += 100), ramp_seconds: 0 },
            |r, _| r.risk.idio += 100,
        ),
        (
            "confidence and size",
            WAITS,
            |r| {
                ProposedChange::Oracle(OracleConfig {
                    confidence_factor: 20_000,
                    max_confidence: 100,
                    size_charge: 7,
                    ..OracleConfig::of(r)
                })
            },
            |r, _| (r.confidence_factor, r.max_confidence, r.size_charge) = (20_000, 100, 7),
        ),
    ];
    for (what, class, make, write) in changes {
        println!("{what}");
        let mut expected = desk.reserve(&sol).await;
        let proposed = make(&expected);
        let before = restoring(&proposed, |change| change.present_in_reserve(&expected));
        let about = desk.about(&sol);
        let receipt = carry_out(&mut desk, about, class, &proposed).await;
        write(&mut expected, &proposed);
        assert_eq!(bytemuck::bytes_of(&desk.reserve(&sol).await), bytemuck::bytes_of(&expected));
        check_event(&receipt, before, &proposed);
    }
}

#[tokio::test]
async fn new_rates_count_from_their_execution_and_not_for_the_past() {
    let mut desk = Desk::open().await;
    let (btc, usdc) = (desk.world.btc, desk.world.usdc);
    desk.world.lender(&usdc, usdc.units(100_000)).await;
    let ann = desk.world.user().await;
    desk.world.deposit(&ann, &btc, btc.units(1)).await.unwrap();
    desk.world.tick(1).await;
    desk.world.borrow(&ann, &usdc, usdc.units(50_000)).await.unwrap();
    let about = desk.about(&usdc);
    let reserve = desk.reserve(&usdc).await;
    let mut rates = reserve.rates;
    for point in &mut rates.points[..rates.count as usize] {
        point.rate_bps *= 2;
    }
    let split = with(reserve.split, |s| s.fee += 500);
    let (by_rates, _) = desk.try_propose(about, ProposedChange::Rates(rates)).await.unwrap();
    let (by_split, _) = desk.try_propose(about, ProposedChange::Split(split)).await.unwrap();
    desk.wait(DELAY);
    let now = desk.world.chain.now() as u64;
    // what two days at the old rates come to
    let expected = desk.reserve(&usdc).await.accrued_ledger(now);
    desk.execute(&by_rates).await.unwrap();
    let changed = desk.reserve(&usdc).await;
    let (books, rate_before) = (changed.books.ledger(), expected.rate_per_second);
    assert_eq!((books.debt_index, books.fees_q64), (expected.debt_index, expected.fees_q64));
    assert!(books.rate_per_second > rate_before * 19 / 10, "the rate doubles at once");
    assert_eq!(changed.rates, rates);

    desk.wait(100);
    let now = desk.world.chain.now() as u64;
    let expected = desk.reserve(&usdc).await.accrued_ledger(now);
    desk.execute(&by_split).await.unwrap();
    let changed = desk.reserve(&usdc).await;
    assert_eq!(changed.books.ledger().fees_q64, expected.fees_q64);
    assert_eq!(changed.split, split);
}

#[tokio::test]
async fn a_new_feed_starts_without_a_quote_and_a_price_keeps_its_number_of_feeds_while_it_is_used() {
    let mut desk = Desk::open().await;
    let sol = desk.world.sol;
    let about = desk.about(&sol);
    let before = desk.reserve(&sol).await;
    let rate = RateConfig { feed_id: [8; 32], anchor: 1_000_000_000, growth: 10 };
    let feed = OracleConfig { feed_id: [9; 32], ..OracleConfig::of(&before) };
    let composed = OracleConfig { rate: Some(rate), ..feed };

    desk.carry_out(about, ProposedChange::Oracle(feed)).await;
    let reserve = desk.reserve(&sol).await;
    let from_now_on = Quote { publish_time: desk.world.chain.now() as u64, ..Quote::default() };
    assert_eq!((reserve.source.feed_id, reserve.source.quotes), ([9; 32], [from_now_on, Quote::default()]));
    assert_eq!(reserve.price, before.price, "the price counts on, and grows old");

    // nobody holds SOL yet: it may become a composed price, and back
    let back = desk.try_propose(about, ProposedChange::Oracle(composed)).await.unwrap().0;
    desk.wait(DELAY);
    desk.execute(&back).await.unwrap();
    let reserve = desk.reserve(&sol).await;
    assert!(reserve.source.is_composed());
    assert_eq!(reserve.source.anchor.updated_at, desk.world.chain.now() as u64);
    // the base stays what it was, and so does the anchor where a rate is only restated
    let restated = OracleConfig { confidence_factor: 30_000, ..OracleConfig::of(&reserve) };
    let anchor = reserve.source.anchor;
    desk.carry_out(about, ProposedChange::Oracle(restated)).await;
    assert_eq!(desk.reserve(&sol).await.source.anchor, anchor);

    desk.world.lender(&sol, 1).await;
    let plain = ProposedChange::Oracle(feed);
    refused(desk.try_propose(about, plain).await, BallastError::OnlyWhenUnused);
}

#[tokio::test]
async fn what_changes_nothing_or_passes_its_bounds_is_not_even_proposed() {
    let mut desk = Desk::open().await;
    let sol = desk.world.sol;
    let key = desk.world.vault;
    desk.world
        .chain
        .edit::<Vault>(key, |vault| {
            (vault.fund_reserve, vault.fund_rules) = (vault.reserves[0], FundRules::BALANCED.into());
        })
        .await;
    let (vault, reserve, about) = (desk.vault().await, desk.reserve(&sol).await, desk.about(&sol));
    let same = [
        (None, ProposedChange::Model { model: vault.model, ramp_seconds: 9 * DAY as u64 }),
        (None, ProposedChange::Rules(vault.rules)),
        (None, ProposedChange::VaultCaps(vault.caps)),
        (None, ProposedChange::VaultThresholds(vault.thresholds)),
        (None, ProposedChange::Timelock(vault.timelock)),
        (None, ProposedChange::Curator(vault.curator)),
        (None, ProposedChange::Guardian(vault.guardian)),
        (None, ProposedChange::FeeRecipient(vault.fee_recipient)),
        (None, ProposedChange::Fund { reserve: vault.reserves[0], rules: vault.fund_rules }),
        (None, ProposedChange::Open),
        (about, ProposedChange::Asset { risk: reserve.risk, ramp_seconds: 0 }),
        (about, ProposedChange::Curve(reserve.curve)),
        (about, ProposedChange::Rates(reserve.rates)),
        (about, ProposedChange::Split(reserve.split)),
        (about, ProposedChange::ReserveCaps(reserve.caps)),
        (about, ProposedChange::Flows(reserve.flow_rules)),
        (about, ProposedChange::ReserveThresholds(reserve.thresholds)),
        (about, ProposedChange::Borrowable(true)),
        (about, ProposedChange::Oracle(OracleConfig::of(&reserve))),
    ];
    for (reserve, proposed) in same {
        println!("{proposed:?}");
        refused(desk.try_propose(reserve, proposed).await, BallastError::ChangesNothing);
    }
    let oracle = OracleConfig::of(&reserve);
    let rate = RateConfig { feed_id: [1; 32], anchor: 1_000_000_000, growth: 101 };
    let beyond = [
        (None, ProposedChange::Model { model: with(vault.model, |m| m.debt_floor = 500), ramp_seconds: 0 }),
        (None, ProposedChange::Rules(with(vault.rules, |r| r.insurance_slice = 5_001))),
        (None, ProposedChange::VaultCaps(with(vault.caps, |c| c.ltv = 9_524))),
        (None, ProposedChange::VaultThresholds(with(vault.thresholds, |t| t.loss_guards = 0))),
        (None, ProposedChange::Timelock(MIN_TIMELOCK - 1)),
        (None, ProposedChange::Timelock(MAX_TIMELOCK + 1)),
        (about, ProposedChange::Curve(with(reserve.curve, |c| c.bonus_max = 501))),
        (about, ProposedChange::Rates(with(reserve.rates, |r| r.count = 1))),
        (about, ProposedChange::Split(with(reserve.split, |s| (s.fee, s.insurance) = (2_501, 2_500)))),
        (about, ProposedChange::ReserveCaps(with(reserve.caps, |c| c.utilisation = 9_501))),
        (about, ProposedChange::Flows(with(reserve.flow_rules, |f| f.daily_share = 1_400))),
        (about, ProposedChange::ReserveThresholds(with(reserve.thresholds, |t| t.jump_window = 59))),
        (about, ProposedChange::Oracle(OracleConfig { feed_id: [0; 32], ..oracle })),
        (about, ProposedChange::Oracle(OracleConfig { size_charge: 10_001, ..oracle })),
        (about, ProposedChange::Oracle(OracleConfig { confidence_factor: 9_999, ..oracle })),
        (about, ProposedChange::Oracle(OracleConfig { max_confidence: 9, ..oracle })),
        (about, ProposedChange::Oracle(OracleConfig { rate: Some(rate), ..oracle })),
    ];
    for (reserve, proposed) in beyond {
        println!("{proposed:?}");
        refused(desk.try_propose(reserve, proposed).await, BallastError::InvalidParameter);
    }
    let fees_to_nobody = ProposedChange::FeeRecipient(Pubkey::default());
    refused(desk.try_propose(None, fees_to_nobody).await, BallastError::NobodyNamed);
}

/// Proposes, checks the class, waits if it has to, executes.
async fn carry_out(
    desk: &mut Desk,
    reserve: Option<Pubkey>,
    class: ChangeClass,
    proposed: &ProposedChange,
) -> ballast_tests::Receipt {
    let (proposal, _) = desk.try_propose(reserve, proposed.clone()).await.unwrap();
    assert_eq!(desk.change(&proposal).await.unwrap().class, class);
    if class == ChangeClass::AtOnce {
        return desk.execute_at_once(&proposal).await.unwrap();
    }
    refused(desk.execute_at_once(&proposal).await, BallastError::NotRipe);
    // a change of the timelock itself waits as long as the timelock before it
    let delay = desk.change(&proposal).await.unwrap().timelock.delay;
    desk.wait(delay as i64);
    desk.execute(&proposal).await.unwrap()
}

fn restoring(
    proposed: &ProposedChange,
    present: impl Fn(&ProposedChange) -> Option<Box<ProposedChange>>,
) -> ProposedChange {
    *present(proposed).expect("each of these replaces something")
}

fn check_event(receipt: &ballast_tests::Receipt, before: ProposedChange, after: &ProposedChange) {
    let [Event::ChangeExecuted(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.before.as_ref(), &event.after), (Some(&before), after));
    assert_eq!((event.ramp.start, event.ramp.duration), (0, 0));
}

fn with<T: Copy>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}
