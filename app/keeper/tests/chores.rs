//! Slower unpaid work, by accounts that were read: what is to be done, and when nothing is.

use anchor_lang::{
    prelude::{Clock, Pubkey},
    Discriminator,
};
use ballast::{
    constants::STATE_VERSION,
    instruction::{CollectFees, CollectInsurance},
    state::{Obligation, Side},
};
use ballast_client::{insurance::Fund, Asset};
use ballast_keeper::{
    act::{
        audit::counts,
        books::{Books, Insured, Kept, Tokens},
        chores::{collections, roll, signals},
    },
    synthetic::{clock, Synthetic, PRICES},
};
use ballast_risk::{
    breaker::State,
    roll::{Enrolment, Seat},
    vesting::{FeeVesting, VESTING_SECONDS},
    TokenAmount, Usd,
};

/// A made-up vault's books, in which every token is where it belongs.
fn books() -> Books {
    let world = Synthetic::new(1);
    let vault = Box::new(world.vault_account().unwrap());
    let kept = |index: usize| {
        let mint = Pubkey::new_from_array([index as u8 + 1; 32]);
        let asset = Asset { vault: world.vault, mint, token_program: anchor_spl::token::ID };
        let reserve = Box::new(world.reserve_account(index, 1_000_000, 0).unwrap());
        let tokens = Tokens { held: TokenAmount(reserve.books.free_tokens), is_frozen: false };
        Kept { asset, reserve, tokens }
    };
    let reserves = (0..PRICES.len()).map(kept).collect();
    Books { clock: clock(0), key: world.vault, vault, reserves, audit: None, insured: None, changes: vec![] }
}

/// With a fund of the first reserve's mint.
fn insured() -> Books {
    let books = books();
    let fund = Fund { asset: books.reserves[0].asset };
    let insured = Insured {
        fund,
        account: Box::new(bytemuck::Zeroable::zeroed()),
        roll: Box::new(bytemuck::Zeroable::zeroed()),
    };
    Books { insured: Some(insured), ..books }
}

#[test]
fn tokens_where_they_belong_are_no_signal_and_more_than_booked_are_none_either() {
    let mut books = books();
    assert_eq!(signals(&books), []);
    books.reserves[2].tokens.held.0 += 1;
    assert_eq!(signals(&books), []);
}

#[test]
fn a_unit_that_is_missing_is_shown_for_the_reserve_and_for_the_vault() {
    let mut books = books();
    books.reserves[2].tokens.held.0 -= 1;
    let shown: Vec<String> = signals(&books).into_iter().map(|crank| crank.what).collect();
    let reserve = books.reserves[2].asset.reserve();
    assert_eq!(shown, [format!("show Deficit of {reserve}"), format!("show VaultDeficit of {reserve}")]);
}

#[test]
fn a_frozen_account_is_shown_once_and_so_is_a_thawed_one() {
    let mut books = books();
    books.reserves[1].tokens.is_frozen = true;
    assert_eq!(signals(&books).len(), 1);
    books.reserves[1].reserve.frozen_since = 1;
    assert_eq!(signals(&books), [], "it is written down");
    books.reserves[1].tokens.is_frozen = false;
    assert_eq!(signals(&books).len(), 1);
}

#[test]
fn fees_are_collected_once_they_are_old_enough_and_worth_it() {
    let mut books = books();
    // A hundred whole stables of fees, marked a week ago less a second.
    let stable = 4;
    let hundred = 100 * 1_000_000;
    let now = books.now();
    let reserve = &mut books.reserves[stable].reserve;
    let mut ledger = reserve.books.ledger();
    ledger.fees_q64 = u128::from(hundred as u64) << 64;
    ledger.free_tokens.0 += hundred as u64;
    reserve.books = ledger.into();
    reserve.vesting =
        FeeVesting { vested: 0, marked: hundred as u64, marked_at: now - VESTING_SECONDS + 1 }.into();
    let worth = Usd(hundred);
    assert_eq!(collections(&books, worth), [], "too early");
    books.clock = clock(1);
    let found = collections(&books, worth);
    assert_eq!(found.len(), 1);
    assert!(found[0].instruction.data.starts_with(CollectFees::DISCRIMINATOR));
    assert_eq!(collections(&books, Usd(worth.0 + worth.0 / 1_000)), [], "not worth it");
    let now = books.now();
    let guarded = books.vault.breaker.as_risk().tighten(State::Guarded, 3_600, now).unwrap().breaker;
    books.vault.breaker = guarded.into();
    assert_eq!(collections(&books, worth), [], "fees wait while the vault is guarded");
}

