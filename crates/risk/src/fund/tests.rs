extern crate std;

mod coming;

use super::*;
use crate::units::Usd;
use proptest::{
    prelude::*,
    test_runner::{TestCaseResult, TestRunner},
};
use std::{cell::RefCell, vec, vec::Vec};

const START: Seconds = 20_000 * DAY;
const RULES: FundRules = FundRules::BALANCED;

/// A dollar a whole token of six decimals: a unit is a micro-USD.
fn dollar() -> UnitPrice {
    UnitPrice::from_oracle(100_000_000, -8, 6).unwrap()
}

fn staked(amount: u64) -> (Fund, Stake) {
    let mut fund = Fund::default();
    let (stake, cost) = Stake::default().stake(&mut fund, TokenAmount(amount), START).unwrap();
    assert_eq!(cost, TokenAmount(amount));
    (fund, stake)
}

#[test]
fn stake_cools_down_leaves_in_its_window_and_then_has_to_ask_again() {
    let (mut fund, stake) = staked(1_000);
    assert_eq!(stake.leave(&mut fund, &RULES, START), Err(RiskError::ZeroAmount.into()));
    assert_eq!(stake.request(&fund, StakeShares(1_001), START), Err(RiskError::InsufficientAmount));
    let asked = stake.request(&fund, StakeShares(400), START).unwrap();
    let (ready, window) = (START + 14 * DAY, 2 * DAY);
    assert_eq!(asked.leave(&mut fund, &RULES, ready - 1), Err(Refusal::StakeCooling));
    assert_eq!(asked.leave(&mut fund, &RULES, ready + window + 1), Err(Refusal::UnstakeLapsed));
    let (left, paid) = asked.leave(&mut fund.clone(), &RULES, ready + window).unwrap();
    assert_eq!((left.shares, left.leaving, paid), (600, 0, TokenAmount(400)));
    // asking for more starts the cooldown of all anew
    let more = asked.request(&fund, StakeShares(1), ready).unwrap();
    assert_eq!(more.leave(&mut fund, &RULES, ready), Err(Refusal::StakeCooling));
    assert_eq!((asked.stay(&fund).shares, asked.stay(&fund).leaving), (1_000, 0));
}

#[test]
fn stake_cannot_leave_before_a_claim_is_settled_and_paid() {
    let (mut fund, stake) = staked(1_000_000_000);
    let asked = stake.request(&fund, StakeShares(1_000), START).unwrap();
    let ready = START + 14 * DAY;
    let value = Usd::dollars(1_000);
    fund.record_loss(Usd(999_999), value, ready - DAY);
    assert!(asked.leave(&mut fund.clone(), &RULES, ready).is_ok(), "a small loss locks nobody");
    fund.record_loss(Usd(1_000_000), value, ready - DAY);
    assert_eq!(asked.leave(&mut fund, &RULES, ready + DAY), Err(Refusal::StakeLocked));

    assert_eq!(fund.open_claim(2_000_000, ready), Err(RiskError::InsufficientAmount));
    fund.open_claim(1_500_000, ready).unwrap();
    assert_eq!(fund.claimable(ready), 499_999);
    let voted = ready + 5 * DAY;
    assert_eq!(asked.leave(&mut fund, &RULES, voted), Err(Refusal::StakeLocked));
    let mut failed = fund;
    assert_eq!(failed.close_claim(1_500_000, false, voted), None);
    assert_eq!(failed.claimable(voted), 1_999_999);
    // the time of the lock does not count against who asked before it
    assert!(asked.leave(&mut failed, &RULES, voted + 2 * DAY).is_ok());
    assert_eq!(asked.leave(&mut failed, &RULES, voted + 4 * DAY), Err(Refusal::UnstakeLapsed));

    let mut approval = fund.close_claim(1_500_000, true, voted).unwrap();
    assert_eq!(asked.leave(&mut fund, &RULES, voted + APPROVAL_SECONDS - 1), Err(Refusal::StakeLocked));
    let paid = fund.pay_approved(&mut approval, &RULES, &dollar(), Usd(1_500_000), voted).unwrap();
    assert_eq!(paid.0, 1_507_499, "half a percent more, a unit less for rounding");
    assert_eq!(
        fund.pay_approved(&mut approval, &RULES, &dollar(), Usd(1_000), voted),
        Err(Refusal::CoverSpent)
    );
    // a lapsed request does not come back with the next loss
    let old = stake.request(&fund, StakeShares(1_000), voted).unwrap();
    let long_after = voted + 100 * DAY;
    fund.record_loss(value, value, long_after);
    let free = long_after + LOSS_LOCK;
    assert_eq!(old.leave(&mut fund, &RULES, free), Err(Refusal::UnstakeLapsed));
}

