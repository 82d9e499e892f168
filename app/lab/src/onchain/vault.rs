//! One vault of a preset on the compiled program, with everybody's obligation, all made by real instructions.

use crate::{
    asset::{Asset, ASSETS, COUNT},
    population::{Account, Population},
    rules::Rules,
    svm::{reason, Ledger, Token},
    tape::Prices,
};
use anchor_lang::{
    prelude::{Clock, Pubkey},
    solana_program::{instruction::Instruction, program_pack::Pack as _},
};
use anchor_spl::token::spl_token::state::Account as TokenAccount;
use anyhow::{bail, Context as _, Result};
use ballast::state::{Obligation, Reserve, Vault as VaultState};
use ballast_client::{
    account::{reserves_of, reserves_with},
    address, decode,
    governance::open_vault,
    instruction,
    preset::{reserve_config, vault_config},
    Event,
};
use ballast_risk::{
    caps::{VaultCaps, MAX_LEVERAGE},
    Bps,
};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{collections::BTreeMap, path::Path};

/// Tokens of a keeper: more than it can ever need.
const PURSE: u64 = u64::MAX / 4;

/// A vault with its borrowers.
pub struct Vault {
    /// The ledger that the program runs on.
    pub ledger: Ledger,
    /// The tokens, in the order of [`ASSETS`].
    pub tokens: [Token; COUNT],
    /// Reserves, in the same order.
    pub reserves: [Pubkey; COUNT],
    /// Their token accounts.
    token_accounts: [Pubkey; COUNT],
    /// Liquidates.
    pub keeper: Keypair,
    /// Each borrower's obligation, in the population's order.
    pub obligations: Vec<Pubkey>,
    /// The vault's account. Nothing changes it once it is open.
    pub state: Box<VaultState>,
    /// Reasons for which the program would not lend, with how many accounts it was.
    pub not_lent: BTreeMap<String, usize>,
    /// Token units of each asset that were lent by somebody who borrows nothing.
    pub lent: [u64; COUNT],
    key: Pubkey,
    curator: Keypair,
    keepers_shares: Pubkey,
}

impl Vault {
    /// Makes the vault at this time and these prices, and opens everybody's positions. Where the program would not lend, the account
    /// stays without its debt, here and in `population`.
    pub fn open(
        program: &Path,
        rules: &Rules,
        population: &mut Population,
        time: u64,
        opening: &Prices,
    ) -> Result<Self> {
        let mut ledger = Ledger::start(program, time)?.trusting_signatures();
        let (curator, keeper) = (ledger.wallet()?, ledger.wallet()?);
        let key = address::vault(&curator.pubkey(), 1);
        let mut tokens = vec![];
        for asset in ASSETS {
            let dollars = opening[asset.index()];
            let (name, decimals) = (asset.symbol(), asset.decimals());
            tokens.push(Token::create(&mut ledger, name, decimals, asset.kind(), dollars)?);
        }
        let tokens: [Token; COUNT] = tokens.try_into().ok().context("a token for each asset")?;
        let reserves = tokens.map(|token| token.asset(key).reserve());
        create(&mut ledger, &curator, key, &tokens, rules)?;
        let state = Box::new(ledger.state(&key)?);
        let keepers_shares = address::Account { vault: key, owner: keeper.pubkey(), id: 0 };
        let open = instruction::open_obligation(&keepers_shares);
        ledger.send("open_obligation of the keeper", &[open], &[&keeper])?;
        for token in &tokens {
            ledger.set_tokens(&keeper.pubkey(), &token.mint, PURSE)?;
        }
        let mut vault = Self {
            ledger,
            tokens,
            reserves,
            token_accounts: tokens.map(|token| token.asset(key).tokens()),
            keeper,
            obligations: vec![],
            state,
            not_lent: BTreeMap::new(),
            lent: [0; COUNT],
            key,
            curator,
            keepers_shares: keepers_shares.obligation(),
        };
        vault.refresh()?;
        vault.lend(population)?;
        for (number, account) in population.accounts.iter_mut().enumerate() {
            vault.settle_in(account).with_context(|| format!("account {number}"))?;
        }
        Ok(vault)
    }

