//! From deeds to instructions, by the client's builders.

mod governing;
mod insuring;
mod picks;

use crate::{
    action::{Amount, Call, Deed, Pick},
    setup::worth,
    twist,
    world::World,
};
use anchor_lang::{
    prelude::{AccountMeta, Pubkey},
    solana_program::instruction::Instruction,
};
use ballast::{
    instructions::{Signal, TightenTo},
    state::{Obligation, Reserve, Side},
};
use ballast_client::{
    account::{reserves_of, reserves_with, reserves_without},
    address::{Account, Asset},
    governance::tighten,
    instruction::{self, Tranche},
    insurance, interface, safety,
};
use ballast_risk::{breaker::State, DebtShares, DepositShares, Usd};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// An instruction, ready to be sent.
#[derive(Clone)]
pub struct Built {
    /// The instruction.
    pub instruction: Instruction,
    /// What it was meant to be: the deed's name, by which outcomes are counted.
    pub name: &'static str,
    /// What it is, by its first bytes, as the interface says: what bends it may make another one of it.
    pub does: &'static str,
    /// Whether anything is wrong with it.
    pub bent: bool,
}

impl Built {
    /// The account in a slot.
    pub fn key(&self, slot: usize) -> Option<Pubkey> {
        self.instruction.accounts.get(slot).map(|meta| meta.pubkey)
    }
}

/// What bytes do that begin as no instruction.
const NOTHING: &str = "(nothing)";

/// The instruction of a call in this world; `None` where the world has nothing for it to act on.
pub fn build(world: &World, call: &Call) -> Option<Built> {
    let by = world.actor(call.by);
    let mut instruction = Deeds { world, by }.instruction(&call.deed)?;
    for twist in &call.twists {
        twist::apply(world, &mut instruction, twist);
    }
    let bent = !call.twists.is_empty() || matches!(call.deed, Deed::Garbage { .. });
    let does = interface::instruction(&instruction.data).map_or(NOTHING, |known| &known.name);
    Some(Built { instruction, name: call.deed.name(), does, bent })
}

/// What an actor does in a world.
struct Deeds<'a> {
    world: &'a World,
    by: Pubkey,
}

