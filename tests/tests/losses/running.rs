//! What a lender gains by leaving just before a loss is absorbed, and by arriving just before it comes back: measured in twin
//! worlds, and bounded by formulas. `docs/decisions/009` has the numbers.

use crate::{recoveries::recover, tools::*};
use ballast::{
    state::{Reserve, Vault},
    BallastError,
};
use ballast_risk::breaker::{ReserveEvidence, State};
use ballast_risk::TokenAmount;
use ballast_tests::{refused, usd, User, World};

/// By which rule lenders leave when the loss comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    /// Normal, with an outflow bucket that never binds.
    Wide,
    /// Normal, with a bucket of a fifth of deposits.
    Bucket,
    /// A daily share.
    Guarded,
    /// A daily share, and no deposits.
    Halted,
    /// Pro rata of what is free.
    WindDown,
}

/// What the runner lent, and all that was lent, in dollars.
const RUNNERS: u64 = 500_000;
const LENT: u64 = 1_000_000;

/// $140,000 are owed against 1,000 SOL that fall to $100: about $40,200 will be lost.
async fn before_the_loss(rule: Rule) -> (World, User, User, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(LENT - RUNNERS)).await;
    let runner = world.lender(&usdc, usdc.units(RUNNERS)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(1_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(140_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(10_000_000)).await;
    world.tick(6 * 3_600).await; // whatever bucket there is has refilled
    let (reserve, now) = (world.asset(&usdc).reserve(), world.chain.now() as u64 + 1);
    let level = |lost| ReserveEvidence::Loss { lost: TokenAmount(lost), deposits: TokenAmount(10_000) };
    let change = |reserve: &mut Reserve| {
        let thresholds = *reserve.thresholds.as_risk();
        let mut trip = |lost| {
            let trip = reserve.breaker.as_risk().trip_reserve(&thresholds, &level(lost), now);
            reserve.breaker = trip.expect("a signal").breaker.into();
        };
        match rule {
            Rule::Wide => {}
            Rule::Bucket => (reserve.flow_rules.outflow_floor, reserve.flow_rules.inflow_floor) = (1, 1),
            Rule::Guarded => trip(100),
            Rule::Halted => trip(1_000),
            Rule::WindDown => {
                (reserve.breaker.state, reserve.breaker.entered_at) = (State::WindDown as u8, now)
            }
        }
    };
    world.chain.edit(reserve, change).await;
    world.move_price(|w| &mut w.sol, usd(100)).await;
    (world, runner, ann, keeper)
}

/// Takes out this much if the rules let it, and then as much as they let, in halves; returns how much.
async fn run(world: &mut World, runner: &User, first: u64) -> u64 {
    let usdc = world.usdc;
    let had = world.wallet(runner, &usdc).await;
    let _ = world.withdraw(runner, &usdc, first).await;
    let mut amount = worth(world, runner, &usdc).await;
    while amount > 0 {
        if world.withdraw(runner, &usdc, amount).await.is_err() {
            amount /= 2;
        }
        amount = amount.min(worth(world, runner, &usdc).await);
    }
    world.wallet(runner, &usdc).await - had
}

#[tokio::test]
async fn a_run_gains_the_loss_of_what_got_out_and_no_more() {
    println!("| when the loss comes | gets out at once | gains | of its own loss |");
    for rule in [Rule::Wide, Rule::Bucket, Rule::Guarded, Rule::Halted, Rule::WindDown] {
        let mut ends = vec![];
        let (mut left, mut loss, mut total, mut own, mut free) = (0, 0, 0, 0, 0);
        for runs in [false, true] {
            let (mut world, runner, ann, keeper) = before_the_loss(rule).await;
            let (sol, usdc) = (world.sol, world.usdc);
            let (books, _) = books_now(&mut world, &usdc).await;
            (total, free) = (books.total_deposits_down().0, books.free_tokens.0);
            own = worth(&mut world, &runner, &usdc).await;
            if runs {
                left = run(&mut world, &runner, total / 5).await; // the bucket at once
            }
            let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
            loss = losses(&receipt)[0].lenders;
            ends.push(world.holding(&runner, &usdc).await);
        }
        let gained = ends[1] - ends[0];
        // it bears `own/total` of the loss if it stays, and `(own − left)/(total − left)` if it runs
        let part = |deposit: u64, of: u64| i128::from(loss) * i128::from(deposit) / i128::from(of);
        let formula = part(own, total) - part(own - left, total - left);
        assert!((gained - formula).abs() <= 10, "{rule:?}: {gained} {formula}");
        // never more than the loss of what got out
        assert!(gained <= part(left, total) + 10, "{rule:?}: {gained}");
        // and what gets out is bounded by the rule
        let fifth = |amount: u64| amount / 5;
        let most = match rule {
            Rule::Wide => own,
            // the bucket, first come; and of the rest the daily share
            Rule::Bucket => fifth(total) + fifth(own - fifth(total)),
            Rule::Guarded | Rule::Halted => fifth(own),
            Rule::WindDown => (u128::from(own) * u128::from(free) / u128::from(total)) as u64,
        };
        assert!(left <= most + 1 && left + 1_000 >= most, "{rule:?}: {left} of {most}");
        let percent = |a: i128, b: i128| a as f64 * 100.0 / b as f64;
        println!(
            "| {rule:?} | {:.1} % of its deposit | ${:.0} | {:.1} % |",
            percent(left.into(), own.into()),
            gained as f64 / 1e6,
            percent(gained, part(own, total)),
        );
    }
}

#[tokio::test]
async fn whoever_runs_after_a_loss_gains_nothing() {
    let (mut world, runner, ann, keeper) = before_the_loss(Rule::Wide).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let before = world.holding(&runner, &usdc).await;
    let left = run(&mut world, &runner, 1).await;
    // the loss has halted the reserve: a fifth a day
    assert_eq!(world.state(&usdc).await, State::Halted);
    assert!(i128::from(left).abs_diff(before / 5) <= 1_000, "{left} {before}");
    assert!(world.holding(&runner, &usdc).await <= before);
    // in seven days all of it, and no unit more than it was worth
    for _ in 0..6 {
        world.tick(DAY).await;
        run(&mut world, &runner, 1).await;
    }
    assert_eq!(world.shares(&runner, &usdc).await, 0);
    assert!(world.holding(&runner, &usdc).await <= before);
}

#[tokio::test]
async fn a_crash_guards_the_vault_where_its_collateral_is_a_third_of_it() {
    // the keepers are late: SOL is half of all deposits, its jump is seen twice, and anyone shows that to the vault
    use ballast::instructions::Signal;
    use ballast_client::safety::trip_vault;
    let (mut world, runner, ..) = before_the_loss(Rule::Wide).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&sol, sol.units(10_000)).await;
    world.tick(6 * 3_600).await; // what came in lately does not count
    let seen = ballast_client::price::Price { ema: usd(200), ..sol.quote(&world.chain) };
    for _ in 0..2 {
        world.chain.pass(31);
        let now = sol.quote(&world.chain);
        sol.post_raw(&mut world.chain, &ballast_client::price::Price { ema: seen.ema, ..now });
        world.refresh_one(&sol).await.unwrap();
    }
    assert_ne!(world.state(&sol).await, State::Normal);
    let reserves = world.markets().map(|market| world.asset(&market).reserve());
    let payer = world.curator.insecure_clone();
    world.must(&[trip_vault(world.vault, Signal::VaultGuardedShare, &reserves)], &[&payer]).await;
    let vault: Vault = world.chain.state(world.vault).await;
    assert_eq!(vault.breaker.as_risk().state_at(world.chain.now() as u64), State::Guarded);
    // dollars leave by a fifth a day now, though their own reserve is Normal
    assert_eq!(world.state(&usdc).await, State::Normal);
    let own = worth(&mut world, &runner, &usdc).await;
    refused(world.withdraw(&runner, &usdc, own / 5 + 1_000).await, BallastError::ExitShareSpent);
    world.withdraw(&runner, &usdc, own / 5 - 1_000).await.unwrap();
}

