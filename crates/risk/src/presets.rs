//! Parameter sets for a main vault of BTC, ETH, SOL with an LST, USDC and one alt: balanced (the default), calm and safe, and
//! two that were tuned in the stress lab, steady and still.
//!
//! They start from a search over mechanisms on October 2025 and June 2026; `docs/risk-model.md` says how margins are chosen.
//! Two departures from that search: the debt floor is 6 % instead of 5 % (it must lie above the highest bonus), and
//! the calm preset's five-minute cooldown is a five-minute pace window (a cooldown could be held by dust).

use crate::{
    interest::RateCurve,
    model::{AssetRisk, RiskModel, MAX_GROUPS},
    reserve::InterestSplit,
    tranche::{TrancheCurve, TrancheRules},
    units::Bps,
    Result,
};

/// Groups of the presets' models, in order.
pub const GROUP_NAMES: [&str; 5] = ["BTC", "ETH", "SOL", "USD", "ALT"];
/// Group of each asset kind.
const BTC: u8 = 0;
const ETH: u8 = 1;
const SOL: u8 = 2;
const USD: u8 = 3;
const ALT: u8 = 4;

/// What each scenario row says, in order.
pub const ROW_NAMES: [&str; 15] = [
    "nothing moves",
    "all crypto down",
    "all crypto up",
    "all crypto down by half",
    "BTC down while the others rise by half",
    "BTC up while the others fall by half",
    "ETH down while the others rise by half",
    "ETH up while the others fall by half",
    "SOL down while the others rise by half",
    "SOL up while the others fall by half",
    "ALT down while the others rise by half",
    "ALT up while the others fall by half",
    "USD stables depeg while crypto falls by half",
    "USD stables depeg alone",
    "ALT wicks on one venue while BTC and ETH rise by a quarter",
];

/// Which asset of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetKind {
    /// Bitcoin wrapper.
    Btc,
    /// Ether wrapper.
    Eth,
    /// SOL.
    Sol,
    /// Liquid-staked SOL: SOL's group, with a charge of its own, not borrowable.
    Lst,
    /// USD stable.
    Usd,
    /// A thin alt, not borrowable.
    Alt,
}

/// All kinds, in the presets' order.
pub const ASSETS: [AssetKind; 6] =
    [AssetKind::Btc, AssetKind::Eth, AssetKind::Sol, AssetKind::Lst, AssetKind::Usd, AssetKind::Alt];

/// A whole parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// The vault's model.
    pub model: RiskModel,
    /// The vault's tranche rules.
    pub rules: TrancheRules,
    /// Pace and bonus of majors, LST and stables.
    majors: TrancheCurve,
    /// Pace and bonus of the alt.
    alt: TrancheCurve,
}

/// Parameters of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetParameters {
    /// Its place in the model.
    pub risk: AssetRisk,
    /// How it is sold.
    pub curve: TrancheCurve,
    /// What it costs to borrow.
    pub rates: RateCurve,
    /// How its interest is split.
    pub split: InterestSplit,
    /// Rise of the opening charge when the vault holds the asset's whole depth.
    pub size_charge: Bps,
    /// Whether it may be borrowed.
    pub borrowable: bool,
    /// The liquidation threshold of an ordinary LTV protocol, for comparisons.
    pub ordinary_threshold: Bps,
}

/// What presets differ in: the rest is the same for all of them. [`Shape::build`] makes the whole set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The preset's name.
    pub name: &'static str,
    /// Whole margins (row + basis) of BTC, ETH, SOL, ALT, bps.
    pub margins: [i16; 4],
    /// See [`TrancheRules::window_seconds`].
    pub window_seconds: u32,
    /// See [`TrancheRules::backstop_urgency`].
    pub backstop_urgency: Bps,
    /// Pace and bonus of majors, LST and stables; its depth is filled in by asset.
    pub majors: TrancheCurve,
    /// Pace and bonus of the alt; its depth is filled in.
    pub alt: TrancheCurve,
}

