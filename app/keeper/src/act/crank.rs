//! What anyone may do for a vault and nobody is paid for: show its breakers signals, write down that they stepped down, attest
//! solvency, absorb what nobody will repay. A keeper lives off the vault, so it does them for the price of a signature.

use crate::engine::Engine;
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::instruction::Instruction,
};
use ballast::{
    instructions::{reserve_evidence, Signal},
    oracle::now,
    state::{Attestation, Reserve},
};
use ballast_client::{
    decode,
    instruction::{attest_solvency, refresh_composed_reserves},
    insurance::{recording_losses, Fund},
    safety::{absorb_loss, step_breaker, trip_reserve, trip_vault},
    Asset,
};
use ballast_risk::{
    breaker::{Breaker, Change, State, Transition},
    refusal::Checked,
};

/// Reserves that one transaction attests: what fits it without a lookup table.
const ATTESTED_AT_ONCE: usize = 10;
/// Reserves that one transaction refreshes: each with up to two prices.
const REFRESHED_AT_ONCE: usize = 6;

/// Something to be cranked.
#[derive(Clone, Debug, PartialEq)]
pub struct Crank {
    /// What, for people and for not doing it twice.
    pub what: String,
    /// The instruction.
    pub instruction: Instruction,
    /// Whether it is only known by simulating it that there is something to do: a refusal is no failure then.
    pub is_a_try: bool,
}

impl Crank {
    pub(super) fn certain(what: String, instruction: Instruction) -> Self {
        Self { what, instruction, is_a_try: false }
    }

    pub(super) fn a_try(what: String, instruction: Instruction) -> Self {
        Self { what, instruction, is_a_try: true }
    }
}

/// Breakers that have a signal, or a step to take, by the accounts as they are on chain. `tries` adds the vault's own signals, which
/// only the program sums up.
pub fn breakers(engine: &Engine, clock: &Clock, tries: bool) -> Vec<Crank> {
    let Some(vault) = engine.market.vault() else { return vec![] };
    let (key, now) = (engine.vault(), now(clock));
    let mut cranks = vec![];
    let mut guarded = false;
    for index in 0..engine.market.len() {
        let (Some(reserve), Some(address)) = (engine.market.on_chain(index), engine.market.address(index))
        else {
            continue;
        };
        let asset = Asset { vault: key, mint: reserve.mint, token_program: reserve.token_program };
        for signal in SIGNALS {
            if shows(reserve, signal, vault.model.numeraire_group, clock) {
                cranks.push(Crank::certain(
                    format!("show {signal:?} of {address}"),
                    trip_reserve(&asset, signal),
                ));
            }
        }
        if reserve.breaker.as_risk().step(now).is_ok() {
            let step = step_breaker(key, Some(address));
            cranks.push(Crank::certain(format!("step the breaker of {address} down"), step));
        }
        guarded |= reserve.breaker.as_risk().state_at(now) != State::Normal;
    }
    if vault.breaker.as_risk().step(now).is_ok() {
        cranks.push(Crank::certain("step the vault's breaker down".into(), step_breaker(key, None)));
    }
    let listed: Vec<Pubkey> =
        (0..engine.market.len()).filter_map(|index| engine.market.address(index)).collect();
    if tries && guarded {
        for signal in [Signal::VaultGuardedShare, Signal::VaultLoss] {
            let instruction = trip_vault(key, signal, &listed);
            cranks.push(Crank::a_try(format!("show {signal:?}"), instruction));
        }
    }
    cranks
}

/// Signals of a reserve that its account alone shows.
const SIGNALS: [Signal; 8] = [
    Signal::Average,
    Signal::Confidence,
    Signal::Jump,
    Signal::Rate,
    Signal::Stale,
    Signal::Outflow,
    Signal::Inflow,
    Signal::Loss,
];

