//! Health that nobody looked at: an instruction without a check, an account that moves in flight, a tranche that is forced.

use crate::tools::{lender_and_attacker, Tale};
use anchor_lang::{error::ErrorCode, prelude::AccountMeta, solana_program::instruction::Instruction};
use ballast::{state::Obligation, BallastError};
use ballast_client::{account::reserves_of, instruction, safety::absorb_loss};
use ballast_tests::{attack::swapped, refused, usd, Market, User, World};
use std::collections::BTreeSet;

/// Eve owes so many dollars on 100 SOL at $200, and has a second wallet; a lender has ten millions.
async fn indebted(dollars: u64) -> (World, User, User, User) {
    let mut world = World::start().await;
    let (sol, usdc) = (world.sol, world.usdc);
    let (lender, eve) = lender_and_attacker(&mut world, &sol, 100).await;
    world.lender(&sol, sol.units(1_000)).await;
    world.borrow(&eve, &usdc, usdc.units(dollars)).await.unwrap();
    let helper = world.user().await;
    world.give(&helper, &usdc, usdc.units(50_000)).await;
    (world, lender, eve, helper)
}

#[tokio::test]
async fn euler_march_2023() {
    // every way to lose collateral or to gain debt ends healthy or is refused
    let (mut world, _, eve, _) = indebted(15_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    for amount in [sol.units(99), sol.units(50), sol.units(10), u64::MAX] {
        refused(world.withdraw(&eve, &sol, amount).await, BallastError::BelowOpeningRequirement);
    }
    for amount in [usdc.units(1_000), usdc.units(1_000_000)] {
        refused(world.borrow(&eve, &usdc, amount).await, BallastError::BelowOpeningRequirement);
    }
    // nobody gives a deposit away to become liquidatable: what writes deposits off asks for a book that cannot pay
    let reserves = reserves_of(&world.obligation(&eve).await);
    let give_away = absorb_loss(eve.key(), world.vault, eve.obligation(), &reserves);
    refused(world.send(&[give_away], &[&eve.keypair]).await, BallastError::DepositsLeft);
    assert!(world.score(&eve).await.is_healthy());

    // borrowing to the edge and unwinding it oneself in one transaction: not in the slot of the borrow
    let all = world.most(&eve, &usdc).await;
    let borrow = world.borrowing(&eve, &usdc, all).await;
    let tranche = world.tranche(&eve, &eve, &usdc, &sol, u64::MAX).await;
    refused(world.send(&[borrow.clone(), tranche], &[&eve.keypair]).await, BallastError::SameSlot);
    world.must(&[borrow], &[&eve.keypair]).await;

    // and later, from one wallet or from two, at any price at which the book can pay, it earns nothing: the bonus is Eve's own money,
    // less what insurance keeps of it
    for price in [168, 165, 160, 158] {
        for by_helper in [false, true] {
            let (mut world, lender, eve, helper) = indebted(15_500).await;
            let (sol, usdc) = (world.sol, world.usdc);
            world.move_price(|w| &mut w.sol, usd(price)).await;
            let fair = world.fair();
            let (had, lent) =
                (world.fortune(&[&eve, &helper], &fair).await, world.fortune(&[&lender], &fair).await);
            let liquidator = if by_helper { &helper } else { &eve };
            world.liquidate(liquidator, &eve, &usdc, &sol, usdc.units(15_000)).await.unwrap();
            let profit = world.fortune(&[&eve, &helper], &fair).await.gain_up(&had);
            assert!(profit <= 0, "at ${price}: {profit}");
            assert!(world.lost(&[&lender], &lent, &[&eve], &fair).await <= 0);
        }
    }
}

/// What an instruction must do with health, if it moves positions of an obligation. A new one is not in this list until somebody has
/// said which it is.
const MOVES_POSITIONS: [(&str, &str); 9] = [
    ("absorb_loss", "only where nothing can be collected"),
    ("borrow", "R_init afterwards"),
    ("close_obligation", "only when empty"),
    ("deposit", "more collateral"),
    ("open_obligation", "empty"),
    ("repay", "less debt"),
    ("soft_liquidate", "below R_maint before, less risk after; shares only to a debt-free obligation"),
    ("withdraw", "R_init afterwards"),
    ("migrate_account", "copies shares as they are"),
];
/// Writes a score or a number into an obligation and moves nothing.
const MOVES_NOTHING: [&str; 2] = ["audit_book", "refresh_obligation"];

/// Instructions of other protocols, which put off a check or move an account: the first eight bytes of SHA-256 of `global:<name>`.
const UNKNOWN: [(&str, [u8; 8]); 6] = [
    ("transfer_to_new_account", [28, 79, 129, 231, 169, 69, 69, 65]),
    ("transfer_obligation", [44, 226, 239, 207, 78, 222, 112, 43]),
    ("lending_account_start_flashloan", [14, 131, 33, 220, 81, 186, 180, 107]),
    ("lending_account_end_flashloan", [105, 124, 201, 106, 153, 2, 8, 156]),
    ("flash_borrow", [166, 221, 220, 25, 61, 73, 127, 240]),
    ("donate_to_reserves", [129, 247, 103, 230, 194, 148, 40, 116]),
];

#[tokio::test]
async fn marginfi_september_2025() {
    // the program has no instruction that moves positions but these, by its own interface
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../idl/ballast.json");
    let interface: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(root).unwrap()).unwrap();
    let mut writes = BTreeSet::new();
    for instruction in interface["instructions"].as_array().unwrap() {
        let accounts = instruction["accounts"].as_array().unwrap();
        let touches = accounts.iter().any(|account| {
            account["writable"] == true
                && ["obligation", "shares_to", "account"].iter().any(|name| account["name"] == *name)
        });
        if touches {
            writes.insert(instruction["name"].as_str().unwrap());
        }
    }
    let known: BTreeSet<&str> = MOVES_POSITIONS.iter().map(|(name, _)| *name).chain(MOVES_NOTHING).collect();
    assert_eq!(writes, known);

    let (mut world, lender, eve, helper) = indebted(15_000).await;
    let (sol, usdc) = (world.sol, world.usdc);
    world.tick(1).await;
    let fair = world.fair();
    let (had, lent) = (world.fortune(&[&eve, &helper], &fair).await, world.fortune(&[&lender], &fair).await);
    // instructions of other protocols are unknown here, alone and around a borrow
    let all = world.most(&eve, &usdc).await;
    let too_much = world.borrowing(&eve, &usdc, all + usdc.units(1_000)).await;
    for (name, discriminator) in UNKNOWN {
        println!("{name}");
        let unknown = Instruction {
            program_id: ballast::ID,
            accounts: vec![
                AccountMeta::new(eve.key(), true),
                AccountMeta::new(eve.obligation(), false),
                AccountMeta::new(helper.obligation(), false),
            ],
            data: discriminator.to_vec(),
        };
        let alone = world.send(std::slice::from_ref(&unknown), &[&eve.keypair]).await;
        refused(alone, ErrorCode::InstructionFallbackNotFound);
        let around = [unknown.clone(), too_much.clone(), unknown];
        refused(world.send(&around, &[&eve.keypair]).await, ErrorCode::InstructionFallbackNotFound);
    }
    // no check is put off to the end of a transaction: each instruction leaves health behind
    let borrow = world.borrowing(&eve, &usdc, all).await;
    let repay = instruction::repay(eve.key(), eve.obligation(), &world.asset(&usdc), u64::MAX);
    refused(
        world.send(&[too_much, repay.clone()], &[&eve.keypair]).await,
        BallastError::BelowOpeningRequirement,
    );
    let withdraw = instruction::withdraw(
        &eve.account,
        &world.asset(&sol),
        sol.units(10),
        &reserves_of(&world.obligation(&eve).await),
    );
    let result = world.send(&[borrow.clone(), withdraw], &[&eve.keypair]).await;
    refused(result, BallastError::BelowOpeningRequirement);
    let close = instruction::close_obligation(&eve.account);
    refused(world.send(&[borrow.clone(), close], &[&eve.keypair]).await, BallastError::ObligationNotEmpty);
    // and no account stands in for another: the helper's empty obligation is neither borrowed against nor withdrawn from
    let stranger = swapped(&borrow, eve.obligation(), helper.obligation());
    refused(world.send(&[stranger], &[&eve.keypair]).await, BallastError::NotOwner);
    let profit = world.fortune(&[&eve, &helper], &fair).await.gain_up(&had);
    assert!(profit <= 0, "{profit}");
    assert!(world.lost(&[&lender], &lent, &[&eve, &helper], &fair).await <= 0);
    let book: Obligation = world.obligation(&eve).await;
    assert_eq!(book.position_count, 2);
}

