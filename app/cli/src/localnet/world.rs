//! What the local network begins with: tokens, a vault, its reserves with prices, and a lender's liquidity.

use super::{
    cheat,
    player::{feed, Player},
};
use crate::{args::LocalnetArgs, commands::config, network::Token};
use anchor_lang::prelude::Pubkey;
use anyhow::{Context as _, Result};
use ballast_client::{
    address, governance, instruction,
    insurance::{self, Fund},
    preset::{reserve_config, vault_config},
    prices::{hex, local::LocalPrices},
    send::{Rpc, SendOptions, Sender, Step},
    Account, Asset as ClientAsset,
};
use ballast_lab::asset::{Asset, ASSETS};
use ballast_risk::{fund::FundRules, price::UnitPrice, Usd};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::{read_keypair_file, write_keypair_file, Keypair};
use solana_signer::Signer;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Most positions of the lender.
const MOST_LENT: usize = ballast::constants::MAX_POSITIONS;

/// Everything with an address.
pub struct World {
    rpc: Arc<Rpc>,
    operator: Keypair,
    operator_path: PathBuf,
    borrower: Keypair,
    borrower_path: PathBuf,
    lender: Keypair,
    tokens: Vec<LocalToken>,
}

/// A token of the network: an asset of the demo, or another that is like one.
struct LocalToken {
    symbol: String,
    like: Asset,
}

impl LocalToken {
    fn mint(&self) -> Pubkey {
        key(&format!("mint {}", self.symbol)).pubkey()
    }

    fn price_account(&self) -> Pubkey {
        key(&format!("price {}", self.like)).pubkey()
    }
}

/// Keys that are the same every time, so that addresses can be written down.
fn key(label: &str) -> Keypair {
    let mut seed = [0u8; 32];
    for (to, from) in seed.iter_mut().zip(format!("ballast local {label}").bytes()) {
        *to = from;
    }
    Keypair::new_from_array(seed)
}

/// A keypair file of this folder, written where there is none.
fn kept(folder: &Path, name: &str) -> Result<(Keypair, PathBuf)> {
    let path = folder.join(format!("{name}.json"));
    let shown = path.display();
    if !path.exists() {
        let written = write_keypair_file(&key(name), &path);
        written.map_err(|error| anyhow::anyhow!("cannot write {shown}: {error}"))?;
    }
    let read = read_keypair_file(&path).map_err(|error| anyhow::anyhow!("cannot read {shown}: {error}"))?;
    Ok((read, path))
}

