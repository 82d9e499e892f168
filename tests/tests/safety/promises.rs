//! What no state may touch: who is liquidated, by how much, and that whoever owes nothing leaves.

use ballast::{state::Reserve, state::Vault, BallastError};
use ballast_client::Event;
use ballast_risk::{
    breaker::{State, STATES},
    bucket::{FlowRules, MIN_DAILY_SHARE},
};
use ballast_tests::{refused, Market, User, World};
use rand::{seq::SliceRandom, Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const DAY: i64 = 86_400;

/// What a tranche would do now, or why there is none.
async fn outcome(world: &mut World, keeper: &User, ann: &User, debt: &Market, deposit: &Market) -> String {
    let tranche = world.tranche(keeper, ann, debt, deposit, u64::MAX).await;
    match world.chain.would_land(&[tranche], &[&keeper.keypair]).await {
        Err(failure) => format!("{:?}", failure.reason().expect("the program says why")),
        Ok(receipt) => {
            let mut tranches = receipt.events.iter().filter_map(|event| match event {
                Event::TrancheExecuted(tranche) => Some(format!("{tranche:?}")),
                _ => None,
            });
            tranches.next().expect("a tranche")
        }
    }
}

#[tokio::test]
async fn no_state_makes_a_healthy_book_liquidatable_or_shields_an_unhealthy_one() {
    let mut world = World::start().await;
    let [btc, eth, sol, lst, usdc, alt] = world.markets();
    for (market, whole) in [(usdc, 10_000_000), (eth, 10_000), (sol, 100_000), (btc, 1_000)] {
        world.lender(&market, market.units(whole)).await;
    }
    let keeper = world.user().await;
    for market in world.markets() {
        world.give(&keeper, &market, market.units(1_000_000)).await;
    }
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut books = vec![];
    for _ in 0..12 {
        let (user, mut pledged) = (world.user().await, [btc, sol, lst, alt]);
        pledged.shuffle(&mut random);
        for market in &pledged[..2] {
            let dollars = random.random_range(5_000..20_000) * 100_000_000;
            let amount = u128::from(market.units(1)) * dollars / market.price as u128;
            world.deposit(&user, market, amount as u64).await.unwrap();
        }
        for debt in [usdc, eth] {
            let excess =
                world.opening_score(&user).await.excess().0 as u128 / 100 * random.random_range(60..95);
            let amount = u128::from(debt.units(1)) * excess * 100 / debt.price as u128;
            world.borrow(&user, &debt, amount as u64).await.unwrap();
        }
        books.push((user, pledged[0], pledged[1]));
    }
    world.chain.pass(1);
    for price in [&mut world.sol.price, &mut world.btc.price, &mut world.lst.price, &mut world.alt.price] {
        *price = *price / 1_000 * random.random_range(780..920);
    }
    world.refresh().await.unwrap();
    let mut before: Vec<Vec<String>> = vec![];
    let (mut healthy, mut sold) = (0, 0);
    for vault in STATES {
        for state in STATES {
            world.set_vault_state(vault).await;
            for market in world.markets() {
                world.set_state(&market, state).await;
            }
            let mut now = vec![];
            for (user, first, second) in &books {
                let mut of_book = vec![format!("{:?}", world.score(user).await)];
                for debt in [usdc, eth] {
                    for deposit in [first, second] {
                        of_book.push(outcome(&mut world, &keeper, user, &debt, deposit).await);
                    }
                }
                now.push(of_book);
            }
            if before.is_empty() {
                let refusal = format!("{:?}", ballast_tests::Reason::from(BallastError::Healthy));
                healthy = now.iter().filter(|book| book[1..].iter().all(|said| *said == refusal)).count();
                sold = now.iter().flatten().filter(|said| said.contains("seized")).count();
                before = now;
            } else {
                assert_eq!(now, before, "{vault:?} {state:?}");
            }
        }
    }
    assert!(healthy >= 2 && sold >= 4, "{healthy} healthy books, {sold} tranches");
}

/// Lets a state hold for as long as the story takes.
async fn hold(world: &mut World, market: &Market, vault: State, state: State) {
    world.set_vault_state(vault).await;
    world.set_state(market, state).await;
    let (key, reserve) = (world.vault, world.asset(market).reserve());
    world.chain.edit::<Vault>(key, |vault| vault.breaker.expires_at = u64::MAX).await;
    world.chain.edit::<Reserve>(reserve, |reserve| reserve.breaker.expires_at = u64::MAX).await;
}

#[tokio::test]
async fn whoever_owes_nothing_is_out_of_every_state_within_seven_days() {
    for vault in STATES {
        for state in STATES {
            let mut world = World::start().await;
            let usdc = world.usdc;
            let all = usdc.units(10_000);
            let [ann, sleeper] = [world.lender(&usdc, all).await, world.lender(&usdc, all).await];
            // the smallest share that may be set, and a way out that is empty
            let rules = FlowRules { daily_share: MIN_DAILY_SHARE, ..FlowRules::balanced(1, 1) };
            world.set_flows(&usdc, rules).await;
            world.tick(DAY).await;
            hold(&mut world, &usdc, vault, state).await;
            let key = world.asset(&usdc).reserve();
            let stricter = vault.max(state);
            let named = match stricter {
                State::Normal => BallastError::OutflowBucketEmpty,
                _ => BallastError::ExitShareSpent,
            };
            if stricter == State::WindDown {
                // everything is free, so everything is theirs
                world.withdraw(&ann, &usdc, u64::MAX).await.unwrap();
                world.withdraw(&sleeper, &usdc, u64::MAX).await.unwrap();
                continue;
            }
            let (mut out, mut days) = (0, 0);
            while out < all {
                let now = world.seconds();
                world
                    .chain
                    .edit::<Reserve>(key, |r| {
                        (r.flows.outflow.used, r.flows.outflow.updated_at) = (u64::MAX, now)
                    })
                    .await;
                let whole = (all * u64::from(MIN_DAILY_SHARE.0) * (1 + days) / 10_000).min(all);
                if whole < all {
                    refused(world.withdraw(&ann, &usdc, whole - out + 1).await, named);
                }
                world.withdraw(&ann, &usdc, whole - out).await.unwrap();
                (out, days) = (whole, days + 1);
                if days == 7 && stricter != State::Normal {
                    // whoever slept all the while leaves with everything at once
                    world.withdraw(&sleeper, &usdc, u64::MAX).await.unwrap();
                }
                world.chain.pass(DAY);
            }
            assert_eq!(days, 7, "{vault:?} {state:?}");
        }
    }
}

#[tokio::test]
async fn shares_of_a_winding_down_reserve_do_not_depend_on_the_order() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for _ in 0..12 {
        let mut world = World::start().await;
        let (btc, usdc) = (world.btc, world.usdc);
        let mut lenders = vec![];
        for dollars in [1_000, 3_333, 7_777, 12_345] {
            let amount = usdc.units(dollars) + random.random_range(0..1_000_000);
            lenders.push((world.lender(&usdc, amount).await, amount));
        }
        let all: u64 = lenders.iter().map(|(_, amount)| amount).sum();
        let debtor = world.user().await;
        world.deposit(&debtor, &btc, btc.units(10)).await.unwrap();
        let lent = random.random_range(all / 10..all * 9 / 10);
        world.borrow(&debtor, &usdc, lent).await.unwrap();
        world.set_state(&usdc, State::WindDown).await;
        // no second passes, so a share stays worth a unit; the debtor repays a part in between, and the rest at last
        let mut free = all - lent;
        let mut taken = vec![0; lenders.len()];
        for repaid in [0, lent / 3, lent - lent / 3] {
            if repaid > 0 {
                world.repay(&debtor, &usdc, repaid).await.unwrap();
            }
            free += repaid;
            let mut order: Vec<usize> = (0..lenders.len()).collect();
            order.shuffle(&mut random);
            for index in order {
                let (lender, amount) = (&lenders[index].0, lenders[index].1);
                let share = (u128::from(amount) * u128::from(free) / u128::from(all)) as u64;
                let more = world.withdraw(lender, &usdc, share - taken[index] + 1).await;
                if share < amount {
                    refused(more, BallastError::ExitShareSpent);
                } else {
                    refused(more, BallastError::InsufficientAmount);
                }
                // in one call or in two
                let first = random.random_range(0..=share - taken[index]);
                for part in [first, share - taken[index] - first] {
                    if part > 0 {
                        world.withdraw(lender, &usdc, part).await.unwrap();
                    }
                }
                taken[index] = share;
            }
        }
        assert_eq!(taken.iter().sum::<u64>(), all);
        assert_eq!(world.till(&usdc).await, 0);
    }
}

#[tokio::test]
async fn a_reserve_that_flaps_once_a_day_lets_everybody_out_as_soon_as_one_that_is_guarded_once() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let all = usdc.units(10_000);
    let ann = world.lender(&usdc, all).await;
    world.set_flows(&usdc, FlowRules::balanced(1, 1)).await;
    world.tick(DAY).await;
    // a fifth of all that there was, each time: a fifth of the rest would never end
    for day in 0..5 {
        world.set_state(&usdc, State::Guarded).await;
        if day < 4 {
            refused(world.withdraw(&ann, &usdc, all / 5 + 1).await, BallastError::ExitShareSpent);
        }
        world.withdraw(&ann, &usdc, all / 5).await.unwrap();
        // nor does another guard that takes over at once start a share anew
        world.set_state(&usdc, State::Normal).await;
        world.set_vault_state(State::Guarded).await;
        if day < 4 {
            refused(world.withdraw(&ann, &usdc, usdc.units(1)).await, BallastError::ExitShareSpent);
        }
        world.set_vault_state(State::Normal).await;
        world.chain.pass(DAY);
    }
    assert_eq!(world.shares(&ann, &usdc).await, 0);
}
