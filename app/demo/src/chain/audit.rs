//! The final reckoning: what the tranches' events add up to against what the accounts say, to the unit.

use super::{snapshot::Snapshot, world::World};
use crate::asset::{Asset, ASSETS};
use anchor_lang::{prelude::Pubkey, solana_program::program_pack::Pack};
use anchor_spl::token::spl_token::state::Account as TokenAccount;
use anyhow::{bail, Context as _, Result};
use ballast::{
    event::TrancheExecuted,
    state::{Obligation, Side},
};
use ballast_client::{
    account::reserves_of,
    event::{events, Event},
    instruction::refresh_obligation,
};
use serde::Serialize;
use solana_signer::Signer;
use std::collections::BTreeMap;

/// Shares of one position.
type Position = (Pubkey, Pubkey, bool);

/// What one comparison came to.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was compared.
    pub name: String,
    /// How many numbers.
    pub compared: usize,
    /// Those that differ, by name.
    pub differences: Vec<String>,
}

/// Follows every tranche, from a snapshot on.
pub struct Audit {
    /// Shares of every borrower's position, as the events say.
    shares: BTreeMap<Position, u64>,
    /// Tokens in and out of each reserve, and its share of bonuses, as the events say.
    flows: BTreeMap<Pubkey, Flow>,
    /// Each reserve's tokens and insurance at the start.
    start: BTreeMap<Pubkey, (u64, u64)>,
    /// The keeper's tokens at the start.
    keeper: BTreeMap<Asset, u64>,
    broken: Vec<String>,
    tranches: usize,
}

#[derive(Clone, Copy, Default)]
struct Flow {
    repaid: u64,
    paid: u64,
    insurance: u64,
}

fn positions<'a>(obligations: impl Iterator<Item = (Pubkey, &'a Obligation)>) -> BTreeMap<Position, u64> {
    let mut shares = BTreeMap::new();
    for (address, obligation) in obligations {
        for position in obligation.active() {
            shares.insert((address, position.reserve, position.side() == Some(Side::Debt)), position.shares);
        }
    }
    shares
}

fn borrowers<'a>(world: &'a World, snapshot: &'a Snapshot) -> impl Iterator<Item = (Pubkey, &'a Obligation)> {
    let people = world.borrowers.iter().zip(&snapshot.borrowers);
    people.filter_map(|(person, obligation)| Some((person.obligation, obligation.as_ref()?)))
}

fn keeper_tokens(world: &World) -> Result<BTreeMap<Asset, u64>> {
    let wallet = |asset: Asset| {
        ballast_client::address::wallet_tokens(
            &world.keeper.pubkey(),
            &world.mints[asset.index()],
            &anchor_spl::token::ID,
        )
    };
    let accounts = world.validator.accounts(&ASSETS.map(wallet))?;
    let mut tokens = BTreeMap::new();
    for (asset, account) in ASSETS.into_iter().zip(accounts) {
        let account = account.with_context(|| format!("the keeper has no {asset} account"))?;
        tokens.insert(asset, TokenAccount::unpack_from_slice(&account.data)?.amount);
    }
    Ok(tokens)
}

impl Audit {
    /// Begins with the accounts as they are.
    pub fn begin(world: &World, snapshot: &Snapshot) -> Result<Self> {
        let start = snapshot.reserves.iter().map(|(address, state)| {
            let insurance = state.reserve.books.ledger().insurance_down().0;
            (*address, (state.tokens, insurance))
        });
        Ok(Self {
            shares: positions(borrowers(world, snapshot)),
            flows: BTreeMap::new(),
            start: start.collect(),
            keeper: keeper_tokens(world)?,
            broken: vec![],
            tranches: 0,
        })
    }

