//! How much leaves where only a share may leave, counted anew over time: neither by what positions say that they took, nor by what breakers
//! say about when they left Normal.

use super::{Asked, Verdict};
use crate::{ensure, reference::books, step::Step, svm::is_old};
use anchor_lang::prelude::Pubkey;
use ballast::state::{safety::Breaker, Obligation, Reserve, Side, Vault};
use ballast_risk::{breaker::State, Seconds};
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// The law's name.
pub const SHARE: &str = "whoever leaves takes the own share";
/// Seconds of a day.
const DAY: Seconds = 86_400;
/// A count of shares is forgotten after this.
const FORGOTTEN_AFTER: Seconds = 14 * DAY;

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Exits {
    /// Vaults and reserves outside Normal.
    outside: BTreeMap<Pubkey, Outside>,
    /// Shares that left, by obligation and reserve.
    taken: BTreeMap<(Pubkey, Pubkey), Count>,
    /// Shares that left a reserve that winds down, since when.
    left: BTreeMap<Pubkey, (Seconds, u64)>,
}

/// Since when a breaker is outside Normal, and in WindDown.
#[derive(Clone, Copy, Debug)]
struct Outside {
    since: Seconds,
    winding_since: Option<Seconds>,
}

/// By which rule a share is counted, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A share of the own deposit a day. Of a reserve and a vault that are both outside Normal the earlier counts.
    Daily(Seconds),
    /// The own part of what is free.
    ProRata(Seconds),
}

/// What left by shares since when. One restriction goes on where another ended: the days before it count as far as shares were taken for
/// them, so that nobody gets a first share twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Shares.
    pub taken: u64,
    /// Since when.
    pub since: Seconds,
}

/// A withdrawal from a position.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// Shares that it held and that left before, together.
    pub base: u64,
    /// Shares that left before, and with this.
    pub taken: u64,
}

impl Exits {
    /// Looks at a landed call. `Ok(false)` where nothing left by a share.
    pub fn record(&mut self, step: &Step) -> Asked {
        // what an older layout says of shares is nothing
        for old in step.changed.iter().filter(|key| step.before.account(key).is_some_and(is_old)) {
            self.outside.remove(old);
            self.left.remove(old);
            self.taken.retain(|(obligation, reserve), _| obligation != old && reserve != old);
        }
        let now = step.now();
        for (key, before, after) in step.changed::<Reserve>() {
            self.watch(key, before.map(|reserve| reserve.breaker), after.map(|reserve| reserve.breaker), now);
        }
        for (key, before, after) in step.changed::<Vault>() {
            self.watch(key, before.map(|vault| vault.breaker), after.map(|vault| vault.breaker), now);
        }
        let mut asked = false;
        if step.has("withdraw") {
            for (key, before, after) in step.changed::<Obligation>() {
                let Some(before) = before else { continue };
                asked |= self.withdrawals(step, key, &before, after.as_ref())?;
            }
        }
        if step.has("deposit") {
            for (key, before, after) in step.changed::<Obligation>() {
                self.returns(step, key, before.as_ref(), after.as_ref());
            }
        }
        // whoever is gone begins anew
        for (key, before, after) in step.changed::<Obligation>() {
            for position in before.iter().flat_map(|before| before.active()) {
                let held =
                    after.as_ref().and_then(|after| after.position(&position.reserve, Side::Deposit).ok());
                if held.is_none() {
                    self.taken.remove(&(key, position.reserve));
                }
            }
        }
        Ok(asked)
    }

    fn watch(&mut self, key: Pubkey, before: Option<Breaker>, after: Option<Breaker>, now: Seconds) {
        let state = |breaker: &Breaker| breaker.as_risk().state_at(now);
        let Some(after) = after else { return };
        let (then, new) = (before.as_ref().map_or(State::Normal, state), state(&after));
        if new == State::Normal {
            self.outside.remove(&key);
            return;
        }
        let mut held = match self.outside.get(&key) {
            Some(held) if then != State::Normal => *held,
            _ if then == State::Normal => Outside { since: now, winding_since: None },
            // it was so when the world began
            _ => trusted(&after),
        };
        match new {
            State::WindDown if then != State::WindDown => held.winding_since = Some(now),
            State::WindDown => {}
            _ => held.winding_since = None,
        }
        self.outside.insert(key, held);
    }

