//! A world whose first vault has an insurance fund in USDC, and a cluster whose validators have real stake.

use crate::{
    chain::{Chain, Receipt},
    failure::Failure,
    market::{balance, Market},
    validators::Validator,
    world::{User, World},
};
use anchor_lang::{prelude::Pubkey, solana_program::instruction::Instruction};
use ballast::state::{ClaimAccount, FundAccount, Reserve, RollAccount, StakeAccount};
use ballast_client::insurance::{self, Cover, Fund};
use ballast_risk::{absorb::COVER_SECONDS, fund::FundRules, presets::balanced, units::Usd};
use solana_signer::Signer;

/// The world, its fund, its validators.
pub struct Insured {
    /// The world.
    pub world: World,
    /// The first vault's fund.
    pub fund: Fund,
    /// Validators with stake, beside the one that every test cluster has.
    pub validators: Vec<Validator>,
    /// The market whose lenders lost last, for which claims open.
    pub lost_in: Market,
}

impl Insured {
    /// Without validators.
    pub async fn start() -> Self {
        Self::with_validators(vec![]).await
    }

    /// With validators, nobody enrolled.
    pub async fn with_validators(validators: Vec<Validator>) -> Self {
        let chain = Chain::with_validators(&validators).await;
        let world = World::on(chain, balanced().expect("the preset is valid")).await;
        let fund = Fund { asset: world.usdc.asset(world.vault) };
        let lost_in = world.usdc;
        let mut insured = Self { world, fund, validators, lost_in };
        insured.create_fund(&fund, FundRules::BALANCED).await.expect("the rules are valid");
        insured
    }

    /// With validators of so many SOL each, all enrolled, in an epoch in which they vote.
    pub async fn with_electorate(stakes: &[u64]) -> Self {
        let validators = stakes.iter().map(|stake| Validator::with_stake(*stake)).collect();
        let mut insured = Self::with_validators(validators).await;
        insured.enroll_all().await;
        insured.next_epoch().await;
        insured.next_epoch().await;
        insured
    }

    /// Creates a fund as the curator, as if the vault were still being set up: stories that are not about the timelock need not
    /// wait for it.
    pub async fn create_fund(&mut self, fund: &Fund, rules: FundRules) -> Result<Receipt, Failure> {
        let curator = self.world.curator.insecure_clone();
        let create = insurance::create_fund(curator.pubkey(), fund, rules.into());
        self.world.send_in_setup(fund.vault(), &[create], &[&curator]).await
    }

    /// Sends an instruction that the curator pays for and nobody else signs.
    pub async fn crank(&mut self, instruction: Instruction) -> Result<Receipt, Failure> {
        let payer = self.world.curator.insecure_clone();
        self.world.send(&[instruction], &[&payer]).await
    }

    /// The fund's mint.
    pub fn usdc(&self) -> Market {
        self.world.usdc
    }

    /// The fund's account.
    pub async fn state(&mut self) -> FundAccount {
        self.world.chain.state(self.fund.address()).await
    }

    /// Tokens in the fund's account.
    pub async fn tokens(&mut self) -> u64 {
        balance(&mut self.world.chain, self.fund.tokens()).await
    }

    /// Someone with an empty stake account.
    pub async fn newcomer(&mut self) -> User {
        let user = self.world.user().await;
        self.world.must(&[insurance::open_stake(user.key(), &self.fund)], &[&user.keypair]).await;
        user
    }

    /// Someone who stakes so many token units.
    pub async fn staker(&mut self, amount: u64) -> User {
        let user = self.newcomer().await;
        self.stake(&user, amount).await.expect("a new stake is possible");
        user
    }

    /// Gives a user tokens and stakes them.
    pub async fn stake(&mut self, user: &User, amount: u64) -> Result<Receipt, Failure> {
        let usdc = self.usdc();
        self.world.give(user, &usdc, amount).await;
        self.world.send(&[insurance::stake_insurance(user.key(), &self.fund, amount)], &[&user.keypair]).await
    }

    /// Asks to leave with shares.
    pub async fn ask(&mut self, user: &User, shares: u64) -> Result<Receipt, Failure> {
        self.world.send(&[insurance::request_unstake(user.key(), &self.fund, shares)], &[&user.keypair]).await
    }

    /// Leaves.
    pub async fn leave(&mut self, user: &User) -> Result<Receipt, Failure> {
        self.world.send(&[insurance::unstake(user.key(), &self.fund)], &[&user.keypair]).await
    }

    /// A user's stake.
    pub async fn stake_of(&mut self, user: &User) -> StakeAccount {
        self.world.chain.state(self.fund.stake(&user.key())).await
    }

