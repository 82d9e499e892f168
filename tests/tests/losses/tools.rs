//! What the stories share: books under water, what is read from receipts and accounts, and proofs of the whole vault.

use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{
    event::{BreakerChanged, LossAbsorbed, SharesRetired, TrancheExecuted},
    state::{Obligation, Reserve, Vault},
};
use ballast_client::{
    account::reserves_of,
    instruction::{attest_solvency, begin_audit, count_obligation, finish_audit},
    safety::absorb_loss,
    verify::{verify, Evidence, Fetched, Proof},
    Event,
};
use ballast_risk::{absorb::Losses, reserve::Ledger};
use ballast_tests::{
    law::{owed_up, worth_down},
    Failure, Market, Receipt, User, World,
};

/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// What an insolvent book pays in these vaults: 0.2 %, in ppm.
pub const LOWEST: u128 = 2_000;
const MILLION: u128 = 1_000_000;

/// The tranches of a transaction.
pub fn tranches(receipt: &Receipt) -> Vec<TrancheExecuted> {
    let pick = |event: &Event| match event {
        Event::TrancheExecuted(tranche) => Some(tranche.clone()),
        _ => None,
    };
    receipt.events.iter().filter_map(pick).collect()
}

/// The losses that a transaction absorbed.
pub fn losses(receipt: &Receipt) -> Vec<LossAbsorbed> {
    let pick = |event: &Event| match event {
        Event::LossAbsorbed(loss) => Some(loss.clone()),
        _ => None,
    };
    receipt.events.iter().filter_map(pick).collect()
}

/// The breakers that a transaction moved.
pub fn breakers(receipt: &Receipt) -> Vec<BreakerChanged> {
    let pick = |event: &Event| match event {
        Event::BreakerChanged(change) => Some(change.clone()),
        _ => None,
    };
    receipt.events.iter().filter_map(pick).collect()
}

/// The shares that a transaction retired.
pub fn retired(receipt: &Receipt) -> Vec<SharesRetired> {
    let pick = |event: &Event| match event {
        Event::SharesRetired(shares) => Some(shares.clone()),
        _ => None,
    };
    receipt.events.iter().filter_map(pick).collect()
}

