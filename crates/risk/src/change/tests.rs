extern crate std;

use super::*;
use crate::{
    model::MAX_GROUPS,
    presets::{balanced, calm, safe, AssetKind, Preset},
    ramp::{Ramp, MIN_RAMP},
    score::{score, Exposure},
    units::{Bps, Usd},
};
use proptest::prelude::*;
use std::vec::Vec;

fn preset() -> Preset {
    balanced().unwrap()
}

fn classify(change: Change) -> Class {
    change.classify().unwrap()
}

fn model_change(edit: impl Fn(&mut RiskModel)) -> Class {
    let old = preset().model;
    let mut new = old;
    edit(&mut new);
    new.peak = new.peaks();
    classify(Change::Model(&old, &new))
}

#[test]
fn whatever_raises_the_requirement_ramps() {
    assert_eq!(model_change(|_| ()), Class::Nothing);
    let ramp = |clock, seconds| Class::TimelockAndRamp(clock, seconds);
    // a new row beside the old ones, a charge or a floor: pure tightening
    assert_eq!(
        model_change(|m| {
            m.rows[15][2] = -4_000;
            m.row_count = 16;
        }),
        ramp(Clock::Always, 20 * DAY)
    );
    assert_eq!(model_change(|m| m.basis[2].0 += 10), ramp(Clock::Always, MIN_RAMP));
    assert_eq!(model_change(|m| m.gross_floor.0 += 2_000), ramp(Clock::Always, 10 * DAY));
    assert_eq!(model_change(|m| m.debt_floor.0 += 100), ramp(Clock::Always, MIN_RAMP));
    // a wider row in an old one's place is a larger gain for who is short, a milder one a smaller one; and a mixture loosens too
    assert_eq!(model_change(|m| m.rows[1][0] -= 1_000), ramp(Clock::InNormal, 5 * DAY));
    assert_eq!(model_change(|m| m.rows[4][1] -= 100), ramp(Clock::InNormal, MIN_RAMP));
    assert_eq!(model_change(|m| m.rows[1][0] = -m.rows[1][0]), ramp(Clock::InNormal, 12 * DAY + DAY / 2));
    let mixed = model_change(|m| {
        m.basis[0].0 += 10;
        m.basis[1].0 -= 10;
    });
    assert_eq!(mixed, ramp(Clock::InNormal, MIN_RAMP));
    // rows that change places ask for the same in the end, and for less on the way
    let permuted = model_change(|m| {
        m.rows.swap(1, 2);
        m.basis[0].0 += 1;
    });
    assert!(matches!(permuted, Class::TimelockAndRamp(Clock::InNormal, _)), "{permuted:?}");
    // whatever else rises, one floor or the factor of opening that falls makes it a mixture; one that rises does not
    let with_a_charge = |edit: fn(&mut RiskModel)| {
        model_change(|m| {
            m.basis[0].0 += 10;
            edit(m);
        })
    };
    assert_eq!(with_a_charge(|m| m.gross_floor.0 -= 10), ramp(Clock::InNormal, MIN_RAMP));
    assert_eq!(with_a_charge(|m| m.debt_floor.0 -= 10), ramp(Clock::InNormal, MIN_RAMP));
    assert_eq!(with_a_charge(|m| m.opening_factor.0 -= 10), ramp(Clock::InNormal, MIN_RAMP));
    assert_eq!(with_a_charge(|m| m.opening_factor.0 += 10), ramp(Clock::Always, MIN_RAMP));
    // what only lowers waits and does not ramp
    assert_eq!(model_change(|m| m.basis[2].0 -= 10), CAUTIOUS);
    assert_eq!(
        model_change(|m| {
            m.rows[14] = [0; MAX_GROUPS];
            m.row_count = 14;
        }),
        CAUTIOUS
    );
    // R_init's factor does not touch R_maint
    assert_eq!(model_change(|m| m.opening_factor.0 += 100), CAUTIOUS);
    assert_eq!(model_change(|m| m.opening_factor.0 -= 100), CAUTIOUS);
}

