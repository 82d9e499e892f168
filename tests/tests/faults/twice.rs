//! Transactions that are sent twice, late, or in the middle of a plan: nothing is done twice.

use anchor_lang::prelude::Pubkey;
use async_trait::async_trait;
use ballast_client::{
    instruction,
    send::{transport::*, SendOptions, Sender, Step},
};
use ballast_tests::{legal::legal_calls, lite::lite, World};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_signature::Signature;
use solana_transaction::{versioned::VersionedTransaction, TransactionError};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
};

#[tokio::test]
async fn the_same_signed_transaction_does_nothing_a_second_time_and_nothing_late() {
    let (calls, empty) = (legal_calls().await, lite());
    for call in &calls {
        let what = call.words();
        let mut svm = call.before.load_into(&empty);
        let blockhash = svm.latest_blockhash();
        let signed = call.transaction(1_400_000, &blockhash);
        let mut late = svm.clone();
        svm.send_transaction(signed.clone()).unwrap_or_else(|failure| panic!("{what}: {failure:#?}"));
        let once = call.accounts(&svm);
        let again = svm.send_transaction(signed.clone()).unwrap_err();
        assert_eq!(again.err, TransactionError::AlreadyProcessed, "{what}");
        assert!(call.accounts(&svm) == once, "{what}: fee and all");
        svm.expire_blockhash();
        let again = svm.send_transaction(signed.clone()).unwrap_err();
        assert_eq!(again.err, TransactionError::BlockhashNotFound, "{what}");
        assert!(call.accounts(&svm) == once, "{what}");
        let untouched = call.accounts(&late);
        late.expire_blockhash();
        let failure = late.send_transaction(signed).unwrap_err();
        assert_eq!(failure.err, TransactionError::BlockhashNotFound, "{what}");
        assert!(call.accounts(&late) == untouched, "{what}");
    }
}

/// What becomes of a transaction that is handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It lands and the node says so.
    Lands,
    /// It lands, and the node's answer is lost.
    LandsWithoutAnswer,
    /// The node takes it and loses it; its blockhash expires.
    Expires,
    /// It lands in the last block that it can, after the node forgot it.
    LandsLate,
}

/// Blocks that a blockhash lives.
const LIFE: u64 = 20;

/// A cluster with the program, as the client sees it.
struct Cluster {
    svm: LiteSVM,
    fates: VecDeque<Fate>,
    height: u64,
    /// What landed, and when.
    landed: BTreeMap<Signature, (u64, Record)>,
    /// Handed in, to land in a later block.
    late: Vec<(u64, VersionedTransaction)>,
    /// Height at which the present blockhash came.
    since: u64,
}

impl Cluster {
    fn land(&mut self, transaction: VersionedTransaction) {
        let signature = transaction.signatures[0];
        if let Ok(meta) = self.svm.send_transaction(transaction) {
            let slot = self.height;
            let units = meta.compute_units_consumed;
            let record = Record { slot, time: None, error: None, logs: meta.logs, units };
            self.landed.insert(signature, (slot, record));
        }
    }

    /// A block passes.
    fn block(&mut self) -> u64 {
        self.height += 1;
        let (due, later) = self.late.drain(..).partition(|(height, _)| *height <= self.height);
        self.late = later;
        for (_, transaction) in due {
            self.land(transaction);
        }
        if self.height > self.since + LIFE {
            self.svm.expire_blockhash();
            self.since = self.height;
        }
        self.height
    }
}

struct Lagging(Mutex<Cluster>);

