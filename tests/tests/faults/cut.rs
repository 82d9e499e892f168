//! A transaction that runs out of compute units, wherever it does: nothing happened, or everything.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast_client::instruction;
use ballast_tests::{
    legal::{legal_calls, LegalCall},
    lite::lite,
    usd, User, World,
};
use litesvm::LiteSVM;
use solana_hash::Hash;
use solana_transaction::{InstructionError, Transaction, TransactionError};
use std::collections::BTreeSet;

/// Sends a call under every limit below its cost, and with just that; returns its cost.
fn cut(empty: &LiteSVM, call: &LegalCall) -> u32 {
    let what = call.words();
    let before = call.before.load_into(empty);
    let blockhash: Hash = before.latest_blockhash();
    let mut whole = before.clone();
    let landed = call.send(&mut whole).unwrap_or_else(|failure| panic!("{what}: {failure:#?}"));
    let cost = u32::try_from(landed.compute_units_consumed).unwrap();
    let (untouched, complete) = (call.accounts(&before), call.accounts(&whole));
    assert_ne!(untouched, complete, "{what} changes something");

    // every refusal hits the same accounts: what one left behind, the next would show
    let mut svm = before.clone().with_sigverify(false);
    let payer = call.payer();
    for limit in 1..cost {
        let transaction = Transaction::new_unsigned(call.message(limit, &blockhash));
        let failure = svm.send_transaction(transaction).err();
        let failure = failure.unwrap_or_else(|| panic!("{what} costs {cost} and landed with {limit}"));
        let out_of_units = matches!(
            failure.err,
            TransactionError::InstructionError(
                _,
                InstructionError::ComputationalBudgetExceeded | InstructionError::ProgramFailedToComplete
            )
        );
        let panicked = failure.meta.logs.iter().any(|line| line.contains("panicked"));
        assert!(out_of_units && !panicked, "{what} under {limit} of {cost}: {failure:#?}");
        let paid = svm.get_account(&payer).unwrap();
        let full = before.get_account(&payer).unwrap();
        assert_eq!(paid.lamports + failure.meta.fee, full.lamports, "{what}: the fee and no more");
        svm.set_account(payer, full).unwrap();
        assert!(call.accounts(&svm) == untouched, "{what} under {limit} of {cost} left a trace");
    }
    // with just what it costs it does what it does with all
    svm.send_transaction(Transaction::new_unsigned(call.message(cost, &blockhash)))
        .unwrap_or_else(|failure| panic!("{what} with its cost {cost}: {failure:#?}"));
    assert!(call.accounts(&svm) == complete, "{what} with its cost did something else");
    cost
}

#[tokio::test]
async fn whatever_runs_out_of_compute_units_leaves_nothing_behind() {
    let (calls, empty) = (legal_calls().await, lite());
    let mut points = 0;
    for call in &calls {
        let cost = cut(&empty, call);
        println!("{}: cut at each of the {} units below its cost", call.words(), cost - 1);
        points += cost - 1;
    }
    println!("{} calls, cut at {points} points", calls.len());
}

/// The same on a whole bank: what a transaction of these instructions leaves of the accounts that it names.
async fn cut_on_the_bank(world: &mut World, what: &str, instructions: &[Instruction], user: &User) {
    let keys: BTreeSet<Pubkey> =
        instructions.iter().flat_map(|one| &one.accounts).map(|meta| meta.pubkey).collect();
    let landed = world.chain.would_land(instructions, &[&user.keypair]).await.unwrap();
    let cost = u32::try_from(landed.compute_units).unwrap();
    let mut before = vec![];
    for key in keys.iter().filter(|key| **key != user.key()) {
        before.push((*key, world.chain.account(*key).await));
    }
    for limit in (1..20).map(|part| cost / 20 * part).chain([cost - 1]) {
        let failure = world.chain.send_limited(instructions, &[&user.keypair], limit).await.err();
        assert!(failure.is_some_and(|f| f.reason().is_some()), "{what} landed with {limit} of {cost}");
        for (key, account) in &before {
            assert!(world.chain.account(*key).await == *account, "{what} under {limit} changed {key}");
        }
    }
    world.chain.send_limited(instructions, &[&user.keypair], cost).await.unwrap();
    world.check_law().await;
}

#[tokio::test]
async fn a_bank_rolls_back_every_instruction_of_a_transaction_that_is_cut() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(1_000_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.give(&ann, &sol, sol.units(100)).await;
    world.give(&keeper, &usdc, usdc.units(20_000)).await;
    let account = ann.account;
    let deposit = instruction::deposit(&account, &world.asset(&sol), sol.units(100));
    cut_on_the_bank(&mut world, "deposit", &[deposit], &ann).await;
    // new prices, a loan and its use as collateral elsewhere: three instructions, all or none
    world.chain.pass(5);
    let pairs: Vec<_> = [sol, usdc].iter().map(|m| (world.asset(m).reserve(), m.price_account)).collect();
    for market in [sol, usdc] {
        let quote = market.quote(&world.chain);
        market.post_raw(&mut world.chain, &quote);
    }
    let refresh = instruction::refresh_reserves(world.vault, &pairs);
    let borrow = world.borrowing(&ann, &usdc, usdc.units(14_000)).await;
    let open = instruction::open_obligation(&ann.numbered(1).account);
    let lend = instruction::deposit(&ann.numbered(1).account, &world.asset(&usdc), usdc.units(5_000));
    world.obligations.push(ann.numbered(1).obligation());
    cut_on_the_bank(&mut world, "borrow and lend", &[refresh, borrow, open, lend], &ann).await;
    world.move_price(|w| &mut w.sol, usd(160)).await;
    let tranche = world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
    cut_on_the_bank(&mut world, "soft_liquidate", &[tranche], &keeper).await;
}
