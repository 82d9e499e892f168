//! Interest, losses and recoveries on every small reserve: tokens and debts cover claims before and after.

use crate::up_to;
use ballast_risk::{
    absorb::Losses,
    interest::{grow_index_up, growth_up, utilisation_up, Q64_ONE},
    reserve::{InterestSplit, Ledger},
    Bps, DebtShares, DepositShares, RiskError, TokenAmount,
};

const EIGHTH: u128 = 1 << 61;

/// Claims and assets with 64 fractional bits.
fn exact_surplus(ledger: &Ledger, pending: u64) -> i128 {
    let assets = (u128::from(ledger.free_tokens.0) + u128::from(ledger.total_debt_up().0)) << 64;
    let claims = u128::from(ledger.deposit_shares.0) * ledger.deposit_index;
    assets as i128 - (claims + ledger.fees_q64 + ledger.insurance_q64 + (u128::from(pending) << 64)) as i128
}

/// Reserves whose books just hold, or hold with a little to spare.
fn every_reserve(mut visit: impl FnMut(Ledger)) {
    let shares = up_to(12, 5);
    for (eighths, kept) in (2..=up_to(24, 12)).flat_map(|e| (0..=9u128).step_by(3).map(move |k| (e, k))) {
        for (deposits, debts) in (0..=shares).flat_map(|a| (0..=shares).map(move |b| (a, b))) {
            let mut ledger = Ledger {
                deposit_index: u128::from(eighths) * EIGHTH,
                debt_index: u128::from(eighths * 5 % 23 + 8) * EIGHTH,
                deposit_shares: DepositShares(deposits),
                debt_shares: DebtShares(debts),
                fees_q64: kept * EIGHTH,
                insurance_q64: (9 - kept) * EIGHTH,
                ..Ledger::new(0)
            };
            let short = -exact_surplus(&ledger, 0);
            ledger.free_tokens = TokenAmount((short.max(0) as u128).div_ceil(1 << 64) as u64);
            assert!(exact_surplus(&ledger, 0) >= 0);
            visit(ledger);
        }
    }
}

#[test]
fn interest_on_every_small_reserve_keeps_claims_covered_and_lowers_no_index() {
    let rates = [0, 1, 1 << 60, 1 << 61, 3 << 61, u64::MAX];
    every_reserve(|before| {
        for (fee, insurance) in [(0, 0), (500, 1_000), (5_000, 0), (3_333, 1_667), (10_000, 0)] {
            for (rate, seconds) in rates.into_iter().flat_map(|rate| (0..=3).map(move |s| (rate, s))) {
                let split = InterestSplit {
                    fee: Bps(fee),
                    insurance: Bps(insurance),
                    insurance_target: Bps(500),
                    reserved: 0,
                };
                let mut ledger = Ledger { rate_per_second: rate, ..before };
                let interest = ledger.accrue(seconds, &split);
                assert_eq!(ledger.total_debt_up(), before.total_debt_up().plus(interest).unwrap());
                assert!(
                    ledger.debt_index >= before.debt_index && ledger.deposit_index >= before.deposit_index
                );
                assert!(exact_surplus(&ledger, 0) >= exact_surplus(&before, 0));
                assert!(ledger.surplus().is_ok());
                if before.debt_shares.is_zero() || rate == 0 {
                    // nobody owes, or nothing is asked: nothing but the time moves
                    let idle = Ledger { rate_per_second: rate, accrued_at: seconds, ..before };
                    assert_eq!((ledger, interest), (idle, TokenAmount(0)));
                }
                // a deposit share rises by no more than debt does, in proportion
                if !before.debt_shares.is_zero() {
                    let rise = ledger.deposit_index - before.deposit_index;
                    let (debt, interest) = (u128::from(before.total_debt_up().0), u128::from(interest.0));
                    assert!(rise * debt <= before.deposit_index * interest, "{before:?} {split:?}");
                }
                // fees are no more than their share
                let fees = ledger.fees_q64 - before.fees_q64;
                assert!(fees * 10_000 <= (u128::from(interest.0) << 64) * u128::from(fee));
            }
        }
    });
}

#[test]
fn every_small_loss_is_borne_in_order_and_claims_stay_covered() {
    every_reserve(|before| {
        for lost in 0..=before.debt_shares.0 {
            let (mut ledger, mut losses) = (before, Losses::default());
            let absorbed = losses.absorb(&mut ledger, DebtShares(lost), 0).unwrap();
            assert_eq!(ledger.total_debt_up().0 + absorbed.debt.0, before.total_debt_up().0);
            assert!(ledger.deposit_index <= before.deposit_index);
            let all_bore = absorbed.insurance.0 + absorbed.fees.0 + absorbed.lenders.0;
            // where everybody together has less than the loss, nobody is owed anything
            assert!(exact_surplus(&ledger, 0) >= exact_surplus(&before, 0) || ledger.claims_up() == 0);
            assert!(all_bore >= absorbed.debt.0 || ledger.claims_up() == 0);
            assert!(ledger.surplus().is_ok(), "{before:?} {lost}");
            if ledger.fees_q64 < before.fees_q64 {
                assert_eq!(ledger.insurance_q64, 0, "fees bear only what insurance did not");
            }
            if ledger.deposit_index < before.deposit_index {
                assert_eq!(ledger.fees_q64, 0, "lenders bear only what fees did not");
            }
            // and comes back, a bit at a time
            losses.unrecovered = 7;
            losses.recover(&mut ledger, TokenAmount(7), 0).unwrap();
            let (mut now, index) = (0, ledger.deposit_index);
            while losses.recovery.pending > 0 {
                now += 86_400;
                let kept = exact_surplus(&ledger, losses.recovery.pending);
                losses.stream(&mut ledger, now);
                assert_eq!(
                    exact_surplus(&ledger, losses.recovery.pending),
                    kept,
                    "a recovery is divided without a rest"
                );
                assert!(ledger.deposit_index >= index);
            }
        }
    });
}

