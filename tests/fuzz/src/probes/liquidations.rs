//! What keepers can always do.

use super::leaving::is_frozen;
use crate::{
    build::now,
    ensure,
    laws::tranches::is_insolvent,
    outcome::Outcome,
    setup::named,
    world::{Book, World},
};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::{instruction::Instruction, system_program},
};
use ballast::state::{reserve::PriceUse, Reserve, Side};
use ballast_client::{
    account::reserves_of,
    address::{Account, Asset},
    instruction::{self, Tranche},
    insurance, safety,
};
use ballast_risk::{bonus::insolvent_bonus, score::Score, units::Ppm, Usd};
use ballast_tests::Cluster as _;
use rand::{seq::SliceRandom as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Books that one probe looks at.
const BOOKS: usize = 3;
/// Calls in which an insolvent book closes.
const CALLS: usize = 32;

/// A copy of the world in which a rich keeper acts on fresh prices, a second later.
struct Keeper {
    world: World,
    key: Pubkey,
}

impl Keeper {
    fn new(world: &World) -> Result<Self, String> {
        let mut keeper = Self { world: world.clone(), key: named("keeper", 0) };
        keeper.world.svm.set_account(keeper.key, system_program::ID, vec![]);
        for market in world.markets.clone() {
            market.fund(&mut keeper.world.svm, &keeper.key, 1 << 60);
        }
        keeper.world.silent.clear();
        keeper.pass(1)?;
        Ok(keeper)
    }

    /// Lets time pass and takes honest prices in.
    fn pass(&mut self, seconds: i64) -> Result<(), String> {
        self.world.svm.go_on(1, seconds);
        self.world.refresh_all().map_err(|error| format!("honest prices were refused: {error}"))
    }

    fn send(&mut self, instruction: Instruction) -> Outcome {
        let instructions = [instruction];
        let sent = self.world.svm.send(&instructions);
        let touched: Vec<Pubkey> = instructions[0].accounts.iter().map(|meta| meta.pubkey).collect();
        self.world.notice(&touched);
        Outcome::of(&self.world.svm, &instructions, sent)
    }

    /// Shuffled obligations that a test is about.
    fn books(&self, seed: u64, wanted: impl Fn(&Book, &Score) -> bool) -> Result<Vec<Pubkey>, String> {
        let clock = self.world.clock();
        let mut found = vec![];
        for key in self.world.obligations.keys() {
            let Some(book) = Book::of(&self.world.svm, key) else { continue };
            // what cannot be repaid now is nobody's to unwind
            if !book.obligation.has_debt() || self.owes_frozen(&book) {
                continue;
            }
            let score = book.score(&clock)?;
            if wanted(&book, &score) {
                found.push(*key);
            }
        }
        found.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        found.truncate(BOOKS);
        Ok(found)
    }

    fn owes_frozen(&self, book: &Book) -> bool {
        book.obligation.active().iter().zip(&book.reserves).any(|(position, reserve)| {
            position.side() == Some(Side::Debt) && is_frozen(&self.world, &reserve.token_account)
        })
    }

    fn tranche(&self, key: &Pubkey, book: &Book, debt: usize, deposit: usize) -> Instruction {
        let asset = |place: usize| {
            let reserve = &book.reserves[place];
            Asset { vault: reserve.vault, mint: reserve.mint, token_program: reserve.token_program }
        };
        let reserves = reserves_of(&book.obligation);
        let own = Account { vault: book.obligation.vault, owner: self.key, id: 0 };
        let (debt, deposit) = (asset(debt), asset(deposit));
        let tranche = instruction::soft_liquidate(&Tranche {
            liquidator: self.key,
            obligation: *key,
            debt: &debt,
            deposit: &deposit,
            reserves: &reserves,
            max_repay: u64::MAX,
            min_received: 0,
            shares_to: Some(own.obligation()),
        });
        self.with_fund(safety::absorbing(tranche, &reserves), &book.obligation.vault)
    }

    fn absorption(&self, key: &Pubkey, book: &Book) -> Instruction {
        let vault = book.obligation.vault;
        let absorb = safety::absorb_loss(self.key, vault, *key, &reserves_of(&book.obligation));
        self.with_fund(absorb, &vault)
    }

    fn with_fund(&self, instruction: Instruction, vault: &Pubkey) -> Instruction {
        let house = self.world.houses.iter().find(|house| house.key == *vault && house.fund.is_some());
        match house.and_then(|house| self.world.fund(house)) {
            Some(fund) => insurance::recording_losses(instruction, fund.address()),
            None => instruction,
        }
    }

    /// A copy that has an obligation of its own in the vault of another's.
    fn beside(&self, key: &Pubkey) -> Self {
        let mut copy = Self { world: self.world.clone(), key: self.key };
        if let Some(account) = self.world.obligations.get(key) {
            copy.send(instruction::open_obligation(&Account { owner: self.key, id: 0, ..*account }));
        }
        copy
    }
}

/// Every book below its requirement with a pair that can be traded admits a tranche, at once or when pace and depth have refilled.
pub fn admitted(world: &World, seed: u64) -> Result<bool, String> {
    let keeper = Keeper::new(world)?;
    let clock = keeper.world.clock();
    let sick = keeper.books(seed, |book, score| !score.is_healthy() && has_pair(book, &clock))?;
    for key in &sick {
        let mut copy = keeper.beside(key);
        check_admitted(&mut copy, key)?;
    }
    Ok(!sick.is_empty())
}

/// Whether a deposit and a debt have prices: a curator may have changed a feed to one that nobody posts.
fn has_pair(book: &Book, clock: &Clock) -> bool {
    let priced = |side| {
        let mut positions = book.obligation.active().iter().zip(&book.reserves);
        positions.any(|(position, reserve)| position.side() == Some(side) && is_priced(reserve, clock))
    };
    priced(Side::Deposit) && priced(Side::Debt)
}

fn is_priced(reserve: &Reserve, clock: &Clock) -> bool {
    reserve.price_is_fresh(ballast::oracle::now(clock), clock.slot, PriceUse::Pair)
}

fn check_admitted(keeper: &mut Keeper, key: &Pubkey) -> Result<(), String> {
    let mut words = vec![];
    for wait in 0..40 {
        let clock = keeper.world.clock();
        let Some(book) = Book::of(&keeper.world.svm, key) else { return Ok(()) };
        let score = book.score(&clock)?;
        if score.is_healthy() {
            return Ok(());
        }
        if worthless(&book, &clock) {
            // nobody buys that: what is owed is absorbed
            let outcome = keeper.send(keeper.absorption(key, &book));
            ensure!(outcome.landed(), "nobody absorbs what {key} owes: {outcome:?}");
            return Ok(());
        }
        let best = book.look(&clock, |portfolio| portfolio.best_tranche(Usd(i128::from(u64::MAX))));
        let best = best.ok_or("not looked at")?.map_err(|error| format!("{error:?}"))?;
        if let Some((debt, deposit, plan)) = best {
            let tranche = keeper.tranche(key, &book, debt, deposit);
            let outcome = keeper.send(tranche.clone());
            if outcome.landed() {
                return Ok(());
            }
            words.push(format!("after {wait} waits {outcome:?} of {plan:?}"));
            if wait > 2 {
                return Err(format!("{key} {score:?}: {words:#?}"));
            }
        }
        keeper.pass(if wait < 20 { 60 } else { 3_600 })?;
    }
    let book = Book::of(&keeper.world.svm, key).ok_or("it is there")?;
    let score = book.score(&keeper.world.clock())?;
    Err(format!("no tranche of {key} within a day: {score:?} {:?} {words:?}", book.obligation.active()))
}

/// Whether every deposit is worth less than a token unit, which `absorb_loss` takes.
fn worthless(book: &Book, clock: &Clock) -> bool {
    let now = ballast::oracle::now(clock);
    book.obligation.active().iter().zip(&book.reserves).all(|(position, reserve)| {
        position.side() != Some(Side::Deposit)
            || reserve
                .accrued_ledger(now)
                .deposit_amount_down(ballast_risk::DepositShares(position.shares))
                .is_zero()
    })
}

/// Every insolvent book is closed by at most so many calls of anyone, in one second.
pub fn closed(world: &World, seed: u64) -> Result<bool, String> {
    let keeper = Keeper::new(world)?;
    let clock = keeper.world.clock();
    let insolvent = keeper.books(seed, |book, score| {
        // what nobody posts a price of waits for one
        let all_priced = book.reserves.iter().all(|reserve| is_priced(reserve, &clock));
        all_priced && is_insolvent(score, least_bonus(book))
    })?;
    for key in &insolvent {
        let mut copy = keeper.beside(key);
        check_closed(&mut copy, key)?;
    }
    Ok(!insolvent.is_empty())
}

/// The smallest of the bonuses at which a deposit of an insolvent book is sold.
fn least_bonus(book: &Book) -> Ppm {
    let sold = book.obligation.active().iter().zip(&book.reserves);
    let sold = sold.filter(|(position, _)| position.side() == Some(Side::Deposit));
    let bonus = sold.map(|(_, reserve): (_, &Reserve)| insolvent_bonus(reserve.curve.as_risk()));
    bonus.min().unwrap_or(Ppm(0))
}

fn check_closed(keeper: &mut Keeper, key: &Pubkey) -> Result<(), String> {
    let mut refusals = vec![];
    for _ in 0..CALLS {
        let Some(book) = Book::of(&keeper.world.svm, key) else { return Ok(()) };
        if !book.obligation.has_debt() {
            return Ok(());
        }
        let places = |side| {
            let all = book.obligation.active().iter().enumerate();
            all.filter(move |(_, p)| p.side() == Some(side)).map(|(place, _)| place).collect::<Vec<_>>()
        };
        refusals.clear();
        let mut pairs = vec![];
        for debt in places(Side::Debt) {
            pairs.extend(places(Side::Deposit).into_iter().map(|deposit| (debt, deposit)));
        }
        let calls = pairs.iter().map(|(debt, deposit)| keeper.tranche(key, &book, *debt, *deposit));
        let calls: Vec<Instruction> = calls.chain([keeper.absorption(key, &book)]).collect();
        let landed = calls.into_iter().any(|call| {
            let outcome = keeper.send(call);
            refusals.push(format!("{outcome:?}"));
            outcome.landed()
        });
        if !landed {
            let score = book.score(&keeper.world.clock())?;
            // a book that became solvent on the way is for ordinary tranches
            if !is_insolvent(&score, least_bonus(&book)) {
                return Ok(());
            }
            let (at, active) = (now(&keeper.world), book.obligation.active());
            return Err(format!("nothing closes {key} at {at}: {score:?} {active:?} {refusals:?}"));
        }
    }
    let book = Book::of(&keeper.world.svm, key);
    let open = book.is_some_and(|book| book.obligation.has_debt());
    ensure!(!open, "{key} is open after {CALLS} calls: {refusals:?}");
    Ok(())
}
