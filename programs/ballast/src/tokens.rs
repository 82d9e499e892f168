//! The only place that moves tokens, and the list of mints that vaults accept.

use crate::{
    error::BallastError,
    state::{FundAccount, Reserve, Vault},
    vault_seeds,
};
use anchor_lang::prelude::*;
use anchor_spl::{
    token_2022::spl_token_2022::{
        extension::{BaseStateWithExtensions, ExtensionType, StateWithExtensions},
        state::{AccountState, Mint as MintState},
    },
    token_interface::{transfer_checked, Mint, TokenAccount, TokenInterface, TransferChecked},
};
use ballast_risk::{
    price::{MAX_DECIMALS, MIN_DECIMALS},
    TokenAmount,
};

/// Extensions that change neither amounts, authority nor availability of tokens. Everything else is refused by presence.
const ALLOWED_EXTENSIONS: [ExtensionType; 6] = [
    ExtensionType::MetadataPointer,
    ExtensionType::TokenMetadata,
    ExtensionType::GroupPointer,
    ExtensionType::TokenGroup,
    ExtensionType::GroupMemberPointer,
    ExtensionType::TokenGroupMember,
];

/// Refuses a mint with decimals outside 2..=12 or with an extension that is not on the allow-list.
pub fn check_mint(mint: &AccountInfo, decimals: u8) -> Result<()> {
    require!((MIN_DECIMALS..=MAX_DECIMALS).contains(&decimals), BallastError::UnsupportedDecimals);
    let data = mint.try_borrow_data()?;
    let state = StateWithExtensions::<MintState>::unpack(&data)?;
    for extension in state.get_extension_types()? {
        require!(ALLOWED_EXTENSIONS.contains(&extension), BallastError::UnsupportedExtension);
    }
    Ok(())
}

/// Whether the token's issuer has frozen an account.
pub fn is_frozen(account: &TokenAccount) -> bool {
    account.state == AccountState::Frozen
}

/// Refuses a mint, token account or token program other than the ones the reserve names, and the reserve's own token account
/// as the caller's.
pub fn check_accounts<'info>(
    reserve: &Reserve,
    mint: &InterfaceAccount<'info, Mint>,
    tokens: &InterfaceAccount<'info, TokenAccount>,
    outside: &InterfaceAccount<'info, TokenAccount>,
    token_program: &Interface<'info, TokenInterface>,
) -> Result<()> {
    require_keys_eq!(mint.key(), reserve.mint, BallastError::WrongMint);
    require_keys_eq!(tokens.key(), reserve.token_account, BallastError::WrongTokenAccount);
    require_keys_eq!(token_program.key(), reserve.token_program, BallastError::WrongTokenProgram);
    require!(outside.key() != tokens.key(), BallastError::WrongTokenAccount);
    Ok(())
}

/// The accounts of one reserve's transfers, or of a fund's.
pub struct Till<'a, 'info> {
    /// The vault, authority of the reserve's tokens.
    pub vault: &'a AccountLoader<'info, Vault>,
    /// The token.
    pub mint: &'a InterfaceAccount<'info, Mint>,
    /// The token account of the reserve, or of the fund.
    pub tokens: &'a mut InterfaceAccount<'info, TokenAccount>,
    /// The caller's token account.
    pub outside: &'a InterfaceAccount<'info, TokenAccount>,
    /// The mint's token program.
    pub token_program: &'a Interface<'info, TokenInterface>,
}

impl<'info> Till<'_, 'info> {
    /// Refuses a mint, token account or token program other than the ones the reserve names.
    pub fn check(&self, reserve: &Reserve) -> Result<()> {
        check_accounts(reserve, self.mint, self.tokens, self.outside, self.token_program)
    }

    /// The same for a fund.
    pub fn check_fund(&self, fund: &FundAccount) -> Result<()> {
        require_keys_eq!(self.mint.key(), fund.mint, BallastError::WrongMint);
        require_keys_eq!(self.tokens.key(), fund.token_account, BallastError::WrongTokenAccount);
        require_keys_eq!(self.token_program.key(), fund.token_program, BallastError::WrongTokenProgram);
        require!(self.outside.key() != self.tokens.key(), BallastError::WrongTokenAccount);
        Ok(())
    }

    /// Takes tokens in and checks that exactly `amount` arrived.
    pub fn take(&mut self, amount: TokenAmount, payer: &Signer<'info>) -> Result<()> {
        let before = self.tokens.amount;
        let accounts = TransferChecked {
            from: self.outside.to_account_info(),
            mint: self.mint.to_account_info(),
            to: self.tokens.to_account_info(),
            authority: payer.to_account_info(),
        };
        transfer_checked(CpiContext::new(self.token_program.key(), accounts), amount.0, self.mint.decimals)?;
        self.tokens.reload()?;
        let arrived = self.tokens.amount.checked_sub(before);
        require!(arrived == Some(amount.0), BallastError::TokensDoNotReconcile);
        Ok(())
    }

    /// Pays tokens out and checks that exactly `amount` left.
    pub fn pay(&mut self, amount: TokenAmount) -> Result<()> {
        let before = self.tokens.amount;
        let (creator, id, bump) = {
            let vault = self.vault.load()?;
            (vault.creator, vault.id.to_le_bytes(), vault.bump)
        };
        let accounts = TransferChecked {
            from: self.tokens.to_account_info(),
            mint: self.mint.to_account_info(),
            to: self.outside.to_account_info(),
            authority: self.vault.to_account_info(),
        };
        let seeds: &[&[&[u8]]] = &[vault_seeds!(creator, id, bump)];
        transfer_checked(
            CpiContext::new_with_signer(self.token_program.key(), accounts, seeds),
            amount.0,
            self.mint.decimals,
        )?;
        self.tokens.reload()?;
        let left = before.checked_sub(self.tokens.amount);
        require!(left == Some(amount.0), BallastError::TokensDoNotReconcile);
        Ok(())
    }
}
