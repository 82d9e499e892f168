//! Bending instructions: whatever somebody without the client's builders could send.

use crate::{action::Twist, world::World};
use anchor_lang::{
    prelude::{AccountMeta, Pubkey},
    solana_program::instruction::Instruction,
};
use ballast_client::address::wallet_tokens;
use ballast_tests::Market;

/// Bends an instruction. Slots count by remainder.
pub fn apply(world: &World, instruction: &mut Instruction, twist: &Twist) {
    let count = instruction.accounts.len();
    let at = |slot: u8| usize::from(slot) % count.max(1);
    let pooled = |number: u16| world.pool[usize::from(number) % world.pool.len()];
    let Instruction { accounts, data, .. } = instruction;
    match *twist {
        _ if count == 0 => {}
        Twist::Swap(slot, number) => accounts[at(slot)].pubkey = pooled(number),
        Twist::Double(slot, other) => accounts[at(slot)].pubkey = accounts[at(other)].pubkey,
        Twist::Unsign(slot) => accounts[at(slot)].is_signer = false,
        Twist::ReadOnly(slot) => accounts[at(slot)].is_writable = false,
        Twist::Writable(slot) => accounts[at(slot)].is_writable = true,
        Twist::Drop(most) => accounts.truncate(count.saturating_sub(usize::from(most))),
        Twist::Extend(number) => accounts.push(AccountMeta::new(pooled(number), false)),
        Twist::Rotate(by) => {
            let kept = count.min(usize::from(by) * 2);
            accounts[kept..].reverse();
        }
        Twist::Flip(bit) => {
            let bits = data.len() * 8;
            if let Some(bit) = usize::from(bit).checked_rem(bits) {
                data[bit / 8] ^= 1 << (bit % 8);
            }
        }
        Twist::Cut(bytes) => data.truncate(usize::from(bytes)),
        Twist::Tail(bytes) => data.extend(bytes.to_le_bytes()),
        Twist::Impostor(number) => {
            let impostor = world.actor(number);
            let Some(owner) = accounts.iter().find(|meta| meta.is_signer).map(|meta| meta.pubkey) else {
                return;
            };
            let wallet =
                |owner: &Pubkey, market: &Market| wallet_tokens(owner, &market.mint, &market.token_program);
            // with wallets of its own, so that nothing but the signature is wrong
            let wallets: Vec<(Pubkey, Pubkey)> = world
                .markets
                .iter()
                .map(|market| (wallet(&owner, market), wallet(&impostor, market)))
                .chain([(owner, impostor)])
                .collect();
            for meta in accounts {
                if let Some((_, own)) = wallets.iter().find(|(key, _)| *key == meta.pubkey) {
                    meta.pubkey = *own;
                }
            }
        }
        Twist::Foreign(number) => {
            let other = world.house(number).key;
            for house in world.houses.iter().filter(|house| house.key != other) {
                for market in &house.listed {
                    let market = world.markets[*market];
                    let (from, to) = (market.asset(house.key), market.asset(other));
                    let pairs = [(from.reserve(), to.reserve()), (from.tokens(), to.tokens())];
                    for meta in accounts.iter_mut() {
                        if let Some((_, foreign)) = pairs.iter().find(|(own, _)| *own == meta.pubkey) {
                            meta.pubkey = *foreign;
                        }
                    }
                }
            }
        }
    }
}
