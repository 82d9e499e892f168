//! What valuing and scoring a book costs on the SBF machine, without reading accounts.

use anchor_lang::{
    prelude::Pubkey,
    solana_program::instruction::{AccountMeta, Instruction},
};
use ballast_risk::{
    model::{AssetRisk, RiskModel, MAX_GROUPS},
    price::UnitPrice,
    Bps,
};
use solana_account::Account;
use solana_program_test::ProgramTest;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// Compute units of each part.
pub struct Cost {
    /// Values of all positions.
    pub values: u64,
    /// The score.
    pub score: u64,
    /// Every position's relief.
    pub reliefs: u64,
}

/// Measures books of these sizes over a full model: 16 rows, 8 groups.
pub async fn measure(sizes: &[usize]) -> Vec<(usize, Cost)> {
    let program = Pubkey::new_unique();
    let mut test = ProgramTest::default();
    test.prefer_bpf(true);
    test.add_program("score_cost", program, None);
    let keys: Vec<Pubkey> = sizes.iter().map(|_| Pubkey::new_unique()).collect();
    for (key, size) in keys.iter().zip(sizes) {
        let account =
            Account { lamports: 1_000_000_000, data: book(*size), owner: program, ..Account::default() };
        test.add_account(*key, account);
    }
    let context = test.start_with_context().await;
    let mut costs = Vec::new();
    for (key, size) in keys.iter().zip(sizes) {
        let instruction = Instruction {
            program_id: program,
            accounts: vec![AccountMeta::new_readonly(*key, false)],
            data: vec![],
        };
        let transaction = Transaction::new_signed_with_payer(
            &[instruction],
            Some(&context.payer.pubkey()),
            &[&context.payer],
            context.last_blockhash,
        );
        let outcome =
            context.banks_client.process_transaction_with_metadata(transaction).await.expect("it is sent");
        outcome.result.expect("the book scores");
        let logs = outcome.metadata.expect("metadata comes with it").log_messages;
        let left: Vec<u64> = logs
            .iter()
            .filter_map(|log| log.strip_prefix("Program consumption: ")?.split(' ').next()?.parse().ok())
            .collect();
        // logging itself costs 100 units and a few instructions
        let between = |i: usize| left[i] - left[i + 1] - 100;
        costs.push((*size, Cost { values: between(0), score: between(1), reliefs: between(2) }));
    }
    costs
}

/// A model of 16 rows and 8 groups, and a book with every group in use and every fourth position a debt.
fn book(size: usize) -> Vec<u8> {
    let mut rows = [[0i16; MAX_GROUPS]; 16];
    for (k, row) in rows.iter_mut().enumerate().skip(1) {
        for (g, shock) in row.iter_mut().enumerate() {
            let magnitude = 500 + 97 * ((k * 7 + g * 3) % 11) as i16;
            *shock = if (k + g) % 3 == 0 { magnitude } else { -magnitude };
        }
    }
    let model = RiskModel::new(&rows, &[Bps(200); MAX_GROUPS], 3, Bps(4_000), Bps(600), Bps(12_500))
        .expect("the model is within its bounds");
    let mut data = bytemuck::bytes_of(&model).to_vec();
    for i in 0..size {
        let price = UnitPrice::from_oracle(123_456_789 * (i as u64 + 1), -8, 6).expect("a good price");
        let risk = AssetRisk {
            beta: Bps(9_500 + 100 * i as u16),
            idio: Bps(10 * i as u16),
            group: (i % MAX_GROUPS) as u8,
            ..AssetRisk::default()
        };
        data.extend_from_slice(bytemuck::bytes_of(&price));
        data.extend_from_slice(&(1_000_000_000 + i as u64 * 77_777).to_le_bytes());
        data.extend_from_slice(bytemuck::bytes_of(&risk));
        data.extend_from_slice(&u64::from(i % 4 == 3).to_le_bytes());
    }
    data
}
