//! What a keeper says of itself: Prometheus metrics and whether it is well, over HTTP.

use anyhow::{anyhow, Context as _, Result};
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};
use std::sync::{
    atomic::{AtomicBool, AtomicU64, Ordering},
    Arc,
};
use std::time::{Duration, Instant};

/// All metrics.
pub struct Metrics {
    registry: Registry,
    started: Instant,
    /// Milliseconds after the start at which the keeper was last well.
    well_at: AtomicU64,
    stopping: AtomicBool,
    /// Obligations in memory.
    pub obligations: IntGauge,
    /// Of them, those below their requirement.
    pub below: IntGauge,
    /// The newest slot seen.
    pub slot: IntGauge,
    /// Seconds between the cluster's clock and the newest price on chain: the oldest of all reserves.
    pub oldest_price_seconds: IntGauge,
    /// 1 while the keeper sees the chain.
    pub synced: IntGauge,
    /// Times the source was lost.
    pub lost: IntCounter,
    /// Accounts read again because of forks.
    pub rolled_back: IntCounter,
    /// Seconds that rescoring took.
    pub rescore_seconds: Histogram,
    /// Slots between the news that made a tranche possible and its landing.
    pub slots_to_land: Histogram,
    /// Tranches by how they ended: landed, lost (somebody was faster), refused, expired, unknown, unreachable.
    pub tranches: IntCounterVec,
    /// Books left alone, by reason.
    pub waiting: IntCounterVec,
    /// Cranks by how they ended.
    pub cranks: IntCounterVec,
    /// Value repaid by tranches that landed, USD.
    pub repaid_usd: Gauge,
    /// Profit of tranches that landed, as planned, USD.
    pub profit_usd: Gauge,
    /// Costs of tranches that landed and failed, USD.
    pub fees_usd: Gauge,
    /// Costs of transactions that failed on chain, USD.
    pub lost_fees_usd: Gauge,
    /// Smallest tranche that pays, as of the last one planned, USD.
    pub smallest_usd: Gauge,
    /// Tranches under way.
    pub under_way: IntGauge,
}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Result<Arc<Self>> {
        let registry = Registry::new_custom(Some("ballast_keeper".into()), None)?;
        macro_rules! metric {
            ($made:expr) => {{
                let metric = $made?;
                registry.register(Box::new(metric.clone()))?;
                metric
            }};
        }
        let by = |name: &str, help: &str, label: &str| IntCounterVec::new(Opts::new(name, help), &[label]);
        let rescore = HistogramOpts::new("rescore_seconds", "Seconds that rescoring took")
            .buckets(vec![0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 1.0]);
        let land = HistogramOpts::new("slots_to_land", "Slots between the news and the landing of a tranche")
            .buckets(vec![0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 16.0, 32.0]);
        Ok(Arc::new(Self {
            started: Instant::now(),
            well_at: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            obligations: metric!(IntGauge::new("obligations", "Obligations in memory")),
            below: metric!(IntGauge::new("below_requirement", "Obligations below their requirement")),
            slot: metric!(IntGauge::new("slot", "Newest slot seen")),
            oldest_price_seconds: metric!(IntGauge::new(
                "oldest_price_seconds",
                "Age of the oldest price on chain"
            )),
            synced: metric!(IntGauge::new("synced", "1 while the keeper sees the chain")),
            lost: metric!(IntCounter::new("source_lost_total", "Times the source was lost")),
            rolled_back: metric!(IntCounter::new(
                "rolled_back_total",
                "Accounts read again because of forks"
            )),
            rescore_seconds: metric!(Histogram::with_opts(rescore)),
            slots_to_land: metric!(Histogram::with_opts(land)),
            tranches: metric!(by("tranches_total", "Tranches by how they ended", "outcome")),
            waiting: metric!(by("waiting_total", "Books left alone for a while, by reason", "reason")),
            cranks: metric!(by("cranks_total", "Cranks by how they ended", "outcome")),
            repaid_usd: metric!(Gauge::new("repaid_usd_total", "Value repaid by tranches that landed")),
            profit_usd: metric!(Gauge::new("profit_usd_total", "Profit of tranches that landed, as planned")),
            fees_usd: metric!(Gauge::new(
                "fees_usd_total",
                "Costs of tranches that landed or failed on chain"
            )),
            lost_fees_usd: metric!(Gauge::new(
                "lost_fees_usd_total",
                "Costs of transactions that failed on chain"
            )),
            smallest_usd: metric!(Gauge::new(
                "smallest_paying_usd",
                "Smallest tranche that pays, as last planned"
            )),
            under_way: metric!(IntGauge::new("under_way", "Tranches under way")),
            registry,
        }))
    }

    /// Says that the keeper is well now.
    pub fn well(&self) {
        self.well_at.store(self.started.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
    }

    /// Says that the keeper stops.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the keeper was well within the last ten seconds; otherwise why not.
    fn health(&self) -> Result<(), String> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err("stopping".into());
        }
        match self.well_at.load(Ordering::Relaxed) {
            0 => Err("not synced yet".into()),
            at => {
                let silent = (self.started.elapsed().as_millis() as u64).saturating_sub(at);
                if silent > 10_000 {
                    return Err(format!("does not see the chain for {} s", silent / 1_000));
                }
                Ok(())
            }
        }
    }

    fn text(&self) -> Vec<u8> {
        let mut text = vec![];
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::warn!(%error, "metrics cannot be written");
        }
        text
    }

    /// Serves `/metrics` and `/health` in a thread of its own until the process ends. Returns the address, whose port was chosen
    /// where `listen` says 0.
    pub fn serve(self: &Arc<Self>, listen: &str) -> Result<std::net::SocketAddr> {
        let server = tiny_http::Server::http(listen)
            .map_err(|error| anyhow!("{error}"))
            .with_context(|| format!("cannot listen on {listen}: set operation.listen to a free address"))?;
        let address = server.server_addr().to_ip().context("the metrics are not served over IP")?;
        let metrics = self.clone();
        std::thread::Builder::new().name("metrics".into()).spawn(move || loop {
            let Ok(request) = server.recv() else {
                std::thread::sleep(Duration::from_millis(100));
                continue;
            };
            let answer = match request.url() {
                "/metrics" => tiny_http::Response::from_data(metrics.text()),
                "/health" => match metrics.health() {
                    Ok(()) => tiny_http::Response::from_string("well\n"),
                    Err(reason) => tiny_http::Response::from_string(reason + "\n").with_status_code(503),
                },
                _ => tiny_http::Response::from_string("/metrics or /health\n").with_status_code(404),
            };
            // Whoever asked has gone away.
            let _ = request.respond(answer);
        })?;
        Ok(address)
    }
}
