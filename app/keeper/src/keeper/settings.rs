//! What a configuration comes to once the vault's accounts are known.

use crate::{
    act::{
        cost::Costs,
        venue::{InventoryOnly, Venue},
    },
    config::{address, micro_usd, Config},
    engine::CostOf,
    prices::{stand_in, Service},
    shard::Shard,
};
use anchor_lang::prelude::Pubkey;
use anyhow::{bail, Context as _, Result};
use ballast::{
    constants::MAX_POSITIONS,
    state::{Reserve, Source, Vault},
};
use ballast_client::{
    address::attestation,
    decode,
    interface::measured_units,
    prices::{hermes::Hermes, FeedId},
    send::{tables, Rpc, Transport},
    Asset,
};
use ballast_risk::{TokenAmount, Usd};
use solana_message::AddressLookupTableAccount;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// An asset of the vault, and where the keeper holds it.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The asset.
    pub asset: Asset,
    /// The keeper's associated token account.
    pub account: Pubkey,
    /// Token units that are never spent.
    pub keep: u64,
}

/// The price service, and the feeds of all reserves without price accounts, which stand under their stand-ins.
fn service(
    config: &Config,
    prices: &mut HashMap<Pubkey, Vec<Pubkey>>,
    sources: &[(Pubkey, Source)],
) -> Result<Option<Service>> {
    if config.vault.hermes.is_empty() {
        return Ok(None);
    }
    let mut feeds: Vec<FeedId> = vec![];
    for (reserve, source) in
        sources.iter().filter(|(reserve, _)| !prices.contains_key(reserve)).collect::<Vec<_>>()
    {
        let count = usize::from(source.price_accounts());
        let named: Vec<FeedId> = [source.feed_id, source.rate_feed_id].into_iter().take(count).collect();
        prices.insert(*reserve, named.iter().map(stand_in).collect());
        feeds.extend(named);
    }
    feeds.sort_unstable();
    feeds.dedup();
    let source = Arc::new(Hermes::new(&config.vault.hermes)?);
    let every = Duration::from_millis(config.vault.hermes_ms);
    Ok((!feeds.is_empty()).then_some(Service { source, feeds, every }))
}

/// A keeper's settings.
#[derive(Clone)]
pub struct Settings {
    /// The vault.
    pub vault: Pubkey,
    /// Which of its obligations.
    pub shard: Shard,
    /// The vault's assets, in its order.
    pub assets: Vec<Held>,
    /// Price accounts by reserve.
    pub prices: HashMap<Pubkey, Vec<Pubkey>>,
    /// Where prices come from that nobody keeps on chain.
    pub service: Option<Service>,
    /// Lookup tables.
    pub tables: Vec<AddressLookupTableAccount>,
    /// Costs, with a SOL's price as of the start where a reserve says it.
    pub costs: Costs,
    /// The reserve that says what a SOL is worth, with its decimals.
    pub sol: Option<(Pubkey, u8)>,
    /// Where it sells.
    pub venue: Arc<dyn Venue>,
    /// Least profit, micro-USD.
    pub least_profit: Usd,
    /// Most repaid by one tranche, micro-USD.
    pub most_repaid: Usd,
    /// Most that failed transactions may cost in an hour, micro-USD.
    pub lost_fees: Usd,
    /// Most tranches under way.
    pub under_way: usize,
    /// Books planned for at a time.
    pub look_at: usize,
    /// How long a book that nothing can be done about rests, seconds.
    pub rest: u64,
    /// How often every book is brought up to the second, seconds.
    pub sweep: u64,
    /// How long a stop waits for what is under way.
    pub stop_within: Duration,
    /// What fees and income of the fund have to be worth to be collected, micro-USD; `None` for never.
    pub collect: Option<Usd>,
    /// Which cranks.
    pub cranks: crate::config::Cranks,
}