#[test]
fn recorded_losses_can_be_claimed_for_two_weeks_and_once() {
    let (mut fund, _) = staked(1_000);
    assert_eq!(fund.open_claim(0, START), Err(RiskError::ZeroAmount));
    assert_eq!(fund.open_claim(1, START), Err(RiskError::InsufficientAmount));
    fund.record_loss(Usd(70), Usd(1_000), START);
    fund.open_claim(70, START + CLAIM_WINDOW).unwrap();
    assert_eq!(fund.open_claim(1, START + CLAIM_WINDOW), Err(RiskError::InsufficientAmount));
    fund.record_loss(Usd(30), Usd(1_000), START + CLAIM_WINDOW);
    assert_eq!(fund.claimable(START + 2 * CLAIM_WINDOW + 1), 0);
    // dust a day keeps no loss alive, and one as large lengthens its time by half of what was past
    let mut dusted = fund;
    let (later, end) = (START + 100 * DAY, START + 100 * DAY + CLAIM_WINDOW);
    dusted.record_loss(Usd(1_000_000), Usd(1_000), later);
    for day in 1..=14 {
        dusted.record_loss(Usd(1), Usd(1_000), later + day * DAY);
    }
    assert!(dusted.claimable(end) > 0);
    assert_eq!(dusted.claimable(end + 60), 0);
    fund.record_loss(Usd(1_000), Usd(1_000), later);
    fund.record_loss(Usd(1_000), Usd(1_000), later + 4 * DAY);
    assert_eq!((fund.claimable(end + 2 * DAY), fund.claimable(end + 2 * DAY + 1)), (2_000, 0));
    // and a loss that nobody can value changes nothing, not even where nothing can be claimed any more
    let before = fund;
    for when in [later + 5 * DAY, later + 100 * DAY] {
        fund.record_loss(Usd(0), Usd(1_000), when);
        assert_eq!(fund, before);
    }
}

#[test]
fn payments_are_bounded_by_price_premium_and_share() {
    let (mut fund, _) = staked(1_000_000_000);
    // a tenth a period: half of it at once
    assert_eq!(fund.automatic_cover_down(&RULES, START), TokenAmount(50_000_000));
    let pay = |fund: &mut Fund, value, now| fund.pay_automatically(&RULES, &dollar(), Usd(value), now);
    assert_eq!(pay(&mut fund, 50_000_000, START), Err(Refusal::CoverSpent));
    assert_eq!(pay(&mut fund, 40_000_000, START).unwrap().0, 40_199_999);
    assert_eq!(pay(&mut fund, 0, START), Err(RiskError::ZeroAmount.into()));
    assert_eq!(fund.total(), TokenAmount(1_000_000_000 - 40_199_999));
    // what belongs to nobody pays first
    let mut approval = Approval { value: 600_000_000, until: START };
    fund.spare = 100_000_000;
    fund.pay_approved(&mut approval, &RULES, &dollar(), Usd(99_000_000), START).unwrap();
    assert_eq!(fund.tokens, 1_000_000_000 - 40_199_999);
    assert!(approval.value == 501_000_000 && fund.spare < 1_000_000);
    assert_eq!(
        fund.pay_approved(&mut approval, &RULES, &dollar(), Usd(1_000), START + 1),
        Err(Refusal::CoverSpent)
    );
}

#[test]
fn the_automatic_cover_is_paid_to_its_last_unit_and_once() {
    let (mut fund, _) = staked(1_000_000_000);
    let cover = fund.automatic_cover_down(&RULES, START);
    let rules = FundRules { premium: Bps(0), ..RULES };
    let pay = |fund: &mut Fund, value, now| fund.pay_automatically(&rules, &dollar(), Usd(value), now);
    // a unit less for rounding
    let value = i128::from(cover.0) + 1;
    assert_eq!(pay(&mut fund, value + 1, START), Err(Refusal::CoverSpent));
    assert_eq!(pay(&mut fund, value, START), Ok(cover));
    assert_eq!(fund.automatic_cover_down(&rules, START), TokenAmount(0));
    assert_eq!(pay(&mut fund, 2, START), Err(Refusal::CoverSpent));
    // a period later it is full again, with a twentieth of what is left
    let (half, later) =
        (START + Seconds::from(RULES.cover_period / 2), START + Seconds::from(RULES.cover_period));
    let most = (1_000_000_000 - cover.0) / 20;
    assert_eq!(fund.automatic_cover_down(&rules, half).0, most / 2);
    assert_eq!(fund.automatic_cover_down(&rules, later).0, most);
}