/// A lender of so many dollars, and Ann, who owes $14,000 against 100 SOL; a keeper with dollars.
pub async fn loan(lent: u64) -> (World, User, User, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let lender = world.lender(&usdc, usdc.units(lent)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(14_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(1_000_000)).await;
    (world, lender, ann, keeper)
}

/// What somebody pays for collateral of this value (micro-USD) of an insolvent book: its value less the lowest bonus, rounded up.
pub fn price_of(collateral: u128) -> u64 {
    u64::try_from((collateral * MILLION).div_ceil(MILLION + LOWEST)).unwrap()
}

/// Books and losses of a market's reserve as they are now.
pub async fn books_now(world: &mut World, market: &Market) -> (Ledger, Losses) {
    let now = world.chain.now() as u64;
    world.reserve(market).await.accrued(now)
}

/// What a user owes in a market now, rounded up.
pub async fn owed(world: &mut World, user: &User, market: &Market) -> u64 {
    let index = books_now(world, market).await.0.debt_index;
    owed_up(world.shares(user, market).await, index)
}

/// What a user's deposit in a market is worth now, rounded down.
pub async fn worth(world: &mut World, user: &User, market: &Market) -> u64 {
    let index = books_now(world, market).await.0.deposit_index;
    worth_down(world.shares(user, market).await, index)
}

/// Adds insurance and fees to a reserve, tokens and all, as if interest had brought them.
pub async fn endow(world: &mut World, market: &Market, insurance: u64, fees: u64) {
    let key = world.asset(market).reserve();
    let add = |reserve: &mut Reserve| {
        reserve.books.insurance[1] += insurance;
        reserve.books.fees[1] += fees;
        reserve.books.free_tokens += insurance + fees;
    };
    world.chain.edit(key, add).await;
    mint_to_vault(world, market, insurance + fees).await;
}

/// Adds tokens to the first vault's token account.
pub async fn mint_to_vault(world: &mut World, market: &Market, amount: u64) {
    let held = world.till(market).await;
    let (vault, tokens) = (world.vault, world.asset(market).tokens());
    market.write_tokens(&mut world.chain, tokens, &vault, held + amount, AccountState::Initialized);
}

/// `absorb_loss` of an obligation by anyone.
pub async fn absorb(world: &mut World, caller: &User, debtor: &User) -> Result<Receipt, Failure> {
    let reserves = reserves_of(&world.obligation(debtor).await);
    let absorb = absorb_loss(caller.key(), debtor.account.vault, debtor.obligation(), &reserves);
    world.send(&[absorb], &[&caller.keypair]).await
}

/// The client's verification of the first vault, from raw accounts. Panics with every disagreement.
pub async fn proof(world: &mut World) -> Proof {
    let vault: Vault = world.chain.state(world.vault).await;
    let now = world.chain.now() as u64;
    let (mut reserves, mut token_accounts, mut obligations) = (vec![], vec![], vec![]);
    for key in &vault.reserves[..usize::from(vault.reserve_count)] {
        let reserve: Reserve = world.chain.state(*key).await;
        reserves.push(fetch(world, *key).await);
        token_accounts.push(fetch(world, reserve.token_account).await);
    }
    for key in world.obligations.clone() {
        let obligation: Obligation = world.chain.state(key).await;
        if obligation.vault == world.vault {
            obligations.push(fetch(world, key).await);
        }
    }
    let vault = fetch(world, world.vault).await;
    let evidence = Evidence { vault, reserves, token_accounts, obligations, now };
    verify(&evidence).unwrap_or_else(|found| panic!("{found:#?}"))
}

async fn fetch(world: &mut World, key: Pubkey) -> Fetched {
    let account = world.chain.account(key).await.expect("the account exists");
    Fetched { key, owner: account.owner, data: account.data }
}

/// The attestation of the first vault in one transaction: nothing is missing, and assets cover claims.
pub async fn attest(world: &mut World) {
    let assets = world.markets().map(|market| world.asset(&market));
    let payer = world.curator.insecure_clone();
    // attestations fit a few reserves at a time
    let receipt = world.must(&[attest_solvency(world.vault, &assets)], &[&payer]).await;
    let Some(Event::SolvencyAttested(event)) = receipt.events.last() else { panic!("no attestation") };
    assert_eq!((event.failing, event.worst_shortfall), (0, 0));
    assert!(event.assets >= event.claims);
}

/// Begins an audit of the first vault.
pub async fn begin(world: &mut World) {
    let payer = world.curator.insecure_clone();
    world.must(&[begin_audit(world.vault)], &[&payer]).await;
}

/// Counts an obligation of the first vault in the running audit.
pub async fn count(world: &mut World, key: Pubkey) {
    let obligation: Obligation = world.chain.state(key).await;
    let payer = world.curator.insecure_clone();
    let count = count_obligation(world.vault, key, &reserves_of(&obligation));
    world.must(&[count], &[&payer]).await;
}

/// Ends the audit: sums must equal the copies. Returns how much debt it found beyond collection, micro-USD.
pub async fn finish(world: &mut World) -> u64 {
    let reserves = world.markets().map(|market| world.asset(&market).reserve());
    let payer = world.curator.insecure_clone();
    let receipt = world.must(&[finish_audit(world.vault, &reserves)], &[&payer]).await;
    let Some(Event::BookAudited(event)) = receipt.events.last() else { panic!("no audit") };
    assert_eq!(event.complete, (1 << reserves.len()) - 1);
    event.beyond_collection
}

/// A whole audit of the first vault.
pub async fn audit(world: &mut World) -> u64 {
    begin(world).await;
    for key in world.obligations.clone() {
        let obligation: Obligation = world.chain.state(key).await;
        if obligation.vault == world.vault {
            count(world, key).await;
        }
    }
    finish(world).await
}

/// Makes the deposits of a reserve worthless, as a loss of everything would. Its tokens stay and are nobody's.
pub async fn ruin(world: &mut World, market: &Market) {
    let (key, now) = (world.asset(market).reserve(), world.chain.now() as u64);
    let lose = |reserve: &mut Reserve| {
        reserve.books.deposit_index = [1, 0];
        reserve.losses.wiped_out_at = now;
    };
    world.chain.edit(key, lose).await;
}
