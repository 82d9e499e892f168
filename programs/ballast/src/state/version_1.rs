//! Accounts as version 1 of the program wrote them, and what version 2 makes of them. Nothing but `migrate_account` reads
//! them. What a person holds or owes is copied as it is; what version 1 did not know gets the defaults that are named here.

use super::{
    obligation as now, parameters::*, reserve::AuditCount, Books, Obligation as NewObligation, PriceState,
    Reserve as NewReserve, Source, Vault as NewVault,
};
use crate::{assert_layout, constants::*};
use anchor_lang::prelude::*;
use ballast_risk::{
    breaker as thresholds, bucket, caps, change::MIN_TIMELOCK, fund::IncomeGate, Seconds, TokenAmount, Usd,
};

/// The version that these accounts say they are.
pub const VERSION: u8 = 1;
/// The most that a migrated reserve takes of its group's cap, micro-USD: as good as none, for as many reserves as a vault has.
pub const EXPOSURE: u64 = u64::MAX >> 6;
/// Floor of a migrated reserve's flow buckets, micro-USD at its last price: a million dollars come and go unhindered.
pub const FLOW_FLOOR: Usd = Usd(1_000_000_000_000);

/// A vault of version 1.
#[zero_copy]
#[derive(Debug)]
pub struct Vault {
    /// Layout version.
    pub version: u8,
    /// Bump of the vault's address.
    pub bump: u8,
    /// Reserves in use.
    pub reserve_count: u8,
    /// Zero; aligns `id`.
    pub padding: [u8; 5],
    /// Number that the creator gave it.
    pub id: u64,
    /// Who created it.
    pub creator: Pubkey,
    /// Who adds reserves.
    pub curator: Pubkey,
    /// Who may tighten.
    pub guardian: Pubkey,
    /// Owner of the token accounts that fees are paid to.
    pub fee_recipient: Pubkey,
    /// Scenarios, charges and floors.
    pub model: RiskModel,
    /// Common rules of tranches.
    pub rules: TrancheRules,
    /// Addresses of the reserves, by index.
    pub reserves: [Pubkey; MAX_RESERVES],
    /// Number of the last audit begun.
    pub audit: u64,
    /// Zero.
    pub reserved: [u64; 127],
}

assert_layout!(Vault, size 2_528, align 8, id at 8, creator at 16, model at 144, rules at 448, reserves at 480, audit at 1_504);

/// A reserve of version 1.
#[zero_copy]
#[derive(Debug)]
pub struct Reserve {
    /// Layout version.
    pub version: u8,
    /// Bump of the reserve's address.
    pub bump: u8,
    /// Place in the vault's list.
    pub index: u8,
    /// The token's decimals.
    pub decimals: u8,
    /// 1 if it may be borrowed.
    pub borrowable: u8,
    /// Zero; aligns what follows.
    pub padding: u8,
    /// `k`, bps.
    pub confidence_factor: u16,
    /// Confidence over price above which no risk is opened, bps.
    pub max_confidence: u16,
    /// Rise of the opening charge, bps.
    pub size_charge: u16,
    /// Zero; aligns what follows.
    pub padding2: [u8; 4],
    /// Its vault.
    pub vault: Pubkey,
    /// Its token.
    pub mint: Pubkey,
    /// SPL Token or Token-2022.
    pub token_program: Pubkey,
    /// Its token account.
    pub token_account: Pubkey,
    /// Feeds and their newest quotes.
    pub source: Source,
    /// Tokens, shares, indices.
    pub books: Books,
    /// Newest price.
    pub price: PriceState,
    /// Place in the model.
    pub risk: AssetRisk,
    /// How interest is split.
    pub split: InterestSplit,
    /// How it is sold.
    pub curve: TrancheCurve,
    /// How much of it was sold lately.
    pub bucket: DepthBucket,
    /// What it costs to borrow.
    pub rates: RateCurve,
    /// Positions that hold its deposits.
    pub deposit_positions: u64,
    /// Positions that owe it.
    pub debt_positions: u64,
    /// What the running audit has found.
    pub audit: AuditCount,
    /// Zero.
    pub reserved: [u64; 96],
}

assert_layout!(
    Reserve, size 1_520, align 8,
    vault at 16, source at 144, books at 328, price at 432, risk at 528, curve at 544, bucket at 576, rates at 592,
    deposit_positions at 664, audit at 680, reserved at 752,
);

/// A position of version 1.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The reserve.
    pub reserve: Pubkey,
    /// Deposit or debt shares.
    pub shares: u64,
    /// 0 unused, 1 deposit, 2 debt.
    pub side: u8,
    /// Price accounts that its reserve reads.
    pub price_accounts: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// The audit that last counted it.
    pub audit: u64,
    /// Zero.
    pub reserved: [u64; 2],
}

assert_layout!(Position, size 72, align 8, shares at 32, side at 40, audit at 48);

/// An obligation of version 1.
#[zero_copy]
#[derive(Debug)]
pub struct Obligation {
    /// Layout version.
    pub version: u8,
    /// Bump of the obligation's address.
    pub bump: u8,
    /// Positions in use.
    pub position_count: u8,
    /// Zero; aligns `id`.
    pub padding: u8,
    /// Number that the owner gave it.
    pub id: u16,
    /// Zero; aligns what follows.
    pub padding2: u16,
    /// Its vault.
    pub vault: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Paces its tranches.
    pub meter: PaceMeter,
    /// Slot of the last borrow or withdrawal.
    pub last_risk_slot: u64,
    /// Slot of the last `refresh_obligation`.
    pub refreshed_slot: u64,
    /// Value of deposits then.
    pub collateral: u64,
    /// Value of debts then.
    pub debt: u64,
    /// Equity then.
    pub equity: i64,
    /// Requirement then.
    pub requirement: u64,
    /// The positions.
    pub positions: [Position; MAX_POSITIONS],
    /// The audit that last summed its shortfall.
    pub audit: u64,
    /// Zero.
    pub reserved: [u64; 31],
}

