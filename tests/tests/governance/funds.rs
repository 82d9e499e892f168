//! A vault has one fund for good, in one token and with one set of rules. After the opening both wait out the timelock.

use ballast::{
    state::{FundAccount, ProposedChange},
    BallastError,
};
use ballast_client::insurance::{self, Fund};
use ballast_risk::{fund::FundRules, Bps};
use ballast_tests::{
    desk::{Desk, DELAY},
    refused, Failure, Market, Receipt,
};
use solana_signer::Signer;

fn in_token(desk: &Desk, market: &Market) -> (Fund, ProposedChange) {
    let asset = desk.world.asset(market);
    (Fund { asset }, ProposedChange::Fund { reserve: asset.reserve(), rules: FundRules::BALANCED.into() })
}

async fn create(desk: &mut Desk, fund: &Fund) -> Result<Receipt, Failure> {
    create_with(desk, fund, FundRules::BALANCED).await
}

async fn create_with(desk: &mut Desk, fund: &Fund, rules: FundRules) -> Result<Receipt, Failure> {
    let curator = desk.curator.insecure_clone();
    let create = insurance::create_fund(curator.pubkey(), fund, rules.into());
    desk.world.send(&[create], &[&curator]).await
}

#[tokio::test]
async fn a_stolen_key_makes_no_fund_before_anyone_can_see_and_cancel_it() {
    let mut desk = Desk::open().await;
    let (fund, change) = in_token(&desk, &desk.world.alt);
    refused(create(&mut desk, &fund).await, BallastError::FundNotApproved);
    let proposal = desk.propose(change).await;
    refused(desk.execute_at_once(&proposal).await, BallastError::NotRipe);
    refused(create(&mut desk, &fund).await, BallastError::FundNotApproved);
    desk.wait(DELAY - 1);
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    let guardian = desk.guardian.insecure_clone();
    desk.cancel_as(&guardian, &proposal).await.unwrap();
    desk.wait(1);
    assert!(desk.execute(&proposal).await.is_err());
    refused(create(&mut desk, &fund).await, BallastError::FundNotApproved);
}

#[tokio::test]
async fn what_waited_out_the_timelock_lets_the_curator_make_a_fund_in_that_token_and_no_other() {
    let mut desk = Desk::open().await;
    let (usdc, alt) = (desk.world.usdc, desk.world.alt);
    let ((good, change), (bad, other)) = (in_token(&desk, &usdc), in_token(&desk, &alt));
    desk.carry_out(None, change.clone()).await;
    refused(create(&mut desk, &bad).await, BallastError::FundNotApproved);
    // approved anew: the last one counts
    desk.carry_out(None, other.clone()).await;
    refused(create(&mut desk, &good).await, BallastError::FundNotApproved);
    desk.carry_out(None, change.clone()).await;
    create(&mut desk, &good).await.unwrap();
    let fund: FundAccount = desk.world.chain.state(good.address()).await;
    assert_eq!((fund.mint, fund.reserve), (usdc.mint, good.asset.reserve()));
    // and there is nothing left to approve
    refused(desk.try_propose(None, other).await, BallastError::ChangesNothing);
}

#[tokio::test]
async fn only_a_reserve_of_the_vault_is_approved() {
    let mut desk = Desk::open().await;
    let second = desk.world.open_vault(2).await;
    let foreign = desk.world.usdc.asset(second).reserve();
    for reserve in [foreign, Default::default()] {
        let change = ProposedChange::Fund { reserve, rules: FundRules::BALANCED.into() };
        refused(desk.try_propose(None, change).await, BallastError::WrongVault);
    }
}

#[tokio::test]
async fn the_rules_that_stakers_will_live_by_wait_out_the_timelock_too() {
    let mut desk = Desk::open().await;
    let (fund, change) = in_token(&desk, &desk.world.usdc);
    let reserve = fund.asset.reserve();
    desk.carry_out(None, change.clone()).await;
    // a fund that empties itself two and a half times as fast is another one
    let faster = FundRules { cover_share: Bps(2_500), ..FundRules::BALANCED };
    refused(create_with(&mut desk, &fund, faster).await, BallastError::FundNotApproved);
    let slower = FundRules { cooldown: FundRules::BALANCED.cooldown + 1, ..FundRules::BALANCED };
    refused(create_with(&mut desk, &fund, slower).await, BallastError::FundNotApproved);
    // rules that no fund may have are not even proposed, nor are those that were approved
    let wild = FundRules { premium: Bps(101), ..FundRules::BALANCED };
    let beyond = ProposedChange::Fund { reserve, rules: wild.into() };
    refused(desk.try_propose(None, beyond).await, BallastError::InvalidParameter);
    refused(desk.try_propose(None, change).await, BallastError::ChangesNothing);
    // other rules are a change of their own
    desk.carry_out(None, ProposedChange::Fund { reserve, rules: faster.into() }).await;
    refused(create(&mut desk, &fund).await, BallastError::FundNotApproved);
    create_with(&mut desk, &fund, faster).await.unwrap();
    let made: FundAccount = desk.world.chain.state(fund.address()).await;
    assert_eq!(made.rules, faster.into());
}
