//! What a sequence plays in: vaults with their reserves and funds, people with wallets, an oracle, validators.

use crate::svm::{decode, is_old, Svm};
use anchor_lang::prelude::{Clock, Pubkey};
use anchor_spl::token_2022::spl_token_2022::{
    extension::StateWithExtensions,
    state::{Account as TokenState, AccountState},
};
use ballast::state::{FundAccount, Obligation, Reserve, StakeAccount, Vault};
use ballast_client::{
    address::{attestation, audit, Account, Asset},
    insurance::Fund,
    plan::Portfolio,
    view::feeds_of,
};
use ballast_tests::{old::as_version_1, Market};
use solana_account::{AccountSharedData, ReadableAccount};
use std::collections::{BTreeMap, BTreeSet};

/// People who lend, borrow, liquidate and attack; behind them stand the roles and the validators.
pub const PEOPLE: usize = 10;
/// The curator's place among the actors.
pub const CURATOR: usize = PEOPLE;
/// The guardian's.
pub const GUARDIAN: usize = PEOPLE + 1;
/// The fee recipient's.
pub const RECIPIENT: usize = PEOPLE + 2;
/// The first validator's.
pub const VALIDATORS: usize = PEOPLE + 3;

/// A vault.
#[derive(Clone, Debug)]
pub struct House {
    /// Its address.
    pub key: Pubkey,
    /// Places of its assets among the markets.
    pub listed: Vec<usize>,
    /// The market of its fund's mint, once it has one.
    pub fund: Option<usize>,
}

/// Everything that a sequence can see and change.
#[derive(Clone)]
pub struct World {
    /// The cluster.
    pub svm: Svm,
    /// Everybody who signs: people, roles, node identities.
    pub actors: Vec<Pubkey>,
    /// Vote account of each validator, in the order of their identities.
    pub vote_accounts: Vec<Pubkey>,
    /// Every token, with the price that an honest oracle would post.
    pub markets: Vec<Market>,
    /// The feed of the liquid-staked token's rate, as a market that nobody trades.
    pub rate: Market,
    /// Markets whose feed posts nothing now.
    pub silent: BTreeSet<usize>,
    /// All vaults.
    pub houses: Vec<House>,
    /// All open obligations.
    pub obligations: BTreeMap<Pubkey, Account>,
    /// All open stakes, with their funds.
    pub stakes: BTreeMap<Pubkey, Pubkey>,
    /// Tokens that vanished, by token account of a reserve.
    pub missing: BTreeMap<Pubkey, u64>,
    /// Addresses that hostile instructions pass in the place of others.
    pub pool: Vec<Pubkey>,
}

impl World {
    /// An actor, whatever the number.
    pub fn actor(&self, number: u8) -> Pubkey {
        self.actors[usize::from(number) % self.actors.len()]
    }

    /// A vault, whatever the number.
    pub fn house(&self, number: u8) -> &House {
        &self.houses[usize::from(number) % self.houses.len()]
    }

    /// An asset of a vault, whatever the number. `None` in a vault without assets.
    pub fn asset(&self, house: &House, number: u8) -> Option<(usize, Asset)> {
        let place = usize::from(number).checked_rem(house.listed.len())?;
        let market = house.listed[place];
        Some((market, self.markets[market].asset(house.key)))
    }

    /// The fund of a vault; of a vault without one, the fund that it would have in its first asset.
    pub fn fund(&self, house: &House) -> Option<Fund> {
        let market = house.fund.or_else(|| house.listed.first().copied())?;
        Some(Fund { asset: self.markets[market].asset(house.key) })
    }

    /// The clock.
    pub fn clock(&self) -> Clock {
        self.svm.clock()
    }

    /// A vault's account.
    pub fn vault(&self, key: &Pubkey) -> Option<Vault> {
        self.svm.state(key)
    }

    /// Price accounts that a refresh of a reserve reads.
    pub fn price_accounts(&self, reserve: &Reserve) -> Vec<Pubkey> {
        let account_of = |feed: &[u8; 32]| {
            let market = self.markets.iter().chain([&self.rate]).find(|market| market.feed_id == *feed);
            market.map_or_else(Pubkey::default, |market| market.price_account)
        };
        feeds_of(reserve).iter().map(account_of).collect()
    }

    /// Tokens in a token account; 0 where there is none.
    pub fn tokens(&self, key: &Pubkey) -> u64 {
        self.svm.account(key).map_or(0, tokens_in)
    }

    /// Looks at an obligation with everything that scoring it takes, at a clock of choice.
    pub fn portfolio<T>(&self, key: &Pubkey, clock: &Clock, look: impl FnOnce(&Portfolio) -> T) -> Option<T> {
        Book::of(&self.svm, key)?.look(clock, look)
    }

    /// Remembers what a transaction made or closed. `touched`: the accounts that it could write.
    pub fn notice(&mut self, touched: &[Pubkey]) {
        for key in touched {
            let account = self.svm.account(key);
            if let Some(obligation) = account.and_then(decode::<Obligation>) {
                let Obligation { vault, owner, id, .. } = obligation;
                self.obligations.insert(*key, Account { vault, owner, id });
            } else if let Some(stake) = account.and_then(decode::<StakeAccount>) {
                self.stakes.insert(*key, stake.fund);
            } else {
                self.obligations.remove(key);
                self.stakes.remove(key);
            }
        }
    }

