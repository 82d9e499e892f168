//! The second act: the alt vault's asset dies. Breakers rise, books become insolvent and are closed, lenders bear what is left, proofs are
//! made, and not a byte of the main vault changes. Every line is taken from events and accounts.

use super::cast::Cast;
use anchor_lang::prelude::{Clock, Pubkey};
use anyhow::{bail, Context as _, Result};
use ballast::{
    event::{BreakerChanged, LossAbsorbed, TrancheExecuted},
    instructions::Signal,
    state::{Attestation, Audit, Obligation, Reserve, Vault},
};
use ballast_client::{
    account::reserves_of,
    address, decode,
    instruction::{
        attest_solvency, begin_audit, count_obligation, finish_audit, soft_liquidate, withdraw, Tranche,
    },
    insurance::{recording_losses, Fund},
    plan::Portfolio,
    safety::{absorbing, trip_reserve, trip_vault},
    verify::{verify, Evidence, Fetched},
    Event,
};
use ballast_lab::svm::Token;
use ballast_risk::{
    breaker::{Cause, State},
    Usd,
};
use serde::Serialize;

/// One moment of the act.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Seconds since the act began.
    pub seconds: u64,
    /// What it is about: price, breaker, tranche, loss, refusal, claim, proof.
    pub kind: &'static str,
    /// What happened.
    pub text: String,
}

/// The state of the alt vault at one moment, for the plot.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Frame {
    /// Seconds since the act began.
    pub seconds: u64,
    /// Dollars of the alt.
    pub alt: f64,
    /// Breaker of the alt's reserve, 0 to 3.
    pub alt_state: u8,
    /// Breaker of the stable's reserve.
    pub usdc_state: u8,
    /// Dollars that borrowers owe.
    pub debt: f64,
    /// What a dollar lent at the beginning is worth.
    pub lent_dollar: f64,
}

/// The whole act.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Act {
    /// When it begins, seconds since the epoch.
    pub began: u64,
    /// What happened, in order.
    pub lines: Vec<Line>,
    /// The alt vault over time.
    pub frames: Vec<Frame>,
    /// Dollars that lenders bore.
    pub lost: f64,
    /// Dollars that came back from the fund.
    pub recovered: f64,
    /// Accounts of the main vault whose bytes were compared.
    pub untouched_accounts: usize,
}

/// Plays it.
pub struct Story {
    /// Who is there.
    pub cast: Cast,
    /// The fund behind the alt vault.
    pub fund: Fund,
    /// What happened so far.
    pub act: Act,
}

/// The alt's fall: seconds after the last moment, dollars.
const FALL: [(u64, f64); 8] =
    [(60, 2.4), (45, 1.9), (45, 1.7), (120, 1.2), (180, 0.3), (240, 0.1), (240, 0.05), (240, 0.01)];

impl Story {
    /// Before anything happens.
    pub fn new(cast: Cast, fund: Fund) -> Self {
        let began = cast.ledger.now();
        Self { cast, fund, act: Act { began, ..Act::default() } }
    }

    /// Writes a line, and says it.
    pub fn say(&mut self, kind: &'static str, text: String) {
        let seconds = self.cast.ledger.now() - self.act.began;
        println!("{:>7}  {kind:<8} {text}", clock(seconds));
        self.act.lines.push(Line { seconds, kind, text });
    }

    /// The asset dies.
    pub fn fall(&mut self) -> Result<()> {
        self.frame()?;
        for (number, (seconds, dollars)) in FALL.into_iter().enumerate() {
            self.cast.ledger.pass(seconds);
            self.cast.alt.moves_to(dollars, seconds);
            let events = self.cast.refresh(self.cast.alt_vault)?;
            self.say("price", format!("ALT ${dollars}"));
            self.tell(&events);
            if number == 2 {
                self.guarded()?;
            }
            self.liquidate()?;
            self.frame()?;
        }
        Ok(())
    }

    /// While the reserve is guarded, new debt against it is refused, and lenders leave by a daily share.
    fn guarded(&mut self) -> Result<()> {
        let borrower = &self.cast.borrowers[4];
        let (account, key, usdc) = (borrower.account, borrower.key.insecure_clone(), self.cast.usdc());
        let reserves = self.cast.reserves(&account)?;
        let more = ballast_client::instruction::borrow(
            &account,
            &usdc.asset(account.vault),
            usdc.units(100.0),
            &reserves,
        );
        let reason = self.cast.ledger.refused("borrowing against a guarded asset", &[more], &[&key])?;
        self.say("refusal", format!("borrowing more against ALT: {reason}"));
        Ok(())
    }

