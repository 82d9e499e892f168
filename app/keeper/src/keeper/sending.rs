//! What is under way: each transaction in a task of its own, and what becomes of it.

use super::{Keeper, Rest};
use crate::{
    act::{backoff::Lost, books::Books, crank::Crank, inventory::Ticket, plan::Planned, transaction::steps},
    engine::Row,
    prices::{name_posted, signers, Service},
    source::Source,
};
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast_client::{
    prices::{FeedId, Fresh},
    safety::writing_vault,
    send::{pack::pack, Packed, Refusal, Rpc, SendError, Sender, TransportError},
};
use ballast_risk::Usd;
use solana_keypair::Keypair;
use solana_message::AddressLookupTableAccount;
use solana_signer::Signer;

/// How a transaction ended.
pub(super) enum Ended {
    /// A tranche.
    Tranche {
        /// Its promise.
        ticket: Ticket,
        /// What was planned.
        plan: Box<Planned>,
        /// The slot of the news that led to it.
        news: u64,
        /// Whether prices were posted or taken in transactions of their own, before it.
        has_paid: bool,
        /// The slot that it landed in.
        result: Result<u64, SendError>,
    },
    /// A crank.
    Crank {
        /// Which.
        crank: Crank,
        /// Whether it landed.
        result: Result<u64, SendError>,
    },
    /// The vault's accounts were read for slower cranks; `None` where one is missing.
    Looked(Result<Option<Box<Books>>, TransportError>),
    /// Obligations were counted in so many transactions.
    Counted(Result<usize, SendError>),
}

/// Refusals that mean that somebody was faster, or that the market has moved on: nothing is wrong.
fn is_lost_race(refusal: &Refusal) -> bool {
    let lost = [
        BallastError::Healthy,
        BallastError::PaceMeterSpent,
        BallastError::DepthBucketEmpty,
        BallastError::TrancheTooSmall,
        BallastError::BelowMinimumReceived,
        BallastError::BetterPairAvailable,
        BallastError::NoSuchPosition,
        BallastError::SameSlot,
        BallastError::WrongRemainingAccounts,
        BallastError::NothingToAbsorb,
    ];
    lost.into_iter().any(|error| refusal.is(error)) || is_gone(refusal)
}

/// Anchor's refusal of an account that is no longer the program's: the obligation was closed.
fn is_gone(refusal: &Refusal) -> bool {
    refusal.program == Some(ballast::ID) && matches!(refusal.code, Some(3_001 | 3_007 | 3_012))
}

/// Has prices posted.
async fn post(
    service: &Service,
    feeds: &[FeedId],
    sender: &Sender<Rpc>,
    wallet: &Keypair,
) -> Result<Fresh, SendError> {
    let what = "post prices";
    let fresh = service.source.fresh(&wallet.pubkey(), feeds).await.map_err(|error| {
        SendError::Transport { what: what.into(), error: TransportError::Unexpected(error.to_string()) }
    })?;
    let sent = sender.send_steps(&fresh.steps, &signers(wallet, &fresh), &[]).await;
    if let Err(error) = sent {
        // Those that were made before it failed hold rent.
        let cleaned = sender.clean_what_is_there(&fresh.cleanup, &[wallet]).await;
        if let Err(error) = cleaned {
            tracing::warn!(%error, "the rent of posted prices did not come back");
        }
        return Err(error);
    }
    Ok(fresh)
}

/// Sends a tranche's transactions; returns the slot of the last one. Notes whether one before it landed.
async fn transact(
    plan: &Planned,
    sender: &Sender<Rpc>,
    wallet: &Keypair,
    tables: &[AddressLookupTableAccount],
    has_paid: &mut bool,
) -> Result<u64, SendError> {
    let mut slot = 0;
    for (number, packed) in pack(&wallet.pubkey(), &steps(plan, wallet.pubkey()), tables)?.iter().enumerate()
    {
        *has_paid |= number > 0;
        slot = sender.send(packed, &[wallet]).await?.slot;
    }
    Ok(slot)
}

impl<S: Source> Keeper<S> {
    pub(super) fn send_tranche(&self, ticket: Ticket, mut plan: Box<Planned>) {
        let (sender, wallet, ends, news) =
            (self.sender.clone(), self.wallet.clone(), self.ends.clone(), self.news);
        let (tables, service) = (self.settings.tables.clone(), self.settings.service.clone());
        tokio::spawn(async move {
            let feeds = service.as_ref().map(|service| service.feeds_of(&plan)).unwrap_or_default();
            let mut posted = None;
            let mut result = match service.filter(|_| !feeds.is_empty()) {
                None => Ok(()),
                Some(service) => post(&service, &feeds, &sender, &wallet).await.map(|fresh| {
                    name_posted(&mut plan, &fresh.accounts);
                    posted = Some(fresh);
                }),
            }
            .map(|()| 0);
            let mut has_paid = posted.is_some();
            if result.is_ok() {
                result = transact(&plan, &sender, &wallet, &tables, &mut has_paid).await;
            }
            // Nobody listens any more once the keeper has stopped.
            let _ = ends.send(Ended::Tranche { ticket, plan, news, has_paid, result });
            if let Some(fresh) = posted {
                let cleaned = sender.send_steps(&fresh.cleanup, &[&*wallet], &[]).await;
                if let Err(error) = cleaned {
                    tracing::warn!(%error, "the rent of posted prices did not come back");
                }
            }
        });
    }

