//! Interest, fees and insurance over time; `collect_fees`.

use ballast::{event::BooksView, state::Reserve, BallastError};
use ballast_client::{instruction, Event};
use ballast_risk::{
    interest::{grow_index_up, growth_up, utilisation_up, SECONDS_PER_YEAR},
    presets::AssetKind,
};
use ballast_tests::{attack, law::owed_up, refused, World};
use solana_signer::Signer;
use std::slice::from_ref;

const DAY: i64 = 86_400;

/// `lent` USDC, of which `borrowed` are out. A fresh world: both indices are 1.
async fn lent(lent: u64, borrowed: u64) -> World {
    let mut world = World::start().await;
    let (btc, usdc) = (world.btc, world.usdc);
    world.lender(&usdc, usdc.units(lent)).await;
    let ann = world.user().await;
    world.deposit(&ann, &btc, btc.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(borrowed)).await.unwrap();
    world
}

#[tokio::test]
async fn a_debt_grows_by_the_curves_rate_compounded_every_second() {
    // below and above the corner of (0, 0 %), (90 %, 8 %), (100 %, 60 %)
    for (borrowed, rate) in [(450_000, 0.08 * 45.0 / 90.0), (950_000, 0.08 + 0.52 * 5.0 / 10.0)] {
        for seconds in [1, 3_600, DAY, 365 * DAY] {
            let mut world = lent(1_000_000, borrowed).await;
            let usdc = world.usdc;
            let before = world.books(&usdc).await;
            world.tick(seconds).await;
            let after = world.books(&usdc).await;

            // what the risk crate says, exactly
            let rates = world.preset.asset(AssetKind::Usd).unwrap().rates;
            let utilisation = utilisation_up(usdc.units(1_000_000 - borrowed), usdc.units(borrowed));
            assert_eq!(utilisation, borrowed / 100);
            assert_eq!(before.rate_per_second, rates.rate_per_second_up(utilisation).unwrap());
            let growth = growth_up(before.rate_per_second, seconds as u64);
            assert_eq!(after.debt_index, grow_index_up(1 << 64, growth));
            // what anyone says: D·(1 + r/year)^seconds
            let per_second = (rate / SECONDS_PER_YEAR as f64).ln_1p();
            let expected = borrowed as f64 * (seconds as f64 * per_second).exp();
            let owed = owed_up(after.debt_shares.0, after.debt_index) as f64 / 1e6;
            assert!((owed - expected).abs() < 2e-6 + expected * 1e-9, "{owed} {expected}");
        }
    }
}

#[tokio::test]
async fn interest_is_split_among_fees_insurance_and_lenders_and_no_unit_is_lost() {
    for seconds in [60, 30 * DAY, 365 * DAY] {
        let mut world = lent(1_000_000, 900_000).await;
        let usdc = world.usdc;
        world.tick(seconds).await;
        let books = world.books(&usdc).await;
        let owed = owed_up(books.debt_shares.0, books.debt_index);
        let interest = owed - usdc.units(900_000);
        let q64 = 2f64.powi(64);
        let (fees, insurance) = (books.fees_q64 as f64 / q64, books.insurance_q64 as f64 / q64);
        let lenders = books.total_deposits_down().0 - usdc.units(1_000_000);
        // 5 % and 10 %; one accrual books the whole of it, so that the fund's target stops the next one
        assert!((fees - interest as f64 * 0.05).abs() < 1e-3, "{fees}");
        assert!((insurance - interest as f64 * 0.10).abs() < 1e-3, "{insurance}");
        assert!((lenders as f64 - interest as f64 * 0.85).abs() < 1.0, "{lenders}");
        assert!(interest - lenders - fees as u64 - insurance as u64 <= 2);
    }
}

