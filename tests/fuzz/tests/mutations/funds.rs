//! What the laws of funds notice.

use super::*;
use ballast_fuzz::laws::funds;

#[test]
fn a_fund_without_its_tokens_is_noticed() {
    let stake = send(0, Deed::StakeInsurance { vault: 0, amount: Amount::Dollars(100) }, vec![]);
    let theft = |world: &mut World| {
        let fund = world.fund(&world.houses[0]).expect("it is insured");
        let state: FundAccount = world.svm.state(&fund.address()).expect("it is there");
        take_tokens(world, state.token_account, USDC, state.vault, -1);
    };
    breaks(&stake, theft, "funds hold and stake counts once");
    // nor where a stranger's gift hides it
    let place = WORLD.houses[0].listed.len() as u8;
    let mut player = Player::new(WORLD.clone());
    player.play(&Action::Donate { vault: 0, asset: place, units: 1_000 }).unwrap();
    player.tamper = Some(theft);
    player.play(&stake).unwrap_err();
}

#[test]
fn a_fund_that_pays_too_much_or_dilutes_is_noticed() {
    use ballast_risk::Usd;
    funds::check_cover(Usd(101_000_000), Usd(100_000_000)).unwrap();
    funds::check_cover(Usd(101_000_003), Usd(100_000_000)).unwrap_err();
    let stake = send(0, Deed::StakeInsurance { vault: 0, amount: Amount::Dollars(100) }, vec![]);
    let dilution = |world: &mut World| {
        let fund = world.fund(&world.houses[0]).expect("it is insured").address();
        edit::<FundAccount>(world, fund, |fund| fund.books.tokens -= 1_000);
    };
    breaks(&stake, dilution, "stake shares keep their worth");
}

#[test]
fn income_that_comes_to_the_stakers_at_once_is_noticed() {
    let stake = send(0, Deed::StakeInsurance { vault: 0, amount: Amount::Dollars(100) }, vec![]);
    let windfall = |world: &mut World| {
        let fund = world.fund(&world.houses[0]).expect("it is insured");
        edit::<FundAccount>(world, fund.address(), |fund| fund.books.tokens += 1_000_000);
        take_tokens(world, fund.tokens(), USDC, fund.vault(), 1_000_000);
    };
    breaks(&stake, windfall, "stake shares keep their worth");
}
