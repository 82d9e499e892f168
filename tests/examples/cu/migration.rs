//! What it costs to bring an account of version 1 into the present.

use crate::stage::own;
use ballast_client::instruction::migrate_account;
use ballast_tests::World;
use solana_signer::Signer;

/// Measures a vault, then a reserve and an obligation of it.
pub async fn measure() -> Vec<(&'static str, u64)> {
    let mut world = World::start().await;
    let (sol, payer, vault) = (world.sol, world.curator.insecure_clone(), world.vault);
    let user = world.lender(&sol, sol.units(1)).await;
    let mut units = vec![];
    for key in world.migrating().await {
        let old = world.as_version_1(key).await;
        world.chain.put(key, old);
    }
    for (name, account) in [
        ("migrate_account, a vault", None),
        ("migrate_account, a reserve", Some(world.asset(&sol).reserve())),
        ("migrate_account, an obligation", Some(user.obligation())),
    ] {
        let migrate = migrate_account(payer.pubkey(), vault, account);
        let receipt = world.chain.send(&[migrate], &[&payer]).await.expect("version 1 migrates");
        units.push((name, own(&receipt)));
    }
    units
}
