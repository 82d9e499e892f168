//! Prices that nobody keeps on chain: the keeper hears of them from a service, and has them posted when it needs them.

use crate::{
    keeper::{configure, Folder},
    net::SLOT,
    world::{alone, feed, key, price_account, wait_until, World},
};
use ballast_client::{
    prices::local::LocalPrices,
    send::{Rpc, SendOptions, Sender},
};
use ballast_keeper::{
    config::Config,
    keeper::{Keeper, Settings},
    metrics::Metrics,
    prices::{stand_in, Service},
    source::live::{Endpoint, Live},
};
use solana_commitment_config::CommitmentConfig;
use solana_signer::Signer;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

#[test]
fn a_tranche_takes_along_the_prices_that_it_needs_from_a_service() {
    let _alone = alone();
    let world = World::start(&[15_000]);
    let (wallet, stables) = (key("keeper"), 1_000_000);
    world.equip(&wallet, stables);
    let folder = Folder::new("service");
    let config = Config::read(&configure(&world, &folder, &wallet, world.net.ports())).unwrap();
    let limit = world.limit_ppm(&world.borrowers[0]);

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let running = runtime.spawn(async move {
        let websocket = config.cluster.websocket.as_deref();
        let processed = CommitmentConfig::processed();
        let connect = || Rpc::new(&config.cluster.rpc, websocket, processed, Duration::from_secs(5));
        let rpc = connect();
        let mut settings = Settings::read(&config, key("keeper").pubkey(), &rpc).await.unwrap();
        // As with Hermes: prices stand under stand-ins until they are posted.
        let assets: Vec<_> = settings.assets.iter().map(|held| held.asset).collect();
        let accounts = assets.iter().map(|asset| (feed(asset), price_account(asset))).collect();
        settings.prices = assets.iter().map(|one| (one.reserve(), vec![stand_in(&feed(one))])).collect();
        settings.service = Some(Service {
            source: Arc::new(LocalPrices::new(Arc::new(connect()), accounts)),
            feeds: assets.iter().map(feed).collect(),
            every: SLOT / 2,
        });
        let endpoint = Endpoint {
            rpc: config.cluster.rpc.clone(),
            websocket: rpc.websocket().to_owned(),
            commitment: processed,
            vault: settings.vault,
            watched: settings.watched(),
            poll: SLOT,
            silence: Duration::from_secs(5),
            resync: Duration::from_secs(60),
        };
        let options = SendOptions { commitment: processed, record: false, ..SendOptions::default() };
        let sender = Arc::new(Sender::new(rpc, options));
        let metrics = Metrics::new().unwrap();
        let keeper = Keeper::new(Live::start(endpoint), settings, Arc::new(key("keeper")), sender, metrics);
        keeper.run(async { drop(told.await) }).await.unwrap()
    });
    std::thread::sleep(Duration::from_secs(1));
    let start = Instant::now();
    let mut published = None::<Instant>;
    wait_until("a tranche", || {
        if published.is_none_or(|at| at.elapsed() > Duration::from_secs(5)) {
            // Prices grow old where the machine is slow.
            world.publish(limit - 1_000);
            published = Some(Instant::now());
        }
        !world.tranches(&wallet.pubkey()).0.is_empty()
    });
    println!("with prices from a service: {:?}", start.elapsed());
    tell.send(()).unwrap();
    runtime.block_on(running).unwrap();
    world.check_tranches(&wallet.pubkey(), stables);
}
