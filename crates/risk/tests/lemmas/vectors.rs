//! What the solver proved is this crate: the table that the proofs' model writes, recomputed by the crate's own functions.

use ballast_risk::{
    absorb::Losses,
    bonus::equity_bonus_down,
    fund::{Fund, Stake, StakeShares},
    interest::{grow_index_up, growth_up, utilisation_up, Q64_ONE},
    leak::Leak,
    math::{mul_div_down, mul_div_up, mul_q64_down, mul_q64_up, sqrt_down},
    model::RiskModel,
    pace::PaceMeter,
    price::UnitPrice,
    ramp::blend,
    reserve::{InterestSplit, Ledger},
    score::{score, Binding, Exposure, Score, EXACT_LIMIT, FAST_LIMIT},
    stream::Stream,
    tranche::{Legs, TrancheLimit, TrancheOutcome, TranchePlan},
    Bps, DebtShares, DepositShares, Fraction, Ppm, RiskError, TokenAmount, Usd,
};
use std::collections::BTreeMap;

const TABLE: &str = include_str!("../../proofs/vectors.csv");
/// Fewer would mean that the table lost its rows.
const LEAST_ROWS: usize = 50;

#[test]
fn the_proved_formulas_are_those_of_the_crate() {
    let mut rows = BTreeMap::<&str, usize>::new();
    for line in TABLE.lines() {
        let mut cells = line.split(',');
        let name = cells.next().unwrap();
        let numbers: Vec<u128> = cells.map(|cell| cell.parse().unwrap_or_else(|_| negative(cell))).collect();
        let (arity, function) = function(name);
        let (arguments, expected) = numbers.split_at(arity);
        assert_eq!(function(arguments), expected, "{line}");
        *rows.entry(name).or_default() += 1;
    }
    assert!(rows.len() == 35 && rows.values().all(|count| *count >= LEAST_ROWS), "{rows:?}");
}

/// A negative number as its pattern of bits.
fn negative(cell: &str) -> u128 {
    cell.parse::<i128>().unwrap() as u128
}

type Function = fn(&[u128]) -> Vec<u128>;

/// How many arguments a function of the model has, and the crate's function of that name.
fn function(name: &str) -> (usize, Function) {
    match name {
        "mul_div_down" => (3, |n| vec![mul_div_down(n[0], n[1], n[2]).unwrap()]),
        "mul_div_up" => (3, |n| vec![mul_div_up(n[0], n[1], n[2]).unwrap()]),
        "mul_div_wide" => (3, wide),
        "mul_q64_down" => (2, |n| vec![mul_q64_down(n[0], n[1]).unwrap()]),
        "mul_q64_up" => (2, |n| vec![mul_q64_up(n[0], n[1]).unwrap()]),
        "sqrt_down" => (1, |n| vec![sqrt_down(word(n[0])).into()]),
        "shares_down" => (2, |n| vec![deposits_at(n[1]).pay_shares_down(tokens(n[0])).unwrap().0.into()]),
        "shares_up" => (2, shares_up),
        "worth_down" => {
            (2, |n| vec![deposits_at(n[1]).deposit_amount_down(DepositShares(word(n[0]))).0.into()])
        }
        "owed_up" => (2, |n| {
            let ledger = Ledger { debt_index: n[1], ..Ledger::new(0) };
            vec![ledger.debt_amount_up(DebtShares(word(n[0]))).0.into()]
        }),
        "growth_up" => (2, |n| vec![growth_up(word(n[0]), word(n[1]))]),
        "grow_index_up" => (2, |n| vec![grow_index_up(n[0], n[1])]),
        "accrue" => (6, accrue),
        "claims_up" => (4, |n| {
            let shares = DepositShares(word(n[0]));
            let ledger =
                Ledger { deposit_shares: shares, fees_q64: n[2], insurance_q64: n[3], ..deposits_at(n[1]) };
            vec![ledger.claims_up()]
        }),
        "utilisation_up" => (2, |n| vec![utilisation_up(word(n[0]), word(n[1])).into()]),
        "absorb" => (5, absorb),
        "release" => (2, release),
        "value_down" => (3, |n| vec![price(n[1], n[2]).value_down(tokens(n[0])).0 as u128]),
        "value_up" => (3, |n| vec![price(n[1], n[2]).value_up(tokens(n[0])).0 as u128]),
        "amount_down" => (3, |n| vec![price(n[1], n[2]).amount_down(Usd(n[0] as i128)).unwrap().0.into()]),
        "amount_up" => (3, |n| vec![price(n[1], n[2]).amount_up(Usd(n[0] as i128)).unwrap().0.into()]),
        "group_requirement" => (2, group_requirement),
        "fast_limit" => (1, |n| vec![if n[0] == 64 { FAST_LIMIT } else { EXACT_LIMIT } as u128]),
        "net_risk_down" => (2, net_risk),
        "equity_bonus_down" => (2, |n| {
            let score = Score { collateral: Usd(n[0] as i128), debt: Usd(n[1] as i128), ..Score::default() };
            vec![equity_bonus_down(&score).0.into()]
        }),
        "settle_part" => (6, settle_part),
        "settle_whole" => (6, settle_whole),
        "insurance_up" => (3, insurance),
        "stake" => (3, stake),
        "stake_worth_down" => (3, |n| {
            let fund = Fund { shares: word(n[1]), tokens: word(n[2]), ..Fund::default() };
            vec![fund.worth_down(StakeShares(word(n[0]))).0.into()]
        }),
        "pace_room" => (2, |n| {
            let meter = PaceMeter { used: word(n[1]), updated_at: 0 };
            vec![meter.available_down(0, 60, Usd(n[0] as i128)).unwrap().0 as u128]
        }),
        "meter_spend" => (5, |n| {
            let meter = PaceMeter { used: word(n[0]), updated_at: 0 };
            let now = word(n[2]);
            let next = meter.spend_up(now, word(n[3]), Usd(n[1] as i128), Usd(n[4] as i128));
            vec![next.used.into(), (now - next.updated_at).into()]
        }),
        "leak_used" => (4, |n| {
            let leak = Leak { used: word(n[0]), updated_at: 0 };
            vec![leak.at(word(n[1]), word(n[3]), word(n[2])).used.into()]
        }),
        "blend" => (3, |n| {
            let (old, new) = (Bps(n[0] as u16), Bps(n[1] as u16));
            vec![blend(old, new, Fraction(word(n[2]))).0.into()]
        }),
        "fade_down" => (3, |n| {
            let losses = Losses { recent: word(n[0]), ..Losses::default() };
            assert_eq!(n[2], 86_400);
            vec![losses.recent_down(word(n[2] - n[1])).into()]
        }),
        _ => panic!("the model has a function that this test does not know: {name}"),
    }
}

