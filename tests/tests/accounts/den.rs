//! Two attackers who act together in whole transactions, and the count of what that earns.

use anchor_lang::solana_program::instruction::Instruction;
use anchor_spl::token_2022::spl_token_2022;
use ballast_client::instruction::{self, Tranche};
use ballast_tests::{fortune::Fortune, law::worth_down, Failure, Market, Receipt, User, World};
use solana_keypair::Keypair;

/// A vault that has lived for a month, a lender, and two attackers: Eve with SOL, her helper with dollars.
pub struct Den {
    pub world: World,
    pub lender: User,
    pub eve: User,
    pub helper: User,
}

impl Den {
    pub async fn open() -> Self {
        let mut world = World::start().await;
        let (sol, usdc, eth) = (world.sol, world.usdc, world.eth);
        let lender = world.lender(&usdc, usdc.units(1_000_000)).await;
        world.deposit(&lender, &sol, sol.units(10_000)).await.unwrap();
        let [ann, eve, helper] = [world.user().await, world.user().await, world.user().await];
        world.deposit(&ann, &eth, eth.units(100)).await.unwrap();
        world.borrow(&ann, &usdc, usdc.units(100_000)).await.unwrap();
        world.borrow(&ann, &sol, sol.units(100)).await.unwrap();
        // a month of interest, so that no index is whole
        world.tick(30 * 86_400).await;
        world.give(&eve, &sol, sol.units(1_000)).await;
        world.give(&eve, &usdc, usdc.units(10_000)).await;
        world.give(&helper, &usdc, usdc.units(500_000)).await;
        world.give(&helper, &sol, sol.units(100)).await;
        Self { world, lender, eve, helper }
    }

    /// The oracle says another price of SOL; nobody has shown it to the vault yet.
    pub fn oracle_says(&mut self, price: i64) {
        self.world.chain.pass(1);
        self.world.sol.price = price;
        for market in self.world.markets() {
            let quote = market.quote(&self.world.chain);
            market.post_raw(&mut self.world.chain, &quote);
        }
    }

    /// Shows it.
    pub fn refresh(&self) -> Instruction {
        let markets = [self.world.sol, self.world.usdc, self.world.eth];
        let pairs = markets.map(|market| (self.world.asset(&market).reserve(), market.price_account));
        instruction::refresh_reserves(self.world.vault, &pairs)
    }

    /// A tranche of a book of SOL and dollars, SOL first, as whoever sends it alone would build it.
    pub fn tranche(&self, liquidator: &User, borrower: &User) -> Instruction {
        let [sol, usdc] = [self.world.sol, self.world.usdc].map(|market| self.world.asset(&market));
        instruction::soft_liquidate(&Tranche {
            liquidator: liquidator.key(),
            obligation: borrower.obligation(),
            debt: &usdc,
            deposit: &sol,
            reserves: &[sol.reserve(), usdc.reserve()],
            max_repay: u64::MAX,
            min_received: 0,
            shares_to: None,
        })
    }

    /// A transfer into the reserve's token account, past the program.
    pub fn donate(&self, from: &User, market: &Market, amount: u64) -> Instruction {
        let asset = self.world.asset(market);
        let (wallet, tokens, key) = (asset.wallet(&from.key()), asset.tokens(), from.key());
        let (program, decimals) = (&market.token_program, market.decimals);
        let transfer = spl_token_2022::instruction::transfer_checked;
        transfer(program, &wallet, &market.mint, &tokens, &key, &[], amount, decimals)
            .expect("a token program")
    }

    /// What a share of SOL and one of USDC are worth to lenders.
    pub async fn lent(&mut self) -> [u64; 2] {
        let now = self.world.seconds();
        let mut lent = [0; 2];
        for (worth, market) in lent.iter_mut().zip([self.world.sol, self.world.usdc]) {
            let index = self.world.reserve(&market).await.accrued_ledger(now).deposit_index;
            *worth = worth_down(self.world.shares(&self.lender, &market).await, index);
        }
        lent
    }

    pub async fn loot(&mut self) -> Fortune {
        let fair = self.world.fair();
        self.world.fortune(&[&self.eve, &self.helper], &fair).await
    }

    /// Who signs a batch: of the attackers those whom it names, and a stranger who pays its fee.
    pub fn signers(&self, batch: &[Instruction]) -> Vec<Keypair> {
        let signs = |user: &&User| {
            batch.iter().flat_map(|act| &act.accounts).any(|meta| meta.is_signer && meta.pubkey == user.key())
        };
        let attackers = [&self.eve, &self.helper].into_iter().filter(signs).map(|user| &user.keypair);
        [&self.world.curator].into_iter().chain(attackers).map(Keypair::insecure_clone).collect()
    }

    pub async fn send(&mut self, batch: &[Instruction]) -> Result<Receipt, Failure> {
        let signers = self.signers(batch);
        self.world.send(batch, &signers.iter().collect::<Vec<_>>()).await
    }

    /// Sends a transaction of both attackers. Whatever it does, they have no more afterwards than before, and lenders no less.
    pub async fn earns_nothing(&mut self, batch: &[Instruction]) -> Result<Receipt, Failure> {
        let (loot, lent) = (self.loot().await, self.lent().await);
        let result = self.send(batch).await;
        let (after, lent_after) = (self.loot().await, self.lent().await);
        assert!(after <= loot, "earned {} micro-USD by {batch:#?}", after.gain_up(&loot));
        assert!(
            lent_after.iter().zip(lent).all(|(after, before)| *after >= before),
            "{lent:?} {lent_after:?}"
        );
        result
    }
}
