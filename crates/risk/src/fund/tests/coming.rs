//! Income that comes over a week: whose it is at each instant.

use super::*;

/// A fund of `staked` units with so much income that has not begun to come.
fn earning(staked_units: u64, income: u64) -> (Fund, Stake) {
    let (mut fund, stake) = staked(staked_units);
    fund.take_income(TokenAmount(income), START).unwrap();
    (fund, stake)
}

/// What a whole stake is worth then.
fn worth(fund: &Fund, stake: &Stake, at: Seconds) -> u64 {
    fund.at(at).worth_down(StakeShares(stake.in_era_of(fund).shares)).0
}

#[test]
fn a_stake_in_front_of_income_earns_by_the_time_that_it_stays() {
    let (mut fund, old) = staked(1_000);
    let (eve, cost) = Stake::default().stake(&mut fund, TokenAmount(999_000), START).unwrap();
    fund.take_income(TokenAmount(700_000), START).unwrap();
    assert_eq!(worth(&fund, &eve, START), cost.0, "nothing has come yet");
    // of what came a part by size, day by day
    for day in 1..=7 {
        let came = 700_000 * day / 7;
        assert_eq!(worth(&fund, &eve, START + day * DAY), 999_000 + came * 999 / 1_000);
        assert_eq!(worth(&fund, &old, START + day * DAY), 1_000 + came / 1_000);
    }
    assert_eq!(worth(&fund, &eve, START + 100 * DAY), worth(&fund, &eve, START + 7 * DAY));
    // a clock that runs backwards brings nothing
    assert_eq!(worth(&fund, &eve, START - DAY), cost.0);
    // she asked at once, and could not leave before all of it had come
    let asked = eve.request(&fund, StakeShares(999_000), START).unwrap();
    let shortest = FundRules { cooldown: 7 * DAY as u32, ..RULES };
    shortest.validate().unwrap();
    let before = asked.leave(&mut fund, &shortest, START + INCOME_SECONDS - 1);
    assert_eq!(before, Err(Refusal::StakeCooling));
}

#[test]
fn a_stake_after_income_gets_a_part_of_what_has_not_come() {
    let (mut fund, old) = earning(1_000_000, 700_000);
    let now = START + 4 * DAY;
    let (eve, cost) = Stake::default().stake(&mut fund, TokenAmount(1_400_000), now).unwrap();
    assert_eq!((cost, eve.shares), (TokenAmount(1_400_000), 1_000_000), "a share is worth 1.4 by then");
    assert_eq!(fund.coming.pending, 300_000);
    let end = START + 7 * DAY;
    assert_eq!((worth(&fund, &old, end), worth(&fund, &eve, end)), (1_550_000, 1_550_000));
}

#[test]
fn two_incomes_end_together_and_dust_holds_up_none() {
    let (mut fund, stake) = earning(1_000_000, 700_000);
    let middle = START + 3 * DAY;
    fund.take_income(TokenAmount(400_000), middle).unwrap();
    // 400,000 are left for 4 days, 400,000 came for 7: all of it ends in 5.5
    assert_eq!((fund.coming.pending, fund.coming.ends_at), (800_000, middle + 11 * DAY / 2));
    assert_eq!(worth(&fund, &stake, middle), 1_300_000);
    let mut dusty = fund;
    for second in 0..DAY / 60 {
        dusty.take_income(TokenAmount(1), middle + second * 60).unwrap();
    }
    assert!(dusty.coming.ends_at <= fund.coming.ends_at + 3_600);
    let day = middle + DAY;
    assert!(worth(&dusty, &stake, day).abs_diff(worth(&fund, &stake, day)) < 2_000);
    // nothing added changes nothing, of an empty fund either
    let mut same = fund;
    same.take_income(TokenAmount(0), middle).unwrap();
    assert_eq!(same, fund);
    let (mut new, _) = staked(1);
    new.take_income(TokenAmount(0), START).unwrap();
    new.take_income(TokenAmount(5), START).unwrap();
    assert_eq!(new.coming.ends_at, START + INCOME_SECONDS);
}

