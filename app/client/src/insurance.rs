//! The insurance fund of a vault: addresses, one builder an instruction, and what whoever calls the roll has to show.

use crate::address::{derive, wallet_tokens, Asset};
use crate::instruction::{build, read_only};
use anchor_lang::{
    prelude::{AccountMeta, Pubkey},
    solana_program::{instruction::Instruction, system_program},
};
use ballast::{
    accounts,
    constants::*,
    instruction as data,
    state::{FundRules, RollAccount},
};

/// A vault's fund, whose mint is that of one of the vault's assets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fund {
    /// The asset of the fund's mint.
    pub asset: Asset,
}

impl Fund {
    /// The vault.
    pub fn vault(&self) -> Pubkey {
        self.asset.vault
    }
    /// The fund's address.
    pub fn address(&self) -> Pubkey {
        derive(&[FUND_SEED, self.asset.vault.as_ref()])
    }
    /// Its token account.
    pub fn tokens(&self) -> Pubkey {
        derive(&[FUND_TOKENS_SEED, self.address().as_ref()])
    }
    /// Its roll of validators.
    pub fn roll(&self) -> Pubkey {
        derive(&[ROLL_SEED, self.address().as_ref()])
    }
    /// An owner's stake.
    pub fn stake(&self, owner: &Pubkey) -> Pubkey {
        derive(&[STAKE_SEED, self.address().as_ref(), owner.as_ref()])
    }
    /// The claim of this number; the first is 1.
    pub fn claim(&self, number: u64) -> Pubkey {
        derive(&[CLAIM_SEED, self.address().as_ref(), &number.to_le_bytes()])
    }
    /// An owner's associated token account of the fund's mint.
    pub fn wallet(&self, owner: &Pubkey) -> Pubkey {
        wallet_tokens(owner, &self.asset.mint, &self.asset.token_program)
    }
}

/// The same `soft_liquidate` or `absorb_loss` with the vault's fund as its last account: what lenders lose is written down there. Pass it
/// wherever the vault has a fund and the instruction may take the last deposit of a book.
pub fn recording_losses(mut instruction: Instruction, fund: Pubkey) -> Instruction {
    instruction.accounts.push(AccountMeta::new(fund, false));
    instruction
}

/// `create_fund`, signed by the vault's curator.
pub fn create_fund(curator: Pubkey, fund: &Fund, rules: FundRules) -> Instruction {
    let accounts = accounts::CreateFund {
        curator,
        vault: fund.vault(),
        reserve: fund.asset.reserve(),
        mint: fund.asset.mint,
        fund: fund.address(),
        roll: fund.roll(),
        tokens: fund.tokens(),
        token_program: fund.asset.token_program,
        system_program: system_program::ID,
    };
    build(accounts, data::CreateFund { rules }, vec![])
}

/// `open_stake`, signed by the owner.
pub fn open_stake(owner: Pubkey, fund: &Fund) -> Instruction {
    let accounts = accounts::OpenStake {
        owner,
        fund: fund.address(),
        stake: fund.stake(&owner),
        system_program: system_program::ID,
    };
    build(accounts, data::OpenStake {}, vec![])
}

/// `close_stake`, signed by the owner.
pub fn close_stake(owner: Pubkey, fund: &Fund) -> Instruction {
    let accounts = accounts::CloseStake { owner, fund: fund.address(), stake: fund.stake(&owner) };
    build(accounts, data::CloseStake {}, vec![])
}

/// `stake_insurance`, signed by the owner.
pub fn stake_insurance(owner: Pubkey, fund: &Fund, amount: u64) -> Instruction {
    let accounts = accounts::StakeInsurance {
        owner,
        vault: fund.vault(),
        fund: fund.address(),
        stake: fund.stake(&owner),
        reserve: fund.asset.reserve(),
        mint: fund.asset.mint,
        tokens: fund.tokens(),
        owner_tokens: fund.wallet(&owner),
        token_program: fund.asset.token_program,
    };
    build(accounts, data::StakeInsurance { amount }, vec![])
}

/// `request_unstake`, signed by the owner: `u64::MAX` for all shares, 0 to stay after all.
pub fn request_unstake(owner: Pubkey, fund: &Fund, shares: u64) -> Instruction {
    let accounts = accounts::RequestUnstake { owner, fund: fund.address(), stake: fund.stake(&owner) };
    build(accounts, data::RequestUnstake { shares }, vec![])
}

/// `unstake`, signed by the owner.
pub fn unstake(owner: Pubkey, fund: &Fund) -> Instruction {
    let accounts = accounts::Unstake {
        owner,
        vault: fund.vault(),
        fund: fund.address(),
        stake: fund.stake(&owner),
        mint: fund.asset.mint,
        tokens: fund.tokens(),
        owner_tokens: fund.wallet(&owner),
        token_program: fund.asset.token_program,
    };
    build(accounts, data::Unstake {}, vec![])
}

/// `collect_insurance`. Needs no signer of the vault.
pub fn collect_insurance(fund: &Fund) -> Instruction {
    let accounts = accounts::CollectInsurance {
        vault: fund.vault(),
        fund: fund.address(),
        reserve: fund.asset.reserve(),
        mint: fund.asset.mint,
        tokens: fund.asset.tokens(),
        fund_tokens: fund.tokens(),
        token_program: fund.asset.token_program,
    };
    build(accounts, data::CollectInsurance {}, vec![])
}

