//! Doing what a plan says, and looking at the result.

use crate::{
    chain::{sol, Chain},
    config::Config,
    loader::Deployer,
    plan::{self, plan, Action, Finding, Item, Plan},
    program::Built,
};
use anyhow::{bail, Context as _, Result};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Does everything that is to do, in order, then reads it all back. The same plan was shown before.
pub fn apply(
    config: &Config,
    chain: &Chain,
    payer: &Keypair,
    plan_shown: &Plan,
    say: &dyn Fn(&str),
) -> Result<Plan> {
    check_program(config, plan_shown)?;
    check_signer(config, plan_shown, payer)?;
    check_balance(chain, plan_shown, payer)?;
    let deployer = Deployer { chain, payer, say };
    for (item, action) in plan_shown.to_do() {
        say(&format!("{} {}", item.name, item.address));
        let place = || {
            format!(
                "{} {}: what was done before stands; plan again and go on from there",
                item.name, item.address
            )
        };
        match action {
            Action::Deploy => {
                let code = Built::read(&config.path(&config.program.so))?.bytes;
                let program = plan::program_keypair(config)?;
                deployer.deploy(&program, &code).with_context(place)?;
            }
            Action::Upgrade(room) => {
                let code = Built::read(&config.path(&config.program.so))?.bytes;
                deployer.upgrade(&config.program.id.0, &code, *room).with_context(place)?;
            }
            Action::HandOver(to) => deployer.hand_over(&config.program.id.0, *to).with_context(place)?,
            Action::Send(instructions) => {
                chain.send(&item.name, instructions, &[payer]).with_context(place)?
            }
        }
    }
    plan(config, chain, &payer.pubkey())
}

/// No vault is made under a program that is not the build, or that someone else may replace.
fn check_program(config: &Config, plan: &Plan) -> Result<()> {
    let is_off = |finding: &Finding| matches!(finding, Finding::Differs(_) | Finding::Blocked(_));
    let of_program = |item: &&Item| item.address == config.program.id.0 && is_off(&item.finding);
    if let Some(item) = plan.items.iter().find(of_program) {
        bail!(
            "nothing was done: the {} is not what {} says; settle that first",
            item.name,
            config.file.display()
        );
    }
    Ok(())
}

/// One key signs all of it: the one that pays.
fn check_signer(config: &Config, plan: &Plan, payer: &Keypair) -> Result<()> {
    let own = [payer.pubkey(), config.program.id.0];
    for (item, _) in plan.to_do() {
        if let Some((role, key)) = item.signers.iter().find(|(_, key)| !own.contains(key)) {
            bail!("{} must be signed by its {role} {key}, but --keypair is {}", item.name, payer.pubkey());
        }
    }
    Ok(())
}

/// Enough for the rent, for the fees, and for a buffer while the program lies in it.
fn check_balance(chain: &Chain, plan: &Plan, payer: &Keypair) -> Result<()> {
    let has = chain.rpc.get_balance(&payer.pubkey())?;
    let needs = plan.rent() + plan.fees();
    if has < needs {
        bail!("{} has {} SOL, and this takes {}", payer.pubkey(), sol(has), sol(needs));
    }
    Ok(())
}
