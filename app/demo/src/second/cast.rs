//! Who is there when the second act begins: a main vault of majors, a vault of one thin alt, and people in both.

use anchor_lang::prelude::Pubkey;
use anyhow::{Context as _, Result};
use ballast::state::Obligation;
use ballast_client::{
    account::{reserves_of, reserves_with},
    address::{self, Account},
    governance::open_vault,
    instruction,
    insurance::{self, Fund},
    preset::{reserve_config, vault_config},
    Event,
};
use ballast_lab::svm::{Ledger, Token};
use ballast_risk::{
    fund::FundRules,
    presets::{balanced, AssetKind},
};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Somebody with an obligation.
pub struct Person {
    /// Signs.
    pub key: Keypair,
    /// The obligation.
    pub account: Account,
}

/// Everybody and everything.
pub struct Cast {
    /// The ledger.
    pub ledger: Ledger,
    /// Curates and guards both vaults.
    pub curator: Keypair,
    /// Liquidates with tokens of its own.
    pub keeper: Person,
    /// The vault of majors.
    pub main: Pubkey,
    /// The vault of one alt.
    pub alt_vault: Pubkey,
    /// BTC, SOL, USDC.
    pub majors: [Token; 3],
    /// The alt.
    pub alt: Token,
    /// Lends USDC to the alt vault.
    pub lender: Person,
    /// Borrow USDC against the alt.
    pub borrowers: Vec<Person>,
    /// A lender and a borrower of the main vault.
    pub neighbours: [Person; 2],
}

/// Dollars that the alt vault's lender lends.
pub const LENT: f64 = 500_000.0;
/// Deposits of the alt's borrowers, dollars, and their debt's share of them.
pub const BORROWERS: [(f64, f64); 5] =
    [(60_000.0, 0.55), (40_000.0, 0.50), (25_000.0, 0.45), (90_000.0, 0.40), (30_000.0, 0.30)];

impl Cast {
    /// Sets everything up with real instructions.
    pub fn gather(mut ledger: Ledger) -> Result<Self> {
        let (curator, keeper) = (ledger.wallet()?, ledger.wallet()?);
        let majors = [
            Token::create(&mut ledger, "BTC", 8, AssetKind::Btc, 110_000.0)?,
            Token::create(&mut ledger, "SOL", 9, AssetKind::Sol, 190.0)?,
            Token::create(&mut ledger, "USDC", 6, AssetKind::Usd, 1.0)?,
        ];
        let alt = Token::create(&mut ledger, "ALT", 6, AssetKind::Alt, 2.5)?;
        let vault = |id| address::vault(&curator.pubkey(), id);
        let (main, alt_vault) = (vault(1), vault(2));
        let account = |vault, owner: &Keypair| Account { vault, owner: owner.pubkey(), id: 0 };
        let mut person = |vault| -> Result<Person> {
            let key = ledger.wallet()?;
            Ok(Person { account: account(vault, &key), key })
        };
        let lender = person(alt_vault)?;
        let borrowers = BORROWERS.iter().map(|_| person(alt_vault)).collect::<Result<Vec<_>>>()?;
        let neighbours = [person(main)?, person(main)?];
        let keeper = Person { account: account(alt_vault, &keeper), key: keeper };
        let mut cast =
            Self { ledger, curator, keeper, main, alt_vault, majors, alt, lender, borrowers, neighbours };
        cast.vaults()?;
        cast.people()?;
        Ok(cast)
    }

    /// Every token of a vault.
    pub fn tokens(&self, vault: Pubkey) -> Vec<Token> {
        if vault == self.main {
            self.majors.to_vec()
        } else {
            vec![self.alt, self.usdc()]
        }
    }

    /// The stable.
    pub fn usdc(&self) -> Token {
        self.majors[2]
    }

    fn vaults(&mut self) -> Result<()> {
        let preset = balanced().map_err(|error| anyhow::anyhow!("the balanced preset: {error}"))?;
        let curator = self.curator.insecure_clone();
        for (vault, id) in [(self.main, 1), (self.alt_vault, 2)] {
            let config = vault_config(&preset, id, curator.pubkey(), curator.pubkey());
            let create = instruction::create_vault(curator.pubkey(), config);
            self.ledger.send("create_vault", &[create], &[&curator])?;
            for token in self.tokens(vault) {
                let config = reserve_config(&preset, token.kind, token.feed())?;
                let add = instruction::add_reserve(curator.pubkey(), &token.asset(vault), config);
                self.ledger.send("add_reserve", &[add], &[&curator])?;
            }
            if vault == self.alt_vault {
                // before the opening: afterwards its token would wait out the timelock
                let fund = Fund { asset: self.usdc().asset(vault) };
                let create = insurance::create_fund(curator.pubkey(), &fund, FundRules::BALANCED.into());
                self.ledger.send("create_fund", &[create], &[&curator])?;
            }
            let open = open_vault(curator.pubkey(), vault, 1);
            self.ledger.send("open the vault", &open, &[&curator])?;
        }
        Ok(())
    }

