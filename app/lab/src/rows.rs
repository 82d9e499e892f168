//! One row a window, stress, seed and design: what Parquet files hold, so that shards can be merged and analysed elsewhere.

use crate::metrics::Outcome;
use anyhow::{Context as _, Result};
use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use std::{fs::File, path::Path, sync::Arc};

/// One run. Shares of opening debt in basis points.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Window with its stress.
    pub window: String,
    /// The design.
    pub design: String,
    /// The population's seed.
    pub seed: u64,
    /// How many liquidations.
    pub events: u64,
    /// Figures, in the order of [`FIGURES`].
    pub figures: [f64; FIGURES.len()],
}

/// Names of the figures.
pub const FIGURES: [&str; 12] = [
    "opening_debt_usd",
    "liquidated_bp",
    "bonus_bp",
    "insured_bp",
    "median_tranche_usd",
    "p95_tranche_usd",
    "borrowers_touched",
    "median_loss_pct",
    "worst_bad_debt_bp",
    "bad_debt_bp",
    "worst_lender_loss_bp",
    "worst_impact_pct",
];

impl Row {
    /// The row of a run.
    pub fn new(window: &str, seed: u64, outcome: &Outcome) -> Self {
        let bp = |dollars: f64| 1e4 * dollars / outcome.opening_debt.max(f64::MIN_POSITIVE);
        let median = outcome.loss_shares.get(outcome.loss_shares.len() / 2).copied().unwrap_or(0.0);
        Self {
            window: window.to_string(),
            design: outcome.design.clone(),
            seed,
            events: outcome.sizes.count(),
            figures: [
                outcome.opening_debt,
                bp(outcome.liquidated),
                bp(outcome.bonus),
                bp(outcome.insured),
                outcome.sizes.quantile(0.5),
                outcome.sizes.quantile(0.95),
                outcome.loss_shares.len() as f64,
                100.0 * f64::from(median),
                bp(outcome.worst_bad_debt),
                bp(outcome.bad_debt),
                bp(outcome.worst_lender_loss),
                100.0 * outcome.worst_impact,
            ],
        }
    }
}

/// Writes rows as one Parquet file.
pub fn write(path: &Path, rows: &[Row]) -> Result<()> {
    let columns: String = FIGURES.iter().map(|name| format!("required double {name};\n")).collect();
    let schema = format!(
        "message runs {{ required binary window (UTF8); required binary design (UTF8); required int64 seed; \
         required int64 events; {columns} }}"
    );
    let schema = Arc::new(parse_message_type(&schema)?);
    let properties = WriterProperties::builder().set_compression(Compression::UNCOMPRESSED).build();
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let texts = |of: fn(&Row) -> &String| -> Vec<ByteArray> {
        rows.iter().map(|row| ByteArray::from(of(row).as_str())).collect()
    };
    let numbers = |of: fn(&Row) -> u64| -> Vec<i64> { rows.iter().map(|row| of(row) as i64).collect() };
    for values in [texts(|row| &row.window), texts(|row| &row.design)] {
        let mut column = group.next_column()?.context("a column of text")?;
        column.typed::<ByteArrayType>().write_batch(&values, None, None)?;
        column.close()?;
    }
    for values in [numbers(|row| row.seed), numbers(|row| row.events)] {
        let mut column = group.next_column()?.context("a column of numbers")?;
        column.typed::<Int64Type>().write_batch(&values, None, None)?;
        column.close()?;
    }
    for figure in 0..FIGURES.len() {
        let values: Vec<f64> = rows.iter().map(|row| row.figures[figure]).collect();
        let mut column = group.next_column()?.context("a column of figures")?;
        column.typed::<DoubleType>().write_batch(&values, None, None)?;
        column.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::{
        file::reader::{FileReader as _, SerializedFileReader},
        record::RowAccessor as _,
    };

    #[test]
    fn rows_are_read_back_as_they_were_written() {
        let path = std::env::temp_dir().join(format!("ballast-lab-rows-{}.parquet", std::process::id()));
        let outcome =
            Outcome { design: "calm".into(), opening_debt: 1e6, liquidated: 250.0, ..Outcome::default() };
        let rows = [Row::new("2025-10", 1, &outcome), Row::new("2025-10", 2, &outcome)];
        write(&path, &rows).unwrap();
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        let read: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[1].get_string(1).unwrap(), "calm");
        assert_eq!(read[1].get_long(2).unwrap(), 2);
        // 250 of a million are 2.5 bp; the first figure is the debt
        assert_eq!(read[0].get_double(5).unwrap(), 2.5);
        std::fs::remove_file(&path).unwrap();
    }
}
