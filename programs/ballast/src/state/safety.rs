//! Mirrors of the risk crate's safety types: breakers, caps, flows, losses and ramps, as accounts store them and instructions
//! take them. See [`super::parameters`] for what a mirror is.

use super::parameters::{mirror, UnitPrice};
use crate::assert_layout;
use anchor_lang::prelude::*;
use ballast_risk as risk;

mirror! {
    /// How long each cause held Halted lately: see `ballast_risk::breaker::HaltHistory`.
    HaltHistory of risk::breaker::HaltHistory {
        /// Newest day written, since the Unix epoch.
        day: u64,
        /// Halted time by cause and day, in units of two seconds.
        used: [[u16; 8]; 8],
    } size 136, align 8
}

mirror! {
    /// A circuit breaker: see `ballast_risk::breaker::Breaker`. Times are seconds since the Unix epoch.
    Breaker of risk::breaker::Breaker {
        /// State as last written: 0 Normal, 1 Guarded, 2 Halted, 3 WindDown. What holds now follows from `expires_at` as well.
        state: u8,
        /// Cause of the last trip.
        cause: u8,
        /// Zero.
        padding: [u8; 6],
        /// When it last left Normal.
        left_normal_at: u64,
        /// When the state began.
        entered_at: u64,
        /// Since when `cause` holds Halted.
        held_from: u64,
        /// When the state ends.
        expires_at: u64,
        /// How long Guarded lasts after a Halted that ends.
        guarded_seconds: u64,
        /// What the last trip measured.
        measured: u64,
        /// The threshold that it reached.
        limit: u64,
        /// When it was observed.
        observed_at: u64,
        /// Seconds outside Normal up to the last return to it.
        outside_normal: u64,
        /// Publish times of first observations, per price cause, for Guarded and Halted.
        first_observed: [[u64; 2]; 4],
        /// When the guardian last tightened, the oldest first.
        tightened_at: [u64; 3],
        /// How long each cause held Halted lately.
        halts: HaltHistory,
    } size 304, align 8
}

mirror! {
    /// A reserve's breaker thresholds: see `ballast_risk::breaker::ReserveThresholds`.
    ReserveThresholds of risk::breaker::ReserveThresholds {
        /// Age of the price that guards, seconds.
        stale_guards: u32,
        /// Age of the price that halts, seconds.
        stale_halts: u32,
        /// Window of jumps, seconds.
        jump_window: u32,
        /// How long a signal guards, seconds.
        guarded_seconds: u32,
        /// How long a signal halts, seconds.
        halted_seconds: u32,
        /// Distance of spot from its average that guards, bps.
        average_guards: u16,
        /// … that halts.
        average_halts: u16,
        /// Confidence over price that guards, bps.
        confidence_guards: u16,
        /// … that halts.
        confidence_halts: u16,
        /// Jump that guards, bps.
        jump_guards: u16,
        /// … that halts.
        jump_halts: u16,
        /// Distance of the market from the rate or peg that guards, bps.
        rate_guards: u16,
        /// … that halts.
        rate_halts: u16,
        /// Lenders' loss within a day that guards, bps of deposits.
        loss_guards: u16,
        /// … that halts.
        loss_halts: u16,
    } size 40, align 4
}

mirror! {
    /// A vault's breaker thresholds: see `ballast_risk::breaker::VaultThresholds`.
    VaultThresholds of risk::breaker::VaultThresholds {
        /// How long a signal guards, seconds.
        guarded_seconds: u32,
        /// How long a signal halts, seconds.
        halted_seconds: u32,
        /// Lenders' loss within a day that guards, bps of collateral.
        loss_guards: u16,
        /// … that halts.
        loss_halts: u16,
        /// Zero.
        reserved: u32,
    } size 16, align 4
}

mirror! {
    /// Two earlier prices, to measure jumps: see `ballast_risk::breaker::PriceTrail`.
    PriceTrail of risk::breaker::PriceTrail {
        /// The earlier one.
        older: UnitPrice,
        /// Its publish time.
        older_at: u64,
        /// The later one.
        newer: UnitPrice,
        /// Its publish time.
        newer_at: u64,
    } size 48, align 8
}

mirror! {
    /// A leaky bucket: see `ballast_risk::leak::Leak`.
    Leak of risk::leak::Leak {
        /// Used and not refilled.
        used: u64,
        /// Up to when refills are counted.
        updated_at: u64,
    } size 16, align 8
}

