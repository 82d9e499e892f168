//! Caps: how large deposits, debts, groups and an obligation's leverage may become.
//!
//! Caps bound new risk only. Nothing here is asked when someone repays, leaves without debt or executes a tranche, and a
//! deposit that only heals an obligation ([`check_heals`]) passes them.

use crate::{
    error::{check_unused, RiskError},
    interest::utilisation_up,
    model::{MAX_BONUS, MAX_GROUPS},
    proportion::part_down,
    refusal::{Checked, Refusal},
    score::Score,
    units::{Bps, TokenAmount, Usd, BPS_ONE},
    Result,
};
use bytemuck::{Pod, Zeroable};

/// Of free tokens + debt, what can be lent at most whatever the parameters say: exits stay possible.
pub const MAX_UTILISATION: Bps = Bps(9_500);
/// Highest gross over equity: 40.
pub const MAX_LEVERAGE: u32 = 400_000;

/// Caps of one reserve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ReserveCaps {
    /// Most deposits, token units.
    pub deposits: u64,
    /// Most debt, token units.
    pub debt: u64,
    /// Most deposits by value, micro-USD: the reserve's part of its group's cap, see [`GroupParts`]. `u64::MAX` for no cap.
    pub exposure: u64,
    /// Most debt as a share of the asset's market depth, bps: what is owed must be for sale.
    pub debt_over_depth: u32,
    /// Most debt over free tokens + debt.
    pub utilisation: Bps,
    /// Zero.
    pub reserved: u16,
}

/// Caps of a vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct VaultCaps {
    /// Most deposits of each group by value, micro-USD; `u64::MAX` for no cap.
    pub groups: [u64; MAX_GROUPS],
    /// Most `(C + D)/E` of an obligation that takes new risk, bps (80,000 is 8). It bounds loops of deposit, borrow
    /// and swap: with 8 no number of rounds at one pair makes more than 4.5 times the equity, with 4 no more than 2.5.
    pub leverage: u32,
    /// Most `D/C` of an obligation that takes new risk, whatever nets out.
    pub ltv: Bps,
    /// Zero.
    pub reserved: u16,
}

/// How much of each group's cap is handed out to reserves, micro-USD.
///
/// User paths must not write the vault, so a group's cap is enforced in parts: each reserve checks its own
/// ([`ReserveCaps::exposure`]), and governance hands out no more than there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct GroupParts {
    /// Handed out, by group.
    pub parts: [u64; MAX_GROUPS],
}

const _: () = {
    assert!(core::mem::size_of::<ReserveCaps>() == 32 && core::mem::align_of::<ReserveCaps>() == 8);
    assert!(core::mem::size_of::<VaultCaps>() == 72 && core::mem::align_of::<VaultCaps>() == 8);
    assert!(core::mem::size_of::<GroupParts>() == 64 && core::mem::align_of::<GroupParts>() == 8);
};

impl ReserveCaps {
    /// No cap but the compiled ones.
    pub const OPEN: Self = Self {
        deposits: u64::MAX,
        debt: u64::MAX,
        exposure: u64::MAX,
        debt_over_depth: 100_000,
        utilisation: MAX_UTILISATION,
        reserved: 0,
    };

    /// Checks the compiled bounds.
    pub fn validate(&self) -> Result<()> {
        if self.utilisation.0 == 0 || self.utilisation > MAX_UTILISATION {
            return Err(RiskError::InvalidParameter("the utilisation cap is at most 95 %"));
        }
        if self.debt_over_depth > 100_000 {
            return Err(RiskError::InvalidParameter("debt is capped at ten times market depth at most"));
        }
        check_unused(self.reserved == 0)
    }

    /// Whether deposits may become this much; `value` is what they are worth at the last price. Errors:
    /// [`Refusal::DepositCap`], [`Refusal::ExposureCap`].
    pub fn check_deposit(&self, deposits_after: TokenAmount, value: Usd) -> Checked<()> {
        if deposits_after.0 > self.deposits {
            return Err(Refusal::DepositCap);
        }
        if value.clamp_u64() > self.exposure {
            return Err(Refusal::ExposureCap);
        }
        Ok(())
    }

