//! What the program reports is what the accounts say, before and after.

use ballast::{
    event::{BooksView, PositionAction, PositionChanged},
    state::Reserve,
};
use ballast_client::{event::events, Event};
use ballast_tests::{usd, Market, Receipt, User, World};

fn changed(receipt: &Receipt) -> &PositionChanged {
    match &receipt.events[..] {
        [Event::PositionChanged(event)] => event,
        _ => panic!("one change"),
    }
}

fn view(reserve: &Reserve) -> BooksView {
    let books = &reserve.books;
    let join = |words: [u64; 2]| u128::from(words[0]) | u128::from(words[1]) << 64;
    BooksView {
        free_tokens: books.free_tokens,
        deposit_shares: books.deposit_shares,
        debt_shares: books.debt_shares,
        deposit_index: join(books.deposit_index),
        debt_index: join(books.debt_index),
        fees: books.fees[1],
        insurance: books.insurance[1],
    }
}

/// A user's shares in a market and the market's books.
async fn state(world: &mut World, user: &User, market: &Market) -> (u64, BooksView) {
    (world.shares(user, market).await, view(&world.reserve(market).await))
}

#[tokio::test]
async fn every_change_of_a_position_is_reported_with_before_and_after() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(20_000)).await;
    let (ann, eve) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(1_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(15_000)).await.unwrap();
    world.give(&eve, &usdc, usdc.units(100)).await;

    for (action, market) in [
        (PositionAction::Deposit, sol),
        (PositionAction::Withdraw, sol),
        (PositionAction::Borrow, usdc),
        (PositionAction::Repay, usdc),
    ] {
        world.tick(86_400).await;
        world.chain.pass(5); // interest is due, and booked by the instruction itself
        let before = state(&mut world, &ann, &market).await;
        let amount = 12_345_678;
        let (actor, result) = match action {
            PositionAction::Deposit => (&ann, world.deposit(&ann, &market, amount).await),
            PositionAction::Withdraw => (&ann, world.withdraw(&ann, &market, amount).await),
            PositionAction::Borrow => (&ann, world.borrow(&ann, &market, amount).await),
            PositionAction::Repay => (&eve, world.repay_for(&eve, &ann, &market, amount).await),
        };
        let receipt = result.unwrap();
        let after = state(&mut world, &ann, &market).await;
        assert_ne!(before, after);
        let event = changed(&receipt);
        assert_eq!((event.vault, event.reserve), (world.vault, world.asset(&market).reserve()));
        assert_eq!((event.obligation, event.actor), (ann.obligation(), actor.key()));
        assert_eq!((event.action, event.amount), (action, amount));
        assert_eq!((event.shares_before, event.books_before), before);
        assert_eq!((event.shares_after, event.books_after), after);
    }
    // all of it: the amount is what really moved
    let shares = world.shares(&ann, &usdc).await;
    world.give(&ann, &usdc, usdc.units(10_000)).await;
    let held = world.wallet(&ann, &usdc).await;
    let receipt = world.repay(&ann, &usdc, u64::MAX).await.unwrap();
    let event = changed(&receipt);
    assert_eq!(event.amount, held - world.wallet(&ann, &usdc).await);
    assert_eq!((event.shares_before, event.shares_after), (shares, 0));
    let held = world.wallet(&ann, &sol).await;
    let receipt = world.withdraw(&ann, &sol, u64::MAX).await.unwrap();
    let event = changed(&receipt);
    assert_eq!((event.amount, event.shares_after), (world.wallet(&ann, &sol).await - held, 0));
}

#[tokio::test]
async fn a_tranche_is_reported_with_the_scores_and_positions_before_and_after() {
    let mut world = World::start().await;
    let (sol, usdc, eth) = (world.sol, world.usdc, world.eth);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &eth, eth.units(1)).await.unwrap();
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(15_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    world.tick(86_400).await;
    world.move_price(|w| &mut w.sol, usd(138)).await;
    let (before, insurance) = (world.score(&ann).await, view(&world.reserve(&sol).await).insurance);
    let shares = [world.shares(&ann, &usdc).await, world.shares(&ann, &sol).await];

    let receipt = world.liquidate(&keeper, &ann, &usdc, &sol, usdc.units(500)).await.unwrap();
    let [Event::TrancheExecuted(event)] = &receipt.events[..] else { panic!("one tranche") };
    let after = world.score(&ann).await;
    assert_eq!(
        (event.vault, event.obligation, event.liquidator),
        (world.vault, ann.obligation(), keeper.key())
    );
    assert_eq!(event.debt_reserve, world.asset(&usdc).reserve());
    assert_eq!(event.deposit_reserve, world.asset(&sol).reserve());
    assert_eq!(i128::from(event.equity_before), before.equity().0);
    assert_eq!(i128::from(event.requirement_before), before.requirement.0);
    assert_eq!(i128::from(event.equity_after), after.equity().0);
    assert_eq!(i128::from(event.requirement_after), after.requirement.0);
    assert_eq!(
        (event.worst_row, event.net_risk_ppm),
        (before.worst_row, before.net_risk_down().to_ppm_down().0)
    );
    assert_eq!(event.debt_shares, [shares[0], world.shares(&ann, &usdc).await]);
    assert_eq!(event.deposit_shares, [shares[1], world.shares(&ann, &sol).await]);
    assert_eq!((event.debt_price, event.debt_exponent), (usd(1), -8));
    assert_eq!((event.deposit_price, event.deposit_exponent), (usd(138), -8));
    assert_eq!(event.repaid, usdc.units(100_000) - world.wallet(&keeper, &usdc).await);
    assert_eq!(event.to_liquidator, world.wallet(&keeper, &sol).await);
    assert_eq!(event.seized, event.to_liquidator + event.to_insurance);
    assert_eq!(event.to_insurance, view(&world.reserve(&sol).await).insurance - insurance);
    // values: a USDC unit is a micro-dollar, a SOL unit 0.138 of one
    assert_eq!(event.repaid_value, event.repaid);
    let worth = event.seized * 138 / 1_000;
    assert!((worth - 1..=worth).contains(&event.seized_value), "{} {worth}", event.seized_value);
}

#[tokio::test]
async fn nobody_else_can_report_for_the_program() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let ann = world.user().await;
    let receipt = world.deposit(&ann, &usdc, 1_000).await.unwrap();
    assert_eq!(receipt.events.len(), 1);
    let (program, other) = (ballast::ID.to_string(), anchor_lang::system_program::ID.to_string());
    // the same data from another program, and from one that the program calls
    let forged: Vec<_> = receipt.logs.iter().map(|log| log.replace(&program, &other)).collect();
    assert!(events(&forged).is_empty());
    let data = receipt.logs.iter().find(|log| log.starts_with("Program data:")).unwrap();
    let nested = [
        format!("Program {program} invoke [1]"),
        format!("Program {other} invoke [2]"),
        data.clone(),
        format!("Program {other} success"),
        format!("Program {program} success"),
    ];
    assert!(events(&nested).is_empty());
}