    /// By which rule a reserve's deposits leave now; `None` in Normal.
    fn rule(&self, vault: (&Pubkey, &Vault), reserve: (&Pubkey, &Reserve), now: Seconds) -> Option<Rule> {
        let held = [(vault.0, &vault.1.breaker), (reserve.0, &reserve.1.breaker)];
        let held = held.map(|(key, breaker)| {
            let outside = self.outside.get(key).copied().unwrap_or_else(|| trusted(breaker));
            (breaker.as_risk().state_at(now), outside)
        });
        let outside = || held.iter().filter(|(state, _)| *state != State::Normal).map(|(_, outside)| outside);
        let winding = held.iter().filter(|(state, _)| *state == State::WindDown);
        let winding = winding.filter_map(|(_, outside)| outside.winding_since).min();
        winding.map(Rule::ProRata).or_else(|| outside().map(|outside| outside.since).min().map(Rule::Daily))
    }

    /// The rule that a call found, and the reserve: it looks at the tokens first, and what it sees counts for itself.
    fn found(&self, step: &Step, vault: &Pubkey, reserve: &Pubkey) -> Option<(Option<Rule>, Reserve)> {
        let (books, house) = step.after.state::<Reserve>(reserve).zip(step.after.state::<Vault>(vault))?;
        Some((self.rule((vault, &house), (reserve, &books), step.now()), books))
    }

    /// Who brings back what left by its shares has taken that much less, where the reserve does not wind down.
    fn returns(&mut self, step: &Step, key: Pubkey, before: Option<&Obligation>, after: Option<&Obligation>) {
        let Some(after) = after else { return };
        for position in after.active().iter().filter(|position| position.side() == Some(Side::Deposit)) {
            let held = before.and_then(|before| before.position(&position.reserve, Side::Deposit).ok());
            let came = position.shares.saturating_sub(held.map_or(0, |(_, shares)| shares));
            let (Some((rule, _)), true) = (self.found(step, &after.vault, &position.reserve), came > 0)
            else {
                continue;
            };
            if !matches!(rule, Some(Rule::ProRata(_))) {
                if let Some(count) = self.taken.get_mut(&(key, position.reserve)) {
                    count.taken = count.taken.saturating_sub(came);
                }
            }
        }
    }

    fn withdrawals(
        &mut self,
        step: &Step,
        key: Pubkey,
        before: &Obligation,
        after: Option<&Obligation>,
    ) -> Asked {
        let mut asked = false;
        for position in before.active().iter().filter(|position| position.side() == Some(Side::Deposit)) {
            let held = after.and_then(|after| after.position(&position.reserve, Side::Deposit).ok());
            let gone = position.shares.saturating_sub(held.map_or(0, |(_, shares)| shares));
            let (Some((rule, reserve)), true) =
                (self.found(step, &before.vault, &position.reserve), gone > 0)
            else {
                continue;
            };
            let place = (key, position.reserve);
            let (held, daily_share) = (position.shares, reserve.flow_rules.daily_share);
            let count = self.taken.get(&place).copied().unwrap_or_default();
            let Some(rule) = rule else {
                // in Normal shares count where the bucket was empty, and whether it was, only the position says
                let booked = after.is_some_and(|after| {
                    let flow = after.flow(&position.reserve);
                    (flow.taken, flow.since) != (position.flow.taken, position.flow.since)
                });
                if booked {
                    let Count { taken, since } = count.until(step.now(), held, daily_share);
                    self.taken.insert(place, Count { taken: taken.saturating_add(gone), since });
                }
                continue;
            };
            let Count { taken, since } = count.under(rule, held, daily_share);
            let exit = Exit { base: held.saturating_add(taken), taken: taken.saturating_add(gone) };
            self.check(step, &position.reserve, &reserve, (rule, since), exit, gone)
                .map_err(|words| format!("{key} left {}: {words}", position.reserve))?;
            self.taken.insert(place, Count { taken: exit.taken, since });
            asked = true;
        }
        Ok(asked)
    }

