//! The vaults' part of a plan.

use super::{Action, Finding, Item};
use crate::{
    chain::Chain,
    compare::{differences, Difference},
    config::{self, Config},
    view::{ReserveView, VaultView},
};
use anchor_lang::prelude::Pubkey;
use anchor_spl::token_2022::spl_token_2022::{extension::StateWithExtensions, state::Mint};
use anyhow::{anyhow, bail, Context as _, Result};
use ballast::state::{Attestation, Audit, Reserve, Vault};
use ballast_client::{address, decode, governance::open_vault, instruction, Asset};
use ballast_risk::presets::Preset;
use solana_account::Account;

/// Bytes of a token account.
const TOKEN_ACCOUNT: usize = 165;

/// A vault and its reserves.
pub fn items(config: &Config, chain: &Chain, wanted: &config::Vault, items: &mut Vec<Item>) -> Result<()> {
    let curator = config.curator.0;
    let place = |reason: String| anyhow!("{}: vault \"{}\": {reason}", config.file.display(), wanted.name);
    let parameters = wanted.wanted().map_err(place)?;
    let key = address::vault(&curator, wanted.id);
    let mut item = Item::new(format!("vault \"{}\"", wanted.name), key, Finding::Stands);
    let found = read::<Vault>(chain, &key).with_context(|| format!("vault \"{}\"", wanted.name))?;
    match &found {
        Some(vault) => {
            item.finding = judge(
                differences(&VaultView::from(vault), &VaultView::from(&parameters)),
                vault.curator,
                curator,
            );
        }
        None => {
            item.finding =
                Finding::Planned(Action::Send(vec![instruction::create_vault(curator, parameters)]));
            for bytes in [Vault::SPACE, Attestation::SPACE, Audit::SPACE] {
                item.rent += chain.rent(bytes)?;
            }
            (item.signatures, item.signers) = (1, vec![("curator", curator)]);
        }
    }
    let first = items.len();
    items.push(item);

    let preset = wanted.preset().map_err(place)?;
    let mut known = vec![];
    for reserve in &wanted.reserves {
        let asset = Asset { vault: key, mint: reserve.mint.0, token_program: reserve.token_program.id() };
        known.push(asset.reserve());
        let name = format!("vault \"{}\", reserve \"{}\"", wanted.name, reserve.name);
        let item = self::reserve(config, chain, &preset, reserve, &asset, &name, found.as_ref())
            .with_context(|| format!("{}: {name}", config.file.display()))?;
        items.push(item);
    }
    if let Some(vault) = &found {
        let all = &vault.reserves[..usize::from(vault.reserve_count).min(vault.reserves.len())];
        for stranger in all.iter().filter(|key| !known.contains(key)) {
            let field = "reserve".to_owned();
            let difference = Difference { field, found: "on chain".into(), wanted: "not in the file".into() };
            items.push(Item::new(
                format!("vault \"{}\", another reserve", wanted.name),
                *stranger,
                Finding::Differs(vec![difference]),
            ));
        }
    }
    let opening = opening(curator, wanted, key, found.as_ref(), items.get(first..).unwrap_or(&[]));
    items.push(opening);
    Ok(())
}

/// Opens a vault for deposits once everything in it is as the file says: opening is for good.
fn opening(
    curator: Pubkey,
    wanted: &config::Vault,
    key: Pubkey,
    vault: Option<&Vault>,
    parts: &[Item],
) -> Item {
    let mut item = Item::new(format!("vault \"{}\", open for deposits", wanted.name), key, Finding::Stands);
    if vault.is_some_and(|vault| vault.opened_at > 0) {
        return item;
    }
    if parts.iter().any(|part| matches!(part.finding, Finding::Differs(_) | Finding::Blocked(_))) {
        item.finding = Finding::Blocked("settle what differs first: opening is for good".into());
        return item;
    }
    let number = vault.map_or(0, |vault| vault.last_change) + 1;
    item.finding = Finding::Planned(Action::Send(open_vault(curator, key, number).to_vec()));
    (item.signatures, item.signers) = (1, vec![("curator", curator)]);
    item
}

fn reserve(
    config: &Config,
    chain: &Chain,
    preset: &Preset,
    wanted: &config::Reserve,
    asset: &Asset,
    name: &str,
    vault: Option<&Vault>,
) -> Result<Item> {
    let decimals = decimals(chain, wanted)?;
    let parameters = wanted.wanted(preset, decimals).map_err(|reason| anyhow!(reason))?;
    let curator = config.curator.0;
    let mut item = Item::new(name, asset.reserve(), Finding::Stands);
    if let Some(found) = read::<Reserve>(chain, &asset.reserve())? {
        let differing = differences(&ReserveView::from(&found), &ReserveView::from(&parameters));
        item.finding = judge(differing, curator, curator);
        return Ok(item);
    }
    (item.signatures, item.signers) = (1, vec![("curator", curator)]);
    item.rent = chain.rent(Reserve::SPACE)? + chain.rent(TOKEN_ACCOUNT)?;
    item.finding = match vault {
        Some(vault) if vault.opened_at > 0 => Finding::Blocked(
            "the vault is open for deposits: another asset comes in by a proposed change, behind its timelock".into(),
        ),
        _ => Finding::Planned(Action::Send(vec![instruction::add_reserve(curator, asset, parameters)])),
    };
    Ok(item)
}

fn judge(mut differing: Vec<Difference>, found: Pubkey, wanted: Pubkey) -> Finding {
    if found != wanted {
        let [found, wanted] = [found, wanted].map(|key| key.to_string());
        differing.push(Difference { field: "curator".into(), found, wanted });
    }
    if differing.is_empty() {
        Finding::Stands
    } else {
        Finding::Differs(differing)
    }
}

/// Decimals of a reserve's mint, which has to be of the token program that the file says.
fn decimals(chain: &Chain, wanted: &config::Reserve) -> Result<u8> {
    let mint = chain
        .account(&wanted.mint.0)?
        .with_context(|| format!("mint: there is no mint {}", wanted.mint.0))?;
    let program = wanted.token_program.id();
    if mint.owner != program {
        bail!("token_program: the mint {} is of {}, not of {program}", wanted.mint.0, mint.owner);
    }
    let state = StateWithExtensions::<Mint>::unpack(&mint.data);
    Ok(state.map_err(|_| anyhow!("mint: {} is not a mint", wanted.mint.0))?.base.decimals)
}

/// An account of the program; `None` where there is none. An older one has to migrate first.
fn read<T: anchor_lang::ZeroCopy + anchor_lang::Discriminator>(
    chain: &Chain,
    key: &Pubkey,
) -> Result<Option<T>> {
    let Some(account) = chain.account(key)? else { return Ok(None) };
    if is_empty(&account) {
        return Ok(None);
    }
    if account.owner != ballast::ID {
        bail!("{key} is not the program's: its owner is {}", account.owner);
    }
    let version = account.data.get(8).copied().unwrap_or(0);
    if version != ballast::STATE_VERSION {
        bail!(
            "{key} has layout version {version}, this tool knows {}: send `migrate_account` first",
            ballast::STATE_VERSION
        );
    }
    decode(&account.data).map(Some).with_context(|| format!("{key} is another kind of account"))
}

/// Whether someone only sent lamports to an address that is not in use yet.
fn is_empty(account: &Account) -> bool {
    account.data.is_empty() && account.owner == anchor_lang::system_program::ID
}
