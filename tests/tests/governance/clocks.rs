//! When a change may be executed: to the second, while breakers stop some clocks, and not for ever.

use ballast::{
    state::{ChangeClass, ProposedChange, Reserve, ReserveCaps, Vault},
    BallastError,
};
use ballast_client::Event;
use ballast_risk::{breaker::State, change::RIPE_SECONDS};
use ballast_tests::desk::{Desk, DAY, DELAY, HOUR};
use ballast_tests::refused;

const RIPE: i64 = RIPE_SECONDS as i64;

async fn longer_timelock(desk: &mut Desk) -> ProposedChange {
    ProposedChange::Timelock(desk.vault().await.timelock + 1)
}

#[tokio::test]
async fn a_change_ripens_to_the_second_and_is_anyones_to_execute() {
    let mut desk = Desk::open().await;
    let proposed = longer_timelock(&mut desk).await;
    let (proposal, receipt) = desk.try_propose(None, proposed.clone()).await.unwrap();
    let [Event::ChangeProposed(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.vault, event.change, event.number), (proposal.vault, proposal.address(), 2));
    assert_eq!((event.class, event.reserve), (ChangeClass::Timelock, None));
    assert_eq!((event.proposer, &event.proposed), (proposal.proposer, &proposed));
    assert_eq!((event.timelock.delay, event.timelock.in_normal), (DELAY as u64, 1));
    let change = desk.change(&proposal).await.unwrap();
    assert_eq!((change.proposed, change.timelock, change.class), (proposed, event.timelock, event.class));

    desk.wait(DELAY - 1);
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    refused(desk.execute_at_once(&proposal).await, BallastError::NotRipe);
    desk.wait(1);
    desk.execute(&proposal).await.unwrap();
    assert_eq!(desk.vault().await.timelock, DELAY as u64 + 1);
    assert!(desk.change(&proposal).await.is_none());

    // the new timelock counts for what is proposed from now on
    let next = longer_timelock(&mut desk).await;
    let proposal = desk.propose(next).await;
    desk.wait(DELAY);
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    desk.wait(1);
    desk.execute(&proposal).await.unwrap();
}

#[tokio::test]
async fn a_ripe_change_expires_after_three_days_of_its_own_clock() {
    let mut desk = Desk::open().await;
    let usdc = desk.world.usdc;
    let proposed = longer_timelock(&mut desk).await;
    let last_second = desk.propose(proposed.clone()).await;
    let too_late = desk.propose(ProposedChange::Timelock(3 * DAY as u64)).await;
    let at_once = desk.propose_for(&usdc, ProposedChange::Borrowable(false)).await;
    desk.wait(DELAY + RIPE);
    desk.execute(&last_second).await.unwrap();
    desk.wait(1);
    refused(desk.execute(&too_late).await, BallastError::ChangeExpired);
    // what takes effect at once expires as well, so that no old signature of a curator lies about
    refused(desk.execute_at_once(&at_once).await, BallastError::ChangeExpired);
    // an expired change is cancelled like any other, for its rent
    let curator = desk.curator.insecure_clone();
    desk.cancel_as(&curator, &too_late).await.unwrap();
}

#[tokio::test]
async fn what_expired_as_a_tightening_does_not_come_back_to_life_as_a_loosening() {
    let mut desk = Desk::open().await;
    let (usdc, about) = (desk.world.usdc, desk.about(&desk.world.usdc));
    let caps = desk.reserve(&usdc).await.caps;
    let capped = |deposits| ProposedChange::ReserveCaps(ReserveCaps { deposits, ..caps });
    let old = desk.propose_for(&usdc, capped(1_000_000)).await;
    // a lower cap since, so that the old one would raise it by now
    let lower = desk.propose_for(&usdc, capped(1_000)).await;
    desk.execute_at_once(&lower).await.unwrap();
    // days outside Normal, which do not count for what loosens
    let guarded = |from: u64, days: u64| {
        move |reserve: &mut Reserve| {
            let breaker = &mut reserve.breaker;
            (breaker.state, breaker.left_normal_at, breaker.entered_at) = (State::Guarded as u8, from, from);
            breaker.expires_at = from + days * DAY as u64;
        }
    };
    let now = desk.world.seconds();
    desk.world.chain.edit(about.unwrap(), guarded(now, 4)).await;
    desk.wait(DELAY + RIPE + 1);
    assert_eq!(desk.world.state(&usdc).await, State::Normal);
    refused(desk.execute(&old).await, BallastError::ChangeExpired);
}

