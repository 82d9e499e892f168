//! Whole books from accounts, valued and scored by the client, which uses the program's own code.

use crate::{
    accounts::read_what_if,
    arithmetic::{answer_best, write_explanation, write_score},
    wire::{Reader, Writer},
    Refused,
};
use ballast::{book::Valuation, state::Side};
use ballast_client::view::{
    what_if::{may_open, whole_position},
    Distance,
};
use ballast_risk::{score::explain, Usd};

/// Positions, the score with its reasons, and whether new risk may be opened.
pub fn portfolio(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let what_if = read_what_if(input)?;
    let portfolio = what_if.portfolio()?;
    let (time, model) = (what_if.snapshot.now(), portfolio.model());
    let book = portfolio.book(Valuation::Maintenance)?;
    let explanation = explain(&model, book.exposures())?;
    let mut answer = Writer::default();
    let active = portfolio.obligation.active();
    let positions = active.iter().zip(book.exposures()).zip(&portfolio.reserves).enumerate();
    answer.list(positions, |answer, (index, ((position, exposure), reserve))| {
        let side = position.side().unwrap_or(Side::Deposit);
        answer.raw(position.reserve.as_ref());
        answer.byte(position.side);
        answer.u64(position.shares);
        answer.u64(whole_position(reserve, side, position.shares, time).0);
        answer.i128(exposure.value.0);
        answer.u16(exposure.beta.0);
        answer.u16(exposure.idio.0);
        answer.byte(exposure.group);
        answer.u64(reserve.price_age(time));
        answer.flag((book.usable >> index) & 1 == 1);
    });
    write_explanation(&mut answer, &explanation, book.exposures().len());
    match portfolio.opening() {
        Ok(opening) => {
            answer.byte(0);
            write_score(&mut answer, &opening);
            answer.flag(may_open(&portfolio)?);
        }
        Err(error) => {
            let refused = Refused::from(error);
            answer.byte(1);
            answer.text(&refused.name);
            answer.text(&refused.message);
        }
    }
    Ok(answer.bytes())
}

/// The pair that removes the most risk now.
pub fn best_tranche(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let what_if = read_what_if(input)?;
    let maximum = Usd(input.i128()?);
    Ok(answer_best(what_if.portfolio()?.best_tranche(maximum)?))
}

/// For each position, where its price would have to fall or rise alone for the book to lose its health.
pub fn distances(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let what_if = read_what_if(input)?;
    let active = what_if.obligation.active().iter();
    let found = active.map(|position| Distance::new(&what_if, position.reserve));
    let found = found.collect::<Result<Vec<_>, _>>()?;
    let mut answer = Writer::default();
    answer.list(found.into_iter(), |answer, distance| {
        answer.option(distance.falls_to_ppm, Writer::u64);
        answer.option(distance.rises_to_ppm, Writer::u64);
    });
    Ok(answer.bytes())
}
