//! The command line against a local network, over real RPC and websockets, each as its own process.

mod harness;

use harness::{between, micro, Localnet};
use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

#[test]
fn a_borrower_goes_the_whole_way() {
    let net = Localnet::start(&[]);
    net.text(&["faucet", "100", "SOL"]);
    let deposited = net.json(&["deposit", "100", "SOL"]);
    assert_eq!(deposited["transactions"].as_array().unwrap().len(), 1, "opened and deposited at once");
    let borrowed = net.json(&["borrow", "1000", "USDC"]);
    assert!(borrowed["transactions"][0]["what"].as_str().unwrap().ends_with("borrow 1000 USDC"));
    assert!(borrowed["transactions"][0]["units"].as_u64().unwrap() > 10_000);

    let shown = net.json(&["show"]);
    let (held, owed) = (&shown["positions"][0], &shown["positions"][1]);
    assert_eq!(
        (&held["token"], &held["amount"], &held["side"]),
        (&"SOL".into(), &"100".into(), &"deposit".into())
    );
    assert_eq!((&owed["token"], &owed["side"]), (&"USDC".into(), &"debt".into()));
    let score = &shown["maintenance"];
    assert_eq!(
        micro(&score["equity_usd"]),
        micro(&score["deposits_usd"]) - micro(&score["debts_usd"]),
        "equity is deposits − debts"
    );
    assert!(shown["reason"].as_str().unwrap().contains("all crypto down"));
    let falls_to = held["liquidated_at_price_ppm"]["falling"].as_u64().unwrap();

    // What-if agrees with the edge that it was told, to a millionth of the price.
    let supposed = |ppm: u64| {
        let percent = (ppm as f64 - 1e6) / 1e4;
        net.json(&["what-if", "--price", &format!("SOL={percent:.4}%")])["after"]["maintenance"]["healthy"]
            .as_bool()
            .unwrap()
    };
    assert!(!supposed(falls_to) && supposed(falls_to + 1));

    // Interest runs on, and the wallet holds what was borrowed.
    net.text(&["faucet", "1", "USDC"]);
    net.text(&["repay", "max", "USDC"]);
    net.text(&["withdraw", "max", "SOL"]);
    net.text(&["close"]);
    assert!(net.refusal(&["show"]).contains("`ballast deposit` opens one"));
    let history = net.json(&["history"]);
    let events: Vec<&str> =
        history["events"].as_array().unwrap().iter().filter_map(|one| one["what"].as_str()).collect();
    assert_eq!(events[..3], ["opened", "deposited 100 SOL", "borrowed 1000 USDC"]);
    assert!(events[3].starts_with("repaid 1000") && events[4] == "withdrew 100 SOL", "{events:?}");
    assert!(events[5].starts_with("closed"), "{events:?}");
}

#[test]
fn refusals_say_how_much_would_help_and_mean_it_to_the_unit() {
    let net = Localnet::start(&[]);
    net.text(&["faucet", "200", "SOL"]);
    net.text(&["deposit", "100", "SOL"]);

    let refusal = net.refusal(&["borrow", "20000", "USDC"]);
    let deposit = between(&refusal, "deposit ≥ ", " SOL").to_owned();
    let most = between(&refusal, "borrow ≤ ", " USDC").to_owned();
    let more = one_unit_more(&most);
    assert!(net.refusal(&["borrow", &more, "USDC"]).contains(&format!("borrow ≤ {most} USDC")));

    // One unit less than what was named does not do; what was named does.
    net.text(&["deposit", &one_unit_less(&deposit), "SOL"]);
    assert!(net.refusal(&["borrow", "20000", "USDC"]).contains("deposit ≥ 0.000000001 SOL"));
    net.text(&["deposit", "0.000000001", "SOL"]);
    net.text(&["borrow", "20000", "USDC"]);

    net.text(&["price", "SOL", "150"]);
    net.text(&["refresh", "SOL", "USDC"]);
    let shown = net.json(&["show"]);
    assert_eq!(shown["maintenance"]["healthy"], false);
    assert!(shown["net_risk_ppm"].as_u64().unwrap() > 0);
    let ways = shown["remedies"].as_array().unwrap();
    assert!(ways.iter().any(|way| way.as_str().unwrap().starts_with("deposit ≥ ")), "{ways:?}");
    let repay = ways.iter().find_map(|way| way.as_str().unwrap().strip_prefix("repay ≥ ")).unwrap();
    // A little more than named: interest runs on.
    let enough: f64 = repay.trim_end_matches(" USDC").parse::<f64>().unwrap() + 1.0;
    net.text(&["repay", &format!("{enough:.6}"), "USDC"]);
    assert_eq!(net.json(&["show"])["maintenance"]["healthy"], true);
}

