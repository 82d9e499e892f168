//! The rent-exempt minimum changes after accounts were made: old ones work on, new ones pay what counts then, and who closes one gets what
//! it holds.

use anchor_lang::prelude::Pubkey;
use ballast_client::{instruction, Account as Owned};
use ballast_tests::{
    legal::{legal_calls, LegalCall},
    lite::lite,
    World,
};
use litesvm::LiteSVM;
use solana_rent::Rent;
use solana_signer::Signer;

/// Rent at a multiple of today's, in quarters.
fn rent(quarters: u64) -> Rent {
    let today = Rent::default();
    Rent { lamports_per_byte: today.lamports_per_byte * quarters / 4, ..today }
}

fn lamports(call: &LegalCall, svm: &LiteSVM) -> u64 {
    call.accounts(svm).values().flatten().map(|account| account.lamports).sum()
}

#[tokio::test]
async fn every_instruction_works_on_accounts_that_were_made_under_another_minimum() {
    let (calls, empty) = (legal_calls().await, lite().with_sigverify(false));
    for quarters in [1, 2, 4, 8, 40] {
        let rent = rent(quarters);
        let (mut made, mut closed) = (vec![], vec![]);
        for call in &calls {
            let what = format!("{} at {quarters}/4 of today's rent", call.words());
            let mut svm = call.before.load_into(&empty);
            svm.set_sysvar(&rent);
            let (before, total) = (call.accounts(&svm), lamports(call, &svm));
            let landed = call.send(&mut svm).unwrap_or_else(|failure| panic!("{what}: {failure:#?}"));
            let after = call.accounts(&svm);
            assert_eq!(lamports(call, &svm) + landed.fee, total, "{what}: no lamport is lost or made");
            for (key, account) in &after {
                let old = before[key].as_ref();
                let length = |account: &solana_account::Account| account.data.len();
                let grew = account.as_ref().map(length) > old.map(length);
                if let (true, Some(account)) = (grew, account) {
                    let least = rent.minimum_balance(account.data.len());
                    let had = old.map_or(0, |old| old.lamports);
                    assert_eq!(account.lamports, least.max(had), "{what}: {key} pays what counts now");
                    made.push(call.name);
                }
                if account.is_none() && old.is_some() {
                    closed.push(call.name);
                }
            }
        }
        made.dedup();
        closed.dedup();
        println!("{quarters}/4: made or grown by {made:?}, closed by {closed:?}");
        for name in [
            "create_vault",
            "add_reserve",
            "propose_change",
            "open_obligation",
            "open_stake",
            "create_fund",
            "open_claim",
            "migrate_account",
        ] {
            assert!(made.contains(&name), "{name} made nothing");
        }
        for name in ["execute_change", "cancel_change", "close_obligation", "close_stake", "close_claim"] {
            assert!(closed.contains(&name), "{name} closed nothing");
        }
    }
}

/// Opens an obligation under one rent, uses and closes it under another, on a bank.
async fn life(before: u64, after: u64) {
    let mut world = World::start().await;
    let (sol, owner) = (world.sol, world.chain.wallet());
    let account = Owned { vault: world.vault, owner: owner.pubkey(), id: 3 };
    sol.fund(&mut world.chain, &owner.pubkey(), sol.units(1));
    let held = |key: Pubkey, account: Option<solana_account::Account>| {
        account.unwrap_or_else(|| panic!("no account {key}")).lamports
    };
    world.chain.set_rent(&rent(before));
    world.must(&[instruction::open_obligation(&account)], &[&owner]).await;
    let key = account.obligation();
    let opened = world.chain.account(key).await;
    let bytes = opened.as_ref().unwrap().data.len();
    let paid = held(key, opened);
    assert_eq!(paid, rent(before).minimum_balance(bytes));
    world.chain.set_rent(&rent(after));
    let asset = world.asset(&sol);
    world.must(&[instruction::deposit(&account, &asset, sol.units(1))], &[&owner]).await;
    world.must(&[instruction::withdraw(&account, &asset, u64::MAX, &[])], &[&owner]).await;
    assert_eq!(held(key, world.chain.account(key).await), paid);
    let wallet = held(owner.pubkey(), world.chain.account(owner.pubkey()).await);
    let payer = world.curator.insecure_clone();
    let close = instruction::close_obligation(&account);
    world.must(&[close], &[&payer, &owner]).await;
    assert!(world.chain.account(key).await.is_none());
    assert_eq!(held(owner.pubkey(), world.chain.account(owner.pubkey()).await), wallet + paid);
}

#[tokio::test]
async fn an_obligation_lives_on_a_bank_whose_rent_doubles_halves_or_stays() {
    // a test bank's own check stays at today's: under less nothing new can be made
    for (before, after) in [(4, 4), (4, 8), (4, 2), (8, 4)] {
        println!("opened at {before}/4, closed at {after}/4");
        life(before, after).await;
    }
}
