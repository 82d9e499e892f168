//! Whole transactions in which an attacker puts several instructions around each other, with money that it may have borrowed for that
//! long. Two people act together; what they have is counted at the oracle's prices before and after, and so is what lenders have.

use crate::den::Den;
use anchor_spl::token_2022::spl_token_2022;
use ballast::{event::TrancheExecuted, instructions::TightenTo, BallastError};
use ballast_client::{
    governance, instruction,
    instruction::{deposit, withdraw},
    insurance,
    safety::{self, absorbing},
    Event,
};
use ballast_risk::fund::{FundRules, StakeShares, INCOME_SECONDS};
use ballast_tests::{refused, usd, Insured, Reason, Receipt, User};

fn tranches(receipt: &Receipt) -> Vec<&TrancheExecuted> {
    let mut found = vec![];
    for event in &receipt.events {
        if let Event::TrancheExecuted(tranche) = event {
            found.push(tranche);
        }
    }
    found
}

#[tokio::test]
async fn borrowing_showing_a_fall_and_selling_oneself_in_one_transaction_is_refused_and_in_two_earns_nothing()
{
    let mut den = Den::open().await;
    let (sol, usdc) = (den.world.asset(&den.world.sol), den.world.asset(&den.world.usdc));
    let reserves = [sol.reserve(), usdc.reserve()];
    den.oracle_says(usd(165));
    let (eve, helper) = (den.eve.numbered(0), den.helper.numbered(0));
    let pledge = [
        deposit(&eve.account, &sol, 100_000_000_000),
        instruction::borrow(&eve.account, &usdc, 14_000_000_000, &reserves),
    ];
    let sell = [den.refresh(), den.tranche(&helper, &eve)];
    // at $200 she may borrow; at $165, which she shows herself, she could be sold
    let all = [&pledge[..], &sell].concat();
    refused(den.earns_nothing(&all).await, BallastError::SameSlot);
    den.earns_nothing(&pledge).await.unwrap();
    den.world.chain.pass(1);
    den.oracle_says(usd(165));
    let leave = withdraw(&eve.account, &sol, 1_000_000, &reserves);
    let flash = deposit(&helper.account, &usdc, 400_000_000_000);
    let back = withdraw(&helper.account, &usdc, 399_000_000_000, &[]);
    let [refresh, tranche] = sell;
    let receipt = den.earns_nothing(&[flash, refresh, tranche, back]).await.unwrap();
    assert_eq!(tranches(&receipt).len(), 1);
    assert!(tranches(&receipt)[0].bonus_ppm > 0, "the helper is paid a bonus, which is Eve's own");
    refused(den.earns_nothing(&[leave]).await, BallastError::BelowOpeningRequirement);
}

#[tokio::test]
async fn borrowing_at_the_price_before_a_fall_leaves_nothing_to_walk_away_from() {
    for price in [199, 190, 180, 170, 160] {
        let mut den = Den::open().await;
        let (sol, usdc) = (den.world.asset(&den.world.sol), den.world.asset(&den.world.usdc));
        let reserves = [sol.reserve(), usdc.reserve()];
        let eve = den.eve.numbered(0);
        let before = den.loot().await;
        den.oracle_says(usd(price));
        let fell = den.loot().await;
        let refresh = den.refresh();
        let batch = |amount| {
            [
                deposit(&eve.account, &sol, 100_000_000_000),
                instruction::borrow(&eve.account, &usdc, amount, &reserves),
                refresh.clone(),
            ]
        };
        // the most that the price of before allows, to ten dollars
        let (mut least, mut most) = (1_000u64, 20_000u64);
        while most - least > 10 {
            let middle = (least + most) / 2;
            let attempt = batch(middle * 1_000_000);
            let signers = den.signers(&attempt);
            let lands =
                den.world.chain.would_land(&attempt, &signers.iter().collect::<Vec<_>>()).await.is_ok();
            (least, most) = if lands { (middle, most) } else { (least, middle) };
        }
        let most = batch(least * 1_000_000);
        den.earns_nothing(&most).await.unwrap();
        let score = den.world.score(&eve).await;
        assert!(score.equity().0 > 0, "at ${price} she owes {least} dollars and would walk away: {score:?}");
        assert!(fell < before && least > 14_000, "{least}");
    }
}

