//! Playing actions in a world, under the laws.

use crate::{
    action::{Action, Call, Flaw, Lie},
    build::{build, Built},
    laws::{
        exits::Exits,
        governance::{self, RAMP},
        halts::{Halts, DAY_IN_SEVEN},
        Violation,
    },
    outcome::{Outcome, NO_PANIC},
    probes::PROBES,
    sent::Sent,
    setup::named,
    tally::Tally,
    world::World,
};
use anchor_lang::{prelude::Pubkey, system_program};
use ballast::state::{safety::Breaker, Reserve, Vault};
use ballast_client::price::{Price, PRICE_PROGRAM};
use ballast_risk::Seconds;
use ballast_tests::Cluster as _;
use pyth_solana_receiver_sdk::price_update::VerificationLevel;

/// Plays actions and counts them.
pub struct Player {
    /// The world as it is.
    pub world: World,
    /// What was counted.
    pub tally: Tally,
    /// Whether laws are asked.
    lawful: bool,
    /// Whether a line is written for each action.
    pub chatty: bool,
    /// Changes the world behind the program's back after a transaction landed: for tests of the laws themselves.
    pub tamper: Option<fn(&mut World)>,
    /// Every law that the last transaction broke.
    pub broken: Vec<Violation>,
    /// For how long breakers held Halted.
    halts: Halts,
    /// What left where only a share may leave.
    exits: Exits,
}

impl Player {
    /// In a copy of a world.
    pub fn new(world: World) -> Self {
        let (tally, broken, halts, exits) = (Tally::default(), vec![], Halts::default(), Exits::default());
        Self { world, tally, lawful: true, chatty: false, tamper: None, broken, halts, exits }
    }

    /// For probes: no laws are asked, nothing else differs.
    pub fn lawless(world: World) -> Self {
        Self { lawful: false, ..Self::new(world) }
    }

    /// Plays one action. The outcome is that of its transaction, if it sent one.
    pub fn play(&mut self, action: &Action) -> Result<Option<Outcome>, Violation> {
        match action {
            Action::Send(calls) => return self.send(calls),
            Action::Pass { seconds, slots } => {
                self.pass(u64::from(*slots), i64::from(*seconds))?;
            }
            Action::Tick { seconds, moves } => {
                for (market, bps) in moves {
                    let place = usize::from(*market) % self.world.markets.len();
                    let price = &mut self.world.markets[place].price;
                    let moved = i128::from(*price) + i128::from(*price) * i128::from(*bps) / 10_000;
                    // a honest feed stays between a millionth of a dollar and a hundred million
                    *price = moved.clamp(100, 10_000_000_000_000_000) as i64;
                }
                self.pass(u64::from(*seconds) * 5 / 2, i64::from(*seconds))?;
                self.world.post_all();
            }
            Action::NextEpoch => {
                self.world.svm.next_epoch();
                self.watch(crate::build::now(&self.world) - 1)?;
            }
            Action::Post { market, lie } => self.post(*market, lie),
            Action::Silence { market, silent } => {
                let place = usize::from(*market) % self.world.markets.len();
                if *silent {
                    self.world.silent.insert(place);
                } else {
                    self.world.silent.remove(&place);
                }
            }
            Action::Donate { vault, asset, units } => self.donate(*vault, *asset, *units),
            Action::Earn { actor, market, dollars } => {
                let place = usize::from(*market) % self.world.markets.len();
                let market = self.world.markets[place];
                let wallet = market.asset(Pubkey::default()).wallet(&self.world.actor(*actor));
                self.world.give(place, wallet, crate::setup::worth(&market, u64::from(*dollars)));
            }
            Action::Freeze { vault, asset, frozen } => {
                let house = self.world.house(*vault).clone();
                if let Some((market, _)) = self.world.asset(&house, *asset) {
                    self.world.set_frozen(&house, market, *frozen);
                }
            }
            Action::Vanish { vault, asset, part } => {
                let house = self.world.house(*vault).clone();
                if let Some((market, _)) = self.world.asset(&house, *asset) {
                    self.world.vanish(&house, market, *part);
                }
            }
            Action::Age { vault } => {
                let house = self.world.house(*vault).clone();
                self.world.age(&house);
            }
            Action::Restake { from, to, part } => {
                self.world.restake(*from, *to, *part);
                self.world.svm.next_epoch();
                self.watch(crate::build::now(&self.world) - 1)?;
            }
            Action::Rename { vote_account, identity } => self.world.rename(*vote_account, *identity),
            Action::Probe { law, seed } => {
                let probe = &PROBES[usize::from(*law) % PROBES.len()];
                let tried = (probe.check)(&self.world, *seed)
                    .map_err(|words| Violation { law: probe.name.into(), words })?;
                if tried {
                    self.tally.asked(probe.name);
                }
                return Ok(None);
            }
        }
        self.tally.steps += 1;
        Ok(None)
    }

    fn pass(&mut self, slots: u64, seconds: i64) -> Result<(), Violation> {
        let then = crate::build::now(&self.world);
        self.world.svm.go_on(slots, seconds);
        self.watch(then)
    }

