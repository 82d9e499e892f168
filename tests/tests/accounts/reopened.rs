//! Accounts that are closed and come back in the same transaction: with lamports sent to them, or opened anew. Neither brings back what
//! they were.

use anchor_lang::{
    error::ErrorCode,
    prelude::Pubkey,
    solana_program::instruction::{AccountMeta, Instruction},
    system_program,
};
use ballast::{
    state::{Obligation, ProposedChange, StakeAccount, Vault},
    BallastError,
};
use ballast_client::{governance::Proposal, instruction, insurance, safety::absorbing};
use ballast_risk::change::MIN_TIMELOCK;
use ballast_tests::{refused, usd, Insured, Reason, User, World};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Pays lamports to an address, as the system program does.
fn pay(from: &Keypair, to: Pubkey) -> Instruction {
    let transfer: u32 = 2;
    let data = [&transfer.to_le_bytes()[..], &1_000_000_000u64.to_le_bytes()].concat();
    let accounts = vec![AccountMeta::new(from.pubkey(), true), AccountMeta::new(to, false)];
    Instruction { program_id: system_program::ID, accounts, data }
}

/// Closes an account, sends lamports to it and uses it, in one transaction: refused, whether with lamports or without.
async fn refuse_revived(
    world: &mut World,
    signer: &Keypair,
    account: Pubkey,
    close: &Instruction,
    reuse: &Instruction,
) {
    let reasons: [Reason; 2] =
        [ErrorCode::AccountNotInitialized.into(), ErrorCode::AccountOwnedByWrongProgram.into()];
    for between in [vec![], vec![pay(signer, account)]] {
        let batch = [vec![close.clone()], between, vec![reuse.clone()]].concat();
        let reason = world.send(&batch, &[signer]).await.err().and_then(|failure| failure.reason());
        assert!(reason.as_ref().is_some_and(|reason| reasons.contains(reason)), "{reason:?}");
    }
    // it was the reviving: each alone is legal
    world.chain.would_land(std::slice::from_ref(close), &[signer]).await.expect("it may be closed");
    world.chain.would_land(std::slice::from_ref(reuse), &[signer]).await.expect("it may be used");
}

#[tokio::test]
async fn an_obligation_that_was_closed_takes_nothing_and_comes_back_empty() {
    let mut world = World::start().await;
    let usdc = world.usdc;
    let ann = world.user().await;
    world.give(&ann, &usdc, usdc.units(5)).await;
    let close = instruction::close_obligation(&ann.account);
    let deposit = instruction::deposit(&ann.account, &world.asset(&usdc), usdc.units(5));
    refuse_revived(&mut world, &ann.keypair, ann.obligation(), &close, &deposit).await;
    // opened anew, it is like any new one, and shares that were in it once are not
    world.deposit_own(&ann, &usdc, usdc.units(5)).await.unwrap();
    let all = world.withdrawal(&ann, &usdc, u64::MAX).await;
    let open = instruction::open_obligation(&ann.account);
    let batch = [all.clone(), close, open, all];
    refused(world.send(&batch, &[&ann.keypair]).await, BallastError::NoSuchPosition);
    world.must(&batch[..3], &[&ann.keypair]).await;
    let (again, new) = (world.obligation(&ann).await, world.user().await);
    let new: Obligation = world.obligation(&new).await;
    assert_eq!((again.owner, again.id, again.vault), (ann.key(), 0, world.vault));
    assert_eq!((again.position_count, again.active().len()), (new.position_count, 0));
    assert_eq!(bytemuck::bytes_of(&again.meter), bytemuck::bytes_of(&new.meter));
    assert_eq!(world.wallet(&ann, &usdc).await, usdc.units(5));
}

