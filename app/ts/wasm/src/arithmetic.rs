//! Scores and tranches over plain numbers.

use crate::{
    wire::{Reader, Writer},
    Refused,
};
use ballast_risk::{
    model::{RiskModel, MAX_POSITIONS},
    pace::{DepthBucket, PaceMeter},
    score::{self, Explanation, Exposure, Score},
    tranche::{self, TrancheCurve, TranchePlan, TrancheRequest, TrancheRules},
    Bps, Ppm, Usd,
};

pub fn score(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let (model, book) = model_and_book(input)?;
    answer_score(&score::score(&model, &book)?)
}

pub fn opening_score(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let (model, book) = model_and_book(input)?;
    answer_score(&score::opening_score(&model, &book)?)
}

pub fn explain(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let (model, book) = model_and_book(input)?;
    let mut answer = Writer::default();
    write_explanation(&mut answer, &score::explain(&model, &book)?, book.len());
    Ok(answer.bytes())
}

pub fn score_after(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let (model, book) = model_and_book(input)?;
    let (debt, deposit) = (position(input)?, position(input)?);
    let (repay, bonus) = (Usd(input.i128()?), Ppm(input.u32()?));
    answer_score(&tranche::score_after(&model, &book, debt, deposit, repay, bonus)?)
}

pub fn plan_tranche(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let common = Common::read(input)?;
    let (debt, deposit) = (position(input)?, position(input)?);
    let curve: TrancheCurve = input.plain()?;
    let bucket: DepthBucket = input.plain()?;
    let request = TrancheRequest { debt, deposit, bucket, ..common.request(&curve) };
    let mut answer = Writer::default();
    write_plan(&mut answer, &tranche::plan_tranche(&request)?);
    Ok(answer.bytes())
}

pub fn best_pair(input: &mut Reader) -> Result<Vec<u8>, Refused> {
    let common = Common::read(input)?;
    let curves: Vec<TrancheCurve> = input.list(Reader::plain)?;
    let buckets: Vec<DepthBucket> = input.list(Reader::plain)?;
    let best = match curves.first() {
        Some(curve) => tranche::best_pair(&common.request(curve), &curves, &buckets)?,
        None => None,
    };
    Ok(answer_best(best))
}

/// The answer of whatever looks for the best pair.
pub fn answer_best(best: Option<(usize, usize, TranchePlan)>) -> Vec<u8> {
    let mut answer = Writer::default();
    answer.option(best, |answer, (debt, deposit, plan)| {
        answer.byte(debt as u8);
        answer.byte(deposit as u8);
        write_plan(answer, &plan);
    });
    answer.bytes()
}

/// What every plan depends on, whatever the pair.
struct Common {
    model: RiskModel,
    book: Vec<Exposure>,
    rules: TrancheRules,
    usable: u32,
    meter: PaceMeter,
    now: u64,
    maximum: Usd,
}

impl Common {
    fn read(input: &mut Reader) -> Result<Self, Refused> {
        let (model, book) = model_and_book(input)?;
        Ok(Self {
            model,
            book,
            rules: input.plain()?,
            usable: input.u32()?,
            meter: input.plain()?,
            now: input.u64()?,
            maximum: Usd(input.i128()?),
        })
    }

    fn request<'a>(&'a self, curve: &'a TrancheCurve) -> TrancheRequest<'a> {
        TrancheRequest {
            model: &self.model,
            rules: &self.rules,
            curve,
            book: &self.book,
            usable: self.usable,
            debt: 0,
            deposit: 0,
            meter: self.meter,
            bucket: DepthBucket::default(),
            now: self.now,
            maximum: self.maximum,
        }
    }
}

fn model_and_book(input: &mut Reader) -> Result<(RiskModel, Vec<Exposure>), Refused> {
    let model: RiskModel = input.plain()?;
    model.validate()?;
    let book = input.list(|input| {
        let value = Usd(input.i128()?);
        let (beta, idio, group) = (Bps(input.u16()?), Bps(input.u16()?), input.byte()?);
        if group >= model.group_count {
            return Err(Refused::input("an exposure's group must be one of the model's groups"));
        }
        Ok(Exposure { value, beta, idio, group })
    })?;
    if book.len() > MAX_POSITIONS {
        return Err(Refused::input("a book has at most 16 positions"));
    }
    Ok((model, book))
}

fn position(input: &mut Reader) -> Result<usize, Refused> {
    Ok(usize::from(input.byte()?))
}

fn answer_score(score: &Score) -> Result<Vec<u8>, Refused> {
    let mut answer = Writer::default();
    write_score(&mut answer, score);
    Ok(answer.bytes())
}

/// A score with what follows from it.
pub fn write_score(answer: &mut Writer, score: &Score) {
    answer.i128(score.collateral.0);
    answer.i128(score.debt.0);
    answer.i128(score.requirement.0);
    answer.i128(score.equity().0);
    answer.i128(score.excess().0);
    answer.u64(score.net_risk_down().0);
    answer.byte(score.worst_row);
    answer.byte(score.binding as u8);
    answer.flag(score.is_healthy());
}

/// An explanation; charges of so many positions.
pub fn write_explanation(answer: &mut Writer, explanation: &Explanation, positions: usize) {
    write_score(answer, &explanation.score);
    for value in explanation.group_loss.iter().chain(&explanation.basis_charge) {
        answer.i128(value.0);
    }
    answer.list(explanation.idio_charge.iter().take(positions), |answer, value| answer.i128(value.0));
    answer.i128(explanation.gross_floor.0);
    answer.i128(explanation.debt_floor.0);
}

fn write_plan(answer: &mut Writer, plan: &TranchePlan) {
    answer.i128(plan.repay.0);
    answer.u32(plan.bonus.0);
    answer.u16(plan.insurance_slice.0);
    answer.byte(plan.limit as u8);
    for flag in [plan.close_debt, plan.take_deposit, plan.insolvent, plan.backstop] {
        answer.flag(flag);
    }
    answer.i128(plan.allowance.0);
    answer.u64(plan.net_risk.0);
    answer.i64(plan.gain);
    write_score(answer, &plan.before);
}
