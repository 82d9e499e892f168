//! A planned tranche as instructions: take new prices, then the tranche, then the sale.

use super::plan::Planned;
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast_client::{
    instruction::{refresh_composed_reserves, soft_liquidate, Tranche},
    insurance::recording_losses,
    safety::absorbing,
};

/// The instructions of a tranche, in order. They land together or not at all.
pub fn instructions(planned: &Planned, keeper: Pubkey) -> Vec<Instruction> {
    let mut all = vec![];
    if !planned.refresh.is_empty() {
        all.push(refresh_composed_reserves(planned.debt.vault, &planned.refresh));
    }
    let tranche = soft_liquidate(&Tranche {
        liquidator: keeper,
        obligation: planned.obligation,
        debt: &planned.debt,
        deposit: &planned.deposit,
        reserves: &planned.reserves,
        max_repay: planned.max_repay,
        min_received: planned.min_received,
        shares_to: planned.shares_to,
    });
    let tranche = absorbing(tranche, &planned.absorbs);
    all.push(match planned.fund {
        Some(fund) => recording_losses(tranche, fund),
        None => tranche,
    });
    all.extend(planned.sale.instructions.iter().cloned());
    all
}