    /// Somebody lends what is borrowed and a quarter more: at most four fifths of a reserve are owed.
    fn lend(&mut self, population: &Population) -> Result<()> {
        let lender = self.ledger.wallet()?;
        let account = address::Account { vault: self.key, owner: lender.pubkey(), id: 0 };
        self.ledger.send("open_obligation", &[instruction::open_obligation(&account)], &[&lender])?;
        for asset in ASSETS {
            let borrowed: u64 = population.accounts.iter().map(|account| account.debts[asset.index()]).sum();
            let amount = borrowed.saturating_add(borrowed / 4);
            if amount > 0 {
                self.deposit(&account, &lender, asset, amount)?;
                self.lent[asset.index()] = amount;
            }
        }
        Ok(())
    }

    /// Opens one account's obligation with its deposits and debts.
    fn settle_in(&mut self, account: &mut Account) -> Result<()> {
        let owner = self.ledger.wallet()?;
        let own = address::Account { vault: self.key, owner: owner.pubkey(), id: 0 };
        self.ledger.send("open_obligation", &[instruction::open_obligation(&own)], &[&owner])?;
        for asset in ASSETS.into_iter().filter(|asset| account.deposits[asset.index()] > 0) {
            self.deposit(&own, &owner, asset, account.deposits[asset.index()])?;
        }
        for asset in ASSETS {
            let debt = &mut account.debts[asset.index()];
            if *debt == 0 {
                continue;
            }
            let token = self.tokens[asset.index()];
            self.ledger.set_tokens(&owner.pubkey(), &token.mint, 0)?;
            let obligation: Obligation = self.ledger.state(&own.obligation())?;
            let reserves = reserves_with(&obligation, self.reserves[asset.index()]);
            let borrow = instruction::borrow(&own, &token.asset(self.key), *debt, &reserves);
            if let Err(logs) = self.ledger.attempt(&[borrow], &[&owner])? {
                let reason = reason(&logs).with_context(|| format!("borrow: {}", logs.join("\n")))?;
                *self.not_lent.entry(reason.to_string()).or_default() += 1;
                *debt = 0;
            }
        }
        self.obligations.push(own.obligation());
        Ok(())
    }

    fn deposit(&mut self, own: &address::Account, owner: &Keypair, asset: Asset, amount: u64) -> Result<()> {
        let token = self.tokens[asset.index()];
        self.ledger.set_tokens(&own.owner, &token.mint, amount)?;
        let deposit = instruction::deposit(own, &token.asset(self.key), amount);
        self.ledger.send("deposit", &[deposit], &[owner]).map(|_| ())
    }

    /// Goes on to this time in a new slot, where the oracle shows these dollars, and takes them. Returns the events.
    pub fn moves_to(&mut self, time: u64, oracle: &Prices) -> Result<Vec<Event>> {
        let seconds = time.saturating_sub(self.ledger.now());
        self.ledger.pass_to(time);
        for (token, dollars) in self.tokens.iter_mut().zip(oracle) {
            token.moves_to(*dollars, seconds);
        }
        self.refresh()
    }

    fn refresh(&mut self) -> Result<Vec<Event>> {
        let mut pairs = vec![];
        for (token, reserve) in self.tokens.iter().zip(self.reserves) {
            token.publish(&mut self.ledger)?;
            pairs.push((reserve, token.price_account));
        }
        let refresh = instruction::refresh_reserves(self.key, &pairs);
        self.ledger.send("refresh_reserves", &[refresh], &[&self.curator])
    }

    /// The clock as the program reads it now.
    pub fn clock(&self) -> Clock {
        self.ledger.svm.get_sysvar()
    }