    /// Whether debt may become this much, worth `value`, with `free_after` tokens left; `depth` is the asset's calm market
    /// depth, micro-USD. Errors: [`Refusal::DebtCap`], [`Refusal::DepthCap`], [`Refusal::UtilisationCap`].
    pub fn check_debt(
        &self,
        debt_after: TokenAmount,
        value: Usd,
        depth: u64,
        free_after: TokenAmount,
    ) -> Checked<()> {
        if debt_after.0 > self.debt {
            return Err(Refusal::DebtCap);
        }
        let most = part_down(depth, u64::from(self.debt_over_depth), BPS_ONE);
        if value.clamp_u64() > most {
            return Err(Refusal::DepthCap);
        }
        let most = self.utilisation.min(MAX_UTILISATION);
        if utilisation_up(free_after.0, debt_after.0) > u64::from(most.0) {
            return Err(Refusal::UtilisationCap);
        }
        Ok(())
    }
}

impl VaultCaps {
    /// Gross at most eight times equity, debt at most 90 % of deposits, no cap on groups.
    pub const BALANCED: Self =
        Self { groups: [u64::MAX; MAX_GROUPS], leverage: 80_000, ltv: Bps(9_000), reserved: 0 };

    /// Checks the compiled bounds: the LTV cap stays below `1/(1 + b_max)`, where a tranche still makes a book better.
    pub fn validate(&self) -> Result<()> {
        if !(20_000..=MAX_LEVERAGE).contains(&self.leverage) {
            return Err(RiskError::InvalidParameter("gross is capped at 2 to 40 times equity"));
        }
        let seized = u64::from(self.ltv.0).saturating_mul(BPS_ONE.saturating_add(u64::from(MAX_BONUS.0)));
        if self.ltv.0 == 0 || seized >= BPS_ONE.saturating_mul(BPS_ONE) {
            return Err(RiskError::InvalidParameter(
                "the LTV cap lies below 1/(1 + the highest bonus), 95.23 %",
            ));
        }
        check_unused(self.reserved == 0)
    }

    /// Whether an obligation may have this opening score after it took new risk. Errors: [`Refusal::LtvCap`],
    /// [`Refusal::LeverageCap`].
    pub fn check_opening(&self, after: &Score) -> Checked<()> {
        let (collateral, debt) = (after.collateral.positive_part(), after.debt.positive_part());
        if debt == 0 {
            return Ok(());
        }
        let bps = u128::from(BPS_ONE);
        if debt.saturating_mul(bps) > collateral.saturating_mul(u128::from(self.ltv.0)) {
            return Err(Refusal::LtvCap);
        }
        let equity = collateral.saturating_sub(debt);
        let gross = collateral.saturating_add(debt);
        if gross.saturating_mul(bps) > equity.saturating_mul(u128::from(self.leverage)) {
            return Err(Refusal::LeverageCap);
        }
        Ok(())
    }
}

impl GroupParts {
    /// Hands a reserve another part of its group's cap. Errors with [`Refusal::GroupCap`] where a larger part does not
    /// fit; a smaller one always does, even under a cap that was lowered below what is out.
    pub fn hand_out(&self, caps: &VaultCaps, group: u8, old: u64, new: u64) -> Checked<Self> {
        let mut next = *self;
        let part = next.parts.get_mut(usize::from(group)).ok_or(Refusal::GroupCap)?;
        let cap = caps.groups.get(usize::from(group)).copied().unwrap_or(0);
        // no cap is no part of one, and takes a group without a cap
        let counted = |part: u64| if part == u64::MAX { 0 } else { part };
        if new == u64::MAX && cap != u64::MAX {
            return Err(Refusal::GroupCap);
        }
        let out = part.saturating_sub(counted(old)).checked_add(counted(new)).ok_or(Refusal::GroupCap)?;
        if new > old && out > cap {
            return Err(Refusal::GroupCap);
        }
        *part = out;
        Ok(next)
    }
}

