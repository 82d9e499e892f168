//! The smallest tranche that pays, by the function that the keeper plans with, against the table in docs/keeper.md.

use ballast_client::interface::measured_units;
use ballast_keeper::act::cost::{smallest_paying_up, Costs};
use ballast_risk::{presets, Usd};
use std::fmt::Write as _;

/// Tests run in the package's directory.
const PAGE: &str = "../../docs/keeper.md";
const BEGIN: &str = "<!-- written by app/keeper/tests/smallest.rs -->\n";
const END: &str = "<!-- until here -->\n";

/// What turning back costs, ppm of what is repaid.
const SWAPS: [u64; 3] = [0, 400, 1_000];

/// A SOL at $200; nobody is tipped and prices lie on chain.
const PLAIN: Costs = Costs { priority: 0, tip: 0, tip_to: None, posting: 0, sol: 200_000_000 };

/// What the keeper keeps of a book barely below its requirement, ppm: the default preset's lowest bonus less insurance's slice.
fn kept() -> u64 {
    let preset = presets::named("balanced").expect("it is shipped").build().expect("it is valid");
    let sol = preset.asset(presets::AssetKind::Sol).expect("it is valid");
    u64::from(sol.curve.bonus_min.0) * u64::from(10_000 - preset.rules.insurance_slice.0) / 100
}

fn table() -> String {
    // A tranche of four positions that takes two prices along.
    let units =
        ["soft_liquidate", "refresh_reserves"].map(|name| measured_units(name, 4).expect("it was measured"));
    let units: u32 = units.iter().sum();
    let mut table = String::from("| paid beside the signature | fees | no swap | swap at 0.04 % | swap at 0.1 % |\n|---|---:|---:|---:|---:|\n");
    for (what, costs) in [
        ("nothing", PLAIN),
        ("10,000 micro-lamports a unit", Costs { priority: 10_000, ..PLAIN }),
        ("the same, and a tip of 10,000 lamports", Costs { priority: 10_000, tip: 10_000, ..PLAIN }),
        (
            "the same, and two prices posted at 20,000 lamports",
            Costs { priority: 10_000, tip: 10_000, posting: 20_000, ..PLAIN },
        ),
    ] {
        let fees = costs.transaction_up(units, 2);
        let repaid = SWAPS.map(|swap| {
            let repay =
                smallest_paying_up(kept(), swap, fees, Usd::ZERO).repay.expect("the bonus is above the swap");
            format!("${:.2}", repay.0 as f64 / 1e6)
        });
        writeln!(table, "| {what} | ${:.4} | {} |", fees.0 as f64 / 1e6, repaid.join(" | "))
            .expect("a string takes it");
    }
    table
}

/// `WRITE_DOCS=1` writes it anew.
#[test]
fn the_docs_say_how_small_a_tranche_pays() {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let (head, rest) = page.split_once(BEGIN).expect("the table begins");
    let (written, tail) = rest.split_once(END).expect("the table ends");
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(PAGE, format!("{head}{BEGIN}{}{END}{tail}", table()))
            .expect("the page can be written");
        return;
    }
    assert_eq!(written, table(), "run `WRITE_DOCS=1 cargo test -p ballast-keeper --test smallest`");
}
