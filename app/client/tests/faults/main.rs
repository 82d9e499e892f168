//! What becomes of a transaction when a cluster has a bad day. Whatever happens, it lands at most once, and whoever sent it knows.

mod cluster;
mod rent;

use anchor_lang::{prelude::Pubkey, solana_program::system_instruction};
use ballast::error::BallastError;
use ballast_client::send::{transport::Simulation, Landed, Packed, Priority, SendError, SendOptions, Sender};
use cluster::{BadCluster, Fate, Socket, State};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction_error::InstructionError;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

/// Sends one transfer over a cluster with these troubles.
async fn send_with(
    options: SendOptions,
    set: impl FnOnce(&mut State),
) -> (Result<Landed, SendError>, BadCluster) {
    let sender = Sender::new(BadCluster::new(set), options);
    let payer = Keypair::new();
    let transfer = system_instruction::transfer(&payer.pubkey(), &Pubkey::new_unique(), 1);
    let result = sender.send(&Packed::new("send a lamport", vec![transfer], &[]), &[&payer]).await;
    (result, sender.transport)
}

async fn send(set: impl FnOnce(&mut State)) -> (Result<Landed, SendError>, BadCluster) {
    send_with(SendOptions::default(), set).await
}

/// The units that the last transaction handed in asks for, and its price a unit.
fn budget(cluster: &BadCluster) -> Vec<Vec<u8>> {
    let state = cluster.0.lock().unwrap();
    let message = &state.submitted.last().unwrap().message;
    let is_budget =
        |index: u8| message.static_account_keys()[usize::from(index)] == solana_compute_budget_interface::ID;
    let all = message.instructions().iter();
    all.filter(|one| is_budget(one.program_id_index)).map(|one| one.data.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn on_a_good_day_it_is_simulated_once_and_sent_once() {
    let (result, cluster) = send(|_| {}).await;
    assert_eq!(result.unwrap().what, "send a lamport");
    assert_eq!((cluster.landed(), cluster.0.lock().unwrap().submitted.len()), (1, 1));
    assert_eq!(cluster.0.lock().unwrap().simulated, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_not_sent_again_under_another_signature() {
    let (result, cluster) = send(|state| state.fates = [Fate::LandsWithoutAnswer].into()).await;
    result.unwrap();
    assert_eq!((cluster.landed(), cluster.signatures()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_vanished_is_handed_in_again_as_it_is() {
    let (result, cluster) = send(|state| state.fates = [Fate::Vanishes].into()).await;
    result.unwrap();
    assert_eq!((cluster.landed(), cluster.signatures()), (1, 1));
    assert_eq!(cluster.0.lock().unwrap().submitted.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_expired_blockhash_is_replaced_and_it_lands_once() {
    // Lost as often as it is handed in while its blockhash lives.
    let (result, cluster) = send(|state| state.fates = [Fate::Vanishes; 3].into()).await;
    result.unwrap();
    assert_eq!((cluster.landed(), cluster.signatures()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_know_the_blockhash_gets_another() {
    let (result, cluster) = send(|state| {
        state.fates = [Fate::IsStale].into();
        state.simulations =
            [Simulation { error: Some(TransactionError::BlockhashNotFound), ..Simulation::default() }].into();
    })
    .await;
    result.unwrap();
    assert_eq!(cluster.landed(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_never_taken_ends_with_the_news_that_nothing_happened() {
    let (result, cluster) = send(|state| state.fates = vec![Fate::Vanishes; 1_000].into()).await;
    let error = result.unwrap_err();
    assert!(matches!(error, SendError::Expired { attempts: 3, .. }), "{error}");
    assert!(error.to_string().contains("nothing happened") && error.to_string().contains("priority fee"));
    assert_eq!((cluster.landed(), cluster.signatures()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn what_landed_unnoticed_is_found_in_the_history_before_it_is_signed_again() {
    let (result, cluster) = send(|state| state.forgets = true).await;
    result.unwrap();
    assert_eq!((cluster.landed(), cluster.signatures()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn without_a_websocket_polling_tells() {
    for socket in [Socket::IsLost, Socket::IsSilent] {
        let (result, cluster) = send(|state| state.socket = socket).await;
        result.unwrap();
        assert_eq!((cluster.landed(), cluster.signatures()), (1, 1), "{socket:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_times_out_now_and_then_is_asked_again() {
    let (result, cluster) = send(|state| {
        state.timeouts = 3;
        state.fates = [Fate::TimesOut].into();
    })
    .await;
    result.unwrap();
    assert_eq!(cluster.landed(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_gone_is_named_and_nothing_was_sent() {
    let (result, cluster) = send(|state| state.timeouts = u32::MAX).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("did not answer in time") && error.contains("--url"), "{error}");
    assert_eq!(cluster.signatures(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_goes_dark_after_sending_leaves_the_signature_to_look_at() {
    let (result, cluster) = send(|state| state.dark_after_sending = true).await;
    let error = result.unwrap_err();
    let SendError::Unknown { signature, .. } = &error else { panic!("{error}") };
    assert_eq!(*signature, cluster.0.lock().unwrap().submitted[0].signatures[0]);
    assert!(error.to_string().contains("before trying again"), "{error}");
    assert_eq!(cluster.signatures(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_validator_that_starts_anew_is_not_waited_for_until_its_blocks_catch_up() {
    let start = tokio::time::Instant::now();
    let (result, cluster) = send(|state| {
        state.height = 1_000_000;
        state.fates = vec![Fate::StartsAnew; 1_000_000].into();
    })
    .await;
    let error = result.unwrap_err();
    assert!(matches!(error, SendError::Unknown { .. }), "{error}");
    assert!(error.to_string().contains("blocks behind"), "{error}");
    assert!(start.elapsed() < 2 * SendOptions::default().patience);
    assert_eq!((cluster.landed(), cluster.signatures()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_found_by_simulation_costs_nothing_and_says_what_to_do() {
    let code = u32::from(BallastError::BelowOpeningRequirement);
    let program = ballast::ID;
    let error = TransactionError::InstructionError(1, custom(code));
    let logs = vec![
        format!("Program {program} invoke [1]"),
        format!("Program {program} failed: custom program error: {code:#x}"),
    ];
    let simulation = Simulation { error: Some(error), logs, units: 5 };
    let (result, cluster) = send(|state| state.simulations = [simulation].into()).await;
    let error = result.unwrap_err();
    assert!(error.refusal().unwrap().is(BallastError::BelowOpeningRequirement));
    assert!(error.to_string().contains("deposit more, repay, or take less"), "{error}");
    assert_eq!(cluster.signatures(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_on_chain_names_its_transaction() {
    let failure = TransactionError::InstructionError(1, custom(1));
    let (result, cluster) = send(|state| state.failure = Some(failure)).await;
    let error = result.unwrap_err();
    let SendError::Refused { signature: Some(signature), .. } = error else { panic!("{error}") };
    assert_eq!(signature, cluster.0.lock().unwrap().submitted[0].signatures[0]);
}

#[tokio::test(start_paused = true)]
async fn too_few_compute_units_are_raised_before_anything_is_paid() {
    let starved = Simulation {
        error: Some(TransactionError::InstructionError(0, custom(0))),
        logs: vec!["Program x failed: exceeded CUs meter at BPF instruction".into()],
        units: 0,
    };
    let (result, cluster) = send(|state| state.simulations = [starved].into()).await;
    result.unwrap();
    let most = ComputeBudgetInstruction::set_compute_unit_limit(1_400_000).data;
    assert_eq!(budget(&cluster), [most]);
}

#[tokio::test(start_paused = true)]
async fn the_priority_fee_follows_the_market_up_to_a_limit() {
    let priority =
        |most| SendOptions { priority: Priority::Recent { percentile: 50, most }, ..SendOptions::default() };
    let price = |micro| ComputeBudgetInstruction::set_compute_unit_price(micro).data;
    let fees = |state: &mut State| state.fees = vec![10, 30, 20, 1_000_000, 0];
    let (_, cluster) = send_with(priority(u64::MAX), fees).await;
    assert_eq!(budget(&cluster)[1], price(20));
    let (_, cluster) = send_with(priority(15), fees).await;
    assert_eq!(budget(&cluster)[1], price(15));
    let (_, cluster) = send_with(priority(15), |_| {}).await;
    assert_eq!(budget(&cluster).len(), 1, "a cluster that cannot say gets nothing");
}

fn custom(code: u32) -> InstructionError {
    InstructionError::Custom(code)
}
