//! Any plan of any account keeps the laws of a tranche: within both positions, paid at most its bonus, equity over the requirement rises or
//! the check that follows refuses it.

use crate::legal::{any_width, curve, rules, Account};
use arbitrary::{Arbitrary, Result, Unstructured};
use ballast_risk::{
    pace::{DepthBucket, PaceMeter},
    score::score,
    tranche::{plan_tranche, Legs, TrancheCurve, TrancheRequest, TrancheRules},
    RiskError, Usd,
};

/// An account, a pair of its positions, and the rules of a tranche.
#[derive(Debug)]
pub struct Case {
    account: Account,
    rules: TrancheRules,
    curve: TrancheCurve,
    usable: u32,
    pair: (usize, usize),
    meter: PaceMeter,
    bucket: DepthBucket,
    now: u64,
    maximum: Usd,
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut account = Account::arbitrary(u)?;
        let count = account.positions.len();
        if count < 2 {
            return Err(arbitrary::Error::IncorrectFormat);
        }
        let debt = u.int_in_range(0..=count - 1)?;
        let deposit = (debt + u.int_in_range(1..=count - 1)?) % count;
        // mostly a pair, now and then something else
        if u.ratio(15, 16)? {
            (account.positions[debt].is_debt, account.positions[deposit].is_debt) = (true, false);
        }
        Ok(Self {
            account,
            rules: rules(u)?,
            curve: curve(u)?,
            usable: u.arbitrary::<u32>()? | 1 << debt | 1 << deposit,
            pair: (debt, deposit),
            meter: PaceMeter { used: any_width(u)?, updated_at: any_width(u)? },
            bucket: DepthBucket { used: any_width(u)?, updated_at: any_width(u)? },
            now: any_width(u)?,
            maximum: Usd(i128::from(any_width(u)?) << u.int_in_range(0..=62)?),
        })
    }
}

/// Tries one input.
pub fn run(case: &Case) {
    let book = case.account.book();
    let (debt, deposit) = case.pair;
    let request = TrancheRequest {
        model: &case.account.model,
        rules: &case.rules,
        curve: &case.curve,
        book: &book,
        usable: case.usable,
        debt,
        deposit,
        meter: case.meter,
        bucket: case.bucket,
        now: case.now,
        maximum: case.maximum,
    };
    let plan = match plan_tranche(&request) {
        Ok(plan) => plan,
        Err(error) => {
            let arithmetic =
                matches!(error, RiskError::Overflow | RiskError::DivisionByZero | RiskError::NoSuchPosition);
            assert!(!arithmetic, "{error:?}");
            return;
        }
    };
    // a deposit of a micro-USD is planned at nothing and settled at a unit of the debt: see below
    assert!(plan.repay.0 > 0 || plan.take_deposit && book[deposit].value.0 <= 1, "{plan:?}");
    assert!(plan.repay.0 <= -book[debt].value.0 && plan.repay <= case.maximum, "{plan:?}");
    assert!(plan.bonus.0 <= 50_000);
    let (debt_leg, deposit_leg) = (case.account.positions[debt], case.account.positions[deposit]);
    let legs = Legs {
        debt_price: debt_leg.price,
        debt_owed: debt_leg.amount,
        deposit_price: deposit_leg.price,
        deposit_held: deposit_leg.amount,
    };
    let outcome = match plan.settle(&legs) {
        Ok(outcome) => outcome,
        Err(error) => return assert_eq!(error, RiskError::ZeroAmount),
    };
    assert!(outcome.repay <= legs.debt_owed && outcome.seize <= legs.deposit_held);
    assert!(outcome.repay.0 > 0 && outcome.seize.0 > 0);
    assert_eq!(outcome.to_liquidator.0 + outcome.insurance.0, outcome.seize.0);
    if !outcome.take_deposit {
        // what leaves is truly worth at most what was repaid and the bonus
        let most = outcome.repaid_value.0 * (1_000_000 + i128::from(plan.bonus.0));
        assert!(outcome.seized_value.0 * 1_000_000 <= most, "{plan:?} {outcome:?}");
    }
    let meter = request.meter.spend_up(request.now, 75, plan.allowance, outcome.repaid_value);
    let bucket = request.bucket.spend_up(request.now, &case.curve, outcome.seized_value);
    assert!(meter.updated_at >= request.meter.updated_at && bucket.updated_at >= request.bucket.updated_at);

    let mut after = case.account.positions.clone();
    after[debt].amount.0 -= outcome.repay.0;
    after[deposit].amount.0 -= outcome.seize.0;
    let after: Vec<_> = after.iter().map(|position| position.exposure()).collect();
    let after = score(&case.account.model, &after).expect("a score");
    if plan.check_after(&after).is_ok() && !plan.insolvent {
        assert!(after.excess() > plan.before.excess());
    }
}
