//! Every account slot of every instruction against every account of the world: vaults A and B have the same assets, the same
//! people and the same loans, so that whatever is not checked would land.

use anchor_lang::{
    prelude::Pubkey,
    solana_program::instruction::{AccountMeta, Instruction},
    system_program,
};
use anchor_spl::token_2022::spl_token_2022::{
    extension::StateWithExtensions,
    state::{Account as TokenState, AccountState},
};
use ballast::{state::Obligation, BallastError};
use ballast_client::{
    instruction::{self, Tranche},
    Account,
};
use ballast_tests::{
    attack,
    market::{TOKEN, TOKEN_2022},
    refused, usd, Market, Reason, User, World,
};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::InstructionError;

/// Two vaults in the same state.
struct Stage {
    world: World,
    other: Pubkey,
    ann: User,
    eve: User,
    keeper: User,
    /// One a vault.
    lenders: Vec<User>,
    /// Every token account in the pool.
    tokens: Vec<Pubkey>,
    /// Everything that an attacker could pass.
    pool: Vec<Pubkey>,
}

impl Stage {
    async fn set() -> Self {
        let mut world = World::start().await;
        let other = world.open_vault(2).await;
        let (sol, usdc) = (world.sol, world.usdc);
        let [ann, eve, keeper] = [world.user().await, world.user().await, world.user().await];
        let (mut obligations, mut lenders) = (vec![], vec![]);
        for vault in [world.vault, other] {
            let lender = world.user_in(vault).await;
            world.deposit(&lender, &usdc, usdc.units(1_000_000)).await.unwrap();
            world.deposit(&lender, &sol, sol.units(10_000)).await.unwrap();
            for (user, borrows) in [(&ann, true), (&eve, true), (&keeper, false)] {
                let account = Account { vault, ..user.account };
                let user = User { keypair: user.keypair.insecure_clone(), account };
                if vault == other {
                    world.must(&[instruction::open_obligation(&account)], &[&user.keypair]).await;
                }
                let market = if borrows { sol } else { usdc };
                world.deposit(&user, &market, market.units(100)).await.unwrap();
                if borrows {
                    world.borrow(&user, &usdc, usdc.units(14_000)).await.unwrap();
                }
                obligations.push(user.obligation());
            }
            obligations.push(lender.obligation());
            lenders.push(lender);
        }
        for (user, id) in [(&ann, 1), (&ann, 2), (&keeper, 1)] {
            obligations.push(world.open(user, id).await.obligation());
        }
        let second = ann.numbered(1);
        world.deposit_own(&second, &usdc, usdc.units(500)).await.unwrap();
        world.give(&eve, &sol, 0).await;
        let curator = world.curator.insecure_clone();
        usdc.fund(&mut world.chain, &curator.pubkey(), 0);
        world.give(&keeper, &usdc, usdc.units(50_000)).await;
        // fees of a week, and the week in which they vest
        world.tick(7 * 86_400).await;
        world.tick(7 * 86_400).await;

        let mut pool = vec![system_program::ID, TOKEN, TOKEN_2022, ballast::ID, Pubkey::new_unique()];
        pool.extend(obligations);
        pool.extend([ann.key(), eve.key(), keeper.key(), curator.pubkey(), world.vault, other]);
        let mut tokens = vec![usdc.asset(world.vault).wallet(&curator.pubkey())];
        for market in [sol, usdc, world.eth] {
            pool.extend([market.mint, market.price_account]);
            for vault in [world.vault, other] {
                pool.push(market.asset(vault).reserve());
                tokens.push(market.asset(vault).tokens());
            }
            tokens.extend([&ann, &eve, &keeper].map(|user| market.asset(other).wallet(&user.key())));
        }
        pool.extend(&tokens);
        // frozen accounts of the keeper's own: where a reserve's is frozen, other rules apply
        for market in [sol, usdc] {
            let key = Pubkey::new_unique();
            market.write_tokens(&mut world.chain, key, &keeper.key(), 1_000_000, AccountState::Frozen);
            tokens.push(key);
            pool.push(key);
        }
        Self { world, other, ann, eve, keeper, lenders, tokens, pool }
    }

