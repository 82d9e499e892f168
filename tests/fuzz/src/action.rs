//! What happens in a sequence, as plain data: a seed makes them, a file keeps them, and shrinking leaves some out. Numbers point at
//! actors, vaults, assets and obligations by remainder, so that every action means something in every world.

use serde::{Deserialize, Serialize};

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// A transaction of one or more instructions.
    Send(Vec<Call>),
    /// Time passes; nobody posts prices.
    Pass {
        /// Seconds; slots may pass without any.
        seconds: u32,
        /// Slots; seconds may pass without any.
        slots: u32,
    },
    /// Time passes, prices move, and every feed that is not silent posts.
    Tick {
        /// Seconds.
        seconds: u32,
        /// Market and move of its price, bps of it: −10,000 would be to nothing.
        moves: Vec<(u8, i32)>,
    },
    /// The next epoch begins.
    NextEpoch,
    /// A feed posts anything, true or not.
    Post {
        /// Its market.
        market: u8,
        /// What it posts.
        lie: Lie,
    },
    /// A feed falls silent, or speaks again.
    Silence {
        /// Its market.
        market: u8,
        /// Whether it is silent.
        silent: bool,
    },
    /// Somebody sends tokens to an account of the protocol.
    Donate {
        /// The vault.
        vault: u8,
        /// The asset; beyond all assets the fund.
        asset: u8,
        /// Token units.
        units: u64,
    },
    /// An actor gets tokens elsewhere.
    Earn {
        /// Who.
        actor: u8,
        /// The token.
        market: u8,
        /// Dollars of it.
        dollars: u32,
    },
    /// An issuer freezes the token account of a reserve, or thaws it.
    Freeze {
        /// The vault.
        vault: u8,
        /// The asset.
        asset: u8,
        /// Whether it is frozen.
        frozen: bool,
    },
    /// Tokens of a reserve vanish, as only a token program that fails could bring about.
    Vanish {
        /// The vault.
        vault: u8,
        /// The asset.
        asset: u8,
        /// How much of what is there, bps.
        part: u16,
    },
    /// A vault without a fund, its reserves and its obligations become what the program's first version would have left.
    Age {
        /// The vault.
        vault: u8,
    },
    /// A law that costs much is tried on a copy of the world.
    Probe {
        /// Its number in the list of laws.
        law: u8,
        /// What the trial draws from.
        seed: u64,
    },
    /// The next epoch begins, and stake has moved between vote accounts.
    Restake {
        /// From which.
        from: u8,
        /// To which.
        to: u8,
        /// How much of it, bps.
        part: u16,
    },
    /// A vote account names another identity, or is closed.
    Rename {
        /// Which; beyond all there are, a new one.
        vote_account: u8,
        /// Whom it names; nobody closes it.
        identity: Option<u8>,
    },
}

/// What a feed posts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lie {
    /// Spot, bps of the honest price.
    pub spot: u32,
    /// Average, bps of the honest price.
    pub average: u32,
    /// Confidence, bps of the honest price.
    pub confidence: u32,
    /// Seconds before now at which it says that it was published.
    pub age: i32,
    /// Slots before now in which it says that it was posted.
    pub slots: i32,
    /// What else is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with a price account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Another program owns it.
    Owner,
    /// It is of another feed.
    Feed,
    /// It is partially verified.
    Verification,
    /// Its exponent is this.
    Exponent(i8),
    /// Its price is this.
    Price(i64),
    /// Its bytes are garbage.
    Garbage,
}

/// One instruction, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Who signs.
    pub by: u8,
    /// What it does.
    pub deed: Deed,
    /// How it is bent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub twists: Vec<Twist>,
}

/// One thing that is wrong with an instruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Twist {
    /// Another account from the pool in this slot.
    Swap(u8, u16),
    /// The account of one slot in another one, too.
    Double(u8, u8),
    /// Nobody's signature for this slot.
    Unsign(u8),
    /// Not writable in this slot.
    ReadOnly(u8),
    /// Writable in this slot.
    Writable(u8),
    /// So many accounts fewer at the end.
    Drop(u8),
    /// An account from the pool more at the end.
    Extend(u16),
    /// Remaining accounts in another order.
    Rotate(u8),
    /// A bit of the data flipped.
    Flip(u16),
    /// The data cut after so many bytes.
    Cut(u16),
    /// Bytes more at the end of the data.
    Tail(u64),
    /// Signed by another actor, with that actor's wallets and everything else as it is.
    Impostor(u8),
    /// Reserves and their tokens of another vault, of the same assets.
    Foreign(u8),
}

/// Token units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amount {
    /// Exactly this.
    Units(u64),
    /// So many dollars at the honest price.
    Dollars(u32),
    /// Part of what there is to move: wallet, position, free tokens. Bps.
    Part(u16),
    /// `u64::MAX`.
    All,
}

