//! Plots as inline SVG: transparent, so that they sit on a light or a dark page, and without legends, which the page has as text.

use crate::time;
use anyhow::{anyhow, Result};
use plotters::{coord::combinators::BindKeyPoints, prelude::*};

/// Width of a full plot in its own units, two for each of the page's, because the drawing has whole units only.
const WIDTH: u32 = 1_920;
/// Height of a plot.
const HEIGHT: u32 = 660;
/// Text, grid and axes; the page's style recolours the text.
const INK: RGBColor = RGBColor(110, 118, 129);

/// One line of a plot.
pub struct Line {
    /// Its colour.
    pub colour: RGBColor,
    /// Times and values, in order.
    pub points: Vec<(u64, f64)>,
}

/// Dots of one colour.
pub struct Dots {
    /// Their colour.
    pub colour: RGBColor,
    /// Full, or rings.
    pub filled: bool,
    /// Times and values.
    pub points: Vec<(u64, f64)>,
}

/// What a plot's axes are.
pub struct Axes<'a> {
    /// First and last moment.
    pub time: (u64, u64),
    /// What the vertical axis says.
    pub unit: &'a str,
    /// Writes a value of the vertical axis.
    pub format: &'a dyn Fn(f64) -> String,
    /// Whether the vertical axis begins at zero.
    pub from_zero: bool,
    /// Half of the page's width.
    pub half: bool,
}

impl Axes<'_> {
    fn size(&self) -> (u32, u32) {
        (if self.half { WIDTH / 2 } else { WIDTH }, HEIGHT)
    }

    /// Ticks at round times, at most nine.
    fn ticks(&self) -> Vec<u64> {
        const STEPS: [u64; 12] =
            [60, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800];
        let most = if self.half { 5 } else { 9 };
        let (from, to) = self.time;
        let step = STEPS.into_iter().find(|step| (to - from) / step < most).unwrap_or(604_800);
        (from.div_ceil(step)..=to / step).map(|tick| tick * step).collect()
    }
}

/// Draws lines over time.
pub fn lines(axes: &Axes, lines: &[Line]) -> Result<String> {
    let visible = |line: &Line| clip(&line.points, axes.time);
    let all: Vec<Vec<(u64, f64)>> = lines.iter().map(visible).collect();
    let values = || all.iter().flatten().map(|(_, value)| *value);
    let high = values().fold(f64::MIN, f64::max);
    let low = values().fold(f64::MAX, f64::min);
    let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
    let margin = ((high - low) * 0.06).max(high.abs() * 0.002).max(1e-9);
    let range = if axes.from_zero { 0.0..high.max(1e-9) * 1.06 } else { low - margin..high + margin };
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, axes.size()).into_drawing_area();
        let x = (axes.time.0..axes.time.1).with_key_points(axes.ticks());
        let mut chart = ChartBuilder::on(&root)
            .margin(14)
            .margin_right(44)
            .x_label_area_size(84)
            .y_label_area_size(140)
            .build_cartesian_2d(x, range)
            .map_err(drawing)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.22))
            .axis_style(INK.mix(0.6))
            .label_style(("sans-serif", 26).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 26).into_font().color(&INK))
            .x_label_formatter(&|moment| time::axis(*moment))
            .y_label_formatter(&|value| (axes.format)(*value))
            .y_labels(6)
            .x_desc("time, UTC")
            .y_desc(axes.unit)
            .draw()
            .map_err(drawing)?;
        for (line, points) in lines.iter().zip(all) {
            chart
                .draw_series(LineSeries::new(thin(&points), line.colour.stroke_width(4)))
                .map_err(drawing)?;
        }
        root.present().map_err(drawing)?;
    }
    Ok(inline(&svg))
}

/// Draws dots over time on a logarithmic scale.
pub fn dots(axes: &Axes, groups: &[Dots]) -> Result<String> {
    let inside = |point: &&(u64, f64)| (axes.time.0..=axes.time.1).contains(&point.0) && point.1 > 0.0;
    let values =
        || groups.iter().flat_map(|group| group.points.iter().filter(inside)).map(|(_, value)| *value);
    let high = values().fold(100.0, f64::max) * 1.6;
    let low = (values().fold(high, f64::min) / 1.6).max(0.01);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, axes.size()).into_drawing_area();
        let x = (axes.time.0..axes.time.1).with_key_points(axes.ticks());
        let mut chart = ChartBuilder::on(&root)
            .margin(14)
            .margin_right(44)
            .x_label_area_size(84)
            .y_label_area_size(140)
            .build_cartesian_2d(x, (low..high).log_scale().with_key_points(powers(low, high)))
            .map_err(drawing)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.22))
            .axis_style(INK.mix(0.6))
            .label_style(("sans-serif", 26).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 26).into_font().color(&INK))
            .x_label_formatter(&|moment| time::axis(*moment))
            .y_label_formatter(&|value| (axes.format)(*value))
            .x_desc("time, UTC")
            .y_desc(axes.unit)
            .draw()
            .map_err(drawing)?;
        for group in groups {
            let style =
                if group.filled { group.colour.mix(0.75).filled() } else { group.colour.stroke_width(4) };
            let circles = group.points.iter().filter(inside).map(|point| Circle::new(*point, 10, style));
            chart.draw_series(circles).map_err(drawing)?;
        }
        root.present().map_err(drawing)?;
    }
    Ok(inline(&svg))
}