#[test]
fn stake_that_comes_after_a_payment_makes_no_room_for_the_next_one() {
    let (mut fund, first) = staked(1_000_000_000);
    let rules = FundRules { premium: Bps(0), ..RULES };
    let cover = fund.automatic_cover_down(&rules, START);
    let value = Usd(i128::from(cover.0) + 1);
    fund.pay_automatically(&rules, &dollar(), value, START).unwrap();
    for _ in 0..3 {
        Stake::default().stake(&mut fund, TokenAmount(10_000_000_000), START).unwrap();
        assert_eq!(fund.automatic_cover_down(&rules, START), TokenAmount(0));
    }
    // the first stake lost the half of the share that may be lost at once, and not more
    let kept = fund.worth_down(StakeShares(first.shares)).0;
    assert_eq!(kept, 1_000_000_000 * 95 / 100);
    // nor does stake that leaves take what was used along
    let half = FundRules { cooldown: 0, unstake_window: u32::MAX, ..rules };
    let mut used = staked(1_000_000_000).0;
    let part = Usd(25_000_001);
    used.pay_automatically(&rules, &dollar(), part, START).unwrap();
    let leaving = Stake { leaving: used.shares / 2, ..Stake::default() };
    leaving.leave(&mut used, &half, START).unwrap();
    let left = used.total().0;
    assert_eq!(used.automatic_cover_down(&rules, START).0, left * 25 / 1_000);
}

#[test]
fn a_share_that_is_worth_its_least_is_not_lost_and_below_it_is() {
    let pay_all_but = |left: u64| {
        let (mut fund, _) = staked(2 * PRICE_BOUND);
        let rules = FundRules { premium: Bps(0), ..RULES };
        let mut approval = Approval { value: u64::MAX, until: START };
        let value = Usd(i128::from(fund.tokens - left) + 1);
        fund.pay_approved(&mut approval, &rules, &dollar(), value, START).unwrap();
        fund
    };
    let kept = pay_all_but(2);
    assert_eq!((kept.tokens, kept.shares, kept.era), (2, 2 * PRICE_BOUND, 0));
    let lost = pay_all_but(1);
    assert_eq!((lost.tokens, lost.spare, lost.shares, lost.era), (0, 1, 0, 1));
}

#[test]
fn a_fund_that_is_paid_out_begins_anew_and_old_stakes_are_lost() {
    let (mut fund, old) = staked(1_000_000);
    let mut approval = Approval { value: u64::MAX, until: START };
    let rules = FundRules { premium: Bps(0), ..RULES };
    let pay = |fund: &mut Fund, approval: &mut Approval, value| {
        fund.pay_approved(approval, &rules, &dollar(), Usd(value), START)
    };
    assert_eq!(pay(&mut fund, &mut approval, 1_000_002), Err(Refusal::FundEmpty));
    pay(&mut fund, &mut approval, 1_000_001).unwrap();
    assert_eq!((fund.tokens, fund.shares, fund.era), (0, 0, 1));
    let (new, _) = Stake::default().stake(&mut fund, TokenAmount(500), START).unwrap();
    assert_eq!(fund.worth_down(StakeShares(new.shares)), TokenAmount(500));
    assert_eq!(old.in_era_of(&fund).shares, 0);
    assert!(old.request(&fund, StakeShares(1), START).is_err());
    let (again, _) = old.stake(&mut fund, TokenAmount(500), START).unwrap();
    assert_eq!((again.shares, fund.tokens), (500, 1_000));
    assert_eq!(again.in_era_of(&fund), again, "they are of the present era");
}

#[test]
fn nobody_is_tricked_by_a_share_price() {
    let (mut fund, _) = staked(1);
    // income of a million for one share: the next staker still pays exactly what shares cost
    fund.take_income(TokenAmount(1_000_000), START).unwrap();
    let came = START + INCOME_SECONDS;
    let (victim, cost) = Stake::default().stake(&mut fund, TokenAmount(1_500_000), came).unwrap();
    assert_eq!((victim.shares, cost), (1, TokenAmount(1_000_001)));
    assert_eq!(fund.worth_down(StakeShares(1)), cost);
    assert!(Stake::default().stake(&mut fund, TokenAmount(1_000_000), came).is_err());
    // and a price beyond all measure cannot come about
    fund.take_income(TokenAmount(u64::MAX / 4), came).unwrap();
    fund = fund.at(came + INCOME_SECONDS);
    assert_eq!((fund.tokens, fund.spare), (2_000_002, u64::MAX / 4));
    let mut empty = Fund::default();
    empty.take_income(TokenAmount(50), START).unwrap();
    let (first, _) = Stake::default().stake(&mut empty, TokenAmount(7), START).unwrap();
    assert_eq!(
        empty.worth_down(StakeShares(first.shares)),
        TokenAmount(7),
        "income before the first stake is nobody's"
    );
}

