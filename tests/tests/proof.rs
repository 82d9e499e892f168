//! Proof of solvency: attestation of tokens and books, audit of books and positions, and a verifier that trusts neither.

use ballast::{
    state::{Attestation, Audit, Obligation},
    BallastError,
};
use ballast_client::{
    account::reserves_of,
    address,
    instruction::{attest_solvency, begin_audit, count_obligation, finish_audit},
    safety::writing_vault,
    verify::{verify, Disagreement, Evidence, Fetched, Proof},
    Event,
};
use ballast_risk::breaker::{Cause, State};
use ballast_tests::{refused, usd, Failure, Market, Receipt, User, World};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

async fn attest(world: &mut World, markets: &[Market]) -> Result<Receipt, Failure> {
    let assets: Vec<_> = markets.iter().map(|m| world.asset(m)).collect();
    let payer = world.curator.insecure_clone();
    world.chain.send(&[attest_solvency(world.vault, &assets)], &[&payer]).await
}

async fn begin(world: &mut World) -> Result<Receipt, Failure> {
    let payer = world.curator.insecure_clone();
    world.chain.send(&[begin_audit(world.vault)], &[&payer]).await
}

async fn count(world: &mut World, user: &User) -> Result<Receipt, Failure> {
    let obligation: Obligation = world.obligation(user).await;
    let payer = world.curator.insecure_clone();
    let count = count_obligation(world.vault, user.obligation(), &reserves_of(&obligation));
    world.chain.send(&[count], &[&payer]).await
}

async fn finish(world: &mut World) -> Result<Receipt, Failure> {
    let reserves: Vec<_> = world.markets().iter().map(|m| world.asset(m).reserve()).collect();
    let payer = world.curator.insecure_clone();
    world.chain.send(&[finish_audit(world.vault, &reserves)], &[&payer]).await
}

async fn evidence(world: &mut World, users: &[User]) -> Evidence {
    let now = world.chain.now() as u64;
    let (mut reserves, mut token_accounts, mut obligations) = (vec![], vec![], vec![]);
    for market in world.markets() {
        let asset = world.asset(&market);
        reserves.push(fetch(world, asset.reserve()).await);
        token_accounts.push(fetch(world, asset.tokens()).await);
    }
    for user in users {
        obligations.push(fetch(world, user.obligation()).await);
    }
    Evidence { vault: fetch(world, world.vault).await, reserves, token_accounts, obligations, now }
}

async fn fetch(world: &mut World, key: anchor_lang::prelude::Pubkey) -> Fetched {
    let account = world.chain.account(key).await.expect("the account exists");
    Fetched { key, owner: account.owner, data: account.data }
}

/// A lender, and two borrowers with several positions.
async fn people(world: &mut World) -> Vec<User> {
    let (sol, usdc, btc, eth) = (world.sol, world.usdc, world.btc, world.eth);
    let lender = world.lender(&usdc, usdc.units(2_000_000)).await;
    world.deposit(&lender, &btc, btc.units(10)).await.unwrap();
    let ann = world.user().await;
    world.deposit(&ann, &sol, sol.units(1_000)).await.unwrap();
    world.deposit(&ann, &eth, eth.units(20)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(90_000)).await.unwrap();
    world.borrow(&ann, &btc, btc.units(1) / 4).await.unwrap();
    let ben = world.user().await;
    world.deposit(&ben, &eth, eth.units(50)).await.unwrap();
    world.borrow(&ben, &usdc, usdc.units(100_000)).await.unwrap();
    vec![lender, ann, ben]
}

#[tokio::test]
async fn a_vault_is_attested_in_slices_and_the_report_keeps_the_last_whole_round() {
    let mut world = World::start().await;
    people(&mut world).await;
    world.tick(3_600).await;
    let markets = world.markets();
    let first = attest(&mut world, &markets[..4]).await.unwrap();
    assert!(first.events.is_empty(), "the round is not over");
    let second = attest(&mut world, &markets[3..]).await.unwrap();
    let Some(Event::SolvencyAttested(event)) = second.events.first() else { panic!("no attestation") };
    assert_eq!((event.failing, event.worst_shortfall), (0, 0));
    let report: Attestation = world.chain.state(address::attestation(&world.vault)).await;
    assert_eq!(report.last.covered, (1 << markets.len()) - 1);
    assert_eq!((report.last.assets, report.last.claims), (event.assets, event.claims));
    // 1,000 SOL + 70 ETH + 10 BTC + 2,000,000 USDC, and an hour of interest on 190,000 USDC and 0.25 BTC
    let deposited = (200_000 + 70 * 4_000 + 10 * 100_000 + 2_000_000) * 1_000_000u64;
    assert!(report.last.deposits > deposited && report.last.deposits < deposited + 1_000 * 1_000_000);
    // unique collateral: what was lent is not there
    let lent = (190_000 + 25_000) * 1_000_000u64;
    assert!(report.last.unique_collateral.abs_diff(deposited - lent) < 10);
    assert!(report.last.assets >= report.last.claims);
}

