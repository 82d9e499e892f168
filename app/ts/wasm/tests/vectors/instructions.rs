//! Every instruction of the program as the Rust client builds it, of made-up people: `app/ts/test/instructions.test.ts` builds the same.

use crate::{hex, made_up, made_up_asset};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::{
    instructions::{Signal, TightenTo},
    state::ProposedChange,
};
use ballast_client::{
    governance::{open_vault, tighten, Proposal},
    instruction::{self, Tranche},
    insurance::{self, Cover, Fund},
    preset::{reserve_config, vault_config},
    safety, Account, Asset,
};
use ballast_risk::{
    fund::FundRules,
    presets::{AssetKind, Preset},
};
use serde_json::{json, Value};

/// Instructions by name.
pub fn all(preset: &Preset) -> Value {
    let (creator, owner) = (made_up(1), made_up(2));
    let (sol, usdc) = (made_up_asset(3), made_up_asset(5));
    let vault = sol.vault;
    let named = [
        operator(preset, creator, &sol),
        borrower(owner, &sol, &usdc),
        anyone(owner, &sol, &usdc),
        safety_of(creator, &sol, &usdc),
        insurance_of(creator, owner, &sol, &usdc),
        vec![
            ("migrateAccount", instruction::migrate_account(owner, vault, Some(sol.reserve()))),
            ("migrateVault", instruction::migrate_account(owner, vault, None)),
        ],
    ];
    let shown = named.into_iter().flatten().map(|(name, instruction)| (name.to_owned(), show(&instruction)));
    shown.collect::<serde_json::Map<_, _>>().into()
}

