//! Who may do what.

use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use ballast::{instructions::TightenTo, state::ProposedChange, BallastError};
use ballast_client::Event;
use ballast_tests::desk::{Desk, DELAY, HOUR};
use ballast_tests::{attack, refused};
use solana_signer::Signer;

#[tokio::test]
async fn only_the_curator_proposes_and_signs_for_it() {
    let mut desk = Desk::open().await;
    let usdc = desk.world.usdc;
    let about = desk.about(&usdc);
    for other in [desk.guardian.insecure_clone(), desk.stranger.insecure_clone()] {
        let mut proposal = desk.next_proposal(about).await;
        proposal.proposer = other.pubkey();
        let propose = proposal.propose(ProposedChange::Borrowable(false));
        refused(desk.world.send(&[propose], &[&other]).await, BallastError::NotCurator);
    }
    let stranger = desk.stranger.insecure_clone();
    let unsigned =
        attack::unsigned(&desk.next_proposal(about).await.propose(ProposedChange::Borrowable(false)));
    refused(desk.world.send(&[unsigned], &[&stranger]).await, ErrorCode::AccountNotSigner);
    desk.propose_for(&usdc, ProposedChange::Borrowable(false)).await;
}

#[tokio::test]
async fn what_takes_effect_at_once_is_the_curators_to_execute_until_anyone_may() {
    let mut desk = Desk::open().await;
    let usdc = desk.world.usdc;
    let proposal = desk.propose_for(&usdc, ProposedChange::Borrowable(false)).await;
    let guardian = desk.guardian.insecure_clone();
    refused(desk.execute_as(&guardian, &proposal).await, BallastError::NotRipe);
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    desk.execute_at_once(&proposal).await.unwrap();
    assert_eq!(desk.reserve(&usdc).await.borrowable, 0);

    // one that the curator leaves lying becomes everyone's, as any ripe change
    let sol = desk.world.sol;
    let proposal = desk.propose_for(&sol, ProposedChange::Borrowable(false)).await;
    desk.wait(DELAY - 1);
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    desk.wait(1);
    desk.execute(&proposal).await.unwrap();
    assert_eq!(desk.reserve(&sol).await.borrowable, 0);
}

#[tokio::test]
async fn a_new_curator_signs_its_own_appointment_and_the_old_one_is_nobody_then() {
    let mut desk = Desk::open().await;
    let heir = desk.world.chain.wallet();
    refused(
        desk.try_propose(None, ProposedChange::Curator(Pubkey::default())).await,
        BallastError::NobodyNamed,
    );
    let proposal = desk.propose(ProposedChange::Curator(heir.pubkey())).await;
    refused(desk.execute_as(&heir, &proposal).await, BallastError::NotRipe);
    desk.wait(DELAY);
    refused(desk.execute(&proposal).await, BallastError::NotTheNewCurator);
    refused(desk.execute_at_once(&proposal).await, BallastError::NotTheNewCurator);
    let receipt = desk.execute_as(&heir, &proposal).await.unwrap();
    let [Event::ChangeExecuted(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!(event.before, Some(ProposedChange::Curator(desk.curator.pubkey())));
    assert_eq!(event.after, ProposedChange::Curator(heir.pubkey()));

    refused(desk.try_propose(None, ProposedChange::Timelock(5 * 86_400)).await, BallastError::NotCurator);
    desk.curator = heir;
    desk.propose(ProposedChange::Timelock(5 * 86_400)).await;
}

#[tokio::test]
async fn a_strangers_word_cancels_nothing_and_the_curators_cancels_anything() {
    let mut desk = Desk::open().await;
    let new_guardian = Pubkey::new_unique();
    for proposed in [ProposedChange::Timelock(5 * 86_400), ProposedChange::Guardian(new_guardian)] {
        let proposal = desk.propose(proposed.clone()).await;
        let (curator, stranger) = (desk.curator.insecure_clone(), desk.stranger.insecure_clone());
        refused(desk.cancel_as(&stranger, &proposal).await, BallastError::NotCuratorOrGuardian);
        let unsigned = attack::unsigned(&proposal.cancel(curator.pubkey()));
        refused(desk.world.send(&[unsigned], &[&stranger]).await, ErrorCode::AccountNotSigner);
        let receipt = desk.cancel_as(&curator, &proposal).await.unwrap();
        let [Event::ChangeCancelled(event)] = &receipt.events[..] else { panic!("one event") };
        assert_eq!((event.change, event.number), (proposal.address(), proposal.number));
        assert_eq!((event.cancelled_by, event.by_guardian), (curator.pubkey(), false));
        assert_eq!(event.proposed, proposed);
        assert!(desk.change(&proposal).await.is_none());
        // and it is gone for good
        desk.wait(DELAY);
        refused(desk.execute(&proposal).await, ErrorCode::AccountNotInitialized);
    }
}

#[tokio::test]
async fn only_the_guardian_tightens() {
    let mut desk = Desk::open().await;
    let sol = desk.world.sol;
    for reserve in [None, desk.about(&sol)] {
        for other in [desk.curator.insecure_clone(), desk.stranger.insecure_clone()] {
            let tightened = desk.tighten_as(&other, reserve, TightenTo::Halted, HOUR).await;
            refused(tightened, BallastError::NotGuardian);
        }
        let guardian = desk.guardian.insecure_clone();
        desk.tighten_as(&guardian, reserve, TightenTo::Halted, HOUR).await.unwrap();
    }
}

#[tokio::test]
async fn a_guardian_is_replaced_by_the_timelock_and_may_be_nobody() {
    let mut desk = Desk::open().await;
    let old = desk.guardian.insecure_clone();
    desk.guardian = desk.world.chain.wallet();
    let new = desk.guardian.pubkey();
    desk.carry_out(None, ProposedChange::Guardian(new)).await;
    refused(desk.tighten_as(&old, None, TightenTo::Guarded, HOUR).await, BallastError::NotGuardian);
    desk.guard(None, HOUR).await.unwrap();
    desk.wait(HOUR);
    desk.carry_out(None, ProposedChange::Guardian(Pubkey::default())).await;
    refused(desk.guard(None, HOUR).await, BallastError::NotGuardian);
}
