//! A vault with 16 reserves and an obligation of a given size: what is largest in the program, and what measurements run on.

use crate::{
    chain::Receipt,
    market::{usd, TOKEN},
    Market, User, World,
};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast_client::{
    account::reserves_with,
    instruction::{self, Tranche},
};
use ballast_risk::presets::AssetKind;

/// The stage.
pub struct Stage {
    /// Where it stands.
    pub world: World,
    /// Positions of the obligation.
    pub size: usize,
    /// Markets of the obligation's deposits.
    pub deposits: Vec<Market>,
    /// Markets of its debts.
    pub debts: Vec<Market>,
    /// Who holds it.
    pub borrower: User,
}

impl Stage {
    /// Sets it: a quarter of the positions are debts, at least one once there are two.
    pub async fn set(size: usize) -> Self {
        Self::on(World::start().await, size).await
    }

    /// Sets it in a world of its own.
    pub async fn on(mut world: World, size: usize) -> Self {
        let kinds = [AssetKind::Btc, AssetKind::Eth, AssetKind::Sol, AssetKind::Usd];
        let mut markets = world.markets().to_vec();
        for i in 0..10 {
            let kind = kinds[i % kinds.len()];
            // a stable away from its peg would trip its breaker
            let price = if kind == AssetKind::Usd { usd(1) } else { usd(10 + i as i64) };
            let market = Market::create(&mut world.chain, kind, 6, TOKEN, price);
            world.add_reserve(&market).await.expect("the preset is valid");
            markets.push(market);
        }
        let borrowable: Vec<Market> =
            markets.iter().copied().filter(|m| !matches!(m.kind, AssetKind::Lst | AssetKind::Alt)).collect();
        let debt_count = size.div_ceil(4);
        let debts: Vec<Market> = borrowable[borrowable.len() - debt_count..].to_vec();
        let deposits: Vec<Market> = markets
            .iter()
            .copied()
            .filter(|m| debts.iter().all(|d| d.mint != m.mint))
            .take((size - debt_count).max(1))
            .collect();
        let borrower = world.user().await;
        let mut stage = Self { world, size, deposits, debts, borrower };
        stage.fill().await;
        stage
    }

    async fn fill(&mut self) {
        for market in self.debts.clone() {
            self.world.lender(&market, market.units(1_000_000)).await;
        }
        self.refresh().await;
        for market in self.deposits.clone() {
            let amount = worth(&market, 10_000);
            self.world.deposit(&self.borrower, &market, amount).await.expect("deposits need no price");
        }
    }

    /// All markets of the obligation.
    pub fn markets(&self) -> Vec<Market> {
        self.deposits.iter().chain(&self.debts).copied().collect()
    }

    /// Posts the prices of the obligation's markets and takes them.
    pub async fn refresh(&mut self) -> Receipt {
        let pairs = self.post();
        let payer = self.world.curator.insecure_clone();
        self.world.must(&[instruction::refresh_reserves(self.world.vault, &pairs)], &[&payer]).await
    }

    /// Posts the prices of the obligation's markets; returns the pairs of a refresh.
    pub fn post(&mut self) -> Vec<(Pubkey, Pubkey)> {
        let vault = self.world.vault;
        self.markets()
            .iter()
            .map(|market| {
                let quote = market.quote(&self.world.chain);
                market.post_raw(&mut self.world.chain, &quote);
                (market.asset(vault).reserve(), market.price_account)
            })
            .collect()
    }

    /// Borrows some of every debt's market: 60 % of the deposits in all. Returns what the last borrow did.
    pub async fn borrow(&mut self) -> Receipt {
        let each = 6_000 * self.deposits.len() as u64 / self.debts.len() as u64;
        let mut last = None;
        for market in self.debts.clone() {
            self.world.chain.pass(1);
            self.refresh().await;
            for market in self.debts.clone() {
                self.world.give(&self.borrower, &market, 0).await;
            }
            let amount = worth(&market, each);
            let landed = self.world.borrow(&self.borrower, &market, amount).await;
            last = Some(landed.expect("60 % is within limits"));
        }
        last.expect("there is a debt")
    }

    /// Everything but stables falls by 45 %: the obligation is far below its requirement.
    pub async fn fall(&mut self) {
        for market in self.deposits.iter_mut().filter(|m| m.kind != AssetKind::Usd) {
            market.price = market.price * 55 / 100;
        }
        self.world.chain.pass(1);
        self.refresh().await;
    }

    /// Someone with tokens of every market.
    pub async fn keeper(&mut self) -> User {
        let keeper = self.world.user().await;
        for market in self.markets() {
            market.fund(&mut self.world.chain, &keeper.key(), market.units(1_000_000));
        }
        keeper
    }

    /// The tranche that a keeper would send.
    pub async fn tranche(&mut self, keeper: &User) -> (Instruction, Market) {
        let obligation = self.world.obligation(&self.borrower).await;
        let (debt, deposit, _) =
            self.world.best_tranche(&self.borrower).await.expect("the book is far below");
        let vault = self.world.vault;
        let find = |reserve: Pubkey| {
            self.markets()
                .into_iter()
                .find(|m| m.asset(vault).reserve() == reserve)
                .expect("one of the markets")
        };
        let (debt, deposit) =
            (find(obligation.positions[debt].reserve), find(obligation.positions[deposit].reserve));
        let tranche = instruction::soft_liquidate(&Tranche {
            liquidator: keeper.key(),
            obligation: self.borrower.obligation(),
            debt: &debt.asset(vault),
            deposit: &deposit.asset(vault),
            reserves: &reserves_with(&obligation, debt.asset(vault).reserve()),
            max_repay: worth(&debt, 500),
            min_received: 0,
            shares_to: None,
        });
        (tranche, debt)
    }
}

/// Token units worth so many dollars.
pub fn worth(market: &Market, dollars: u64) -> u64 {
    (u128::from(dollars) * u128::from(usd(1) as u64) * u128::from(market.units(1)) / market.price as u128)
        as u64
}
