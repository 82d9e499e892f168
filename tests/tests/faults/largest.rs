//! The largest legal transactions: sixteen positions with twenty-four price accounts, thirty-two reserves, sixty-four validators, the
//! longest data, the most instructions. Each fits what the runtime allows, and the figures are printed.

use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::{
    instructions::Signal,
    state::{Obligation, ProposedChange, Reserve, Vault},
    MAX_PRICE_ACCOUNTS, MAX_RESERVES,
};
use ballast_client::{
    account::reserves_of,
    governance::Proposal,
    instruction::{self, Tranche},
    insurance,
    preset::{reserve_config, vault_config},
    price::{Price, PRICE_PROGRAM},
    safety,
    send::units::units_of_all,
};
use ballast_risk::{
    breaker::State,
    change::MIN_TIMELOCK,
    model::{MAX_GROUPS, MAX_ROWS},
    presets::{balanced, AssetKind},
    ramp::MIN_RAMP,
    Bps,
};
use ballast_tests::{
    legal::legal_calls,
    lite::lite,
    market::TOKEN,
    stage::{worth, Stage},
    usd,
    wire::{size_of, with_table, MOST_BYTES, MOST_LOCKS},
    Chain, Failure, Insured, Market, Reason, Receipt, User, Validator, World,
};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::{InstructionError, Transaction, TransactionError};

/// Most compute units of a transaction.
const MOST_UNITS: u64 = 1_400_000;
/// Entries of a transaction's trace: its instructions and all that they call.
const TRACE: usize = 64;

/// A cluster on which a transaction locks 64 accounts at most, as on mainnet.
async fn strict() -> World {
    let chain = Chain::prepared(|test| test.set_transaction_account_lock_limit(MOST_LOCKS)).await;
    World::on(chain, balanced().unwrap()).await
}

/// Lands instructions with a lookup table and prints how large they are.
async fn land(chain: &mut Chain, what: &str, all: &[Instruction], signers: &[&Keypair]) -> Receipt {
    let size = size_of(all, &signers[0].pubkey());
    let transaction = with_table(chain, all, signers).await;
    let outcome = chain.process(transaction).await;
    let receipt = outcome.unwrap_or_else(|f| panic!("{what}: {:?} {:#?}", f.error, f.logs));
    println!(
        "{what}: {} units, {} accounts, {} bytes, {} with a lookup table",
        receipt.compute_units, size.accounts, size.legacy, size.with_table
    );
    assert!(size.accounts <= MOST_LOCKS && size.with_table <= MOST_BYTES, "{what}: {size:?}");
    assert!(receipt.compute_units <= MOST_UNITS / 2, "{what}");
    let asked = u64::from(units_of_all(all));
    assert!(asked >= receipt.compute_units, "{what}: the client asks for {asked}");
    receipt
}

/// Sixteen positions whose prices come from twenty-four accounts: eight deposits are priced as a base times a rate of one.
struct Widest {
    stage: Stage,
    rates: Vec<(Pubkey, [u8; 32])>,
}

impl Widest {
    async fn set() -> Self {
        let mut stage = Stage::on(strict().await, 16).await;
        stage.borrow().await;
        let mut rates = vec![];
        let composed: Vec<Market> = stage.deposits[..8].to_vec();
        for market in &composed {
            let (account, feed) = (Pubkey::new_unique(), Pubkey::new_unique().to_bytes());
            let key = market.asset(stage.world.vault).reserve();
            stage
                .world
                .chain
                .edit::<Reserve>(key, |reserve| {
                    reserve.source.rate_feed_id = feed;
                    reserve.source.rate_growth = 10;
                    reserve.source.anchor.rate = 1_000_000_000;
                })
                .await;
            rates.push((account, feed));
        }
        let key = stage.borrower.obligation();
        stage
            .world
            .chain
            .edit::<Obligation>(key, |obligation| {
                obligation.positions.iter_mut().take(8).for_each(|position| position.price_accounts = 2);
            })
            .await;
        let obligation = stage.world.obligation(&stage.borrower).await;
        let read: u8 = obligation.active().iter().map(|position| position.price_accounts).sum();
        assert_eq!((obligation.active().len(), read), (16, MAX_PRICE_ACCOUNTS));
        Self { stage, rates }
    }