impl Settings {
    /// Reads the vault and its reserves and works the configuration out. Errors say what is wrong with which entry.
    pub async fn read(config: &Config, keeper: Pubkey, rpc: &Rpc) -> Result<Self> {
        let key = address("vault.address", &config.vault.address)?;
        let account = rpc.accounts(&[key]).await?.into_iter().next().flatten();
        let account = account.with_context(|| format!("vault.address: there is no account {key}"))?;
        let vault: Vault =
            decode(&account.data).with_context(|| format!("vault.address: {key} is not a vault"))?;
        let listed = vault.reserves.get(..usize::from(vault.reserve_count)).unwrap_or_default();
        let mut assets = vec![];
        let (mut decimals, mut sources) = (HashMap::new(), vec![]);
        for (address, account) in listed.iter().zip(rpc.accounts(listed).await?) {
            let reserve = account.and_then(|account| decode::<Reserve>(&account.data));
            let reserve = reserve.with_context(|| format!("the vault's reserve {address} cannot be read"))?;
            let asset = Asset { vault: key, mint: reserve.mint, token_program: reserve.token_program };
            let keep = config.limits.keep.get(&reserve.mint.to_string()).copied().unwrap_or(0);
            assets.push(Held { asset, account: asset.wallet(&keeper), keep });
            decimals.insert(reserve.mint, reserve.decimals);
            sources.push((*address, reserve.source));
        }
        let known = |place: &str, text: &str| -> Result<Asset> {
            let mint = address(place, text)?;
            let found = assets.iter().find(|held| held.asset.mint == mint);
            Ok(found.with_context(|| format!("{place}: the vault has no reserve of {mint}"))?.asset)
        };
        let mut prices = HashMap::new();
        for (mint, accounts) in &config.vault.prices {
            let asset = known("vault.prices", mint)?;
            let accounts =
                accounts.iter().map(|text| address("vault.prices", text)).collect::<Result<_>>()?;
            prices.insert(asset.reserve(), accounts);
        }
        let service = service(config, &mut prices, &sources)?;
        let mut venue = InventoryOnly { default_cost: config.venue.cost_bps, costs: HashMap::new() };
        for (mint, bps) in &config.venue.costs {
            venue.costs.insert(known("venue.costs", mint)?.mint, *bps);
        }
        let sol = match &config.costs.sol_mint {
            Some(mint) => {
                let asset = known("costs.sol_mint", mint)?;
                Some((asset.reserve(), decimals.get(&asset.mint).copied().unwrap_or(9)))
            }
            None => None,
        };
        let tables = config.vault.lookup_tables.iter().map(|text| address("vault.lookup_tables", text));
        let tables = tables.collect::<Result<Vec<_>>>()?;
        let loaded = tables::load(rpc, &tables).await?;
        if loaded.len() < tables.len() {
            bail!("vault.lookup_tables: only {} of {} exist and are open", loaded.len(), tables.len());
        }
        let costs = Costs {
            priority: config.costs.priority_micro_lamports,
            tip: config.costs.tip_lamports,
            tip_to: config.costs.tip_to.as_deref().map(|text| address("costs.tip_to", text)).transpose()?,
            posting: config.costs.posting_lamports,
            sol: u64::try_from(micro_usd("costs.sol_usd", config.costs.sol_usd.unwrap_or(0.0))?)?,
        };
        Ok(Self {
            vault: key,
            shard: config.shard()?,
            assets,
            prices,
            service,
            tables: loaded,
            costs,
            sol,
            venue: Arc::new(venue),
            least_profit: Usd(micro_usd("limits.least_profit_usd", config.limits.least_profit_usd)?),
            most_repaid: Usd(micro_usd("limits.most_repaid_usd", config.limits.most_repaid_usd)?),
            lost_fees: Usd(micro_usd("limits.lost_fees_usd", config.limits.lost_fees_usd)?),
            under_way: config.limits.under_way,
            look_at: config.limits.look_at,
            rest: config.limits.rest_seconds,
            sweep: config.operation.sweep_seconds,
            stop_within: Duration::from_secs(config.operation.stop_seconds),
            collect: Some(Usd(micro_usd("cranks.collect_usd", config.cranks.collect_usd)?))
                .filter(|least| *least > Usd::ZERO),
            cranks: config.cranks.clone(),
        })
    }

    /// Accounts to watch beside the vault's: prices, the keeper's tokens, the solvency report.
    pub fn watched(&self) -> Vec<Pubkey> {
        let feeds = self.service.iter().flat_map(|service| &service.feeds);
        let stand_ins: Vec<Pubkey> = feeds.map(stand_in).collect();
        let prices = self.prices.values().flatten().copied().filter(|account| !stand_ins.contains(account));
        let tokens = self.assets.iter().map(|held| held.account);
        let mut watched: Vec<Pubkey> = prices.chain(tokens).chain([attestation(&self.vault)]).collect();
        watched.sort_unstable();
        watched.dedup();
        watched
    }

    /// Costs with a SOL's newest price, which the engine's reserve says.
    pub fn costs(&self, market: &crate::engine::Market) -> Costs {
        let priced = self.sol.and_then(|(reserve, decimals)| {
            let one = TokenAmount(10u64.checked_pow(u32::from(decimals))?);
            u64::try_from(market.ahead_of(&reserve)?.price.spot.as_risk().value_up(one).0).ok()
        });
        Costs { sol: priced.unwrap_or(self.costs.sol), ..self.costs }
    }

    /// What a tranche costs to send, by number of positions, micro-USD: as measured, with a refresh of all of them.
    pub fn cost_of(costs: &Costs) -> CostOf {
        let mut table: CostOf = [0; MAX_POSITIONS + 1];
        for (positions, cost) in table.iter_mut().enumerate() {
            let units = |name| measured_units(name, positions.max(1)).unwrap_or(200_000);
            let units = units("soft_liquidate").saturating_add(units("refresh_reserves"));
            *cost = costs.transaction_up(units, positions).clamp_u64();
        }
        table
    }
}
