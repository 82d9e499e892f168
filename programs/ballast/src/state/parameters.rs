//! Parameters as accounts store them and instructions take them: plain integers that mirror the risk crate's types byte
//! for byte. `as_risk` reads them as those types without a copy; the mirrors exist because the IDL needs types of this crate.

use crate::assert_layout;
use anchor_lang::prelude::*;
use ballast_risk as risk;

/// Declares a mirror of a risk type: same fields, same layout, usable in accounts, arguments and the IDL. Types are token trees,
/// because Anchor's IDL derive does not take a type fragment.
macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident of $risk:ty { $($(#[$field_doc:meta])* $field:ident: $type:tt,)* } size $size:expr, align $align:expr) => {
        $(#[$doc])*
        #[zero_copy]
        #[derive(Debug, Default, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
        #[borsh(crate = "anchor_lang::prelude::borsh")]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            /// The risk crate's view of the same bytes.
            pub fn as_risk(&self) -> &$risk {
                bytemuck::must_cast_ref(self)
            }
        }

        impl From<$risk> for $name {
            fn from(value: $risk) -> Self {
                bytemuck::must_cast(value)
            }
        }

        assert_layout!($name, size $size, align $align);
    };
}
pub(super) use mirror;

mirror! {
    /// A vault's risk model: see `ballast_risk::model::RiskModel`.
    RiskModel of risk::model::RiskModel {
        /// Shock of each group in each scenario, signed bps.
        rows: [[i16; 8]; 16],
        /// Largest shock of each group, bps.
        peak: [u16; 8],
        /// Charge on the larger side of each group, bps.
        basis: [u16; 8],
        /// θ, bps.
        gross_floor: u16,
        /// f, bps.
        debt_floor: u16,
        /// `R_init / R`, bps.
        opening_factor: u16,
        /// Groups in use.
        group_count: u8,
        /// Rows in use.
        row_count: u8,
        /// Group of the unit of account.
        numeraire_group: u8,
        /// Zero.
        reserved: [u8; 7],
    } size 304, align 2
}

mirror! {
    /// What all tranches of a vault have in common: see `ballast_risk::tranche::TrancheRules`.
    TrancheRules of risk::tranche::TrancheRules {
        /// Smallest tranche and dust limit, micro-USD.
        minimum_tranche: u64,
        /// Smallest debt that may be opened, micro-USD.
        minimum_debt: u64,
        /// Refill time of a pace meter, seconds.
        window_seconds: u32,
        /// Net risk from which meter and bucket end, bps.
        backstop_urgency: u16,
        /// Net risk from which the bucket ends, bps.
        bucket_off_urgency: u16,
        /// Insurance's share of a bonus, bps.
        insurance_slice: u16,
        /// Zero.
        reserved: [u16; 3],
    } size 32, align 8
}

mirror! {
    /// How one reserve is sold: see `ballast_risk::tranche::TrancheCurve`.
    TrancheCurve of risk::tranche::TrancheCurve {
        /// Calm market depth, micro-USD.
        depth: u64,
        /// Refill time of the depth bucket, seconds.
        bucket_refill_seconds: u32,
        /// Bucket's share of depth, bps.
        bucket_share: u16,
        /// H, bps.
        target: u16,
        /// g0, bps.
        pace_floor: u16,
        /// u1, bps.
        pace_urgency: u16,
        /// Lowest bonus, bps.
        bonus_min: u16,
        /// Highest bonus, bps.
        bonus_max: u16,
        /// Net risk of the highest bonus, bps.
        bonus_urgency: u16,
        /// p of the pace in halves.
        pace_exponent_halves: u8,
        /// p of the bonus in halves.
        bonus_exponent_halves: u8,
        /// Zero.
        reserved: u32,
    } size 32, align 8
}

mirror! {
    /// An asset's place in the model: see `ballast_risk::model::AssetRisk`.
    AssetRisk of risk::model::AssetRisk {
        /// Beta in its group, bps.
        beta: u16,
        /// Idiosyncratic charge, bps.
        idio: u16,
        /// Its group.
        group: u8,
        /// Zero.
        reserved: [u8; 3],
    } size 8, align 2
}

mirror! {
    /// A corner of a rate curve.
    CurvePoint of risk::interest::CurvePoint {
        /// Utilisation, bps.
        utilisation_bps: u32,
        /// Yearly rate, bps.
        rate_bps: u32,
    } size 8, align 4
}

mirror! {
    /// A borrow rate curve: see `ballast_risk::interest::RateCurve`.
    RateCurve of risk::interest::RateCurve {
        /// Corners.
        points: [CurvePoint; 8],
        /// How many are used.
        count: u64,
    } size 72, align 8
}

mirror! {
    /// How interest is split: see `ballast_risk::reserve::InterestSplit`.
    InterestSplit of risk::reserve::InterestSplit {
        /// Fees, bps of interest.
        fee: u16,
        /// Insurance, bps of interest.
        insurance: u16,
        /// Insurance target, bps of debt.
        insurance_target: u16,
        /// Zero.
        reserved: u16,
    } size 8, align 2
}

mirror! {
    /// Micro-USD a token unit: see `ballast_risk::price::UnitPrice`.
    UnitPrice of risk::price::UnitPrice {
        /// Mantissa.
        mantissa: u64,
        /// The price is `mantissa / 2^shift`.
        shift: u64,
    } size 16, align 8
}

mirror! {
    /// A pace meter: see `ballast_risk::pace::PaceMeter`.
    PaceMeter of risk::pace::PaceMeter {
        /// Repaid and not refilled yet, micro-USD.
        used: u64,
        /// When it was last written.
        updated_at: u64,
    } size 16, align 8
}

mirror! {
    /// A depth bucket: see `ballast_risk::pace::DepthBucket`.
    DepthBucket of risk::pace::DepthBucket {
        /// Sold and not refilled, micro-USD.
        used: u64,
        /// When it was last written.
        updated_at: u64,
    } size 16, align 8
}

mirror! {
    /// A believed redemption rate: see `ballast_risk::rate::RateAnchor`.
    RateAnchor of risk::rate::RateAnchor {
        /// Parts per billion of the base asset.
        rate: u64,
        /// When it was last moved.
        updated_at: u64,
    } size 16, align 8
}
