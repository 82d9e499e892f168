//! Everything that can be wrong with an account, put into every slot of a call.

use crate::{
    bench::{Accounts, HOSTILE},
    interface::{Described, Interface},
};
use anchor_lang::{
    prelude::Pubkey,
    solana_program::instruction::{AccountMeta, Instruction},
    system_program,
};
use anchor_spl::token_2022::spl_token_2022::{
    extension::StateWithExtensions,
    state::{Account as TokenState, AccountState, Mint as MintState},
};
use ballast::constants::STATE_VERSION;
use ballast_client::price::PRICE_PROGRAM;
use ballast_tests::market::{packed, TOKEN, TOKEN_2022};
use solana_account::Account;

/// A kind of wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The same bytes, owned by another program.
    OtherOwner,
    /// The same token account or mint, owned by the other token program.
    OtherTokenProgram,
    /// The same bytes under another account type's discriminator, or bytes of another kind of account.
    OtherType,
    /// The same bytes of another layout: an older one's version, or one to come.
    OtherVersion,
    /// An account of another vault, of the type that stands here.
    OtherVault,
    /// Several accounts of the other vault's call, wherever they stand: every mixture of the two calls.
    Mixture,
    /// Another account of this vault, of the type that stands here.
    Another,
    /// A token account like this one of another mint.
    OtherMint,
    /// A token account like this one of another owner.
    OtherHolder,
    /// A token account like this one that its issuer has frozen.
    Frozen,
    /// A token account or mint that was never initialised.
    Uninitialised,
    /// The same bytes and owner at another address: what anyone can make of a mint, a token account, a price.
    Elsewhere,
    /// Closed: no lamports, no bytes.
    Closed,
    /// Closed before, and lamports sent to it since. Within one transaction: `reopened.rs`.
    Revived,
    /// Its bytes zeroed, as an account that is being closed.
    Zeroed,
    /// Cut short.
    Truncated,
    /// With bytes behind its own.
    Longer,
    /// A program.
    Program,
    /// Somebody's wallet.
    Wallet,
    /// An address that nobody uses.
    Nobody,
    /// The account of another slot of the same call.
    Duplicate,
    /// No account in an optional slot.
    Absent,
    /// Not writable.
    NotWritable,
    /// Without signature.
    NotSigner,
    /// Lamports at an address where an account is to be made.
    Prefunded,
    /// Something else at an address where an account is to be made.
    Occupied,
    /// A remaining account twice.
    Repeated,
    /// A remaining account left out.
    Missing,
    /// Two remaining accounts in each other's place.
    Reordered,
}

/// A call with something wrong in it.
pub struct Wrong {
    /// Name of the slot.
    pub slot: String,
    pub kind: Kind,
    /// What exactly, for messages.
    pub what: String,
    pub instruction: Instruction,
    /// Accounts that are written before.
    pub puts: Vec<(Pubkey, Option<Account>)>,
}

/// A wallet that is in no call.
pub const WALLET: Pubkey = Pubkey::new_from_array([201; 32]);
/// An address without account.
const NOBODY: Pubkey = Pubkey::new_from_array([202; 32]);
/// A program that is not there.
const STRANGER: Pubkey = Pubkey::new_from_array([203; 32]);
/// Where copies are put.
const ELSEWHERE: Pubkey = Pubkey::new_from_array([204; 32]);

/// One call, its twin in the other vault, and the moment.
pub struct Subject<'a> {
    pub call: &'a Instruction,
    pub twin: &'a Instruction,
    pub described: &'a Described,
    /// What the call is named in messages and permissions: its instruction, unless it is a special case of it.
    pub name: &'a str,
    pub interface: &'a Interface,
    pub accounts: &'a Accounts,
    /// Accounts of this vault and of the other one that neither call names.
    pub pool: &'a Pool,
}

/// Accounts of two vaults.
#[derive(Default)]
pub struct Pool {
    pub ours: Vec<Pubkey>,
    pub theirs: Vec<Pubkey>,
}