const fn curve(pace: (u16, u16, u8), bonus: (u16, u16, u16), target: u16) -> TrancheCurve {
    TrancheCurve {
        depth: 0,
        bucket_refill_seconds: 60,
        bucket_share: Bps(100),
        target: Bps(target),
        pace_floor: Bps(pace.0),
        pace_urgency: Bps(pace.1),
        bonus_min: Bps(bonus.0),
        bonus_max: Bps(bonus.1),
        bonus_urgency: Bps(bonus.2),
        pace_exponent_halves: pace.2,
        bonus_exponent_halves: 3,
        reserved: 0,
    }
}

/// The default: later thresholds than LTV, paced by net risk.
pub fn balanced() -> Result<Preset> {
    BALANCED.build()
}

/// What [`balanced`] is made of.
pub const BALANCED: Shape = Shape {
    name: "balanced",
    margins: [1_450, 1_400, 1_700, 3_000],
    window_seconds: 75,
    backstop_urgency: Bps(9_000),
    majors: curve((30, 3_500, 3), (20, 500, 4_000), 10_400),
    alt: curve((50, 5_000, 3), (25, 500, 4_000), 10_300),
};

/// The same margins, sold more slowly.
pub fn calm() -> Result<Preset> {
    CALM.build()
}

/// What [`calm`] is made of.
pub const CALM: Shape = Shape {
    name: "calm",
    margins: [1_450, 1_400, 1_700, 3_000],
    window_seconds: 300,
    backstop_urgency: Bps(9_000),
    majors: curve((10, 7_500, 6), (20, 500, 4_000), 10_400),
    alt: curve((50, 6_000, 6), (25, 500, 4_000), 10_300),
};

/// Wider margins and a fast alt: more volume, less tail.
pub fn safe() -> Result<Preset> {
    SAFE.build()
}

/// What [`safe`] is made of.
pub const SAFE: Shape = Shape {
    name: "safe",
    margins: [1_700, 1_700, 2_100, 5_000],
    window_seconds: 75,
    backstop_urgency: Bps(5_000),
    majors: curve((30, 3_500, 3), (20, 500, 2_000), 10_400),
    alt: curve((200, 1_000, 2), (500, 500, 2_000), 14_000),
};

/// Balanced's margins, tuned in the stress lab: a thin asset is sold as slowly as a gap allows, and nobody is paid to hurry.
pub fn steady() -> Result<Preset> {
    STEADY.build()
}

/// What [`steady`] is made of. `docs/decisions/020-steady-and-still.md` has the evidence for each number.
pub const STEADY: Shape = Shape {
    name: "steady",
    margins: [1_450, 1_400, 1_700, 3_000],
    window_seconds: 75,
    backstop_urgency: Bps(9_000),
    majors: rising(curve((10, 5_000, 6), (20, 500, 6_000), 10_400), 6),
    alt: rising(curve((10, 9_000, 12), (25, 500, 10_000), 10_300), 8),
};

/// The slowest: what a liquidated borrower loses is a fraction of [`steady`]'s, for more tail.
pub fn still() -> Result<Preset> {
    STILL.build()
}

/// What [`still`] is made of.
pub const STILL: Shape = Shape {
    name: "still",
    margins: [1_450, 1_400, 1_700, 3_000],
    window_seconds: 900,
    backstop_urgency: Bps(9_000),
    majors: rising(curve((1, 10_000, 8), (15, 500, 4_000), 10_400), 4),
    alt: rising(curve((1, 10_000, 12), (15, 500, 10_000), 10_300), 8),
};

/// Every preset, by what it is made of.
pub const SHAPES: [Shape; 5] = [BALANCED, CALM, SAFE, STEADY, STILL];

/// The preset of this name; nothing where there is none.
pub fn named(name: &str) -> Option<Shape> {
    SHAPES.into_iter().find(|shape| shape.name == name)
}

/// A curve with another exponent of its bonus, in halves.
const fn rising(curve: TrancheCurve, bonus_exponent_halves: u8) -> TrancheCurve {
    TrancheCurve { bonus_exponent_halves, ..curve }
}

const BASIS: [Bps; 5] = [Bps(200), Bps(200), Bps(450), Bps(50), Bps(400)];
const DEPEG: i16 = 300;
const LST_IDIO: Bps = Bps(150);

