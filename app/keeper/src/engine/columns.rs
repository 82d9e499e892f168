//! Obligations in columns: what scoring reads lies together, and an obligation takes about 130 bytes instead of 1,680.

use anchor_lang::prelude::Pubkey;
use ballast::state::{obligation::Side, Obligation};
use ballast_risk::pace::PaceMeter;
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};

/// Number of an obligation in the columns. It stays the same while the obligation exists and is used again afterwards.
pub type Row = u32;

/// Bit of a leg that marks a debt; the other bits are the reserve's place in the vault.
const DEBT: u8 = 0x80;

/// Where an obligation's positions lie in the position columns.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    used: u8,
    held: u8,
}

/// One position, unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The reserve's place in the vault.
    pub reserve: usize,
    /// Deposit or debt.
    pub side: Side,
    /// Deposit or debt shares.
    pub shares: u64,
}

/// All obligations of a vault.
#[derive(Debug, Default)]
pub struct Columns {
    /// Finds a row by address. Its hash is seeded, so that nobody can open obligations whose addresses collide.
    by_address: HashTable<Row>,
    hasher: RandomState,
    addresses: Vec<Pubkey>,
    meters: Vec<PaceMeter>,
    risk_slots: Vec<u64>,
    /// Bit i: the obligation owes something and has a position in reserve i. Zero for books without debt, which are always healthy.
    /// This is the index from reserves to obligations: to find whom a price touches is to scan four bytes an obligation.
    scored: Vec<u32>,
    spans: Vec<Span>,
    shares: Vec<u64>,
    legs: Vec<u8>,
    /// `E − R` in micro-USD, as last scored; [`HEALTHY`] where nothing is owed.
    pub(super) excess: Vec<i64>,
    free_rows: Vec<Row>,
    /// Places in the position columns that belong to nobody.
    garbage: usize,
}

/// Excess of books that owe nothing, and of rows that are not in use.
pub const HEALTHY: i64 = i64::MAX;

impl Columns {
    /// How many obligations there are.
    pub fn len(&self) -> usize {
        self.by_address.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }

    /// Rows, those that are not in use included.
    pub fn rows(&self) -> usize {
        self.addresses.len()
    }

    /// The row of an address.
    pub fn find(&self, address: &Pubkey) -> Option<Row> {
        let hash = self.hasher.hash_one(address);
        self.by_address.find(hash, |row| self.addresses[*row as usize] == *address).copied()
    }

    /// The address of a row.
    pub fn address(&self, row: Row) -> Pubkey {
        self.addresses[row as usize]
    }

    /// Reserves whose prices matter to a row.
    pub fn scored(&self) -> &[u32] {
        &self.scored
    }

