//! Caps: down at once, up by the timelock, and a group's parts never beyond its cap.

use ballast::{state::ProposedChange, BallastError};
use ballast_tests::desk::{Desk, DELAY};
use ballast_tests::{refused, Market};

#[tokio::test]
async fn a_cap_that_falls_binds_the_next_deposit_and_one_that_rises_two_days_later() {
    let mut desk = Desk::open().await;
    let usdc = desk.world.usdc;
    let ann = desk.world.lender(&usdc, usdc.units(100)).await;
    let open = desk.reserve(&usdc).await.caps;
    let mut caps = open;
    caps.deposits = usdc.units(100);
    let down = desk.propose_for(&usdc, ProposedChange::ReserveCaps(caps)).await;
    desk.world.deposit(&ann, &usdc, 1).await.unwrap();
    desk.execute_at_once(&down).await.unwrap();
    refused(desk.world.deposit(&ann, &usdc, 1).await, BallastError::DepositCap);
    // nobody is thrown out, and leaving is free
    desk.world.withdraw(&ann, &usdc, 2).await.unwrap();
    desk.world.deposit(&ann, &usdc, 1).await.unwrap();

    let up = desk.propose_for(&usdc, ProposedChange::ReserveCaps(open)).await;
    desk.wait(DELAY - 1);
    refused(desk.execute_at_once(&up).await, BallastError::NotRipe);
    desk.wait(1);
    desk.execute(&up).await.unwrap();
    desk.world.deposit(&ann, &usdc, usdc.units(1_000)).await.unwrap();
}

/// The curator gives a reserve a part of its group's cap, at once since it had no cap at all.
async fn give_part(desk: &mut Desk, market: &Market, exposure: u64) {
    let mut caps = desk.reserve(market).await.caps;
    caps.exposure = exposure;
    let down = desk.propose_for(market, ProposedChange::ReserveCaps(caps)).await;
    desk.execute_at_once(&down).await.unwrap();
}

/// Parts that the vault has handed out, and what the group's reserves add up to.
async fn parts(desk: &mut Desk, group: u8, members: &[Market]) -> (u64, u64) {
    let mut sum = 0;
    for market in members {
        sum += desk.reserve(market).await.caps.exposure;
    }
    (desk.vault().await.parts.parts[usize::from(group)], sum)
}

#[tokio::test]
async fn the_parts_of_a_group_never_add_up_to_more_than_its_cap() {
    let mut desk = Desk::open().await;
    let (sol, lst) = (desk.world.sol, desk.world.lst);
    let group = desk.reserve(&sol).await.risk.group;
    assert_eq!(desk.reserve(&lst).await.risk.group, group);
    let members = [sol, lst];
    give_part(&mut desk, &sol, 1_000_000).await;
    give_part(&mut desk, &lst, 500_000).await;
    let (handed_out, sum) = parts(&mut desk, group, &members).await;
    assert_eq!(handed_out, sum);

    // the group's cap falls to 100 more than is handed out
    let mut of_vault = desk.vault().await.caps;
    of_vault.groups[usize::from(group)] = sum + 100;
    let down = desk.propose(ProposedChange::VaultCaps(of_vault)).await;
    desk.execute_at_once(&down).await.unwrap();
    let raised = |mut caps: ballast::state::ReserveCaps, by: u64| {
        caps.exposure += by;
        ProposedChange::ReserveCaps(caps)
    };
    let (of_sol, of_lst) = (desk.reserve(&sol).await.caps, desk.reserve(&lst).await.caps);
    let by_sol = desk.propose_for(&sol, raised(of_sol, 60)).await;
    let by_lst = desk.propose_for(&lst, raised(of_lst, 41)).await;
    let fits = desk.propose_for(&lst, raised(of_lst, 40)).await;
    desk.wait(DELAY);
    desk.execute(&by_sol).await.unwrap();
    // each fitted alone when it was proposed
    refused(desk.execute(&by_lst).await, BallastError::GroupCap);
    desk.execute(&fits).await.unwrap();
    assert_eq!(parts(&mut desk, group, &members).await, (sum + 100, sum + 100));

    // a cap may fall below what is out; parts then only become smaller
    of_vault.groups[usize::from(group)] = 10;
    let below = desk.propose(ProposedChange::VaultCaps(of_vault)).await;
    desk.execute_at_once(&below).await.unwrap();
    let one_more = desk.propose_for(&lst, raised(of_lst, 41)).await;
    let less = desk.propose_for(&sol, raised(of_sol, 0)).await;
    desk.execute_at_once(&less).await.unwrap();
    assert_eq!(parts(&mut desk, group, &members).await, (sum + 40, sum + 40));
    desk.wait(DELAY);
    refused(desk.execute(&one_more).await, BallastError::GroupCap);
    // and no reserve of a capped group gets rid of its cap
    let mut uncapped = of_sol;
    uncapped.exposure = u64::MAX;
    let uncapped = desk.propose_for(&sol, ProposedChange::ReserveCaps(uncapped)).await;
    desk.wait(DELAY);
    refused(desk.execute(&uncapped).await, BallastError::GroupCap);
}

#[tokio::test]
async fn an_asset_that_changes_its_group_takes_its_part_along() {
    let mut desk = Desk::open().await;
    let (sol, lst, eth) = (desk.world.sol, desk.world.lst, desk.world.eth);
    let (from, to) = (desk.reserve(&lst).await.risk.group, desk.reserve(&eth).await.risk.group);
    let mut risk = desk.reserve(&lst).await.risk;
    risk.group = to;
    let about = desk.about(&lst);
    let part = 500_000;
    for market in [sol, lst, eth] {
        give_part(&mut desk, &market, part).await;
    }
    // the other group has no room for it
    let mut caps = desk.vault().await.caps;
    caps.groups[usize::from(to)] = 2 * part - 1;
    let tight = desk.propose(ProposedChange::VaultCaps(caps)).await;
    desk.execute_at_once(&tight).await.unwrap();
    let moving = ProposedChange::Asset { risk, ramp_seconds: 0 };
    let (proposal, _) = desk.try_propose(about, moving).await.unwrap();
    caps.groups[usize::from(to)] += 1;
    let roomy = desk.propose(ProposedChange::VaultCaps(caps)).await;
    desk.wait(DELAY);
    refused(desk.execute(&proposal).await, BallastError::GroupCap);
    desk.execute(&roomy).await.unwrap();
    desk.execute(&proposal).await.unwrap();
    let (left, sum_left) = parts(&mut desk, from, &[sol]).await;
    let (taken, sum_taken) = parts(&mut desk, to, &[eth, lst]).await;
    assert_eq!((left, taken), (sum_left, sum_taken));
}
