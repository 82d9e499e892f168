//! What a change is, is asked again when it is executed: what has become slower since waits as the slower class does.

use ballast::{
    state::{ChangeClass, ProposedChange},
    BallastError,
};
use ballast_tests::desk::{Desk, DAY, DELAY, HOUR};
use ballast_tests::refused;

#[tokio::test]
async fn caps_down_that_have_become_caps_up_wait_for_the_timelock_and_for_normal() {
    let mut desk = Desk::open().await;
    let usdc = desk.world.usdc;
    let mut caps = desk.reserve(&usdc).await.caps;
    caps.deposits = 2_000;
    let milder = desk.propose_for(&usdc, ProposedChange::ReserveCaps(caps)).await;
    caps.deposits = 1_000;
    let stricter = desk.propose_for(&usdc, ProposedChange::ReserveCaps(caps)).await;
    assert_eq!(desk.change(&milder).await.unwrap().class, ChangeClass::AtOnce);
    desk.execute_at_once(&stricter).await.unwrap();
    // 2,000 is more than what counts now
    refused(desk.execute_at_once(&milder).await, BallastError::NotRipe);
    // its clock ran always when it was proposed; as something that loosens it stands still outside Normal
    desk.guard(None, 8 * HOUR).await.unwrap();
    refused(desk.execute_at_once(&milder).await, BallastError::NotInThisState);
    desk.wait(DELAY);
    refused(desk.execute_at_once(&milder).await, BallastError::NotRipe);
    desk.wait(8 * HOUR - 1);
    refused(desk.execute(&milder).await, BallastError::NotRipe);
    desk.wait(1);
    desk.execute(&milder).await.unwrap();
    assert_eq!(desk.reserve(&usdc).await.caps.deposits, 2_000);
}

#[tokio::test]
async fn what_has_come_to_take_effect_at_once_needs_no_more_waiting() {
    let mut desk = Desk::open().await;
    let usdc = desk.world.usdc;
    let mut caps = desk.reserve(&usdc).await.caps;
    caps.deposits = 1_000;
    let first = desk.propose_for(&usdc, ProposedChange::ReserveCaps(caps)).await;
    desk.execute_at_once(&first).await.unwrap();
    caps.deposits = 3_000;
    let up = desk.propose_for(&usdc, ProposedChange::ReserveCaps(caps)).await;
    caps.deposits = 2_000;
    let less_up = desk.propose_for(&usdc, ProposedChange::ReserveCaps(caps)).await;
    assert_eq!(desk.change(&less_up).await.unwrap().class, ChangeClass::Timelock);
    desk.wait(DELAY);
    desk.execute(&up).await.unwrap();
    desk.execute_at_once(&less_up).await.unwrap();
    assert_eq!(desk.reserve(&usdc).await.caps.deposits, 2_000);
}

#[tokio::test]
async fn a_model_that_has_come_to_raise_requirements_needs_its_ramp() {
    let mut desk = Desk::open().await;
    let mut model = desk.vault().await.model;
    model.debt_floor = 590;
    let milder = desk.propose(ProposedChange::Model { model, ramp_seconds: 0 }).await;
    let ramped = desk.propose(ProposedChange::Model { model, ramp_seconds: 3 * DAY as u64 }).await;
    model.debt_floor = 550;
    let mildest = desk.propose(ProposedChange::Model { model, ramp_seconds: 0 }).await;
    assert_eq!(desk.change(&milder).await.unwrap().class, ChangeClass::Timelock);
    desk.wait(DELAY);
    desk.execute(&mildest).await.unwrap();
    refused(desk.execute(&milder).await, BallastError::RampTooFast);
    desk.execute(&ramped).await.unwrap();
    let vault = desk.vault().await;
    assert_eq!((vault.model.debt_floor, vault.model_before.debt_floor), (590, 550));
    assert_eq!(vault.ramp.duration, 3 * DAY as u64);
}

#[tokio::test]
async fn an_asset_that_somebody_came_to_hold_needs_its_ramp_and_keeps_its_group() {
    let mut desk = Desk::open().await;
    let lst = desk.world.lst;
    let mut risk = desk.reserve(&lst).await.risk;
    risk.idio += 300;
    let steeper = desk.propose_for(&lst, ProposedChange::Asset { risk, ramp_seconds: 0 }).await;
    risk.group = desk.reserve(&desk.world.eth.clone()).await.risk.group;
    let elsewhere = desk.propose_for(&lst, ProposedChange::Asset { risk, ramp_seconds: 0 }).await;
    desk.wait(DELAY);
    desk.world.lender(&lst, 1).await;
    refused(desk.execute(&steeper).await, BallastError::RampTooFast);
    refused(desk.execute(&elsewhere).await, BallastError::OnlyWhenUnused);
}

#[tokio::test]
async fn a_change_that_another_one_has_made_already_changes_nothing() {
    let mut desk = Desk::open().await;
    let first = desk.propose(ProposedChange::Timelock(3 * DAY as u64)).await;
    let second = desk.propose(ProposedChange::Timelock(3 * DAY as u64)).await;
    desk.wait(DELAY);
    desk.execute(&first).await.unwrap();
    refused(desk.execute(&second).await, BallastError::ChangesNothing);
    // what waited by the shorter timelock is ripe by that, whatever the timelock has become
    let mut caps = desk.vault().await.caps;
    caps.leverage = 30_000;
    let lower = desk.propose(ProposedChange::VaultCaps(caps)).await;
    desk.execute_at_once(&lower).await.unwrap();
}