    fn check(
        &mut self,
        step: &Step,
        key: &Pubkey,
        reserve: &Reserve,
        (rule, counts_since): (Rule, Seconds),
        exit: Exit,
        gone: u64,
    ) -> Verdict {
        let since = match rule {
            Rule::Daily(_) => {
                let seconds = step.now().saturating_sub(counts_since);
                return check_daily(exit, reserve.flow_rules.daily_share, seconds);
            }
            Rule::ProRata(since) => since,
        };
        let left = self.left.get(key).filter(|(from, _)| *from == since).map_or(0, |(_, left)| *left);
        self.left.insert(*key, (since, left.saturating_add(gone)));
        let Some(before) = step.before.state::<Reserve>(key) else { return Ok(()) };
        let Some(accrued) = books::accrued(&before, step.now()) else { return Ok(()) };
        let deposits = accrued.worth(before.books.deposit_shares).low;
        check_pro_rata(exit, before.books.deposit_shares, left, before.books.free_tokens, &deposits)
    }
}

impl Count {
    /// As a rule takes it up, for a position that holds so many shares.
    pub fn under(self, rule: Rule, held: u64, daily_share: u16) -> Self {
        match rule {
            Rule::Daily(since) if self.since < since => self.until(since, held, daily_share),
            Rule::ProRata(since) if self.since != since => Self { taken: 0, since },
            _ => self,
        }
    }

    /// With no more days up to this time than shares were taken for; forgotten after two weeks.
    pub fn until(self, time: Seconds, held: u64, daily_share: u16) -> Self {
        if time >= self.since.saturating_add(FORGOTTEN_AFTER) {
            return Self { taken: 0, since: time };
        }
        let base = u128::from(held) + u128::from(self.taken);
        let shares = u128::from(DAY) * 10_000 * u128::from(self.taken);
        let used = shares.checked_div(base).and_then(|part| part.checked_div(daily_share.into()));
        let used = used.map_or(0, |used| u64::try_from(used).unwrap_or(u64::MAX));
        Self { since: self.since.max(time.saturating_sub(used)), ..self }
    }
}

/// What a breaker says itself.
fn trusted(breaker: &Breaker) -> Outside {
    let winding = breaker.state == State::WindDown as u8;
    Outside { since: breaker.left_normal_at, winding_since: winding.then_some(breaker.entered_at) }
}

/// Of all that was there, at most a daily share for every day and one at once.
pub fn check_daily(exit: Exit, daily_share: u16, seconds: Seconds) -> Verdict {
    let most = BigInt::from(exit.base) * daily_share * (u128::from(DAY) + u128::from(seconds));
    ensure!(
        BigInt::from(exit.taken) * 10_000 * DAY <= most,
        "{exit:?} in {seconds} s, at {daily_share} bps a day"
    );
    Ok(())
}

/// Of `s` out of `S` shares with those that left, at most `s/S` of what was free with what left.
pub fn check_pro_rata(exit: Exit, shares: u64, left: u64, free: u64, deposits: &BigInt) -> Verdict {
    let (shares, left) = (BigInt::from(shares), BigInt::from(left));
    let free_and_left = &shares * free + &left * deposits;
    ensure!(
        BigInt::from(exit.taken) * (&shares + &left) * deposits <= BigInt::from(exit.base) * free_and_left
            || BigInt::from(free) >= *deposits,
        "{exit:?}: {free} of {deposits} units are free, {left} shares left and {shares} are there"
    );
    Ok(())
}