#[test]
fn growth_and_utilisation_round_up_on_every_small_input() {
    // rates of eighths a second: (1 + r)^n is exact in 3 bits a step
    for eighths in 0..8u128 {
        let rate = (eighths * EIGHTH) as u64;
        for seconds in 0..=up_to(16, 10) {
            // (8 + r)^n / 8^n - 1 over 2^64
            let numerator = (8 + eighths).pow(seconds as u32) - 8u128.pow(seconds as u32);
            let exact = num_bigint::BigUint::from(numerator) << 64;
            let grown = num_bigint::BigUint::from(growth_up(rate, seconds)) << (3 * seconds);
            assert!(grown >= exact, "{eighths} {seconds}");
            assert!(growth_up(rate, seconds + 1) >= growth_up(rate, seconds));
            let index = Q64_ONE + 1;
            assert!(grow_index_up(index, growth_up(rate, seconds)) >= index);
        }
    }
    let most = up_to(400, 120);
    for (free, debt) in (0..=most).flat_map(|a| (0..=most).map(move |b| (a, b))) {
        let bps = utilisation_up(free, debt);
        assert!(bps <= 10_000 && bps * (free + debt) >= debt * 10_000, "{free} {debt}");
        assert!(debt == 0 || bps > 0, "some debt is some utilisation");
    }
}

#[test]
fn what_is_left_to_nobody_and_what_is_missing_are_counted_in_whole_units_against_the_reserve() {
    every_reserve(|ledger| {
        let whole = |q64: u128| (q64 >> 64) as u64;
        let claims = whole(u128::from(ledger.deposit_shares.0) * ledger.deposit_index)
            + whole(ledger.fees_q64 + ledger.insurance_q64 + ((1 << 64) - 1));
        let debt = ledger.total_debt_up().0;
        let (free, assets) = (ledger.free_tokens.0, ledger.free_tokens.0 + debt);
        assert_eq!(ledger.surplus(), Ok(assets - claims));
        for held in 0..free + 4 {
            let short = claims.saturating_sub(held + debt).max(free.saturating_sub(held));
            assert_eq!(ledger.shortfall(TokenAmount(held)), short, "{held} {ledger:?}");
        }
        // a unit more owed than there is
        let beyond = Ledger { insurance_q64: ledger.insurance_q64 + (u128::from(assets) << 64), ..ledger };
        if claims > 0 {
            assert_eq!(beyond.surplus(), Err(RiskError::InsufficientAmount));
        }
    });
}

#[test]
fn insurance_fills_while_it_is_below_its_target_and_not_at_it() {
    // a debt of 100 that doubles in a second: the target is 5 % of 200
    let split = InterestSplit { fee: Bps(0), insurance: Bps(1_000), insurance_target: Bps(500), reserved: 0 };
    for (held, added) in [(0, 10), (9, 10), (10, 0), (11, 0)] {
        let mut ledger = Ledger {
            debt_shares: DebtShares(100),
            deposit_shares: DepositShares(100),
            insurance_q64: held << 64,
            rate_per_second: u64::MAX,
            ..Ledger::new(0)
        };
        assert_eq!(ledger.accrue(1, &split), TokenAmount(100));
        // a tenth of the interest, rounded down
        let filled = ledger.insurance_q64 - (held << 64);
        assert!(filled <= added << 64 && filled + 10_000 > added << 64, "{held} {filled}");
    }
}

#[test]
fn skipped_time_moves_the_clock_forwards_and_charges_nothing() {
    let before = Ledger { debt_shares: DebtShares(100), rate_per_second: u64::MAX, ..Ledger::new(5) };
    for (to, at) in [(9, 9), (3, 5)] {
        let mut ledger = before;
        ledger.skip_to(to);
        assert_eq!(ledger, Ledger { accrued_at: at, ..before });
    }
    // and a split with something in a field that means nothing yet is no split
    let split = InterestSplit { fee: Bps(500), ..InterestSplit::default() };
    assert!(split.validate().is_ok());
    assert!(InterestSplit { reserved: 1, ..split }.validate().is_err());
}

#[test]
fn the_last_share_of_a_reserve_earns_what_it_lent_and_not_what_insurance_did() {
    // the lenders of 1,000,000 left, paid by insurance, but for one unit; the debt doubles every second
    let split = InterestSplit { fee: Bps(1_000), ..InterestSplit::default() };
    let mut ledger = Ledger {
        debt_shares: DebtShares(1_000_000),
        deposit_shares: DepositShares(1),
        insurance_q64: 999_999 << 64,
        rate_per_second: u64::MAX,
        ..Ledger::new(0)
    };
    for second in 1..=10 {
        ledger.accrue(second, &split);
        let debt = u128::from(ledger.total_debt_up().0);
        assert!(ledger.deposit_index * 1_000_000 <= debt << 64, "{second}: {ledger:?}");
        // the unit, the insurance and nine tenths of all interest are still between the two
        let rest = (999_999 << 64) + ((debt - 1_000_000) << 64) * 9 / 10 + (1 << 64);
        let held = ledger.deposit_index + ledger.insurance_q64;
        assert!(held >= rest && held < rest + (u128::from(second) * 20_000), "{second}: {held} {rest}");
    }
    // so a deposit beside it loses less than the growth of a unit to rounding
    let shares = ledger.deposit_down(TokenAmount(1_000_000)).unwrap();
    assert!(ledger.deposit_amount_down(shares).0 + (1 << 10) > 1_000_000);
}
