//! The embedded validator. Its cheat codes are used for four things only: to put the program on it, to give people tokens and
//! SOL, to set the clock, and to play the oracle. Everything else goes through signed transactions over RPC.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::{instruction::Instruction, sysvar::SysvarId},
};
use anyhow::{anyhow, bail, Context as _, Result};
use serde_json::json;
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_keypair::Keypair;
use solana_rpc_client::rpc_client::RpcClient;
use solana_rpc_client_api::{
    config::{RpcSendTransactionConfig, RpcTransactionConfig},
    request::RpcRequest,
};
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::{
    path::Path,
    time::{Duration, Instant},
};
use surfpool_sdk::{cheatcodes::builders::DeployProgram, BlockProductionMode, SimnetCommand, Surfnet};

/// Compute units that every transaction asks for.
const UNITS: u32 = 600_000;

/// A running validator, stopped when dropped.
pub struct Validator {
    surfnet: Surfnet,
    rpc: RpcClient,
    slot: u64,
}

/// A transaction that landed.
pub struct Landed {
    /// Its logs.
    pub logs: Vec<String>,
    /// Compute units that it took.
    pub units: u64,
}

impl Validator {
    /// Starts a validator, offline, with the program on it.
    pub fn start(program: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let surfnet = runtime.block_on(
            Surfnet::builder()
                .offline(true)
                .block_production_mode(BlockProductionMode::Manual)
                .slot_time_ms(400)
                .start(),
        )?;
        let rpc = RpcClient::new_with_commitment(surfnet.rpc_url(), CommitmentConfig::processed());
        // Runs every instruction once instead of profiling each a second time.
        surfnet.send_command(SimnetCommand::StartRunbookExecution("ballast-demo".into()))?;
        let name = program.display();
        let code = std::fs::read(program)
            .with_context(|| format!("cannot read the program {name}: build it first"))?;
        surfnet
            .cheatcodes()
            .deploy(DeployProgram::new(ballast::ID).so_bytes(code))
            .with_context(|| format!("cannot deploy {name}"))?;
        Ok(Self { surfnet, rpc, slot: 0 })
    }

    /// Where its RPC listens.
    pub fn url(&self) -> &str {
        self.surfnet.rpc_url()
    }

    /// The slot that the clock showed when it was last set.
    pub fn slot(&self) -> u64 {
        self.slot
    }

    /// Ends the block and starts the next one at this time. The clock may be set back, before anything happened.
    pub fn set_clock(&mut self, time: u64) -> Result<Clock> {
        let now = self.clock()?;
        let next = now.slot.max(self.slot) + 1;
        let clock = Clock {
            slot: next,
            unix_timestamp: i64::try_from(time)?,
            epoch_start_timestamp: i64::try_from(time)?,
            ..now
        };
        self.surfnet.send_command(SimnetCommand::UpdateInternalClock(None, clock))?;
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let now = self.clock()?;
            if now.slot >= next && now.unix_timestamp == i64::try_from(time)? {
                self.slot = now.slot;
                return Ok(now);
            }
            if Instant::now() > deadline {
                bail!("the validator's clock does not move to {time}: it says {now:?}");
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// The cluster's clock.
    fn clock(&self) -> Result<Clock> {
        let account = self.rpc.get_account(&Clock::id()).context("cannot read the clock")?;
        bincode_clock(&account.data)
    }

    /// Puts an account in place.
    pub fn set_account(&self, address: &Pubkey, lamports: u64, data: &[u8], owner: &Pubkey) -> Result<()> {
        let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        let update = json!({ "lamports": lamports, "data": hex, "owner": owner.to_string() });
        self.cheat("surfnet_setAccount", json!([address.to_string(), update]))
    }

    /// Gives a wallet SOL.
    pub fn fund(&self, wallet: &Pubkey, lamports: u64) -> Result<()> {
        self.cheat("surfnet_setAccount", json!([wallet.to_string(), { "lamports": lamports }]))
    }

    /// Gives a wallet tokens in its associated token account.
    pub fn set_tokens(
        &self,
        wallet: &Pubkey,
        mint: &Pubkey,
        amount: u64,
        token_program: &Pubkey,
    ) -> Result<()> {
        let update = json!({ "amount": amount });
        let params = json!([wallet.to_string(), mint.to_string(), update, token_program.to_string()]);
        self.cheat("surfnet_setTokenAccount", params)
    }

    fn cheat(&self, method: &'static str, params: serde_json::Value) -> Result<()> {
        let answer: std::result::Result<serde_json::Value, _> =
            self.rpc.send(RpcRequest::Custom { method }, params);
        answer.map(|_| ()).with_context(|| format!("{method} failed"))
    }

    /// Accounts in the order of the addresses.
    pub fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>> {
        let mut accounts = vec![];
        for part in addresses.chunks(100) {
            accounts.extend(self.rpc.get_multiple_accounts(part).context("cannot read accounts")?);
        }
        Ok(accounts)
    }

    /// Signs, sends and waits; errors name what was tried and show the logs.
    pub fn send(
        &self,
        what: &str,
        instructions: &[Instruction],
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<Landed> {
        let mut all = vec![ComputeBudgetInstruction::set_compute_unit_limit(UNITS)];
        all.extend_from_slice(instructions);
        let blockhash = self.rpc.get_latest_blockhash().context("cannot get a blockhash")?;
        let mut keys = vec![payer];
        keys.extend(signers.iter().filter(|key| key.pubkey() != payer.pubkey()));
        let transaction = Transaction::new_signed_with_payer(&all, Some(&payer.pubkey()), &keys, blockhash);
        let config = RpcSendTransactionConfig { skip_preflight: true, ..RpcSendTransactionConfig::default() };
        let signature = self
            .rpc
            .send_transaction_with_config(&transaction, config)
            .with_context(|| format!("{what}: not accepted"))?;
        let config = RpcTransactionConfig {
            commitment: Some(CommitmentConfig::confirmed()),
            ..RpcTransactionConfig::default()
        };
        let found = self
            .rpc
            .get_transaction_with_config(&signature, config)
            .with_context(|| format!("{what}: sent, but not found"))?;
        let meta = found.transaction.meta.with_context(|| format!("{what}: no record of it"))?;
        let logs: Vec<String> = Option::from(meta.log_messages).unwrap_or_default();
        if let Some(error) = meta.err {
            bail!("{what}: {error}\n{}", logs.join("\n"));
        }
        if logs.iter().any(|log| log.starts_with("Log truncated")) {
            bail!("{what}: its logs were cut short, so its events cannot be read");
        }
        Ok(Landed { logs, units: Option::from(meta.compute_units_consumed).unwrap_or(0) })
    }
}

/// The clock's account holds five 8-byte numbers in the order of the struct.
fn bincode_clock(data: &[u8]) -> Result<Clock> {
    let number = |index: usize| -> Result<[u8; 8]> {
        data.get(index * 8..index * 8 + 8)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| anyhow!("the clock's account is too short"))
    };
    Ok(Clock {
        slot: u64::from_le_bytes(number(0)?),
        epoch_start_timestamp: i64::from_le_bytes(number(1)?),
        epoch: u64::from_le_bytes(number(2)?),
        leader_schedule_epoch: u64::from_le_bytes(number(3)?),
        unix_timestamp: i64::from_le_bytes(number(4)?),
    })
}
