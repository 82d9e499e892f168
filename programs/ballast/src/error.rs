//! Every refusal of the program, with what to do about it.

use anchor_lang::prelude::*;
use ballast_risk::{
    refusal::{Checked, Refusal},
    RiskError,
};

/// Errors of the program. Pyth's own arrive as 16000 and up.
#[error_code]
pub enum BallastError {
    #[msg("The amount is zero or rounds to zero: pass a larger amount")]
    ZeroAmount,
    #[msg("The amount is more than the position or the reserve holds: pass less, or u64::MAX for all")]
    InsufficientAmount,
    #[msg("The reserve has too few free tokens now: take less, or wait until borrowers repay")]
    InsufficientLiquidity,
    #[msg("A value is beyond the range that any legal account can reach: pass a smaller amount")]
    Overflow,
    #[msg("A parameter is outside its compiled bounds: see the program log for the rule")]
    InvalidParameter,
    #[msg("This account was written by another version of the program: migrate it first")]
    WrongStateVersion,
    #[msg("The account belongs to another vault: pass one of this vault")]
    WrongVault,
    #[msg(
        "Pass the reserve accounts of all positions of the obligation, in its order, as remaining accounts"
    )]
    WrongRemainingAccounts,
    #[msg("Only the owner of the obligation may do this: sign with its key")]
    NotOwner,
    #[msg("Only the curator of the vault may do this: sign with its key")]
    NotCurator,
    #[msg("The mint is not the reserve's: pass the mint that the reserve names")]
    WrongMint,
    #[msg("Pass the token account that the reserve names; to be paid, one of the signer's own")]
    WrongTokenAccount,
    #[msg("The token program is not the one of this mint: pass the one that owns it")]
    WrongTokenProgram,
    #[msg("The mint has a Token-2022 extension that vaults do not accept: choose another mint")]
    UnsupportedExtension,
    #[msg("Tokens must have 2 to 12 decimals: choose another mint")]
    UnsupportedDecimals,
    #[msg("The vault has 32 reserves already: list the asset in another vault")]
    TooManyReserves,
    #[msg("The obligation has 16 positions already: close one first")]
    TooManyPositions,
    #[msg("The obligation's positions would read more than 24 price accounts: close one first")]
    TooManyPriceAccounts,
    #[msg("The obligation has a debt in this reserve: repay it instead of depositing, or use a second obligation")]
    DebtInReserve,
    #[msg("The obligation has a deposit in this reserve: withdraw it instead of borrowing, or use a second obligation")]
    DepositInReserve,
    #[msg("The obligation has no such position: look at its positions, and name one of them")]
    NoSuchPosition,
    #[msg("Close every position of the obligation first")]
    ObligationNotEmpty,
    #[msg("This asset cannot be borrowed in this vault: borrow another")]
    NotBorrowable,
    #[msg("A debt must be worth at least the vault's smallest debt when it is opened: borrow more")]
    DebtTooSmall,
    #[msg("Equity would fall below the opening requirement: deposit more, repay, or take less")]
    BelowOpeningRequirement,
    #[msg("The price account is not owned by the Pyth receiver program: post the update there and pass that account")]
    PriceAccountOwner,
    #[msg("The price account is of another feed than the reserve's: post the feed that the reserve names")]
    PriceFeedMismatch,
    #[msg("The price update is not fully verified: post it with full verification")]
    PriceNotVerified,
    #[msg("The price is not positive, or its exponent or confidence makes no sense: post a newer update")]
    PriceUnusable,
    #[msg("The price's publish time or slot lies in the future: wait a few seconds and refresh again")]
    PriceFromTheFuture,
    #[msg("A price of the obligation is too old: refresh its reserves with new price updates first")]
    PriceTooOld,
    #[msg("A price is too uncertain to take new risk: wait until its confidence interval narrows")]
    PriceTooUncertain,
    #[msg("Pass pairs of a reserve and its price account as remaining accounts")]
    WrongRefreshAccounts,
    #[msg("Equity meets the requirement: nothing to liquidate")]
    Healthy,
    #[msg("A tranche needs one debt and one deposit of the obligation")]
    NotAPair,
    #[msg("This pair would not lower the obligation's risk: choose another deposit or debt, or a smaller maximum")]
    WorseningPair,
    #[msg("Another pair removes more than twice the risk per dollar: choose it")]
    BetterPairAvailable,
    #[msg("The obligation's pace meter is spent: try again when it has refilled")]
    PaceMeterSpent,
    #[msg("The depth bucket of this deposit's reserve is empty: try again when it has refilled")]
    DepthBucketEmpty,
    #[msg("The maximum is below the smallest tranche: raise it")]
    TrancheTooSmall,
    #[msg("No tranche in the slot of the obligation's last borrow or withdrawal: try in the next slot")]
    SameSlot,
    #[msg("The liquidator would receive less than its minimum: lower it, or wait for a better price")]
    BelowMinimumReceived,
    #[msg("The reserve is short of free tokens: pass a debt-free obligation of yours in this vault to be paid in shares")]
    SharesAccountNeeded,
    #[msg("Shares are paid only to a debt-free obligation of the liquidator in the same vault")]
    WrongSharesAccount,
    #[msg("The reserve's token account is frozen: its debt cannot be repaid now")]
    TokenAccountFrozen,
    #[msg("The tokens that moved are not what the books say: the transfer is undone")]
    TokensDoNotReconcile,
    #[msg("The reserve's books do not hold: nothing was done")]
    BooksDoNotHold,
    #[msg("No audit of this vault runs: begin one first")]
    NoAudit,
    #[msg("An audit of this vault runs already: join it, or wait until it is a day old")]
    AuditRuns,
    #[msg("Not every position of this reserve is counted yet: count the remaining obligations first")]
    AuditIncomplete,
    #[msg("There is no fee to collect in whole token units yet: fees vest after seven days")]
    NoFees,
    #[msg("The evidence does not reach the signal's threshold: nothing has to be done")]
    NoSignal,
    #[msg("The price is too old to be a signal: refresh it first")]
    ObservationTooOld,
    #[msg("A price signal needs a second observation at least 30 s later")]
    ObservationTooSoon,
    #[msg("The breaker's state has not expired: step it when it has")]
    NothingToStep,
    #[msg("A guardian may only tighten, to guarded or halted")]
    NotTighter,
    #[msg("A guardian may tighten for at most eight hours")]
    TightenedTooLong,
    #[msg("A guardian may tighten at most three times in seven days: wait until the oldest is past")]
    TightenedTooOften,
    #[msg("The breaker is not winding down: there is nothing to reopen")]
    NotWindingDown,
    #[msg("Too much came in lately: try again when the bucket has refilled")]
    InflowBucketEmpty,
    #[msg("Too much went out lately: take less, or try again later")]
    OutflowBucketEmpty,
    #[msg("Your share of what may leave now is taken: try again later")]
    ExitShareSpent,
    #[msg("A circuit breaker does not allow this now: wait until it steps down; repaying, needed collateral and leaving without debt stay possible")]
    NotInThisState,
    #[msg("Only what the obligation needs may come in now: deposit less")]
    MoreThanHeals,
    #[msg("The reserve's deposit cap is reached: deposit less, or wait until others withdraw")]
    DepositCap,
    #[msg("The reserve's part of its group's cap is reached: deposit less, or wait until others withdraw")]
    ExposureCap,
    #[msg("The group's cap is handed out already: lower another reserve's part first")]
    GroupCap,
    #[msg("The reserve's debt cap is reached: borrow less, or wait until others repay")]
    DebtCap,
    #[msg("The reserve's debt cap, a share of market depth, is reached: borrow less, or wait until others repay")]
    DepthCap,
    #[msg("The reserve's utilisation cap is reached: borrow less, or wait until others repay")]
    UtilisationCap,
    #[msg("Deposits and debts would be too large for the equity: deposit more, repay, or take less")]
    LeverageCap,
    #[msg("Debt would be too high for the deposits: deposit more, repay, or take less")]
    LtvCap,
    #[msg("The change is still waiting out its timelock: execute it once it is ripe")]
    NotRipe,
    #[msg("The change was ripe and has expired: propose it again")]
    ChangeExpired,
    #[msg(
        "This changes only while nobody holds or owes the asset: list it anew under another mint, or wait"
    )]
    OnlyWhenUnused,
    #[msg("The ramp is too short for this change: lengthen it")]
    RampTooFast,
    #[msg("The guardian cannot cancel its own replacement: the curator can")]
    MayNotCancel,
    #[msg("The reserve's lenders were wiped out: retire its shares first")]
    WipedOut,
    #[msg("These shares may still be worth something: withdraw them, or wait until they are retired")]
    SharesNotWorthless,
    #[msg("The stake is still cooling down: leave when its cooldown is over")]
    StakeCooling,
    #[msg("The time to take this stake out has passed: ask again")]
    UnstakeLapsed,
    #[msg("Stake cannot leave while a claim is open or a loss is fresh: try again when that is over")]
    StakeLocked,
    #[msg("The fund has paid what it may for now: repay less, wait for the next period, or open a claim")]
    CoverSpent,
    #[msg("The fund holds less than this: repay less")]
    FundEmpty,
    #[msg("A claim takes at most 64 vote accounts")]
    TooManyVoters,
    #[msg("Fewer than seven node identities with stake are enrolled: more validators have to enrol first")]
    TooFewVoters,
    #[msg("The enrolled stake is below 5 % of the cluster's: more validators have to enrol first")]
    TooLittleStake,
    #[msg("One node identity has more than a third of the enrolled stake: others have to enrol first")]
    OneVoterTooLarge,
    #[msg("This identity is not one of the claim's voters: sign with one that is")]
    NotAVoter,
    #[msg("The vote on this claim is closed: settle it")]
    VotingClosed,
    #[msg("The vote on this claim is still open: settle it when it is over or decided")]
    VotingOpen,
    #[msg("Pass the vault as writable: its breaker changes")]
    VaultNotWritable,
    #[msg("The reserve's token account holds fewer tokens than its books say: trip its breaker; nothing is taken in or lent")]
    TokensMissing,
    #[msg("Pass the reserves that bear a loss as writable")]
    ReserveNotWritable,
    #[msg("The obligation still has deposits that are worth something: liquidate them first")]
    DepositsLeft,
    #[msg("The obligation has no debt to absorb and no worthless shares to retire: leave it as it is")]
    NothingToAbsorb,
    #[msg("Pass the accounts that this signal is read from: the reserve, its token account, or the vault's report")]
    SignalAccountsMissing,
    #[msg("The vote account needs 0.01 % of the cluster's stake, and where the roll is full, more than the smallest on it")]
    SeatTooSmall,
    #[msg("The vote account is not on this roll: enrol it first")]
    NotEnrolled,
    #[msg("Call the roll first: every vote account on it that votes now, in this epoch")]
    RollNotCalled,
    #[msg("The account belongs to another fund: pass one of this vault's fund")]
    WrongFund,
    #[msg("Pass the reserve of the fund's mint, which the fund names")]
    NotTheFundsReserve,
    #[msg("Only the owner of the stake may do this: sign with its key")]
    NotStakeOwner,
    #[msg("The stake still has shares: unstake them first")]
    StakeNotEmpty,
    #[msg("This is no vote account of a layout that the program reads: pass one that the vote program owns")]
    NotAVoteAccount,
    #[msg("The vote account names another node identity: sign with that one")]
    NotItsIdentity,
    #[msg("Fewer losses are recorded and unclaimed than this, or this reserve's lenders lost less: claim less, within two weeks of the loss")]
    BeyondRecordedLoss,
    #[msg("The claim has not passed: wait for the vote and settle it, or leave the claim out")]
    ClaimNotPassed,
    #[msg("The claim is still open, or still pays: close it when it is used up or its time is over")]
    ClaimNotOver,
    #[msg("The claim's bond is still owed: pass a token account of its opener")]
    BondOwed,
    #[msg("This is not who opened the claim: pass the opener that the claim names")]
    NotTheOpener,
    #[msg("Pass the vault's insurance fund as the last account, writable: it writes down what lenders lose")]
    FundAccountMissing,
    #[msg("The account has the current layout already: there is nothing to migrate")]
    NothingToMigrate,
    #[msg("Only vaults, reserves, obligations and reports of this program migrate: pass one of these")]
    NotMigratable,
    #[msg("Only the guardian of the vault may do this: sign with its key")]
    NotGuardian,
    #[msg("Only the curator cancels a change, or the guardian one that does not replace it")]
    NotCuratorOrGuardian,
    #[msg("The vault is still being set up: its curator opens it first")]
    VaultNotOpen,
    #[msg("A vault opens with at least one reserve: add one first")]
    NoReserves,
    #[msg("The vault is open: propose the new reserve, and pass the ripe change")]
    ProposalNeeded,
    #[msg("The change proposes another token or other parameters: pass exactly what was proposed")]
    NotWhatWasProposed,
    #[msg("A proposed reserve is executed by add_reserve: pass the change there")]
    ExecutedByAddReserve,
    #[msg(
        "The change is about another reserve, or about the vault: pass the reserve that it names, or none"
    )]
    WrongTarget,
    #[msg("It is so already: there is nothing to change")]
    ChangesNothing,
    #[msg("A ramp of these parameters still runs: execute the change when it has ended")]
    RampRuns,
    #[msg("The winding-down began after this was proposed: cancel it and propose again")]
    ProposedBeforeWindDown,
    #[msg("The new curator signs its own appointment: execute the change with its key")]
    NotTheNewCurator,
    #[msg("This address cannot be nobody: name one that can sign or be paid")]
    NobodyNamed,
    #[msg("Governance takes no transaction that advances a durable nonce, which could wait for years: use a recent blockhash")]
    DurableNonce,
    #[msg("The rent of a change returns to its proposer: pass the proposer that the change names")]
    NotTheProposer,
    #[msg("Pass all reserves of the vault, in its order, as remaining accounts")]
    WrongVaultReserves,
    #[msg(
        "The vault is open: propose a change Fund with this reserve and these rules, and create the fund after its timelock"
    )]
    FundNotApproved,
    #[msg("What the reserve's lenders lost is still coming back to them: deposit when it has, or elsewhere; a needed top-up needs the obligation's reserves")]
    LossComingBack,
    #[msg("The claim is for losses of another reserve: pass a claim for this one, or none")]
    ClaimOfAnotherReserve,
}

