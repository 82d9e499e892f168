//! Random lives in one vault: prices move, time passes, people lend, borrow, leave and sell each other's books. The law holds
//! after every transaction, healthy books are left alone, and every tranche of a solvent book lowers its risk.

use ballast::{state::Side, BallastError};
use ballast_client::{instruction, Event};
use ballast_tests::{Failure, Market, Receipt, User, World};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_transaction::InstructionError;
use std::collections::BTreeMap;

const PEOPLE: usize = 6;
const STEPS: usize = 2_500;

struct Lives {
    world: World,
    random: ChaCha8Rng,
    people: Vec<User>,
    /// Owes nothing, and may be paid in shares.
    keeper: User,
    /// Prices in the beginning.
    starts: [i64; 5],
    /// How often what landed, or why it was refused.
    counts: BTreeMap<String, usize>,
}

impl Lives {
    async fn begin(seed: u64) -> Self {
        let mut world = World::start().await;
        let mut people = vec![];
        for _ in 0..=PEOPLE {
            let user = world.user().await;
            for market in world.markets() {
                world.give(&user, &market, units(&market, 1_000_000)).await;
            }
            people.push(user);
        }
        for market in world.markets() {
            world.lender(&market, units(&market, 200_000)).await;
        }
        let keeper = people.pop().expect("one more than the people");
        let starts = [world.btc, world.eth, world.sol, world.lst, world.alt].map(|market| market.price);
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self { world, random, people, keeper, starts, counts: BTreeMap::new() }
    }

    /// Dollars of any order of magnitude up to 30,000, in token units; sometimes all, sometimes nothing.
    fn amount(&mut self, market: &Market) -> u64 {
        match self.random.random_range(0..20) {
            0 => u64::MAX,
            1 => self.random.random_range(0..5),
            _ => {
                let dollars = 10f64.powf(self.random.random_range(1.0..4.5));
                units(market, 1) / 2 * (dollars * 2.0) as u64
            }
        }
    }

    fn count(&mut self, what: &str, result: &Result<Receipt, Failure>) {
        let outcome = match result {
            Ok(_) => format!("{what} landed"),
            Err(failure) => {
                let reason = failure.reason().unwrap_or_else(|| panic!("{failure:?}"));
                assert_ne!(reason, InstructionError::ProgramFailedToComplete.into(), "{failure:#?}");
                assert_ne!(reason, BallastError::BooksDoNotHold.into());
                assert_ne!(reason, BallastError::TokensDoNotReconcile.into());
                format!("{what} {reason:?}")
            }
        };
        *self.counts.entry(outcome).or_default() += 1;
    }

    async fn step(&mut self) {
        let who = self.random.random_range(0..PEOPLE);
        let user = self.people[who].numbered(0);
        // half of them lend coins and borrow ether and dollars, half the other way round
        let [btc, eth, sol, lst, usdc, alt] = self.world.markets();
        let (lends, borrows) = match who % 2 {
            0 => ([btc, sol, lst, alt], [eth, usdc]),
            _ => ([eth, usdc, eth, usdc], [btc, sol]),
        };
        let what = self.random.random_range(0..14);
        let any = lends[self.random.random_range(0..4)];
        let market = match what {
            3 => self.held(&user, Side::Deposit).await.unwrap_or(any),
            4..7 if self.random.random_range(0..8) > 0 => borrows[self.random.random_range(0..2)],
            7 => self.held(&user, Side::Debt).await.unwrap_or(any),
            _ => any,
        };
        let mut amount = self.amount(&market);
        if (4..7).contains(&what) && self.random.random_range(0..3) > 0 {
            amount = self.room(&user, &market).await;
        }
        let (what, result) = match what {
            0..3 => ("deposit", self.world.deposit_own(&user, &market, amount).await),
            3 => ("withdraw", self.world.withdraw(&user, &market, amount).await),
            4..7 => ("borrow", self.world.borrow(&user, &market, amount).await),
            7 => ("repay", self.world.repay(&user, &market, amount).await),
            8 | 9 => {
                self.move_prices().await;
                return;
            }
            _ => ("liquidate", self.liquidate(&user).await),
        };
        self.count(what, &result);
    }

