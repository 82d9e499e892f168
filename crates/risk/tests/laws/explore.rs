use crate::{models::*, runner::*, world::*};
use ballast_risk::{pace::*, presets, score::*, tranche::*, Bps, RiskError, Usd};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::Mutex;

pub fn curves(rng: &mut ChaCha8Rng, setting: &Setting, world: &World) -> (TrancheRules, Vec<TrancheCurve>) {
    if let Some(p) = setting.preset {
        return (
            p.rules,
            world.positions.iter().map(|x| p.asset(presets::ASSETS[x.asset]).unwrap().curve).collect(),
        );
    }
    let rules = TrancheRules {
        minimum_tranche: 10_000_000,
        minimum_debt: 100_000_000,
        window_seconds: 75,
        backstop_urgency: Bps(9000),
        bucket_off_urgency: Bps(3000),
        insurance_slice: Bps(3000),
        reserved: [0; 3],
    };
    let c = world
        .positions
        .iter()
        .map(|_| {
            let bmin = rng.random_range(1..=50);
            TrancheCurve {
                depth: 1 << 60,
                bucket_refill_seconds: 60,
                bucket_share: Bps(10_000),
                target: Bps(rng.random_range(10_000..=11_000)),
                pace_floor: Bps(30),
                pace_urgency: Bps(3500),
                bonus_min: Bps(bmin),
                bonus_max: Bps(rng.random_range(bmin..=500)),
                bonus_urgency: Bps(4000),
                pace_exponent_halves: 3,
                bonus_exponent_halves: 3,
                reserved: 0,
            }
        })
        .collect();
    (rules, c)
}

#[test]
fn explore() {
    let counts: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
    let shown = Mutex::new(0);
    for_books("explore", |rng, setting| {
        let Some(world) = World::unhealthy(rng, setting) else {
            *counts.lock().unwrap().entry("none".into()).or_default() += 1;
            return;
        };
        let (rules, curves) = curves(rng, setting, &world);
        let book = world.book();
        let before = world.score();
        if before.debt.0 < 100_000_000 {
            return;
        }
        let mut ok = false;
        let mut smaller = false;
        let mut refused = vec![];
        let mut nogate = false;
        for debt in 0..book.len() {
            for deposit in 0..book.len() {
                if !(book[debt].value.0 < 0 && book[deposit].value.0 > 0) {
                    continue;
                }
                for halvings in 0..14 {
                    let maximum = if halvings == 0 {
                        Usd(i128::MAX)
                    } else {
                        Usd((before.debt.0 >> (2 * halvings)).max(10_000_001))
                    };
                    let request = TrancheRequest {
                        model: &setting.model,
                        rules: &rules,
                        curve: &curves[deposit],
                        book: &book,
                        usable: u32::MAX,
                        debt,
                        deposit,
                        meter: PaceMeter::default(),
                        bucket: DepthBucket::default(),
                        now: 1_000_000,
                        maximum,
                    };
                    match plan_scored_tranche(&request, before) {
                        Err(e) => {
                            if halvings == 0 {
                                refused.push((debt, deposit, format!("{e:?}")));
                            }
                            if e == RiskError::BetterPairAvailable {
                                // would it work?
                                let r = TrancheRequest { usable: (1 << debt) | (1 << deposit), ..request };
                                if let Ok(plan) = plan_scored_tranche(&r, before) {
                                    if let Ok(outcome) = plan.settle(&world.legs(debt, deposit)) {
                                        let mut after = world.clone();
                                        if !after.apply(debt, deposit, &outcome) {
                                            continue;
                                        }
                                        if plan.check_after(&after.score()).is_ok() {
                                            nogate = true;
                                        }
                                    }
                                }
                            }
                        }
                        Ok(plan) => match plan.settle(&world.legs(debt, deposit)) {
                            Err(e) => {
                                if halvings == 0 {
                                    refused.push((debt, deposit, format!("settle {e:?}")))
                                }
                            }
                            Ok(outcome) => {
                                let mut after = world.clone();
                                if !after.apply(debt, deposit, &outcome) {
                                    continue;
                                }
                                if plan.check_after(&after.score()).is_ok() {
                                    if halvings == 0 {
                                        ok = true;
                                    } else {
                                        smaller = true;
                                    }
                                } else {
                                    refused.push((
                                        debt,
                                        deposit,
                                        format!("check {halvings} {:?} {:?}", plan.limit, plan.gain),
                                    ));
                                }
                            }
                        },
                    }
                }
            }
        }
        let key = format!(
            "preset {} insolvent {} {}",
            setting.preset.map_or("-", |p| p.name),
            before.equity().0 < 0,
            if ok {
                "ok"
            } else if smaller {
                "smaller"
            } else if nogate {
                "gated"
            } else {
                "NONE"
            }
        );
        *counts.lock().unwrap().entry(key).or_default() += 1;
        if !ok && !smaller && before.debt.0 > 400_000_000 {
            let mut s = shown.lock().unwrap();
            *s += 1;
            if *s < 12 {
                println!(
                    "{:?} {:?}\nbook {:?}\n refused {:?} nogate {nogate}",
                    setting.preset.map(|p| p.name),
                    before,
                    book.iter().map(|e| (e.value.0, e.group, e.beta.0, e.idio.0)).collect::<Vec<_>>(),
                    refused
                );
                println!("net risk {}", before.net_risk_down().to_ppm_down().0);
            }
        }
    });
    for (k, v) in counts.lock().unwrap().iter() {
        println!("{k}: {v}");
    }
}
