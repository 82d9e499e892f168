//! Accounts that are not what a governance instruction wants: each is refused by name. And where rent goes.

use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use ballast::{
    state::{ProposedChange, Reserve, Vault},
    BallastError,
};
use ballast_client::governance::Proposal;
use ballast_tests::desk::{Desk, DELAY};
use ballast_tests::{attack, refused};
use solana_signer::Signer;

#[tokio::test]
async fn a_change_is_executed_and_cancelled_only_in_its_own_vault() {
    let mut desk = Desk::open().await;
    let second = desk.world.open_vault(2).await;
    let proposal = desk.propose(ProposedChange::Timelock(3 * 86_400)).await;
    desk.wait(DELAY);
    let (curator, first) = (desk.curator.insecure_clone(), desk.world.vault);
    for instruction in [proposal.execute(curator.pubkey(), &[]), proposal.cancel(curator.pubkey())] {
        let elsewhere = attack::swapped(&instruction, first, second);
        refused(desk.world.send(&[elsewhere], &[&curator]).await, BallastError::WrongVault);
        let reserve = desk.world.asset(&desk.world.sol).reserve();
        let no_vault = attack::swapped(&instruction, first, reserve);
        refused(desk.world.send(&[no_vault], &[&curator]).await, ErrorCode::AccountDiscriminatorMismatch);
        let no_change = attack::swapped(&instruction, proposal.address(), reserve);
        refused(desk.world.send(&[no_change], &[&curator]).await, ErrorCode::AccountDiscriminatorMismatch);
        let to_me = attack::swapped(&instruction, proposal.proposer, desk.stranger.pubkey());
        let stranger = desk.stranger.insecure_clone();
        let result = desk.world.send(&[to_me], &[&stranger]).await;
        refused(result, BallastError::NotTheProposer);
    }
    // an account that looks like a change and is none of the program's
    let data = desk.world.chain.account(proposal.address()).await.unwrap().data;
    let forged = Pubkey::new_unique();
    desk.world.chain.set_account(forged, anchor_lang::system_program::ID, data);
    let execute = attack::swapped(&proposal.execute(curator.pubkey(), &[]), proposal.address(), forged);
    refused(desk.world.send(&[execute], &[&curator]).await, ErrorCode::AccountOwnedByWrongProgram);
    desk.execute(&proposal).await.unwrap();
}

#[tokio::test]
async fn a_change_is_about_the_reserve_that_it_names() {
    let mut desk = Desk::open().await;
    let second = desk.world.open_vault(2).await;
    let (sol, usdc) = (desk.world.sol, desk.world.usdc);
    let foreign = sol.asset(second).reserve();
    let curator = desk.curator.insecure_clone();
    refused(
        desk.try_propose(Some(foreign), ProposedChange::Borrowable(false)).await,
        BallastError::WrongVault,
    );
    let about = desk.about(&sol);
    for (reserve, proposed) in [
        (None, ProposedChange::Borrowable(false)),
        (about, ProposedChange::Timelock(3 * 86_400)),
        (about, ProposedChange::Open),
    ] {
        refused(desk.try_propose(reserve, proposed).await, BallastError::WrongTarget);
    }
    let proposal = desk.propose_for(&sol, ProposedChange::Borrowable(false)).await;
    let of_vault = desk.propose(ProposedChange::Timelock(3 * 86_400)).await;
    let wrong = [
        (Proposal { reserve: desk.about(&usdc), ..proposal }, BallastError::WrongTarget),
        (Proposal { reserve: None, ..proposal }, BallastError::WrongTarget),
        (Proposal { reserve: Some(foreign), ..proposal }, BallastError::WrongVault),
        (Proposal { reserve: about, ..of_vault }, BallastError::WrongTarget),
    ];
    for (named, error) in wrong {
        refused(desk.world.send(&[named.execute(curator.pubkey(), &[])], &[&curator]).await, error);
    }
    desk.execute_at_once(&proposal).await.unwrap();
    assert_eq!(desk.reserve(&sol).await.borrowable, 0);
    assert_eq!(desk.reserve(&usdc).await.borrowable, 1);
    // the guardian's reserve is one of its own vault
    let guardian = desk.guardian.insecure_clone();
    let tightened =
        desk.tighten_as(&guardian, Some(foreign), ballast::instructions::TightenTo::Guarded, 60).await;
    refused(tightened, BallastError::WrongVault);
}

#[tokio::test]
async fn changes_are_numbered_without_gaps_at_their_own_addresses() {
    let mut desk = Desk::open().await;
    let curator = desk.curator.insecure_clone();
    let right = desk.next_proposal(None).await;
    for number in [0, right.number - 1, right.number + 1, u64::MAX] {
        let wrong = Proposal { number, ..right };
        let propose = wrong.propose(ProposedChange::Timelock(3 * 86_400));
        refused(desk.world.send(&[propose], &[&curator]).await, ErrorCode::ConstraintSeeds);
    }
    // lamports that somebody sent ahead do not block an address
    desk.world.chain.set_account(right.address(), anchor_lang::system_program::ID, vec![]);
    desk.world.must(&[right.propose(ProposedChange::Timelock(3 * 86_400))], &[&curator]).await;
    assert_eq!(desk.vault().await.last_change, right.number);
}