    /// Adds a tranche.
    pub fn add(&mut self, tranche: &TrancheExecuted) {
        self.tranches += 1;
        let legs = [
            (tranche.debt_reserve, true, tranche.debt_shares),
            (tranche.deposit_reserve, false, tranche.deposit_shares),
        ];
        for (reserve, debt, [before, after]) in legs {
            let known = self.shares.insert((tranche.obligation, reserve, debt), after);
            if known != Some(before) {
                self.broken.push(format!(
                    "tranche {}: {before} shares before it, {known:?} after the one before",
                    self.tranches
                ));
            }
        }
        let debt = self.flows.entry(tranche.debt_reserve).or_default();
        debt.repaid += tranche.repaid;
        let deposit = self.flows.entry(tranche.deposit_reserve).or_default();
        deposit.insurance += tranche.to_insurance;
        if !tranche.paid_in_shares {
            deposit.paid += tranche.to_liquidator;
        }
    }

    /// Compares with the accounts as they are at the end.
    pub fn finish(mut self, world: &World, snapshot: &Snapshot) -> Result<Vec<Check>> {
        self.shares.retain(|_, shares| *shares > 0);
        let mut checks = vec![Check {
            name: "each tranche begins where the one before left the position".into(),
            compared: 2 * self.tranches,
            differences: std::mem::take(&mut self.broken),
        }];
        checks.push(self.positions(&positions(borrowers(world, snapshot))));
        checks.push(totals(world, snapshot));
        checks.push(self.tokens(snapshot));
        checks.push(self.books(snapshot));
        checks.push(self.keeper(world, snapshot)?);
        Ok(checks)
    }

    fn positions(&self, on_chain: &BTreeMap<Position, u64>) -> Check {
        let mut check = Check::new("shares of every position, by the events and by the obligations");
        for position in self.shares.keys().chain(on_chain.keys().filter(|key| !self.shares.contains_key(key)))
        {
            let by = |shares: &BTreeMap<Position, u64>| shares.get(position).copied().unwrap_or(0);
            check.compare(&format!("{position:?}"), by(&self.shares), by(on_chain));
        }
        check
    }

    fn tokens(&self, snapshot: &Snapshot) -> Check {
        let mut check =
            Check::new("tokens of every reserve: at the start + repaid − paid out, and in its token account");
        for (address, state) in &snapshot.reserves {
            let flow = self.flows.get(address).copied().unwrap_or_default();
            let expected = self.start.get(address).map_or(0, |(tokens, _)| *tokens) + flow.repaid;
            let name = format!("{} of the {}", state.asset, state.pool.name());
            check.compare(&name, expected.wrapping_sub(flow.paid), state.tokens);
        }
        check
    }

    fn books(&self, snapshot: &Snapshot) -> Check {
        let mut check =
            Check::new("books of every reserve: free tokens are those of its token account, claims are covered, insurance has its bonuses");
        for (address, state) in &snapshot.reserves {
            let name = format!("{} of the {}", state.asset, state.pool.name());
            let ledger = state.reserve.books.ledger();
            check.compare(&name, ledger.free_tokens.0, state.tokens);
            check.require(&format!("{name}: claims are covered"), ledger.surplus().is_ok());
            let bonuses = self.flows.get(address).map_or(0, |flow| flow.insurance);
            let start = self.start.get(address).map_or(0, |(_, insurance)| *insurance);
            check.require(&format!("{name}: insurance"), ledger.insurance_down().0 >= start + bonuses);
        }
        check
    }

    fn keeper(&self, world: &World, snapshot: &Snapshot) -> Result<Check> {
        let mut check =
            Check::new("the keeper's tokens: at the start − repaid + received, and in its wallet");
        for (asset, tokens) in keeper_tokens(world)? {
            let mut expected = self.keeper.get(&asset).copied().unwrap_or(0);
            for (address, _) in snapshot.reserves.iter().filter(|(_, state)| state.asset == asset) {
                let flow = self.flows.get(address).copied().unwrap_or_default();
                expected = expected.wrapping_sub(flow.repaid).wrapping_add(flow.paid);
            }
            check.compare(asset.symbol(), expected, tokens);
        }
        Ok(check)
    }
}