    /// SOL falls: the loans of Ann and Eve, in both vaults, can be unwound.
    async fn crash(&mut self) {
        self.world.move_price(|w| &mut w.sol, usd(165)).await;
    }

    fn reserve(&self, market: &Market) -> Pubkey {
        self.world.asset(market).reserve()
    }

    /// Whether a token account in the pool is the keeper's: frozen ones of its own among them.
    async fn is_keepers(&mut self, key: Pubkey) -> bool {
        let account = self.world.chain.account(key).await.expect("the pool's accounts exist");
        StateWithExtensions::<TokenState>::unpack(&account.data)
            .is_ok_and(|state| state.base.owner == self.keeper.key())
    }

    /// Whether an obligation is of the first vault.
    async fn is_here(&mut self, key: Pubkey) -> bool {
        self.world.chain.state::<Obligation>(key).await.vault == self.world.vault
    }

    /// Tries every account in every slot. Whatever lands must be in `fine` (slot and account), and all of `fine` must land.
    async fn attack(&mut self, name: &str, instruction: &Instruction, fine: &[(usize, Pubkey)]) {
        let payer = self.world.curator.insecure_clone();
        let wallets = [&self.ann, &self.eve, &self.keeper].map(|user| user.keypair.insecure_clone());
        let mut right = instruction.clone();
        let signers = sign(&mut right, &payer, &wallets);
        let legal = self.world.chain.would_land(&[right], &signers).await;
        legal.unwrap_or_else(|f| panic!("{name} itself: {f:#?}"));
        let (mut tried, mut landed) = (0, vec![]);
        for slot in 0..instruction.accounts.len() {
            for key in self.pool.clone() {
                if instruction.accounts[slot].pubkey == key {
                    continue;
                }
                let mut wrong = attack::with_account(instruction, slot, key);
                let signers = sign(&mut wrong, &payer, &wallets);
                tried += 1;
                match self.world.chain.would_land(&[wrong], &signers).await {
                    Ok(_) => landed.push((slot, key)),
                    Err(failure) => {
                        let panicked = Reason::from(InstructionError::ProgramFailedToComplete);
                        let refused = failure.reason().is_some_and(|reason| reason != panicked);
                        assert!(refused && !fine.contains(&(slot, key)), "{name} {slot} {key} {failure:#?}");
                    }
                }
            }
        }
        landed.sort();
        let mut expected = fine.to_vec();
        expected.sort();
        expected.dedup();
        assert_eq!(landed, expected, "{name}");
        println!("{name}: {tried} tried, {} may", landed.len());
    }
}

/// Signs for the wallets that are ours; a signature that nobody can give is left out.
fn sign<'a>(
    instruction: &mut Instruction,
    payer: &'a Keypair,
    wallets: &'a [Keypair; 3],
) -> Vec<&'a Keypair> {
    let mut signers = vec![payer];
    for meta in instruction.accounts.iter_mut().filter(|meta: &&mut AccountMeta| meta.is_signer) {
        match wallets.iter().find(|wallet| wallet.pubkey() == meta.pubkey) {
            Some(wallet) => signers.push(wallet),
            None => meta.is_signer = meta.pubkey == payer.pubkey(),
        }
    }
    signers
}

#[tokio::test]
async fn deposit_and_withdraw() {
    let mut stage = Stage::set().await;
    let (usdc, second) = (stage.world.usdc, stage.ann.numbered(1));
    let asset = stage.world.asset(&usdc);
    // into another obligation of her own in this vault, if it owes no USDC
    let own = [(2, stage.ann.numbered(2).obligation())];
    let deposit = instruction::deposit(&second.account, &asset, 1_000);
    stage.attack("deposit", &deposit, &own).await;
    // to no token account but her own
    let withdraw = instruction::withdraw(&second.account, &asset, 1_000, &[]);
    stage.attack("withdraw", &withdraw, &[]).await;
}

