//! The model's terms in words.

use ballast_risk::{
    breaker::State,
    model::RiskModel,
    presets::{balanced, GROUP_NAMES, ROW_NAMES},
    score::{Binding, Score},
};

/// Whether a model has the presets' groups and rows: same directions everywhere, whatever the sizes.
fn is_shaped_like_presets(model: &RiskModel) -> bool {
    let Ok(preset) = balanced() else { return false };
    let same_direction = |(a, b): (&i16, &i16)| a.signum() == b.signum();
    model.group_count == preset.model.group_count
        && model.row_count == preset.model.row_count
        && model.rows.iter().flatten().zip(preset.model.rows.iter().flatten()).all(same_direction)
}

/// Name of a group: the presets' where the model has their shape, its number otherwise.
pub fn group(model: &RiskModel, group: usize) -> String {
    match GROUP_NAMES.get(group) {
        Some(name) if is_shaped_like_presets(model) => (*name).to_owned(),
        _ => format!("group {group}"),
    }
}

/// What a scenario row says: its name where the model has the presets' shape, and its moves.
pub fn row(model: &RiskModel, row: u8) -> String {
    let index = usize::from(row);
    let shocks = model.rows.get(index).copied().unwrap_or_default();
    let moves: Vec<String> = shocks
        .iter()
        .enumerate()
        .filter(|(_, shock)| **shock != 0)
        .map(|(index, shock)| format!("{} {}", group(model, index), percent(i64::from(*shock))))
        .collect();
    let moves = if moves.is_empty() { "no move".to_owned() } else { moves.join(", ") };
    match ROW_NAMES.get(index) {
        Some(name) if is_shaped_like_presets(model) => format!("{name} ({moves})"),
        _ => moves,
    }
}

/// Where a requirement comes from.
pub fn requirement(model: &RiskModel, score: &Score) -> String {
    match score.binding {
        Binding::Scenario => format!("worst case: {}", row(model, score.worst_row)),
        Binding::GrossFloor => {
            format!("floor: {} of the gross margin", percent(i64::from(model.gross_floor.0)))
        }
        Binding::DebtFloor => format!("floor: {} of the debt", percent(i64::from(model.debt_floor.0))),
    }
}

/// A breaker's state.
pub fn breaker(state: State) -> &'static str {
    match state {
        State::Normal => "normal",
        State::Guarded => "guarded: no new borrowing; withdrawals by a daily share",
        State::Halted => "halted: no deposits, borrowing, or withdrawals with debt",
        State::WindDown => "winding down: exits pro rata",
    }
}

/// Basis points as a percentage, signed where negative: "−12 %".
pub fn percent(bps: i64) -> String {
    let sign = if bps < 0 { "−" } else { "" };
    let (whole, rest) = (bps.unsigned_abs() / 100, bps.unsigned_abs() % 100);
    match rest {
        0 => format!("{sign}{whole} %"),
        rest if rest % 10 == 0 => format!("{sign}{whole}.{} %", rest / 10),
        rest => format!("{sign}{whole}.{rest:02} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_presets_have_names_and_moves() {
        let model = balanced().unwrap().model;
        let text = row(&model, 1);
        assert!(text.starts_with("all crypto down (BTC −") && text.contains("SOL −"), "{text}");
        assert_eq!(row(&model, 0), "nothing moves (no move)");
    }

    #[test]
    fn other_models_are_described_by_their_moves() {
        let model = RiskModel { group_count: 1, row_count: 2, ..balanced().unwrap().model };
        assert!(row(&model, 1).starts_with("group 0 −"));
    }

    #[test]
    fn percentages_show_what_they_have() {
        assert_eq!(
            (percent(-1_200), percent(150), percent(5)),
            ("−12 %".into(), "1.5 %".into(), "0.05 %".into())
        );
    }
}
