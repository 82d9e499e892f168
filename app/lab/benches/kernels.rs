//! The kernels under criterion: `cargo bench -p ballast-lab`.
#![allow(missing_docs)]

use ballast_lab::kernel::Vault;
use ballast_risk::{
    score::{score, Exposure},
    Usd,
};
use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use std::hint::black_box;

const ACCOUNTS: usize = 1 << 20;

fn kernels(criterion: &mut Criterion) {
    let vault = Vault::largest(ACCOUNTS, 1).expect("a vault");
    let (mut equity, mut requirement) = (vec![0; ACCOUNTS], vec![0; ACCOUNTS]);
    let mut group = criterion.benchmark_group("16 positions, 16 rows, 8 groups");
    group.sample_size(20).throughput(Throughput::Elements(ACCOUNTS as u64));
    group.bench_function("columns, all cores", |b| {
        b.iter(|| vault.score(black_box(&mut equity), &mut requirement).expect("scores"));
    });
    group.bench_function("columns, one core", |b| {
        b.iter(|| vault.score_on_one_core(black_box(&mut equity), &mut requirement).expect("scores"));
    });
    group.bench_function("reading the columns, all cores", |b| b.iter(|| black_box(&vault).read_all()));
    group.throughput(Throughput::Elements(1));
    let book: Vec<Exposure> = vault
        .assets
        .iter()
        .zip(&vault.columns)
        .map(|(asset, column)| Exposure {
            value: Usd(i128::from(column[0])),
            beta: asset.beta,
            idio: asset.idio,
            group: asset.group,
        })
        .collect();
    group.bench_function("scalar", |b| b.iter(|| score(&vault.model, black_box(&book)).expect("a score")));
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
