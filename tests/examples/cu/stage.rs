//! A vault with 16 reserves and an obligation of a given size, for measuring every instruction once.

use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::state::Obligation;
use ballast_client::{
    account::{reserves_of, reserves_with},
    instruction::{self, Tranche},
};
use ballast_risk::presets::AssetKind;
use ballast_tests::{
    market::{balance, TOKEN},
    usd, Market, Receipt, User, World,
};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_message::{v0, AddressLookupTableAccount, VersionedMessage};
use solana_signer::Signer;
use solana_transaction::{versioned::VersionedTransaction, Transaction};

/// What one stage measures.
pub struct Measured {
    /// Instruction → compute units.
    pub units: Vec<(&'static str, u64)>,
    /// Accounts of the tranche's transaction.
    pub tranche_accounts: usize,
    /// Bytes of it as a legacy transaction.
    pub tranche_bytes: usize,
    /// Bytes of it with a lookup table.
    pub tranche_bytes_with_table: usize,
}

/// The stage.
pub struct Stage {
    world: World,
    size: usize,
    /// Markets of the obligation's deposits.
    deposits: Vec<Market>,
    /// Markets of its debts.
    debts: Vec<Market>,
    borrower: User,
}

impl Stage {
    /// Sets it: a quarter of the positions are debts, at least one once there are two.
    pub async fn set(size: usize) -> Self {
        let mut world = World::start().await;
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
    fn markets(&self) -> Vec<Market> {
        self.deposits.iter().chain(&self.debts).copied().collect()
    }

    async fn refresh(&mut self) -> Receipt {
        let pairs = self.post();
        let payer = self.world.curator.insecure_clone();
        self.world.must(&[instruction::refresh_reserves(self.world.vault, &pairs)], &[&payer]).await
    }

    fn post(&mut self) -> Vec<(Pubkey, Pubkey)> {
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

    /// Runs every instruction once and notes what it consumed.
    pub async fn measure(mut self) -> Measured {
        let mut units = Vec::new();
        if self.size == 1 {
            units.extend(self.once_a_vault().await);
        }
        // a debt of each: 60 % of the deposits in all
        let each = 6_000 * self.deposits.len() as u64 / self.debts.len() as u64;
        let mut borrowed = 0;
        for market in self.debts.clone() {
            self.world.chain.pass(1);
            self.refresh().await;
            for market in self.debts.clone() {
                self.world.give(&self.borrower, &market, 0).await;
            }
            let amount = worth(&market, each);
            borrowed = own(&self
                .world
                .borrow(&self.borrower, &market, amount)
                .await
                .expect("60 % is within limits"));
        }
        units.push(("borrow", borrowed));
        self.world.chain.pass(1);
        units.push(("refresh_reserves", own(&self.refresh().await)));
        units.push(("refresh_obligation", self.refresh_obligation().await));
        units.extend(self.proofs().await);
        let first = self.deposits[0];
        let amount = worth(&first, 100);
        let receipt =
            self.world.deposit(&self.borrower, &first, amount).await.expect("deposits need no price");
        units.push(("deposit", own(&receipt)));
        let receipt =
            self.world.withdraw(&self.borrower, &first, amount / 2).await.expect("half of it is free");
        units.push(("withdraw, with debt", own(&receipt)));
        let debt = self.debts[0];
        let receipt =
            self.world.repay(&self.borrower, &debt, worth(&debt, 100)).await.expect("the tokens were lent");
        units.push(("repay", own(&receipt)));

        // everything but stables falls by 45 %: the obligation is far below its requirement
        for market in self.deposits.iter_mut().filter(|m| m.kind != AssetKind::Usd) {
            market.price = market.price * 55 / 100;
        }
        self.world.chain.pass(1);
        self.refresh().await;
        let keeper = self.keeper().await;
        let (tranche, debt_market) = self.tranche(&keeper).await;
        let receipt = self.world.must(std::slice::from_ref(&tranche), &[&keeper.keypair]).await;
        units.push(("soft_liquidate", own(&receipt)));
        let (tranche_accounts, tranche_bytes, tranche_bytes_with_table) = sizes(&tranche, &keeper);

        // the same ten seconds later: the reserves that are only read accrue on the way
        self.world.chain.pass(10);
        let (tranche, _) = self.tranche(&keeper).await;
        let receipt = self.world.must(&[tranche], &[&keeper.keypair]).await;
        units.push(("soft_liquidate, 10 s after the refresh", own(&receipt)));
        assert!(balance(&mut self.world.chain, debt_market.asset(self.world.vault).tokens()).await > 0);
        Measured { units, tranche_accounts, tranche_bytes, tranche_bytes_with_table }
    }

    /// Instructions that do not depend on an obligation's size.
    async fn once_a_vault(&mut self) -> Vec<(&'static str, u64)> {
        use ballast_client::preset::{reserve_config, vault_config};
        let world = &mut self.world;
        let curator = world.curator.insecure_clone();
        let config = vault_config(&world.preset, 2, curator.pubkey(), curator.pubkey());
        // not through the world, which would want to refresh reserves of it
        let create = instruction::create_vault(curator.pubkey(), config);
        let create = world.chain.send(&[create], &[&curator]).await.expect("the preset is valid");
        let market = Market::create(&mut world.chain, AssetKind::Sol, 9, TOKEN, usd(5));
        let config = reserve_config(&world.preset, market.kind, market.feed_id).expect("the preset is valid");
        let add = instruction::add_reserve(curator.pubkey(), &market.asset(world.vault), config);
        let add = world.send_in_setup(world.vault, &[add], &[&curator]).await.expect("the preset is valid");
        let owner = world.chain.wallet();
        let account = ballast_client::Account { vault: world.vault, owner: owner.pubkey(), id: 7 };
        let open = world.must(&[instruction::open_obligation(&account)], &[&owner]).await;
        let close = world.must(&[instruction::close_obligation(&account)], &[&owner]).await;
        let sol = world.sol;
        let lender = world.lender(&sol, sol.units(10)).await;
        let leave = world.withdraw(&lender, &sol, u64::MAX).await.expect("no debt, no price");

        // interest on a borrowed reserve, then its fees
        let usdc = world.usdc;
        world.lender(&usdc, usdc.units(100_000)).await;
        let ann = world.user().await;
        world.deposit(&ann, &sol, sol.units(100)).await.expect("deposits need no price");
        world.tick(1).await;
        world.borrow(&ann, &usdc, usdc.units(10_000)).await.expect("half of the collateral");
        // a week of interest, and the week in which its fees vest
        world.tick(7 * 86_400).await;
        world.tick(7 * 86_400).await;
        usdc.fund(&mut world.chain, &curator.pubkey(), 0);
        let collect = instruction::collect_fees(&usdc.asset(world.vault), &curator.pubkey());
        let collect = world.must(&[collect], &[&curator]).await;
        world.tick(1).await;
        vec![
            ("create_vault", own(&create)),
            ("add_reserve", own(&add)),
            ("open_obligation", own(&open)),
            ("close_obligation", own(&close)),
            ("withdraw, without debt", own(&leave)),
            ("collect_fees", own(&collect)),
        ]
    }

    async fn refresh_obligation(&mut self) -> u64 {
        let obligation: Obligation = self.world.obligation(&self.borrower).await;
        let refresh = instruction::refresh_obligation(
            self.world.vault,
            self.borrower.obligation(),
            &reserves_of(&obligation),
        );
        let payer = self.world.curator.insecure_clone();
        own(&self.world.must(&[refresh], &[&payer]).await)
    }

    /// Attesting as many reserves as the obligation has positions, and an audit of the obligation.
    async fn proofs(&mut self) -> Vec<(&'static str, u64)> {
        let vault = self.world.vault;
        let payer = self.world.curator.insecure_clone();
        let assets: Vec<_> = self.markets().iter().map(|market| market.asset(vault)).collect();
        let attest = self.world.must(&[instruction::attest_solvency(vault, &assets)], &[&payer]).await;
        self.world.must(&[instruction::begin_audit(vault)], &[&payer]).await;
        let obligation: Obligation = self.world.obligation(&self.borrower).await;
        let count =
            instruction::count_obligation(vault, self.borrower.obligation(), &reserves_of(&obligation));
        let count = self.world.must(&[count], &[&payer]).await;
        vec![("attest_solvency, a slice", own(&attest)), ("audit_book, count", own(&count))]
    }

    async fn keeper(&mut self) -> User {
        let keeper = self.world.user().await;
        for market in self.markets() {
            market.fund(&mut self.world.chain, &keeper.key(), market.units(1_000_000));
        }
        keeper
    }

    /// The tranche that a keeper would send.
    async fn tranche(&mut self, keeper: &User) -> (Instruction, Market) {
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
fn worth(market: &Market, dollars: u64) -> u64 {
    (u128::from(dollars) * u128::from(usd(1) as u64) * u128::from(market.units(1)) / market.price as u128)
        as u64
}

/// What the program's own instruction consumed.
pub fn own(receipt: &Receipt) -> u64 {
    let prefix = format!("Program {} consumed ", ballast::ID);
    let line = receipt.logs.iter().rev().find_map(|log| log.strip_prefix(&prefix)).expect("the program ran");
    line.split(' ').next().and_then(|n| n.parse().ok()).expect("a number follows")
}

/// Accounts, legacy bytes and bytes with a lookup table of a tranche's transaction.
fn sizes(tranche: &Instruction, keeper: &User) -> (usize, usize, usize) {
    let all = [
        ComputeBudgetInstruction::set_compute_unit_limit(200_000),
        ComputeBudgetInstruction::set_compute_unit_price(1),
        tranche.clone(),
    ];
    let legacy = Transaction::new_with_payer(&all, Some(&keeper.key()));
    let accounts = legacy.message.account_keys.len();
    let signed = |message: VersionedMessage| {
        VersionedTransaction::try_new(message, &[&keeper.keypair]).expect("the keeper signs")
    };
    let table = AddressLookupTableAccount {
        key: Pubkey::new_unique(),
        addresses: tranche.accounts.iter().filter(|a| !a.is_signer).map(|a| a.pubkey).collect(),
    };
    let compact =
        v0::Message::try_compile(&keeper.key(), &all, &[table], Default::default()).expect("it compiles");
    let bytes = |transaction: &VersionedTransaction| bincode_length(transaction);
    (
        accounts,
        bytes(&signed(VersionedMessage::Legacy(legacy.message))),
        bytes(&signed(VersionedMessage::V0(compact))),
    )
}

/// Bytes on the wire: signatures with their count, and the message.
fn bincode_length(transaction: &VersionedTransaction) -> usize {
    1 + 64 * transaction.signatures.len() + transaction.message.serialize().len()
}
