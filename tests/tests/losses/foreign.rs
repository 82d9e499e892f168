//! No instruction takes accounts of two vaults: two vaults in the same state, and in every instruction each account of the one is
//! exchanged for its counterpart in the other.

use crate::tools::{loan, DAY};
use anchor_lang::{
    error::ErrorCode,
    prelude::{AccountMeta, Pubkey},
    solana_program::instruction::Instruction,
};
use ballast::{instructions::Signal, BallastError};
use ballast_client::{
    address,
    instruction::{self, attest_solvency, begin_audit, count_obligation, finish_audit, Tranche},
    insurance::{self, Fund},
    safety::{absorb_loss, absorbing, step_breaker, trip_reserve, trip_vault, writing_vault},
    Account,
};
use ballast_risk::fund::FundRules;
use ballast_tests::{attack, refused, usd, Reason, User, World};
use solana_keypair::Keypair;
use solana_signer::Signer as _;

struct Stage {
    world: World,
    other: Pubkey,
    ann: User,
    keeper: User,
    /// Accounts of the first vault and their counterparts in the second.
    pairs: Vec<(Pubkey, Pubkey)>,
}

impl Stage {
    async fn set() -> Self {
        let (mut world, _, ann, keeper) = loan(1_000_000).await;
        let other = world.open_vault(2).await;
        let (sol, usdc, curator) = (world.sol, world.usdc, world.curator.insecure_clone());
        world.lender(&sol, sol.units(10)).await;
        let mut pairs = vec![(world.vault, other)];
        let lender = world.user_in(other).await;
        world.deposit(&lender, &usdc, usdc.units(1_000_000)).await.unwrap();
        for user in [&ann, &keeper] {
            let account = Account { vault: other, ..user.account };
            let there = User { keypair: user.keypair.insecure_clone(), account };
            world.must(&[instruction::open_obligation(&account)], &[&user.keypair]).await;
            pairs.push((user.obligation(), there.obligation()));
            if user.key() == ann.key() {
                world.deposit(&there, &sol, sol.units(100)).await.unwrap();
                world.borrow(&there, &usdc, usdc.units(14_000)).await.unwrap();
            }
            let debt_free =
                if user.key() == ann.key() { world.open(user, 3).await } else { user.numbered(0) };
            world.deposit(&debt_free, &usdc, usdc.units(10)).await.unwrap();
            let account = Account { vault: other, ..debt_free.account };
            if user.key() == ann.key() {
                world.must(&[instruction::open_obligation(&account)], &[&user.keypair]).await;
                pairs.push((debt_free.obligation(), account.obligation()));
            }
            let there = User { keypair: user.keypair.insecure_clone(), account };
            world.deposit(&there, &usdc, usdc.units(10)).await.unwrap();
        }
        usdc.fund(&mut world.chain, &curator.pubkey(), 0);
        for market in world.markets() {
            let (here, there) = (world.asset(&market), market.asset(other));
            pairs.extend([(here.reserve(), there.reserve()), (here.tokens(), there.tokens())]);
        }
        pairs.push((address::attestation(&world.vault), address::attestation(&other)));
        pairs.push((address::audit(&world.vault), address::audit(&other)));
        world.tick(8 * DAY).await;
        world.deposit(&keeper, &usdc, 1_000).await.unwrap(); // fees are marked
        world.tick(8 * DAY).await;
        Self { world, other, ann, keeper, pairs }
    }