#[tokio::test]
async fn tokens_pushed_into_the_vault_between_deposit_and_withdrawal_raise_no_share() {
    let mut den = Den::open().await;
    let (eve, helper) = (den.eve.numbered(0), den.helper.numbered(0));
    for market in [den.world.sol, den.world.usdc] {
        let asset = den.world.asset(&market);
        for (put, given) in [(1, 1), (1, 1_000_000), (3, 7), (1_000_003, 999_999_937), (market.units(50), 1)]
        {
            for user in [&eve, &helper] {
                let gift = den.donate(user, &market, given);
                let all = withdraw(&user.account, &asset, u64::MAX, &[]);
                let batch = [deposit(&user.account, &asset, put), gift.clone(), all.clone()];
                den.earns_nothing(&batch).await.map(drop).unwrap_or_else(|failure| {
                    // a unit may be worth less than a share
                    assert!(failure.reason() == Some(BallastError::ZeroAmount.into()), "{failure:#?}");
                });
            }
        }
    }
}

#[tokio::test]
async fn a_flash_deposit_around_a_loss_bears_its_part_of_it() {
    let mut gains = vec![];
    for flash in [false, true] {
        let mut den = Den::open().await;
        let (sol, usdc) = (den.world.asset(&den.world.sol), den.world.asset(&den.world.usdc));
        let reserves = [sol.reserve(), usdc.reserve()];
        let ann = den.world.user().await;
        let sol_market = den.world.sol;
        den.world.deposit(&ann, &sol_market, sol_market.units(100)).await.unwrap();
        let usdc_market = den.world.usdc;
        den.world.borrow(&ann, &usdc_market, usdc_market.units(14_000)).await.unwrap();
        den.oracle_says(usd(100));
        let (eve, helper) = (den.eve.numbered(0), den.helper.numbered(0));
        let last = absorbing(den.tranche(&helper, &ann), &reserves);
        let mut batch = vec![den.refresh(), last];
        if flash {
            den.world.give(&eve, &usdc_market, usdc_market.units(150_000)).await;
            batch.insert(0, deposit(&eve.account, &usdc, usdc_market.units(150_000)));
            // the loss has put the reserve under guard, and what was lent for a moment does not get out
            let out = withdraw(&eve.account, &usdc, u64::MAX, &[]);
            refused(den.send(&[&batch[..], &[out]].concat()).await, BallastError::ExitShareSpent);
        }
        let (loot, lent) = (den.loot().await, den.lent().await);
        let receipt = den.send(&batch).await.unwrap();
        let Some(Event::LossAbsorbed(loss)) =
            receipt.events.iter().find(|event| matches!(event, Event::LossAbsorbed(_)))
        else {
            panic!("a loss")
        };
        assert!(loss.lenders > 0);
        gains.push((den.loot().await.gain_up(&loot), lent[1] - den.lent().await[1]));
    }
    let [(plain, lost), (around, lost_less)] = gains[..] else { panic!("two") };
    // 0.2 % of $10,000 for whoever sells, either way; of the deposit that was there for the moment, its part of the loss is gone
    assert!(plain > 0 && plain <= 20_000_000, "{plain}");
    assert!(around < plain && around < 0 && lost_less < lost, "{plain} {around}, lenders {lost} {lost_less}");
}

#[tokio::test]
async fn nobody_absorbs_a_book_that_has_something_left_whatever_it_borrows_first() {
    let mut den = Den::open().await;
    let (sol, usdc) = (den.world.asset(&den.world.sol), den.world.asset(&den.world.usdc));
    let reserves = [sol.reserve(), usdc.reserve()];
    let eve = den.eve.numbered(0);
    let absorb = safety::absorb_loss(den.helper.key(), den.world.vault, eve.obligation(), &reserves);
    let batch = [
        deposit(&eve.account, &sol, 100_000_000_000),
        instruction::borrow(&eve.account, &usdc, 14_000_000_000, &reserves),
        absorb.clone(),
    ];
    refused(den.earns_nothing(&batch).await, BallastError::DepositsLeft);
    den.earns_nothing(&batch[..2]).await.unwrap();
    den.oracle_says(usd(130));
    let refresh = den.refresh();
    refused(den.earns_nothing(&[refresh, absorb]).await, BallastError::DepositsLeft);
}