#[async_trait]
impl Transport for Lagging {
    async fn accounts(&self, addresses: &[Pubkey]) -> Answer<Vec<Option<Account>>> {
        let cluster = self.0.lock().unwrap();
        Ok(addresses.iter().map(|key| cluster.svm.get_account(key)).collect())
    }
    async fn latest_blockhash(&self) -> Answer<Blockhash> {
        let cluster = self.0.lock().unwrap();
        Ok(Blockhash { hash: cluster.svm.latest_blockhash(), last_valid_block_height: cluster.since + LIFE })
    }
    async fn block_height(&self) -> Answer<u64> {
        Ok(self.0.lock().unwrap().block())
    }
    async fn slot(&self) -> Answer<u64> {
        Ok(self.0.lock().unwrap().height)
    }
    async fn simulate(&self, transaction: &VersionedTransaction) -> Answer<Simulation> {
        let cluster = self.0.lock().unwrap();
        Ok(match cluster.svm.simulate_transaction(transaction.clone()) {
            Ok(done) => {
                Simulation { error: None, logs: done.meta.logs, units: done.meta.compute_units_consumed }
            }
            Err(failure) => Simulation { error: Some(failure.err), logs: failure.meta.logs, units: 0 },
        })
    }
    async fn send(&self, transaction: &VersionedTransaction) -> Answer<()> {
        let mut cluster = self.0.lock().unwrap();
        let last = cluster.since + LIFE;
        match cluster.fates.pop_front().unwrap_or(Fate::Lands) {
            Fate::Lands => cluster.land(transaction.clone()),
            Fate::LandsWithoutAnswer => {
                cluster.land(transaction.clone());
                return Err(TransportError::Timeout("30 s".into()));
            }
            Fate::Expires => {}
            Fate::LandsLate => cluster.late.push((last, transaction.clone())),
        }
        Ok(())
    }
    async fn status(&self, signature: &Signature, _: CommitmentConfig, _: bool) -> Answer<Option<Status>> {
        let cluster = self.0.lock().unwrap();
        Ok(cluster.landed.get(signature).map(|(slot, _)| Status { slot: *slot, error: None, settled: true }))
    }
    async fn notice(&self, _: &Signature, _: CommitmentConfig) -> Answer<()> {
        Err(TransportError::Unreachable("websocket: closed".into()))
    }
    async fn record(&self, signature: &Signature) -> Answer<Option<Record>> {
        Ok(self.0.lock().unwrap().landed.get(signature).map(|(_, record)| record.clone()))
    }
    async fn recent_fees(&self, _: &[Pubkey]) -> Answer<Vec<u64>> {
        Ok(vec![])
    }
}

/// A plan of three transactions that meet these fates: open and deposit, deposit again, deposit for the third time. Returns the
/// shares after each, and how many transactions landed.
async fn plan(fates: &[Fate]) -> (Vec<u64>, usize) {
    let mut world = World::start().await;
    let (sol, owner) = (world.sol, world.chain.wallet());
    let account = ballast_client::Account { vault: world.vault, owner: signer(&owner), id: 0 };
    sol.fund(&mut world.chain, &account.owner, sol.units(100));
    let asset = world.asset(&sol);
    let steps: Vec<Step> = [1u64, 10, 20]
        .iter()
        .enumerate()
        .map(|(index, amount)| {
            let mut all = vec![];
            if index == 0 {
                all.push(instruction::open_obligation(&account));
            }
            all.push(instruction::deposit(&account, &asset, sol.units(*amount)));
            Step::together(format!("deposit {amount} SOL"), all)
        })
        .collect();
    let mut svm = lite();
    let named = steps.iter().flat_map(Step::addresses).chain([account.owner]);
    for key in named {
        if let Some(found) = world.chain.account(key).await.filter(|found| !found.executable) {
            svm.set_account(key, found).unwrap();
        }
    }
    svm.set_sysvar(&world.chain.clock().await);
    let cluster = Cluster {
        svm,
        fates: fates.iter().copied().collect(),
        height: 1,
        landed: BTreeMap::new(),
        late: vec![],
        since: 1,
    };
    let options = SendOptions {
        poll: std::time::Duration::from_millis(1),
        resend: std::time::Duration::from_secs(3_600),
        ..SendOptions::default()
    };
    let sender = Sender::new(Lagging(Mutex::new(cluster)), options);
    let mut shares = vec![];
    for step in &steps {
        let landed = sender.send_steps(std::slice::from_ref(step), &[&owner], &[]).await;
        landed.unwrap_or_else(|error| panic!("{fates:?}: {error}"));
        let cluster = sender.transport.0.lock().unwrap();
        let data = cluster.svm.get_account(&account.obligation()).unwrap().data;
        let obligation: ballast::state::Obligation = ballast_client::decode(&data).unwrap();
        shares.push(obligation.positions[0].shares);
    }
    let landed = sender.transport.0.lock().unwrap().landed.len();
    (shares, landed)
}

fn signer(keypair: &Keypair) -> Pubkey {
    solana_signer::Signer::pubkey(keypair)
}

#[tokio::test]
async fn a_plan_whose_blockhash_expires_in_the_middle_is_retried_and_each_step_lands_once() {
    use Fate::*;
    let (calm, _) = plan(&[]).await;
    for fates in [
        [Lands, Expires, Lands, Lands],
        [Expires, Lands, Expires, Lands],
        [Lands, LandsWithoutAnswer, LandsWithoutAnswer, Lands],
        [Lands, LandsLate, Lands, Lands],
        [LandsLate, LandsLate, LandsLate, Lands],
        [Expires, Expires, LandsLate, LandsWithoutAnswer],
    ] {
        let (shares, landed) = plan(&fates).await;
        assert_eq!((shares, landed), (calm.clone(), 3), "{fates:?}");
    }
}