mirror! {
    /// A reserve's flow rules: see `ballast_risk::bucket::FlowRules`.
    FlowRules of risk::bucket::FlowRules {
        /// The inflow bucket holds at least this, token units.
        inflow_floor: u64,
        /// The outflow bucket holds at least this, token units.
        outflow_floor: u64,
        /// Refill time of the inflow bucket, seconds.
        inflow_seconds: u32,
        /// Refill time of the outflow bucket, seconds.
        outflow_seconds: u32,
        /// The inflow bucket as a share of deposits, bps.
        inflow_share: u16,
        /// The outflow bucket as a share of deposits, bps.
        outflow_share: u16,
        /// Of the own deposit, what may leave a day where only a share may, bps.
        daily_share: u16,
        /// Zero.
        reserved: u16,
    } size 32, align 8
}

mirror! {
    /// A reserve's flows: see `ballast_risk::bucket::Flows`.
    Flows of risk::bucket::Flows {
        /// Deposits of late, token units.
        inflow: Leak,
        /// Withdrawals and borrowing of late, token units.
        outflow: Leak,
        /// Deposit shares that left pro rata since `exits_since`.
        exited: u64,
        /// The WindDown that `exited` belongs to, by its start.
        exits_since: u64,
    } size 48, align 8
}

mirror! {
    /// What a deposit position brought in and took out lately: see `ballast_risk::bucket::PositionFlow`.
    PositionFlow of risk::bucket::PositionFlow {
        /// Deposit shares taken since `since`.
        taken: u64,
        /// From when the share is counted.
        since: u64,
        /// Deposited lately, token units.
        arrived: u64,
        /// When it was last written.
        arrived_at: u64,
    } size 32, align 8
}

mirror! {
    /// A reserve's caps: see `ballast_risk::caps::ReserveCaps`.
    ReserveCaps of risk::caps::ReserveCaps {
        /// Most deposits, token units.
        deposits: u64,
        /// Most debt, token units.
        debt: u64,
        /// Most deposits by value, micro-USD.
        exposure: u64,
        /// Most debt over market depth, bps.
        debt_over_depth: u32,
        /// Most debt over free tokens + debt, bps.
        utilisation: u16,
        /// Zero.
        reserved: u16,
    } size 32, align 8
}

mirror! {
    /// A vault's caps: see `ballast_risk::caps::VaultCaps`.
    VaultCaps of risk::caps::VaultCaps {
        /// Most deposits of each group by value, micro-USD.
        groups: [u64; 8],
        /// Most gross over equity, bps.
        leverage: u32,
        /// Most debt over deposits, bps.
        ltv: u16,
        /// Zero.
        reserved: u16,
    } size 72, align 8
}

mirror! {
    /// How much of each group's cap is handed out: see `ballast_risk::caps::GroupParts`.
    GroupParts of risk::caps::GroupParts {
        /// Handed out by group, micro-USD.
        parts: [u64; 8],
    } size 64, align 8
}

mirror! {
    /// What a reserve lost and what is coming back: see `ballast_risk::absorb::Losses`. Token units.
    Losses of risk::absorb::Losses {
        /// Lost by lenders who are still here, and not recovered.
        unrecovered: u64,
        /// Until when the fund may cover it.
        cover_until: u64,
        /// Deposit shares that bore it and are still here, at most.
        bearers: u64,
        /// Lost by lenders lately.
        recent: u64,
        /// When `recent` was last written.
        recent_at: u64,
        /// Recovered and not yet streamed.
        pending: u64,
        /// Up to when recoveries were streamed.
        streamed_at: u64,
        /// When all of them will be.
        ends_at: u64,
        /// When lenders were wiped out; 0 if they are not.
        wiped_out_at: u64,
    } size 72, align 8
}

mirror! {
    /// The debt that the target of insurance in kind remembers: see `ballast_risk::fund::IncomeGate`.
    IncomeGate of risk::fund::IncomeGate {
        /// Token units.
        debt: u64,
        /// When it was last written.
        debt_at: u64,
    } size 16, align 8
}

mirror! {
    /// Which fees are old enough: see `ballast_risk::vesting::FeeVesting`. Token units.
    FeeVesting of risk::vesting::FeeVesting {
        /// Vested and not collected.
        vested: u64,
        /// All fees when they were last marked.
        marked: u64,
        /// When they were marked.
        marked_at: u64,
    } size 24, align 8
}

mirror! {
    /// When old parameters become new ones: see `ballast_risk::ramp::Ramp`.
    Ramp of risk::ramp::Ramp {
        /// When it starts.
        start: u64,
        /// How long it takes, seconds.
        duration: u64,
    } size 16, align 8
}
