//! The fund behind the alt vault: stakers and validators before anything happens, and afterwards cover, a claim and its vote.
//!
//! The vote is real, its weights are not: stake is injected behind vote accounts that were written into the ledger.

use super::{cast::Cast, story::Story};
use anchor_lang::prelude::{Clock, Pubkey};
use anyhow::{Context as _, Result};
use ballast::state::{FundAccount, Reserve, RollAccount};
use ballast_client::{
    insurance::{self, Cover, Fund},
    Event,
};
use ballast_lab::svm::Token;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_vote_program::vote_state::create_v4_account_with_authorized;

/// Dollars staked.
const STAKED: f64 = 60_000.0;
/// Stake of each validator, SOL; the rest of the cluster has as much as all of them nineteen times.
const STAKES: [u64; 9] = [90_000, 70_000, 60_000, 50_000, 40_000, 40_000, 30_000, 20_000, 10_000];
/// Lamports of a SOL.
const LAMPORTS_PER_SOL: u64 = 1_000_000_000;
/// Seconds of a day.
const DAY: u64 = 86_400;

/// Who stands behind the alt vault.
pub struct Backing {
    /// The fund.
    pub fund: Fund,
    /// Node identities, in the order of their stake.
    validators: Vec<Keypair>,
}

impl Backing {
    /// Stakes into the fund, and enrols validators two epochs before they are needed.
    pub fn gather(cast: &mut Cast) -> Result<Self> {
        let fund = Fund { asset: cast.usdc().asset(cast.alt_vault) };
        let staker = cast.ledger.wallet()?;
        let usdc = cast.usdc();
        cast.ledger.set_tokens(&staker.pubkey(), &usdc.mint, usdc.units(STAKED))?;
        let open = insurance::open_stake(staker.pubkey(), &fund);
        let stake = insurance::stake_insurance(staker.pubkey(), &fund, usdc.units(STAKED));
        cast.ledger.send("staking", &[open, stake], &[&staker])?;

        let mut validators = vec![];
        for stake in STAKES {
            let (identity, vote_account) = (cast.ledger.wallet()?, Pubkey::new_unique());
            let (node, lamports) = (identity.pubkey(), LAMPORTS_PER_SOL);
            let vote = create_v4_account_with_authorized(
                &node,
                &vote_account,
                [0; 48],
                &vote_account,
                0,
                &vote_account,
                0,
                &node,
                lamports,
            );
            let ledger = &mut cast.ledger;
            ledger.put(vote_account, solana_vote_program::id(), bytes(&vote))?;
            ledger.inject_stake(&vote_account, stake * LAMPORTS_PER_SOL)?;
            let enroll = insurance::enroll_validator(node, &fund, vote_account);
            ledger.send("enroll_validator", &[enroll], &[&identity])?;
            validators.push(identity);
        }
        // the rest of the cluster, which is not on the roll
        let rest = STAKES.iter().sum::<u64>() * 9 * LAMPORTS_PER_SOL;
        cast.ledger.inject_stake(&Pubkey::new_unique(), rest)?;
        cast.ledger.pass_epochs(2);
        Ok(Self { fund, validators })
    }
}

fn bytes(account: &solana_account::AccountSharedData) -> Vec<u8> {
    use solana_account::ReadableAccount as _;
    account.data().to_vec()
}

