//! `app/ts/test/vectors.json`: random books, tranches, prices and ledgers with what the risk crate makes of them. This test shows that it
//! still makes that of them; the TypeScript tests show that the WebAssembly module does too. With them, every instruction as the Rust
//! client builds it, which the TypeScript client has to build alike.
//! `BALLAST_WRITE_VECTORS=1 cargo test -p ballast-wasm --test vectors` writes them anew.

mod instructions;

use anchor_lang::{prelude::Pubkey, AnchorSerialize};
use ballast_client::{
    address::{self, Account, Asset},
    insurance::Fund,
    preset::{reserve_config, vault_config},
};
use ballast_risk::{
    interest::RateCurve,
    model::RiskModel,
    pace::{DepthBucket, PaceMeter},
    presets::{balanced, calm, safe, Preset, ASSETS},
    price::{Observation, UnitPrice},
    reserve::{InterestSplit, Ledger},
    score::{explain, opening_score, score, Exposure, Score},
    tranche::{best_pair, plan_tranche, score_after, TranchePlan, TrancheRequest},
    Bps, Ppm, RiskError, TokenAmount, Usd,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{json, Value};
use std::path::PathBuf;

const BOOKS: usize = 400;
const PRICES: usize = 200;
const LEDGERS: usize = 100;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../test/vectors.json")
}

#[test]
fn the_vectors_are_what_the_risk_crate_computes() {
    let text = serde_json::to_string(&vectors()).expect("plain values") + "\n";
    // One case a line, so that a change shows which.
    let text = text.replace("},{", "},\n{");
    if std::env::var_os("BALLAST_WRITE_VECTORS").is_some() {
        std::fs::write(path(), &text).expect("the folder is there");
    }
    let committed = std::fs::read_to_string(path()).expect("app/ts/test/vectors.json is committed");
    let different = committed.lines().zip(text.lines()).position(|(old, new)| old != new);
    assert!(
        committed == text,
        "app/ts/test/vectors.json differs in line {:?}: if the risk crate is meant to compute something else now, write it with \
         `BALLAST_WRITE_VECTORS=1 cargo test -p ballast-wasm --test vectors`",
        different.map(|line| line + 1)
    );
}

#[test]
fn every_function_refuses_arguments_that_end_too_early() {
    for number in 0..14 {
        let answer = ballast_wasm::call(number, &[]);
        assert_eq!(answer.first(), Some(&1), "function {number}");
        assert!(String::from_utf8_lossy(&answer).contains("InvalidInput"), "function {number}");
    }
}

fn vectors() -> Value {
    let mut random = ChaCha8Rng::seed_from_u64(20_251_010);
    let presets = [balanced(), calm(), safe()].map(|preset| preset.expect("valid"));
    let books: Vec<Value> = (0..BOOKS).map(|i| book(&mut random, &presets[i % presets.len()])).collect();
    let prices: Vec<Value> = (0..PRICES).map(|_| price(&mut random)).collect();
    let ledgers: Vec<Value> = (0..LEDGERS).map(|_| ledger(&mut random)).collect();
    json!({
        "addresses": addresses(),
        "instructions": instructions::all(&presets[0]),
        "presets": presets.iter().map(preset).collect::<Vec<_>>(),
        "books": books,
        "prices": prices,
        "ledgers": ledgers,
    })
}

fn made_up(number: u8) -> Pubkey {
    Pubkey::from([number; 32])
}

/// An asset of this mint in the vault of the first of them.
fn made_up_asset(mint: u8) -> Asset {
    Asset { vault: address::vault(&made_up(1), 7), mint: made_up(mint), token_program: made_up(4) }
}

