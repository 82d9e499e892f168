//! Questions to a cluster that only showing and checking ask: whole programs, histories, evidence.

use crate::{
    event::Event,
    send::{
        rpc::transport_error,
        transport::{patiently, Answer, Transport},
        Rpc, TransportError,
    },
    verify::{Evidence, Fetched},
    view::{Snapshot, ViewError},
};
use anchor_lang::{prelude::Pubkey, Discriminator};
use ballast::state::{Obligation, Vault};
use base64::{engine::general_purpose::STANDARD, Engine};
use serde_json::{json, Value};
use solana_rpc_client_api::request::RpcRequest;
use solana_signature::Signature;

/// One transaction of an account's history.
#[derive(Clone)]
pub struct Past {
    /// Its signature.
    pub signature: Signature,
    /// Its slot.
    pub slot: u64,
    /// Time of its block, seconds.
    pub time: Option<i64>,
    /// The program's events in it.
    pub events: Vec<Event>,
}

/// How often to ask again until accounts and obligations are of one moment.
const TRIES: u32 = 8;

impl Rpc {
    /// Accounts of the program with this discriminator and these bytes at this offset.
    async fn program_accounts(&self, kind: &[u8], at: Option<(usize, Pubkey)>) -> Answer<Vec<Fetched>> {
        let mut filters =
            vec![json!({ "memcmp": { "offset": 0, "bytes": STANDARD.encode(kind), "encoding": "base64" } })];
        if let Some((offset, key)) = at {
            filters.push(json!({ "memcmp": { "offset": offset, "bytes": key.to_string() } }));
        }
        let commitment = self.client().commitment().commitment.to_string();
        let config = json!({ "encoding": "base64", "commitment": commitment, "filters": filters });
        let params = json!([ballast::ID.to_string(), config]);
        let answer = self.client().send::<Value>(RpcRequest::GetProgramAccounts, params).await;
        let answer = answer.map_err(transport_error)?;
        let list = answer.as_array().or_else(|| answer["value"].as_array());
        let unexpected = || TransportError::Unexpected("accounts of the program".into());
        let read = |one: &Value| {
            let key = one["pubkey"].as_str()?.parse().ok()?;
            let owner = one["account"]["owner"].as_str()?.parse().ok()?;
            let data = STANDARD.decode(one["account"]["data"][0].as_str()?).ok()?;
            Some(Fetched { key, owner, data })
        };
        list.ok_or_else(unexpected)?.iter().map(|one| read(one).ok_or_else(unexpected)).collect()
    }

    /// Every vault of the cluster.
    pub async fn vaults(&self) -> Answer<Vec<Fetched>> {
        patiently(|| self.program_accounts(Vault::DISCRIMINATOR, None)).await
    }

    /// Every obligation of a vault.
    pub async fn obligations(&self, vault: Pubkey) -> Answer<Vec<Fetched>> {
        // Discriminator, then eight bytes before the vault's address.
        patiently(|| self.program_accounts(Obligation::DISCRIMINATOR, Some((16, vault)))).await
    }

    /// The newest transactions that name an account, newest first, with the program's events in them. Failed ones are left out.
    pub async fn history(&self, account: &Pubkey, limit: usize) -> Answer<Vec<Past>> {
        let params = json!([account.to_string(), { "limit": limit, "commitment": "confirmed" }]);
        let list = patiently(|| async {
            let request = RpcRequest::GetSignaturesForAddress;
            self.client().send::<Value>(request, params.clone()).await.map_err(transport_error)
        })
        .await?;
        let mut past = vec![];
        for one in list.as_array().into_iter().flatten().filter(|one| one["err"].is_null()) {
            let Some(signature) = one["signature"].as_str().and_then(|text| text.parse::<Signature>().ok())
            else {
                continue;
            };
            let Some(record) = patiently(|| self.record(&signature)).await? else { continue };
            let events = crate::event::events(&record.logs);
            past.push(Past { signature, slot: record.slot, time: record.time, events });
        }
        Ok(past)
    }

    /// What [`crate::verify::verify`] needs, all of one moment: read again until nothing moved while it was read.
    pub async fn evidence(&self, vault: Pubkey) -> Result<Evidence, ViewError> {
        for _ in 0..TRIES {
            let snapshot = Snapshot::fetch(self, vault).await?;
            let mut keys = vec![vault];
            keys.extend(snapshot.reserves.keys());
            keys.extend(snapshot.reserves.values().map(|reserve| reserve.token_account));
            let before = self.fetched(&keys).await?;
            let obligations = self.obligations(vault).await?;
            let after = self.fetched(&keys).await?;
            let is_still = before.iter().zip(&after).all(|(a, b)| a.data == b.data);
            if !is_still {
                continue;
            }
            let mut rest = after.into_iter();
            let missing = || ViewError::Missing { what: "vault", key: vault };
            return Ok(Evidence {
                vault: rest.next().ok_or_else(missing)?,
                reserves: rest.by_ref().take(snapshot.reserves.len()).collect(),
                token_accounts: rest.collect(),
                obligations,
                now: snapshot.now(),
            });
        }
        Err(TransportError::Unexpected("the vault moved while it was read, each time: try again".into())
            .into())
    }

    async fn fetched(&self, keys: &[Pubkey]) -> Answer<Vec<Fetched>> {
        let accounts = patiently(|| self.accounts(keys)).await?;
        let one = |(key, account): (&Pubkey, Option<solana_account::Account>)| {
            let account = account.unwrap_or_default();
            Fetched { key: *key, owner: account.owner, data: account.data }
        };
        Ok(keys.iter().zip(accounts).map(one).collect())
    }
}