#[tokio::test]
async fn accounts_of_another_version_are_refused() {
    let mut desk = Desk::open().await;
    let (sol, vault) = (desk.world.sol, desk.world.vault);
    let about = desk.about(&sol);
    let proposal = desk.propose_for(&sol, ProposedChange::Borrowable(false)).await;
    let (curator, guardian) = (desk.curator.insecure_clone(), desk.guardian.insecure_clone());
    let execute = proposal.execute(curator.pubkey(), &[]);
    let cancel = proposal.cancel(curator.pubkey());
    let propose = desk.next_proposal(about).await.propose(ProposedChange::Borrowable(false));
    let tighten = |reserve| {
        let to = ballast::instructions::TightenTo::Guarded;
        ballast_client::governance::tighten(guardian.pubkey(), vault, reserve, to, 60)
    };

    // the change
    let mut account = desk.world.chain.account(proposal.address()).await.unwrap();
    account.data[8] += 1;
    desk.world.chain.put(proposal.address(), account.clone());
    for instruction in [&execute, &cancel] {
        let sent = desk.world.send(std::slice::from_ref(instruction), &[&curator]).await;
        refused(sent, BallastError::WrongStateVersion);
    }
    account.data[8] -= 1;
    desk.world.chain.put(proposal.address(), account);
    // the reserve
    desk.world.chain.edit::<Reserve>(about.unwrap(), |reserve| reserve.version += 1).await;
    for instruction in [&execute, &propose] {
        let sent = desk.world.send(std::slice::from_ref(instruction), &[&curator]).await;
        refused(sent, BallastError::WrongStateVersion);
    }
    refused(desk.world.send(&[tighten(about)], &[&guardian]).await, BallastError::WrongStateVersion);
    desk.world.chain.edit::<Reserve>(about.unwrap(), |reserve| reserve.version -= 1).await;
    // the vault
    desk.world.chain.edit::<Vault>(vault, |vault| vault.version += 1).await;
    for instruction in [&execute, &cancel, &propose] {
        let sent = desk.world.send(std::slice::from_ref(instruction), &[&curator]).await;
        refused(sent, BallastError::WrongStateVersion);
    }
    refused(desk.world.send(&[tighten(None)], &[&guardian]).await, BallastError::WrongStateVersion);
    desk.world.chain.edit::<Vault>(vault, |vault| vault.version -= 1).await;
    desk.world.must(&[execute], &[&curator]).await;
}

#[tokio::test]
async fn a_vaults_breaker_is_tightened_only_where_the_vault_is_writable() {
    let mut desk = Desk::open().await;
    let guardian = desk.guardian.insecure_clone();
    let to = ballast::instructions::TightenTo::Guarded;
    let mut tighten = ballast_client::governance::tighten(guardian.pubkey(), desk.world.vault, None, to, 60);
    tighten.accounts[0].is_writable = false;
    refused(desk.world.send(&[tighten], &[&guardian]).await, BallastError::VaultNotWritable);
}

#[tokio::test]
async fn rent_returns_to_whoever_proposed_also_when_it_is_no_longer_the_curator() {
    let mut desk = Desk::open().await;
    let (proposer, guardian) = (desk.curator.pubkey(), desk.guardian.insecure_clone());
    let heir = desk.world.chain.wallet();
    let handed_over = desk.propose(ProposedChange::Curator(heir.pubkey())).await;
    let cancelled = desk.propose(ProposedChange::Timelock(3 * 86_400)).await;
    let executed = desk.propose(ProposedChange::Timelock(4 * 86_400)).await;
    desk.wait(DELAY);
    let lamports =
        |account: Option<_>| account.map_or(0, |account: solana_account::Account| account.lamports);
    for (proposal, by) in [(handed_over, heir.insecure_clone()), (executed, desk.stranger.insecure_clone())] {
        let rent = lamports(desk.world.chain.account(proposal.address()).await);
        assert!(rent > 1_000_000, "{rent}");
        let before = lamports(desk.world.chain.account(proposer).await);
        desk.execute_as(&by, &proposal).await.unwrap();
        assert_eq!(lamports(desk.world.chain.account(proposer).await), before + rent);
        assert_eq!(lamports(desk.world.chain.account(proposal.address()).await), 0);
    }
    let rent = lamports(desk.world.chain.account(cancelled.address()).await);
    let before = lamports(desk.world.chain.account(proposer).await);
    desk.cancel_as(&guardian, &cancelled).await.unwrap();
    assert_eq!(lamports(desk.world.chain.account(proposer).await), before + rent);
}
