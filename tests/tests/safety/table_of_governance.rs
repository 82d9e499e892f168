//! The table's rows of governance: every action × vault state × reserve state, with changes that have waited out their timelock.

use crate::table::{as_the_table_says, Address};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::{
    instructions::TightenTo,
    state::{ProposedChange, Reserve, Vault},
    BallastError::{NotInThisState, NotTighter, NotWindingDown},
};
use ballast_client::{
    governance::{tighten, Proposal},
    preset::reserve_config,
};
use ballast_risk::{
    breaker::{allows, Action, Permission, State, MAX_TIGHTENED_SECONDS, STATES},
    change::MIN_TIMELOCK,
    presets::AssetKind,
};
use ballast_tests::{market::TOKEN, refused, usd, Failure, Market, Receipt, World};
use solana_keypair::Keypair;

/// The rows that are walked here.
pub const ROWS: [Action; 6] = [
    Action::Tighten,
    Action::ProposeChange,
    Action::CancelChange,
    Action::ExecuteTightening,
    Action::ExecuteLoosening,
    Action::ExecuteReopening,
];

/// An execution that only the breakers could hold back.
struct Ripe {
    execute: Instruction,
    signer: Keypair,
    /// Whether it is about SOL's reserve, whose state then counts beside the vault's.
    of_reserve: bool,
}

/// Who governs a vault, and what lies ready on the desk. SOL is the reserve whose state is walked.
struct Office {
    world: World,
    curator: Keypair,
    guardian: Keypair,
    stranger: Keypair,
    /// When the changes were proposed. A WindDown of this story began then: what was proposed before one could not leave it.
    began: u64,
    tightening: Vec<Ripe>,
    loosening: Vec<Ripe>,
    reopens_vault: Proposal,
    reopens_reserve: Proposal,
}

impl Office {
    /// Proposes one change of each sort, and lets the timelock run out.
    async fn open() -> Self {
        let mut world = World::start().await;
        let curator = world.curator.insecure_clone();
        let [guardian, stranger, heir] = [world.chain.wallet(), world.chain.wallet(), world.chain.wallet()];
        let key = guardian.pubkey_of();
        world.chain.edit::<Vault>(world.vault, |vault| vault.guardian = key).await;
        let sol = world.sol;
        // reopenings are proposed in WindDown, in which everything else may be proposed too
        world.set_vault_state(State::WindDown).await;
        world.set_state(&sol, State::WindDown).await;
        let nobody = Proposal { vault: world.vault, number: 0, reserve: None, proposer: curator.pubkey_of() };
        let began = world.seconds();
        let mut office = Self {
            world,
            curator,
            guardian,
            stranger,
            began,
            tightening: vec![],
            loosening: vec![],
            reopens_vault: nobody,
            reopens_reserve: nobody,
        };
        office.reopens_vault = office.propose(ProposedChange::VaultReopen).await;
        office.reopens_reserve = office.propose(ProposedChange::Reopen).await;
        office.propose_loosening(&heir).await;
        office.propose_tightening().await;
        office
    }

    async fn propose_loosening(&mut self, heir: &Keypair) {
        for proposed in [ProposedChange::Timelock(MIN_TIMELOCK + 1), self.other_flows().await] {
            let proposal = self.propose(proposed).await;
            let ripe = self.ripe(&proposal, &self.stranger, &[]);
            self.loosening.push(ripe);
        }
        // a role that moves
        let proposal = self.propose(ProposedChange::Curator(heir.pubkey_of())).await;
        self.loosening.push(self.ripe(&proposal, heir, &[]));
        // and an asset that is added
        let market = Market::create(&mut self.world.chain, AssetKind::Sol, 9, TOKEN, usd(7));
        let config = reserve_config(&self.world.preset, market.kind, market.feed_id).unwrap();
        let proposed = ProposedChange::AddReserve { mint: market.mint, config: config.clone() };
        let proposal = self.propose(proposed).await;
        let execute = proposal.add_reserve(self.curator.pubkey_of(), &self.world.asset(&market), config);
        self.loosening.push(Ripe { execute, signer: self.curator.insecure_clone(), of_reserve: false });
    }

