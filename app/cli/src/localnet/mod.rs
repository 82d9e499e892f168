//! A local network that stays up: an embedded validator with the program, a vault with liquidity, a faucet and a price player.

pub mod cheat;
mod forward;
mod player;
mod world;

use crate::{args::LocalnetArgs, network::Network, output::Output};
use anyhow::{Context as _, Result};
use ballast_client::send::Rpc;
use ballast_lab::{from_candles, scenario, tape::Tape};
use player::Player;
use serde_json::json;
use solana_commitment_config::CommitmentConfig;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use surfpool_sdk::{cheatcodes::builders::DeployProgram, BlockProductionMode, SimnetCommand, Surfnet};

/// Runs until it is stopped.
pub async fn run(options: &LocalnetArgs, output: &Output) -> Result<()> {
    let tape = tape(options)?;
    let surfnet = start(options).await?;
    let host = |url: &str| url.split_once("://").map_or(url, |(_, host)| host).to_owned();
    let port = forward::listen(options.port, host(surfnet.rpc_url())).await?;
    let sockets = if options.port == 0 { 0 } else { port.saturating_add(1) };
    let sockets = forward::listen(sockets, host(surfnet.ws_url())).await?;
    let (url, websocket) = (format!("http://127.0.0.1:{port}"), format!("ws://127.0.0.1:{sockets}"));
    let commitment = CommitmentConfig::processed();
    let rpc = Arc::new(Rpc::new(&url, Some(&websocket), commitment, Duration::from_secs(30)));
    let world = world::World::new(rpc.clone(), &options.dir, options.extras)?;
    let player = Player {
        rpc: rpc.clone(),
        prices: world.prices(),
        moves: options.scenario.is_some() || options.candles.is_some(),
        speed: options.speed,
        tape,
    };
    world.make(options, &player).await?;
    let network = Network {
        url: url.clone(),
        websocket: Some(websocket.clone()),
        vault: Some(world.vault().to_string()),
        keypair: Some(absolute(world.borrower_path())?),
        local: true,
        tokens: world.tokens(),
    };
    let path = options.dir.join("network.toml");
    network.write(&path)?;
    let text = format!(
        "local network at {url} (websockets at {websocket})\nvault {}\n{}\nkeypairs: {} (curates the vault), {} (borrows, by default)\n\ntry:  ballast faucet 100 SOL\n      ballast deposit 100 SOL\n      ballast borrow 1000 USDC\n      ballast show\nCtrl-C stops it.",
        world.vault(),
        path.display(),
        world.operator_path().display(),
        world.borrower_path().display(),
    );
    let value = json!({
        "url": url,
        "websocket": websocket,
        "vault": world.vault().to_string(),
        "network": path.display().to_string(),
        "borrower": world.borrower_path().display().to_string(),
        "operator": world.operator_path().display().to_string(),
    });
    output.show(&value, text);
    let is_json = output.is_json();
    let say = move |line: String| {
        if !is_json {
            println!("{line}");
        }
    };
    tokio::select! {
        played = player.play(say) => played?,
        () = stopped() => {}
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot name {}", path.display()))
}

/// Until Ctrl-C or a request to terminate.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{signal, SignalKind};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// A validator with the program on it, offline, with blocks by the clock.
async fn start(options: &LocalnetArgs) -> Result<Surfnet> {
    let surfnet = Surfnet::builder()
        .offline(true)
        .block_production_mode(BlockProductionMode::Clock)
        .slot_time_ms(options.slot_ms.max(1))
        .start()
        .await?;
    // Runs every instruction once instead of profiling each a second time.
    surfnet.send_command(SimnetCommand::StartRunbookExecution("ballast-localnet".into()))?;
    let path = options.program.clone().unwrap_or_else(|| {
        let folder =
            std::env::var_os("SBF_OUT_DIR").map_or_else(|| PathBuf::from("target/deploy"), PathBuf::from);
        folder.join("ballast.so")
    });
    let name = path.display();
    let code = std::fs::read(&path).with_context(|| {
        format!(
            "cannot read the program {name}: build it with `cargo xtask build-sbf`, or pass --program FILE"
        )
    })?;
    let deployed = surfnet.cheatcodes().deploy(DeployProgram::new(ballast::ID).so_bytes(code));
    deployed.with_context(|| format!("cannot deploy {name}"))?;
    Ok(surfnet)
}

fn tape(options: &LocalnetArgs) -> Result<Tape> {
    if let Some(folder) = &options.candles {
        return from_candles::tape(&from_candles::Request {
            folder,
            window: &options.window,
            from: None,
            to: None,
            order: from_candles::Order::ByDirection,
        });
    }
    let text = match options.scenario.as_deref() {
        None | Some("shipped") => scenario::SHIPPED.to_owned(),
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read the scenario {file}"))?
        }
    };
    scenario::Scenario::read(&text)?.tape()
}
