//! Many accounts at once are scored as each alone.

use crate::runner::for_some_books;
use ballast_risk::{
    score::{batch::score_columns, score, Exposure, FAST_LIMIT},
    Usd,
};
use rand::Rng;

/// Accounts a call: two full lanes and a rest.
const ACCOUNTS: usize = 19;

#[test]
fn a_batch_equals_the_scalar_score_to_the_bit() {
    for_some_books("batch", crate::runner::books() / 16, |rng, setting| {
        let columns: Vec<Vec<i64>> = setting
            .assets
            .iter()
            .map(|_| {
                (0..ACCOUNTS)
                    .map(|account| match rng.random_range(0..8) {
                        0..3 => 0,
                        3 => rng.random_range(-20_000..=20_000),
                        // the last accounts lie around and beyond the 64-bit bound
                        _ if account >= ACCOUNTS - 2 => {
                            let bound = FAST_LIMIT as i64 / 4;
                            rng.random_range(-bound..=bound)
                        }
                        _ => rng.random_range(-1_000_000_000_000..=1_000_000_000_000),
                    })
                    .collect()
            })
            .collect();
        let borrowed: Vec<&[i64]> = columns.iter().map(Vec::as_slice).collect();
        let (mut equity, mut requirement) = ([0i64; ACCOUNTS], [0i64; ACCOUNTS]);
        score_columns(&setting.model, &setting.assets, &borrowed, &mut equity, &mut requirement).unwrap();
        for account in 0..ACCOUNTS {
            let book: Vec<Exposure> = setting
                .assets
                .iter()
                .zip(&columns)
                .map(|(asset, column)| Exposure {
                    value: Usd(i128::from(column[account])),
                    beta: asset.beta,
                    idio: asset.idio,
                    group: asset.group,
                })
                .collect();
            let alone = score(&setting.model, &book).unwrap();
            assert_eq!(Usd(i128::from(equity[account])), alone.equity(), "{book:?}");
            assert_eq!(Usd(i128::from(requirement[account])), alone.requirement, "{book:?}");
        }
    });
}

#[test]
fn accounts_whose_sums_leave_64_bits_are_scored_as_each_alone_too() {
    let preset = ballast_risk::presets::balanced().unwrap();
    let asset = preset.asset(ballast_risk::presets::AssetKind::Sol).unwrap().risk;
    let column =
        [i64::MIN, -i64::MAX, i64::MIN / 4, 0, 1_000_000, FAST_LIMIT as i64 + 1, i64::MAX / 4, i64::MAX];
    let (mut equity, mut requirement) = ([0i64; 8], [0i64; 8]);
    score_columns(&preset.model, &[asset], &[&column], &mut equity, &mut requirement).unwrap();
    for (account, value) in column.into_iter().enumerate() {
        let value = Usd(i128::from(value));
        let book = [Exposure { value, beta: asset.beta, idio: asset.idio, group: asset.group }];
        let alone = score(&preset.model, &book).unwrap();
        assert_eq!(Usd(i128::from(equity[account])), alone.equity(), "{value:?}");
        assert_eq!(Usd(i128::from(requirement[account])), alone.requirement, "{value:?}");
    }
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let model = ballast_risk::presets::balanced().unwrap().model;
    let asset =
        ballast_risk::presets::balanced().unwrap().asset(ballast_risk::presets::AssetKind::Sol).unwrap().risk;
    let (short, full) = ([0i64; 3], [0i64; 4]);
    let (mut equity, mut requirement) = ([0i64; 4], [0i64; 4]);
    let mut call = |assets: &[_], columns: &[&[i64]]| {
        score_columns(&model, assets, columns, &mut equity, &mut requirement).is_ok()
    };
    assert!(call(&[asset], &[&full]));
    assert!(!call(&[asset], &[&short]));
    assert!(!call(&[asset, asset], &[&full]));
    assert!(!call(&[asset; 17], &[&full[..]; 17]));
}
