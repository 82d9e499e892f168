//! A vault's insurance fund as it is now.

use super::{fetch::ours, Snapshot, ViewError};
use crate::{
    insurance::Fund,
    send::transport::{patiently, Transport},
    Asset,
};
use anchor_lang::prelude::Pubkey;
use ballast::state::{ClaimAccount, FundAccount, RollAccount, StakeAccount};

/// A fund with what it stores.
pub struct FundView {
    /// Its addresses.
    pub fund: Fund,
    /// The account.
    pub account: FundAccount,
}

impl FundView {
    /// Fetches the fund of a vault. Errors where it has none.
    pub async fn fetch(transport: &impl Transport, snapshot: &Snapshot) -> Result<Self, ViewError> {
        // The fund's address depends on the vault alone.
        let nameless =
            Asset { vault: snapshot.key, mint: Pubkey::default(), token_program: Pubkey::default() };
        let key = Fund { asset: nameless }.address();
        let account: FundAccount = fetch(transport, "insurance fund", key).await?;
        let asset = Asset { mint: account.mint, token_program: account.token_program, ..nameless };
        Ok(Self { fund: Fund { asset }, account })
    }

    /// Fetches an owner's stake. Errors where there is none.
    pub async fn stake(&self, transport: &impl Transport, owner: &Pubkey) -> Result<StakeAccount, ViewError> {
        fetch(transport, "stake", self.fund.stake(owner)).await
    }

    /// Fetches a claim. Errors where there is none.
    pub async fn claim(&self, transport: &impl Transport, number: u64) -> Result<ClaimAccount, ViewError> {
        fetch(transport, "claim", self.fund.claim(number)).await
    }

    /// Fetches the roll of validators.
    pub async fn roll(&self, transport: &impl Transport) -> Result<Box<RollAccount>, ViewError> {
        Ok(Box::new(fetch(transport, "roll of validators", self.fund.roll()).await?))
    }
}

async fn fetch<T: anchor_lang::ZeroCopy + anchor_lang::Discriminator>(
    transport: &impl Transport,
    what: &'static str,
    key: Pubkey,
) -> Result<T, ViewError> {
    let keys = [key];
    let account = patiently(|| transport.accounts(&keys)).await?.into_iter().next().flatten();
    ours(what, key, account)
}
