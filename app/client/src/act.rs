//! What owners do, from intent to steps: prices refreshed, accounts made where they are missing, the outcome checked beforehand by the
//! program's own scoring, and refusals that say how much would help.

use crate::{
    account::{reserves_with, reserves_without},
    address::{Account, Asset, ASSOCIATED_TOKEN_PROGRAM},
    instruction,
    names::Names,
    prices::{Fresh, PriceError, PriceSource},
    send::{pack::pack, transport::patiently, Landed, SendError, Sender, Step, Transport},
    view::{
        remedy::{remedies, Goal, Remedy},
        what_if::{may_open, whole_position},
        Change, Snapshot, ViewError, WhatIf,
    },
};
use anchor_lang::{
    prelude::{AccountMeta, Pubkey},
    solana_program::{instruction::Instruction, system_program},
};
use anchor_spl::token_2022::spl_token_2022::{extension::StateWithExtensions, state::Account as TokenState};
use ballast::state::{Obligation, Side};
use ballast_risk::TokenAmount;
use solana_signer::Signer;

/// A price older than this is refreshed before risk is opened, seconds: the program takes ten.
const REFRESH_AFTER: u64 = 3;

/// What to do with a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put tokens in.
    Deposit,
    /// Take tokens out; `u64::MAX` for all.
    Withdraw,
    /// Take a loan.
    Borrow,
    /// Pay one back; `u64::MAX` for all.
    Repay,
}

/// An action on one reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// What to do.
    pub action: Action,
    /// The reserve.
    pub reserve: Pubkey,
    /// Token units.
    pub amount: TokenAmount,
}

impl Intent {
    /// The same as a supposition.
    pub fn change(&self) -> Change {
        let (reserve, amount) = (self.reserve, self.amount);
        match self.action {
            Action::Deposit => Change::Deposit { reserve, amount },
            Action::Withdraw => Change::Withdraw { reserve, amount },
            Action::Borrow => Change::Borrow { reserve, amount },
            Action::Repay => Change::Repay { reserve, amount },
        }
    }

    /// In words: "borrow 100 USDC".
    pub fn words(&self, snapshot: &Snapshot, names: &Names) -> String {
        let verb = match self.action {
            Action::Deposit => "deposit",
            Action::Withdraw => "withdraw",
            Action::Borrow => "borrow",
            Action::Repay => "repay",
        };
        if self.amount.0 == u64::MAX {
            let symbol = snapshot.reserves.get(&self.reserve).map_or_else(String::new, |r| names.of(&r.mint));
            return format!("{verb} all {symbol}");
        }
        format!("{verb} {}", names.tokens(snapshot, &self.reserve, self.amount))
    }
}

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The vault or obligation cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// There are no fresh prices.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// It was not sent, or did not land.
    #[error(transparent)]
    Send(#[from] SendError),
    /// Equity would be too small for it; nothing was sent.
    #[error("{what}: equity would fall below the opening requirement{}", in_words(.ways))]
    TooMuch {
        /// What was wanted.
        what: String,
        /// What would help, in words.
        ways: Vec<String>,
    },
    /// The wallet has too few tokens; nothing was sent.
    #[error(
        "{what}: that takes {wanted}, and the wallet {wallet} holds {held}: put more into it, or pass less"
    )]
    TooFewTokens {
        /// What was wanted.
        what: String,
        /// The owner's token account.
        wallet: Pubkey,
        /// What it takes.
        wanted: String,
        /// What it holds.
        held: String,
    },
    /// There is nothing to act on.
    #[error("{what}: there is no obligation {id} of {owner} in this vault: deposit something first")]
    NoObligation {
        /// What was wanted.
        what: String,
        /// Its number.
        id: u16,
        /// Whose.
        owner: Pubkey,
    },
}

fn in_words(ways: &[String]) -> String {
    match ways {
        [] => ": no deposit or repayment alone allows it".into(),
        ways => format!(": {}", ways.join(", or ")),
    }
}

/// Remedies in words. `verb`: of the act that may be smaller.
pub fn remedy_words(
    found: &[Remedy],
    verb: &str,
    of: &Pubkey,
    snapshot: &Snapshot,
    names: &Names,
) -> Vec<String> {
    let words = |remedy: &Remedy| match remedy {
        Remedy::Deposit { reserve, at_least } => {
            format!("deposit ≥ {}", names.tokens(snapshot, reserve, *at_least))
        }
        Remedy::Repay { reserve, at_least } => {
            format!("repay ≥ {}", names.tokens(snapshot, reserve, *at_least))
        }
        Remedy::TakeAtMost { amount } => format!("{verb} ≤ {}", names.tokens(snapshot, of, *amount)),
    };
    found.iter().map(words).collect()
}

