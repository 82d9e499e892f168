//! `open_obligation`, `close_obligation`, `refresh_obligation`.

use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use ballast::{state::Obligation, BallastError, STATE_VERSION};
use ballast_client::{account::reserves_of, instruction, Account, Event};
use ballast_tests::{attack, refused, usd, World, ADDRESS_IN_USE};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::slice::from_ref;

#[tokio::test]
async fn an_obligation_opens_empty_once_and_for_its_signer_only() {
    let mut world = World::start().await;
    let (ann, eve) = (world.chain.wallet(), world.chain.wallet());
    for id in [0, 1, u16::MAX] {
        let account = Account { vault: world.vault, owner: ann.pubkey(), id };
        let open = instruction::open_obligation(&account);
        let unsigned = attack::unsigned(&open);
        refused(world.send(&[unsigned], &[&eve]).await, ErrorCode::AccountNotSigner);
        let for_eve = attack::swapped(&open, ann.pubkey(), eve.pubkey());
        refused(world.send(&[for_eve], &[&eve]).await, ErrorCode::ConstraintSeeds);

        let receipt = world.must(from_ref(&open), &[&ann]).await;
        let obligation: Obligation = world.chain.state(account.obligation()).await;
        let (vault, id_bytes) = (world.vault, id.to_le_bytes());
        let seeds = [b"obligation".as_ref(), vault.as_ref(), &ann.pubkey().to_bytes(), &id_bytes];
        let derived = Pubkey::find_program_address(&seeds, &ballast::ID);
        assert_eq!((account.obligation(), obligation.bump), derived);
        assert_eq!((obligation.version, obligation.id, obligation.position_count), (STATE_VERSION, id, 0));
        assert_eq!((obligation.vault, obligation.owner), (world.vault, ann.pubkey()));
        let [Event::ObligationOpened(event)] = &receipt.events[..] else { panic!("one event") };
        assert_eq!((event.vault, event.obligation), (world.vault, account.obligation()));
        assert_eq!((event.owner, event.id), (ann.pubkey(), id));
        refused(world.send(&[open], &[&ann]).await, ADDRESS_IN_USE);
    }
}

#[tokio::test]
async fn an_empty_obligation_closes_and_returns_its_rent_to_the_owner() {
    let mut world = World::start().await;
    let (ann, eve) = (world.user().await, world.user().await);
    let usdc = world.usdc;
    let close = instruction::close_obligation(&ann.account);
    let unsigned = attack::unsigned(&close);
    refused(world.send(&[unsigned], &[&eve.keypair]).await, ErrorCode::AccountNotSigner);
    let by_eve = attack::swapped(&close, ann.key(), eve.key());
    refused(world.send(&[by_eve], &[&eve.keypair]).await, BallastError::NotOwner);
    world.deposit(&ann, &usdc, 1).await.unwrap();
    refused(world.send(from_ref(&close), &[&ann.keypair]).await, BallastError::ObligationNotEmpty);
    world.withdraw(&ann, &usdc, u64::MAX).await.unwrap();

    let rent = world.chain.account(ann.obligation()).await.unwrap().lamports;
    let before = world.chain.account(ann.key()).await.unwrap().lamports;
    let payer = world.curator.insecure_clone();
    let receipt = world.must(from_ref(&close), &[&payer, &ann.keypair]).await;
    assert_eq!(world.chain.account(ann.key()).await.unwrap().lamports, before + rent);
    assert!(world.chain.account(ann.obligation()).await.is_none());
    let [Event::ObligationClosed(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.vault, event.obligation), (world.vault, ann.obligation()));
    assert_eq!((event.owner, event.rent_to), (ann.key(), ann.key()));
    refused(world.send(&[close], &[&ann.keypair]).await, ErrorCode::AccountOwnedByWrongProgram);
}

