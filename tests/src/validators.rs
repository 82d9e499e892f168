//! Validators with real stake: vote and stake accounts in the cluster's genesis, as its bank counts them.

use anchor_lang::prelude::Pubkey;
use solana_account::AccountSharedData;
use solana_keypair::Keypair;
use solana_program_test::ProgramTest;
use solana_runtime::stake_utils::create_stake_account;
use solana_signer::Signer;
use solana_vote_program::vote_state::create_v4_account_with_authorized;

/// Lamports of a SOL.
const LAMPORTS_PER_SOL: u64 = 1_000_000_000;
/// Stake of the validator that every test cluster has, in SOL. Nobody here holds its keys.
pub const BOOTSTRAP_STAKE: u64 = 1_000_000;

/// A validator.
pub struct Validator {
    /// Its node identity.
    pub identity: Keypair,
    /// Its vote account.
    pub vote_account: Pubkey,
    /// Its stake, in SOL.
    pub stake: u64,
}

impl Validator {
    /// A new one with so many SOL of stake.
    pub fn with_stake(stake: u64) -> Self {
        Self { identity: Keypair::new(), vote_account: Pubkey::new_unique(), stake }
    }

    /// The same operator's second vote account.
    pub fn with_identity(identity: &Keypair, stake: u64) -> Self {
        Self { identity: identity.insecure_clone(), vote_account: Pubkey::new_unique(), stake }
    }

    /// Its identity's address.
    pub fn key(&self) -> Pubkey {
        self.identity.pubkey()
    }

    /// Its vote account's content, naming some identity.
    pub fn vote_state(&self, identity: &Pubkey) -> AccountSharedData {
        let vote = &self.vote_account;
        create_v4_account_with_authorized(
            identity,
            vote,
            [0; 48],
            vote,
            0,
            vote,
            0,
            identity,
            1_000 * LAMPORTS_PER_SOL,
        )
    }

    /// Adds its accounts to a genesis: stake that is active from the beginning.
    pub fn add_to(&self, test: &mut ProgramTest) {
        let vote = self.vote_state(&self.key());
        let rent = anchor_lang::prelude::Rent::default();
        let reserve = rent.minimum_balance(200);
        if self.stake > 0 {
            let lamports = self.stake * LAMPORTS_PER_SOL + reserve;
            let stake = create_stake_account(
                &self.vote_account,
                &self.vote_account,
                &vote,
                &Default::default(),
                lamports,
            );
            test.add_genesis_account(Pubkey::new_unique(), stake.into());
        }
        test.add_genesis_account(self.vote_account, vote.into());
        let node = AccountSharedData::new(10 * LAMPORTS_PER_SOL, 0, &anchor_lang::system_program::ID);
        test.add_genesis_account(self.key(), node.into());
    }
}