#[test]
fn rules_outside_their_bounds_are_refused() {
    RULES.validate().unwrap();
    let day = DAY as u32;
    assert_eq!((RULES.cooldown, RULES.unstake_window), (14 * day, 2 * day));
    assert_eq!((RULES.cover_period, RULES.voting_period), (7 * day, 3 * day));
    // stake is held back for three days after a loss and for seven after a vote
    assert_eq!((LOSS_LOCK, CLAIM_WINDOW, APPROVAL_SECONDS), (3 * DAY, 14 * DAY, 7 * DAY));
    assert_eq!((INCOME_SECONDS, DEBT_MEMORY), (7 * DAY, 30 * DAY));
    let longest = FundRules { cooldown: 60 * day, unstake_window: 7 * day, cover_period: 30 * day, ..RULES };
    let longest =
        FundRules { voting_period: 14 * day, cover_share: Bps(2_500), premium: Bps(100), ..longest };
    longest.validate().unwrap();
    let shortest = FundRules { cooldown: 7 * day, unstake_window: day, cover_period: day, ..RULES };
    FundRules { voting_period: day, cover_share: Bps(0), premium: Bps(0), ..shortest }.validate().unwrap();
    for wild in [
        FundRules { cooldown: 7 * day - 1, ..RULES },
        FundRules { cooldown: 60 * day + 1, ..RULES },
        FundRules { unstake_window: day - 1, ..RULES },
        FundRules { unstake_window: 7 * day + 1, ..RULES },
        FundRules { cover_period: day - 1, ..RULES },
        FundRules { cover_period: 30 * day + 1, ..RULES },
        FundRules { voting_period: day - 1, ..RULES },
        FundRules { voting_period: 14 * day + 1, ..RULES },
        FundRules { cover_share: Bps(2_501), ..RULES },
        FundRules { premium: Bps(101), ..RULES },
        FundRules { reserved: 1, ..RULES },
    ] {
        assert!(wild.validate().is_err(), "{wild:?}");
    }
}

/// What may happen to a fund.
#[derive(Clone, Debug)]
enum Step {
    Stake(usize, u64),
    Ask(usize, u64),
    Leave(usize),
    Income(u64),
    /// Thousandths of what may be paid at once; a little more than all of it at most.
    Cover(u64),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = || (0u32..40, 1u64..1_000_000).prop_map(|(shift, n)| (n << 20 >> shift).max(1));
    let step = prop_oneof![
        4 => (0usize..3, amount()).prop_map(|(who, amount)| Step::Stake(who, amount)),
        3 => (0usize..3, 0u64..=100).prop_map(|(who, percent)| Step::Ask(who, percent)),
        3 => (0usize..3).prop_map(Step::Leave),
        2 => amount().prop_map(Step::Income),
        3 => (1u64..1_050).prop_map(Step::Cover),
        4 => (1u64..15 * DAY).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..100)
}

/// How often automatic cover was paid in random lives of a fund, was refused because it was spent, and came to more in a period than may be
/// paid at once.
#[derive(Debug, Default)]
struct Covers {
    paid: usize,
    spent: usize,
    added_up: usize,
}

/// Stakers together never own more than the fund holds for them; nobody takes out more than was put in and earned; no period sees
/// more automatic cover than its share of the largest fund in it.
#[test]
fn nobody_gains_from_anyone_but_income_and_no_unit_is_lost() {
    let seen = RefCell::new(Covers::default());
    let config = ProptestConfig { source_file: Some(file!()), ..ProptestConfig::with_cases(1_000) };
    let mut runner = TestRunner::new(config);
    let lives = (steps(), any::<bool>());
    runner.run(&lives, |(steps, with_income)| live(steps, with_income, &mut seen.borrow_mut())).unwrap();
    let seen = seen.into_inner();
    assert!(seen.paid >= 3_000 && seen.spent >= 50 && seen.added_up >= 500, "{seen:?}");
}

