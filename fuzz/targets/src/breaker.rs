//! Any history of a breaker: signals only raise, time only lowers, what is written down is what time says, and nothing overflows.

use arbitrary::Arbitrary;
use ballast_risk::{
    breaker::{
        Breaker, PriceTrail, ReserveEvidence, ReserveThresholds, State, VaultEvidence, VaultThresholds,
    },
    price::UnitPrice,
    TokenAmount, Usd,
};

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Wait(u32),
    Average(u64, u64, u8),
    Confidence(u64, u64, u8),
    Jump(u64, u64, u8),
    Rate(u64, u64, u8),
    Stale(u32, u64),
    Outflow(u64, u64),
    Inflow(u64, u64),
    Loss(u64, u64),
    Deficit(u64, u64),
    VaultLoss(i128, i128),
    Attestation(i128),
    GuardedShare(i128, i128),
    Tighten(u8, u16),
    WriteDown,
    Reopen(u32),
}

/// A breaker and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct Case {
    start: u32,
    steps: Vec<Step>,
}

fn price(mantissa: u64) -> UnitPrice {
    UnitPrice::from_oracle((mantissa % 1_000_000_000_000).max(1), -8, 6).expect("a legal price")
}

/// Tries one input.
pub fn run(case: &Case) {
    let thresholds = ReserveThresholds::MAJOR;
    let vault_thresholds = VaultThresholds::BALANCED;
    let mut breaker = Breaker::default();
    let mut now = 1_000_000 + u64::from(case.start);
    for step in case.steps.iter().take(300) {
        let before = breaker.state_at(now);
        let at = |age: u8| now - u64::from(age);
        let evidence = match *step {
            Step::Wait(seconds) => {
                now += u64::from(seconds);
                let later = breaker.state_at(now);
                assert!(later <= before, "time only lowers");
                assert!(before != State::WindDown || later == State::WindDown, "but not a WindDown");
                continue;
            }
            Step::Average(spot, average, age) => {
                ReserveEvidence::Average { spot, average, published_at: at(age) }
            }
            Step::Confidence(confidence, spot, age) => {
                ReserveEvidence::Confidence { confidence, spot, published_at: at(age) }
            }
            Step::Jump(from, to, age) => {
                let trail = PriceTrail {
                    newer: price(from),
                    newer_at: at(age).saturating_sub(60),
                    ..Default::default()
                };
                ReserveEvidence::Jump { spot: price(to), trail, published_at: at(age) }
            }
            Step::Rate(market, rate, age) => ReserveEvidence::Rate { market, rate, published_at: at(age) },
            Step::Stale(age, exposed) => {
                ReserveEvidence::Stale { published_at: now.saturating_sub(u64::from(age)), exposed }
            }
            Step::Outflow(room, capacity) => {
                ReserveEvidence::Outflow { room: TokenAmount(room), capacity: TokenAmount(capacity) }
            }
            Step::Inflow(room, capacity) => {
                ReserveEvidence::Inflow { room: TokenAmount(room), capacity: TokenAmount(capacity) }
            }
            Step::Loss(lost, deposits) => {
                ReserveEvidence::Loss { lost: TokenAmount(lost), deposits: TokenAmount(deposits) }
            }
            Step::Deficit(held, booked) => {
                ReserveEvidence::Deficit { held: TokenAmount(held), booked: TokenAmount(booked) }
            }
            Step::VaultLoss(lost, collateral) => {
                let evidence = VaultEvidence::Loss { lost: Usd(lost), collateral: Usd(collateral) };
                raise_vault(&mut breaker, &vault_thresholds, &evidence, now);
                continue;
            }
            Step::Attestation(shortfall) => {
                let evidence = VaultEvidence::Attestation { shortfall: Usd(shortfall) };
                raise_vault(&mut breaker, &vault_thresholds, &evidence, now);
                continue;
            }
            Step::GuardedShare(guarded, collateral) => {
                let evidence =
                    VaultEvidence::GuardedShare { guarded: Usd(guarded), collateral: Usd(collateral) };
                raise_vault(&mut breaker, &vault_thresholds, &evidence, now);
                continue;
            }
            Step::Tighten(to, seconds) => {
                if let Ok(raised) = breaker.tighten(State::from_stored(to % 4), u64::from(seconds), now) {
                    assert!(raised.to > raised.from && raised.to != State::WindDown);
                    assert!(raised.breaker.expires_at <= now + 8 * 3_600);
                    breaker = raised.breaker;
                }
                continue;
            }
            Step::WriteDown => {
                if let Ok(stepped) = breaker.step(now) {
                    assert_eq!(
                        stepped.breaker.state_at(now),
                        before,
                        "what is written down is what time says"
                    );
                    breaker = stepped.breaker;
                    assert!(breaker.step(now).is_err(), "once");
                }
                continue;
            }
            Step::Reopen(guarded) => {
                if let Ok(opened) = breaker.reopen(u64::from(guarded), now) {
                    assert!(before == State::WindDown && opened.to == State::Guarded);
                    breaker = opened.breaker;
                }
                continue;
            }
        };
        if let Ok(raised) = breaker.trip_reserve(&thresholds, &evidence, now) {
            assert!(raised.from == before && raised.to >= raised.from, "a signal only raises");
            assert_eq!(raised.breaker.state_at(now), raised.to);
            breaker = raised.breaker;
        }
        assert!(breaker.outside_normal_at(now) <= now);
    }
}

fn raise_vault(breaker: &mut Breaker, thresholds: &VaultThresholds, evidence: &VaultEvidence, now: u64) {
    if let Ok(raised) = breaker.trip_vault(thresholds, evidence, now) {
        assert!(raised.to >= raised.from && raised.from == breaker.state_at(now));
        *breaker = raised.breaker;
    }
}