#[tokio::test]
async fn a_guardian_who_toggles_a_guard_around_its_own_acts_earns_nothing() {
    let mut den = Den::open().await;
    let (sol, usdc) = (den.world.asset(&den.world.sol), den.world.asset(&den.world.usdc));
    let reserves = [sol.reserve(), usdc.reserve()];
    let (eve, helper, vault) = (den.eve.numbered(0), den.helper.numbered(0), den.world.vault);
    let key = eve.key();
    den.world.chain.edit::<ballast::state::Vault>(vault, |vault| vault.guardian = key).await;
    let ann = den.world.user().await;
    let (sol_market, usdc_market) = (den.world.sol, den.world.usdc);
    den.world.deposit(&ann, &sol_market, sol_market.units(100)).await.unwrap();
    den.world.borrow(&ann, &usdc_market, usdc_market.units(14_000)).await.unwrap();
    den.world.tick(1).await;
    let guards = |to| {
        [Some(sol.reserve()), Some(usdc.reserve()), None]
            .map(|of| governance::tighten(key, vault, of, to, 60))
    };
    for to in [TightenTo::Guarded, TightenTo::Halted] {
        for guard in guards(to) {
            // a healthy book stays out of reach
            let attack = [guard.clone(), den.refresh(), den.tranche(&helper, &ann)];
            refused(den.earns_nothing(&attack).await, BallastError::Healthy);
            // borrowing, then shutting the door behind oneself, and opening it is not the guardian's
            let step = safety::step_breaker(vault, None);
            let pledge = deposit(&eve.account, &sol, 100_000_000_000);
            let borrow = instruction::borrow(&eve.account, &usdc, 14_000_000_000, &reserves);
            let batch = [pledge.clone(), borrow.clone(), guard.clone(), step];
            refused(den.earns_nothing(&batch).await, BallastError::NothingToStep);
            // nor does anybody borrow behind it
            let reason =
                den.earns_nothing(&[guard, pledge, borrow]).await.err().and_then(|failure| failure.reason());
            let reasons =
                [BallastError::NotInThisState, BallastError::BelowOpeningRequirement].map(Reason::from);
            assert!(reason.as_ref().is_some_and(|reason| reasons.contains(reason)), "{reason:?}");
        }
    }
    // what the table leaves open in a guarded vault is no gain either
    let pledge = deposit(&eve.account, &sol, 100_000_000_000);
    let borrow = instruction::borrow(&eve.account, &usdc, 14_000_000_000, &reserves);
    let [_, _, guard] = guards(TightenTo::Guarded);
    let out = withdraw(&eve.account, &sol, 1_000_000_000, &reserves);
    den.earns_nothing(&[pledge, borrow, guard, out]).await.unwrap();
}

/// A fund of $1,000 whose reserve has $500 of income that nobody has collected yet, and Eve with a million.
async fn uncollected() -> (Insured, User) {
    let mut insured = Insured::start().await;
    let (usdc, fund) = (insured.usdc(), insured.fund);
    insured.staker(usdc.units(1_000)).await;
    insured.world.lender(&usdc, usdc.units(100_000)).await;
    let reserve = usdc.asset(insured.world.vault).reserve();
    let income = usdc.units(500);
    insured.crank(insurance::collect_insurance(&fund)).await.unwrap();
    let earn = |reserve: &mut ballast::state::Reserve| {
        reserve.books.insurance[1] += income;
        reserve.books.free_tokens += income;
    };
    insured.world.chain.edit(reserve, earn).await;
    let held = insured.world.till(&usdc).await;
    let open = spl_token_2022::state::AccountState::Initialized;
    insured.world.set_till(&usdc, held + income, open).await;
    insured.world.tick(1).await;
    let eve = insured.world.user().await;
    insured.world.give(&eve, &usdc, usdc.units(1_000_000)).await;
    (insured, eve)
}

