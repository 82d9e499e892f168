//! Does on the program what the simulator does, at the same moment, and compares.
//!
//! Nothing may differ: the simulator keeps its positions as shares of the same kind of books, and every number of it comes from the
//! crate that the program runs. So there is no tolerance anywhere.

use super::{
    found::{Difference, Found},
    vault::Vault,
};
use crate::{
    asset::{Asset, ASSETS},
    engine::{legs, Now, Selling, State, Taken, Valued, Watch},
    rules::Rules,
    svm::reason,
    tape::Prices,
};
use anyhow::{Context as _, Result};
use ballast::{
    error::Named as _,
    event::TrancheExecuted,
    state::{Obligation, Reserve, Side},
};
use ballast_client::{plan::Portfolio, Event};
use ballast_risk::{
    score::{score, Score},
    tranche::{best_pair, plan_beside_waiting_pairs, TrancheOutcome},
    DebtShares, DepositShares, RiskError, TokenAmount,
};
use indicatif::ProgressBar;

/// The program beside the simulator.
pub struct Mirror<'a> {
    /// The vault on the program.
    pub vault: Vault,
    /// What was found so far.
    pub found: Found,
    rules: &'a Rules,
    ask_every: usize,
    bar: ProgressBar,
}

impl<'a> Mirror<'a> {
    /// A mirror of this vault. The program is asked about accounts below their requirement at every moment, whether a keeper came or not,
    /// and about everybody every `ask_every` moments.
    pub fn new(vault: Vault, rules: &'a Rules, ask_every: usize, bar: ProgressBar) -> Self {
        Self { vault, found: Found::default(), rules, ask_every: ask_every.max(1), bar }
    }

    /// Compares one number; the first differences are kept with both values.
    fn same<T: PartialEq + std::fmt::Debug>(
        &mut self,
        account: Option<u32>,
        what: &str,
        simulator: T,
        program: T,
    ) -> bool {
        let same = simulator == program;
        if !same {
            self.found.differs(Difference {
                time: self.vault.ledger.now(),
                account,
                what: what.to_string(),
                simulator: format!("{simulator:?}"),
                program: format!("{program:?}"),
            });
        }
        same
    }

    /// Books, losses and depth buckets of all reserves.
    fn compare_reserves(&mut self, reserves: &[Reserve], state: &State) -> Result<()> {
        let simulated = state.reserves.as_ref().context("the simulator keeps no reserves")?;
        for (asset, reserve) in ASSETS.into_iter().zip(reserves) {
            let name = |part: &str| format!("{part} of the {asset} reserve");
            self.same(None, &name("books"), *simulated.ledger(asset), reserve.books.ledger());
            self.same(None, &name("losses"), *simulated.losses(asset), *reserve.losses.as_risk());
            self.same(None, &name("bucket"), state.buckets[asset.index()], *reserve.bucket.as_risk());
            let held = self.vault.held(asset)?;
            self.same(None, &name("tokens"), simulated.ledger(asset).free_tokens.0, held);
            self.found.reserves += 1;
        }
        Ok(())
    }

    /// Amounts, pace meter and score of one account. Returns whether either side says that it is below its requirement.
    fn compare_account(
        &mut self,
        account: u32,
        obligation: Option<&Obligation>,
        reserves: &[Reserve],
        now: &Now,
        state: &State,
    ) -> Result<bool> {
        let mut amounts = [[0; ASSETS.len()]; 2];
        for position in obligation.iter().flat_map(|obligation| obligation.active()) {
            let index = self.vault.asset_of(&position.reserve)?.index();
            let ledger = reserves[index].books.ledger();
            match position.side().context("a position without a side")? {
                Side::Deposit => {
                    amounts[0][index] = ledger.deposit_amount_down(DepositShares(position.shares)).0;
                }
                Side::Debt => amounts[1][index] = ledger.debt_amount_up(DebtShares(position.shares)).0,
            }
        }
        let simulated = &state.accounts[account as usize];
        self.same(Some(account), "deposits", simulated.deposits, amounts[0]);
        self.same(Some(account), "debts", simulated.debts, amounts[1]);
        self.found.positions += 1;
        let Some(obligation) = obligation else { return Ok(false) };
        let meter = state.meters[account as usize];
        self.same(Some(account), "pace meter", meter, *obligation.meter.as_risk());
        let clock = self.vault.clock();
        let find = |key: &_| reserves.get(self.vault.reserves.iter().position(|reserve| reserve == key)?);
        let portfolio = Portfolio::new(&self.vault.state, obligation, &clock, find);
        let program = portfolio.context("a position in an unknown reserve")?.maintenance()?;
        let simulator = self.simulated_score(account, now, state)?;
        self.same(Some(account), "equity and requirement", figures(&simulator), figures(&program));
        self.found.scores += 1;
        Ok(!simulator.is_healthy() || !program.is_healthy())
    }

