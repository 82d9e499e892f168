//! What the local network begins with: tokens, a vault, its reserves with prices, and a lender's liquidity.

use super::{
    cheat,
    player::{feed, Player},
};
use crate::{args::LocalnetArgs, commands::config, network::Token};
use anchor_lang::prelude::Pubkey;
use anyhow::{Context as _, Result};
use ballast_client::{
    address, instruction,
    preset::{reserve_config, vault_config},
    prices::{hex, local::LocalPrices},
    send::{Rpc, SendOptions, Sender, Step},
    Account, Asset as ClientAsset,
};
use ballast_demo::asset::{Asset, ASSETS};
use ballast_risk::{price::UnitPrice, Usd};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::{read_keypair_file, write_keypair_file, Keypair};
use solana_signer::Signer;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Everything with an address.
pub struct World {
    rpc: Arc<Rpc>,
    operator: Keypair,
    operator_path: PathBuf,
    borrower: Keypair,
    borrower_path: PathBuf,
    lender: Keypair,
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
    pub fn new(rpc: Arc<Rpc>, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (operator, operator_path) = kept(folder, "operator")?;
        let (borrower, borrower_path) = kept(folder, "borrower")?;
        Ok(Self { rpc, operator, operator_path, borrower, borrower_path, lender: key("lender") })
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

    fn mint(asset: Asset) -> Pubkey {
        key(&format!("mint {asset}")).pubkey()
    }

    fn price_account(asset: Asset) -> Pubkey {
        key(&format!("price {asset}")).pubkey()
    }

    fn asset(&self, asset: Asset) -> ClientAsset {
        let token_program = anchor_spl::token::ID;
        ClientAsset { vault: self.vault(), mint: Self::mint(asset), token_program }
    }

    /// The price accounts.
    pub fn prices(&self) -> LocalPrices {
        let accounts = ASSETS.map(|asset| (feed(asset), Self::price_account(asset)));
        LocalPrices::new(self.rpc.clone(), accounts.into())
    }

    /// The tokens, for the network file.
    pub fn tokens(&self) -> Vec<Token> {
        let token = |asset: Asset| Token {
            symbol: asset.symbol().to_owned(),
            mint: Self::mint(asset).to_string(),
            decimals: asset.decimals(),
            feed: Some(hex(&feed(asset))),
            price_account: Some(Self::price_account(asset).to_string()),
        };
        ASSETS.map(token).to_vec()
    }

    /// Makes everything, by the instructions that anybody uses.
    pub async fn make(&self, options: &LocalnetArgs, player: &Player) -> Result<()> {
        let rpc = &*self.rpc;
        cheat::fund(rpc, &self.operator.pubkey(), cheat::PLENTY).await?;
        cheat::fund(rpc, &self.borrower.pubkey(), cheat::PLENTY).await?;
        cheat::fund(rpc, &self.lender.pubkey(), cheat::PLENTY).await?;
        for asset in ASSETS {
            cheat::make_mint(rpc, &Self::mint(asset), asset.decimals()).await?;
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
        for asset in ASSETS {
            let config = reserve_config(&preset, asset.kind(), feed(asset));
            let config = config.map_err(|error| anyhow::anyhow!("{asset}: {error}"))?;
            let add = instruction::add_reserve(operator, &self.asset(asset), config);
            steps.push(Step::together(format!("add {asset}"), vec![add]));
        }
        let pairs = ASSETS.map(|asset| (self.asset(asset).reserve(), vec![Self::price_account(asset)]));
        steps.push(Step::refresh(self.vault(), pairs.to_vec()));
        sender.send_steps(&steps, &[&self.operator], &[]).await.context("making the vault")?;
        self.lend(&sender, options, player).await.context("lending")
    }

    async fn lend(&self, sender: &Sender<Arc<Rpc>>, options: &LocalnetArgs, player: &Player) -> Result<()> {
        let account = Account { vault: self.vault(), owner: self.lender.pubkey(), id: 0 };
        let open = instruction::open_obligation(&account);
        let mut steps = vec![Step::together("open the lender's obligation", vec![open])];
        let borrowable = ASSETS.into_iter().filter(|asset| !matches!(asset, Asset::Lst | Asset::Alt));
        for asset in borrowable.filter(|_| options.liquidity > 0) {
            let quote = player.tape.first().quotes[asset.index()];
            let price = UnitPrice::from_oracle(u64::try_from(quote.price)?, quote.exponent, asset.decimals());
            let worth = Usd(i128::from(options.liquidity) * 1_000_000);
            let amount = price
                .and_then(|price| price.amount_down(worth))
                .map_err(|error| anyhow::anyhow!("{asset}: {error}"))?;
            let (owner, mint) = (account.owner, Self::mint(asset));
            cheat::set_tokens(&self.rpc, &owner, &mint, amount.0, &anchor_spl::token::ID).await?;
            let deposit = instruction::deposit(&account, &self.asset(asset), amount.0);
            steps.push(Step::together(format!("lend {asset}"), vec![deposit]));
        }
        sender.send_steps(&steps, &[&self.lender], &[]).await?;
        Ok(())
    }
}
