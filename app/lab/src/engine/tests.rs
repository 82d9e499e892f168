//! Stories about single accounts, and the laws of a run.

use super::*;
use crate::{
    asset::Asset,
    design::{self, PLAIN},
    population::{Account, Description, SHIPPED},
    scenario::Scenario,
};
use ballast_risk::{
    interest::{growth_up, utilisation_up},
    Bps,
};

/// One account over SOL prices at steps of 75 s; everything else is a dollar.
fn one(account: Account, design: &str, sol: &[f64], options: &Options) -> Outcome {
    let prices = sol.iter().enumerate().map(|(i, price)| {
        let mut prices = [1.0; COUNT];
        prices[Asset::Sol.index()] = *price;
        (1_000_000 + 75 * i as u64, prices)
    });
    let rows = Rows { title: "story".into(), sources: vec![], prices: prices.collect() };
    let mut window = Window::new(&rows, &Stress::default()).unwrap();
    // a quiet market: the story is about the rule
    window.depth.fill(1.0);
    let opening = |amounts: &[u64; COUNT]| -> f64 {
        let dollars = |asset: Asset| {
            let price = if asset == Asset::Sol { sol[0] } else { 1.0 };
            amounts[asset.index()] as f64 / 10f64.powi(i32::from(asset.decimals())) * price
        };
        ASSETS.into_iter().map(dollars).sum()
    };
    let population = Population {
        kinds: vec!["one".into()],
        opening_collateral: opening(&account.deposits),
        opening_debt: opening(&account.debts),
        accounts: vec![account],
    };
    let designs = design::all().unwrap();
    let design = designs.iter().find(|d| d.name == design).unwrap();
    run(&window, &population, design, options).unwrap()
}

/// 100 SOL against USDC.
fn sol_against_usdc(debt_dollars: u64) -> Account {
    let mut account = Account::default();
    account.deposits[Asset::Sol.index()] = 100_000_000_000;
    account.debts[Asset::Usdc.index()] = debt_dollars * 1_000_000;
    account
}

#[test]
fn plain_ltv_repays_half_at_five_percent() {
    // threshold 75 %: 7,200 of debt may be liquidated below 96; at 95 its health is 95·0.75/72 = 0.99
    let found = one(sol_against_usdc(7_200), PLAIN, &[100.0, 97.0, 95.0], &Options::default());
    assert_eq!(found.sizes.count(), 1);
    assert!((found.liquidated - 7_200.0 / 2.0).abs() < 0.01, "{found:?}");
    assert!((found.bonus - 0.05 * 3_600.0).abs() < 0.01);
    // 30 % of it stays
    assert!((found.insured - 0.3 * 0.05 * 3_600.0).abs() < 0.01);
    assert!((f64::from(found.loss_shares[0]) - 180.0 / 10_000.0).abs() < 1e-6);
}

#[test]
fn a_fifth_is_repaid_at_the_excess_of_the_ltv() {
    // at 95 the LTV is 72/95 = 75.79 %, 0.79 above the threshold: the bonus is the lowest, 2 %
    let found = one(sol_against_usdc(7_200), "ltv-20", &[100.0, 95.0], &Options::default());
    assert!((found.liquidated - 7_200.0 / 5.0).abs() < 0.01, "{found:?}");
    assert!((found.bonus - 0.02 * 1_440.0).abs() < 0.01);
}

#[test]
fn restoring_ends_at_a_health_of_1_02() {
    let found = one(sol_against_usdc(7_200), "ltv-restore", &[100.0, 95.0], &Options::default());
    let health = 95.0 * 0.75 / 72.0;
    let bonus = 0.01 + 0.4 * (1.0 - health);
    let expected = 7_200.0 * (1.02 - health) / (1.02 - (1.0 + bonus) * 0.75);
    assert!((found.liquidated - expected).abs() < 0.02, "{} {expected}", found.liquidated);
    let (collateral, debt) = (9_500.0 - expected * (1.0 + bonus), 7_200.0 - expected);
    assert!((collateral * 0.75 / debt - 1.02).abs() < 1e-4);
}

#[test]
fn ours_waits_longer_and_sells_less() {
    // our threshold is (1 − 17 %)/1.005: 7,200 of debt may be liquidated below 87.18
    let healthy = one(sol_against_usdc(7_200), "balanced", &[100.0, 88.0], &Options::default());
    assert_eq!(healthy.liquidated, 0.0);
    let found = one(sol_against_usdc(7_200), "balanced", &[100.0, 86.5], &Options::default());
    assert!(found.liquidated > 0.0 && found.liquidated < 0.05 * 7_200.0, "{found:?}");
    assert_eq!(found.sizes.count(), 1);
    // the smallest bonus is 0.2 %
    assert!(found.bonus >= 0.002 * found.liquidated && found.bonus < 0.01 * found.liquidated);
}

#[test]
fn a_gap_is_marked_at_once_and_insurance_covers_it_first() {
    // at 70 the deposits are worth 7,000 and 200 are missing before anybody can act
    let found = one(sol_against_usdc(7_200), "balanced", &[100.0, 70.0], &Options::default());
    assert!((found.worst_bad_debt - 200.0).abs() < 0.01, "{found:?}");
    let fund = Insurance::default().before() * 7_200.0;
    assert!((found.worst_lender_loss - (200.0 - fund)).abs() < 0.01);
}

