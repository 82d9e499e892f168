//! Who bears a loss: insurance in kind, then fees that nobody collected, then the reserve's lenders, and nobody else.

use crate::tools::*;
use ballast::BallastError;
use ballast_client::{account::reserves_of, instruction, safety::absorbing, Event};
use ballast_risk::{
    breaker::{Cause, State},
    vesting::VESTING_SECONDS,
};
use ballast_tests::{refused, usd, Market, User, World};

/// What a loss leaves, by the rule as it is written: insurance, then fees, then the deposit index, rounded down.
struct Expected {
    insurance_q64: u128,
    fees_q64: u128,
    index: u128,
    /// Whole units, each rounded up.
    borne: [u64; 3],
}

fn expect(books: &ballast_risk::reserve::Ledger, loss: u64) -> Expected {
    let whole = |q64: u128| u64::try_from(q64.div_ceil(1 << 64)).unwrap();
    let loss = u128::from(loss) << 64;
    let insurance = loss.min(books.insurance_q64);
    let fees = (loss - insurance).min(books.fees_q64);
    let lenders = loss - insurance - fees;
    Expected {
        insurance_q64: books.insurance_q64 - insurance,
        fees_q64: books.fees_q64 - fees,
        index: books.deposit_index - lenders.div_ceil(u128::from(books.deposit_shares.0)),
        borne: [whole(insurance), whole(fees), whole(lenders)],
    }
}

/// Ann's book is sold whole at $100 a SOL with this much insurance and these fees: who bears the rest?
async fn sold_with(insurance: u64, fees: u64) -> [u64; 3] {
    let (mut world, lender, ann, keeper) = loan(1_000_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(100)).await;
    endow(&mut world, &usdc, insurance, fees).await;
    let debt = owed(&mut world, &ann, &usdc).await;
    let (before, _) = books_now(&mut world, &usdc).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let tranche = &tranches(&receipt)[0];
    let [loss] = &losses(&receipt)[..] else { panic!("one loss") };

    // 100 SOL at $100 less 0.2 %; the rest of what is owed is the loss, up to the rounding of shares
    let price = price_of(10_000 * 1_000_000);
    assert!((price..=price + 1).contains(&tranche.repaid), "{} {price}", tranche.repaid);
    assert!((debt - tranche.repaid).abs_diff(loss.debt) <= 1);
    let expected = expect(&before, loss.debt);
    assert_eq!([loss.insurance, loss.fees, loss.lenders], expected.borne);
    let (after, losses) = books_now(&mut world, &usdc).await;
    assert_eq!(
        (after.insurance_q64, after.fees_q64, after.deposit_index),
        (expected.insurance_q64, expected.fees_q64, expected.index)
    );
    assert_eq!((after.debt_shares.0, after.deposit_shares), (0, before.deposit_shares));
    assert_eq!((losses.unrecovered, losses.recent), (loss.lenders, loss.lenders));
    // tokens: what was there and what the keeper paid, and not one less
    assert_eq!(after.free_tokens.0, before.free_tokens.0 + tranche.repaid);
    assert_eq!(world.till(&usdc).await, after.free_tokens.0);

    // the event says the same
    assert_eq!((loss.vault, loss.reserve), (world.vault, world.asset(&usdc).reserve()));
    assert_eq!((loss.obligation, loss.wiped_out), (ann.obligation(), false));
    // a dollar, rounded up
    assert!((loss.lenders..=loss.lenders + 1).contains(&loss.lenders_value), "{loss:?}");
    assert_eq!((loss.books_after.deposit_index, loss.books_after.debt_shares), (expected.index, 0));
    assert_eq!(loss.books_before.deposit_index, before.deposit_index);
    assert_eq!(loss.books_before.insurance, before.insurance_down().0);
    // and the lender feels it as the formula says: nothing of other reserves is touched
    let shares = world.shares(&lender, &usdc).await;
    let felt = ballast_tests::law::worth_down(shares, expected.index);
    assert_eq!(worth(&mut world, &lender, &usdc).await, felt);
    expected.borne
}

#[tokio::test]
async fn insurance_in_kind_bears_first() {
    let usdc = 1_000_000;
    let [insurance, fees, lenders] = sold_with(5_000 * usdc, 300 * usdc).await;
    assert!(insurance > 4_019 * usdc && insurance < 4_021 * usdc);
    assert_eq!((fees, lenders), (0, 0));
}

