//! The whole table: every action × vault state × reserve state, on the compiled program. The rows of governance and of the insurance
//! fund are walked in [`table_of_governance`] and [`table_of_insurance`]; an action that nobody walks does not compile.

use crate::{bank::Bank, table_of_governance, table_of_insurance};
use anchor_lang::solana_program::instruction::Instruction;
use anchor_spl::token_2022::spl_token_2022::state::AccountState;
use ballast::instructions::Signal;
use ballast::BallastError::{self, BelowOpeningRequirement, MoreThanHeals, NothingToStep};
use ballast::BallastError::{ExitShareSpent, NotInThisState};
use ballast_client::{account::reserves_of, instruction, safety};
use ballast_risk::breaker::{allows, write_table, Action, Permission, State, ACTIONS, STATES};
use ballast_tests::{refused, Failure, Receipt};
use solana_keypair::Keypair;
use std::slice::from_ref;

impl Bank {
    /// Whether the real instructions would land.
    async fn would(&mut self, all: &[Instruction], signer: &Keypair) -> Result<Receipt, Failure> {
        self.world.chain.would_land(all, &[signer]).await
    }

    /// Tries an action in the present states and compares with what the table says of it.
    async fn walk(&mut self, action: Action, vault: State, state: State) {
        let says = allows(action, vault, state);
        let (sol, usdc, btc) = (self.world.sol, self.world.usdc, self.world.btc);
        let payer = self.world.curator.insecure_clone();
        match action {
            Action::Deposit => {
                // SOL of somebody who owes nothing
                let deposit = instruction::deposit(&self.saver.account, &self.world.asset(&sol), 1_000);
                let saver = self.saver.keypair.insecure_clone();
                self.free_or(&[deposit], &saver, says, NotInThisState).await;
            }
            Action::TopUp => self.walk_top_up(says).await,
            Action::WithdrawDebtFree => {
                let saver = self.saver.numbered(0);
                self.walk_exit(&saver, says).await;
            }
            Action::WithdrawWithDebt => {
                let rich = self.rich.numbered(0);
                self.walk_exit(&rich, says).await;
            }
            Action::Borrow => {
                // more SOL against USDC and BTC that are in Normal
                let borrow = self.world.borrowing(&self.rich_in_coins, &sol, sol.units(1)).await;
                let signer = self.rich_in_coins.keypair.insecure_clone();
                self.free_or(&[borrow], &signer, says, NotInThisState).await;
            }
            Action::LendAgainst => {
                // USDC, which is in Normal, against SOL. The vault's own breaker is asked about the debt.
                let borrow = self.world.borrowing(&self.on_sol, &usdc, usdc.units(100)).await;
                let signer = self.on_sol.keypair.insecure_clone();
                let named = if vault == State::Normal { BelowOpeningRequirement } else { NotInThisState };
                self.free_or(&[borrow], &signer, says, named).await;
            }
            Action::Repay => {
                let asset = self.world.asset(&sol);
                let repay =
                    instruction::repay(payer.pubkey_of(), self.rich_in_coins.obligation(), &asset, 1_000);
                sol.fund(&mut self.world.chain, &payer.pubkey_of(), 1_000);
                self.free_or(&[repay], &payer, says, NotInThisState).await;
            }
            Action::SoftLiquidate => {
                // SOL on the side that is sold, and on the side that is repaid
                let keeper = self.keeper.keypair.insecure_clone();
                let sold = self.world.tranche(&self.keeper, &self.ill_on_sol, &usdc, &sol, u64::MAX).await;
                self.free_or(&[sold], &keeper, says, NotInThisState).await;
                let repaid = self.world.tranche(&self.keeper, &self.ill_in_sol, &sol, &usdc, u64::MAX).await;
                self.free_or(&[repaid], &keeper, says, NotInThisState).await;
            }
            Action::AbsorbLoss => {
                self.world.set_state(&usdc, state).await; // which is owed
                let reserves = reserves_of(&self.world.obligation(&self.hopeless).await);
                let vault = self.world.vault;
                let absorb =
                    safety::absorb_loss(payer.pubkey_of(), vault, self.hopeless.obligation(), &reserves);
                self.free_or(&[absorb], &payer, says, NotInThisState).await;
                self.world.set_state(&usdc, State::Normal).await;
            }
            Action::RetireShares => {
                // the shares of whoever lent an asset that was wiped out
                let lst = self.world.lst;
                self.world.set_state(&lst, state).await;
                let reserves = reserves_of(&self.world.obligation(&self.wiped_out).await);
                let (vault, obligation) = (self.world.vault, self.wiped_out.obligation());
                let retire = safety::absorb_loss(self.wiped_out.key(), vault, obligation, &reserves);
                let signer = self.wiped_out.keypair.insecure_clone();
                self.free_or(&[retire], &signer, says, NotInThisState).await;
            }
            Action::RefreshReserves => {
                let pair = (self.world.asset(&sol).reserve(), sol.price_account);
                let refresh = instruction::refresh_reserves(self.world.vault, &[pair]);
                self.free_or(&[refresh], &payer, says, NotInThisState).await;
            }
            Action::RefreshObligation => {
                let reserves = reserves_of(&self.world.obligation(&self.on_sol).await);
                let refresh =
                    instruction::refresh_obligation(self.world.vault, self.on_sol.obligation(), &reserves);
                self.free_or(&[refresh], &payer, says, NotInThisState).await;
            }
            Action::OpenObligation => {
                let account = self.saver.numbered(9).account;
                let saver = self.saver.keypair.insecure_clone();
                self.free_or(&[instruction::open_obligation(&account)], &saver, says, NotInThisState).await;
            }
            Action::CloseObligation => {
                let keeper = self.keeper.keypair.insecure_clone();
                let close = instruction::close_obligation(&self.keeper.account);
                self.free_or(&[close], &keeper, says, NotInThisState).await;
            }
            Action::TripBreaker => self.walk_trip(state).await,
            Action::StepBreaker => self.walk_step(vault, state).await,
            Action::CollectFees => {
                let collect = instruction::collect_fees(&self.world.asset(&sol), &payer.pubkey_of());
                sol.fund(&mut self.world.chain, &payer.pubkey_of(), 0);
                self.free_or(&[collect], &payer, says, NotInThisState).await;
            }
            Action::AttestSolvency => {
                let attest = instruction::attest_solvency(
                    self.world.vault,
                    &[sol, usdc, btc].map(|m| self.world.asset(&m)),
                );
                self.free_or(&[attest], &payer, says, NotInThisState).await;
            }
            Action::AuditBook => {
                let begin = instruction::begin_audit(self.world.vault);
                self.free_or(&[begin], &payer, says, NotInThisState).await;
            }
            Action::Tighten
            | Action::ProposeChange
            | Action::CancelChange
            | Action::ExecuteTightening
            | Action::ExecuteLoosening
            | Action::ExecuteReopening => assert!(table_of_governance::ROWS.contains(&action)),
            Action::StakeInsurance | Action::ClaimInsurance | Action::CoverLoss => {
                assert!(table_of_insurance::ROWS.contains(&action));
            }
        }
    }