/// When the keeper sends tokens past the program: never, in front of the tranche that it forces, behind it, or both.
const DONATIONS: [(usize, usize); 4] = [(0, 0), (500, 0), (0, 500), (500, 500)];

#[tokio::test]
async fn llamalend_sdola_march_2026() {
    // the same tranche with and without a donation to both reserves around it, in one transaction, and another try right after it
    let mut outcomes = vec![];
    for (first, last) in DONATIONS {
        let (mut world, lender, ann, keeper) = indebted(14_000).await;
        let (sol, usdc) = (world.sol, world.usdc);
        world.give(&keeper, &sol, sol.units(1_000)).await;
        world.move_price(|w| &mut w.sol, usd(165)).await;
        let fair = world.fair();
        let had = world.fortune(&[&keeper], &fair).await;
        let (held, lent) = (world.fortune(&[&ann], &fair).await, world.fortune(&[&lender], &fair).await);
        let tranche = world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
        let send = |world: &World, whole: usize| {
            let gift = |market: &Market| world.donation(&keeper, market, market.units(whole as u64));
            [sol, usdc].iter().filter(|_| whole > 0).map(gift).collect::<Vec<_>>()
        };
        let batch = [send(&world, first), vec![tranche.clone()], send(&world, last)].concat();
        world.must(&batch, &[&keeper.keypair]).await;
        // what was sent forces nothing more: the book is as healthy as the tranche left it
        refused(world.send(&[tranche], &[&keeper.keypair]).await, BallastError::Healthy);
        let lost = world.fortune(&[&ann], &fair).await.loss_up(&held);
        let profit = world.fortune(&[&keeper], &fair).await.gain_up(&had);
        // what a keeper gains is what the borrower loses, and that is the bonus: less than 5 % of the debt, here cents
        assert!(profit <= lost && lost < 14_000 * 1_000_000 / 100, "{profit} {lost}");
        assert!(world.lost(&[&lender], &lent, &[&ann], &fair).await <= 0);
        outcomes.push((world.shares(&ann, &sol).await, world.shares(&ann, &usdc).await, lost, profit));
    }
    let (sol, usdc, lost, fee) = outcomes[0];
    for (given, (first, last)) in outcomes.iter().zip(DONATIONS).skip(1) {
        assert_eq!((sol, usdc, lost), (given.0, given.1, given.2), "no extra loss to the borrower");
        let sent = (first + last) as i128 * (165 + 1) * 1_000_000;
        assert!(given.3 <= fee - sent && given.3 <= 0, "moving the rate costs all that was sent");
    }
}
