//! Borrower and keeper together, around a loss: whatever they do, they gain no more than prices explain, and hold no loss open.

use crate::tools::*;
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{state::Reserve, BallastError};
use ballast_client::instruction::Tranche;
use ballast_risk::breaker::State;
use ballast_tests::{fortune::Fortune, refused, usd, User, World};

/// What people have together, at the prices of now. Nobody pays for an underwater book: it counts nothing.
async fn together(world: &mut World, people: &[&User]) -> Fortune {
    let fair = world.fair();
    world.fortune(people, &fair).await
}

#[tokio::test]
async fn liquidating_ones_own_insolvent_book_pays_what_anyone_would_get() {
    // Ann walks away: her debt is nobody's, and her coins are sold. What does she gain by selling them herself?
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let walks_away = together(&mut world, &[&ann, &keeper]).await;
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let gained = together(&mut world, &[&ann, &keeper]).await.gain_up(&walks_away);
    // the lowest bonus on what was repaid: $10,000 − $10,000/1.002
    let bonus = i128::from(10_000 * 1_000_000 - price_of(10_000 * 1_000_000));
    assert!(gained <= bonus && gained >= bonus - 2, "{gained} {bonus}");
}

#[tokio::test]
async fn no_price_makes_it_better_to_sell_ones_own_book_than_to_keep_the_coins() {
    // from the loan on: 100 SOL at $200 that would be worth as much less without any loan
    for price in [150, 143, 141, 140, 139, 120, 60, 1] {
        let (mut world, _, ann, keeper) = loan(1_000_000).await;
        let (sol, usdc) = (world.sol, world.usdc);
        world.move_price(|w| &mut w.sol, usd(price)).await;
        let before = together(&mut world, &[&ann, &keeper]).await;
        let beyond = (-(world.score(&ann).await.equity().0)).max(0);
        while world.chain.account(ann.obligation()).await.is_some() && world.shares(&ann, &sol).await > 0 {
            if world.last_tranche(&keeper, &ann, &usdc, &sol).await.is_err() {
                break; // it is healthy again, or its pace is spent
            }
        }
        let gained = together(&mut world, &[&ann, &keeper]).await.gain_up(&before);
        // of a book that cannot pay the sale brings the lowest bonus; of a solvent one nothing: its bonus is Ann's own
        let bonus = if beyond > 0 { i128::from(price) * 100 * 1_000_000 / 501 } else { 0 };
        assert!(gained <= bonus + 5, "at ${price}: {gained}, {beyond} beyond collection");
    }
}

#[tokio::test]
async fn dust_in_new_positions_delays_by_a_call_each_and_is_lost() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let [btc, eth, sol, lst, usdc, alt] = world.markets();
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let before = together(&mut world, &[&ann, &keeper]).await;
    let dust = [btc, eth, lst, alt];
    for market in dust {
        world.deposit(&ann, &market, 1).await.unwrap();
    }
    let (mut calls, mut absorbed) = (0, 0);
    for market in [sol, btc, eth, lst, alt] {
        world.give(&keeper, &market, 0).await;
        let receipt = world.last_tranche(&keeper, &ann, &usdc, &market).await.unwrap();
        (calls, absorbed) = (calls + 1, absorbed + losses(&receipt).len());
    }
    assert_eq!((calls, absorbed), (1 + dust.len(), 1), "the last unit absorbs");
    let bonus = i128::from(10_000 * 1_000_000 - price_of(10_000 * 1_000_000));
    let gained = together(&mut world, &[&ann, &keeper]).await.gain_up(&before);
    assert!(gained <= bonus + 5, "{gained} {bonus}");
    // as an attack on the call that would have been the last: it is refused, and the next one lands
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let (sol, usdc, btc) = (world.sol, world.usdc, world.btc);
    let late = world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
    world.deposit(&ann, &btc, 1).await.unwrap();
    refused(world.send(&[late], &[&keeper.keypair]).await, BallastError::WrongRemainingAccounts);
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    assert_eq!(losses(&world.last_tranche(&keeper, &ann, &usdc, &btc).await.unwrap()).len(), 1);
}

#[tokio::test]
async fn dust_of_a_dead_feed_holds_no_loss_open() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc, alt) = (world.sol, world.usdc, world.alt);
    world.move_price(|w| &mut w.sol, usd(100)).await;
    // a unit of an asset that nobody has a price for any more, in front of the keeper's last call
    world.deposit(&ann, &alt, 5).await.unwrap();
    for _ in 0..2 {
        world.tick_without(&alt, 3_600).await;
    }
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    refused(world.last_tranche(&keeper, &ann, &usdc, &alt).await, BallastError::PriceTooOld);
    // it cannot be sold, and is worth less than the smallest tranche: it insures its own reserve, and the loss is absorbed
    let owed = owed(&mut world, &ann, &usdc).await;
    let (before, _) = books_now(&mut world, &alt).await;
    let receipt = absorb(&mut world, &keeper, &ann).await.unwrap();
    assert!(losses(&receipt)[0].debt.abs_diff(owed) <= 1);
    assert_eq!(retired(&receipt)[0].shares, 5);
    let (after, _) = books_now(&mut world, &alt).await;
    assert_eq!(after.insurance_q64, before.insurance_q64 + (5 << 64));
    assert_eq!((world.obligation(&ann).await.position_count, after.deposit_shares.0), (0, 0));
    attest(&mut world).await;
    proof(&mut world).await;
}

