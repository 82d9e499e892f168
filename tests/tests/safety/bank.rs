//! A bank with everybody in it whom the table speaks of.

use anchor_lang::prelude::Pubkey;
use ballast::state::{Reserve, Vault};
use ballast_tests::{usd, User, World};

/// A vault with all kinds of people. SOL is the reserve whose state is walked.
pub struct Bank {
    /// Where they are.
    pub world: World,
    /// Holds SOL and owes nothing.
    pub saver: User,
    /// Holds SOL and BTC and owes a little USDC, which BTC alone carries.
    pub rich: User,
    /// Holds USDC and BTC, owes SOL, and could owe more.
    pub rich_in_coins: User,
    /// Holds SOL only, owes USDC, and could owe more.
    pub on_sol: User,
    /// Holds SOL only and owes more USDC than it could borrow now.
    pub needy: User,
    /// Holds SOL, owes USDC, below `R_maint`.
    pub ill_on_sol: User,
    /// Holds USDC, owes SOL, below `R_maint`.
    pub ill_in_sol: User,
    /// Owes USDC on nothing that is worth anything.
    pub hopeless: User,
    /// Lent an asset whose lenders were wiped out.
    pub wiped_out: User,
    /// Has tokens and an empty obligation.
    pub keeper: User,
}

impl Bank {
    /// Opens it: prices are fresh, nothing is tripped, fees are old enough to be collected.
    pub async fn open() -> Self {
        let mut world = World::start().await;
        let [btc, eth, sol, lst, usdc, alt] = world.markets();
        world.lender(&usdc, usdc.units(5_000_000)).await;
        world.lender(&eth, eth.units(100)).await;
        world.lender(&sol, sol.units(10_000)).await;
        let saver = world.lender(&sol, sol.units(10_000)).await;
        let rich = world.lender(&sol, sol.units(100)).await;
        world.deposit(&rich, &btc, btc.units(10)).await.unwrap();
        world.borrow(&rich, &usdc, usdc.units(100_000)).await.unwrap();
        let rich_in_coins = world.lender(&usdc, usdc.units(1_000_000)).await;
        world.deposit(&rich_in_coins, &btc, btc.units(10)).await.unwrap();
        world.borrow(&rich_in_coins, &sol, sol.units(4_000)).await.unwrap();
        // a year of interest, so that there are fees and a share is worth more than a unit
        world.tick(365 * 86_400).await;
        world.tick(8 * 86_400).await;
        let [on_sol, needy, ill_on_sol, hopeless] =
            [world.user().await, world.user().await, world.user().await, world.user().await];
        for (user, dollars) in [(&on_sol, 10_000), (&needy, 14_200), (&ill_on_sol, 15_000)] {
            world.deposit(user, &sol, sol.units(100)).await.unwrap();
            world.borrow(user, &usdc, usdc.units(dollars)).await.unwrap();
        }
        let ill_in_sol = world.lender(&usdc, usdc.units(20_000)).await;
        world.borrow(&ill_in_sol, &sol, sol.units(70)).await.unwrap();
        world.deposit(&hopeless, &alt, alt.units(10_000)).await.unwrap();
        world.borrow(&hopeless, &usdc, usdc.units(1_000)).await.unwrap();
        let keeper = world.user().await;
        for market in [sol, usdc] {
            world.give(&keeper, &market, market.units(100_000)).await;
        }
        for user in [&saver, &rich, &needy] {
            world.give(user, &sol, sol.units(1_000)).await;
        }
        // lenders of the LST lose everything, and so do those of the alt, which takes the hopeless borrower's deposit with it
        let wiped_out = world.lender(&lst, lst.units(1)).await;
        let now = world.seconds();
        for market in [lst, alt] {
            let key = world.asset(&market).reserve();
            world
                .chain
                .edit::<Reserve>(key, |reserve| {
                    reserve.books.deposit_index = [0, 0];
                    reserve.losses.wiped_out_at = now;
                })
                .await;
        }
        // the ill: SOL's lower price for the one, a debt that grew for the other
        world.move_price(|w| &mut w.sol, usd(176)).await;
        let bank = Self {
            world,
            saver,
            rich,
            rich_in_coins,
            on_sol,
            needy,
            ill_on_sol,
            ill_in_sol,
            hopeless,
            wiped_out,
            keeper,
        };
        bank.and_someone_short_of_sol().await
    }

    /// A book that owes SOL cannot be ill at the same price as one that holds it, unless it lost collateral: half of its USDC shares
    /// go to the lender beside it.
    async fn and_someone_short_of_sol(mut self) -> Self {
        use ballast::state::Obligation;
        let (usdc, key) = (self.world.usdc, self.ill_in_sol.obligation());
        let reserve = self.world.asset(&usdc).reserve();
        let held = self.world.shares(&self.ill_in_sol, &usdc).await;
        let kept = held * 71 / 100;
        for (key, shares) in [(key, kept), (self.rich_in_coins.obligation(), 0)] {
            self.world
                .chain
                .edit::<Obligation>(key, |obligation| {
                    let index = obligation.find(&reserve).expect("it holds USDC");
                    let position = &mut obligation.positions[index];
                    position.shares = if shares > 0 { shares } else { position.shares + held - kept };
                })
                .await;
        }
        for (user, healthy, opens) in [
            (self.on_sol.numbered(0), true, true),
            (self.needy.numbered(0), true, false),
            (self.ill_on_sol.numbered(0), false, false),
            (self.ill_in_sol.numbered(0), false, false),
        ] {
            let (score, opening) = (self.world.score(&user).await, self.world.opening_score(&user).await);
            assert_eq!((score.is_healthy(), opening.is_healthy()), (healthy, opens), "{score:?} {opening:?}");
        }
        self
    }

    /// Lets the state of a reserve's breaker, or the vault's, expire now.
    pub async fn expire(&mut self, key: Pubkey, is_reserve: bool) {
        let now = self.world.seconds();
        if is_reserve {
            self.world
                .chain
                .edit::<Reserve>(key, |reserve| shorten(&mut reserve.breaker.expires_at, now))
                .await;
        } else {
            self.world.chain.edit::<Vault>(key, |vault| shorten(&mut vault.breaker.expires_at, now)).await;
        }
    }
}

/// WindDown has no end.
fn shorten(expires_at: &mut u64, now: u64) {
    if *expires_at < u64::MAX {
        *expires_at = now;
    }
}
