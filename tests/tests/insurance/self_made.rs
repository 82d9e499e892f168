//! A loss that somebody makes to himself: lender, borrower and liquidator in one person, of an asset whose market he holds.

use ballast::state::Reserve;
use ballast_client::{account::reserves_of, insurance, safety::absorbing, Event};
use ballast_risk::fund::FundRules;
use ballast_tests::{usd, Insured};

/// Eve holds the market of the alt, is its only lender and its only borrower, and pumps it for as long as the average reaches back. Her
/// own book cannot pay then, her own deposit bears the loss, and she repays it to herself, with coins at the pumped price that the fund
/// pays for. Nobody votes on the automatic cover, so its bound is all that stands between her and the fund.
#[tokio::test]
async fn a_loss_made_to_oneself_takes_no_more_than_the_automatic_cover() {
    let mut insured = Insured::start().await;
    let (usdc, sol, alt, vault) = (insured.usdc(), insured.world.sol, insured.world.alt, insured.world.vault);
    insured.staker(usdc.units(1_000_000)).await;
    insured.world.chain.edit::<Reserve>(alt.asset(vault).reserve(), |reserve| reserve.borrowable = 1).await;
    let [eve, debtor, seller] =
        [insured.world.user().await, insured.world.user().await, insured.world.user().await];
    let people = [&eve, &debtor, &seller];
    insured.world.deposit(&eve, &alt, alt.units(200_000)).await.unwrap();
    insured.world.deposit(&debtor, &sol, sol.units(1_000)).await.unwrap(); // $200,000
    insured.world.give(&seller, &alt, alt.units(500_000)).await;
    insured.world.tick(1).await;
    let fair = insured.world.fair();
    let had = insured.world.fortune(&people, &fair).await;
    insured.world.borrow(&debtor, &alt, alt.units(50_000)).await.unwrap();
    insured.world.move_price(|world| &mut world.alt, usd(10)).await;
    let tranche = insured.world.tranche(&seller, &debtor, &alt, &sol, u64::MAX).await;
    let reserves = reserves_of(&insured.world.obligation(&debtor).await);
    let closing = insurance::recording_losses(absorbing(tranche, &reserves), insured.fund.address());
    let receipt = insured.world.must(&[closing], &[&seller.keypair]).await;
    let lost = receipt.events.iter().find_map(|event| match event {
        Event::LossAbsorbed(loss) => Some(loss.lenders),
        _ => None,
    });
    let lost = lost.expect("her own deposit bears it");
    // as much as the fund pays of itself, in ever smaller parts
    let mut part = lost;
    while part > alt.units(1) {
        let covering = insured.covering(&seller, &alt, part, None);
        if insured.world.send(&[covering], &[&seller.keypair]).await.is_err() {
            part /= 2;
        }
    }
    insured.world.tick(31 * crate::DAY).await; // what she repaid streams to herself
    let profit = insured.world.fortune(&people, &fair).await.gain_up(&had);
    // half of a tenth of a million dollars at once, and the rest of the tenth only with the next week
    let at_once = i128::from(usdc.units(1_000_000)) * i128::from(FundRules::BALANCED.cover_share.0) / 20_000;
    println!("{profit} of at most {at_once}");
    assert!(profit > 0 && profit <= at_once, "{profit} {at_once}");
}