/// Whether a signal would raise a reserve's breaker now. Where it would only hold it for longer, it is shown once the time is
/// half over, or keepers would show it every second.
fn shows(reserve: &Reserve, signal: Signal, numeraire_group: u8, clock: &Clock) -> bool {
    let now = now(clock);
    let Ok(evidence) = reserve_evidence(reserve, signal, numeraire_group, now) else { return false };
    let breaker = reserve.breaker.as_risk();
    is_worth_showing(breaker, breaker.trip_reserve(reserve.thresholds.as_risk(), &evidence, now), now)
}

/// Whether a signal that leads to this is worth a transaction.
pub(super) fn is_worth_showing(breaker: &Breaker, trip: Checked<Transition>, now: u64) -> bool {
    match trip.map(|transition| transition.change) {
        Ok(Change::Observed | Change::Raised) => true,
        Ok(Change::Extended) => {
            let length = breaker.expires_at.saturating_sub(breaker.entered_at);
            breaker.expires_at.saturating_sub(now) < length / 2
        }
        Ok(Change::Nothing | Change::Lowered) | Err(_) => false,
    }
}

/// Refreshes reserves that positions depend on and whose price on chain is older than `older` seconds, where a newer one is known:
/// whose price nobody refreshes, strangers guard as stale. Prices that would have to be posted first, under an address for which
/// `is_stand_in` holds, are not.
pub fn refreshes(
    engine: &Engine,
    older: u64,
    is_stand_in: impl Fn(&Pubkey) -> bool,
    clock: &Clock,
) -> Vec<Crank> {
    let market = &engine.market;
    let old: Vec<(Pubkey, Vec<Pubkey>)> = (0..market.len())
        .filter_map(|index| {
            let reserve = market.on_chain(index)?;
            let is_used = reserve.debt_positions > 0 || reserve.deposit_positions > 0;
            let accounts = market.wants_refresh(index)?;
            let is_old = is_used && reserve.price_age(now(clock)) >= older;
            (is_old && !accounts.iter().any(&is_stand_in)).then(|| (market.address(index), accounts.to_vec()))
        })
        .filter_map(|(reserve, accounts)| Some((reserve?, accounts)))
        .collect();
    old.chunks(REFRESHED_AT_ONCE)
        .map(|slice| {
            let what = format!("refresh {} reserves from {} on", slice.len(), slice[0].0);
            Crank::certain(what, refresh_composed_reserves(engine.vault(), slice))
        })
        .collect()
}

/// A round of `attest_solvency`, when the last one on chain is older than `every` seconds. `report` is the data of the vault's
/// report account.
pub fn attestation(engine: &Engine, report: Option<&[u8]>, every: u64, clock: &Clock) -> Vec<Crank> {
    let Some(report) = report.and_then(decode::<Attestation>) else { return vec![] };
    if now(clock) < report.last.at.saturating_add(every) {
        return vec![];
    }
    let reserves = (0..engine.market.len()).filter_map(|index| engine.market.on_chain(index));
    let assets: Vec<Asset> = reserves
        .map(|reserve| Asset {
            vault: engine.vault(),
            mint: reserve.mint,
            token_program: reserve.token_program,
        })
        .collect();
    let slices = assets.chunks(ATTESTED_AT_ONCE).enumerate();
    slices
        .map(|(number, slice)| {
            let what = format!("attest solvency, slice {}", number + 1);
            Crank::certain(what, attest_solvency(engine.vault(), slice))
        })
        .collect()
}

/// Absorbs the debts of a book without deposits.
pub fn absorption(engine: &Engine, keeper: Pubkey, obligation: Pubkey, reserves: &[Pubkey]) -> Crank {
    let mut instruction = absorb_loss(keeper, engine.vault(), obligation, reserves);
    let first =
        engine.market.on_chain(0).filter(|_| engine.market.vault().is_some_and(|vault| vault.has_fund == 1));
    if let Some(reserve) = first {
        // Any asset of the vault leads to its fund.
        let asset = Asset { vault: engine.vault(), mint: reserve.mint, token_program: reserve.token_program };
        instruction = recording_losses(instruction, Fund { asset }.address());
    }
    Crank::certain(format!("absorb what {obligation} owes"), instruction)
}