#[tokio::test]
async fn withdraw_against_debt_and_borrow() {
    let mut stage = Stage::set().await;
    let (sol, usdc) = (stage.world.sol, stage.world.usdc);
    let ann = User { keypair: stage.ann.keypair.insecure_clone(), account: stage.ann.account };
    let reserves = [stage.reserve(&sol), stage.reserve(&usdc)];
    for (name, market) in [("withdraw against debt", sol), ("borrow", usdc)] {
        let asset = stage.world.asset(&market);
        let act = match name {
            "borrow" => instruction::borrow(&ann.account, &asset, 1_000, &reserves),
            _ => instruction::withdraw(&ann.account, &asset, 1_000, &reserves),
        };
        stage.attack(name, &act, &[]).await;
    }
}

#[tokio::test]
async fn repay() {
    let mut stage = Stage::set().await;
    let usdc = stage.world.usdc;
    let keeper = stage.keeper.numbered(0);
    let repay = instruction::repay(keeper.key(), stage.ann.obligation(), &stage.world.asset(&usdc), 1_000);
    // any debt in this vault
    let fine = [(2, stage.eve.obligation())];
    stage.attack("repay", &repay, &fine).await;
}

#[tokio::test]
async fn collect_fees() {
    let mut stage = Stage::set().await;
    let usdc = stage.world.usdc;
    let collect = instruction::collect_fees(&stage.world.asset(&usdc), &stage.world.curator.pubkey());
    stage.attack("collect_fees", &collect, &[]).await;
}

#[tokio::test]
async fn open_close_and_refresh_obligation() {
    let mut stage = Stage::set().await;
    let (sol, usdc, ann) = (stage.world.sol, stage.world.usdc, stage.ann.numbered(2));
    let open = instruction::open_obligation(&ann.numbered(9).account);
    stage.attack("open_obligation", &open, &[]).await;
    let close = instruction::close_obligation(&ann.account);
    stage.attack("close_obligation", &close, &[]).await;
    let reserves = [stage.reserve(&sol), stage.reserve(&usdc)];
    let refresh = instruction::refresh_obligation(stage.world.vault, stage.ann.obligation(), &reserves);
    // the same book
    let fine = [(1, stage.eve.obligation())];
    stage.attack("refresh_obligation", &refresh, &fine).await;
}

#[tokio::test]
async fn refresh_reserves() {
    let mut stage = Stage::set().await;
    let (sol, usdc) = (stage.world.sol, stage.world.usdc);
    let pairs = [sol, usdc].map(|market| (stage.reserve(&market), market.price_account));
    let refresh = instruction::refresh_reserves(stage.world.vault, &pairs);
    stage.attack("refresh_reserves", &refresh, &[]).await;
}

#[tokio::test]
async fn soft_liquidate_for_tokens() {
    let mut stage = Stage::set().await;
    stage.crash().await;
    let (sol, usdc, keeper) = (stage.world.sol, stage.world.usdc, stage.keeper.numbered(0));
    let ann = stage.ann.numbered(0);
    for shares_to in [None, Some(keeper.obligation())] {
        let with = |tranche: &mut Tranche| tranche.shares_to = shares_to;
        let tranche = stage.world.tranche_with(&keeper, &ann, &usdc, &sol, with).await;
        // Eve's book is the same, and stands for Ann's
        let mut fine = vec![(2, stage.eve.obligation())];
        // an account for shares is not used where tokens are paid, but is of this vault all the same
        if let Some(own) = shares_to {
            for key in stage.world.obligations.clone() {
                if stage.pool.contains(&key) && key != own && stage.is_here(key).await {
                    fine.push((3, key));
                }
            }
            fine.push((3, ballast::ID)); // none
        } else {
            fine.push((3, ann.obligation())); // the only one of them that the transaction may write
        }
        stage.attack("soft_liquidate", &tranche, &fine).await;
    }
}

