//! Two vaults in the same state, with the same people, loans, stakes and validators, so that whatever is not checked would land.

use crate::{court::Court, wrong::Pool};
use anchor_lang::prelude::Pubkey;
use ballast::state::Reserve;
use ballast_client::{address, instruction, insurance::Fund, Account};
use ballast_risk::fund::FundRules;
use ballast_tests::{Insured, Market, User};
use solana_signer::Signer;

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// The two vaults, their people, and the court that tries their instructions.
pub struct Stage {
    pub insured: Insured,
    pub court: Court,
    vaults: [Pubkey; 2],
    funds: [Fund; 2],
    /// Has 100 SOL pledged and owes 14,000 USDC.
    pub ann: User,
    /// Has deposited 500 USDC and owes nothing. Obligation number 1 is empty.
    pub bob: User,
    /// Has USDC in the wallet, and a few deposited.
    pub keeper: User,
    /// Lends USDC and SOL.
    pub lender: User,
}

/// Does the same in both vaults.
#[macro_export]
macro_rules! in_both {
    ($stage:ident, $body:expr) => {
        for side in [1, 0] {
            $stage.face(side);
            $body;
        }
    };
}

/// Takes a call apart, with the same call in the other vault as its twin. A special case of an instruction says which it is.
#[macro_export]
macro_rules! try_all {
    ($stage:ident, $call:expr) => {
        $crate::try_all!($stage, "", $call)
    };
    ($stage:ident, $special:literal, $call:expr) => {{
        $stage.face(1);
        let twin = $call;
        $stage.face(0);
        let call = $call;
        let pool = $stage.pool().await;
        $stage.court.try_all(&mut $stage.insured.world, $special, [&call, &twin], &pool).await;
    }};
}

impl Stage {
    pub async fn set() -> Self {
        let mut insured = Insured::with_electorate(&[10_000; 7]).await;
        let (vault, first) = (insured.world.vault, insured.fund);
        let other = insured.world.open_vault(2).await;
        let second = Fund { asset: insured.usdc().asset(other) };
        let court = Court::new(&insured.validators);
        let mut people = vec![];
        for _ in 0..4 {
            people.push(insured.world.user().await);
        }
        let [lender, keeper, bob, ann] = [(); 4].map(|()| people.pop().expect("four"));
        let (vaults, funds) = ([vault, other], [first, second]);
        let mut stage = Self { insured, court, vaults, funds, ann, bob, keeper, lender };
        stage.settle_in().await;
        stage
    }

    async fn settle_in(&mut self) {
        self.face(1);
        let fund = self.insured.fund;
        self.insured.create_fund(&fund, FundRules::BALANCED).await.expect("the rules are valid");
        self.insured.enroll_all().await;
        self.insured.next_epoch().await;
        self.insured.next_epoch().await;
        for side in [1, 0] {
            self.face(side);
            let [ann, bob, keeper, lender] =
                [&self.ann, &self.bob, &self.keeper, &self.lender].map(|u| self.of(u));
            let world = &mut self.insured.world;
            let (sol, usdc) = (world.sol, world.usdc);
            if side == 1 {
                for user in [&ann, &bob, &keeper, &lender] {
                    let open = instruction::open_obligation(&user.account);
                    world.must(&[open], &[&user.keypair]).await;
                }
            }
            world.open(&bob, 1).await;
            world.deposit(&lender, &usdc, usdc.units(1_000_000)).await.expect("a new user can deposit");
            world.deposit(&lender, &sol, sol.units(10_000)).await.expect("a new user can deposit");
            world.deposit(&ann, &sol, sol.units(100)).await.expect("a new user can deposit");
            world.borrow(&ann, &usdc, usdc.units(14_000)).await.expect("she may");
            world.deposit(&bob, &usdc, usdc.units(500)).await.expect("a new user can deposit");
            world.deposit(&keeper, &usdc, usdc.units(100)).await.expect("a new user can deposit");
            world.give(&keeper, &usdc, usdc.units(1_000_000)).await;
            let curator = world.curator.pubkey();
            usdc.fund(&mut world.chain, &curator, 0);
        }
        self.insured.world.tick(1).await;
    }

    /// Turns to one of the vaults: everything that names none is about this one.
    pub fn face(&mut self, side: usize) {
        (self.insured.world.vault, self.insured.fund) = (self.vaults[side], self.funds[side]);
    }

    /// The person with the obligation in the vault that is faced.
    pub fn of(&self, user: &User) -> User {
        let account = Account { vault: self.insured.world.vault, ..user.account };
        User { keypair: user.keypair.insecure_clone(), account }
    }

    /// A market's reserve in the vault that is faced.
    pub fn reserve(&self, market: &Market) -> Pubkey {
        self.insured.world.asset(market).reserve()
    }

    /// Everything that the two vaults have: people's obligations and stakes, reserves, token accounts, reports.
    pub async fn pool(&mut self) -> Pool {
        let mut sides: [Vec<Pubkey>; 2] = [vec![], vec![]];
        for (side, pool) in sides.iter_mut().enumerate() {
            let (vault, fund) = (self.vaults[side], self.funds[side]);
            pool.extend([vault, fund.address(), fund.roll(), fund.tokens(), fund.claim(1)]);
            pool.extend([address::attestation(&vault), address::audit(&vault)]);
            for market in self.insured.world.markets() {
                pool.extend([market.asset(vault).reserve(), market.asset(vault).tokens()]);
            }
            for user in [&self.ann, &self.bob, &self.keeper, &self.lender] {
                let account = Account { vault, ..user.account };
                pool.extend([account.obligation(), Account { id: 1, ..account }.obligation()]);
                pool.push(fund.stake(&user.key()));
            }
        }
        // people's own token accounts belong to no vault
        for user in [&self.ann, &self.bob, &self.keeper, &self.lender] {
            sides[0].push(self.insured.usdc().asset(self.vaults[0]).wallet(&user.key()));
        }
        let [ours, theirs] = sides;
        Pool { ours, theirs }
    }

    /// Adds insurance and fees to a reserve, tokens and all, as interest would.
    pub async fn endow(&mut self, market: &Market, insurance: u64, fees: u64) {
        let (key, world) = (self.reserve(market), &mut self.insured.world);
        let held = world.till(market).await;
        let add = |reserve: &mut Reserve| {
            reserve.books.insurance[1] += insurance;
            reserve.books.fees[1] += fees;
            reserve.books.free_tokens += insurance + fees;
        };
        world.chain.edit(key, add).await;
        let open = anchor_spl::token_2022::spl_token_2022::state::AccountState::Initialized;
        world.set_till(market, held + insurance + fees, open).await;
    }
}