#[tokio::test]
async fn fees_bear_what_insurance_does_not_and_lenders_the_rest() {
    let usdc = 1_000_000;
    let [insurance, fees, lenders] = sold_with(1_000 * usdc, 4_000 * usdc).await;
    // a second's interest adds parts of a unit to both, and each is rounded up
    assert!(insurance.abs_diff(1_000 * usdc) <= 20, "{insurance}");
    assert!(fees > 3_019 * usdc && lenders == 0, "{fees}");
    let [insurance, fees, lenders] = sold_with(1_000 * usdc, 2_000 * usdc).await;
    assert!(insurance.abs_diff(1_000 * usdc) <= 20 && fees.abs_diff(2_000 * usdc) <= 20);
    assert!(lenders > 1_019 * usdc && lenders < 1_021 * usdc, "{lenders}");
    let [insurance, fees, lenders] = sold_with(0, 0).await;
    assert!(insurance <= 20 && fees <= 20 && lenders > 4_019 * usdc);
}

#[tokio::test]
async fn fees_bear_losses_whether_they_have_vested_or_not() {
    let (mut world, _, ann, keeper) = loan(20_000).await;
    let (sol, usdc, curator) = (world.sol, world.usdc, world.curator.insecure_clone());
    usdc.fund(&mut world.chain, &solana_signer::Signer::pubkey(&curator), 0);
    // a fortnight: the first week's fees have vested, when somebody moves
    for _ in 0..2 {
        world.tick(VESTING_SECONDS as i64).await;
        world.deposit(&keeper, &usdc, usdc.units(1)).await.unwrap();
    }
    let before = world.reserve(&usdc).await;
    let fees = before.books.ledger().fees_down().0;
    assert!(before.vesting.vested > 0 && before.vesting.vested < fees, "some have vested, some have not");
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let loss = &losses(&receipt)[0];
    assert!(loss.fees >= fees && loss.lenders > 0, "{loss:?}");
    let after = world.reserve(&usdc).await;
    assert_eq!(after.books.ledger().fees_q64, 0);
    // what had vested is gone with the rest: once the breaker is Normal again there is nothing to collect
    world.tick(2 * DAY).await;
    let collect = instruction::collect_fees(&world.asset(&usdc), &solana_signer::Signer::pubkey(&curator));
    refused(world.send(&[collect], &[&curator]).await, BallastError::NoFees);
}

/// A book with debts in three reserves, each with a lender of its own, against SOL and an alt.
async fn three_debts() -> (World, Vec<User>, User, User) {
    let mut world = World::start().await;
    let [btc, eth, sol, _, usdc, alt] = world.markets();
    let mut lenders = vec![];
    for (market, amount) in [(usdc, usdc.units(1_000_000)), (btc, btc.units(10)), (eth, eth.units(250))] {
        lenders.push(world.lender(&market, amount).await);
    }
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(200)).await.unwrap();
    world.deposit(&ann, &alt, alt.units(5_000)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(10_000)).await.unwrap();
    world.borrow(&ann, &btc, btc.units(1) / 20).await.unwrap();
    world.borrow(&ann, &eth, eth.units(2)).await.unwrap();
    for market in [usdc, btc, eth] {
        world.give(&keeper, &market, market.units(1_000_000)).await;
    }
    // 200 SOL at $60 and 5,000 alts at $1: $17,000 for $23,000
    world.sol.price = usd(60);
    world.alt.price = usd(1);
    world.tick(1).await;
    (world, lenders, ann, keeper)
}

#[tokio::test]
async fn the_last_deposit_absorbs_every_debt_each_in_its_own_reserve() {
    let (mut world, lenders, ann, keeper) = three_debts().await;
    let [btc, eth, sol, lst, usdc, alt] = world.markets();
    // the SOL goes for dollars, all that are owed, and then for ether
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    assert_eq!(world.shares(&ann, &usdc).await, 0);
    world.last_tranche(&keeper, &ann, &eth, &sol).await.unwrap();
    let (left_btc, left_eth) = (owed(&mut world, &ann, &btc).await, owed(&mut world, &ann, &eth).await);
    assert!(left_eth > 0 && world.shares(&ann, &sol).await == 0);
    let mut before = vec![];
    for market in [btc, eth, usdc, lst, sol] {
        before.push(world.reserve(&market).await);
    }
    let worths = [worth(&mut world, &lenders[1], &btc).await, worth(&mut world, &lenders[2], &eth).await];
    // the alt, the last deposit, goes for bitcoin, and what is owed of bitcoin and ether is absorbed at once
    let rent = world.chain.account(ann.obligation()).await.unwrap().lamports;
    let (payer, had) = (world.curator.insecure_clone(), lamports(&mut world, &keeper).await);
    let debts = [btc, eth].map(|market| world.asset(&market).reserve());
    let last = absorbing(world.tranche(&keeper, &ann, &btc, &alt, u64::MAX).await, &debts);
    let receipt = world.must(&[last], &[&payer, &keeper.keypair]).await;
    let tranche = &tranches(&receipt)[0];
    let mut absorbed = losses(&receipt);
    absorbed.sort_by_key(|loss| loss.reserve != debts[0]);
    let [in_btc, in_eth] = &absorbed[..] else { panic!("two losses") };
    assert_eq!([in_btc.reserve, in_eth.reserve], debts);
    assert!((left_btc - tranche.repaid).abs_diff(in_btc.debt) <= 1 && in_eth.debt.abs_diff(left_eth) <= 1);
    // each reserve's lender bears its own, up to roundings, and no other
    for (i, (market, loss)) in [(btc, in_btc), (eth, in_eth)].into_iter().enumerate() {
        let lender = &lenders[i + 1];
        let fell = worths[i] - worth(&mut world, lender, &market).await;
        assert!(fell.abs_diff(loss.lenders) <= 2, "{fell} {loss:?}");
        assert!(loss.insurance + loss.fees + loss.lenders <= loss.debt + 3);
        let price = u128::from(loss.lenders) * market.price as u128 / 100;
        let value = price.div_ceil(10u128.pow(u32::from(market.decimals)));
        assert!(u128::from(loss.lenders_value).abs_diff(value) <= 1, "{loss:?}");
    }
    for (market, before) in [usdc, lst, sol].into_iter().zip(&before[2..]) {
        let after = world.reserve(&market).await;
        assert_eq!(bytemuck::bytes_of(&after), bytemuck::bytes_of(before), "{:?}", market.kind);
    }
    // the obligation is closed, and its rent is the keeper's
    let Some(Event::ObligationClosed(closed)) = receipt.events.last() else { panic!("not closed") };
    assert_eq!((closed.obligation, closed.rent_to), (ann.obligation(), keeper.key()));
    assert!(world.chain.account(ann.obligation()).await.is_none());
    assert_eq!(lamports(&mut world, &keeper).await, had + rent);
}

