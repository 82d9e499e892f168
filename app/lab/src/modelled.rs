//! Prices that are modelled rather than observed, each with the note that says so.

use crate::asset::Asset;
use crate::{tape::Prices, time};

/// SOL a unit of the LST redeems for.
const LST_RATE: f64 = 1.22;
/// Seconds in which the reference of the LST's discount forgets SOL's price.
const LST_MEMORY: f64 = 43_200.0;
/// How the alt follows SOL where it has no prices of its own.
const ALT_POWER: f64 = 1.2;

/// Note for [`lst`].
pub const LST_NOTE: &str =
    "LST: modelled as SOL × 1.22 × (1 − discount); the discount is a tenth of SOL's fall below its half-day average, at most 5 %";
/// Note for [`alt`].
pub const ALT_NOTE: &str = "ALT: modelled as SOL's relative price to the power of 1.2, starting at 3.00 USD";

/// Note for [`sol`].
pub const SOL_NOTE: &str = "SOL: modelled as ETH's relative price to the power of 1.1, starting at 20.00 USD";

/// Fills in SOL from ETH, for windows before it traded.
pub fn sol(rows: &mut [(u64, Prices)]) {
    let Some(&(_, first)) = rows.first() else { return };
    let start = first[Asset::Eth.index()];
    for (_, prices) in rows {
        prices[Asset::Sol.index()] = 20.0 * (prices[Asset::Eth.index()] / start).powf(1.1);
    }
}

/// Fills in the LST from SOL.
pub fn lst(rows: &mut [(u64, Prices)]) {
    let Some(&(mut before, first)) = rows.first() else { return };
    let mut average = first[Asset::Sol.index()];
    for (time, prices) in rows {
        let sol = prices[Asset::Sol.index()];
        let elapsed = time.saturating_sub(before) as f64;
        before = *time;
        average += (sol - average) * (1.0 - (-elapsed / LST_MEMORY).exp());
        let discount = (0.1 * (average - sol) / average).clamp(0.0, 0.05);
        prices[Asset::Lst.index()] = sol * LST_RATE * (1.0 - discount);
    }
}

/// Fills in the alt from SOL.
pub fn alt(rows: &mut [(u64, Prices)]) {
    let Some(&(_, first)) = rows.first() else { return };
    let start = first[Asset::Sol.index()];
    for (_, prices) in rows {
        prices[Asset::Alt.index()] = 3.0 * (prices[Asset::Sol.index()] / start).powf(ALT_POWER);
    }
}

/// Fills in a stable that has no prices.
pub fn stable(rows: &mut [(u64, Prices)], asset: Asset) {
    for (_, prices) in rows {
        prices[asset.index()] = 1.0;
    }
}

/// On 10 October 2025 the alt's lowest prints were one venue's: from 20:45 on, for 100 minutes, it does not fall below 60 % of its
/// price then. Returns the note where this changed anything.
pub fn floor_the_one_venue_wick(rows: &mut [(u64, Prices)]) -> Option<&'static str> {
    let from = time::parse("2025-10-10T20:45").ok()?;
    let alt = Asset::Alt.index();
    let level = rows.iter().find(|(time, _)| *time >= from)?;
    if level.0 > from + 300 {
        return None;
    }
    let floor = 0.6 * level.1[alt];
    let mut changed = false;
    for (_, prices) in rows.iter_mut().filter(|(time, _)| (from..from + 6_000).contains(time)) {
        changed |= prices[alt] < floor;
        prices[alt] = prices[alt].max(floor);
    }
    changed.then_some(
        "ALT: floored at −40 % of its 20:45 price on 10 October; the prints below came from one venue",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::COUNT;

    #[test]
    fn the_discount_grows_with_a_fall_and_is_bounded() {
        let mut rows = vec![(0, [100.0; COUNT]), (75, [90.0; COUNT]), (150, [1.0; COUNT])];
        lst(&mut rows);
        let lst = |row: usize| rows[row].1[Asset::Lst.index()];
        assert_eq!(lst(0), 122.0);
        assert!(lst(1) < 90.0 * 1.22 && lst(1) > 90.0 * 1.22 * 0.99);
        assert!((lst(2) - 1.22 * 0.95).abs() < 1e-9);
    }

    #[test]
    fn the_wick_is_floored_on_that_evening_only() {
        let evening = time::parse("2025-10-10T20:45").unwrap();
        let mut rows: Vec<_> =
            (0..100).map(|i| (evening + 75 * i, [if i == 20 { 0.1 } else { 1.0 }; COUNT])).collect();
        let mut later: Vec<_> = rows.iter().map(|(t, p)| (t + 86_400, *p)).collect();
        assert!(floor_the_one_venue_wick(&mut rows).is_some());
        assert_eq!((rows[20].1[Asset::Alt.index()], rows[20].1[Asset::Sol.index()]), (0.6, 0.1));
        assert!(floor_the_one_venue_wick(&mut later).is_none());
        assert_eq!(later[20].1[Asset::Alt.index()], 0.1);
    }
}
