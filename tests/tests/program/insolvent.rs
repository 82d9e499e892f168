//! Books whose deposits do not cover their debts.

use ballast::event::{LossAbsorbed, TrancheExecuted};
use ballast_client::{
    instruction::{self, Tranche},
    price::Price,
    safety::absorbing,
    Event,
};
use ballast_risk::presets::AssetKind;
use ballast_tests::{law::owed_up, market::TOKEN, usd, Market, Receipt, User, World};

fn tranche(receipt: &Receipt) -> TrancheExecuted {
    receipt
        .events
        .iter()
        .find_map(|event| match event {
            Event::TrancheExecuted(tranche) => Some(tranche.clone()),
            _ => None,
        })
        .expect("a tranche")
}

fn loss(receipt: &Receipt) -> LossAbsorbed {
    let losses = receipt.events.iter().find_map(|event| match event {
        Event::LossAbsorbed(loss) => Some(loss.clone()),
        _ => None,
    });
    losses.expect("a loss")
}

async fn borrowed() -> (World, User, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(100_000)).await;
    (world, ann, keeper)
}

#[tokio::test]
async fn an_insolvent_book_is_sold_at_the_lowest_bonus_without_insurance_or_pace() {
    let (mut world, ann, keeper) = borrowed().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(130)).await; // C = 13,000
    let owed = owed_up(world.shares(&ann, &usdc).await, world.books(&usdc).await.debt_index);
    let part = tranche(&world.liquidate(&keeper, &ann, &usdc, &sol, usdc.units(1_000)).await.unwrap());
    assert_eq!((part.insolvent, part.backstop, part.bonus_ppm, part.to_insurance), (true, true, 2_000, 0));
    assert_eq!((part.limit, part.repaid), (3, usdc.units(1_000)));
    // $1,002 of SOL at $130, rounded down
    let seized = 1_002 * 1_000_000_000 / 130;
    assert!(part.seized <= seized && part.seized >= seized - 1, "{} {seized}", part.seized);
    // the rest at once, for its price less the bonus, rounded up
    let receipt = world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await.unwrap();
    let rest = tranche(&receipt);
    assert_eq!((rest.limit, rest.seized, rest.deposit_shares[1]), (5, sol.units(100) - part.seized, 0));
    let price = (u128::from(rest.seized) * 130).div_ceil(1_000) * 1_000_000 / 1_002_000;
    assert!((price..=price + 2).contains(&u128::from(rest.repaid)), "{} {price}", rest.repaid);
    assert_eq!(world.wallet(&keeper, &sol).await, sol.units(100));
    // what is left of the debt is absorbed with the last deposit, and the obligation is gone
    let left = owed - part.repaid - rest.repaid;
    let loss = loss(&receipt);
    assert!(loss.debt.abs_diff(left) <= 2, "{loss:?} {left}");
    // each part is rounded up
    let borne = loss.insurance + loss.fees + loss.lenders;
    assert!((loss.debt..=loss.debt + 2).contains(&borne), "{loss:?}");
    assert_eq!(world.books(&usdc).await.debt_shares.0, 0);
    assert!(world.chain.account(ann.obligation()).await.is_none());
}