    /// Remembers new vaults, reserves and funds. Only what makes such is followed by this.
    pub fn notice_houses(&mut self, touched: &[Pubkey]) {
        for key in touched {
            let Some(account) = self.svm.account(key) else { continue };
            if decode::<Vault>(account).is_some() && self.houses.iter().all(|house| house.key != *key) {
                self.houses.push(House { key: *key, listed: vec![], fund: None });
                self.pool.push(*key);
            } else if let Some(reserve) = decode::<Reserve>(account) {
                let market = self.markets.iter().position(|market| market.mint == reserve.mint);
                let house = self.houses.iter_mut().find(|house| house.key == reserve.vault);
                if let (Some(market), Some(house)) = (market, house) {
                    if !house.listed.contains(&market) {
                        house.listed.push(market);
                        self.pool.extend([*key, reserve.token_account]);
                    }
                }
            } else if let Some(fund) = decode::<FundAccount>(account) {
                let market = self.markets.iter().position(|market| market.mint == fund.mint);
                if let Some(house) = self.houses.iter_mut().find(|house| house.key == fund.vault) {
                    if house.fund.is_none() {
                        self.pool.extend([*key, fund.token_account]);
                    }
                    house.fund = market;
                }
            }
        }
    }

    /// Adds tokens to a token account of a market, as if its holder had got them elsewhere. Refused where they would not fit.
    pub fn give(&mut self, market: usize, key: Pubkey, amount: u64) -> bool {
        let Some(account) = self.svm.account(&key) else { return false };
        let Ok(state) = StateWithExtensions::<TokenState>::unpack(account.data()) else { return false };
        let (state, market) = (state.base, self.markets[market]);
        let Some(sum) = state.amount.checked_add(amount) else { return false };
        if state.mint != market.mint {
            return false;
        }
        market.write_tokens(&mut self.svm, key, &state.owner, sum, state.state);
        true
    }

    /// Takes part of a reserve's tokens away.
    pub fn vanish(&mut self, house: &House, market: usize, part: u16) {
        let market = self.markets[market];
        let key = market.asset(house.key).tokens();
        let Some(state) = self.svm.account(&key).and_then(token_state) else { return };
        let gone = u128::from(state.amount) * u128::from(part.min(10_000)) / 10_000;
        let gone = u64::try_from(gone).unwrap_or(u64::MAX);
        market.write_tokens(&mut self.svm, key, &state.owner, state.amount - gone, state.state);
        *self.missing.entry(key).or_default() += gone;
    }

    /// Puts a vault back into the layouts of version 1. Nothing happens to one that has what version 1 did not know: a fund, or
    /// changes that were proposed after its opening.
    pub fn age(&mut self, house: &House) {
        let Some(vault) = self.vault(&house.key) else { return };
        if vault.has_fund == 1 || vault.last_change > 1 {
            return;
        }
        for key in self.migrating(house) {
            let Some(account) = self.svm.account(&key) else { continue };
            if let Some(old) = as_version_1(&account.clone().into()) {
                self.svm.put(key, old);
            }
        }
    }

    /// Accounts of a vault that have older layouts still.
    pub fn old(&self, house: &House) -> Vec<Pubkey> {
        let mut keys = self.migrating(house);
        keys.retain(|key| self.svm.account(key).is_some_and(is_old));
        keys
    }

    /// The accounts of a vault that migrate.
    fn migrating(&self, house: &House) -> Vec<Pubkey> {
        let mut keys = vec![house.key, attestation(&house.key), audit(&house.key)];
        keys.extend(house.listed.iter().map(|market| self.markets[*market].asset(house.key).reserve()));
        keys.extend(self.obligations.iter().filter(|(_, of)| of.vault == house.key).map(|(key, _)| *key));
        keys
    }

    /// Whether a reserve has fewer tokens than its books say.
    pub fn is_short(&self, reserve: &Reserve) -> bool {
        self.tokens(&reserve.token_account) < reserve.books.free_tokens
    }

    /// Freezes a reserve's token account, as the issuer may, or thaws it.
    pub fn set_frozen(&mut self, house: &House, market: usize, frozen: bool) {
        let market = self.markets[market];
        let key = market.asset(house.key).tokens();
        let state = if frozen { AccountState::Frozen } else { AccountState::Initialized };
        let held = self.tokens(&key);
        market.write_tokens(&mut self.svm, key, &house.key, held, state);
    }
}

/// Tokens in a token account.
pub fn tokens_in(account: &AccountSharedData) -> u64 {
    token_state(account).map_or(0, |state| state.amount)
}

fn token_state(account: &AccountSharedData) -> Option<TokenState> {
    StateWithExtensions::<TokenState>::unpack(account.data()).ok().map(|state| state.base)
}

/// An obligation with its vault and reserves.
pub struct Book {
    /// The obligation.
    pub obligation: Obligation,
    /// Its vault.
    pub vault: Vault,
    /// Reserves of its positions, in order.
    pub reserves: Vec<Reserve>,
}

impl Book {
    /// As the accounts of a cluster are.
    pub fn of(svm: &Svm, key: &Pubkey) -> Option<Self> {
        Self::read(key, |key| svm.account(key))
    }

    /// From accounts of any source.
    pub fn read<'a>(
        key: &Pubkey,
        account: impl Fn(&Pubkey) -> Option<&'a AccountSharedData>,
    ) -> Option<Self> {
        let obligation: Obligation = decode(account(key)?)?;
        let vault = decode(account(&obligation.vault)?)?;
        let reserves = obligation
            .active()
            .iter()
            .map(|position| decode(account(&position.reserve)?))
            .collect::<Option<_>>()?;
        Some(Self { obligation, vault, reserves })
    }

    /// Looks at it at this clock.
    pub fn look<T>(&self, clock: &Clock, look: impl FnOnce(&Portfolio) -> T) -> Option<T> {
        let reserves = self.reserves.iter().collect();
        Some(look(&Portfolio { vault: &self.vault, obligation: &self.obligation, reserves, clock }))
    }
}