#[test]
fn the_funds_income_is_collected_when_it_is_worth_it() {
    let mut books = insured();
    assert_eq!(collections(&books, Usd(1_000_000)), [], "the reserve holds no insurance");
    let asset = books.insured.as_ref().unwrap().fund.asset;
    let kept = books.reserves.iter_mut().find(|kept| kept.asset == asset).unwrap();
    let mut ledger = kept.reserve.books.ledger();
    // a thousand whole stables beyond the target
    let target = ledger.total_debt_up().0 * u64::from(kept.reserve.split.insurance_target) / 10_000;
    let insurance = target + 1_000_000_000 + 2;
    ledger.insurance_q64 = u128::from(insurance) << 64;
    ledger.free_tokens.0 += insurance;
    kept.reserve.books = ledger.into();
    let price = *kept.reserve.price.spot.as_risk();
    let worth = |units| price.value_down(TokenAmount(units));
    let (less, more) = (worth(999_000_000), worth(1_001_000_000));
    let found = collections(&books, less);
    assert_eq!(found.len(), 1);
    assert!(found[0].instruction.data.starts_with(CollectInsurance::DISCRIMINATOR));
    assert_eq!(collections(&books, more), [], "not worth it");
}

#[test]
fn the_roll_is_called_in_slices_for_who_votes_and_was_not_called_in_this_epoch() {
    let mut books = insured();
    let enrolled = |number: u8, confirmed_in: u32| Seat {
        holder: Enrolment {
            vote_account: [number; 32],
            identity: [number; 32],
            enrolled_in: 10,
            confirmed_in,
        },
        successor: Enrolment::default(),
    };
    let roll_account = &mut books.insured.as_mut().unwrap().roll;
    for (number, seat) in (1..=20).zip(roll_account.seats_mut()) {
        *seat = enrolled(number, 10);
    }
    books.clock = Clock { epoch: 11, ..books.clock };
    assert_eq!(roll(&books), [], "nobody votes before two epochs have passed");
    books.clock.epoch = 12;
    let called: Vec<usize> = roll(&books).iter().map(|crank| crank.instruction.accounts.len() - 1).collect();
    assert_eq!(called, [16, 4]);
    for (number, seat) in (1..=17).zip(books.insured.as_mut().unwrap().roll.seats_mut()) {
        *seat = enrolled(number, 12);
    }
    let called: Vec<usize> = roll(&books).iter().map(|crank| crank.instruction.accounts.len() - 1).collect();
    assert_eq!(called, [3], "the others were called in this epoch");
}

#[test]
fn an_audit_counts_who_is_not_counted_whole() {
    let obligation = |audit: u64, positions: &[u64]| {
        let mut obligation: Obligation = bytemuck::Zeroable::zeroed();
        obligation.version = STATE_VERSION;
        obligation.audit = audit;
        for (number, audit) in positions.iter().enumerate() {
            let reserve = Pubkey::new_from_array([number as u8 + 1; 32]);
            obligation.add(&reserve, 1, Side::Deposit, 1, *audit).unwrap();
        }
        obligation
    };
    let [new, counted, half, empty] = [1, 2, 3, 4].map(|number| Pubkey::new_from_array([number; 32]));
    let found = [
        (new, obligation(6, &[6])),
        (counted, obligation(7, &[7, 7])),
        (half, obligation(7, &[7, 6])),
        (empty, obligation(6, &[])),
    ];
    let steps = counts(Pubkey::new_from_array([9; 32]), 7, &found);
    let said: Vec<&str> = steps.iter().map(|step| step.what.as_str()).collect();
    assert_eq!(said, [format!("count {new}"), format!("count {half}")]);
}
