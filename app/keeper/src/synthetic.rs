//! A made-up vault of any size, for benches and tests: the balanced preset's assets and books of two to five positions, most of
//! them with SOL against a stable.

use anchor_lang::prelude::{Clock, Pubkey};
use ballast::{
    constants::STATE_VERSION,
    state::{obligation::Side, Obligation, PriceState, Reserve, Vault},
};
use ballast_risk::{
    presets::{balanced, ASSETS},
    price::Observation,
    reserve::Ledger,
    Bps, DebtShares, DepositShares, RiskError, TokenAmount,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// When the made-up vault lives, seconds since the epoch.
pub const NOW: u64 = 1_760_000_000;
/// Whole-dollar prices of the preset's assets.
pub const PRICES: [i64; 6] = [110_000, 4_000, 200, 230, 1, 3];
/// Exponent of all prices.
const EXPONENT: i32 = -8;
/// Decimals of all tokens.
const DECIMALS: u8 = 6;
/// Places of SOL and of the stable in the preset.
const SOL: usize = 2;
const STABLE: usize = 4;

/// A made-up vault's source of accounts.
pub struct Synthetic {
    /// The vault's address.
    pub vault: Pubkey,
    random: ChaCha8Rng,
    made: u64,
}

/// A clock at this many seconds after [`NOW`], a slot every 400 ms.
pub fn clock(after: u64) -> Clock {
    Clock {
        slot: 1_000 + after * 5 / 2,
        unix_timestamp: i64::try_from(NOW + after).unwrap_or(i64::MAX),
        ..Clock::default()
    }
}

/// Address of the reserve of an asset.
pub fn reserve_address(asset: usize) -> Pubkey {
    Pubkey::new_from_array([0x40 + asset as u8; 32])
}

impl Synthetic {
    /// The same accounts for the same seed.
    pub fn new(seed: u64) -> Self {
        Self { vault: Pubkey::new_from_array([7; 32]), random: ChaCha8Rng::seed_from_u64(seed), made: 0 }
    }

    /// The vault's account.
    pub fn vault_account(&self) -> Result<Vault, RiskError> {
        let preset = balanced()?;
        let mut vault: Vault = bytemuck::Zeroable::zeroed();
        vault.version = STATE_VERSION;
        vault.reserve_count = ASSETS.len() as u8;
        vault.model = preset.model.into();
        vault.rules = preset.rules.into();
        for (asset, reserve) in vault.reserves.iter_mut().enumerate().take(ASSETS.len()) {
            *reserve = reserve_address(asset);
        }
        Ok(vault)
    }

    /// The account of an asset's reserve at this price, in parts per million of [`PRICES`].
    pub fn reserve_account(&self, asset: usize, price_ppm: i64, after: u64) -> Result<Reserve, RiskError> {
        let preset = balanced()?;
        let parameters = preset.asset(ASSETS[asset])?;
        let mut reserve: Reserve = bytemuck::Zeroable::zeroed();
        reserve.version = STATE_VERSION;
        reserve.index = asset as u8;
        reserve.decimals = DECIMALS;
        reserve.vault = self.vault;
        reserve.risk = parameters.risk.into();
        reserve.curve = parameters.curve.into();
        reserve.rates = parameters.rates.into();
        reserve.split = parameters.split.into();
        let mut ledger = Ledger::new(NOW);
        ledger.deposit_shares = DepositShares(1 << 60);
        ledger.debt_shares = DebtShares(1 << 59);
        ledger.free_tokens = TokenAmount(1 << 59);
        ledger.update_rate(&parameters.rates)?;
        reserve.books = ledger.into();
        let price = PRICES[asset] * 100 * price_ppm;
        let publish_time = NOW + after;
        let observation = Observation { price, confidence: 0, ema: price, exponent: EXPONENT, publish_time };
        let prices = observation.prices(DECIMALS, Bps(10_000))?;
        reserve.price = PriceState {
            spot: prices.spot.into(),
            low: prices.low.into(),
            high: prices.high.into(),
            price,
            ema: price,
            publish_time,
            posted_slot: clock(after).slot,
            exponent: EXPONENT,
            ..PriceState::default()
        };
        Ok(reserve)
    }

    /// The next obligation with its address: 2 to 5 positions, $500 to $50,000 of each deposit, and debts of 50 to 85 % of
    /// deposits.
    pub fn obligation(&mut self) -> (Pubkey, Obligation) {
        let mut obligation: Obligation = bytemuck::Zeroable::zeroed();
        obligation.version = STATE_VERSION;
        obligation.vault = self.vault;
        let mut address: [u8; 32] = self.random.random();
        address[24..].copy_from_slice(&self.made.to_le_bytes());
        self.made += 1;
        let deposits = self.random.random_range(1..=3);
        let debts = self.random.random_range(1..=2);
        let mut worth = 0.0;
        for number in 0..deposits {
            let asset = if number == 0 && self.random.random_bool(0.8) { SOL } else { self.other_asset() };
            let dollars = self.random.random_range(500.0..50_000.0);
            if self.add(&mut obligation, asset, Side::Deposit, dollars) {
                worth += dollars;
            }
        }
        let owed = worth * self.random.random_range(0.50..0.85) / f64::from(debts);
        for number in 0..debts {
            let asset = if number == 0 { STABLE } else { self.other_asset() };
            self.add(&mut obligation, asset, Side::Debt, owed);
        }
        (Pubkey::new_from_array(address), obligation)
    }

    fn other_asset(&mut self) -> usize {
        self.random.random_range(0..ASSETS.len())
    }

    /// Adds a position, where the asset is not in use already.
    fn add(&mut self, obligation: &mut Obligation, asset: usize, side: Side, dollars: f64) -> bool {
        let units = dollars / PRICES[asset] as f64 * 10f64.powi(i32::from(DECIMALS));
        let is_new = obligation.find(&reserve_address(asset)).is_none();
        is_new && obligation.add(&reserve_address(asset), 1, side, (units as u64).max(1), 0).is_ok()
    }
}
