//! Each law can fail: what a broken program would leave behind is written into the accounts, and the law says so.

mod asked;
mod errors;
mod losses;
mod shrinking;

use anchor_lang::{prelude::Pubkey, Discriminator, ZeroCopy};
use ballast::state::{FundAccount, Obligation, Reserve, StakeAccount, Vault};
use ballast_client::address::Account;
use ballast_fuzz::{
    action::{Action, Amount, Call, Deed, Pick, Twist},
    laws::{breakers, funds, governance, halts, layouts, opening, reserves, roles, tranches},
    player::Player,
    probes::{donations, leaving, liquidations, scores},
    setup,
    world::{Book, World, CURATOR},
};
use ballast_risk::breaker::State;
use solana_account::Account as Stored;
use std::sync::LazyLock;

static WORLD: LazyLock<World> = LazyLock::new(|| setup::build().expect("the program is built"));

/// The asset that the first vault lists first: BTC, which actor 0 lends.
const BTC: usize = 0;
const USDC: usize = 4;

fn send(by: u8, deed: Deed, twists: Vec<Twist>) -> Action {
    Action::Send(vec![Call { by, deed, twists }])
}

fn deposit() -> Action {
    let of = Pick::Own(0, 0);
    send(0, Deed::Deposit { of, asset: 0, amount: Amount::Dollars(100), show: false }, vec![])
}

/// Writes into an account of the program as no instruction would.
fn edit<T: ZeroCopy + Discriminator>(world: &mut World, key: Pubkey, change: impl FnOnce(&mut T)) {
    let mut account: Stored = world.svm.account(&key).expect("it is there").clone().into();
    let mut state: T = world.svm.state(&key).expect("it is of this kind");
    change(&mut state);
    let body = T::DISCRIMINATOR.len();
    account.data[body..body + std::mem::size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&state));
    world.svm.put(key, account);
}

fn reserve(world: &World, vault: usize, market: usize) -> Pubkey {
    world.markets[market].asset(world.houses[vault].key).reserve()
}

fn obligation(world: &World, person: usize) -> Pubkey {
    Account { vault: world.houses[0].key, owner: world.actors[person], id: 0 }.obligation()
}

fn take_tokens(world: &mut World, key: Pubkey, market: usize, owner: Pubkey, change: i64) {
    use anchor_spl::token_2022::spl_token_2022::state::AccountState;
    let left = world.tokens(&key).saturating_add_signed(change);
    world.markets[market].write_tokens(&mut world.svm, key, &owner, left, AccountState::Initialized);
}

/// The laws that an action breaks where a hand reaches in after it landed.
fn broken(action: &Action, tamper: fn(&mut World)) -> Vec<String> {
    let mut player = Player::new(WORLD.clone());
    player.play(action).expect("without the hand, every law holds");
    let mut player = Player::new(WORLD.clone());
    player.tamper = Some(tamper);
    let _ = player.play(action);
    player.broken.into_iter().map(|violation| violation.law).collect()
}

#[track_caller]
fn breaks(action: &Action, tamper: fn(&mut World), law: &str) {
    let broken = broken(action, tamper);
    assert!(broken.iter().any(|name| name == law), "{law}: {broken:?}");
}

#[test]
fn a_missing_token_is_noticed() {
    let till = |world: &mut World| {
        let (asset, vault) = (world.markets[BTC].asset(world.houses[0].key), world.houses[0].key);
        take_tokens(world, asset.tokens(), BTC, vault, -1);
    };
    breaks(&deposit(), till, "books hold");
}

#[test]
fn a_share_too_many_is_noticed() {
    let share = |world: &mut World| {
        edit::<Obligation>(world, obligation(world, 0), |o| o.positions[0].shares += 1);
    };
    breaks(&deposit(), share, "positions sum");
    breaks(&deposit(), share, "no coalition gains");
    let mut world = WORLD.clone();
    assert_eq!(scores::recount(&world, 0), Ok(true));
    share(&mut world);
    scores::recount(&world, 0).unwrap_err();
}