    /// Exchanges each account in each place where the instruction names it. All must be refused, by a name.
    async fn exchange(&mut self, name: &str, act: &Instruction, signers: &[&Keypair]) {
        let legal = self.world.chain.would_land(std::slice::from_ref(act), signers).await;
        legal.unwrap_or_else(|f| panic!("{name} itself: {f:#?}"));
        let named: Vec<Reason> = vec![
            BallastError::WrongVault.into(),
            BallastError::WrongTokenAccount.into(),
            BallastError::WrongRemainingAccounts.into(),
            BallastError::NoSuchPosition.into(),
            ErrorCode::ConstraintSeeds.into(),
        ];
        let known: Vec<Pubkey> = self.pairs.iter().map(|pair| pair.0).collect();
        let of_vault = act.accounts.iter().filter(|meta| known.contains(&meta.pubkey)).count();
        assert!(of_vault >= 2, "{name} names {of_vault} accounts of the vault");
        let mut tried = 0;
        for slot in 0..act.accounts.len() {
            for (here, there) in self.pairs.clone() {
                if act.accounts[slot].pubkey != here {
                    continue;
                }
                let wrong = attack::with_account(act, slot, there);
                match self.world.chain.would_land(&[wrong], signers).await {
                    Ok(_) => panic!("{name} took {there} for {here} in slot {slot}"),
                    Err(failure) => {
                        let reason = failure.reason();
                        let is_named = reason.as_ref().is_some_and(|reason| named.contains(reason));
                        assert!(is_named, "{name} {slot}: {reason:?} {:#?}", failure.logs);
                        tried += 1;
                    }
                }
            }
        }
        println!("{name}: {tried} exchanges refused");
    }
}

#[tokio::test]
async fn whoever_moves_a_position_names_one_vault() {
    let mut stage = Stage::set().await;
    let (sol, usdc, vault) = (stage.world.sol, stage.world.usdc, stage.world.vault);
    let (ann, keeper) = (stage.ann.numbered(0), stage.keeper.numbered(0));
    let free = ann.numbered(3);
    let reserves = [sol, usdc].map(|market| market.asset(vault).reserve());
    let (asset, coins) = (usdc.asset(vault), sol.asset(vault));
    stage.world.give(&ann, &usdc, 1_000).await;
    stage.world.give(&ann, &sol, 1_000).await;
    let curator = stage.world.curator.insecure_clone();
    let (a, k) = (&ann.keypair, &keeper.keypair);
    for (name, act, signer) in [
        ("deposit", instruction::deposit(&free.account, &asset, 100), a),
        ("withdraw", instruction::withdraw(&free.account, &asset, 100, &[]), a),
        ("withdraw with debt", instruction::withdraw(&ann.account, &coins, 100, &reserves), a),
        ("borrow", instruction::borrow(&ann.account, &asset, 100, &reserves), a),
        ("repay", instruction::repay(keeper.key(), ann.obligation(), &asset, 100), k),
        ("open_obligation", instruction::open_obligation(&ann.numbered(9).account), a),
        ("collect_fees", instruction::collect_fees(&asset, &curator.pubkey()), &curator),
    ] {
        if name == "open_obligation" {
            // its obligation does not exist yet in either vault
            let there = Account { vault: stage.other, ..ann.numbered(9).account };
            stage.pairs.push((ann.numbered(9).obligation(), there.obligation()));
        }
        stage.exchange(name, &act, &[signer]).await;
    }
    // a top-up reads the book where a cap refuses it otherwise, and the book may not borrow
    let full = |reserve: &mut ballast::state::Reserve| reserve.caps.deposits = 1;
    stage.world.chain.edit(coins.reserve(), full).await;
    stage.world.move_price(|w| &mut w.sol, usd(172)).await;
    let top_up = instruction::top_up(&ann.account, &coins, 100, &reserves);
    stage.exchange("top-up", &top_up, &[a]).await;
}