    /// The laws of time, of what nobody did since then.
    fn watch(&mut self, then: Seconds) -> Result<(), Violation> {
        if !self.lawful {
            return Ok(());
        }
        let now = crate::build::now(&self.world);
        for house in &self.world.houses {
            let Some(vault) = self.world.svm.state::<Vault>(&house.key) else { continue };
            let halts = &mut self.halts;
            let mut breaker = |key, breaker: &Breaker| {
                let broken = |words| Violation { law: DAY_IN_SEVEN.into(), words };
                if halts.record(key, breaker, then, now).map_err(broken)? {
                    self.tally.asked(DAY_IN_SEVEN);
                }
                Ok(())
            };
            let ramps = |words| Violation { law: RAMP.into(), words };
            breaker(house.key, &vault.breaker)?;
            let mut ramps_asked = 0;
            if vault.ramp.runs_at(then) {
                let models = (vault.model_at(then), vault.model_at(now));
                governance::check_model(&models.0, &models.1, now - then).map_err(ramps)?;
                ramps_asked += 1;
            }
            for market in &house.listed {
                let key = self.world.markets[*market].asset(house.key).reserve();
                let Some(reserve) = self.world.svm.state::<Reserve>(&key) else { continue };
                breaker(key, &reserve.breaker)?;
                if reserve.ramp.runs_at(then) {
                    let risks = (reserve.risk_at(then), reserve.risk_at(now));
                    governance::check_asset(&risks.0, &risks.1, now - then).map_err(ramps)?;
                    ramps_asked += 1;
                }
            }
            (0..ramps_asked).for_each(|_| self.tally.asked(RAMP));
        }
        Ok(())
    }

    fn send(&mut self, calls: &[Call]) -> Result<Option<Outcome>, Violation> {
        let built: Vec<Built> = calls.iter().filter_map(|call| build(&self.world, call)).collect();
        if built.is_empty() {
            self.tally.idle += 1;
            return Ok(None);
        }
        let apart = (self.lawful && built.len() > 1).then(|| self.world.clone());
        let sent = Sent::send(&mut self.world, &built);
        let outcome = sent.outcome.clone();
        let names: Vec<&str> = built.iter().map(|call| call.name).collect();
        self.tally.steps += 1;
        self.tally.transaction(&names, &outcome);
        if self.chatty {
            println!("  {names:?} {outcome:?}");
        }
        if let Some(words) = outcome.breaks(&built) {
            return Err(Violation { law: NO_PANIC.into(), words });
        }
        self.tally.asked(NO_PANIC);
        if !outcome.landed() {
            return Ok(Some(outcome));
        }
        if let Some(tamper) = self.tamper {
            tamper(&mut self.world);
        }
        let changed = sent.changed(&self.world);
        self.world.notice(&changed);
        if built.iter().any(|call| matches!(call.does, "create_vault" | "add_reserve" | "create_fund")) {
            self.world.notice_houses(&changed);
        }
        if self.lawful {
            let (exits, tally) = (&mut self.exits, &mut self.tally);
            self.broken = sent.judge(&self.world, exits, tally);
            if let Some(world) = apart {
                let apart = sent.judge_apart(world, &self.world, self.tamper, exits, tally);
                self.broken.extend(apart);
            }
            if let Some(violation) = self.broken.first() {
                return Err(violation.clone());
            }
        }
        Ok(Some(outcome))
    }

    fn donate(&mut self, vault: u8, asset: u8, units: u64) {
        let house = self.world.house(vault).clone();
        let to_fund = usize::from(asset) >= house.listed.len();
        match (to_fund, self.world.fund(&house), house.fund) {
            (true, Some(fund), Some(market)) => {
                self.world.give(market, fund.tokens(), units);
            }
            _ => {
                if let Some((market, asset)) = self.world.asset(&house, asset) {
                    self.world.give(market, asset.tokens(), units);
                }
            }
        }
    }

    fn post(&mut self, market: u8, lie: &Lie) {
        let world = &mut self.world;
        let market = world.markets[usize::from(market) % world.markets.len()];
        let part =
            |bps: u32| i64::try_from(i128::from(market.price) * i128::from(bps) / 10_000).unwrap_or(i64::MAX);
        let honest = market.quote(&world.svm);
        let mut quote = Price {
            price: part(lie.spot),
            ema: part(lie.average),
            confidence: part(lie.confidence).unsigned_abs(),
            publish_time: honest.publish_time - i64::from(lie.age),
            posted_slot: honest.posted_slot.saturating_add_signed(-i64::from(lie.slots)),
            ..honest
        };
        let mut owner = PRICE_PROGRAM;
        let mut level = VerificationLevel::Full;
        match lie.flaw {
            Flaw::None | Flaw::Garbage => {}
            Flaw::Owner => owner = system_program::ID,
            Flaw::Feed => quote.feed_id = named("feed", 0).to_bytes(),
            Flaw::Verification => level = VerificationLevel::Partial { num_signatures: 5 },
            Flaw::Exponent(exponent) => quote.exponent = exponent.into(),
            Flaw::Price(price) => quote.price = price,
        }
        let mut data = quote.account_data_verified(level);
        if lie.flaw == Flaw::Garbage {
            data.truncate(60);
        }
        world.svm.set_account(market.price_account, owner, data);
    }
}
