//! What a keeper does about what it hears, without any network: played streams, and endings as if they had come.

use super::*;
use crate::{
    act::{cost::Costs, venue::InventoryOnly},
    config::Cranks,
    engine::Scope,
    source::{recorded::Recorded, AccountAt},
    synthetic::{clock, reserve_address, Synthetic, PRICES},
};
use anchor_lang::{prelude::Pubkey, Discriminator};
use ballast::state::{Obligation, Side};
use ballast_client::send::{Refusal, SendError, SendOptions};
use ballast_risk::Usd;
use solana_commitment_config::CommitmentConfig;

/// A keeper that hears nothing and reaches nobody.
fn keeper() -> Keeper<Recorded> {
    let settings = Settings {
        vault: Synthetic::new(1).vault,
        shard: crate::shard::Shard::WHOLE,
        assets: vec![],
        prices: HashMap::new(),
        service: None,
        tables: vec![],
        costs: Costs { priority: 0, tip: 0, tip_to: None, posting: 0, sol: 200_000_000 },
        sol: None,
        venue: Arc::new(InventoryOnly::default()),
        least_profit: Usd::ZERO,
        most_repaid: Usd(1_000_000_000),
        lost_fees: Usd(10_000),
        under_way: 4,
        look_at: 10,
        rest: 1,
        sweep: 1,
        stop_within: Duration::from_secs(1),
        collect: None,
        cranks: Cranks::default(),
    };
    let nowhere = Rpc::new("http://127.0.0.1:1", None, CommitmentConfig::processed(), Duration::from_secs(1));
    let sender = Arc::new(Sender::new(nowhere, SendOptions::default()));
    let wallet = Arc::new(Keypair::new_from_array([1; 32]));
    Keeper::new(Recorded::default(), settings, wallet, sender, Metrics::new().unwrap())
}

fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

fn slot(slot: u64, parent: u64) -> Event {
    Event::Slot { slot, parent, root: 1 }
}

/// A refusal: on chain, or in the simulation.
fn refused(on_chain: bool) -> SendError {
    let refusal = Refusal {
        program: Some(ballast::ID),
        code: Some(u32::from(ballast::error::BallastError::Healthy)),
        name: "Healthy".into(),
        text: String::new(),
        instruction: None,
        logs: vec![],
    };
    let signature = on_chain.then(Default::default);
    SendError::Refused { what: "a tranche".into(), refusal: Box::new(refusal), signature }
}

#[test]
fn races_lost_on_chain_use_the_budget_up_and_races_lost_for_nothing_do_not() {
    let mut keeper = keeper();
    let fee = Usd(1_000);
    for _ in 0..100 {
        keeper.leave_alone((key(1), 0), fee, false, &refused(false));
    }
    assert!(!keeper.budget.is_spent(0), "nothing was paid");
    let losses = (1..100).find(|_| {
        keeper.leave_alone((key(1), 0), fee, false, &refused(true));
        keeper.budget.is_spent(0)
    });
    assert_eq!(losses, Some(10), "the budget is ten fees");
    assert!((keeper.metrics.lost_fees_usd.get() - 10.0 * 0.001).abs() < 1e-9);

    // Prices that were posted for it are paid whatever becomes of the tranche.
    let mut keeper = self::keeper();
    let losses = (1..100).find(|_| {
        keeper.leave_alone((key(1), 0), fee, true, &refused(false));
        keeper.budget.is_spent(0)
    });
    assert_eq!(losses, Some(10));
}

#[test]
fn a_lost_book_is_left_alone_until_it_was_read_again() {
    let mut world = Synthetic::new(1);
    let (address, obligation) = world.obligation();
    let mut keeper = keeper();
    keeper.take(slot(100, 99));
    let waits = keeper.leave_alone((address, 0), Usd(1), false, &refused(false));
    keeper.take(slot(100 + waits, 99 + waits));
    assert!(keeper.backoff.holds(&address, keeper.mirror.slot()), "nobody has read it");
    let data = [Obligation::DISCRIMINATOR, bytemuck::bytes_of(&obligation)].concat();
    keeper.take(Event::Account(AccountAt { slot: 101, address, owner: ballast::ID, data }));
    assert!(!keeper.backoff.holds(&address, keeper.mirror.slot()));
    assert!(keeper.backoff.holds(&address, 100), "nor before its time");
}

#[test]
fn what_landed_in_a_slot_that_is_dropped_is_promised_again() {
    let mut keeper = keeper();
    keeper.inventory.observe(key(1), 100, 10);
    let ticket = keeper.inventory.promise(key(1), 70, key(2)).unwrap();
    keeper.take(slot(11, 10));
    keeper.take(slot(12, 11));
    keeper.inventory.landed(ticket, 12);
    keeper.mirror.saw(12, key(2));
    keeper.inventory.observe(key(1), 30, 12);
    assert!(!keeper.inventory.is_busy(&key(2)));
    // 13 builds on 11
    keeper.take(slot(13, 11));
    keeper.inventory.observe(key(1), 100, 13);
    assert_eq!((keeper.inventory.available(&key(1)), keeper.inventory.is_busy(&key(2))), (30, true));
    assert_eq!(keeper.source.asked, [key(2)], "and the book is read again");
    assert_eq!(keeper.metrics.tranches.with_label_values(&["rolled back"]).get(), 1);
}

#[test]
fn only_books_of_the_own_shard_are_planned_for_even_if_others_are_known() {
    // The keeper's own obligation is known whatever its shard; here it is below its requirement, too.
    for (part, planned_for) in [("1/2", 1), ("2/2", 0)] {
        let world = Synthetic::new(1);
        let mut keeper = keeper();
        keeper.settings.shard = part.parse().unwrap();
        let engine = &mut keeper.mirror.engine;
        engine.set_vault(world.vault_account().unwrap());
        for place in 0..PRICES.len() {
            engine.set_reserve(reserve_address(place), world.reserve_account(place, 1_000_000, 0).unwrap());
        }
        let mut book: Obligation = bytemuck::Zeroable::zeroed();
        (book.version, book.vault) = (ballast::constants::STATE_VERSION, world.vault);
        // 100 SOL of $200 against $19,000 of a stable, in the first half of all addresses
        book.add(&reserve_address(2), 1, Side::Deposit, 100_000_000, 0).unwrap();
        book.add(&reserve_address(4), 1, Side::Debt, 19_000_000_000, 0).unwrap();
        engine.set_obligation(&key(0x10), &book);
        engine.rescore(&clock(0), Scope::Everything);
        assert_eq!(engine.columns().below(), 1);
        assert_eq!(keeper.plan_for_batch(&clock(0), &mut vec![]), planned_for, "shard {part}");
    }
}

#[tokio::test]
async fn an_audit_that_counts_for_hours_keeps_nobody_from_looking_for_missing_tokens() {
    let mut keeper = keeper();
    keeper.chores.is_counting = true;
    keeper.look_for_chores(&clock(0));
    assert!(keeper.chores.is_looking);
}

#[test]
fn promises_of_a_chain_that_is_no_more_are_void() {
    let mut keeper = keeper();
    keeper.take(slot(10_000, 9_999));
    keeper.inventory.observe(key(1), 100, 10_000);
    let ticket = keeper.inventory.promise(key(1), 70, key(2)).unwrap();
    keeper.inventory.unknown(ticket, 10_000);
    keeper.take(Event::Lost { reason: "restarted".into() });
    keeper.take(Event::Synced { slot: 40, accounts: vec![] });
    keeper.inventory.observe(key(1), 100, 40);
    assert_eq!(keeper.inventory.available(&key(1)), 100);
}