/// Every address that the program derives, of made-up people and mints.
fn addresses() -> Value {
    let (creator, owner) = (made_up(1), made_up(2));
    let asset = made_up_asset(3);
    let mint = asset.mint;
    let fund = Fund { asset };
    let named = [
        ("creator", creator),
        ("owner", owner),
        ("mint", mint),
        ("tokenProgram", asset.token_program),
        ("vault", asset.vault),
        ("attestation", address::attestation(&asset.vault)),
        ("audit", address::audit(&asset.vault)),
        ("change", address::change(&asset.vault, 259)),
        ("reserve", asset.reserve()),
        ("tokens", asset.tokens()),
        ("wallet", asset.wallet(&owner)),
        ("obligation", Account { vault: asset.vault, owner, id: 513 }.obligation()),
        ("fund", fund.address()),
        ("fundTokens", fund.tokens()),
        ("roll", fund.roll()),
        ("stake", fund.stake(&owner)),
        ("claim", fund.claim(258)),
    ];
    named
        .iter()
        .map(|(name, key)| ((*name).to_owned(), json!(key.to_string())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The arguments of `create_vault` and `add_reserve`, as the program takes them.
fn preset(preset: &Preset) -> Value {
    let vault = vault_config(preset, 1, Pubkey::default(), Pubkey::default());
    let reserves = ASSETS.map(|kind| {
        let config = reserve_config(preset, kind, [0; 32]).expect("valid");
        json!({ "kind": format!("{kind:?}"), "config": hex(&bytes(&config)) })
    });
    json!({ "name": preset.name, "model": plain(&preset.model), "vault": hex(&bytes(&vault)), "reserves": reserves })
}

fn book(random: &mut ChaCha8Rng, preset: &Preset) -> Value {
    let model = &preset.model;
    let count = random.random_range(1..=16);
    // Most books are ordinary, some are beyond 64 bits.
    let digits = if random.random_bool(0.1) { 30 } else { 13 };
    let mut exposures = vec![];
    let (mut curves, mut buckets) = (vec![], vec![]);
    for _ in 0..count {
        let kind = ASSETS[random.random_range(0..ASSETS.len())];
        let asset = preset.asset(kind).expect("every kind is there");
        let most = 10i128.pow(random.random_range(0..=digits));
        let size = random.random_range(0..=most);
        let value = Usd(if random.random_bool(0.5) { size } else { -size });
        exposures.push(Exposure {
            value,
            beta: asset.risk.beta,
            idio: Bps(asset.risk.idio.0 + random.random_range(0..100)),
            group: asset.risk.group,
        });
        curves.push(asset.curve);
        buckets
            .push(DepthBucket { used: random.random_range(0..=asset.curve.depth / 50), updated_at: 1_000 });
    }
    let rules = preset.rules;
    let meter = PaceMeter { used: random.random_range(0..1_000_000_000), updated_at: 1_000 };
    let now = random.random_range(1_000..1_100);
    // Mostly a pair where the book has one.
    let mut any = |is_wanted: &dyn Fn(i128) -> bool| {
        let from = random.random_range(0..count);
        let places = (0..count).map(|step| (from + step) % count);
        places.into_iter().find(|place| is_wanted(exposures[*place].value.0)).unwrap_or(from)
    };
    let (debt, deposit) = (any(&|value| value < 0), any(&|value| value > 0));
    let request = TrancheRequest {
        model,
        rules: &rules,
        curve: &curves[deposit],
        book: &exposures,
        usable: random.random::<u32>() | random.random::<u32>(),
        debt,
        deposit,
        meter,
        bucket: buckets[deposit],
        now,
        maximum: Usd(random.random_range(0..10i128.pow(14))),
    };
    let best = best_pair(&request, &curves, &buckets);
    let (repay, bonus) = (Usd(random.random_range(0..10i128.pow(12))), Ppm(random.random_range(0..50_000)));
    let listed: Vec<Value> = exposures
        .iter()
        .map(|e| json!({ "value": e.value.0.to_string(), "beta": e.beta.0, "idio": e.idio.0, "group": e.group }))
        .collect();
    let explained = explain(model, &exposures).map(|e| {
        let all = |values: &[Usd]| values.iter().map(|v| v.0.to_string()).collect::<Vec<_>>();
        json!({
            "groupLoss": all(&e.group_loss),
            "basisCharge": all(&e.basis_charge),
            "idioCharge": all(&e.idio_charge[..count]),
            "grossFloor": e.gross_floor.0.to_string(),
            "debtFloor": e.debt_floor.0.to_string(),
        })
    });
    json!({
        "preset": preset.name,
        "book": listed,
        "score": outcome(score(model, &exposures).map(|s| scored(&s))),
        "opening": outcome(opening_score(model, &exposures).map(|s| scored(&s))),
        "explanation": outcome(explained),
        "after": {
            "debt": debt, "deposit": deposit, "repay": repay.0.to_string(), "bonus": bonus.0,
            "score": outcome(score_after(model, &exposures, debt, deposit, repay, bonus).map(|s| scored(&s))),
        },
        "tranche": {
            "rules": plain(&rules), "curves": curves.iter().map(plain).collect::<Vec<_>>(),
            "buckets": buckets.iter().map(plain).collect::<Vec<_>>(), "usable": request.usable, "meter": plain(&meter),
            "now": now, "maximum": request.maximum.0.to_string(),
            "plan": outcome(plan_tranche(&request).map(|p| planned(&p))),
            "best": outcome(best.map(|best| match best {
                Some((debt, deposit, plan)) => json!({ "debt": debt, "deposit": deposit, "plan": planned(&plan) }),
                None => Value::Null,
            })),
        },
    })
}

fn price(random: &mut ChaCha8Rng) -> Value {
    let most = 10i64.pow(random.random_range(3..=16));
    let price = random.random_range(1..most);
    let observation = Observation {
        price,
        confidence: random.random_range(0..=price.unsigned_abs() / 20),
        ema: price + random.random_range(0..=price / 10),
        exponent: -random.random_range(4..=10),
        publish_time: 1_000,
    };
    let (decimals, factor) = (random.random_range(2..=12), Bps(random.random_range(10_000..=30_000)));
    let (amount, value) = (random.random::<u64>() >> 20, random.random_range(0..10i128.pow(15)));
    let prices = observation.prices(decimals, factor);
    let shown = prices.map(|p| json!({ "spot": unit(&p.spot), "low": unit(&p.low), "high": unit(&p.high) }));
    let converted = prices.and_then(|p| {
        Ok(json!({
            "valueDown": p.spot.value_down(TokenAmount(amount)).0.to_string(),
            "valueUp": p.spot.value_up(TokenAmount(amount)).0.to_string(),
            "amountDown": p.spot.amount_down(Usd(value))?.0.to_string(),
            "amountUp": p.spot.amount_up(Usd(value))?.0.to_string(),
        }))
    });
    json!({
        "price": price.to_string(), "confidence": observation.confidence.to_string(), "ema": observation.ema.to_string(),
        "exponent": observation.exponent, "decimals": decimals, "confidenceFactor": factor.0,
        "amount": amount.to_string(), "value": value.to_string(),
        "prices": outcome(shown), "converted": outcome(converted),
    })
}

fn ledger(random: &mut ChaCha8Rng) -> Value {
    let mut ledger = Ledger::new(1_000);
    let deposit = random.random_range(1_000_000..1u64 << 50);
    ledger.deposit_down(TokenAmount(deposit)).expect("in range");
    ledger.borrow_up(TokenAmount(random.random_range(1..deposit))).expect("less than what is there");
    let curve = RateCurve::new(&[(0, 0), (8_000, 800), (10_000, 10_000)]).expect("valid");
    ledger.update_rate(&curve).expect("in range");
    let split =
        InterestSplit { fee: Bps(1_000), insurance: Bps(1_000), insurance_target: Bps(100), reserved: 0 };
    let now = 1_000 + random.random_range(0..100_000_000u64);
    let mut later = ledger;
    later.accrue(now, &split);
    json!({
        "ledger": plain(&ledger), "split": plain(&split), "now": now,
        "depositShares": ledger.deposit_shares.0.to_string(), "debtShares": ledger.debt_shares.0.to_string(),
        "later": plain(&later),
        "deposited": later.deposit_amount_down(ledger.deposit_shares).0.to_string(),
        "owed": later.debt_amount_up(ledger.debt_shares).0.to_string(),
    })
}

fn scored(score: &Score) -> Value {
    json!({
        "collateral": score.collateral.0.to_string(), "debt": score.debt.0.to_string(),
        "requirement": score.requirement.0.to_string(), "equity": score.equity().0.to_string(),
        "excess": score.excess().0.to_string(), "netRisk": score.net_risk_down().0.to_string(),
        "worstRow": score.worst_row, "binding": score.binding as u8, "isHealthy": score.is_healthy(),
    })
}

fn planned(plan: &TranchePlan) -> Value {
    json!({
        "repay": plan.repay.0.to_string(), "bonus": plan.bonus.0, "insuranceSlice": plan.insurance_slice.0,
        "limit": plan.limit as u8, "closeDebt": plan.close_debt, "takeDeposit": plan.take_deposit,
        "insolvent": plan.insolvent, "backstop": plan.backstop, "allowance": plan.allowance.0.to_string(),
        "netRisk": plan.net_risk.0.to_string(), "gain": plan.gain.to_string(), "before": scored(&plan.before),
    })
}

fn unit(price: &UnitPrice) -> Value {
    json!(plain(price))
}

/// A result, or the name of the error.
fn outcome(result: Result<Value, RiskError>) -> Value {
    match result {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "refused": format!("{error:?}") }),
    }
}

/// A structure in its own layout.
fn plain<T: bytemuck::NoUninit>(value: &T) -> String {
    hex(bytemuck::bytes_of(value))
}

fn bytes(value: &impl AnchorSerialize) -> Vec<u8> {
    let mut bytes = vec![];
    value.serialize(&mut bytes).expect("a vector takes any number of bytes");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The model is passed in its own layout.
const _: () = assert!(size_of::<RiskModel>() == 304);