    /// Flow rules of SOL that let go of more a day.
    async fn other_flows(&mut self) -> ProposedChange {
        let sol = self.world.sol;
        let mut flows = self.world.reserve(&sol).await.flow_rules;
        flows.daily_share += 1;
        ProposedChange::Flows(flows)
    }

    async fn propose_tightening(&mut self) {
        // a debt floor that only rises, which ramps; and what takes effect at once and was left lying about for two days
        let mut model = self.world.chain.state::<Vault>(self.world.vault).await.model;
        model.debt_floor += 100;
        let ramp_seconds = 3 * 86_400;
        let reserves = self.world.all_reserves().await;
        let by_ramp = self.propose(ProposedChange::Model { model, ramp_seconds }).await;
        let ripened = self.propose(ProposedChange::Borrowable(false)).await;
        self.world.tick(MIN_TIMELOCK as i64).await;
        self.tightening.push(self.ripe(&by_ramp, &self.stranger, &reserves));
        self.tightening.push(self.ripe(&ripened, &self.stranger, &[]));
        // what takes effect at once, just proposed
        let mut caps = self.world.chain.state::<Vault>(self.world.vault).await.caps;
        caps.leverage -= 1;
        for proposed in [ProposedChange::VaultCaps(caps), ProposedChange::Borrowable(false)] {
            let proposal = self.propose(proposed).await;
            self.tightening.push(self.ripe(&proposal, &self.curator, &[]));
        }
    }

    fn ripe(&self, proposal: &Proposal, signer: &Keypair, reserves: &[Pubkey]) -> Ripe {
        Ripe {
            execute: proposal.execute(signer.pubkey_of(), reserves),
            signer: signer.insecure_clone(),
            of_reserve: proposal.reserve.is_some(),
        }
    }

    /// The next proposal, of SOL's reserve where the change is about one.
    async fn next(&mut self, proposed: &ProposedChange) -> Proposal {
        let vault = self.world.vault;
        let number = self.world.chain.state::<Vault>(vault).await.last_change + 1;
        let reserve = proposed.is_about_reserve().then(|| self.world.asset(&self.world.sol).reserve());
        Proposal { vault, number, reserve, proposer: self.curator.pubkey_of() }
    }

    async fn propose(&mut self, proposed: ProposedChange) -> Proposal {
        let (proposal, curator) = (self.next(&proposed).await, self.curator.insecure_clone());
        self.world.must(&[proposal.propose(proposed)], &[&curator]).await;
        proposal
    }

    /// Whether the real instruction would land.
    async fn would(&mut self, instruction: Instruction, signer: &Keypair) -> Result<Receipt, Failure> {
        self.world.chain.would_land(&[instruction], &[signer]).await
    }

    /// Puts both breakers into a state as of now, but for a WindDown, which began with this story.
    async fn put_into(&mut self, vault: State, state: State) {
        let (sol, key, began) = (self.world.sol, self.world.vault, self.began);
        self.world.set_vault_state(vault).await;
        self.world.set_state(&sol, state).await;
        if vault == State::WindDown {
            self.world.chain.edit::<Vault>(key, |vault| vault.breaker.entered_at = began).await;
        }
        if state == State::WindDown {
            let key = self.world.asset(&sol).reserve();
            self.world.chain.edit::<Reserve>(key, |reserve| reserve.breaker.entered_at = began).await;
        }
    }

