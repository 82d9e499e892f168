//! Random valid models, assets and books.

use ballast_risk::{
    model::{AssetRisk, RiskModel, MAX_BETA, MAX_BONUS, MAX_GROUPS, MAX_POSITIONS, MAX_ROWS},
    presets,
    score::Exposure,
    Bps, Usd,
};
use rand::{seq::SliceRandom, Rng};
use rand_chacha::ChaCha8Rng;

/// A model with the assets of its vault.
#[derive(Clone, Debug)]
pub struct Setting {
    pub model: RiskModel,
    pub assets: Vec<AssetRisk>,
    /// The preset it is, if it is one.
    pub preset: Option<presets::Preset>,
}

impl Setting {
    /// One in eight is a preset.
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        match rng.random_range(0..24) {
            0 => Self::of_preset(presets::balanced().unwrap()),
            1 => Self::of_preset(presets::calm().unwrap()),
            2 => Self::of_preset(presets::safe().unwrap()),
            _ => Self::invented(rng),
        }
    }

    /// A preset with all its assets.
    pub fn of_preset(preset: presets::Preset) -> Self {
        let assets = presets::ASSETS.iter().map(|&kind| preset.asset(kind).unwrap().risk).collect();
        Self { model: preset.model, assets, preset: Some(preset) }
    }

    fn invented(rng: &mut ChaCha8Rng) -> Self {
        let groups = rng.random_range(1..=MAX_GROUPS);
        let rows = rng.random_range(1..=MAX_ROWS);
        let opening = if rng.random_bool(0.3) { 10_000 } else { rng.random_range(10_000..=30_000u32) };
        let ceiling = 100_000_000 / opening; // margin × opening factor ≤ 100 %
        let share = |rng: &mut ChaCha8Rng, most: u32| match rng.random_range(0..6) {
            0 => 0,
            1 => most,
            2 => rng.random_range(0..=most),
            _ => rng.random_range(0..=most / 4),
        };
        let mut peak = [0u32; MAX_GROUPS];
        let mut basis = vec![Bps(0); groups];
        for g in 0..groups {
            peak[g] = share(rng, ceiling);
            basis[g] = Bps(share(rng, ceiling - peak[g]) as u16);
        }
        let mut table = vec![[0i16; MAX_GROUPS]; rows];
        for row in table.iter_mut().skip(1) {
            let calm = rng.random_bool(0.3);
            for g in 0..groups {
                let peak = peak[g] as i16;
                row[g] = match rng.random_range(0..6) {
                    0 | 1 if calm => 0,
                    0 => peak / 2,
                    1 => -peak / 2,
                    2 => peak,
                    3 => -peak,
                    _ => rng.random_range(-peak..=peak),
                };
            }
        }
        let debt_floor = MAX_BONUS.0 + if rng.random_bool(0.5) { 1 } else { rng.random_range(1..=2_000) };
        let model = RiskModel::new(
            &table,
            &basis,
            rng.random_range(0..groups) as u8,
            Bps(rng.random_range(0..=10_000)),
            Bps(debt_floor),
            Bps(opening as u16),
        )
        .expect("a valid model");
        let assets = (0..MAX_POSITIONS).map(|_| invented_asset(rng, &model)).collect();
        Self { model, assets, preset: None }
    }

    /// One asset at a value.
    pub fn exposure(&self, asset: usize, value: i128) -> Exposure {
        let risk = &self.assets[asset];
        Exposure { value: Usd(value), beta: risk.beta, idio: risk.idio, group: risk.group }
    }

    /// Whether no asset's net is ever rounded: all betas are 1.
    pub fn has_whole_betas(&self) -> bool {
        self.assets.iter().all(|asset| asset.beta.0 == 10_000)
    }

    /// Different assets in random order.
    pub fn some_assets(&self, rng: &mut ChaCha8Rng, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.assets.len()).collect();
        order.shuffle(rng);
        order.truncate(count);
        order
    }

    /// A book of 0 to 16 positions of different assets, values log-uniform from 1 micro-USD to 1e15, either all over that
    /// range or all of one size, long, short or mixed.
    pub fn book(&self, rng: &mut ChaCha8Rng) -> Vec<Exposure> {
        let count = rng.random_range(0..=self.assets.len());
        let values = values(rng, count);
        self.some_assets(rng, count).into_iter().zip(values).map(|(a, v)| self.exposure(a, v)).collect()
    }
}

fn invented_asset(rng: &mut ChaCha8Rng, model: &RiskModel) -> AssetRisk {
    let group = rng.random_range(0..model.group_count);
    for _ in 0..8 {
        let beta = match rng.random_range(0..4) {
            0 => 10_000,
            1 => rng.random_range(0..=MAX_BETA.0),
            2 => rng.random_range(0..=100),
            _ => rng.random_range(8_000..=12_000),
        };
        let idio = if rng.random_bool(0.5) { 0 } else { rng.random_range(0..=3_000) };
        let asset = AssetRisk { beta: Bps(beta), idio: Bps(idio), group, reserved: [0; 3] };
        if model.validate_asset(&asset).is_ok() {
            return asset;
        }
    }
    let plain = AssetRisk { beta: Bps(10_000), group, ..AssetRisk::default() };
    model.validate_asset(&plain).expect("a group's own margin leaves room for it");
    plain
}

/// Log-uniform in 1..=1e15.
pub fn size(rng: &mut ChaCha8Rng) -> i128 {
    log_uniform(rng, 0.0, 15.0)
}

/// Log-uniform between two powers of ten.
pub fn log_uniform(rng: &mut ChaCha8Rng, from: f64, to: f64) -> i128 {
    10f64.powf(rng.random_range(from..to)) as i128
}

fn values(rng: &mut ChaCha8Rng, count: usize) -> Vec<i128> {
    let (common, alike) = (size(rng), rng.random_bool(0.6));
    let long = [0.0, 0.3, 0.5, 0.7, 1.0][rng.random_range(0..5)];
    (0..count)
        .map(|_| {
            let size = match rng.random_range(0..20) {
                0 => 1,
                1 => common,
                _ if alike => (common * rng.random_range(1..=4_000i128) / 1_000).max(1),
                _ => size(rng),
            };
            if rng.random_bool(long) {
                size
            } else {
                -size
            }
        })
        .collect()
}
