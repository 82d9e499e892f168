//! Rent that comes back, whatever became of what it was paid for.

use super::{
    pack::{pack, Step},
    sender::{Landed, Sender, Signers},
    SendError, Transport,
};
use solana_message::AddressLookupTableAccount;

impl<T: Transport> Sender<T> {
    /// Sends steps, and then `cleanup`, which closes the accounts that they made for themselves, whether or not all of them landed.
    /// Returns what became of the steps; rent that does not come back changes nothing of it.
    pub async fn send_and_clean(
        &self,
        steps: &[Step],
        cleanup: &[Step],
        signers: &Signers<'_>,
        tables: &[AddressLookupTableAccount],
    ) -> Result<Vec<Landed>, SendError> {
        let result = self.send_steps(steps, signers, tables).await;
        let _ = match &result {
            Ok(_) => self.send_steps(cleanup, signers, &[]).await.map(|_| ()),
            Err(_) => self.clean_what_is_there(cleanup, signers).await,
        };
        result
    }

    /// Sends those steps that would land now. What stopped half-way has made some accounts and not others, and one that is missing
    /// would keep the rest open.
    pub async fn clean_what_is_there(
        &self,
        cleanup: &[Step],
        signers: &Signers<'_>,
    ) -> Result<(), SendError> {
        let Some(payer) = signers.first().map(|signer| signer.pubkey()) else { return Ok(()) };
        let mut lands = vec![];
        for step in cleanup {
            for packed in pack(&payer, std::slice::from_ref(step), &[])? {
                match self.simulate(&packed, signers).await {
                    Ok(_) => lands.push(step.clone()),
                    Err(SendError::Refused { refusal, .. }) if refusal.program.is_some() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.send_steps(&lands, signers, &[]).await.map(|_| ())
    }
}
