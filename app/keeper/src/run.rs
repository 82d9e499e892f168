//! From a configuration file to a keeper at work, and its graceful stop.

use crate::{
    config::Config,
    keeper::{Keeper, Settings, Stopped},
    metrics::Metrics,
    source::{
        live::{Endpoint, Live},
        recorded::Recorder,
    },
};
use anyhow::{anyhow, Context as _, Result};
use ballast_client::send::{Priority, Rpc, SendOptions, Sender};
use solana_keypair::{read_keypair_file, Keypair};
use solana_signer::Signer;
use std::{future::Future, path::Path, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Longest time for an answer of the RPC node.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the keeper waits before it asks a cluster again that does not answer at its start.
const RETRY: Duration = Duration::from_secs(1);

/// Starts logging as the configuration says.
pub fn start_logging(config: &Config) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.operation.log)
        .with_context(|| format!("operation.log: \"{}\" is not a log filter", config.operation.log))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if config.operation.json_logs { logs.json().try_init() } else { logs.try_init() };
    started.map_err(|error| anyhow!("logging cannot be started: {error}"))
}

/// The keeper's keypair.
pub fn wallet(config: &Config) -> Result<Keypair> {
    let path = &config.wallet.keypair;
    read_keypair_file(path).map_err(|error| {
        anyhow!(
            "wallet.keypair: {} cannot be read ({error}): make one with `solana-keygen new`",
            path.display()
        )
    })
}

/// Runs a keeper until `stop` is ready. `record`: where to write everything that the cluster says.
pub async fn run(
    config: &Config,
    record: Option<&Path>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let wallet = Arc::new(wallet(config)?);
    let metrics = Metrics::new()?;
    if !config.operation.listen.is_empty() {
        let address = metrics.serve(&config.operation.listen)?;
        tracing::info!(%address, "serving /metrics and /health");
    }
    let commitment = config.commitment()?;
    let websocket = config.cluster.websocket.as_deref();
    let rpc = Rpc::new(&config.cluster.rpc, websocket, commitment, TIMEOUT);
    let endpoint = Endpoint {
        rpc: config.cluster.rpc.clone(),
        websocket: rpc.websocket().to_owned(),
        commitment,
        vault: crate::config::address("vault.address", &config.vault.address)?,
        watched: vec![],
        poll: Duration::from_millis(config.cluster.poll_ms.max(50)),
        silence: Duration::from_millis(config.cluster.silence_ms.max(500)),
        resync: Duration::from_secs(config.cluster.resync_seconds.max(1)),
    };
    let options = SendOptions {
        commitment,
        priority: match config.costs.priority_micro_lamports {
            0 => Priority::None,
            price => Priority::Fixed(price),
        },
        simulate: true,
        record: false,
        // A tranche that did not land in time is planned anew.
        attempts: 1,
        poll: Duration::from_millis(200),
        ..SendOptions::default()
    };
    let sender = Arc::new(Sender::new(rpc, options));
    let (tell, told) = watch::channel(false);
    tokio::spawn(async move {
        stop.await;
        let _ = tell.send(true);
    });
    let stopped = |mut told: watch::Receiver<bool>| async move {
        // The sender lives until it has spoken.
        let _ = told.wait_for(|stop| *stop).await;
    };
    tracing::info!(keeper = %wallet.pubkey(), vault = %endpoint.vault, shard = config.vault.shard, rpc = endpoint.rpc, "starting");
    loop {
        let settings = tokio::select! {
            settings = settings(config, &wallet, &sender.transport) => settings?,
            () = stopped(told.clone()) => return Ok(()),
        };
        let endpoint = Endpoint { watched: settings.watched(), ..endpoint.clone() };
        let live = Live::start(endpoint);
        let (wallet, sender, metrics) = (wallet.clone(), sender.clone(), metrics.clone());
        let ended = match record {
            Some(path) => {
                let source = Recorder::create(live, path)?;
                Keeper::new(source, settings, wallet, sender, metrics).run(stopped(told.clone())).await?
            }
            None => Keeper::new(live, settings, wallet, sender, metrics).run(stopped(told.clone())).await?,
        };
        match ended {
            Stopped::Asked => return Ok(()),
            Stopped::SourceEnded | Stopped::VaultGrew => {}
        }
    }
}

/// Settings, once the cluster answers. A mistake in the configuration ends the keeper; a cluster that is away does not.
async fn settings(config: &Config, wallet: &Keypair, rpc: &Rpc) -> Result<Settings> {
    loop {
        match Settings::read(config, wallet.pubkey(), rpc).await {
            Err(error) if error.is::<ballast_client::send::TransportError>() => {
                tracing::warn!("{error:#}");
                tokio::time::sleep(RETRY).await;
            }
            settings => return settings,
        }
    }
}
