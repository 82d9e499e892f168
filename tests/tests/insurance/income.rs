//! `collect_insurance`: what the reserve of the fund's mint has beyond its target is the stakers'.

use crate::DAY;
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::{
    state::{Reserve, Vault},
    BallastError,
};
use ballast_client::{insurance, Event};
use ballast_tests::{attack, market::balance, refused, Insured, Market, User};

/// A reserve of USDC with a debt of $100,000 and so much insurance in kind; a fund of 1,000 USDC.
async fn insured_by(insurance: u64) -> (Insured, User) {
    let mut insured = Insured::start().await;
    let (usdc, eth) = (insured.usdc(), insured.world.eth);
    insured.staker(usdc.units(1_000)).await;
    insured.world.lender(&usdc, usdc.units(500_000)).await;
    let borrower = insured.world.user().await;
    insured.world.deposit(&borrower, &eth, eth.units(100)).await.unwrap();
    insured.world.borrow(&borrower, &usdc, usdc.units(100_000)).await.unwrap();
    earn(&mut insured, &usdc, insurance).await;
    (insured, borrower)
}

/// Adds insurance in kind, as slices of bonuses do.
async fn earn(insured: &mut Insured, market: &Market, units: u64) {
    let asset = market.asset(insured.world.vault);
    let chain = &mut insured.world.chain;
    let held = balance(chain, asset.tokens()).await;
    market.write_tokens(chain, asset.tokens(), &asset.vault, held + units, AccountState::Initialized);
    chain
        .edit::<Reserve>(asset.reserve(), |reserve| {
            reserve.books.free_tokens += units;
            reserve.books.insurance[1] += units;
        })
        .await;
}