#[tokio::test]
async fn an_obligation_that_a_tranche_closed_takes_nothing() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&ann, &usdc, usdc.units(100_000)).await;
    world.move_price(|w| &mut w.sol, usd(100)).await;
    // she sells her own insolvent book: the last tranche closes it
    let reserves = [world.asset(&sol).reserve(), world.asset(&usdc).reserve()];
    let last = absorbing(world.tranche(&ann, &ann, &usdc, &sol, u64::MAX).await, &reserves);
    let deposit = instruction::deposit(&ann.account, &world.asset(&sol), sol.units(1));
    let batch = [last.clone(), pay(&ann.keypair, ann.obligation()), deposit];
    let reason = world.send(&batch, &[&ann.keypair]).await.err().and_then(|failure| failure.reason());
    assert_eq!(reason, Some(ErrorCode::AccountOwnedByWrongProgram.into()));
    let receipt = world.must(&[last], &[&ann.keypair]).await;
    assert!(world.chain.account(ann.obligation()).await.is_none(), "{:#?}", receipt.logs);
}

#[tokio::test]
async fn a_stake_that_was_closed_takes_nothing_and_comes_back_empty() {
    let mut insured = Insured::start().await;
    let (ann, usdc, fund) = (insured.newcomer().await, insured.usdc(), insured.fund);
    let world = &mut insured.world;
    world.give(&ann, &usdc, usdc.units(5)).await;
    let close = insurance::close_stake(ann.key(), &fund);
    let stake = insurance::stake_insurance(ann.key(), &fund, usdc.units(5));
    refuse_revived(world, &ann.keypair, fund.stake(&ann.key()), &close, &stake).await;
    let open = insurance::open_stake(ann.key(), &fund);
    let ask = insurance::request_unstake(ann.key(), &fund, 1);
    let attempt = world.send(&[close.clone(), open.clone(), ask], &[&ann.keypair]).await;
    refused(attempt, BallastError::InsufficientAmount);
    world.must(&[close, open], &[&ann.keypair]).await;
    let again: StakeAccount = insured.stake_of(&ann).await;
    assert_eq!((again.owner, again.stake.shares, again.stake.leaving), (ann.key(), 0, 0));
}

/// The vault's next change of its timelock, ripe.
async fn ripe_change(world: &mut World) -> Proposal {
    let curator = world.curator.insecure_clone();
    let vault: Vault = world.chain.state(world.vault).await;
    let number = vault.last_change + 1;
    let proposal = Proposal { vault: world.vault, number, reserve: None, proposer: curator.pubkey() };
    let change = ProposedChange::Timelock(vault.timelock + 1);
    world.must(&[proposal.propose(change)], &[&curator]).await;
    world.tick(MIN_TIMELOCK as i64 + 10).await;
    proposal
}

#[tokio::test]
async fn a_change_takes_effect_once_and_never_after_it_was_cancelled() {
    let mut world = World::start().await;
    let proposal = ripe_change(&mut world).await;
    let curator = world.curator.insecure_clone();
    let (execute, cancel) = (proposal.execute(curator.pubkey(), &[]), proposal.cancel(curator.pubkey()));
    for (first, second) in [(&cancel, &execute), (&execute, &cancel)] {
        refuse_revived(&mut world, &curator, proposal.address(), first, second).await;
    }
    for twice in [&execute, &cancel] {
        refuse_revived(&mut world, &curator, proposal.address(), twice, twice).await;
    }
}

#[tokio::test]
async fn a_claim_that_was_closed_pays_its_bond_once() {
    let mut insured = Insured::with_electorate(&[10_000; 7]).await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    insured.staker(usdc.units(100_000)).await;
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.lose(&sol, sol.units(150)).await;
    insured.call_roll().await;
    let claimant: User = insured.claimant().await;
    let number = insured.open_claim(&claimant, 1_000_000_000).await.unwrap();
    for voter in 0..4 {
        insured.vote(voter, number, true).await.unwrap();
    }
    insured.settle(number, None).await.unwrap();
    insured.world.tick(8 * 86_400).await;
    let (fund, held) = (insured.fund, insured.world.wallet(&claimant, &usdc).await);
    let bond = insured.claim(number).await.bond;
    assert!(bond > 0, "it is still owed");
    let wallet = Some(fund.wallet(&claimant.key()));
    let close = insurance::close_claim(&fund, number, claimant.key(), wallet);
    refuse_revived(&mut insured.world, &claimant.keypair, fund.claim(number), &close, &close).await;
    insured.world.must(&[close], &[&claimant.keypair]).await;
    assert_eq!(insured.world.wallet(&claimant, &usdc).await, held + bond);
}
