//! The table's rows of the insurance fund: every action × vault state × reserve state. No breaker holds the fund back, so that
//! losses are claimed and covered when it matters most.

use crate::table::{as_the_table_says, Address};
use anchor_lang::solana_program::instruction::Instruction;
use ballast::BallastError::NotInThisState;
use ballast_client::insurance;
use ballast_risk::breaker::{allows, Action, State, STATES};
use ballast_tests::{Insured, User, Validator, World};
use solana_keypair::Keypair;

/// The rows that are walked here.
pub const ROWS: [Action; 3] = [Action::StakeInsurance, Action::ClaimInsurance, Action::CoverLoss];

const DAY: i64 = 86_400;

/// What lies ready to be sent in every cell: by its name, and with who signs.
type Ready = Vec<(&'static str, Instruction, Keypair)>;

/// Puts the vault, the reserve of the fund's mint and the reserve that lost into states.
async fn put_into(world: &mut World, vault: State, state: State) {
    world.set_vault_state(vault).await;
    for market in [world.usdc, world.sol] {
        world.set_state(&market, state).await;
    }
}

/// Tries everything that is ready in all sixteen cells.
async fn walk(world: &mut World, action: Action, ready: &Ready) {
    assert!(ROWS.contains(&action), "{action:?} is walked in another file");
    let mut walked = 0;
    for vault in STATES {
        for state in STATES {
            put_into(world, vault, state).await;
            for (what, instruction, signer) in ready {
                println!("{what}, {vault:?} and {state:?}");
                let outcome = world.chain.would_land(std::slice::from_ref(instruction), &[signer]).await;
                as_the_table_says(outcome, allows(action, vault, state), NotInThisState);
            }
            walked += 1;
        }
    }
    assert_eq!(walked, STATES.len() * STATES.len());
}

#[tokio::test]
async fn stakers_come_and_go_in_every_cell_of_the_table() {
    let mut insured = Insured::start().await;
    let (usdc, fund) = (insured.usdc(), insured.fund);
    let [ann, bob] = [insured.staker(usdc.units(100)).await, insured.staker(usdc.units(100)).await];
    let [carol, dave] = [insured.newcomer().await, insured.world.user().await];
    // ann's cooldown is over; bob stays, and has more to stake; carol staked nothing, and dave never came
    insured.ask(&ann, u64::MAX).await.unwrap();
    insured.world.tick(14 * DAY).await;
    insured.world.give(&bob, &usdc, usdc.units(50)).await;
    let of = |user: &User| user.keypair.insecure_clone();
    let ready = vec![
        ("open", insurance::open_stake(dave.key(), &fund), of(&dave)),
        ("stake", insurance::stake_insurance(bob.key(), &fund, usdc.units(50)), of(&bob)),
        ("ask", insurance::request_unstake(bob.key(), &fund, u64::MAX), of(&bob)),
        ("stay", insurance::request_unstake(ann.key(), &fund, 0), of(&ann)),
        ("leave", insurance::unstake(ann.key(), &fund), of(&ann)),
        ("close", insurance::close_stake(carol.key(), &fund), of(&carol)),
    ];
    walk(&mut insured.world, Action::StakeInsurance, &ready).await;
}

/// Seven voters and a validator who has not enrolled; a fund of 100,000 USDC; lenders of SOL who lost 150 of them ($30,000); and three
/// claims for a quarter of that each.
struct Claims {
    insured: Insured,
    claimant: User,
    value: u64,
    failed: u64,
    passed: u64,
    /// Still open, with a majority in favour.
    open: u64,
}

impl Claims {
    async fn begin() -> Self {
        let validators = (0..8).map(|_| Validator::with_stake(10_000)).collect();
        let mut insured = Insured::with_validators(validators).await;
        for index in 0..7 {
            insured.enroll(index).await.unwrap();
        }
        insured.next_epoch().await;
        insured.next_epoch().await;
        let (usdc, sol) = (insured.usdc(), insured.world.sol);
        insured.staker(usdc.units(100_000)).await;
        insured.world.lender(&sol, sol.units(1_000)).await;
        insured.lose(&sol, sol.units(150)).await;
        let claimant = insured.claimant().await;
        let value = insured.state().await.books.recorded_loss / 4;
        let failed = Self::claim(&mut insured, &claimant, value).await;
        insured.world.tick(3 * DAY).await;
        insured.settle(failed, None).await.unwrap();
        let passed = Self::claim(&mut insured, &claimant, value).await;
        let open = Self::claim(&mut insured, &claimant, value).await;
        for claim in [passed, open] {
            for index in 0..4 {
                insured.vote(index, claim, true).await.unwrap();
            }
        }
        insured.settle(passed, Some(&claimant)).await.unwrap();
        insured.world.refresh().await.unwrap();
        Self { insured, claimant, value, failed, passed, open }
    }

    async fn claim(insured: &mut Insured, claimant: &User, value: u64) -> u64 {
        insured.call_roll().await;
        insured.open_claim(claimant, value).await.unwrap()
    }
}

#[tokio::test]
async fn claims_are_opened_voted_on_and_settled_in_every_cell_of_the_table() {
    let Claims { mut insured, claimant, value, failed, open, .. } = Claims::begin().await;
    let fund = insured.fund;
    let next = insured.state().await.next_claim();
    let identity = |index: usize| insured.validators[index].identity.insecure_clone();
    let vote_account = |index: usize| insured.validators[index].vote_account;
    let anyone = insured.world.curator.insecure_clone();
    let opener = claimant.keypair.insecure_clone();
    let bond_to = Some(fund.wallet(&claimant.key()));
    let of_all: Vec<_> = (0..7).map(vote_account).collect();
    let enroll = insurance::enroll_validator(identity(7).pubkey_of(), &fund, vote_account(7));
    let leave = insurance::leave_roll(identity(6).pubkey_of(), &fund, vote_account(6));
    let yes = insurance::vote_claim(identity(5).pubkey_of(), fund.claim(open), true);
    let no = insurance::vote_claim(identity(0).pubkey_of(), fund.claim(open), false);
    let ready = vec![
        ("enrol", enroll, identity(7)),
        ("call the roll", insurance::call_roll(&fund, &of_all), anyone.insecure_clone()),
        ("leave the roll", leave, identity(6)),
        ("open", insurance::open_claim(claimant.key(), &fund, insured.lost(), next, value), opener),
        ("vote for it", yes, identity(5)),
        ("vote against it", no, identity(0)),
        ("settle", insurance::settle_claim(&fund, open, bond_to), anyone.insecure_clone()),
        ("close", insurance::close_claim(&fund, failed, claimant.key(), None), anyone),
    ];
    walk(&mut insured.world, Action::ClaimInsurance, &ready).await;
}

#[tokio::test]
async fn losses_are_covered_in_every_cell_of_the_table() {
    let Claims { mut insured, passed, .. } = Claims::begin().await;
    let sol = insured.world.sol;
    let keeper = insured.world.user().await;
    insured.world.give(&keeper, &sol, sol.units(20)).await;
    // $4,000 of the fund's own, which is less than a twentieth of it, and as much of what the claim approved
    let of_itself = insured.covering(&keeper, &sol, sol.units(20), None);
    let by_claim = insured.covering(&keeper, &sol, sol.units(20), Some(passed));
    let of = || keeper.keypair.insecure_clone();
    let ready = vec![("of itself", of_itself, of()), ("by a claim", by_claim, of())];
    walk(&mut insured.world, Action::CoverLoss, &ready).await;
}
