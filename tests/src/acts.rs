//! What people and time do in a world.

use crate::{
    chain::Receipt,
    failure::Failure,
    market::Market,
    world::{User, World},
};
use anchor_lang::solana_program::instruction::Instruction;
use anchor_spl::token_2022::spl_token_2022::instruction::transfer_checked;
use ballast::state::Reserve;
use ballast_client::{
    account::{reserves_of, reserves_with, reserves_without},
    instruction::{self, Tranche},
    safety::absorbing,
};

impl World {
    /// Gives a user tokens and deposits them.
    pub async fn deposit(&mut self, user: &User, market: &Market, amount: u64) -> Result<Receipt, Failure> {
        self.give(user, market, amount).await;
        self.deposit_own(user, market, amount).await
    }

    /// Deposits tokens that the user has.
    pub async fn deposit_own(
        &mut self,
        user: &User,
        market: &Market,
        amount: u64,
    ) -> Result<Receipt, Failure> {
        let deposit = instruction::deposit(&user.account, &market.asset(user.account.vault), amount);
        self.send(&[deposit], &[&user.keypair]).await
    }

    /// Withdraws.
    pub async fn withdraw(&mut self, user: &User, market: &Market, amount: u64) -> Result<Receipt, Failure> {
        let withdraw = self.withdrawal(user, market, amount).await;
        self.send(&[withdraw], &[&user.keypair]).await
    }

    /// The instruction of a withdrawal.
    pub async fn withdrawal(&mut self, user: &User, market: &Market, amount: u64) -> Instruction {
        let obligation = self.obligation(user).await;
        let asset = market.asset(user.account.vault);
        let reserves = if amount == u64::MAX {
            reserves_without(&obligation, asset.reserve())
        } else {
            reserves_of(&obligation)
        };
        instruction::withdraw(&user.account, &asset, amount, &reserves)
    }

    /// Borrows.
    pub async fn borrow(&mut self, user: &User, market: &Market, amount: u64) -> Result<Receipt, Failure> {
        let borrow = self.borrowing(user, market, amount).await;
        self.send(&[borrow], &[&user.keypair]).await
    }

    /// The instruction of a borrow.
    pub async fn borrowing(&mut self, user: &User, market: &Market, amount: u64) -> Instruction {
        let asset = market.asset(user.account.vault);
        let reserves = reserves_with(&self.obligation(user).await, asset.reserve());
        instruction::borrow(&user.account, &asset, amount, &reserves)
    }

    /// Repays a user's own debt from its wallet.
    pub async fn repay(&mut self, user: &User, market: &Market, amount: u64) -> Result<Receipt, Failure> {
        self.repay_for(user, user, market, amount).await
    }

    /// Repays someone's debt from the payer's wallet.
    pub async fn repay_for(
        &mut self,
        payer: &User,
        debtor: &User,
        market: &Market,
        amount: u64,
    ) -> Result<Receipt, Failure> {
        let asset = market.asset(debtor.account.vault);
        let repay = instruction::repay(payer.key(), debtor.obligation(), &asset, amount);
        self.send(&[repay], &[&payer.keypair]).await
    }

    /// Executes a tranche with the liquidator's tokens.
    pub async fn liquidate(
        &mut self,
        liquidator: &User,
        borrower: &User,
        debt: &Market,
        deposit: &Market,
        max_repay: u64,
    ) -> Result<Receipt, Failure> {
        let tranche = self.tranche(liquidator, borrower, debt, deposit, max_repay).await;
        self.send(&[tranche], &[&liquidator.keypair]).await
    }

    /// The same, to be paid in shares to the liquidator's own obligation if tokens are short.
    pub async fn liquidate_for_shares(
        &mut self,
        liquidator: &User,
        borrower: &User,
        debt: &Market,
        deposit: &Market,
        max_repay: u64,
    ) -> Result<Receipt, Failure> {
        let change = |tranche: &mut Tranche| {
            (tranche.max_repay, tranche.shares_to) = (max_repay, Some(liquidator.obligation()));
        };
        let tranche = self.tranche_with(liquidator, borrower, debt, deposit, change).await;
        self.send(&[tranche], &[&liquidator.keypair]).await
    }

    /// Executes a tranche that may be the last: the reserves of all other positions are writable.
    pub async fn last_tranche(
        &mut self,
        keeper: &User,
        debtor: &User,
        debt: &Market,
        deposit: &Market,
    ) -> Result<Receipt, Failure> {
        let reserves = reserves_of(&self.obligation(debtor).await);
        let tranche = self.tranche(keeper, debtor, debt, deposit, u64::MAX).await;
        self.send(&[absorbing(tranche, &reserves)], &[&keeper.keypair]).await
    }