#[test]
fn the_unit_of_account_and_an_assets_group_stay() {
    let old = preset().model;
    let moved = RiskModel { numeraire_group: 0, ..old };
    assert!(matches!(Change::Model(&old, &moved).classify(), Err(Refusal::Risk(_))));
    let sol = preset().asset(AssetKind::Sol).unwrap().risk;
    let elsewhere = AssetRisk { group: 0, ..sol };
    assert_eq!(Change::Asset(&sol, &elsewhere, true).classify(), Err(Refusal::OnlyWhenUnused));
    assert_eq!(classify(Change::Asset(&sol, &elsewhere, false)), CAUTIOUS);
}

#[test]
fn an_assets_place_ramps_where_somebody_has_it() {
    let old = AssetRisk { beta: Bps(10_000), idio: Bps(150), ..AssetRisk::default() };
    let to = |beta, idio| {
        classify(Change::Asset(&old, &AssetRisk { beta: Bps(beta), idio: Bps(idio), ..old }, true))
    };
    assert_eq!(to(10_000, 150), Class::Nothing);
    assert_eq!(to(10_000, 100), CAUTIOUS);
    assert_eq!(to(10_000, 1_150), Class::TimelockAndRamp(Clock::Always, 5 * DAY));
    assert_eq!(to(9_000, 150), Class::TimelockAndRamp(Clock::InNormal, MIN_RAMP));
    assert_eq!(to(11_000, 150), Class::TimelockAndRamp(Clock::InNormal, MIN_RAMP));
}

#[test]
fn caps_fall_and_borrowing_ends_at_once_and_nothing_else_does() {
    let old = ReserveCaps {
        deposits: 100,
        debt: 50,
        exposure: 10,
        debt_over_depth: 5,
        utilisation: Bps(9_000),
        reserved: 0,
    };
    let caps = |edit: fn(&mut ReserveCaps)| {
        let mut new = old;
        edit(&mut new);
        classify(Change::ReserveCaps(&old, &new))
    };
    assert_eq!(caps(|_| ()), Class::Nothing);
    assert_eq!(caps(|c| c.deposits = 0), Class::AtOnce);
    assert_eq!(caps(|c| (c.debt, c.exposure, c.debt_over_depth) = (0, 9, 4)), Class::AtOnce);
    assert_eq!(caps(|c| c.utilisation = Bps(9_001)), CAUTIOUS);
    assert_eq!(caps(|c| (c.deposits, c.debt) = (0, 51)), CAUTIOUS, "one cap up and one down");

    let vault = VaultCaps { groups: [100; MAX_GROUPS], ..VaultCaps::BALANCED };
    let lower =
        VaultCaps { leverage: vault.leverage - 1, ltv: Bps(8_000), groups: [99; MAX_GROUPS], ..vault };
    assert_eq!(classify(Change::VaultCaps(&vault, &lower)), Class::AtOnce);
    assert_eq!(classify(Change::VaultCaps(&lower, &vault)), CAUTIOUS);
    let mut of_one_group = lower;
    of_one_group.groups[7] = 101;
    let of_leverage = VaultCaps { leverage: vault.leverage + 1, ..lower };
    let of_ltv = VaultCaps { ltv: Bps(vault.ltv.0 + 1), ..lower };
    for one_up in [of_one_group, of_leverage, of_ltv] {
        assert_eq!(classify(Change::VaultCaps(&vault, &one_up)), CAUTIOUS, "one cap up and all others down");
    }

    assert_eq!(classify(Change::Borrowable(true, false)), Class::AtOnce);
    assert_eq!(classify(Change::Borrowable(false, true)), CAUTIOUS);
    assert_eq!(classify(Change::Borrowable(true, true)), Class::Nothing);

    let (a, b) = (preset(), calm().unwrap());
    let (of_a, of_b) = (a.asset(AssetKind::Sol).unwrap(), b.asset(AssetKind::Usd).unwrap());
    let flows = [FlowRules::balanced(1, 1), FlowRules::balanced(1, 2)];
    let thresholds = [ReserveThresholds::MAJOR, ReserveThresholds::STABLE];
    let vault =
        [VaultThresholds::BALANCED, VaultThresholds { guarded_seconds: 600, ..VaultThresholds::BALANCED }];
    let split = InterestSplit { fee: Bps(1), ..of_a.split };
    for [there, back] in [
        [Change::Rules(&a.rules, &b.rules), Change::Rules(&b.rules, &a.rules)],
        [Change::Curve(&of_a.curve, &of_b.curve), Change::Curve(&of_b.curve, &of_a.curve)],
        [Change::Rates(&of_a.rates, &of_b.rates), Change::Rates(&of_b.rates, &of_a.rates)],
        [Change::Split(&of_a.split, &split), Change::Split(&split, &of_a.split)],
        [Change::Flows(&flows[0], &flows[1]), Change::Flows(&flows[1], &flows[0])],
        [
            Change::ReserveThresholds(&thresholds[0], &thresholds[1]),
            Change::ReserveThresholds(&thresholds[1], &thresholds[0]),
        ],
        [Change::VaultThresholds(&vault[0], &vault[1]), Change::VaultThresholds(&vault[1], &vault[0])],
        [Change::Other, Change::Other],
    ] {
        assert_eq!([classify(there), classify(back)], [CAUTIOUS; 2], "{there:?}");
    }
    assert_eq!(classify(Change::Reopening), Class::Timelock(Clock::Always));
    let wild = FlowRules { daily_share: Bps(0), ..flows[0] };
    assert!(matches!(Change::Flows(&flows[0], &wild).classify(), Err(Refusal::Risk(_))));
}

