//! A keeper as a process of its own.

use crate::world::{price_account, World};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A running keeper; killed when dropped.
pub struct Keeper {
    child: Child,
    metrics: SocketAddr,
    pub config: PathBuf,
}

/// A folder of this test's own, removed when dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ballast-keeper-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Sends a process a signal.
pub fn signal_process(process: u32, signal: &str) {
    let sent = Command::new("kill").args(["-s", signal, &process.to_string()]).status().unwrap();
    assert!(sent.success(), "SIG{signal} to {process}");
}

/// A port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Says something else in a configuration.
pub fn reconfigure(config: &Path, before: &str, after: &str) {
    let text = std::fs::read_to_string(config).unwrap();
    assert!(text.contains(before), "no {before:?} in {text}");
    std::fs::write(config, text.replace(before, after)).unwrap();
}

/// Writes the configuration of a keeper that connects to these ports.
pub fn configure(world: &World, folder: &Folder, wallet: &Keypair, ports: (u16, u16)) -> PathBuf {
    let name = wallet.pubkey();
    let keypair = folder.0.join(format!("{name}.json"));
    std::fs::write(&keypair, serde_json::to_string(&wallet.to_bytes().to_vec()).unwrap()).unwrap();
    let prices: String = [world.sol, world.usd]
        .map(|asset| format!("\"{}\" = [\"{}\"]\n", asset.mint, price_account(&asset)))
        .concat();
    let (rpc, websocket) = ports;
    let text = format!(
        "[cluster]\nrpc = \"http://127.0.0.1:{rpc}\"\nwebsocket = \"ws://127.0.0.1:{websocket}\"\n\
         silence_ms = 2000\nresync_seconds = 20\n\
         [wallet]\nkeypair = {keypair:?}\n\
         [vault]\naddress = \"{}\"\n[vault.prices]\n{prices}\
         [limits]\nleast_profit_usd = 0.001\nmost_repaid_usd = 5000.0\nrest_seconds = 1\n\
         [costs]\nsol_mint = \"{}\"\n\
         [cranks]\nbreakers = false\nattest_seconds = 0\nlook_seconds = 1\nagain_seconds = 5\n\
         [operation]\nlisten = \"127.0.0.1:{}\"\nsweep_seconds = 2\nlog = {:?}\n",
        world.vault,
        world.sol.mint,
        free_port(),
        std::env::var("KEEPER_LOG").unwrap_or_else(|_| "off".into()),
    );
    let path = folder.0.join(format!("{name}.toml"));
    std::fs::write(&path, text).unwrap();
    path
}

impl Keeper {
    /// Starts the process; it says nothing unless `KEEPER_LOG` is set.
    pub fn start(config: PathBuf) -> Self {
        Self::start_with(config, &[])
    }

    /// The same with environment variables.
    pub fn start_with(config: PathBuf, environment: &[(&str, &Path)]) -> Self {
        let text = std::fs::read_to_string(&config).unwrap();
        let listen = text.split("listen = \"").nth(1).unwrap().split('"').next().unwrap();
        let logs = if std::env::var_os("KEEPER_LOG").is_some() { Stdio::inherit() } else { Stdio::null() };
        let child = Command::new(env!("CARGO_BIN_EXE_ballast-keeper"))
            .args(["run", "--config"])
            .arg(&config)
            .envs(environment.iter().copied())
            .stderr(logs)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, metrics: listen.parse().unwrap(), config }
    }

    /// Starts the process and waits until it is well.
    pub fn started(config: PathBuf) -> Self {
        let keeper = Self::start(config);
        keeper.wait_until("well", Duration::from_secs(20), |keeper| keeper.is_well());
        keeper
    }

    /// What it answers to a GET; `None` where it does not.
    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect_timeout(&self.metrics, Duration::from_millis(500)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// Whether it says that it sees the chain.
    pub fn is_well(&self) -> bool {
        self.get("/health").is_some_and(|answer| answer.contains(" 200 ")) && self.metric("synced") == 1.0
    }

    /// A metric's value; labels belong to the name. 0 where there is none.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").unwrap_or_default();
        let name = format!("ballast_keeper_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(name.as_str()));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
    }

    /// Tranches by how they ended.
    pub fn tranches(&self, outcome: &str) -> f64 {
        self.metric(&format!("tranches_total{{outcome=\"{outcome}\"}}"))
    }

    /// Waits until something holds.
    pub fn wait_until(&self, what: &str, within: Duration, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < within, "the keeper is not {what} after {within:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGKILL.
    pub fn kill(mut self) -> PathBuf {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.config.clone()
    }

    /// Sends a signal: the process goes on, or stops where it stands.
    pub fn signal(&self, signal: &str) {
        signal_process(self.child.id(), signal);
    }

    /// SIGTERM; returns whether it ended by itself and well within a time.
    pub fn stop(mut self, within: Duration) -> bool {
        self.signal("TERM");
        let start = Instant::now();
        while start.elapsed() < within {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