async fn collect(insured: &mut Insured) -> u64 {
    let collect = insurance::collect_insurance(&insured.fund);
    let receipt = insured.crank(collect).await.unwrap();
    let [Event::InsuranceCollected(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!(event.fund_after.coming - event.fund_before.coming, event.amount);
    assert_eq!(event.fund_after.tokens, event.fund_before.tokens, "nothing has come yet");
    assert_eq!(event.books_before.free_tokens - event.books_after.free_tokens, event.amount);
    event.amount
}

#[tokio::test]
async fn insurance_beyond_the_target_is_income_of_the_stakers() {
    let (mut insured, _) = insured_by(1_000_000_000).await;
    let usdc = insured.usdc();
    let target = u64::from(insured.world.reserve(&usdc).await.split.insurance_target);
    let kept = usdc.units(100_000) * target / 10_000;
    let income = collect(&mut insured).await;
    assert!(income.abs_diff(usdc.units(1_000) - kept) < 10, "{income}");
    assert_eq!(collect(&mut insured).await, 0);
    // it comes over a week, whoever looks
    let (fund, now) = (insured.state().await, insured.world.chain.now() as u64);
    assert_eq!(fund.books.tokens, usdc.units(1_000));
    for (seconds, came) in [(0, 0), (DAY, income / 7), (7 * DAY, income), (8 * DAY, income)] {
        let then = fund.fund().at(now + seconds as u64);
        assert_eq!(then.tokens, usdc.units(1_000) + came, "after {seconds} s");
    }
    let left = insured.world.books(&usdc).await.insurance_down().0;
    assert!(left >= kept && left < kept + 10, "{left}");
}

#[tokio::test]
async fn below_its_target_a_reserve_keeps_everything() {
    let (mut insured, _) = insured_by(1_000_000).await;
    assert_eq!(collect(&mut insured).await, 0);
    insured.world.chain.pass(DAY);
    assert_eq!(collect(&mut insured).await, 0);
}

#[tokio::test]
async fn repaying_for_a_moment_turns_no_insurance_into_income() {
    let (mut insured, borrower) = insured_by(200_000_000).await;
    let usdc = insured.usdc();
    // nobody has ever looked, and who looks in the dip finds the debt that there was
    insured.world.give(&borrower, &usdc, usdc.units(1)).await;
    insured.world.repay(&borrower, &usdc, u64::MAX).await.unwrap();
    assert_eq!(collect(&mut insured).await, 0);
    assert_eq!(collect(&mut insured).await, 0, "nor by a second look");
    // a debt that stays away is forgotten bit by bit
    insured.world.tick(29 * DAY).await;
    let income = collect(&mut insured).await;
    assert!(income > 0 && income < 200_000_000, "{income}");
}

#[tokio::test]
async fn in_a_storm_insurance_stays_where_it_is() {
    let (mut insured, _) = insured_by(1_000_000_000).await;
    let (usdc, vault) = (insured.usdc(), insured.world.vault);
    let storm = insured.world.chain.now() as u64 + 1_000;
    let trip = |breaker: &mut ballast::state::Breaker| (breaker.state, breaker.expires_at) = (1, storm);
    let collecting = insurance::collect_insurance(&insured.fund);
    let reserve = usdc.asset(vault).reserve();
    insured.world.chain.edit::<Reserve>(reserve, |reserve| trip(&mut reserve.breaker)).await;
    refused(insured.crank(collecting.clone()).await, BallastError::NotInThisState);
    insured.world.chain.pass(1_000);
    insured
        .world
        .chain
        .edit::<Vault>(vault, |vault| (vault.breaker.state, vault.breaker.expires_at) = (2, u64::MAX))
        .await;
    refused(insured.crank(collecting).await, BallastError::NotInThisState);
    insured.world.chain.edit::<Vault>(vault, |vault| vault.breaker = Default::default()).await;
    assert!(collect(&mut insured).await > 0);
}

#[tokio::test]
async fn missing_tokens_turn_no_insurance_into_income() {
    // nobody has shown that a unit is missing: whoever collects shows it, and insurance stays to bear it
    let (mut insured, _) = insured_by(1_000_000_000).await;
    let usdc = insured.usdc();
    let held = insured.world.till(&usdc).await;
    insured.world.set_till(&usdc, held - 1, AccountState::Initialized).await;
    let collecting = insurance::collect_insurance(&insured.fund);
    refused(insured.crank(collecting).await, BallastError::NotInThisState);
    insured.world.set_till(&usdc, held, AccountState::Initialized).await;
    assert!(collect(&mut insured).await > 0);
}

#[tokio::test]
async fn only_the_reserve_of_the_funds_mint_pays_and_only_into_the_fund() {
    let (mut insured, _) = insured_by(1_000_000_000).await;
    let (usdc, sol, vault) = (insured.usdc(), insured.world.sol, insured.world.vault);
    let eve = insured.world.user().await;
    let good = insurance::collect_insurance(&insured.fund);
    let (from, to) = (usdc.asset(vault), sol.asset(vault));
    for (account, other, reason) in [
        (from.reserve(), to.reserve(), BallastError::NotTheFundsReserve),
        (insured.fund.tokens(), insured.fund.wallet(&eve.key()), BallastError::WrongTokenAccount),
        (from.tokens(), to.tokens(), BallastError::WrongTokenAccount),
        (usdc.mint, sol.mint, BallastError::WrongMint),
    ] {
        refused(insured.crank(attack::swapped(&good, account, other)).await, reason);
    }
    insured.crank(good).await.unwrap();
}

#[tokio::test]
async fn without_stakers_income_is_nobodys_and_no_newcomers() {
    let mut insured = Insured::start().await;
    let usdc = insured.usdc();
    insured.world.lender(&usdc, usdc.units(10)).await;
    earn(&mut insured, &usdc, 5_000).await;
    insured.crank(insurance::collect_insurance(&insured.fund)).await.unwrap();
    insured.world.chain.pass(1);
    insured.crank(insurance::collect_insurance(&insured.fund)).await.unwrap();
    assert_eq!(insured.state().await.books.spare, 4_999);
    let ann = insured.staker(1_000).await;
    assert_eq!(insured.stake_of(&ann).await.stake.shares, 1_000);
    assert_eq!(insured.state().await.books.tokens, 1_000);
}
