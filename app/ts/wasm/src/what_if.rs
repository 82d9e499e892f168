//! What would be if: deposits, withdrawals, borrowing, repayments and price moves, applied by the program's own code to copies.

use crate::{accounts::Snapshot, wire::Reader, Refused};
use anchor_lang::{
    prelude::{AccountInfo, Clock, Pubkey},
    AccountSerialize,
};
use ballast::{
    error::BallastError,
    oracle::{now, read_newer_price},
    state::{reserve::Quote, Reserve, Side},
};
use ballast_risk::{reserve::Ledger, units::PPM_ONE, DebtShares, DepositShares, TokenAmount};
use pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel};

/// One part of a supposition, in one reserve.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// What happens.
    pub act: Act,
    /// Where.
    pub reserve: Pubkey,
    /// Token units (for what leaves, `u64::MAX` is all); of a price move, the new price over the old one in parts per million.
    pub amount: u64,
}

/// What happens in a supposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Tokens come in.
    Deposit,
    /// Tokens leave.
    Withdraw,
    /// Tokens are lent.
    Borrow,
    /// A debt is paid back.
    Repay,
    /// A price moves, its average with it; of a composed price the base moves, and with it every reserve that reads the same feed.
    Price,
}

impl Change {
    /// Reads a change.
    pub fn read(input: &mut Reader) -> Result<Self, Refused> {
        let act = match input.byte()? {
            0 => Act::Deposit,
            1 => Act::Withdraw,
            2 => Act::Borrow,
            3 => Act::Repay,
            4 => Act::Price,
            _ => {
                return Err(Refused::input(
                    "a change is a deposit, withdrawal, loan, repayment or price move",
                ))
            }
        };
        Ok(Self { act, reserve: Pubkey::from(input.array()?), amount: input.u64()? })
    }
}

/// Applies a change. Errors as the program would: no such position, nothing to lend, too many positions. Breakers, caps and
/// buckets are not asked.
pub fn apply(snapshot: &mut Snapshot, change: &Change) -> Result<(), Refused> {
    let (key, amount) = (&change.reserve, TokenAmount(change.amount));
    match change.act {
        Act::Deposit => add(snapshot, key, Side::Deposit, |ledger| Ok(ledger.deposit_down(amount)?.0)),
        Act::Borrow => add(snapshot, key, Side::Debt, |ledger| {
            if amount > ledger.free_tokens {
                return Err(anchor_lang::error::Error::from(BallastError::InsufficientLiquidity).into());
            }
            Ok(ledger.borrow_up(amount)?.0)
        }),
        Act::Withdraw => remove(snapshot, key, Side::Deposit, |ledger, held| {
            Ok(ledger.withdraw_up(amount, DepositShares(held))?.1 .0)
        }),
        Act::Repay => remove(snapshot, key, Side::Debt, |ledger, held| {
            Ok(ledger.repay_down(amount, DebtShares(held))?.1 .0)
        }),
        Act::Price => move_price(snapshot, key, change.amount),
    }
}

fn add(
    snapshot: &mut Snapshot,
    key: &Pubkey,
    side: Side,
    act: impl FnOnce(&mut Ledger) -> Result<u64, Refused>,
) -> Result<(), Refused> {
    let (time, audit) = (now(&snapshot.clock), snapshot.vault.audit);
    let reserve = snapshot.reserve_mut(key)?;
    let mut ledger = reserve.bring_up(time);
    let shares = act(&mut ledger)?;
    reserve.store(ledger)?;
    let price_accounts = reserve.source.price_accounts();
    snapshot.obligation.add(key, price_accounts, side, shares, audit)?;
    Ok(())
}

fn remove(
    snapshot: &mut Snapshot,
    key: &Pubkey,
    side: Side,
    act: impl FnOnce(&mut Ledger, u64) -> Result<u64, Refused>,
) -> Result<(), Refused> {
    let time = now(&snapshot.clock);
    let (index, held) = snapshot.obligation.position(key, side)?;
    let reserve = snapshot.reserve_mut(key)?;
    let mut ledger = reserve.bring_up(time);
    let shares = act(&mut ledger, held)?;
    reserve.store(ledger)?;
    snapshot.obligation.remove(index, shares)?;
    Ok(())
}

fn move_price(snapshot: &mut Snapshot, key: &Pubkey, to_ppm: u64) -> Result<(), Refused> {
    let source = snapshot.reserve(key)?.source;
    let [old, _] = source.quotes;
    let scaled = |mantissa: i128| {
        let moved = mantissa.saturating_mul(i128::from(to_ppm)) / i128::from(PPM_ONE);
        i64::try_from(moved).unwrap_or(i64::MAX)
    };
    let moved = Quote {
        price: scaled(old.price.into()),
        confidence: scaled(old.confidence.into()).unsigned_abs(),
        ema: scaled(old.ema.into()),
        publish_time: old.publish_time.saturating_add(1).max(now(&snapshot.clock)),
        posted_slot: snapshot.clock.slot,
        ..old
    };
    for (_, reserve) in &mut snapshot.reserves {
        take_quote(reserve, &source.feed_id, &moved, &snapshot.clock)?;
    }
    Ok(())
}

/// Takes one feed's quote into a reserve that reads it, as the program does from the oracle's accounts.
fn take_quote(reserve: &mut Reserve, feed: &[u8; 32], quote: &Quote, clock: &Clock) -> Result<(), Refused> {
    let source = reserve.source;
    let feeds = [source.feed_id, source.rate_feed_id];
    let feeds = &feeds[..usize::from(source.price_accounts())];
    if !feeds.contains(feed) {
        return Ok(());
    }
    let mut accounts: Vec<(Vec<u8>, u64)> = vec![];
    for (read, kept) in feeds.iter().zip(&source.quotes) {
        accounts.push((price_account(read, if read == feed { quote } else { kept })?, 0));
    }
    let key = Pubkey::default();
    let owner = pyth_solana_receiver_sdk::ID;
    let infos: Vec<AccountInfo> = accounts
        .iter_mut()
        .map(|(data, lamports)| AccountInfo::new(&key, false, false, lamports, data, &owner, false))
        .collect();
    if let Some((source, price)) = read_newer_price(&infos, reserve, clock)? {
        reserve.take_price(source, price, now(clock))?;
    }
    Ok(())
}

fn price_account(feed: &[u8; 32], quote: &Quote) -> Result<Vec<u8>, Refused> {
    let publish_time = i64::try_from(quote.publish_time).unwrap_or(i64::MAX);
    let update = PriceUpdateV2 {
        write_authority: Pubkey::default(),
        verification_level: VerificationLevel::Full,
        price_message: PriceFeedMessage {
            feed_id: *feed,
            price: quote.price,
            conf: quote.confidence,
            exponent: quote.exponent,
            publish_time,
            prev_publish_time: publish_time.saturating_sub(1),
            ema_price: quote.ema,
            ema_conf: quote.confidence,
        },
        posted_slot: quote.posted_slot,
    };
    let mut data = vec![];
    update.try_serialize(&mut data)?;
    data.resize(PriceUpdateV2::LEN, 0);
    Ok(data)
}