/// The asset of a reserve.
pub fn asset_of(snapshot: &Snapshot, reserve: &Pubkey) -> Result<Asset, ViewError> {
    let state = snapshot.reserve(reserve)?;
    Ok(Asset { vault: snapshot.key, mint: state.mint, token_program: state.token_program })
}

/// Reserves whose prices an action needs fresh, in the order that the program wants.
fn priced(obligation: Option<&Obligation>, intent: &Intent) -> Vec<Pubkey> {
    let Some(obligation) = obligation else { return vec![] };
    match intent.action {
        Action::Borrow => reserves_with(obligation, intent.reserve),
        Action::Withdraw if obligation.has_debt() => match intent.amount.0 {
            u64::MAX => reserves_without(obligation, intent.reserve),
            _ => reserves_with(obligation, intent.reserve),
        },
        _ => vec![],
    }
}

/// A withdrawal of exactly all, as `u64::MAX`: the program drops the position then, and its reserve from the accounts.
fn settled_intent(snapshot: &Snapshot, obligation: Option<&Obligation>, intent: &Intent) -> Intent {
    let whole = || {
        let state = snapshot.reserves.get(&intent.reserve)?;
        let (_, shares) = obligation?.position(&intent.reserve, Side::Deposit).ok()?;
        Some(whole_position(state, Side::Deposit, shares, snapshot.now()))
    };
    match intent.action {
        Action::Withdraw if whole() == Some(intent.amount) => {
            Intent { amount: TokenAmount(u64::MAX), ..*intent }
        }
        _ => *intent,
    }
}

/// Everything that an action takes.
pub struct Plan {
    /// The vault with the prices that the action will see.
    pub snapshot: Snapshot,
    /// What is sent, in order.
    pub steps: Vec<Step>,
    /// What is sent afterwards, whatever became of the steps, and may fail.
    pub cleanup: Vec<Step>,
    /// Keys that sign beside the owner.
    pub keys: Vec<solana_keypair::Keypair>,
}

/// Plans an action; nothing is sent. Errors with [`ActError::TooMuch`] where the program would refuse for want of equity.
pub async fn plan(
    transport: &impl Transport,
    prices: &dyn PriceSource,
    names: &Names,
    account: &Account,
    intent: &Intent,
) -> Result<Plan, ActError> {
    let mut snapshot = Snapshot::fetch(transport, account.vault).await?;
    let obligation = snapshot.obligation(transport, account.obligation()).await?;
    let intent = &settled_intent(&snapshot, obligation.as_ref(), intent);
    let what = intent.words(&snapshot, names);
    if obligation.is_none() && intent.action != Action::Deposit {
        return Err(ActError::NoObligation { what, id: account.id, owner: account.owner });
    }
    let asset = asset_of(&snapshot, &intent.reserve)?;
    if matches!(intent.action, Action::Deposit | Action::Repay) {
        let wallet = asset.wallet(&account.owner);
        let held = wallet_holds(transport, wallet).await?;
        let wanted = match intent.amount.0 {
            u64::MAX => owed(&snapshot, obligation.as_ref(), &intent.reserve).map_or(1, |owed| owed.0),
            amount => amount,
        };
        if held < wanted {
            let tokens = |units| names.tokens(&snapshot, &intent.reserve, TokenAmount(units));
            let (wanted, held) = (tokens(wanted), tokens(held));
            return Err(ActError::TooFewTokens { what, wallet, wanted, held });
        }
    }
    let reserves = priced(obligation.as_ref(), intent);
    let old: Vec<Pubkey> = reserves
        .iter()
        .filter(|key| snapshot.reserve(key).is_ok_and(|state| is_old(state, &snapshot)))
        .copied()
        .collect();
    let Fresh { prices: quotes, accounts, mut steps, cleanup, keys } = if old.is_empty() {
        Fresh::default()
    } else {
        prices.fresh(&account.owner, &snapshot.feeds(&old)).await?
    };
    snapshot = snapshot.with_prices(&quotes)?;
    if let (Some(obligation), false) = (&obligation, reserves.is_empty()) {
        check(&snapshot, obligation, intent, &what, names)?;
    }
    let mut before = vec![];
    if obligation.is_none() {
        before.push(instruction::open_obligation(account));
    }
    if matches!(intent.action, Action::Borrow | Action::Withdraw) {
        before.push(make_wallet(&account.owner, &asset));
    }
    if !old.is_empty() {
        let with_accounts = old.iter().map(|key| {
            let feeds = snapshot.reserves.get(key).map(crate::view::feeds_of).unwrap_or_default();
            (*key, feeds.iter().filter_map(|feed| accounts.get(feed).copied()).collect())
        });
        steps.push(Step::refresh(account.vault, with_accounts.collect()));
    }
    before.push(match intent.action {
        Action::Deposit => {
            let indebted = obligation.as_ref().filter(|obligation| obligation.has_debt());
            let reserves = indebted.map(|obligation| reserves_with(obligation, intent.reserve));
            instruction::top_up(account, &asset, intent.amount.0, &reserves.unwrap_or_default())
        }
        Action::Withdraw => instruction::withdraw(account, &asset, intent.amount.0, &reserves),
        Action::Borrow => instruction::borrow(account, &asset, intent.amount.0, &reserves),
        Action::Repay => instruction::repay(account.owner, account.obligation(), &asset, intent.amount.0),
    });
    steps.push(Step::together(what, before));
    Ok(Plan { snapshot, steps, cleanup, keys })
}