#[tokio::test]
async fn a_share_worth_nothing_beside_dust_of_a_dead_feed_holds_no_loss_open_either() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc, alt, eth) = (world.sol, world.usdc, world.alt, world.eth);
    // lenders of ETH lost a hundredth once: a unit buys a share that is worth none
    let reserve = world.asset(&eth).reserve();
    let lose = |reserve: &mut Reserve| reserve.books.deposit_index = [u64::MAX / 100 * 99, 0];
    world.chain.edit(reserve, lose).await;
    world.deposit(&ann, &eth, 1).await.unwrap();
    assert_eq!((world.shares(&ann, &eth).await, worth(&mut world, &ann, &eth).await), (1, 0));
    world.deposit(&ann, &alt, 5).await.unwrap();
    world.move_price(|w| &mut w.sol, usd(100)).await;
    for _ in 0..2 {
        world.tick_without(&alt, 3_600).await;
    }
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    // its price is fresh, and nobody can buy it
    world.give(&keeper, &eth, 0).await;
    refused(world.last_tranche(&keeper, &ann, &usdc, &eth).await, BallastError::ZeroAmount);
    let receipt = absorb(&mut world, &keeper, &ann).await.unwrap();
    assert_eq!((losses(&receipt).len(), retired(&receipt).len()), (1, 2));
    assert_eq!(world.obligation(&ann).await.position_count, 0);
}

#[tokio::test]
async fn nobody_shields_a_debt_with_what_never_had_a_price() {
    let (mut world, lender, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc, alt) = (world.sol, world.usdc, world.alt);
    let reserve = alt.asset(world.vault).reserve();
    world.chain.edit::<Reserve>(reserve, |reserve| reserve.price = Default::default()).await;
    // a unit would stay when all else is sold: no pair takes it, and nobody can say that it is dust
    refused(world.deposit(&ann, &alt, 1).await, BallastError::PriceTooOld);
    // whoever owes nothing may bring it, and cannot borrow then
    world.deposit(&lender, &alt, 1).await.unwrap();
    world.deposit(&lender, &sol, sol.units(10)).await.unwrap();
    refused(world.borrow(&lender, &usdc, usdc.units(100)).await, BallastError::DepositInReserve);
    let ben = world.user().await;
    world.give(&ben, &usdc, 0).await;
    for (market, amount) in [(&alt, 1), (&sol, sol.units(10))] {
        world.deposit(&ben, market, amount).await.unwrap();
    }
    refused(world.borrow(&ben, &usdc, usdc.units(100)).await, BallastError::PriceTooOld);
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    assert_eq!(losses(&receipt).len(), 1);
}

#[tokio::test]
async fn what_is_worth_a_tranche_or_can_be_sold_is_never_given_up() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc, alt) = (world.sol, world.usdc, world.alt);
    world.deposit(&ann, &alt, alt.units(5)).await.unwrap(); // $10, the smallest tranche
    world.move_price(|w| &mut w.sol, usd(100)).await;
    world.give(&keeper, &alt, 0).await;
    // with a price it is sold
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    refused(absorb(&mut world, &keeper, &ann).await, BallastError::DepositsLeft);
    // without one, what is worth $10 waits for it
    world.tick_without(&alt, 3_600).await;
    refused(absorb(&mut world, &keeper, &ann).await, BallastError::DepositsLeft);
    world.tick(1).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &alt).await.unwrap();
    assert_eq!(losses(&receipt).len(), 1);
}

#[tokio::test]
async fn a_book_that_can_pay_keeps_its_dust_whatever_its_feeds_do() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc, alt) = (world.sol, world.usdc, world.alt);
    world.deposit(&ann, &alt, 5).await.unwrap();
    world.tick_without(&alt, 3_600).await;
    refused(absorb(&mut world, &keeper, &ann).await, BallastError::DepositsLeft);
    // nor does dust of SOL, with a price, turn a solvent book into one to write off
    world.move_price(|w| &mut w.sol, usd(165)).await;
    world.tick_without(&alt, 3_600).await;
    world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    refused(absorb(&mut world, &keeper, &ann).await, BallastError::DepositsLeft);
}

