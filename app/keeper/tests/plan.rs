//! What is planned for one book, by made-up accounts.

use anchor_lang::prelude::Pubkey;
use ballast::state::{Obligation, Side};
use ballast_client::Asset;
use ballast_keeper::{
    act::{
        cost::Costs,
        plan::{plan, Means, Planned, Waiting},
        transaction::instructions,
        venue::InventoryOnly,
    },
    engine::{Engine, Scope},
    synthetic::{clock, reserve_address, Synthetic},
};
use ballast_risk::Usd;

/// Places of assets in the made-up vault.
const BTC: usize = 0;
const SOL: usize = 2;
const STABLE: usize = 4;
/// All tokens have six decimals.
const ONE: u64 = 1_000_000;

const KEEPER: Pubkey = Pubkey::new_from_array([0xee; 32]);

/// The asset at a place.
fn asset(engine: &Engine, place: usize) -> Asset {
    let reserve = engine.market.on_chain(place).unwrap();
    Asset { vault: reserve.vault, mint: reserve.mint, token_program: reserve.token_program }
}

/// A book of 100 SOL of $200 that owes $12,000 in stables and $6,000 in BTC, below its requirement. Of some reserves the issuers froze
/// the token accounts.
fn engine(frozen: &[usize]) -> Engine {
    let world = Synthetic::new(1);
    let mut engine = Engine::new(world.vault);
    engine.set_vault(world.vault_account().unwrap());
    for place in 0..6 {
        let mut reserve = world.reserve_account(place, 1_000_000, 0).unwrap();
        reserve.mint = Pubkey::new_from_array([place as u8 + 1; 32]);
        reserve.token_program = anchor_spl::token::ID;
        if frozen.contains(&place) {
            reserve.frozen_since = 1;
        }
        engine.set_reserve(reserve_address(place), reserve);
    }
    let mut book: Obligation = bytemuck::Zeroable::zeroed();
    book.version = ballast::constants::STATE_VERSION;
    book.vault = world.vault;
    book.add(&reserve_address(SOL), 1, Side::Deposit, 100 * ONE, 0).unwrap();
    book.add(&reserve_address(STABLE), 1, Side::Debt, 12_000 * ONE, 0).unwrap();
    book.add(&reserve_address(BTC), 1, Side::Debt, 6_000 * ONE / 110_000, 0).unwrap();
    engine.set_obligation(&Pubkey::new_from_array([9; 32]), &book);
    engine.rescore(&clock(0), Scope::Everything);
    engine
}

/// The plan for it, by a keeper of means.
fn planned(engine: &Engine, costs: Costs) -> Result<Box<Planned>, Waiting> {
    let means = Means {
        keeper: KEEPER,
        costs,
        venue: &InventoryOnly::default(),
        least_profit: Usd::ZERO,
        most_repaid: Usd(100_000_000_000),
        available: &|_| u64::MAX / 2,
        has_wallet: &|_| true,
    };
    let row = engine.columns().find(&Pubkey::new_from_array([9; 32])).unwrap();
    plan(engine, row, &clock(0), &means)
}

const COSTS: Costs = Costs { priority: 0, tip: 0, tip_to: None, posting: 0, sol: 200_000_000 };

#[test]
fn a_debt_that_nobody_can_repay_is_left_out_once_it_is_written_down() {
    let free = engine(&[]);
    let first = planned(&free, COSTS).unwrap();
    // Whichever debt is the better one: once its reserve is frozen, the other one is repaid.
    let (better, other) = if first.debt == asset(&free, STABLE) { (STABLE, BTC) } else { (BTC, STABLE) };
    let frozen = engine(&[better]);
    assert_eq!(planned(&frozen, COSTS).unwrap().debt, asset(&frozen, other));
    assert_eq!(planned(&engine(&[STABLE, BTC]), COSTS).unwrap_err(), Waiting::NoPair, "nobody can repay any");
}

#[test]
fn a_tip_is_paid_with_the_tranche_and_counted_as_a_cost() {
    let engine = engine(&[]);
    let without = planned(&engine, COSTS).unwrap();
    let to = Pubkey::new_from_array([0xab; 32]);
    let tipping = Costs { tip: 50_000, tip_to: Some(to), ..COSTS };
    let with = planned(&engine, tipping).unwrap();
    let transfer = instructions(&with, KEEPER).pop().unwrap();
    assert_eq!(transfer.program_id, anchor_lang::solana_program::system_program::ID);
    assert_eq!(transfer.accounts.iter().map(|meta| meta.pubkey).collect::<Vec<_>>(), [KEEPER, to]);
    assert_eq!(transfer.data[4..], 50_000u64.to_le_bytes());
    assert_eq!(instructions(&with, KEEPER).len(), instructions(&without, KEEPER).len() + 1);
    // 50,000 lamports at $200 a SOL are a cent
    assert!(with.profit.fees.0 >= without.profit.fees.0 + 10_000);
}
