//! The embedded validator and what only it can do: put programs, accounts and tokens in place.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::{instruction::Instruction, sysvar::SysvarId},
};
use ballast::event::TrancheExecuted;
use ballast_client::{
    event::{events, Event},
    send::Packed,
};
use serde_json::json;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_rpc_client::rpc_client::RpcClient;
use solana_rpc_client_api::{
    config::{RpcSendTransactionConfig, RpcTransactionConfig},
    request::RpcRequest,
};
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use std::{path::PathBuf, time::Duration};
use surfpool_sdk::{cheatcodes::builders::DeployProgram, BlockProductionMode, SimnetCommand, Surfnet};

/// Length of a slot.
pub const SLOT: Duration = Duration::from_millis(400);

/// A running validator, stopped when dropped.
pub struct Net {
    surfnet: Surfnet,
    pub rpc: RpcClient,
}

/// Where the built program is.
pub fn program_path() -> PathBuf {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/deploy");
    let folder = std::env::var_os("SBF_OUT_DIR").map_or_else(|| PathBuf::from(workspace), PathBuf::from);
    folder.join("ballast.so")
}

/// The built program.
fn program() -> Vec<u8> {
    let file = program_path();
    std::fs::read(&file).unwrap_or_else(|error| {
        panic!("{}: {error}: build the program first with `cargo xtask build-sbf`", file.display())
    })
}

/// Logs of a transaction that landed.
fn logs(rpc: &RpcClient, signature: &str) -> Option<Vec<String>> {
    let config = RpcTransactionConfig {
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(0),
        ..RpcTransactionConfig::default()
    };
    let found = rpc.get_transaction_with_config(&signature.parse().ok()?, config).ok()?;
    Option::from(found.transaction.meta?.log_messages)
}

/// Tranches that a wallet executed, oldest first, with their slots; and how many of its transactions failed on chain.
pub fn tranches(rpc: &RpcClient, wallet: &Pubkey) -> (Vec<(u64, TrancheExecuted)>, usize) {
    let mut all = rpc.get_signatures_for_address(wallet).unwrap();
    all.reverse();
    let failed = all.iter().filter(|one| one.err.is_some()).count();
    let mut tranches = vec![];
    for one in all.into_iter().filter(|one| one.err.is_none()) {
        for event in logs(rpc, &one.signature).map(|logs| events(&logs)).unwrap_or_default() {
            if let Event::TrancheExecuted(tranche) = event {
                tranches.push((one.slot, tranche));
            }
        }
    }
    (tranches, failed)
}

impl Net {
    /// A validator with the program on it, a slot every 400 ms.
    pub fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let builder = Surfnet::builder()
            .offline(true)
            .block_production_mode(BlockProductionMode::Clock)
            .slot_time_ms(SLOT.as_millis() as u64);
        let surfnet = runtime.block_on(builder.start()).unwrap();
        // Runs every instruction once instead of profiling each a second time.
        surfnet.send_command(SimnetCommand::StartRunbookExecution("keeper".into())).unwrap();
        surfnet.cheatcodes().deploy(DeployProgram::new(ballast::ID).so_bytes(program())).unwrap();
        let rpc = RpcClient::new_with_commitment(surfnet.rpc_url(), CommitmentConfig::processed());
        Self { surfnet, rpc }
    }

    /// Ports of RPC and websocket.
    pub fn ports(&self) -> (u16, u16) {
        let port = |url: &str| url.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
        (port(self.surfnet.rpc_url()), port(self.surfnet.ws_url()))
    }

    /// The cluster's clock.
    pub fn clock(&self) -> Clock {
        let data = self.rpc.get_account(&Clock::id()).unwrap().data;
        ballast_client::account::clock(&data).unwrap()
    }

    pub fn cheat(&self, method: &'static str, params: serde_json::Value) {
        let answer: Result<serde_json::Value, _> = self.rpc.send(RpcRequest::Custom { method }, params);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"));
    }

    /// Puts an account in place.
    pub fn set_account(&self, address: &Pubkey, data: &[u8], owner: &Pubkey) {
        let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        let update = json!({ "lamports": 10_000_000, "data": hex, "owner": owner.to_string() });
        self.cheat("surfnet_setAccount", json!([address.to_string(), update]));
    }

    /// Gives a wallet SOL.
    pub fn fund(&self, wallet: &Pubkey) {
        self.cheat("surfnet_setAccount", json!([wallet.to_string(), { "lamports": 100_000_000_000u64 }]));
    }

    /// Gives a wallet tokens.
    pub fn set_tokens(&self, wallet: &Pubkey, mint: &Pubkey, amount: u64) {
        let program = anchor_spl::token::ID.to_string();
        let params = json!([wallet.to_string(), mint.to_string(), { "amount": amount }, program]);
        self.cheat("surfnet_setTokenAccount", params);
    }

    /// Changes an account's data where it stands.
    pub fn edit_account(&self, address: &Pubkey, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut account = self.rpc.get_account(address).unwrap();
        edit(&mut account.data);
        self.set_account(address, &account.data, &account.owner);
    }

    /// Plays an issuer who freezes a token account, or thaws it.
    pub fn freeze(&self, tokens: &Pubkey, is_frozen: bool) {
        // `state` of a token account: 1 is initialized, 2 is frozen
        self.edit_account(tokens, |data| data[108] = if is_frozen { 2 } else { 1 });
    }

    /// Sets the cluster's clock to so many seconds from what it shows now.
    pub fn travel(&self, seconds: i64) {
        let time = (self.clock().unix_timestamp + seconds) * 1_000;
        self.cheat("surfnet_timeTravel", json!([{ "absoluteTimestamp": time }]));
    }

    /// Stops the clock, and with it the making of blocks.
    pub fn pause(&self) {
        self.cheat("surfnet_pauseClock", json!([]));
    }

    /// Starts the clock again.
    pub fn resume(&self) {
        self.cheat("surfnet_resumeClock", json!([]));
    }

    /// Signs, sends and waits until it is known; panics with the logs where it fails.
    pub fn send(&self, what: &str, instructions: &[Instruction], payer: &Keypair) {
        let packed = Packed::new(what, instructions.to_vec(), &[]);
        let blockhash = self.rpc.get_latest_blockhash().unwrap();
        let message = packed.message(&payer.pubkey(), packed.units, 0, blockhash).unwrap();
        let transaction = VersionedTransaction::try_new(message, &[payer]).unwrap();
        let config = RpcSendTransactionConfig { skip_preflight: true, ..RpcSendTransactionConfig::default() };
        let signature = self.rpc.send_transaction_with_config(&transaction, config).unwrap();
        for _ in 0..200 {
            if let Some(result) = self.rpc.get_signature_status(&signature).unwrap() {
                return result.unwrap_or_else(|error| panic!("{what}: {error}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{what}: not landed")
    }
}