/// What somebody repays of a loss.
#[derive(Clone, Copy, Debug)]
pub struct Cover {
    /// Who signs, pays and is paid.
    pub payer: Pubkey,
    /// The asset whose lenders lost.
    pub lost: Asset,
    /// Most token units of it to repay.
    pub amount: u64,
    /// Fewest token units of the fund's mint to be paid.
    pub min_paid: u64,
    /// A claim that passed; none for automatic cover.
    pub claim: Option<Pubkey>,
}

/// `cover_loss`, signed by the payer.
pub fn cover_loss(fund: &Fund, cover: &Cover) -> Instruction {
    let accounts = accounts::CoverLoss {
        payer: cover.payer,
        vault: fund.vault(),
        fund: fund.address(),
        claim: cover.claim,
        fund_reserve: fund.asset.reserve(),
        reserve: cover.lost.reserve(),
        mint: cover.lost.mint,
        tokens: cover.lost.tokens(),
        payer_tokens: cover.lost.wallet(&cover.payer),
        token_program: cover.lost.token_program,
        fund_mint: fund.asset.mint,
        fund_tokens: fund.tokens(),
        payer_fund_tokens: fund.wallet(&cover.payer),
        fund_token_program: fund.asset.token_program,
    };
    build(accounts, data::CoverLoss { amount: cover.amount, min_paid: cover.min_paid }, vec![])
}

fn enrolment(identity: Pubkey, fund: &Fund, vote_account: Pubkey) -> accounts::MoveEnrolment {
    accounts::MoveEnrolment { identity, roll: fund.roll(), vote_account }
}

/// `enroll_validator`, signed by the node identity that the vote account names.
pub fn enroll_validator(identity: Pubkey, fund: &Fund, vote_account: Pubkey) -> Instruction {
    build(enrolment(identity, fund, vote_account), data::EnrollValidator {}, vec![])
}

/// `leave_roll`, signed by the node identity that the vote account names.
pub fn leave_roll(identity: Pubkey, fund: &Fund, vote_account: Pubkey) -> Instruction {
    build(enrolment(identity, fund, vote_account), data::LeaveRoll {}, vec![])
}

/// `call_roll` for a slice of [`to_call`]. Needs no signer.
pub fn call_roll(fund: &Fund, vote_accounts: &[Pubkey]) -> Instruction {
    build(accounts::CallRoll { roll: fund.roll() }, data::CallRoll {}, read_only(vote_accounts))
}

/// Vote accounts for which the roll is still to be called in this epoch before a claim opens: holders and successors who may vote on
/// it.
pub fn to_call(roll: &RollAccount, epoch: u64) -> Vec<Pubkey> {
    let Ok(epoch) = u32::try_from(epoch) else { return vec![] };
    let enrolments = roll.seats().iter().flat_map(|seat| [seat.holder, seat.successor]);
    enrolments
        .filter(|enrolment| enrolment.votes_in(epoch) && enrolment.confirmed_in != epoch)
        .map(|enrolment| Pubkey::new_from_array(enrolment.vote_account))
        .collect()
}

/// `open_claim` for micro-USD of recorded losses of the reserve that lost, signed by the opener; `number` is one above
/// [`ballast::state::FundAccount::last_claim`].
pub fn open_claim(opener: Pubkey, fund: &Fund, lost: Pubkey, number: u64, value: u64) -> Instruction {
    let accounts = accounts::OpenClaim {
        opener,
        vault: fund.vault(),
        fund: fund.address(),
        roll: fund.roll(),
        reserve: fund.asset.reserve(),
        lost,
        claim: fund.claim(number),
        mint: fund.asset.mint,
        tokens: fund.tokens(),
        opener_tokens: fund.wallet(&opener),
        token_program: fund.asset.token_program,
        system_program: system_program::ID,
    };
    build(accounts, data::OpenClaim { value }, vec![])
}

/// `vote_claim`, signed by a node identity.
pub fn vote_claim(identity: Pubkey, claim: Pubkey, yes: bool) -> Instruction {
    build(accounts::VoteClaim { identity, claim }, data::VoteClaim { yes }, vec![])
}

/// `settle_claim`; `opener_tokens` gets the bond of a claim that passed. Needs no signer.
pub fn settle_claim(fund: &Fund, number: u64, opener_tokens: Option<Pubkey>) -> Instruction {
    let accounts = accounts::SettleClaim {
        vault: fund.vault(),
        fund: fund.address(),
        claim: fund.claim(number),
        mint: fund.asset.mint,
        tokens: fund.tokens(),
        opener_tokens,
        token_program: fund.asset.token_program,
    };
    build(accounts, data::SettleClaim {}, vec![])
}

/// `close_claim`; `opener_tokens` gets a bond that is still owed. Needs no signer.
pub fn close_claim(fund: &Fund, number: u64, opener: Pubkey, opener_tokens: Option<Pubkey>) -> Instruction {
    let accounts = accounts::CloseClaim {
        vault: fund.vault(),
        fund: fund.address(),
        claim: fund.claim(number),
        opener,
        mint: fund.asset.mint,
        tokens: fund.tokens(),
        opener_tokens,
        token_program: fund.asset.token_program,
    };
    build(accounts, data::CloseClaim {}, vec![])
}
