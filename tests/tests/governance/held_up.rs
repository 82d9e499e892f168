//! What a guardian holds up who does nothing else: it is counted for each breaker, and the strictest of them rules.

use anchor_lang::prelude::Pubkey;
use ballast::{instructions::TightenTo, state::ProposedChange, BallastError};
use ballast_client::governance::Proposal;
use ballast_tests::desk::{Desk, DAY, DELAY, HOUR};
use ballast_tests::{refused, User};

/// Eight hours of Halted, and the eight of Guarded that follow.
const ONE: i64 = 16 * HOUR;
/// All that a guardian has for a breaker in any seven days.
const ALL: i64 = 3 * ONE;

/// Halts these breakers as often as the guardian may, one time right after the other. Meanwhile nothing is lent, and where the dollar itself
/// is held nobody leaves as a whole, to the last second.
async fn exhaust(desk: &mut Desk, breakers: &[Option<Pubkey>], story: &Story) {
    let guardian = desk.guardian.insecure_clone();
    for _ in 0..3 {
        for about in breakers {
            desk.tighten_as(&guardian, *about, TightenTo::Halted, 8 * HOUR).await.unwrap();
        }
        for seconds in [8 * HOUR - 1, 8 * HOUR, 1] {
            story.nothing_is_lent(desk).await;
            let holds_the_dollar =
                breakers.iter().any(|breaker| [None, desk.about(&desk.world.usdc)].contains(breaker));
            assert_eq!(story.leaves(desk).await, !holds_the_dollar, "as a whole");
            desk.world.tick(seconds).await;
        }
    }
}

struct Story {
    lender: User,
    borrowers: [User; 2],
}

impl Story {
    /// A lender of dollars, and two who would borrow them, one on bitcoin and one on SOL.
    async fn tell(desk: &mut Desk) -> Self {
        let (btc, sol, usdc) = (desk.world.btc, desk.world.sol, desk.world.usdc);
        let lender = desk.world.lender(&usdc, usdc.units(100_000)).await;
        let borrowers = [desk.world.user().await, desk.world.user().await];
        desk.world.deposit(&borrowers[0], &btc, btc.units(1)).await.unwrap();
        desk.world.deposit(&borrowers[1], &sol, sol.units(100)).await.unwrap();
        desk.world.tick(1).await;
        Self { lender, borrowers }
    }

    async fn nothing_is_lent(&self, desk: &mut Desk) {
        let usdc = desk.world.usdc;
        for user in &self.borrowers {
            let borrow = desk.world.borrowing(user, &usdc, usdc.units(200)).await;
            let refusal = desk
                .world
                .chain
                .would_land(&[borrow], &[&user.keypair])
                .await
                .err()
                .expect("nothing is lent");
            // of the vault or of the dollar by name; with guarded collateral there is nothing to borrow against
            let held = [BallastError::NotInThisState, BallastError::BelowOpeningRequirement];
            assert!(held.iter().any(|held| refusal.reason() == Some((*held).into())), "{refusal:?}");
        }
    }

    async fn leaves(&self, desk: &mut Desk) -> bool {
        let usdc = desk.world.usdc;
        let all = desk.world.withdrawal(&self.lender, &usdc, u64::MAX).await;
        let left = desk.world.chain.would_land(&[all], &[&self.lender.keypair]).await;
        if let Err(refusal) = &left {
            assert_eq!(refusal.reason(), Some(BallastError::ExitShareSpent.into()));
        }
        left.is_ok()
    }
}

/// A change of the dollar's reserve that may loosen.
async fn loosening(desk: &mut Desk) -> Proposal {
    let usdc = desk.world.usdc;
    let mut flows = desk.reserve(&usdc).await.flow_rules;
    flows.daily_share += 1;
    desk.propose_for(&usdc, ProposedChange::Flows(flows)).await
}

#[tokio::test]
async fn a_guardian_holds_an_asset_for_four_days_in_seven_and_all_borrowing_for_six() {
    let mut desk = Desk::open().await;
    let story = Story::tell(&mut desk).await;
    let usdc = desk.world.usdc;
    let [vault, of_usdc] = [None, desk.about(&usdc)];
    let others: Vec<_> = desk.reserves().await.into_iter().map(Some).filter(|r| *r != of_usdc).collect();
    let guardian = desk.guardian.insecure_clone();
    assert!(story.leaves(&mut desk).await);
    let begin = desk.world.chain.now();
    let change = loosening(&mut desk).await;

    // two days by the vault's breaker, and two more by the asset's own
    for breaker in [vault, of_usdc] {
        exhaust(&mut desk, &[breaker], &story).await;
        let again = desk.tighten_as(&guardian, breaker, TightenTo::Halted, 8 * HOUR).await;
        refused(again, BallastError::TightenedTooOften);
    }
    assert_eq!(desk.world.chain.now() - begin, 4 * DAY);
    assert!(story.leaves(&mut desk).await, "the asset itself is free");
    // and two by those of everything that it is borrowed against
    exhaust(&mut desk, &others, &story).await;
    assert_eq!(desk.world.chain.now() - begin, 6 * DAY);
    for user in &story.borrowers {
        desk.world.borrow(user, &usdc, usdc.units(200)).await.unwrap();
    }
    // the change waited its two days while the others were held, and not a second of the four before
    assert_eq!(2 * ALL + DELAY, 6 * DAY);
    desk.execute(&change).await.unwrap();

    // a day is left of the seven, and then it begins anew
    for breaker in [vault, of_usdc] {
        let again = desk.tighten_as(&guardian, breaker, TightenTo::Guarded, HOUR).await;
        refused(again, BallastError::TightenedTooOften);
    }
    desk.wait(DAY - 1);
    let early = desk.tighten_as(&guardian, vault, TightenTo::Halted, 8 * HOUR).await;
    refused(early, BallastError::TightenedTooOften);
    desk.wait(1);
    desk.tighten_as(&guardian, vault, TightenTo::Halted, 8 * HOUR).await.unwrap();
}

#[tokio::test]
async fn a_reserves_loosening_clock_stands_for_four_days_in_seven_one_after_the_other_or_at_once() {
    for at_once in [false, true] {
        let mut desk = Desk::open().await;
        let story = Story::tell(&mut desk).await;
        let usdc = desk.world.usdc;
        let breakers = [None, desk.about(&usdc)];
        let (begin, change) = (desk.world.chain.now(), loosening(&mut desk).await);
        if at_once {
            exhaust(&mut desk, &breakers, &story).await;
        } else {
            for breaker in breakers {
                exhaust(&mut desk, &[breaker], &story).await;
            }
        }
        // what both spent outside Normal is added up, also where it was the same time
        desk.wait(begin + 2 * ALL + DELAY - 1 - desk.world.chain.now());
        refused(desk.execute(&change).await, BallastError::NotRipe);
        desk.wait(1);
        desk.execute(&change).await.unwrap();
    }
}