    /// Posts all prices; the instruction that takes them.
    fn refresh(&mut self) -> Instruction {
        let pairs = self.stage.post();
        let chain = &mut self.stage.world.chain;
        let with_rates = pairs.iter().enumerate().map(|(index, (reserve, price))| {
            let mut prices = vec![*price];
            if let Some((account, feed_id)) = self.rates.get(index) {
                let rate = Price {
                    feed_id: *feed_id,
                    price: 100_000_000,
                    confidence: 0,
                    ema: 100_000_000,
                    exponent: -8,
                    publish_time: chain.now(),
                    posted_slot: chain.slot(),
                };
                chain.set_account(*account, PRICE_PROGRAM, rate.account_data());
                prices.push(*account);
            }
            (*reserve, prices)
        });
        let with_rates: Vec<_> = with_rates.collect();
        instruction::refresh_composed_reserves(self.stage.world.vault, &with_rates)
    }

    async fn reserves(&mut self) -> Vec<Pubkey> {
        reserves_of(&self.stage.world.obligation(&self.stage.borrower).await)
    }
}

#[tokio::test]
async fn sixteen_positions_with_twenty_four_price_accounts_pass_every_instruction() {
    let mut widest = Widest::set().await;
    let user = widest.stage.borrower.keypair.insecure_clone();
    let account = widest.stage.borrower.account;
    let (vault, obligation) = (account.vault, account.obligation());
    let all = widest.reserves().await;
    let payer = widest.stage.world.curator.insecure_clone();
    widest.stage.world.chain.pass(20);
    let refresh = widest.refresh();
    land(&mut widest.stage.world.chain, "refresh_reserves", &[refresh], &[&payer]).await;
    let score = instruction::refresh_obligation(vault, obligation, &all);
    land(&mut widest.stage.world.chain, "refresh_obligation", &[score], &[&payer]).await;

    let (debt, first) = (widest.stage.debts[0], widest.stage.deposits[0]);
    let borrow = instruction::borrow(&account, &debt.asset(vault), worth(&debt, 10), &all);
    land(&mut widest.stage.world.chain, "borrow", &[borrow], &[&user]).await;
    let withdraw = instruction::withdraw(&account, &first.asset(vault), worth(&first, 10), &all);
    land(&mut widest.stage.world.chain, "withdraw with debt", &[withdraw], &[&user]).await;
    let repay = instruction::repay(account.owner, obligation, &debt.asset(vault), worth(&debt, 10));
    land(&mut widest.stage.world.chain, "repay", &[repay], &[&user]).await;

    // everything in one: new prices and a loan
    widest.stage.world.chain.pass(20);
    let refresh = widest.refresh();
    let borrow = instruction::borrow(&account, &debt.asset(vault), worth(&debt, 10), &all);
    land(&mut widest.stage.world.chain, "refresh_reserves and borrow", &[refresh, borrow], &[&user]).await;

    let assets: Vec<_> = widest.stage.markets().iter().map(|market| market.asset(vault)).collect();
    let attest = instruction::attest_solvency(vault, &assets);
    land(&mut widest.stage.world.chain, "attest_solvency", &[attest], &[&payer]).await;
    widest.stage.world.must(&[instruction::begin_audit(vault)], &[&payer]).await;
    let count = instruction::count_obligation(vault, obligation, &all);
    land(&mut widest.stage.world.chain, "audit_book, count", &[count], &[&payer]).await;

    // far below its requirement, its collateral is topped up in Halted, and it is sold
    widest.stage.world.chain.pass(20);
    for market in widest.stage.deposits.iter_mut().filter(|market| market.kind != AssetKind::Usd) {
        market.price = market.price * 55 / 100;
    }
    let refresh = widest.refresh();
    land(&mut widest.stage.world.chain, "refresh_reserves after a fall", &[refresh], &[&payer]).await;
    widest.stage.world.set_vault_state(State::Halted).await;
    let borrower = User { keypair: user.insecure_clone(), account };
    widest.stage.world.give(&borrower, &first, worth(&first, 100)).await;
    let top_up = instruction::top_up(&account, &first.asset(vault), worth(&first, 100), &all);
    land(&mut widest.stage.world.chain, "deposit that heals, in Halted", &[top_up], &[&user]).await;

    let keeper = widest.stage.keeper().await;
    widest.stage.world.chain.pass(1);
    let refresh = widest.refresh();
    let (tranche, _) = widest.stage.tranche(&keeper).await;
    let with_prices = [refresh, tranche.clone()];
    land(
        &mut widest.stage.world.chain,
        "refresh_reserves and soft_liquidate",
        &with_prices,
        &[&keeper.keypair],
    )
    .await;
    // one that shows the token accounts of the other debts as frozen, and may absorb the rest: as many accounts as it can name
    let frozen: Vec<Market> = widest.stage.debts[..3].to_vec();
    for market in &frozen {
        widest.stage.world.set_frozen(market, true).await;
    }
    let shown: Vec<Pubkey> = frozen.iter().map(|market| market.asset(vault).tokens()).collect();
    let last = *widest.stage.debts.last().unwrap();
    let tranche = instruction::soft_liquidate(&Tranche {
        liquidator: keeper.key(),
        obligation,
        debt: &last.asset(vault),
        deposit: &first.asset(vault),
        reserves: &all,
        max_repay: worth(&last, 100),
        min_received: 0,
        shares_to: Some(keeper.obligation()),
    });
    let tranche = instruction::showing_frozen(tranche, &shown);
    land(&mut widest.stage.world.chain, "soft_liquidate, three debts frozen", &[tranche], &[&keeper.keypair])
        .await;
    // all twelve deposits become worthless: four debts are absorbed at once, and they are taken
    for market in frozen {
        widest.stage.world.set_frozen(&market, false).await;
    }
    for market in widest.stage.deposits.clone() {
        let key = market.asset(vault).reserve();
        widest.stage.world.chain.edit::<Reserve>(key, |r| r.books.deposit_index = [0, 0]).await;
    }
    let absorb = safety::absorb_loss(keeper.key(), vault, obligation, &all);
    land(&mut widest.stage.world.chain, "absorb_loss", &[absorb], &[&keeper.keypair]).await;
    let left = widest.stage.world.obligation(&widest.stage.borrower).await;
    assert_eq!(
        (left.has_debt(), left.active().len()),
        (false, 0),
        "four debts are gone, and twelve worthless deposits"
    );
}

