//! `soft_liquidate`: how large a tranche is, who pays and gets what.

use ballast::event::TrancheExecuted;
use ballast::BallastError;
use ballast_client::Event;
use ballast_risk::Usd;
use ballast_tests::{refused, usd, Receipt, User, World};

const DOLLAR: f64 = 1e6;
/// The balanced preset: margin of SOL (row and basis), basis of USDC, target, lowest and highest bonus and where it is
/// reached, pace floor and where the whole debt is allowed, window.
const SOL: f64 = 0.17;
const USDC: f64 = 0.005;
const TARGET: f64 = 1.04;
const BONUS: (f64, f64, f64) = (0.002, 0.05, 0.40);
const PACE: (f64, f64) = (0.003, 0.35);
const WINDOW: f64 = 75.0;

/// 100 SOL against 14,000 USDC, by hand.
struct ByHand {
    collateral: f64,
    debt: f64,
    equity: f64,
    requirement: f64,
    net_risk: f64,
    bonus: f64,
}

impl ByHand {
    fn new(collateral: f64, debt: f64) -> Self {
        let (equity, requirement) = (collateral - debt, SOL * collateral + USDC * debt);
        let net_risk = 1.0 - equity / requirement;
        let curve = BONUS.0 + (BONUS.1 - BONUS.0) * (net_risk / BONUS.2).min(1.0).powf(1.5);
        Self { collateral, debt, equity, requirement, net_risk, bonus: curve.min(equity / debt) }
    }

    /// `(H·R − E) / (H·a − b)`.
    fn restoring(&self) -> f64 {
        let relief = USDC + (1.0 + self.bonus) * SOL;
        (TARGET * self.requirement - self.equity) / (TARGET * relief - self.bonus)
    }