#[tokio::test]
async fn whoever_liquidates_names_one_vault() {
    let mut stage = Stage::set().await;
    stage.world.move_price(|w| &mut w.sol, usd(165)).await;
    let (sol, usdc) = (stage.world.sol, stage.world.usdc);
    let (ann, keeper) = (stage.ann.numbered(0), stage.keeper.numbered(0));
    let to_own = |tranche: &mut Tranche| tranche.shares_to = Some(keeper.obligation());
    let tranche = stage.world.tranche_with(&keeper, &ann, &usdc, &sol, to_own).await;
    // paid in tokens, the account for shares must be of this vault all the same
    stage.exchange("soft_liquidate", &tranche, &[&keeper.keypair]).await;
    // and with the last deposit, absorbing
    stage.world.move_price(|w| &mut w.sol, usd(100)).await;
    let reserves = [sol, usdc].map(|market| stage.world.asset(&market).reserve());
    let tranche = stage.world.tranche_with(&keeper, &ann, &usdc, &sol, to_own).await;
    stage.exchange("soft_liquidate, absorbing", &absorbing(tranche, &reserves), &[&keeper.keypair]).await;
    // for shares
    let frozen = anchor_spl::token_2022::spl_token_2022::state::AccountState::Frozen;
    for vault in [stage.world.vault, stage.other] {
        let asset = sol.asset(vault);
        let held = ballast_tests::market::balance(&mut stage.world.chain, asset.tokens()).await;
        sol.write_tokens(&mut stage.world.chain, asset.tokens(), &vault, held, frozen);
    }
    let tranche = stage.world.tranche_with(&keeper, &ann, &usdc, &sol, to_own).await;
    stage.exchange("soft_liquidate for shares", &tranche, &[&keeper.keypair]).await;
}

#[tokio::test]
async fn whoever_proves_refreshes_or_trips_names_one_vault() {
    let mut stage = Stage::set().await;
    let (vault, ann) = (stage.world.vault, stage.ann.numbered(0));
    let payer = stage.world.curator.insecure_clone();
    let markets = stage.world.markets();
    let assets = markets.map(|market| market.asset(vault));
    let (sol, usdc) = (assets[2], assets[4]);
    let reserves = assets.map(|asset| asset.reserve());
    let book = [sol.reserve(), usdc.reserve()];
    let refreshed: Vec<_> = markets.iter().map(|m| (m.asset(vault).reserve(), m.price_account)).collect();
    let attest = attest_solvency(vault, &assets);
    for (name, act) in [
        ("refresh_reserves", instruction::refresh_reserves(vault, &refreshed)),
        ("refresh_obligation", instruction::refresh_obligation(vault, ann.obligation(), &book)),
        ("attest_solvency", attest.clone()),
        ("attest_solvency, writing", writing_vault(attest)),
        ("audit_book, begin", begin_audit(vault)),
    ] {
        stage.exchange(name, &act, &[&payer]).await;
    }
    for vault in [vault, stage.other] {
        stage.world.must(&[begin_audit(vault)], &[&payer]).await;
    }
    let count = count_obligation(vault, ann.obligation(), &book);
    stage.exchange("audit_book, count", &count, &[&payer]).await;
    for key in stage.world.obligations.clone() {
        let obligation: ballast::state::Obligation = stage.world.chain.state(key).await;
        let count =
            count_obligation(obligation.vault, key, &ballast_client::account::reserves_of(&obligation));
        stage.world.must(&[count], &[&payer]).await;
    }
    stage.exchange("audit_book, finish", &finish_audit(vault, &reserves), &[&payer]).await;

    // breakers: the same signals in both vaults
    for vault in [vault, stage.other] {
        let lost = |reserve: &mut ballast::state::Reserve| {
            (reserve.losses.recent, reserve.losses.recent_at) = (1 << 40, u64::MAX);
        };
        stage.world.chain.edit(usdc_in(&stage.world, vault).reserve(), lost).await;
    }
    stage.exchange("trip_breaker", &trip_reserve(&usdc, Signal::Loss), &[&payer]).await;
    stage
        .exchange("trip_breaker, vault loss", &trip_vault(vault, Signal::VaultLoss, &reserves), &[&payer])
        .await;
    for vault in [vault, stage.other] {
        let usdc = usdc_in(&stage.world, vault);
        stage.world.must(&[trip_reserve(&usdc, Signal::Loss)], &[&payer]).await;
    }
    let share = trip_vault(vault, Signal::VaultGuardedShare, &reserves);
    stage.exchange("trip_breaker, guarded share", &share, &[&payer]).await;
    stage.world.tick(5 * 3_600).await;
    stage.exchange("step_breaker", &step_breaker(vault, Some(usdc.reserve())), &[&payer]).await;

    // tokens are missing in both
    for vault in [vault, stage.other] {
        let asset = usdc_in(&stage.world, vault);
        let held = ballast_tests::market::balance(&mut stage.world.chain, asset.tokens()).await;
        let thawed = anchor_spl::token_2022::spl_token_2022::state::AccountState::Initialized;
        stage.world.usdc.write_tokens(&mut stage.world.chain, asset.tokens(), &vault, held - 7, thawed);
    }
    for signal in [Signal::Deficit, Signal::VaultDeficit] {
        stage.exchange(&format!("trip_breaker, {signal:?}"), &trip_reserve(&usdc, signal), &[&payer]).await;
    }
    for (vault, assets) in [(vault, assets), (stage.other, markets.map(|market| market.asset(stage.other)))] {
        let attest = writing_vault(attest_solvency(vault, &assets));
        stage.world.chain.send(&[attest], &[&payer]).await.unwrap();
    }
    let failed = trip_vault(vault, Signal::VaultAttestation, &[]);
    stage.world.chain.pass(5 * 3_600 - 3_700);
    refused(
        stage.world.chain.would_land(std::slice::from_ref(&failed), &[&payer]).await,
        BallastError::NoSignal,
    );
    let wrong = attack::swapped(&failed, address::attestation(&vault), address::attestation(&stage.other));
    refused(stage.world.chain.would_land(&[wrong], &[&payer]).await, ErrorCode::ConstraintSeeds);
}

