//! Reserves as the program keeps them: positions are shares, debts bear interest, and what nobody will repay is borne by lenders.
//!
//! The comparison with the program runs on these. Ordinary replays keep amounts that stay, which is faster and differs by the interest
//! of a few days.

use crate::{
    asset::{Asset, ASSETS, COUNT},
    population::{Account, Population},
    rules::Rules,
};
use ballast_risk::{
    absorb::Losses, interest::RateCurve, reserve::InterestSplit, reserve::Ledger, tranche::TrancheOutcome,
    DebtShares, DepositShares, Result, Seconds, TokenAmount,
};

/// One asset's reserve.
#[derive(Clone, Copy, Debug)]
struct Reserve {
    ledger: Ledger,
    losses: Losses,
    rates: RateCurve,
    split: InterestSplit,
}

/// Shares of an account, by asset.
#[derive(Clone, Copy, Debug, Default)]
struct Shares {
    deposits: [DepositShares; COUNT],
    debts: [DebtShares; COUNT],
}

/// All reserves of the vault, and everybody's shares of them.
#[derive(Clone, Debug)]
pub struct Reserves {
    reserves: [Reserve; COUNT],
    shares: Vec<Shares>,
}

/// What a tranche leaves behind, not stored yet.
#[derive(Clone, Copy, Debug)]
pub struct Settled {
    pair: [(Asset, Ledger); 2],
    shares: Shares,
}

impl Reserve {
    /// Books interest and recoveries up to now.
    fn bring_up(&mut self, now: Seconds) {
        self.losses.accrue(&mut self.ledger, &self.split, now);
    }

    /// Takes over changed books, and sets the rate for the time to come.
    fn store(&mut self, ledger: Ledger) -> Result<()> {
        self.ledger = ledger;
        self.losses.after_leaving(&mut self.ledger);
        self.ledger.update_rate(&self.rates)
    }
}

impl Reserves {
    /// Opens everybody's positions. `lent`: token units of each asset that somebody else deposits first.
    pub fn open(population: &Population, lent: &[u64; COUNT], rules: &Rules, now: Seconds) -> Result<Self> {
        let mut reserves = rules.assets.map(|asset| Reserve {
            ledger: Ledger::new(now),
            losses: Losses::default(),
            rates: asset.rates,
            split: asset.split,
        });
        for (reserve, amount) in reserves.iter_mut().zip(lent).filter(|(_, amount)| **amount > 0) {
            reserve.ledger.deposit_down(TokenAmount(*amount))?;
        }
        let mut shares = vec![Shares::default(); population.accounts.len()];
        for (account, own) in population.accounts.iter().zip(&mut shares) {
            for (i, reserve) in reserves.iter_mut().enumerate() {
                if account.deposits[i] > 0 {
                    own.deposits[i] = reserve.ledger.deposit_down(TokenAmount(account.deposits[i]))?;
                }
                if account.debts[i] > 0 {
                    own.debts[i] = reserve.ledger.borrow_up(TokenAmount(account.debts[i]))?;
                }
            }
        }
        for reserve in &mut reserves {
            reserve.store(reserve.ledger)?;
        }
        Ok(Self { reserves, shares })
    }

    /// Books interest of all reserves, as taking a newer price of each does.
    pub fn bring_up(&mut self, now: Seconds) -> Result<()> {
        for reserve in &mut self.reserves {
            reserve.bring_up(now);
            reserve.store(reserve.ledger)?;
        }
        Ok(())
    }

    /// The books of an asset's reserve.
    pub fn ledger(&self, asset: Asset) -> &Ledger {
        &self.reserves[asset.index()].ledger
    }

    /// What an asset's reserve lost.
    pub fn losses(&self, asset: Asset) -> &Losses {
        &self.reserves[asset.index()].losses
    }

    /// What an account's shares are worth and owe now.
    pub fn fill_in(&self, number: u32, account: &mut Account) {
        self.fill_in_shares(&self.shares[number as usize], account);
    }

    fn fill_in_shares(&self, shares: &Shares, account: &mut Account) {
        for (i, reserve) in self.reserves.iter().enumerate() {
            account.deposits[i] = reserve.ledger.deposit_amount_down(shares.deposits[i]).0;
            account.debts[i] = reserve.ledger.debt_amount_up(shares.debts[i]).0;
        }
    }

    /// What a tranche would leave, and the account after it.
    pub fn settle(
        &self,
        number: u32,
        [repaid, sold]: [Asset; 2],
        outcome: &TrancheOutcome,
        account: &mut Account,
    ) -> Result<Settled> {
        let mut shares = self.shares[number as usize];
        let (mut debt, mut deposit) = (*self.ledger(repaid), *self.ledger(sold));
        let (owed, held) = (&mut shares.debts[repaid.index()], &mut shares.deposits[sold.index()]);
        let (_, paid_off) = if outcome.take_deposit {
            debt.repay_any_down(outcome.repay, *owed)?
        } else {
            debt.repay_down(outcome.repay, *owed)?
        };
        let taken = deposit.seize_up(outcome.seize, outcome.insurance, *held, outcome.take_deposit)?;
        if deposit.free_tokens < outcome.to_liquidator {
            deposit.pay_shares_down(outcome.to_liquidator)?;
        } else {
            deposit.pay_tokens(outcome.to_liquidator)?;
        }
        (*owed, *held) = (owed.minus(paid_off)?, held.minus(taken)?);
        account.debts[repaid.index()] = debt.debt_amount_up(*owed).0;
        account.deposits[sold.index()] = deposit.deposit_amount_down(*held).0;
        Ok(Settled { pair: [(repaid, debt), (sold, deposit)], shares })
    }

    /// Stores what a tranche left. Where it took the last deposit, what is still owed is absorbed.
    pub fn store(
        &mut self,
        number: u32,
        settled: Settled,
        now: Seconds,
        account: &mut Account,
    ) -> Result<()> {
        for (asset, ledger) in settled.pair {
            self.reserves[asset.index()].store(ledger)?;
        }
        let mut shares = settled.shares;
        if shares.deposits.iter().all(|held| held.is_zero()) {
            for asset in ASSETS {
                let owed = std::mem::take(&mut shares.debts[asset.index()]);
                let reserve = &mut self.reserves[asset.index()];
                if !owed.is_zero() {
                    let mut ledger = reserve.ledger;
                    reserve.losses.absorb(&mut ledger, owed, now)?;
                    reserve.store(ledger)?;
                }
            }
        }
        self.shares[number as usize] = shares;
        self.fill_in_shares(&shares, account);
        Ok(())
    }
}