    /// `D·(g0 + (1 − g0)·min(1, u/u1)^1.5)`.
    fn allowance(&self) -> f64 {
        self.debt * (PACE.0 + (1.0 - PACE.0) * (self.net_risk / PACE.1).min(1.0).powf(1.5))
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 2e-5 + 1e-7 * b.abs()
}

/// Ann owes 14,000 USDC on 100 SOL at $200; a keeper has 100,000 USDC.
async fn borrowed() -> (World, User, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    world.lender(&sol, sol.units(1_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    (world, ann, keeper)
}

/// The book by hand, with the debt's interest as the books have it.
async fn by_hand(world: &mut World, ann: &User, price: f64) -> ByHand {
    let sol = world.sol;
    let held = world.shares(ann, &sol).await as f64 / 1e9; // nobody borrows SOL: a share is a unit
    let debt = world.score(ann).await.debt.0 as f64 / DOLLAR;
    ByHand::new(held * price, debt)
}

fn tranche(receipt: &Receipt) -> TrancheExecuted {
    match &receipt.events[..] {
        [Event::TrancheExecuted(tranche)] => tranche.clone(),
        _ => panic!("one tranche"),
    }
}

#[tokio::test]
async fn a_tranche_restores_the_target_and_pays_the_bonus_less_insurance() {
    let (mut world, ann, keeper) = borrowed().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(165)).await;
    let hand = by_hand(&mut world, &ann, 165.0).await;
    assert!(hand.restoring() < hand.allowance() && hand.restoring() < hand.debt);
    let (sol_till, usdc_till) = (world.till(&sol).await, world.till(&usdc).await);
    let (sol_books, usdc_books) = (world.books(&sol).await, world.books(&usdc).await);
    let before = world.score(&ann).await;

    let tranche = tranche(&world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap());
    assert_eq!(
        (tranche.limit, tranche.backstop, tranche.insolvent, tranche.paid_in_shares),
        (0, false, false, false)
    );
    assert!(close(f64::from(tranche.net_risk_ppm), (hand.net_risk * 1e6).floor()));
    assert!(close(f64::from(tranche.bonus_ppm), (hand.bonus * 1e6).floor()));
    // amounts: the bonus has six digits
    let bonus = f64::from(tranche.bonus_ppm) / 1e6;
    let repaid = tranche.repaid as f64 / DOLLAR;
    assert!((repaid - hand.restoring()).abs() < 0.02, "{repaid} {}", hand.restoring());
    let seized = repaid * (1.0 + bonus) / 165.0 * 1e9;
    assert!((tranche.seized as f64 - seized).abs() < 30.0, "{} {seized}", tranche.seized);
    let insured = seized * bonus * 0.30 / (1.0 + bonus);
    assert!((tranche.to_insurance as f64 - insured).abs() < 2.0, "{} {insured}", tranche.to_insurance);
    assert_eq!(tranche.to_liquidator, tranche.seized - tranche.to_insurance);

    // whose tokens are where
    assert_eq!(world.wallet(&keeper, &usdc).await, usdc.units(100_000) - tranche.repaid);
    assert_eq!(world.wallet(&keeper, &sol).await, tranche.to_liquidator);
    assert_eq!(world.till(&usdc).await, usdc_till + tranche.repaid);
    assert_eq!(world.till(&sol).await, sol_till - tranche.to_liquidator);
    assert_eq!(world.shares(&ann, &sol).await, sol.units(100) - tranche.seized);
    let shares = usdc.units(14_000) - ((u128::from(tranche.repaid) << 64) / usdc_books.debt_index) as u64;
    assert_eq!(world.shares(&ann, &usdc).await, shares);
    let (sol_after, usdc_after) = (world.books(&sol).await, world.books(&usdc).await);
    assert_eq!(sol_after.insurance_q64, sol_books.insurance_q64 + (u128::from(tranche.to_insurance) << 64));
    assert_eq!(sol_after.deposit_shares.0, sol_books.deposit_shares.0 - tranche.seized);
    assert_eq!(
        (sol_after.deposit_index, sol_after.debt_index),
        (sol_books.deposit_index, sol_books.debt_index)
    );
    assert_eq!(
        (usdc_after.deposit_index, usdc_after.debt_index),
        (usdc_books.deposit_index, usdc_books.debt_index)
    );

    // risk fell to the target, which leaves nothing to do
    let after = world.score(&ann).await;
    assert!(after.excess() > before.excess() && after.is_healthy());
    let ratio = after.equity().0 as f64 / after.requirement.0 as f64;
    assert!(ratio <= TARGET && ratio > TARGET - 1e-5, "{ratio}");
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::Healthy);
}

#[tokio::test]
async fn the_meter_allows_a_window_of_its_allowance_and_refills_with_time() {
    let (mut world, ann, keeper) = borrowed().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(168)).await;
    let hand = by_hand(&mut world, &ann, 168.0).await;
    let first = tranche(&world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap());
    assert_eq!(first.limit, 1);
    assert!(
        (first.repaid as f64 / DOLLAR - hand.allowance()).abs() < 0.01,
        "{} {}",
        first.repaid,
        hand.allowance()
    );
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::PaceMeterSpent);

    // what was spent falls by an allowance a window; an allowance that grows with net risk is there at once
    world.move_price(|w| &mut w.sol, usd(166)).await;
    let hand = by_hand(&mut world, &ann, 166.0).await;
    let second = tranche(&world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap());
    let expected = hand.allowance() * (1.0 + 1.0 / WINDOW) - first.repaid as f64 / DOLLAR;
    assert!((second.repaid as f64 / DOLLAR - expected).abs() < 0.01, "{} {expected}", second.repaid);
    assert_eq!(second.limit, 1);
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::PaceMeterSpent);

    // a window later nothing is spent. A small tranche spends only what it repays: nobody can lock others out with dust
    world.move_price(|w| &mut w.sol, usd(164)).await;
    world.tick(74).await;
    let dust = tranche(&world.liquidate(&keeper, &ann, &usdc, &sol, usdc.units(20)).await.unwrap());
    assert_eq!((dust.limit, dust.repaid), (3, usdc.units(20)));
    let hand = by_hand(&mut world, &ann, 164.0).await;
    assert!(hand.allowance() < hand.restoring());
    let rest = tranche(&world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap());
    let expected = hand.allowance() - 20.0;
    assert!((rest.repaid as f64 / DOLLAR - expected).abs() < 0.01, "{} {expected}", rest.repaid);
}

#[tokio::test]
async fn a_tranche_repays_no_more_than_the_liquidators_maximum() {
    let (mut world, ann, keeper) = borrowed().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(165)).await;
    for maximum in [0, 1, usdc.units(10) - 2] {
        refused(world.liquidate(&keeper, &ann, &usdc, &sol, maximum).await, BallastError::TrancheTooSmall);
    }
    for maximum in [usdc.units(10), 123_456_789, usdc.units(1_000)] {
        let tranche = tranche(&world.liquidate(&keeper, &ann, &usdc, &sol, maximum).await.unwrap());
        assert_eq!(tranche.limit, 3);
        assert!(tranche.repaid <= maximum && tranche.repaid >= maximum - 1, "{} {maximum}", tranche.repaid);
    }
}

