//! Ramps: what counts on each day, what may not begin meanwhile, and what has to fit.

use ballast::{
    state::{ChangeClass, ProposedChange, RiskModel, Vault},
    BallastError,
};
use ballast_client::{instruction, Event};
use ballast_risk::{model::RiskModel as Model, ramp};
use ballast_tests::desk::{Desk, DAY, DELAY, HOUR};
use ballast_tests::{refused, User};

/// SOL falls further in the second scenario, and its group is charged more.
fn harder(model: &RiskModel) -> RiskModel {
    let mut model = *model;
    model.rows[1][2] -= 500;
    model.basis[2] += 100;
    model.peak = bytemuck::cast(model.as_risk().peaks());
    model
}

/// How long the ramp between two models takes at least.
fn needed(old: &RiskModel, new: &RiskModel) -> u64 {
    ramp::model_seconds_up(old.as_risk(), new.as_risk())
}

async fn borrower(desk: &mut Desk) -> User {
    let (sol, usdc) = (desk.world.sol, desk.world.usdc);
    desk.world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = desk.world.user().await;
    desk.world.deposit(&ann, &sol, sol.units(100)).await.unwrap();
    desk.world.tick(1).await;
    desk.world.borrow(&ann, &usdc, usdc.units(10_000)).await.unwrap();
    ann
}

/// `R_maint` as the program writes it down.
async fn requirement(desk: &mut Desk, user: &User) -> u64 {
    let obligation = desk.world.obligation(user).await;
    let reserves = ballast_client::account::reserves_of(&obligation);
    let refresh = instruction::refresh_obligation(desk.world.vault, user.obligation(), &reserves);
    let payer = desk.stranger.insecure_clone();
    let receipt = desk.world.must(&[refresh], &[&payer]).await;
    let [Event::ObligationRefreshed(event)] = &receipt.events[..] else { panic!("one event") };
    event.requirement
}

/// What it would be by a model, at the same prices and debts.
async fn requirement_by(desk: &mut Desk, user: &User, model: &Model) -> u64 {
    let vault = user.account.vault;
    let score = desk
        .world
        .portfolio(user, |portfolio| {
            let mut vault = *portfolio.vault;
            (vault.model, vault.ramp) = ((*model).into(), Default::default());
            ballast_client::plan::Portfolio {
                vault: &vault,
                obligation: portfolio.obligation,
                reserves: portfolio.reserves.clone(),
                clock: portfolio.clock,
            }
            .maintenance()
            .unwrap()
        })
        .await;
    assert_eq!(vault, desk.world.vault);
    score.requirement.clamp_u64()
}

#[tokio::test]
async fn a_model_ramps_along_its_formula_and_counts_in_full_at_the_end() {
    let mut desk = Desk::open().await;
    let ann = borrower(&mut desk).await;
    let old = desk.vault().await.model;
    let new = harder(&old);
    let days = 5;
    assert!(needed(&old, &new) <= days * DAY as u64);
    let too_fast = ProposedChange::Model { model: new, ramp_seconds: needed(&old, &new) - 1 };
    refused(desk.try_propose(None, too_fast).await, BallastError::RampTooFast);
    let too_slow = ProposedChange::Model { model: new, ramp_seconds: ramp::MAX_RAMP + 1 };
    refused(desk.try_propose(None, too_slow).await, BallastError::InvalidParameter);
    let proposal = desk.propose(ProposedChange::Model { model: new, ramp_seconds: days * DAY as u64 }).await;
    assert_eq!(desk.change(&proposal).await.unwrap().class, ChangeClass::Ramp);

    desk.wait(DELAY - 1);
    refused(desk.execute(&proposal).await, BallastError::NotRipe);
    desk.wait(1);
    let receipt = desk.execute(&proposal).await.unwrap();
    let start = desk.world.chain.now() as u64;
    let [Event::ChangeExecuted(event)] = &receipt.events[..] else { panic!("one event") };
    assert_eq!((event.ramp.start, event.ramp.duration), (start, days * DAY as u64));
    let path = ramp::Ramp { start, duration: days * DAY as u64 };
    let mut last = 0;
    for hour in (0..=days * 24 + 6).step_by(6) {
        desk.world.refresh().await.unwrap();
        let now = desk.world.chain.now() as u64;
        let model = path.model_at(old.as_risk(), new.as_risk(), now);
        let found = requirement(&mut desk, &ann).await;
        assert_eq!(found, requirement_by(&mut desk, &ann, &model).await, "hour {hour}");
        assert!(found >= last, "hour {hour}");
        last = found;
        desk.wait(6 * HOUR);
    }
    desk.world.refresh().await.unwrap();
    let full = requirement_by(&mut desk, &ann, new.as_risk()).await;
    assert_eq!(requirement(&mut desk, &ann).await, full);

    // the next change tidies up what has ended
    assert_eq!(desk.vault().await.ramp, event.ramp);
    let usdc = desk.world.usdc;
    let next = desk.propose_for(&usdc, ProposedChange::Borrowable(false)).await;
    desk.execute_at_once(&next).await.unwrap();
    let vault = desk.vault().await;
    assert_eq!((vault.ramp, vault.model_before), Default::default());
    assert_eq!(vault.model, new);
}