#[test]
fn looking_every_second_brings_as_much_as_looking_once() {
    let (mut fund, _) = earning(1_000, 1_000);
    for second in 0..10_000 {
        fund = fund.at(START + second);
    }
    // a unit comes in 604.8 seconds
    let once = 9_999 * 1_000 / INCOME_SECONDS;
    assert!(fund.tokens.abs_diff(1_000 + once) <= 1, "{}", fund.tokens);
}

#[test]
fn income_that_is_coming_pays_after_what_is_nobodys_and_before_stakes() {
    let (mut fund, stake) = earning(1_000_000, 700_000);
    fund.spare = 50_000;
    let rules = FundRules { premium: Bps(0), ..RULES };
    let mut approval = Approval { value: u64::MAX, until: START + DAY };
    let mut pay = |fund: &mut Fund, value| {
        fund.pay_approved(&mut approval, &rules, &dollar(), Usd(value), START + DAY).unwrap().0
    };
    let now = START + DAY;
    let paid = pay(&mut fund, 150_000);
    assert_eq!((fund.tokens, fund.spare, fund.coming.pending), (1_100_000, 0, 650_000 - paid));
    assert_eq!(fund.at(START + 7 * DAY).coming.pending, 0, "the rest ends when it would have");
    let paid = pay(&mut fund, 600_000);
    assert!(paid > 500_000 && fund.coming.pending == 0);
    assert_eq!(worth(&fund, &stake, now), fund.tokens);
    // all of it counts for the automatic cover and for the bond
    let (plain, _) = staked(1_700_000);
    let (earns, _) = earning(1_000_000, 700_000);
    assert_eq!(earns.automatic_cover_down(&RULES, START), plain.automatic_cover_down(&RULES, START));
    assert_eq!(earns.bond_up(&dollar(), Usd(1)), plain.bond_up(&dollar(), Usd(1)));
}

#[test]
fn stakes_outlive_a_payment_that_income_bears() {
    let (mut fund, stake) = earning(1_000, 1_000_000);
    let rules = FundRules { premium: Bps(0), ..RULES };
    let mut approval = Approval { value: u64::MAX, until: START };
    let mut pay =
        |fund: &mut Fund, value| fund.pay_approved(&mut approval, &rules, &dollar(), Usd(value), START);
    pay(&mut fund, 1_000_001).unwrap();
    assert_eq!((fund.era, fund.coming.pending, worth(&fund, &stake, START)), (0, 0, 1_000));
    assert_eq!(pay(&mut fund, 2_000), Err(Refusal::FundEmpty));
    pay(&mut fund, 1_001).unwrap();
    assert_eq!((fund.era, fund.total().0), (1, 0));
    fund.take_income(TokenAmount(70), START).unwrap();
    assert_eq!((fund.spare, fund.coming.pending), (70, 0), "nobody is there for it to come to");
}

#[test]
fn what_is_coming_when_the_last_staker_leaves_is_nobodys() {
    let (fund, stake) = staked(1_000);
    let asked = stake.request(&fund, StakeShares(1_000), START).unwrap();
    let ready = START + 14 * DAY;
    let mut fund = fund;
    fund.take_income(TokenAmount(700), ready - DAY).unwrap();
    let (_, paid) = asked.leave(&mut fund, &RULES, ready).unwrap();
    assert_eq!(paid.0, 1_100);
    assert_eq!((fund.tokens, fund.shares, fund.spare, fund.coming.pending), (0, 0, 600, 0));
    let (next, _) = Stake::default().stake(&mut fund, TokenAmount(9), ready).unwrap();
    assert_eq!(worth(&fund, &next, ready + 7 * DAY), 9, "and whoever comes first does not inherit it");
}

#[test]
fn a_fund_takes_no_more_than_it_can_count() {
    let (mut fund, _) = earning(1_000, 1_000);
    fund.spare = u64::MAX - 2_500;
    let before = fund;
    assert_eq!(fund.take_income(TokenAmount(501), START + DAY), Err(RiskError::Overflow));
    let stake = Stake::default().stake(&mut fund, TokenAmount(501), START);
    assert_eq!((stake, fund), (Err(RiskError::Overflow), before));
    fund.take_income(TokenAmount(500), START).unwrap();
    assert_eq!(fund.at(START + 7 * DAY).total().0, u64::MAX);
}