fn word(n: u128) -> u64 {
    u64::try_from(n).unwrap()
}

fn tokens(n: u128) -> TokenAmount {
    TokenAmount(word(n))
}

/// The remainder as what the quotient leaves of the product; both fit 128 bits where its low half is right.
fn wide(n: &[u128]) -> Vec<u128> {
    let quotient = mul_div_down(n[0], n[1], n[2]).unwrap();
    vec![quotient, n[0].wrapping_mul(n[1]).wrapping_sub(quotient.wrapping_mul(n[2]))]
}

fn deposits_at(index: u128) -> Ledger {
    Ledger { deposit_index: index, ..Ledger::new(0) }
}

fn price(mantissa: u128, scale: u128) -> UnitPrice {
    assert!(scale.is_power_of_two());
    bytemuck::cast([word(mantissa), u64::from(scale.trailing_zeros())])
}

fn shares_up(n: &[u128]) -> Vec<u128> {
    let all = DepositShares(u64::MAX);
    let mut ledger = Ledger { deposit_shares: all, ..deposits_at(n[1]) };
    vec![ledger.seize_up(tokens(n[0]), TokenAmount(0), all, false).unwrap().0.into()]
}

/// A second of a debt.
fn accrue(n: &[u128]) -> Vec<u128> {
    let before = Ledger {
        debt_shares: DebtShares(word(n[0])),
        rate_per_second: word(n[1]),
        deposit_shares: DepositShares(word(n[4])),
        ..deposits_at(n[5])
    };
    let (fee, insurance) = (Bps(n[2] as u16), Bps(n[3] as u16));
    let split = InterestSplit { fee, insurance, insurance_target: Bps(10_000), reserved: 0 };
    let mut after = before;
    after.accrue(1, &split);
    vec![after.fees_q64, after.insurance_q64, after.deposit_index - before.deposit_index]
}

fn absorb(n: &[u128]) -> Vec<u128> {
    let before = Ledger {
        debt_shares: DebtShares(word(n[0])),
        insurance_q64: n[1],
        fees_q64: n[2],
        deposit_shares: DepositShares(word(n[3])),
        ..deposits_at(n[4])
    };
    let mut after = before;
    Losses::default().absorb(&mut after, before.debt_shares, 0).unwrap();
    let fell = |of: fn(&Ledger) -> u128| of(&before) - of(&after);
    vec![fell(|l| l.insurance_q64), fell(|l| l.fees_q64), fell(|l| l.deposit_index)]
}

