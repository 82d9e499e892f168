//! Prices from Pyth's Hermes, posted with full verification: a guardian-signed message is written into an account of the Wormhole program,
//! verified there, and each price is taken out of it by the receiver program. All accounts made on the way are closed afterwards.

use super::{hex, FeedId, Fresh, PriceError, PriceSource};
use crate::{price::Price, send::Step};
use anchor_lang::{
    prelude::{AccountMeta, Pubkey},
    pubkey,
    solana_program::{instruction::Instruction, rent::Rent, system_instruction, system_program},
    AnchorSerialize,
};
use async_trait::async_trait;
use base64::{engine::general_purpose::STANDARD, Engine};
use pyth_solana_receiver_sdk::{
    pda::{get_config_address, get_treasury_address},
    PostUpdateParams,
};
use pythnet_sdk::{
    messages::Message,
    wire::{
        from_slice,
        v1::{AccumulatorUpdateData, MerklePriceUpdate, Proof},
    },
};
use serde_json::Value;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::time::Duration;

/// Pyth's public Hermes.
pub const HERMES: &str = "https://hermes.pyth.network";
/// The Wormhole program that Pyth's receiver believes.
pub const WORMHOLE: Pubkey = pubkey!("HDwcJBJXjL9FpJ7UBsYBtaDjsBUhuLCUYoz3zr8SWWaQ");
/// Header of an encoded message's account.
const HEADER: usize = 46;
/// Bytes of the message that fit the first transaction.
const FIRST_PART: usize = 700;
/// Which of Pyth's treasuries takes the fee.
const TREASURY: u8 = 0;

/// A Hermes service.
pub struct Hermes {
    url: String,
    client: reqwest::Client,
}

impl Hermes {
    /// The service at this address.
    pub fn new(url: &str) -> Result<Self, PriceError> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build();
        let client = client.map_err(|error| PriceError::Unreachable(error.to_string()))?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), client })
    }

    /// The newest signed update of these feeds.
    async fn update(&self, feeds: &[FeedId]) -> Result<Vec<u8>, PriceError> {
        let ids: String = feeds.iter().map(|feed| format!("&ids[]={}", hex(feed))).collect();
        let url = format!("{}/v2/updates/price/latest?encoding=base64&parsed=false{ids}", self.url);
        let unreachable = |error: reqwest::Error| PriceError::Unreachable(error.to_string());
        let answer = self.client.get(url).send().await.map_err(unreachable)?;
        let answer = answer.error_for_status().map_err(unreachable)?.text().await.map_err(unreachable)?;
        let unexpected = || PriceError::Unexpected(answer.chars().take(200).collect());
        let body: Value = serde_json::from_str(&answer).map_err(|_| unexpected())?;
        let data = body["binary"]["data"][0].as_str().ok_or_else(unexpected)?;
        STANDARD.decode(data).map_err(|_| unexpected())
    }
}

#[async_trait]
impl PriceSource for Hermes {
    async fn fresh(&self, payer: &Pubkey, feeds: &[FeedId]) -> Result<Fresh, PriceError> {
        if feeds.is_empty() {
            return Ok(Fresh::default());
        }
        posting(&self.update(feeds).await?, payer, feeds)
    }
}

