//! What the presets of thresholds say, the bounds of thresholds themselves, and the table's last column.

use super::*;

#[test]
fn each_preset_of_thresholds_says_what_its_name_does() {
    let pairs = |t: ReserveThresholds| {
        [(t.average_guards, t.average_halts), (t.jump_guards, t.jump_halts), (t.rate_guards, t.rate_halts)]
            .map(|(guards, halts)| (guards.0, halts.0))
    };
    let (major, stable, alt) = (ReserveThresholds::MAJOR, ReserveThresholds::STABLE, ReserveThresholds::ALT);
    // average, jump, rate
    assert_eq!(pairs(major), [(1_000, 2_500), (1_000, 2_500), (300, 1_000)]);
    assert_eq!(pairs(stable), [(200, 500); 3]);
    assert_eq!(pairs(alt), [(1_500, 3_000), (1_500, 3_000), (300, 1_000)]);
    for t in [major, stable, alt] {
        // a feed is stale after five minutes, and dead after six hours
        assert_eq!((t.stale_guards, t.stale_halts), (300, 21_600));
        assert_eq!((t.guarded_seconds, t.halted_seconds, t.jump_window), (3_600, 14_400, 300));
        assert_eq!([t.confidence_guards, t.confidence_halts].map(|bps| bps.0), [200, 1_000]);
        assert_eq!([t.loss_guards, t.loss_halts].map(|bps| bps.0), [10, 200]);
    }
    let vault = VaultThresholds::BALANCED;
    assert_eq!((vault.guarded_seconds, vault.halted_seconds), (3_600, 14_400));
    assert_eq!([vault.loss_guards, vault.loss_halts].map(|bps| bps.0), [10, 200]);
}

#[test]
fn thresholds_on_their_bounds_are_accepted() {
    let (day, bps) = (DAY as u32, |guards, halts| (Bps(guards), Bps(halts)));
    for ((average, confidence), (jump, rate), loss) in [
        ((bps(50, 51), bps(10, 11)), (bps(50, 51), bps(50, 51)), bps(1, 2)),
        ((bps(4_999, 5_000), bps(2_499, 2_500)), (bps(4_999, 5_000), bps(4_999, 5_000)), bps(9_999, 10_000)),
    ] {
        let thresholds = ReserveThresholds {
            average_guards: average.0,
            average_halts: average.1,
            confidence_guards: confidence.0,
            confidence_halts: confidence.1,
            jump_guards: jump.0,
            jump_halts: jump.1,
            rate_guards: rate.0,
            rate_halts: rate.1,
            loss_guards: loss.0,
            loss_halts: loss.1,
            ..T
        };
        assert_eq!(thresholds.validate(), Ok(()), "{thresholds:?}");
    }
    for (stale_guards, stale_halts, jump_window, guarded_seconds, halted_seconds) in
        [(60, 61, 60, 600, day), (day - 1, day, 3_600, day, 600)]
    {
        let thresholds = ReserveThresholds {
            stale_guards,
            stale_halts,
            jump_window,
            guarded_seconds,
            halted_seconds,
            ..T
        };
        assert_eq!(thresholds.validate(), Ok(()), "{thresholds:?}");
    }
}

#[test]
fn what_guards_lies_below_what_halts() {
    for same in [
        ReserveThresholds { average_halts: T.average_guards, ..T },
        ReserveThresholds { confidence_halts: T.confidence_guards, ..T },
        ReserveThresholds { jump_halts: T.jump_guards, ..T },
        ReserveThresholds { rate_halts: T.rate_guards, ..T },
        ReserveThresholds { loss_halts: T.loss_guards, ..T },
        ReserveThresholds { stale_halts: T.stale_guards, ..T },
    ] {
        assert!(same.validate().is_err(), "{same:?}");
    }
    let vault = |guards, halts| {
        let (loss_guards, loss_halts) = (Bps(guards), Bps(halts));
        VaultThresholds { loss_guards, loss_halts, ..VaultThresholds::BALANCED }.validate().is_ok()
    };
    assert!(vault(1, 2) && vault(2_499, 2_500));
    assert!(!vault(0, 2) && !vault(2, 2) && !vault(3, 2) && !vault(2_499, 2_501));
}

#[test]
fn the_table_says_what_remains_wherever_something_is_refused_and_nowhere_else() {
    for action in ACTIONS {
        let refused = STATES.iter().any(|state| !allows(action, State::Normal, *state).is_allowed());
        assert_eq!(action.way_out() != "none needed", refused, "{action:?}");
    }
    let rows = [
        (Action::Deposit, "wait until it steps down; an obligation with debt adds what it needs"),
        (Action::WithdrawWithDebt, "repay, then leave without debt"),
        (Action::Borrow, "wait until it steps down"),
        (Action::CollectFees, "fees wait"),
        (Action::ExecuteLoosening, "its clock stands still until it steps down"),
        (Action::ExecuteReopening, "it steps down by itself"),
    ];
    let mut table = String::new();
    write_table(&mut table).unwrap();
    for (action, way_out) in rows {
        let starts = std::format!("| `{action:?}` |");
        let row = table.lines().find(|line| line.starts_with(&starts)).unwrap();
        assert!(row.ends_with(&std::format!("| {way_out} |")), "{row}");
    }
}