    /// Somebody takes every tranche there is, however bad the market.
    fn liquidate(&mut self) -> Result<()> {
        for number in 0..self.cast.borrowers.len() {
            let account = self.cast.borrowers[number].account;
            for _ in 0..32 {
                if self.cast.ledger.account(&account.obligation()).is_none() {
                    break;
                }
                let obligation: Obligation = self.cast.obligation(&account)?;
                let Some((debt, deposit)) = self.pair(&obligation)? else { break };
                let keeper = self.cast.keeper.key.insecure_clone();
                let tranche = soft_liquidate(&Tranche {
                    liquidator: self.cast.keeper.account.owner,
                    obligation: account.obligation(),
                    debt: &debt.asset(account.vault),
                    deposit: &deposit.asset(account.vault),
                    reserves: &reserves_of(&obligation),
                    max_repay: u64::MAX,
                    min_received: 0,
                    shares_to: Some(self.cast.keeper.account.obligation()),
                });
                let tranche = absorbing(tranche, &[debt.asset(account.vault).reserve()]);
                let tranche = recording_losses(tranche, self.fund.address());
                let events = self.cast.ledger.send("a tranche", &[tranche], &[&keeper])?;
                self.tell(&events);
            }
        }
        Ok(())
    }

    /// The best pair of a book, by the engine that the program runs.
    fn pair(&self, obligation: &Obligation) -> Result<Option<(Token, Token)>> {
        let vault: Vault = self.cast.ledger.state(&self.cast.alt_vault)?;
        let tokens = self.cast.tokens(self.cast.alt_vault);
        let reserves = tokens
            .iter()
            .map(|token| {
                let key = token.asset(self.cast.alt_vault).reserve();
                Ok((key, self.cast.ledger.state::<Reserve>(&key)?))
            })
            .collect::<Result<Vec<_>>>()?;
        let clock: Clock = self.cast.ledger.svm.get_sysvar();
        let find = |key: &Pubkey| reserves.iter().find(|(at, _)| at == key).map(|(_, reserve)| reserve);
        let portfolio = Portfolio::new(&vault, obligation, &clock, find).context("a reserve is missing")?;
        if portfolio.maintenance()?.is_healthy() {
            return Ok(None);
        }
        let Some((debt, deposit, _)) = portfolio.best_tranche(Usd(i128::MAX))? else { return Ok(None) };
        let token = |position: usize| {
            let reserve = obligation.positions[position].reserve;
            tokens.iter().copied().find(|token| token.asset(self.cast.alt_vault).reserve() == reserve)
        };
        Ok(token(debt).zip(token(deposit)))
    }

    /// Anyone shows that lenders lost enough for the whole vault to be held back.
    pub fn trip(&mut self) -> Result<()> {
        let (vault, curator) = (self.cast.alt_vault, self.cast.curator.insecure_clone());
        let reserves: Vec<Pubkey> =
            self.cast.tokens(vault).iter().map(|token| token.asset(vault).reserve()).collect();
        let trip = trip_vault(vault, Signal::VaultLoss, &reserves);
        let events = self.cast.ledger.send("trip_breaker", &[trip], &[&curator])?;
        self.tell(&events);
        self.frame()
    }

    /// Six hours later nobody publishes the alt any more.
    pub fn fall_silent(&mut self) -> Result<()> {
        self.cast.ledger.pass(6 * 3_600);
        let stale = trip_reserve(&self.cast.alt.asset(self.cast.alt_vault), Signal::Stale);
        let curator = self.cast.curator.insecure_clone();
        let events = self.cast.ledger.send("trip_breaker", &[stale], &[&curator])?;
        self.tell(&events);
        self.frame()
    }

    /// The alt vault's lender leaves by its share.
    pub fn leave(&mut self) -> Result<()> {
        let (account, key, usdc) =
            (self.cast.lender.account, self.cast.lender.key.insecure_clone(), self.cast.usdc());
        let asset = usdc.asset(account.vault);
        let all = withdraw(&account, &asset, u64::MAX, &[]);
        let reason = self.cast.ledger.refused("leaving with everything", &[all], &[&key])?;
        self.say("refusal", format!("the lender leaving with everything at once: {reason}"));
        let part = withdraw(&account, &asset, usdc.units(LEAVES), &[]);
        self.cast.ledger.send("leaving with a share", &[part], &[&key])?;
        self.say("exit", format!("the lender takes ${LEAVES} of its daily share"));
        Ok(())
    }