    /// Writes a loss of lenders into a reserve and into the fund, as absorbing one does.
    pub async fn lose(&mut self, market: &Market, units: u64) {
        let now = self.world.chain.now() as u64;
        let key = market.asset(self.world.vault).reserve();
        self.lost_in = *market;
        let mut value = Usd::ZERO;
        self.world
            .chain
            .edit::<Reserve>(key, |reserve| {
                reserve.losses.unrecovered += units;
                reserve.losses.cover_until = now + COVER_SECONDS;
                reserve.losses.bearers = reserve.books.deposit_shares;
                value = reserve.price.spot.as_risk().value_down(ballast_risk::TokenAmount(units));
            })
            .await;
        self.world
            .chain
            .edit::<FundAccount>(self.fund.address(), |fund| {
                let mut books = fund.fund();
                books.record_loss(value, fund.value_down(), now);
                fund.books = books.into();
            })
            .await;
    }

    /// The reserve that lost last.
    pub fn lost(&self) -> Pubkey {
        self.lost_in.asset(self.world.vault).reserve()
    }

    /// Repays a loss from a wallet that is filled for it.
    pub async fn cover(
        &mut self,
        payer: &User,
        lost: &Market,
        amount: u64,
        claim: Option<u64>,
    ) -> Result<Receipt, Failure> {
        self.world.give(payer, lost, amount).await;
        let instruction = self.covering(payer, lost, amount, claim);
        self.world.send(&[instruction], &[&payer.keypair]).await
    }

    /// The instruction of that.
    pub fn covering(&self, payer: &User, lost: &Market, amount: u64, claim: Option<u64>) -> Instruction {
        let cover = Cover {
            payer: payer.key(),
            lost: lost.asset(self.world.vault),
            amount,
            min_paid: 0,
            claim: claim.map(|number| self.fund.claim(number)),
        };
        insurance::cover_loss(&self.fund, &cover)
    }

    /// Enrols one validator.
    pub async fn enroll(&mut self, index: usize) -> Result<Receipt, Failure> {
        let identity = self.validators[index].identity.insecure_clone();
        let vote_account = self.validators[index].vote_account;
        let enroll = insurance::enroll_validator(identity.pubkey(), &self.fund, vote_account);
        self.world.send(&[enroll], &[&identity]).await
    }

    /// Enrols everybody.
    pub async fn enroll_all(&mut self) {
        for index in 0..self.validators.len() {
            self.enroll(index).await.expect("the validator has stake enough");
        }
    }

    /// Goes to the next epoch, with fresh prices.
    pub async fn next_epoch(&mut self) {
        self.world.chain.next_epoch();
        self.world.refresh().await.expect("the prices are good");
    }

    /// The roll.
    pub async fn roll(&mut self) -> RollAccount {
        self.world.chain.state(self.fund.roll()).await
    }

    /// Calls the roll for everybody whom a claim needs, in slices.
    pub async fn call_roll(&mut self) {
        let epoch = self.world.chain.clock().await.epoch;
        let missing = insurance::to_call(&self.roll().await, epoch);
        for slice in missing.chunks(24) {
            self.crank(insurance::call_roll(&self.fund, slice)).await.expect("they are enrolled");
        }
    }

    /// Someone with USDC for bonds.
    pub async fn claimant(&mut self) -> User {
        let (user, usdc) = (self.world.user().await, self.usdc());
        self.world.give(&user, &usdc, usdc.units(1_000_000)).await;
        user
    }

    /// Opens the next claim; returns its number.
    pub async fn open_claim(&mut self, opener: &User, value: u64) -> Result<u64, Failure> {
        let number = self.state().await.next_claim();
        let open = insurance::open_claim(opener.key(), &self.fund, self.lost(), number, value);
        self.world.send(&[open], &[&opener.keypair]).await.map(|_| number)
    }

    /// A claim.
    pub async fn claim(&mut self, number: u64) -> ClaimAccount {
        self.world.chain.state(self.fund.claim(number)).await
    }

    /// Votes.
    pub async fn vote(&mut self, index: usize, claim: u64, yes: bool) -> Result<Receipt, Failure> {
        let identity = self.validators[index].identity.insecure_clone();
        let vote = insurance::vote_claim(identity.pubkey(), self.fund.claim(claim), yes);
        self.world.send(&[vote], &[&identity]).await
    }

    /// Settles, with a token account for the bond.
    pub async fn settle(&mut self, number: u64, opener: Option<&User>) -> Result<Receipt, Failure> {
        let tokens: Option<Pubkey> = opener.map(|user| self.fund.wallet(&user.key()));
        self.crank(insurance::settle_claim(&self.fund, number, tokens)).await
    }
}