/// An obligation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pick {
    /// The actor's own in a vault, by number.
    Own(u8, u8),
    /// Any, by remainder.
    Any(u16),
    /// One of those below their requirement.
    Unhealthy(u16),
    /// One of those with debt.
    Indebted(u16),
}

/// What an instruction does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // named as the instructions are, with the indices that choose their accounts
pub enum Deed {
    OpenObligation { vault: u8, id: u8 },
    CloseObligation { of: Pick },
    Deposit { of: Pick, asset: u8, amount: Amount, show: bool },
    Withdraw { of: Pick, asset: u8, amount: Amount },
    Borrow { of: Pick, asset: u8, amount: Amount },
    Repay { of: Pick, asset: u8, amount: Amount },
    SoftLiquidate { of: Pick, debt: u8, deposit: u8, best: bool, most: Amount, least: u64, shares: bool },
    AbsorbLoss { of: Pick },
    RefreshReserves { vault: u8, first: u8, count: u8 },
    RefreshObligation { of: Pick },
    TripBreaker { vault: u8, asset: u8, signal: u8 },
    StepBreaker { vault: u8, asset: Option<u8> },
    Tighten { vault: u8, asset: Option<u8>, halted: bool, seconds: u32 },
    AttestSolvency { vault: u8, first: u8, count: u8 },
    AuditBook { vault: u8, step: u8, of: Pick },
    CollectFees { vault: u8, asset: u8 },
    CreateVault { id: u8, steady: bool },
    AddReserve { vault: u8, market: u8 },
    ProposeChange { vault: u8, asset: Option<u8>, kind: u8, size: i16 },
    ExecuteChange { vault: u8, back: u8 },
    CancelChange { vault: u8, back: u8 },
    CreateFund { vault: u8, asset: u8 },
    OpenStake { vault: u8 },
    CloseStake { vault: u8 },
    StakeInsurance { vault: u8, amount: Amount },
    RequestUnstake { vault: u8, part: u16 },
    Unstake { vault: u8 },
    CollectInsurance { vault: u8 },
    CoverLoss { vault: u8, asset: u8, amount: Amount, claim: Option<u8> },
    EnrollValidator { vault: u8, validator: u8 },
    LeaveRoll { vault: u8, validator: u8 },
    CallRoll { vault: u8, first: u8, count: u8 },
    OpenClaim { vault: u8, part: u16 },
    VoteClaim { vault: u8, back: u8, yes: bool },
    SettleClaim { vault: u8, back: u8, with_tokens: bool },
    CloseClaim { vault: u8, back: u8, with_tokens: bool },
    MigrateAccount { vault: u8, account: u16 },
    Garbage { instruction: u8, seed: u64, accounts: u8 },
}

impl Deed {
    /// The instruction, as the program's interface names it; garbage has none.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OpenObligation { .. } => "open_obligation",
            Self::CloseObligation { .. } => "close_obligation",
            Self::Deposit { .. } => "deposit",
            Self::Withdraw { .. } => "withdraw",
            Self::Borrow { .. } => "borrow",
            Self::Repay { .. } => "repay",
            Self::SoftLiquidate { .. } => "soft_liquidate",
            Self::AbsorbLoss { .. } => "absorb_loss",
            Self::RefreshReserves { .. } => "refresh_reserves",
            Self::RefreshObligation { .. } => "refresh_obligation",
            Self::TripBreaker { .. } => "trip_breaker",
            Self::StepBreaker { .. } => "step_breaker",
            Self::Tighten { .. } => "tighten",
            Self::AttestSolvency { .. } => "attest_solvency",
            Self::AuditBook { .. } => "audit_book",
            Self::CollectFees { .. } => "collect_fees",
            Self::CreateVault { .. } => "create_vault",
            Self::AddReserve { .. } => "add_reserve",
            Self::ProposeChange { .. } => "propose_change",
            Self::ExecuteChange { .. } => "execute_change",
            Self::CancelChange { .. } => "cancel_change",
            Self::CreateFund { .. } => "create_fund",
            Self::OpenStake { .. } => "open_stake",
            Self::CloseStake { .. } => "close_stake",
            Self::StakeInsurance { .. } => "stake_insurance",
            Self::RequestUnstake { .. } => "request_unstake",
            Self::Unstake { .. } => "unstake",
            Self::CollectInsurance { .. } => "collect_insurance",
            Self::CoverLoss { .. } => "cover_loss",
            Self::EnrollValidator { .. } => "enroll_validator",
            Self::LeaveRoll { .. } => "leave_roll",
            Self::CallRoll { .. } => "call_roll",
            Self::OpenClaim { .. } => "open_claim",
            Self::VoteClaim { .. } => "vote_claim",
            Self::SettleClaim { .. } => "settle_claim",
            Self::CloseClaim { .. } => "close_claim",
            Self::MigrateAccount { .. } => "migrate_account",
            Self::Garbage { .. } => "(garbage)",
        }
    }
}