impl Shape {
    /// The whole parameter set. Errors with [`crate::RiskError::InvalidParameter`] for margins below the basis or beyond 100 %.
    pub fn build(self) -> Result<Preset> {
        let mut full = [0i16; MAX_GROUPS];
        for (group, margin) in [(BTC, 0), (ETH, 1), (SOL, 2), (ALT, 3)] {
            let group = usize::from(group);
            full[group] = self.margins[margin].saturating_sub(BASIS[group].0 as i16);
        }
        let scaled = |numerator: i16, denominator: i16| {
            full.map(|shock| shock.saturating_mul(numerator).checked_div(denominator).unwrap_or(0))
        };
        let mut rows = [[0i16; MAX_GROUPS]; ROW_NAMES.len()];
        rows[1] = scaled(-1, 1);
        rows[2] = scaled(1, 1);
        rows[3] = scaled(-1, 2);
        for (pair, group) in [BTC, ETH, SOL, ALT].into_iter().enumerate() {
            let g = usize::from(group);
            let at = pair.saturating_mul(2).saturating_add(4);
            rows[at] = scaled(1, 2);
            rows[at][g] = full[g].saturating_neg();
            let up = at.saturating_add(1);
            rows[up] = scaled(-1, 2);
            rows[up][g] = full[g];
        }
        rows[12] = scaled(-1, 2);
        rows[12][usize::from(USD)] = DEPEG.saturating_neg();
        rows[13][usize::from(USD)] = DEPEG.saturating_neg().saturating_mul(3).checked_div(2).unwrap_or(0);
        rows[14][usize::from(ALT)] = full[usize::from(ALT)].saturating_neg();
        let quarter = full[usize::from(BTC)].checked_div(4).unwrap_or(0);
        rows[14][usize::from(BTC)] = quarter;
        rows[14][usize::from(ETH)] = quarter;

        let rules = TrancheRules {
            minimum_tranche: 10_000_000,
            minimum_debt: 100_000_000,
            window_seconds: self.window_seconds,
            backstop_urgency: self.backstop_urgency,
            bucket_off_urgency: Bps(3_000),
            insurance_slice: Bps(3_000),
            reserved: [0; 3],
        };
        rules.validate()?;
        Ok(Preset {
            name: self.name,
            model: RiskModel::new(&rows, &BASIS, USD, Bps(4_000), Bps(600), Bps(12_500))?,
            rules,
            majors: self.majors,
            alt: self.alt,
        })
    }
}

impl Preset {
    /// Parameters of one asset. Depths are calm ones within a few percent of mid.
    pub fn asset(&self, kind: AssetKind) -> Result<AssetParameters> {
        use AssetKind::{Alt, Btc, Eth, Lst, Sol, Usd};
        let (group, depth_in_millions, ordinary) = match kind {
            Btc => (BTC, 200u64, 8_000),
            Eth => (ETH, 150, 8_000),
            Sol => (SOL, 60, 7_500),
            Lst => (SOL, 40, 7_200),
            Usd => (USD, 500, 8_800),
            Alt => (ALT, 10, 6_000),
        };
        let risk = AssetRisk {
            group,
            beta: Bps(10_000),
            idio: if kind == Lst { LST_IDIO } else { Bps(0) },
            reserved: [0; 3],
        };
        self.model.validate_asset(&risk)?;
        let curve = TrancheCurve {
            depth: depth_in_millions.saturating_mul(1_000_000_000_000),
            ..if kind == Alt { self.alt } else { self.majors }
        };
        curve.validate()?;
        let rates = if kind == Usd {
            RateCurve::new(&[(0, 0), (9_000, 800), (10_000, 6_000)])?
        } else {
            RateCurve::new(&[(0, 0), (7_000, 600), (10_000, 10_000)])?
        };
        Ok(AssetParameters {
            risk,
            curve,
            rates,
            split: InterestSplit {
                fee: Bps(500),
                insurance: Bps(1_000),
                insurance_target: Bps(25),
                reserved: 0,
            },
            size_charge: Bps(1_000),
            borrowable: !matches!(kind, Lst | Alt),
            ordinary_threshold: Bps(ordinary),
        })
    }
}