#[tokio::test]
async fn tokens_given_to_the_vault_put_off_no_loss() {
    let mut outcomes = vec![];
    for gives in [false, true] {
        let (mut world, lender, ann, keeper) = loan(1_000_000).await;
        let (sol, usdc) = (world.sol, world.usdc);
        world.give(&keeper, &sol, sol.units(1_000)).await;
        world.move_price(|w| &mut w.sol, usd(100)).await;
        if gives {
            world.donate(&keeper, &sol, sol.units(1_000)).await;
            world.donate(&keeper, &usdc, usdc.units(10_000)).await;
        }
        let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
        let loss = losses(&receipt)[0].clone();
        outcomes.push((loss.debt, loss.lenders, worth(&mut world, &lender, &usdc).await));
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test]
async fn putting_off_a_loss_by_collateral_costs_as_much_as_the_loss() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.give(&ann, &sol, sol.units(41)).await;
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let beyond = -world.score(&ann).await.equity().0;
    let before = together(&mut world, &[&ann, &keeper]).await;
    // 41 SOL more: the book covers its debt by a little, and the bonus is Ann's own money again
    world.deposit_own(&ann, &sol, sol.units(41)).await.unwrap();
    while world.chain.account(ann.obligation()).await.is_some() && world.shares(&ann, &sol).await > 0 {
        let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await;
        let Ok(receipt) = receipt else { break };
        assert!(losses(&receipt).is_empty() || losses(&receipt)[0].debt < 10, "lenders bear nothing");
    }
    // what was beyond collection she would have kept by walking away: it is hers no more
    let gained = together(&mut world, &[&ann, &keeper]).await.gain_up(&before);
    assert!(gained <= 10 - beyond, "{gained}, where {beyond} were beyond collection");
}

#[tokio::test]
async fn repaying_in_front_of_the_last_call_costs_the_borrower_and_delays_by_a_call() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let [btc, _, sol, _, usdc, _] = world.markets();
    world.lender(&btc, btc.units(10)).await;
    world.borrow(&ann, &btc, btc.units(1) / 500).await.unwrap(); // $200
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let beyond = -world.score(&ann).await.equity().0;
    let before = together(&mut world, &[&ann, &keeper]).await;
    let late = world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
    world.give(&ann, &btc, 1_000).await; // the interest
    let given = 1_000 * i128::from(btc.price) / 100 / 100_000_000;
    world.repay(&ann, &btc, u64::MAX).await.unwrap();
    refused(world.send(&[late], &[&keeper.keypair]).await, BallastError::WrongRemainingAccounts);
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let gained = together(&mut world, &[&ann, &keeper]).await.gain_up(&before) - given;
    // $200 of what was beyond collection are paid, by nobody else
    let bonus = i128::from(10_000 * 1_000_000 - price_of(10_000 * 1_000_000));
    assert!(gained <= bonus - 199 * 1_000_000, "{gained} {beyond}");
}

#[tokio::test]
async fn a_dead_feed_neither_sells_nor_absorbs() {
    let (mut world, lender, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc, eth) = (world.sol, world.usdc, world.eth);
    world.deposit(&ann, &eth, eth.units(1)).await.unwrap();
    world.give(&keeper, &eth, 0).await;
    world.move_price(|w| &mut w.sol, usd(60)).await;
    let lent = worth(&mut world, &lender, &usdc).await;
    // the price of ether stops: SOL is sold, ether waits, and nothing is absorbed over its head
    world.tick_without(&eth, 120).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    assert!(losses(&receipt).is_empty());
    refused(world.last_tranche(&keeper, &ann, &usdc, &eth).await, BallastError::PriceTooOld);
    refused(absorb(&mut world, &keeper, &ann).await, BallastError::DepositsLeft);
    assert!(worth(&mut world, &lender, &usdc).await >= lent);
    // no price, no bargain: it comes back, and the ether is sold for what it is worth then
    world.tick(1).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &eth).await.unwrap();
    assert_eq!(tranches(&receipt)[0].bonus_ppm, 2_000);
    assert_eq!(losses(&receipt).len(), 1);
    // a dead feed of the debt stops the sale as well
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(100)).await;
    world.tick_without(&usdc, 120).await;
    refused(world.last_tranche(&keeper, &ann, &usdc, &sol).await, BallastError::PriceTooOld);
    refused(absorb(&mut world, &keeper, &ann).await, BallastError::DepositsLeft);
}

