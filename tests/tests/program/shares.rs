//! `soft_liquidate` where tokens are short or frozen: the liquidator is paid in deposit shares.

use anchor_lang::error::ErrorCode;
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{event::TrancheExecuted, state::Reserve, BallastError, MAX_POSITIONS};
use ballast_client::{instruction::Tranche, Event};
use ballast_risk::presets::AssetKind;
use ballast_tests::{market::TOKEN, refused, usd, Market, Receipt, User, World};

fn tranche(receipt: &Receipt) -> TrancheExecuted {
    let tranches = receipt.events.iter().filter_map(|event| match event {
        Event::TrancheExecuted(tranche) => Some(tranche.clone()),
        _ => None,
    });
    let [tranche] = &tranches.collect::<Vec<_>>()[..] else { panic!("one tranche") };
    tranche.clone()
}

/// Ann owes 14,000 USDC on 100 SOL. SOL's lender is there to be drained; a year of interest has passed on SOL.
async fn lent() -> (World, User, User, User) {
    let mut world = World::start().await;
    let (sol, usdc, eth) = (world.sol, world.usdc, world.eth);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let lender = world.lender(&sol, sol.units(10_000)).await;
    let bob = world.user().await;
    world.deposit(&bob, &eth, eth.units(10_000)).await.unwrap();
    world.borrow(&bob, &sol, sol.units(5_000)).await.unwrap();
    world.tick(86_400 * 365).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    (world, ann, keeper, lender)
}

#[tokio::test]
async fn a_reserve_short_of_tokens_pays_in_shares_rounded_down() {
    let (mut world, ann, keeper, lender) = lent().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.drain(&sol, &lender).await;
    world.move_price(|w| &mut w.sol, usd(165)).await;
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::SharesAccountNeeded);
    let (books, till) = (world.books(&sol).await, world.till(&sol).await);
    assert!(books.deposit_index > 1 << 64 && till == 0);
    let held = world.shares(&ann, &sol).await;

    let tranche = tranche(&world.liquidate_for_shares(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap());
    assert!(tranche.paid_in_shares);
    let paid = ((u128::from(tranche.to_liquidator) << 64) / books.deposit_index) as u64;
    let taken = (u128::from(tranche.seized) << 64).div_ceil(books.deposit_index) as u64;
    assert_eq!(world.shares(&keeper, &sol).await, paid);
    assert_eq!(world.shares(&ann, &sol).await, held - taken);
    assert_eq!(tranche.deposit_shares, [held, held - taken]);
    assert_eq!((world.till(&sol).await, world.wallet(&keeper, &sol).await), (0, 0));
    assert_eq!(world.wallet(&keeper, &usdc).await, usdc.units(100_000) - tranche.repaid);
    let after = world.books(&sol).await;
    assert_eq!(after.deposit_shares.0, books.deposit_shares.0 - taken + paid);
    assert_eq!(after.insurance_q64, books.insurance_q64 + (u128::from(tranche.to_insurance) << 64));
    assert_eq!((after.deposit_index, after.free_tokens), (books.deposit_index, books.free_tokens));

    // when tokens are back, the keeper takes them out
    let bob = world.lender(&sol, sol.units(100)).await;
    world.withdraw(&keeper, &sol, u64::MAX).await.unwrap();
    let got = world.wallet(&keeper, &sol).await;
    assert!(got <= tranche.to_liquidator && got >= tranche.to_liquidator - 2, "{got}");
    world.withdraw(&bob, &sol, sol.units(1)).await.unwrap();
}

