//! The guardian: cancels, but not its own replacement; tightens, counted and for a while.

use anchor_lang::prelude::Pubkey;
use ballast::{instructions::TightenTo, state::ProposedChange, BallastError};
use ballast_client::Event;
use ballast_risk::breaker::{Cause, State};
use ballast_tests::desk::{Desk, DAY, DELAY, HOUR};
use ballast_tests::refused;
use solana_signer::Signer;

#[tokio::test]
async fn the_guardian_cancels_anything_but_its_own_replacement() {
    let mut desk = Desk::open().await;
    let guardian = desk.guardian.insecure_clone();
    let heir = desk.world.chain.wallet().pubkey();
    let mut model = desk.vault().await.model;
    model.debt_floor += 100;
    for proposed in [
        ProposedChange::Timelock(9 * DAY as u64),
        ProposedChange::Curator(heir),
        ProposedChange::Model { model, ramp_seconds: 3 * DAY as u64 },
    ] {
        let proposal = desk.propose(proposed).await;
        let receipt = desk.cancel_as(&guardian, &proposal).await.unwrap();
        let [Event::ChangeCancelled(event)] = &receipt.events[..] else { panic!("one event") };
        assert_eq!((event.cancelled_by, event.by_guardian), (guardian.pubkey(), true));
    }
    for successor in [heir, Pubkey::default()] {
        let proposal = desk.propose(ProposedChange::Guardian(successor)).await;
        refused(desk.cancel_as(&guardian, &proposal).await, BallastError::MayNotCancel);
    }
}

#[tokio::test]
async fn a_guardian_cannot_hold_up_its_replacement_for_ever() {
    let mut desk = Desk::open().await;
    let guardian = desk.guardian.insecure_clone();
    let heir = desk.world.chain.wallet().pubkey();
    let proposal = desk.propose(ProposedChange::Guardian(heir)).await;
    // as long and as often as it may: eight hours of Halted and eight of Guarded, three times
    for _ in 0..3 {
        desk.tighten_as(&guardian, None, TightenTo::Halted, 8 * HOUR).await.unwrap();
        desk.wait(16 * HOUR);
    }
    let again = desk.tighten_as(&guardian, None, TightenTo::Halted, 8 * HOUR).await;
    refused(again, BallastError::TightenedTooOften);
    desk.wait(DELAY - 1);
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    desk.wait(1);
    desk.execute(&proposal).await.unwrap();
    assert_eq!(desk.vault().await.guardian, heir);
}

#[tokio::test]
async fn tightening_is_bounded_in_time_and_number_and_ends_by_itself() {
    let mut desk = Desk::open().await;
    let sol = desk.world.sol;
    let guardian = desk.guardian.insecure_clone();
    for reserve in [None, desk.about(&sol)] {
        for (to, seconds, error) in [
            (TightenTo::Halted, 8 * HOUR + 1, BallastError::TightenedTooLong),
            (TightenTo::Guarded, 0, BallastError::TightenedTooLong),
        ] {
            refused(desk.tighten_as(&guardian, reserve, to, seconds).await, error);
        }
        let receipt = desk.tighten_as(&guardian, reserve, TightenTo::Guarded, HOUR).await.unwrap();
        let [Event::BreakerChanged(event)] = &receipt.events[..] else { panic!("one event") };
        assert_eq!((event.vault, event.reserve), (desk.world.vault, reserve));
        assert_eq!((event.from, event.to, event.cause), (0, 1, Cause::Guardian as u8));
        assert_eq!(event.expires_at, (desk.world.chain.now() + HOUR) as u64);
        // not the same again, and nothing below it
        let again = desk.tighten_as(&guardian, reserve, TightenTo::Guarded, HOUR).await;
        refused(again, BallastError::NotTighter);
        desk.tighten_as(&guardian, reserve, TightenTo::Halted, HOUR).await.unwrap();
        desk.wait(2 * HOUR);
        assert_eq!(state(&mut desk, reserve).await, State::Normal);
        desk.tighten_as(&guardian, reserve, TightenTo::Halted, 8 * HOUR).await.unwrap();
        desk.wait(16 * HOUR);
        assert_eq!(state(&mut desk, reserve).await, State::Normal);
        // three times in seven days; the first of them leaves that window now
        let fourth = desk.tighten_as(&guardian, reserve, TightenTo::Guarded, HOUR).await;
        refused(fourth, BallastError::TightenedTooOften);
        desk.wait(7 * DAY - 18 * HOUR - 1);
        let fourth = desk.tighten_as(&guardian, reserve, TightenTo::Guarded, HOUR).await;
        refused(fourth, BallastError::TightenedTooOften);
        desk.wait(1);
        desk.tighten_as(&guardian, reserve, TightenTo::Guarded, HOUR).await.unwrap();
        desk.wait(HOUR);
    }
}

async fn state(desk: &mut Desk, reserve: Option<Pubkey>) -> State {
    let now = desk.world.chain.now() as u64;
    match reserve {
        None => desk.vault().await.breaker.as_risk().state_at(now),
        Some(_) => {
            let sol = desk.world.sol;
            desk.world.state(&sol).await
        }
    }
}