#[tokio::test]
async fn a_closed_obligation_that_is_opened_again_starts_from_nothing() {
    let mut world = World::start().await;
    let (ann, usdc) = (world.lender(&world.usdc.clone(), 1_000).await, world.usdc);
    let asset = world.asset(&usdc);
    // all in one transaction, so that nothing of the old account could survive in memory
    let steps = [
        instruction::withdraw(&ann.account, &asset, u64::MAX, &[]),
        instruction::close_obligation(&ann.account),
        instruction::open_obligation(&ann.account),
        instruction::deposit(&ann.account, &asset, 7),
    ];
    world.must(&steps, &[&ann.keypair]).await;
    let obligation = world.obligation(&ann).await;
    assert_eq!((obligation.position_count, obligation.positions[0].shares), (1, 7));
    assert_eq!(obligation.positions[1..], [Default::default(); 15]);
    assert_eq!((obligation.last_risk_slot, obligation.meter), (0, Default::default()));
    // nor can an account that was closed be used in the same transaction
    let second = world.open(&ann, 1).await;
    let steps =
        [instruction::close_obligation(&second.account), instruction::deposit(&second.account, &asset, 7)];
    refused(world.send(&steps, &[&ann.keypair]).await, ErrorCode::AccountOwnedByWrongProgram);
}