#[tokio::test]
async fn missing_tokens_fail_the_attestation_and_donated_ones_change_nothing() {
    let mut world = World::start().await;
    people(&mut world).await;
    let (usdc, markets) = (world.usdc, world.markets());
    let held = world.till(&usdc).await;
    let tokens = world.asset(&usdc).tokens();
    let vault = world.vault;
    let state = anchor_spl::token_2022::spl_token_2022::state::AccountState::Initialized;
    usdc.write_tokens(&mut world.chain, tokens, &vault, held + 1_000, state);
    attest(&mut world, &markets).await.unwrap();
    let report: Attestation = world.chain.state(address::attestation(&vault)).await;
    assert_eq!(report.last.failing, 0, "a donation is no deficit");

    // seven units are gone: whoever proves it trips the vault's breaker, and has to pass the vault writable for that
    usdc.write_tokens(&mut world.chain, tokens, &vault, held - 7, state);
    refused(attest(&mut world, &markets).await, BallastError::VaultNotWritable);
    let assets = markets.map(|market| market.asset(vault));
    let payer = world.curator.insecure_clone();
    let failing = writing_vault(attest_solvency(vault, &assets));
    let receipt = world.chain.send(&[failing], &[&payer]).await.unwrap();
    let [Event::BreakerChanged(tripped), Event::SolvencyAttested(_)] = &receipt.events[..] else {
        panic!("a breaker and a report")
    };
    assert_eq!((tripped.reserve, tripped.from, tripped.to), (None, State::Normal as u8, State::Halted as u8));
    assert_eq!(tripped.cause, Cause::Attestation as u8);
    let report: Attestation = world.chain.state(address::attestation(&vault)).await;
    let index = world.reserve(&usdc).await.index;
    assert_eq!(report.last.failing, 1 << index);
    assert!(report.last.worst_shortfall >= 7, "seven units of a dollar token");
}

#[tokio::test]
async fn a_foreign_token_account_or_reserve_cannot_attest() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let mut attest = attest_solvency(world.vault, &[world.asset(&sol)]);
    attest.accounts[3].pubkey = world.asset(&usdc).tokens();
    let payer = world.curator.insecure_clone();
    refused(world.chain.send(&[attest], &[&payer]).await, BallastError::WrongTokenAccount);
}

#[tokio::test]
async fn an_attestation_of_nothing_or_of_half_a_pair_is_refused() {
    let mut world = World::start().await;
    let (sol, payer) = (world.asset(&world.sol), world.curator.insecure_clone());
    let nothing = attest_solvency(world.vault, &[]);
    refused(world.chain.send(&[nothing], &[&payer]).await, BallastError::WrongRemainingAccounts);
    let mut half = attest_solvency(world.vault, &[sol]);
    half.accounts.push(half.accounts[2].clone());
    refused(world.chain.send(&[half], &[&payer]).await, BallastError::WrongRemainingAccounts);
}

#[tokio::test]
async fn an_audit_finds_every_share_and_sums_what_is_beyond_collection() {
    let mut world = World::start().await;
    let users = people(&mut world).await;
    refused(count(&mut world, &users[0]).await, BallastError::NoAudit);
    refused(finish(&mut world).await, BallastError::NoAudit);
    begin(&mut world).await.unwrap();
    refused(begin(&mut world).await, BallastError::AuditRuns);
    refused(finish(&mut world).await, BallastError::AuditIncomplete);
    // ETH falls to $1,500: Ben has 75,000 against 100,000
    world.move_price(|w| &mut w.eth, usd(1_500)).await;
    let ben = world.score(&users[2]).await;
    for user in &users {
        count(&mut world, user).await.unwrap();
        count(&mut world, user).await.unwrap(); // twice changes nothing
    }
    let receipt = finish(&mut world).await.unwrap();
    let Some(Event::BookAudited(event)) = receipt.events.first() else { panic!("no audit") };
    assert_eq!(event.obligations, users.len() as u64);
    assert_eq!(i128::from(event.beyond_collection), -ben.equity().0);
    let report: Audit = world.chain.state(address::audit(&world.vault)).await;
    assert_eq!(report.last.number, 1);
    assert_eq!(report.last.complete, (1 << world.markets().len()) - 1);
    // and it is over: nobody counts on, or finishes it again with later prices
    refused(count(&mut world, &users[0]).await, BallastError::NoAudit);
    refused(finish(&mut world).await, BallastError::NoAudit);
}