#[tokio::test]
async fn an_asset_ramps_as_slowly() {
    let mut desk = Desk::open().await;
    let ann = borrower(&mut desk).await;
    let sol = desk.world.sol;
    let old = desk.reserve(&sol).await.risk;
    let mut new = old;
    (new.beta, new.idio) = (old.beta + 1_000, old.idio + 300);
    let seconds = ramp::asset_seconds_up(old.as_risk(), new.as_risk());
    let about = desk.about(&sol);
    let too_fast = ProposedChange::Asset { risk: new, ramp_seconds: seconds - 1 };
    refused(desk.try_propose(about, too_fast).await, BallastError::RampTooFast);
    desk.carry_out(about, ProposedChange::Asset { risk: new, ramp_seconds: seconds }).await;
    let path = ramp::Ramp { start: desk.world.chain.now() as u64, duration: seconds };
    let mut last = 0;
    for _ in 0..=seconds / DAY as u64 {
        let now = desk.world.chain.now() as u64;
        let reserve = desk.reserve(&sol).await;
        assert_eq!(reserve.risk_at(now), path.asset_at(old.as_risk(), new.as_risk(), now));
        desk.world.refresh().await.unwrap();
        let found = requirement(&mut desk, &ann).await;
        assert!(found > last);
        last = found;
        desk.wait(DAY);
    }
    let mut caps = desk.reserve(&sol).await.caps;
    caps.deposits -= 1;
    let next = desk.propose_for(&sol, ProposedChange::ReserveCaps(caps)).await;
    desk.execute_at_once(&next).await.unwrap();
    let reserve = desk.reserve(&sol).await;
    assert_eq!((reserve.ramp, reserve.risk_before), Default::default());
    assert_eq!(reserve.risk, new);
}

#[tokio::test]
async fn no_second_ramp_of_the_same_kind_begins_while_one_runs() {
    let mut desk = Desk::open().await;
    borrower(&mut desk).await;
    let sol = desk.world.sol;
    let about = desk.about(&sol);
    let old = desk.vault().await.model;
    let (first, second) = (harder(&old), harder(&harder(&old)));
    let long = 6 * DAY as u64;
    let first = desk.propose(ProposedChange::Model { model: first, ramp_seconds: long }).await;
    desk.wait(DELAY);
    desk.execute(&first).await.unwrap();
    desk.wait(3 * DAY);
    // an asset may ramp at the same time
    let mut risk = desk.reserve(&sol).await.risk;
    risk.idio += 100;
    desk.carry_out(about, ProposedChange::Asset { risk, ramp_seconds: long }).await;
    let second = desk.propose(ProposedChange::Model { model: second, ramp_seconds: long }).await;
    let back = desk.propose(ProposedChange::Model { model: old, ramp_seconds: long }).await;
    desk.wait(DELAY);
    desk.execute(&second).await.unwrap();
    refused(desk.execute(&back).await, BallastError::RampRuns);
    risk.idio += 100;
    let third = desk.propose_for(&sol, ProposedChange::Asset { risk, ramp_seconds: long }).await;
    desk.wait(DELAY);
    refused(desk.execute(&third).await, BallastError::RampRuns);
}

