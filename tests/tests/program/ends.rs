//! Both ends of every amount, of decimals, of prices and of time, on a loan's whole life; which way each number is rounded is said where it
//! is compared.

use ballast::BallastError;
use ballast_client::{account::reserves_of, instruction, preset::reserve_config, price::Price, Event};
use ballast_risk::{
    interest::{grow_index_up, growth_up, utilisation_up, RateCurve, MAX_RATE_BPS, SECONDS_PER_YEAR},
    presets::AssetKind,
    reserve::MAX_TOTAL,
};
use ballast_tests::{
    law::{owed_up, worth_down},
    market::{usd, TOKEN, TOKEN_2022},
    refused, Market, Receipt, User, World,
};
use solana_signer::Signer;

const YEAR: i64 = SECONDS_PER_YEAR as i64;

/// Adds a market of these decimals at $1 to the first vault; caps are wide and the rate is the same at any use.
async fn add(world: &mut World, kind: AssetKind, decimals: u8, rate_bps: u32) -> Market {
    let token_program = if decimals == 2 { TOKEN } else { TOKEN_2022 };
    let market = Market::create(&mut world.chain, kind, decimals, token_program, usd(1));
    let mut config = reserve_config(&world.preset, kind, market.feed_id).unwrap();
    config.size_charge = 0; // or the largest amounts would have the largest margin
    config.curve.depth = u64::MAX; // or the debt cap would be reached long before
    config.rates = RateCurve::new(&[(0, rate_bps), (10_000, rate_bps)]).unwrap().into();
    let curator = world.curator.insecure_clone();
    let add = instruction::add_reserve(curator.pubkey(), &world.asset(&market), config);
    world.send_in_setup(world.vault, &[add], &[&curator]).await.unwrap();
    post(world, &market, 100_000_000, -8).await;
    market
}

/// Posts a price of any mantissa and exponent, and refreshes.
async fn post(world: &mut World, market: &Market, price: i64, exponent: i32) {
    let quote = market.quote(&world.chain);
    let quote = Price { price, ema: price, confidence: 0, exponent, ..quote };
    market.post_raw(&mut world.chain, &quote);
    world.refresh_one(market).await.unwrap();
}

/// Collateral and debt of a user as the program scores them.
async fn score(world: &mut World, user: &User) -> (u64, u64) {
    let reserves = reserves_of(&world.obligation(user).await);
    let payer = world.curator.insecure_clone();
    let refresh = instruction::refresh_obligation(world.vault, user.obligation(), &reserves);
    let receipt = world.must(&[refresh], &[&payer]).await;
    let [Event::ObligationRefreshed(event)] = &receipt.events[..] else { panic!("one event") };
    (event.collateral, event.debt)
}

fn tranche(receipt: &Receipt) -> &ballast::event::TrancheExecuted {
    let Some(Event::TrancheExecuted(tranche)) = receipt.events.first() else { panic!("a tranche") };
    tranche
}

