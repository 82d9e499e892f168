//! No vote liquidates anybody in a hurry: random models and assets, and what `R_maint` of fixed books does from day to day.

use ballast::state::{AssetRisk, ProposedChange, RiskModel};
use ballast_client::{account::reserves_of, instruction, plan::Portfolio, Event};
use ballast_risk::{
    model::{AssetRisk as Asset, RiskModel as Model},
    ramp,
    score::Exposure,
};
use ballast_tests::desk::{Desk, DAY};
use ballast_tests::{Market, User};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a shock, charge or floor moves a day, and a beta, with a basis point for rounding.
const STEP: f64 = 0.0201;
const BETA_STEP: f64 = 0.0501;

/// Whole tokens of each market.
type Holdings<'a> = &'a [(Market, u64)];

/// Ann is long SOL against dollars, Bob hedges SOL with its own LST, Cid has a bit of everything.
async fn books(desk: &mut Desk) -> Vec<User> {
    let world = &mut desk.world;
    let (btc, eth, sol, lst, usdc, alt) = (world.btc, world.eth, world.sol, world.lst, world.usdc, world.alt);
    world.lender(&sol, sol.units(3_000)).await;
    world.lender(&usdc, usdc.units(300_000)).await;
    let shapes: [(Holdings, Holdings); 3] = [
        (&[(sol, 1_000)], &[(usdc, 80_000)]),
        (&[(lst, 1_000), (usdc, 100_000)], &[(sol, 900)]),
        (&[(btc, 2), (eth, 30), (alt, 20_000)], &[(sol, 300), (usdc, 30_000)]),
    ];
    let mut users = vec![];
    for (deposits, debts) in shapes {
        let user = world.user().await;
        for (market, amount) in deposits {
            world.deposit(&user, market, market.units(*amount)).await.unwrap();
        }
        for (market, amount) in debts {
            world.tick(1).await;
            world.borrow(&user, market, market.units(*amount)).await.unwrap();
        }
        users.push(user);
    }
    users
}

/// The book's exposures as they are now, and `R_maint` as the program itself says.
async fn look(desk: &mut Desk, user: &User) -> (Vec<Exposure>, u64) {
    let exposures = desk.world.portfolio(user, exposures_of).await;
    let obligation = desk.world.obligation(user).await;
    let refresh =
        instruction::refresh_obligation(desk.world.vault, user.obligation(), &reserves_of(&obligation));
    let payer = desk.stranger.insecure_clone();
    let receipt = desk.world.must(&[refresh], &[&payer]).await;
    let [Event::ObligationRefreshed(event)] = &receipt.events[..] else { panic!("one event") };
    (exposures, event.requirement)
}

fn exposures_of(portfolio: &Portfolio) -> Vec<Exposure> {
    portfolio.book(ballast::book::Valuation::Maintenance).unwrap().exposures().to_vec()
}

fn required(model: &Model, exposures: &[Exposure]) -> u64 {
    ballast_risk::score::score(model, exposures).unwrap().requirement.clamp_u64()
}

/// The most that one day of a ramp adds to `R_maint` of this book: every term at its full step at once. `beta` and `idio` say
/// whether those move as well.
fn most_of_a_day(model: &Model, exposures: &[Exposure], beta_step: f64, model_step: f64) -> f64 {
    let (mut net, mut long, mut short) = ([0f64; 8], [0f64; 8], [0f64; 8]);
    let (mut beta_part, mut idio, mut floor, mut debt) = (0.0, 0.0, 0.0, 0.0);
    for e in exposures {
        let (value, g, beta) = (e.value.0 as f64, usize::from(e.group), f64::from(e.beta.0) / 1e4);
        net[g] += beta * value;
        long[g] += value.max(0.0);
        short[g] += (-value).max(0.0);
        beta_part += beta_step * value.abs() * (f64::from(model.peak[g].0) / 1e4 + STEP);
        idio += if beta_step > 0.0 { STEP * value.abs() } else { 0.0 };
        floor += value.abs() * STEP * (2.0 + beta + beta_step);
        debt += (-value).max(0.0);
    }
    let groups: f64 = (0..8).map(|g| net[g].abs() + long[g].max(short[g])).sum();
    // the floors move by their own step, and by the margins in them
    (model_step * groups + beta_part + idio).max(floor + beta_part).max(STEP * debt) + 1_000.0
}

/// Changes a few shocks, charges and floors, within bounds and so that every preset asset fits.
fn shaken(model: &RiskModel, assets: &[AssetRisk], random: &mut ChaCha8Rng) -> RiskModel {
    loop {
        let mut next = *model;
        let groups = usize::from(next.group_count);
        for row in &mut next.rows[1..usize::from(model.row_count)] {
            for shock in &mut row[..groups] {
                if random.random_bool(0.3) {
                    *shock = (*shock + random.random_range(-800..=800)).clamp(-9_000, 9_000);
                }
            }
        }
        if random.random_bool(0.3) {
            next.rows[1..usize::from(model.row_count)].reverse();
        }
        if random.random_bool(0.3) && usize::from(next.row_count) < 16 {
            next.rows[usize::from(next.row_count)][random.random_range(0..groups)] = -700;
            next.row_count += 1;
        }
        for basis in &mut next.basis[..groups] {
            *basis = (i32::from(*basis) + random.random_range(-200..=300)).clamp(0, 3_000) as u16;
        }
        next.gross_floor = random.random_range(0..=4_000);
        next.debt_floor = random.random_range(501..=1_500);
        next.peak = bytemuck::cast(next.as_risk().peaks());
        let risk: Vec<&Asset> = assets.iter().map(AssetRisk::as_risk).collect();
        if next.as_risk().validate().is_ok() && ramp::check_fit(&[next.as_risk()], &risk).is_ok() {
            return next;
        }
    }
}