#[tokio::test]
async fn a_stake_in_front_of_income_gets_none_of_it() {
    let (mut insured, eve) = uncollected().await;
    let (fund, borrowed) = (insured.fund, insured.usdc().units(1_000_000));
    let batch = [
        insurance::open_stake(eve.key(), &fund),
        insurance::stake_insurance(eve.key(), &fund, borrowed),
        insurance::collect_insurance(&fund),
    ];
    insured.world.must(&batch, &[&eve.keypair]).await;
    let shares = StakeShares(insured.stake_of(&eve).await.stake.shares);
    let gained = insured.state().await.fund().worth_down(shares).0 - borrowed;
    assert!(gained <= 1, "{gained} of 500 USDC");
    // what comes later is hers by the time that she stays, and she cannot leave before all of it came
    let (fund, now) = (insured.state().await.fund(), insured.world.chain.now() as u64);
    assert_eq!(fund.coming.pending, insured.usdc().units(500) - 1);
    let (part, whole) = (u128::from(shares.0), u128::from(fund.shares));
    for seventh in 0..=7 {
        let came = u128::from(fund.coming.pending) * u128::from(seventh) / 7;
        let then = fund.at(now + INCOME_SECONDS * seventh / 7);
        let gained = then.worth_down(shares).0.saturating_sub(borrowed);
        assert!(u128::from(gained) <= came * part / whole, "{gained} after {seventh} of 7 parts");
    }
    let shortest = FundRules { cooldown: INCOME_SECONDS as u32 - 1, ..FundRules::BALANCED };
    assert!(shortest.validate().is_err());
}

#[tokio::test]
async fn a_flash_stake_takes_no_income_home() {
    let (mut insured, eve) = uncollected().await;
    let (usdc, fund, borrowed) = (insured.usdc(), insured.fund, insured.usdc().units(1_000_000));
    let way_in = [
        insurance::open_stake(eve.key(), &fund),
        insurance::stake_insurance(eve.key(), &fund, borrowed),
        insurance::collect_insurance(&fund),
        insurance::request_unstake(eve.key(), &fund, u64::MAX),
    ];
    let way_out = insurance::unstake(eve.key(), &fund);
    let whole = [&way_in[..], std::slice::from_ref(&way_out)].concat();
    refused(insured.world.send(&whole, &[&eve.keypair]).await, BallastError::StakeCooling);
    // nor does a claim pay whoever opens it, with stake or without
    insured.lose(&usdc, usdc.units(100)).await;
    let claim = insurance::open_claim(eve.key(), &fund, insured.lost(), 1, 1_000_000);
    let whole = [&way_in[..2], &[claim, way_out]].concat();
    assert!(insured.world.send(&whole, &[&eve.keypair]).await.is_err());
    // what came in stays in for two weeks, and bears every loss until then
    insured.world.must(&way_in, &[&eve.keypair]).await;
    assert_eq!(insured.world.wallet(&eve, &usdc).await, 0);
}

#[tokio::test]
async fn covering_a_loss_between_a_flash_deposit_and_its_withdrawal_pays_what_covering_pays() {
    let mut gains = vec![];
    for flash in [false, true] {
        let mut insured = Insured::start().await;
        let (usdc, sol, fund) = (insured.usdc(), insured.world.sol, insured.fund);
        insured.staker(usdc.units(100_000)).await;
        insured.world.lender(&sol, sol.units(1_000)).await;
        insured.lose(&sol, sol.units(10)).await;
        let (eve, helper) = (insured.world.user().await, insured.world.user().await);
        insured.world.give(&helper, &sol, sol.units(10)).await;
        insured.world.give(&eve, &sol, sol.units(200)).await;
        insured.world.give(&helper, &usdc, 0).await;
        let fair = insured.world.fair();
        let before = insured.world.fortune(&[&eve, &helper], &fair).await;
        let mut batch = vec![insured.covering(&helper, &sol, sol.units(10), None)];
        if flash {
            let asset = sol.asset(fund.vault());
            batch.insert(0, deposit(&eve.account, &asset, sol.units(200)));
            batch.push(withdraw(&eve.account, &asset, u64::MAX, &[]));
        }
        insured.world.must(&batch, &[&eve.keypair, &helper.keypair]).await;
        gains.push(insured.world.fortune(&[&eve, &helper], &fair).await.gain_up(&before));
    }
    // $2,000 repaid for half a percent more, less what prices' confidence takes
    assert!(gains[0] <= 10_000_000 && gains[1] <= gains[0], "{gains:?}");
}
