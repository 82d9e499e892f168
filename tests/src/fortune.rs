//! What people have, exactly: wallets and positions at prices that are true, whatever an oracle says.
//!
//! A tale of an attack ends with what its attacker has more than before. Nothing is rounded on the way, so that a gain of a
//! fraction of a unit is a gain.

use crate::{
    law::{owed_up, worth_down},
    market::Market,
    world::{User, World},
};
use ballast::state::{Reserve, Side};
use num_bigint::BigInt;

/// Most decimals of a token.
const DECIMALS: u32 = 12;

/// A sum of money, exact: in dollars over `2^64 · 10^(8 + DECIMALS)`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fortune(BigInt);

impl Fortune {
    /// Micro-USD, rounded up: against whoever claims that there was no gain.
    pub fn up(&self) -> i128 {
        let unit = (BigInt::from(10u64).pow(8 + DECIMALS) << 64u32) / 1_000_000u32;
        let (quotient, rest) = (&self.0 / &unit, &self.0 % &unit);
        let up = quotient + u32::from(rest > BigInt::ZERO);
        i128::try_from(up).expect("sums of these tales fit")
    }

    /// What this is more than before, micro-USD, rounded up.
    pub fn gain_up(&self, before: &Self) -> i128 {
        Self(&self.0 - &before.0).up()
    }

    /// Both together.
    pub fn and(&self, other: &Self) -> Self {
        Self(&self.0 + &other.0)
    }

    /// What this is less than before, micro-USD, rounded up.
    pub fn loss_up(&self, before: &Self) -> i128 {
        before.gain_up(self)
    }
}

impl World {
    /// The world's markets at the prices that they have now, as the truth of a tale.
    pub fn fair(&self) -> Vec<(Market, i64)> {
        self.markets().map(|market| (market, market.price)).to_vec()
    }

    /// What these people have together: the tokens in their wallets, and each obligation's deposits less debts. An obligation that
    /// owes more than it has counts nothing: nobody makes its owner pay. Each owner's wallet counts once.
    pub async fn fortune(&mut self, people: &[&User], fair: &[(Market, i64)]) -> Fortune {
        let (mut sum, mut owners) = (BigInt::ZERO, vec![]);
        for user in people {
            if !owners.contains(&user.key()) {
                owners.push(user.key());
                for (market, price) in fair {
                    let units = BigInt::from(self.wallet(user, market).await) << 64u32;
                    sum += value(market, *price, units);
                }
            }
            sum += self.net(user, fair).await.max(BigInt::ZERO);
        }
        Fortune(sum)
    }

    /// What these obligations owe beyond what they have. Nobody makes their owners pay, so this is what lenders lose by them once they are
    /// closed: a deposit keeps its worth until then, and a tale that looked at deposits alone would end too early.
    pub async fn uncovered(&mut self, people: &[&User], fair: &[(Market, i64)]) -> Fortune {
        let mut sum = BigInt::ZERO;
        for user in people {
            sum -= self.net(user, fair).await.min(BigInt::ZERO);
        }
        Fortune(sum)
    }

    /// What someone has of one market: wallet and deposit, less debt. Token units, rounded down.
    pub async fn holding(&mut self, user: &User, market: &Market) -> i128 {
        let wallet = i128::from(self.wallet(user, market).await);
        if self.chain.account(user.obligation()).await.is_none() {
            return wallet;
        }
        let reserve = market.asset(user.account.vault).reserve();
        let obligation = self.obligation(user).await;
        let Some(place) = obligation.find(&reserve) else { return wallet };
        let ledger = self.chain.state::<Reserve>(reserve).await.accrued_ledger(self.seconds());
        let position = obligation.positions[place];
        wallet
            + match position.side() {
                Some(Side::Deposit) => i128::from(worth_down(position.shares, ledger.deposit_index)),
                Some(Side::Debt) => -i128::from(owed_up(position.shares, ledger.debt_index)),
                None => 0,
            }
    }

    /// An obligation's deposits less debts.
    async fn net(&mut self, user: &User, fair: &[(Market, i64)]) -> BigInt {
        let mut net = BigInt::ZERO;
        if self.chain.account(user.obligation()).await.is_none() {
            return net;
        }
        let obligation = self.obligation(user).await;
        for position in obligation.active() {
            let of_market =
                |(market, _): &&(Market, i64)| market.asset(user.account.vault).reserve() == position.reserve;
            let (market, price) = fair.iter().find(of_market).expect("a fair price for every position");
            let ledger = self.chain.state::<Reserve>(position.reserve).await.accrued_ledger(self.seconds());
            let shares = BigInt::from(position.shares);
            match position.side() {
                Some(Side::Deposit) => net += value(market, *price, shares * ledger.deposit_index),
                Some(Side::Debt) => net -= value(market, *price, shares * ledger.debt_index),
                None => {}
            }
        }
        net
    }
}

/// Token units over `2^64` in a [`Fortune`]'s unit.
fn value(market: &Market, price: i64, units: BigInt) -> BigInt {
    units * price * BigInt::from(10u64).pow(DECIMALS - u32::from(market.decimals))
}
