//! `migrate_account`: rewrites an account that an older version of the program wrote in the current layout. Anyone; the payer
//! adds what rent the new size asks for.
//!
//! 1. Accounts of this program only, of a kind and a version that is known; the account's vault is the one given.
//! 2. The vault goes first: if it is old, the same call rewrites it too. Without `account` it is the vault alone. So accounts migrate
//!    in any order, and until an account has, every other instruction refuses it.
//! 3. Shares, books, indices, prices, meters and audits are copied as they are; what the old version did not know gets the
//!    defaults of `state::version_1`. Emits [`AccountMigrated`] for each account. Refused when nothing was old.

use crate::{
    constants::STATE_VERSION,
    error::BallastError,
    event::{AccountKind, AccountMigrated},
    oracle::now,
    state::{
        version_1::{self as old, Migrate},
        Attestation, Audit, Obligation, Reserve, Vault,
    },
};
use anchor_lang::{
    prelude::*,
    system_program::{transfer, Transfer},
    ZeroCopy,
};

/// Bytes before an account's body.
const HEAD: usize = 8;

/// Accounts of `migrate_account`.
#[derive(Accounts)]
pub struct MigrateAccount<'info> {
    /// Pays the rent of the bytes that are added.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The vault.
    /// CHECK: may be of an older version, so the handler checks owner, kind and version.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// A reserve, an obligation or a report of the vault.
    /// CHECK: as `vault`; and that it belongs to the vault.
    #[account(mut)]
    pub account: Option<UncheckedAccount<'info>>,
    /// Moves the rent.
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, MigrateAccount<'info>>) -> Result<()> {
    let accounts = ctx.accounts;
    let time = now(&Clock::get()?);
    let step = Step { payer: &accounts.payer, vault: accounts.vault.key(), time };

    let vault_info = accounts.vault.as_ref();
    let (kind, version) = kind_of(vault_info)?;
    require!(kind == AccountKind::Vault, ErrorCode::AccountDiscriminatorMismatch);
    let vault_is_old = version != STATE_VERSION;
    if vault_is_old {
        step.rewrite::<old::Vault, Vault>(vault_info, kind)?;
    }
    let Some(account) = accounts.account.as_ref() else {
        require!(vault_is_old, BallastError::NothingToMigrate);
        return Ok(());
    };

    let info = account.as_ref();
    let (kind, version) = kind_of(info)?;
    require!(version != STATE_VERSION, BallastError::NothingToMigrate);
    match kind {
        AccountKind::Vault => err!(BallastError::NotMigratable),
        AccountKind::Reserve => {
            step.check_vault(info, core::mem::offset_of!(old::Reserve, vault))?;
            step.rewrite::<old::Reserve, Reserve>(info, kind)?;
            fit(vault_info, info)
        }
        AccountKind::Obligation => {
            step.check_vault(info, core::mem::offset_of!(old::Obligation, vault))?;
            step.rewrite::<old::Obligation, Obligation>(info, kind)
        }
        AccountKind::Attestation => step.renumber(info, kind, core::mem::offset_of!(Attestation, vault)),
        AccountKind::Audit => step.renumber(info, kind, core::mem::offset_of!(Audit, vault)),
    }
}

/// Kind and version of an account. Errors: of another program, of no kind that migrates, or of a version that was never written.
fn kind_of(info: &AccountInfo) -> Result<(AccountKind, u8)> {
    require_keys_eq!(*info.owner, crate::ID, ErrorCode::AccountOwnedByWrongProgram);
    let data = info.try_borrow_data()?;
    let (head, version) = (data.get(..HEAD).unwrap_or(&[]), data.get(HEAD).copied().unwrap_or(0));
    let kind = match head {
        head if head == Vault::DISCRIMINATOR => AccountKind::Vault,
        head if head == Reserve::DISCRIMINATOR => AccountKind::Reserve,
        head if head == Obligation::DISCRIMINATOR => AccountKind::Obligation,
        head if head == Attestation::DISCRIMINATOR => AccountKind::Attestation,
        head if head == Audit::DISCRIMINATOR => AccountKind::Audit,
        _ => return err!(BallastError::NotMigratable),
    };
    require!(version == old::VERSION || version == STATE_VERSION, BallastError::WrongStateVersion);
    Ok((kind, version))
}

