//! Random books of up to sixteen positions with `C ≤ (1 + b_min)·D`: whatever keepers take first, 32 calls close them.

use crate::tools::{absorb, losses, tranches};
use ballast::state::{Reserve, Side};
use ballast_client::{
    account::reserves_of,
    instruction::{self, refresh_reserves},
    safety::absorbing,
};
use ballast_risk::presets::AssetKind;
use ballast_tests::{market::TOKEN, usd, Market, User, World};
use rand::{seq::SliceRandom, Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Calls in which every insolvent book is closed.
const MOST_CALLS: usize = 32;

struct Book {
    world: World,
    random: ChaCha8Rng,
    /// Sixteen reserves.
    markets: Vec<Market>,
    ann: User,
    keeper: User,
    /// What Ann deposited, by place in `markets`.
    deposits: Vec<usize>,
    /// What she owes.
    debts: Vec<usize>,
    /// Deposits whose reserve lost everything.
    worthless: Vec<usize>,
}

impl Book {
    /// Sixteen reserves, of which eight can be borrowed and are lent.
    async fn begin(seed: u64) -> Self {
        let (mut world, mut random) = (World::start().await, ChaCha8Rng::seed_from_u64(seed));
        let mut markets = world.markets().to_vec();
        while markets.len() < 16 {
            let market =
                Market::create(&mut world.chain, AssetKind::Alt, 2 + markets.len() as u8 % 8, TOKEN, usd(2));
            world.add_reserve(&market).await.unwrap();
            markets.push(market);
        }
        let [lender, ann, keeper] = [world.user().await, world.user().await, world.user().await];
        for (i, market) in markets.iter().enumerate() {
            if i >= 12 {
                let borrowable = |reserve: &mut Reserve| reserve.borrowable = 1;
                world.chain.edit(market.asset(world.vault).reserve(), borrowable).await;
            }
            world.deposit(&lender, market, dollars(market, 1_000_000)).await.unwrap();
            world.give(&keeper, market, dollars(market, 10_000_000)).await;
            world.give(&ann, market, 0).await;
        }
        let borrowable = [0, 1, 2, 4, 12, 13, 14, 15];
        let count = random.random_range(2..=16);
        let mut debts = borrowable.to_vec();
        debts.shuffle(&mut random);
        debts.truncate(random.random_range(1..=8.min(count - 1)));
        let mut deposits: Vec<_> = (0..16).filter(|i| !debts.contains(i)).collect();
        deposits.shuffle(&mut random);
        deposits.truncate(count - debts.len());
        let mut book = Self { world, random, markets, ann, keeper, deposits, debts, worthless: vec![] };
        book.refresh().await;
        book
    }

    async fn refresh(&mut self) {
        let vault = self.world.vault;
        for market in &self.markets {
            let quote = market.quote(&self.world.chain);
            market.post_raw(&mut self.world.chain, &quote);
        }
        let payer = self.world.curator.insecure_clone();
        for slice in self.markets.chunks(8) {
            let pairs: Vec<_> = slice.iter().map(|m| (m.asset(vault).reserve(), m.price_account)).collect();
            self.world.must(&[refresh_reserves(vault, &pairs)], &[&payer]).await;
        }
    }

    /// The first deposit covers everything several times over; of the others some are dust, and some will be worth nothing. Of
    /// the debts, some are repaid down to a few units.
    async fn borrow(&mut self) {
        for (place, i) in self.deposits.clone().into_iter().enumerate() {
            let market = self.markets[i];
            let amount = match self.random.random_range(0..4) {
                _ if place == 0 => dollars(&market, 1_000 * self.debts.len() as u64 + 1_000),
                0 => self.random.random_range(1..4),
                1 if i >= 6 => {
                    self.worthless.push(i);
                    dollars(&market, 100)
                }
                _ => dollars(&market, self.random.random_range(20..5_000)),
            };
            self.world.deposit(&self.ann, &market, amount).await.unwrap();
        }
        for i in self.debts.clone() {
            let market = self.markets[i];
            let amount = dollars(&market, self.random.random_range(101..200));
            let borrow = self.world.borrowing(&self.ann, &market, amount).await;
            self.world.must(&[borrow], &[&self.ann.keypair]).await;
            if self.random.random_range(0..4) == 0 && self.debts.len() > 1 && i != self.debts[0] {
                let left = self.random.random_range(1..5);
                self.world.repay(&self.ann, &market, amount - left).await.unwrap();
            }
        }
        for i in self.worthless.clone() {
            let market = self.markets[i];
            crate::tools::ruin(&mut self.world, &market).await;
        }
    }

    /// Prices fall until deposits are worth at most `debts × 1.002`.
    async fn fall(&mut self) {
        let score = self.world.score(&self.ann).await;
        let target = match self.random.random_range(0..4) {
            0 => self.random.random_range(0.99..1.0019),
            1 => self.random.random_range(0.0..0.01),
            _ => self.random.random_range(0.01..0.99),
        };
        let factor = target * score.debt.0 as f64 / score.collateral.0 as f64;
        for i in &self.deposits {
            let market = &mut self.markets[*i];
            market.price = ((market.price as f64 * factor) as i64).max(1);
        }
        self.world.chain.pass(1);
        self.refresh().await;
        let score = self.world.score(&self.ann).await;
        assert!(score.collateral.0 * 1_000 <= score.debt.0 * 1_002, "{score:?}");
    }

    /// The place in `markets` and worth (10^-8 dollars × units, unscaled) of a position of this side.
    async fn positions(&mut self, side: Side) -> Vec<(usize, f64)> {
        if self.world.chain.account(self.ann.obligation()).await.is_none() {
            return vec![];
        }
        let book = self.world.obligation(&self.ann).await;
        let mut found = vec![];
        for position in book.active().iter().filter(|p| p.side() == Some(side)) {
            let reserve = |m: &Market| m.asset(self.world.vault).reserve() == position.reserve;
            let i = self.markets.iter().position(reserve).expect("a reserve of the sixteen");
            let market = self.markets[i];
            let value = position.shares as f64 / 10f64.powi(i32::from(market.decimals)) * market.price as f64;
            found.push((i, value));
        }
        found
    }

    /// Keepers take any deposit for the largest debt, until no debt is left. Returns how many calls it took.
    async fn close(&mut self) -> usize {
        let mut calls = 0;
        loop {
            let debts = self.positions(Side::Debt).await;
            let Some((debt, _)) = debts.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) else { return calls };
            calls += 1;
            assert!(calls <= MOST_CALLS);
            let mut sellable = self.positions(Side::Deposit).await;
            sellable.retain(|(i, _)| !self.worthless.contains(i));
            let Some((deposit, _)) = sellable.choose_by(&mut self.random) else {
                let receipt = absorb(&mut self.world, &self.keeper, &self.ann).await.unwrap();
                assert!(!losses(&receipt).is_empty());
                continue;
            };
            let (debt, deposit) = (self.markets[debt], self.markets[deposit]);
            let reserves = reserves_of(&self.world.obligation(&self.ann).await);
            let tranche = self.world.tranche(&self.keeper, &self.ann, &debt, &deposit, u64::MAX).await;
            let tranche = absorbing(tranche, &reserves);
            let receipt = self.world.must(&[tranche], &[&self.keeper.keypair]).await;
            let tranche = &tranches(&receipt)[0];
            assert!(tranche.insolvent && tranche.to_insurance == 0, "{tranche:?}");
            // every call ends a position
            assert!(tranche.debt_shares[1] == 0 || tranche.deposit_shares[1] == 0, "{tranche:?}");
        }
    }
}