impl Story {
    /// The fund pays what it may of itself, and validators vote on the rest.
    pub fn claim(&mut self, backing: &Backing) -> Result<()> {
        let (fund, usdc) = (backing.fund, self.cast.usdc());
        self.cast.refresh_one(self.cast.alt_vault, usdc)?;
        self.cover(fund, usdc, AUTOMATIC, None)?;
        let state: FundAccount = self.cast.ledger.state(&fund.address())?;
        // what left with the fund's own payment, and with lenders, nobody claims
        let reserve: Reserve = self.cast.ledger.state(&fund.asset.reserve())?;
        let clock: Clock = self.cast.ledger.svm.get_sysvar();
        let lost = reserve.coverable_value_up(ballast::oracle::now(&clock)).clamp_u64();
        let value = state.books.recorded_loss.min(lost);
        self.call_roll(&fund)?;
        let opener = self.cast.ledger.wallet()?;
        self.cast.ledger.set_tokens(&opener.pubkey(), &usdc.mint, usdc.units(10_000.0))?;
        let number = state.last_claim + 1;
        let open = insurance::open_claim(opener.pubkey(), &fund, fund.asset.reserve(), number, value);
        let events = self.cast.ledger.send("open_claim", &[open], &[&opener])?;
        self.tell_claims(&events);
        for validator in backing.validators.iter().take(4) {
            self.cast.ledger.pass(3_600);
            let vote = insurance::vote_claim(validator.pubkey(), fund.claim(number), true);
            let events = self.cast.ledger.send("vote_claim", &[vote], &[validator])?;
            self.tell_claims(&events);
        }
        let curator = self.cast.curator.insecure_clone();
        let settle = insurance::settle_claim(&fund, number, Some(fund.wallet(&opener.pubkey())));
        let events = self.cast.ledger.send("settle_claim", &[settle], &[&curator])?;
        self.tell_claims(&events);
        self.cast.refresh_one(self.cast.alt_vault, usdc)?;
        self.cover(fund, usdc, f64::MAX, Some(fund.claim(number)))?;
        for _ in 0..3 {
            self.cast.ledger.pass(10 * DAY);
            self.frame()?;
            let frame = self.act.frames.last().context("a frame was noted")?;
            let text = format!("a dollar lent to the alt vault is worth ${:.4}", frame.lent_dollar);
            self.say("stream", text);
        }
        Ok(())
    }

    /// Somebody repays what lenders lost, and is paid by the fund.
    fn cover(&mut self, fund: Fund, usdc: Token, dollars: f64, claim: Option<Pubkey>) -> Result<()> {
        let payer = self.cast.keeper.key.insecure_clone();
        let reserve: Reserve = self.cast.ledger.state(&fund.asset.reserve())?;
        let amount = usdc.units(dollars).min(reserve.losses.unrecovered);
        let cover = Cover { payer: payer.pubkey(), lost: fund.asset, amount, min_paid: 0, claim };
        let events =
            self.cast.ledger.send("cover_loss", &[insurance::cover_loss(&fund, &cover)], &[&payer])?;
        self.act.recovered += amount as f64 / 1e6;
        self.tell_claims(&events);
        Ok(())
    }

    fn call_roll(&mut self, fund: &Fund) -> Result<()> {
        let roll: RollAccount = self.cast.ledger.state(&fund.roll())?;
        let clock: Clock = self.cast.ledger.svm.get_sysvar();
        let missing = insurance::to_call(&roll, clock.epoch);
        let curator = self.cast.curator.insecure_clone();
        self.cast.ledger.send("call_roll", &[insurance::call_roll(fund, &missing)], &[&curator])?;
        Ok(())
    }

    fn tell_claims(&mut self, events: &[Event]) {
        let usd = |value: u64| value as f64 / 1e6;
        for event in events {
            let text = match event {
                Event::LossCovered(event) => {
                    let by = if event.claim.is_some() { "by the claim" } else { "of itself" };
                    format!(
                        "${:.2} of the loss repaid to the reserve, paid by the fund {by}",
                        usd(event.repaid)
                    )
                }
                Event::ClaimOpened(event) => {
                    format!(
                        "opened for ${:.2}: nine validators may vote, by the stake that was injected",
                        usd(event.value)
                    )
                }
                Event::ClaimVoted(event) => {
                    let sol = |lamports: u64| lamports / LAMPORTS_PER_SOL;
                    format!(
                        "a validator says yes: {} SOL in favour, of {}",
                        sol(event.in_favour[1]),
                        STAKES.iter().sum::<u64>()
                    )
                }
                Event::ClaimSettled(event) if event.passed => {
                    "passed: more than half of the weight said yes".into()
                }
                Event::ClaimSettled(_) => "failed".into(),
                _ => continue,
            };
            self.say("claim", text);
        }
    }
}

/// What the fund pays of itself here, dollars: it may pay a twentieth at once, with its premium.
const AUTOMATIC: f64 = STAKED / 20.0 * 0.99;