/// Whether a deposit only heals: `after` is the obligation's opening score with it (every deposit counted in full, at last
/// prices of any age), and it must still not allow any borrowing. Such a deposit is collateral that is needed, so neither
/// caps, buckets nor breakers hold it up. Errors with [`Refusal::MoreThanHeals`].
pub fn check_heals(after: &Score) -> Checked<()> {
    if after.debt.0 > 0 && after.excess().0 <= 0 {
        Ok(())
    } else {
        Err(Refusal::MoreThanHeals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(collateral: i64, debt: i64) -> Score {
        Score { collateral: Usd::dollars(collateral), debt: Usd::dollars(debt), ..Score::default() }
    }

    #[test]
    fn each_cap_refuses_by_name_and_allows_up_to_itself() {
        let caps = ReserveCaps {
            deposits: 1_000,
            debt: 500,
            exposure: 2_000_000_000,
            debt_over_depth: 5_000,
            utilisation: Bps(8_000),
            reserved: 0,
        };
        caps.validate().unwrap();
        let value = Usd::dollars(2_000);
        assert_eq!(caps.check_deposit(TokenAmount(1_000), value), Ok(()));
        assert_eq!(caps.check_deposit(TokenAmount(1_001), value), Err(Refusal::DepositCap));
        let more = Usd(value.0 + 1);
        assert_eq!(caps.check_deposit(TokenAmount(1_000), more), Err(Refusal::ExposureCap));
        let check = |debt, value, free| {
            caps.check_debt(TokenAmount(debt), Usd::dollars(value), 200_000_000, TokenAmount(free))
        };
        assert_eq!(check(500, 100, 125), Ok(()));
        assert_eq!(check(501, 100, 1_000), Err(Refusal::DebtCap));
        assert_eq!(check(500, 101, 1_000), Err(Refusal::DepthCap));
        assert_eq!(check(500, 100, 124), Err(Refusal::UtilisationCap));
        // 5 % cannot be lent whatever a parameter says
        let open = ReserveCaps { utilisation: Bps(10_000), ..ReserveCaps::OPEN };
        assert!(open.validate().is_err());
        let tight = open.check_debt(TokenAmount(951), Usd::ZERO, 0, TokenAmount(49));
        assert_eq!(tight, Err(Refusal::UtilisationCap));
        assert_eq!(open.check_debt(TokenAmount(950), Usd::ZERO, 0, TokenAmount(50)), Ok(()));
    }

    #[test]
    fn five_rounds_of_borrowing_against_the_borrowed_are_stopped() {
        let caps = VaultCaps::BALANCED;
        caps.validate().unwrap();
        let (mut collateral, mut debt, mut round) = (100_000, 0, 100_000);
        let mut rounds = 0;
        while caps.check_opening(&book(collateral, debt)).is_ok() {
            round = round * 9 / 10;
            collateral += round;
            debt += round;
            rounds += 1;
        }
        assert_eq!(rounds, 5);
        assert_eq!(caps.check_opening(&book(collateral, debt)), Err(Refusal::LeverageCap));
        // a plain loan at three quarters of its collateral is below it: (4 + 3)/1
        assert_eq!(caps.check_opening(&book(400_000, 300_000)), Ok(()));
        assert_eq!(caps.check_opening(&book(100_000, 90_001)), Err(Refusal::LtvCap));
        assert_eq!(caps.check_opening(&book(0, 1)), Err(Refusal::LtvCap));
        assert_eq!(caps.check_opening(&book(0, 0)), Ok(()));
    }

    #[test]
    fn the_ltv_cap_stays_where_a_tranche_makes_a_book_better() {
        let caps = |ltv| VaultCaps { ltv: Bps(ltv), ..VaultCaps::BALANCED };
        assert!(caps(9_523).validate().is_ok());
        assert!(caps(9_524).validate().is_err());
        assert!(caps(0).validate().is_err());
        assert!(VaultCaps { reserved: 1, ..VaultCaps::BALANCED }.validate().is_err());
        assert!(ReserveCaps { reserved: 1, ..ReserveCaps::OPEN }.validate().is_err());
        assert!(VaultCaps { leverage: 19_999, ..VaultCaps::BALANCED }.validate().is_err());
        assert!(VaultCaps { leverage: MAX_LEVERAGE + 1, ..VaultCaps::BALANCED }.validate().is_err());
    }

    #[test]
    fn every_bound_is_allowed_itself() {
        let (most, beyond) =
            (ReserveCaps::OPEN, ReserveCaps { debt_over_depth: 100_001, ..ReserveCaps::OPEN });
        assert_eq!((most.utilisation, most.debt_over_depth), (MAX_UTILISATION, 100_000));
        assert!(most.validate().is_ok() && beyond.validate().is_err());
        for leverage in [20_000, MAX_LEVERAGE] {
            assert!(VaultCaps { leverage, ..VaultCaps::BALANCED }.validate().is_ok());
        }
        // 90 of 100 is the highest LTV, and (100 + 90)/(100 − 90) below the highest leverage
        let caps = VaultCaps { leverage: MAX_LEVERAGE, ..VaultCaps::BALANCED };
        assert_eq!(caps.check_opening(&book(100, 90)), Ok(()));
        // (9 + 7)/(9 − 7) is the eight of the cap
        assert_eq!(VaultCaps::BALANCED.check_opening(&book(9, 7)), Ok(()));
        let more = Score { debt: Usd(7_000_001), ..book(9, 7) };
        assert_eq!(VaultCaps::BALANCED.check_opening(&more), Err(Refusal::LeverageCap));
    }

    #[test]
    fn parts_of_a_group_never_add_up_to_more_than_its_cap() {
        let mut caps = VaultCaps::BALANCED;
        caps.groups[2] = 100;
        let parts = GroupParts::default().hand_out(&caps, 2, 0, 60).unwrap();
        let parts = parts.hand_out(&caps, 2, 0, 40).unwrap();
        assert_eq!(parts.hand_out(&caps, 2, 40, 41), Err(Refusal::GroupCap));
        assert_eq!(parts.hand_out(&caps, 8, 0, 0), Err(Refusal::GroupCap));
        let parts = parts.hand_out(&caps, 2, 60, 50).unwrap();
        assert_eq!(parts.parts[2], 90);
        // a reserve without a cap needs a group without one, and takes nothing of it
        assert_eq!(parts.hand_out(&caps, 2, 0, u64::MAX), Err(Refusal::GroupCap));
        assert_eq!(parts.hand_out(&caps, 3, 0, u64::MAX), Ok(parts));
        assert_eq!(parts.hand_out(&caps, 3, u64::MAX, 5).unwrap().parts[3], 5);
        caps.groups[2] = 10;
        assert_eq!(parts.hand_out(&caps, 2, 50, 45).unwrap().parts[2], 85, "less always fits");
        assert_eq!(parts.hand_out(&caps, 2, 50, 50), Ok(parts), "and so does what is out already");
        assert_eq!(parts.hand_out(&caps, 2, 50, 51), Err(Refusal::GroupCap));
    }

    #[test]
    fn a_top_up_may_heal_and_not_a_unit_more() {
        let needs = |requirement| Score { requirement: Usd::dollars(requirement), ..book(1_000, 800) };
        assert_eq!(check_heals(&needs(201)), Ok(()));
        assert_eq!(check_heals(&needs(200)), Ok(()));
        assert_eq!(check_heals(&needs(199)), Err(Refusal::MoreThanHeals));
        assert_eq!(
            check_heals(&book(1_000, 0)),
            Err(Refusal::MoreThanHeals),
            "without debt there is nothing to heal"
        );
        assert_eq!(check_heals(&book(0, 0)), Err(Refusal::MoreThanHeals), "nor of an empty book");
    }
}
