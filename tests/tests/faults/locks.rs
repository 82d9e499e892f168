//! Account locks: a transaction names 64 accounts at most (128 once the cluster allows it). What needs more is split by the client, or
//! refused in words.

use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::MAX_RESERVES;
use ballast_client::{
    account::reserves_with,
    instruction::{self, attest_solvency},
    send::{pack::pack, Step},
};
use ballast_risk::presets::{balanced, AssetKind};
use ballast_tests::{
    market::TOKEN,
    stage::{worth, Stage},
    usd,
    wire::{put_table, table_of, with_table, MOST_BYTES, MOST_LOCKS},
    Chain, Market, World,
};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_message::{v0, VersionedMessage};
use solana_signer::Signer;
use solana_transaction::{versioned::VersionedTransaction, TransactionError};

/// A world on a cluster that locks so many accounts at most.
async fn world_with(locks: usize) -> World {
    let chain = Chain::prepared(|test| test.set_transaction_account_lock_limit(locks)).await;
    World::on(chain, balanced().unwrap()).await
}

/// The stage of sixteen positions, and sixteen reserves more.
async fn full(locks: usize) -> (Stage, Vec<Market>) {
    let mut stage = Stage::on(world_with(locks).await, 16).await;
    stage.borrow().await;
    let mut markets = stage.markets();
    while markets.len() < MAX_RESERVES {
        let market = Market::create(&mut stage.world.chain, AssetKind::Sol, 6, TOKEN, usd(10));
        stage.world.add_reserve(&market).await.unwrap();
        markets.push(market);
    }
    (stage, markets)
}

/// Posts prices of markets as of now; reserves with their price accounts.
fn post(stage: &mut Stage, markets: &[Market]) -> Vec<(Pubkey, Vec<Pubkey>)> {
    let vault = stage.world.vault;
    let posted = markets.iter().map(|market| {
        let quote = market.quote(&stage.world.chain);
        market.post_raw(&mut stage.world.chain, &quote);
        (market.asset(vault).reserve(), vec![market.price_account])
    });
    posted.collect()
}

#[tokio::test]
async fn a_refresh_of_thirty_two_reserves_locks_too_many_accounts_until_the_cluster_allows_more() {
    for (locks, lands) in [(MOST_LOCKS, false), (128, true)] {
        let (mut stage, markets) = full(locks).await;
        stage.world.chain.pass(20);
        let reserves = post(&mut stage, &markets);
        let refresh = instruction::refresh_composed_reserves(stage.world.vault, &reserves);
        let payer = stage.world.curator.insecure_clone();
        let before = stage.world.reserve(&markets[0]).await.price;
        let chain = &mut stage.world.chain;
        let transaction = with_table(chain, std::slice::from_ref(&refresh), &[&payer]).await;
        let outcome = chain.process(transaction).await;
        match outcome {
            Ok(receipt) => {
                println!("32 reserves at once: {} units", receipt.compute_units);
                assert!(lands && receipt.compute_units < 500_000);
                assert_ne!(stage.world.reserve(&markets[0]).await.price, before);
            }
            Err(failure) => {
                assert!(!lands, "{failure:#?}");
                assert_eq!(failure.error, Some(TransactionError::TooManyAccountLocks));
                assert_eq!(stage.world.reserve(&markets[0]).await.price, before);
            }
        }
    }
}

#[tokio::test]
async fn the_client_splits_what_locks_too_much_and_the_loan_lands_with_the_last_part() {
    let (mut stage, markets) = full(MOST_LOCKS).await;
    let (borrower, debt) = (stage.borrower.keypair.insecure_clone(), stage.debts[0]);
    let account = stage.borrower.account;
    stage.world.chain.pass(20);
    let reserves = post(&mut stage, &markets);
    let positions =
        reserves_with(&stage.world.obligation(&stage.borrower).await, debt.asset(account.vault).reserve());
    let amount = worth(&debt, 10);
    let borrow = instruction::borrow(&account, &debt.asset(account.vault), amount, &positions);
    let held = stage.world.wallet(&stage.borrower, &debt).await;
    let steps =
        [Step::refresh(account.vault, reserves.clone()), Step::together("borrow", vec![borrow.clone()])];
    let everything: Vec<Instruction> =
        vec![instruction::refresh_composed_reserves(account.vault, &reserves), borrow];
    let table = table_of(&everything);
    for tables in [vec![], vec![table]] {
        let packed = pack(&borrower.pubkey(), &steps, &tables).unwrap();
        println!("{} transactions with {} tables", packed.len(), tables.len());
        assert!(packed.len() > 1);
        for table in &tables {
            put_table(&mut stage.world.chain, table);
        }
        for one in &packed {
            let (bytes, accounts) = one.size(&borrower.pubkey()).unwrap();
            assert!(bytes <= MOST_BYTES && accounts <= MOST_LOCKS, "{}: {bytes}, {accounts}", one.what);
            let blockhash = stage.world.chain.blockhash().await;
            let message = one.message(&borrower.pubkey(), one.units, 1, blockhash).unwrap();
            let signed = VersionedTransaction::try_new(message, &[&borrower]).unwrap();
            let landed = stage.world.chain.process(signed).await;
            landed.unwrap_or_else(|f| panic!("{}: {:?} {:#?}", one.what, f.error, f.logs));
        }
        assert_eq!(packed.last().unwrap().what, "refresh prices, borrow");
        if tables.is_empty() {
            stage.world.chain.pass(20);
            post(&mut stage, &markets);
        }
    }
    assert_eq!(stage.world.wallet(&stage.borrower, &debt).await, held + 2 * amount);
    stage.world.check_law().await;
}

#[tokio::test]
async fn what_cannot_be_split_is_refused_in_words_and_slices_land() {
    let (mut stage, markets) = full(MOST_LOCKS).await;
    let payer = stage.world.curator.insecure_clone();
    let assets: Vec<_> = markets.iter().map(|market| stage.world.asset(market)).collect();
    let whole = attest_solvency(stage.world.vault, &assets);
    let table = table_of(std::slice::from_ref(&whole));
    let steps = [Step::together("attest all reserves", vec![whole.clone()])];
    let refusal = pack(&payer.pubkey(), &steps, std::slice::from_ref(&table)).err().unwrap().to_string();
    println!("{refusal}");
    for part in ["attest all reserves", "69 accounts", "64"] {
        assert!(refusal.contains(part), "{refusal}");
    }
    // sent all the same, the cluster refuses it and nothing is written
    put_table(&mut stage.world.chain, &table);
    let limit = ComputeBudgetInstruction::set_compute_unit_limit(1_400_000);
    let blockhash = stage.world.chain.blockhash().await;
    let message = v0::Message::try_compile(&payer.pubkey(), &[limit, whole], &[table], blockhash).unwrap();
    let signed = VersionedTransaction::try_new(VersionedMessage::V0(message), &[&payer]).unwrap();
    let failure = stage.world.chain.process(signed).await.err().unwrap();
    assert_eq!(failure.error, Some(TransactionError::TooManyAccountLocks));
    for slice in assets.chunks(16) {
        let part = attest_solvency(stage.world.vault, slice);
        let transaction = with_table(&mut stage.world.chain, &[part], &[&payer]).await;
        assert!(stage.world.chain.process(transaction).await.is_ok());
    }
}