    async fn walk(&mut self, action: Action, vault: State, state: State) {
        let says = allows(action, vault, state);
        match action {
            Action::Tighten => self.walk_tighten(says, vault, state).await,
            Action::ProposeChange => self.walk_propose(says, vault, state).await,
            Action::CancelChange => {
                for who in [self.curator.insecure_clone(), self.guardian.insecure_clone()] {
                    for proposal in [self.reopens_vault, self.reopens_reserve] {
                        let outcome = self.would(proposal.cancel(who.pubkey_of()), &who).await;
                        as_the_table_says(outcome, says, NotInThisState);
                    }
                }
            }
            Action::ExecuteTightening | Action::ExecuteLoosening => {
                let ready =
                    if action == Action::ExecuteLoosening { &self.loosening } else { &self.tightening };
                for ripe in ready {
                    // a change of the vault touches no reserve
                    let says = if ripe.of_reserve { says } else { allows(action, vault, State::Normal) };
                    let execute = std::slice::from_ref(&ripe.execute);
                    let outcome = self.world.chain.would_land(execute, &[&ripe.signer]).await;
                    as_the_table_says(outcome, says, NotInThisState);
                }
            }
            Action::ExecuteReopening => self.walk_reopen(says, vault, state).await,
            other => panic!("{other:?} is walked in another file"),
        }
    }

    /// The guardian raises either breaker in every state, to what is higher than that breaker's own.
    async fn walk_tighten(&mut self, says: Permission, vault: State, state: State) {
        let guardian = self.guardian.insecure_clone();
        let reserve = self.world.asset(&self.world.sol).reserve();
        for (whose, own) in [(None, vault), (Some(reserve), state)] {
            for to in [TightenTo::Guarded, TightenTo::Halted] {
                let raise = tighten(guardian.pubkey_of(), self.world.vault, whose, to, MAX_TIGHTENED_SECONDS);
                let outcome = self.would(raise, &guardian).await;
                if State::from(to) > own {
                    as_the_table_says(outcome, says, NotInThisState);
                } else {
                    refused(outcome, NotTighter);
                }
            }
        }
    }

    /// Everything is proposed in every state, but the way out of a WindDown that is not there.
    async fn walk_propose(&mut self, says: Permission, vault: State, state: State) {
        let curator = self.curator.insecure_clone();
        for (proposed, leaves) in [
            (ProposedChange::Timelock(MIN_TIMELOCK + 1), None),
            (self.other_flows().await, None),
            (ProposedChange::Borrowable(false), None),
            (ProposedChange::VaultReopen, Some(vault)),
            (ProposedChange::Reopen, Some(state)),
        ] {
            let proposal = self.next(&proposed).await;
            let outcome = self.would(proposal.propose(proposed), &curator).await;
            match leaves {
                None | Some(State::WindDown) => as_the_table_says(outcome, says, NotInThisState),
                Some(_) => refused(outcome, NotWindingDown),
            }
        }
    }

    /// A breaker in WindDown is reopened whatever the other one's state is; one that is not has nothing to leave, which is
    /// what a refusal is called in every cell.
    async fn walk_reopen(&mut self, says: Permission, vault: State, state: State) {
        let stranger = self.stranger.insecure_clone();
        let of_vault = self.reopens_vault.execute(stranger.pubkey_of(), &[]);
        let outcome = self.would(of_vault, &stranger).await;
        as_the_table_says(outcome, allows(Action::ExecuteReopening, vault, State::Normal), NotWindingDown);
        let of_reserve = self.reopens_reserve.execute(stranger.pubkey_of(), &[]);
        let outcome = self.would(of_reserve, &stranger).await;
        if state == State::WindDown {
            as_the_table_says(outcome, says, NotWindingDown);
        } else {
            refused(outcome, NotWindingDown);
        }
    }
}

#[tokio::test]
async fn governance_keeps_every_cell_of_the_table() {
    let mut office = Office::open().await;
    let mut walked = 0;
    for vault in STATES {
        for state in STATES {
            office.put_into(vault, state).await;
            for action in ROWS {
                office.walk(action, vault, state).await;
                walked += 1;
            }
        }
    }
    assert_eq!(walked, ROWS.len() * STATES.len() * STATES.len());
}