#[tokio::test]
async fn insurance_fills_to_its_target_and_no_further() {
    let mut world = lent(1_000_000, 900_000).await;
    let usdc = world.usdc;
    let mut last = 0;
    let mut full = false;
    for _ in 0..60 {
        world.tick(10 * DAY).await;
        let books = world.books(&usdc).await;
        let (insurance, debt) = (books.insurance_down().0, books.total_debt_up().0);
        // 25 bp of debt; the step that crosses it is booked whole
        let target = debt * 25 / 10_000;
        if full {
            assert!(insurance == last || last < target, "{insurance} {last} {target}");
        }
        full |= insurance >= target;
        assert!(insurance < target + target / 2);
        last = insurance;
    }
    assert!(full);
}

#[tokio::test]
async fn many_steps_charge_what_one_step_does() {
    let mut books = Vec::new();
    for (steps, each) in [(1, 3_000), (300, 10)] {
        let mut world = lent(1_000_000, 450_000).await;
        let usdc = world.usdc;
        for _ in 0..steps {
            world.tick(each).await;
        }
        books.push(world.books(&usdc).await);
    }
    // Debt that grew raises utilisation, which counts in whole bps, rounded up: one more here, on a slope of 8 % in 9,000 bps.
    // Beyond that, one unit of rounding a step.
    let allowed = (450_000e6 * 0.08 / 9_000.0 * 3_000.0 / SECONDS_PER_YEAR as f64) as u64 + 300;
    let owed = |i: usize| owed_up(books[i].debt_shares.0, books[i].debt_index);
    assert!((owed(0)..=owed(0) + allowed).contains(&owed(1)), "{} {} {allowed}", owed(0), owed(1));
    let lent = |i: usize| books[i].total_deposits_down().0;
    assert!((lent(0)..=lent(0) + allowed).contains(&lent(1)), "{} {} {allowed}", lent(0), lent(1));
}

#[tokio::test]
async fn nothing_accrues_without_debt_or_time() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let ann = world.lender(&usdc, usdc.units(1_000)).await;
    world.tick(365 * DAY).await;
    let books = world.books(&usdc).await;
    assert_eq!((books.deposit_index, books.debt_index), (1 << 64, 1 << 64));
    world.withdraw(&ann, &usdc, u64::MAX).await.unwrap();
    assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(1_000));
}

#[tokio::test]
async fn a_clock_that_runs_backwards_charges_nothing_and_stops_nobody() {
    let mut world = lent(1_000_000, 900_000).await;
    let usdc = world.usdc;
    let ann = world.lender(&usdc, 500).await;
    let (before, slot, now) = (world.books(&usdc).await, world.chain.slot(), world.chain.now());
    world.chain.go_to(slot + 1, now - 100_000);
    world.deposit(&ann, &usdc, 500).await.unwrap();
    world.withdraw(&ann, &usdc, 700).await.unwrap();
    let after = world.books(&usdc).await;
    assert_eq!((after.debt_index, after.deposit_index), (before.debt_index, before.deposit_index));
    assert_eq!(after.accrued_at, before.accrued_at);
}