/// A vault with as many reserves as there may be.
async fn full_vault(mut world: World) -> (World, Vec<Market>) {
    let mut markets = world.markets().to_vec();
    while markets.len() < MAX_RESERVES {
        let market = Market::create(&mut world.chain, AssetKind::Sol, 6, TOKEN, usd(10));
        world.add_reserve(&market).await.unwrap();
        world.refresh_one(&market).await.unwrap();
        markets.push(market);
    }
    (world, markets)
}

#[tokio::test]
async fn what_takes_all_reserves_of_the_fullest_vault_fits() {
    let (mut world, markets) = full_vault(strict().await).await;
    let (vault, curator, sol) = (world.vault, world.curator.insecure_clone(), world.sol);
    let assets: Vec<_> = markets.iter().map(|market| market.asset(vault)).collect();
    let all: Vec<Pubkey> = assets.iter().map(|asset| asset.reserve()).collect();
    // with payer, programs, vault and report a slice of 29 names 63 accounts
    let attest = instruction::attest_solvency(vault, &assets[..29]);
    land(&mut world.chain, "attest_solvency, 29 reserves", &[attest], &[&curator]).await;
    world.must(&[instruction::begin_audit(vault)], &[&curator]).await;
    let finish = instruction::finish_audit(vault, &all);
    land(&mut world.chain, "audit_book, finish 32 reserves", &[finish], &[&curator]).await;

    let mut model = world.chain.state::<Vault>(vault).await.model;
    model.debt_floor += 100;
    let number = world.chain.state::<Vault>(vault).await.last_change + 1;
    let change = Proposal { vault, number, reserve: None, proposer: curator.pubkey() };
    let propose = change.propose(ProposedChange::Model { model, ramp_seconds: MIN_RAMP });
    land(&mut world.chain, "propose_change, a model", &[propose], &[&curator]).await;
    world.chain.pass(MIN_TIMELOCK as i64);
    let execute = change.execute(curator.pubkey(), &all);
    land(&mut world.chain, "execute_change, a model over 32 reserves", &[execute], &[&curator]).await;

    world.refresh().await.unwrap();
    world.lender(&sol, sol.units(1_000)).await;
    world.chain.pass(6 * 3_600); // what came in lately does not count
    world.set_state(&sol, State::WindDown).await;
    let share = safety::trip_vault(vault, Signal::VaultGuardedShare, &all);
    land(&mut world.chain, "trip_breaker, 32 reserves", &[share], &[&curator]).await;
}

