//! Compiled limits and seeds. Governance cannot move these.

/// Seed of a vault: `["vault", creator, id]`.
pub const VAULT_SEED: &[u8] = b"vault";
/// Seed of a reserve: `["reserve", vault, mint]`.
pub const RESERVE_SEED: &[u8] = b"reserve";
/// Seed of a reserve's token account: `["tokens", reserve]`.
pub const TOKENS_SEED: &[u8] = b"tokens";
/// Seed of an obligation: `["obligation", vault, owner, id]`.
pub const OBLIGATION_SEED: &[u8] = b"obligation";

/// Seed of a vault's solvency report: `["attestation", vault]`.
pub const ATTESTATION_SEED: &[u8] = b"attestation";
/// Seed of a vault's audit report: `["audit", vault]`.
pub const AUDIT_SEED: &[u8] = b"audit";
/// Seed of a proposed change: `["change", vault, number]`.
pub const CHANGE_SEED: &[u8] = b"change";

/// Seed of a vault's insurance fund: `["fund", vault]`.
pub const FUND_SEED: &[u8] = b"fund";
/// Seed of a fund's token account: `["fund_tokens", fund]`.
pub const FUND_TOKENS_SEED: &[u8] = b"fund_tokens";
/// Seed of a fund's roll of validators: `["roll", fund]`.
pub const ROLL_SEED: &[u8] = b"roll";
/// Seed of a stake: `["stake", fund, owner]`.
pub const STAKE_SEED: &[u8] = b"stake";
/// Seed of a claim: `["claim", fund, number]`.
pub const CLAIM_SEED: &[u8] = b"claim";

/// Layout version of every account this program writes now.
pub const STATE_VERSION: u8 = 2;

/// Most reserves of a vault.
pub const MAX_RESERVES: usize = 32;
/// Most positions of an obligation.
pub const MAX_POSITIONS: usize = ballast_risk::model::MAX_POSITIONS;
/// Most price accounts that all positions of an obligation read together, so that refreshing them fits one transaction.
pub const MAX_PRICE_ACCOUNTS: u8 = 24;

/// A price that was posted more slots ago than this is too old for every use, whatever the clock says.
pub const MAX_PRICE_AGE_SLOTS: u64 = 300;
/// How far a price's publish time may lie ahead of the cluster's clock, which runs behind at times. Seconds.
pub const MAX_PRICE_AHEAD: u64 = 60;
