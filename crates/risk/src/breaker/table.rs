//! What each state allows: one table for the program, the docs and the tests.

use super::State;
use core::fmt;

/// Everything an instruction may do, as far as breakers are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Action {
    /// Make an obligation.
    OpenObligation,
    /// Close an empty obligation.
    CloseObligation,
    /// Deposit, where it is not a top-up.
    Deposit,
    /// Add collateral to an obligation with debt.
    TopUp,
    /// Withdraw from an obligation without debt.
    WithdrawDebtFree,
    /// Withdraw from an obligation with debt.
    WithdrawWithDebt,
    /// Borrow.
    Borrow,
    /// Count a deposit of the reserve in `R_init`, where it does not it counts nothing. `R_maint` always counts it.
    LendAgainst,
    /// Repay.
    Repay,
    /// Execute a tranche, on either side of the pair.
    SoftLiquidate,
    /// Absorb a loss.
    AbsorbLoss,
    /// Take in new prices.
    RefreshReserves,
    /// Score an obligation for readers.
    RefreshObligation,
    /// Trip a breaker.
    TripBreaker,
    /// Step a breaker down.
    StepBreaker,
    /// Tighten as guardian.
    Tighten,
    /// Pay fees out.
    CollectFees,
    /// Propose a change.
    ProposeChange,
    /// Cancel a change.
    CancelChange,
    /// Execute a change that takes effect at once, or that only tightens.
    ExecuteTightening,
    /// Execute a change that may loosen, add an asset or move a role.
    ExecuteLoosening,
    /// Execute a change that leaves WindDown.
    ExecuteReopening,
    /// Stake, ask to unstake, unstake: the fund has rules of its own.
    StakeInsurance,
    /// Enrol, claim, vote, settle.
    ClaimInsurance,
    /// Repay bad debt to the reserve and be paid by the fund.
    CoverLoss,
    /// Retire the shares of a wiped-out reserve.
    RetireShares,
    /// Prove solvency of the books.
    AttestSolvency,
    /// Prove that the books are the sum of the positions.
    AuditBook,
}

/// Every action, in the order of the table.
pub const ACTIONS: [Action; 28] = {
    use Action::*;
    [
        OpenObligation,
        CloseObligation,
        Deposit,
        TopUp,
        WithdrawDebtFree,
        WithdrawWithDebt,
        Borrow,
        LendAgainst,
        Repay,
        SoftLiquidate,
        AbsorbLoss,
        RefreshReserves,
        RefreshObligation,
        TripBreaker,
        StepBreaker,
        Tighten,
        CollectFees,
        ProposeChange,
        CancelChange,
        ExecuteTightening,
        ExecuteLoosening,
        ExecuteReopening,
        StakeInsurance,
        ClaimInsurance,
        CoverLoss,
        RetireShares,
        AttestSolvency,
        AuditBook,
    ]
};

/// Every state, in rising order.
pub const STATES: [State; 4] = [State::Normal, State::Guarded, State::Halted, State::WindDown];

/// What a state says to an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Yes; buckets and caps apply where the action has any.
    Free,
    /// Yes, a daily share of the own deposit: see [`crate::bucket::ExitRule::DailyShare`].
    DailyShare,
    /// Yes, the own share of what is free: see [`crate::bucket::ExitRule::ProRata`].
    ProRata,
    /// Yes, as far as the obligation needs it: see [`crate::caps::check_heals`].
    Heals,
    /// Not now.
    Refused,
}

impl Permission {
    /// Whether the action is possible at all.
    pub const fn is_allowed(self) -> bool {
        !matches!(self, Self::Refused)
    }
}

