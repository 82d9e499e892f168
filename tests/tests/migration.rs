//! Accounts that version 1 of the program wrote, and how they come into the present: in any order, by anyone, and without a share
//! of anybody's changing.

use anchor_lang::{error::ErrorCode, prelude::Pubkey, solana_program::instruction::Instruction};
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{
    event::{AccountKind, AccountMigrated},
    instructions::Signal,
    state::{version_1, Attestation, Audit, Obligation, Reserve, ReserveThresholds, Vault},
    BallastError, STATE_VERSION,
};
use ballast_client::{
    account::reserves_of,
    address, decode,
    instruction::{self, migrate_account, Tranche},
    preset::reserve_config,
    safety, Event,
};
use ballast_risk::{breaker, bucket::FlowRules, caps, change::MIN_TIMELOCK, presets::AssetKind, TokenAmount};
use ballast_tests::{market::TOKEN, refused, usd, Failure, Market, Receipt, User, World};
use rand::{seq::SliceRandom, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_account::Account;
use solana_keypair::Keypair;
use solana_signer::Signer;

/// A vault with a lender and a borrower whose accounts version 1 wrote.
struct Past {
    world: World,
    lender: User,
    borrower: User,
    /// The accounts that migrate, the vault first, as version 1 left them.
    old: Vec<(Pubkey, Account)>,
    /// The same as today's program wrote them.
    today: Vec<Account>,
}

impl Past {
    async fn start() -> Self {
        let mut world = World::start().await;
        let (sol, usdc, eth) = (world.sol, world.usdc, world.eth);
        let lender = world.lender(&usdc, usdc.units(500_000)).await;
        let borrower = world.user().await;
        world.deposit(&borrower, &sol, sol.units(1_000)).await.unwrap();
        world.deposit(&borrower, &eth, eth.units(10)).await.unwrap();
        world.borrow(&borrower, &usdc, usdc.units(100_000)).await.unwrap();
        world.tick(3_600).await;
        let (mut old, mut today) = (vec![], vec![]);
        for key in world.migrating().await {
            today.push(world.chain.account(key).await.unwrap());
            old.push((key, world.as_version_1(key).await));
        }
        let mut past = Self { world, lender, borrower, old, today };
        past.put_back();
        past
    }

    /// Makes it version 1 again.
    fn put_back(&mut self) {
        for (key, account) in &self.old {
            self.world.chain.put(*key, account.clone());
        }
    }

    /// Migrates an account, or the vault alone. Anyone may.
    async fn migrate(&mut self, account: Option<Pubkey>) -> Result<Receipt, Failure> {
        self.migrate_in(self.world.vault, account).await
    }

    async fn migrate_in(&mut self, vault: Pubkey, account: Option<Pubkey>) -> Result<Receipt, Failure> {
        let payer = self.world.chain.wallet();
        self.world.chain.send(&[migrate_account(payer.pubkey(), vault, account)], &[&payer]).await
    }

    async fn migrate_all(&mut self) {
        for (key, _) in self.old.clone().into_iter().skip(1) {
            self.migrate(Some(key)).await.unwrap();
        }
    }

    async fn accounts(&mut self) -> Vec<Account> {
        let mut found = vec![];
        for (key, _) in &self.old {
            found.push(self.world.chain.account(*key).await.unwrap());
        }
        found
    }

    fn reserve(&self, market: &Market) -> Pubkey {
        self.world.asset(market).reserve()
    }

    /// Instructions that anyone may send, as people would send them now.
    fn ordinary(&mut self) -> Vec<(Instruction, Keypair)> {
        let new = Market::create(&mut self.world.chain, AssetKind::Alt, 6, TOKEN, usd(1));
        let world = &self.world;
        let (vault, account, curator) = (world.vault, self.borrower.account, world.curator.pubkey());
        let [sol, eth, usdc] = [world.sol, world.eth, world.usdc].map(|market| world.asset(&market));
        let (obligation, reserves) = (account.obligation(), [sol.reserve(), eth.reserve(), usdc.reserve()]);
        let other = ballast_client::Account { id: 1, ..account };
        let tranche = Tranche {
            liquidator: curator,
            obligation,
            debt: &usdc,
            deposit: &sol,
            reserves: &reserves,
            max_repay: 1_000_000,
            min_received: 0,
            shares_to: None,
        };
        let config = reserve_config(&world.preset, new.kind, new.feed_id).unwrap();
        for market in [world.sol, world.usdc] {
            let key = market.asset(vault).wallet(&curator);
            market.write_tokens(&mut self.world.chain, key, &curator, 0, AccountState::Initialized);
        }
        let by_borrower = [
            instruction::open_obligation(&other),
            instruction::close_obligation(&account),
            instruction::deposit(&account, &sol, 1),
            instruction::withdraw(&account, &sol, 1, &reserves),
            instruction::borrow(&account, &usdc, 1, &reserves),
            instruction::repay(account.owner, obligation, &usdc, 1),
        ];
        let by_curator = [
            instruction::refresh_reserves(vault, &[(sol.reserve(), self.world.sol.price_account)]),
            instruction::refresh_obligation(vault, obligation, &reserves),
            instruction::soft_liquidate(&tranche),
            instruction::collect_fees(&usdc, &curator),
            safety::trip_reserve(&sol, Signal::Outflow),
            safety::step_breaker(vault, Some(sol.reserve())),
            safety::absorb_loss(curator, vault, obligation, &reserves),
            instruction::attest_solvency(vault, &[sol, usdc]),
            instruction::begin_audit(vault),
            instruction::add_reserve(curator, &new.asset(vault), config),
        ];
        let [borrower, curator] = [&self.borrower.keypair, &self.world.curator];
        let signed = |by: &Keypair| by.insecure_clone();
        by_borrower
            .into_iter()
            .map(|instruction| (instruction, signed(borrower)))
            .chain(by_curator.into_iter().map(|instruction| (instruction, signed(curator))))
            .collect()
    }

    /// Checks that every ordinary instruction that takes an old account is refused; returns how many do.
    async fn refuses_the_old(&mut self) -> usize {
        let mut refusals = 0;
        for (instruction, signer) in self.ordinary() {
            let mut is_old = false;
            for (key, _) in
                self.old.iter().filter(|(key, _)| instruction.accounts.iter().any(|m| m.pubkey == *key))
            {
                is_old |= self.world.chain.account(*key).await.unwrap().data[8] == version_1::VERSION;
            }
            if is_old {
                let result = self.world.chain.send(&[instruction], &[&signer]).await;
                refused(result, BallastError::WrongStateVersion);
                refusals += 1;
            }
        }
        refusals
    }
}

fn migrated(receipt: &Receipt) -> Vec<&AccountMigrated> {
    let told = receipt.events.iter().filter_map(|event| match event {
        Event::AccountMigrated(event) => Some(event),
        _ => None,
    });
    told.collect()
}

#[tokio::test]
async fn old_accounts_are_refused_until_they_have_migrated_and_then_everything_goes_on() {
    let mut past = Past::start().await;
    let (sol, eth, usdc) = (past.world.sol, past.world.eth, past.world.usdc);
    assert_eq!(past.refuses_the_old().await, 16, "all that version 1 had, and breakers");

    past.migrate_all().await;
    past.world.check_law().await;
    past.world.tick(60).await;
    let (vault, curator) = (past.world.vault, past.world.curator.insecure_clone());
    let Past { mut world, borrower, lender, .. } = past;

    // the borrower pays and leaves
    world.give(&borrower, &usdc, usdc.units(10_000)).await;
    world.repay(&borrower, &usdc, u64::MAX).await.unwrap();
    for (market, deposited) in [(sol, sol.units(1_000)), (eth, eth.units(10))] {
        let held = world.wallet(&borrower, &market).await;
        world.withdraw(&borrower, &market, u64::MAX).await.unwrap();
        assert_eq!(
            world.wallet(&borrower, &market).await - held,
            deposited,
            "all of the deposit, to the unit"
        );
    }

    // tokens cover claims, and the books are the sum of the positions
    let assets: Vec<_> = world.markets().iter().map(|market| world.asset(market)).collect();
    world.must(&[instruction::attest_solvency(vault, &assets)], &[&curator]).await;
    let report: Attestation = world.chain.state(address::attestation(&vault)).await;
    assert_eq!((report.last.failing, report.last.covered), (0, 0b11_1111));
    world.must(&[instruction::begin_audit(vault)], &[&curator]).await;
    for user in [&borrower, &lender] {
        let reserves = reserves_of(&world.obligation(user).await);
        let count = instruction::count_obligation(vault, user.obligation(), &reserves);
        world.must(&[count], &[&curator]).await;
    }
    let reserves: Vec<_> = assets.iter().map(|asset| asset.reserve()).collect();
    world.must(&[instruction::finish_audit(vault, &reserves)], &[&curator]).await;
    let audit: Audit = world.chain.state(address::audit(&vault)).await;
    assert!(audit.last.last_slot > 0, "every share was found");
}

#[tokio::test]
async fn a_migration_changes_no_byte_of_what_anyone_has_or_owes() {
    let mut past = Past::start().await;
    past.migrate_all().await;
    let after = past.accounts().await;
    for ((key, _), (before, after)) in past.old.iter().zip(past.today.iter().zip(&after)) {
        assert_eq!((before.data.len(), before.owner), (after.data.len(), after.owner), "{key}");
        if let Some(new) = decode::<Vault>(&after.data) {
            // a vault of before knows neither when it opened, nor of changes, nor who has which part of a group's cap
            let old: Vault = decode(&before.data).unwrap();
            assert_eq!(new.opened_at, past.world.chain.now() as u64);
            let (opened_at, last_change, parts, caps) = (old.opened_at, old.last_change, old.parts, old.caps);
            let known = Vault { opened_at, last_change, parts, caps, ..new };
            assert!(bytemuck::bytes_of(&known) == bytemuck::bytes_of(&old), "{key}");
        } else if let Some(new) = decode::<Reserve>(&after.data) {
            let old: Reserve = decode(&before.data).unwrap();
            let (caps, flow_rules, thresholds) = (old.caps, old.flow_rules, old.thresholds);
            let (flows, trail, vesting) = (old.flows, old.trail, old.vesting);
            let gate = old.gate;
            assert_eq!(new.gate.debt, old.books.ledger().total_debt_up().0, "today's debt is remembered");
            let known = Reserve { caps, flow_rules, thresholds, flows, trail, vesting, gate, ..new };
            assert!(bytemuck::bytes_of(&known) == bytemuck::bytes_of(&old), "{key}");
        } else if let Some(mut new) = decode::<Obligation>(&after.data) {
            let old: Obligation = decode(&before.data).unwrap();
            for (new, old) in new.positions.iter_mut().zip(&old.positions) {
                new.flow = old.flow;
            }
            assert!(bytemuck::bytes_of(&new) == bytemuck::bytes_of(&old), "{key}");
        } else {
            assert!(before.data == after.data, "{key}: a report only changes its version");
        }
    }
}

#[tokio::test]
async fn what_version_1_did_not_know_gets_careful_defaults() {
    let mut past = Past::start().await;
    past.migrate_all().await;
    let vault: Vault = past.world.chain.state(past.world.vault).await;
    assert_eq!(vault.caps, caps::VaultCaps::BALANCED.into());
    assert_eq!(vault.thresholds, breaker::VaultThresholds::BALANCED.into());
    assert_eq!(vault.timelock, MIN_TIMELOCK);

    let stable = past.world.reserve(&past.world.usdc.clone()).await;
    let major = past.world.reserve(&past.world.sol.clone()).await;
    let alt = past.world.reserve(&past.world.alt.clone()).await;
    let is = |reserve: &Reserve, kind: breaker::ReserveThresholds| {
        assert_eq!(reserve.thresholds, ReserveThresholds::from(kind));
    };
    is(&stable, breaker::ReserveThresholds::STABLE);
    is(&major, breaker::ReserveThresholds::MAJOR);
    is(&alt, breaker::ReserveThresholds::ALT);
    // a million dollars come and go: 5,000 SOL at $200
    let million = major.price.spot.as_risk().amount_down(version_1::FLOW_FLOOR).unwrap();
    assert!(TokenAmount(5_000_000_000_000).0 - million.0 < 100, "{million:?}");
    assert_eq!(major.flow_rules, FlowRules::balanced(million.0, million.0).into());

    // the parts of the groups' caps are what the reserves have, SOL's group with its liquid-staked twin
    let mut parts = [0; 8];
    for market in past.world.markets() {
        let reserve = past.world.reserve(&market).await;
        assert_eq!(reserve.caps.exposure, version_1::EXPOSURE);
        parts[usize::from(reserve.risk.group)] += reserve.caps.exposure;
    }
    assert_eq!(vault.parts.parts, parts);
}

#[tokio::test]
async fn accounts_migrate_in_any_order_and_end_up_the_same() {
    let mut past = Past::start().await;
    past.migrate_all().await;
    let expected: Vec<_> = past.accounts().await.into_iter().map(|account| account.data).collect();
    let mut keys: Vec<_> = past.old.iter().map(|(key, _)| *key).collect();
    let mut random = ChaCha8Rng::seed_from_u64(13);
    for _ in 0..6 {
        past.put_back();
        keys.shuffle(&mut random);
        let vault = past.world.vault;
        let mut vault_done = false;
        for key in &keys {
            // the vault comes along with whoever is first, or alone
            match (*key == vault, vault_done) {
                (true, true) => refused(past.migrate(None).await, BallastError::NothingToMigrate),
                (true, false) => assert_eq!(migrated(&past.migrate(None).await.unwrap()).len(), 1),
                (false, done) => {
                    let receipt = past.migrate(Some(*key)).await.unwrap();
                    assert_eq!(migrated(&receipt).len(), if done { 1 } else { 2 });
                }
            }
            vault_done = true;
        }
        let found: Vec<_> = past.accounts().await.into_iter().map(|account| account.data).collect();
        assert!(found == expected, "another order, another state");
    }
}

#[tokio::test]
async fn a_half_migrated_vault_serves_whoever_has_migrated_and_refuses_the_others() {
    let mut past = Past::start().await;
    let (usdc, lender) = (past.world.usdc, past.lender.obligation());
    past.migrate(Some(lender)).await.unwrap();
    past.migrate(Some(past.reserve(&usdc))).await.unwrap();
    // opening an obligation, adding a reserve and collecting the dollars' fees take nothing that is old
    assert_eq!(past.refuses_the_old().await, 16 - 3);

    // the lender's own is all in the present: out goes a part, while the borrower is not there yet
    let withdraw = instruction::withdraw(&past.lender.account, &past.world.asset(&usdc), 1_000_000, &[]);
    let signer = past.lender.keypair.insecure_clone();
    past.world.chain.send(&[withdraw], &[&signer]).await.unwrap();
    let borrower = past.borrower.keypair.insecure_clone();
    let repay =
        instruction::repay(borrower.pubkey(), past.borrower.obligation(), &past.world.asset(&usdc), 1);
    refused(past.world.chain.send(&[repay], &[&borrower]).await, BallastError::WrongStateVersion);

    for (key, _) in past.old.clone().into_iter().skip(1) {
        let current = past.world.chain.account(key).await.unwrap().data[8] == STATE_VERSION;
        let result = past.migrate(Some(key)).await;
        if current {
            refused(result, BallastError::NothingToMigrate);
        } else {
            result.unwrap();
        }
    }
    past.world.check_law().await;
    past.world.tick(1).await;
}

#[tokio::test]
async fn the_payer_adds_the_rent_of_the_new_bytes_and_an_event_says_so() {
    let mut past = Past::start().await;
    let key = past.borrower.obligation();
    let receipt = past.migrate(Some(key)).await.unwrap();
    let told = migrated(&receipt);
    assert_eq!([told[0].kind, told[1].kind], [AccountKind::Vault, AccountKind::Obligation]);
    assert_eq!((told[1].vault, told[1].account), (past.world.vault, key));
    assert_eq!((told[1].from, told[1].to), (1, STATE_VERSION));
    assert_eq!(told[1].bytes_before as usize, 8 + std::mem::size_of::<version_1::Obligation>());
    assert_eq!(told[1].bytes as usize, Obligation::SPACE);
    let rent = anchor_lang::solana_program::rent::Rent::default();
    let account = past.world.chain.account(key).await.unwrap();
    assert_eq!(account.lamports, rent.minimum_balance(Obligation::SPACE));
    let before = rent.minimum_balance(told[1].bytes_before as usize);
    assert_eq!(told[1].rent_paid, account.lamports - before);
    assert!(receipt.compute_units < 30_000, "a vault and an obligation: {} units", receipt.compute_units);

    // whoever has enough already is charged nothing
    let (rich, mut account) = past.old.last().cloned().unwrap();
    account.lamports = rent.minimum_balance(Obligation::SPACE) + 1;
    past.world.chain.put(rich, account.clone());
    if rich != key {
        let receipt = past.migrate(Some(rich)).await.unwrap();
        assert_eq!(migrated(&receipt)[0].rent_paid, 0);
        assert_eq!(past.world.chain.account(rich).await.unwrap().lamports, account.lamports);
    }
}

#[tokio::test]
async fn what_is_no_old_account_of_this_vault_is_refused_by_name() {
    let mut past = Past::start().await;
    let (sol, obligation, vault) = (past.world.sol, past.borrower.obligation(), past.world.vault);
    let reserve = past.reserve(&sol);

    // another program's account, and one of this program that never migrates
    refused(past.migrate(Some(sol.mint)).await, ErrorCode::AccountOwnedByWrongProgram);
    let unknown = Pubkey::new_unique();
    past.world.chain.set_account(unknown, ballast::ID, vec![1; 200]);
    refused(past.migrate(Some(unknown)).await, BallastError::NotMigratable);

    // no vault in the vault's place, and a vault in the account's
    refused(past.migrate_in(reserve, Some(obligation)).await, ErrorCode::AccountDiscriminatorMismatch);
    refused(past.migrate_in(sol.mint, Some(obligation)).await, ErrorCode::AccountOwnedByWrongProgram);
    let foreign = Pubkey::new_unique();
    past.world.chain.put(foreign, past.old[0].1.clone());
    refused(past.migrate(Some(foreign)).await, BallastError::NotMigratable);

    // another vault's accounts
    for (key, account) in past.old.clone().into_iter().skip(1) {
        refused(past.migrate_in(foreign, Some(key)).await, BallastError::WrongVault);
        assert_eq!(past.world.chain.account(key).await.unwrap(), account, "nothing happened");
    }

    // versions that never were, and an account that is cut off
    for version in [0, STATE_VERSION + 1, u8::MAX] {
        let mut account = past.world.chain.account(obligation).await.unwrap();
        account.data[8] = version;
        past.world.chain.put(obligation, account);
        refused(past.migrate(Some(obligation)).await, BallastError::WrongStateVersion);
    }
    past.put_back();
    let mut account = past.world.chain.account(obligation).await.unwrap();
    account.data.pop();
    past.world.chain.put(obligation, account);
    refused(past.migrate(Some(obligation)).await, BallastError::WrongStateVersion);

    // and nothing migrates twice
    past.put_back();
    past.migrate(Some(obligation)).await.unwrap();
    refused(past.migrate(Some(obligation)).await, BallastError::NothingToMigrate);
    refused(past.migrate(None).await, BallastError::NothingToMigrate);
    refused(past.migrate(Some(vault)).await, BallastError::NothingToMigrate);
}