    async fn free_or(
        &mut self,
        all: &[Instruction],
        signer: &Keypair,
        says: Permission,
        named: BallastError,
    ) {
        let outcome = self.would(all, signer).await;
        as_the_table_says(outcome, says, named);
    }

    /// A dollar's worth of SOL heals a book that is short of `R_init`; a hundred SOL are more than it needs.
    async fn walk_top_up(&mut self, says: Permission) {
        let sol = self.world.sol;
        let signer = self.needy.keypair.insecure_clone();
        let little = self.world.topping_up(&self.needy, &sol, sol.units(1) / 100).await;
        self.would(&[little], &signer).await.unwrap();
        let much = self.world.topping_up(&self.needy, &sol, sol.units(100)).await;
        let much = self.would(&[much], &signer).await;
        match says {
            Permission::Free => drop(much.unwrap()),
            Permission::Heals => refused(much, MoreThanHeals),
            other => panic!("{other:?}: adding collateral is never blocked"),
        }
    }

    /// Leaving with SOL: all at once by the bucket, a fifth of the own in Guarded and Halted, the own share of what is free in
    /// WindDown; each to the unit.
    async fn walk_exit(&mut self, user: &ballast_tests::User, says: Permission) {
        let sol = self.world.sol;
        let signer = user.keypair.insecure_clone();
        let now = self.world.seconds();
        let (reserve, shares) = (self.world.reserve(&sol).await, self.world.shares(user, &sol).await);
        let ledger = reserve.accrued_ledger(now);
        let of_shares = |shares: u64| ledger.deposit_amount_down(ballast_risk::DepositShares(shares)).0;
        let most = match says {
            Permission::Free => of_shares(shares) * 9 / 10,
            Permission::DailyShare => of_shares(shares / 5),
            Permission::ProRata => {
                let part = u128::from(ledger.free_tokens.0) * u128::from(shares);
                (part / u128::from(ledger.deposit_shares.0)) as u64
            }
            Permission::Refused => 0,
            Permission::Heals => panic!("leaving heals nothing"),
        };
        let dust = 10; // a share is worth more than a unit here, and shares are whole
        let more = if says == Permission::Refused { 1_000 } else { most + dust };
        let more = self.world.withdrawal(user, &sol, more).await;
        let more = self.would(&[more], &signer).await;
        match says {
            Permission::Free => drop(more.unwrap()),
            Permission::Refused => return refused(more, NotInThisState),
            _ => refused(more, ExitShareSpent),
        }
        let less = self.world.withdrawal(user, &sol, most - dust).await;
        self.would(&[less], &signer).await.unwrap_or_else(|f| panic!("{:?} {:#?}", f.error, f.logs));
    }

