//! The table of `docs/security.md` names tests that exist, and no event is missing.

use std::{fs, path::Path};

/// Every event that the field has to show, as the table names it.
const EVENTS: [&str; 16] = [
    "Mango, October 2022",
    "Solend USDH, November 2022",
    "SPL lending rounding, 2021",
    "Radiant, zkLend, Hundred, Onyx",
    "Euler v1, March 2023",
    "Balancer, November 2025",
    "marginfi, September 2025",
    "Loopscale, April 2025",
    "USDe, 10 October 2025",
    "Stream xUSD, November 2025",
    "YieldBlox, February 2026",
    "LlamaLend sDOLA, March 2026",
    "Aave CAPO, March 2026",
    "Venus THE, March 2026",
    "Drift, April 2026",
    "Kelp rsETH on Aave, April 2026",
];

/// All sources of a folder, one after the other.
fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all += &fs::read_to_string(path).unwrap();
        }
    }
    all
}

/// What stands between backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Whether these sources have a test of this name that runs: none that is ignored.
fn has(sources: &str, test: &str) -> bool {
    ["#[tokio::test]\nasync fn ", "#[test]\nfn "]
        .iter()
        .any(|head| sources.contains(&format!("{head}{test}(")))
}

#[test]
fn the_table_of_the_docs_names_tests_that_exist_and_every_event() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let doc = fs::read_to_string(root.join("../docs/security.md")).unwrap();
    let (all, tales) = (sources(&root.join("tests")), sources(&root.join("tests/history")));
    let table = doc.split("## What others lost").nth(1).expect("the section").split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut events = vec![];
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [event, cause, stops, tests] = cells[..] else { panic!("four cells: {row}") };
        assert!(!cause.is_empty() && !stops.is_empty(), "{row}");
        let tests = names(tests);
        assert!(!tests.is_empty(), "no test for {event}");
        assert!(tests.iter().any(|test| has(&tales, test)), "{event} has no tale of its own");
        for test in tests {
            assert!(has(&all, test), "{event}: there is no test {test}");
        }
        events.push(event);
    }
    assert_eq!(events, EVENTS);
}
