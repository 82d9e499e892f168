//! Whatever moves the positions of an obligation against random states: whoever lands it leaves an obligation that could open, or one
//! with less risk, gains nothing by it, and costs lenders nothing.

use crate::tools::Tale;
use ballast::state::Side;
use ballast_client::{account::reserves_of, instruction, safety::absorb_loss, safety::absorbing, Event};
use ballast_risk::{presets::BALANCED, score::Score};
use ballast_tests::{Failure, Market, Receipt, User, World};
use rand::{seq::IndexedRandom, Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Random states, and instructions tried in each.
const STATES: usize = 250;
const TRIES: usize = 8;
/// All that moves positions, by the list in `health`: opening an obligation and moving it to a newer layout have no state to be tried in.
/// What lands seldom is named more than once.
const KINDS: [&str; 13] = [
    "liquidate",
    "liquidate for shares",
    "deposit",
    "top up",
    "withdraw",
    "borrow",
    "borrow",
    "borrow",
    "repay",
    "absorb",
    "close",
    "close",
    "refresh",
];
/// How many of them in ten are tranches, which few states allow.
const TRANCHES: u32 = 4;
/// The highest of the lowest bonuses, in bps: what a keeper of a book that cannot pay gets for the alt. It is the lenders' money.
const LOWEST: i128 = BALANCED.alt.bonus_min.0 as i128;
/// Micro-USD in a unit of bitcoin, the dearest: what rounding a repayment down may leave to the keeper of such a book.
const UNIT: i128 = 1_000;

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

/// Deposits that are not worth the debts and the lowest bonus: equity over debt, rounded down to a millionth, is not above it.
fn cannot_pay(book: &Score) -> bool {
    book.equity().0 * 1_000_000 < book.debt.0 * (LOWEST * 100 + 1)
}

struct Random {
    world: World,
    random: ChaCha8Rng,
    eve: User,
    helper: User,
    lenders: Vec<User>,
    starts: [i64; 6],
}

impl Random {
    async fn begin() -> Self {
        let mut world = World::start().await;
        let mut lenders = vec![];
        for market in world.markets() {
            lenders.push(world.lender(&market, units(&market, 1_000_000)).await);
        }
        let (eve, helper) = (world.user().await, world.user().await);
        let starts = world.markets().map(|market| market.price);
        Self { world, random: ChaCha8Rng::seed_from_u64(20_230_313), eve, helper, lenders, starts }
    }

    /// A new book at new prices: up to three deposits and two debts, up to the edge; then a fall of any size.
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
        for market in pledges.iter().take(self.random.random_range(0..=3)) {
            let dollars = self.random.random_range(1_000..10_000);
            self.world.deposit_own(&eve, market, units(market, dollars)).await.unwrap();
        }
        let debts = self.random.random_range(0..=2);
        for market in [usdc, eth].iter().take(debts) {
            let room = self.world.opening_score(&eve).await.excess().0.max(0) as u64 / 1_000_000;
            let dollars = room * self.random.random_range(60..98) / 100;
            if dollars > 100 {
                // the second one may be too much
                self.world.borrow(&eve, market, units(market, dollars)).await.ok();
            }
        }
        // of four falls two are such that a book is sold while it can pay, and one is such that few can
        let random = &mut self.random;
        let range = match random.random_range(0..4) {
            0 => 5..60,
            1 => 70..105,
            _ => 80..92,
        };
        let falls: [i64; 6] = std::array::from_fn(|_| random.random_range(range.clone()));
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

    /// Tries an instruction with any amount.
    async fn attempt(&mut self, what: &str) -> Result<Receipt, Failure> {
        let (eve, helper) = (self.eve.numbered(0), self.helper.numbered(0));
        let [btc, eth, sol, lst, usdc, alt] = self.world.markets();
        let any = *[btc, eth, sol, lst, usdc, alt].choose(&mut self.random).unwrap();
        let held = self.market_of(Side::Deposit).await.unwrap_or(any);
        let owed = self.market_of(Side::Debt).await.unwrap_or(any);
        let dollars = 10f64.powf(self.random.random_range(-1.0..4.5));
        let amount = |market: &Market| (units(market, 1_000) as f64 / 1_000.0 * dollars) as u64;
        let all = self.random.random_range(0..4) == 0;
        let world = &mut self.world;
        match what {
            "top up" => {
                let top_up = world.topping_up(&eve, &held, amount(&held)).await;
                world.send(&[top_up], &[&eve.keypair]).await
            }
            "close" => world.send(&[instruction::close_obligation(&eve.account)], &[&eve.keypair]).await,
            "deposit" => world.deposit_own(&eve, &any, amount(&any)).await,
            "withdraw" => world.withdraw(&eve, &held, if all { u64::MAX } else { amount(&held) }).await,
            "borrow" => world.borrow(&eve, if all { &owed } else { &any }, amount(&any)).await,
            "repay" => {
                world.repay_for(&helper, &eve, &owed, if all { u64::MAX } else { amount(&owed) }).await
            }
            "liquidate" => {
                let reserves = reserves_of(&world.obligation(&eve).await);
                let most = if all { u64::MAX } else { amount(&owed) };
                let tranche = world.tranche(&helper, &eve, &owed, &held, most).await;
                world.send(&[absorbing(tranche, &reserves)], &[&helper.keypair]).await
            }
            "liquidate for shares" => world.liquidate_for_shares(&helper, &eve, &owed, &held, u64::MAX).await,
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
        }
    }
}

/// So many dollars' worth, in token units.
fn units(market: &Market, dollars: u64) -> u64 {
    (u128::from(dollars) * 100_000_000 * 10u128.pow(u32::from(market.decimals)) / market.price as u128) as u64
}

/// The most that whoever sells a book that cannot pay gains, and lenders lose, by this: its bonus on what was repaid, which is the lowest.
fn bonus_of_a_dead_book(receipt: &Receipt, before: &Score) -> i128 {
    let bonus = |event: &Event| match event {
        Event::TrancheExecuted(tranche) if tranche.insolvent => {
            let lowest = i128::from(tranche.bonus_ppm);
            assert!(cannot_pay(before) && lowest <= LOWEST * 100, "{before:?} {lowest}");
            Some(i128::from(tranche.repaid_value) * lowest / 1_000_000 + UNIT)
        }
        _ => None,
    };
    receipt.events.iter().find_map(bonus).unwrap_or(0)
}

#[tokio::test]
async fn euler_march_2023_every_instruction_in_random_states() {
    let mut tale = Random::begin().await;
    let mut landed: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..STATES {
        tale.next_state().await;
        for _ in 0..TRIES {
            let tranche = tale.random.random_range(0..10) < TRANCHES;
            let what = *if tranche { &KINDS[..2] } else { &KINDS[..] }.choose(&mut tale.random).unwrap();
            // a second for all of them, so that nothing accrues within a try
            tale.world.chain.pass(1);
            let eve = tale.eve.numbered(0);
            let (fair, lenders) = (tale.world.fair(), tale.lenders.iter().collect::<Vec<_>>());
            let (before, had) =
                (tale.world.score(&eve).await, tale.world.fortune(&[&eve, &tale.helper], &fair).await);
            let lent = tale.world.fortune(&lenders, &fair).await;
            let at_risk = tale.world.lost(&lenders, &lent, &[&eve], &fair).await;
            let Ok(receipt) = tale.attempt(what).await else {
                if what == "absorb" {
                    *landed.entry("absorb, refused").or_default() += 1;
                }
                continue;
            };
            *landed.entry(what).or_default() += 1;
            let most = bonus_of_a_dead_book(&receipt, &before);
            if what.starts_with("liquidate") {
                let book = if most > 0 { "of a book that cannot pay" } else { "of a book that can pay" };
                *landed.entry(book).or_default() += 1;
            }
            if receipt.events.iter().any(|event| matches!(event, Event::LossAbsorbed(_))) {
                *landed.entry("the last of it").or_default() += 1;
            }
            let lenders = tale.lenders.iter().collect::<Vec<_>>();
            let profit = tale.world.fortune(&[&eve, &tale.helper], &fair).await.gain_up(&had);
            assert!(profit <= most, "{what}: {profit} {most}, {before:?}");
            let lost = tale.world.lost(&lenders, &lent, &[&eve], &fair).await - at_risk;
            assert!(lost <= most, "{what}: {lost} {most}, {before:?}");
            if tale.world.chain.account(eve.obligation()).await.is_none() {
                assert!(what == "close" || what.starts_with("liquidate"), "{what}");
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
    // nobody gives a deposit up: all of these are worth a unit, so the tranche that takes the last one absorbs, and nothing else
    assert!(!landed.contains_key("absorb"));
    let tranches =
        ["of a book that can pay", "of a book that cannot pay", "the last of it", "absorb, refused"];
    for what in KINDS.iter().filter(|what| **what != "absorb").chain(&tranches) {
        assert!(landed.get(what).is_some_and(|times| *times >= 10), "{what}: {landed:?}");
    }
}
