//! Unpaid work: looked for once a second, and not sent twice in a while.

use super::Keeper;
use crate::{
    act::crank::{absorption, attestation, breakers, Crank},
    engine::Row,
    source::Source,
};
use anchor_lang::prelude::Clock;
use ballast::oracle::now;
use ballast_client::account::reserves_of;
use solana_signer::Signer;

impl<S: Source> Keeper<S> {
    /// Sends what is to be cranked now.
    pub(super) fn crank(&mut self, clock: &Clock) {
        let now = now(clock);
        if now <= self.looked_at {
            return;
        }
        self.looked_at = now;
        self.cranked.retain(|_, until| *until > now);
        let mut cranks = vec![];
        if self.settings.cranks.breakers {
            cranks.extend(breakers(&self.mirror.engine, clock, true));
        }
        if self.settings.cranks.attest_seconds > 0 {
            let report = self.mirror.watched(&ballast_client::address::attestation(&self.settings.vault));
            let every = self.patiently(self.settings.cranks.attest_seconds);
            cranks.extend(attestation(&self.mirror.engine, report, every, clock));
        }
        for crank in cranks {
            self.send_once(crank, now);
        }
        self.refresh(clock);
        self.look_for_chores(clock);
    }

    /// Absorbs what a book without deposits owes.
    pub(super) fn absorb(&mut self, row: Row) {
        if !self.settings.cranks.absorption {
            return;
        }
        let engine = &self.mirror.engine;
        let (address, obligation) = (engine.columns().address(row), engine.obligation(row));
        let crank = absorption(engine, self.wallet.pubkey(), address, &reserves_of(&obligation));
        let now = now(&self.mirror.clock());
        self.send_once(crank, now);
    }

    pub(super) fn send_once(&mut self, crank: Crank, now: u64) {
        if self.cranked.contains_key(&crank.what) {
            return;
        }
        self.cranked.insert(crank.what.clone(), now.saturating_add(self.settings.cranks.again_seconds));
        self.send_crank(crank);
    }
}