    fn simulated_score(&self, account: u32, now: &Now, state: &State) -> Result<Score> {
        let valued = Valued::new(&state.accounts[account as usize], &now.prices, self.rules);
        Ok(score(&self.rules.preset.model, valued.book())?)
    }

    /// Asks the program itself what it scores an account at, and whether it would take a tranche of its best pair.
    fn ask(&mut self, account: u32, now: &Now, state: &State) -> Result<()> {
        let Some((equity, requirement)) = self.vault.score(account)? else { return Ok(()) };
        let simulator = self.simulated_score(account, now, state)?;
        self.same(Some(account), "score in the program", figures(&simulator), (equity, requirement));
        self.found.asked += 1;
        if !simulator.is_healthy() {
            self.found.unhealthy += 1;
        }
        let Some((pair, expected)) = expected_tranche(account, now, state, self.rules)? else {
            return Ok(());
        };
        let tranche = self.vault.tranche(account, pair, u64::MAX)?;
        let answer = self.vault.ledger.simulate(&[tranche], &[&self.vault.keeper])?;
        let expected = match expected {
            Ok(outcome) => Ok(amounts(&outcome)),
            Err(error) => Err(named(error)),
        };
        let answer = match answer {
            Ok(landed) => Ok(amounts_of(&executed(landed.events)?)),
            Err(logs) => Err(reason(&logs).map_or_else(|| logs.join("\n"), |reason| reason.to_string())),
        };
        self.found.would_take += usize::from(answer.is_ok());
        self.same(Some(account), "verdict on a tranche", expected, answer);
        Ok(())
    }
}

impl Watch for Mirror<'_> {
    fn begin(&mut self, time: u64, oracle: &Prices) -> Result<()> {
        let events = self.vault.moves_to(time, oracle)?;
        let trips = events.iter().filter(|event| matches!(event, Event::BreakerChanged(_))).count();
        self.found.breaker_changes += trips;
        Ok(())
    }

    fn tranche(&mut self, taken: &Taken) -> Result<()> {
        let fill = taken.fill;
        let tranche = self.vault.tranche(fill.account, [fill.debt, fill.deposit], taken.asked.0)?;
        let before = self.found.difference_count;
        match self.vault.ledger.attempt(&[tranche], &[&self.vault.keeper])? {
            Err(logs) => {
                let reason =
                    reason(&logs).map_or_else(|| logs.join("\n"), |reason| format!("refused: {reason}"));
                self.same(Some(fill.account), "tranche", format!("{:?}", amounts(&taken.outcome)), reason);
            }
            Ok(landed) => {
                self.found.units.push(landed.units);
                let absorbed = |event: &&Event| matches!(event, Event::LossAbsorbed(_));
                self.found.losses_absorbed += landed.events.iter().filter(absorbed).count();
                let event = executed(landed.events)?;
                let simulated = (
                    [fill.repay.0, fill.seize.0, taken.outcome.to_liquidator.0, fill.insurance.0],
                    (taken.plan.bonus.0, taken.plan.limit as u8, taken.plan.backstop, taken.plan.insolvent),
                    [figures(&taken.plan.before), figures(&taken.after)],
                );
                let program = (
                    amounts_of(&event),
                    (event.bonus_ppm, event.limit, event.backstop, event.insolvent),
                    [
                        (event.equity_before, event.requirement_before),
                        (event.equity_after, event.requirement_after),
                    ],
                );
                let account = Some(fill.account);
                self.same(
                    account,
                    "tranche: repaid, seized, to the keeper, insurance",
                    simulated.0,
                    program.0,
                );
                self.same(account, "tranche: bonus, limit, backstop, insolvent", simulated.1, program.1);
                self.same(account, "tranche: equity and requirement around it", simulated.2, program.2);
                self.found.repaid_usd += event.repaid_value as f64 / 1e6;
                self.found.in_shares += usize::from(event.paid_in_shares);
                self.found.insolvent += usize::from(event.insolvent);
            }
        }
        self.found.tranches += 1;
        self.found.asked_for_less += usize::from(taken.asked.0 < u64::MAX);
        self.found.equal_tranches += usize::from(self.found.difference_count == before);
        Ok(())
    }

    fn end(&mut self, now: &Now, state: &State) -> Result<()> {
        let reserves = self.vault.read_reserves()?;
        self.compare_reserves(&reserves, state)?;
        let ask = self.found.moments.is_multiple_of(self.ask_every);
        for account in 0..self.vault.obligations.len() as u32 {
            let obligation = self.vault.read_obligation(account)?;
            let below = self.compare_account(account, obligation.as_ref(), &reserves, now, state)?;
            if ask || below {
                self.ask(account, now, state)?;
            }
        }
        self.found.moments += 1;
        self.bar.inc(1);
        Ok(())
    }
}