fn live(steps: Vec<Step>, with_income: bool, seen: &mut Covers) -> TestCaseResult {
    let (mut fund, mut now) = (Fund::default(), START);
    let mut stakes = [Stake::default(); 3];
    let (mut put_in, mut taken) = ([0u128; 3], [0u128; 3]);
    let (mut income, mut covered): (u128, Vec<(Seconds, u64)>) = (0, vec![]);
    let mut largest = 0;
    for step in steps {
        // as it is now: what came with time is nobody's doing
        let before = fund.at(now);
        let moves_stake = matches!(step, Step::Stake(..) | Step::Ask(..) | Step::Leave(_));
        match step {
            Step::Stake(who, amount) => {
                if let Ok((stake, cost)) = stakes[who].stake(&mut fund, TokenAmount(amount), now) {
                    prop_assert!(cost.0 <= amount);
                    stakes[who] = stake;
                    put_in[who] += u128::from(cost.0);
                }
            }
            Step::Ask(who, percent) => {
                let shares = stakes[who].in_era_of(&fund).shares * percent / 100;
                stakes[who] = stakes[who].request(&fund, StakeShares(shares), now).unwrap();
            }
            Step::Leave(who) => {
                if let Ok((stake, paid)) = stakes[who].leave(&mut fund, &RULES, now) {
                    stakes[who] = stake;
                    taken[who] += u128::from(paid.0);
                }
            }
            Step::Income(amount) if with_income => {
                fund.take_income(TokenAmount(amount), now).unwrap();
                income += u128::from(amount);
            }
            Step::Income(_) => (),
            Step::Cover(thousandths) => {
                let value =
                    u128::from(fund.automatic_cover_down(&RULES, now).0) * u128::from(thousandths) / 1_000;
                match fund.pay_automatically(&RULES, &dollar(), Usd(value as i128), now) {
                    Ok(paid) => {
                        covered.push((now, paid.0));
                        prop_assert!(u128::from(paid.0) <= value * 10_050 / 10_000);
                        seen.paid += 1;
                    }
                    Err(refusal) => seen.spent += usize::from(refusal == Refusal::CoverSpent),
                }
            }
            Step::Wait(seconds) => now += seconds,
        }
        if moves_stake && before.shares > 0 && fund.shares > 0 {
            // no share loses worth by who comes and goes
            let worth = |a: &Fund, b: &Fund| u128::from(a.tokens) * u128::from(b.shares);
            let after = fund.at(now);
            prop_assert!(worth(&after, &before) >= worth(&before, &after));
        }
        fund = fund.at(now);
        largest = largest.max(fund.total().0);
        // no unit is lost or made
        let put_in: u128 = put_in.iter().sum();
        let out =
            taken.iter().sum::<u128>() + covered.iter().map(|(_, paid)| u128::from(*paid)).sum::<u128>();
        prop_assert_eq!(u128::from(fund.total().0) + out, put_in + income);
        prop_assert!(fund.shares > 0 || fund.tokens == 0 && fund.coming.pending == 0);
        prop_assert_eq!(fund.at(now + INCOME_SECONDS).coming.pending, 0, "it comes within its time");
        let all: u64 = stakes.iter().map(|s| s.in_era_of(&fund)).map(|s| s.shares + s.leaving).sum();
        prop_assert_eq!(all, fund.shares);
        let worth: u64 = stakes
            .iter()
            .map(|s| s.in_era_of(&fund))
            .map(|s| fund.worth_down(StakeShares(s.shares)).0 + fund.worth_down(StakeShares(s.leaving)).0)
            .sum();
        // rounded down, at most a unit for each of the two parts of a stake
        prop_assert!(worth <= fund.tokens && fund.tokens <= worth + 6, "{} of {}", worth, fund.tokens);
        let period = Seconds::from(RULES.cover_period);
        let lately: u64 = covered.iter().filter(|(at, _)| at + period >= now).map(|(_, paid)| paid).sum();
        // more than may be paid at once: some of it came with time
        seen.added_up += usize::from(lately > largest / 20);
        prop_assert!(lately <= largest / 10 + 1, "{} of {}", lately, largest);
    }
    for who in 0..3 {
        let stake = stakes[who].in_era_of(&fund);
        let out = taken[who] + u128::from(fund.worth_down(StakeShares(stake.shares + stake.leaving)).0);
        // others' rounding may leave a unit of the price of a share with each of their steps
        prop_assert!(with_income || out <= put_in[who] + 100 * 3, "{} put in, {} out", put_in[who], out);
        prop_assert!(out <= put_in[who] + income + 300);
    }
    Ok(())
}
