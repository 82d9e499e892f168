//! Top-ups: collateral that is needed comes in past guards, caps and buckets, as far as it heals and not a unit more.

use ballast::{state::Reserve, BallastError};
use ballast_client::instruction;
use ballast_risk::{breaker::State, bucket::FlowRules, presets::AssetKind};
use ballast_tests::{market::TOKEN, refused, safety::breaker_in, usd, Market, User, World};

/// Ann owes 14,000 USDC on 100 SOL, of which each is worth $180 now: above `R_maint`, below `R_init`.
async fn needy() -> (World, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.move_price(|w| &mut w.sol, usd(175)).await;
    assert!(world.score(&ann).await.is_healthy() && !world.opening_score(&ann).await.is_healthy());
    (world, ann)
}

/// The most SOL that still only heals: with a unit more Ann could borrow.
async fn most(world: &mut World, ann: &User, market: &Market) -> u64 {
    let (mut least, mut most) = (0, market.units(100_000));
    world.give(ann, market, most).await;
    while most - least > 1 {
        let middle = least + (most - least) / 2;
        let top_up = world.topping_up(ann, market, middle).await;
        if world.chain.would_land(&[top_up], &[&ann.keypair]).await.is_ok() {
            least = middle;
        } else {
            most = middle;
        }
    }
    least
}

#[tokio::test]
async fn halted_takes_what_heals_to_the_unit_and_names_the_rest() {
    for (vault, reserve) in [
        (State::Normal, State::Halted),
        (State::Halted, State::Normal),
        (State::WindDown, State::Guarded),
        (State::Guarded, State::WindDown),
    ] {
        let (mut world, ann) = needy().await;
        let sol = world.sol;
        world.set_state(&sol, reserve).await;
        world.set_vault_state(vault).await;
        // E = 175·x − 14,000 at the far ends of the prices; R_init = 1.25 × (17 % of deposits + 0.5 % of debt): both to be equal
        let healing = most(&mut world, &ann, &sol).await;
        let price = 175.0 * (1.0 - 0.0001);
        let whole = (14_000.0 * 1.0001 * (1.0 + 1.25 * 0.005)) / (price * (1.0 - 1.25 * 0.17));
        let expected = (whole - 100.0) * 1e9;
        assert!((healing as f64 / expected - 1.0).abs() < 0.001, "{healing} {expected}");
        // without the obligation's reserves it cannot be judged
        let plain = world.deposit_own(&ann, &sol, healing).await;
        refused(plain, BallastError::NotInThisState);
        refused(world.top_up(&ann, &sol, healing + 1).await, BallastError::MoreThanHeals);
        world.top_up(&ann, &sol, healing).await.unwrap();
        refused(world.top_up(&ann, &sol, sol.units(1)).await, BallastError::MoreThanHeals);
        // no price has to be fresh
        let (mut world, ann) = needy().await;
        let sol = world.sol;
        world.set_state(&sol, reserve).await;
        world.set_vault_state(vault).await;
        world.chain.pass(3_600);
        world.top_up(&ann, &sol, sol.units(1)).await.unwrap();
    }
}

#[tokio::test]
async fn caps_and_buckets_let_what_heals_through_and_nothing_more() {
    for (bound, named) in [
        ("cap", BallastError::DepositCap),
        ("exposure", BallastError::ExposureCap),
        ("bucket", BallastError::InflowBucketEmpty),
    ] {
        let (mut world, ann) = needy().await;
        let sol = world.sol;
        match bound {
            "cap" => world.set_caps(&sol, |caps| caps.deposits = 1).await,
            "exposure" => world.set_caps(&sol, |caps| caps.exposure = 1).await,
            _ => {
                let key = world.asset(&sol).reserve();
                world.chain.edit::<Reserve>(key, |reserve| reserve.flows = Default::default()).await;
                world.set_flows(&sol, FlowRules::balanced(1, 1)).await;
                world.lender(&sol, sol.units(20)).await; // a fifth of Ann's
            }
        }
        refused(world.deposit(&ann, &sol, sol.units(1)).await, named);
        let healing = most(&mut world, &ann, &sol).await;
        assert!(healing > 0);
        refused(world.top_up(&ann, &sol, healing + 1).await, BallastError::MoreThanHeals);
        world.top_up(&ann, &sol, healing).await.unwrap();
        // whoever owes nothing has nothing to heal
        let bob = world.user().await;
        refused(world.top_up(&bob, &sol, sol.units(1)).await, named);
    }
}