/// What the breakers say to an action: the stricter of the two states counts.
///
/// Actions that touch two reserves (a tranche) or many (borrowing against several deposits) ask for each reserve that they
/// touch; actions that touch none ask with `reserve` Normal.
pub const fn allows(action: Action, vault: State, reserve: State) -> Permission {
    let stricter = if vault as u8 > reserve as u8 { vault } else { reserve };
    let row = row(action);
    match stricter {
        State::Normal => row[0],
        State::Guarded => row[1],
        State::Halted => row[2],
        State::WindDown => row[3],
    }
}

/// The table. Columns: Normal, Guarded, Halted, WindDown.
const fn row(action: Action) -> [Permission; 4] {
    use Permission::{DailyShare, Free, Heals, ProRata, Refused};
    match action {
        // new risk
        Action::Deposit => [Free, Free, Refused, Refused],
        Action::WithdrawWithDebt => [Free, DailyShare, Refused, Refused],
        Action::Borrow => [Free, Refused, Refused, Refused],
        Action::LendAgainst => [Free, Refused, Refused, Refused],
        // what no guard blocks
        Action::TopUp => [Free, Free, Heals, Heals],
        Action::WithdrawDebtFree => [Free, DailyShare, DailyShare, ProRata],
        Action::Repay => [Free, Free, Free, Free],
        Action::SoftLiquidate => [Free, Free, Free, Free],
        Action::AbsorbLoss => [Free, Free, Free, Free],
        Action::RefreshReserves => [Free, Free, Free, Free],
        Action::RefreshObligation => [Free, Free, Free, Free],
        // a liquidator who is paid in shares needs an obligation
        Action::OpenObligation => [Free, Free, Free, Free],
        Action::CloseObligation => [Free, Free, Free, Free],
        // the safety systems themselves
        Action::TripBreaker => [Free, Free, Free, Free],
        Action::StepBreaker => [Free, Free, Free, Free],
        Action::Tighten => [Free, Free, Free, Free],
        Action::StakeInsurance => [Free, Free, Free, Free],
        Action::ClaimInsurance => [Free, Free, Free, Free],
        Action::CoverLoss => [Free, Free, Free, Free],
        Action::RetireShares => [Free, Free, Free, Free],
        Action::AttestSolvency => [Free, Free, Free, Free],
        Action::AuditBook => [Free, Free, Free, Free],
        // money to the protocol, and governance
        Action::CollectFees => [Free, Refused, Refused, Refused],
        Action::ProposeChange => [Free, Free, Free, Free],
        Action::CancelChange => [Free, Free, Free, Free],
        Action::ExecuteTightening => [Free, Free, Free, Free],
        Action::ExecuteLoosening => [Free, Refused, Refused, Refused],
        Action::ExecuteReopening => [Refused, Refused, Refused, Free],
    }
}

impl Action {
    /// What remains for whoever is refused.
    pub const fn way_out(self) -> &'static str {
        match self {
            Self::Deposit => "wait until it steps down; an obligation with debt adds what it needs",
            Self::WithdrawWithDebt => "repay, then leave without debt",
            Self::Borrow | Self::LendAgainst => "wait until it steps down",
            Self::CollectFees => "fees wait",
            Self::ExecuteLoosening => "its clock stands still until it steps down",
            Self::ExecuteReopening => "it steps down by itself",
            _ => "none needed",
        }
    }
}

/// Writes the table in Markdown, for the docs.
pub fn write_table(to: &mut impl fmt::Write) -> fmt::Result {
    writeln!(to, "| action | Normal | Guarded | Halted | WindDown | where it is refused |")?;
    writeln!(to, "|---|---|---|---|---|---|")?;
    for action in ACTIONS {
        write!(to, "| `{action:?}` |")?;
        for state in STATES {
            let text = match allows(action, State::Normal, state) {
                Permission::Free => "yes",
                Permission::DailyShare => "a daily share",
                Permission::ProRata => "pro rata",
                Permission::Heals => "what it needs",
                Permission::Refused => "no",
            };
            write!(to, " {text} |")?;
        }
        writeln!(to, " {} |", action.way_out())?;
    }
    Ok(())
}