    /// The reserves as they are now, in the order of [`ASSETS`].
    pub fn read_reserves(&self) -> Result<Vec<Reserve>> {
        self.reserves.iter().map(|key| self.ledger.state(key)).collect()
    }

    /// Tokens that a reserve's token account holds.
    pub fn held(&self, asset: Asset) -> Result<u64> {
        let account = self.ledger.account(&self.token_accounts[asset.index()]);
        let account = account.with_context(|| format!("no token account of the {asset} reserve"))?;
        Ok(TokenAccount::unpack(&account.data)?.amount)
    }

    /// An account's obligation; `None` once it is closed.
    pub fn read_obligation(&self, account: u32) -> Result<Option<Obligation>> {
        let key = self.obligations[account as usize];
        let Some(found) = self.ledger.account(&key) else { return Ok(None) };
        Ok(Some(decode(&found.data).with_context(|| format!("the obligation of account {account}"))?))
    }

    /// The asset of a reserve.
    pub fn asset_of(&self, reserve: &Pubkey) -> Result<Asset> {
        let index = self.reserves.iter().position(|key| key == reserve).context("an unknown reserve")?;
        Ok(ASSETS[index])
    }

    /// The keeper's `soft_liquidate` of a pair.
    pub fn tranche(&self, account: u32, [repaid, sold]: [Asset; 2], max_repay: u64) -> Result<Instruction> {
        let Some(obligation) = self.read_obligation(account)? else {
            bail!("the program closed the obligation of account {account}")
        };
        Ok(instruction::soft_liquidate(&instruction::Tranche {
            liquidator: self.keeper.pubkey(),
            obligation: self.obligations[account as usize],
            debt: &self.tokens[repaid.index()].asset(self.key),
            deposit: &self.tokens[sold.index()].asset(self.key),
            reserves: &reserves_of(&obligation),
            max_repay,
            min_received: 0,
            shares_to: Some(self.keepers_shares),
        }))
    }

    /// What the program scores an account at now, `None` once it is closed or empty: the event of `refresh_obligation`.
    pub fn score(&mut self, account: u32) -> Result<Option<(i64, u64)>> {
        let Some(obligation) = self.read_obligation(account)? else { return Ok(None) };
        let (key, reserves) = (self.obligations[account as usize], reserves_of(&obligation));
        let refresh = instruction::refresh_obligation(self.key, key, &reserves);
        let landed = self.ledger.simulate(&[refresh], &[&self.curator])?;
        let landed = landed.map_err(|logs| anyhow::anyhow!("refresh_obligation: {}", logs.join("\n")))?;
        let score = landed.events.into_iter().find_map(|event| match event {
            Event::ObligationRefreshed(refreshed) => Some((refreshed.equity, refreshed.requirement)),
            _ => None,
        });
        Ok(Some(score.context("refresh_obligation said nothing")?))
    }
}

/// Creates the vault with a reserve for each asset, and opens it. Caps are as wide as they go: the lab has none, and they bound
/// opening only.
fn create(
    ledger: &mut Ledger,
    curator: &Keypair,
    vault: Pubkey,
    tokens: &[Token; COUNT],
    rules: &Rules,
) -> Result<()> {
    let mut config = vault_config(&rules.preset, 1, curator.pubkey(), curator.pubkey());
    config.caps = VaultCaps { leverage: MAX_LEVERAGE, ltv: Bps(9_500), ..VaultCaps::BALANCED }.into();
    let create = instruction::create_vault(curator.pubkey(), config);
    ledger.send("create_vault", &[create], &[curator])?;
    for (token, asset) in tokens.iter().zip(&rules.assets) {
        let mut config = reserve_config(&rules.preset, token.kind, token.feed())?;
        config.borrowable = asset.borrowable;
        let add = instruction::add_reserve(curator.pubkey(), &token.asset(vault), config);
        ledger.send("add_reserve", &[add], &[curator])?;
    }
    ledger.send("open the vault", &open_vault(curator.pubkey(), vault, 1), &[curator])?;
    Ok(())
}
