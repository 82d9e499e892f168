//! The example is valid, and every way to get a file wrong is refused with the file, the place and what is allowed.

use super::{value::Dollars, Config};
use std::path::Path;

const EXAMPLE: &str = include_str!("../../example.toml");

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("vaults.toml")).map_err(|error| format!("{error:#}"))
}

/// The example with one text replaced by another; the first occurrence, which has to be there.
fn with(from: &str, to: &str) -> Result<Config, String> {
    assert!(EXAMPLE.contains(from), "the example has no `{from}`");
    parse(&EXAMPLE.replacen(from, to, 1))
}

#[test]
fn the_example_is_valid_and_exact() {
    let config = parse(EXAMPLE).unwrap();
    let main = &config.vaults[0];
    let wanted = main.wanted().unwrap();
    assert_eq!((wanted.timelock, wanted.caps.leverage, wanted.caps.ltv), (2 * 86_400, 80_000, 9_000));
    assert_eq!(
        wanted.caps.groups,
        [40, 30, 30, 60, 0, 0, 0, 0].map(|million| million * 1_000_000_000_000u64)
    );
    assert_eq!((wanted.thresholds.loss_guards, wanted.thresholds.loss_halts), (10, 200));
    let preset = main.preset().unwrap();
    let btc = main.reserves[0].wanted(&preset, 8).unwrap();
    // 400 BTC, and twelve and a half, of eight decimals
    assert_eq!((btc.caps.deposits, btc.flows.outflow_floor), (400 * 100_000_000, 1_250_000_000));
    assert_eq!((btc.caps.debt_over_depth, btc.caps.utilisation), (1_000, 8_000));
    let usdc = main.reserves[4].wanted(&preset, 6).unwrap();
    assert_eq!((usdc.rates.count, usdc.rates.points[1].rate_bps), (3, 750));
    assert_eq!((usdc.thresholds.rate_guards, usdc.thresholds.rate_halts), (150, 500));
    let alt = &config.vaults[1];
    let bonk = alt.reserves[0].wanted(&alt.preset().unwrap(), 5).unwrap();
    assert_eq!(bonk.curve.depth, 4_000_000 * 1_000_000);
    assert_eq!(alt.reserves[0].caps.exposure, Dollars(2_000_000 * 1_000_000));
}

#[test]
fn an_amount_that_the_decimals_cannot_hold_is_refused_and_not_rounded() {
    let config = with("outflow_floor = \"12.5\"", "outflow_floor = \"12.123456789\"").unwrap();
    let (vault, preset) = (&config.vaults[0], config.vaults[0].preset().unwrap());
    assert!(vault.reserves[0].wanted(&preset, 9).is_ok());
    let refused = vault.reserves[0].wanted(&preset, 8).err().unwrap();
    assert!(
        refused.starts_with("flows.outflow_floor: ") && refused.contains("would be rounded"),
        "{refused}"
    );
}

#[test]
fn a_composed_price_takes_a_rate() {
    let rate = |anchor: &str, growth: &str| {
        let line = format!(
            "rate = {{ feed = \"0x{}\", anchor = \"{anchor}\", growth = \"{growth}\" }}",
            "07".repeat(32)
        );
        with("# rate = { feed = \"0x…\", anchor = \"1.2213\", growth = \"0.1 %\" }", &line)
    };
    let config = rate("1.2213", "0.1 %").unwrap();
    let lst = config.vaults[0].reserves[3].wanted(&config.vaults[0].preset().unwrap(), 9).unwrap();
    let wanted = lst.rate.unwrap();
    assert_eq!((wanted.feed_id, wanted.anchor, wanted.growth), ([7; 32], 1_221_300_000, 10));
    assert!(rate("0.0001", "0.1 %").unwrap_err().contains("rate.anchor: it is a thousandth"));
    assert!(rate("1.2", "1.1 %").unwrap_err().contains("rate.growth: it is 1 % a day at most"));
}