/// One of several, at random.
trait ChooseBy<T> {
    fn choose_by(&self, random: &mut ChaCha8Rng) -> Option<T>;
}

impl<T: Copy> ChooseBy<T> for Vec<T> {
    fn choose_by(&self, random: &mut ChaCha8Rng) -> Option<T> {
        self.get(random.random_range(0..self.len().max(1))).copied()
    }
}

/// So many dollars' worth, in token units.
fn dollars(market: &Market, amount: u64) -> u64 {
    let units = u128::from(amount) * 100_000_000 * 10u128.pow(u32::from(market.decimals));
    (units / market.price as u128) as u64
}

async fn books(seeds: std::ops::Range<u64>) {
    let mut most = 0;
    for seed in seeds {
        let mut book = Book::begin(seed).await;
        book.borrow().await;
        book.fall().await;
        let positions = book.world.obligation(&book.ann).await.position_count;
        let calls = book.close().await;
        println!("seed {seed}: {positions} positions, {calls} calls");
        most = most.max(calls);
        for i in &book.debts {
            let market = book.markets[*i];
            assert_eq!(book.world.books(&market).await.debt_shares.0, 0, "{seed}");
        }
        // what was worth nothing went with the debts; what is left its owner takes
        if book.world.chain.account(book.ann.obligation()).await.is_some() {
            for (i, _) in book.positions(Side::Deposit).await {
                let market = book.markets[i];
                book.world.withdraw(&book.ann, &market, u64::MAX).await.unwrap();
            }
            let close = instruction::close_obligation(&book.ann.account);
            book.world.must(&[close], &[&book.ann.keypair]).await;
        }
    }
    println!("at most {most} calls");
}

#[tokio::test]
async fn random_insolvent_books_close_within_32_calls() {
    books(0..16).await;
}

#[tokio::test]
async fn other_random_insolvent_books_close_within_32_calls() {
    books(100..116).await;
}