/// Maps the risk crate's refusals to the program's.
pub trait Named<T> {
    /// The same result with a program error.
    fn named(self) -> Result<T>;
}

impl<T> Named<T> for ballast_risk::Result<T> {
    fn named(self) -> Result<T> {
        self.map_err(of_risk)
    }
}

impl<T> Named<T> for Checked<T> {
    fn named(self) -> Result<T> {
        self.map_err(|reason| {
            let error = match reason {
                Refusal::Risk(reason) => return of_risk(reason),
                Refusal::NoSignal => BallastError::NoSignal,
                Refusal::ObservationTooOld => BallastError::ObservationTooOld,
                Refusal::ObservationTooSoon => BallastError::ObservationTooSoon,
                Refusal::NothingToStep => BallastError::NothingToStep,
                Refusal::NotTighter => BallastError::NotTighter,
                Refusal::TightenedTooLong => BallastError::TightenedTooLong,
                Refusal::TightenedTooOften => BallastError::TightenedTooOften,
                Refusal::NotWindingDown => BallastError::NotWindingDown,
                Refusal::InflowBucketEmpty => BallastError::InflowBucketEmpty,
                Refusal::OutflowBucketEmpty => BallastError::OutflowBucketEmpty,
                Refusal::ExitShareSpent => BallastError::ExitShareSpent,
                Refusal::NotInThisState => BallastError::NotInThisState,
                Refusal::MoreThanHeals => BallastError::MoreThanHeals,
                Refusal::DepositCap => BallastError::DepositCap,
                Refusal::ExposureCap => BallastError::ExposureCap,
                Refusal::GroupCap => BallastError::GroupCap,
                Refusal::DebtCap => BallastError::DebtCap,
                Refusal::DepthCap => BallastError::DepthCap,
                Refusal::UtilisationCap => BallastError::UtilisationCap,
                Refusal::LeverageCap => BallastError::LeverageCap,
                Refusal::LtvCap => BallastError::LtvCap,
                Refusal::NotRipe => BallastError::NotRipe,
                Refusal::ChangeExpired => BallastError::ChangeExpired,
                Refusal::OnlyWhenUnused => BallastError::OnlyWhenUnused,
                Refusal::RampTooFast => BallastError::RampTooFast,
                Refusal::MayNotCancel => BallastError::MayNotCancel,
                Refusal::WipedOut => BallastError::WipedOut,
                Refusal::LossComingBack => BallastError::LossComingBack,
                Refusal::SharesNotWorthless => BallastError::SharesNotWorthless,
                Refusal::StakeCooling => BallastError::StakeCooling,
                Refusal::UnstakeLapsed => BallastError::UnstakeLapsed,
                Refusal::StakeLocked => BallastError::StakeLocked,
                Refusal::CoverSpent => BallastError::CoverSpent,
                Refusal::FundEmpty => BallastError::FundEmpty,
                Refusal::TooManyVoters => BallastError::TooManyVoters,
                Refusal::TooFewVoters => BallastError::TooFewVoters,
                Refusal::TooLittleStake => BallastError::TooLittleStake,
                Refusal::OneVoterTooLarge => BallastError::OneVoterTooLarge,
                Refusal::NotAVoter => BallastError::NotAVoter,
                Refusal::VotingClosed => BallastError::VotingClosed,
                Refusal::VotingOpen => BallastError::VotingOpen,
                Refusal::SeatTooSmall => BallastError::SeatTooSmall,
                Refusal::NotEnrolled => BallastError::NotEnrolled,
                Refusal::RollNotCalled => BallastError::RollNotCalled,
            };
            error.into()
        })
    }
}

fn of_risk(reason: RiskError) -> Error {
    let error = match reason {
        RiskError::Overflow | RiskError::DivisionByZero => BallastError::Overflow,
        RiskError::InvalidParameter(rule) => {
            msg!("{}", rule);
            BallastError::InvalidParameter
        }
        RiskError::PriceOutOfRange => BallastError::PriceUnusable,
        RiskError::NoSuchPosition => BallastError::NoSuchPosition,
        RiskError::NotAPair => BallastError::NotAPair,
        RiskError::Healthy => BallastError::Healthy,
        RiskError::PairNotUsable => BallastError::PriceTooOld,
        RiskError::WorseningPair => BallastError::WorseningPair,
        RiskError::BetterPairAvailable => BallastError::BetterPairAvailable,
        RiskError::PaceMeterSpent => BallastError::PaceMeterSpent,
        RiskError::DepthBucketEmpty => BallastError::DepthBucketEmpty,
        RiskError::TrancheTooSmall => BallastError::TrancheTooSmall,
        RiskError::ZeroAmount => BallastError::ZeroAmount,
        RiskError::InsufficientAmount => BallastError::InsufficientAmount,
    };
    error.into()
}