#[test]
fn an_index_that_moves_by_itself_is_noticed() {
    let index = |world: &mut World| {
        edit::<Reserve>(world, reserve(world, 0, BTC), |r| r.books.deposit_index[0] -= 1);
    };
    let law = "indices stand still within a second";
    breaks(
        &deposit(),
        |world| edit::<Reserve>(world, reserve(world, 0, BTC), |r| r.books.deposit_index[1] += 1),
        law,
    );
    // interest may have raised it to whole units, so the other word falls by one where it can
    if WORLD.svm.state::<Reserve>(&reserve(&WORLD, 0, BTC)).unwrap().books.deposit_index[0] > 0 {
        breaks(&deposit(), index, law);
    }
}

#[test]
fn a_unit_out_of_nowhere_is_noticed() {
    let of = Pick::Own(0, 0);
    let withdraw = send(0, Deed::Withdraw { of, asset: 0, amount: Amount::Dollars(100) }, vec![]);
    let unit = |world: &mut World| {
        let owner = world.actors[0];
        let wallet = world.markets[BTC].asset(world.houses[0].key).wallet(&owner);
        take_tokens(world, wallet, BTC, owner, 1);
    };
    breaks(&withdraw, unit, "no coalition gains");
}

/// Somebody repays for the first borrower of the first vault.
fn repayment() -> Action {
    let place = WORLD.obligations.keys().position(|key| *key == obligation(&WORLD, 3)).unwrap();
    send(0, Deed::Repay { of: Pick::Any(place as u16), asset: 0, amount: Amount::Dollars(10) }, vec![])
}

#[test]
fn what_a_healthy_bystander_loses_is_noticed() {
    let theft = |world: &mut World| {
        edit::<Obligation>(world, obligation(world, 3), |o| o.positions[0].shares -= 1);
    };
    breaks(&repayment(), theft, "no healthy obligation loses a unit");
}

#[test]
fn a_change_of_another_vault_is_noticed() {
    let other = reserve(&WORLD, 1, USDC);
    let place = WORLD.pool.iter().position(|key| *key == other).unwrap();
    let twist = vec![Twist::Extend(place as u16)];
    let call = send(0, Deed::OpenObligation { vault: 0, id: 77 }, twist);
    let reach = |world: &mut World| edit::<Reserve>(world, reserve(world, 1, USDC), |r| r.caps.deposits -= 1);
    breaks(&call, reach, "vaults are isolated");
}

#[test]
fn what_a_stranger_pays_is_noticed() {
    let wallet = |world: &World| world.markets[BTC].asset(world.houses[0].key).wallet(&world.actors[5]);
    let place = WORLD.pool.iter().position(|key| *key == wallet(&WORLD)).unwrap();
    let call = send(0, Deed::OpenObligation { vault: 0, id: 77 }, vec![Twist::Extend(place as u16)]);
    let theft = |world: &mut World| {
        let owner = world.actors[5];
        let wallet = world.markets[BTC].asset(world.houses[0].key).wallet(&owner);
        take_tokens(world, wallet, BTC, owner, -1);
    };
    breaks(&call, theft, "only signers pay");
}

#[test]
fn a_role_that_another_takes_is_noticed() {
    let vault: Vault = WORLD.svm.state(&WORLD.houses[0].key).unwrap();
    roles::check("tighten", &[vault.guardian], &vault.guardian, true).unwrap();
    roles::check("tighten", &[vault.guardian], &vault.curator, true).unwrap_err();
    roles::check("tighten", &[vault.guardian], &vault.guardian, false).unwrap_err();
    // a stake of somebody else that moves
    let fund = WORLD.fund(&WORLD.houses[0]).unwrap();
    let other = fund.stake(&WORLD.actors[1]);
    let place = WORLD.pool.iter().position(|key| *key == other).unwrap() as u16;
    let stake = Deed::StakeInsurance { vault: 0, amount: Amount::Dollars(100) };
    let theft = |world: &mut World| {
        let stake = world.fund(&world.houses[0]).expect("it is insured").stake(&world.actors[1]);
        edit::<StakeAccount>(world, stake, |stake| stake.stake.shares -= 1);
    };
    breaks(&send(0, stake, vec![Twist::Extend(place)]), theft, "roles act themselves");
}

