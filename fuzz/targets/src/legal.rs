//! Legal inputs from any bytes: what the targets share. Every number is brought into its range, so that little of what the fuzzer
//! invents is thrown away.

use arbitrary::{Arbitrary, Result, Unstructured};
use ballast_risk::{
    model::{AssetRisk, RiskModel, MAX_BETA, MAX_BONUS, MAX_GROUPS, MAX_POSITIONS, MAX_ROWS},
    presets,
    price::UnitPrice,
    score::Exposure,
    tranche::{TrancheCurve, TrancheRules},
    Bps, TokenAmount, Usd,
};

/// A position: its place in the model, its amount and its price.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Place in the model.
    pub risk: AssetRisk,
    /// Token units.
    pub amount: TokenAmount,
    /// Its price.
    pub price: UnitPrice,
    /// Owed and not held.
    pub is_debt: bool,
}

impl Position {
    /// Signed value at spot: a deposit's down, a debt's up.
    pub fn exposure(&self) -> Exposure {
        let AssetRisk { beta, idio, group, .. } = self.risk;
        let value = if self.is_debt {
            Usd(-self.price.value_up(self.amount).0)
        } else {
            self.price.value_down(self.amount)
        };
        Exposure { value, beta, idio, group }
    }
}

/// A valid model and an account under it: any amounts at any prices of any supported decimals.
#[derive(Debug)]
pub struct Account {
    /// The vault's model.
    pub model: RiskModel,
    /// Up to sixteen positions.
    pub positions: Vec<Position>,
}

impl Account {
    /// The positions at spot.
    pub fn book(&self) -> Vec<Exposure> {
        self.positions.iter().map(Position::exposure).collect()
    }
}

impl<'a> Arbitrary<'a> for Account {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let model = model(u)?;
        let count = u.int_in_range(0..=MAX_POSITIONS)?;
        let positions = (0..count).map(|_| position(u, &model)).collect::<Result<_>>()?;
        Ok(Self { model, positions })
    }
}

/// A preset's model, or an invented one that is valid.
fn model(u: &mut Unstructured) -> Result<RiskModel> {
    let preset = match u.int_in_range(0..=7)? {
        0 => presets::balanced(),
        1 => presets::safe(),
        2 => presets::still(),
        _ => return invented(u),
    };
    Ok(preset.map_err(|_| arbitrary::Error::IncorrectFormat)?.model)
}

/// Every group has room for an asset of its own: its worst shock and its basis, times the opening factor, are at most 100 %.
fn invented(u: &mut Unstructured) -> Result<RiskModel> {
    let (groups, rows) = (u.int_in_range(1..=MAX_GROUPS)?, u.int_in_range(1..=MAX_ROWS)?);
    let opening: u16 = u.int_in_range(10_000..=30_000)?;
    let ceiling = (100_000_000 / u32::from(opening)) as u16;
    let (mut peaks, mut basis) = (vec![], vec![]);
    for _ in 0..groups {
        let peak = u.int_in_range(0..=ceiling)?;
        peaks.push(peak as i16);
        basis.push(Bps(u.int_in_range(0..=ceiling - peak)?));
    }
    let mut table = vec![[0i16; MAX_GROUPS]; rows];
    for row in table.iter_mut().skip(1) {
        for (shock, peak) in row.iter_mut().zip(&peaks) {
            *shock = u.int_in_range(-*peak..=*peak)?;
        }
    }
    let numeraire = u.int_in_range(0..=groups - 1)? as u8;
    let (gross, debt) = (Bps(u.int_in_range(0..=10_000)?), Bps(u.int_in_range(MAX_BONUS.0 + 1..=10_000)?));
    let model = RiskModel::new(&table, &basis, numeraire, gross, debt, Bps(opening));
    Ok(model.expect("a valid model"))
}

fn position(u: &mut Unstructured, model: &RiskModel) -> Result<Position> {
    let group = u.int_in_range(0..=model.group_count - 1)?;
    let beta = Bps(u.int_in_range(0..=MAX_BETA.0)?);
    let idio = Bps(u.int_in_range(0..=10_000)?);
    let mut risk = AssetRisk { beta, idio, group, reserved: [0; 3] };
    if model.validate_asset(&risk).is_err() {
        // what any group has room for
        risk = AssetRisk { beta: Bps(beta.0 % 10_001), idio: Bps(0), group, reserved: [0; 3] };
        model.validate_asset(&risk).expect("a beta of at most one adds no more than the group's own margin");
    }
    Ok(Position { risk, amount: TokenAmount(any_width(u)?), price: price(u)?, is_debt: u.arbitrary()? })
}

/// A number of any width as likely as of any other.
pub fn any_width(u: &mut Unstructured) -> Result<u64> {
    let shift = u.int_in_range(0..=63)?;
    Ok(u.arbitrary::<u64>()? >> shift)
}

/// Any supported price: 1e-12 to 1e9 USD, 2 to 12 decimals.
pub fn price(u: &mut Unstructured) -> Result<UnitPrice> {
    let exponent: i32 = u.int_in_range(-12..=0)?;
    let most = 10u128.pow(9 + exponent.unsigned_abs()).min(u128::from(u64::MAX)) as u64;
    let mantissa = any_width(u)?.clamp(1, most);
    let price = UnitPrice::from_oracle(mantissa, exponent, u.int_in_range(2..=12)?);
    Ok(price.expect("a price within the range"))
}

/// Any valid rules.
pub fn rules(u: &mut Unstructured) -> Result<TrancheRules> {
    let rules = TrancheRules {
        minimum_tranche: u.int_in_range(1_000_000..=1_000_000_000)?,
        minimum_debt: 100_000_000_000,
        window_seconds: u.int_in_range(1..=3_600)?,
        backstop_urgency: Bps(u.int_in_range(1_000..=9_500)?),
        bucket_off_urgency: Bps(u.int_in_range(100..=5_000)?),
        insurance_slice: Bps(u.int_in_range(0..=5_000)?),
        reserved: [0; 3],
    };
    rules.validate().expect("valid rules");
    Ok(rules)
}

/// Any valid curve.
pub fn curve(u: &mut Unstructured) -> Result<TrancheCurve> {
    let bonus_max = u.int_in_range(1..=MAX_BONUS.0)?;
    let curve = TrancheCurve {
        depth: any_width(u)?.max(1_000_000_000),
        bucket_refill_seconds: u.int_in_range(1..=86_400)?,
        bucket_share: Bps(u.int_in_range(100..=10_000)?),
        target: Bps(u.int_in_range(10_000..=20_000)?),
        pace_floor: Bps(u.int_in_range(1..=10_000)?),
        pace_urgency: Bps(u.int_in_range(1..=10_000)?),
        bonus_min: Bps(u.int_in_range(1..=bonus_max)?),
        bonus_max: Bps(bonus_max),
        bonus_urgency: Bps(u.int_in_range(1..=10_000)?),
        pace_exponent_halves: u.int_in_range(0..=12)?,
        bonus_exponent_halves: u.int_in_range(0..=12)?,
        reserved: 0,
    };
    curve.validate().expect("a valid curve");
    Ok(curve)
}