    /// Nearly as much as a user may borrow of a market.
    async fn room(&mut self, user: &User, market: &Market) -> u64 {
        let excess = self.world.portfolio(user, |p| p.opening().map_or(0, |score| score.excess().0)).await;
        let dollars = (excess / 1_000_000).max(0) as f64 * self.random.random_range(0.6..0.95);
        units(market, dollars as u64)
    }

    /// A market that a user has a position in.
    async fn held(&mut self, user: &User, side: Side) -> Option<Market> {
        let book = self.world.obligation(user).await;
        let positions: Vec<_> = book.active().iter().filter(|p| p.side() == Some(side)).collect();
        let chosen = positions.get(self.random.random_range(0..positions.len().max(1)))?.reserve;
        self.world.markets().into_iter().find(|market| self.world.asset(market).reserve() == chosen)
    }

    /// Up to two hours pass, and each price jumps to somewhere between 75 % and 125 % of what it was in the beginning.
    async fn move_prices(&mut self) {
        let random = &mut self.random;
        let world = &mut self.world;
        let markets = [&mut world.btc, &mut world.eth, &mut world.sol, &mut world.lst, &mut world.alt];
        for (market, start) in markets.into_iter().zip(self.starts) {
            market.price = (start as f64 * random.random_range(0.75..1.25)) as i64;
        }
        world.tick([1, 10, 600, 7_200][random.random_range(0..4)]).await;
    }

    /// Someone sells a pair of anyone's book, for a part or as much as may be.
    async fn liquidate(&mut self, keeper: &User) -> Result<Receipt, Failure> {
        let mut pairs = vec![];
        for (i, user) in self.people.iter().enumerate() {
            let book = self.world.obligation(user).await;
            let markets = self.world.markets();
            let of = |side| {
                markets.iter().filter(move |market| {
                    let reserve = market.asset(user.account.vault).reserve();
                    book.active().iter().any(|p| p.reserve == reserve && p.side() == Some(side))
                })
            };
            pairs.extend(
                of(Side::Debt).flat_map(|debt| of(Side::Deposit).map(move |deposit| (i, *debt, *deposit))),
            );
        }
        if pairs.is_empty() {
            return self.world.refresh_posted().await;
        }
        let (whose, debt, deposit) = pairs[self.random.random_range(0..pairs.len())];
        let user = self.people[whose].numbered(0);
        let most = self.amount(&debt);
        self.world.chain.pass(1); // not in the slot of a borrow
        let before = self.world.score(&user).await;
        let result = match self.random.random_range(0..2) {
            0 => self.world.liquidate(keeper, &user, &debt, &deposit, most).await,
            _ => {
                let keeper = self.keeper.numbered(0);
                self.world.liquidate_for_shares(&keeper, &user, &debt, &deposit, most).await
            }
        };
        if before.is_healthy() {
            assert!(result.is_err(), "a healthy book was sold: {before:?}");
        }
        if let Ok(receipt) = &result {
            let Event::TrancheExecuted(tranche) = &receipt.events[0] else { panic!("a tranche") };
            assert!(tranche.repaid <= most);
            if receipt.events.len() == 1 {
                let after = self.world.score(&user).await;
                assert!(tranche.insolvent || after.excess() > before.excess(), "{before:?} {after:?}");
            } else {
                let open = instruction::open_obligation(&user.account);
                self.world.must(&[open], &[&user.keypair]).await;
            }
        }
        result
    }
}

/// So many dollars' worth, in token units.
fn units(market: &Market, dollars: u64) -> u64 {
    (u128::from(dollars) * 100_000_000 * 10u128.pow(u32::from(market.decimals)) / market.price as u128) as u64
}

async fn live(seed: u64) {
    let mut lives = Lives::begin(seed).await;
    for _ in 0..STEPS {
        lives.step().await;
    }
    println!("{:#?}", lives.counts);
    for what in ["deposit", "withdraw", "borrow", "repay", "liquidate"] {
        let landed = lives.counts.get(&format!("{what} landed")).copied().unwrap_or(0);
        assert!(landed >= 40, "{what} landed {landed} times");
    }
}

#[tokio::test]
async fn random_lives_keep_the_law() {
    live(1).await;
}

#[tokio::test]
async fn other_random_lives_keep_the_law() {
    live(2).await;
}