#[test]
fn a_clock_stands_still_outside_normal_and_a_ripe_change_expires() {
    let (now, delay) = (20_000 * DAY, 2 * DAY);
    assert_eq!(RIPE_SECONDS, 3 * 86_400);
    assert!(Timelock::start(Clock::Always, 2 * DAY - 1, now, [0, 0]).is_err());
    assert!(Timelock::start(Clock::Always, 30 * DAY + 1, now, [0, 0]).is_err());
    let tightens = Timelock::start(Clock::Always, delay, now, [77, 5]).unwrap();
    assert_eq!(tightens.check_ripe(Clock::Always, now + delay - 1, [77, 5]), Err(Refusal::NotRipe));
    assert_eq!(tightens.check_ripe(Clock::Always, now + delay, [77 + delay, 5]), Ok(()));
    assert_eq!(tightens.check_ripe(Clock::Always, now + delay + RIPE_SECONDS, [77, 5]), Ok(()));
    assert_eq!(
        tightens.check_ripe(Clock::Always, now + delay + RIPE_SECONDS + 1, [77, 5]),
        Err(Refusal::ChangeExpired)
    );

    // what has come to loosen since ripens by the stricter clock, and expires by its own; what has come to tighten keeps its clock
    let later = [77 + DAY, 5];
    let check = |clock, waited| tightens.check_ripe(clock, now + waited, later);
    assert_eq!(check(Clock::InNormal, delay), Err(Refusal::NotRipe));
    assert_eq!(check(Clock::InNormal, delay + DAY), Ok(()));
    assert_eq!(check(Clock::InNormal, delay + RIPE_SECONDS + 1), Err(Refusal::ChangeExpired));

    let loosens = Timelock::start(Clock::InNormal, delay, now, [77, 5]).unwrap();
    assert_eq!(loosens.check_ripe(Clock::Always, now + delay, later), Err(Refusal::NotRipe));
    assert_eq!(loosens.check_ripe(Clock::InNormal, now + delay, [77, 5]), Ok(()));
    assert_eq!(loosens.check_ripe(Clock::InNormal, now + delay, [78, 5]), Err(Refusal::NotRipe));
    assert_eq!(loosens.check_ripe(Clock::InNormal, now + delay + 1, [78, 5]), Ok(()));
    assert_eq!(loosens.check_ripe(Clock::InNormal, now + delay + 1, [77, 6]), Ok(()));
    assert_eq!(
        loosens.check_ripe(Clock::InNormal, now + delay + 1, [78, 6]),
        Err(Refusal::NotRipe),
        "at most one at a time"
    );
    // a ripe one does not expire while it cannot be executed
    let halted = 10 * DAY;
    assert_eq!(loosens.check_ripe(Clock::InNormal, now + delay + halted, [77 + halted, 5]), Ok(()));
    assert_eq!(
        loosens.check_ripe(Clock::InNormal, now + delay + RIPE_SECONDS + 1, [77, 5]),
        Err(Refusal::ChangeExpired)
    );
}

