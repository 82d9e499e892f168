//! Who may do what.

use super::{Asked, Verdict};
use crate::{build::Built, ensure, step::Step};
use anchor_lang::prelude::Pubkey;
use ballast::state::{ClaimAccount, StakeAccount, Vault};

/// What only one role of a vault may send: instruction, slot of the vault, slot of the signer, and who that may be.
type Office = (&'static str, usize, usize, fn(&Vault) -> [Pubkey; 2]);

const OFFICES: [Office; 5] = [
    ("propose_change", 1, 0, |vault| [vault.curator; 2]),
    ("add_reserve", 1, 0, |vault| [vault.curator; 2]),
    ("create_fund", 1, 0, |vault| [vault.curator; 2]),
    ("cancel_change", 1, 0, |vault| [vault.curator, vault.guardian]),
    ("tighten", 0, 1, |vault| [vault.guardian; 2]),
];

/// Roles act by their own signature; stakes change by their owners', votes by their voters'.
pub fn act_themselves(step: &Step) -> Asked {
    let mut asked = false;
    if let [call] = step.calls {
        asked |= office_is_held(step, call)?;
    }
    for (key, before, after) in step.changed::<StakeAccount>() {
        let Some(stake) = before.or(after) else { continue };
        ensure!(step.signers.contains(&stake.owner), "stake {key} changed, and {} did not sign", stake.owner);
        asked = true;
    }
    for (key, before, after) in step.changed::<ClaimAccount>() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        let moved = before.ballot.yes ^ after.ballot.yes;
        for (place, voter) in after.voters().iter().enumerate() {
            let signed = step.signers.contains(&Pubkey::new_from_array(voter.identity));
            ensure!((moved >> place) & 1 == 0 || signed, "voter {place} of claim {key} did not sign");
        }
        asked |= moved > 0;
    }
    Ok(asked)
}

/// Of one call: in a transaction of several, a call may move the role of the next.
fn office_is_held(step: &Step, call: &Built) -> Asked {
    let office = OFFICES.iter().find(|office| office.0 == call.does);
    let Some((name, vault, signer, may)) = office else { return Ok(false) };
    let (Some(vault), Some(signer)) = (call.key(*vault), call.key(*signer)) else { return Ok(false) };
    let Some(vault) = step.before.state::<Vault>(&vault) else { return Ok(false) };
    check(name, &may(&vault), &signer, step.signers.contains(&signer))?;
    Ok(true)
}

/// Fails unless one of those who may has signed.
pub fn check(name: &str, may: &[Pubkey], signer: &Pubkey, signed: bool) -> Verdict {
    ensure!(signed && may.contains(signer), "{name} by {signer}, signed: {signed}; only {may:?} may");
    Ok(())
}