#[tokio::test]
async fn a_loan_lives_its_whole_life_in_tokens_of_2_and_of_12_decimals() {
    for (of_deposit, of_debt) in [(2, 12), (12, 2), (2, 2), (12, 12)] {
        let mut world = World::start().await;
        let deposit = add(&mut world, AssetKind::Sol, of_deposit, 0).await;
        let debt = add(&mut world, AssetKind::Usd, of_debt, 1_000).await;
        let (ann, keeper, lender) = (world.user().await, world.user().await, world.user().await);
        world.give(&ann, &debt, 0).await;
        world.give(&keeper, &deposit, 0).await;
        world.deposit(&lender, &debt, debt.units(100_000)).await.unwrap();
        world.deposit(&ann, &deposit, deposit.units(20_000)).await.unwrap();
        world.borrow(&ann, &debt, debt.units(14_000)).await.unwrap();

        // a year at 10 %, compounded: what ann owes is rounded up, what the lender has down
        world.chain.pass(YEAR);
        post(&mut world, &deposit, 100_000_000, -8).await;
        post(&mut world, &debt, 100_000_000, -8).await;
        let books = world.books(&debt).await;
        let owed = world.shares(&ann, &debt).await;
        let growth = growth_up(books.rate_per_second, SECONDS_PER_YEAR);
        assert_eq!(books.debt_index, grow_index_up(1 << 64, growth));
        assert!(u128::from(owed_up(owed, books.debt_index)) << 64 >= u128::from(owed) * books.debt_index);
        assert!(
            worth_down(world.shares(&lender, &debt).await, books.deposit_index) > debt.units(100_000),
            "the lender has earned"
        );

        // the deposit falls to $0.85: 17,000 against about 15,472
        post(&mut world, &deposit, 85_000_000, -8).await;
        world.chain.pass(1);
        post(&mut world, &deposit, 85_000_000, -8).await;
        post(&mut world, &debt, 100_000_000, -8).await;
        world.give(&keeper, &debt, debt.units(100_000)).await;
        let before = world.score(&ann).await;
        assert!(!before.is_healthy(), "{before:?}");
        let receipt = world.liquidate(&keeper, &ann, &debt, &deposit, u64::MAX).await.unwrap();
        let sold = tranche(&receipt);
        assert!(world.score(&ann).await.excess() > before.excess());
        // what was seized is worth at most what was repaid and its bonus: in units, so that nothing is rounded
        let (repaid, seized) = (u128::from(sold.repaid), u128::from(sold.seized));
        let (one_debt, one_deposit) = (10u128.pow(of_debt.into()), 10u128.pow(of_deposit.into()));
        assert!(
            seized * 85 * 1_000_000 * one_debt
                <= repaid * 100 * (1_000_000 + u128::from(sold.bonus_ppm)) * one_deposit,
            "{sold:?}"
        );
        assert_eq!(sold.to_liquidator + sold.to_insurance, sold.seized);
        assert_eq!(world.wallet(&keeper, &deposit).await, sold.to_liquidator);

        // ann repays all, rounded up, and takes out all that is left, rounded down
        world.give(&ann, &debt, debt.units(20_000)).await;
        let (before, left) = (world.wallet(&ann, &debt).await, world.shares(&ann, &debt).await);
        let index = world.books(&debt).await.debt_index;
        world.repay(&ann, &debt, u64::MAX).await.unwrap();
        assert_eq!(before - world.wallet(&ann, &debt).await, owed_up(left, index));
        world.withdraw(&ann, &deposit, u64::MAX).await.unwrap();
        assert_eq!(world.wallet(&ann, &deposit).await, deposit.units(20_000) - sold.seized);
        // and the lender, who leaves no more behind than fees, insurance and less than two units of rounding
        world.give(&lender, &debt, 0).await;
        world.withdraw(&lender, &debt, u64::MAX).await.unwrap();
        let books = world.books(&debt).await;
        let kept = books.fees_q64 + books.insurance_q64;
        let left = u128::from(books.free_tokens.0) << 64;
        assert!(left >= kept && left < kept + (3 << 64), "{books:?}");
    }
}

/// Exact value of an amount in micro-USD, as a fraction: price × 10^(exponent + 6 − decimals).
fn exact(amount: u64, price: i64, exponent: i32, decimals: u8) -> (u128, u128) {
    let numerator = u128::from(amount) * price as u128;
    match exponent + 6 - i32::from(decimals) {
        up @ 0.. => (numerator * 10u128.pow(up as u32), 1),
        down => (numerator, 10u128.pow(down.unsigned_abs())),
    }
}

#[tokio::test]
async fn from_1e_minus_12_to_1e9_dollars_deposits_count_down_and_debts_up() {
    for decimals in [2, 12] {
        let mut world = World::start().await;
        let (held, owed) = (
            add(&mut world, AssetKind::Usd, decimals, 0).await,
            add(&mut world, AssetKind::Usd, decimals, 0).await,
        );
        let (ann, one, lender) = (world.user().await, world.user().await, world.user().await);
        for user in [&ann, &one] {
            world.give(user, &owed, 0).await;
        }
        // an odd number of units, and a single one
        let (many, few) = (held.units(1_000_000) + 7, held.units(1_000) + 1);
        world.deposit(&lender, &owed, many).await.unwrap();
        world.deposit(&ann, &held, many).await.unwrap();
        world.deposit(&one, &held, 1).await.unwrap();
        world.borrow(&ann, &owed, few).await.unwrap();
        for (price, exponent) in
            [(1, -12), (999, -12), (1, -6), (333_333_333, -9), (1, 0), (1_000_000_000, 0)]
        {
            world.chain.pass(1);
            post(&mut world, &held, price, exponent).await;
            post(&mut world, &owed, price, exponent).await;
            for (user, amount) in [(&ann, many), (&one, 1)] {
                let (above, below) = exact(amount, price, exponent, decimals);
                let value = u128::from(score(&mut world, user).await.0);
                if above / below >= u128::from(u64::MAX) {
                    assert_eq!(value, u128::from(u64::MAX), "clamped for readers");
                    continue;
                }
                // never above, and below by less than one micro-USD and the price's 59 bits
                assert!(value * below <= above, "{decimals} {price}e{exponent} {value}");
                assert!(
                    (value + 1) * below + (above >> 59) >= above,
                    "{decimals} {price}e{exponent} {value}"
                );
            }
            let (above, below) = exact(few, price, exponent, decimals);
            let value = u128::from(score(&mut world, &ann).await.1);
            if above / below >= u128::from(u64::MAX) {
                assert_eq!(value, u128::from(u64::MAX), "clamped for readers");
                continue;
            }
            assert!(value * below >= above && value > 0, "{decimals} {price}e{exponent} {value}");
            assert!(
                value * below <= above + (above >> 59) + below * 2,
                "{decimals} {price}e{exponent} {value}"
            );
        }
        // a price below and one above are refused, and the last one stands
        let stored = world.reserve(&held).await.price;
        for (price, exponent) in [(0, -12), (1_000_000_001, 0), (1, -13)] {
            world.chain.pass(1);
            let quote = Price { price, ema: price, confidence: 0, exponent, ..held.quote(&world.chain) };
            held.post_raw(&mut world.chain, &quote);
            refused(world.refresh_one(&held).await, BallastError::PriceUnusable);
            assert_eq!(world.reserve(&held).await.price, stored);
        }
    }
}