fn one_unit_more(usdc: &str) -> String {
    let units = ballast_client::amount::parse(usdc, 6).unwrap().0;
    ballast_client::amount::format(ballast_risk::TokenAmount(units + 1), 6)
}

fn one_unit_less(sol: &str) -> String {
    let units = ballast_client::amount::parse(sol, 9).unwrap().0;
    ballast_client::amount::format(ballast_risk::TokenAmount(units - 1), 9)
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_sent() {
    let net = Localnet::start(&[]);
    net.text(&["faucet", "1", "SOL"]);
    assert!(net.refusal(&["deposit", "0.0000000001", "SOL"]).contains("at most 9"));
    assert!(net.refusal(&["deposit", "2", "SOL"]).contains("that takes 2 SOL, and the wallet"));
    assert!(net.refusal(&["deposit", "1", "DOGE"]).contains("it has ALT, BTC, ETH"));
    assert!(net.refusal(&["borrow", "1", "USDC"]).contains("deposit something first"));
    assert!(net.refusal(&["borrow", "max", "USDC"]).contains("write an amount"));
    assert!(!net.refusal(&["deposit", "much", "SOL"]).contains("max"), "a deposit has no most");
    assert!(net.refusal(&["repay", "much", "SOL"]).contains("or \"max\" for all"));
    // Neither is a transaction that could be shown.
    for made_up in [&["faucet", "1", "SOL"][..], &["price", "SOL", "150"]] {
        let refusal = net.refusal(&[&["--dry-run"], made_up].concat());
        assert!(refusal.contains("it writes accounts of the local network"), "{refusal}");
    }
    assert!(net.refusal(&["--vault", "nonsense", "show"]).contains("is no address of a vault"));
    let wrong = "So11111111111111111111111111111111111111112";
    assert!(net.refusal(&["--vault", wrong, "vault", "show"]).contains("is no vault of this version"));
    // Nothing of it was written down.
    assert_eq!(net.json(&["history"])["events"].as_array().unwrap().len(), 0);
}

#[test]
fn a_book_too_large_for_one_transaction_travels_with_a_lookup_table() {
    let net = Localnet::start(&["--extras", "9"]);
    let majors =
        [("0.1", "BTC"), ("2", "ETH"), ("50", "SOL"), ("20", "LST"), ("1000", "ALT"), ("5000", "USDE")];
    let extras: Vec<String> = (1..=9).map(|number| format!("X{number}")).collect();
    for (amount, token) in majors.into_iter().chain(extras.iter().map(|token| ("100", token.as_str()))) {
        net.text(&["faucet", amount, token]);
        net.text(&["deposit", amount, token]);
    }
    // On a quick machine the deposits' prices are still fresh: only old ones make the loan bring a refresh of all sixteen reserves.
    let prices_grow_old = || std::thread::sleep(std::time::Duration::from_secs(7));
    prices_grow_old();
    let first = net.json(&["borrow", "5000", "USDC"]);
    let transactions = first["transactions"].as_array().unwrap();
    assert_eq!(transactions.len(), 1, "refresh and loan in one transaction: {first}");
    let tables = std::fs::read_to_string(net.folder.join("tables")).unwrap();
    assert_eq!(tables.lines().count(), 1);
    prices_grow_old();
    net.text(&["borrow", "1000", "USDC"]);
    assert_eq!(std::fs::read_to_string(net.folder.join("tables")).unwrap(), tables, "used again");
    assert_eq!(net.json(&["show"])["positions"].as_array().unwrap().len(), 16);
}

#[test]
fn an_operator_makes_a_vault_from_files_and_anyone_proves_it() {
    let net = Localnet::start(&["--liquidity", "50000"]);
    let operator = |args: &[&str]| net.text(&[&["--keypair", net.operator.as_str()], args].concat());
    let network = std::fs::read_to_string(net.folder.join("network.toml")).unwrap();
    let usdc = network.split("[[token]]").find(|token| token.contains("symbol = \"USDC\"")).unwrap();
    let (mint, feed) = (between(usdc, "mint = \"", "\""), between(usdc, "feed = \"", "\""));
    let key = "So11111111111111111111111111111111111111112";
    let vault = net.file(
        "vault.toml",
        &format!("id = 2\npreset = \"calm\"\nguardian = \"{key}\"\nfee_recipient = \"{key}\"\nltv_percent = 85.0\n"),
    );
    let created = net.json(&["--keypair", &net.operator, "vault", "create", &vault]);
    let what = created["transactions"][0]["what"].as_str().unwrap();
    let address = what.strip_prefix("create vault ").unwrap();
    let reserve = net.file(
        "reserve.toml",
        &format!("mint = \"{mint}\"\nkind = \"usd\"\npreset = \"calm\"\nfeed = \"{feed}\"\ndeposit_cap = \"1000000\"\n"),
    );
    net.text(&["--keypair", &net.operator, "--vault", address, "vault", "add-reserve", &reserve]);
    let stranger = net.refusal(&["--vault", address, "vault", "add-reserve", &reserve]);
    assert!(stranger.contains("curator") || stranger.contains("exists already"), "{stranger}");
    let hasty = net.file("hasty.toml", "cooldown_days = 1\n");
    let fund =
        ["--keypair", net.operator.as_str(), "--vault", address, "insurance", "create", "USDC", "--rules"];
    let refusal = net.refusal(&[&fund[..], &[hasty.as_str()]].concat());
    assert!(refusal.contains("7 to 60 days"), "{refusal}");
    let slow = net.file("slow.toml", "cooldown_days = 30\npremium_percent = 0.25\n");
    net.text(&[&fund[..], &[slow.as_str()]].concat());
    operator(&["--vault", address, "vault", "open"]);
    let late = net.refusal(&["--vault", address, "vault", "add-reserve", &reserve]);
    assert!(late.contains("ballast vault propose"), "{late}");
    assert_eq!(net.json(&["vault", "list"])["vaults"].as_array().unwrap().len(), 2);
    let shown = net.json(&["--vault", address, "vault", "show"]);
    assert_eq!(shown["reserves"][0]["token"], "USDC");

    net.text(&["faucet", "10", "SOL"]);
    net.text(&["insurance", "stake", "10"]);
    let fund = net.json(&["insurance", "show"]);
    assert_eq!((&fund["token"], &fund["stakers"]), (&"SOL".into(), &"10".into()));
    assert_eq!((&fund["coming"], &fund["own"]["worth"]), (&"0".into(), &"10".into()));
    net.text(&["insurance", "request-unstake", "max"]);
    assert!(net.refusal(&["insurance", "unstake"]).contains("cooling"));
    assert!(net.refusal(&["validator", "vote", "1", "perhaps"]).contains("yes or no"));

    // The lender's deposits are few enough for one transaction, so that a dry run sees the whole audit; it begins none.
    assert_eq!(net.json(&["--dry-run", "audit"])["complete"], true);
    assert_eq!(net.json(&["attest"])["report"]["solvent"], true);
    assert_eq!(net.json(&["audit"])["complete"], true);
    assert_eq!(net.json(&["verify"])["solvent"], true);
    assert_eq!(net.json(&["watch", "--looks", "1"])["reserves"].as_array().unwrap().len(), 7);
    let no_signal = net.refusal(&["breaker", "trip", "jump", "SOL"]);
    assert!(no_signal.contains("NoSignal"), "{no_signal}");
    assert_eq!(net.json(&["breaker", "show"])["breakers"].as_array().unwrap().len(), 8);
    assert!(net.text(&["completions", "bash"]).contains("_ballast"));
}

#[test]
fn a_curator_changes_what_takes_effect_at_once_and_waits_for_the_rest() {
    let net = Localnet::start(&["--liquidity", "0"]);
    let operator = |args: &[&str]| net.text(&[&["--keypair", net.operator.as_str()], args].concat());
    let down = net.file("down.toml", "change = \"reserve-caps\"\ntoken = \"SOL\"\ndeposit_cap = \"10\"\n");
    operator(&["vault", "propose", &down, "--now"]);
    net.text(&["faucet", "20", "SOL"]);
    assert!(net.refusal(&["deposit", "11", "SOL"]).contains("deposit cap"));
    net.text(&["deposit", "10", "SOL"]);

    let up = net.file("up.toml", "change = \"reserve-caps\"\ntoken = \"SOL\"\ndeposit_cap = \"1000\"\n");
    operator(&["vault", "propose", &up]);
    let waiting = net.json(&["vault", "changes"]);
    let number = waiting["changes"][0]["number"].as_u64().unwrap().to_string();
    assert_eq!(waiting["changes"][0]["class"], "after the timelock");
    let early = net.refusal(&["--keypair", &net.operator, "vault", "execute", &number]);
    assert!(early.contains("waiting out its timelock"), "{early}");
    operator(&["vault", "cancel", &number]);
    assert_eq!(net.json(&["vault", "changes"])["changes"].as_array().unwrap().len(), 0);

    // The operator is the guardian here.
    operator(&["vault", "tighten", "guarded", "SOL", "--hours", "1"]);
    let breakers = net.json(&["breaker", "show"]);
    let sol = breakers["breakers"].as_array().unwrap().iter().find(|one| one["of"] == "SOL").unwrap();
    assert_eq!(sol["state"], "Guarded");
}

#[test]
fn without_a_websocket_it_still_lands() {
    let net = Localnet::start(&["--liquidity", "0"]);
    net.text(&["faucet", "5", "SOL"]);
    net.text(&["--ws", "ws://127.0.0.1:1", "deposit", "5", "SOL"]);
    assert_eq!(net.json(&["show"])["positions"][0]["amount"], "5");
}

/// A local network has no stake behind vote accounts, and nothing was lost: the votes themselves are tested on the program.
#[test]
fn claims_and_cover_reach_the_program_which_says_what_is_missing() {
    let net = Localnet::start(&["--liquidity", "0"]);
    net.text(&["faucet", "100", "SOL"]);
    net.text(&["faucet", "100", "USDC"]);
    net.text(&["insurance", "stake", "10"]);
    // Prices that are too old for a claim's bond: the command brings fresh ones along, or the program would say so first.
    std::thread::sleep(std::time::Duration::from_secs(17));
    for (refused, because) in [
        (&["insurance", "claim", "100", "USDC"][..], "BeyondRecordedLoss"),
        (
            &["insurance", "cover", "1", "USDC", "--min-paid", "0.001"],
            "lost nothing that is still to be repaid",
        ),
        (&["insurance", "show-claim", "1"], "there is no claim"),
        (&["insurance", "settle", "1"], "there is no claim"),
        (&["insurance", "close-claim", "1"], "there is no claim"),
        (&["validator", "enroll", "Vote111111111111111111111111111111111111111"], "NotAVoteAccount"),
        (&["validator", "leave", "Vote111111111111111111111111111111111111111"], "NotAVoteAccount"),
        (&["validator", "vote", "1", "yes"], "there is no claim"),
    ] {
        let refusal = net.refusal(refused);
        assert!(refusal.contains(because), "{refused:?}: {refusal}");
    }
    assert_eq!(net.json(&["validator", "call-roll"])["transactions"].as_array().unwrap().len(), 0);
    net.text(&["insurance", "collect"]);
}

#[test]
fn a_watch_shows_at_once_what_happens_and_without_a_websocket_after_its_pause() {
    let net = Localnet::start(&["--liquidity", "0"]);
    net.text(&["faucet", "5", "SOL"]);
    let far_apart = ["--json", "watch", "--looks", "2", "--every", "60"];
    let mut watch = net.command(&far_apart).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(watch.stdout.take().expect("its output is ours")).lines();
    let mut deposited = || -> String {
        let line = lines.next().expect("a look").expect("text");
        let look: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let reserves = look["reserves"].as_array().expect("reserves").clone();
        let sol = reserves.into_iter().find(|one| one["token"] == "SOL").expect("SOL");
        sol["deposits"].as_str().expect("an amount").to_owned()
    };
    assert_eq!(deposited(), "0");
    let began = std::time::Instant::now();
    net.text(&["deposit", "5", "SOL"]);
    assert_eq!(deposited(), "5");
    assert!(began.elapsed().as_secs() < 30, "it looked after its pause, not when it was told");
    assert!(watch.wait().expect("it ends").success());

    let deaf = ["--ws", "ws://127.0.0.1:1", "--json", "watch", "--looks", "2", "--every", "0.5"];
    assert_eq!(net.text(&deaf).lines().count(), 2);
}

#[test]
fn a_scenario_plays_and_the_borrower_sees_it() {
    let net = Localnet::start(&["--liquidity", "0", "--scenario", "shipped", "--speed", "40000"]);
    let price = || {
        net.text(&["refresh", "SOL"]);
        let shown = net.json(&["vault", "show"]);
        let reserves = shown["reserves"].as_array().unwrap();
        let sol = reserves.iter().find(|one| one["token"] == "SOL").unwrap();
        sol["price_usd"].as_str().unwrap().to_owned()
    };
    let first = price();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while price() == first {
        assert!(std::time::Instant::now() < deadline, "SOL stays at {first}");
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}