fn release(n: &[u128]) -> Vec<u128> {
    let mut ledger = Ledger { deposit_shares: DepositShares(word(n[1])), ..Ledger::new(0) };
    let mut losses = Losses {
        recovery: Stream { pending: word(n[0]), ends_at: 1, ..Stream::default() },
        ..Losses::default()
    };
    assert_eq!(losses.stream(&mut ledger, 2), tokens(n[0]));
    vec![ledger.deposit_index - Q64_ONE, ledger.insurance_q64]
}

/// A beta of one bps makes a position's value the net of its group.
fn group_requirement(n: &[u128]) -> Vec<u128> {
    let mut model: RiskModel = bytemuck::Zeroable::zeroed();
    (model.row_count, model.group_count, model.numeraire_group) = (2, 1, 7);
    model.rows[1][0] = n[1] as i16;
    let book = [Exposure { value: Usd(n[0] as i128), beta: Bps(1), idio: Bps(0), group: 0 }];
    vec![score(&model, &book).unwrap().requirement.0 as u128]
}

fn net_risk(n: &[u128]) -> Vec<u128> {
    let (missing, requirement) = (n[0] as i128, n[1] as i128);
    let score =
        Score { collateral: Usd(requirement - missing), requirement: Usd(requirement), ..Score::default() };
    vec![score.net_risk_down().0.into()]
}

/// A plan of this size and bonus, and its two positions.
fn settle(plan: TranchePlan, owed: u128, held: u128, n: &[u128]) -> Option<TrancheOutcome> {
    let legs = Legs {
        debt_price: price(n[0], n[1]),
        debt_owed: tokens(owed),
        deposit_price: price(n[2], n[3]),
        deposit_held: tokens(held),
    };
    match plan.settle(&legs) {
        Ok(outcome) => Some(outcome),
        Err(error) => {
            assert_eq!(error, RiskError::ZeroAmount);
            None
        }
    }
}

fn plan(bonus: u128) -> TranchePlan {
    TranchePlan {
        repay: Usd(0),
        bonus: Ppm(bonus as u32),
        insurance_slice: Bps(0),
        limit: TrancheLimit::Target,
        close_debt: false,
        take_deposit: false,
        insolvent: false,
        backstop: false,
        allowance: Usd(0),
        net_risk: Fraction::ZERO,
        gain: 0,
        before: Score { binding: Binding::Scenario, ..Score::default() },
    }
}

fn settle_part(n: &[u128]) -> Vec<u128> {
    let all = u128::from(u64::MAX);
    let plan = TranchePlan { repay: Usd(n[0] as i128), ..plan(n[1]) };
    match settle(plan, all, all, &n[2..]) {
        Some(outcome) => vec![outcome.repay.0.into(), outcome.seize.0.into()],
        // where a leg is nothing there is no tranche; the model's legs are the same
        None => {
            let (debt, deposit) = (price(n[2], n[3]), price(n[4], n[5]));
            let repay = debt.amount_down(Usd(n[0] as i128)).unwrap();
            let worth = debt.value_down(repay).0 as u128 * (1_000_000 + n[1]) / 1_000_000;
            let seize = deposit.amount_down(Usd(worth as i128)).unwrap();
            assert!(repay.0 == 0 || seize.0 == 0);
            vec![repay.0.into(), seize.0.into()]
        }
    }
}

fn settle_whole(n: &[u128]) -> Vec<u128> {
    let plan = TranchePlan { take_deposit: true, ..plan(n[1]) };
    let outcome = settle(plan, u128::from(u64::MAX), n[0], &n[2..]).expect("a price of at least one unit");
    assert_eq!((outcome.seize, outcome.take_deposit), (tokens(n[0]), true));
    vec![outcome.repay.0.into()]
}

/// At a price of one for both.
fn insurance(n: &[u128]) -> Vec<u128> {
    let plan = TranchePlan { take_deposit: true, insurance_slice: Bps(n[2] as u16), ..plan(n[1]) };
    let one = 1u128 << 62;
    let outcome = settle(plan, u128::from(u64::MAX), n[0], &[one, one, one, one]).unwrap();
    assert_eq!(outcome.to_liquidator.0 + outcome.insurance.0, outcome.seize.0);
    vec![outcome.insurance.0.into()]
}

fn stake(n: &[u128]) -> Vec<u128> {
    let mut fund = Fund { shares: word(n[1]), tokens: word(n[2]), ..Fund::default() };
    match Stake::default().stake(&mut fund, tokens(n[0]), 0) {
        Ok((stake, cost)) => vec![stake.shares.into(), cost.0.into()],
        Err(error) => {
            assert_eq!(error, RiskError::ZeroAmount);
            vec![0, 0]
        }
    }
}
