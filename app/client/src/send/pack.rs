//! Packs steps into as few transactions as fit, in order.

use super::{
    error::SendError,
    units::{units_of_all, MAX_UNITS},
};
use crate::instruction::refresh_composed_reserves;
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_hash::Hash;
use solana_message::{v0, AddressLookupTableAccount, VersionedMessage};

/// Most bytes of a transaction.
pub const MAX_BYTES: usize = 1_232;
/// Most accounts of a transaction.
pub const MAX_ACCOUNTS: usize = 64;

/// Something to be done, in order.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is, for errors: "borrow 100 USDC".
    pub what: String,
    /// Its instructions.
    pub kind: StepKind,
}

/// How a step may be taken apart.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// These land together or not at all.
    Together(Vec<Instruction>),
    /// A refresh of reserves (each with its price accounts), which may be split over transactions.
    Refresh {
        /// The vault.
        vault: Pubkey,
        /// Reserves with their price accounts.
        reserves: Vec<(Pubkey, Vec<Pubkey>)>,
    },
}

impl Step {
    /// Instructions that land together or not at all.
    pub fn together(what: impl Into<String>, instructions: Vec<Instruction>) -> Self {
        Self { what: what.into(), kind: StepKind::Together(instructions) }
    }

    /// A refresh of reserves, each with its price accounts.
    pub fn refresh(vault: Pubkey, reserves: Vec<(Pubkey, Vec<Pubkey>)>) -> Self {
        Self { what: "refresh prices".into(), kind: StepKind::Refresh { vault, reserves } }
    }

    /// Every account that its instructions name: what a lookup table should hold.
    pub fn addresses(&self) -> Vec<Pubkey> {
        let of = |instruction: &Instruction| -> Vec<Pubkey> {
            instruction.accounts.iter().map(|meta| meta.pubkey).collect()
        };
        match &self.kind {
            StepKind::Together(instructions) => instructions.iter().flat_map(of).collect(),
            StepKind::Refresh { vault, reserves } => of(&refresh_composed_reserves(*vault, reserves)),
        }
    }
}

/// One transaction, ready to be signed with a blockhash.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    /// What it does.
    pub what: String,
    /// Its instructions, without those of the compute budget.
    pub instructions: Vec<Instruction>,
    /// Compute units to ask for.
    pub units: u32,
    /// Lookup tables that it may use.
    pub tables: Vec<AddressLookupTableAccount>,
}

impl Packed {
    /// A transaction of these instructions, in whatever size; [`pack`] makes those that fit.
    pub fn new(
        what: impl Into<String>,
        instructions: Vec<Instruction>,
        tables: &[AddressLookupTableAccount],
    ) -> Self {
        let units = units_of_all(&instructions);
        Self { what: what.into(), instructions, units, tables: tables.to_vec() }
    }

    /// All instructions, with the compute budget's first. `price` in micro-lamports a unit; none for 0.
    pub fn with_budget(&self, units: u32, price: u64) -> Vec<Instruction> {
        let mut all = vec![ComputeBudgetInstruction::set_compute_unit_limit(units)];
        if price > 0 {
            all.push(ComputeBudgetInstruction::set_compute_unit_price(price));
        }
        all.extend_from_slice(&self.instructions);
        all
    }

    /// The message to be signed. Errors where a lookup table cannot be used.
    pub fn message(
        &self,
        payer: &Pubkey,
        units: u32,
        price: u64,
        blockhash: Hash,
    ) -> Result<VersionedMessage, SendError> {
        let all = self.with_budget(units, price);
        v0::Message::try_compile(payer, &all, &self.tables, blockhash)
            .map(VersionedMessage::V0)
            .map_err(|error| self.too_large(&error.to_string(), "a valid message"))
    }

    /// Bytes and accounts of the transaction, with a priority fee.
    pub fn size(&self, payer: &Pubkey) -> Result<(usize, usize), SendError> {
        let message = self.message(payer, self.units, 1, Hash::default())?;
        let signatures = usize::from(message.header().num_required_signatures);
        let looked_up = message.address_table_lookups().unwrap_or_default();
        let looked_up: usize =
            looked_up.iter().map(|table| table.writable_indexes.len() + table.readonly_indexes.len()).sum();
        let bytes = 1 + 64 * signatures + message.serialize().len();
        Ok((bytes, message.static_account_keys().len() + looked_up))
    }