    /// Attests and audits the alt vault, and verifies it from the raw accounts.
    pub fn prove(&mut self) -> Result<()> {
        let (vault, curator) = (self.cast.alt_vault, self.cast.curator.insecure_clone());
        let assets: Vec<_> = self.cast.tokens(vault).iter().map(|token| token.asset(vault)).collect();
        self.cast.ledger.send("attest_solvency", &[attest_solvency(vault, &assets)], &[&curator])?;
        let report: Attestation = self.cast.ledger.state(&address::attestation(&vault))?;
        self.say(
            "proof",
            format!(
                "attested at slot {}: assets ${:.0}, claims ${:.0}, tokens held ${:.0}, failing reserves {}",
                report.last.last_slot,
                report.last.assets as f64 / 1e6,
                report.last.claims as f64 / 1e6,
                report.last.unique_collateral as f64 / 1e6,
                report.last.failing.count_ones(),
            ),
        );
        self.cast.ledger.send("begin_audit", &[begin_audit(vault)], &[&curator])?;
        let obligations = self.obligations(vault);
        for key in &obligations {
            let obligation: Obligation = self.cast.ledger.state(key)?;
            let count = count_obligation(vault, *key, &reserves_of(&obligation));
            self.cast.ledger.send("count", &[count], &[&curator])?;
        }
        let reserves: Vec<Pubkey> = assets.iter().map(|asset| asset.reserve()).collect();
        self.cast.ledger.send("finish_audit", &[finish_audit(vault, &reserves)], &[&curator])?;
        let audit: Audit = self.cast.ledger.state(&address::audit(&vault))?;
        let beyond = audit.last.beyond_collection as f64 / 1e6;
        self.say(
            "proof",
            format!(
                "audited: the books are the sum of {} obligations, ${beyond:.2} beyond collection",
                audit.last.obligations
            ),
        );
        let evidence = self.evidence(vault)?;
        match verify(&evidence) {
            Ok(proof) => self
                .say("proof", format!("verified from raw accounts: {} reserves agree", proof.reserves.len())),
            Err(found) => bail!("the client's verifier disagrees: {found:?}"),
        }
        Ok(())
    }

    /// Meanwhile, in the main vault: a lender leaves with everything at once, and a borrower borrows more.
    pub fn neighbours(&mut self) -> Result<()> {
        self.cast.refresh(self.cast.main)?;
        let [saver, holder] = [0, 1].map(|i| {
            let person = &self.cast.neighbours[i];
            (person.account, person.key.insecure_clone())
        });
        let usdc = self.cast.usdc();
        self.cast.borrow(holder.0, &holder.1, usdc, 5_000.0)?;
        self.say("price", "main vault: a borrower borrows $5000 more".into());
        let half = withdraw(&saver.0, &usdc.asset(saver.0.vault), usdc.units(100_000.0), &[]);
        self.cast.ledger.send("leaving", &[half], &[&saver.1])?;
        self.say("exit", "main vault: a lender takes $100000 at once".into());
        Ok(())
    }

    fn obligations(&self, vault: Pubkey) -> Vec<Pubkey> {
        let all = self.cast.ledger.svm.get_program_accounts(&ballast::ID).into_iter();
        let of_vault = all.filter(|(_, account)| {
            decode::<Obligation>(&account.data).is_some_and(|obligation| obligation.vault == vault)
        });
        of_vault.map(|(key, _)| key).collect()
    }

    fn evidence(&self, vault: Pubkey) -> Result<Evidence> {
        let fetch = |key: Pubkey| -> Result<Fetched> {
            let account = self.cast.ledger.account(&key).with_context(|| format!("no account at {key}"))?;
            Ok(Fetched { key, owner: account.owner, data: account.data })
        };
        let assets: Vec<_> = self.cast.tokens(vault).iter().map(|token| token.asset(vault)).collect();
        Ok(Evidence {
            vault: fetch(vault)?,
            reserves: assets.iter().map(|asset| fetch(asset.reserve())).collect::<Result<_>>()?,
            token_accounts: assets.iter().map(|asset| fetch(asset.tokens())).collect::<Result<_>>()?,
            obligations: self.obligations(vault).into_iter().map(fetch).collect::<Result<_>>()?,
            now: self.cast.ledger.now(),
        })
    }