#[tokio::test]
async fn sixty_four_validators_are_called_voted_and_settled() {
    let validators = (0..64).map(|index| Validator::with_stake(1_000 + index)).collect();
    let mut insured = Insured::with_validators(validators).await;
    let (usdc, sol, fund) = (insured.usdc(), insured.world.sol, insured.fund);
    let curator = insured.world.curator.insecure_clone();
    insured.enroll_all().await;
    insured.next_epoch().await;
    insured.next_epoch().await;
    let accounts: Vec<_> = insured.validators.iter().map(|validator| validator.vote_account).collect();
    // with payer, programs and the roll, 60 vote accounts make 64
    for slice in [&accounts[..60], &accounts[60..]] {
        let call = insurance::call_roll(&fund, slice);
        let what = format!("call_roll, {} vote accounts", slice.len());
        land(&mut insured.world.chain, &what, &[call], &[&curator]).await;
    }
    insured.staker(usdc.units(100_000)).await;
    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.lose(&sol, sol.units(100)).await;
    let claimant = insured.claimant().await;
    let open = insurance::open_claim(claimant.key(), &fund, insured.lost(), 1, 10_000_000_000);
    land(&mut insured.world.chain, "open_claim, 64 voters", &[open], &[&claimant.keypair]).await;
}

/// Deposits of one unit each, in one transaction with a lookup table.
async fn deposits(world: &mut World, user: &User, count: usize) -> Result<Receipt, Failure> {
    let sol = world.sol;
    let deposit = instruction::deposit(&user.account, &world.asset(&sol), 1_000);
    let all = vec![deposit; count];
    let transaction = with_table(&mut world.chain, &all, &[&user.keypair]).await;
    world.chain.process(transaction).await
}