impl Subject<'_> {
    /// Every wrong of every slot.
    pub fn wrongs(&self) -> Vec<Wrong> {
        let mut wrongs = vec![];
        for slot in 0..self.call.accounts.len() {
            self.flags(slot, &mut wrongs);
            self.others(slot, &mut wrongs);
            self.contents(slot, &mut wrongs);
        }
        self.orders(&mut wrongs);
        self.mixtures(&mut wrongs);
        // what is the other vault's call altogether is no mixture
        let keys = |call: &Instruction| call.accounts.iter().map(|meta| meta.pubkey).collect::<Vec<_>>();
        wrongs.retain(|wrong| !wrong.puts.is_empty() || keys(&wrong.instruction) != keys(self.twin));
        wrongs
    }

    fn account(&self, key: &Pubkey) -> Option<&Account> {
        self.accounts.get(key).and_then(Option::as_ref)
    }

    /// The slot's name: of the interface, or what a remaining account is.
    pub fn name(&self, slot: usize) -> String {
        if let Some(slot) = self.described.slots.get(slot) {
            return slot.name.clone();
        }
        format!("remaining {}", self.kind(&self.call.accounts[slot].pubkey).unwrap_or("?"))
    }

    /// What an account is.
    fn kind(&self, key: &Pubkey) -> Option<&str> {
        match self.account(key)? {
            account if account.owner == ballast::ID => self.interface.kind(&account.data),
            account if is_token(account) => Some("token account"),
            account if account.owner == PRICE_PROGRAM => Some("price"),
            account if account.owner == ballast::validators::VOTE_PROGRAM => Some("vote account"),
            _ => None,
        }
    }

    fn wrong(&self, slot: usize, kind: Kind, what: impl ToString, instruction: Instruction) -> Wrong {
        Wrong { slot: self.name(slot), kind, what: what.to_string(), instruction, puts: vec![] }
    }

    /// The call with another account in a slot. Whoever has a wallet signs; nothing else can.
    fn with(&self, slot: usize, key: Pubkey) -> Instruction {
        let mut changed = self.call.clone();
        let idl = self.described.slots.get(slot);
        let meta = &mut changed.accounts[slot];
        meta.pubkey = key;
        meta.is_writable |= idl.is_some_and(|slot| slot.writable);
        meta.is_signer = (meta.is_signer || idl.is_some_and(|slot| slot.signer)) && self.can_sign(&key);
        changed
    }

    fn can_sign(&self, key: &Pubkey) -> bool {
        let is_wallet = self.account(key).is_some_and(|account| account.owner == system_program::ID);
        is_wallet || [WALLET, NOBODY].contains(key)
    }

    /// Flags taken away, from every place where the account stands.
    fn flags(&self, slot: usize, wrongs: &mut Vec<Wrong>) {
        let key = self.call.accounts[slot].pubkey;
        let without = |take: fn(&mut AccountMeta)| {
            let mut changed = self.call.clone();
            changed.accounts.iter_mut().filter(|meta| meta.pubkey == key).for_each(take);
            changed
        };
        if self.call.accounts[slot].is_writable {
            wrongs.push(self.wrong(slot, Kind::NotWritable, "", without(|meta| meta.is_writable = false)));
        }
        if self.call.accounts[slot].is_signer {
            wrongs.push(self.wrong(slot, Kind::NotSigner, "", without(|meta| meta.is_signer = false)));
        }
    }

    /// Other accounts in the slot.
    fn others(&self, slot: usize, wrongs: &mut Vec<Wrong>) {
        let here = self.call.accounts[slot].pubkey;
        let optional = self.described.slots.get(slot).is_some_and(|slot| slot.optional);
        let mut put = |kind, key: Pubkey| {
            if key != here {
                wrongs.push(self.wrong(slot, kind, key, self.with(slot, key)));
            }
        };
        let twin = self.twin.accounts[slot].pubkey;
        put(Kind::OtherVault, twin);
        let named = |key: &Pubkey| self.call.accounts.iter().any(|meta| meta.pubkey == *key);
        let is_alike =
            |key: &&Pubkey| self.kind(key).is_some() && self.kind(key) == self.kind(&here) && !named(key);
        let mut theirs: Vec<_> =
            self.twin.accounts.iter().map(|meta| meta.pubkey).chain(self.pool.theirs.clone()).collect();
        theirs.sort();
        theirs.dedup();
        for key in theirs.iter().filter(is_alike).filter(|key| **key != twin) {
            put(Kind::OtherVault, *key);
        }
        for key in self.pool.ours.iter().filter(is_alike) {
            put(Kind::Another, *key);
        }
        put(Kind::Wallet, WALLET);
        put(Kind::Nobody, NOBODY);
        for program in [system_program::ID, TOKEN, TOKEN_2022, HOSTILE] {
            put(Kind::Program, program);
        }
        put(if optional { Kind::Absent } else { Kind::Program }, ballast::ID);
        let mut seen = vec![];
        for (other, meta) in self.call.accounts.iter().enumerate() {
            if other != slot && meta.pubkey != ballast::ID && !seen.contains(&meta.pubkey) {
                seen.push(meta.pubkey);
                put(Kind::Duplicate, meta.pubkey);
            }
        }
    }

    /// Other contents at the same address, and copies at another one.
    fn contents(&self, slot: usize, wrongs: &mut Vec<Wrong>) {
        let key = self.call.accounts[slot].pubkey;
        let Some(entry) = self.accounts.get(&key) else { return }; // a program or a sysvar: nobody writes those
        let wallet = |lamports, bytes| Account {
            lamports,
            data: vec![0; bytes],
            owner: system_program::ID,
            ..Account::default()
        };
        let mut at = |kind, what: String, key: Pubkey, account: Option<Account>| {
            let mut wrong = self.wrong(slot, kind, what, self.with(slot, key));
            // the content is wrong and nothing else: whoever signed signs
            wrong.instruction.accounts[slot].is_signer = self.call.accounts[slot].is_signer;
            wrong.puts.push((key, account));
            wrongs.push(wrong);
        };
        let Some(account) = entry else {
            for lamports in [1, 10_000_000_000] {
                at(Kind::Prefunded, format!("{lamports}"), key, Some(wallet(lamports, 0)));
            }
            at(Kind::Occupied, "by bytes".into(), key, Some(wallet(10_000_000_000, 10)));
            for owner in [STRANGER, ballast::ID] {
                at(
                    Kind::Occupied,
                    format!("by {owner}"),
                    key,
                    Some(Account { owner, ..wallet(10_000_000_000, 10) }),
                );
            }
            return;
        };
        let owners = [system_program::ID, STRANGER, TOKEN, TOKEN_2022, ballast::ID];
        let is_token_program = |owner: &Pubkey| [TOKEN, TOKEN_2022].contains(owner);
        for owner in owners.into_iter().filter(|owner| *owner != account.owner) {
            let both = is_token_program(&owner) && is_token_program(&account.owner);
            let kind = if both { Kind::OtherTokenProgram } else { Kind::OtherOwner };
            at(kind, format!("{owner}"), key, Some(Account { owner, ..account.clone() }));
        }
        at(Kind::Closed, String::new(), key, None);
        if account.data.is_empty() {
            return;
        }
        at(Kind::Revived, String::new(), key, Some(wallet(account.lamports, 0)));
        let len = account.data.len();
        let resized = |to| {
            let mut changed = account.clone();
            changed.data.resize(to, 0);
            Some(changed)
        };
        for to in [0, 7, 8, len / 2, len - 1] {
            at(Kind::Truncated, format!("to {to}"), key, resized(to));
        }
        for to in [len + 1, 2 * len] {
            at(Kind::Longer, format!("to {to}"), key, resized(to));
        }
        at(Kind::Zeroed, String::new(), key, Some(Account { data: vec![0; len], ..account.clone() }));
        for (name, data) in self.kinds(account) {
            at(Kind::OtherType, name, key, Some(Account { data, ..account.clone() }));
        }
        if account.owner == ballast::ID && self.interface.kind(&account.data).is_some() {
            // every account of the program says its version first
            for version in [account.data[8] - 1, STATE_VERSION + 1] {
                let mut changed = account.clone();
                changed.data[8] = version;
                at(Kind::OtherVersion, format!("{version}"), key, Some(changed));
            }
        }
        if [TOKEN, TOKEN_2022, PRICE_PROGRAM, ballast::validators::VOTE_PROGRAM].contains(&account.owner) {
            for (kind, data) in copies(account) {
                at(kind, "a copy".into(), ELSEWHERE, Some(Account { data, ..account.clone() }));
            }
        }
    }

    /// The bytes of an account as another kind would have them.
    fn kinds(&self, account: &Account) -> Vec<(String, Vec<u8>)> {
        let headed = |head: &[u8]| [head, &account.data[head.len()..]].concat();
        if self.interface.kind(&account.data).is_some() && account.owner == ballast::ID {
            let mut kinds =
                self.interface.accounts.iter().filter(|(_, head)| !account.data.starts_with(head));
            return kinds.by_ref().map(|(name, head)| (name.clone(), headed(head))).collect();
        }
        if ![TOKEN, TOKEN_2022].contains(&account.owner) {
            return vec![(
                "flipped".into(),
                headed(&account.data.iter().take(8).map(|b| !b).collect::<Vec<_>>()),
            )];
        }
        let mint = MintState { is_initialized: true, decimals: 6, ..MintState::default() };
        let tokens = TokenState { state: AccountState::Initialized, ..TokenState::default() };
        vec![if is_token(account) {
            ("mint".into(), packed(mint))
        } else {
            ("token account".into(), packed(tokens))
        }]
    }

    /// Every set of two or more accounts that differ between the calls, taken from the other one: one that is checked against
    /// another which is wrong as well would pass.
    fn mixtures(&self, wrongs: &mut Vec<Wrong>) {
        let both = self.call.accounts.iter().zip(&self.twin.accounts);
        let mut pairs: Vec<_> = both.map(|(ours, theirs)| (ours.pubkey, theirs.pubkey)).collect();
        pairs.retain(|(ours, theirs)| ours != theirs);
        pairs.sort();
        pairs.dedup();
        assert!(pairs.len() <= 10, "{} has too many accounts of a vault to mix", self.name);
        for set in (0u32..1 << pairs.len()).filter(|set| set.count_ones() > 1) {
            let mut mixed = self.call.clone();
            for meta in &mut mixed.accounts {
                let place = pairs.iter().position(|(ours, _)| *ours == meta.pubkey);
                if let Some(place) = place.filter(|place| set >> place & 1 == 1) {
                    meta.pubkey = pairs[place].1;
                }
            }
            wrongs.push(Wrong {
                slot: "mixture".into(),
                kind: Kind::Mixture,
                what: format!("{set:b} of {pairs:?}"),
                instruction: mixed,
                puts: vec![],
            });
        }
    }

    /// Remaining accounts twice, left out, or in another order.
    fn orders(&self, wrongs: &mut Vec<Wrong>) {
        for slot in self.described.slots.len()..self.call.accounts.len() {
            let mut twice = self.call.clone();
            twice.accounts.insert(slot, self.call.accounts[slot].clone());
            wrongs.push(self.wrong(slot, Kind::Repeated, slot, twice));
            let mut short = self.call.clone();
            short.accounts.remove(slot);
            wrongs.push(self.wrong(slot, Kind::Missing, slot, short));
            for other in slot + 1..self.call.accounts.len() {
                let mut reordered = self.call.clone();
                reordered.accounts.swap(slot, other);
                wrongs.push(self.wrong(slot, Kind::Reordered, format!("{slot} and {other}"), reordered));
            }
        }
    }
}

fn is_token(account: &Account) -> bool {
    let owned = [TOKEN, TOKEN_2022].contains(&account.owner);
    owned && StateWithExtensions::<TokenState>::unpack(&account.data).is_ok()
}

/// What anyone can make at an address of its own that looks like this account.
fn copies(account: &Account) -> Vec<(Kind, Vec<u8>)> {
    let mut copies = vec![(Kind::Elsewhere, account.data.clone())];
    let mut changed = |kind, at: usize, bytes: &[u8]| {
        let mut data = account.data.clone();
        data[at..at + bytes.len()].copy_from_slice(bytes);
        copies.push((kind, data));
    };
    if is_token(account) {
        // mint and owner, then amount, delegate and state, as every token account has them
        changed(Kind::OtherMint, 0, &[7; 32]);
        changed(Kind::OtherHolder, 32, STRANGER.as_ref());
        changed(Kind::Frozen, 108, &[AccountState::Frozen as u8]);
        changed(Kind::Uninitialised, 108, &[AccountState::Uninitialized as u8]);
    } else if StateWithExtensions::<MintState>::unpack(&account.data).is_ok() {
        changed(Kind::Uninitialised, 45, &[0]);
    }
    copies
}