    /// Every byte of the main vault, its reserves, tokens, reports and obligations.
    pub fn main_vault(&self) -> Result<Vec<(Pubkey, Vec<u8>)>> {
        let vault = self.cast.main;
        let mut keys = vec![vault, address::attestation(&vault), address::audit(&vault)];
        for token in self.cast.tokens(vault) {
            keys.extend([token.asset(vault).reserve(), token.asset(vault).tokens()]);
        }
        keys.extend(self.obligations(vault));
        keys.into_iter()
            .map(|key| Ok((key, self.cast.ledger.account(&key).with_context(|| format!("no {key}"))?.data)))
            .collect()
    }

    /// Says what a transaction's events say.
    pub fn tell(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::BreakerChanged(event) => self.say("breaker", breaker(event, &self.names())),
                Event::TrancheExecuted(event) => self.say("tranche", tranche(event)),
                Event::LossAbsorbed(event) => {
                    self.act.lost += event.lenders_value as f64 / 1e6;
                    self.say("loss", loss(event));
                }
                _ => {}
            }
        }
    }

    fn names(&self) -> Vec<(Pubkey, &'static str)> {
        let vault = self.cast.alt_vault;
        self.cast.tokens(vault).iter().map(|token| (token.asset(vault).reserve(), token.name)).collect()
    }

    /// Notes how the alt vault stands.
    pub fn frame(&mut self) -> Result<()> {
        let (vault, now) = (self.cast.alt_vault, self.cast.ledger.now());
        let reserve = |token: Token| self.cast.ledger.state::<Reserve>(&token.asset(vault).reserve());
        let (alt, usdc) = (reserve(self.cast.alt)?, reserve(self.cast.usdc())?);
        let state = |reserve: &Reserve| reserve.breaker.as_risk().state_at(now) as u8;
        let ledger = usdc.accrued_ledger(now);
        self.act.frames.push(Frame {
            seconds: now - self.act.began,
            alt: self.cast.alt.dollars,
            alt_state: state(&alt),
            usdc_state: state(&usdc),
            debt: ledger.total_debt_up().0 as f64 / 1e6,
            lent_dollar: ledger.deposit_index as f64 / 2f64.powi(64),
        });
        Ok(())
    }
}

/// What the lender takes of its first daily share, dollars.
const LEAVES: f64 = 20_000.0;

/// A moment of the act, for people.
pub fn clock(seconds: u64) -> String {
    match seconds {
        s if s < 86_400 => format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60),
        s => format!("day {}", s / 86_400),
    }
}

fn breaker(event: &BreakerChanged, names: &[(Pubkey, &'static str)]) -> String {
    let whose = match event.reserve {
        Some(key) => names.iter().find(|(at, _)| *at == key).map_or("a reserve", |(_, name)| name),
        None => "the vault",
    };
    let (from, to) = (State::from_stored(event.from), State::from_stored(event.to));
    let why = cause(event);
    match event.change {
        0 => format!("{whose}: {why}; a second observation must confirm it"),
        _ if from == to => format!("{whose}: {to:?} for longer: {why}"),
        _ => format!("{whose}: {from:?} → {to:?}: {why}"),
    }
}

/// What was measured, in words.
fn cause(event: &BreakerChanged) -> String {
    let bps = |value: u64| format!("{:.1} %", value as f64 / 100.0);
    let (measured, limit) = (bps(event.measured), bps(event.limit));
    match Cause::from_stored(event.cause) {
        Cause::Average => format!("{measured} off its average, limit {limit}"),
        Cause::Jump => format!("a jump of {measured}, limit {limit}"),
        Cause::Confidence => format!("uncertain by {measured}, limit {limit}"),
        Cause::Rate => format!("{measured} off its rate, limit {limit}"),
        Cause::Loss => format!("lenders lost {measured} in a day, limit {limit}"),
        Cause::GuardedShare => format!("{measured} of collateral is held back, limit {limit}"),
        Cause::Stale => format!("no new price for {} minutes", event.measured / 60),
        cause => format!("{cause:?}, {} of {}", event.measured, event.limit),
    }
}

fn tranche(event: &TrancheExecuted) -> String {
    let (repaid, bonus) = (event.repaid_value as f64 / 1e6, f64::from(event.bonus_ppm) / 1e4);
    let insolvent = if event.insolvent { ", insolvent: at the lowest bonus" } else { "" };
    format!("${repaid:.0} repaid for ALT, bonus {bonus:.2} %{insolvent}")
}

fn loss(event: &LossAbsorbed) -> String {
    let usd = |units: u64| units as f64 / 1e6;
    format!(
        "${:.2} written off: insurance ${:.2}, fees ${:.2}, lenders ${:.2}",
        usd(event.debt),
        usd(event.insurance),
        usd(event.fees),
        usd(event.lenders)
    )
}
