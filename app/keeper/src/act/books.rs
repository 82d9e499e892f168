//! What the slower cranks look at: a vault, its reserves with their token accounts, its reports, its fund and its pending changes.
//! Read in one call, so that tokens and books are of the same slot.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::sysvar::SysvarId,
};
use anchor_spl::token_2022::spl_token_2022::{
    extension::StateWithExtensions,
    state::{Account as TokenState, AccountState},
};
use ballast::{
    oracle::now,
    state::{Audit, Change, FundAccount, Reserve, RollAccount, Vault},
};
use ballast_client::{account, address, decode, governance::decode_change, insurance::Fund, Asset};
use ballast_risk::{Seconds, TokenAmount};

/// Pending changes that are looked at: the newest. Older ones have expired, but where their clocks stood still for long.
const CHANGES: u64 = 32;

/// A token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// What it holds.
    pub held: TokenAmount,
    /// Whether its issuer froze it.
    pub is_frozen: bool,
}

impl Tokens {
    /// Reads a token account; `None` where the data is none of one.
    pub fn read(data: &[u8]) -> Option<Self> {
        let account = StateWithExtensions::<TokenState>::unpack(data).ok()?.base;
        let is_frozen = account.state == AccountState::Frozen;
        Some(Self { held: TokenAmount(account.amount), is_frozen })
    }
}

/// A reserve with its token account.
#[derive(Debug)]
pub struct Kept {
    /// Its asset.
    pub asset: Asset,
    /// Its account.
    pub reserve: Box<Reserve>,
    /// Its token account.
    pub tokens: Tokens,
}

/// A vault's insurance fund.
#[derive(Debug)]
pub struct Insured {
    /// The fund; its asset is the one of its mint.
    pub fund: Fund,
    /// Its account.
    pub account: Box<FundAccount>,
    /// Its roll of validators.
    pub roll: Box<RollAccount>,
}

/// A vault as of one slot.
#[derive(Debug)]
pub struct Books {
    /// The cluster's clock.
    pub clock: Clock,
    /// The vault's address.
    pub key: Pubkey,
    /// The vault.
    pub vault: Box<Vault>,
    /// Its reserves, in its order.
    pub reserves: Vec<Kept>,
    /// The report of audits.
    pub audit: Option<Box<Audit>>,
    /// The fund, where there is one.
    pub insured: Option<Insured>,
    /// Changes that were proposed and neither executed nor cancelled.
    pub changes: Vec<Change>,
}

impl Books {
    /// The accounts to read, for [`Books::read`]; `last_change` is the vault's. At most 100 up to 31 reserves, as many as RPC
    /// nodes read at once.
    pub fn addresses(vault: &Pubkey, assets: &[Asset], last_change: u64) -> Vec<Pubkey> {
        let mut all = vec![Clock::id(), *vault, address::audit(vault)];
        if let Some(asset) = assets.first() {
            // Any asset of the vault leads to its fund.
            let fund = Fund { asset: *asset };
            all.extend([fund.address(), fund.roll()]);
        }
        all.extend(assets.iter().flat_map(|asset| [asset.reserve(), asset.tokens()]));
        let first = last_change.saturating_sub(CHANGES) + 1;
        all.extend((first..=last_change).map(|number| address::change(vault, number)));
        all
    }

    /// Reads accounts in the order of [`Books::addresses`]: their data, `None` for those that do not exist. `None` where the vault
    /// or a reserve is missing.
    pub fn read(key: Pubkey, assets: &[Asset], accounts: &[Option<Vec<u8>>]) -> Option<Self> {
        let mut data = accounts.iter().map(Option::as_deref);
        let mut next = || data.next().flatten();
        let clock = account::clock(next()?)?;
        let vault = Box::new(decode::<Vault>(next()?)?);
        let audit = next().and_then(decode::<Audit>).map(Box::new);
        let fund = (!assets.is_empty()).then(|| (next(), next()));
        let mut reserves = vec![];
        for asset in assets {
            let reserve = Box::new(decode::<Reserve>(next()?)?);
            reserves.push(Kept { asset: *asset, reserve, tokens: Tokens::read(next()?)? });
        }
        let insured = fund.and_then(|(account, roll)| {
            let account = Box::new(decode::<FundAccount>(account?)?);
            let asset = assets.iter().find(|asset| asset.mint == account.mint)?;
            let roll = Box::new(decode::<RollAccount>(roll?)?);
            Some(Insured { fund: Fund { asset: *asset }, account, roll })
        });
        let changes = data.flatten().filter_map(decode_change).collect();
        Some(Self { clock, key, vault, reserves, audit, insured, changes })
    }

    /// The cluster's time.
    pub fn now(&self) -> Seconds {
        now(&self.clock)
    }
}
