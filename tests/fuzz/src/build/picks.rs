//! Which accounts a deed's numbers point at.

use super::Deeds;
use crate::action::Pick;
use anchor_lang::prelude::Pubkey;
use ballast::state::{Obligation, Reserve, Side};
use ballast_client::address::{Account, Asset};

impl Deeds<'_> {
    /// An obligation's address in parts.
    pub(super) fn account(&self, pick: Pick) -> Option<Account> {
        let all = &self.world.obligations;
        let any = |keys: Vec<&Pubkey>, number: u16| {
            let place = usize::from(number).checked_rem(keys.len())?;
            all.get(keys[place]).copied()
        };
        match pick {
            Pick::Own(vault, id) => {
                let vault = self.world.house(vault).key;
                let open: Vec<&Account> =
                    all.values().filter(|a| a.vault == vault && a.owner == self.by).collect();
                let place = usize::from(id).checked_rem(open.len());
                let none = Account { vault, owner: self.by, id: id.into() };
                Some(place.map_or(none, |place| *open[place]))
            }
            Pick::Any(number) => any(all.keys().collect(), number),
            Pick::Indebted(number) => {
                let owes = |key: &&Pubkey| {
                    self.world.svm.state::<Obligation>(key).is_some_and(|obligation| obligation.has_debt())
                };
                any(all.keys().filter(owes).collect(), number)
            }
            Pick::Unhealthy(number) => {
                let clock = self.world.clock();
                let sick = |key: &&Pubkey| self.world.is_unhealthy(key, &clock);
                any(all.keys().filter(sick).collect(), number)
            }
        }
    }

    pub(super) fn obligation(&self, account: &Account) -> Option<Obligation> {
        self.world.svm.state(&account.obligation())
    }

    pub(super) fn place(&self, of: Pick, asset: u8) -> Option<(Account, usize, Asset)> {
        let account = self.account(of)?;
        let house = self.world.houses.iter().find(|house| house.key == account.vault)?;
        let (market, asset) = self.world.asset(house, asset)?;
        Some((account, market, asset))
    }

    /// The asset of a reserve.
    pub(super) fn asset_of(&self, reserve: &Pubkey) -> Option<(usize, Asset)> {
        let reserve: Reserve = self.world.svm.state(reserve)?;
        let market = self.world.markets.iter().position(|market| market.mint == reserve.mint)?;
        Some((market, self.world.markets[market].asset(reserve.vault)))
    }

    /// The asset of one of the positions on a side.
    pub(super) fn position(&self, obligation: &Obligation, side: Side, number: u8) -> Option<(usize, Asset)> {
        let on_side: Vec<_> = obligation.active().iter().filter(|p| p.side() == Some(side)).collect();
        self.asset_of(&on_side[usize::from(number).checked_rem(on_side.len())?].reserve)
    }

    pub(super) fn all_reserves(&self, vault: Pubkey) -> Vec<Pubkey> {
        let vault = self.world.vault(&vault);
        vault.map_or_else(Vec::new, |vault| vault.reserves[..usize::from(vault.reserve_count)].to_vec())
    }
}