    fn check_fits(&self, payer: &Pubkey) -> Result<(), SendError> {
        let asked = self.instructions.iter().map(|one| u64::from(super::units::units_of(one))).sum::<u64>();
        if asked > u64::from(MAX_UNITS) {
            return Err(self.too_large(&format!("{asked} compute units"), &MAX_UNITS.to_string()));
        }
        let (bytes, accounts) = self.size(payer)?;
        if accounts > MAX_ACCOUNTS {
            return Err(self.too_large(&format!("{accounts} accounts"), &MAX_ACCOUNTS.to_string()));
        }
        if bytes > MAX_BYTES {
            return Err(self.too_large(&format!("{bytes} bytes"), &MAX_BYTES.to_string()));
        }
        Ok(())
    }

    fn too_large(&self, size: &str, most: &str) -> SendError {
        SendError::TooLarge {
            what: self.what.clone(),
            size: size.into(),
            most: most.into(),
            advice: "use a lookup table that holds its accounts, or close a position first",
        }
    }

    fn push(&self, what: &str, instructions: &[Instruction]) -> Self {
        let mut all = self.instructions.clone();
        all.extend_from_slice(instructions);
        let what = if self.what.is_empty() { what.into() } else { format!("{}, {what}", self.what) };
        Self::new(what, all, &self.tables)
    }
}

/// Packs steps into as few transactions as fit, in order: a refresh is split where it has to be, so that its last part still travels
/// with the action. Errors: [`SendError::TooLarge`] for a step that fits no transaction even alone.
pub fn pack(
    payer: &Pubkey,
    steps: &[Step],
    tables: &[AddressLookupTableAccount],
) -> Result<Vec<Packed>, SendError> {
    let empty = || Packed { tables: tables.to_vec(), ..Packed::default() };
    let (mut done, mut current) = (vec![], empty());
    let mut part: Option<Part> = None;
    for step in steps {
        match &step.kind {
            StepKind::Together(instructions) => {
                let part = part.take();
                let joined = current.push(&step.what, instructions);
                if joined.check_fits(payer).is_ok() {
                    current = joined;
                    continue;
                }
                let alone = empty().push(&step.what, instructions);
                alone.check_fits(payer)?;
                let moved = part.and_then(|part| {
                    part.give_up(&empty(), |rest| {
                        let with_action = rest.push(&step.what, instructions);
                        with_action.check_fits(payer).is_ok().then_some(with_action)
                    })
                });
                let (before, next) = moved.unwrap_or_else(|| (std::mem::take(&mut current), alone));
                close(&mut done, before);
                current = next;
            }
            StepKind::Refresh { vault, reserves } => {
                let mut rest = reserves.as_slice();
                while !rest.is_empty() {
                    let fitting = (1..=rest.len()).rev().find_map(|count| {
                        let refresh = refresh_composed_reserves(*vault, rest.get(..count)?);
                        let joined = current.push(&step.what, &[refresh]);
                        joined.check_fits(payer).is_ok().then_some((count, joined))
                    });
                    match fitting {
                        Some((count, joined)) => {
                            let (taken, left) = rest.split_at_checked(count).unwrap_or((rest, &[]));
                            let before = std::mem::replace(&mut current, joined);
                            part = Some(Part { before, what: &step.what, vault: *vault, reserves: taken });
                            rest = left;
                        }
                        None if current.instructions.is_empty() => {
                            let one = refresh_composed_reserves(*vault, rest.get(..1).unwrap_or_default());
                            return Err(match empty().push(&step.what, &[one]).check_fits(payer) {
                                Err(error) => error,
                                Ok(()) => current.too_large("a refresh", "one reserve"),
                            });
                        }
                        None => close(&mut done, std::mem::replace(&mut current, empty())),
                    }
                }
            }
        }
    }
    close(&mut done, current);
    Ok(done)
}

/// The part of a refresh that was packed last.
struct Part<'a> {
    /// What was packed with it, before it.
    before: Packed,
    what: &'a str,
    vault: Pubkey,
    reserves: &'a [(Pubkey, Vec<Pubkey>)],
}

impl Part<'_> {
    /// Moves as many of its last reserves as fit to the action that follows, which has no room beside all of them: prices that
    /// land with the action cannot have grown old before it. `fits`: the action after a refresh, if that fits. Returns the
    /// transaction without those reserves, and the one with them and the action; `None` where not even one fits.
    fn give_up(&self, empty: &Packed, fits: impl Fn(&Packed) -> Option<Packed>) -> Option<(Packed, Packed)> {
        let refresh = |to: &Packed, reserves: &[(Pubkey, Vec<Pubkey>)]| match reserves {
            [] => to.clone(),
            some => to.push(self.what, &[refresh_composed_reserves(self.vault, some)]),
        };
        (0..self.reserves.len()).find_map(|kept| {
            let (stay, go) = self.reserves.split_at_checked(kept)?;
            Some((refresh(&self.before, stay), fits(&refresh(empty, go))?))
        })
    }
}

