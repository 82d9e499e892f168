//! Tokens that are sent to the protocol change no state, no price and no breaker, and cause no error.

use crate::{
    ensure,
    generate::Generator,
    outcome::Outcome,
    player::Player,
    svm::decode,
    world::{tokens_in, World},
};
use anchor_lang::prelude::Pubkey;
use ballast::state::Attestation;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use solana_account::{AccountSharedData, ReadableAccount as _};

/// How long both worlds are played.
const STEPS: usize = 12;

/// Plays the same steps with and without donations to every account: every transaction ends alike, and every account of the program and
/// every wallet is the same afterwards.
pub fn change_nothing(world: &World, seed: u64) -> Result<bool, String> {
    // where tokens are missing, a gift is what was missing
    if !world.missing.is_empty() {
        return Ok(false);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut plain, mut given) = (Player::lawless(world.clone()), Player::lawless(world.clone()));
    for (market, key) in tills(world) {
        let bits = rng.random_range(10..62);
        given.world.give(market, key, rng.random::<u64>() >> bits);
    }
    for action in Generator::continuation(seed, STEPS) {
        let outcome = |player: &mut Player| {
            let played = player.play(&action).map_err(|violation| format!("{violation:?}"))?;
            Ok::<_, String>(played.map(|outcome| match outcome {
                Outcome::Landed { .. } => "landed".to_owned(),
                // who tries to pay from a till is refused: where there is enough in it, for not owning it
                Outcome::Refused { name, .. } if name.starts_with("token: ") => "not their tokens".to_owned(),
                refused => format!("{refused:?}"),
            }))
        };
        let (without, with) = (outcome(&mut plain)?, outcome(&mut given)?);
        ensure!(without == with, "{action:?}: {without:?} without, {with:?} with donations");
    }
    compare(&plain.world, &given.world)?;
    Ok(true)
}

/// Token accounts of the protocol, with their markets.
fn tills(world: &World) -> Vec<(usize, Pubkey)> {
    let mut tills = vec![];
    for house in &world.houses {
        let tokens = |market: &usize| (*market, world.markets[*market].asset(house.key).tokens());
        tills.extend(house.listed.iter().map(tokens));
        if let (Some(market), Some(fund)) = (house.fund, world.fund(house)) {
            tills.push((market, fund.tokens()));
        }
    }
    tills
}

/// Fails where an account of the program, or a wallet, differs. Reports of tokens held do, of course.
pub fn compare(one: &World, other: &World) -> Result<(), String> {
    let relevant = |account: &AccountSharedData| {
        *account.owner() == ballast::ID && decode::<Attestation>(account).is_none()
    };
    let (ours, theirs) = (one.svm.accounts(relevant), other.svm.accounts(relevant));
    ensure!(ours.len() == theirs.len(), "{} accounts and {}", ours.len(), theirs.len());
    for ((key, mine), (_, yours)) in ours.iter().zip(&theirs) {
        ensure!(mine.data() == yours.data(), "{key} differs");
    }
    let tills: Vec<Pubkey> = tills(one).into_iter().map(|(_, key)| key).collect();
    for (key, mine) in one.svm.accounts(|account| tokens_in(account) > 0) {
        let same = other.svm.account(&key).map_or(0, tokens_in) == tokens_in(&mine);
        ensure!(same || tills.contains(&key), "tokens in {key} differ");
    }
    Ok(())
}
