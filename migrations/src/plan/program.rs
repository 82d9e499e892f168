//! The program's part of a plan.

use super::{Action, Finding, Item};
use crate::{
    chain::Chain,
    compare::Difference,
    config::Config,
    loader::{CHUNK, LEAST_EXTENSION},
    program::{Built, Deployed},
};
use anchor_lang::prelude::Pubkey;
use anyhow::{Context as _, Result};
use solana_keypair::{read_keypair_file, Keypair};
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_signer::Signer;

/// The program, and who may upgrade it.
pub fn items(
    config: &Config,
    chain: &Chain,
    built: &Built,
    deployer: &Pubkey,
    items: &mut Vec<Item>,
) -> Result<()> {
    let id = config.program.id.0;
    let deployed = Deployed::read(chain, &id)?;
    let mut item = Item::new("program", id, Finding::Stands);
    let writes = built.bytes.len().div_ceil(CHUNK) as u64 + 3;
    let authority = match &deployed {
        None => {
            (item.finding, item.signatures) = (first_deployment(config, &id), writes + 2);
            item.rent = chain.rent(UpgradeableLoaderState::size_of_program())?
                + chain.rent(UpgradeableLoaderState::size_of_programdata(built.bytes.len()))?;
            item.signers = vec![("payer", *deployer), ("program", id)];
            Some(*deployer)
        }
        Some(deployed) => {
            if !deployed.is(built) {
                item.finding = upgrade(config, built, deployed, deployer);
                item.signers = vec![("upgrade authority", *deployer)];
                item.signatures = writes + 1;
                let room = deployed.bytes.len();
                if built.bytes.len() > room {
                    let grown = built.bytes.len().max(room + LEAST_EXTENSION as usize);
                    let size = UpgradeableLoaderState::size_of_programdata;
                    item.rent = chain.rent(size(grown))?.saturating_sub(chain.rent(size(room))?);
                }
            }
            deployed.authority
        }
    };
    items.push(item);
    items.push(owner(config, chain, authority, deployer)?);
    Ok(())
}

fn first_deployment(config: &Config, id: &Pubkey) -> Finding {
    match keypair(config) {
        Ok(keypair) if keypair.pubkey() == *id => Finding::Planned(Action::Deploy),
        Ok(keypair) => {
            Finding::Blocked(format!("program.keypair is of {}, not of program.id", keypair.pubkey()))
        }
        Err(error) => {
            Finding::Blocked(format!("a first deployment is signed by the program's keypair: {error:#}"))
        }
    }
}

/// The program's own keypair.
pub fn keypair(config: &Config) -> Result<Keypair> {
    let path = config.program.keypair.as_ref().context("program.keypair is not set")?;
    let path = config.path(path);
    read_keypair_file(&path).map_err(|error| anyhow::anyhow!("cannot read {}: {error}", path.display()))
}

fn upgrade(config: &Config, built: &Built, deployed: &Deployed, deployer: &Pubkey) -> Finding {
    let found = deployed.sha256(built.bytes.len());
    match deployed.authority {
        None => Finding::Differs(vec![Difference {
            field: "sha256 (nobody may upgrade it)".into(),
            found,
            wanted: built.sha256.clone(),
        }]),
        Some(authority) if authority == *deployer => Finding::Planned(Action::Upgrade(deployed.bytes.len())),
        Some(authority) => Finding::Blocked(format!(
            "its sha256 is {found}, the file's {}: only {authority} may upgrade it. Put the program into a buffer and have it \
             upgrade:\n  solana program write-buffer {}\n  solana program set-buffer-authority BUFFER --new-buffer-authority \
             {authority}\nand let the multisig's members upgrade from BUFFER, after they have compared \
             `solana program dump BUFFER` with their own builds",
            built.sha256,
            config.path(&config.program.so).display(),
        )),
    }
}

/// Who may upgrade the program, compared with who should.
fn owner(config: &Config, chain: &Chain, found: Option<Pubkey>, deployer: &Pubkey) -> Result<Item> {
    let wanted = config.program.upgrade_authority.address();
    let mut item = Item::new("upgrade authority", config.program.id.0, Finding::Stands);
    if found == wanted {
        return Ok(item);
    }
    let name = |key: Option<Pubkey>| key.map_or("nobody".to_owned(), |key| key.to_string());
    if found != Some(*deployer) {
        let field = "upgrade_authority".to_owned();
        let difference = Difference { field, found: name(found), wanted: name(wanted) };
        item.finding = Finding::Differs(vec![difference]);
    } else if !config.program.upgrade_authority.is_there(chain)? {
        item.finding =
            Finding::Blocked("there is no such multisig: handed to it, the program would be lost".into());
    } else {
        item.finding = Finding::Planned(Action::HandOver(wanted));
        item.name = format!("upgrade authority: to {}, for good", name(wanted));
        item.signers = vec![("upgrade authority", *deployer)];
        item.signatures = 1;
    }
    Ok(item)
}
