//! Every tranche of a grid of two-position books, with every preset: `E − R` rises or the book is insolvent, and the borrower gives no
//! more than the bonus.

use crate::up_to;
use ballast_risk::{
    pace::{DepthBucket, PaceMeter},
    presets::{self, AssetKind},
    price::UnitPrice,
    score::{score, Exposure},
    tranche::{plan_tranche, Legs, TrancheRequest},
    RiskError, TokenAmount, Usd,
};

#[test]
fn every_tranche_of_a_grid_of_books_raises_equity_over_the_requirement() {
    let steps = up_to(400, 60);
    let mut sold = 0;
    for preset in [presets::balanced, presets::calm, presets::safe, presets::steady, presets::still] {
        let preset = preset().unwrap();
        let (sol, usd) = (preset.asset(AssetKind::Sol).unwrap(), preset.asset(AssetKind::Usd).unwrap());
        // one unit of either is a third of a cent: amounts do not divide
        let (deposit_price, debt_price) = (
            UnitPrice::from_oracle(333_333, -8, 2).unwrap(),
            UnitPrice::from_oracle(333_337, -8, 2).unwrap(),
        );
        let held = 3_000_000u64;
        for step in 1..=steps {
            // from 70 % to 110 % of the collateral
            let owed = held / 100 * 70 + held * step * 40 / (100 * steps);
            let (deposit, debt) = (TokenAmount(held), TokenAmount(owed));
            let value = |debt: TokenAmount, deposit: TokenAmount| {
                let exposure = |asset: &presets::AssetParameters, value: i128| Exposure {
                    value: Usd(value),
                    beta: asset.risk.beta,
                    idio: asset.risk.idio,
                    group: asset.risk.group,
                };
                [
                    exposure(&usd, -debt_price.value_up(debt).0),
                    exposure(&sol, deposit_price.value_down(deposit).0),
                ]
            };
            let book = value(debt, deposit);
            let request = TrancheRequest {
                model: &preset.model,
                rules: &preset.rules,
                curve: &sol.curve,
                book: &book,
                usable: u32::MAX,
                debt: 0,
                deposit: 1,
                meter: PaceMeter::default(),
                bucket: DepthBucket::default(),
                now: 1 << 40,
                maximum: Usd(i128::MAX),
            };
            let plan = match plan_tranche(&request) {
                Ok(plan) => plan,
                Err(error) => {
                    assert_eq!(error, RiskError::Healthy, "every unhealthy book of one pair can be sold");
                    continue;
                }
            };
            let legs = Legs { debt_price, debt_owed: debt, deposit_price, deposit_held: deposit };
            let outcome = plan.settle(&legs).unwrap();
            let after = value(debt.minus(outcome.repay).unwrap(), deposit.minus(outcome.seize).unwrap());
            let after = score(&preset.model, &after).unwrap();
            if plan.insolvent {
                assert!(after.debt < plan.before.debt);
            } else {
                assert!(after.excess() > plan.before.excess(), "{} {owed} {plan:?}", preset.name);
                // no fill makes debt over equity worse: E'·D >= E·D'
                assert!(after.equity().0 * plan.before.debt.0 >= plan.before.equity().0 * after.debt.0);
            }
            // what is seized is worth at most what was repaid and its bonus, at the price that favours the borrower
            let most = debt_price.value_down(outcome.repay).0 * (1_000_000 + i128::from(plan.bonus.0));
            let whole = outcome.take_deposit;
            assert!(
                whole || deposit_price.value_up(outcome.seize).0 * 1_000_000 <= most,
                "{plan:?} {outcome:?}"
            );
            assert_eq!(outcome.to_liquidator.0 + outcome.insurance.0, outcome.seize.0);
            sold += 1;
        }
    }
    assert!(sold > steps * 2, "{sold}");
}
