//! A fund's roll: the vote accounts that judge its claims.

use crate::{assert_layout, constants::STATE_VERSION, error::BallastError, state::parameters::mirror};
use anchor_lang::prelude::*;
use ballast_risk::{self as risk, roll::SEATS};

mirror! {
    /// A vote account on the roll: see `ballast_risk::roll::Enrolment`. All zeros is nobody.
    Enrolment of risk::roll::Enrolment {
        /// The vote account.
        vote_account: [u8; 32],
        /// The node identity that it named when the roll was last called.
        identity: [u8; 32],
        /// Epoch in which it enrolled.
        enrolled_in: u32,
        /// Epoch in which the roll was last called for it.
        confirmed_in: u32,
    } size 72, align 4
}

mirror! {
    /// A seat of the roll: see `ballast_risk::roll::Seat`.
    Seat of risk::roll::Seat {
        /// Who holds it.
        holder: Enrolment,
        /// Who waits for it.
        successor: Enrolment,
    } size 144, align 4
}

/// A fund's roll.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct RollAccount {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// The fund.
    pub fund: Pubkey,
    /// The seats, in no order.
    pub seats: [Seat; SEATS],
    /// Zero.
    pub reserved: [u64; 8],
}

assert_layout!(RollAccount, size 9_320, align 8, fund at 8, seats at 40, reserved at 9_256);

impl RollAccount {
    /// Bytes of the account, discriminator included: less than the 10,240 that one instruction can create.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Refuses an account of another layout version.
    pub fn check_version(&self) -> Result<()> {
        require!(self.version == STATE_VERSION, BallastError::WrongStateVersion);
        Ok(())
    }

    /// Refuses an account of another layout version or fund.
    pub fn check(&self, fund: &Pubkey) -> Result<()> {
        self.check_version()?;
        require_keys_eq!(self.fund, *fund, BallastError::WrongFund);
        Ok(())
    }

    /// The identity written down for a vote account; zeros for one that is not enrolled.
    pub fn identity_of(&self, vote_account: &Pubkey) -> Pubkey {
        let enrolments = self.seats.iter().flat_map(|seat| [&seat.holder, &seat.successor]);
        let found =
            enrolments.into_iter().find(|enrolment| enrolment.vote_account == vote_account.to_bytes());
        Pubkey::new_from_array(found.map_or([0; 32], |enrolment| enrolment.identity))
    }

    /// The seats as the risk crate computes with them.
    pub fn seats_mut(&mut self) -> &mut [risk::roll::Seat] {
        bytemuck::must_cast_slice_mut(&mut self.seats)
    }

    /// The seats as the risk crate reads them.
    pub fn seats(&self) -> &[risk::roll::Seat] {
        bytemuck::must_cast_slice(&self.seats)
    }
}
