//! Random lives of a fund: people stake and leave, lenders lose, keepers cover, claims pass and fail, strangers donate. The law holds
//! after every transaction: the fund's account holds its books and all bonds, and its shares are the sum of the stakes.

use crate::DAY;
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast_client::insurance;
use ballast_risk::fund::StakeShares;
use ballast_tests::{Failure, Insured, User};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

const STEPS: usize = 2_000;

struct Lives {
    insured: Insured,
    random: ChaCha8Rng,
    people: Vec<User>,
    /// Open and settled claims whose accounts are there, with their openers.
    claims: Vec<(u64, usize)>,
    counts: BTreeMap<(&'static str, bool), usize>,
}

impl Lives {
    async fn begin(seed: u64) -> Self {
        let mut insured = Insured::with_electorate(&[10_000; 7]).await;
        let (usdc, sol) = (insured.usdc(), insured.world.sol);
        insured.world.lender(&usdc, usdc.units(100_000)).await;
        insured.world.lender(&sol, sol.units(10_000)).await;
        let mut people = vec![];
        for _ in 0..3 {
            people.push(insured.newcomer().await);
        }
        insured.call_roll().await;
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self { insured, random, people, claims: vec![], counts: BTreeMap::new() }
    }

    /// Token units of any order of magnitude up to 10,000 USDC.
    fn units(&mut self) -> u64 {
        10f64.powf(self.random.random_range(0.0..10.0)) as u64
    }

    async fn step(&mut self) {
        let who = self.random.random_range(0..self.people.len());
        let units = self.units();
        let which = self.random.random_range(0..self.claims.len().max(1));
        let claim = self.claims.get(which).copied();
        let number = claim.map_or(1, |(number, _)| number);
        let choice = self.random.random_range(0..16);
        let yes: bool = self.random.random();
        let insured = &mut self.insured;
        let (user, usdc, sol) = (&self.people[who], insured.usdc(), insured.world.sol);
        let (name, outcome): (_, Result<(), Failure>) = match choice {
            0 | 1 => ("stake", insured.stake(user, units).await.map(drop)),
            2 => ("ask", insured.ask(user, if yes { u64::MAX } else { units }).await.map(drop)),
            3 => ("leave", insured.leave(user).await.map(drop)),
            4 => {
                insured.lose(&sol, units).await;
                ("lose", Ok(()))
            }
            5 => ("cover", insured.cover(user, &sol, units, None).await.map(drop)),
            6 => ("cover by claim", insured.cover(user, &sol, units, Some(number)).await.map(drop)),
            7 => {
                // a donation, which changes nothing
                let (key, held) = (insured.fund.tokens(), insured.tokens().await);
                let vault = insured.world.vault;
                let before = insured.state().await.view();
                usdc.write_tokens(&mut insured.world.chain, key, &vault, held + 1, AccountState::Initialized);
                assert_eq!(insured.state().await.view(), before);
                ("donate", Ok(()))
            }
            // few, or stake would never be free
            8 if self.claims.len() < 3 => {
                let claimable = insured.state().await.fund().claimable(insured.world.chain.now() as u64);
                insured.world.give(user, &usdc, usdc.units(100_000)).await;
                let opened = insured.open_claim(user, units.min(claimable)).await;
                if let Ok(number) = opened {
                    self.claims.push((number, who));
                }
                ("open", opened.map(drop))
            }
            9..=11 => {
                for index in 0..7 {
                    let _ = insured.vote(index, number, yes).await;
                }
                ("settle", insured.settle(number, yes.then_some(user)).await.map(drop))
            }
            12 | 13 => match claim {
                Some((number, opener)) => {
                    let key = self.people[opener].key();
                    let tokens = Some(insured.fund.wallet(&key));
                    let close = insurance::close_claim(&insured.fund, number, key, tokens);
                    let closed = insured.crank(close).await;
                    if closed.is_ok() {
                        self.claims.remove(which);
                    }
                    ("close", closed.map(drop))
                }
                None => return,
            },
            _ => {
                // often as long as a cooldown
                let wait = if yes { 14 * DAY } else { self.random.random_range(1..6 * DAY) };
                insured.world.tick(wait).await;
                ("wait", insured.crank(insurance::collect_insurance(&insured.fund)).await.map(drop))
            }
        };
        *self.counts.entry((name, outcome.is_ok())).or_default() += 1;
    }
}

#[tokio::test]
async fn the_law_holds_through_random_lives_of_a_fund() {
    let mut lives = Lives::begin(7).await;
    for _ in 0..STEPS {
        lives.step().await;
    }
    println!("{:?}", lives.counts);
    // each was tried, and has landed; a claim passes by a majority that seldom comes together by chance
    for name in [
        "stake",
        "ask",
        "leave",
        "lose",
        "cover",
        "cover by claim",
        "donate",
        "open",
        "settle",
        "close",
        "wait",
    ] {
        let least = if name == "cover by claim" { 3 } else { 10 };
        let landed = lives.counts.get(&(name, true)).copied().unwrap_or(0);
        assert!(landed >= least, "{name} landed {landed} times: {:?}", lives.counts);
    }
    // in the end nobody owns more than is there
    let fund = lives.insured.state().await;
    let mut owned = fund.books.spare + fund.bonds;
    for user in &lives.people {
        let stake = lives.insured.stake_of(user).await.stake;
        let stake = stake.as_risk().in_era_of(&fund.fund());
        owned += fund.fund().worth_down(StakeShares(stake.shares + stake.leaving)).0;
    }
    assert!(owned <= lives.insured.tokens().await);
}
