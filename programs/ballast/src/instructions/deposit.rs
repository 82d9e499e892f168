//! `deposit`: puts tokens into a reserve. No price has to be fresh.
//!
//! 1. Only the owner, so that a stranger's dust cannot fill the obligation's slots.
//! 2. Refused while the vault is being set up, where the obligation owes the same reserve, where 16 positions or 24 price accounts would be passed, and where tokens
//!    are missing, lenders were wiped out or more is coming back to them than there is. An obligation with debt takes nothing that
//!    never had a price: nobody could sell it, and nobody could say that it is dust.
//! 3. Breakers, caps, the inflow bucket, and what is coming back to those who lost bound it. What they would refuse is taken all the same
//!    into an obligation with debt as far as it heals: with it, the obligation still cannot borrow. Remaining accounts are then the
//!    reserves of all positions as they are afterwards, in order.
//! 4. Shares are rounded down; exactly `amount` must arrive. Emits [`PositionChanged`].

use crate::{
    book::{Book, Valuation},
    error::{BallastError, Named},
    event::{BooksView, PositionAction, PositionChanged},
    guard::{look_at_tokens, permission, refuse_deficit, restriction},
    instructions::position::{add_shares, MovePosition},
    oracle::now,
    state::{Obligation, Reserve, Side, Vault},
    tokens::Till,
};
use anchor_lang::prelude::*;
use ballast_risk::{
    breaker::{Action, Permission, State},
    bucket::{Arrival, Moved, PositionFlow},
    caps::check_heals,
    refusal::Checked,
    reserve::Ledger,
    score::opening_score,
    DepositShares, Seconds, TokenAmount, Usd,
};

/// A deposit as flows and caps look at it.
struct Inflow<'a> {
    flow: &'a PositionFlow,
    /// All deposits before it.
    deposits: TokenAmount,
    arrival: Arrival,
    now: Seconds,
}

impl Inflow<'_> {
    /// The flows after it, or which cap or bucket refuses it. `after`: the books with it.
    fn bounded(&self, reserve: &Reserve, after: &Ledger) -> Checked<Moved> {
        let (deposits, spot) = (after.total_deposits_down(), reserve.price.spot.as_risk());
        // what has no price yet may be worth anything
        let value = if spot.is_set() { spot.value_up(deposits) } else { Usd(i128::from(u64::MAX)) };
        reserve.caps.as_risk().check_deposit(deposits, value)?;
        let (flows, rules) = (reserve.flows.as_risk(), reserve.flow_rules.as_risk());
        flows.deposit(rules, self.flow, self.deposits, self.arrival, self.now)
    }

    /// The flows after it where nothing bounds it.
    fn top_up(&self, reserve: &Reserve) -> Moved {
        let (flows, rules) = (reserve.flows.as_risk(), reserve.flow_rules.as_risk());
        flows.top_up(rules, self.flow, self.deposits, self.arrival, self.now)
    }
}

pub(crate) fn handler<'info>(ctx: Context<'info, MovePosition<'info>>, amount: u64) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    let vault_key = accounts.vault.key();
    let vault = accounts.vault.load()?;
    vault.check_version()?;
    require!(vault.opened_at > 0, BallastError::VaultNotOpen);
    let key = accounts.reserve.key();
    let mut till = Till {
        vault: &accounts.vault,
        mint: &accounts.mint,
        tokens: &mut accounts.tokens,
        outside: &accounts.owner_tokens,
        token_program: &accounts.token_program,
    };

    let mut obligation = accounts.obligation.load_mut()?;
    obligation.check(&vault_key)?;
    let shares_before = obligation.position(&key, Side::Deposit).map_or(0, |(_, shares)| shares);
    let (shares, refused, books_before, books_after) = {
        let mut reserve = accounts.reserve.load_mut()?;
        reserve.check(&vault_key)?;
        till.check(&reserve)?;
        let action = if obligation.has_debt() { Action::TopUp } else { Action::Deposit };
        match action {
            Action::Deposit => refuse_deficit(&reserve, till.tokens)?,
            _ => require!(reserve.price.spot.as_risk().is_set(), BallastError::PriceTooOld),
        }
        look_at_tokens(&mut reserve, &key, till.tokens, &clock)?;
        let allowed = permission(action, &vault, &reserve, now(&clock))?;
        let books_before = BooksView::from(&reserve.books);
        let mut ledger = reserve.bring_up(now(&clock));
        let (losses, has_fund) = (*reserve.losses.as_risk(), vault.has_fund == 1);
        losses.check_takes_deposits(&ledger, has_fund, now(&clock)).named()?;
        let newcomers = losses.check_takes_new_deposits(&ledger, has_fund, now(&clock));
        let flow = *obligation.flow(&key).as_risk();
        let before = ledger.total_deposits_down();
        let shares = ledger.deposit_down(TokenAmount(amount)).named()?;
        let winds_down = restriction(&vault, &reserve, now(&clock)).state == State::WindDown;
        let back = if winds_down { DepositShares::ZERO } else { shares };
        let arrival = Arrival { amount: TokenAmount(amount), back };
        let inflow = Inflow { flow: &flow, deposits: before, arrival, now: now(&clock) };
        let bounded = newcomers.and_then(|()| inflow.bounded(&reserve, &ledger));
        let refused: Option<Error> = match &bounded {
            Ok(_) if allowed == Permission::Free => None,
            Ok(_) => Some(BallastError::NotInThisState.into()),
            Err(refusal) => Err::<(), _>(*refusal).named().err(),
        };
        let moved = match (&refused, action) {
            (Some(_), Action::TopUp) => inflow.top_up(&reserve),
            _ => bounded.named()?,
        };
        add_shares(&mut obligation, &mut reserve, &key, Side::Deposit, shares.0, vault.audit)?;
        obligation.set_flow(&key, moved.position.into());
        reserve.flows = moved.flows.into();
        reserve.store(ledger)?;
        (shares, refused, books_before, (&reserve.books).into())
    };
    if let Some(refused) = refused {
        if ctx.remaining_accounts.is_empty() {
            return Err(refused);
        }
        check_that_it_heals(&obligation, ctx.remaining_accounts, &vault, &clock)?;
    }
    till.take(TokenAmount(amount), &accounts.owner)?;
    emit!(PositionChanged {
        vault: vault_key,
        reserve: key,
        obligation: accounts.obligation.key(),
        actor: accounts.owner.key(),
        action: PositionAction::Deposit,
        amount,
        shares_before,
        shares_after: shares_before.saturating_add(shares.0),
        books_before,
        books_after,
    });
    Ok(())
}

/// Refuses a top-up after which the obligation could borrow.
#[inline(never)]
fn check_that_it_heals<'info>(
    obligation: &Obligation,
    reserves: &'info [AccountInfo<'info>],
    vault: &Vault,
    clock: &Clock,
) -> Result<()> {
    let model = &vault.model_at(now(clock));
    let book = Book::load(obligation, reserves, model, Valuation::Healing, clock)?;
    check_heals(&opening_score(model, book.exposures()).named()?).named()
}
