//! Any instruction data: the program's own dispatcher refuses or reads it and never panics, and what the arguments of an instruction read
//! is what they write.

use anchor_lang::{AnchorDeserialize, AnchorSerialize, Discriminator};
use ballast::instruction::*;

/// The arguments of every instruction, as in the program's `lib.rs`.
macro_rules! instructions {
    ($($name:ident),* $(,)?) => {
        /// How the instructions begin that are read back, to compare them with the program's.
        pub const DISCRIMINATORS: &[&[u8]] = &[$($name::DISCRIMINATOR),*];

        fn read_back(data: &[u8]) {
            $(
                // with its own discriminator in front, so that no kind has to be guessed
                if let Ok(arguments) = $name::try_from_slice(data) {
                    let mut written = Vec::new();
                    arguments.serialize(&mut written).expect("what was read can be written");
                    assert_eq!(written, data, stringify!($name));
                    dispatch(&[$name::DISCRIMINATOR, &written].concat());
                }
            )*
        }
    };
}

instructions!(
    CreateVault,
    AddReserve,
    RefreshReserves,
    RefreshObligation,
    OpenObligation,
    CloseObligation,
    Deposit,
    Withdraw,
    Borrow,
    Repay,
    SoftLiquidate,
    AbsorbLoss,
    TripBreaker,
    StepBreaker,
    AttestSolvency,
    AuditBook,
    CollectFees,
    CreateFund,
    OpenStake,
    CloseStake,
    StakeInsurance,
    RequestUnstake,
    Unstake,
    CollectInsurance,
    CoverLoss,
    EnrollValidator,
    LeaveRoll,
    CallRoll,
    OpenClaim,
    VoteClaim,
    SettleClaim,
    CloseClaim,
    MigrateAccount,
    ProposeChange,
    ExecuteChange,
    CancelChange,
    Tighten,
);

/// Without accounts nothing can succeed; the arguments are read before any account is.
fn dispatch(data: &[u8]) {
    assert!(ballast::entry(&ballast::ID, &[], data).is_err());
}

/// Tries one input.
pub fn run(data: &[u8]) {
    dispatch(data);
    read_back(data);
}