/// All of a debt now.
fn owed(snapshot: &Snapshot, obligation: Option<&Obligation>, reserve: &Pubkey) -> Option<TokenAmount> {
    let (_, shares) = obligation?.position(reserve, Side::Debt).ok()?;
    Some(whole_position(snapshot.reserves.get(reserve)?, Side::Debt, shares, snapshot.now()))
}

/// Tokens in a token account; none where there is no such account.
async fn wallet_holds(transport: &impl Transport, wallet: Pubkey) -> Result<u64, ViewError> {
    let keys = [wallet];
    let account = patiently(|| transport.accounts(&keys)).await?.into_iter().next().flatten();
    let data = account.map(|account| account.data).unwrap_or_default();
    Ok(StateWithExtensions::<TokenState>::unpack(&data).map_or(0, |state| state.base.amount))
}

fn is_old(state: &ballast::state::Reserve, snapshot: &Snapshot) -> bool {
    let slots = snapshot.clock.slot.saturating_sub(state.price.posted_slot);
    state.price_age(snapshot.now()) > REFRESH_AFTER || slots > ballast::constants::MAX_PRICE_AGE_SLOTS / 2
}

fn check(
    snapshot: &Snapshot,
    obligation: &Obligation,
    intent: &Intent,
    what: &str,
    names: &Names,
) -> Result<(), ActError> {
    let before = WhatIf::new(snapshot, obligation);
    let change = intent.change();
    let mut after = before.clone();
    // What cannot be supposed, the program refuses with a better word.
    if after.apply(&change).is_err() || after.portfolio().and_then(|book| may_open(&book)).unwrap_or(true) {
        return Ok(());
    }
    let found = remedies(&before, Goal::Open, Some(&change));
    let verb = what.split(' ').next().unwrap_or("take");
    let ways = remedy_words(&found, verb, &intent.reserve, snapshot, names);
    Err(ActError::TooMuch { what: what.to_owned(), ways })
}

/// Makes the owner's associated token account where there is none.
pub fn make_wallet(owner: &Pubkey, asset: &Asset) -> Instruction {
    let accounts = vec![
        AccountMeta::new(*owner, true),
        AccountMeta::new(asset.wallet(owner), false),
        AccountMeta::new_readonly(*owner, false),
        AccountMeta::new_readonly(asset.mint, false),
        AccountMeta::new_readonly(system_program::ID, false),
        AccountMeta::new_readonly(asset.token_program, false),
    ];
    // 1: create, and nothing where it is there.
    Instruction { program_id: ASSOCIATED_TOKEN_PROGRAM, accounts, data: vec![1] }
}

impl<T: Transport> Sender<T> {
    /// Plans an action and sends it. A book too large for one transaction gets a lookup table, of which `tables` are known already;
    /// the addresses of those used are added to it. Returns the landed transactions, the action's last.
    pub async fn act(
        &self,
        prices: &dyn PriceSource,
        names: &Names,
        account: &Account,
        intent: &Intent,
        owner: &(dyn Signer + Sync),
        tables: &mut Vec<Pubkey>,
    ) -> Result<Vec<Landed>, ActError> {
        let mut planned = plan(&self.transport, prices, names, account, intent).await?;
        let mut used = vec![];
        // The refresh travels with the action, or prices may be too old when a large book's action lands.
        let last = planned.steps.get(planned.steps.len().saturating_sub(2)..).unwrap_or_default();
        if pack(&account.owner, last, &[]).map_or(true, |packed| packed.len() > 1) {
            let addresses: Vec<Pubkey> = last.iter().flat_map(Step::addresses).collect();
            used = self.ensure_tables(owner, tables, &addresses).await?;
            for table in &used {
                if !tables.contains(&table.key) {
                    tables.push(table.key);
                }
            }
            // Making tables took time, and prices age.
            planned = plan(&self.transport, prices, names, account, intent).await?;
        }
        let mut signers: Vec<&(dyn Signer + Sync)> = vec![owner];
        signers.extend(planned.keys.iter().map(|key| key as &(dyn Signer + Sync)));

        Ok(self.send_and_clean(&planned.steps, &planned.cleanup, &signers, &used).await?)
    }
}