#[tokio::test]
async fn a_model_fits_every_asset_of_the_vault_and_looks_at_all_of_them() {
    let mut desk = Desk::open().await;
    let second = desk.world.open_vault(2).await;
    let old = desk.vault().await.model;
    let model = harder(&old);
    let long = 60 * DAY as u64;
    let proposal = desk.propose(ProposedChange::Model { model, ramp_seconds: long }).await;
    // the alt's margin would pass 100 % with the opening factor
    let mut steep = old;
    steep.basis[4] = 9_000;
    let steep = desk.propose(ProposedChange::Model { model: steep, ramp_seconds: long }).await;
    // no group for the alt any more
    let mut fewer = old;
    fewer.group_count -= 1;
    fewer.basis[4] = 0;
    for row in &mut fewer.rows {
        row[4] = 0;
    }
    fewer.peak = bytemuck::cast(fewer.as_risk().peaks());
    let fewer = desk.propose(ProposedChange::Model { model: fewer, ramp_seconds: long }).await;
    desk.wait(DELAY);
    refused(desk.execute(&steep).await, BallastError::InvalidParameter);
    refused(desk.execute(&fewer).await, BallastError::InvalidParameter);

    let stranger = desk.stranger.insecure_clone();
    let all = desk.reserves().await;
    let foreign = desk.world.sol.asset(second).reserve();
    let wrong: [Vec<_>; 5] = [
        vec![],
        all[1..].to_vec(),
        all.iter().rev().copied().collect(),
        all.iter().chain(&all[..1]).copied().collect(),
        all.iter().map(|key| if *key == all[2] { foreign } else { *key }).collect(),
    ];
    use solana_signer::Signer;
    for reserves in wrong {
        let execute = proposal.execute(stranger.pubkey(), &reserves);
        refused(desk.world.send(&[execute], &[&stranger]).await, BallastError::WrongVaultReserves);
    }
    desk.execute(&proposal).await.unwrap();
    let mut numeraire = old;
    numeraire.numeraire_group = 0;
    let moved = ProposedChange::Model { model: numeraire, ramp_seconds: long };
    refused(desk.try_propose(None, moved).await, BallastError::InvalidParameter);
}

#[tokio::test]
async fn while_a_model_ramps_assets_fit_both_of_its_ends() {
    let mut desk = Desk::open().await;
    borrower(&mut desk).await;
    let sol = desk.world.sol;
    let old = desk.vault().await.model;
    // SOL's group is charged so much that its margin leaves no room, then less again
    let mut steep = old;
    steep.basis[2] = 3_000;
    let seconds = needed(&old, &steep);
    desk.carry_out(None, ProposedChange::Model { model: steep, ramp_seconds: seconds }).await;
    desk.wait(seconds as i64);
    desk.carry_out(None, ProposedChange::Model { model: harder(&old), ramp_seconds: seconds }).await;
    let vault: Vault = desk.vault().await;
    assert_eq!(vault.model_before, steep);
    // fits the model that comes, and not the one that goes
    let mut risk = desk.reserve(&sol).await.risk;
    let place = *risk.as_risk();
    let margin = steep.as_risk().margin_up(place.group, place.beta, place.idio);
    risk.idio += 8_001 - u16::try_from(margin).unwrap(); // times the opening factor, 1.25, more than 100 %
    assert!(vault.model.as_risk().validate_asset(risk.as_risk()).is_ok());
    assert!(steep.as_risk().validate_asset(risk.as_risk()).is_err());
    let long = ProposedChange::Asset { risk, ramp_seconds: 40 * DAY as u64 };
    let proposal = desk.propose_for(&sol, long).await;
    desk.wait(DELAY);
    refused(desk.execute(&proposal).await, BallastError::InvalidParameter);
}
