//! A finding becomes short, and stays the same finding.

use super::*;
use ballast_fuzz::{
    sequence::{play, play_seed, shrink, Found},
    tally::Tally,
};

const LAW: &str = "books hold";

/// A world in which a token of the first reserve is gone, and nobody knows: whatever touches the reserve breaks a law.
fn short_of_a_token() -> World {
    let mut world = WORLD.clone();
    let (asset, vault) = (world.markets[BTC].asset(world.houses[0].key), world.houses[0].key);
    take_tokens(&mut world, asset.tokens(), BTC, vault, -1);
    world
}

#[test]
fn a_long_sequence_shrinks_to_what_breaks_the_law() {
    let world = short_of_a_token();
    let found = (0..20)
        .filter_map(|seed| play_seed(&world, seed, &mut Tally::default()))
        .filter(|found| found.violation.law == LAW)
        .max_by_key(|found| found.actions.len())
        .expect("somebody touches the reserve");
    assert!(found.actions.len() > 3, "{}", found.actions.len());
    let short = shrink(&world, &found);
    assert_eq!(short.violation.law, LAW);
    assert!(short.actions.len() <= 2, "{:?}", short.actions);
    let (place, violation) = play(&world, &short.actions, false).expect("it breaks the law still");
    assert_eq!((place + 1, violation), (short.actions.len(), short.violation));
}

#[test]
fn calls_twists_and_moves_that_nothing_depends_on_are_left_out() {
    let world = short_of_a_token();
    let call = |first, twists| {
        let deed = Deed::RefreshReserves { vault: 0, first, count: 1 };
        Call { by: 0, deed, twists }
    };
    let bent = vec![Twist::Tail(1), Twist::Writable(1)];
    let actions = vec![
        Action::NextEpoch,
        Action::Tick { seconds: 3, moves: vec![(1, 5), (2, -5)] },
        Action::Send(vec![call(1, vec![]), call(0, bent), call(2, vec![])]),
    ];
    let (place, violation) = play(&world, &actions, false).expect("it breaks the law");
    assert_eq!((place, violation.law.as_str()), (2, LAW));
    let short = shrink(&world, &Found { actions, violation });
    // without a newer price the reserve stays as it is
    let tick = Action::Tick { seconds: 3, moves: vec![] };
    assert_eq!(short.actions, [tick, Action::Send(vec![call(0, vec![])])]);
}