/// What is wrong, how it is written, and what the refusal has to say besides the file.
const REFUSED: [(&str, &str, &[&str]); 32] = [
    ("cluster = \"local\"", "cluster = \"moon\"", &["line ", "`mainnet-beta`", "`local`"]),
    ("cluster = \"local\"", "network = \"local\"", &["unknown field `network`", "`cluster`"]),
    ("[program]", "[program]\nhash = \"x\"", &["unknown field `hash`", "`upgrade_authority`"]),
    (
        "upgrade_authority = { key",
        "upgrade_authority = { keys",
        &["unknown variant `keys`", "`nobody`", "`squads`"],
    ),
    (
        "id = \"Ba11ast",
        "id = \"So11111111111111111111111111111111111111112\" # ",
        &["program.id", "built for"],
    ),
    ("id = \"Ba11ast", "id = \"Ba11", &["is not an address", "base 58"]),
    ("id = 1 ", "id = -1 ", &["line", "u64"]),
    ("id = 2", "id = 1", &["vault \"alt\"", "another vault has its id"]),
    ("preset = \"balanced\"", "preset = \"bold\"", &["unknown variant `bold`", "`balanced`, `calm`, `safe`"]),
    ("timelock = \"2 days\"", "timelock = \"47 h\"", &["vault \"main\"", "2 to 30 days"]),
    ("timelock = \"2 days\"", "timelock = 172800", &["`172800` is not a time", "\"2 days\""]),
    ("leverage = \"8\"", "leverage = 8.5", &["a fraction is written in quotes", "\"8.5\""]),
    ("leverage = \"8\"", "leverage = \"50\"", &["vault \"main\": caps", "2 to 40 times"]),
    ("ltv = \"90 %\"", "ltv = \"96 %\"", &["vault \"main\": caps"]),
    ("ltv = \"90 %\"", "ltv = \"0.9\"", &["is not a percentage", "\"12.5 %\""]),
    ("BTC = 40_000_000", "DOGE = 40_000_000", &["caps.groups.DOGE", "BTC, ETH, SOL, USD, ALT"]),
    ("BTC = 40_000_000", "BTC = 39_999_999", &["caps.groups.BTC", "add up to $40000000", "lower theirs"]),
    ("loss_halts = \"2 %\"", "loss_halts = \"0.1 %\"", &["vault \"main\": thresholds"]),
    ("name = \"ETH\"", "name = \"BTC\"", &["reserve \"BTC\"", "given once"]),
    (
        "mint = \"7vfC",
        "mint = \"3NZ9JMVBmGAqocybic2c7LQCJScmgsAZ6vQqTDzcqmJh\" # ",
        &["reserve \"ETH\"", "given once"],
    ),
    ("kind = \"btc\"", "kind = \"gold\"", &["unknown variant `gold`", "`usd`"]),
    ("feed = \"0xe62d", "feed = \"0xe62", &["is not a Pyth feed", "64 hexadecimal digits"]),
    ("deposits = 400,", "", &["missing field `deposits`"]),
    ("deposits = 400", "deposit = 400", &["unknown field `deposit`", "`deposits`"]),
    ("deposits = 400", "deposits = \"4,000\"", &["is not a number", "`_` between thousands"]),
    ("utilisation = \"80 %\"", "utilisation = \"96 %\"", &["reserve \"BTC\": caps", "at most 95 %"]),
    ("exposure = 40_000_000", "exposure = \"unlimited\"", &["reserve \"BTC\": caps.exposure"]),
    ("inflow_floor = 20,", "inflow_floor = 0,", &["reserve \"BTC\": flows", "however small"]),
    (
        "daily_share = \"25 %\"",
        "daily_share = \"10 %\"",
        &["reserve \"jitoSOL\": flows", "a seventh at least"],
    ),
    ("rate_guards = \"1.5 %\"", "rate_guards = \"9 %\"", &["reserve \"USDC\": thresholds"]),
    ("[\"100 %\", \"60 %\"]", "[\"95 %\", \"60 %\"]", &["reserve \"USDC\": rates"]),
    (
        "kind = \"alt\"",
        "kind = \"alt\"\ntoken_program = \"token-23\"",
        &["unknown variant `token-23`", "`token-2022`"],
    ),
];

#[test]
fn every_mistake_is_refused_with_the_file_the_place_and_what_is_allowed() {
    for (from, to, words) in REFUSED {
        let refusal = with(from, to).map(|_| format!("`{to}` was taken")).unwrap_err();
        for word in ["vaults.toml"].iter().chain(words) {
            assert!(refusal.contains(word), "`{to}`: the refusal does not say `{word}`:\n{refusal}");
        }
    }
}

#[test]
fn a_file_without_vaults_or_reserves_is_refused() {
    let head = &EXAMPLE[..EXAMPLE.find("[[vault]]").unwrap()];
    assert!(parse(head).unwrap_err().contains("missing field `vault`"));
    let bare = &EXAMPLE[..EXAMPLE.find("[[vault.reserve]]").unwrap()];
    assert!(parse(bare).unwrap_err().contains("missing field `reserve`"));
}
