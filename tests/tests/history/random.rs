//! Every instruction against random states: whoever lands one leaves an obligation that could open, or one with less risk.

use crate::tools::Tale;
use ballast::state::Side;
use ballast_client::{account::reserves_of, instruction, safety::absorb_loss};
use ballast_risk::score::Score;
use ballast_tests::{Market, User, World};
use rand::{seq::IndexedRandom, Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Random states, and instructions tried in each.
const STATES: usize = 150;
const TRIES: usize = 8;
const KINDS: [&str; 8] =
    ["deposit", "withdraw", "borrow", "repay", "liquidate", "liquidate for shares", "absorb", "refresh"];
/// How many of them in ten are tranches, which few states allow.
const TRANCHES: u32 = 4;

/// What an instruction may do to an obligation that it does not close.
fn is_sound(what: &str, before: &Score, after: &Score, opening: Option<&Score>) -> bool {
    let no_more_risk = after.excess() >= before.excess();
    match what {
        // new risk: afterwards the book meets even the opening requirement, unless it owes nothing
        "withdraw" | "borrow" => after.debt.0 == 0 || opening.is_some_and(Score::is_healthy),
        // a tranche: not of a healthy book, and with less risk afterwards, unless the book cannot pay
        "liquidate" | "liquidate for shares" => {
            !before.is_healthy()
                && (after.excess() > before.excess() || before.debt.0 > 0 && cannot_pay(before))
        }
        _ => no_more_risk,
    }
}

/// Deposits worth less than the debts and the lowest bonus, 0.2 %.
fn cannot_pay(book: &Score) -> bool {
    book.collateral.0 * 1_000 <= book.debt.0 * 1_003
}

struct Random {
    world: World,
    random: ChaCha8Rng,
    eve: User,
    helper: User,
    starts: [i64; 6],
}

impl Random {
    async fn begin() -> Self {
        let mut world = World::start().await;
        for market in world.markets() {
            world.lender(&market, units(&market, 1_000_000)).await;
        }
        let (eve, helper) = (world.user().await, world.user().await);
        let starts = world.markets().map(|market| market.price);
        Self { world, random: ChaCha8Rng::seed_from_u64(20_230_313), eve, helper, starts }
    }

    /// A new book at new prices: two deposits, at times three, and one or two debts, up to the edge; then a fall of any size.
    async fn next_state(&mut self) {
        let [btc, eth, sol, lst, usdc, alt] = self.world.markets();
        let starts = self.starts;
        self.set_prices(|_, index| starts[index]).await;
        (self.eve, self.helper) = (self.world.user().await, self.world.user().await);
        for user in [self.eve.numbered(0), self.helper.numbered(0)] {
            for market in [btc, eth, sol, lst, usdc, alt] {
                self.world.give(&user, &market, units(&market, 30_000)).await;
            }
        }
        let pledges: Vec<Market> =
            [btc, sol, lst, alt].choose_multiple(&mut self.random, 3).copied().collect();
        let eve = self.eve.numbered(0);
        for market in pledges.iter().take(self.random.random_range(1..=3)) {
            let dollars = self.random.random_range(1_000..10_000);
            self.world.deposit_own(&eve, market, units(market, dollars)).await.unwrap();
        }
        let debts = self.random.random_range(0..=2);
        for market in [usdc, eth].iter().take(debts) {
            let room = self.world.opening_score(&eve).await.excess().0.max(0) as u64 / 1_000_000;
            let dollars = room * self.random.random_range(50..95) / 100;
            if dollars > 100 {
                // the second one may be too much
                self.world.borrow(&eve, market, units(market, dollars)).await.ok();
            }
        }
        let least = if self.random.random_range(0..3) == 0 { 5 } else { 70 };
        let random = &mut self.random;
        let falls: [i64; 6] = std::array::from_fn(|_| random.random_range(least..105));
        self.set_prices(|_, index| if index == 4 { starts[4] } else { starts[index] / 100 * falls[index] })
            .await;
    }

    async fn set_prices(&mut self, price: impl Fn(&Market, usize) -> i64) {
        let world = &mut self.world;
        let markets =
            [&mut world.btc, &mut world.eth, &mut world.sol, &mut world.lst, &mut world.usdc, &mut world.alt];
        for (index, market) in markets.into_iter().enumerate() {
            market.price = price(market, index);
        }
        world.tick(1).await;
        // states are about health: no breaker is one of them
        for market in world.markets() {
            world.blind(&market).await;
        }
    }

    async fn market_of(&mut self, side: Side) -> Option<Market> {
        let book = self.world.obligation(&self.eve.numbered(0)).await;
        let held: Vec<_> =
            book.active().iter().filter(|p| p.side() == Some(side)).map(|p| p.reserve).collect();
        let reserve = *held.choose(&mut self.random)?;
        self.world.markets().into_iter().find(|market| self.world.asset(market).reserve() == reserve)
    }

    /// Tries an instruction with any amount; whether it landed.
    async fn attempt(&mut self, what: &str) -> bool {
        let (eve, helper) = (self.eve.numbered(0), self.helper.numbered(0));
        let [btc, eth, sol, lst, usdc, alt] = self.world.markets();
        let any = *[btc, eth, sol, lst, usdc, alt].choose(&mut self.random).unwrap();
        let held = self.market_of(Side::Deposit).await.unwrap_or(any);
        let owed = self.market_of(Side::Debt).await.unwrap_or(any);
        let dollars = 10f64.powf(self.random.random_range(-1.0..4.5));
        let amount = |market: &Market| (units(market, 1_000) as f64 / 1_000.0 * dollars) as u64;
        let all = self.random.random_range(0..4) == 0;
        let world = &mut self.world;
        let result = match what {
            "deposit" => world.deposit_own(&eve, &any, amount(&any)).await,
            "withdraw" => world.withdraw(&eve, &held, if all { u64::MAX } else { amount(&held) }).await,
            "borrow" => world.borrow(&eve, if all { &owed } else { &any }, amount(&any)).await,
            "repay" => {
                world.repay_for(&helper, &eve, &owed, if all { u64::MAX } else { amount(&owed) }).await
            }
            "liquidate" => {
                world.chain.pass(1);
                world.liquidate(&helper, &eve, &owed, &held, if all { u64::MAX } else { amount(&owed) }).await
            }
            "liquidate for shares" => {
                world.chain.pass(1);
                world.liquidate_for_shares(&helper, &eve, &owed, &held, u64::MAX).await
            }
            "absorb" => {
                let reserves = reserves_of(&world.obligation(&eve).await);
                let absorb = absorb_loss(helper.key(), world.vault, eve.obligation(), &reserves);
                world.send(&[absorb], &[&helper.keypair]).await
            }
            _ => {
                let reserves = reserves_of(&world.obligation(&eve).await);
                let refresh = instruction::refresh_obligation(world.vault, eve.obligation(), &reserves);
                world.send(&[refresh], &[&helper.keypair]).await
            }
        };
        result.is_ok()
    }
}

/// So many dollars' worth, in token units.
fn units(market: &Market, dollars: u64) -> u64 {
    (u128::from(dollars) * 100_000_000 * 10u128.pow(u32::from(market.decimals)) / market.price as u128) as u64
}

#[tokio::test]
async fn euler_march_2023_every_instruction_in_random_states() {
    let mut tale = Random::begin().await;
    let mut landed: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..STATES {
        tale.next_state().await;
        for _ in 0..TRIES {
            let tranche = tale.random.random_range(0..10) < TRANCHES;
            let what = *if tranche { &KINDS[4..6] } else { &KINDS[..] }.choose(&mut tale.random).unwrap();
            let eve = tale.eve.numbered(0);
            let fair = tale.world.fair();
            let (before, had) =
                (tale.world.score(&eve).await, tale.world.fortune(&[&eve, &tale.helper], &fair).await);
            if !tale.attempt(what).await {
                continue;
            }
            *landed.entry(what).or_default() += 1;
            let profit = tale.world.fortune(&[&eve, &tale.helper], &fair).await.gain_up(&had);
            // of a book that can pay, a borrower with a second wallet gains nothing by anything; of one that cannot, no more than the
            // lowest bonus on what it has
            let most = if cannot_pay(&before) { before.collateral.0 * 3 / 1_000 + 2_000 } else { 0 };
            assert!(profit <= most, "{what}: {profit}, {before:?}");
            if tale.world.chain.account(eve.obligation()).await.is_none() {
                assert!(what.starts_with("liquidate"), "{what}");
                break;
            }
            let after = tale.world.score(&eve).await;
            let opening = match what {
                "withdraw" | "borrow" => Some(tale.world.opening_score(&eve).await),
                _ => None,
            };
            assert!(is_sound(what, &before, &after, opening.as_ref()), "{what}: {before:?} {after:?}");
        }
    }
    println!("{landed:?}");
    for what in KINDS.iter().filter(|what| **what != "absorb") {
        assert!(landed.get(what).is_some_and(|times| *times >= 10), "{what}: {landed:?}");
    }
}
