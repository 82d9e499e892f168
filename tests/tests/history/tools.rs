//! What the tales share.

use ballast::{event::BreakerChanged, state::Reserve, BallastError};
use ballast_client::{price::Price, Event};
use ballast_risk::breaker::Cause;
use ballast_tests::{fortune::Fortune, Market, Receipt, User, World};

/// A lender of ten million dollars, and an attacker who holds so many of a market's tokens as collateral.
pub async fn lender_and_attacker(world: &mut World, market: &Market, whole: u64) -> (User, User) {
    let usdc = world.usdc;
    let lender = world.lender(&usdc, usdc.units(10_000_000)).await;
    let eve = world.user().await;
    world.deposit(&eve, market, market.units(whole)).await.unwrap();
    (lender, eve)
}

/// Lets a second pass and posts a price with its average and its doubt; every other price is posted as it was.
pub async fn spike(world: &mut World, market: &Market, price: i64, average: i64, doubt: i64) -> Receipt {
    spike_after(world, 1, market, price, average, doubt).await
}

/// The same after so many seconds.
pub async fn spike_after(
    world: &mut World,
    seconds: i64,
    market: &Market,
    price: i64,
    average: i64,
    doubt: i64,
) -> Receipt {
    world.chain.pass(seconds);
    world.refresh_others(market).await;
    let quote = Price { price, ema: average, confidence: doubt.unsigned_abs(), ..market.quote(&world.chain) };
    market.post_raw(&mut world.chain, &quote);
    world.refresh_one(market).await.unwrap()
}

/// What these tales ask of a world.
pub trait Tale {
    /// What lenders lost since they had so much, micro-USD, rounded up: what their deposits are worth less, and what the books of
    /// others owe beyond what they have, which is theirs to bear.
    async fn lost(
        &mut self,
        lenders: &[&User],
        lent: &Fortune,
        books: &[&User],
        fair: &[(Market, i64)],
    ) -> i128;
    /// Posts and refreshes every price but one.
    async fn refresh_others(&mut self, but: &Market);
    /// The most that a user can borrow now, to the unit; 0 where not even the smallest debt is possible.
    async fn most(&mut self, user: &User, market: &Market) -> u64;
    /// Forgets what breakers think of a market's prices, as thresholds would that nothing reaches.
    async fn blind(&mut self, market: &Market);
}

impl Tale for World {
    async fn lost(
        &mut self,
        lenders: &[&User],
        lent: &Fortune,
        books: &[&User],
        fair: &[(Market, i64)],
    ) -> i128 {
        let now = self.fortune(lenders, fair).await;
        self.uncovered(books, fair).await.and(lent).gain_up(&now)
    }

    async fn refresh_others(&mut self, but: &Market) {
        for market in self.markets() {
            if market.price_account != but.price_account {
                let quote = market.quote(&self.chain);
                market.post_raw(&mut self.chain, &quote);
                self.refresh_one(&market).await.unwrap();
            }
        }
    }

    async fn most(&mut self, user: &User, market: &Market) -> u64 {
        let (mut least, mut most, mut landed) = (0, market.units(10_000_000), 0);
        while most - least > 1 {
            let middle = least + (most - least) / 2;
            let borrow = self.borrowing(user, market, middle).await;
            match self.chain.would_land(&[borrow], &[&user.keypair]).await {
                Ok(_) => (least, landed) = (middle, middle),
                Err(failure) if failure.reason() == Some(BallastError::DebtTooSmall.into()) => least = middle,
                Err(_) => most = middle,
            }
        }
        landed
    }

    async fn blind(&mut self, market: &Market) {
        let key = self.asset(market).reserve();
        let forget = |reserve: &mut Reserve| {
            reserve.breaker = Default::default();
            reserve.trail = Default::default();
        };
        self.chain.edit(key, forget).await;
    }
}

/// The signals of breakers that a transaction wrote down or tripped.
pub fn signals(receipt: &Receipt) -> Vec<BreakerChanged> {
    let pick = |event: &Event| match event {
        Event::BreakerChanged(change) => Some(change.clone()),
        _ => None,
    };
    receipt.events.iter().filter_map(pick).collect()
}

/// Whether a transaction shows this signal of a reserve.
pub fn shows(receipt: &Receipt, cause: Cause) -> bool {
    signals(receipt).iter().any(|signal| signal.cause == cause as u8)
}