#[tokio::test]
async fn as_many_instructions_as_a_trace_holds_land_together_and_one_more_not_at_all() {
    let mut world = strict().await;
    let (sol, ann) = (world.sol, world.user().await);
    world.give(&ann, &sol, sol.units(1)).await;
    // the limit of compute units is an instruction, and every deposit is one with a transfer in it
    let most = (TRACE - 1) / 2;
    let failure = deposits(&mut world, &ann, most + 1).await.err().unwrap();
    let reason = Reason::from(InstructionError::MaxInstructionTraceLengthExceeded);
    assert_eq!(failure.reason(), Some(reason), "{failure:#?}");
    assert_eq!(world.shares(&ann, &sol).await, 0);
    let receipt = deposits(&mut world, &ann, most).await.unwrap();
    assert_eq!(receipt.events.len(), most, "no log was cut");
    assert_eq!(world.wallet(&ann, &sol).await, sol.units(1) - 1_000 * most as u64);
    let all = vec![instruction::deposit(&ann.account, &world.asset(&sol), 1_000); most];
    let size = size_of(&all, &ann.key());
    println!("{most} deposits: {} units, {size:?}", receipt.compute_units);
    assert!(size.with_table <= MOST_BYTES && receipt.compute_units < MOST_UNITS);
    world.check_law().await;
}

#[tokio::test]
async fn the_longest_data_fits_a_transaction_without_a_lookup_table() {
    let mut world = strict().await;
    let (key, vault) = (world.curator.pubkey(), world.vault);
    let market = Market::create(&mut world.chain, AssetKind::Lst, 9, TOKEN, usd(1));
    let mut config = reserve_config(&world.preset, market.kind, market.feed_id).unwrap();
    let rate = ballast::instructions::RateConfig { feed_id: [7; 32], anchor: u64::MAX, growth: 100 };
    config.rate = Some(rate);
    // rows and groups have the same length whether they are in use or not
    let mut model = world.chain.state::<Vault>(vault).await.model;
    model.rows = [[-9_999; MAX_GROUPS]; MAX_ROWS];
    model.peak = [Bps(9_999); MAX_GROUPS].map(|bps| bps.0);
    let proposal = Proposal { vault, number: 2, reserve: None, proposer: key };
    let proposed = ProposedChange::AddReserve { mint: market.mint, config: config.clone() };
    for (what, instruction) in [
        ("create_vault", instruction::create_vault(key, vault_config(&world.preset, 9, key, key))),
        (
            "propose_change, a model",
            proposal.propose(ProposedChange::Model { model, ramp_seconds: u64::MAX }),
        ),
        ("propose_change, a reserve with a rate", proposal.propose(proposed)),
        ("add_reserve with a rate", proposal.add_reserve(key, &market.asset(vault), config)),
    ] {
        let data = instruction.data.len();
        let size = size_of(&[instruction], &key);
        println!("{what}: {data} bytes of data, {} of the transaction", size.legacy);
        assert!(size.legacy <= MOST_BYTES, "{what}");
    }
}

#[tokio::test]
async fn data_that_is_cut_anywhere_is_refused_by_name_and_nothing_returns_data() {
    let (calls, empty) = (legal_calls().await, lite().with_sigverify(false));
    let mut cut = 0;
    for call in &calls {
        let what = call.words();
        let before = call.before.load_into(&empty);
        let untouched = call.accounts(&before);
        let mut svm = before.clone();
        for length in 0..call.instruction.data.len() {
            let mut shorter = call.clone();
            shorter.instruction.data.truncate(length);
            let message = shorter.message(1_400_000, &before.latest_blockhash());
            let failure = svm.send_transaction(Transaction::new_unsigned(message));
            let failure = failure.err().unwrap_or_else(|| panic!("{what} landed with {length} bytes"));
            let named =
                matches!(failure.err, TransactionError::InstructionError(1, InstructionError::Custom(_)));
            assert!(named, "{what} with {length} bytes: {failure:#?}");
            svm.set_account(call.payer(), before.get_account(&call.payer()).unwrap()).unwrap();
            cut += 1;
        }
        assert!(call.accounts(&svm) == untouched, "{what}");
        let landed = call.send(&mut svm).unwrap_or_else(|failure| panic!("{what}: {failure:#?}"));
        assert!(landed.return_data.data.is_empty(), "{what}: {:?}", landed.return_data);
    }
    println!("{} calls, cut at {cut} lengths", calls.len());
}
