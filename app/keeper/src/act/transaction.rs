//! A planned tranche as steps: take new prices, then the tranche with the sale and the tip behind it.

use super::plan::Planned;
use anchor_lang::{
    prelude::Pubkey,
    solana_program::{instruction::Instruction, system_instruction},
};
use ballast_client::{
    act::make_wallet,
    instruction::{refresh_composed_reserves, soft_liquidate, Tranche},
    insurance::recording_losses,
    safety::absorbing,
    send::Step,
};

/// The steps of a tranche. They travel in one transaction where they fit it; otherwise some of the prices go ahead.
pub fn steps(planned: &Planned, keeper: Pubkey) -> Vec<Step> {
    let mut steps = vec![];
    if !planned.refresh.is_empty() {
        steps.push(Step::refresh(planned.debt.vault, planned.refresh.clone()));
    }
    steps.push(Step::together(format!("tranche of {}", planned.obligation), together(planned, keeper)));
    steps
}

/// All instructions of a tranche, in order: for what they cost.
pub fn instructions(planned: &Planned, keeper: Pubkey) -> Vec<Instruction> {
    let mut all = vec![];
    if !planned.refresh.is_empty() {
        all.push(refresh_composed_reserves(planned.debt.vault, &planned.refresh));
    }
    all.extend(together(planned, keeper));
    all
}

/// What lands together or not at all.
fn together(planned: &Planned, keeper: Pubkey) -> Vec<Instruction> {
    let mut all = vec![];
    if planned.makes_wallet {
        all.push(make_wallet(&keeper, &planned.deposit));
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
    all.extend(planned.tip.map(|(to, lamports)| system_instruction::transfer(&keeper, &to, lamports)));
    all
}
