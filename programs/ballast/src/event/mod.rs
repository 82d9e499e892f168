//! One event for every state change, with before and after. Values are micro-USD, amounts token units.

mod governance;
mod insurance;
mod migration;
mod safety;

pub use governance::*;
pub use insurance::*;
pub use migration::*;
pub use safety::*;

use crate::state::Books;
use anchor_lang::prelude::*;

/// A reserve's books, as events show them.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BooksView {
    /// Tokens that should be in the token account.
    pub free_tokens: u64,
    /// All deposit shares.
    pub deposit_shares: u64,
    /// All debt shares.
    pub debt_shares: u64,
    /// Worth of a deposit share, 64 fractional bits.
    pub deposit_index: u128,
    /// Owed by a debt share, 64 fractional bits.
    pub debt_index: u128,
    /// Fees in whole units, rounded down.
    pub fees: u64,
    /// Insurance in whole units, rounded down.
    pub insurance: u64,
}

impl From<&Books> for BooksView {
    fn from(books: &Books) -> Self {
        let ledger = books.ledger();
        Self {
            free_tokens: books.free_tokens,
            deposit_shares: books.deposit_shares,
            debt_shares: books.debt_shares,
            deposit_index: ledger.deposit_index,
            debt_index: ledger.debt_index,
            fees: ledger.fees_down().0,
            insurance: ledger.insurance_down().0,
        }
    }
}

/// A vault was made.
#[event]
#[derive(Clone, Debug)]
pub struct VaultCreated {
    /// The vault.
    pub vault: Pubkey,
    /// Who made it and curates it.
    pub curator: Pubkey,
    /// Who may tighten.
    pub guardian: Pubkey,
    /// Who owns the fees.
    pub fee_recipient: Pubkey,
    /// Its number.
    pub id: u64,
}

/// A reserve was added to a vault.
#[event]
#[derive(Clone, Debug)]
pub struct ReserveAdded {
    /// The vault.
    pub vault: Pubkey,
    /// The reserve.
    pub reserve: Pubkey,
    /// Its token.
    pub mint: Pubkey,
    /// Its Pyth feed.
    pub feed_id: [u8; 32],
    /// Its place in the vault's list.
    pub index: u8,
}

/// A reserve took a newer price and booked its interest.
#[event]
#[derive(Clone, Debug)]
pub struct ReserveRefreshed {
    /// The reserve.
    pub reserve: Pubkey,
    /// Spot before, oracle mantissa.
    pub price_before: i64,
    /// Spot after.
    pub price: i64,
    /// Confidence, same scale.
    pub confidence: u64,
    /// Average, same scale.
    pub ema: i64,
    /// Exponent of the mantissas.
    pub exponent: i32,
    /// Publish time before, seconds.
    pub publish_time_before: u64,
    /// Publish time after.
    pub publish_time: u64,
    /// Books after accrual.
    pub books: BooksView,
}

/// An obligation was scored for readers.
#[event]
#[derive(Clone, Debug)]
pub struct ObligationRefreshed {
    /// The obligation.
    pub obligation: Pubkey,
    /// Equity at the refresh before.
    pub equity_before: i64,
    /// Requirement at the refresh before.
    pub requirement_before: u64,
    /// Value of deposits.
    pub collateral: u64,
    /// Value of debts.
    pub debt: u64,
    /// Equity.
    pub equity: i64,
    /// Requirement, `R_maint`.
    pub requirement: u64,
    /// Index of the worst scenario row.
    pub worst_row: u8,
    /// Positions whose price is older than a minute.
    pub stale_positions: u8,
}

/// An obligation was opened.
#[event]
#[derive(Clone, Debug)]
pub struct ObligationOpened {
    /// The vault.
    pub vault: Pubkey,
    /// The obligation.
    pub obligation: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Its number.
    pub id: u16,
}

/// An empty obligation was closed.
#[event]
#[derive(Clone, Debug)]
pub struct ObligationClosed {
    /// The vault.
    pub vault: Pubkey,
    /// The obligation.
    pub obligation: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Who got its rent.
    pub rent_to: Pubkey,
}

/// What an owner, or a payer for it, did with one position.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionAction {
    /// Tokens came in as a deposit.
    Deposit,
    /// A deposit was paid out.
    Withdraw,
    /// Tokens were lent.
    Borrow,
    /// A debt was repaid.
    Repay,
}