#[tokio::test]
async fn every_deposit_of_an_insolvent_book_of_sixteen_positions_is_gone_within_32_calls() {
    let mut world = World::start().await;
    let (usdc, btc, eth) = (world.usdc, world.btc, world.eth);
    let [ann, keeper] = [world.user().await, world.user().await];
    let debts = [usdc, btc, eth];
    for market in debts {
        world.lender(&market, market.units(1_000_000)).await;
        world.give(&keeper, &market, market.units(1_000_000)).await;
    }
    let mut deposits = vec![];
    for i in 0..13 {
        let market = Market::create(&mut world.chain, AssetKind::Alt, 5, TOKEN, usd(2));
        world.add_reserve(&market).await.unwrap();
        world.refresh_one(&market).await.unwrap();
        world.give(&keeper, &market, 0).await;
        // the last is worth less than a micro-dollar
        let amount = if i == 12 { 1 } else { market.units(1_000 * (i + 1)) };
        world.deposit(&ann, &market, amount).await.unwrap();
        deposits.push(market);
    }
    for (market, amount) in [(usdc, usdc.units(20_000)), (btc, btc.units(1) / 10 * 2), (eth, eth.units(5))] {
        world.borrow(&ann, &market, amount).await.unwrap();
    }
    assert_eq!(world.obligation(&ann).await.position_count, 16);
    world.tick(1).await;
    for (i, market) in deposits.iter_mut().enumerate() {
        // a crash of a half; the last falls to a hundredth of a cent
        market.post(&mut world.chain, if i == 12 { usd(1) / 10_000 } else { usd(1) / 2 });
        world.refresh_one(market).await.unwrap();
    }
    assert!(world.score(&ann).await.equity().0 < 0);
    let (mut calls, mut absorbed) = (0, vec![]);
    for deposit in &deposits {
        while world.chain.account(ann.obligation()).await.is_some() && world.shares(&ann, deposit).await > 0 {
            calls += 1;
            assert!(calls <= 32);
            // for the largest debt, by its price when it was made
            let mut largest = (0, usdc);
            for (debt, price) in [(usdc, 1), (btc, 1_000), (eth, 40)] {
                let worth = world.shares(&ann, &debt).await * price;
                largest = if worth > largest.0 { (worth, debt) } else { largest };
            }
            let tranche = world.tranche(&keeper, &ann, &largest.1, deposit, u64::MAX).await;
            let tranche = absorbing(tranche, &debts.map(|debt| world.asset(&debt).reserve()));
            let receipt = world.must(&[tranche], &[&keeper.keypair]).await;
            absorbed.extend(receipt.events.iter().filter_map(|event| match event {
                Event::LossAbsorbed(loss) => Some(loss.reserve),
                _ => None,
            }));
            let tranche = self::tranche(&receipt);
            assert!(tranche.insolvent && [4, 5].contains(&tranche.limit), "{tranche:?}");
        }
    }
    assert!(calls <= 16, "{calls}: each call ends a position");
    // the last call absorbed every debt that was left, and closed the obligation
    assert!(!absorbed.is_empty() && world.chain.account(ann.obligation()).await.is_none());
    for market in debts {
        assert_eq!(world.books(&market).await.debt_shares.0, 0, "{:?}", market.kind);
    }
}

#[tokio::test]
async fn whoever_takes_an_obligation_to_nothing_gets_its_rent() {
    let (mut world, ann, keeper) = borrowed().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.tick(1).await;
    let owed = owed_up(world.shares(&ann, &usdc).await, world.books(&usdc).await.debt_index);
    // the price at which 100 SOL are worth exactly the debt and the lowest bonus: C = 1.002·D, in units of 10^-8 a SOL
    let even = i64::try_from(u128::from(owed) * 1_002 / 1_000).unwrap();
    let payer = world.curator.insecure_clone();
    for ahead in 0..10 {
        // within the second, so that no interest comes in between
        let price = even - 5 + ahead;
        let quote = sol.quote(&world.chain);
        let quote = Price { price, ema: price, publish_time: quote.publish_time + 1 + ahead, ..quote };
        sol.post_raw(&mut world.chain, &quote);
        world.refresh_one(&sol).await.unwrap();
        // the account that ends is passed as the one for shares, too: it must end all the same
        let change = |tranche: &mut Tranche| tranche.shares_to = Some(ann.obligation());
        let tranche = world.tranche_with(&keeper, &ann, &usdc, &sol, change).await;
        let signers = [&payer, &keeper.keypair];
        let would = world.chain.would_land(std::slice::from_ref(&tranche), &signers).await.unwrap();
        let [Event::TrancheExecuted(_), Event::ObligationClosed(_)] = &would.events[..] else {
            continue; // a unit is left of the one, or of the other and absorbed
        };
        let rent = world.chain.account(ann.obligation()).await.unwrap().lamports;
        let before = world.chain.account(keeper.key()).await.unwrap().lamports;
        let receipt = world.must(&[tranche], &signers).await;
        let [Event::TrancheExecuted(tranche), Event::ObligationClosed(event)] = &receipt.events[..] else {
            panic!("two events")
        };
        assert_eq!((tranche.debt_shares[1], tranche.deposit_shares[1]), (0, 0));
        assert_eq!((event.vault, event.obligation), (world.vault, ann.obligation()));
        assert_eq!((event.owner, event.rent_to), (ann.key(), keeper.key()));
        assert_eq!(world.chain.account(keeper.key()).await.unwrap().lamports, before + rent);
        assert!(world.chain.account(ann.obligation()).await.is_none());
        // the owner may open it again
        world.must(&[instruction::open_obligation(&ann.account)], &[&ann.keypair]).await;
        assert_eq!(world.obligation(&ann).await.meter, Default::default());
        return;
    }
    panic!("no price took the obligation to nothing");
}
