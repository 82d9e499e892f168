//! What can be seen of a world: accounts, balances, scores.

use crate::{
    market::{balance, Market},
    world::{User, World},
};
use anchor_lang::prelude::Pubkey;
use ballast::state::{Obligation, Reserve, Vault};
use ballast_client::{
    account::reserves_of,
    address::{attestation, audit, Asset},
    plan::Portfolio,
};
use ballast_risk::{breaker::State, reserve::Ledger, score::Score, tranche::TranchePlan, Usd};
use solana_account::Account;

impl World {
    /// A user's obligation.
    pub async fn obligation(&mut self, user: &User) -> Obligation {
        self.chain.state(user.obligation()).await
    }

    /// Shares of a user's position in a market, on either side; 0 without one.
    pub async fn shares(&mut self, user: &User, market: &Market) -> u64 {
        let reserve = market.asset(user.account.vault).reserve();
        let obligation = self.obligation(user).await;
        obligation.find(&reserve).map_or(0, |index| obligation.positions[index].shares)
    }

    /// A market's reserve in the first vault.
    pub async fn reserve(&mut self, market: &Market) -> Reserve {
        self.chain.state(market.asset(self.vault).reserve()).await
    }

    /// The state that a market's breaker holds in the first vault, the vault's own left aside.
    pub async fn state(&mut self, market: &Market) -> State {
        let now = self.chain.now() as u64;
        self.reserve(market).await.breaker.as_risk().state_at(now)
    }

    /// The same reserve's books, as they were stored.
    pub async fn books(&mut self, market: &Market) -> Ledger {
        self.reserve(market).await.books.ledger()
    }

    /// A market's reserve in the first vault, as addresses.
    pub fn asset(&self, market: &Market) -> Asset {
        market.asset(self.vault)
    }

    /// Tokens in a user's wallet.
    pub async fn wallet(&mut self, user: &User, market: &Market) -> u64 {
        balance(&mut self.chain, market.asset(self.vault).wallet(&user.key())).await
    }

    /// Tokens in the first vault's token account.
    pub async fn till(&mut self, market: &Market) -> u64 {
        balance(&mut self.chain, market.asset(self.vault).tokens()).await
    }

    /// A user's score for liquidation, computed by the client.
    pub async fn score(&mut self, user: &User) -> Score {
        self.portfolio(user, |portfolio| portfolio.maintenance().expect("legal books score")).await
    }

    /// A user's score for opening risk, computed by the client.
    pub async fn opening_score(&mut self, user: &User) -> Score {
        self.portfolio(user, |portfolio| portfolio.opening().expect("prices are fresh")).await
    }

    /// The tranche that a keeper would choose now.
    pub async fn best_tranche(&mut self, user: &User) -> Option<(usize, usize, TranchePlan)> {
        let most = Usd(i128::from(u64::MAX));
        self.portfolio(user, |portfolio| portfolio.best_tranche(most).expect("legal books score")).await
    }

    /// Looks at an obligation with everything that scoring it takes.
    pub async fn portfolio<T>(&mut self, user: &User, f: impl FnOnce(&Portfolio) -> T) -> T {
        let obligation = self.obligation(user).await;
        let vault: Vault = self.chain.state(user.account.vault).await;
        let clock = self.chain.clock().await;
        let mut reserves = Vec::new();
        for key in reserves_of(&obligation) {
            reserves.push(self.chain.state::<Reserve>(key).await);
        }
        f(&Portfolio {
            vault: &vault,
            obligation: &obligation,
            reserves: reserves.iter().collect(),
            clock: &clock,
        })
    }

    /// Every account of a vault: the vault, its reports, reserves, token accounts and obligations.
    pub async fn accounts_of(&mut self, vault: Pubkey) -> Vec<(Pubkey, Account)> {
        let mut keys = vec![vault, attestation(&vault), audit(&vault)];
        for market in self.markets() {
            keys.extend([market.asset(vault).reserve(), market.asset(vault).tokens()]);
        }
        for key in self.obligations.clone() {
            let obligation: Obligation = self.chain.state(key).await;
            if obligation.vault == vault {
                keys.push(key);
            }
        }
        let mut accounts = vec![];
        for key in keys {
            let account = self.chain.account(key).await.unwrap_or_else(|| panic!("no account at {key}"));
            accounts.push((key, account));
        }
        accounts
    }
}
