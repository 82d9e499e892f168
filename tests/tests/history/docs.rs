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

/// All sources of a folder, one after the other and without indentation.
fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(path).unwrap();
            all.extend(source.lines().flat_map(|line| [line.trim_start(), "\n"]));
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

/// The cells of each row of the table in a section, without its head.
fn rows<'a>(doc: &'a str, section: &str) -> Vec<Vec<&'a str>> {
    let section = doc.split(section).nth(1).expect("the section").split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn the_table_of_the_docs_names_tests_that_exist_and_every_event() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let doc = fs::read_to_string(root.join("../docs/security.md")).unwrap();
    let (all, tales) = (sources(&root.join("tests")), sources(&root.join("tests/history")));
    let mut events = vec![];
    for row in rows(&doc, "## What others lost") {
        let [event, cause, stops, tests] = row[..] else { panic!("four cells: {row:?}") };
        assert!(!cause.is_empty() && !stops.is_empty(), "{row:?}");
        let tests = names(tests);
        assert!(tests.iter().any(|test| has(&tales, test)), "{event} has no tale of its own");
        for test in tests {
            assert!(has(&all, test), "{event}: there is no test {test}");
        }
        events.push(event);
    }
    assert_eq!(events, EVENTS);
}

/// Keys whose worst case lies outside the program.
const OUTSIDE: [&str; 2] = ["upgrade authority", "front end, client, their dependencies"];

#[test]
fn every_key_of_the_docs_has_a_test_of_its_worst_case_or_says_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let doc = fs::read_to_string(root.join("../docs/security.md")).unwrap();
    let folders = ["tests", "../migrations", "../app"];
    let all: String = folders.iter().map(|folder| sources(&root.join(folder))).collect();
    let keys = rows(&doc, "## Keys and roles");
    assert!(keys.len() >= 20, "{} keys", keys.len());
    for row in keys {
        let [key, at_once, _, worst, .., tests] = row[..] else { panic!("seven cells: {row:?}") };
        assert!(row.len() == 7 && !at_once.is_empty() && !worst.is_empty(), "{row:?}");
        let said = names(tests);
        assert_eq!(said.is_empty(), tests.starts_with("none: "), "{key}: {tests}");
        assert_eq!(said.is_empty(), OUTSIDE.contains(&key), "{key}: {tests}");
        for test in said {
            assert!(has(&all, test), "{key}: there is no test {test}");
        }
    }
}
