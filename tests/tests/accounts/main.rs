//! Every account of every instruction, replaced by every wrong kind of account; what else could call in from outside; and what a whole
//! transaction earns.

mod bench;
mod court;
mod governance;
mod hooks;
mod insurance;
mod interface;
mod lending;
mod permitted;
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
