//! The risk crate and the client's view of books for WebAssembly, so that a web page computes with the code that the chain runs.
//!
//! One entry, [`call`]: a function's number and its arguments as little-endian bytes, an answer as bytes. The TypeScript layer in
//! `app/ts/src/risk` gives both their types. Whole accounts pass as the bytes that RPC returns, and nothing of their layout is written
//! a second time.

mod accounts;
mod arithmetic;
mod market;
#[cfg(target_arch = "wasm32")]
mod memory;
mod portfolio;
mod prices;
mod refused;
pub mod wire;

pub use refused::Refused;

use wire::{Reader, Writer};

/// What can be called, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Function {
    /// Model, book → score.
    Score = 0,
    /// Model, book at conservative prices → score against `R_init`.
    OpeningScore = 1,
    /// Model, book → where the requirement comes from.
    Explain = 2,
    /// A pair of a book → its tranche.
    PlanTranche = 3,
    /// A book with its reserves' curves and buckets → the pair that removes the most risk.
    BestPair = 4,
    /// A book and a tranche → the score after it.
    ScoreAfter = 5,
    /// An oracle's observation → prices.
    Prices = 6,
    /// A price and an amount or a value → the other.
    Convert = 7,
    /// A ledger and a time → the ledger then, with what shares are worth.
    Ledger = 8,
    /// A reserve's account → what there is to know about its market now.
    Market = 9,
    /// A vault's, an obligation's and its reserves' accounts, with suppositions → the whole book.
    Portfolio = 10,
    /// The same → the best tranche now.
    BestTranche = 11,
    /// The same → how far each price may move.
    Distances = 12,
}

impl Function {
    const ALL: [Self; 13] = [
        Self::Score,
        Self::OpeningScore,
        Self::Explain,
        Self::PlanTranche,
        Self::BestPair,
        Self::ScoreAfter,
        Self::Prices,
        Self::Convert,
        Self::Ledger,
        Self::Market,
        Self::Portfolio,
        Self::BestTranche,
        Self::Distances,
    ];

    /// The function of this number.
    pub fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|function| *function as u32 == number)
    }
}

/// Calls a function. The answer begins with 0 and the result, or with 1, the name of the refusal and its text.
pub fn call(number: u32, input: &[u8]) -> Vec<u8> {
    let mut answer = Writer::default();
    match try_call(number, input) {
        Ok(result) => {
            answer.byte(0);
            answer.raw(&result);
        }
        Err(refused) => {
            answer.byte(1);
            answer.text(&refused.name);
            answer.text(&refused.message);
        }
    }
    answer.bytes()
}

fn try_call(number: u32, input: &[u8]) -> Result<Vec<u8>, Refused> {
    let function = Function::of(number)
        .ok_or_else(|| Refused::input("no such function: rebuild the WebAssembly module"))?;
    let mut input = Reader::new(input);
    let answer = match function {
        Function::Score => arithmetic::score(&mut input),
        Function::OpeningScore => arithmetic::opening_score(&mut input),
        Function::Explain => arithmetic::explain(&mut input),
        Function::PlanTranche => arithmetic::plan_tranche(&mut input),
        Function::BestPair => arithmetic::best_pair(&mut input),
        Function::ScoreAfter => arithmetic::score_after(&mut input),
        Function::Prices => prices::prices(&mut input),
        Function::Convert => prices::convert(&mut input),
        Function::Ledger => market::ledger(&mut input),
        Function::Market => market::market(&mut input),
        Function::Portfolio => portfolio::portfolio(&mut input),
        Function::BestTranche => portfolio::best_tranche(&mut input),
        Function::Distances => portfolio::distances(&mut input),
    }?;
    input.end()?;
    Ok(answer)
}