impl Deeds<'_> {
    fn instruction(&self, deed: &Deed) -> Option<Instruction> {
        let world = self.world;
        Some(match *deed {
            Deed::OpenObligation { vault, id } => {
                let account = Account { vault: world.house(vault).key, owner: self.by, id: id.into() };
                instruction::open_obligation(&account)
            }
            Deed::CloseObligation { of } => instruction::close_obligation(&self.account(of)?),
            Deed::Deposit { of, asset, amount, show } => {
                let (account, market, asset) = self.place(of, asset)?;
                let held = world.tokens(&asset.wallet(&account.owner));
                let amount = self.units(amount, market, held)?;
                let reserves = match self.obligation(&account) {
                    Some(obligation) if show && obligation.has_debt() => {
                        reserves_with(&obligation, asset.reserve())
                    }
                    _ => vec![],
                };
                instruction::top_up(&account, &asset, amount, &reserves)
            }
            Deed::Withdraw { of, asset, amount } => {
                let (account, market, any) = self.place(of, asset)?;
                let obligation = self.obligation(&account)?;
                // the deposit at this place, or any asset where there is none
                let (market, asset) =
                    self.position(&obligation, Side::Deposit, asset).unwrap_or((market, any));
                let amount = self.units(amount, market, self.deposited(&obligation, &asset))?;
                let reserves = if amount == u64::MAX {
                    reserves_without(&obligation, asset.reserve())
                } else {
                    reserves_of(&obligation)
                };
                instruction::withdraw(&account, &asset, amount, &reserves)
            }
            Deed::Borrow { of, asset, amount } => {
                let (account, market, asset) = self.place(of, asset)?;
                let obligation = self.obligation(&account)?;
                let amount = self.units(amount, market, self.room(&account, &asset))?;
                instruction::borrow(&account, &asset, amount, &reserves_with(&obligation, asset.reserve()))
            }
            Deed::Repay { of, asset, amount } => {
                let account = self.account(of)?;
                let obligation = self.obligation(&account)?;
                // the debt at this place, or any asset where there is none
                let (market, asset) = self.position(&obligation, Side::Debt, asset).or_else(|| {
                    world.asset(world.houses.iter().find(|house| house.key == account.vault)?, asset)
                })?;
                let amount = self.units(amount, market, self.owed(&obligation, &asset))?;
                instruction::repay(self.by, account.obligation(), &asset, amount)
            }
            Deed::SoftLiquidate { of, debt, deposit, best, most, least, shares } => {
                self.tranche(of, (debt, deposit, best), most, least, shares)?
            }
            Deed::AbsorbLoss { of } => {
                let account = self.account(of)?;
                let reserves = reserves_of(&self.obligation(&account)?);
                let absorb = safety::absorb_loss(self.by, account.vault, account.obligation(), &reserves);
                self.recording(absorb, account.vault)
            }
            Deed::RefreshReserves { vault, first, count } => {
                let house = world.house(vault);
                world.refresh(house.key, &slice(&house.listed, first, count))
            }
            Deed::RefreshObligation { of } => {
                let account = self.account(of)?;
                let reserves = reserves_of(&self.obligation(&account)?);
                instruction::refresh_obligation(account.vault, account.obligation(), &reserves)
            }
            Deed::TripBreaker { vault, asset, signal } => {
                let house = world.house(vault);
                let (_, asset) = world.asset(house, asset)?;
                let signal = SIGNALS[usize::from(signal) % SIGNALS.len()];
                match signal {
                    Signal::VaultLoss | Signal::VaultGuardedShare => {
                        safety::trip_vault(house.key, signal, &self.all_reserves(house.key))
                    }
                    Signal::VaultAttestation => safety::trip_vault(house.key, signal, &[]),
                    _ => safety::trip_reserve(&asset, signal),
                }
            }
            Deed::StepBreaker { vault, asset } => {
                let house = world.house(vault);
                let asset = asset.and_then(|asset| world.asset(house, asset));
                safety::step_breaker(house.key, asset.map(|(_, asset)| asset.reserve()))
            }
            Deed::Tighten { vault, asset, halted, seconds } => {
                let house = world.house(vault);
                let asset = asset.and_then(|asset| world.asset(house, asset));
                let to = if halted { TightenTo::Halted } else { TightenTo::Guarded };
                let reserve = asset.map(|(_, asset)| asset.reserve());
                tighten(self.by, house.key, reserve, to, seconds.into())
            }
            Deed::AttestSolvency { vault, first, count } => {
                let house = world.house(vault);
                let assets: Vec<Asset> = slice(&house.listed, first, count)
                    .iter()
                    .map(|market| world.markets[*market].asset(house.key))
                    .collect();
                instruction::attest_solvency(house.key, &assets)
            }
            Deed::AuditBook { vault, step, of } => self.audit(vault, step, of)?,
            Deed::CollectFees { vault, asset } => {
                let house = world.house(vault);
                let recipient = world.vault(&house.key)?.fee_recipient;
                instruction::collect_fees(&world.asset(house, asset)?.1, &recipient)
            }
            Deed::MigrateAccount { vault, account } => {
                let house = world.house(vault);
                // mostly what has to migrate, where there is such
                let old = world.old(house);
                let pool = if old.is_empty() || account % 8 == 0 { &world.pool } else { &old };
                let account = pool[usize::from(account) % pool.len()];
                let alone = account == house.key;
                instruction::migrate_account(self.by, house.key, (!alone).then_some(account))
            }
            Deed::Garbage { instruction, seed, accounts } => self.garbage(instruction, seed, accounts),
            _ => return self.governing(deed).or_else(|| self.insuring(deed)),
        })
    }

    /// A pair of an obligation: the client's best, or any.
    fn tranche(
        &self,
        of: Pick,
        (debt, deposit, best): (u8, u8, bool),
        most: Amount,
        least: u64,
        shares: bool,
    ) -> Option<Instruction> {
        let world = self.world;
        let account = self.account(of)?;
        let obligation = self.obligation(&account)?;
        let active = obligation.active();
        let places = |side| {
            let on_side = active.iter().enumerate().filter(move |(_, p)| p.side() == Some(side));
            on_side.map(|(place, _)| place).collect::<Vec<usize>>()
        };
        let any = |places: Vec<usize>, number: u8| {
            usize::from(number).checked_rem(places.len()).map(|place| places[place])
        };
        let planned = || {
            let clock = world.clock();
            let look = |book: &ballast_client::plan::Portfolio| {
                book.best_tranche(Usd(i128::from(u64::MAX))).ok().flatten()
            };
            world.portfolio(&account.obligation(), &clock, look).flatten()
        };
        let pair = if best { planned().map(|(debt, deposit, _)| (debt, deposit)) } else { None };
        let (debt, deposit) = match pair {
            Some(pair) => pair,
            None => (any(places(Side::Debt), debt)?, any(places(Side::Deposit), deposit)?),
        };
        let asset = |place: usize| self.asset_of(&active[place].reserve);
        let ((market, debt), (_, deposit)) = (asset(debt)?, asset(deposit)?);
        let reserves = reserves_of(&obligation);
        let own = Account { vault: account.vault, owner: self.by, id: 0 };
        let tranche = Tranche {
            liquidator: self.by,
            obligation: account.obligation(),
            debt: &debt,
            deposit: &deposit,
            reserves: &reserves,
            max_repay: self.units(most, market, self.owed(&obligation, &debt))?,
            min_received: least,
            shares_to: shares.then(|| own.obligation()),
        };
        let tranche = safety::absorbing(instruction::soft_liquidate(&tranche), &reserves);
        Some(self.recording(tranche, account.vault))
    }

    /// With the vault's fund where it has one.
    fn recording(&self, instruction: Instruction, vault: Pubkey) -> Instruction {
        let house = self.world.houses.iter().find(|house| house.key == vault && house.fund.is_some());
        match house.and_then(|house| self.world.fund(house)) {
            Some(fund) => insurance::recording_losses(instruction, fund.address()),
            None => instruction,
        }
    }

    fn audit(&self, vault: u8, step: u8, of: Pick) -> Option<Instruction> {
        let vault = self.world.house(vault).key;
        match step {
            0..=2 => Some(instruction::begin_audit(vault)),
            3 => Some(instruction::finish_audit(vault, &self.all_reserves(vault))),
            _ => {
                let account = self.account(of)?;
                let reserves = reserves_of(&self.obligation(&account)?);
                Some(instruction::count_obligation(account.vault, account.obligation(), &reserves))
            }
        }
    }

    /// An instruction of the program with any bytes and any accounts.
    fn garbage(&self, number: u8, seed: u64, accounts: u8) -> Instruction {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut data = ballast_client::interface::discriminators()
            .nth(usize::from(number) % ballast_client::interface::discriminators().count().max(1))
            .unwrap_or_default();
        for _ in 0..rng.random_range(0..64) {
            data.push(rng.random());
        }
        let pool = &self.world.pool;
        let mut metas: Vec<AccountMeta> = (0..accounts)
            .map(|_| {
                let key = pool[rng.random_range(0..pool.len())];
                AccountMeta { pubkey: key, is_signer: false, is_writable: rng.random() }
            })
            .collect();
        if let Some(first) = metas.first_mut() {
            *first = AccountMeta::new(self.by, true);
        }
        Instruction { program_id: ballast::ID, accounts: metas, data }
    }

    fn deposited(&self, obligation: &Obligation, asset: &Asset) -> u64 {
        let key = asset.reserve();
        let (Ok((_, shares)), Some(reserve)) =
            (obligation.position(&key, Side::Deposit), self.world.svm.state::<Reserve>(&key))
        else {
            return 0;
        };
        reserve.accrued_ledger(now(self.world)).deposit_amount_down(DepositShares(shares)).0
    }

    fn owed(&self, obligation: &Obligation, asset: &Asset) -> u64 {
        let key = asset.reserve();
        let (Ok((_, shares)), Some(reserve)) =
            (obligation.position(&key, Side::Debt), self.world.svm.state::<Reserve>(&key))
        else {
            return 0;
        };
        reserve.accrued_ledger(now(self.world)).debt_amount_up(DebtShares(shares)).0
    }

    /// About what may be borrowed, and half as much again.
    fn room(&self, account: &Account, asset: &Asset) -> u64 {
        let clock = self.world.clock();
        let excess = |book: &ballast_client::plan::Portfolio| {
            book.opening().map_or(0, |score| score.excess().0.max(0))
        };
        let excess = self.world.portfolio(&account.obligation(), &clock, excess).unwrap_or(0);
        let Some(reserve) = self.world.svm.state::<Reserve>(&asset.reserve()) else { return 0 };
        // a borrowed dollar asks for a tenth to a half, so this is about too much as often as not
        let amount = reserve.price.spot.as_risk().amount_down(Usd(excess.saturating_mul(3)));
        amount.map_or(0, |amount| amount.0).min(reserve.books.free_tokens)
    }

    /// `None` for a part of nothing: nobody tries that often.
    fn units(&self, amount: Amount, market: usize, part_of: u64) -> Option<u64> {
        Some(match amount {
            Amount::Units(units) => units,
            Amount::All => u64::MAX,
            Amount::Dollars(dollars) => worth(&self.world.markets[market], dollars.into()),
            Amount::Part(_) if part_of == 0 => return None,
            Amount::Part(bps) => {
                u64::try_from(u128::from(part_of) * u128::from(bps) / 10_000).unwrap_or(u64::MAX)
            }
        })
    }
}

