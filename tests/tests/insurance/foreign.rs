//! Accounts of others in every instruction of the fund: refused, and by name.

use anchor_lang::{error::ErrorCode, prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::{
    state::{ClaimAccount, FundAccount, RollAccount, StakeAccount},
    BallastError,
};
use ballast_client::insurance::{self, Fund};
use ballast_risk::fund::FundRules;
use ballast_tests::{
    attack::{swapped, unsigned},
    market::balance,
    refused, Insured, Reason, User,
};
use solana_signer::Signer;

/// Two vaults with a fund each; a stake and a claim in both.
struct Two {
    insured: Insured,
    other: Fund,
    user: User,
}

async fn two() -> Two {
    let mut insured = Insured::with_electorate(&[10_000; 7]).await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let second = insured.world.open_vault(2).await;
    let other = Fund { asset: usdc.asset(second) };
    insured.create_fund(&other, FundRules::BALANCED).await.unwrap();
    let user = insured.staker(usdc.units(10_000)).await;
    insured.world.must(&[insurance::open_stake(user.key(), &other)], &[&user.keypair]).await;
    insured.world.give(&user, &usdc, usdc.units(100_000)).await;
    insured.world.give(&user, &sol, sol.units(100)).await;
    insured.world.lender(&sol, sol.units(10)).await;
    insured.lose(&sol, sol.units(10)).await;
    insured.call_roll().await;
    insured.open_claim(&user, 1_000_000).await.unwrap();
    // the other fund's claim is a copy of the first one's
    let mut claim: ClaimAccount = insured.claim(1).await;
    claim.fund = other.address();
    let account = insured.world.chain.account(insured.fund.claim(1)).await.unwrap();
    insured.world.chain.put(other.claim(1), account);
    insured.world.chain.edit::<ClaimAccount>(other.claim(1), |copy| *copy = claim).await;
    Two { insured, other, user }
}

impl Two {
    /// Every instruction of a fund that takes its vault's accounts, all good, signed by the user.
    fn instructions(&self) -> Vec<(&'static str, Instruction)> {
        let (fund, user) = (&self.insured.fund, self.user.key());
        let cover = self.insured.covering(&self.user, &self.insured.world.sol, 1_000_000, None);
        vec![
            ("stake", insurance::stake_insurance(user, fund, 1_000)),
            ("request", insurance::request_unstake(user, fund, 1)),
            ("unstake", insurance::unstake(user, fund)),
            ("collect", insurance::collect_insurance(fund)),
            ("cover", cover),
            (
                "cover by claim",
                self.insured.covering(&self.user, &self.insured.world.sol, 1_000_000, Some(1)),
            ),
            ("open", insurance::open_claim(user, fund, self.insured.lost(), 2, 1_000)),
            ("settle", insurance::settle_claim(fund, 1, None)),
            ("close", insurance::close_claim(fund, 1, user, None)),
        ]
    }

    /// Tries every instruction that names `from` with `to` instead.
    async fn refuse(&mut self, from: Pubkey, to: Pubkey, reasons: &[Reason]) {
        let mut tried = 0;
        for (name, instruction) in self.instructions() {
            if !instruction.accounts.iter().any(|meta| meta.pubkey == from) {
                continue;
            }
            tried += 1;
            let user = self.user.keypair.insecure_clone();
            let attempt = self.insured.world.send(&[swapped(&instruction, from, to)], &[&user]).await;
            let failure = attempt.err().unwrap_or_else(|| panic!("{name} took {to} for {from}"));
            let reason = failure.reason().expect("an instruction was refused");
            assert!(reasons.contains(&reason), "{name}: {reason:?} {:#?}", failure.logs);
        }
        assert!(tried > 0);
    }
}

#[tokio::test]
async fn no_instruction_takes_accounts_of_two_vaults_or_two_funds() {
    let mut two = two().await;
    let (fund, other) = (two.insured.fund, two.other);
    let (wrong_vault, wrong_fund) = (BallastError::WrongVault.into(), BallastError::WrongFund.into());
    // seeds name the fund where a claim is made
    let seeds = || ErrorCode::ConstraintSeeds.into();
    two.refuse(fund.vault(), other.vault(), &[wrong_vault]).await;
    let wrong_vault = || BallastError::WrongVault.into();
    two.refuse(fund.address(), other.address(), &[wrong_vault(), seeds(), BallastError::WrongFund.into()])
        .await;
    two.refuse(fund.stake(&two.user.key()), other.stake(&two.user.key()), &[wrong_fund]).await;
    let wrong_fund = || BallastError::WrongFund.into();
    two.refuse(fund.roll(), other.roll(), &[wrong_fund()]).await;
    two.refuse(fund.claim(1), other.claim(1), &[wrong_fund()]).await;
    two.refuse(
        fund.asset.reserve(),
        other.asset.reserve(),
        &[wrong_vault(), BallastError::NotTheFundsReserve.into()],
    )
    .await;
    let sol = two.insured.world.sol;
    let lost = (sol.asset(fund.vault()), sol.asset(other.vault()));
    two.refuse(lost.0.reserve(), lost.1.reserve(), &[wrong_vault()]).await;
    let wrong_tokens = || BallastError::WrongTokenAccount.into();
    // a claim that is open is refused for being open; what settling one looks at is tried in `claims`
    let still_open = || [BallastError::VotingOpen.into(), BallastError::ClaimNotOver.into()];
    let [voting_open, not_over] = still_open();
    two.refuse(fund.tokens(), other.tokens(), &[wrong_tokens(), voting_open, not_over]).await;
    let [voting_open, not_over] = still_open();
    let twice = ErrorCode::ConstraintDuplicateMutableAccount.into();
    let wallet = fund.wallet(&two.user.key());
    two.refuse(fund.tokens(), wallet, &[wrong_tokens(), twice, voting_open, not_over]).await;
    two.refuse(lost.0.tokens(), lost.1.tokens(), &[wrong_tokens()]).await;
    two.refuse(fund.asset.tokens(), other.asset.tokens(), &[wrong_tokens()]).await;
    let wrong_mint = || BallastError::WrongMint.into();
    let [voting_open, not_over] = still_open();
    let btc = two.insured.world.btc.mint;
    two.refuse(fund.asset.mint, btc, &[wrong_mint(), voting_open, not_over]).await;
}

#[tokio::test]
async fn nobody_moves_a_strangers_stake() {
    let mut two = two().await;
    let (fund, usdc) = (two.insured.fund, two.insured.usdc());
    let eve = two.insured.staker(usdc.units(1)).await;
    for good in [
        insurance::stake_insurance(eve.key(), &fund, 1),
        insurance::request_unstake(eve.key(), &fund, 1),
        insurance::unstake(eve.key(), &fund),
    ] {
        let theft = swapped(&good, fund.stake(&eve.key()), fund.stake(&two.user.key()));
        refused(two.insured.world.send(&[theft], &[&eve.keypair]).await, BallastError::NotStakeOwner);
    }
    for good in [
        insurance::stake_insurance(two.user.key(), &fund, 1),
        insurance::request_unstake(two.user.key(), &fund, 1),
        insurance::unstake(two.user.key(), &fund),
        insurance::open_claim(two.user.key(), &fund, fund.asset.reserve(), 2, 1_000),
        insurance::vote_claim(two.insured.validators[0].key(), fund.claim(1), true),
        two.insured.covering(&two.user, &two.insured.world.sol, 1, None),
    ] {
        refused(two.insured.crank(unsigned(&good)).await, ErrorCode::AccountNotSigner);
    }
}

#[tokio::test]
async fn what_the_fund_pays_goes_to_the_signers_own_token_account_and_to_none_of_a_vault() {
    let mut two = two().await;
    let (fund, other, usdc) = (two.insured.fund, two.other, two.insured.usdc());
    let eve = two.insured.world.user().await;
    let wallet = fund.wallet(&two.user.key());
    let user = two.user.keypair.insecure_clone();
    for wrong in [fund.wallet(&eve.key()), other.tokens(), other.asset.tokens(), fund.asset.tokens()] {
        for good in [
            insurance::unstake(user.pubkey(), &fund),
            two.insured.covering(&two.user, &two.insured.world.sol, 1_000_000, None),
        ] {
            let held = balance(&mut two.insured.world.chain, wrong).await;
            let attempt = two.insured.world.send(&[swapped(&good, wallet, wrong)], &[&user]).await;
            refused(attempt, BallastError::WrongTokenAccount);
            assert_eq!(balance(&mut two.insured.world.chain, wrong).await, held);
        }
    }
    // the lost asset may be the fund's own: then one account pays and is paid
    two.insured.world.lender(&usdc, usdc.units(10)).await;
    two.insured.lose(&usdc, usdc.units(1)).await;
    two.insured.cover(&two.user, &usdc, 1_000_000, None).await.unwrap();
}

#[tokio::test]
async fn accounts_of_another_kind_or_version_are_refused() {
    let mut two = two().await;
    let fund = two.insured.fund;
    let kind = || ErrorCode::AccountDiscriminatorMismatch.into();
    for from in [fund.address(), fund.stake(&two.user.key()), fund.roll()] {
        two.refuse(from, fund.vault(), &[kind(), ErrorCode::ConstraintSeeds.into()]).await;
    }
    let version = || BallastError::WrongStateVersion.into();
    let chain = &mut two.insured.world.chain;
    chain.edit::<FundAccount>(fund.address(), |fund| fund.version = 1).await;
    for (name, instruction) in two.instructions() {
        let user = two.user.keypair.insecure_clone();
        let failure = two.insured.world.send(&[instruction], &[&user]).await.err().unwrap();
        assert_eq!(failure.reason(), Some(version()), "{name}");
    }
    let chain = &mut two.insured.world.chain;
    chain.edit::<FundAccount>(fund.address(), |fund| fund.version = 2).await;
    chain.edit::<StakeAccount>(fund.stake(&two.user.key()), |stake| stake.version = 1).await;
    chain.edit::<RollAccount>(fund.roll(), |roll| roll.version = 1).await;
    chain.edit::<ClaimAccount>(fund.claim(1), |claim| claim.version = 1).await;
    let identity = two.insured.validators[0].identity.insecure_clone();
    let vote_account = two.insured.validators[0].vote_account;
    for instruction in [
        insurance::enroll_validator(identity.pubkey(), &fund, vote_account),
        insurance::leave_roll(identity.pubkey(), &fund, vote_account),
        insurance::call_roll(&fund, &[vote_account]),
        insurance::vote_claim(identity.pubkey(), fund.claim(1), true),
    ] {
        let payer = two.insured.world.curator.insecure_clone();
        let signers: Vec<_> = if instruction.accounts.iter().any(|meta| meta.is_signer) {
            vec![&payer, &identity]
        } else {
            vec![&payer]
        };
        refused(two.insured.world.send(&[instruction], &signers).await, BallastError::WrongStateVersion);
    }
    for (name, instruction) in two.instructions() {
        let user = two.user.keypair.insecure_clone();
        let attempt = two.insured.world.send(&[instruction], &[&user]).await;
        if !["collect", "cover"].contains(&name) {
            assert_eq!(attempt.err().unwrap().reason(), Some(version()), "{name}");
        }
    }
}
