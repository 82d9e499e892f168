//! The rent of accounts that were made for an action comes back, whatever became of the action.

use crate::{cluster::BadCluster, custom};
use anchor_lang::{
    prelude::{AccountMeta, Pubkey},
    solana_program::instruction::Instruction,
};
use ballast_client::send::{transport::Simulation, Landed, SendError, SendOptions, Sender, Step};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

/// So long that no two fit one transaction.
const LONG: usize = 700;
/// What tells the instructions in this file apart: their data.
const POST: u8 = 1;
const BORROW: u8 = 2;
const CLOSE_MESSAGE: u8 = 3;
const CLOSE_PRICE: u8 = 4;

fn step(payer: &Pubkey, which: u8, length: usize) -> Step {
    let accounts = vec![AccountMeta::new(*payer, true)];
    let program_id = Pubkey::new_from_array([7; 32]);
    Step::together(
        format!("step {which}"),
        vec![Instruction { program_id, accounts, data: vec![which; length] }],
    )
}

fn refusal() -> Simulation {
    Simulation { error: Some(TransactionError::InstructionError(1, custom(3_012))), ..Simulation::default() }
}

/// Posts prices and borrows on a cluster whose simulations say this.
async fn borrow_with(simulations: Vec<Simulation>) -> (Result<Vec<Landed>, SendError>, BadCluster) {
    let cluster = BadCluster::new(|state| state.simulations = simulations.into());
    let sender = Sender::new(cluster, SendOptions::default());
    let key = Keypair::new();
    let payer = key.pubkey();
    let steps = [step(&payer, POST, LONG), step(&payer, BORROW, LONG)];
    let cleanup = [step(&payer, CLOSE_MESSAGE, 1), step(&payer, CLOSE_PRICE, 1)];
    let result = sender.send_and_clean(&steps, &cleanup, &[&key], &[]).await;
    (result, sender.transport)
}

/// What was handed in, in order.
fn handed_in(cluster: &BadCluster) -> Vec<u8> {
    let state = cluster.0.lock().unwrap();
    let messages = state.submitted.iter().map(|transaction| &transaction.message);
    let of_ours = messages.flat_map(|message| {
        let is_ours =
            |index: u8| message.static_account_keys()[usize::from(index)] == Pubkey::new_from_array([7; 32]);
        message.instructions().iter().filter(move |one| is_ours(one.program_id_index)).map(|one| one.data[0])
    });
    of_ours.collect()
}

#[tokio::test(start_paused = true)]
async fn a_loan_that_landed_gives_the_rent_of_its_prices_back_in_one_transaction() {
    let (result, cluster) = borrow_with(vec![]).await;
    assert_eq!(result.unwrap().len(), 2, "the closing is not among what was asked for");
    assert_eq!(handed_in(&cluster), [POST, BORROW, CLOSE_MESSAGE, CLOSE_PRICE]);
    assert_eq!(cluster.landed(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refused_loan_gives_the_rent_of_its_prices_back_and_says_why_it_was_refused() {
    let (result, cluster) = borrow_with(vec![Simulation::default(), refusal()]).await;
    assert!(result.unwrap_err().to_string().starts_with("step 2"));
    assert_eq!(handed_in(&cluster), [POST, CLOSE_MESSAGE, CLOSE_PRICE]);
}

#[tokio::test(start_paused = true)]
async fn a_price_that_was_never_posted_does_not_keep_the_signed_message_open() {
    let passes = Simulation::default;
    // Posted, refused; the message can be closed, the price is not there.
    let (result, cluster) = borrow_with(vec![passes(), refusal(), passes(), refusal()]).await;
    assert!(result.is_err());
    assert_eq!(handed_in(&cluster), [POST, CLOSE_MESSAGE]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_was_posted_nothing_is_sent_to_close_it() {
    let (result, cluster) = borrow_with(vec![refusal(), refusal(), refusal()]).await;
    assert!(result.unwrap_err().to_string().starts_with("step 1"));
    assert_eq!(cluster.signatures(), 0);
}
