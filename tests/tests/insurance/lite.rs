//! `litesvm` knows no stake of its own: there nobody enrols, unless stake is injected.

use anchor_lang::{prelude::Pubkey, Discriminator};
use ballast::{state::RollAccount, BallastError, STATE_VERSION};
use ballast_client::insurance::Fund;
use ballast_client::{account::decode, address::Asset, insurance};
use ballast_tests::Validator;
use litesvm::LiteSVM;
use solana_account::Account;
use solana_signer::Signer;
use solana_transaction::{InstructionError, Transaction, TransactionError};

#[test]
fn in_litesvm_every_weight_is_zero_until_stake_is_injected() {
    let mut svm = LiteSVM::new();
    let deploy = std::env::var("SBF_OUT_DIR").expect("cargo sets where programs are");
    svm.add_program_from_file(ballast::ID, format!("{deploy}/ballast.so")).unwrap();
    let validator = Validator::with_stake(0);
    let key = Pubkey::new_unique();
    let fund = Fund { asset: Asset { vault: key, mint: key, token_program: key } };
    svm.airdrop(&validator.key(), 1_000_000_000).unwrap();
    svm.set_account(validator.vote_account, validator.vote_state(&validator.key()).into()).unwrap();
    let mut roll = vec![0; RollAccount::SPACE];
    roll[..8].copy_from_slice(RollAccount::DISCRIMINATOR);
    roll[8] = STATE_VERSION;
    let account = Account { lamports: 100_000_000_000, data: roll, owner: ballast::ID, ..Account::default() };
    svm.set_account(fund.roll(), account).unwrap();

    let enroll = insurance::enroll_validator(validator.key(), &fund, validator.vote_account);
    let send = |svm: &mut LiteSVM| {
        let signers = [&validator.identity];
        let payer = validator.identity.pubkey();
        let blockhash = svm.latest_blockhash();
        let instructions = std::slice::from_ref(&enroll);
        let transaction = Transaction::new_signed_with_payer(instructions, Some(&payer), &signers, blockhash);
        svm.send_transaction(transaction).map(|_| ()).map_err(|failure| failure.err)
    };
    let refused = InstructionError::Custom(BallastError::SeatTooSmall.into());
    let failure = send(&mut svm).expect_err("nobody has stake");
    assert_eq!(failure, TransactionError::InstructionError(0, refused));
    svm.set_epoch_stake(validator.vote_account, 1_000).unwrap();
    svm.expire_blockhash();
    send(&mut svm).expect("it has all stake that there is");
    let roll: RollAccount = decode(&svm.get_account(&fund.roll()).unwrap().data).unwrap();
    assert_eq!(roll.identity_of(&validator.vote_account), validator.key());
}