    /// Every address in use, with its row.
    pub fn iter(&self) -> impl Iterator<Item = (Row, Pubkey)> + '_ {
        self.by_address.iter().map(|row| (*row, self.addresses[*row as usize]))
    }

    /// How many positions a row has.
    pub fn count(&self, row: Row) -> usize {
        usize::from(self.spans[row as usize].used)
    }

    /// The positions of a row, in the obligation's order.
    pub fn legs(&self, row: Row) -> impl Iterator<Item = Leg> + '_ {
        let span = self.spans[row as usize];
        let range = span.start as usize..span.start as usize + usize::from(span.used);
        self.legs[range.clone()].iter().zip(&self.shares[range]).map(|(leg, shares)| Leg {
            reserve: usize::from(leg & !DEBT),
            side: if leg & DEBT == 0 { Side::Deposit } else { Side::Debt },
            shares: *shares,
        })
    }

    /// Stores an obligation whose positions are in `legs`, and returns its row.
    pub fn put(&mut self, address: &Pubkey, obligation: &Obligation, legs: &[Leg]) -> Row {
        let row = self.find(address).unwrap_or_else(|| self.open(address));
        let index = row as usize;
        self.meters[index] = *obligation.meter.as_risk();
        self.risk_slots[index] = obligation.last_risk_slot;
        let owes = legs.iter().any(|leg| leg.side == Side::Debt);
        self.scored[index] = if owes { legs.iter().fold(0, |mask, leg| mask | 1 << leg.reserve) } else { 0 };
        self.excess[index] = HEALTHY;
        if usize::from(self.spans[index].held) < legs.len() {
            self.garbage += usize::from(self.spans[index].held);
            self.spans[index] = Span { start: self.shares.len() as u32, used: 0, held: legs.len() as u8 };
            self.shares.resize(self.shares.len() + legs.len(), 0);
            self.legs.resize(self.shares.len(), 0);
        }
        let span = &mut self.spans[index];
        span.used = legs.len() as u8;
        let start = span.start as usize;
        for (place, leg) in (start..).zip(legs) {
            self.shares[place] = leg.shares;
            self.legs[place] = leg.reserve as u8 | if leg.side == Side::Debt { DEBT } else { 0 };
        }
        if self.garbage > 1_024 && self.garbage > self.shares.len() / 4 {
            self.pack();
        }
        row
    }

    fn open(&mut self, address: &Pubkey) -> Row {
        let row = self.free_rows.pop().unwrap_or_else(|| {
            self.addresses.push(Pubkey::default());
            self.meters.push(PaceMeter::default());
            self.risk_slots.push(0);
            self.scored.push(0);
            self.spans.push(Span::default());
            self.excess.push(HEALTHY);
            (self.addresses.len() - 1) as Row
        });
        self.addresses[row as usize] = *address;
        let (addresses, hasher) = (&self.addresses, &self.hasher);
        let rehash = |row: &Row| hasher.hash_one(addresses[*row as usize]);
        self.by_address.insert_unique(hasher.hash_one(address), row, rehash);
        row
    }

    /// Forgets an obligation that was closed. Returns its row, which is free from now on.
    pub fn remove(&mut self, address: &Pubkey) -> Option<Row> {
        let hash = self.hasher.hash_one(address);
        let addresses = &self.addresses;
        let entry = self.by_address.find_entry(hash, |row| addresses[*row as usize] == *address).ok()?;
        let (row, _) = entry.remove();
        let index = row as usize;
        self.garbage += usize::from(self.spans[index].held);
        self.spans[index] = Span::default();
        self.scored[index] = 0;
        self.excess[index] = HEALTHY;
        self.free_rows.push(row);
        Some(row)
    }

    /// Moves all positions together, so that places left behind do not add up.
    fn pack(&mut self) {
        let live = self.shares.len() - self.garbage;
        let (mut shares, mut legs) = (Vec::with_capacity(live), Vec::with_capacity(live));
        for span in &mut self.spans {
            let range = span.start as usize..span.start as usize + usize::from(span.used);
            span.start = shares.len() as u32;
            span.held = span.used;
            shares.extend_from_slice(&self.shares[range.clone()]);
            legs.extend_from_slice(&self.legs[range]);
        }
        (self.shares, self.legs, self.garbage) = (shares, legs, 0);
    }

    /// The pace meter of a row.
    pub fn meter(&self, row: Row) -> PaceMeter {
        self.meters[row as usize]
    }

    /// Slot of the last borrow or withdrawal of a row: no tranche of it lands in that slot.
    pub fn risk_slot(&self, row: Row) -> u64 {
        self.risk_slots[row as usize]
    }

    /// `E − R` of a row in micro-USD, as last scored, clamped to 64 bits.
    pub fn excess(&self, row: Row) -> i64 {
        self.excess[row as usize]
    }

    /// Books below their requirement, as last scored.
    pub fn below(&self) -> usize {
        self.excess.iter().filter(|excess| **excess < 0).count()
    }

    /// Makes room for this many obligations of this many positions, so that loading does not copy.
    pub fn reserve(&mut self, obligations: usize, positions: usize) {
        let (addresses, hasher) = (&self.addresses, &self.hasher);
        self.by_address.reserve(obligations, |row| hasher.hash_one(addresses[*row as usize]));
        self.addresses.reserve(obligations);
        self.meters.reserve(obligations);
        self.risk_slots.reserve(obligations);
        self.scored.reserve(obligations);
        self.spans.reserve(obligations);
        self.excess.reserve(obligations);
        self.shares.reserve(positions);
        self.legs.reserve(positions);
    }
}
