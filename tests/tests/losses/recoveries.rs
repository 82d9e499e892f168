//! What comes back after a loss streams to lenders over thirty days. Tokens and records are put here by hand, as a recovery
//! leaves them; the end-to-end story, in which the fund pays somebody who repays the loss, lives with insurance.

use crate::tools::*;
use ballast::state::Reserve;
use ballast_risk::absorb::RECOVERY_SECONDS;
use ballast_tests::{usd, Market, User, World};

/// What a recovery of so much leaves behind, tokens and all: it streams from now on for thirty days.
pub async fn recover(world: &mut World, market: &Market, amount: u64) {
    let (key, now) = (world.asset(market).reserve(), world.chain.now() as u64);
    let record = |reserve: &mut Reserve| {
        assert_eq!(reserve.losses.pending, 0, "this harness knows one recovery at a time");
        reserve.losses.unrecovered -= amount;
        reserve.losses.pending = amount;
        reserve.losses.streamed_at = now;
        reserve.losses.ends_at = now + RECOVERY_SECONDS;
        reserve.books.free_tokens += amount;
    };
    world.chain.edit(key, record).await;
    mint_to_vault(world, market, amount).await;
}

/// Notes a loss of lenders that may be covered.
pub fn lost(reserve: &mut Reserve, amount: u64) {
    reserve.losses.unrecovered = amount;
    reserve.losses.cover_until = u64::MAX;
    reserve.losses.bearers = reserve.books.deposit_shares;
}

/// Two lenders of $500,000 each who lost about $4,020 together.
async fn after_a_loss() -> (World, User, User) {
    let (mut world, lender, ann, keeper) = loan(500_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    let ben = world.lender(&usdc, usdc.units(500_000)).await;
    world.move_price(|w| &mut w.sol, usd(100)).await;
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    (world, lender, ben)
}

#[tokio::test]
async fn a_recovery_reaches_lenders_day_by_day_for_thirty_days() {
    let (mut world, lender, ben) = after_a_loss().await;
    let usdc = world.usdc;
    let recovery = usdc.units(3_000);
    let start = worth(&mut world, &lender, &usdc).await;
    recover(&mut world, &usdc, recovery).await;
    assert_eq!(worth(&mut world, &lender, &usdc).await, start, "nothing at once");
    for day in 1..=35u64 {
        world.tick(DAY).await;
        // Ben touches the reserve every day: what streamed is booked, and rounding down a day at a time loses a unit at most
        world.deposit(&ben, &usdc, 1).await.unwrap();
        let streamed = recovery * day.min(30) / 30;
        let got = worth(&mut world, &lender, &usdc).await - start;
        assert!(got <= streamed / 2 && got + day + 1 >= streamed / 2, "day {day}: {got} of {}", streamed / 2);
        let left = world.reserve(&usdc).await.losses.pending;
        assert!(left.abs_diff(recovery - streamed) <= day, "day {day}: {left}");
        attest(&mut world).await;
        proof(&mut world).await;
    }
    assert_eq!(world.reserve(&usdc).await.losses.pending, 0);
    assert_eq!(audit(&mut world).await, 0);
}

#[tokio::test]
async fn whoever_looks_late_finds_the_same_as_whoever_looks_every_hour() {
    for hours in [1, 24, 240] {
        let (mut world, lender, ben) = after_a_loss().await;
        let usdc = world.usdc;
        let start = worth(&mut world, &lender, &usdc).await;
        recover(&mut world, &usdc, usdc.units(3_000)).await;
        let looks = 240 / hours;
        for _ in 0..looks {
            world.tick(hours * 3_600).await;
            world.deposit(&ben, &usdc, 1).await.unwrap();
        }
        // ten days of thirty, and half of the deposits
        let got = worth(&mut world, &lender, &usdc).await - start;
        let fair = usdc.units(3_000) / 3 / 2;
        assert!(got <= fair && got + looks as u64 + 1 >= fair, "{hours} {got} {fair}");
    }
}

#[tokio::test]
async fn a_lender_who_leaves_takes_what_streamed_and_leaves_the_rest_to_the_others() {
    let (mut world, lender, ben) = after_a_loss().await;
    let usdc = world.usdc;
    let (recovery, start) = (usdc.units(3_000), worth(&mut world, &lender, &usdc).await);
    recover(&mut world, &usdc, recovery).await;
    world.tick(10 * DAY).await;
    let had = world.wallet(&lender, &usdc).await;
    world.withdraw(&lender, &usdc, u64::MAX).await.unwrap();
    let taken = world.wallet(&lender, &usdc).await - had;
    let third_of_half = recovery / 3 / 2;
    assert!(taken <= start + third_of_half && taken + 2 >= start + third_of_half, "{taken}");
    // the other two thirds are Ben's alone
    let before = worth(&mut world, &ben, &usdc).await;
    world.tick(20 * DAY).await;
    let got = worth(&mut world, &ben, &usdc).await - before;
    assert!(got <= recovery * 2 / 3 + 1 && got + 3 >= recovery * 2 / 3, "{got}");
}

#[tokio::test]
async fn what_is_still_to_come_bears_a_second_loss_only_after_deposits() {
    // a recovery streams, and then more is lost than all deposits: what was coming back bears the rest
    let (mut world, lender, ann, keeper) = loan(20_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.chain.edit(world.asset(&usdc).reserve(), |reserve| lost(reserve, 500_000_000)).await;
    recover(&mut world, &usdc, usdc.units(500)).await;
    world.withdraw(&lender, &usdc, usdc.units(6_400)).await.unwrap(); // 400 of the recovery's tokens among them
    world.move_price(|w| &mut w.sol, 1).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let loss = &losses(&receipt)[0];
    let books = world.reserve(&usdc).await;
    assert!(loss.wiped_out && books.books.ledger().deposit_index == 0, "{loss:?}");
    // $14,000 lost, $13,600 deposited: $400 of the $500 that were coming back are gone
    let interest = loss.debt - usdc.units(14_000);
    assert!(books.losses.pending.abs_diff(usdc.units(100)) <= 1_000 + interest, "{books:?}");
    attest(&mut world).await;
    proof(&mut world).await;
}

#[tokio::test]
async fn a_book_is_judged_with_all_that_has_come_back_to_it() {
    let (mut world, _, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(160)).await;
    // as much comes back to those who lend SOL as is there, and ten seconds of it since the price was posted
    let reserve = world.asset(&sol).reserve();
    world.chain.edit(reserve, |reserve| lost(reserve, sol.units(100))).await;
    recover(&mut world, &sol, sol.units(100)).await;
    let equity_at_once = world.score(&ann).await.equity();
    world.chain.pass(10);
    let equity = world.score(&ann).await.equity();
    let streamed = i128::from(sol.units(100)) * 10 / i128::from(RECOVERY_SECONDS);
    let value = streamed * 160 * 1_000_000 / i128::from(sol.units(1));
    assert!((equity.0 - equity_at_once.0 - value).abs() <= 100, "{equity:?} {equity_at_once:?} {value}");
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    assert_eq!(i128::from(tranches(&receipt)[0].equity_before), equity.0);
}
