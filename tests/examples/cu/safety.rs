//! What breakers, proofs and losses cost in a vault of 32 reserves, the most there are.

use crate::stage::own;
use anchor_lang::prelude::Pubkey;
use ballast::{instructions::Signal, state::Reserve, MAX_RESERVES};
use ballast_client::{
    instruction::attest_solvency,
    price::Price,
    safety::{absorb_loss, absorbing, step_breaker, trip_reserve, trip_vault},
};
use ballast_risk::{
    breaker::{Breaker, State},
    presets::AssetKind,
};
use ballast_tests::{market::TOKEN, usd, Market, User, World};
use solana_keypair::Keypair;

/// Instruction → compute units.
type Units = Vec<(&'static str, u64)>;

/// Measures each once.
pub async fn measure() -> Units {
    let mut world = World::start().await;
    let mut markets = world.markets().to_vec();
    while markets.len() < MAX_RESERVES {
        let market = Market::create(&mut world.chain, AssetKind::Sol, 6, TOKEN, usd(10));
        world.add_reserve(&market).await.expect("the preset is valid");
        world.refresh_one(&market).await.expect("the price is good");
        markets.push(market);
    }
    let payer = world.curator.insecure_clone();
    let vault = world.vault;
    let assets: Vec<_> = markets.iter().map(|market| market.asset(vault)).collect();
    let attest = world.must(&[attest_solvency(vault, &assets)], &[&payer]).await;
    let mut units = vec![("attest_solvency, 32 reserves at once", own(&attest))];
    units.extend(breakers(&mut world, &markets, &payer).await);
    units.extend(losses(&mut world, &payer).await);
    units
}

async fn breakers(world: &mut World, markets: &[Market], payer: &Keypair) -> Units {
    let (vault, sol, usdc) = (world.vault, world.sol, world.usdc);
    let lender = world.lender(&sol, sol.units(1_000)).await;
    world.deposit(&lender, &usdc, usdc.units(1_000)).await.expect("nothing bounds it");
    // SOL is winding down, and it is most of what there is and did not come in lately
    world.chain.pass(6 * 3_600);
    world.refresh().await.expect("the prices are good");
    let now = world.chain.now() as u64;
    let down = Breaker { state: State::WindDown as u8, left_normal_at: now, ..Breaker::default() };
    world.chain.edit::<Reserve>(world.asset(&sol).reserve(), |r| r.breaker = down.into()).await;
    let reserves: Vec<Pubkey> = markets.iter().map(|market| market.asset(vault).reserve()).collect();
    let share = world.must(&[trip_vault(vault, Signal::VaultGuardedShare, &reserves)], &[payer]).await;

    // ETH at half of its average, twice with half a minute between
    let eth = world.eth;
    let mut trip = None;
    for _ in 0..2 {
        world.chain.pass(31);
        let quote = eth.quote(&world.chain);
        eth.post_raw(&mut world.chain, &Price { price: quote.price / 2, ..quote });
        world.refresh_one(&eth).await.expect("the price is good");
        // the refresh has noticed it already, which is forgotten here
        let key = world.asset(&eth).reserve();
        world.chain.edit::<Reserve>(key, |r| r.breaker = Breaker::default().into()).await;
        trip = Some(world.must(&[trip_reserve(&world.asset(&eth), Signal::Average)], &[payer]).await);
    }
    let trip = own(&trip.expect("it ran twice"));
    world.chain.pass(2 * 86_400);
    let step = world.must(&[step_breaker(vault, None)], &[payer]).await;
    vec![
        ("trip_breaker, a price", trip),
        ("trip_breaker, vault of 32 reserves", own(&share)),
        ("step_breaker", own(&step)),
    ]
}

/// A book whose last deposit is taken, and one whose deposit became worthless.
async fn losses(world: &mut World, payer: &Keypair) -> Units {
    let (btc, usdc, vault) = (world.btc, world.usdc, world.vault);
    world.chain.pass(10 * 86_400);
    world.refresh().await.expect("the prices are good");
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let mut borrowers = Vec::new();
    for _ in 0..2 {
        let user = world.user().await;
        world.deposit(&user, &btc, btc.units(1)).await.expect("nothing bounds it");
        world.borrow(&user, &usdc, usdc.units(70_000)).await.expect("70 % is within limits");
        borrowers.push(user);
    }
    world.move_price(|w| &mut w.btc, usd(50_000)).await;
    let keeper = world.user().await;
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    let [first, second]: [User; 2] = borrowers.try_into().ok().expect("two borrowers");
    let tranche = world.tranche(&keeper, &first, &usdc, &btc, u64::MAX).await;
    let tranche = absorbing(tranche, &[world.asset(&usdc).reserve()]);
    let last = world.must(&[tranche], &[&keeper.keypair]).await;
    // the other's deposits are worth nothing any more
    let key = world.asset(&btc).reserve();
    world.chain.edit::<Reserve>(key, |r| r.books.deposit_index = [0, 0]).await;
    let obligation = world.obligation(&second).await;
    let reserves = ballast_client::account::reserves_of(&obligation);
    let absorb = absorb_loss(keeper.key(), vault, second.obligation(), &reserves);
    let absorb = world.must(&[absorb], &[payer, &keeper.keypair]).await;
    vec![("soft_liquidate, absorbing the rest", own(&last)), ("absorb_loss", own(&absorb))]
}
