//! An obligation in figures and words, and what it would be if.

use crate::{
    args::{WhatIfArgs, Whose},
    output::{table, Output},
    parse::{amount_of_token, price_move, Move},
    session::Session,
};
use anyhow::{bail, Context as _, Result};
use ballast::state::{Obligation, Reserve};
use ballast_client::{
    act::remedy_words,
    amount::{dollars_down, format},
    view::{
        remedy::{remedies, Goal},
        words::percent,
        Change, PortfolioView, PositionView, Snapshot, WhatIf,
    },
};
use ballast_risk::{score::Score, Usd};
use serde_json::{json, Value};

/// `show`.
pub async fn show(session: &Session, whose: &Whose, output: &Output) -> Result<()> {
    let (snapshot, obligation) = fetch(session, whose).await?;
    let view = PortfolioView::new(&snapshot, &obligation)?;
    let ways = ways_to_keep(session, &snapshot, &obligation, &view);
    let mut value = view_json(session, &snapshot, &view);
    value["remedies"] = json!(ways);
    output.show(&value, view_text(session, &snapshot, &view, &ways));
    Ok(())
}

/// `what-if`.
pub async fn what_if(session: &Session, args: &WhatIfArgs, output: &Output) -> Result<()> {
    let (snapshot, obligation) = fetch(session, &args.whose).await?;
    let before = PortfolioView::new(&snapshot, &obligation)?;
    let mut what_if = WhatIf::new(&snapshot, &obligation);
    let mut supposed = vec![];
    for text in &args.price {
        let (token, to) = price_move(text)?;
        let (reserve, state) = session.reserve(&snapshot, token)?;
        let to_ppm = match to {
            Move::To(ppm) => ppm,
            Move::Dollars(dollars) => (dollars / price_of(state) * 1e6).round() as u64,
        };
        what_if.apply(&Change::Price { reserve, to_ppm }).with_context(|| text.clone())?;
        let moved = what_if.snapshot.reserve(&reserve)?;
        supposed.push(format!("{} at {} USD", session.names.of(&moved.mint), price_text(moved)));
    }
    type Make = fn(anchor_lang::prelude::Pubkey, ballast_risk::TokenAmount) -> Change;
    let kinds: [(&str, &[String], bool, Make); 4] = [
        ("deposit", &args.deposit, false, |reserve, amount| Change::Deposit { reserve, amount }),
        ("repay", &args.repay, true, |reserve, amount| Change::Repay { reserve, amount }),
        ("withdraw", &args.withdraw, true, |reserve, amount| Change::Withdraw { reserve, amount }),
        ("borrow", &args.borrow, false, |reserve, amount| Change::Borrow { reserve, amount }),
    ];
    for (verb, texts, all, make) in kinds {
        for text in texts {
            let (amount, token) = amount_of_token(text)?;
            let (reserve, units) = session.amount(&snapshot, amount, token, all)?;
            what_if.apply(&make(reserve, units)).with_context(|| format!("{verb} {text}"))?;
            supposed.push(format!("{verb} {text}"));
        }
    }
    if supposed.is_empty() {
        bail!("suppose something: --price SOL=-20%, --deposit \"1.5 SOL\", --borrow \"100 USDC\", …");
    }
    let after = PortfolioView::new(&what_if.snapshot, &what_if.obligation)?;
    let ways = ways_to_keep(session, &what_if.snapshot, &what_if.obligation, &after);
    let mut value = json!({
        "supposed": supposed,
        "before": view_json(session, &snapshot, &before),
        "after": view_json(session, &what_if.snapshot, &after),
    });
    value["after"]["remedies"] = json!(ways);
    let text = format!(
        "If: {}\n\n{}\nNow: equity {} USD, required {} USD",
        supposed.join("; "),
        view_text(session, &what_if.snapshot, &after, &ways),
        dollars_down(before.maintenance.equity()),
        dollars_down(before.maintenance.requirement),
    );
    output.show(&value, text);
    Ok(())
}

async fn fetch(session: &Session, whose: &Whose) -> Result<(Snapshot, Obligation)> {
    let account = session.account(whose.id, whose.owner.as_deref())?;
    let snapshot = session.snapshot().await?;
    let found = snapshot.obligation(&session.rpc, account.obligation()).await?;
    let obligation = found.with_context(|| {
        format!(
            "{} has no obligation {} in this vault: `ballast deposit` opens one",
            account.owner, account.id
        )
    })?;
    Ok((snapshot, obligation))
}

/// What keeps a book from being liquidated, in words; nothing where it is healthy.
fn ways_to_keep(
    session: &Session,
    snapshot: &Snapshot,
    obligation: &Obligation,
    view: &PortfolioView,
) -> Vec<String> {
    if view.maintenance.is_healthy() {
        return vec![];
    }
    let found = remedies(&WhatIf::new(snapshot, obligation), Goal::Keep, None);
    remedy_words(&found, "take", &Default::default(), snapshot, &session.names)
}

