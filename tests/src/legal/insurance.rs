//! Calls of the insurance fund: stakers, validators, claimants and keepers.

use super::Table;
use crate::{
    insured::Insured,
    market::balance,
    validators::{Validator, BOOTSTRAP_STAKE},
};
use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::state::{Reserve, Vault};
use ballast_client::insurance::{self, Fund};
use ballast_risk::fund::FundRules;
use solana_signer::Signer;

const DAY: i64 = 86_400;
/// Stake of each validator, SOL.
const STAKE: u64 = 10_000;
/// Lamports of a SOL.
const LAMPORTS: u64 = 1_000_000_000;

pub(super) async fn calls() -> Table {
    let validators: Vec<_> = (0..8).map(|_| Validator::with_stake(STAKE)).collect();
    let mut stakes: Vec<_> = validators.iter().map(|one| (one.vote_account, STAKE * LAMPORTS)).collect();
    stakes.push((Pubkey::new_unique(), BOOTSTRAP_STAKE * LAMPORTS));
    let mut table = Table { stakes, ..Table::default() };
    let mut insured = Insured::with_validators(validators).await;
    staking(&mut table, &mut insured).await;
    income(&mut table, &mut insured).await;
    the_roll(&mut table, &mut insured).await;
    claims(&mut table, &mut insured).await;

    let second = insured.world.open_vault(2).await;
    let other = Fund { asset: insured.usdc().asset(second) };
    let curator = insured.world.curator.insecure_clone();
    let create = insurance::create_fund(curator.pubkey(), &other, FundRules::BALANCED.into());
    let reserve = other.asset.reserve();
    // as a change that waited out its timelock does
    insured
        .world
        .chain
        .edit::<Vault>(second, |vault| {
            (vault.fund_reserve, vault.fund_rules) = (reserve, FundRules::BALANCED.into());
        })
        .await;
    table.land(&mut insured.world, ("create_fund", ""), &create, &[&curator]).await;
    table
}

async fn staking(table: &mut Table, insured: &mut Insured) {
    let (usdc, fund) = (insured.usdc(), insured.fund);
    let bob = insured.world.user().await;
    let open = insurance::open_stake(bob.key(), &fund);
    table.land(&mut insured.world, ("open_stake", ""), &open, &[&bob.keypair]).await;
    let close = insurance::close_stake(bob.key(), &fund);
    table.land(&mut insured.world, ("close_stake", ""), &close, &[&bob.keypair]).await;
    insured.staker(usdc.units(100_000)).await;
    let ann = insured.newcomer().await;
    insured.world.give(&ann, &usdc, usdc.units(100)).await;
    let stake = insurance::stake_insurance(ann.key(), &fund, usdc.units(100));
    table.land(&mut insured.world, ("stake_insurance", ""), &stake, &[&ann.keypair]).await;
    let ask = insurance::request_unstake(ann.key(), &fund, u64::MAX);
    table.land(&mut insured.world, ("request_unstake", ""), &ask, &[&ann.keypair]).await;
    insured.world.tick(14 * DAY).await;
    let leave = insurance::unstake(ann.key(), &fund);
    table.land(&mut insured.world, ("unstake", ""), &leave, &[&ann.keypair]).await;
}

/// Insurance in kind, as slices of bonuses make it; nobody owes anything, so all of it is the stakers'.
async fn income(table: &mut Table, insured: &mut Insured) {
    let (usdc, payer) = (insured.usdc(), insured.world.curator.insecure_clone());
    let (asset, units) = (usdc.asset(insured.world.vault), usdc.units(1_000));
    let chain = &mut insured.world.chain;
    let held = balance(chain, asset.tokens()).await;
    usdc.write_tokens(chain, asset.tokens(), &asset.vault, held + units, AccountState::Initialized);
    chain
        .edit::<Reserve>(asset.reserve(), |reserve| {
            reserve.books.free_tokens += units;
            reserve.books.insurance[1] += units;
        })
        .await;
    let collect = insurance::collect_insurance(&insured.fund);
    table.land(&mut insured.world, ("collect_insurance", "a first look"), &collect, &[&payer]).await;
    insured.world.chain.pass(1);
    table.land(&mut insured.world, ("collect_insurance", "what there is"), &collect, &[&payer]).await;
}

async fn the_roll(table: &mut Table, insured: &mut Insured) {
    let (fund, payer) = (insured.fund, insured.world.curator.insecure_clone());
    for index in 0..8 {
        let identity = insured.validators[index].identity.insecure_clone();
        let enroll =
            insurance::enroll_validator(identity.pubkey(), &fund, insured.validators[index].vote_account);
        if index == 0 {
            table.note(&mut insured.world.chain, ("enroll_validator", ""), &enroll, &[&identity]).await;
        }
        insured.enroll(index).await.expect("stake enough");
    }
    insured.next_epoch().await;
    insured.next_epoch().await;
    let all: Vec<_> = insured.validators.iter().map(|validator| validator.vote_account).collect();
    let call = insurance::call_roll(&fund, &all);
    table.land(&mut insured.world, ("call_roll", ""), &call, &[&payer]).await;
    let last = insured.validators[7].identity.insecure_clone();
    let leave = insurance::leave_roll(last.pubkey(), &fund, all[7]);
    table.note(&mut insured.world.chain, ("leave_roll", ""), &leave, &[&last]).await;
}

async fn claims(table: &mut Table, insured: &mut Insured) {
    let (sol, fund) = (insured.world.sol, insured.fund);
    let payer = insured.world.curator.insecure_clone();
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.lose(&sol, sol.units(100)).await;
    let keeper = insured.world.user().await;
    insured.world.give(&keeper, &sol, sol.units(10)).await;
    let cover = insured.covering(&keeper, &sol, sol.units(1), None);
    table.land(&mut insured.world, ("cover_loss", "of itself"), &cover, &[&keeper.keypair]).await;
    let claimant = insured.claimant().await;
    let open = insurance::open_claim(claimant.key(), &fund, insured.lost(), 1, 10_000_000_000);
    table.land(&mut insured.world, ("open_claim", ""), &open, &[&claimant.keypair]).await;
    for index in 0..5 {
        let identity = insured.validators[index].identity.insecure_clone();
        let vote = insurance::vote_claim(identity.pubkey(), fund.claim(1), true);
        if index == 0 {
            table.note(&mut insured.world.chain, ("vote_claim", ""), &vote, &[&identity]).await;
        }
        insured.vote(index, 1, true).await.expect("it votes");
    }
    let to_opener = Some(fund.wallet(&claimant.key()));
    let settle = insurance::settle_claim(&fund, 1, to_opener);
    table.note(&mut insured.world.chain, ("settle_claim", "with its bond"), &settle, &[&payer]).await;
    let settle = insurance::settle_claim(&fund, 1, None);
    table.land(&mut insured.world, ("settle_claim", "the bond is owed"), &settle, &[&payer]).await;
    let cover = insured.covering(&keeper, &sol, sol.units(1), Some(1));
    table.land(&mut insured.world, ("cover_loss", "by a claim"), &cover, &[&keeper.keypair]).await;
    insured.world.tick(8 * DAY).await;
    let close = insurance::close_claim(&fund, 1, claimant.key(), to_opener);
    table.land(&mut insured.world, ("close_claim", ""), &close, &[&payer]).await;
}