#[tokio::test]
async fn refreshing_an_obligation_stores_its_score_for_readers_and_nothing_else() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(100_000)).await;
    let (ann, eve) = (world.user().await, world.chain.wallet());
    let refresh = instruction::refresh_obligation(world.vault, ann.obligation(), &[]);
    world.must(&[refresh], &[&eve]).await; // an empty one is worth nothing
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(10_000)).await.unwrap();
    world.move_price(|w| &mut w.sol, usd(190)).await;

    let before = world.obligation(&ann).await;
    let reserves = reserves_of(&before);
    let refresh = instruction::refresh_obligation(world.vault, ann.obligation(), &reserves);
    let receipt = world.must(&[refresh], &[&eve]).await;
    let after = world.obligation(&ann).await;
    // $19,000 of SOL, and prices have 60 bits; 10,000 USDC and a second's interest: 0.9 % a year at most, 2.9 units
    let (collateral, debt) = (after.collateral, 10_000_000_000u64);
    assert!((19_000_000_000 - 1..=19_000_000_000).contains(&collateral), "{collateral}");
    assert!((debt..=debt + 5).contains(&after.debt), "{}", after.debt);
    assert_eq!(after.equity, collateral as i64 - after.debt as i64);
    // SOL falls by 12.5 %, basis 4.5 %; USDC's basis 0.5 %
    let required = collateral * 17 / 100 + after.debt * 5 / 1_000;
    assert!((required..=required + 10).contains(&after.requirement), "{} {required}", after.requirement);
    assert_eq!(after.refreshed_slot, world.chain.slot());
    let expected = Obligation {
        refreshed_slot: after.refreshed_slot,
        collateral,
        debt: after.debt,
        equity: after.equity,
        requirement: after.requirement,
        ..before
    };
    assert_eq!(bytemuck::bytes_of(&after), bytemuck::bytes_of(&expected));
    let [Event::ObligationRefreshed(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!(event.obligation, ann.obligation());
    assert_eq!((event.equity_before, event.requirement_before), (0, 0));
    assert_eq!((event.collateral, event.debt), (after.collateral, after.debt));
    assert_eq!((event.equity, event.requirement), (after.equity, after.requirement));
    assert_eq!((event.worst_row, event.stale_positions), (1, 0));

    // stale prices are no error: they are counted
    world.chain.pass(61);
    let refresh = instruction::refresh_obligation(world.vault, ann.obligation(), &reserves);
    let receipt = world.must(&[refresh], &[&eve]).await;
    let [Event::ObligationRefreshed(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!(event.stale_positions, 2);
    assert_eq!((event.equity_before, event.requirement_before), (after.equity, after.requirement));
}

#[tokio::test]
async fn no_instruction_believes_the_score_that_is_stored() {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.lender(&usdc, usdc.units(100_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(15_000)).await.unwrap();
    world.give(&keeper, &usdc, usdc.units(1_000)).await;
    world.tick(1).await;
    let key = ann.obligation();
    world
        .chain
        .edit::<Obligation>(key, |o| (o.equity, o.debt, o.requirement) = (-1, u64::MAX, u64::MAX))
        .await;
    refused(world.liquidate(&keeper, &ann, &usdc, &sol, u64::MAX).await, BallastError::Healthy);
    world.chain.edit::<Obligation>(key, |o| (o.equity, o.debt, o.requirement) = (i64::MAX, 0, 0)).await;
    refused(world.borrow(&ann, &usdc, usdc.units(2_000)).await, BallastError::BelowOpeningRequirement);
}

#[tokio::test]
async fn accounts_of_another_version_are_refused_by_every_instruction() {
    let mut world = World::start().await;
    let (sol, eth, usdc) = (world.sol, world.eth, world.usdc);
    world.lender(&usdc, usdc.units(100_000)).await;
    let (ann, keeper) = (world.user().await, world.user().await);
    world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    world.deposit(&ann, &eth, eth.units(1)).await.unwrap();
    world.borrow(&ann, &usdc, usdc.units(10_000)).await.unwrap();
    world.give(&ann, &sol, 100).await;
    world.give(&keeper, &usdc, usdc.units(1_000)).await;
    let empty = world.open(&ann, 1).await;
    // fees of a week, and the week in which they vest
    world.tick(7 * 86_400).await;
    world.tick(7 * 86_400).await;
    let payer = world.curator.insecure_clone();
    usdc.fund(&mut world.chain, &payer.pubkey(), 0);

    let reserves = reserves_of(&world.obligation(&ann).await);
    let pairs = [sol, eth, usdc].map(|market| (world.asset(&market).reserve(), market.price_account));
    let (vault, debt) = (world.vault, world.asset(&usdc));
    let anns = [
        instruction::deposit(&ann.account, &world.asset(&sol), 10),
        instruction::withdraw(&ann.account, &world.asset(&sol), 10, &reserves),
        instruction::borrow(&ann.account, &debt, 10, &reserves),
        instruction::repay(ann.key(), ann.obligation(), &debt, 10),
        instruction::close_obligation(&empty.account),
        instruction::open_obligation(&ann.numbered(2).account),
    ];
    let anyones = [
        instruction::refresh_reserves(vault, &pairs),
        instruction::refresh_obligation(vault, ann.obligation(), &reserves),
        instruction::collect_fees(&debt, &payer.pubkey()),
    ];
    let tranche = world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
    let acts: Vec<(_, Vec<&Keypair>)> = anns
        .into_iter()
        .map(|act| (act, vec![&payer, &ann.keypair]))
        .chain(anyones.into_iter().map(|act| (act, vec![&payer])))
        .chain([(tranche, vec![&payer, &keeper.keypair])])
        .collect();
    for (key, offset) in
        [ann.obligation(), empty.obligation(), vault].into_iter().chain(reserves).map(|key| (key, 8))
    {
        let right = world.chain.account(key).await.unwrap();
        assert_eq!(right.data[offset], STATE_VERSION);
        let mut tried = 0;
        for version in [0, STATE_VERSION + 1, u8::MAX] {
            let mut wrong = right.clone();
            wrong.data[offset] = version;
            world.chain.put(key, wrong);
            for (act, signers) in &acts {
                if act.accounts.iter().any(|meta| meta.pubkey == key) {
                    tried += 1;
                    let result = world.chain.would_land(std::slice::from_ref(act), signers).await;
                    refused(result, BallastError::WrongStateVersion);
                }
            }
        }
        assert!(tried > 0);
        world.chain.put(key, right);
    }
    for (act, signers) in &acts[..9] {
        world.chain.would_land(std::slice::from_ref(act), signers).await.unwrap();
    }
}
