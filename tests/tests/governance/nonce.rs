//! Durable nonces: what was signed long ago must not govern.

use anchor_lang::{
    error::ErrorCode,
    prelude::Pubkey,
    solana_program::{instruction::Instruction, system_instruction},
};
use ballast::{governance::INSTRUCTIONS, instructions::TightenTo, state::ProposedChange, BallastError};
use ballast_client::{
    governance::{open_vault, tighten},
    instruction,
    preset::{reserve_config, vault_config},
};
use ballast_risk::presets::AssetKind;
use ballast_tests::desk::{Desk, HOUR};
use ballast_tests::{attack, market::TOKEN, refused, usd, Market};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Bytes of a nonce account, and where its value stands.
const NONCE_SPACE: usize = 80;
const VALUE: std::ops::Range<usize> = 40..72;

/// A real nonce account of this authority.
async fn nonce_of(desk: &mut Desk, authority: &Keypair) -> Pubkey {
    let account = Keypair::new();
    let rent = 10_000_000;
    let create = system_instruction::create_nonce_account(
        &authority.pubkey(),
        &account.pubkey(),
        &authority.pubkey(),
        rent,
    );
    desk.world.must(&create, &[authority, &account]).await;
    let state = desk.world.chain.account(account.pubkey()).await.unwrap();
    assert_eq!(state.data.len(), NONCE_SPACE);
    account.pubkey()
}

/// Sends instructions in a transaction that was signed over the nonce's value instead of a recent blockhash.
async fn send_late(
    desk: &mut Desk,
    nonce: Pubkey,
    instructions: &[Instruction],
    signer: &Keypair,
) -> Result<ballast_tests::Receipt, ballast_tests::Failure> {
    let data = desk.world.chain.account(nonce).await.unwrap().data;
    let value: [u8; 32] = data[VALUE].try_into().unwrap();
    // a day later no blockhash of then is recent
    desk.wait(24 * HOUR);
    let mut all = vec![system_instruction::advance_nonce_account(&nonce, &signer.pubkey())];
    all.extend_from_slice(instructions);
    desk.world.chain.send_with_nonce(&all, &[signer], value).await
}

#[tokio::test]
async fn a_durable_nonce_carries_other_instructions_and_no_governance() {
    let mut desk = Desk::open().await;
    let (curator, guardian) = (desk.curator.insecure_clone(), desk.guardian.insecure_clone());
    let nonce = nonce_of(&mut desk, &curator).await;
    // the transactions are good: this one opens an obligation
    let account = ballast_client::Account { vault: desk.world.vault, owner: curator.pubkey(), id: 3 };
    let open = instruction::open_obligation(&account);
    send_late(&mut desk, nonce, &[open], &curator).await.unwrap();

    let proposal = desk.next_proposal(None).await;
    let propose = proposal.propose(ProposedChange::Timelock(5 * 86_400));
    refused(
        send_late(&mut desk, nonce, std::slice::from_ref(&propose), &curator).await,
        BallastError::DurableNonce,
    );
    desk.world.must(&[propose], &[&curator]).await;
    let cancel = proposal.cancel(curator.pubkey());
    refused(send_late(&mut desk, nonce, &[cancel], &curator).await, BallastError::DurableNonce);
    desk.wait(24 * HOUR);
    let execute = proposal.execute(curator.pubkey(), &[]);
    refused(
        send_late(&mut desk, nonce, std::slice::from_ref(&execute), &curator).await,
        BallastError::DurableNonce,
    );
    desk.world.must(&[execute], &[&curator]).await;

    let of_guardian = nonce_of(&mut desk, &guardian).await;
    let tighten = tighten(guardian.pubkey(), desk.world.vault, None, TightenTo::Guarded, 60);
    refused(send_late(&mut desk, of_guardian, &[tighten], &guardian).await, BallastError::DurableNonce);
}

#[tokio::test]
async fn a_vault_is_not_set_up_by_one_either() {
    let mut desk = Desk::open().await;
    let curator = desk.curator.insecure_clone();
    let nonce = nonce_of(&mut desk, &curator).await;
    let config = vault_config(&desk.world.preset, 9, curator.pubkey(), curator.pubkey());
    let vault = ballast_client::address::vault(&curator.pubkey(), 9);
    desk.world.chain.send(&[instruction::create_vault(curator.pubkey(), config)], &[&curator]).await.unwrap();
    let market = Market::create(&mut desk.world.chain, AssetKind::Sol, 9, TOKEN, usd(7));
    let config = reserve_config(&desk.world.preset, market.kind, market.feed_id).unwrap();
    let add = instruction::add_reserve(curator.pubkey(), &market.asset(vault), config);
    refused(
        send_late(&mut desk, nonce, std::slice::from_ref(&add), &curator).await,
        BallastError::DurableNonce,
    );
    desk.world.chain.send(&[add], &[&curator]).await.unwrap();
    let open = open_vault(curator.pubkey(), vault, 1);
    refused(send_late(&mut desk, nonce, &open[..1], &curator).await, BallastError::DurableNonce);
    desk.world.chain.send(&open, &[&curator]).await.unwrap();
}

#[tokio::test]
async fn a_nonce_that_is_advanced_on_the_way_makes_no_transaction_durable() {
    // The runtime takes a nonce only in the first instruction: here a recent blockhash counts, and it passes.
    let mut desk = Desk::open().await;
    let curator = desk.curator.insecure_clone();
    let nonce = nonce_of(&mut desk, &curator).await;
    desk.wait(1);
    let propose = desk.next_proposal(None).await.propose(ProposedChange::Timelock(5 * 86_400));
    let advance = system_instruction::advance_nonce_account(&nonce, &curator.pubkey());
    desk.world.must(&[propose, advance], &[&curator]).await;
}

#[tokio::test]
async fn nobody_shows_another_account_for_the_transactions_instructions() {
    let mut desk = Desk::open().await;
    let (curator, guardian) = (desk.curator.insecure_clone(), desk.guardian.insecure_clone());
    let forged = Pubkey::new_unique();
    desk.world.chain.set_account(forged, INSTRUCTIONS, vec![0; 100]);
    let proposal = desk.next_proposal(None).await;
    let propose = proposal.propose(ProposedChange::Timelock(5 * 86_400));
    let tighten = tighten(guardian.pubkey(), desk.world.vault, None, TightenTo::Guarded, 60);
    let refuse = |instruction: &Instruction| attack::swapped(instruction, INSTRUCTIONS, forged);
    refused(desk.world.send(&[refuse(&propose)], &[&curator]).await, ErrorCode::ConstraintAddress);
    desk.world.must(&[propose], &[&curator]).await;
    for instruction in [proposal.execute(curator.pubkey(), &[]), proposal.cancel(curator.pubkey())] {
        refused(desk.world.send(&[refuse(&instruction)], &[&curator]).await, ErrorCode::ConstraintAddress);
    }
    refused(desk.world.send(&[refuse(&tighten)], &[&guardian]).await, ErrorCode::ConstraintAddress);
    let market = Market::create(&mut desk.world.chain, AssetKind::Sol, 9, TOKEN, usd(7));
    let config = reserve_config(&desk.world.preset, market.kind, market.feed_id).unwrap();
    let add = instruction::add_reserve(curator.pubkey(), &desk.world.asset(&market), config);
    refused(desk.world.send(&[refuse(&add)], &[&curator]).await, ErrorCode::ConstraintAddress);
}
