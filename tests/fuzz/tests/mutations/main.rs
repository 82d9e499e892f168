//! Each law can fail: what a broken program would leave behind is written into the accounts, and the law says so.

mod asked;
mod breakers;
mod errors;
mod funds;
mod governance;
mod losses;
mod probes;
mod shrinking;
mod tranches;
mod votes;
mod worth;

use anchor_lang::{prelude::Pubkey, Discriminator, ZeroCopy};
use ballast::state::{FundAccount, Obligation, Reserve, StakeAccount, Vault};
use ballast_client::address::Account;
use ballast_fuzz::{
    action::{Action, Amount, Call, Deed, Pick, Twist},
    laws::{layouts, reserves, roles},
    player::Player,
    probes::scores,
    setup,
    world::{Book, World, CURATOR},
};
use ballast_risk::{breaker::State, reserve::Ledger};
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
fn another_score_than_the_clients_is_noticed() {
    let place = WORLD.obligations.keys().position(|key| *key == obligation(&WORLD, 3)).unwrap();
    let refresh = send(9, Deed::RefreshObligation { of: Pick::Any(place as u16) }, vec![]);
    let other = |world: &mut World| edit::<Obligation>(world, obligation(world, 3), |o| o.requirement += 1);
    breaks(&refresh, other, "the program scores as the client");
}