fn drawing(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("a plot cannot be drawn: {error}")
}

/// 1, 3, 10, 30 … within the range.
fn powers(low: f64, high: f64) -> Vec<f64> {
    let all = (-2i32..=12).flat_map(|power| [10f64.powi(power), 3.0 * 10f64.powi(power)]);
    all.filter(|value| (low..=high).contains(value)).collect()
}

/// The points within a time range, with the values at its ends carried over from the last points before them.
fn clip(points: &[(u64, f64)], (from, to): (u64, u64)) -> Vec<(u64, f64)> {
    let start = points.partition_point(|(time, _)| *time <= from);
    let end = points.partition_point(|(time, _)| *time <= to);
    let at = |moment: u64, next: usize| next.checked_sub(1).map(|index| (moment, points[index].1));
    let last = at(to, end).filter(|_| points[end - 1].0 < to);
    at(from, start).into_iter().chain(points[start..end].iter().copied()).chain(last).collect()
}

/// At most about 1,800 points: the lowest and the highest of each stretch, so that no extreme is lost.
fn thin(points: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let stretch = points.len().div_ceil(900);
    if stretch <= 2 {
        return points.to_vec();
    }
    let mut kept = vec![];
    for part in points.chunks(stretch) {
        let by_value = |a: &&(u64, f64), b: &&(u64, f64)| a.1.total_cmp(&b.1);
        let (Some(low), Some(high)) = (part.iter().min_by(by_value), part.iter().max_by(by_value)) else {
            continue;
        };
        let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        kept.push(*first);
        if second.0 > first.0 {
            kept.push(*second);
        }
    }
    kept.extend(points.last().filter(|last| kept.last() != Some(last)));
    kept
}

/// Makes the drawing fit inside a page: no namespace (HTML needs none), and as wide as its place.
fn inline(svg: &str) -> String {
    let start = svg.find("<svg").unwrap_or(0);
    svg[start..].replacen(" xmlns=\"http://www.w3.org/2000/svg\"", " role=\"img\"", 1)
}

/// A step line from events: the running sum, as it stands at each moment and just before it changes.
pub fn running_sum(start: u64, events: impl Iterator<Item = (u64, f64)>) -> Vec<(u64, f64)> {
    let mut points = vec![(start, 0.0)];
    let mut sum = 0.0;
    for (time, value) in events {
        points.push((time, sum));
        sum += value;
        points.push((time, sum));
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_every_extreme() {
        let mut points: Vec<(u64, f64)> = (0..10_000).map(|i| (i, (i % 7) as f64)).collect();
        points[5_003].1 = -9.0;
        points[7_777].1 = 99.0;
        let kept = thin(&points);
        assert!(kept.len() < 2_000);
        assert!(kept.contains(&(5_003, -9.0)) && kept.contains(&(7_777, 99.0)));
        assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(kept.last(), points.last());
    }

    #[test]
    fn clipping_carries_values_to_both_ends() {
        let points = [(0, 1.0), (10, 2.0), (20, 3.0), (30, 4.0)];
        assert_eq!(clip(&points, (15, 25)), [(15, 2.0), (20, 3.0), (25, 3.0)]);
        assert_eq!(clip(&points, (10, 40)), [(10, 2.0), (20, 3.0), (30, 4.0), (40, 4.0)]);
        assert_eq!(clip(&points, (31, 40)), [(31, 4.0), (40, 4.0)]);
    }

    #[test]
    fn a_running_sum_steps() {
        let sum = running_sum(0, [(2, 1.0), (5, 2.0)].into_iter());
        assert_eq!(sum, [(0, 0.0), (2, 0.0), (2, 1.0), (5, 1.0), (5, 3.0)]);
    }

    #[test]
    fn ticks_are_round_and_few() {
        let from = time::parse("2025-10-09").unwrap();
        for hours in [1, 3, 16, 96, 240] {
            let format = |value: f64| value.to_string();
            let time = (from + 40, from + 3_600 * hours);
            let axes = Axes { time, unit: "", format: &format, from_zero: true, half: false };
            let ticks = axes.ticks();
            assert!((3..=9).contains(&ticks.len()), "{hours} h: {ticks:?}");
            assert!(ticks.iter().all(|tick| tick % 300 == 0));
        }
    }

    #[test]
    fn plots_of_nothing_are_still_plots() {
        let format = |value: f64| value.to_string();
        let axes = Axes { time: (0, 3_600), unit: "USD", format: &format, from_zero: true, half: true };
        let svg = lines(&axes, &[Line { colour: RED, points: vec![] }]).unwrap();
        assert!(svg.starts_with("<svg") && !svg.contains("http"));
        assert!(dots(&axes, &[]).unwrap().contains("</svg>"));
    }
}