/// Everything that was lent is borrowed: 95 %, then the lender takes the rest out.
async fn used_up(rate_bps: u32, lent: u64) -> (World, Market, User, User) {
    let mut world = World::start().await;
    let (btc, market) = (world.btc, add(&mut world, AssetKind::Usd, 6, rate_bps).await);
    let (ann, lender) = (world.user().await, world.user().await);
    world.give(&ann, &market, 0).await;
    world.deposit(&lender, &market, market.units(lent)).await.unwrap();
    world.deposit(&ann, &btc, btc.units(100)).await.unwrap();
    world.borrow(&ann, &market, market.units(lent) / 100 * 95).await.unwrap();
    world.withdraw(&lender, &market, market.units(lent) / 100 * 5).await.unwrap();
    let books = world.books(&market).await;
    assert_eq!(utilisation_up(books.free_tokens.0, books.total_debt_up().0), 10_000, "100 % in use");
    assert!(books.free_tokens.is_zero());
    (world, market, ann, lender)
}

/// Everybody leaves: ann pays all that she owes, rounded up, the lender takes all that is left, rounded down.
async fn wind_up(world: &mut World, market: &Market, ann: &User, lender: &User) -> (u64, u64) {
    let (shares, held) = (world.shares(ann, market).await, world.wallet(ann, market).await);
    world.give(ann, market, u64::MAX - held).await;
    world.repay(ann, market, u64::MAX).await.unwrap();
    let paid = u64::MAX - world.wallet(ann, market).await;
    assert_eq!(paid, owed_up(shares, world.books(market).await.debt_index));
    let before = world.wallet(lender, market).await;
    world.withdraw(lender, market, u64::MAX).await.unwrap();
    let got = world.wallet(lender, market).await - before;
    let books = world.books(market).await;
    let kept = u128::from(books.free_tokens.0) << 64;
    assert!(kept >= books.fees_q64 + books.insurance_q64, "{books:?}");
    assert_eq!((books.debt_shares.0, books.deposit_shares.0), (0, 0));
    (paid, got)
}

#[tokio::test]
async fn thirty_years_at_full_use_are_booked_exactly_in_one_step() {
    // 60 % a year, the presets' highest: (1 + r)^n is about e^18 = 6.6e7
    let (mut world, market, ann, lender) = used_up(6_000, 10_000).await;
    let before = world.books(&market).await;
    world.chain.pass(30 * YEAR);
    post(&mut world, &market, 100_000_000, -8).await;
    let books = world.books(&market).await;
    let growth = growth_up(before.rate_per_second, 30 * SECONDS_PER_YEAR);
    assert_eq!(books.debt_index, grow_index_up(before.debt_index, growth));
    let owed = owed_up(books.debt_shares.0, books.debt_index) as f64;
    assert!((owed / (9_500e6 * 18f64.exp()) - 1.0).abs() < 1e-6, "{owed}");
    // lenders, fees and insurance are owed no more than that
    assert!(books.surplus().unwrap() <= 3, "{books:?}");
    let (paid, got) = wind_up(&mut world, &market, &ann, &lender).await;
    assert!(got < paid && got as f64 > paid as f64 * 0.8, "{got} of {paid}");
}