fn usdc_in(world: &World, vault: Pubkey) -> ballast_client::address::Asset {
    world.usdc.asset(vault)
}

#[tokio::test]
async fn whoever_absorbs_names_one_vault() {
    let mut stage = Stage::set().await;
    let (sol, ann) = (stage.world.sol, stage.ann.numbered(0));
    let (vault, payer) = (stage.world.vault, stage.world.curator.insecure_clone());
    let book = [sol, stage.world.usdc].map(|market| market.asset(vault).reserve());
    for vault in [vault, stage.other] {
        let ruin = |reserve: &mut ballast::state::Reserve| {
            (reserve.books.deposit_index, reserve.losses.wiped_out_at) = ([1, 0], 1);
        };
        stage.world.chain.edit(sol.asset(vault).reserve(), ruin).await;
    }
    let absorb = absorb_loss(payer.pubkey(), vault, ann.obligation(), &book);
    stage.exchange("absorb_loss", &absorb, &[&payer]).await;
    // retiring alone: what is not the obligation's is not looked at, and retires nothing
    stage.world.must(std::slice::from_ref(&absorb), &[&payer]).await;
    refused(stage.world.send(&[absorb], &[&payer]).await, BallastError::NothingToAbsorb);
}

#[tokio::test]
async fn whoever_tells_a_fund_of_a_loss_tells_the_one_of_this_vault() {
    let mut stage = Stage::set().await;
    let (sol, usdc, curator) = (stage.world.sol, stage.world.usdc, stage.world.curator.insecure_clone());
    let (vault, ann, keeper) = (stage.world.vault, stage.ann.numbered(0), stage.keeper.numbered(0));
    let funds = [vault, stage.other].map(|vault| Fund { asset: usdc.asset(vault) });
    for fund in &funds {
        let create = insurance::create_fund(curator.pubkey(), fund, FundRules::BALANCED.into());
        stage.world.send_in_setup(fund.vault(), &[create], &[&curator]).await.unwrap();
    }
    stage.pairs.push((funds[0].address(), funds[1].address()));
    stage.world.move_price(|w| &mut w.sol, usd(100)).await;
    let reserves = [sol, usdc].map(|market| market.asset(vault).reserve());
    // with the last deposit, and with a part of it, which absorbs nothing
    for most in [u64::MAX, usdc.units(1_000)] {
        let tranche = stage.world.tranche(&keeper, &ann, &usdc, &sol, most).await;
        let mut told = absorbing(tranche, &reserves);
        told.accounts.push(AccountMeta::new(funds[0].address(), false));
        stage.exchange("soft_liquidate, telling the fund", &told, &[&keeper.keypair]).await;
    }
    for vault in [vault, stage.other] {
        let ruin = |reserve: &mut ballast::state::Reserve| {
            (reserve.books.deposit_index, reserve.losses.wiped_out_at) = ([1, 0], 1);
        };
        stage.world.chain.edit(sol.asset(vault).reserve(), ruin).await;
    }
    let mut absorb = absorb_loss(curator.pubkey(), vault, ann.obligation(), &reserves);
    absorb.accounts.push(AccountMeta::new(funds[0].address(), false));
    stage.exchange("absorb_loss, telling the fund", &absorb, &[&curator]).await;
}

