//! Checks a vault's solvency and books from accounts that the caller fetched itself, trusting no report.
//!
//! Fetch the vault, all of its reserves with their token accounts, and all obligations of the vault, at one slot. Only when
//! [`verify`] returns a [`Proof`] is the vault called solvent; otherwise every disagreement is listed.

use crate::{account::decode, address};
use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::{extension::StateWithExtensions, state::Account as TokenState};
use ballast::state::{Obligation, Reserve, Side, Vault};
use ballast_risk::{Seconds, TokenAmount};
use std::{collections::HashMap, fmt};

/// An account as fetched: its address, its owner program and its data.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Address.
    pub key: Pubkey,
    /// Owner program.
    pub owner: Pubkey,
    /// Data.
    pub data: Vec<u8>,
}

/// Everything that a verification reads.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The vault.
    pub vault: Fetched,
    /// Its reserves, in any order.
    pub reserves: Vec<Fetched>,
    /// The reserves' token accounts, in any order.
    pub token_accounts: Vec<Fetched>,
    /// Every obligation of the vault.
    pub obligations: Vec<Fetched>,
    /// The cluster's time.
    pub now: Seconds,
}

/// What a sound vault amounts to, in token units a reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// One line a reserve, in the vault's order.
    pub reserves: Vec<ReserveProof>,
}

/// One reserve of a [`Proof`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReserveProof {
    /// The reserve.
    pub reserve: Pubkey,
    /// Tokens in its token account.
    pub held: u64,
    /// What borrowers owe.
    pub debt: u64,
    /// What it owes: deposits, fees, insurance, recoveries still to be streamed.
    pub claims: u64,
    /// Positions found.
    pub positions: u64,
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The account.
    pub key: Pubkey,
    /// What about it.
    pub what: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)
    }
}

/// What the positions of a reserve add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    deposit_shares: u128,
    debt_shares: u128,
    deposit_positions: u64,
    debt_positions: u64,
}

/// Verifies a vault. Errors list every disagreement found.
pub fn verify(evidence: &Evidence) -> Result<Proof, Vec<Disagreement>> {
    let mut found = Findings::default();
    let Some(vault) = found.program_account::<Vault>(&evidence.vault, "a vault") else {
        return Err(found.0);
    };
    let vault_key = evidence.vault.key;
    found.check(address::vault(&vault.creator, vault.id) == vault_key, vault_key, || {
        "the address is not the one of its creator and number".into()
    });
    let sums = sum_positions(evidence, &vault_key, &mut found);
    let mut proof = Proof { reserves: Vec::new() };
    for key in vault.reserves.iter().take(usize::from(vault.reserve_count)) {
        match evidence.reserves.iter().find(|account| account.key == *key) {
            Some(account) => {
                proof.reserves.extend(verify_reserve(evidence, account, &vault_key, &sums, &mut found));
            }
            None => found.add(*key, "the vault lists this reserve, but it was not fetched".into()),
        }
    }
    if found.0.is_empty() {
        Ok(proof)
    } else {
        Err(found.0)
    }
}

fn sum_positions(evidence: &Evidence, vault: &Pubkey, found: &mut Findings) -> HashMap<Pubkey, Sum> {
    let mut sums: HashMap<Pubkey, Sum> = HashMap::new();
    let mut seen = std::collections::HashSet::new();
    for account in &evidence.obligations {
        found.check(seen.insert(account.key), account.key, || "the obligation was passed twice".into());
        let Some(obligation) = found.program_account::<Obligation>(account, "an obligation") else {
            continue;
        };
        found.check(obligation.vault == *vault, account.key, || "the obligation is of another vault".into());
        let owner = crate::Account { vault: *vault, owner: obligation.owner, id: obligation.id };
        found.check(owner.obligation() == account.key, account.key, || {
            "the address is not the one of its owner and number".into()
        });
        for position in obligation.active() {
            let sum = sums.entry(position.reserve).or_default();
            match position.side() {
                Some(Side::Deposit) => {
                    sum.deposit_shares += u128::from(position.shares);
                    sum.deposit_positions += 1;
                }
                Some(Side::Debt) => {
                    sum.debt_shares += u128::from(position.shares);
                    sum.debt_positions += 1;
                }
                None => found.add(account.key, "a position is on neither side".into()),
            }
        }
    }
    sums
}

fn verify_reserve(
    evidence: &Evidence,
    account: &Fetched,
    vault: &Pubkey,
    sums: &HashMap<Pubkey, Sum>,
    found: &mut Findings,
) -> Option<ReserveProof> {
    let reserve = found.program_account::<Reserve>(account, "a reserve")?;
    let asset = address::Asset { vault: *vault, mint: reserve.mint, token_program: reserve.token_program };
    found.check(
        reserve.vault == *vault && asset.reserve() == account.key && asset.tokens() == reserve.token_account,
        account.key,
        || "its vault, address or token account is not the one derived from its mint".into(),
    );
    let books = Sum {
        deposit_shares: u128::from(reserve.books.deposit_shares),
        debt_shares: u128::from(reserve.books.debt_shares),
        deposit_positions: reserve.deposit_positions,
        debt_positions: reserve.debt_positions,
    };
    let positions = sums.get(&account.key).copied().unwrap_or_default();
    found.check(books == positions, account.key, || {
        format!("the books say {books:?}, the positions add up to {positions:?}")
    });

    let Some(tokens) = evidence.token_accounts.iter().find(|t| t.key == reserve.token_account) else {
        found.add(reserve.token_account, "the token account was not fetched".into());
        return None;
    };
    found
        .check(tokens.owner == reserve.token_program, tokens.key, || "not owned by the token program".into());
    let held = match StateWithExtensions::<TokenState>::unpack(&tokens.data) {
        Ok(state) => {
            found.check(state.base.mint == reserve.mint && state.base.owner == *vault, tokens.key, || {
                "the token account is of another mint or owner".into()
            });
            TokenAmount(state.base.amount)
        }
        Err(error) => {
            found.add(tokens.key, format!("not a token account: {error}"));
            return None;
        }
    };
    let (ledger, losses) = reserve.accrued(evidence.now);
    let shortfall = losses.shortfall(&ledger, held);
    found.check(shortfall == 0, account.key, || format!("{shortfall} token units are missing"));
    found.check(ledger.surplus().is_ok(), account.key, || "the books claim more than they hold".into());
    Some(ReserveProof {
        reserve: account.key,
        held: held.0,
        debt: ledger.total_debt_up().0,
        claims: u64::try_from(ledger.claims_up() + u128::from(losses.recovery.pending)).unwrap_or(u64::MAX),
        positions: reserve.deposit_positions.saturating_add(reserve.debt_positions),
    })
}

#[derive(Default)]
struct Findings(Vec<Disagreement>);

impl Findings {
    fn add(&mut self, key: Pubkey, what: String) {
        self.0.push(Disagreement { key, what });
    }

    fn check(&mut self, holds: bool, key: Pubkey, what: impl FnOnce() -> String) {
        if !holds {
            self.add(key, what());
        }
    }

    fn program_account<T>(&mut self, account: &Fetched, kind: &str) -> Option<T>
    where
        T: anchor_lang::ZeroCopy + anchor_lang::Discriminator,
    {
        self.check(account.owner == ballast::ID, account.key, || "not owned by the program".into());
        let state = decode(&account.data);
        self.check(state.is_some(), account.key, || format!("not {kind}"));
        state
    }
}