    /// The instruction of a tranche.
    pub async fn tranche(
        &mut self,
        liquidator: &User,
        borrower: &User,
        debt: &Market,
        deposit: &Market,
        max_repay: u64,
    ) -> Instruction {
        self.tranche_with(liquidator, borrower, debt, deposit, |tranche| tranche.max_repay = max_repay).await
    }

    /// The instruction of a tranche with anything changed; by default it has no limits and no account for shares.
    pub async fn tranche_with(
        &mut self,
        liquidator: &User,
        borrower: &User,
        debt: &Market,
        deposit: &Market,
        change: impl FnOnce(&mut Tranche),
    ) -> Instruction {
        let obligation = self.obligation(borrower).await;
        let vault = borrower.account.vault;
        let (debt, deposit, reserves) = (debt.asset(vault), deposit.asset(vault), reserves_of(&obligation));
        let mut tranche = Tranche {
            liquidator: liquidator.key(),
            obligation: borrower.obligation(),
            debt: &debt,
            deposit: &deposit,
            reserves: &reserves,
            max_repay: u64::MAX,
            min_received: 0,
            shares_to: None,
        };
        change(&mut tranche);
        instruction::soft_liquidate(&tranche)
    }

    /// Leaves no free token in a reserve of the lender's vault: a whale borrows on ETH, and the reserve's lender takes the rest.
    pub async fn drain(&mut self, market: &Market, lender: &User) {
        let vault = lender.account.vault;
        let whale = self.user_in(vault).await;
        let eth = self.eth;
        self.deposit(&whale, &eth, eth.units(100_000)).await.expect("deposits need no price");
        let reserve: Reserve = self.chain.state(market.asset(vault).reserve()).await;
        let total = reserve.books.free_tokens + reserve.books.ledger().total_debt_up().0;
        let kept = total.div_ceil(20);
        self.borrow(&whale, market, reserve.books.free_tokens - kept).await.expect("the whale is rich");
        self.withdraw(lender, market, kept).await.expect("the lender lent as much");
    }

    /// Posts every price again, as of now, and refreshes the reserves of all vaults.
    pub async fn refresh(&mut self) -> Result<Receipt, Failure> {
        for market in self.markets() {
            let quote = market.quote(&self.chain);
            market.post_raw(&mut self.chain, &quote);
        }
        self.refresh_posted().await
    }

    /// Refreshes the reserves of all vaults from the price accounts as they are.
    pub async fn refresh_posted(&mut self) -> Result<Receipt, Failure> {
        let mut refreshes = Vec::new();
        for vault in self.vaults.clone() {
            let pairs: Vec<_> =
                self.markets().iter().map(|m| (m.asset(vault).reserve(), m.price_account)).collect();
            refreshes.push(instruction::refresh_reserves(vault, &pairs));
        }
        let payer = self.curator.insecure_clone();
        self.send(&refreshes, &[&payer]).await
    }

    /// Refreshes one reserve of the first vault from its price account as it is.
    pub async fn refresh_one(&mut self, market: &Market) -> Result<Receipt, Failure> {
        let pair = (market.asset(self.vault).reserve(), market.price_account);
        let payer = self.curator.insecure_clone();
        self.send(&[instruction::refresh_reserves(self.vault, &[pair])], &[&payer]).await
    }

    /// Lets time pass and refreshes every price but one, whose feed is dead.
    pub async fn tick_without(&mut self, dead: &Market, seconds: i64) {
        self.chain.pass(seconds);
        for market in self.markets() {
            if market.mint != dead.mint {
                let quote = market.quote(&self.chain);
                market.post_raw(&mut self.chain, &quote);
                self.refresh_one(&market).await.expect("a living feed");
            }
        }
    }

    /// Lets seconds pass, then posts and refreshes all prices.
    pub async fn tick(&mut self, seconds: i64) {
        self.chain.pass(seconds);
        self.refresh().await.expect("the prices are good");
    }

    /// Moves one market's price and refreshes a second later.
    pub async fn move_price(&mut self, pick: impl Fn(&mut Self) -> &mut Market, price: i64) {
        pick(self).price = price;
        self.tick(1).await;
    }

    /// Sends tokens of a user's wallet straight into the vault's token account, past the program.
    pub async fn donate(&mut self, user: &User, market: &Market, amount: u64) -> Receipt {
        self.give(user, market, amount).await;
        let donation = self.donation(user, market, amount);
        self.must(&[donation], &[&user.keypair]).await
    }

    /// The token program's instruction of that.
    pub fn donation(&self, user: &User, market: &Market, amount: u64) -> Instruction {
        let asset = market.asset(user.account.vault);
        let (from, to, owner) = (asset.wallet(&user.key()), asset.tokens(), user.key());
        let (program, mint, decimals) = (&market.token_program, &market.mint, market.decimals);
        transfer_checked(program, &from, mint, &to, &owner, &[], amount, decimals).expect("legal arguments")
    }
}
