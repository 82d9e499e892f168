//! What to do about one book: the pair and the size that take off most risk for what they cost, or why nothing is done now.

use super::{
    cost::{smallest_paying_up, Costs, Profit, SmallestPaying},
    venue::{Sale, Venue},
};
use crate::engine::{Engine, Row};
use anchor_lang::prelude::{Clock, Pubkey};
use ballast::{
    book::{Book, Valuation},
    oracle::now,
    state::{Obligation, Reserve, Side},
};
use ballast_client::{insurance::Fund, plan::Portfolio, send::units::units_of_all, Account, Asset};
use ballast_risk::{
    pace::DepthBucket,
    score::{score, Score},
    tranche::{plan_that_passes, Legs, TrancheCurve, TrancheOutcome, TranchePlan, TrancheRequest},
    units::{BPS_ONE, PPM_ONE},
    DebtShares, DepositShares, Usd,
};

/// Number of the keeper's own obligation in the vault, which takes shares where a reserve is short of tokens.
pub const OWN: u16 = 0;

/// What planning takes besides the book.
pub struct Means<'a> {
    /// The keeper's wallet.
    pub keeper: Pubkey,
    /// What transactions cost.
    pub costs: Costs,
    /// Where what is received is sold.
    pub venue: &'a dyn Venue,
    /// Least that a tranche has to leave, micro-USD.
    pub least_profit: Usd,
    /// Most that a tranche repays, micro-USD.
    pub most_repaid: Usd,
    /// Token units of an asset that may be spent now.
    pub available: &'a dyn Fn(&Asset) -> u64,
    /// Whether the keeper has a token account for an asset.
    pub has_wallet: &'a dyn Fn(&Asset) -> bool,
}

/// A tranche that pays.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The obligation.
    pub obligation: Pubkey,
    /// Its row in the engine.
    pub row: Row,
    /// Asset repaid.
    pub debt: Asset,
    /// Asset sold.
    pub deposit: Asset,
    /// Reserves of all positions, in order.
    pub reserves: Vec<Pubkey>,
    /// Reserves of the book whose newest prices are not on chain yet, with their price accounts.
    pub refresh: Vec<(Pubkey, Vec<Pubkey>)>,
    /// Debts that are absorbed in case this takes the last deposit.
    pub absorbs: Vec<Pubkey>,
    /// The vault's insurance fund, which writes such losses down.
    pub fund: Option<Pubkey>,
    /// Whether the keeper's token account for what is sold has to be made first.
    pub makes_wallet: bool,
    /// The keeper's own obligation, to be paid in shares where the reserve is short of tokens.
    pub shares_to: Option<Pubkey>,
    /// The plan, as the program will make it.
    pub plan: TranchePlan,
    /// The plan in tokens.
    pub outcome: TrancheOutcome,
    /// Most token units to pay: a little above the plan's, where the position ends with it and interest goes on.
    pub max_repay: u64,
    /// Fewest token units to receive: those of the smallest tranche that pays.
    pub min_received: u64,
    /// Rise of `E − R`.
    pub rise: Usd,
    /// What is left for the keeper.
    pub profit: Profit,
    /// How the sale is made.
    pub sale: Sale,
    /// Whom how many lamports are tipped; `None` for nobody.
    pub tip: Option<(Pubkey, u64)>,
    /// The smallest tranche of this pair that pays now.
    pub smallest: SmallestPaying,
}

impl Planned {
    /// Risk removed per unit of cost: rise of `E − R` over swap and fees, ppm.
    pub fn rank(&self) -> i128 {
        self.rise.0.saturating_mul(1_000_000) / self.profit.cost().0.max(1)
    }
}

/// Why nothing is sent for a book now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Equity meets the requirement at this moment.
    Healthy,
    /// It borrowed or withdrew in this slot.
    SameSlot,
    /// No deposit is worth a token unit: what it owes is to be absorbed.
    Absorb,
    /// The program admits no pair now: the pace, a depth bucket or a stale price is in the way.
    NoPair,
    /// The keeper holds too little of what it owes.
    NoInventory,
    /// No pair pays; the one that comes closest.
    DoesNotPay(SmallestPaying),
    /// The deposit's reserve is short of tokens, and the keeper has no obligation of its own to take shares.
    NeedsShares,
    /// Something about it is not known.
    Unknown,
}