/// In `R_init` an asset's margin grows with the vault's total of it, up to everything. A deposit so large that it counts nothing
/// there must not pass for one that only heals: once part of it has left, the rest counts.
#[tokio::test]
async fn a_deposit_too_large_to_be_lent_against_does_not_heal() {
    let (mut world, ann) = needy().await;
    let alt = world.alt;
    world.set_caps(&alt, |caps| caps.deposits = 1).await;
    let healing = most(&mut world, &ann, &alt).await;
    assert!(healing < alt.units(10_000), "{healing}");
    let huge = alt.units(50_000_000); // $100,000,000 of an asset with a depth of $10,000,000
    refused(world.top_up(&ann, &alt, huge).await, BallastError::MoreThanHeals);
    world.set_state(&alt, State::Halted).await;
    refused(world.top_up(&ann, &alt, huge).await, BallastError::MoreThanHeals);
    world.top_up(&ann, &alt, healing).await.unwrap();
}

/// A price that was never seen says nothing about what heals.
#[tokio::test]
async fn what_has_no_price_yet_does_not_heal_and_does_not_pass_an_exposure_cap() {
    let (mut world, ann) = needy().await;
    let new = Market::create(&mut world.chain, AssetKind::Alt, 6, TOKEN, usd(1));
    world.add_reserve(&new).await.unwrap();
    new.fund(&mut world.chain, &ann.key(), 0);
    let key = world.asset(&new).reserve();
    let halted = breaker_in(State::Halted, world.seconds());
    world.chain.edit::<Reserve>(key, |reserve| reserve.breaker = halted.into()).await;
    refused(world.top_up(&ann, &new, new.units(1_000_000)).await, BallastError::PriceTooOld);
    world.set_state(&new, State::Normal).await;
    let bob = world.user().await;
    new.fund(&mut world.chain, &bob.key(), 0);
    world.set_caps(&new, |caps| caps.exposure = 1_000_000_000).await;
    refused(world.deposit(&bob, &new, new.units(1_000_000)).await, BallastError::ExposureCap);
    world.set_caps(&new, |caps| caps.exposure = u64::MAX).await;
    world.deposit(&bob, &new, new.units(1_000_000)).await.unwrap();
}

/// A deficit is seen before it is asked what the state allows: nobody leaves by the bucket, and no fee is paid, at the moment in
/// which tokens turn out to be missing.
#[tokio::test]
async fn whoever_withdraws_first_from_a_deficit_is_held_to_the_daily_share() {
    use anchor_spl::token_2022::spl_token_2022::state::AccountState;
    let mut world = World::start().await;
    let usdc = world.usdc;
    let lender = world.lender(&usdc, usdc.units(1_000)).await;
    world.tick(86_400).await;
    world.set_till(&usdc, usdc.units(999), AccountState::Initialized).await;
    let fifth = usdc.units(200);
    let withdrawal = world.withdrawal(&lender, &usdc, fifth + 1).await;
    refused(world.chain.would_land(&[withdrawal], &[&lender.keypair]).await, BallastError::ExitShareSpent);
    let withdrawal = world.withdrawal(&lender, &usdc, fifth).await;
    world.chain.would_land(&[withdrawal], &[&lender.keypair]).await.unwrap();
}

/// Whoever comes after tokens went missing is neither let in nor lent to, though no breaker has tripped yet; whoever owes may add
/// collateral and repay.
#[tokio::test]
async fn nobody_new_comes_in_or_borrows_where_a_token_is_missing() {
    use anchor_spl::token_2022::spl_token_2022::state::AccountState;
    let (mut world, ann) = needy().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let bob = world.user().await;
    world.deposit(&bob, &sol, sol.units(100)).await.unwrap();
    for market in [sol, usdc] {
        world.give(&ann, &market, market.units(1_000)).await;
        world.give(&bob, &market, market.units(1_000)).await;
        let held = world.till(&market).await;
        world.set_till(&market, held - 1, AccountState::Initialized).await;
    }
    let lend = instruction::deposit(&bob.account, &world.asset(&usdc), usdc.units(1));
    refused(world.chain.would_land(&[lend], &[&bob.keypair]).await, BallastError::TokensMissing);
    let borrow = world.borrowing(&bob, &usdc, usdc.units(100)).await;
    refused(world.chain.would_land(&[borrow], &[&bob.keypair]).await, BallastError::TokensMissing);
    let heal = world.topping_up(&ann, &sol, sol.units(1)).await;
    world.chain.would_land(&[heal], &[&ann.keypair]).await.unwrap();
    let repay = instruction::repay(ann.key(), ann.obligation(), &world.asset(&usdc), usdc.units(1));
    world.chain.would_land(&[repay], &[&ann.keypair]).await.unwrap();
}