impl World {
    /// With the operator's and a borrower's keypair in this folder, made where there are none.
    pub fn new(rpc: Arc<Rpc>, folder: &Path, extras: u8) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (operator, operator_path) = kept(folder, "operator")?;
        let (borrower, borrower_path) = kept(folder, "borrower")?;
        let assets = ASSETS.map(|asset| LocalToken { symbol: asset.symbol().to_owned(), like: asset });
        let extra = |number| LocalToken { symbol: format!("X{number}"), like: Asset::Usde };
        let tokens = assets.into_iter().chain((1..=extras).map(extra)).collect();
        Ok(Self { rpc, operator, operator_path, borrower, borrower_path, lender: key("lender"), tokens })
    }

    /// The vault.
    pub fn vault(&self) -> Pubkey {
        address::vault(&self.operator.pubkey(), 1)
    }

    /// Where the operator's keypair is.
    pub fn operator_path(&self) -> &Path {
        &self.operator_path
    }

    /// Where the borrower's keypair is.
    pub fn borrower_path(&self) -> &Path {
        &self.borrower_path
    }

    fn asset(&self, token: &LocalToken) -> ClientAsset {
        let token_program = anchor_spl::token::ID;
        ClientAsset { vault: self.vault(), mint: token.mint(), token_program }
    }

    /// The price accounts.
    pub fn prices(&self) -> LocalPrices {
        let accounts = self.tokens.iter().map(|token| (feed(token.like), token.price_account()));
        LocalPrices::new(self.rpc.clone(), accounts.collect())
    }

    /// The tokens, for the network file.
    pub fn tokens(&self) -> Vec<Token> {
        let token = |token: &LocalToken| Token {
            symbol: token.symbol.clone(),
            mint: token.mint().to_string(),
            decimals: token.like.decimals(),
            feed: Some(hex(&feed(token.like))),
            price_account: Some(token.price_account().to_string()),
        };
        self.tokens.iter().map(token).collect()
    }

    /// Makes everything, by the instructions that anybody uses.
    pub async fn make(&self, options: &LocalnetArgs, player: &Player) -> Result<()> {
        let rpc = &*self.rpc;
        cheat::fund(rpc, &self.operator.pubkey(), cheat::PLENTY).await?;
        cheat::fund(rpc, &self.borrower.pubkey(), cheat::PLENTY).await?;
        cheat::fund(rpc, &self.lender.pubkey(), cheat::PLENTY).await?;
        for token in &self.tokens {
            cheat::make_mint(rpc, &token.mint(), token.like.decimals()).await?;
        }
        player.begin().await?;
        let options_to_send = SendOptions {
            commitment: CommitmentConfig::processed(),
            poll: Duration::from_millis(50),
            ..SendOptions::default()
        };
        let sender = Sender::new(self.rpc.clone(), options_to_send);
        let preset = config::preset(&options.preset)?;
        let operator = self.operator.pubkey();
        let create = instruction::create_vault(operator, vault_config(&preset, 1, operator, operator));
        let mut steps = vec![Step::together("create the vault", vec![create])];
        for token in &self.tokens {
            let symbol = &token.symbol;
            let config = reserve_config(&preset, token.like.kind(), feed(token.like));
            let config = config.map_err(|error| anyhow::anyhow!("{symbol}: {error}"))?;
            let add = instruction::add_reserve(operator, &self.asset(token), config);
            steps.push(Step::together(format!("add {symbol}"), vec![add]));
        }
        let pairs =
            self.tokens.iter().map(|token| (self.asset(token).reserve(), vec![token.price_account()]));
        steps.push(Step::refresh(self.vault(), pairs.collect()));
        // before the opening: afterwards its token would wait out the timelock
        let sol = self.tokens.iter().find(|token| matches!(token.like, Asset::Sol));
        if let Some(token) = sol {
            let fund = Fund { asset: self.asset(token) };
            let create = insurance::create_fund(operator, &fund, FundRules::BALANCED.into());
            steps.push(Step::together("make the insurance fund in SOL", vec![create]));
        }
        let open = governance::open_vault(operator, self.vault(), 1);
        steps.push(Step::together("open the vault", open.into()));
        sender.send_steps(&steps, &[&self.operator], &[]).await.context("making the vault")?;
        self.lend(&sender, options, player).await.context("lending")
    }

    async fn lend(&self, sender: &Sender<Arc<Rpc>>, options: &LocalnetArgs, player: &Player) -> Result<()> {
        let account = Account { vault: self.vault(), owner: self.lender.pubkey(), id: 0 };
        let open = instruction::open_obligation(&account);
        let mut steps = vec![Step::together("open the lender's obligation", vec![open])];
        let borrowable = self.tokens.iter().filter(|token| !matches!(token.like, Asset::Lst | Asset::Alt));
        for token in borrowable.filter(|_| options.liquidity > 0).take(MOST_LENT) {
            let (symbol, decimals) = (&token.symbol, token.like.decimals());
            let quote = player.tape.first().quotes[token.like.index()];
            let price = UnitPrice::from_oracle(u64::try_from(quote.price)?, quote.exponent, decimals);
            let worth = Usd(i128::from(options.liquidity) * 1_000_000);
            let amount = price.and_then(|price| price.amount_down(worth));
            let amount = amount.map_err(|error| anyhow::anyhow!("{symbol}: {error}"))?;
            cheat::set_tokens(&self.rpc, &account.owner, &token.mint(), amount.0, &anchor_spl::token::ID)
                .await?;
            let deposit = instruction::deposit(&account, &self.asset(token), amount.0);
            steps.push(Step::together(format!("lend {symbol}"), vec![deposit]));
        }
        sender.send_steps(&steps, &[&self.lender], &[]).await?;
        Ok(())
    }
}
