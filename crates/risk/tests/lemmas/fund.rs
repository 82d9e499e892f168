//! Staking in every small fund: nobody gains by coming and going, and nobody else loses.

use crate::up_to;
use ballast_risk::{
    fund::{Fund, FundRules, Stake, StakeShares},
    TokenAmount,
};

#[test]
fn every_small_stake_costs_what_it_is_worth_or_more_and_leaves_with_no_more() {
    let most = up_to(40, 16);
    let rules = FundRules::BALANCED;
    for (shares, tokens) in (1..=most).flat_map(|s| (1..=most).map(move |t| (s, t))) {
        let before = Fund { shares, tokens, ..Fund::default() };
        for amount in 0..=most {
            let mut fund = before;
            let Ok((stake, cost)) = Stake::default().stake(&mut fund, TokenAmount(amount), 0) else {
                assert!(amount * shares < tokens, "refused only where it buys no share");
                continue;
            };
            assert!(cost.0 <= amount && amount - cost.0 <= tokens.div_ceil(shares));
            // a share of the others is worth no less, exactly
            assert!(fund.tokens * shares >= tokens * fund.shares);
            assert!(fund.worth_down(StakeShares(stake.shares)) <= cost);

            let asked = stake.request(&fund, StakeShares(stake.shares), 0).unwrap();
            let mut left = fund;
            let (rest, paid) = asked.leave(&mut left, &rules, u64::from(rules.cooldown)).unwrap();
            assert!(paid <= cost && rest.leaving == 0);
            assert!(left.tokens * fund.shares >= fund.tokens * left.shares);
            assert_eq!((left.shares, left.tokens + paid.0), (shares, fund.tokens));
        }
        // everybody leaves in any two parts: no more than there was
        for part in 1..shares {
            let (one, two) =
                (before.worth_down(StakeShares(part)), before.worth_down(StakeShares(shares - part)));
            assert!(one.0 + two.0 <= tokens);
        }
    }
}
