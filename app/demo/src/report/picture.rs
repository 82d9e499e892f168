//! `crash.svg`: the close-up of what was liquidated, as a picture that stands alone.

use super::figures::{close_up, liquidated_plot, DESIGNS};
use crate::{outcome::Outcome, time};
use anyhow::Result;

/// The picture, on a white ground so that it reads on any page.
pub fn draw(whole: (u64, u64), designs: &[&Outcome]) -> Result<String> {
    let range = close_up(whole, designs);
    let mut legend = String::new();
    for (index, (design, colour)) in designs.iter().zip(DESIGNS).enumerate() {
        let x = 154 + 480 * index;
        legend += &format!(
            "<rect x=\"{x}\" y=\"92\" width=\"24\" height=\"24\" rx=\"6\" fill=\"#{:02x}{:02x}{:02x}\"/>\n\
             <text x=\"{}\" y=\"112\" font-size=\"24\" fill=\"#1f2328\">{}: {:.2} %</text>\n",
            colour.0,
            colour.1,
            colour.2,
            x + 36,
            super::text::escape(&design.design),
            100.0 * design.figures().liquidated_share_of_debt,
        );
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1920 810\" font-family=\"sans-serif\">\n\
         <rect width=\"1920\" height=\"810\" fill=\"#ffffff\"/>\n\
         <text x=\"154\" y=\"58\" font-size=\"32\" font-weight=\"600\" fill=\"#1f2328\">Liquidated so far, share of the opening \
         debt, {} to {} UTC</text>\n{legend}<g transform=\"translate(0 140)\">\n{}\n</g>\n</svg>\n",
        time::minute(range.0),
        time::minute(range.1),
        liquidated_plot(range, designs)?,
    ))
}