#[tokio::test]
async fn arriving_for_a_recovery_gains_its_share_of_the_time_it_stays() {
    println!("| stays | gains of $40,000 | with a bucket of a fifth |");
    for stays in [1, 3_600, DAY, 7 * DAY, 30 * DAY] {
        let mut gains = vec![];
        for bucket in [false, true] {
            let rule = if bucket { Rule::Bucket } else { Rule::Wide };
            let (mut world, _, ann, keeper) = before_the_loss(rule).await;
            let (sol, usdc) = (world.sol, world.usdc);
            world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
            // Halted takes no deposits: nobody arrives in the first hours
            let newcomer = world.user().await;
            refused(world.deposit(&newcomer, &usdc, usdc.units(1_000)).await, BallastError::NotInThisState);
            world.tick(2 * DAY).await; // whatever bucket there is has refilled
            let (books, _) = books_now(&mut world, &usdc).await;
            let others = books.total_deposits_down().0;
            // as much as all others have, or as the bucket takes
            let amount = if bucket { others / 5 } else { others };
            world.deposit(&newcomer, &usdc, amount).await.unwrap();
            if bucket {
                let more = world.deposit(&newcomer, &usdc, amount).await;
                refused(more, BallastError::InflowBucketEmpty);
            }
            let before = world.holding(&newcomer, &usdc).await;
            let recovery = usdc.units(40_000);
            recover(&mut world, &usdc, recovery).await;
            world.tick(stays).await;
            // it leaves by the way it came
            run(&mut world, &newcomer, u64::MAX).await;
            let gained = world.holding(&newcomer, &usdc).await - before;
            let streamed = i128::from(recovery) * i128::from(stays) / i128::from(30 * DAY);
            let fair = streamed * i128::from(amount) / i128::from(amount + others);
            assert!(gained <= fair + 1 && gained >= fair - 3, "{stays} {gained} {fair}");
            gains.push(gained as f64 / 1e6);
        }
        println!("| {stays} s | ${:.3} | ${:.3} |", gains[0], gains[1]);
    }
}

#[tokio::test]
async fn arriving_after_a_loss_that_nobody_repays_gains_nothing() {
    let (mut world, _, ann, keeper) = before_the_loss(Rule::Wide).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    world.tick(5 * 3_600).await;
    let newcomer = world.user().await;
    world.deposit(&newcomer, &usdc, usdc.units(1_000_000)).await.unwrap();
    world.tick(30 * DAY).await;
    // nothing is owed any more, so there is no interest either
    assert!(world.holding(&newcomer, &usdc).await <= i128::from(usdc.units(1_000_000)));
}

#[tokio::test]
async fn arriving_before_a_loss_bears_it() {
    let (mut world, _, ann, keeper) = before_the_loss(Rule::Wide).await;
    let (sol, usdc) = (world.sol, world.usdc);
    let newcomer = world.lender(&usdc, usdc.units(LENT)).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let half = i128::from(losses(&receipt)[0].lenders) / 2;
    let lost = i128::from(usdc.units(LENT)) - world.holding(&newcomer, &usdc).await;
    // half of all deposits, but for the interest that the others earned before
    assert!((lost - half).abs() * 10_000 <= half, "{lost} {half}");
}
