//! Random transactions of two attackers.

use crate::den::Den;
use ballast::state::Reserve;
use ballast_client::instruction::{self, deposit, withdraw};
use ballast_tests::usd;
use rand::{seq::IndexedRandom, Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Random transactions.
const TRIES: usize = 400;

/// Random batches of everything that people can do, at prices that move between and within them.
#[tokio::test]
async fn no_random_transaction_earns_anything() {
    let mut den = Den::open().await;
    let mut random = ChaCha8Rng::seed_from_u64(2_026);
    let (sol, usdc) = (den.world.asset(&den.world.sol), den.world.asset(&den.world.usdc));
    let (eve, helper) = (den.eve.numbered(0), den.helper.numbered(0));
    let reserves = [sol.reserve(), usdc.reserve()];
    let begin = [
        deposit(&eve.account, &sol, 100_000_000_000),
        instruction::borrow(&eve.account, &usdc, 13_000_000_000, &reserves),
        deposit(&helper.account, &sol, 10_000_000_000),
        deposit(&helper.account, &usdc, 10_000_000_000),
    ];
    den.earns_nothing(&begin).await.unwrap();
    let mut landed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut why: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..TRIES {
        let price = *[162, 166, 172, 185, 200].choose(&mut random).expect("five");
        // prices that jump every second would soon hold all borrowing, and with it all that there is to try
        den.world
            .chain
            .edit::<Reserve>(sol.reserve(), |reserve| {
                (reserve.breaker, reserve.trail) = Default::default();
            })
            .await;
        den.oracle_says(usd(price));
        if price == 200 && random.random_bool(0.3) {
            // so far from the edge that collateral can be taken out
            let room =
                [den.refresh(), instruction::repay(helper.key(), eve.obligation(), &usdc, 600_000_000)];
            den.earns_nothing(&room).await.ok();
            den.oracle_says(usd(price));
        } else if price == 200 {
            // as near to the edge as the price allows, to a few hundred dollars, and with more behind it, or the book would dwindle
            den.earns_nothing(&[deposit(&eve.account, &sol, 20_000_000_000)]).await.ok();
            let more = [den.refresh(), instruction::borrow(&eve.account, &usdc, 300_000_000, &reserves)];
            while den.earns_nothing(&more).await.is_ok() {}
            den.oracle_says(usd(price));
        }
        let (mut batch, mut names) = (vec![], vec![]);
        if random.random_bool(0.7) {
            (batch, names) = (vec![den.refresh()], vec!["refresh"]);
        }
        for _ in 0..random.random_range(1..=4) {
            let units = 10f64.powf(random.random_range(0.0..9.0)) as u64;
            // a fall is there to be sold, first of all
            let sells = price < 170 && names.len() < 2 && random.random_bool(0.5);
            let what = if sells { 8 } else { random.random_range(0..9) };
            let (name, act) = match what {
                0 => ("deposit", deposit(&eve.account, &sol, units)),
                1 => ("withdraw", withdraw(&eve.account, &sol, units * 10, &reserves)),
                2 => ("borrow", instruction::borrow(&eve.account, &usdc, units, &reserves)),
                3 => ("repay", instruction::repay(helper.key(), eve.obligation(), &usdc, units / 10 + 1)),
                4 => ("lend", deposit(&helper.account, &usdc, units)),
                5 => ("leave", withdraw(&helper.account, &usdc, units, &[])),
                6 => ("donate", den.donate(&helper, &den.world.usdc, units / 1_000 + 1)),
                7 => ("refresh", den.refresh()),
                _ => ("tranche", den.tranche(&helper, &eve)),
            };
            batch.push(act);
            names.push(name);
        }
        match den.earns_nothing(&batch).await {
            Ok(_) => names.iter().for_each(|name| *landed.entry(*name).or_default() += 1),
            Err(failure) => *why.entry(format!("{:?}", failure.error)).or_default() += 1,
        }
    }
    println!("{why:?}");
    println!("{landed:?}");
    for name in ["deposit", "withdraw", "borrow", "repay", "lend", "leave", "donate", "refresh", "tranche"] {
        assert!(landed.get(name).is_some_and(|times| *times >= 5), "{name} seldom landed: {landed:?}");
    }
}