    /// A missing token is a signal in every state but the last, which it cannot raise.
    async fn walk_trip(&mut self, state: State) {
        let (sol, payer) = (self.world.sol, self.world.curator.insecure_clone());
        let held = self.world.till(&sol).await;
        let free = self.world.books(&sol).await.free_tokens.0;
        self.world.set_till(&sol, free - 1, AccountState::Initialized).await;
        let trip = safety::trip_reserve(&self.world.asset(&sol), Signal::Deficit);
        // a minute later, so that it holds for longer than the state that is there
        let outcome = self.would(&[trip], &payer).await;
        match state {
            // eight hours of the guardian's are longer than the four of a deficit
            State::Halted | State::WindDown => refused(outcome, BallastError::NoSignal),
            State::Normal | State::Guarded => drop(outcome.unwrap()),
        }
        self.world.set_till(&sol, held, AccountState::Initialized).await;
    }

    /// What has not expired is not stepped down; what has, is.
    async fn walk_step(&mut self, vault: State, state: State) {
        let payer = self.world.curator.insecure_clone();
        let (key, reserve) = (self.world.vault, self.world.asset(&self.world.sol).reserve());
        for (whose, of, state) in [(None, key, vault), (Some(reserve), reserve, state)] {
            let step = safety::step_breaker(key, whose);
            refused(self.would(from_ref(&step), &payer).await, NothingToStep);
            self.expire(of, whose.is_some()).await;
            let outcome = self.would(&[step], &payer).await;
            if matches!(state, State::Guarded | State::Halted) {
                outcome.unwrap();
            } else {
                refused(outcome, NothingToStep);
            }
        }
        let sol = self.world.sol;
        self.world.set_vault_state(vault).await;
        self.world.set_state(&sol, state).await;
    }
}

/// Asserts that an outcome is what the table says of a row that has only yes and no: it landed, or was refused by this name.
#[track_caller]
pub fn as_the_table_says(outcome: Result<Receipt, Failure>, says: Permission, named: BallastError) {
    match says {
        Permission::Free => drop(outcome.unwrap_or_else(|f| panic!("{:?} {:#?}", f.error, f.logs))),
        Permission::Refused => refused(outcome, named),
        other => panic!("{other:?} is looked at elsewhere"),
    }
}

/// A keypair's address.
pub trait Address {
    /// The address.
    fn pubkey_of(&self) -> anchor_lang::prelude::Pubkey;
}

impl Address for Keypair {
    fn pubkey_of(&self) -> anchor_lang::prelude::Pubkey {
        solana_signer::Signer::pubkey(self)
    }
}

#[tokio::test]
async fn the_program_keeps_every_cell_of_the_table() {
    let mut bank = Bank::open().await;
    let mut walked = 0;
    for vault in STATES {
        for state in STATES {
            let sol = bank.world.sol;
            bank.world.set_vault_state(vault).await;
            bank.world.set_state(&sol, state).await;
            for action in ACTIONS {
                bank.walk(action, vault, state).await;
                walked += 1;
            }
        }
    }
    assert_eq!(walked, ACTIONS.len() * STATES.len() * STATES.len());
}

/// States that were edited in could differ from those that signals lead to.
#[tokio::test]
async fn states_that_were_really_tripped_are_kept_alike() {
    for signal in [Signal::Deficit, Signal::VaultDeficit] {
        let mut bank = Bank::open().await;
        let (sol, payer) = (bank.world.sol, bank.world.curator.insecure_clone());
        let (held, free) = (bank.world.till(&sol).await, bank.world.books(&sol).await.free_tokens.0);
        bank.world.set_till(&sol, free - 1, AccountState::Initialized).await;
        let trip = safety::trip_reserve(&bank.world.asset(&sol), signal);
        bank.world.chain.send(&[trip], &[&payer]).await.unwrap();
        bank.world.set_till(&sol, held, AccountState::Initialized).await;
        let (vault, state) = (bank.world.vault_state().await, bank.world.state(&sol).await);
        assert_eq!(vault.max(state), State::Halted);
        // these two put the breaker into other states
        for action in ACTIONS.into_iter().filter(|a| !matches!(a, Action::TripBreaker | Action::StepBreaker))
        {
            bank.walk(action, vault, state).await;
        }
    }
}

/// Tests run in the package's directory.
const PAGE: &str = "../docs/breakers.md";
const BEGIN: &str = "<!-- written by ballast_risk::breaker::write_table -->\n";
const END: &str = "<!-- until here -->\n";

/// The page has the table as the program asks it. `WRITE_DOCS=1` writes it anew.
#[test]
fn the_docs_have_the_table() {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let (head, rest) = page.split_once(BEGIN).expect("the table begins");
    let (written, tail) = rest.split_once(END).expect("the table ends");
    let mut table = String::new();
    write_table(&mut table).expect("a string takes any number of bytes");
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(PAGE, format!("{head}{BEGIN}{table}{END}{tail}")).expect("the page can be written");
        return;
    }
    for (is, should) in written.lines().zip(table.lines()) {
        assert_eq!(is, should, "run `WRITE_DOCS=1 cargo test -p ballast-tests --test safety the_docs`");
    }
    assert_eq!(written.lines().count(), table.lines().count());
    // every action is mapped to its instruction below the table
    for action in ACTIONS {
        assert!(tail.contains(&format!("`{action:?}`")), "{action:?} is not explained");
    }
}
