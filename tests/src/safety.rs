//! Breakers, caps and flows in a world: putting them into a state, tripping them, and what only they need.

use crate::{
    chain::Receipt,
    failure::Failure,
    market::Market,
    world::{User, World},
};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{
    instructions::Signal,
    state::{safety::ReserveCaps, Reserve, Vault},
};
use ballast_client::{account::reserves_with, instruction, price::Price, safety};
use ballast_risk::{
    breaker::{Breaker, Cause, State, MAX_TIGHTENED_SECONDS},
    bucket::FlowRules,
    caps::VaultCaps,
    Seconds,
};

/// A breaker that went from Normal into a state just now, for no guardian's reason; Guarded and Halted hold for eight hours.
pub fn breaker_in(state: State, now: Seconds) -> Breaker {
    match state {
        State::Normal => Breaker::default(),
        State::WindDown => Breaker {
            state: State::WindDown as u8,
            cause: Cause::Deficit as u8,
            left_normal_at: now,
            entered_at: now,
            expires_at: Seconds::MAX,
            ..Breaker::default()
        },
        _ => {
            let tightened = Breaker::default().tighten(state, MAX_TIGHTENED_SECONDS, now);
            let breaker = tightened.expect("a fresh breaker can be tightened").breaker;
            Breaker { cause: Cause::Jump as u8, ..breaker }
        }
    }
}

impl World {
    /// Seconds since the epoch, as the program counts them: none before it.
    pub fn seconds(&self) -> Seconds {
        Seconds::try_from(self.chain.now()).unwrap_or(0)
    }

    /// Puts a market's breaker of the first vault into a state as of now.
    pub async fn set_state(&mut self, market: &Market, state: State) {
        let breaker = breaker_in(state, self.seconds());
        let key = self.asset(market).reserve();
        self.chain.edit::<Reserve>(key, |reserve| reserve.breaker = breaker.into()).await;
    }

    /// Puts the first vault's own breaker into a state as of now.
    pub async fn set_vault_state(&mut self, state: State) {
        let (breaker, key) = (breaker_in(state, self.seconds()), self.vault);
        self.chain.edit::<Vault>(key, |vault| vault.breaker = breaker.into()).await;
    }

    /// The state that the first vault's own breaker holds.
    pub async fn vault_state(&mut self) -> State {
        let vault: Vault = self.chain.state(self.vault).await;
        vault.breaker.as_risk().state_at(self.seconds())
    }

    /// Changes a market's caps in the first vault.
    pub async fn set_caps(&mut self, market: &Market, change: impl FnOnce(&mut ReserveCaps)) {
        let key = self.asset(market).reserve();
        self.chain.edit::<Reserve>(key, |reserve| change(&mut reserve.caps)).await;
    }

    /// Changes the first vault's caps.
    pub async fn set_vault_caps(&mut self, caps: VaultCaps) {
        caps.validate().expect("stories use legal caps");
        let key = self.vault;
        self.chain.edit::<Vault>(key, |vault| vault.caps = caps.into()).await;
    }

    /// Gives a market of the first vault other flow rules.
    pub async fn set_flows(&mut self, market: &Market, rules: FlowRules) {
        rules.validate().expect("stories use legal flows");
        let key = self.asset(market).reserve();
        self.chain.edit::<Reserve>(key, |reserve| reserve.flow_rules = rules.into()).await;
    }

    /// The reserves of the first vault, in its order.
    pub async fn all_reserves(&mut self) -> Vec<Pubkey> {
        let vault: Vault = self.chain.state(self.vault).await;
        vault.reserves[..usize::from(vault.reserve_count)].to_vec()
    }

    /// Shows a signal of a market, as anyone may.
    pub async fn trip(&mut self, market: &Market, signal: Signal) -> Result<Receipt, Failure> {
        let trip = safety::trip_reserve(&self.asset(market), signal);
        let payer = self.curator.insecure_clone();
        self.send(&[trip], &[&payer]).await
    }

    /// Shows a signal of the first vault that is read from all its reserves or from its report.
    pub async fn trip_vault(&mut self, signal: Signal) -> Result<Receipt, Failure> {
        let reserves = match signal {
            Signal::VaultLoss | Signal::VaultGuardedShare => self.all_reserves().await,
            _ => vec![],
        };
        let payer = self.curator.insecure_clone();
        self.send(&[safety::trip_vault(self.vault, signal, &reserves)], &[&payer]).await
    }

    /// Steps a market's breaker down, or without a market the first vault's own.
    pub async fn step(&mut self, market: Option<&Market>) -> Result<Receipt, Failure> {
        let reserve = market.map(|market| self.asset(market).reserve());
        let payer = self.curator.insecure_clone();
        self.send(&[safety::step_breaker(self.vault, reserve)], &[&payer]).await
    }

    /// Gives a user tokens and tops its obligation up with them, past guards and caps as far as it heals.
    pub async fn top_up(&mut self, user: &User, market: &Market, amount: u64) -> Result<Receipt, Failure> {
        self.give(user, market, amount).await;
        let top_up = self.topping_up(user, market, amount).await;
        self.send(&[top_up], &[&user.keypair]).await
    }

    /// The instruction of a top-up.
    pub async fn topping_up(&mut self, user: &User, market: &Market, amount: u64) -> Instruction {
        let asset = market.asset(user.account.vault);
        let reserves = reserves_with(&self.obligation(user).await, asset.reserve());
        instruction::top_up(&user.account, &asset, amount, &reserves)
    }

    /// Posts a market's price as of now with anything changed, and refreshes its reserve.
    pub async fn post_with(
        &mut self,
        market: &Market,
        change: impl FnOnce(&mut Price),
    ) -> Result<Receipt, Failure> {
        let mut quote = market.quote(&self.chain);
        change(&mut quote);
        market.post_raw(&mut self.chain, &quote);
        self.refresh_one(market).await
    }

    /// Leaves so many tokens in a market's token account of the first vault, whatever its books say.
    pub async fn set_till(&mut self, market: &Market, amount: u64, state: AccountState) {
        let (vault, key) = (self.vault, self.asset(market).tokens());
        market.write_tokens(&mut self.chain, key, &vault, amount, state);
    }

    /// Freezes a market's token account of the first vault, or thaws it.
    pub async fn set_frozen(&mut self, market: &Market, frozen: bool) {
        let held = self.till(market).await;
        let state = if frozen { AccountState::Frozen } else { AccountState::Initialized };
        self.set_till(market, held, state).await;
    }
}