impl Waiting {
    /// A short name, for metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::SameSlot => "same slot",
            Self::Absorb => "absorb",
            Self::NoPair => "no pair",
            Self::NoInventory => "no inventory",
            Self::DoesNotPay(_) => "does not pay",
            Self::NeedsShares => "needs shares",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DoesNotPay(smallest) => write!(f, "{}: {smallest}", self.name()),
            _ => f.write_str(self.name()),
        }
    }
}

/// Plans for one book at this time, with the prices that are known.
pub fn plan(engine: &Engine, row: Row, clock: &Clock, means: &Means) -> Result<Box<Planned>, Waiting> {
    let obligation = engine.obligation(row);
    let vault = engine.market.vault().ok_or(Waiting::Unknown)?;
    let find = |reserve: &Pubkey| engine.market.ahead_of(reserve);
    let portfolio = Portfolio::new(vault, &obligation, clock, find).ok_or(Waiting::Unknown)?;
    let book = portfolio.book(Valuation::Maintenance).map_err(|_| Waiting::Unknown)?;
    let before = score(&portfolio.model(), book.exposures()).map_err(|_| Waiting::Unknown)?;
    if before.is_healthy() {
        return Err(Waiting::Healthy);
    }
    if obligation.last_risk_slot >= clock.slot {
        return Err(Waiting::SameSlot);
    }
    if is_worthless(&portfolio) {
        return Err(Waiting::Absorb);
    }
    let planner = Planner { engine, row, means, portfolio: &portfolio, book: &book, before };
    let mut best: Result<Box<Planned>, Waiting> = Err(Waiting::NoPair);
    for (debt, _) in of_side(&obligation, Side::Debt) {
        for (deposit, _) in of_side(&obligation, Side::Deposit) {
            best = better(best, planner.pair(debt, deposit));
        }
    }
    best
}

/// The better of two plans, or of two reasons not to act: the one that says most.
fn better(
    a: Result<Box<Planned>, Waiting>,
    b: Result<Box<Planned>, Waiting>,
) -> Result<Box<Planned>, Waiting> {
    let weight = |waiting: &Waiting| match waiting {
        Waiting::DoesNotPay(_) => 3,
        Waiting::NeedsShares => 2,
        Waiting::NoInventory => 1,
        _ => 0,
    };
    match (a, b) {
        (Ok(a), Ok(b)) => Ok(if b.rank() > a.rank() { b } else { a }),
        (Ok(plan), Err(_)) | (Err(_), Ok(plan)) => Ok(plan),
        (Err(a), Err(b)) => Err(if weight(&b) > weight(&a) { b } else { a }),
    }
}

fn of_side(obligation: &Obligation, side: Side) -> impl Iterator<Item = (usize, Pubkey)> + '_ {
    let positions = obligation.active().iter().enumerate();
    positions
        .filter(move |(_, position)| position.side() == Some(side))
        .map(|(i, position)| (i, position.reserve))
}

/// Whether no deposit is worth a token unit.
fn is_worthless(portfolio: &Portfolio) -> bool {
    let now = now(portfolio.clock);
    let positions = portfolio.obligation.active().iter().zip(&portfolio.reserves);
    let mut deposits = positions.filter(|(position, _)| position.side() == Some(Side::Deposit));
    deposits.all(|(position, reserve)| {
        reserve.accrued_ledger(now).deposit_amount_down(DepositShares(position.shares)).is_zero()
    })
}

struct Planner<'a> {
    engine: &'a Engine,
    row: Row,
    means: &'a Means<'a>,
    portfolio: &'a Portfolio<'a>,
    book: &'a Book,
    before: Score,
}

