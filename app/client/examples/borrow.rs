//! Borrows with the client alone: `cargo run --example borrow -- RPC_URL KEYPAIR VAULT MINT UNITS`.
//!
//! Prices come from Pyth's Hermes; refresh and loan travel together where they fit, and the loan is refused here, with amounts that
//! would help, before anything is sent.

use anchor_lang::prelude::Pubkey;
use ballast_client::{
    act::{Action, Intent},
    names::Names,
    prices::hermes::{Hermes, HERMES},
    send::{Rpc, SendOptions, Sender},
    view::{PortfolioView, Snapshot},
    Account, Asset,
};
use ballast_risk::TokenAmount;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::read_keypair_file;
use solana_signer::Signer;
use std::{error::Error, time::Duration};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("pass RPC_URL KEYPAIR VAULT MINT UNITS");
    let (url, keypair) = (next()?, next()?);
    let (vault, mint): (Pubkey, Pubkey) = (next()?.parse()?, next()?.parse()?);
    let units = TokenAmount(next()?.parse()?);

    let owner = read_keypair_file(keypair)?;
    let rpc = Rpc::new(&url, None, CommitmentConfig::confirmed(), Duration::from_secs(30));
    let sender = Sender::new(rpc, SendOptions::default());
    let account = Account { vault, owner: owner.pubkey(), id: 0 };
    let asset = Asset { vault, mint, token_program: anchor_spl::token::ID };

    let intent = Intent { action: Action::Borrow, reserve: asset.reserve(), amount: units };
    let prices = Hermes::new(HERMES)?;
    let mut tables = vec![];
    let landed = sender.act(&prices, &Names::default(), &account, &intent, &owner, &mut tables).await?;
    for one in landed {
        println!("{}: slot {}, {}", one.what, one.slot, one.signature);
    }

    let snapshot = Snapshot::fetch(&sender.transport, vault).await?;
    let obligation = snapshot.obligation(&sender.transport, account.obligation()).await?;
    if let Some(obligation) = obligation {
        let view = PortfolioView::new(&snapshot, &obligation)?;
        println!("equity {} micro-USD, {}", view.maintenance.equity().0, view.reason);
    }
    Ok(())
}