#[test]
fn a_breaker_that_falls_or_is_ignored_is_noticed() {
    use ballast_risk::breaker::Action as Guarded;
    breakers::check(Guarded::Borrow, State::Normal, State::Guarded).unwrap_err();
    breakers::check(Guarded::Deposit, State::Halted, State::Normal).unwrap_err();
    breakers::check(Guarded::Repay, State::WindDown, State::WindDown).unwrap();
    let tighten = Deed::Tighten { vault: 0, asset: Some(0), halted: false, seconds: 1_000 };
    let guardian = ballast_fuzz::world::GUARDIAN as u8;
    let mut player = Player::new(WORLD.clone());
    player.play(&send(guardian, tighten, vec![])).unwrap();
    player.tamper =
        Some(|world| edit::<Reserve>(world, reserve(world, 0, BTC), |r| r.breaker = Default::default()));
    player.play(&deposit()).unwrap_err();
    let law = "no breaker falls before its time";
    assert!(player.broken.iter().any(|violation| violation.law == law), "{:?}", player.broken);
}

#[test]
fn a_cause_that_halts_for_too_long_is_noticed() {
    use ballast_risk::breaker::{Breaker, Cause, MAX_HALTED_SECONDS};
    halts::check(Cause::Loss, MAX_HALTED_SECONDS).unwrap();
    halts::check(Cause::Loss, MAX_HALTED_SECONDS + 1).unwrap_err();
    let halted = |cause: Cause, until| Breaker {
        state: State::Halted as u8,
        cause: cause as u8,
        expires_at: until,
        ..Breaker::default()
    };
    let (key, hour, begin) = (Pubkey::new_unique(), 3_600, 100 * 86_400);
    let mut held = halts::Halts::default();
    for number in 0..24 {
        let at = begin + number * 5 * hour;
        assert_eq!(held.record(key, &halted(Cause::Deficit, at + hour).into(), at, at + 5 * hour), Ok(true));
        // what another cause holds is counted by itself, and after its end nothing is
        let between = &halted(Cause::Loss, at + 2 * hour).into();
        assert_eq!(held.record(key, between, at + hour, at + 5 * hour), Ok(true));
        assert_eq!(held.record(key, between, at + 2 * hour, at + 5 * hour), Ok(false));
    }
    // the 25th hour of a week is one too many, and the 25th of eight days is not
    let at = begin + 24 * 5 * hour;
    held.clone().record(key, &halted(Cause::Deficit, at + hour).into(), at, at + hour).unwrap_err();
    let at = begin + 7 * 86_400;
    assert_eq!(held.record(key, &halted(Cause::Deficit, at + hour).into(), at, at + hour), Ok(true));
}

#[test]
fn a_migration_that_loses_a_share_is_noticed() {
    let mut world = WORLD.clone();
    let house = world.houses[2].clone();
    world.age(&house);
    let old = world.old(&house);
    let lender = Account { vault: house.key, owner: world.actors[0], id: 0 }.obligation();
    let place = old.iter().position(|key| *key == lender).unwrap();
    // any number that points there and not at the pool
    let account = (0u16..).map(|n| place as u16 + n * old.len() as u16).find(|n| n % 8 > 0).unwrap();
    let migrate = send(9, Deed::MigrateAccount { vault: 2, account }, vec![]);
    let mut player = Player::new(world.clone());
    assert!(player.play(&migrate).unwrap().unwrap().landed());
    let before = world.svm.account(&lender).unwrap();
    let mut after: Stored = player.world.svm.account(&lender).unwrap().clone().into();
    layouts::check(&lender, before, &after).unwrap();
    // what version 1 did not know may be anything
    *after.data.last_mut().unwrap() ^= 1;
    layouts::check(&lender, before, &after).unwrap();
    let mut player = Player::new(world);
    player.tamper = Some(|world| {
        let lender = Account { vault: world.houses[2].key, owner: world.actors[0], id: 0 }.obligation();
        edit::<Obligation>(world, lender, |obligation| obligation.positions[0].shares -= 1);
    });
    player.play(&migrate).unwrap_err();
    let law = "a migration loses nothing";
    assert!(player.broken.iter().any(|violation| violation.law == law), "{:?}", player.broken);
}

