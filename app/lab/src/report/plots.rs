//! Plots as inline SVG: transparent, so that they sit on a light or a dark page, and without legends, which the page has as text.

use anyhow::{anyhow, Result};
use plotters::{coord::combinators::BindKeyPoints, prelude::*};

/// Text, grid and axes; the page's style recolours the text.
const INK: RGBColor = RGBColor(110, 118, 129);
/// Colours of families and designs, in their order.
pub const COLOURS: [RGBColor; 8] = [
    RGBColor(198, 47, 59),
    RGBColor(214, 120, 30),
    RGBColor(150, 110, 60),
    RGBColor(47, 111, 235),
    RGBColor(26, 127, 55),
    RGBColor(130, 80, 223),
    RGBColor(0, 140, 160),
    RGBColor(191, 57, 137),
];

/// One line, with its points marked on request.
pub struct Line {
    /// Its colour.
    pub colour: RGBColor,
    /// Whether each point gets a dot.
    pub marked: bool,
    /// Points.
    pub points: Vec<(f64, f64)>,
}

/// A colour as CSS.
pub fn css(colour: RGBColor) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)
}

/// Draws lines. Vertical axis from zero; horizontal one from the lowest to the highest point.
pub fn lines(lines: &[Line], x: (&str, &dyn Fn(f64) -> String), y: &str) -> Result<String> {
    let all = || lines.iter().flat_map(|line| line.points.iter());
    let (low, high) = all().fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(p.0), h.max(p.0)));
    let (low, high) = if low < high { (low, high) } else { (0.0, 1.0) };
    let pad = if lines.iter().any(|line| line.marked) { 0.03 * (high - low) } else { 0.0 };
    let top = all().map(|point| point.1).fold(0.0, f64::max).max(1e-9) * 1.08;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (1_920, 760)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(14)
            .margin_right(44)
            .x_label_area_size(84)
            .y_label_area_size(130)
            .build_cartesian_2d(low - pad..high + pad, -0.02 * top..top)
            .map_err(drawing)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.22))
            .axis_style(INK.mix(0.6))
            .label_style(("sans-serif", 26).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 26).into_font().color(&INK))
            .x_label_formatter(&|value| (x.1)(*value))
            .y_label_formatter(&|value| number(*value))
            .x_labels(9)
            .y_labels(7)
            .x_desc(x.0)
            .y_desc(y)
            .draw()
            .map_err(drawing)?;
        for line in lines {
            let style = line.colour.stroke_width(4);
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style)).map_err(drawing)?;
            if line.marked {
                let dots = line.points.iter().map(|point| Circle::new(*point, 9, line.colour.filled()));
                chart.draw_series(dots).map_err(drawing)?;
            }
        }
        root.present().map_err(drawing)?;
    }
    Ok(inline(&svg))
}

/// One bar with its range.
pub struct Bar {
    /// What it is.
    pub name: String,
    /// Its colour.
    pub colour: RGBColor,
    /// Its value and the ends of its range.
    pub value: [f64; 3],
}

/// Draws horizontal bars on a logarithmic scale from 1, with a mark at each of these values.
pub fn bars(bars: &[Bar], marks: &[f64], x: &str) -> Result<String> {
    let finite = |value: f64| if value.is_finite() { value } else { 1e4 };
    let top = bars.iter().map(|bar| finite(bar.value[2])).fold(20.0, f64::max) * 1.2;
    let mut svg = String::new();
    {
        let height = 130 + 62 * bars.len() as u32;
        let root = SVGBackend::with_string(&mut svg, (1_920, height)).into_drawing_area();
        let keys: Vec<f64> =
            [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0]
                .into_iter()
                .filter(|key| *key <= top)
                .collect();
        let count = bars.len() as f64;
        let mut chart = ChartBuilder::on(&root)
            .margin(14)
            .margin_right(44)
            .x_label_area_size(84)
            .y_label_area_size(400)
            .build_cartesian_2d((0.9..top).log_scale().with_key_points(keys), 0.0..count)
            .map_err(drawing)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.22))
            .axis_style(INK.mix(0.6))
            .label_style(("sans-serif", 26).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 26).into_font().color(&INK))
            .x_label_formatter(&|value| format!("{value:.0}×"))
            .x_desc(x)
            .draw()
            .map_err(drawing)?;
        for (row, bar) in bars.iter().enumerate() {
            let y = count - row as f64 - 0.5;
            let [value, low, high] = bar.value.map(finite);
            let body =
                Rectangle::new([(1.0, y - 0.3), (value.max(1.0), y + 0.3)], bar.colour.mix(0.75).filled());
            chart.draw_series([body]).map_err(drawing)?;
            let range = PathElement::new(vec![(low.max(0.91), y), (high.max(0.91), y)], INK.stroke_width(4));
            chart.draw_series([range]).map_err(drawing)?;
            let place = chart.backend_coord(&(1.0, y));
            let style = ("sans-serif", 26).into_font().color(&INK);
            let at = (24, place.1 - 13);
            root.draw(&Text::new(bar.name.clone(), at, style)).map_err(drawing)?;
        }
        for mark in marks {
            let line = PathElement::new(vec![(*mark, 0.0), (*mark, count)], BLACK.mix(0.6).stroke_width(3));
            chart.draw_series([line]).map_err(drawing)?;
        }
        root.present().map_err(drawing)?;
    }
    Ok(inline(&svg))
}

/// As short as it can be read: 0.05, 1.2, 340.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size < 1e-9 => "0".into(),
        size if size < 1.0 => format!("{value:.2}"),
        size if size < 10.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn drawing(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("a plot cannot be drawn: {error}")
}

/// Makes the drawing fit inside a page: no namespace (HTML needs none).
fn inline(svg: &str) -> String {
    let start = svg.find("<svg").unwrap_or(0);
    svg[start..].replacen(" xmlns=\"http://www.w3.org/2000/svg\"", " role=\"img\"", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_of_nothing_are_still_plots() {
        let svg = lines(&[], ("x", &number), "y").unwrap();
        assert!(svg.starts_with("<svg") && !svg.contains("http"));
        assert!(bars(&[], &[16.0], "x").unwrap().contains("</svg>"));
    }

    #[test]
    fn an_endless_ratio_still_fits() {
        let bar =
            Bar { name: "calm".into(), colour: COLOURS[0], value: [f64::INFINITY, 20.0, f64::INFINITY] };
        assert!(bars(&[bar], &[], "x").unwrap().contains("calm"));
    }
}