#[test]
fn a_keeper_does_not_come_where_the_market_takes_more_than_the_bonus() {
    let prices = [100.0, 86.9];
    let calm = one(sol_against_usdc(7_200), "balanced", &prices, &Options::default());
    let greedy = Insurance { bonus_slice: Bps(9_900), ..Insurance::default() };
    let ltv =
        one(sol_against_usdc(7_200), PLAIN, &prices, &Options { insurance: greedy, ..Options::default() });
    assert!(calm.liquidated > 0.0, "0.2 % pays 0.1 % of cost even after the slice");
    assert_eq!(ltv.liquidated, 0.0, "1 % of 5 % does not");
}

fn shipped(stress: f64) -> (Window, Population) {
    let mut rows = Scenario::read(crate::scenario::SHIPPED).unwrap().rows(None).unwrap();
    // the hour of the crash
    let hour =
        crate::time::parse("2025-10-10T20:50").unwrap()..crate::time::parse("2025-10-10T21:50").unwrap();
    rows.prices.retain(|(time, _)| hour.contains(time));
    let window = Window::new(&rows, &Stress::times(stress)).unwrap();
    let rules = Rules::balanced().unwrap();
    let population = Description::read(SHIPPED).unwrap().draw(5, 500, &rules, window.opening()).unwrap();
    (window, population)
}

#[test]
fn certificates_change_nothing() {
    let (window, population) = shipped(2.0);
    let keep = Options { keep_fills: true, ..Options::default() };
    let mut busy = 0;
    for design in design::all().unwrap() {
        let quick = run(&window, &population, &design, &keep).unwrap();
        let slow = run(&window, &population, &design, &Options { score_everybody: true, ..keep }).unwrap();
        assert_eq!(quick.fills, slow.fills, "{}", design.name);
        assert_eq!(
            (quick.liquidated, quick.bonus, quick.worst_bad_debt, quick.equity_at_end),
            (slow.liquidated, slow.bonus, slow.worst_bad_debt, slow.equity_at_end),
            "{}",
            design.name
        );
        busy += usize::from(quick.liquidated > 0.0);
    }
    assert!(busy >= 6, "the story needs liquidations: {busy} designs had some");
}

#[test]
fn a_run_is_the_same_every_time() {
    let (window, population) = shipped(1.0);
    let designs = design::all().unwrap();
    let twice = [0, 1].map(|_| run(&window, &population, &designs[6], &Options::default()).unwrap());
    assert_eq!(twice[0].liquidated, twice[1].liquidated);
    assert_eq!(twice[0].loss_shares, twice[1].loss_shares);
}

/// Sees the accounts at the end.
#[derive(Default)]
struct Ends(Vec<Account>);

impl Watch for Ends {
    fn end(&mut self, _: &Now, state: &State) -> Result<()> {
        self.0.clone_from(&state.accounts);
        Ok(())
    }
}

#[test]
fn interest_is_all_that_reserves_add() {
    // four quiet days; 5,000 USDC of 6,250 that were lent are owed, four fifths
    let days = 4;
    let steps = days * 86_400 / 75 + 1;
    let account = sol_against_usdc(5_000);
    let mut lent = [0; COUNT];
    lent[Asset::Usdc.index()] = 6_250_000_000;
    let end = |reserves: Option<[u64; COUNT]>| {
        let prices = (0..steps).map(|i| {
            let mut prices = [1.0; COUNT];
            prices[Asset::Sol.index()] = 100.0;
            (1_000_000 + 75 * i, prices)
        });
        let rows = Rows { title: "calm".into(), sources: vec![], prices: prices.collect() };
        let window = Window::new(&rows, &Stress::default()).unwrap();
        let population = Population {
            kinds: vec!["one".into()],
            opening_collateral: 10_000.0,
            opening_debt: 5_000.0,
            accounts: vec![account],
        };
        let design = design::all().unwrap().into_iter().find(|design| design.name == "balanced").unwrap();
        let mut ends = Ends::default();
        let options = Options { reserves, ..Options::default() };
        run_watched(&window, &population, &design, &options, &mut ends).unwrap();
        ends.0[0]
    };
    assert_eq!(end(None), account, "without reserves amounts stay");
    let found = end(Some(lent));
    assert_eq!(found.deposits, account.deposits, "nobody borrows SOL");
    let rates = Rules::balanced().unwrap().assets[Asset::Usdc.index()].rates;
    let grown = |utilisation_bps: u64| {
        let growth = growth_up(rates.rate_per_second_up(utilisation_bps).unwrap(), 86_400 * days);
        let opening = u128::from(account.debts[Asset::Usdc.index()]);
        (opening + ((opening * (growth >> 32)) >> 32)) as u64
    };
    let owed = found.debts[Asset::Usdc.index()];
    // what is owed grows, and the utilisation and the rate with it: from the first rate to the last
    let [first, last] = [5_000_000_000, owed].map(|debt| grown(utilisation_up(1_250_000_000, debt)));
    assert!((first..=last).contains(&owed), "{owed}, between {first} and {last}");
    assert!(owed > account.debts[Asset::Usdc.index()]);
}
