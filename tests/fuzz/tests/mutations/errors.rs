//! Refusals that are none.

use super::*;
use ballast_fuzz::{build::build, outcome::Outcome};
use solana_transaction::{InstructionError, TransactionError};

fn failed(reason: InstructionError) -> Outcome {
    Outcome::of(&WORLD.svm, &[], Err(TransactionError::InstructionError(1, reason)))
}

#[test]
fn a_panic_is_no_named_error() {
    for reason in [
        InstructionError::ProgramFailedToComplete,
        InstructionError::ComputationalBudgetExceeded,
        InstructionError::ArithmeticOverflow,
        InstructionError::ExternalAccountDataModified,
    ] {
        assert!(matches!(failed(reason), Outcome::Broke { .. }));
    }
    let code = ballast::BallastError::Healthy.into();
    assert!(matches!(failed(InstructionError::Custom(code)), Outcome::Refused { .. }));
}

#[test]
fn a_number_that_no_program_has_a_name_for_is_no_named_error() {
    for code in [2, 5, 18, 50, 99, 5_999, 7_999] {
        let outcome = failed(InstructionError::Custom(code));
        assert!(matches!(outcome, Outcome::Broke { .. }), "{code}: {outcome:?}");
    }
    for (code, name) in [(0, "system: AccountAlreadyInUse"), (17, "token: AccountFrozen")] {
        let outcome = failed(InstructionError::Custom(code));
        assert!(matches!(&outcome, Outcome::Refused { name: is, .. } if is == name), "{code}: {outcome:?}");
    }
}

#[test]
fn a_straight_call_that_only_a_bent_one_may_be_refused_as_is_noticed() {
    let Action::Send(calls) = deposit() else { unreachable!() };
    let mut built = [build(&WORLD, &calls[0]).expect("it is built")];
    for reason in [
        InstructionError::InvalidAccountData,
        InstructionError::AccountNotExecutable,
        InstructionError::PrivilegeEscalation,
        // the owner of a wallet
        InstructionError::Custom(4),
    ] {
        built[0].bent = false;
        assert!(failed(reason.clone()).breaks(&built).is_some(), "{reason:?}");
        built[0].bent = true;
        assert_eq!(failed(reason).breaks(&built), None);
    }
}
