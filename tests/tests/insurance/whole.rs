//! From a book that died to lenders who have their money back: absorbed, recorded, claimed, voted, covered, streamed.

use crate::DAY;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::{
    event::{LossAbsorbed, LossRecorded},
    BallastError,
};
use ballast_client::{
    insurance::{self, Fund},
    safety::{absorb_loss, absorbing},
    Event,
};
use ballast_risk::fund::FundRules;
use ballast_tests::{refused, usd, Insured, Receipt, User};

/// A fund of 20,000 USDC; a lender of a million; a book of 100 SOL against 14,000 USDC, at $100 a SOL.
async fn dead_book() -> (Insured, User, User, User) {
    let mut insured = Insured::with_electorate(&[10_000; 7]).await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured.staker(usdc.units(20_000)).await;
    let lender = insured.world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, keeper) = (insured.world.user().await, insured.world.user().await);
    insured.world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    insured.world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    insured.world.give(&keeper, &usdc, usdc.units(100_000)).await;
    insured.world.move_price(|world| &mut world.sol, usd(100)).await;
    (insured, lender, ann, keeper)
}

async fn last_tranche(insured: &mut Insured, ann: &User, keeper: &User) -> Instruction {
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let tranche = insured.world.tranche(keeper, ann, &usdc, &sol, u64::MAX).await;
    absorbing(tranche, &[usdc.asset(insured.world.vault).reserve()])
}

fn losses(receipt: &Receipt) -> (LossAbsorbed, LossRecorded) {
    let (mut absorbed, mut recorded) = (None, None);
    for event in &receipt.events {
        match event {
            Event::LossAbsorbed(event) => absorbed = Some(event.clone()),
            Event::LossRecorded(event) => recorded = Some(event.clone()),
            _ => {}
        }
    }
    (absorbed.expect("a loss"), recorded.expect("written down"))
}

#[tokio::test]
async fn what_lenders_lost_comes_back_by_a_vote_and_over_thirty_days() {
    let (mut insured, lender, ann, keeper) = dead_book().await;
    let (usdc, fund) = (insured.usdc(), insured.fund);
    let lent = insured.world.books(&usdc).await.total_deposits_down().0;
    let tranche = last_tranche(&mut insured, &ann, &keeper).await;
    let receipt =
        insured.world.must(&[insurance::recording_losses(tranche, fund.address())], &[&keeper.keypair]).await;
    let (absorbed, recorded) = losses(&receipt);
    let lost = absorbed.lenders;
    assert!(lost > usdc.units(4_000) && lost < usdc.units(4_100), "{lost}");
    assert_eq!((recorded.value, recorded.claimable_before), (absorbed.lenders_value, 0));
    assert_eq!(recorded.claimable, absorbed.lenders_value);
    assert_eq!(recorded.locked_until as i64, insured.world.chain.now() + 3 * DAY);
    assert_eq!(insured.world.reserve(&usdc).await.losses.unrecovered, lost);

    // of itself the fund covers a twentieth at once
    refused(insured.cover(&keeper, &usdc, usdc.units(1_000), None).await, BallastError::CoverSpent);
    insured.cover(&keeper, &usdc, usdc.units(990), None).await.unwrap();
    insured.call_roll().await;
    let claimant = insured.claimant().await;
    // a dollar each: what was covered is claimed no more
    let left = recorded.claimable - usdc.units(990);
    refused(insured.open_claim(&claimant, left + usdc.units(10)).await, BallastError::BeyondRecordedLoss);
    let number = insured.open_claim(&claimant, left).await.unwrap();
    for index in 3..7 {
        insured.vote(index, number, true).await.unwrap();
    }
    insured.settle(number, Some(&claimant)).await.unwrap();
    insured.cover(&keeper, &usdc, u64::MAX >> 1, Some(number)).await.unwrap();
    assert_eq!(insured.world.reserve(&usdc).await.losses.unrecovered, 0);
    let spent = usdc.units(20_000) - insured.state().await.books.tokens;
    assert!(spent >= lost && spent <= lost + lost / 200 + 1, "{spent} {lost}: at most half a percent more");

    // and thirty days later lenders have what they had
    let before = insured.world.books(&usdc).await.total_deposits_down().0;
    assert!(before < lent - lost + usdc.units(10), "not yet");
    insured.world.tick(15 * DAY).await;
    let half = insured.world.books(&usdc).await.total_deposits_down().0 - before;
    assert!(half.abs_diff(lost / 2) <= lost / 1_000, "{half}");
    insured.world.tick(15 * DAY).await;
    let after = insured.world.books(&usdc).await.total_deposits_down().0;
    assert!(after + 2 >= lent, "{after} {lent}");
    insured.world.chain.pass(1);
    assert!(insured.world.shares(&lender, &usdc).await > 0);
}

#[tokio::test]
async fn where_a_vault_has_a_fund_no_loss_is_absorbed_behind_its_back() {
    let (mut insured, _, ann, keeper) = dead_book().await;
    let (usdc, fund) = (insured.usdc(), insured.fund);
    let second = insured.world.open_vault(2).await;
    let other = Fund { asset: usdc.asset(second) };
    insured.create_fund(&other, FundRules::BALANCED).await.unwrap();
    let tranche = last_tranche(&mut insured, &ann, &keeper).await;
    let send = |instruction: Instruction| vec![instruction];
    let signers = [&keeper.keypair];
    let world = &mut insured.world;
    refused(world.send(&send(tranche.clone()), &signers).await, BallastError::FundAccountMissing);
    let mut read_only = insurance::recording_losses(tranche.clone(), fund.address());
    read_only.accounts.last_mut().unwrap().is_writable = false;
    refused(world.send(&send(read_only), &signers).await, BallastError::FundAccountMissing);
    let foreign = insurance::recording_losses(tranche.clone(), other.address());
    refused(world.send(&send(foreign), &signers).await, BallastError::WrongVault);
    let good = insurance::recording_losses(tranche, fund.address());
    world.must(&send(good), &signers).await;
}

#[tokio::test]
async fn a_loss_that_is_absorbed_by_itself_is_written_down_too() {
    let (mut insured, _, ann, keeper) = dead_book().await;
    let (sol, fund) = (insured.world.sol, insured.fund);
    // the deposits became worthless by themselves
    let key = sol.asset(insured.world.vault).reserve();
    insured
        .world
        .chain
        .edit::<ballast::state::Reserve>(key, |reserve| reserve.books.deposit_index = [0, 0])
        .await;
    let obligation = insured.world.obligation(&ann).await;
    let reserves = ballast_client::account::reserves_of(&obligation);
    let absorb = absorb_loss(keeper.key(), insured.world.vault, ann.obligation(), &reserves);
    let attempt = insured.world.send(std::slice::from_ref(&absorb), &[&keeper.keypair]).await;
    refused(attempt, BallastError::FundAccountMissing);
    let absorb = insurance::recording_losses(absorb, fund.address());
    let (absorbed, recorded) = losses(&insured.world.must(&[absorb], &[&keeper.keypair]).await);
    assert_eq!(recorded.value, absorbed.lenders_value);
    assert_eq!(insured.state().await.books.recorded_loss, recorded.value);
}