#[test]
fn a_deposit_where_tokens_are_missing_is_noticed() {
    let reserve: Reserve = WORLD.svm.state(&reserve(&WORLD, 0, BTC)).unwrap();
    let booked = reserve.books.free_tokens;
    reserves::check_complete("deposit", booked, &reserve).unwrap();
    reserves::check_complete("deposit", booked - 1, &reserve).unwrap_err();
}

#[test]
fn a_requirement_that_jumps_is_noticed() {
    let propose = Deed::ProposeChange { vault: 0, asset: None, kind: 4, size: -100 };
    let call = send(CURATOR as u8, propose, vec![]);
    let jump = |world: &mut World| edit::<Vault>(world, world.houses[0].key, |v| v.model.debt_floor += 1);
    breaks(&call, jump, "governance raises no requirement at once");
    let vault: Vault = WORLD.svm.state(&WORLD.houses[0].key).unwrap();
    let (then, mut now) = (vault.model_at(0), vault.model_at(0));
    now.debt_floor.0 += 201;
    // 2 % a day, and one for rounding
    governance::check_model(&then, &now, 86_400).unwrap();
    now.debt_floor.0 += 1;
    governance::check_model(&then, &now, 86_400).unwrap_err();
}

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

/// A world in which everything but stables fell, and everybody is below the requirement.
fn crashed(fall: i32) -> Player {
    let mut player = Player::new(WORLD.clone());
    let moves = (0..7).filter(|market| usize::from(*market) != USDC).map(|market| (market, -fall)).collect();
    player.play(&Action::Tick { seconds: 3, moves }).unwrap();
    for vault in 0..3 {
        let refresh = Deed::RefreshReserves { vault, first: 0, count: 32 };
        player.play(&send(9, refresh, vec![])).unwrap();
    }
    player
}

fn tranche(number: u16) -> Action {
    let of = Pick::Unhealthy(number);
    let most = Amount::All;
    send(7, Deed::SoftLiquidate { of, debt: 0, deposit: 0, best: true, most, least: 0, shares: true }, vec![])
}

#[test]
fn a_tranche_that_hurts_or_takes_too_much_pace_is_noticed() {
    let mut player = crashed(2_500);
    let clock = player.world.clock();
    let sick: Vec<Pubkey> = player
        .world
        .obligations
        .keys()
        .filter(|key| player.world.is_unhealthy(key, &clock))
        .copied()
        .collect();
    let before = Book::of(&player.world.svm, &sick[0]).unwrap().score(&clock).unwrap();
    let landed = player.play(&tranche(0)).unwrap().is_some_and(|outcome| outcome.landed());
    assert!(landed, "the tranche of {before:?} was refused");
    let after = Book::of(&player.world.svm, &sick[0]).unwrap().score(&clock).unwrap();
    tranches::check_rise(&before, &after).unwrap();
    tranches::check_rise(&after, &before).unwrap_err();

    let mut player = crashed(2_500);
    player.tamper = Some(|world| {
        for key in world.obligations.clone().keys() {
            edit::<Obligation>(world, *key, |obligation| obligation.meter.used *= 3);
        }
    });
    player.play(&tranche(0)).unwrap_err();
    let law = "a tranche spends what it repays";
    assert!(player.broken.iter().any(|violation| violation.law == law), "{:?}", player.broken);
}

#[test]
fn another_score_than_the_clients_is_noticed() {
    let place = WORLD.obligations.keys().position(|key| *key == obligation(&WORLD, 3)).unwrap();
    let refresh = send(9, Deed::RefreshObligation { of: Pick::Any(place as u16) }, vec![]);
    let other = |world: &mut World| edit::<Obligation>(world, obligation(world, 3), |o| o.requirement += 1);
    breaks(&refresh, other, "the program scores as the client");
}