async fn lamports(world: &mut World, user: &User) -> u64 {
    world.chain.account(user.key()).await.unwrap().lamports
}

#[tokio::test]
async fn a_reserve_that_is_not_writable_is_named_and_nothing_changes() {
    let (mut world, _, ann, keeper) = three_debts().await;
    let [btc, eth, sol, _, usdc, alt] = world.markets();
    world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    world.last_tranche(&keeper, &ann, &eth, &sol).await.unwrap();
    let vault = world.vault;
    let before = world.accounts_of(vault).await;
    // ether is owed beside the pair, and only read
    let tranche = world.tranche(&keeper, &ann, &btc, &alt, u64::MAX).await;
    refused(
        world.send(std::slice::from_ref(&tranche), &[&keeper.keypair]).await,
        BallastError::ReserveNotWritable,
    );
    // a reserve left out, or another in its place
    let (eth_reserve, usdc_reserve) = (world.asset(&eth).reserve(), world.asset(&usdc).reserve());
    let mut without = tranche.clone();
    without.accounts.retain(|meta| meta.pubkey != eth_reserve);
    let instead =
        absorbing(ballast_tests::attack::swapped(&tranche, eth_reserve, usdc_reserve), &[usdc_reserve]);
    for wrong in [without, instead] {
        let result = world.send(&[wrong], &[&keeper.keypair]).await;
        refused(result, BallastError::WrongRemainingAccounts);
    }
    // a part of the last deposit absorbs nothing, and needs nothing writable
    assert_eq!(world.accounts_of(vault).await, before);
    let part = world.liquidate(&keeper, &ann, &btc, &alt, btc.units(1) / 100).await.unwrap();
    assert!(losses(&part).is_empty());
    world.last_tranche(&keeper, &ann, &btc, &alt).await.unwrap();
}

/// Ann's loss of about $4,020 in a reserve with so much lent: what the breaker says.
async fn share_lost(lent: u64) -> (World, Market, Option<(u64, u64, u64)>) {
    let (mut world, _, ann, keeper) = loan(lent).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let (before, _) = books_now(&mut world, &usdc).await;
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let loss = &losses(&receipt)[0];
    let trips = breakers(&receipt);
    let reading = trips.first().map(|trip| {
        assert_eq!((trip.reserve, trip.cause), (Some(world.asset(&usdc).reserve()), Cause::Loss as u8));
        assert_eq!(trip.observed_at, world.chain.now() as u64);
        (trip.measured, trip.limit, trip.expires_at - trip.observed_at)
    });
    // lost over what lenders had, in bps, rounded down
    let share = u128::from(loss.lenders) * 10_000 / u128::from(before.total_deposits_down().0);
    if let Some((measured, ..)) = reading {
        assert!(u128::from(measured).abs_diff(share) <= 1, "{measured} {share}");
    }
    // no other breaker rises
    assert!(trips.len() <= 1);
    for market in world.markets() {
        if market.mint != usdc.mint {
            assert_eq!(world.state(&market).await, State::Normal);
        }
    }
    (world, usdc, reading)
}

