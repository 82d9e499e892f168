//! The insurance fund, with a full roll: every instruction once.

use crate::{stage::own, SIZES};
use ballast_client::insurance::{self, Fund};
use ballast_risk::fund::FundRules;
use ballast_tests::{Insured, Receipt, Validator};
use solana_signer::Signer;

/// Instruction, column, compute units.
type Units = Vec<(&'static str, usize, u64)>;

/// Measures each once, with 64 validators.
pub async fn measure() -> Units {
    let validators = (0..64).map(|i| Validator::with_stake(1_000 + i)).collect();
    let mut insured = Insured::with_validators(validators).await;
    let (usdc, sol) = (insured.usdc(), insured.world.sol);
    let mut units = Units::new();
    let mut row = |name, receipt: &Receipt| units.push((name, 1, own(receipt)));

    let ann = insured.staker(usdc.units(100_000)).await;
    row("stake_insurance", &insured.stake(&ann, usdc.units(1_000)).await.expect("a stake"));
    row("request_unstake", &insured.ask(&ann, 1_000).await.expect("a request"));
    for index in 0..63 {
        insured.enroll(index).await.expect("stake enough");
    }
    row("enroll_validator, the 64th", &insured.enroll(63).await.expect("stake enough"));
    insured.next_epoch().await;
    insured.next_epoch().await;
    // the last of the roll, which are found last
    let accounts: Vec<_> = insured.validators.iter().map(|validator| validator.vote_account).collect();
    for size in SIZES {
        let call = insurance::call_roll(&insured.fund, &accounts[64 - size..]);
        let receipt = insured.crank(call).await.expect("they are enrolled");
        units.push(("call_roll, the last of 64", size, own(&receipt)));
    }
    insured.call_roll().await;
    let mut row = |name, receipt: &Receipt| units.push((name, 1, own(receipt)));

    insured.world.lender(&sol, sol.units(1_000)).await;
    insured.lose(&sol, sol.units(100)).await;
    let keeper = insured.world.user().await;
    let cover = insured.cover(&keeper, &sol, sol.units(1), None).await.expect("within the cover");
    row("cover_loss", &cover);
    let claimant = insured.claimant().await;
    let open = insurance::open_claim(claimant.key(), &insured.fund, insured.lost(), 1, 10_000_000_000);
    row("open_claim, 64 voters", &insured.world.must(&[open], &[&claimant.keypair]).await);
    for index in 0..63 {
        insured.vote(index, 1, true).await.expect("it votes");
    }
    row("vote_claim, 64 voters", &insured.vote(63, 1, true).await.expect("it votes"));
    row("settle_claim, 64 voters", &insured.settle(1, Some(&claimant)).await.expect("it passed"));
    let cover = insured.cover(&keeper, &sol, sol.units(1), Some(1)).await.expect("approved");
    row("cover_loss, by a claim", &cover);
    let collect = insurance::collect_insurance(&insured.fund);
    row("collect_insurance, nothing yet", &insured.crank(collect).await.expect("it looks"));
    insured.ask(&ann, 1_000).await.expect("a request");
    insured.world.chain.pass(14 * 86_400);
    row("unstake", &insured.leave(&ann).await.expect("the cooldown is over"));
    let close = insurance::close_claim(&insured.fund, 1, claimant.key(), None);
    row("close_claim", &insured.crank(close).await.expect("its approval is over"));
    let identity = insured.validators[63].identity.insecure_clone();
    let leave = insurance::leave_roll(identity.pubkey(), &insured.fund, accounts[63]);
    row("leave_roll, the 64th", &insured.world.must(&[leave], &[&identity]).await);
    let bob = insured.world.user().await;
    let open = insurance::open_stake(bob.key(), &insured.fund);
    row("open_stake", &insured.world.must(&[open], &[&bob.keypair]).await);
    let close = insurance::close_stake(bob.key(), &insured.fund);
    row("close_stake", &insured.world.must(&[close], &[&bob.keypair]).await);
    let second = Fund { asset: usdc.asset(insured.world.open_vault(2).await) };
    row(
        "create_fund",
        &insured.create_fund(&second, FundRules::BALANCED).await.expect("the rules are valid"),
    );
    units
}
