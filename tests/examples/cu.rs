//! Measures the compute units of every instruction on the compiled program, at 1, 4, 8 and 16 positions. Writes
//! `target/cu.json` and `docs/compute-units.md`. Run by `cargo xtask cu`.

#[path = "cu/governance.rs"]
mod governance;
#[path = "cu/insurance.rs"]
mod insurance;
#[path = "cu/migration.rs"]
mod migration;
#[path = "cu/safety.rs"]
mod safety;
#[path = "cu/score.rs"]
mod score;
#[path = "cu/stage.rs"]
mod stage;

use serde_json::{json, Map, Value};
use stage::Measuring;
use std::{collections::BTreeMap, fmt::Write as _, fs};

/// Positions of the measured obligations.
const SIZES: [usize; 4] = [1, 4, 8, 16];

/// Instruction → positions → compute units.
type Table = BTreeMap<&'static str, BTreeMap<usize, u64>>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut table = Table::new();
    let mut facts = Map::new();
    for size in SIZES {
        println!("measuring {size} positions");
        let measured = Measuring::with_positions(size).await.measure().await;
        for (name, units) in measured.units {
            table.entry(name).or_default().insert(size, units);
        }
        if size == 16 {
            facts.insert("soft_liquidate_accounts".into(), measured.tranche_accounts.into());
            facts.insert("soft_liquidate_bytes".into(), measured.tranche_bytes.into());
            facts.insert(
                "soft_liquidate_bytes_with_lookup_table".into(),
                measured.tranche_bytes_with_table.into(),
            );
        }
    }
    for (name, column, units) in insurance::measure().await {
        table.entry(name).or_default().insert(column, units);
    }
    let once = [safety::measure().await, governance::measure().await, migration::measure().await];
    for (name, units) in once.concat() {
        table.entry(name).or_default().insert(1, units);
    }
    for (positions, cost) in score::measure(&SIZES).await {
        table.entry("values of positions").or_default().insert(positions, cost.values);
        table.entry("net-risk score, 16 rows x 8 groups").or_default().insert(positions, cost.score);
        table.entry("marginal reliefs").or_default().insert(positions, cost.reliefs);
    }
    let json: Map<String, Value> = table
        .iter()
        .map(|(name, row)| {
            let row: Map<String, Value> =
                row.iter().map(|(size, units)| (size.to_string(), (*units).into())).collect();
            ((*name).to_string(), Value::Object(row))
        })
        .chain([("facts".to_string(), Value::Object(facts.clone()))])
        .collect();
    fs::create_dir_all("target").expect("the target folder can be made");
    fs::write(
        "target/cu.json",
        serde_json::to_string_pretty(&json!(json)).expect("numbers serialise") + "\n",
    )
    .expect("target/cu.json can be written");
    let page = page(&table, &facts);
    fs::write("docs/compute-units.md", &page).expect("docs/compute-units.md can be written");
    println!("{page}\nwritten: target/cu.json, docs/compute-units.md");
}

fn page(table: &Table, facts: &Map<String, Value>) -> String {
    let mut page = String::from(
        "# Compute units\n\nMade by `cargo xtask cu` on the compiled SBPF v3 program; do not edit by hand. Columns are positions of the \
         obligation (for `refresh_reserves` and `attest_solvency`, reserves; for `call_roll`, vote accounts). An obligation needs two positions for a debt, so the first column of borrow, withdraw against debt and \
         tranche rows is measured with two.\n\n| instruction | 1 | 4 | 8 | 16 |\n|---|---:|---:|---:|---:|\n",
    );
    for (name, row) in table {
        let cells: Vec<String> =
            SIZES.iter().map(|size| row.get(size).map_or("".into(), |units| thousands(*units))).collect();
        writeln!(page, "| {name} | {} |", cells.join(" | ")).expect("strings grow");
    }
    let per_position = table["net-risk score, 16 rows x 8 groups"][&16] / 16;
    let fact = |name: &str| facts[name].to_string();
    write!(
        page,
        "\nThe score alone costs {per_position} units a position at 16 positions; with the values of the positions {} in \
         all.\n\nA tranche at 16 positions names {} accounts and takes {} bytes as a legacy transaction, {} bytes with a lookup \
         table (limits: 64 and 1,232), compute-budget instructions included.\n",
        thousands(table["net-risk score, 16 rows x 8 groups"][&16] + table["values of positions"][&16]),
        fact("soft_liquidate_accounts"),
        fact("soft_liquidate_bytes"),
        fact("soft_liquidate_bytes_with_lookup_table"),
    )
    .expect("strings grow");
    page
}

fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