#[test]
fn a_loan_beyond_the_opening_requirement_is_noticed() {
    let clock = WORLD.clock();
    let sound = Book::of(&WORLD.svm, &obligation(&WORLD, 3)).unwrap().score(&clock).unwrap();
    opening::check(&sound).unwrap();
    let player = crashed(2_500);
    let clock = player.world.clock();
    let sick = player.world.obligations.keys().find(|key| player.world.is_unhealthy(key, &clock)).unwrap();
    opening::check(&Book::of(&player.world.svm, sick).unwrap().score(&clock).unwrap()).unwrap_err();
}

#[test]
fn a_book_that_admits_no_tranche_is_noticed() {
    let mut world = crashed(2_500).world;
    assert_eq!(liquidations::admitted(&world, 1), Ok(true));
    for key in world.obligations.clone().keys() {
        edit::<Obligation>(&mut world, *key, |obligation| obligation.last_risk_slot = u64::MAX);
    }
    liquidations::admitted(&world, 1).unwrap_err();
}

#[test]
fn an_insolvent_book_that_stays_open_is_noticed() {
    let mut world = crashed(6_000).world;
    assert_eq!(liquidations::closed(&world, 1), Ok(true));
    for key in world.obligations.clone().keys() {
        edit::<Obligation>(&mut world, *key, |obligation| obligation.last_risk_slot = u64::MAX);
    }
    liquidations::closed(&world, 1).unwrap_err();
}

#[test]
fn a_solvent_book_that_passes_for_insolvent_is_noticed() {
    use ballast_risk::{bonus::insolvent_bonus, score::Score, tranche::TrancheCurve, units::Bps, Usd};
    // sold at 5 % from the start; lenders pay half a percent of it at most
    let bonus = insolvent_bonus(&TrancheCurve { bonus_min: Bps(500), ..TrancheCurve::default() });
    let of = |collateral| Score { collateral: Usd(collateral), debt: Usd(1_000), ..Score::default() };
    assert!(tranches::is_insolvent(&of(1_005), bonus));
    assert!(!tranches::is_insolvent(&of(1_006), bonus));
}

#[test]
fn a_lender_who_cannot_leave_is_noticed() {
    let mut world = WORLD.clone();
    for seed in 0..5 {
        assert_eq!(leaving::leave(&world, seed), Ok(true));
    }
    // a ten-thousandth a day instead of a fifth, and no bucket
    for house in world.houses.clone() {
        for market in &house.listed {
            let key = world.markets[*market].asset(house.key).reserve();
            edit::<Reserve>(&mut world, key, |reserve| {
                let rules = &mut reserve.flow_rules;
                (rules.daily_share, rules.outflow_share, rules.outflow_floor) = (1, 0, 0);
                rules.inflow_seconds = 1;
            });
        }
    }
    leaving::leave(&world, 0).unwrap_err();
}

#[test]
fn an_account_that_does_not_score_is_noticed() {
    let mut world = WORLD.clone();
    assert_eq!(scores::any_price(&world, 1), Ok(true));
    let key = obligation(&world, 3);
    edit::<Obligation>(&mut world, key, |obligation| obligation.positions[0].side = 3);
    scores::any_price(&world, 1).unwrap_err();
}

#[test]
fn interest_that_steps_apart_is_noticed() {
    let key = reserve(&WORLD, 0, USDC);
    let reserve: Reserve = WORLD.svm.state(&key).unwrap();
    let start = reserve.books.ledger();
    let mut once = start;
    once.accrue(start.accrued_at + 1_000, reserve.split.as_risk());
    scores::check_accrual(&start, &once, &once, 1_000, 2).unwrap();
    let mut often = once;
    often.debt_index += 1 << 20;
    scores::check_accrual(&start, &once, &often, 1_000, 2).unwrap_err();
}

#[test]
fn a_world_that_a_donation_changed_is_noticed() {
    let mut world = WORLD.clone();
    donations::compare(&WORLD, &world).unwrap();
    let key = reserve(&world, 0, BTC);
    edit::<Reserve>(&mut world, key, |reserve| reserve.caps.debt -= 1);
    donations::compare(&WORLD, &world).unwrap_err();
}