#[tokio::test]
async fn fees_go_to_the_recipient_in_whole_units_and_to_nobody_else() {
    let mut world = lent(1_000_000, 900_000).await;
    let (usdc, eth, curator) = (world.usdc, world.eth, world.curator.insecure_clone());
    let (eve, asset) = (world.user().await, world.asset(&usdc));
    for market in [usdc, eth] {
        market.fund(&mut world.chain, &curator.pubkey(), 0);
    }
    let collect = instruction::collect_fees(&asset, &curator.pubkey());
    refused(world.send(from_ref(&collect), &[&eve.keypair]).await, BallastError::NoFees);
    // what a month earned is marked now, and vests in seven days; what those earn comes later
    world.tick(30 * DAY).await;
    refused(world.send(from_ref(&collect), &[&eve.keypair]).await, BallastError::NoFees);
    let earned = (world.books(&usdc).await.fees_q64 >> 64) as u64;
    world.tick(7 * DAY - 1).await;
    refused(world.send(from_ref(&collect), &[&eve.keypair]).await, BallastError::NoFees);
    world.tick(1).await;

    let to_eve = instruction::collect_fees(&asset, &eve.key());
    refused(world.send(&[to_eve], &[&eve.keypair]).await, BallastError::WrongTokenAccount);
    let own = attack::swapped(&collect, asset.wallet(&curator.pubkey()), asset.tokens());
    refused(
        world.send(&[own], &[&eve.keypair]).await,
        anchor_lang::error::ErrorCode::ConstraintDuplicateMutableAccount,
    );

    let (before, till) = (world.books(&usdc).await, world.till(&usdc).await);
    let fees = earned;
    let view: BooksView = (&world.reserve(&usdc).await.books).into();
    // anyone may: the destination is fixed
    let receipt = world.must(from_ref(&collect), &[&eve.keypair]).await;
    let got = ballast_tests::market::balance(&mut world.chain, asset.wallet(&curator.pubkey())).await;
    let after = world.books(&usdc).await;
    assert_eq!((got, world.till(&usdc).await), (fees, till - fees));
    assert_eq!(after.fees_q64, before.fees_q64 - (u128::from(fees) << 64));
    assert_eq!(after.free_tokens.0, before.free_tokens.0 - fees);
    assert_eq!((after.deposit_index, after.debt_index), (before.deposit_index, before.debt_index));
    let [Event::FeesCollected(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.vault, event.reserve, event.amount), (world.vault, asset.reserve(), fees));
    assert_eq!(event.books_before, view);
    assert_eq!(event.books_after, (&world.reserve(&usdc).await.books).into());
    assert_eq!(event.books_after.fees, view.fees - fees);
    assert!(fees > 0 && view.fees > fees, "the last week's fees stay and bear losses");
    refused(world.send(&[collect], &[&eve.keypair]).await, BallastError::NoFees);
}

#[tokio::test]
async fn fees_are_paid_as_far_as_tokens_are_free() {
    let mut world = lent(1_000_000, 900_000).await;
    let (usdc, curator) = (world.usdc, world.curator.insecure_clone());
    world.tick(365 * DAY).await;
    world.tick(7 * DAY).await;
    let asset = world.asset(&usdc);
    let owner = usdc.fund(&mut world.chain, &curator.pubkey(), 0);
    // lenders took all but 9 units
    let (vault, key) = (world.vault, asset.reserve());
    let free = world.books(&usdc).await.free_tokens.0;
    world
        .chain
        .edit::<Reserve>(key, |r| {
            r.books.free_tokens = 9;
            r.books.deposit_shares -= free;
        })
        .await;
    usdc.write_tokens(
        &mut world.chain,
        asset.tokens(),
        &vault,
        9,
        anchor_spl::token_2022::spl_token_2022::state::AccountState::Initialized,
    );
    let collect = instruction::collect_fees(&asset, &curator.pubkey());
    world.chain.send(from_ref(&collect), &[&curator]).await.unwrap();
    assert_eq!(ballast_tests::market::balance(&mut world.chain, owner).await, 9);
    refused(world.chain.send(&[collect], &[&curator]).await, BallastError::NoFees);
}

#[tokio::test]
async fn books_that_do_not_hold_take_no_instruction() {
    let mut world = lent(1_000_000, 450_000).await;
    let usdc = world.usdc;
    let ann = world.user().await;
    world.give(&ann, &usdc, usdc.units(10)).await;
    // a unit of claims that nothing covers
    let key = world.asset(&usdc).reserve();
    let surplus = world.books(&usdc).await.surplus().unwrap();
    world.chain.edit::<Reserve>(key, |r| r.books.free_tokens -= surplus + 1).await;
    refused(world.deposit_own(&ann, &usdc, 1_000).await, BallastError::BooksDoNotHold);
    world.chain.edit::<Reserve>(key, |r| r.books.free_tokens += 1).await;
    world.deposit_own(&ann, &usdc, 1_000).await.unwrap();
}