#[tokio::test]
async fn no_token_account_of_another_vault_is_paid_from_or_to() {
    let mut stage = Stage::set().await;
    stage.world.move_price(|w| &mut w.sol, usd(165)).await;
    let (sol, usdc, vault) = (stage.world.sol, stage.world.usdc, stage.world.vault);
    let (ann, keeper) = (stage.ann.numbered(0), stage.keeper.numbered(0));
    let free = ann.numbered(3);
    let (asset, coins) = (usdc.asset(vault), sol.asset(vault));
    let (a, k) = (&ann.keypair, &keeper.keypair);
    let reserves = [coins.reserve(), asset.reserve()];
    let tranche = stage.world.tranche(&keeper, &ann, &usdc, &sol, u64::MAX).await;
    let curator = stage.world.curator.insecure_clone();
    let fees = instruction::collect_fees(&asset, &curator.pubkey());
    for (name, act, own, market, signer) in [
        ("withdraw", instruction::withdraw(&free.account, &asset, 9, &[]), asset.wallet(&ann.key()), usdc, a),
        (
            "borrow",
            instruction::borrow(&ann.account, &asset, 9, &reserves),
            asset.wallet(&ann.key()),
            usdc,
            a,
        ),
        ("soft_liquidate", tranche.clone(), coins.wallet(&keeper.key()), sol, k),
        ("collect_fees", fees, asset.wallet(&curator.pubkey()), usdc, &curator),
    ] {
        println!("{name}");
        let wrong = attack::swapped(&act, own, market.asset(stage.other).tokens());
        refused(stage.world.chain.would_land(&[wrong], &[signer]).await, BallastError::WrongTokenAccount);
    }
    // nor taken from: the other vault signs nothing here
    for (act, own) in [
        (instruction::deposit(&free.account, &asset, 9), asset.wallet(&ann.key())),
        (instruction::repay(ann.key(), ann.obligation(), &asset, 9), asset.wallet(&ann.key())),
    ] {
        let wrong = attack::swapped(&act, own, usdc.asset(stage.other).tokens());
        let result = stage.world.chain.would_land(&[wrong], &[a]).await;
        assert!(result.is_err_and(|failure| failure.reason().is_some()));
    }
    // nor shown where it is not needed
    let mut shown = trip_reserve(&asset, Signal::Deficit);
    shown.data = trip_reserve(&asset, Signal::Average).data;
    let wrong = attack::swapped(&shown, asset.tokens(), usdc.asset(stage.other).tokens());
    refused(stage.world.chain.would_land(&[wrong], &[&curator]).await, BallastError::WrongTokenAccount);
}
