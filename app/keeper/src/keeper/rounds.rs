//! One round: rescore, rank, plan, and hand over what pays.

use super::{Keeper, Rest};
use crate::{
    act::{
        books::Tokens,
        plan::{plan, Means, Planned, Waiting},
    },
    engine::{Row, Scope},
    keeper::settings::Settings,
    source::Source,
};
use anchor_lang::prelude::Clock;
use ballast::oracle::now;
use ballast_client::Asset;
use solana_signer::Signer;
use std::time::{Duration, Instant};

/// Time that a round may spend on planning.
const PLANNING: Duration = Duration::from_millis(50);

impl<S: Source> Keeper<S> {
    /// Looks what to do, and does it.
    pub(super) fn round(&mut self) {
        let synced = self.mirror.is_synced();
        self.metrics.synced.set(i64::from(synced));
        self.metrics.slot.set(self.mirror.slot() as i64);
        if !synced {
            return;
        }
        self.metrics.well();
        let clock = self.mirror.clock();
        self.observe_balances();
        self.rescore(&clock);
        let planned = self.plan_for_worst(&clock);
        self.hand_over(planned, now(&clock));
        self.crank(&clock);
        self.metrics.under_way.set(self.inventory.under_way() as i64);
    }

    fn observe_balances(&mut self) {
        for held in &self.settings.assets {
            if let Some((slot, data)) = self.mirror.watched_at(&held.account) {
                let balance = Tokens::read(data).map_or(0, |tokens| tokens.held.0);
                self.inventory.observe(held.account, balance, slot);
            }
        }
    }

    fn rescore(&mut self, clock: &Clock) {
        let now = now(clock);
        let due = now >= self.swept_at.saturating_add(self.settings.sweep);
        let scope = if due { Scope::Everything } else { Scope::Touched };
        let start = Instant::now();
        let rescored = self.mirror.engine.rescore(clock, scope);
        if rescored.books > 0 {
            self.metrics.rescore_seconds.observe(start.elapsed().as_secs_f64());
        }
        if due {
            self.swept_at = now;
            self.rests.retain(|_, rest| rest.until > now);
            self.backoff.sweep(clock.slot);
            self.metrics.below.set(self.mirror.engine.columns().below() as i64);
            self.metrics.obligations.set(self.mirror.engine.columns().len() as i64);
            let market = &self.mirror.engine.market;
            let ages = (0..market.len()).filter_map(|index| Some(market.on_chain(index)?.price_age(now)));
            self.metrics.oldest_price_seconds.set(ages.max().unwrap_or(0) as i64);
        }
    }

    /// Plans for the worst books, and for the next ones while nothing can be done about those and there is time. Ranks what pays by
    /// risk removed per unit of cost.
    fn plan_for_worst(&mut self, clock: &Clock) -> Vec<Planned> {
        let start = Instant::now();
        let mut planned = vec![];
        loop {
            let looked_at = self.plan_for_batch(clock, &mut planned);
            let enough = planned.len() >= self.settings.under_way || looked_at < self.settings.look_at;
            if enough || start.elapsed() > PLANNING {
                break;
            }
        }
        planned.sort_by_key(|plan| std::cmp::Reverse(plan.rank()));
        planned
    }

    /// Plans for the worst books that do not rest and are not planned for; returns how many there were.
    pub(super) fn plan_for_batch(&mut self, clock: &Clock, planned: &mut Vec<Planned>) -> usize {
        let now = now(clock);
        let costs = self.settings.costs(&self.mirror.engine.market);
        let engine = &self.mirror.engine;
        let (rests, inventory, backoff) = (&self.rests, &self.inventory, &self.backoff);
        let shard = self.settings.shard;
        let skip = |row: Row| {
            let address = engine.columns().address(row);
            rests.get(&row).is_some_and(|rest| rest.until > now)
                || planned.iter().any(|plan| plan.row == row)
                || inventory.is_busy(&address)
                || backoff.holds(&address, clock.slot)
                // the keeper's own obligation, in a shard that others care for
                || !shard.contains(&address)
        };
        let worst = engine.worst(self.settings.look_at, &Settings::cost_of(&costs), skip);
        let assets = &self.settings.assets;
        let available = |asset: &Asset| {
            let held = assets.iter().find(|held| held.asset == *asset);
            held.map_or(0, |held| inventory.available(&held.account).saturating_sub(held.keep))
        };
        let mirror = &self.mirror;
        let has_wallet = |asset: &Asset| {
            let held = assets.iter().find(|held| held.asset == *asset);
            held.is_some_and(|held| mirror.watched(&held.account).is_some())
        };
        let means = Means {
            keeper: self.wallet.pubkey(),
            costs,
            venue: &*self.settings.venue,
            least_profit: self.settings.least_profit,
            most_repaid: self.settings.most_repaid,
            available: &available,
            has_wallet: &has_wallet,
        };
        let mut absorbed = vec![];
        for candidate in &worst {
            match plan(engine, candidate.row, clock, &means) {
                Ok(plan) => planned.push(*plan),
                Err(waiting) => {
                    self.metrics.waiting.with_label_values(&[waiting.name()]).inc();
                    let address = engine.columns().address(candidate.row);
                    tracing::debug!(obligation = %address, lacks = candidate.lacks, %waiting, "left alone");
                    if waiting == Waiting::Absorb {
                        absorbed.push(candidate.row);
                    }
                    let by_price = !matches!(waiting, Waiting::NoInventory | Waiting::Absorb);
                    let seconds = match waiting {
                        Waiting::Absorb => self.settings.cranks.again_seconds,
                        _ => self.settings.rest,
                    };
                    self.rests.insert(candidate.row, Rest { until: now + seconds, by_price });
                }
            }
        }
        let looked_at = worst.len();
        for row in absorbed {
            self.absorb(row);
        }
        looked_at
    }

    /// Promises tokens to the best plans and sends them.
    fn hand_over(&mut self, planned: Vec<Planned>, now: u64) {
        for plan in planned {
            if self.budget.is_spent(now) {
                self.metrics.waiting.with_label_values(&["lost too much"]).inc();
                return;
            }
            if self.inventory.under_way() >= self.settings.under_way {
                return;
            }
            let held = self.settings.assets.iter().find(|held| held.asset == plan.debt);
            let Some(held) = held.copied() else { continue };
            let spendable = self.inventory.available(&held.account).saturating_sub(held.keep);
            // Planned with what an earlier plan of this round took: it is planned again in the next one.
            if plan.max_repay > spendable {
                continue;
            }
            let promised = self.inventory.promise(held.account, plan.max_repay, plan.obligation);
            let Some(ticket) = promised else { continue };
            if let Some(smallest) = plan.smallest.repay {
                self.metrics.smallest_usd.set(smallest.0 as f64 / 1e6);
            }
            tracing::info!(
                obligation = %plan.obligation,
                debt = %plan.debt.mint,
                deposit = %plan.deposit.mint,
                repays = plan.outcome.repay.0,
                receives = plan.outcome.to_liquidator.0,
                profit_usd = plan.profit.net().0 as f64 / 1e6,
                risk_removed_usd = plan.rise.0 as f64 / 1e6,
                refreshes = plan.refresh.len(),
                smallest = %plan.smallest,
                "sending a tranche",
            );
            self.send_tranche(ticket, Box::new(plan));
        }
    }
}
