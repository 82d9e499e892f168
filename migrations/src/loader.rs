//! Deploying and upgrading through Solana's upgradeable loader: the program goes into a buffer, many small writes at a time, and
//! from there in one transaction into the program.

use crate::chain::Chain;
use anchor_lang::prelude::Pubkey;
use anyhow::{bail, ensure, Context as _, Result};
use solana_keypair::Keypair;
use solana_loader_v3_interface::{
    instruction::{
        create_buffer, deploy_with_max_program_len, extend_program, set_upgrade_authority, upgrade, write,
    },
    state::UpgradeableLoaderState,
};
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::{thread, time::Duration};

/// Bytes of the program in one write: what a transaction holds beside its signature, accounts and lengths.
pub const CHUNK: usize = 960;
/// Writes are sent from so many threads.
const SENDERS: usize = 4;
/// How often writes that did not land are sent again.
const ROUNDS: usize = 10;
/// The loader extends by no less.
pub const LEAST_EXTENSION: u32 = 10_240;

/// Whoever pays and signs: the payer of everything and the owner of the buffer.
pub struct Deployer<'a> {
    /// The cluster.
    pub chain: &'a Chain,
    /// Pays, and has the authority over buffer and program.
    pub payer: &'a Keypair,
    /// Told what is going on.
    pub say: &'a dyn Fn(&str),
}

impl Deployer<'_> {
    /// Deploys a program at the keypair's address.
    pub fn deploy(&self, program: &Keypair, code: &[u8]) -> Result<()> {
        let buffer = self.buffer(code)?;
        let payer = self.payer.pubkey();
        let rent = self.chain.rent(UpgradeableLoaderState::size_of_program())?;
        #[allow(deprecated)] // its successor deploys with another loader, which no cluster runs yet
        let deploy =
            deploy_with_max_program_len(&payer, &program.pubkey(), &buffer, &payer, rent, code.len())?;
        self.chain.send("the deployment", &deploy, &[self.payer, program])
    }

    /// Replaces a deployed program; makes room for it first if it grew from `room` bytes.
    pub fn upgrade(&self, program: &Pubkey, code: &[u8], room: usize) -> Result<()> {
        let buffer = self.buffer(code)?;
        let payer = self.payer.pubkey();
        if code.len() > room {
            let more = u32::try_from(code.len() - room)?.max(LEAST_EXTENSION);
            let extend = extend_program(program, Some(&payer), more);
            self.chain.send("extending the program", &[extend], &[self.payer])?;
            self.next_slot()?;
        }
        let upgrade = upgrade(program, &buffer, &payer, &payer);
        self.chain.send("the upgrade", &[upgrade], &[self.payer])
    }

    /// Hands the program to another authority, or to nobody for good.
    pub fn hand_over(&self, program: &Pubkey, to: Option<Pubkey>) -> Result<()> {
        let hand = set_upgrade_authority(program, &self.payer.pubkey(), to.as_ref());
        self.chain.send("handing over the program", &[hand], &[self.payer])
    }

    /// A program changes once a slot at most.
    fn next_slot(&self) -> Result<()> {
        let now = self.chain.rpc.get_slot()?;
        for _ in 0..200 {
            if self.chain.rpc.get_slot()? > now {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("the cluster makes no slots")
    }

    /// Makes a buffer that holds the program. What is there is read back, and what is missing is sent again.
    fn buffer(&self, code: &[u8]) -> Result<Pubkey> {
        let (buffer, payer) = (Keypair::new(), self.payer.pubkey());
        let rent = self.chain.rent(UpgradeableLoaderState::size_of_buffer(code.len()))?;
        let create = create_buffer(&payer, &buffer.pubkey(), &payer, rent, code.len())?;
        self.chain.send("making the buffer", &create, &[self.payer, &buffer])?;
        let header = UpgradeableLoaderState::size_of_buffer_metadata();
        for round in 0..ROUNDS {
            let account = self.chain.account(&buffer.pubkey())?.context("the buffer is gone")?;
            let there = account.data.get(header..).context("the buffer is too small")?;
            ensure!(there.len() >= code.len(), "the buffer is too small");
            let missing: Vec<usize> = (0..code.len())
                .step_by(CHUNK)
                .filter(|at| chunk(there, *at, code.len()) != chunk(code, *at, code.len()))
                .collect();
            if missing.is_empty() {
                return Ok(buffer.pubkey());
            }
            if round > 0 {
                thread::sleep(Duration::from_millis(if round == 1 { 0 } else { 800 }));
            }
            (self.say)(&format!(
                "writing {} of {} pieces into buffer {}",
                missing.len(),
                code.len().div_ceil(CHUNK),
                buffer.pubkey()
            ));
            self.write(&buffer.pubkey(), code, &missing)?;
        }
        bail!(
            "the buffer {} is still incomplete after {ROUNDS} rounds: `solana program close {0}` gives its rent back; try again",
            buffer.pubkey()
        )
    }

    /// Sends the pieces at these offsets, from several threads, without waiting for any. What fails is sent in the next round.
    fn write(&self, buffer: &Pubkey, code: &[u8], offsets: &[usize]) -> Result<()> {
        let (chain, keypair, payer) = (self.chain, self.payer, self.payer.pubkey());
        let blockhash = chain.rpc.get_latest_blockhash()?;
        thread::scope(|scope| {
            for part in offsets.chunks(offsets.len().div_ceil(SENDERS)) {
                scope.spawn(move || {
                    for at in part {
                        let piece = chunk(code, *at, code.len()).to_vec();
                        let instruction = write(buffer, &payer, *at as u32, piece);
                        let transaction = Transaction::new_signed_with_payer(
                            &[instruction],
                            Some(&payer),
                            &[keypair],
                            blockhash,
                        );
                        let _ = chain.fire(&transaction);
                    }
                });
            }
        });
        Ok(())
    }
}

fn chunk(bytes: &[u8], at: usize, end: usize) -> &[u8] {
    bytes.get(at..(at + CHUNK).min(end)).unwrap_or(&[])
}