#[tokio::test]
async fn soft_liquidate_for_shares() {
    let mut stage = Stage::set().await;
    let (sol, usdc, keeper) = (stage.world.sol, stage.world.usdc, stage.keeper.numbered(0));
    for lender in [stage.lenders[0].numbered(0), stage.lenders[1].numbered(0)] {
        stage.world.drain(&sol, &lender).await;
    }
    stage.crash().await;
    let (ann, shares_to) = (stage.ann.numbered(0), Some(keeper.obligation()));
    let with = |tranche: &mut Tranche| tranche.shares_to = shares_to;
    let tranche = stage.world.tranche_with(&keeper, &ann, &usdc, &sol, with).await;
    let mut fine = vec![(2, stage.eve.obligation()), (3, stage.keeper.numbered(1).obligation())];
    // the account that tokens would be paid to is not used, but is the keeper's own and none of the others
    let used: Vec<_> = tranche.accounts.iter().map(|meta| meta.pubkey).collect();
    for key in stage.tokens.clone() {
        if !used.contains(&key) && stage.is_keepers(key).await {
            fine.push((12, key));
        }
    }
    stage.attack("soft_liquidate for shares", &tranche, &fine).await;
}

#[tokio::test]
async fn what_belongs_to_another_vault_or_reserve_is_refused_by_name() {
    let mut stage = Stage::set().await;
    let (world, other) = (&mut stage.world, stage.other);
    let (usdc, sol, eth) = (world.usdc, world.sol, world.eth);
    let (ann, second, keeper) = (&stage.ann, stage.ann.numbered(1), &stage.keeper);
    let (asset, foreign) = (world.asset(&usdc), usdc.asset(other));
    let reserves = [world.asset(&sol).reserve(), asset.reserve()];
    let theirs = Account { vault: other, ..ann.account }.obligation();
    let curator = world.curator.insecure_clone();
    for (name, act, signer) in [
        ("deposit", instruction::deposit(&second.account, &asset, 9), ann),
        ("withdraw", instruction::withdraw(&second.account, &asset, 9, &[]), ann),
        ("borrow", instruction::borrow(&ann.account, &asset, 9, &reserves), ann),
        ("repay", instruction::repay(keeper.key(), ann.obligation(), &asset, 9), keeper),
        ("collect_fees", instruction::collect_fees(&asset, &curator.pubkey()), keeper),
    ] {
        // the reserve is looked up among the positions first, where a position must be there
        let unknown =
            if name == "withdraw" { BallastError::NoSuchPosition } else { BallastError::WrongVault };
        let wrong = [
            (world.vault, other, BallastError::WrongVault),
            (ann.obligation(), theirs, BallastError::WrongVault),
            (second.obligation(), theirs, BallastError::WrongVault),
            (asset.reserve(), foreign.reserve(), unknown),
            (usdc.mint, eth.mint, BallastError::WrongMint),
            (asset.tokens(), foreign.tokens(), BallastError::WrongTokenAccount),
            (asset.tokens(), world.asset(&sol).tokens(), BallastError::WrongTokenAccount),
            (usdc.token_program, eth.token_program, BallastError::WrongTokenProgram),
        ];
        for (ours, theirs, reason) in wrong {
            if act.accounts.iter().any(|meta| meta.pubkey == ours) {
                println!("{name} {ours}");
                let wrong = attack::swapped(&act, ours, theirs);
                let signers = [&curator, &signer.keypair];
                let signers = if name == "collect_fees" { &signers[..1] } else { &signers[..] };
                refused(world.chain.would_land(&[wrong], signers).await, reason);
            }
        }
    }
}