/// A pair with what the simulator says that a tranche of it would come to.
type Expected = ([Asset; 2], Result<TrancheOutcome, RiskError>);

/// The best pair of an account, or, where no tranche is possible, its first debt and its first deposit, with what the tranche comes
/// to. `None` for an account without such a pair.
fn expected_tranche(account: u32, now: &Now, state: &State, rules: &Rules) -> Result<Option<Expected>> {
    let valued = Valued::new(&state.accounts[account as usize], &now.prices, rules);
    let first = |is_deposit: bool| valued.positions().iter().position(|(_, deposit)| *deposit == is_deposit);
    let (Some(debt), Some(deposit)) = (first(false), first(true)) else { return Ok(None) };
    let selling = Selling::of(state, &valued, rules);
    let mut request = selling.request(state, account, &valued, rules, now.time);
    let best = best_pair(&request, selling.curves(), selling.buckets())?;
    let (debt, deposit) = best.map_or((debt, deposit), |(debt, deposit, _)| (debt, deposit));
    let pair = [valued.positions()[debt].0, valued.positions()[deposit].0];
    selling.name(&mut request, debt, deposit);
    let legs = legs(state, account, pair, &now.prices);
    request.maximum = legs.debt_price.value_up(TokenAmount(u64::MAX));
    let before = score(request.model, request.book)?;
    let tranche = || -> ballast_risk::Result<TrancheOutcome> {
        let plan = plan_beside_waiting_pairs(&request, before, |i| selling.at(i))?;
        let outcome = plan.settle(&legs)?;
        let (left, _) = state.settle(account, pair, &outcome)?;
        let after = score(request.model, Valued::new(&left, &now.prices, rules).book())?;
        plan.check_after(&after)?;
        Ok(outcome)
    };
    Ok(Some((pair, tranche())))
}

/// The tranche among a transaction's events.
fn executed(events: Vec<Event>) -> Result<TrancheExecuted> {
    let tranche = events.into_iter().find_map(|event| match event {
        Event::TrancheExecuted(tranche) => Some(tranche),
        _ => None,
    });
    tranche.context("a tranche landed without its event")
}

/// Equity and requirement as events carry them.
fn figures(score: &Score) -> (i64, u64) {
    (score.equity().clamp_i64(), score.requirement.clamp_u64())
}

fn amounts(outcome: &TrancheOutcome) -> [u64; 4] {
    [outcome.repay.0, outcome.seize.0, outcome.to_liquidator.0, outcome.insurance.0]
}

fn amounts_of(tranche: &TrancheExecuted) -> [u64; 4] {
    [tranche.repaid, tranche.seized, tranche.to_liquidator, tranche.to_insurance]
}

/// What the program says for an error of the risk crate.
fn named(error: RiskError) -> String {
    match Err::<(), _>(error).named() {
        Err(anchor_lang::error::Error::AnchorError(error)) => error.error_msg,
        other => format!("{other:?}"),
    }
}