    pub(super) fn send_crank(&self, crank: Crank) {
        let (sender, wallet, ends) = (self.sender.clone(), self.wallet.clone(), self.ends.clone());
        let tables = self.settings.tables.clone();
        tokio::spawn(async move {
            let pack = |instruction| Packed::new(crank.what.clone(), vec![instruction], &tables);
            let mut result = sender.send(&pack(crank.instruction.clone()), &[&*wallet]).await;
            // Only what changes the vault's breaker needs it writable, and that is known by trying.
            let needs_vault = |error: &SendError| {
                error.refusal().is_some_and(|refusal| refusal.is(BallastError::VaultNotWritable))
            };
            if result.as_ref().err().is_some_and(needs_vault) {
                result = sender.send(&pack(writing_vault(crank.instruction.clone())), &[&*wallet]).await;
            }
            let _ = ends.send(Ended::Crank { crank, result: result.map(|landed| landed.slot) });
        });
    }

    /// Takes note of how a transaction ended.
    pub(super) fn note(&mut self, ended: Ended) {
        match ended {
            Ended::Tranche { ticket, plan, news, has_paid, result } => {
                self.note_tranche(ticket, &plan, news, has_paid, result);
            }
            Ended::Crank { crank, result } => self.note_crank(&crank, result),
            Ended::Looked(books) => self.note_books(books),
            Ended::Counted(counted) => self.note_counted(counted),
        }
    }

    fn note_tranche(
        &mut self,
        ticket: Ticket,
        plan: &Planned,
        news: u64,
        has_paid: bool,
        result: Result<u64, SendError>,
    ) {
        let dollars = |value: Usd| value.0 as f64 / 1e6;
        let outcome = match result {
            Ok(slot) => {
                self.inventory.landed(ticket, slot);
                self.mirror.saw(slot, plan.obligation);
                self.backoff.landed(&plan.obligation);
                let slots = slot.saturating_sub(news);
                self.metrics.slots_to_land.observe(slots as f64);
                self.metrics.repaid_usd.add(dollars(plan.outcome.repaid_value));
                self.metrics.profit_usd.add(dollars(plan.profit.net()));
                self.metrics.fees_usd.add(dollars(plan.profit.fees));
                tracing::info!(
                    obligation = %plan.obligation, slot, slots,
                    repaid_usd = dollars(plan.outcome.repaid_value),
                    profit_usd = dollars(plan.profit.net()),
                    "landed"
                );
                "landed"
            }
            Err(error) => {
                let outcome = outcome_of(&error);
                if outcome == "unknown" {
                    self.inventory.unknown(ticket, self.mirror.slot());
                } else {
                    self.inventory.released(ticket);
                }
                let waits = self.leave_alone((plan.obligation, plan.row), plan.profit.fees, has_paid, &error);
                if outcome == "lost" {
                    tracing::info!(obligation = %plan.obligation, waits, %error, "somebody was faster");
                } else {
                    tracing::warn!(obligation = %plan.obligation, waits, %error, outcome, "a tranche did not land");
                }
                outcome
            }
        };
        self.metrics.tranches.with_label_values(&[outcome]).inc();
        // Whatever happened: what is known of this book and of both legs is old now.
        let mut read = vec![plan.obligation, plan.debt.reserve(), plan.deposit.reserve()];
        let legs = [plan.debt, plan.deposit];
        read.extend(
            self.settings.assets.iter().filter(|held| legs.contains(&held.asset)).map(|held| held.account),
        );
        self.source.read_again(read);
    }

    /// Leaves a book alone for a while whose tranche did not land, and books what that cost. Returns for how many slots.
    pub(super) fn leave_alone(
        &mut self,
        (obligation, row): (Pubkey, Row),
        fees: Usd,
        has_paid: bool,
        error: &SendError,
    ) -> u64 {
        let clock = self.mirror.clock();
        let now = ballast::oracle::now(&clock);
        let has_failed_on_chain = matches!(error, SendError::Refused { signature: Some(_), .. });
        let how = if has_paid || has_failed_on_chain { Lost::Paid } else { Lost::Free };
        if how == Lost::Paid {
            self.budget.spend(fees, now);
            self.metrics.fees_usd.add(fees.0 as f64 / 1e6);
            self.metrics.lost_fees_usd.add(fees.0 as f64 / 1e6);
        }
        if matches!(error, SendError::TooLarge { .. }) {
            self.rests.insert(row, Rest { until: now + TOO_LARGE, by_price: false });
        }
        self.backoff.lost(obligation, how, clock.slot, &mut rand::rng())
    }

    fn note_crank(&mut self, crank: &Crank, result: Result<u64, SendError>) {
        let outcome = match &result {
            Ok(slot) => {
                tracing::info!(what = crank.what, slot, "cranked");
                "landed"
            }
            Err(error) if error.refusal().is_some() && crank.is_a_try => "nothing to do",
            Err(error) => {
                tracing::info!(what = crank.what, %error, "a crank did not land");
                outcome_of(error)
            }
        };
        self.metrics.cranks.with_label_values(&[outcome]).inc();
    }
}

/// How long a book rests whose tranche fits no transaction, seconds: until somebody sees the warning.
const TOO_LARGE: u64 = 60;

fn outcome_of(error: &SendError) -> &'static str {
    match error {
        SendError::Refused { refusal, .. } if is_lost_race(refusal) => "lost",
        SendError::Refused { .. } => "refused",
        SendError::Expired { .. } => "expired",
        SendError::Unknown { .. } => "unknown",
        SendError::Transport { .. } => "unreachable",
        SendError::TooLarge { .. } => "too large",
        _ => "not sent",
    }
}
