//! What people are worth at the oracle's prices: for whoever claims that an attack earns nothing.

use crate::{
    law::{owed_up, worth_down},
    market::{balance, Market},
    world::{User, World},
};
use ballast::state::{Reserve, Side};

/// What someone has of a market: wallet and deposit, less debt. Token units.
pub async fn holding(world: &mut World, user: &User, market: &Market) -> i128 {
    let wallet = i128::from(balance(&mut world.chain, market.asset(world.vault).wallet(&user.key())).await);
    if world.chain.account(user.obligation()).await.is_none() {
        return wallet;
    }
    let obligation = world.obligation(user).await;
    let reserve = market.asset(user.account.vault).reserve();
    let position = obligation.find(&reserve).map(|i| obligation.positions[i]);
    let ledger = {
        let now = world.chain.now() as u64;
        world.chain.state::<Reserve>(reserve).await.accrued_ledger(now)
    };
    wallet
        + match position.map(|p| (p.side(), p.shares)) {
            Some((Some(Side::Deposit), shares)) => i128::from(worth_down(shares, ledger.deposit_index)),
            Some((Some(Side::Debt), shares)) => -i128::from(owed_up(shares, ledger.debt_index)),
            _ => 0,
        }
}

/// What someone's tokens in wallet and deposits are worth less debts, micro-USD at the markets' prices, rounded down.
pub async fn wealth(world: &mut World, user: &User) -> i128 {
    wealth_of(world, &[user]).await
}

/// What people with different wallets have together, micro-USD at the markets' prices. Rounded down once, so that where it is more, it
/// really is.
pub async fn wealth_of(world: &mut World, people: &[&User]) -> i128 {
    let mut sum = 0;
    for market in world.markets() {
        for user in people {
            // a price is in 10^-8 dollars for 10^decimals units; all sums are in 10^-20 dollars
            let scale = 10i128.pow(12 - u32::from(market.decimals));
            sum += holding(world, user, &market).await * i128::from(market.price) * scale;
        }
    }
    sum.div_euclid(10i128.pow(14))
}