fn close(done: &mut Vec<Packed>, packed: Packed) {
    if !packed.instructions.is_empty() {
        done.push(packed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{address::Account, instruction::borrow, Asset};

    fn key(number: u16) -> Pubkey {
        let mut bytes = [7; 32];
        bytes[..2].copy_from_slice(&number.to_le_bytes());
        Pubkey::from(bytes)
    }

    /// A borrow with this many positions whose prices come from two accounts each for the first half.
    fn steps(positions: u16) -> Vec<Step> {
        let vault = key(1);
        let reserves: Vec<Pubkey> = (0..positions).map(|number| key(100 + number)).collect();
        let with_prices = reserves.iter().enumerate().map(|(number, reserve)| {
            let prices = 1 + u16::from(number < usize::from(positions / 2));
            (*reserve, (0..prices).map(|price| key(1_000 + 2 * number as u16 + price)).collect())
        });
        let account = Account { vault, owner: key(2), id: 0 };
        let asset = Asset { vault, mint: key(3), token_program: anchor_spl::token::ID };
        vec![
            Step::refresh(vault, with_prices.collect()),
            Step::together("borrow", vec![borrow(&account, &asset, 1, &reserves)]),
        ]
    }

    fn table(steps: &[Step]) -> AddressLookupTableAccount {
        let addresses = steps.iter().flat_map(Step::addresses).collect();
        AddressLookupTableAccount { key: key(9), addresses }
    }

    #[test]
    fn refresh_and_action_of_a_small_book_travel_together() {
        let packed = pack(&key(2), &steps(4), &[]).unwrap();
        assert_eq!(packed.len(), 1);
        assert_eq!(packed[0].what, "refresh prices, borrow");
        assert!(packed[0].units < 200_000);
    }

    #[test]
    fn sixteen_positions_are_split_and_the_action_keeps_the_last_refresh() {
        let steps = steps(16);
        let packed = pack(&key(2), &steps, &[]).unwrap();
        assert!(packed.len() > 1);
        assert_eq!(packed.last().unwrap().what, "refresh prices, borrow");
        for one in &packed {
            let (bytes, accounts) = one.size(&key(2)).unwrap();
            assert!(bytes <= MAX_BYTES && accounts <= MAX_ACCOUNTS);
        }
        // Nothing is lost: each reserve is refreshed once.
        let refreshed: usize = packed
            .iter()
            .flat_map(|one| &one.instructions)
            .filter(|one| one.accounts.first().is_some_and(|meta| meta.pubkey == key(1)))
            .map(|one| one.accounts.len() - 1)
            .sum();
        assert_eq!(refreshed, 16 + 24);
    }

    #[test]
    fn however_many_positions_are_refreshed_some_travel_with_the_action_and_none_is_lost() {
        for positions in 1..=16 {
            let steps = steps(positions);
            let packed = pack(&key(2), &steps, &[]).unwrap();
            assert_eq!(packed.last().unwrap().what, "refresh prices, borrow", "{positions}");
            let all = packed.iter().flat_map(|one| &one.instructions);
            let named: Vec<Pubkey> = all
                .filter(|one| one.accounts.first().is_some_and(|meta| meta.pubkey == key(1)))
                .flat_map(|one| one.accounts.iter().skip(1).map(|meta| meta.pubkey))
                .collect();
            let wanted: Vec<Pubkey> = steps[0].addresses().into_iter().skip(1).collect();
            assert_eq!(named, wanted, "in order, {positions}");
            for one in &packed {
                one.check_fits(&key(2)).unwrap();
            }
        }
    }

    #[test]
    fn with_a_lookup_table_sixteen_positions_fit_one_transaction() {
        let steps = steps(16);
        let packed = pack(&key(2), &steps, &[table(&steps)]).unwrap();
        assert_eq!(packed.len(), 1);
        let (bytes, accounts) = packed[0].size(&key(2)).unwrap();
        assert!(bytes < 500 && accounts <= MAX_ACCOUNTS, "{bytes} bytes, {accounts} accounts");
    }

    #[test]
    fn a_step_that_fits_nowhere_says_so() {
        let steps = [Step::together("a crowd", steps(40)[1].clone().instructions())];
        let error = pack(&key(2), &steps, &[]).unwrap_err().to_string();
        assert!(error.contains("a crowd") && error.contains("lookup table"), "{error}");
    }

    impl Step {
        fn instructions(self) -> Vec<Instruction> {
            match self.kind {
                StepKind::Together(instructions) => instructions,
                StepKind::Refresh { vault, reserves } => vec![refresh_composed_reserves(vault, &reserves)],
            }
        }
    }
}