#[tokio::test]
async fn the_breaker_rises_by_the_share_that_lenders_lost() {
    // 4 bps of ten million: nothing
    let (mut world, usdc, reading) = share_lost(10_000_000).await;
    assert_eq!((reading, world.state(&usdc).await), (None, State::Normal));
    // 40 bps of a million: Guarded for an hour
    let (mut world, usdc, reading) = share_lost(1_000_000).await;
    assert_eq!((reading, world.state(&usdc).await), (Some((40, 10, 3_600)), State::Guarded));
    world.tick(3_600).await;
    assert_eq!(world.state(&usdc).await, State::Normal);
    // 402 bps of a hundred thousand: Halted for four hours, then Guarded for one
    let (mut world, usdc, reading) = share_lost(100_000).await;
    assert_eq!((reading, world.state(&usdc).await), (Some((401, 200, 4 * 3_600)), State::Halted));
    world.tick(4 * 3_600).await;
    assert_eq!(world.state(&usdc).await, State::Guarded);
    world.tick(3_600).await;
    assert_eq!(world.state(&usdc).await, State::Normal);
}

#[tokio::test]
async fn anyone_shows_the_vault_what_its_lenders_lost() {
    use ballast::instructions::Signal;
    use ballast_client::safety::trip_vault;
    // 402 bps of the reserve; of the vault's collateral, with $2m of bitcoin beside it, 19 bps
    let (mut world, _, ann, keeper) = loan(100_000).await;
    let (sol, usdc, btc) = (world.sol, world.usdc, world.btc);
    world.lender(&btc, btc.units(20)).await;
    world.move_price(|w| &mut w.sol, usd(100)).await;
    let reserves = world.markets().map(|market| world.asset(&market).reserve());
    let show = trip_vault(world.vault, Signal::VaultLoss, &reserves);
    let payer = world.curator.insecure_clone();
    refused(world.send(std::slice::from_ref(&show), &[&payer]).await, BallastError::NoSignal);
    let receipt = world.last_tranche(&keeper, &ann, &usdc, &sol).await.unwrap();
    let lost = u128::from(losses(&receipt)[0].lenders_value);
    let receipt = world.must(&[show], &[&payer]).await;
    let trip = &breakers(&receipt)[0];
    // the SOL is gone; dollars and bitcoin are left
    let collateral = 2_000_000_000_000 + 100_000_000_000;
    assert_eq!((trip.reserve, trip.to, trip.cause), (None, State::Guarded as u8, Cause::Loss as u8));
    assert!(u128::from(trip.measured).abs_diff(lost * 10_000 / collateral) <= 1, "{trip:?}");
}

#[tokio::test]
async fn absorb_loss_is_for_books_whose_deposits_are_worth_nothing_and_refuses_all_others() {
    let (mut world, _, ann, keeper) = three_debts().await;
    let [btc, eth, sol, _, usdc, alt] = world.markets();
    refused(absorb(&mut world, &keeper, &ann).await, BallastError::DepositsLeft);
    refused(absorb(&mut world, &keeper, &keeper).await, BallastError::NothingToAbsorb);
    // the lenders of SOL and of the alt lose everything: Ann's deposits are worth nothing
    for market in [sol, alt] {
        ruin(&mut world, &market).await;
    }
    let reserves = reserves_of(&world.obligation(&ann).await);
    let mut owing = vec![];
    for market in [usdc, btc, eth] {
        owing.push(owed(&mut world, &ann, &market).await);
    }
    // each reserve of a debt must be writable, and of a deposit
    let right = ballast_client::safety::absorb_loss(keeper.key(), world.vault, ann.obligation(), &reserves);
    for market in [usdc, btc, eth, sol, alt] {
        let mut wrong = right.clone();
        let reserve = world.asset(&market).reserve();
        wrong.accounts.iter_mut().filter(|m| m.pubkey == reserve).for_each(|m| m.is_writable = false);
        refused(world.send(&[wrong], &[&keeper.keypair]).await, BallastError::ReserveNotWritable);
    }
    let receipt = world.must(&[right], &[&keeper.keypair]).await;
    let absorbed = losses(&receipt);
    for (market, owed) in [usdc, btc, eth].into_iter().zip(owing) {
        let reserve = world.asset(&market).reserve();
        let loss = absorbed.iter().find(|loss| loss.reserve == reserve).expect("each debt");
        assert!(loss.debt.abs_diff(owed) <= 1);
        assert_eq!(world.books(&market).await.debt_shares.0, 0);
    }
    // who is forgiven debts keeps no shares that may be worth something again, whoever calls
    assert_eq!(retired(&receipt).len(), 2);
    assert_eq!(world.obligation(&ann).await.position_count, 0);
    refused(absorb(&mut world, &ann, &ann).await, BallastError::NothingToAbsorb);
    world.must(&[instruction::close_obligation(&ann.account)], &[&ann.keypair]).await;
}