/// A deposit, withdrawal, borrow or repayment.
#[event]
#[derive(Clone, Debug)]
pub struct PositionChanged {
    /// The vault.
    pub vault: Pubkey,
    /// The reserve.
    pub reserve: Pubkey,
    /// The obligation.
    pub obligation: Pubkey,
    /// Who signed: the owner, or for a repayment anyone.
    pub actor: Pubkey,
    /// What was done.
    pub action: PositionAction,
    /// Token units that moved.
    pub amount: u64,
    /// The position's shares before.
    pub shares_before: u64,
    /// The position's shares after.
    pub shares_after: u64,
    /// The reserve's books before, interest not yet booked.
    pub books_before: BooksView,
    /// The reserve's books after.
    pub books_after: BooksView,
}

/// One soft liquidation.
#[event]
#[derive(Clone, Debug)]
pub struct TrancheExecuted {
    /// The vault.
    pub vault: Pubkey,
    /// The obligation.
    pub obligation: Pubkey,
    /// Who liquidated.
    pub liquidator: Pubkey,
    /// Reserve of the debt.
    pub debt_reserve: Pubkey,
    /// Reserve of the deposit.
    pub deposit_reserve: Pubkey,
    /// Token units repaid.
    pub repaid: u64,
    /// Token units taken from the deposit.
    pub seized: u64,
    /// Of those, paid to the liquidator.
    pub to_liquidator: u64,
    /// Of those, kept as insurance.
    pub to_insurance: u64,
    /// Whether the liquidator was paid in deposit shares.
    pub paid_in_shares: bool,
    /// Value repaid.
    pub repaid_value: u64,
    /// Value seized.
    pub seized_value: u64,
    /// Bonus, parts per million.
    pub bonus_ppm: u32,
    /// What bounded the tranche: 0 target, 1 pace, 2 depth, 3 the liquidator's maximum, 4 the debt, 5 the deposit.
    pub limit: u8,
    /// Whether the pace meter did not apply.
    pub backstop: bool,
    /// Whether the book was insolvent.
    pub insolvent: bool,
    /// Oracle mantissa and exponent of the debt.
    pub debt_price: i64,
    /// Exponent of `debt_price`.
    pub debt_exponent: i32,
    /// Oracle mantissa of the deposit.
    pub deposit_price: i64,
    /// Exponent of `deposit_price`.
    pub deposit_exponent: i32,
    /// Index of the worst scenario row before.
    pub worst_row: u8,
    /// Net risk before, parts per million.
    pub net_risk_ppm: u32,
    /// Equity before.
    pub equity_before: i64,
    /// Requirement before.
    pub requirement_before: u64,
    /// Equity after.
    pub equity_after: i64,
    /// Requirement after.
    pub requirement_after: u64,
    /// Shares of the debt position before and after.
    pub debt_shares: [u64; 2],
    /// Shares of the deposit position before and after.
    pub deposit_shares: [u64; 2],
}

/// Fees were paid out.
#[event]
#[derive(Clone, Debug)]
pub struct FeesCollected {
    /// The vault.
    pub vault: Pubkey,
    /// The reserve.
    pub reserve: Pubkey,
    /// Token units paid.
    pub amount: u64,
    /// The reserve's books before, interest not yet booked.
    pub books_before: BooksView,
    /// The reserve's books after.
    pub books_after: BooksView,
}

/// A round of `attest_solvency` ended.
#[event]
#[derive(Clone, Debug)]
pub struct SolvencyAttested {
    /// The vault.
    pub vault: Pubkey,
    /// Number of the round.
    pub round: u64,
    /// Slot in which it began.
    pub first_slot: u64,
    /// Slot in which it ended.
    pub last_slot: u64,
    /// Tokens held + debt.
    pub assets: u64,
    /// Deposits + fees + insurance.
    pub claims: u64,
    /// Deposits.
    pub deposits: u64,
    /// Tokens held.
    pub unique_collateral: u64,
    /// Worst shortfall of a reserve.
    pub worst_shortfall: u64,
    /// Publish time of the oldest price used.
    pub oldest_price_at: u64,
    /// Reserves that fall short, by index; 0 is solvent.
    pub failing: u32,
}

/// An audit took a step.
#[event]
#[derive(Clone, Debug)]
pub struct BookAudited {
    /// The vault.
    pub vault: Pubkey,
    /// Number of the audit.
    pub number: u64,
    /// Slot in which it began.
    pub first_slot: u64,
    /// Slot in which it ended; 0 while it runs.
    pub last_slot: u64,
    /// Obligations visited.
    pub obligations: u64,
    /// `Σ max(0, D − C)` of those, micro-USD.
    pub beyond_collection: u64,
    /// Publish time of the oldest price used.
    pub oldest_price_at: u64,
    /// Reserves whose positions are all found, by index.
    pub complete: u32,
}