#[tokio::test]
async fn shares_go_only_to_a_debt_free_obligation_of_the_liquidator_in_the_same_vault() {
    let (mut world, ann, keeper, lender) = lent().await;
    let other = world.open_vault(2).await;
    let (sol, usdc, eth) = (world.sol, world.usdc, world.eth);
    let (eve, elsewhere) = (world.user().await, world.user_in(other).await);
    let indebted = world.open(&keeper, 1).await;
    world.deposit(&indebted, &eth, eth.units(1)).await.unwrap();
    world.borrow(&indebted, &usdc, usdc.units(100)).await.unwrap();
    world.drain(&sol, &lender).await;
    world.move_price(|w| &mut w.sol, usd(165)).await;
    for (shares_to, reason) in [
        (eve.obligation(), BallastError::WrongSharesAccount),
        (ann.obligation(), BallastError::WrongSharesAccount),
        (indebted.obligation(), BallastError::WrongSharesAccount),
        (elsewhere.obligation(), BallastError::WrongVault),
    ] {
        let change = |tranche: &mut Tranche| tranche.shares_to = Some(shares_to);
        let tranche = world.tranche_with(&keeper, &ann, &usdc, &sol, change).await;
        refused(world.send(&[tranche], &[&keeper.keypair]).await, reason);
    }
    let change = |tranche: &mut Tranche| tranche.shares_to = Some(usdc.asset(tranche.debt.vault).reserve());
    let no_obligation = world.tranche_with(&keeper, &ann, &usdc, &sol, change).await;
    refused(world.send(&[no_obligation], &[&keeper.keypair]).await, ErrorCode::AccountDiscriminatorMismatch);
    // nor where there is no room for a position
    let full = world.open(&keeper, 2).await;
    for _ in 0..MAX_POSITIONS {
        let market = Market::create(&mut world.chain, AssetKind::Alt, 5, TOKEN, usd(1));
        world.add_reserve(&market).await.unwrap();
        world.deposit(&full, &market, 1).await.unwrap();
    }
    let change = |tranche: &mut Tranche| tranche.shares_to = Some(full.obligation());
    let no_room = world.tranche_with(&keeper, &ann, &usdc, &sol, change).await;
    refused(world.send(&[no_room], &[&keeper.keypair]).await, BallastError::TooManyPositions);
    world.liquidate_for_shares(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn a_borrower_may_be_paid_in_shares_by_itself_and_gains_nothing() {
    let (mut world, ann, _, lender) = lent().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let second = world.open(&ann, 1).await;
    world.drain(&sol, &lender).await;
    world.move_price(|w| &mut w.sol, usd(165)).await;
    let before = world.score(&ann).await.equity().0 + world.wallet(&ann, &usdc).await as i128;
    let change = |tranche: &mut Tranche| tranche.shares_to = Some(second.obligation());
    let instruction = world.tranche_with(&ann, &ann, &usdc, &sol, change).await;
    let tranche = tranche(&world.must(&[instruction], &[&ann.keypair]).await);
    let after = world.score(&ann).await.equity().0
        + world.score(&second).await.equity().0
        + world.wallet(&ann, &usdc).await as i128;
    let insured = i128::from(tranche.to_insurance) * 165 / 1_000;
    assert!((-4..=0).contains(&(after - before + insured)), "{before} {after} {insured}");
}

#[tokio::test]
async fn a_frozen_deposit_is_paid_in_shares_though_tokens_are_there() {
    let (mut world, ann, keeper, _) = lent().await;
    let (sol, usdc, vault) = (world.sol, world.usdc, world.vault);
    world.move_price(|w| &mut w.sol, usd(165)).await;
    let (tokens, held) = (world.asset(&sol).tokens(), world.till(&sol).await);
    sol.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Frozen);
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::SharesAccountNeeded);
    let tranche = tranche(&world.liquidate_for_shares(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap());
    assert!(tranche.paid_in_shares && tranche.to_liquidator < held);
    assert_eq!(world.till(&sol).await, held);
    assert!(world.shares(&keeper, &sol).await > 0);
}

#[tokio::test]
async fn a_frozen_account_that_is_not_the_reserves_changes_nothing() {
    let (mut world, ann, keeper, _) = lent().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(165)).await;
    for (market, spoofed) in [(sol, world.asset(&sol)), (usdc, world.asset(&usdc))] {
        let frozen = anchor_lang::prelude::Pubkey::new_unique();
        market.write_tokens(&mut world.chain, frozen, &keeper.key(), 1_000, AccountState::Frozen);
        let change = |tranche: &mut Tranche| tranche.shares_to = Some(keeper.obligation());
        let tranche = world.tranche_with(&keeper, &ann, &usdc, &sol, change).await;
        let spoof = ballast_tests::attack::swapped(&tranche, spoofed.tokens(), frozen);
        refused(world.send(&[spoof], &[&keeper.keypair]).await, BallastError::WrongTokenAccount);
    }
}

#[tokio::test]
async fn a_payment_of_less_than_a_share_opens_no_position() {
    let (mut world, ann, keeper, lender) = lent().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.drain(&sol, &lender).await;
    // a book far under water whose deposit is one share, worth more than a dollar
    let key = world.asset(&sol).reserve();
    let shares = world.shares(&ann, &sol).await;
    world.chain.edit::<ballast::state::Obligation>(ann.obligation(), |o| o.positions[0].shares = 1).await;
    world.chain.edit::<Reserve>(key, |r| r.books.deposit_shares -= shares - 1).await;
    world.sol.price = usd(900_000_000); // a unit is worth 90 cents
    world.tick(1).await;
    let result = world.liquidate_for_shares(&keeper, &ann, &usdc, &sol, u64::MAX).await;
    let tranche = tranche(&result.unwrap());
    assert_eq!((tranche.seized, tranche.to_liquidator, tranche.insolvent), (1, 1, true));
    // one unit is less than a share: the keeper gets nothing that could be held, and no empty position either
    assert_eq!(world.obligation(&keeper).await.position_count, 0);
    world.check_law().await;
}
