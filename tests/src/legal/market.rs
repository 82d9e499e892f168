//! Calls of lenders and borrowers, and of those who keep prices, scores and proofs.

use super::Table;
use crate::world::World;
use ballast_client::{account::reserves_of, instruction};

pub(super) async fn calls() -> Table {
    let mut table = Table::default();
    let mut world = World::start().await;
    let (btc, eth, sol, usdc) = (world.btc, world.eth, world.sol, world.usdc);
    let lender = world.lender(&usdc, usdc.units(1_000_000)).await;
    let ann = world.user().await;
    let [owner, pays] = [&ann.keypair, &lender.keypair];
    let other = ann.numbered(7);
    let open = instruction::open_obligation(&other.account);
    table.land(&mut world, ("open_obligation", ""), &open, &[owner]).await;
    let close = instruction::close_obligation(&other.account);
    table.land(&mut world, ("close_obligation", ""), &close, &[owner]).await;

    world.deposit(&ann, &btc, btc.units(1)).await.expect("nothing bounds it");
    // a Token-2022 mint, and a new position
    world.give(&ann, &eth, eth.units(10)).await;
    let deposit = instruction::deposit(&ann.account, &world.asset(&eth), eth.units(10));
    table.land(&mut world, ("deposit", ""), &deposit, &[owner]).await;
    world.deposit(&ann, &sol, sol.units(100)).await.expect("nothing bounds it");
    world.chain.pass(2);

    let pairs: Vec<_> = world.markets().iter().map(|m| (world.asset(m).reserve(), m.price_account)).collect();
    for market in world.markets() {
        let quote = market.quote(&world.chain);
        market.post_raw(&mut world.chain, &quote);
    }
    let refresh = instruction::refresh_reserves(world.vault, &pairs);
    table.land(&mut world, ("refresh_reserves", ""), &refresh, &[pays]).await;
    let borrow = world.borrowing(&ann, &usdc, usdc.units(50_000)).await;
    table.land(&mut world, ("borrow", ""), &borrow, &[owner]).await;
    let reserves = reserves_of(&world.obligation(&ann).await);
    let score = instruction::refresh_obligation(world.vault, ann.obligation(), &reserves);
    table.land(&mut world, ("refresh_obligation", ""), &score, &[pays]).await;
    let withdraw = world.withdrawal(&ann, &sol, sol.units(1)).await;
    table.land(&mut world, ("withdraw", "with debt"), &withdraw, &[owner]).await;
    let leave = world.withdrawal(&lender, &usdc, usdc.units(1_000)).await;
    table.land(&mut world, ("withdraw", "without debt"), &leave, &[pays]).await;
    let repay = instruction::repay(lender.key(), ann.obligation(), &world.asset(&usdc), usdc.units(500));
    table.land(&mut world, ("repay", "for somebody"), &repay, &[pays]).await;

    let assets: Vec<_> = world.markets().iter().map(|market| world.asset(market)).collect();
    let attest = instruction::attest_solvency(world.vault, &assets);
    table.land(&mut world, ("attest_solvency", ""), &attest, &[pays]).await;
    let all = world.all_reserves().await;
    let begin = instruction::begin_audit(world.vault);
    table.land(&mut world, ("audit_book", "begin"), &begin, &[pays]).await;
    for user in [&ann, &lender] {
        let reserves = reserves_of(&world.obligation(user).await);
        let count = instruction::count_obligation(world.vault, user.obligation(), &reserves);
        table.land(&mut world, ("audit_book", "count"), &count, &[pays]).await;
    }
    let finish = instruction::finish_audit(world.vault, &all);
    table.land(&mut world, ("audit_book", "finish"), &finish, &[pays]).await;
    table
}