assert_layout!(
    Obligation, size 1_544, align 8, vault at 8, owner at 40, meter at 72, last_risk_slot at 88, positions at 136, audit at 1_288,
);

/// How an account of version 1 becomes one of the current version.
pub trait Migrate<Old> {
    /// Fills itself, all zeros until then, from the old account.
    fn fill(&mut self, old: &Old, now: Seconds);
}

impl Migrate<Vault> for NewVault {
    /// Balanced caps and thresholds and the shortest timelock. A vault that has reserves is open; parts of its groups' caps are
    /// handed out as its reserves migrate.
    fn fill(&mut self, old: &Vault, now: Seconds) {
        self.bump = old.bump;
        self.reserve_count = old.reserve_count;
        self.id = old.id;
        self.creator = old.creator;
        self.curator = old.curator;
        self.guardian = old.guardian;
        self.fee_recipient = old.fee_recipient;
        self.model = old.model;
        self.rules = old.rules;
        self.reserves = old.reserves;
        self.audit = old.audit;
        self.caps = caps::VaultCaps::BALANCED.into();
        self.thresholds = thresholds::VaultThresholds::BALANCED.into();
        self.timelock = MIN_TIMELOCK;
        self.opened_at = if old.reserve_count > 0 { now } else { 0 };
        self.version = STATE_VERSION;
    }
}

impl Migrate<Reserve> for NewReserve {
    /// No caps but the compiled ones, balanced flows with a floor of [`FLOW_FLOOR`], thresholds of a major ([`fit_into`] says
    /// when of another kind). Fees begin to vest when they are first touched; the debt that insurance's target remembers is today's.
    fn fill(&mut self, old: &Reserve, _now: Seconds) {
        self.bump = old.bump;
        self.index = old.index;
        self.decimals = old.decimals;
        self.borrowable = old.borrowable;
        self.confidence_factor = old.confidence_factor;
        self.max_confidence = old.max_confidence;
        self.size_charge = old.size_charge;
        self.vault = old.vault;
        self.mint = old.mint;
        self.token_program = old.token_program;
        self.token_account = old.token_account;
        self.source = old.source;
        self.books = old.books;
        self.price = old.price;
        self.risk = old.risk;
        self.split = old.split;
        self.curve = old.curve;
        self.bucket = old.bucket;
        self.rates = old.rates;
        self.deposit_positions = old.deposit_positions;
        self.debt_positions = old.debt_positions;
        self.audit = old.audit;
        self.caps = caps::ReserveCaps::OPEN.into();
        let floor = flow_floor(old);
        self.flow_rules = bucket::FlowRules::balanced(floor, floor).into();
        self.thresholds = thresholds::ReserveThresholds::MAJOR.into();
        self.gate = IncomeGate::default().at(&old.books.ledger(), old.books.accrued_at).into();
        self.version = STATE_VERSION;
    }
}

/// Token units worth [`FLOW_FLOOR`] at the last price; half of all there can be where there was none yet.
fn flow_floor(old: &Reserve) -> u64 {
    old.price.spot.as_risk().amount_down(FLOW_FLOOR).unwrap_or(TokenAmount(u64::MAX >> 1)).0.max(1)
}

/// Fits a migrated reserve into its vault: its thresholds, and its part of its group's cap.
///
/// Thresholds: those of a stable in the numéraire's group; those of an alt where an asset of its own price is not lent; those of a
/// major otherwise. The part is added however much is out already: a group's cap bounds new risk, and must not hold up a migration.
pub fn fit_into(vault: &mut NewVault, reserve: &mut NewReserve) {
    if reserve.risk.group == vault.model.numeraire_group {
        reserve.thresholds = thresholds::ReserveThresholds::STABLE.into();
    } else if reserve.borrowable == 0 && !reserve.source.is_composed() {
        reserve.thresholds = thresholds::ReserveThresholds::ALT.into();
    }
    if let Some(part) = vault.parts.parts.get_mut(usize::from(reserve.risk.group)) {
        reserve.caps.exposure = EXPOSURE.min(u64::MAX.saturating_sub(*part));
        *part = part.saturating_add(reserve.caps.exposure);
    }
}

impl Migrate<Obligation> for NewObligation {
    /// Positions move to their wider slots; what came in and left lately begins at nothing.
    fn fill(&mut self, old: &Obligation, _now: Seconds) {
        self.bump = old.bump;
        self.position_count = old.position_count;
        self.id = old.id;
        self.vault = old.vault;
        self.owner = old.owner;
        self.meter = old.meter;
        self.last_risk_slot = old.last_risk_slot;
        self.refreshed_slot = old.refreshed_slot;
        self.collateral = old.collateral;
        self.debt = old.debt;
        self.equity = old.equity;
        self.requirement = old.requirement;
        for (new, old) in self.positions.iter_mut().zip(&old.positions) {
            *new = now::Position {
                reserve: old.reserve,
                shares: old.shares,
                side: old.side,
                price_accounts: old.price_accounts,
                audit: old.audit,
                ..now::Position::default()
            };
        }
        self.audit = old.audit;
        self.version = STATE_VERSION;
    }
}