#[test]
fn what_has_expired_stays_so_however_long_vault_and_reserve_are_guarded_together() {
    let (now, delay) = (20_000 * DAY, 2 * DAY);
    let change = Timelock::start(Clock::InNormal, delay, now, [0, 0]).unwrap();
    let expired = now + delay + RIPE_SECONDS + 1;
    for both in [0, 1, 3 * DAY, 30 * DAY] {
        assert_eq!(
            change.check_ripe(Clock::InNormal, expired + both, [both, both]),
            Err(Refusal::ChangeExpired),
            "{both}"
        );
    }
}

#[test]
fn a_guardian_cancels_anything_but_its_own_replacement() {
    assert_eq!(check_cancel(true, false), Ok(()));
    assert_eq!(check_cancel(true, true), Err(Refusal::MayNotCancel));
    assert_eq!(check_cancel(false, true), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A change of the model that does not ramp raises the requirement of no book.
    #[test]
    fn what_does_not_ramp_raises_no_requirement(
        values in proptest::collection::vec((-1_000_000i64..1_000_000, 0u8..5, 5_000u16..=15_000), 1..8),
        drop in proptest::collection::vec(1usize..15, 0..6), basis in 0u16..300, gross in 0u16..2_000,
        from in 0usize..3,
    ) {
        let old = [balanced(), calm(), safe()][from].unwrap().model;
        let mut new = old;
        for row in drop {
            new.rows[row] = old.rows[row - 1];
        }
        for charge in &mut new.basis {
            charge.0 = charge.0.saturating_sub(basis);
        }
        new.gross_floor.0 -= gross;
        new.peak = new.peaks();
        let class = classify(Change::Model(&old, &new));
        prop_assert!(matches!(class, Class::Nothing | Class::Timelock(_)), "{class:?}");
        let book: Vec<_> = values
            .iter()
            .map(|&(v, group, beta)| Exposure { value: Usd::dollars(v), beta: Bps(beta), idio: Bps(0), group })
            .collect();
        prop_assert!(score(&new, &book).unwrap().requirement <= score(&old, &book).unwrap().requirement);
    }

    /// A change of the model whose clock runs in every state lowers the requirement of no book, once its ramp is over.
    #[test]
    fn what_only_tightens_lowers_no_requirement(
        values in proptest::collection::vec((-1_000_000i64..1_000_000, 0u8..5, 5_000u16..=15_000), 1..8),
        row in 0usize..16, shocks in proptest::array::uniform5(-5_000i16..5_000), scale in 10i16..20, add: bool,
        basis in 0u16..300, gross in 0u16..2_000, from in 0usize..3,
    ) {
        let old = [balanced(), calm(), safe()][from].unwrap().model;
        let mut new = old;
        if add {
            new.rows[15][..5].copy_from_slice(&shocks);
            new.row_count = 16;
        } else {
            new.rows[row] = old.rows[row].map(|shock| (shock / 10).saturating_mul(scale).clamp(-9_000, 9_000));
        }
        for charge in &mut new.basis[..5] {
            charge.0 += basis;
        }
        new.gross_floor.0 += gross;
        new.peak = new.peaks();
        let Ok(Class::TimelockAndRamp(Clock::Always, _)) = Change::Model(&old, &new).classify() else { return Ok(()) };
        let book: Vec<_> = values
            .iter()
            .map(|&(v, group, beta)| Exposure { value: Usd::dollars(v), beta: Bps(beta), idio: Bps(0), group })
            .collect();
        prop_assert!(score(&new, &book).unwrap().requirement >= score(&old, &book).unwrap().requirement);
    }

    /// And what ramps begins where the old one stood.
    #[test]
    fn what_ramps_begins_at_the_old(rows in proptest::array::uniform8(-5_000i16..5_000)) {
        let old = preset().model;
        let mut new = old;
        new.rows[1][..5].copy_from_slice(&rows[..5]);
        new.peak = new.peaks();
        if let Class::TimelockAndRamp(_, seconds) = classify(Change::Model(&old, &new)) {
            let ramp = Ramp::new(5, seconds, seconds).unwrap();
            prop_assert_eq!(ramp.model_at(&old, &new, 5), old);
        }
    }
}
