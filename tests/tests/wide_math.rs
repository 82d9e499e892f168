//! Wide and signed arithmetic on the SBF machine is the host's.
//!
//! The real `wide_math.so` runs every operation on operands at the edges of the number range and on random ones of
//! every width; each answer is compared with the one computed here.

use anchor_lang::{
    prelude::Pubkey,
    solana_program::instruction::{AccountMeta, Instruction},
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha12Rng;
use solana_account::Account;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_program_test::{ProgramTest, ProgramTestContext};
use solana_signer::Signer as _;
use solana_transaction::Transaction;
use std::collections::BTreeSet;

/// Random pairs of operands, each put through every operation.
const RANDOM_PAIRS: usize = 30_000;
/// Records that one transaction's compute units are enough for.
const BATCH: usize = 4_000;
/// Operation, two operands, answer byte, result: see the program.
const RECORD: usize = 50;
/// An answer byte that the program never writes.
const UNANSWERED: u8 = 0xAA;

/// An operation's name and what the host makes of it: `None` where it has no result.
type Operation = (&'static str, fn(u128, u128) -> Option<u128>);

/// In the order of the program's operation codes.
const OPERATIONS: [Operation; 23] = [
    ("u128 wrapping *", |a, b| Some(a.wrapping_mul(b))),
    ("u128 /", |a, b| a.checked_div(b)),
    ("u128 %", |a, b| a.checked_rem(b)),
    ("i128 wrapping *", |a, b| Some((a as i128).wrapping_mul(b as i128) as u128)),
    ("i128 /", |a, b| (a as i128).checked_div(b as i128).map(|r| r as u128)),
    ("i128 %", |a, b| (a as i128).checked_rem(b as i128).map(|r| r as u128)),
    ("u128 checked *", |a, b| a.checked_mul(b)),
    ("i128 checked *", |a, b| (a as i128).checked_mul(b as i128).map(|r| r as u128)),
    ("u128 checked +", |a, b| a.checked_add(b)),
    ("u128 checked -", |a, b| a.checked_sub(b)),
    ("i128 checked +", |a, b| (a as i128).checked_add(b as i128).map(|r| r as u128)),
    ("i128 checked -", |a, b| (a as i128).checked_sub(b as i128).map(|r| r as u128)),
    ("u128 <<", |a, b| Some(a << (b & 127))),
    ("u128 >>", |a, b| Some(a >> (b & 127))),
    ("i128 >>", |a, b| Some(((a as i128) >> (b & 127)) as u128)),
    ("i64 /", |a, b| (a as i64).checked_div(b as i64).map(extended)),
    ("i64 %", |a, b| (a as i64).checked_rem(b as i64).map(extended)),
    ("i32 /", |a, b| (a as i32).checked_div(b as i32).map(extended)),
    ("i32 %", |a, b| (a as i32).checked_rem(b as i32).map(extended)),
    ("i64 checked *", |a, b| (a as i64).checked_mul(b as i64).map(extended)),
    ("u64 checked *", |a, b| (a as u64).checked_mul(b as u64).map(u128::from)),
    ("i64 / 10,000", |a, _| Some(extended(a as i64 / 10_000))),
    ("i64 rem_euclid 10,000", |a, _| Some(extended((a as i64).rem_euclid(10_000)))),
];
/// The operations that divide, and panic without a result.
const DIVISIONS: [usize; 8] = [1, 2, 4, 5, 15, 16, 17, 18];

/// The 128-bit pattern of a shorter signed number.
fn extended(number: impl Into<i128>) -> u128 {
    number.into() as u128
}

/// One operation on two operands.
#[derive(Clone, Copy)]
struct Case {
    operation: usize,
    a: u128,
    b: u128,
}

impl Case {
    fn expected(self) -> Option<u128> {
        OPERATIONS[self.operation].1(self.a, self.b)
    }

    /// Divisions by zero and `MIN / -1` have no result and are not asked for.
    fn can_be_asked(self) -> bool {
        !DIVISIONS.contains(&self.operation) || self.expected().is_some()
    }

    fn record(self) -> [u8; RECORD] {
        let mut record = [UNANSWERED; RECORD];
        record[0] = u8::try_from(self.operation).unwrap();
        record[1..17].copy_from_slice(&self.a.to_le_bytes());
        record[17..33].copy_from_slice(&self.b.to_le_bytes());
        record
    }

    /// What is wrong with the program's answer.
    fn complaint(self, record: &[u8]) -> Option<String> {
        let got = u128::from_le_bytes(record[34..].try_into().unwrap());
        let expected = self.expected();
        let right = match record[33] {
            0 => expected.is_none(),
            1 => expected == Some(got),
            _ => false,
        };
        let Case { operation, a, b } = self;
        let name = OPERATIONS[operation].0;
        (!right)
            .then(|| format!("{name} of {a:#x}, {b:#x}: answer {} {got:#x}, host {expected:x?}", record[33]))
    }
}

/// All operations on a pair.
fn cases(pairs: impl IntoIterator<Item = (u128, u128)>) -> Vec<Case> {
    let all = |(a, b)| (0..OPERATIONS.len()).map(move |operation| Case { operation, a, b });
    pairs.into_iter().flat_map(all).filter(|case| case.can_be_asked()).collect()
}

/// Values where carries, signs and halves meet.
fn edges() -> BTreeSet<u128> {
    let mut edges = BTreeSet::from([0, 1, 2, 3, 10, u128::MAX, u128::MAX - 1, u128::MAX / 3, u128::MAX / 2]);
    for bit in [1, 7, 8, 15, 16, 31, 32, 33, 62, 63, 64, 65, 95, 96, 126, 127] {
        let power = 1_u128 << bit;
        edges.extend([power - 1, power, power + 1, power.wrapping_neg(), power.wrapping_neg() + 1]);
    }
    edges.extend([9_999, 10_000, 10_001]);
    edges.extend([9, 18, 27, 36].map(|digits| 10_u128.pow(digits)));
    edges.extend([u128::from(u64::MAX) << 64, u128::from(u64::MAX) << 32, (1 << 64) | 1, 1 << 127 | 1 << 63]);
    edges
}

/// A number of any width up to 128 bits, every width as likely, and as often negative.
fn random(rng: &mut ChaCha12Rng) -> u128 {
    let number = rng.random::<u128>() >> rng.random_range(0..128);
    if rng.random() {
        number.wrapping_neg()
    } else {
        number
    }
}

struct Machine {
    context: ProgramTestContext,
    program: Pubkey,
    records: Pubkey,
    runs: u64,
}

impl Machine {
    async fn start() -> Self {
        let program = Pubkey::new_unique();
        let mut test = ProgramTest::default();
        test.prefer_bpf(true);
        test.add_program("wide_math", program, None);
        Self { context: test.start_with_context().await, program, records: Pubkey::new_unique(), runs: 0 }
    }

    /// Has the program answer a batch.
    async fn answers(&mut self, batch: &[Case]) -> Vec<u8> {
        let data = batch.iter().flat_map(|case| case.record()).collect();
        let account = Account { lamports: 1_000_000_000, data, owner: self.program, ..Account::default() };
        self.context.set_account(&self.records, &account.into());
        self.runs += 1;
        let instructions = [
            ComputeBudgetInstruction::set_compute_unit_limit(1_400_000),
            Instruction {
                program_id: self.program,
                accounts: vec![AccountMeta::new(self.records, false)],
                // The program ignores it; it tells the transactions apart.
                data: self.runs.to_le_bytes().into(),
            },
        ];
        let payer = &self.context.payer;
        let blockhash = self.context.banks_client.get_latest_blockhash().await.unwrap();
        let transaction =
            Transaction::new_signed_with_payer(&instructions, Some(&payer.pubkey()), &[payer], blockhash);
        self.context.banks_client.process_transaction(transaction).await.expect("the program failed");
        self.context.banks_client.get_account(self.records).await.unwrap().expect("no records").data
    }

    async fn check(&mut self, cases: &[Case]) {
        let mut complaints = Vec::new();
        for batch in cases.chunks(BATCH) {
            let answers = self.answers(batch).await;
            let answered = batch.iter().zip(answers.chunks_exact(RECORD));
            complaints.extend(answered.filter_map(|(case, record)| case.complaint(record)));
        }
        let few = complaints[..complaints.len().min(10)].join("\n");
        assert!(complaints.is_empty(), "{} of {} answers differ:\n{few}", complaints.len(), cases.len());
    }
}

#[tokio::test]
async fn every_operation_agrees_with_the_host_at_the_edges() {
    let edges = edges();
    let pairs = edges.iter().flat_map(|a| edges.iter().map(|b| (*a, *b)));
    Machine::start().await.check(&cases(pairs)).await;
}

#[tokio::test]
async fn every_operation_agrees_with_the_host_on_random_operands() {
    let mut rng = ChaCha12Rng::seed_from_u64(128);
    let pairs: Vec<_> = (0..RANDOM_PAIRS).map(|_| (random(&mut rng), random(&mut rng))).collect();
    Machine::start().await.check(&cases(pairs)).await;
}

#[test]
fn a_wrong_or_missing_answer_is_noticed() {
    let case = Case { operation: 0, a: 3, b: 5 };
    let mut record = case.record();
    assert!(case.complaint(&record).is_some(), "no answer");
    record[33] = 1;
    record[34..].copy_from_slice(&15_u128.to_le_bytes());
    assert_eq!(case.complaint(&record), None);
    record[34] = 16;
    assert!(case.complaint(&record).is_some(), "a wrong result");
    record[33] = 0;
    assert!(case.complaint(&record).is_some(), "a result that is said not to be there");
}
