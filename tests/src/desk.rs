//! A world with separate hands: a curator who proposes, a guardian who watches, and a stranger.

use crate::{Failure, Market, Receipt, World};
use anchor_lang::prelude::Pubkey;
use ballast::{
    instructions::TightenTo,
    state::{Change, ProposedChange, Reserve, Vault},
};
use ballast_client::governance::{self, decode_change, Proposal};
use ballast_risk::{
    breaker::{Breaker, State},
    change::MIN_TIMELOCK,
};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// The vaults' timelock: two days.
pub const DELAY: i64 = MIN_TIMELOCK as i64;
/// Seconds of an hour.
pub const HOUR: i64 = 3_600;
/// Seconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// The first vault of a world and the people who govern it.
pub struct Desk {
    /// The world.
    pub world: World,
    /// Proposes.
    pub curator: Keypair,
    /// Tightens and cancels.
    pub guardian: Keypair,
    /// Has no role at all, and pays for what anyone may do.
    pub stranger: Keypair,
}

impl Desk {
    /// A world whose vault has a guardian of its own.
    pub async fn open() -> Self {
        let mut world = World::start().await;
        let (curator, guardian, stranger) =
            (world.curator.insecure_clone(), world.chain.wallet(), world.chain.wallet());
        let key = guardian.pubkey();
        world.chain.edit::<Vault>(world.vault, |vault| vault.guardian = key).await;
        Self { world, curator, guardian, stranger }
    }

    /// The vault.
    pub async fn vault(&mut self) -> Vault {
        self.world.chain.state(self.world.vault).await
    }

    /// A market's reserve.
    pub async fn reserve(&mut self, market: &Market) -> Reserve {
        self.world.reserve(market).await
    }

    /// The market's reserve, as a change names it.
    pub fn about(&self, market: &Market) -> Option<Pubkey> {
        Some(self.world.asset(market).reserve())
    }

    /// The change's account, while it is there.
    pub async fn change(&mut self, proposal: &Proposal) -> Option<Change> {
        let account = self.world.chain.account(proposal.address()).await?;
        decode_change(&account.data)
    }

    /// The curator's next proposal, which is not made yet.
    pub async fn next_proposal(&mut self, reserve: Option<Pubkey>) -> Proposal {
        let (vault, proposer) = (self.world.vault, self.curator.pubkey());
        Proposal { vault, number: self.vault().await.last_change + 1, reserve, proposer }
    }

    /// The curator proposes, or is refused.
    pub async fn try_propose(
        &mut self,
        reserve: Option<Pubkey>,
        proposed: ProposedChange,
    ) -> Result<(Proposal, Receipt), Failure> {
        let proposal = self.next_proposal(reserve).await;
        let curator = self.curator.insecure_clone();
        let receipt = self.world.send(&[proposal.propose(proposed)], &[&curator]).await?;
        Ok((proposal, receipt))
    }

    /// The curator proposes a change of the vault.
    pub async fn propose(&mut self, proposed: ProposedChange) -> Proposal {
        let (proposal, _) = self.try_propose(None, proposed).await.expect("a legal change");
        proposal
    }

    /// The curator proposes a change of a market's reserve.
    pub async fn propose_for(&mut self, market: &Market, proposed: ProposedChange) -> Proposal {
        let reserve = self.about(market);
        let (proposal, _) = self.try_propose(reserve, proposed).await.expect("a legal change");
        proposal
    }

    /// Someone executes a change. A model gets all reserves.
    pub async fn execute_as(&mut self, who: &Keypair, proposal: &Proposal) -> Result<Receipt, Failure> {
        let is_model =
            matches!(self.change(proposal).await.map(|c| c.proposed), Some(ProposedChange::Model { .. }));
        let reserves = if is_model { self.reserves().await } else { vec![] };
        self.world.send(&[proposal.execute(who.pubkey(), &reserves)], &[who]).await
    }

    /// The stranger does.
    pub async fn execute(&mut self, proposal: &Proposal) -> Result<Receipt, Failure> {
        let stranger = self.stranger.insecure_clone();
        self.execute_as(&stranger, proposal).await
    }

    /// The curator does.
    pub async fn execute_at_once(&mut self, proposal: &Proposal) -> Result<Receipt, Failure> {
        let curator = self.curator.insecure_clone();
        self.execute_as(&curator, proposal).await
    }

    /// Proposes, waits out the timelock and executes.
    pub async fn carry_out(&mut self, reserve: Option<Pubkey>, proposed: ProposedChange) -> Receipt {
        let (proposal, _) = self.try_propose(reserve, proposed).await.expect("a legal change");
        self.wait(DELAY);
        self.execute(&proposal).await.expect("it is ripe")
    }

    /// Someone cancels a change.
    pub async fn cancel_as(&mut self, who: &Keypair, proposal: &Proposal) -> Result<Receipt, Failure> {
        self.world.send(&[proposal.cancel(who.pubkey())], &[who]).await
    }

    /// Someone raises the breaker of the vault, or of a reserve.
    pub async fn tighten_as(
        &mut self,
        who: &Keypair,
        reserve: Option<Pubkey>,
        to: TightenTo,
        seconds: i64,
    ) -> Result<Receipt, Failure> {
        let tighten = governance::tighten(who.pubkey(), self.world.vault, reserve, to, seconds as u64);
        self.world.send(&[tighten], &[who]).await
    }

    /// The guardian guards the vault, or a reserve.
    pub async fn guard(&mut self, reserve: Option<Pubkey>, seconds: i64) -> Result<Receipt, Failure> {
        let guardian = self.guardian.insecure_clone();
        self.tighten_as(&guardian, reserve, TightenTo::Guarded, seconds).await
    }

    /// Lets time pass, without new prices.
    pub fn wait(&mut self, seconds: i64) {
        self.world.chain.pass(seconds);
    }

    /// The vault's reserves, in its order.
    pub async fn reserves(&mut self) -> Vec<Pubkey> {
        let vault = self.vault().await;
        vault.reserves[..usize::from(vault.reserve_count)].to_vec()
    }

    /// A breaker that has been winding down since now.
    pub fn winding_down(&self) -> ballast::state::Breaker {
        let now = self.world.chain.now() as u64;
        let breaker = Breaker {
            state: State::WindDown as u8,
            left_normal_at: now,
            entered_at: now,
            expires_at: u64::MAX,
            ..Breaker::default()
        };
        breaker.into()
    }
}
