//! Playing whole sequences, and making a failing one short.

use crate::{
    action::{Action, Call},
    generate::Generator,
    laws::Violation,
    player::Player,
    probes::PROBES,
    tally::Tally,
    world::World,
};
use std::panic::{catch_unwind, AssertUnwindSafe};

/// A law broken at the end of a list of actions.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was played up to there.
    pub actions: Vec<Action>,
    /// What it broke.
    pub violation: Violation,
}

/// Most replays that making a case short takes.
const REPLAYS: usize = 3_000;

/// Plays the sequence of a seed in a copy of a world.
pub fn play_seed(world: &World, seed: u64, tally: &mut Tally) -> Option<Found> {
    let generator = Generator::new(seed, PROBES.len() as u8);
    let mut actions = vec![];
    let mut player = Player::new(world.clone());
    // every law is tried where a sequence ends
    let last = (0..PROBES.len() as u8).map(|law| Action::Probe { law, seed });
    let mut found = None;
    for action in generator.chain(last) {
        actions.push(action);
        if let Err(violation) = guarded(&mut player, &actions[actions.len() - 1]) {
            found = Some(Found { actions, violation });
            break;
        }
    }
    player.tally.sequences = 1;
    tally.add(&player.tally);
    found
}

/// Plays actions; what they break, and after how many.
pub fn play(world: &World, actions: &[Action], chatty: bool) -> Option<(usize, Violation)> {
    let mut player = Player::new(world.clone());
    player.chatty = chatty;
    actions.iter().enumerate().find_map(|(place, action)| {
        if chatty {
            println!("{place} {action:?}");
        }
        guarded(&mut player, action).err().map(|violation| (place, violation))
    })
}

/// A panic of our own side is a failure as well, with the actions that led to it.
fn guarded(player: &mut Player, action: &Action) -> Result<(), Violation> {
    match catch_unwind(AssertUnwindSafe(|| player.play(action))) {
        Ok(played) => played.map(|_| ()),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
            Err(Violation { law: "nothing panics".into(), words: words.unwrap_or_default() })
        }
    }
}

/// The shortest list found that breaks the same law: leaves out halves, then smaller parts, then single actions, then twists and calls.
pub fn shrink(world: &World, found: &Found) -> Found {
    let law = &found.violation.law;
    let mut best = found.clone();
    let mut left = REPLAYS;
    let mut attempt = |actions: Vec<Action>, best: &mut Found| {
        if left == 0 {
            return false;
        }
        left -= 1;
        match play(world, &actions, false) {
            Some((place, violation)) if violation.law == *law => {
                *best = Found { actions: actions[..=place].to_vec(), violation };
                true
            }
            _ => false,
        }
    };
    let mut part = best.actions.len() / 2;
    while part > 0 {
        let mut from = 0;
        let mut shorter = false;
        while from < best.actions.len() {
            let mut actions = best.actions.clone();
            actions.drain(from..(from + part).min(best.actions.len()));
            if attempt(actions, &mut best) {
                shorter = true;
            } else {
                from += part;
            }
        }
        if !shorter || part > 1 {
            part /= 2;
        }
    }
    for place in (0..best.actions.len()).rev() {
        while let Some(simpler) =
            simpler(&best.actions, place).find(|actions| attempt(actions.clone(), &mut best))
        {
            drop(simpler);
        }
    }
    best
}

/// The list with one action a little simpler, in every way.
fn simpler(actions: &[Action], place: usize) -> impl Iterator<Item = Vec<Action>> {
    let mut ways: Vec<Action> = vec![];
    match actions.get(place) {
        Some(Action::Send(calls)) => {
            for call in 0..calls.len() {
                if calls.len() > 1 {
                    let mut fewer = calls.clone();
                    fewer.remove(call);
                    ways.push(Action::Send(fewer));
                }
                for twist in 0..calls[call].twists.len() {
                    let mut straight: Vec<Call> = calls.clone();
                    straight[call].twists.remove(twist);
                    ways.push(Action::Send(straight));
                }
            }
        }
        Some(Action::Tick { seconds, moves }) => {
            for one in 0..moves.len() {
                let mut fewer = moves.clone();
                fewer.remove(one);
                ways.push(Action::Tick { seconds: *seconds, moves: fewer });
            }
        }
        _ => {}
    }
    let actions = actions.to_vec();
    ways.into_iter().map(move |way| {
        let mut changed = actions.clone();
        changed[place] = way;
        changed
    })
}
