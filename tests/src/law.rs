//! What must hold after every instruction, checked against the accounts and not against the program's own sums.

use crate::{market::balance, world::World};
use anchor_lang::prelude::Pubkey;
use ballast::{
    state::{FundAccount, Obligation, Reserve, Side, StakeAccount, Vault},
    FUND_SEED,
};
use std::collections::HashMap;

/// `floor(shares × index)` and whether there is a remainder, for an index with 64 fractional bits.
pub fn times_index(shares: u64, index: u128) -> (u128, bool) {
    let shares = u128::from(shares);
    let (whole, part) = (index >> 64, index & u128::from(u64::MAX));
    let fraction = shares * part;
    (shares * whole + (fraction >> 64), fraction & u128::from(u64::MAX) != 0)
}

/// Token units that deposit shares are worth, rounded down.
pub fn worth_down(shares: u64, index: u128) -> u64 {
    u64::try_from(times_index(shares, index).0).expect("legal amounts fit 64 bits")
}

/// Token units that debt shares owe, rounded up.
pub fn owed_up(shares: u64, index: u128) -> u64 {
    let (down, rest) = times_index(shares, index);
    u64::try_from(down + u128::from(rest)).expect("legal amounts fit 64 bits")
}

/// Shares and number of positions on one side of a reserve.
type Held = HashMap<(Pubkey, bool), (u64, u64)>;

impl World {
    /// The law: every reserve's token account holds what its books say, its tokens and debts cover all claims on them, and
    /// its totals are the sums of the positions.
    pub async fn check_law(&mut self) {
        let mut held = Held::new();
        for key in self.obligations.clone() {
            let obligation: Obligation = self.chain.state(key).await;
            for (i, position) in obligation.positions.iter().enumerate() {
                assert_eq!(position.side().is_some(), i < usize::from(obligation.position_count), "{key}");
                let Some(side) = position.side() else { continue };
                assert!(position.shares > 0, "{key} has an empty position");
                let sum = held.entry((position.reserve, side == Side::Debt)).or_default();
                *sum = (sum.0 + position.shares, sum.1 + 1);
            }
        }
        for key in self.vaults.clone() {
            let vault: Vault = self.chain.state(key).await;
            for reserve in &vault.reserves[..usize::from(vault.reserve_count)] {
                self.check_reserve(*reserve, &held).await;
            }
            if vault.has_fund == 1 {
                self.check_fund(key).await;
            }
        }
    }

    /// A fund's token account holds its books and all bonds, and its shares are the sum of the stakes of its era.
    async fn check_fund(&mut self, vault: Pubkey) {
        let (key, _) = Pubkey::find_program_address(&[FUND_SEED, vault.as_ref()], &ballast::ID);
        let fund: FundAccount = self.chain.state(key).await;
        let tokens = balance(&mut self.chain, fund.token_account).await;
        let total = fund.fund().total().0;
        assert!(tokens >= total + fund.bonds, "fund {key}: {tokens} tokens, {:?}", fund.view());
        let mut shares = 0;
        for stake in self.stakes.clone() {
            let stake: StakeAccount = self.chain.state(stake).await;
            if stake.fund == key {
                let stake = stake.stake.as_risk().in_era_of(&fund.fund());
                shares += stake.shares + stake.leaving;
            }
        }
        assert_eq!(shares, fund.books.shares, "stakes of fund {key}");
    }

    async fn check_reserve(&mut self, key: Pubkey, held: &Held) {
        let reserve: Reserve = self.chain.state(key).await;
        let ledger = reserve.books.ledger();
        let tokens = balance(&mut self.chain, reserve.token_account).await;
        assert!(tokens >= reserve.books.free_tokens, "{key}: {tokens} tokens, {ledger:?}");
        let assets = u128::from(reserve.books.free_tokens)
            + u128::from(owed_up(reserve.books.debt_shares, ledger.debt_index));
        let claims = u128::from(worth_down(reserve.books.deposit_shares, ledger.deposit_index))
            + (ledger.fees_q64 + ledger.insurance_q64).div_ceil(1 << 64)
            + u128::from(reserve.losses.pending);
        assert!(assets >= claims, "{key}: {assets} < {claims}, {ledger:?}");
        let sums = |debt| held.get(&(key, debt)).copied().unwrap_or_default();
        assert_eq!(
            sums(false),
            (reserve.books.deposit_shares, reserve.deposit_positions),
            "deposits of {key}"
        );
        assert_eq!(sums(true), (reserve.books.debt_shares, reserve.debt_positions), "debts of {key}");
    }
}