#[tokio::test]
async fn a_liquidator_gets_at_least_its_minimum_or_nothing_happens() {
    let (mut world, ann, keeper) = borrowed().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(165)).await;
    // $1,000 buy 1,000·(1 + 0.7·b)/165 SOL
    let bonus = f64::from((by_hand(&mut world, &ann, 165.0).await.bonus * 1e6) as u32) / 1e6;
    let received = (1_000.0 * (1.0 + 0.7 * bonus) / 165.0 * 1e9) as u64;
    let with = |minimum| {
        move |tranche: &mut ballast_client::instruction::Tranche| {
            (tranche.max_repay, tranche.min_received) = (1_000_000_000, minimum);
        }
    };
    let too_much = world.tranche_with(&keeper, &ann, &usdc, &sol, with(received + 20)).await;
    refused(world.send(&[too_much], &[&keeper.keypair]).await, BallastError::BelowMinimumReceived);
    let all = world.tranche_with(&keeper, &ann, &usdc, &sol, with(u64::MAX)).await;
    refused(world.send(&[all], &[&keeper.keypair]).await, BallastError::BelowMinimumReceived);
    let fair = world.tranche_with(&keeper, &ann, &usdc, &sol, with(received - 20)).await;
    let tranche = tranche(&world.must(&[fair], &[&keeper.keypair]).await);
    assert!(tranche.to_liquidator.abs_diff(received) <= 20, "{} {received}", tranche.to_liquidator);
}

#[tokio::test]
async fn the_backstop_ignores_a_spent_meter() {
    let (mut world, ann, keeper) = borrowed().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(168)).await;
    world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::PaceMeterSpent);
    // so near to the end that the bonus takes what equity there is
    world.move_price(|w| &mut w.sol, usd(144)).await;
    let hand = by_hand(&mut world, &ann, 144.0).await;
    assert!(hand.bonus > BONUS.0 && hand.bonus < BONUS.1, "{}", hand.bonus);
    let tranche = tranche(&world.liquidate(&keeper, &ann, &usdc, &sol, usdc.units(5_000)).await.unwrap());
    assert!(tranche.backstop && !tranche.insolvent);
    assert_eq!((tranche.limit, tranche.repaid), (3, usdc.units(5_000)));
    assert_eq!(tranche.bonus_ppm, (hand.bonus * 1e6) as u32);
    // E − R rises, though equity does not
    let after = world.score(&ann).await;
    assert!(after.excess() > Usd(i128::from(tranche.equity_before) - i128::from(tranche.requirement_before)));
    world.liquidate(&keeper, &ann, &usdc, &sol, usdc.units(5_000)).await.unwrap();
}

#[tokio::test]
async fn dust_of_a_debt_closes_whole() {
    let (mut world, ann, keeper) = borrowed().await;
    let (sol, usdc) = (world.sol, world.usdc);
    // all but $19.99 is paid, and all but 0.1 SOL taken out: C = 20, R = 17 % of 20
    world.give(&ann, &usdc, usdc.units(100)).await;
    let owed = ballast_tests::law::owed_up(usdc.units(14_000), world.books(&usdc).await.debt_index);
    world.repay(&ann, &usdc, owed - 15_990_000).await.unwrap();
    world.tick(1).await;
    world.withdraw(&ann, &sol, sol.units(100) - 110_000_000).await.unwrap();
    world.move_price(|w| &mut w.sol, usd(174)).await; // C = 19.14, E = 3.15 < R = 3.33
    let hand = by_hand(&mut world, &ann, 174.0).await;
    assert!(hand.restoring() < 10.0 && hand.debt - 10.0 < 10.0);
    let tranche = tranche(&world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap());
    assert_eq!(tranche.limit, 4);
    assert!((tranche.repaid as f64 / DOLLAR - hand.debt).abs() < 2e-6);
    assert_eq!(world.shares(&ann, &usdc).await, 0);
    assert!(world.shares(&ann, &sol).await > 0 && hand.collateral > hand.debt);
}

#[tokio::test]
async fn a_borrower_who_liquidates_itself_gains_nothing() {
    let (mut world, ann, _) = borrowed().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(165)).await;
    let wealth = async |world: &mut World| {
        let score = world.score(&ann).await;
        let outside =
            world.wallet(&ann, &usdc).await as i128 + world.wallet(&ann, &sol).await as i128 * 165 / 1_000;
        outside + score.equity().0
    };
    let before = wealth(&mut world).await;
    let tranche = tranche(&world.liquidate(&ann, &ann, &usdc, &sol, u64::MAX).await.unwrap());
    let after = wealth(&mut world).await;
    // it loses what insurance keeps
    let insured = i128::from(tranche.to_insurance) * 165 / 1_000;
    assert!((-3..=0).contains(&(after - before + insured)), "{before} {after} {insured}");
}
