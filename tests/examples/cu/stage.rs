//! A vault with 16 reserves and an obligation of a given size, for measuring every instruction once.

use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::state::{Obligation, Reserve};
use ballast_client::{account::reserves_of, instruction, safety::absorb_loss};
use ballast_risk::{breaker::State, presets::AssetKind};
use ballast_tests::{
    market::{balance, TOKEN},
    stage::{worth, Stage},
    usd, Market, Receipt, User,
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

/// Measures on a stage.
pub struct Measuring {
    stage: Stage,
}

impl Measuring {
    /// On a new stage.
    pub async fn with_positions(size: usize) -> Self {
        Self { stage: Stage::set(size).await }
    }

    /// Runs every instruction once and notes what it consumed.
    pub async fn measure(mut self) -> Measured {
        let mut units = Vec::new();
        if self.stage.size == 1 {
            units.extend(self.once_a_vault().await);
        }
        units.push(("borrow", own(&self.stage.borrow().await)));
        self.stage.world.chain.pass(1);
        units.push(("refresh_reserves", own(&self.stage.refresh().await)));
        units.push(("refresh_obligation", self.refresh_obligation().await));
        units.extend(self.proofs().await);
        let first = self.stage.deposits[0];
        let amount = worth(&first, 100);
        let receipt = self
            .stage
            .world
            .deposit(&self.stage.borrower, &first, amount)
            .await
            .expect("deposits need no price");
        units.push(("deposit", own(&receipt)));
        let receipt = self
            .stage
            .world
            .withdraw(&self.stage.borrower, &first, amount / 2)
            .await
            .expect("half of it is free");
        units.push(("withdraw, with debt", own(&receipt)));
        let debt = self.stage.debts[0];
        let receipt = self
            .stage
            .world
            .repay(&self.stage.borrower, &debt, worth(&debt, 100))
            .await
            .expect("the tokens were lent");
        units.push(("repay", own(&receipt)));

        self.stage.fall().await;
        let keeper = self.stage.keeper().await;
        let (tranche, debt_market) = self.stage.tranche(&keeper).await;
        let receipt = self.stage.world.must(std::slice::from_ref(&tranche), &[&keeper.keypair]).await;
        units.push(("soft_liquidate", own(&receipt)));
        let (tranche_accounts, tranche_bytes, tranche_bytes_with_table) = sizes(&tranche, &keeper);

        // the same ten seconds later: the reserves that are only read accrue on the way
        self.stage.world.chain.pass(10);
        let (tranche, _) = self.stage.tranche(&keeper).await;
        let receipt = self.stage.world.must(&[tranche], &[&keeper.keypair]).await;
        units.push(("soft_liquidate, 10 s after the refresh", own(&receipt)));
        assert!(
            balance(&mut self.stage.world.chain, debt_market.asset(self.stage.world.vault).tokens()).await
                > 0
        );
        units.extend(self.at_the_end(&keeper).await);
        Measured { units, tranche_accounts, tranche_bytes, tranche_bytes_with_table }
    }

    /// Instructions that do not depend on an obligation's size.
    async fn once_a_vault(&mut self) -> Vec<(&'static str, u64)> {
        use ballast_client::preset::{reserve_config, vault_config};
        let world = &mut self.stage.world;
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

    /// A deposit that Halted takes because it heals; then every deposit is worth nothing, and all debts are absorbed.
    async fn at_the_end(&mut self, keeper: &User) -> Vec<(&'static str, u64)> {
        let (world, borrower) = (&mut self.stage.world, &self.stage.borrower);
        world.set_vault_state(State::Halted).await;
        let first = self.stage.deposits[0];
        let healing = world.top_up(borrower, &first, worth(&first, 100)).await.expect("it heals");
        let vault = world.vault;
        for market in self.stage.deposits.clone() {
            let key = market.asset(vault).reserve();
            world.chain.edit::<Reserve>(key, |reserve| reserve.books.deposit_index = [0, 0]).await;
        }
        let reserves = reserves_of(&world.obligation(borrower).await);
        let absorb = absorb_loss(keeper.key(), vault, borrower.obligation(), &reserves);
        // not through the world: its law knows that deposits do not vanish
        let absorb = world.chain.send(&[absorb], &[&keeper.keypair]).await.expect("nothing is left to sell");
        vec![("deposit, that heals", own(&healing)), ("absorb_loss, of every debt", own(&absorb))]
    }

    async fn refresh_obligation(&mut self) -> u64 {
        let obligation: Obligation = self.stage.world.obligation(&self.stage.borrower).await;
        let refresh = instruction::refresh_obligation(
            self.stage.world.vault,
            self.stage.borrower.obligation(),
            &reserves_of(&obligation),
        );
        let payer = self.stage.world.curator.insecure_clone();
        own(&self.stage.world.must(&[refresh], &[&payer]).await)
    }

    /// Attesting as many reserves as the obligation has positions, and an audit of the obligation.
    async fn proofs(&mut self) -> Vec<(&'static str, u64)> {
        let vault = self.stage.world.vault;
        let payer = self.stage.world.curator.insecure_clone();
        let assets: Vec<_> = self.stage.markets().iter().map(|market| market.asset(vault)).collect();
        let attest = self.stage.world.must(&[instruction::attest_solvency(vault, &assets)], &[&payer]).await;
        self.stage.world.must(&[instruction::begin_audit(vault)], &[&payer]).await;
        let obligation: Obligation = self.stage.world.obligation(&self.stage.borrower).await;
        let count =
            instruction::count_obligation(vault, self.stage.borrower.obligation(), &reserves_of(&obligation));
        let count = self.stage.world.must(&[count], &[&payer]).await;
        vec![("attest_solvency, a slice", own(&attest)), ("audit_book, count", own(&count))]
    }
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