#[tokio::test]
async fn thirty_years_at_the_highest_rate_there_is_stop_at_the_largest_debt_and_lock_nothing() {
    // 1,000 % a year: e^10 in the first, and beyond 2^63 in the third; a step that would pass it books nothing
    for step in [YEAR, 30 * YEAR] {
        let (mut world, market, ann, lender) = used_up(MAX_RATE_BPS, 1_000).await;
        let mut last = world.books(&market).await;
        for _ in 0..30 * YEAR / step {
            world.chain.pass(step);
            post(&mut world, &market, 100_000_000, -8).await;
            let books = world.books(&market).await;
            assert!(books.debt_index >= last.debt_index && books.deposit_index >= last.deposit_index);
            assert!(books.total_debt_up().0 <= MAX_TOTAL && books.surplus().is_ok(), "{books:?}");
            last = books;
        }
        let grown = last.total_debt_up().0;
        let first_years = 950e6 * 20f64.exp(); // two of them fit 63 bits
        let expected = if step == YEAR { first_years } else { 950e6 };
        assert!((grown as f64 / expected - 1.0).abs() < 1e-5, "{grown} {expected}");
        score(&mut world, &ann).await;
        let (paid, got) = wind_up(&mut world, &market, &ann, &lender).await;
        assert!(paid == grown && got <= paid, "{got} of {paid}");
    }
}

#[tokio::test]
async fn nothing_one_unit_and_all_units_are_done_or_refused_by_name() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let lender = world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, rich, keeper) = (world.user().await, world.user().await, world.user().await);

    // deposits: nothing buys nothing, one unit is one unit, and all that 64 bits hold is beyond what a reserve takes
    world.give(&rich, &usdc, u64::MAX).await;
    refused(world.deposit_own(&rich, &usdc, 0).await, BallastError::ZeroAmount);
    refused(world.deposit_own(&rich, &usdc, u64::MAX).await, BallastError::Overflow);
    world.deposit_own(&rich, &usdc, 1).await.unwrap();
    assert_eq!(world.shares(&rich, &usdc).await, 1);
    refused(world.withdraw(&rich, &usdc, 0).await, BallastError::ZeroAmount);
    refused(world.withdraw(&rich, &usdc, 2).await, BallastError::InsufficientAmount);
    refused(world.withdraw(&rich, &usdc, u64::MAX - 1).await, BallastError::InsufficientAmount);
    world.withdraw(&rich, &usdc, 1).await.unwrap();
    assert_eq!(world.wallet(&rich, &usdc).await, u64::MAX);

    // loans
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    refused(world.borrow(&ann, &usdc, 0).await, BallastError::ZeroAmount);
    refused(world.borrow(&ann, &usdc, 1).await, BallastError::DebtTooSmall);
    refused(world.borrow(&ann, &usdc, u64::MAX).await, BallastError::InsufficientLiquidity);
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.tick(3_600).await;
    // one unit more is a share, rounded up: it owes at least the unit
    let owed = |shares: u64, index: u128| owed_up(shares, index);
    let (before, index) = (world.shares(&ann, &usdc).await, world.books(&usdc).await.debt_index);
    assert!(index > 1 << 64);
    world.borrow(&ann, &usdc, 1).await.unwrap();
    assert_eq!(world.shares(&ann, &usdc).await, before + 1);
    assert!(owed(before + 1, index) > owed(before, index));
    // one unit back is less than a share: refused rather than taken for nothing
    refused(world.repay(&ann, &usdc, 0).await, BallastError::ZeroAmount);
    refused(world.repay(&ann, &usdc, 1).await, BallastError::ZeroAmount);
    // one unit out of a deposit whose share is worth more than a unit takes a whole share
    let (held, index) = (world.shares(&lender, &usdc).await, world.books(&usdc).await.deposit_index);
    assert!(index > 1 << 64);
    world.withdraw(&lender, &usdc, 1).await.unwrap();
    assert_eq!(world.shares(&lender, &usdc).await, held - 1);

    // tranches
    world.give(&keeper, &usdc, usdc.units(10_000)).await;
    world.move_price(|w| &mut w.sol, usd(165)).await;
    for most in [0, 1] {
        refused(world.liquidate(&keeper, &ann, &usdc, &sol, most).await, BallastError::TrancheTooSmall);
    }
    let greedy =
        world.tranche_with(&keeper, &ann, &usdc, &sol, |tranche| tranche.min_received = u64::MAX).await;
    refused(world.send(&[greedy], &[&keeper.keypair]).await, BallastError::BelowMinimumReceived);
    world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();

    // all of it, for whoever asks for all
    world.give(&ann, &usdc, usdc.units(20_000)).await;
    world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    world.withdraw(&ann, &sol, u64::MAX).await.unwrap();
    assert_eq!(world.obligation(&ann).await.position_count, 0);
}
