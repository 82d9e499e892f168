//! Lenders without debt leave, from every state, as soon as there are tokens.

use crate::{outcome::Outcome, setup::named, world::World};
use anchor_lang::{
    prelude::Pubkey,
    solana_program::{instruction::Instruction, system_program},
};
use ballast::state::{Obligation, Reserve, Side};
use ballast_client::{address::Asset, instruction};
use ballast_risk::DepositShares;
use ballast_tests::Cluster as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Half days of a full exit at worst, with one for the boundary.
const HALF_DAYS: usize = 15;
/// Refusals that only ask for time.
const DELAYS: [&str; 2] = ["OutflowBucketEmpty", "ExitShareSpent"];

/// Somebody repays every debt of a reserve; a lender of it is out within a week, whatever the breakers say and though no price comes.
pub fn leave(world: &World, seed: u64) -> Result<bool, String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let lenders: Vec<(Pubkey, Obligation)> = world
        .obligations
        .keys()
        .filter_map(|key| Some((*key, world.svm.state::<Obligation>(key)?)))
        .filter(|(_, obligation)| !obligation.has_debt() && !obligation.active().is_empty())
        .collect();
    let Some(place) = rng.random_range(0..=u32::MAX).checked_rem(lenders.len() as u32) else {
        return Ok(false);
    };
    let (key, lender) = &lenders[place as usize];
    let position = lender.active()[rng.random_range(0..lender.active().len())];
    let Some(reserve) = world.svm.state::<Reserve>(&position.reserve) else { return Ok(false) };
    let asset = Asset { vault: reserve.vault, mint: reserve.mint, token_program: reserve.token_program };
    let Some(account) = world.obligations.get(key) else { return Ok(false) };
    // debts in an older layout have to migrate first, and what vanished nobody has
    let house = world.houses.iter().find(|house| house.key == reserve.vault);
    if world.is_short(&reserve) || house.is_none_or(|house| !world.old(house).is_empty()) {
        return Ok(false);
    }
    let mut copy = world.clone();
    if !repay_all(&mut copy, &asset)? {
        return Ok(false);
    }
    for _ in 0..=HALF_DAYS {
        // all, or as much as may leave today
        for part in [1, 2, 4, 8, 16] {
            let held = worth(&copy, key, &position.reserve);
            let amount = if part == 1 { u64::MAX } else { held / part };
            match send(&mut copy, instruction::withdraw(account, &asset, amount, &[])) {
                Outcome::Landed { .. } if part == 1 => return Ok(true),
                Outcome::Landed { .. } => break,
                Outcome::Refused { name, .. } if DELAYS.contains(&name.as_str()) => {}
                Outcome::Refused { name, .. } if name == "ZeroAmount" && (held == 0 || part > 1) => {
                    if held == 0 {
                        return Ok(true);
                    }
                }
                outcome => return Err(format!("{key} cannot leave {}: {outcome:?}", position.reserve)),
            }
        }
        copy.svm.go_on(100_000, 43_200);
    }
    let state = copy.svm.state::<Reserve>(&position.reserve).map(|reserve| (reserve.flows, reserve.breaker));
    Err(format!("{key} has not left {} within a week: {position:?} {state:?}", position.reserve))
}

/// Token units that a deposit is worth.
fn worth(world: &World, key: &Pubkey, reserve: &Pubkey) -> u64 {
    let shares = world.svm.state::<Obligation>(key).map(|o| o.position(reserve, Side::Deposit));
    let Some(Ok((_, shares))) = shares else { return 0 };
    let ledger = world.svm.state::<Reserve>(reserve).map(|r| r.accrued_ledger(crate::build::now(world)));
    ledger.map_or(0, |ledger| ledger.deposit_amount_down(DepositShares(shares)).0)
}

/// A stranger repays all debts of a reserve. `false` where its token account is frozen.
fn repay_all(world: &mut World, asset: &Asset) -> Result<bool, String> {
    let rich = named("repayer", 0);
    world.svm.set_account(rich, system_program::ID, vec![]);
    let Some(market) = world.markets.iter().find(|market| market.mint == asset.mint).copied() else {
        return Ok(false);
    };
    market.fund(&mut world.svm, &rich, 1 << 62);
    let reserve = asset.reserve();
    let owing: Vec<Pubkey> = world
        .obligations
        .keys()
        .filter(|key| {
            let obligation = world.svm.state::<Obligation>(key);
            obligation.is_some_and(|obligation| obligation.position(&reserve, Side::Debt).is_ok())
        })
        .copied()
        .collect();
    if world.svm.state::<Reserve>(&reserve).is_none_or(|reserve| is_frozen(world, &reserve.token_account)) {
        return Ok(false);
    }
    for debtor in owing {
        let repay = instruction::repay(rich, debtor, asset, u64::MAX);
        let outcome = send(world, repay);
        if !outcome.landed() {
            return Err(format!("the debt of {debtor} cannot be repaid: {outcome:?}"));
        }
    }
    Ok(true)
}

/// Whether an issuer froze a token account.
pub fn is_frozen(world: &World, tokens: &Pubkey) -> bool {
    use anchor_spl::token_2022::spl_token_2022::{
        extension::StateWithExtensions, state::Account as TokenState,
    };
    use solana_account::ReadableAccount as _;
    world.svm.account(tokens).is_some_and(|account| {
        StateWithExtensions::<TokenState>::unpack(account.data()).is_ok_and(|state| state.base.is_frozen())
    })
}

fn send(world: &mut World, instruction: Instruction) -> Outcome {
    let instructions = [instruction];
    let sent = world.svm.send(&instructions);
    Outcome::of(&world.svm, &instructions, sent)
}
