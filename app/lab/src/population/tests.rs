//! Populations.

use super::*;

const OPENING: Prices = [100_000.0, 4_000.0, 200.0, 240.0, 1.0, 1.0, 3.0];

fn draw(seed: u64, accounts: usize) -> Population {
    let rules = Rules::balanced().unwrap();
    Description::read(SHIPPED).unwrap().draw(seed, accounts, &rules, &OPENING).unwrap()
}

#[test]
fn a_seed_always_draws_the_same_accounts_however_many() {
    let few = draw(7, 50);
    assert_eq!(few.accounts, draw(7, 50).accounts);
    assert_eq!(few.accounts[..], draw(7, 200).accounts[..50]);
    assert_ne!(few.accounts, draw(8, 50).accounts);
}

#[test]
fn a_cap_bounds_what_the_vault_holds_and_leaves_everything_else_alone() {
    let mut description = Description::read(SHIPPED).unwrap();
    description.caps = BTreeMap::from([(Asset::Alt, 20_000.0)]);
    let capped = description.draw(1, 1_000, &Rules::balanced().unwrap(), &OPENING).unwrap();
    let (free, alt) = (draw(1, 1_000), Asset::Alt.index());
    let dollars = |population: &Population| -> f64 {
        population.accounts.iter().map(|account| account.deposits[alt] as f64 * OPENING[alt] / 1e6).sum()
    };
    // the smallest deposits of 400 dollars at least fill it up to the last of them
    assert!(dollars(&free) > 20_000.0 && (19_600.0..=20_000.0).contains(&dollars(&capped)));
    for (capped, free) in capped.accounts.iter().zip(&free.accounts) {
        let mut same = *free;
        same.deposits[alt] = capped.deposits[alt];
        assert_eq!(capped.deposits, same.deposits);
        if capped.deposits[alt] == free.deposits[alt] {
            assert_eq!(capped, free);
        } else {
            let owed = |account: &Account| account.debts.iter().sum::<u64>();
            assert!(owed(capped) < owed(free), "less is lent against less");
        }
    }
}

#[test]
fn every_kind_appears_in_its_share_and_owes_something() {
    let population = draw(1, 4_000);
    let description = Description::read(SHIPPED).unwrap();
    for (index, kind) in description.kinds.iter().enumerate() {
        let members = population.accounts.iter().filter(|a| usize::from(a.kind) == index).count();
        // four standard deviations of a binomial count
        let expected = 4_000.0 * kind.share;
        assert!((members as f64 - expected).abs() < 4.0 * expected.sqrt(), "{}: {members}", kind.name);
    }
    assert!(population.accounts.iter().all(|a| a.debts.iter().filter(|d| **d > 0).count() <= 1));
    let leverage = population.opening_debt / population.opening_collateral;
    // mean usage 2.2/5.4 of limits between 55 % and 83 %
    assert!((0.2..0.35).contains(&leverage), "{leverage}");
}

#[test]
fn every_design_accepts_every_account_at_the_opening() {
    let rules = Rules::balanced().unwrap();
    let prices = unit_prices(&OPENING).unwrap();
    for account in draw(3, 2_000).accounts {
        let book: Vec<Exposure> = ASSETS
            .into_iter()
            .flat_map(|asset| {
                let i = asset.index();
                let deposit = prices[i].value_down(TokenAmount(account.deposits[i]));
                let debt = prices[i].value_up(TokenAmount(account.debts[i]));
                [rules.exposure(asset, deposit), rules.exposure(asset, Usd(-debt.0))]
            })
            .filter(|exposure| exposure.value != Usd::ZERO)
            .collect();
        assert!(opening_score(&rules.preset.model, &book).unwrap().is_healthy(), "{account:?}");
    }
}

#[test]
fn descriptions_that_make_no_sense_are_refused_with_the_reason() {
    let reason = |from: &str, to: &str| {
        assert!(SHIPPED.contains(from), "{from}");
        format!("{:#}", Description::read(&SHIPPED.replacen(from, to, 1)).unwrap_err())
    };
    assert!(reason("share = 0.48", "share = 0.58").contains("sum to 1.1"));
    assert!(reason("debt = { USDC = 1.0 }", "debt = { LST = 1.0 }").contains("cannot be borrowed"));
    assert!(reason("most = 0.99", "most = 1.5").contains("usage needs"));
    assert!(reason("median = 6000", "median = 60").contains("sizes need"));
    assert!(reason("accounts = 2000", "accounts = 0").contains("1 to"));
    assert!(reason("share = 1.0, one_of", "share = 1.0, any_of").contains("cannot be read"));
}
