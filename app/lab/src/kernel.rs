//! Scoring whole vaults: the risk crate's columns, compiled for the vector instructions that this machine has, on all cores.

use anyhow::{Context as _, Result};
use ballast_risk::{
    model::{AssetRisk, RiskModel, MAX_GROUPS, MAX_POSITIONS, MAX_ROWS},
    score::batch::score_columns,
    Bps,
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;

/// Accounts a task: sixteen columns of them fit a core's cache.
const TASK: usize = 2_048;

/// Accounts of a vault, column by column.
#[derive(Clone, Debug)]
pub struct Vault {
    /// The vault's model.
    pub model: RiskModel,
    /// Its assets.
    pub assets: Vec<AssetRisk>,
    /// `columns[i][a]`: account `a`'s signed value of asset `i`, micro-USD.
    pub columns: Vec<Vec<i64>>,
}

impl Vault {
    /// The largest vault there can be: 16 assets in 8 groups under 16 rows, and every account holds or owes all of them. Values are
    /// random, up to $10,000.
    pub fn largest(accounts: usize, seed: u64) -> Result<Self> {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut rows = [[0i16; MAX_GROUPS]; MAX_ROWS];
        for row in rows.iter_mut().skip(1) {
            for shock in row.iter_mut() {
                *shock = rng.random_range(-1_500..=1_500);
            }
        }
        let model = RiskModel::new(&rows, &[Bps(200); MAX_GROUPS], 3, Bps(4_000), Bps(600), Bps(12_500))
            .context("the benchmark's model")?;
        let assets = (0..MAX_POSITIONS)
            .map(|i| AssetRisk {
                beta: Bps(10_000),
                idio: Bps(if i >= MAX_GROUPS { 150 } else { 0 }),
                group: (i % MAX_GROUPS) as u8,
                reserved: [0; 3],
            })
            .collect();
        let columns = (0..MAX_POSITIONS)
            .map(|_| (0..accounts).map(|_| rng.random_range(-4_000_000_000..=10_000_000_000)).collect())
            .collect();
        Ok(Self { model, assets, columns })
    }

    /// How many accounts.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Scores everybody into `equity` and `requirement`, on all of rayon's threads.
    pub fn score(&self, equity: &mut [i64], requirement: &mut [i64]) -> Result<()> {
        let tasks = equity.par_chunks_mut(TASK).zip(requirement.par_chunks_mut(TASK)).enumerate();
        tasks.try_for_each(|(number, (equity, requirement))| {
            let start = number * TASK;
            let mut columns: [&[i64]; MAX_POSITIONS] = [&[]; MAX_POSITIONS];
            for (to, from) in columns.iter_mut().zip(&self.columns) {
                *to = &from[start..start + equity.len()];
            }
            let columns = &columns[..self.columns.len()];
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || score_columns(&self.model, &self.assets, columns, equity, requirement),
            )
        })?;
        Ok(())
    }

    /// The same on the calling thread.
    pub fn score_on_one_core(&self, equity: &mut [i64], requirement: &mut [i64]) -> Result<()> {
        let columns: Vec<&[i64]> = self.columns.iter().map(Vec::as_slice).collect();
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || score_columns(&self.model, &self.assets, &columns, equity, requirement),
        )?;
        Ok(())
    }

    /// Sums all columns: what reading them takes at least.
    pub fn read_all(&self) -> i64 {
        let sum = |part: &[i64]| part.iter().fold(0i64, |sum, value| sum.wrapping_add(*value));
        self.columns
            .par_iter()
            .map(|column| column.par_chunks(1 << 16).map(sum).reduce(|| 0, i64::wrapping_add))
            .reduce(|| 0, i64::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ballast_risk::{
        score::{score, Exposure},
        Usd,
    };

    #[test]
    fn all_cores_and_vector_instructions_give_the_scalar_scores() {
        let vault = Vault::largest(5_000, 1).unwrap();
        let (mut equity, mut requirement) = (vec![0; 5_000], vec![0; 5_000]);
        vault.score(&mut equity, &mut requirement).unwrap();
        let (mut alone, mut needed) = (vec![0; 5_000], vec![0; 5_000]);
        vault.score_on_one_core(&mut alone, &mut needed).unwrap();
        assert_eq!((&equity, &requirement), (&alone, &needed));
        for account in (0..5_000).step_by(37) {
            let book: Vec<Exposure> = vault
                .assets
                .iter()
                .zip(&vault.columns)
                .map(|(asset, column)| Exposure {
                    value: Usd(i128::from(column[account])),
                    beta: asset.beta,
                    idio: asset.idio,
                    group: asset.group,
                })
                .collect();
            let one = score(&vault.model, &book).unwrap();
            assert_eq!(
                (equity[account], requirement[account]),
                (one.equity().0 as i64, one.requirement.0 as i64)
            );
        }
    }
}
