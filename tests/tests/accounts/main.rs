//! Every account of every instruction, replaced by every wrong kind of account; what else could call in from outside; what a closed
//! account leaves behind; and what a whole transaction earns.
//!
//! The first of these is generated. Instructions, slots and flags are read from `idl/ballast.json`, and remaining accounts from the
//! call. A **room** (`lending`, `unwinding`, `insurance`, `governance`) plays a story in two vaults at once and stops before every
//! instruction with `try_all!`: the call must land as it is, its twin must land in the other vault, and then every wrong of
//! [`wrong::Kind`] is tried in every slot from the same moment. Each must be refused by a named error, without a panic, and change
//! nothing. What is accepted must be in `permitted.rs`, obey the law of `ballast_tests::law` and leave the other vault as it was.
//!
//! All that is accepted stands in `accepted.txt`, with `!` where it does something else than the call as it is, beyond the account that is
//! wrong; all that the runtime or a token program refuses in this program's place, in `refused_by_others.txt`. A new line there, or one
//! that is gone, fails the test, which says how to write them anew.
//!
//! **A new instruction** fails the test by name until a room has a legal call of it: bring the stage into a moment in which it lands in
//! both vaults (`in_both!`), and add `try_all!(stage, the call)`. Where optional or remaining accounts make several cases, try each; give
//! a case that needs permissions of its own a name (`try_all!(stage, " for shares", …)`). The failure lists what was accepted: fix the
//! program, or write the permission with its reason. A new kind of account or wrong belongs into `wrong.rs`, a new error of the runtime
//! into `permitted::RUNTIME`. `cargo test --workspace --test accounts -- --nocapture` prints the figures.

mod bench;
mod court;
mod den;
mod governance;
mod hooks;
mod insurance;
mod interface;
mod kept;
mod lending;
mod permitted;
mod random;
mod reopened;
mod sandwiches;
mod stage;
mod unwinding;
mod wrong;

use court::Findings;
use interface::Interface;
use stage::Stage;
use std::thread;

/// Runs a room on a stage of its own.
fn room<F>(play: F) -> Findings
where
    F: AsyncFnOnce(&mut Stage),
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    runtime.block_on(async {
        let mut stage = Stage::set().await;
        play(&mut stage).await;
        stage.court.findings
    })
}

#[test]
fn every_account_of_every_instruction_is_refused_when_it_is_wrong() {
    let rooms: Vec<thread::JoinHandle<Findings>> = vec![
        thread::spawn(|| {
            room(async |stage: &mut Stage| {
                lending::positions(stage).await;
                lending::prices_and_fees(stage).await;
                lending::proofs(stage).await;
                lending::vaults(stage).await;
            })
        }),
        thread::spawn(|| room(lending::composed_prices)),
        thread::spawn(|| room(unwinding::frozen_debts)),
        thread::spawn(|| {
            room(async |stage: &mut Stage| {
                unwinding::tranches(stage).await;
                unwinding::losses(stage).await;
            })
        }),
        thread::spawn(|| room(unwinding::breakers)),
        thread::spawn(|| room(insurance::stakes)),
        thread::spawn(|| room(insurance::claims)),
        thread::spawn(|| room(governance::changes)),
        thread::spawn(|| {
            room(async |stage: &mut Stage| {
                governance::funds(stage).await;
                governance::migrations(stage).await;
            })
        }),
    ];
    let mut findings = Findings::default();
    for room in rooms {
        findings.add(room.join().expect("a room was played to its end"));
    }
    findings.report(&Interface::read());
}