    fn people(&mut self) -> Result<()> {
        self.refresh(self.main)?;
        self.refresh(self.alt_vault)?;
        let everyone = self.borrowers.iter().chain(&self.neighbours).chain([&self.lender, &self.keeper]);
        let accounts: Vec<(Account, Keypair)> =
            everyone.map(|person| (person.account, person.key.insecure_clone())).collect();
        for (account, key) in accounts {
            for token in self.tokens(account.vault) {
                self.ledger.set_tokens(&account.owner, &token.mint, 0)?;
            }
            self.ledger.send("open_obligation", &[instruction::open_obligation(&account)], &[&key])?;
        }
        let (usdc, alt, [btc, ..]) = (self.usdc(), self.alt, self.majors);
        self.ledger.set_tokens(&self.keeper.account.owner, &usdc.mint, usdc.units(1_000_000.0))?;
        let lender = (self.lender.account, self.lender.key.insecure_clone());
        self.deposit(lender.0, &lender.1, usdc, LENT)?;
        for (number, (dollars, share)) in BORROWERS.into_iter().enumerate() {
            let (account, key) =
                (self.borrowers[number].account, self.borrowers[number].key.insecure_clone());
            self.deposit(account, &key, alt, dollars / alt.dollars)?;
            self.borrow(account, &key, usdc, dollars * share)?;
        }
        let [saver, holder] =
            [0, 1].map(|i| (self.neighbours[i].account, self.neighbours[i].key.insecure_clone()));
        self.deposit(saver.0, &saver.1, usdc, 200_000.0)?;
        self.deposit(holder.0, &holder.1, btc, 1.0)?;
        self.borrow(holder.0, &holder.1, usdc, 60_000.0)
    }

    fn deposit(&mut self, account: Account, key: &Keypair, token: Token, whole: f64) -> Result<()> {
        let amount = token.units(whole);
        self.ledger.set_tokens(&account.owner, &token.mint, amount)?;
        let deposit = instruction::deposit(&account, &token.asset(account.vault), amount);
        self.ledger.send("deposit", &[deposit], &[key]).map(|_| ())
    }

    /// Borrows whole tokens.
    pub fn borrow(&mut self, account: Account, key: &Keypair, token: Token, whole: f64) -> Result<()> {
        let asset = token.asset(account.vault);
        let reserves = reserves_with(&self.obligation(&account)?, asset.reserve());
        let borrow = instruction::borrow(&account, &asset, token.units(whole), &reserves);
        self.ledger.send("borrow", &[borrow], &[key]).map(|_| ())
    }

    /// An obligation.
    pub fn obligation(&self, account: &Account) -> Result<Obligation> {
        self.ledger.state(&account.obligation()).context("an obligation")
    }

    /// The reserves of an obligation's positions.
    pub fn reserves(&self, account: &Account) -> Result<Vec<Pubkey>> {
        Ok(reserves_of(&self.obligation(account)?))
    }

    /// Publishes and takes the prices of a vault; returns the events.
    pub fn refresh(&mut self, vault: Pubkey) -> Result<Vec<Event>> {
        self.refresh_these(vault, &self.tokens(vault))
    }

    /// The same for one token.
    pub fn refresh_one(&mut self, vault: Pubkey, token: Token) -> Result<Vec<Event>> {
        self.refresh_these(vault, &[token])
    }

    fn refresh_these(&mut self, vault: Pubkey, tokens: &[Token]) -> Result<Vec<Event>> {
        let mut pairs = vec![];
        for token in tokens {
            token.publish(&mut self.ledger)?;
            pairs.push((token.asset(vault).reserve(), token.price_account));
        }
        let curator = self.curator.insecure_clone();
        self.ledger.send("refresh_reserves", &[instruction::refresh_reserves(vault, &pairs)], &[&curator])
    }
}