/// How a signed update gets on chain.
pub fn posting(update: &[u8], payer: &Pubkey, feeds: &[FeedId]) -> Result<Fresh, PriceError> {
    let unexpected = |what: &str| PriceError::Unexpected(what.to_owned());
    let update =
        AccumulatorUpdateData::try_from_slice(update).map_err(|error| unexpected(&error.to_string()))?;
    let Proof::WormholeMerkle { vaa, updates } = update.proof;
    let vaa: Vec<u8> = vaa.into();
    let mut found: Vec<(Price, MerklePriceUpdate)> = vec![];
    for update in updates {
        let Ok(Message::PriceFeedMessage(message)) =
            from_slice::<byteorder::BE, Message>(update.message.as_ref())
        else {
            continue;
        };
        let price = Price {
            feed_id: message.feed_id,
            price: message.price,
            confidence: message.conf,
            ema: message.ema_price,
            exponent: message.exponent,
            publish_time: message.publish_time,
            posted_slot: 0,
        };
        found.push((price, update));
    }
    if let Some(missing) = feeds.iter().find(|feed| !found.iter().any(|(price, _)| price.feed_id == **feed)) {
        return Err(PriceError::NoSuchFeed(*missing));
    }
    let encoded = Keypair::new();
    let mut fresh = Fresh::default();
    let (first, rest) = vaa.split_at(vaa.len().min(FIRST_PART));
    let space = HEADER + vaa.len();
    let rent = Rent::default().minimum_balance(space);
    let create = system_instruction::create_account(payer, &encoded.pubkey(), rent, space as u64, &WORMHOLE);
    let init = wormhole("init_encoded_vaa", payer, &encoded.pubkey(), &[], None);
    fresh
        .steps
        .push(Step::together("write prices", vec![create, init, write(payer, &encoded.pubkey(), 0, first)]));
    let guardians = guardian_set(&vaa).ok_or_else(|| unexpected("a signed message of another version"))?;
    let mut verify = vec![wormhole("verify_encoded_vaa_v1", payer, &encoded.pubkey(), &[], Some(guardians))];
    if !rest.is_empty() {
        verify.insert(0, write(payer, &encoded.pubkey(), first.len(), rest));
    }
    fresh.steps.push(Step::together("verify prices", verify));
    fresh.cleanup.push(Step::together(
        "close the signed message",
        vec![wormhole("close_encoded_vaa", payer, &encoded.pubkey(), &[], None)],
    ));
    for (price, update) in found {
        let account = Keypair::new();
        let post = post_update(payer, &encoded.pubkey(), &account.pubkey(), update);
        fresh.steps.push(Step::together("post a price", vec![post]));
        fresh.cleanup.push(Step::together("close a price", vec![reclaim_rent(payer, &account.pubkey())]));
        fresh.accounts.insert(price.feed_id, account.pubkey());
        fresh.prices.push(price);
        fresh.keys.push(account);
    }
    fresh.keys.push(encoded);
    Ok(fresh)
}

/// First eight bytes of an instruction of an Anchor program.
fn discriminator(name: &str) -> Vec<u8> {
    let hash = solana_sha256_hasher::hash(format!("global:{name}").as_bytes());
    hash.to_bytes().get(..8).unwrap_or_default().to_vec()
}

fn wormhole(
    name: &str,
    authority: &Pubkey,
    encoded: &Pubkey,
    arguments: &[u8],
    guardians: Option<Pubkey>,
) -> Instruction {
    // Closing gives the rent to the authority, which is written then.
    let authority =
        AccountMeta { pubkey: *authority, is_signer: true, is_writable: name == "close_encoded_vaa" };
    let mut accounts = vec![authority, AccountMeta::new(*encoded, false)];
    accounts.extend(guardians.map(|guardians| AccountMeta::new_readonly(guardians, false)));
    let mut data = discriminator(name);
    data.extend_from_slice(arguments);
    Instruction { program_id: WORMHOLE, accounts, data }
}

fn write(authority: &Pubkey, encoded: &Pubkey, index: usize, part: &[u8]) -> Instruction {
    let mut arguments = (index as u32).to_le_bytes().to_vec();
    arguments.extend_from_slice(&(part.len() as u32).to_le_bytes());
    arguments.extend_from_slice(part);
    wormhole("write_encoded_vaa", authority, encoded, &arguments, None)
}

/// The account of the guardians that signed: their set's number follows the version byte.
fn guardian_set(vaa: &[u8]) -> Option<Pubkey> {
    if *vaa.first()? != 1 {
        return None;
    }
    let number: [u8; 4] = vaa.get(1..5)?.try_into().ok()?;
    Some(Pubkey::find_program_address(&[b"GuardianSet", &number], &WORMHOLE).0)
}

fn post_update(payer: &Pubkey, encoded: &Pubkey, account: &Pubkey, update: MerklePriceUpdate) -> Instruction {
    let arguments = PostUpdateParams { merkle_price_update: update, treasury_id: TREASURY };
    let mut data = discriminator("post_update");
    // A vector takes any number of bytes.
    let _ = AnchorSerialize::serialize(&arguments, &mut data);
    let accounts = vec![
        AccountMeta::new(*payer, true),
        AccountMeta::new_readonly(*encoded, false),
        AccountMeta::new_readonly(get_config_address(), false),
        AccountMeta::new(get_treasury_address(TREASURY), false),
        AccountMeta::new(*account, true),
        AccountMeta::new_readonly(system_program::ID, false),
        AccountMeta::new_readonly(*payer, true),
    ];
    Instruction { program_id: pyth_solana_receiver_sdk::ID, accounts, data }
}

fn reclaim_rent(payer: &Pubkey, account: &Pubkey) -> Instruction {
    let accounts = vec![AccountMeta::new(*payer, true), AccountMeta::new(*account, false)];
    Instruction { program_id: pyth_solana_receiver_sdk::ID, accounts, data: discriminator("reclaim_rent") }
}

#[cfg(test)]
mod tests;