/// Dollars a token, for people.
pub fn price_of(reserve: &Reserve) -> f64 {
    reserve.price.price as f64 * 10f64.powi(reserve.price.exponent)
}

/// Dollars a token, to six digits.
pub fn price_text(reserve: &Reserve) -> String {
    let price = price_of(reserve);
    let digits = if price >= 1_000.0 {
        2
    } else if price >= 0.1 {
        4
    } else {
        8
    };
    format!("{price:.digits$}")
}

fn edge_text(reserve: &Reserve, ppm: Option<u64>) -> String {
    let Some(ppm) = ppm else { return "—".into() };
    let price = price_of(reserve) * ppm as f64 / 1e6;
    // Whole hundredths of a percent, towards the price now.
    let away = (i128::from(ppm) - 1_000_000) / 100;
    let sign = if away > 0 { "+" } else { "" };
    format!("{price:.4} ({sign}{})", percent(i64::try_from(away).unwrap_or(i64::MAX)))
}

fn view_text(session: &Session, snapshot: &Snapshot, view: &PortfolioView, ways: &[String]) -> String {
    let mut rows = vec![["", "amount", "value, USD", "price, USD", "age", "liquidated below", "above"]
        .map(String::from)
        .to_vec()];
    for position in &view.positions {
        let Some(reserve) = snapshot.reserves.get(&position.reserve) else { continue };
        rows.push(vec![
            format!("{} {}", side(position), session.names.of(&position.mint)),
            format(position.amount, position.decimals),
            dollars_down(position.value),
            price_text(reserve),
            format!("{} s", position.price_age),
            edge_text(reserve, position.falls_to_ppm),
            edge_text(reserve, position.rises_to_ppm),
        ]);
    }
    let score = &view.maintenance;
    let mut text = table(&rows);
    text.push_str(&format!(
        "\ndeposits {} − debts {} = equity {} USD\nrequired {} USD to keep ({})\n",
        dollars_down(score.collateral),
        dollars_down(score.debt),
        dollars_down(score.equity()),
        dollars_down(score.requirement),
        view.reason,
    ));
    text.push_str(&match &view.opening {
        Some(opening) => {
            format!("required {} USD to borrow or withdraw more\n", dollars_down(opening.requirement))
        }
        None => "to borrow or withdraw, prices have to be refreshed first (the commands do)\n".into(),
    });
    if score.is_healthy() {
        text.push_str(&format!("healthy: {} USD above the requirement\n", dollars_down(score.excess())));
    } else {
        text.push_str(&format!(
            "MAY BE LIQUIDATED: {} USD short, net risk {:.2} %\n",
            dollars_down(Usd(score.excess().0.saturating_neg())),
            f64::from(view.net_risk_ppm) / 10_000.0,
        ));
        if !ways.is_empty() {
            text.push_str(&format!("to stop it: {}\n", ways.join(", or ")));
        }
    }
    text
}

fn side(position: &PositionView) -> &'static str {
    if position.is_debt {
        "owes"
    } else {
        "holds"
    }
}

fn score_json(score: &Score) -> Value {
    json!({
        "deposits_usd": dollars(score.collateral),
        "debts_usd": dollars(score.debt),
        "equity_usd": dollars(score.equity()),
        "requirement_usd": dollars(score.requirement),
        "healthy": score.is_healthy(),
    })
}

/// Micro-USD as a decimal number in a string: exact.
fn dollars(value: Usd) -> String {
    let sign = if value.0 < 0 { "-" } else { "" };
    let size = value.0.unsigned_abs();
    format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000)
}

fn view_json(session: &Session, snapshot: &Snapshot, view: &PortfolioView) -> Value {
    let positions: Vec<Value> = view
        .positions
        .iter()
        .map(|position| {
            json!({
                "token": session.names.of(&position.mint),
                "mint": position.mint.to_string(),
                "reserve": position.reserve.to_string(),
                "side": if position.is_debt { "debt" } else { "deposit" },
                "amount": format(position.amount, position.decimals),
                "units": position.amount.0.to_string(),
                "value_usd": dollars(position.value),
                "price_usd": snapshot.reserves.get(&position.reserve).map(price_text),
                "price_age_seconds": position.price_age,
                "liquidated_at_price_ppm": { "falling": position.falls_to_ppm, "rising": position.rises_to_ppm },
            })
        })
        .collect();
    json!({
        "vault": snapshot.key.to_string(),
        "positions": positions,
        "maintenance": score_json(&view.maintenance),
        "opening": view.opening.as_ref().map(score_json),
        "reason": view.reason,
        "net_risk_ppm": view.net_risk_ppm,
    })
}
