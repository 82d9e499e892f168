//! Assets that stand for others: one venue's wick, a stated value that the market does not pay, a guard that misprices.

use crate::tools::*;
use ballast::{state::Reserve, BallastError};
use ballast_client::Event;
use ballast_risk::{
    breaker::{Cause, ReserveThresholds, State, STATES},
    bucket::FlowRules,
    caps::VaultCaps,
    presets::AssetKind,
    Bps,
};
use ballast_tests::{
    market::TOKEN,
    refused,
    staked::{Staked, RATE},
    usd, Market, User, World,
};

/// Cents as an oracle mantissa.
const fn cents(cents: i64) -> i64 {
    cents * 1_000_000
}

/// Ann pledges 100,000 of a second stable and owes 85,000 dollars.
async fn looped() -> (World, Market, User, User, User) {
    let mut world = World::start().await;
    let usde = Market::create(&mut world.chain, AssetKind::Usd, 6, TOKEN, usd(1));
    world.add_reserve(&usde).await.unwrap();
    world.refresh_one(&usde).await.unwrap();
    let usdc = world.usdc;
    let lender = world.lender(&usdc, usdc.units(10_000_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    for user in [&ann, &keeper] {
        usde.fund(&mut world.chain, &user.key(), 0);
    }
    world.deposit(&ann, &usde, usde.units(100_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(85_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(1_000_000)).await;
    (world, usde, lender, ann, keeper)
}

#[tokio::test]
async fn usde_october_2025() {
    let (mut world, usde, lender, ann, keeper) = looped().await;
    let usdc = world.usdc;
    let mut fair = world.fair();
    fair.push((usde, usde.price));
    let had = world.fortune(&[&keeper], &fair).await;
    let (held, lent) = (world.fortune(&[&ann], &fair).await, world.fortune(&[&lender], &fair).await);
    // One venue of many prints 65 cents. The aggregate is a median: it moves by half a cent and doubts by four.
    let receipt = spike(&mut world, &usde, cents(9_950) / 100, cents(9_990) / 100, cents(4)).await;
    assert!(shows(&receipt, Cause::Confidence), "{:?}", signals(&receipt));
    refused(world.liquidate(&keeper, &ann, &usdc, &usde, u64::MAX).await, BallastError::Healthy);
    refused(world.borrow(&ann, &usdc, usdc.units(1)).await, BallastError::PriceTooUncertain);
    let profit = world.fortune(&[&keeper], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    // what Ann pays is a second of interest
    assert!(world.fortune(&[&ann], &fair).await.loss_up(&held) < 10_000);
    assert!(world.lost(&[&lender], &lent, &[&ann], &fair).await <= 0);

    // Were the aggregate itself to wick, for a second, to 89 cents: spot decides, so a tranche lands, and takes no more than its pace
    spike(&mut world, &usde, cents(89), cents(99), cents(1) / 100).await;
    let receipt = world.liquidate(&keeper, &ann, &usdc, &usde, u64::MAX).await.unwrap();
    let Some(Event::TrancheExecuted(tranche)) = receipt.events.first() else { panic!("a tranche") };
    let owed = world.score(&ann).await.debt.0 + i128::from(tranche.repaid);
    let lost = world.fortune(&[&ann], &fair).await.loss_up(&held);
    // of what was repaid: the bonus of at most 5 %, and what is missing at 89 cents
    assert!(lost <= i128::from(tranche.repaid) * 18 / 100, "{lost} {tranche:?}");
    println!("a wick of the aggregate to 89 cents sells {} of {owed} and costs {lost}", tranche.repaid);
    refused(world.liquidate(&keeper, &ann, &usdc, &usde, u64::MAX).await, BallastError::Healthy);
    assert!(world.lost(&[&lender], &lent, &[&ann], &fair).await <= 0);

    // a true fall to 88 cents is sold until the debt is small again, and before lenders lose anything
    let (mut world, usde, lender, ann, keeper) = looped().await;
    let (usdc, debt) = (world.usdc, world.score(&ann).await.debt.0);
    let mut fair = world.fair();
    fair.push((usde, cents(88)));
    let lent = world.fortune(&[&lender], &fair).await;
    for _ in 0..200 {
        spike_after(&mut world, 10, &usde, cents(88), cents(88), 0).await;
        if world.liquidate(&keeper, &ann, &usdc, &usde, u64::MAX).await.is_err() {
            break;
        }
    }
    let after = world.score(&ann).await;
    assert!(after.debt.0 < debt * 9 / 10 && after.is_healthy(), "{debt} {after:?}");
    assert!(world.lost(&[&lender], &lent, &[&ann], &fair).await <= 0);
}

/// Eve pledges a staked asset of which the market pays half of what its issuer states.
async fn bought_at_half() -> (World, Staked, User, User) {
    let mut world = World::start().await;
    let staked = Staked::list(&mut world).await;
    let usdc = world.usdc;
    let lender = world.lender(&usdc, usdc.units(1_000_000)).await;
    let eve = world.user().await;
    staked.market.fund(&mut world.chain, &eve.key(), 0);
    world.deposit(&eve, &staked.market, staked.market.units(100)).await.unwrap();
    (world, staked, lender, eve)
}

#[tokio::test]
async fn stream_xusd_november_2025() {
    let (mut world, mut staked, lender, eve) = bought_at_half().await;
    let usdc = world.usdc;
    // 100 × $200 × 0.6
    let mut fair = world.fair();
    fair.push((staked.market, 120 * usd(1)));
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    staked.set_rate(&mut world, RATE / 2).await;
    // at once it counts at the market, and half a minute later nothing new is lent against it
    let power = world.most(&eve, &usdc).await;
    assert!(i128::from(power) < 12_000 * 1_000_000, "{power}");
    world.borrow(&eve, &usdc, power).await.unwrap();
    world.chain.pass(31);
    staked.refresh(&mut world).await;
    let market = staked.market;
    assert_eq!(world.state(&market).await, State::Halted);
    refused(world.borrow(&eve, &usdc, usdc.units(1)).await, BallastError::BelowOpeningRequirement);
    refused(world.withdraw(&eve, &market, 1).await, BallastError::NotInThisState);
    let fresh = world.user().await;
    market.fund(&mut world.chain, &fresh.key(), 0);
    refused(world.deposit(&fresh, &market, market.units(1)).await, BallastError::NotInThisState);
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await <= 0);

    // with the issuer's own statement as the feed, the same attack pays
    let (mut world, mut staked, lender, eve) = bought_at_half().await;
    let usdc = world.usdc;
    let mut fair = world.fair();
    fair.push((staked.market, 120 * usd(1)));
    let (had, lent) = (world.fortune(&[&eve], &fair).await, world.fortune(&[&lender], &fair).await);
    staked.set_rate(&mut world, RATE).await;
    let power = world.most(&eve, &usdc).await;
    world.borrow(&eve, &usdc, power).await.unwrap();
    let profit = world.fortune(&[&eve], &fair).await.gain_up(&had);
    assert!(profit > 5_000 * 1_000_000, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await >= profit, "and lenders pay it");
}

#[tokio::test]
async fn stream_xusd_november_2025_in_one_vault_only() {
    let mut world = World::start().await;
    let other = world.open_vault(2).await;
    let (sol, usdc, alt) = (world.sol, world.usdc, world.alt);
    // the same people and loans in both
    let mut people = vec![];
    for vault in [world.vault, other] {
        let (lender, ann) = (world.user_in(vault).await, world.user_in(vault).await);
        world.deposit(&lender, &usdc, usdc.units(1_000_000)).await.unwrap();
        world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
        world.deposit(&ann, &alt, alt.units(1_000)).await.unwrap();
        world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
        people.push((lender, ann));
    }
    let [(lender, fallen), (safe_lender, safe_borrower)] = &people[..] else { panic!("two vaults") };
    let keeper = world.user().await;
    world.give(&keeper, &usdc, usdc.units(50_000)).await;
    let fair = world.fair();
    let safe = world.fortune(&[safe_lender, safe_borrower], &fair).await;
    let elsewhere = world.accounts_of(other).await;
    let lent = world.fortune(&[lender], &fair).await;
    // in the first vault the alt dies, SOL falls by half, and the book is sold to its end: its lenders bear the rest
    world.chain.pass(1);
    let (mut sol_now, mut alt_now) = (sol, alt);
    sol_now.post(&mut world.chain, usd(100));
    alt_now.post(&mut world.chain, 1);
    let dollar = usdc.quote(&world.chain);
    usdc.post_raw(&mut world.chain, &dollar);
    for market in [sol, alt, usdc] {
        world.refresh_one(&market).await.unwrap();
    }
    world.last_tranche(&keeper, fallen, &usdc, &sol).await.unwrap();
    let receipt = world.last_tranche(&keeper, fallen, &usdc, &alt).await.unwrap();
    assert!(receipt.events.iter().any(|event| matches!(event, Event::LossAbsorbed(_))));
    assert!(world.fortune(&[lender], &fair).await.loss_up(&lent) > 4_000 * 1_000_000);
    world.withdraw(lender, &usdc, usdc.units(1_000)).await.unwrap();
    // not a byte of the other vault has changed
    assert_eq!(world.accounts_of(other).await, elsewhere);
    assert!(world.lost(&[safe_lender, safe_borrower], &safe, &[], &fair).await <= 0);
}

/// Ann owes $14,000 on a hundred staked SOL at $240.
async fn staked_loan() -> (World, Staked, User, User, User) {
    let mut world = World::start().await;
    let staked = Staked::list(&mut world).await;
    let usdc = world.usdc;
    let lender = world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    for user in [&ann, &keeper] {
        staked.market.fund(&mut world.chain, &user.key(), 0);
    }
    world.deposit(&ann, &staked.market, staked.market.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    (world, staked, lender, ann, keeper)
}

#[tokio::test]
async fn aave_capo_march_2026() {
    let (mut world, mut staked, lender, ann, keeper) = staked_loan().await;
    let (usdc, market) = (world.usdc, staked.market);
    world.chain.pass(1);
    staked.refresh(&mut world).await;
    let mut fair = world.fair();
    fair.push((market, 240 * usd(1)));
    let had = world.fortune(&[&keeper], &fair).await;
    let (held, lent) = (world.fortune(&[&ann], &fair).await, world.fortune(&[&lender], &fair).await);
    let score = world.score(&ann).await;
    let key = world.asset(&market).reserve();
    // the guard of the rate believes half of what the market pays, and nothing of its growth
    let misprice = |reserve: &mut Reserve| {
        reserve.source.anchor.rate /= 2;
        reserve.source.rate_growth = 0;
    };
    world.chain.edit::<Reserve>(key, misprice).await;
    world.chain.pass(1);
    staked.refresh(&mut world).await;
    let believed = world.opening_score(&ann).await;
    assert!(
        believed.collateral.0 < score.collateral.0 * 51 / 100,
        "the guard bites where it may: {believed:?}"
    );
    refused(world.borrow(&ann, &usdc, usdc.units(1)).await, BallastError::BelowOpeningRequirement);
    // everything else that guards, as tight as it gets
    let tight = ReserveThresholds {
        average_guards: Bps(50),
        average_halts: Bps(51),
        jump_guards: Bps(50),
        jump_halts: Bps(51),
        rate_guards: Bps(50),
        rate_halts: Bps(51),
        ..ReserveThresholds::MAJOR
    };
    tight.validate().unwrap();
    let close = |reserve: &mut Reserve| {
        reserve.thresholds = tight.into();
        reserve.flow_rules = FlowRules::balanced(1, 1).into();
        (reserve.caps.deposits, reserve.caps.debt, reserve.caps.exposure) = (0, 0, 0);
        (reserve.caps.debt_over_depth, reserve.caps.utilisation) = (0, 1);
        reserve.borrowable = 0;
        (reserve.max_confidence, reserve.confidence_factor, reserve.size_charge) = (10, 50_000, 10_000);
    };
    for reserve in [key, world.asset(&usdc).reserve()] {
        world.chain.edit::<Reserve>(reserve, close).await;
    }
    world.set_vault_caps(VaultCaps { leverage: 20_000, ltv: Bps(1), ..VaultCaps::BALANCED }).await;
    for vault in STATES {
        for state in STATES {
            world.set_vault_state(vault).await;
            world.set_state(&market, state).await;
            world.set_state(&usdc, state).await;
            assert!(world.score(&ann).await.is_healthy(), "{vault:?} {state:?}");
            let tranche = world.liquidate(&keeper, &ann, &usdc, &market, u64::MAX).await;
            refused(tranche, BallastError::Healthy);
        }
    }
    // another look at the market, which is where it was, changes nothing
    world.set_vault_state(State::Normal).await;
    world.chain.pass(31);
    staked.refresh(&mut world).await;
    let tranche = world.liquidate(&keeper, &ann, &usdc, &market, u64::MAX).await;
    refused(tranche, BallastError::Healthy);
    let profit = world.fortune(&[&keeper], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    // Ann pays her interest and nothing else
    assert!(world.fortune(&[&ann], &fair).await.loss_up(&held) < 100_000);
    assert!(world.lost(&[&lender], &lent, &[&ann], &fair).await <= 0);

    // were health to follow the guard's price, she would be sold: what the market pays is what counts
    staked.set_rate(&mut world, RATE / 2).await;
    world.liquidate(&keeper, &ann, &usdc, &market, u64::MAX).await.unwrap();
}