#[tokio::test]
async fn a_frozen_debt_is_absorbed_with_the_last_deposit_and_nobody_gains_by_the_frost() {
    let mut lost = vec![];
    for frozen in [false, true] {
        let (mut world, _, ann, keeper) = loan(1_000_000).await;
        let [btc, _, sol, _, usdc, _] = world.markets();
        world.lender(&btc, btc.units(10)).await;
        world.borrow(&ann, &btc, btc.units(1) / 100).await.unwrap(); // $1,000
        world.give(&keeper, &btc, btc.units(10)).await;
        world.move_price(|w| &mut w.sol, usd(5)).await; // $500 for $15,000
        if frozen {
            let (tokens, vault, held) = (world.asset(&usdc).tokens(), world.vault, world.till(&usdc).await);
            usdc.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Frozen);
            refused(world.last_tranche(&keeper, &ann, &usdc, &sol).await, BallastError::TokenAccountFrozen);
        }
        let before = together(&mut world, &[&keeper]).await;
        let receipt = world.last_tranche(&keeper, &ann, &btc, &sol).await.unwrap();
        assert_eq!(losses(&receipt).len(), 2);
        let bonus = i128::from(500 * 1_000_000 - price_of(500 * 1_000_000));
        // a unit of bitcoin is worth a thousand micro-dollars
        let gained = together(&mut world, &[&keeper]).await.gain_up(&before);
        assert!(gained <= bonus && gained >= bonus - 1_100, "{gained} {bonus}");
        lost.push(losses(&receipt).iter().map(|loss| loss.lenders_value).sum::<u64>());
    }
    // what lenders bear together is the same
    assert!(lost[0].abs_diff(lost[1]) <= 2_000, "{lost:?}");
}

#[tokio::test]
async fn a_deposit_whose_tokens_are_missing_is_seized_as_shares() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(160)).await;
    let (tokens, vault) = (world.asset(&sol).tokens(), world.vault);
    sol.write_tokens(&mut world.chain, tokens, &vault, 0, AccountState::Initialized);
    refused(world.last_tranche(&keeper, &ann, &usdc, &sol).await, BallastError::SharesAccountNeeded);
    let shares = |tranche: &mut Tranche| tranche.shares_to = Some(keeper.obligation());
    let tranche = world.tranche_with(&keeper, &ann, &usdc, &sol, shares).await;
    let receipt = world.chain.send(&[tranche], &[&keeper.keypair]).await.unwrap();
    assert!(tranches(&receipt)[0].paid_in_shares);
    // whoever took the shares waits as every other lender of it does
    assert_eq!(world.state(&sol).await, State::Halted);
}

#[tokio::test]
async fn a_frozen_deposit_is_seized_as_shares_and_the_loss_absorbed() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let (tokens, vault, held) = (world.asset(&sol).tokens(), world.vault, world.till(&sol).await);
    sol.write_tokens(&mut world.chain, tokens, &vault, held, AccountState::Frozen);
    let receipt = world.liquidate_for_shares(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    assert!(tranches(&receipt)[0].paid_in_shares && losses(&receipt).len() == 1);
    assert_eq!(world.shares(&keeper, &sol).await, sol.units(100));
    proof(&mut world).await;
}

#[tokio::test]
async fn a_keeper_who_lends_chooses_which_debt_is_paid_and_gains_no_more_than_its_loss() {
    // $10,000 of collateral, $14,000 of dollars and $4,000 of bitcoin owed; the keeper lends the one or the other
    let mut losses_of_btc = vec![];
    for pays_btc in [false, true] {
        let (mut world, _, ann, keeper) = loan(1_000_000).await;
        let [btc, _, sol, _, usdc, _] = world.markets();
        world.lender(&btc, btc.units(1)).await;
        world.deposit(&ann, &sol, sol.units(25)).await.unwrap();
        world.borrow(&ann, &btc, btc.units(1) / 25).await.unwrap();
        world.give(&keeper, &btc, btc.units(10)).await;
        world.move_price(|w| &mut w.sol, usd(80)).await;
        let owed_btc = owed(&mut world, &ann, &btc).await;
        if pays_btc {
            world.last_tranche(&keeper, &ann, &btc, &sol).await.unwrap();
        }
        let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
        let lost = losses(&receipt);
        let in_btc = lost.iter().find(|loss| loss.reserve == world.asset(&btc).reserve());
        let in_btc = in_btc.map_or(0, |loss| loss.debt);
        assert!(if pays_btc { in_btc == 0 } else { in_btc.abs_diff(owed_btc) <= 1 }, "{in_btc}");
        losses_of_btc.push(in_btc);
        // the sum is the same: what one reserve is spared, another bears
        let sum: u64 = lost.iter().map(|loss| loss.lenders_value + loss.fees + loss.insurance).sum();
        let expected = 18_000 * 1_000_000 - price_of(10_000 * 1_000_000);
        assert!(sum.abs_diff(expected) <= 20_000, "{sum} {expected}");
    }
    // at most what the reserve is owed, here $4,000, moves from its lenders to those of the other
    assert!(losses_of_btc[0] > losses_of_btc[1]);
}