#[tokio::test]
async fn an_audit_stays_exact_to_the_share_while_a_thousand_random_instructions_interleave_with_it() {
    let mut world = World::start().await;
    let mut users = people(&mut world).await;
    for _ in 0..5 {
        users.push(world.user().await);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(20_251_010);
    let markets = world.markets();
    let (mut landed, mut refused_ones) = (0, 0);
    // something to find before the audit begins
    for _ in 0..100 {
        act(&mut world, &users, &markets, &mut rng).await.ok();
    }
    begin(&mut world).await.unwrap();
    let mut order: Vec<usize> = (0..users.len()).collect();
    for step in 0..1_000 {
        if step % 40 == 0 {
            world.tick(2).await;
        }
        match act(&mut world, &users, &markets, &mut rng).await {
            Ok(_) => landed += 1,
            Err(_) => refused_ones += 1,
        }
        if step % 110 == 109 && !order.is_empty() {
            let next = order.remove(rng.random_range(0..order.len()));
            count(&mut world, &users[next]).await.unwrap();
        }
    }
    assert!(landed > 300 && refused_ones > 0, "{landed} landed, {refused_ones} were refused");
    for index in order {
        count(&mut world, &users[index]).await.unwrap();
    }
    finish(&mut world).await.unwrap();
    let report: Audit = world.chain.state(address::audit(&world.vault)).await;
    assert_eq!((report.last.number, report.last.last_slot > 0), (1, true));

    // the same from raw accounts, frozen now
    let proof = verify(&evidence(&mut world, &users).await).unwrap();
    for (line, market) in proof.reserves.iter().zip(&markets) {
        let reserve = world.reserve(market).await;
        assert!(u128::from(line.held) + u128::from(line.debt) >= u128::from(line.claims));
        assert_eq!(line.positions, reserve.deposit_positions + reserve.debt_positions);
    }
}

/// One random action of one random user; most are legal.
async fn act(
    world: &mut World,
    users: &[User],
    markets: &[Market],
    rng: &mut ChaCha8Rng,
) -> Result<Receipt, Failure> {
    let user = &users[rng.random_range(0..users.len())];
    let market = &markets[rng.random_range(0..markets.len())];
    let amount = market.units(1).max(100) / rng.random_range(1..50) + rng.random_range(0..9);
    match rng.random_range(0..6) {
        0 | 1 => world.deposit(user, market, amount).await,
        2 => world.withdraw(user, market, amount / 2).await,
        3 => world.withdraw(user, market, u64::MAX).await,
        4 => world.borrow(user, market, amount).await,
        _ => {
            world.give(user, market, amount).await;
            world.repay(user, market, amount).await
        }
    }
}

#[tokio::test]
async fn the_verifier_agrees_with_a_sound_vault_and_disagrees_when_one_byte_is_off() {
    let mut world = World::start().await;
    let users = people(&mut world).await;
    world.tick(60).await;
    let sound = evidence(&mut world, &users).await;
    let Proof { reserves } = verify(&sound).unwrap();
    assert_eq!(reserves.len(), world.markets().len());

    let usdc = world.asset(&world.usdc.clone());
    let spoil = |change: &dyn Fn(&mut Evidence)| -> Vec<Disagreement> {
        let mut evidence = sound.clone();
        change(&mut evidence);
        verify(&evidence).expect_err("the verifier must disagree")
    };
    let at = |accounts: &[Fetched], key| accounts.iter().position(|a| a.key == key).unwrap();
    let reserve = at(&sound.reserves, usdc.reserve());
    let tokens = at(&sound.token_accounts, usdc.tokens());
    // the first position's shares; deposit shares and free tokens in the books; tokens held
    let shares = 8 + std::mem::offset_of!(Obligation, positions) + 32;
    let books = 8 + std::mem::offset_of!(ballast::state::Reserve, books);
    assert!(!spoil(&|e| e.obligations[1].data[shares] ^= 1).is_empty());
    // one more token than there is (one fewer would be a donation, which is nobody's loss)
    assert!(!spoil(&|e| e.reserves[reserve].data[books + 64] += 1).is_empty());
    assert!(!spoil(&|e| e.reserves[reserve].data[books + 72] ^= 1).is_empty());
    assert!(!spoil(&|e| e.token_accounts[tokens].data[64..72].fill(0)).is_empty());
    // an obligation left out, passed twice, or of someone else
    assert!(!spoil(&|e| e.obligations.truncate(1)).is_empty());
    assert!(!spoil(&|e| e.obligations.push(e.obligations[0].clone())).is_empty());
    assert!(!spoil(&|e| e.obligations[0].owner = e.vault.key).is_empty());
    // a reserve or token account left out
    assert!(!spoil(&|e| e.reserves.truncate(2)).is_empty());
    assert!(!spoil(&|e| e.token_accounts.truncate(2)).is_empty());
}
