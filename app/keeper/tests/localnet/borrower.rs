//! The whole way, each as its own process: a validator, a borrower by the `ballast` command, a keeper. A price falls and the tranche
//! lands; the validator is stopped where it stands, goes on, and the next one lands.

use crate::{
    keeper::{signal_process, Folder, Keeper},
    net::{program_path, tranches},
    world::{alone, key, wait_until},
};
use anchor_lang::prelude::Pubkey;
use ballast_client::{
    address::{Account, Asset},
    price::Price,
};
use serde_json::Value;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::{read_keypair_file, write_keypair_file};
use solana_rpc_client::rpc_client::RpcClient;
use solana_signer::Signer;
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The `ballast` command, which is built beside the keeper.
fn ballast() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_ballast-keeper")).with_file_name("ballast");
    assert!(path.exists(), "{} is missing: build it first with `cargo build -p ballast-cli`", path.display());
    path
}

/// `ballast localnet`, killed when dropped.
struct Localnet {
    child: Child,
    said: Value,
}

impl Drop for Localnet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Localnet {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(ballast())
            .args(["localnet", "--json", "--port", "0", "--slot-ms", "400", "--dir"])
            .arg(folder)
            .arg("--program")
            .arg(program_path())
            .stdout(Stdio::piped())
            .env("RUST_LOG", "off")
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the local network said {line:?}"));
        Self { child, said }
    }

    fn text(&self, key: &str) -> &str {
        self.said[key].as_str().unwrap_or_else(|| panic!("{key} in {}", self.said))
    }

    /// Runs the command as the borrower; it has to succeed.
    fn run(&self, args: &[&str]) {
        let output =
            Command::new(ballast()).args(["--network", self.text("network")]).args(args).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ballast {}: {error}", args.join(" "));
    }

    /// Says what SOL and the stable cost now.
    fn publish(&self, sol: &str) {
        self.run(&["price", "USDC", "1"]);
        self.run(&["price", "SOL", sol]);
    }

    fn token(&self, symbol: &str, what: &str) -> String {
        let network: toml::Table = std::fs::read_to_string(self.text("network")).unwrap().parse().unwrap();
        let mut tokens = network["token"].as_array().unwrap().iter();
        let token = tokens.find(|token| token["symbol"].as_str() == Some(symbol)).unwrap();
        token[what].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_price_falls_and_the_tranche_of_a_borrower_by_command_line_lands_before_and_after_the_validator_stood_still(
) {
    let _alone = alone();
    let folder = Folder::new("borrower");
    let net = Localnet::start(&folder.0.join("net"));
    net.run(&["faucet", "100", "SOL"]);
    net.run(&["deposit", "100", "SOL"]);
    net.publish("200");
    net.run(&["borrow", "14000", "USDC"]);

    let wallet = key("keeper of a local network");
    let keypair = folder.0.join("keeper.json");
    write_keypair_file(&wallet, &keypair).unwrap();
    net.run(&["faucet", "100000", "USDC", "--to", &wallet.pubkey().to_string()]);
    let prices = ["SOL", "USDC"]
        .map(|one| format!("\"{}\" = [\"{}\"]\n", net.token(one, "mint"), net.token(one, "price_account")));
    let config = folder.0.join("keeper.toml");
    let text = format!(
        "[cluster]\nrpc = \"{}\"\nwebsocket = \"{}\"\nsilence_ms = 2000\n[wallet]\nkeypair = {keypair:?}\n\
         [vault]\naddress = \"{}\"\n[vault.prices]\n{}[costs]\nsol_mint = \"{}\"\n[limits]\nrest_seconds = 1\n\
         [cranks]\nbreakers = false\n[operation]\nlisten = \"127.0.0.1:{}\"\nsweep_seconds = 2\nlog = \"off\"\n",
        net.text("url"),
        net.text("websocket"),
        net.text("vault"),
        prices.concat(),
        net.token("SOL", "mint"),
        crate::keeper::free_port(),
    );
    std::fs::write(&config, text).unwrap();
    let keeper = Keeper::started(config);

    let rpc = RpcClient::new_with_commitment(net.text("url").to_owned(), CommitmentConfig::processed());
    let landed = || tranches(&rpc, &wallet.pubkey()).0;
    assert!(landed().is_empty(), "nobody is below the requirement at $200");
    net.publish("160");
    let account: Pubkey = net.token("SOL", "price_account").parse().unwrap();
    let ticked = Price::read(&rpc.get_account_data(&account).unwrap()).unwrap().posted_slot;
    let expect_more_than = |before: usize, sol: &str, published: u64| {
        let mut published = published;
        wait_until("a tranche", || {
            let slot = rpc.get_slot().unwrap();
            if slot > published + 20 {
                // Prices grow old where the machine is slow.
                net.publish(sol);
                published = slot;
            }
            landed().len() > before
        });
    };
    expect_more_than(0, "160", ticked);
    let (slot, tranche) = landed().swap_remove(0);
    println!("{} slots from the price tick to the landed tranche", slot.saturating_sub(ticked));
    let (vault, borrower): (Pubkey, _) =
        (net.text("vault").parse().unwrap(), read_keypair_file(net.text("borrower")).unwrap());
    let account = Account { vault, owner: borrower.pubkey(), id: 0 };
    assert_eq!(tranche.obligation, account.obligation());

    // The validator stops where it stands: sockets stay open and say nothing.
    signal_process(net.child.id(), "STOP");
    keeper.wait_until("aware of the silence", Duration::from_secs(60), |keeper| !keeper.is_well());
    signal_process(net.child.id(), "CONT");
    keeper.wait_until("well again", Duration::from_secs(90), Keeper::is_well);
    let before = landed().len();
    expect_more_than(before, "152", 0);

    let (all, failed) = tranches(&rpc, &wallet.pubkey());
    let asset = |symbol: &str| Asset {
        vault,
        mint: net.token(symbol, "mint").parse().unwrap(),
        token_program: anchor_spl::token::ID,
    };
    let holds = |symbol: &str| {
        let balance = rpc.get_token_account_balance(&asset(symbol).wallet(&wallet.pubkey())).unwrap();
        balance.amount.parse::<u64>().unwrap()
    };
    assert!(keeper.stop(Duration::from_secs(20)), "the keeper did not stop when asked");
    let repaid: u64 = all.iter().map(|(_, one)| one.repaid).sum();
    let received: u64 = all.iter().map(|(_, one)| one.to_liquidator).sum();
    assert_eq!((holds("USDC"), holds("SOL")), (100_000 * 1_000_000 - repaid, received), "nothing else moved");
    println!("{} tranches, {failed} transactions failed on chain", all.len());
}