#[tokio::test]
async fn random_models_raise_no_requirement_faster_than_the_ramp() {
    let mut random = ChaCha8Rng::seed_from_u64(20_260_610);
    let mut desk = Desk::open().await;
    let users = books(&mut desk).await;
    let mut assets = vec![];
    for market in desk.world.markets() {
        assets.push(desk.reserve(&market).await.risk);
    }
    let (mut steps, mut rises) = (0, 0);
    for _ in 0..6 {
        let old = desk.vault().await.model;
        let new = shaken(&old, &assets, &mut random);
        let needed = ramp::model_seconds_up(old.as_risk(), new.as_risk());
        let seconds = needed + random.random_range(0..2) * DAY as u64 / 3;
        desk.carry_out(None, ProposedChange::Model { model: new, ramp_seconds: seconds }).await;
        let path = ramp::Ramp { start: desk.world.chain.now() as u64, duration: seconds };
        let at = |time: u64| path.model_at(old.as_risk(), new.as_risk(), time);
        for _ in 0..=seconds.div_ceil(DAY as u64) {
            desk.world.refresh().await.unwrap();
            let now = desk.world.chain.now() as u64;
            let (today, tomorrow) = (at(now), at(now + DAY as u64));
            for user in &users {
                let (exposures, found) = look(&mut desk, user).await;
                assert_eq!(found, required(&today, &exposures), "the program scores by the formula");
                let rise = required(&tomorrow, &exposures) as f64 - found as f64;
                let most = most_of_a_day(&tomorrow, &exposures, 0.0, STEP);
                assert!(rise <= most, "{rise} > {most}: {exposures:?}");
                steps += 1;
                rises += u32::from(rise > most / 20.0);
            }
            desk.wait(DAY);
        }
    }
    println!("{steps} days of books, {rises} with a rise that is worth the name");
    assert!(rises > 10, "the search finds rises at all");
}

#[tokio::test]
async fn random_places_of_assets_raise_no_requirement_faster_than_the_ramp() {
    let mut random = ChaCha8Rng::seed_from_u64(20_251_010);
    let mut desk = Desk::open().await;
    let users = books(&mut desk).await;
    let model: Model = *desk.vault().await.model.as_risk();
    let mut rises = 0;
    for market in [desk.world.sol, desk.world.lst, desk.world.btc] {
        let old = desk.reserve(&market).await.risk;
        let new = loop {
            let mut next = old;
            next.beta = (i32::from(old.beta) + random.random_range(-2_500..=2_500)).clamp(0, 20_000) as u16;
            next.idio = (i32::from(old.idio) + random.random_range(-300..=900)).max(0) as u16;
            if next != old && model.validate_asset(next.as_risk()).is_ok() {
                break next;
            }
        };
        let seconds = ramp::asset_seconds_up(old.as_risk(), new.as_risk());
        let about = desk.about(&market);
        desk.carry_out(about, ProposedChange::Asset { risk: new, ramp_seconds: seconds }).await;
        let path = ramp::Ramp { start: desk.world.chain.now() as u64, duration: seconds };
        let place = |exposures: &[Exposure], from: &Asset, to: &Asset| -> Vec<Exposure> {
            let mut moved = exposures.to_vec();
            for e in
                moved.iter_mut().filter(|e| (e.beta, e.idio, e.group) == (from.beta, from.idio, from.group))
            {
                (e.beta, e.idio) = (to.beta, to.idio);
            }
            moved
        };
        for _ in 0..=seconds.div_ceil(DAY as u64) {
            desk.world.refresh().await.unwrap();
            let now = desk.world.chain.now() as u64;
            let today = path.asset_at(old.as_risk(), new.as_risk(), now);
            let tomorrow = path.asset_at(old.as_risk(), new.as_risk(), now + DAY as u64);
            assert!(
                tomorrow.beta.0.abs_diff(today.beta.0) <= 501
                    && tomorrow.idio.0.abs_diff(today.idio.0) <= 201
            );
            for user in &users {
                let (exposures, found) = look(&mut desk, user).await;
                assert_eq!(found, required(&model, &exposures));
                // another asset at the very same place moves along here, which only makes the rise larger
                let rise = required(&model, &place(&exposures, &today, &tomorrow)) as f64 - found as f64;
                let most = most_of_a_day(&model, &exposures, BETA_STEP, 0.0);
                assert!(rise <= most, "{rise} > {most}: {exposures:?}");
                rises += u32::from(rise > 0.0);
            }
            desk.wait(DAY);
        }
    }
    assert!(rises > 3, "the search finds rises at all: {rises}");
}