#[tokio::test]
async fn a_loosening_clock_stands_still_outside_normal() {
    let mut desk = Desk::open().await;
    let (sol, usdc) = (desk.world.sol, desk.world.usdc);
    let vault_change = longer_timelock(&mut desk).await;
    let vault_change = desk.propose(vault_change).await;
    let mut flows = desk.reserve(&sol).await.flow_rules;
    flows.daily_share += 1;
    let of_sol = desk.propose_for(&sol, ProposedChange::Flows(flows)).await;
    let of_usdc = desk.propose_for(&usdc, ProposedChange::Flows(flows)).await;

    // eight hours of the vault stop all three, five more of SOL's reserve only SOL's
    desk.guard(None, 8 * HOUR).await.unwrap();
    desk.wait(10 * HOUR);
    let about_sol = desk.about(&sol);
    desk.guard(about_sol, 5 * HOUR).await.unwrap();
    desk.wait(DELAY - 10 * HOUR);
    for proposal in [&vault_change, &of_usdc, &of_sol] {
        refused(desk.execute(proposal).await, BallastError::NotRipe);
    }
    desk.wait(8 * HOUR - 1);
    for proposal in [&vault_change, &of_usdc, &of_sol] {
        refused(desk.execute(proposal).await, BallastError::NotRipe);
    }
    desk.wait(1);
    desk.execute(&vault_change).await.unwrap();
    desk.execute(&of_usdc).await.unwrap();
    refused(desk.execute(&of_sol).await, BallastError::NotRipe);
    desk.wait(5 * HOUR - 1);
    refused(desk.execute(&of_sol).await, BallastError::NotRipe);
    desk.wait(1);
    desk.execute(&of_sol).await.unwrap();
}

#[tokio::test]
async fn a_ripe_loosening_change_waits_for_normal_and_does_not_expire_meanwhile() {
    let mut desk = Desk::open().await;
    let proposed = longer_timelock(&mut desk).await;
    let proposal = desk.propose(proposed).await;
    desk.wait(DELAY + RIPE);
    desk.guard(None, 8 * HOUR).await.unwrap();
    refused(desk.execute(&proposal).await, BallastError::NotInThisState);
    desk.wait(8 * HOUR - 1);
    refused(desk.execute(&proposal).await, BallastError::NotInThisState);
    desk.wait(1);
    desk.execute(&proposal).await.unwrap();
}

#[tokio::test]
async fn tightening_needs_no_calm() {
    let mut desk = Desk::open().await;
    let usdc = desk.world.usdc;
    // a debt floor that only rises, on a ramp: its clock runs while the vault is guarded
    let mut model = desk.vault().await.model;
    model.debt_floor += 100;
    let proposal = desk.propose(ProposedChange::Model { model, ramp_seconds: 3 * DAY as u64 }).await;
    desk.wait(DELAY - 8 * HOUR);
    desk.guard(None, 8 * HOUR).await.unwrap();
    desk.wait(8 * HOUR - 1);
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    // and what takes effect at once does so in every state
    let mut caps = desk.reserve(&usdc).await.caps;
    caps.deposits = 5;
    for proposed in [ProposedChange::Borrowable(false), ProposedChange::ReserveCaps(caps)] {
        let at_once = desk.propose_for(&usdc, proposed).await;
        desk.execute_at_once(&at_once).await.unwrap();
    }
    let down = desk.winding_down();
    desk.world.chain.edit::<Vault>(desk.world.vault, |vault| vault.breaker = down).await;
    desk.wait(1);
    desk.execute(&proposal).await.unwrap();
    caps.deposits = 4;
    let at_once = desk.propose_for(&usdc, ProposedChange::ReserveCaps(caps)).await;
    desk.execute_at_once(&at_once).await.unwrap();
}

#[tokio::test]
async fn wind_down_is_left_by_the_timelock_and_by_nothing_that_was_ready_before() {
    let mut desk = Desk::open().await;
    let alt = desk.world.alt;
    let about = desk.about(&alt);
    for (reserve, proposed) in [(None, ProposedChange::VaultReopen), (about, ProposedChange::Reopen)] {
        refused(desk.try_propose(reserve, proposed).await, BallastError::NotWindingDown);
    }
    let down = desk.winding_down();
    let key = about.unwrap();
    desk.world.chain.edit::<Reserve>(key, |reserve| reserve.breaker = down).await;
    let early = desk.propose_for(&alt, ProposedChange::Reopen).await;
    let second = desk.propose_for(&alt, ProposedChange::Reopen).await;
    desk.wait(DELAY - 1);
    refused(desk.execute(&early).await, BallastError::NotRipe);
    desk.wait(1);
    let receipt = desk.execute(&early).await.unwrap();
    let [Event::BreakerChanged(event), Event::ChangeExecuted(_)] = &receipt.events[..] else {
        panic!("two events")
    };
    assert_eq!((event.from, event.to), (State::WindDown as u8, State::Guarded as u8));
    assert_eq!(event.reserve, about);
    assert_eq!(desk.world.state(&alt).await, State::Guarded);
    refused(desk.execute(&second).await, BallastError::NotWindingDown);

    // it winds down again: the other proposal is older than that
    desk.wait(1);
    let down = desk.winding_down();
    desk.world.chain.edit::<Reserve>(key, |reserve| reserve.breaker = down).await;
    refused(desk.execute(&second).await, BallastError::ProposedBeforeWindDown);

    // the vault's own WindDown in the same way
    let down = desk.winding_down();
    desk.world.chain.edit::<Vault>(desk.world.vault, |vault| vault.breaker = down).await;
    let proposal = desk.propose(ProposedChange::VaultReopen).await;
    desk.wait(DELAY - 1);
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    desk.wait(1);
    desk.execute(&proposal).await.unwrap();
    let vault = desk.vault().await;
    let now = desk.world.chain.now() as u64;
    assert_eq!(vault.breaker.as_risk().state_at(now), State::Guarded);
    let guarded = u64::from(vault.thresholds.guarded_seconds);
    assert_eq!(vault.breaker.as_risk().state_at(now + guarded), State::Normal);
}