/// Sums of all positions against the reserves' totals.
fn totals(world: &World, snapshot: &Snapshot) -> Check {
    let mut check = Check::new("positions of everybody add up to the reserves' totals");
    let others = world.others.iter().zip(&snapshot.others);
    let others = others.filter_map(|(person, obligation)| Some((person.obligation, obligation.as_ref()?)));
    let all = positions(borrowers(world, snapshot).chain(others));
    for (address, state) in &snapshot.reserves {
        let sum = |debt: bool| -> u64 {
            all.iter()
                .filter(|((_, reserve, side), _)| reserve == address && *side == debt)
                .map(|(_, shares)| shares)
                .sum()
        };
        let name = format!("{} of the {}", state.asset, state.pool.name());
        check.compare(&format!("{name}, deposits"), sum(false), state.reserve.books.deposit_shares);
        check.compare(&format!("{name}, debts"), sum(true), state.reserve.books.debt_shares);
    }
    check
}

impl Check {
    fn new(name: &str) -> Self {
        Self { name: name.into(), compared: 0, differences: vec![] }
    }

    fn compare<T: PartialEq + std::fmt::Display>(&mut self, name: &str, expected: T, found: T) {
        self.compared += 1;
        if expected != found {
            self.differences.push(format!("{name}: {expected} expected, {found} found"));
        }
    }

    fn require(&mut self, name: &str, holds: bool) {
        self.compared += 1;
        if !holds {
            self.differences.push(format!("{name}: does not hold"));
        }
    }
}

/// Has the program score every borrower, and compares with the engine. Returns the bad debt by the program's own figures,
/// micro-USD.
pub fn scores(world: &World, snapshot: &Snapshot) -> Result<(Check, i128)> {
    let mut check = Check::new(
        "deposits, debts, equity and requirement of every borrower, by the program and by the engine",
    );
    let mut bad_debt = 0;
    for (number, obligation) in snapshot.borrowers.iter().enumerate() {
        let (Some(obligation), Some(score)) = (obligation, snapshot.score(world, number)?) else { continue };
        let person = &world.borrowers[number];
        let vault = world.vaults[person.pool as usize];
        let refresh = refresh_obligation(vault, person.obligation, &reserves_of(obligation));
        let landed = world.validator.send(
            &format!("refresh_obligation of borrower {number}"),
            &[refresh],
            &world.curator,
            &[],
        )?;
        let refreshed = events(&landed.logs).into_iter().find_map(|event| match event {
            Event::ObligationRefreshed(refreshed) => Some(refreshed),
            _ => None,
        });
        let refreshed =
            refreshed.with_context(|| format!("borrower {number} was refreshed without an event"))?;
        let pairs = [
            ("deposits", i128::from(refreshed.collateral), score.collateral.0),
            ("debts", i128::from(refreshed.debt), score.debt.0),
            ("equity", i128::from(refreshed.equity), score.equity().0),
            ("requirement", i128::from(refreshed.requirement), score.requirement.0),
        ];
        for (name, program, engine) in pairs {
            check.compare(&format!("{name} of borrower {number}"), engine, program);
        }
        bad_debt += (i128::from(refreshed.debt) - i128::from(refreshed.collateral)).max(0);
    }
    Ok((check, bad_debt))
}

/// Fails where anything differs, and says what.
pub fn verdict(checks: &[Check]) -> Result<()> {
    let broken: Vec<String> = checks
        .iter()
        .flat_map(|check| {
            check.differences.iter().map(move |difference| format!("{}: {difference}", check.name))
        })
        .collect();
    if broken.is_empty() {
        return Ok(());
    }
    bail!("the totals do not agree with the accounts:\n  {}", broken.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_fails_and_is_named() {
        let mut check = Check::new("tokens");
        check.compare("SOL", 5u64, 5);
        assert!(verdict(&[check.clone()]).is_ok());
        check.compare("USDC", 5u64, 6);
        check.require("books", false);
        let reason = verdict(&[check]).unwrap_err().to_string();
        assert!(
            reason.contains("tokens: USDC: 5 expected, 6 found") && reason.contains("books: does not hold")
        );
    }
}
