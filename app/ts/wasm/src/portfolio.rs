//! Whole books from accounts, valued and scored by the program's own code.

use crate::{
    accounts::Snapshot,
    arithmetic::{answer_best, write_explanation, write_score},
    what_if::{apply, Act, Change},
    wire::{Reader, Writer},
    Refused,
};
use ballast::{
    book::{Book, Valuation},
    oracle::now,
    state::{Obligation, Reserve, Side},
};
use ballast_risk::{
    pace::DepthBucket,
    score::{explain, opening_score, score},
    tranche::{best_pair, TrancheCurve, TrancheRequest},
    units::PPM_ONE,
    DebtShares, DepositShares, Usd,
};

/// How far up distances look: ten times the price.
const HIGHEST: u64 = 10 * PPM_ONE;

fn read(input: &mut Reader) -> Result<Snapshot, Refused> {
    let mut snapshot = Snapshot::read(input)?;
    for change in input.list(Change::read)? {
        apply(&mut snapshot, &change)?;
    }
    Ok(snapshot)
}

/// Positions, the score with its reasons, and whether new risk may be opened.
pub fn portfolio(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let snapshot = read(input)?;
    let (time, model) = (now(&snapshot.clock), snapshot.vault.model_at(now(&snapshot.clock)));
    let book = value(&snapshot, Valuation::Maintenance)?;
    let explanation = explain(&model, book.exposures())?;
    let mut answer = Writer::default();
    let mut positions = vec![];
    for (position, exposure) in snapshot.obligation.active().iter().zip(book.exposures()) {
        positions.push((position, exposure, snapshot.reserve(&position.reserve)?));
    }
    answer.list(positions.into_iter().enumerate(), |answer, (index, (position, exposure, reserve))| {
        let ledger = reserve.accrued_ledger(time);
        answer.raw(position.reserve.as_ref());
        answer.byte(position.side);
        answer.u64(position.shares);
        answer.u64(match position.side() {
            Some(Side::Debt) => ledger.debt_amount_up(DebtShares(position.shares)).0,
            _ => ledger.deposit_amount_down(DepositShares(position.shares)).0,
        });
        answer.i128(exposure.value.0);
        answer.u16(exposure.beta.0);
        answer.u16(exposure.idio.0);
        answer.byte(exposure.group);
        answer.u64(reserve.price_age(time));
        answer.flag((book.usable >> index) & 1 == 1);
    });
    write_explanation(&mut answer, &explanation, book.exposures().len());
    match value(&snapshot, Valuation::Opening)
        .and_then(|book| opening_score(&model, book.exposures()).map_err(Refused::from))
    {
        Ok(opening) => {
            answer.byte(0);
            write_score(&mut answer, &opening);
            let caps = snapshot.vault.caps.as_risk().check_opening(&opening);
            let has_room = opening.is_healthy() && caps.is_ok();
            answer.flag(!snapshot.obligation.has_debt() || has_room);
        }
        Err(refused) => {
            answer.byte(1);
            answer.text(&refused.name);
            answer.text(&refused.message);
        }
    }
    Ok(answer.bytes())
}

/// The pair that removes the most risk now.
pub fn best_tranche(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let snapshot = read(input)?;
    let maximum = Usd(input.i128()?);
    let book = value(&snapshot, Valuation::Maintenance)?;
    let reserves = reserves(&snapshot, &snapshot.obligation)?;
    let curves: Vec<TrancheCurve> = reserves.iter().map(|reserve| *reserve.curve.as_risk()).collect();
    let buckets: Vec<DepthBucket> = reserves.iter().map(|reserve| *reserve.bucket.as_risk()).collect();
    let Some(curve) = curves.first() else { return Ok(answer_best(None)) };
    let model = snapshot.vault.model_at(now(&snapshot.clock));
    let request = TrancheRequest {
        model: &model,
        rules: snapshot.vault.rules.as_risk(),
        curve,
        book: book.exposures(),
        usable: book.usable,
        debt: 0,
        deposit: 0,
        meter: *snapshot.obligation.meter.as_risk(),
        bucket: DepthBucket::default(),
        now: now(&snapshot.clock),
        maximum,
    };
    Ok(answer_best(best_pair(&request, &curves, &buckets)?))
}

/// For each position, where its price would have to fall or rise alone for the book to lose its health.
pub fn distances(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let snapshot = read(input)?;
    let mut found = vec![];
    for position in snapshot.obligation.active() {
        let reserve = position.reserve;
        let healthy =
            |to_ppm: u64| is_healthy_at(&snapshot, &Change { act: Act::Price, reserve, amount: to_ppm });
        found.push((
            edge(snapshot.obligation.has_debt(), 1, healthy)?,
            edge(snapshot.obligation.has_debt(), HIGHEST, healthy)?,
        ));
    }
    let mut answer = Writer::default();
    answer.list(found.into_iter(), |answer, (fall, rise)| {
        answer.option(fall, Writer::u64);
        answer.option(rise, Writer::u64);
    });
    Ok(answer.bytes())
}

/// Where health ends between the price as it is and `end`. Equity minus requirement is concave in each price, so health holds on one
/// interval around a healthy book, and bisection finds its end.
fn edge(
    has_debt: bool,
    end: u64,
    healthy: impl Fn(u64) -> Result<bool, Refused>,
) -> Result<Option<u64>, Refused> {
    let (mut fine, mut broken) = (PPM_ONE, end);
    if !has_debt || !healthy(fine)? || healthy(broken)? {
        return Ok(None);
    }
    while fine.abs_diff(broken) > 1 {
        let middle = fine.midpoint(broken);
        if healthy(middle)? {
            fine = middle;
        } else {
            broken = middle;
        }
    }
    Ok(Some(broken))
}

/// A price that the oracle could not express ends the interval.
fn is_healthy_at(snapshot: &Snapshot, change: &Change) -> Result<bool, Refused> {
    let mut moved = snapshot.clone();
    if apply(&mut moved, change).is_err() {
        return Ok(true);
    }
    let model = moved.vault.model_at(now(&moved.clock));
    Ok(score(&model, value(&moved, Valuation::Maintenance)?.exposures())?.is_healthy())
}

/// The obligation's book, valued as the program does.
fn value(snapshot: &Snapshot, valuation: Valuation) -> Result<Book, Refused> {
    let (mut book, model) = (Book::empty(), snapshot.vault.model_at(now(&snapshot.clock)));
    for (position, reserve) in
        snapshot.obligation.active().iter().zip(reserves(snapshot, &snapshot.obligation)?)
    {
        book.push(position, reserve, &model, valuation, &snapshot.clock)?;
    }
    Ok(book)
}

fn reserves<'a>(snapshot: &'a Snapshot, obligation: &Obligation) -> Result<Vec<&'a Reserve>, Refused> {
    obligation.active().iter().map(|position| snapshot.reserve(&position.reserve)).collect()
}
