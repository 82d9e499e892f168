//! An embedded validator with the program on it, for the TypeScript tests: prints where it listens as one line of JSON, and stops when
//! its input ends.

use anyhow::{Context as _, Result};
use std::{io::Read as _, path::PathBuf};
use surfpool_sdk::{cheatcodes::builders::DeployProgram, BlockProductionMode, SimnetCommand, Surfnet};

#[tokio::main]
async fn main() -> Result<()> {
    let surfnet = Surfnet::builder()
        .offline(true)
        .block_production_mode(BlockProductionMode::Clock)
        .slot_time_ms(100)
        .start()
        .await?;
    // Runs every instruction once instead of profiling each a second time.
    surfnet.send_command(SimnetCommand::StartRunbookExecution("ballast-typescript".into()))?;
    let folder =
        std::env::var_os("SBF_OUT_DIR").map_or_else(|| PathBuf::from("target/deploy"), PathBuf::from);
    let path = folder.join("ballast.so");
    let name = path.display();
    let code = std::fs::read(&path)
        .with_context(|| format!("cannot read the program {name}: build it with `cargo xtask build-sbf`"))?;
    let deployed = surfnet.cheatcodes().deploy(DeployProgram::new(ballast::ID).so_bytes(code));
    deployed.with_context(|| format!("cannot deploy {name}"))?;
    println!("{}", serde_json::json!({ "rpc": surfnet.rpc_url(), "websocket": surfnet.ws_url() }));
    // The test holds the other end: however it ends, the validator ends with it.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