type Named = Vec<(&'static str, Instruction)>;

/// The numbers of the vault, the obligation and the change are those of the addresses beside them.
fn operator(preset: &Preset, creator: Pubkey, sol: &Asset) -> Named {
    let vault = vault_config(preset, 7, made_up(8), made_up(9));
    let reserve = || reserve_config(preset, AssetKind::Sol, [6; 32]).expect("valid");
    let about = Proposal { vault: sol.vault, number: 259, reserve: Some(sol.reserve()), proposer: creator };
    let [propose, open] = open_vault(creator, sol.vault, 1);
    vec![
        ("createVault", instruction::create_vault(creator, vault)),
        ("addReserve", instruction::add_reserve(creator, sol, reserve())),
        ("addReserveProposed", about.add_reserve(creator, sol, reserve())),
        ("openVault", propose),
        ("openVaultExecuted", open),
        ("proposeChange", about.propose(ProposedChange::Open)),
        ("executeChange", about.execute(made_up(10), &[made_up(11), made_up(12)])),
        ("cancelChange", about.cancel(made_up(8))),
    ]
}

fn borrower(owner: Pubkey, sol: &Asset, usdc: &Asset) -> Named {
    let account = Account { vault: sol.vault, owner, id: 513 };
    let reserves = [sol.reserve(), usdc.reserve()];
    vec![
        ("openObligation", instruction::open_obligation(&account)),
        ("closeObligation", instruction::close_obligation(&account)),
        ("deposit", instruction::deposit(&account, sol, 1_000)),
        ("topUp", instruction::top_up(&account, sol, 1_000, &reserves)),
        ("withdraw", instruction::withdraw(&account, sol, u64::MAX, &reserves[1..])),
        ("borrow", instruction::borrow(&account, usdc, 1_001, &reserves)),
        ("repay", instruction::repay(made_up(10), account.obligation(), usdc, 1_002)),
    ]
}

fn anyone(owner: Pubkey, sol: &Asset, usdc: &Asset) -> Named {
    let vault = sol.vault;
    let obligation = Account { vault, owner, id: 513 }.obligation();
    let reserves = [sol.reserve(), usdc.reserve()];
    let tranche = Tranche {
        liquidator: made_up(10),
        obligation,
        debt: usdc,
        deposit: sol,
        reserves: &reserves,
        max_repay: 1_003,
        min_received: 1_004,
        shares_to: None,
    };
    let into_shares = Tranche { shares_to: Some(made_up(13)), ..tranche.clone() };
    let shown = instruction::showing_frozen(instruction::soft_liquidate(&into_shares), &[usdc.tokens()]);
    let fund = Fund { asset: *sol }.address();
    let prices = [(reserves[0], vec![made_up(14)]), (reserves[1], vec![made_up(15), made_up(16)])];
    vec![
        ("refreshReserves", instruction::refresh_composed_reserves(vault, &prices)),
        ("refreshObligation", instruction::refresh_obligation(vault, obligation, &reserves)),
        ("softLiquidate", instruction::soft_liquidate(&tranche)),
        ("softLiquidateIntoShares", insurance::recording_losses(shown, fund)),
        ("softLiquidateAbsorbing", safety::absorbing(instruction::soft_liquidate(&tranche), &reserves)),
        ("collectFees", instruction::collect_fees(sol, &made_up(9))),
        ("attestSolvency", instruction::attest_solvency(vault, &[*sol, *usdc])),
        ("beginAudit", instruction::begin_audit(vault)),
        ("countObligation", instruction::count_obligation(vault, obligation, &reserves)),
        ("finishAudit", instruction::finish_audit(vault, &reserves)),
    ]
}

fn safety_of(owner: Pubkey, sol: &Asset, usdc: &Asset) -> Named {
    let (vault, reserves) = (sol.vault, [sol.reserve(), usdc.reserve()]);
    let obligation = Account { vault, owner: made_up(2), id: 513 }.obligation();
    let guarded = |reserve| tighten(made_up(8), vault, reserve, TightenTo::Guarded, 3_600);
    let absorb = safety::absorb_loss(owner, vault, obligation, &reserves);
    let fund = Fund { asset: *sol }.address();
    vec![
        ("tripByJump", safety::trip_reserve(sol, Signal::Jump)),
        ("tripByDeficit", safety::trip_reserve(sol, Signal::Deficit)),
        ("tripByFrozen", safety::trip_reserve(sol, Signal::Frozen)),
        ("tripByVaultDeficit", safety::trip_reserve(sol, Signal::VaultDeficit)),
        ("tripByVaultLoss", safety::trip_vault(vault, Signal::VaultLoss, &reserves)),
        ("tripByVaultAttestation", safety::trip_vault(vault, Signal::VaultAttestation, &[])),
        ("stepBreaker", safety::step_breaker(vault, Some(reserves[0]))),
        ("stepVaultBreaker", safety::step_breaker(vault, None)),
        ("tighten", guarded(Some(reserves[0]))),
        ("tightenVault", guarded(None)),
        ("absorbLoss", absorb.clone()),
        ("absorbLossRecorded", insurance::recording_losses(absorb, fund)),
    ]
}

fn insurance_of(creator: Pubkey, owner: Pubkey, sol: &Asset, usdc: &Asset) -> Named {
    let fund = Fund { asset: *sol };
    let cover = Cover { payer: owner, lost: *usdc, amount: 1_005, min_paid: 1_006, claim: None };
    let by_claim = Cover { claim: Some(fund.claim(258)), ..cover };
    let (identity, voter) = (made_up(17), made_up(18));
    let bond = fund.wallet(&owner);
    vec![
        ("createFund", insurance::create_fund(creator, &fund, FundRules::BALANCED.into())),
        ("openStake", insurance::open_stake(owner, &fund)),
        ("closeStake", insurance::close_stake(owner, &fund)),
        ("stakeInsurance", insurance::stake_insurance(owner, &fund, 1_007)),
        ("requestUnstake", insurance::request_unstake(owner, &fund, u64::MAX)),
        ("unstake", insurance::unstake(owner, &fund)),
        ("collectInsurance", insurance::collect_insurance(&fund)),
        ("coverLoss", insurance::cover_loss(&fund, &cover)),
        ("coverLossByClaim", insurance::cover_loss(&fund, &by_claim)),
        ("enrollValidator", insurance::enroll_validator(identity, &fund, voter)),
        ("leaveRoll", insurance::leave_roll(identity, &fund, voter)),
        ("callRoll", insurance::call_roll(&fund, &[voter, made_up(19)])),
        ("openClaim", insurance::open_claim(owner, &fund, cover.lost.reserve(), 258, 1_008)),
        ("voteClaim", insurance::vote_claim(identity, fund.claim(258), true)),
        ("settleClaim", insurance::settle_claim(&fund, 258, None)),
        ("settleClaimWithBond", insurance::settle_claim(&fund, 258, Some(bond))),
        ("closeClaim", insurance::close_claim(&fund, 258, owner, None)),
        ("closeClaimWithBond", insurance::close_claim(&fund, 258, owner, Some(bond))),
    ]
}

/// The data, and each account with what it is allowed to do: s signs, w is written.
fn show(instruction: &Instruction) -> Value {
    let accounts: Vec<String> = instruction
        .accounts
        .iter()
        .map(|meta| {
            let (signs, written) =
                (if meta.is_signer { "s" } else { "" }, if meta.is_writable { "w" } else { "" });
            format!("{} {signs}{written}", meta.pubkey).trim_end().to_owned()
        })
        .collect();
    json!({ "data": hex(&instruction.data), "accounts": accounts })
}