impl Planner<'_> {
    fn asset(&self, position: usize) -> Option<Asset> {
        let reserve = self.portfolio.reserves.get(position)?;
        Some(Asset { vault: reserve.vault, mint: reserve.mint, token_program: reserve.token_program })
    }

    fn legs(&self, debt: usize, deposit: usize) -> Option<Legs> {
        let now = now(self.portfolio.clock);
        let (owes, holds) = (self.portfolio.reserves.get(debt)?, self.portfolio.reserves.get(deposit)?);
        let positions = self.portfolio.obligation.active();
        Some(Legs {
            debt_price: *owes.price.spot.as_risk(),
            debt_owed: owes.accrued_ledger(now).debt_amount_up(DebtShares(positions.get(debt)?.shares)),
            deposit_price: *holds.price.spot.as_risk(),
            deposit_held: holds
                .accrued_ledger(now)
                .deposit_amount_down(DepositShares(positions.get(deposit)?.shares)),
        })
    }

    /// The tranche of one pair.
    fn pair(&self, debt: usize, deposit: usize) -> Result<Box<Planned>, Waiting> {
        let legs = self.legs(debt, deposit).ok_or(Waiting::Unknown)?;
        let debt_asset = self.asset(debt).ok_or(Waiting::Unknown)?;
        let available = ballast_risk::TokenAmount((self.means.available)(&debt_asset));
        if available.is_zero() {
            return Err(Waiting::NoInventory);
        }
        let maximum = legs.debt_price.value_down(available).min(self.means.most_repaid);
        let (plan, rise) = self.admitted(debt, deposit, maximum).ok_or(Waiting::NoPair)?;
        let outcome = plan.settle(&legs).map_err(|_| Waiting::NoPair)?;
        if outcome.repay > available {
            return Err(Waiting::NoInventory);
        }
        let planned = self.priced(debt, deposit, &legs, plan, outcome, rise).ok_or(Waiting::Unknown)?;
        if planned.profit.net() < self.means.least_profit {
            return Err(Waiting::DoesNotPay(planned.smallest));
        }
        if self.is_short_of_tokens(deposit, &outcome) && planned.shares_to.is_none() {
            return Err(Waiting::NeedsShares);
        }
        Ok(planned)
    }

    /// What the program admits of a pair, by the code that it runs.
    fn admitted(&self, debt: usize, deposit: usize, maximum: Usd) -> Option<(TranchePlan, Usd)> {
        let curve_of = |position: usize| -> Option<(TrancheCurve, DepthBucket)> {
            let reserve = self.portfolio.reserves.get(position)?;
            Some((*reserve.curve.as_risk(), *reserve.bucket.as_risk()))
        };
        let (curve, bucket) = curve_of(deposit)?;
        let model = self.portfolio.model();
        let request = TrancheRequest {
            model: &model,
            rules: self.portfolio.vault.rules.as_risk(),
            curve: &curve,
            book: self.book.exposures(),
            usable: self.book.usable,
            debt,
            deposit,
            meter: *self.portfolio.obligation.meter.as_risk(),
            bucket,
            now: now(self.portfolio.clock),
            maximum,
        };
        plan_that_passes(request, self.before, curve_of).ok().flatten()
    }

    /// Puts prices on a tranche.
    fn priced(
        &self,
        debt: usize,
        deposit: usize,
        legs: &Legs,
        plan: TranchePlan,
        outcome: TrancheOutcome,
        rise: Usd,
    ) -> Option<Box<Planned>> {
        let (debt_asset, deposit_asset) = (self.asset(debt)?, self.asset(deposit)?);
        let received = legs.deposit_price.value_down(outcome.to_liquidator);
        let paid = legs.debt_price.value_up(outcome.repay);
        let sale = self.means.venue.sale(&deposit_asset.mint, &debt_asset.mint, received)?;
        let obligation = self.portfolio.obligation;
        let reserves: Vec<Pubkey> = obligation.active().iter().map(|position| position.reserve).collect();
        let refresh: Vec<(Pubkey, Vec<Pubkey>)> = reserves
            .iter()
            .filter_map(|reserve| {
                let prices = self.engine.market.wants_refresh(self.engine.market.index(reserve)?)?;
                Some((*reserve, prices.to_vec()))
            })
            .collect();
        let is_last = of_side(obligation, Side::Deposit).count() == 1;
        let absorbs = if plan.insolvent && is_last {
            of_side(obligation, Side::Debt).map(|(_, reserve)| reserve).collect()
        } else {
            vec![]
        };
        let has_fund = self.portfolio.vault.has_fund == 1 && plan.insolvent && is_last;
        let mut planned = Planned {
            fund: has_fund.then(|| Fund { asset: debt_asset }.address()),
            obligation: self.engine.columns().address(self.row),
            row: self.row,
            debt: debt_asset,
            deposit: deposit_asset,
            reserves,
            refresh,
            absorbs,
            makes_wallet: !(self.means.has_wallet)(&deposit_asset),
            shares_to: self.own_obligation(deposit),
            plan,
            outcome,
            max_repay: self.most(&plan, &outcome, &debt_asset),
            min_received: 0,
            rise,
            profit: Profit { bonus: received.minus(paid).ok()?, swap: sale.cost, fees: Usd::ZERO },
            smallest: smallest_paying_up(0, 0, Usd::ZERO, Usd::ZERO),
            sale,
            tip: self.means.costs.tip_to.map(|to| (to, self.means.costs.tip)).filter(|(_, tip)| *tip > 0),
        };
        let prices = planned.refresh.iter().map(|(_, accounts)| accounts.len()).sum();
        let units = units_of_all(&super::transaction::instructions(&planned, self.means.keeper));
        planned.profit.fees =
            self.means.costs.transaction_up(units.saturating_add(planned.sale.units), prices);
        planned.smallest = self.smallest(&planned, paid);
        planned.min_received = fewest(&planned, paid);
        Some(Box::new(planned))
    }

    /// What is offered: a plan that closes the debt may cost a little more when it lands; others never.
    fn most(&self, plan: &TranchePlan, outcome: &TrancheOutcome, debt: &Asset) -> u64 {
        let slack = if plan.close_debt { outcome.repay.0 / 10_000 + 1 } else { 0 };
        outcome.repay.0.saturating_add(slack).min((self.means.available)(debt))
    }

    fn smallest(&self, planned: &Planned, paid: Usd) -> SmallestPaying {
        let slice = u64::from(planned.plan.insurance_slice.0);
        let kept = u64::from(planned.plan.bonus.0) * BPS_ONE.saturating_sub(slice) / BPS_ONE;
        let swap = planned.profit.swap.0.max(0).saturating_mul(i128::from(PPM_ONE)) / paid.0.max(1);
        smallest_paying_up(
            kept,
            u64::try_from(swap).unwrap_or(u64::MAX),
            planned.profit.fees,
            self.means.least_profit,
        )
    }

    /// The keeper's own obligation in the vault, where it exists, owes nothing and can take the asset: number 0.
    fn own_obligation(&self, deposit: usize) -> Option<Pubkey> {
        let account = Account { vault: self.engine.vault(), owner: self.means.keeper, id: OWN };
        let address = account.obligation();
        let row = self.engine.columns().find(&address).filter(|row| *row != self.row)?;
        let own = self.engine.obligation(row);
        let reserve = self.portfolio.obligation.active().get(deposit)?.reserve;
        let has_room = own.active().len() < ballast::constants::MAX_POSITIONS || own.find(&reserve).is_some();
        (!own.has_debt() && has_room).then_some(address)
    }

    /// Whether the deposit's reserve pays in shares.
    fn is_short_of_tokens(&self, deposit: usize, outcome: &TrancheOutcome) -> bool {
        self.portfolio.reserves.get(deposit).is_some_and(|reserve: &&Reserve| {
            reserve.frozen_since > 0 || reserve.books.free_tokens < outcome.to_liquidator.0
        })
    }
}

/// What the smallest tranche that pays would bring, in token units: less is refused by the program, and costs only the fee.
fn fewest(planned: &Planned, paid: Usd) -> u64 {
    let smallest = planned.smallest.repay.map_or(paid, |repay| repay.min(paid));
    let part = ballast_risk::math::mul_div_down(
        u128::from(planned.outcome.to_liquidator.0),
        smallest.positive_part(),
        paid.positive_part().max(1),
    );
    part.ok().and_then(|part| u64::try_from(part).ok()).unwrap_or(planned.outcome.to_liquidator.0)
}