impl World {
    /// Whether a book is below its requirement.
    pub fn is_unhealthy(&self, obligation: &Pubkey, clock: &anchor_lang::prelude::Clock) -> bool {
        let Some(state) = self.svm.state::<Obligation>(obligation) else { return false };
        if !state.has_debt() {
            return false;
        }
        let healthy = |book: &ballast_client::plan::Portfolio| {
            book.maintenance().map_or(true, |score| score.is_healthy())
        };
        !self.portfolio(obligation, clock, healthy).unwrap_or(true)
    }

    /// The state that holds in a breaker of a reserve.
    pub fn state_of(&self, reserve: &Pubkey) -> State {
        let reserve: Option<Reserve> = self.svm.state(reserve);
        reserve.map_or(State::Normal, |reserve| reserve.breaker.as_risk().state_at(now(self)))
    }
}

/// Seconds since the epoch.
pub fn now(world: &World) -> u64 {
    ballast::oracle::now(&world.clock())
}

/// Some of a list, in its order, beginning anywhere.
fn slice(list: &[usize], first: u8, count: u8) -> Vec<usize> {
    let skip = usize::from(first).checked_rem(list.len()).unwrap_or(0);
    list.iter().cycle().skip(skip).take(usize::from(count).min(list.len())).copied().collect()
}

/// Every signal of `trip_breaker`.
const SIGNALS: [Signal; 14] = [
    Signal::Average,
    Signal::Confidence,
    Signal::Jump,
    Signal::Rate,
    Signal::Stale,
    Signal::Outflow,
    Signal::Inflow,
    Signal::Loss,
    Signal::Deficit,
    Signal::Frozen,
    Signal::VaultLoss,
    Signal::VaultDeficit,
    Signal::VaultAttestation,
    Signal::VaultGuardedShare,
];