/// Thresholds and part of the group's cap of a reserve that was just rewritten.
#[inline(never)]
fn fit<'info>(vault: &'info AccountInfo<'info>, reserve: &'info AccountInfo<'info>) -> Result<()> {
    let vault = AccountLoader::<Vault>::try_from(vault)?;
    let reserve = AccountLoader::<Reserve>::try_from(reserve)?;
    let (mut vault, mut reserve) = (vault.load_mut()?, reserve.load_mut()?);
    old::fit_into(&mut vault, &mut reserve);
    Ok(())
}

/// What every rewriting needs.
struct Step<'a, 'info> {
    payer: &'a Signer<'info>,
    vault: Pubkey,
    time: u64,
}

impl<'info> Step<'_, 'info> {
    /// Refuses an account whose vault, at this offset of its body, is another one.
    fn check_vault(&self, info: &AccountInfo, offset: usize) -> Result<()> {
        let data = info.try_borrow_data()?;
        let start = HEAD.saturating_add(offset);
        let found = data.get(start..start.saturating_add(32));
        require!(found == Some(self.vault.as_ref()), BallastError::WrongVault);
        Ok(())
    }

    /// Rewrites an account of the old layout in the new one, which is larger.
    #[inline(never)]
    fn rewrite<Old: bytemuck::Pod, New: ZeroCopy + Migrate<Old>>(
        &self,
        info: &AccountInfo<'info>,
        kind: AccountKind,
    ) -> Result<()> {
        let [before, after] = [core::mem::size_of::<Old>(), core::mem::size_of::<New>()];
        let words = self.grow(info, kind, before, after)?;
        let mut data = info.try_borrow_mut_data()?;
        // Both layouts are aligned to eight, as the words and the account's body are; their sizes were checked.
        let old = bytemuck::cast_slice(&words).get(..before).map(bytemuck::from_bytes::<Old>);
        let new = data.get_mut(HEAD..).map(bytemuck::from_bytes_mut::<New>);
        if let (Some(old), Some(new)) = (old, new) {
            new.fill(old, self.time);
        }
        Ok(())
    }

    /// Makes room for a body of `after` bytes, all zeros, and returns the old one, which has to have `before` bytes. On the heap: accounts
    /// are larger than a stack frame.
    #[inline(never)]
    fn grow(
        &self,
        info: &AccountInfo<'info>,
        kind: AccountKind,
        before: usize,
        after: usize,
    ) -> Result<Vec<u64>> {
        let [full_before, full_after] = [before, after].map(|body| HEAD.saturating_add(body));
        require!(info.data_len() == full_before, BallastError::WrongStateVersion);
        let mut words = vec![0u64; before.div_ceil(8)];
        let copy = bytemuck::cast_slice_mut::<u64, u8>(&mut words).get_mut(..before);
        if let (Some(to), Some(from)) = (copy, info.try_borrow_data()?.get(HEAD..)) {
            to.copy_from_slice(from);
        }
        let rent_paid = self.pay_rent(info, full_after)?;
        info.resize(full_after)?;
        if let Some(body) = info.try_borrow_mut_data()?.get_mut(HEAD..) {
            body.fill(0);
        }
        self.tell(info, kind, full_before, rent_paid);
        Ok(words)
    }

    /// Renumbers a report: its layout did not change.
    fn renumber(&self, info: &AccountInfo<'info>, kind: AccountKind, vault_at: usize) -> Result<()> {
        self.check_vault(info, vault_at)?;
        if let Some(version) = info.try_borrow_mut_data()?.get_mut(HEAD) {
            *version = STATE_VERSION;
        }
        self.tell(info, kind, info.data_len(), 0);
        Ok(())
    }

    /// Has the payer add what the account lacks to be exempt from rent at its new size.
    fn pay_rent(&self, info: &AccountInfo<'info>, bytes: usize) -> Result<u64> {
        let missing = Rent::get()?.minimum_balance(bytes).saturating_sub(info.lamports());
        if missing > 0 {
            let accounts = Transfer { from: self.payer.to_account_info(), to: info.clone() };
            transfer(CpiContext::new(anchor_lang::system_program::ID, accounts), missing)?;
        }
        Ok(missing)
    }

    fn tell(&self, info: &AccountInfo, kind: AccountKind, bytes_before: usize, rent_paid: u64) {
        emit!(AccountMigrated {
            vault: self.vault,
            account: info.key(),
            kind,
            from: old::VERSION,
            to: STATE_VERSION,
            bytes_before: bytes_before as u64,
            bytes: info.data_len() as u64,
            rent_paid,
        });
    }
}
