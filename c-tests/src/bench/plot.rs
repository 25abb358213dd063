//! Pictures: gains as grouped bars, latency against load.

use crate::bench::cases::LATENCY;
use crate::bench::contender::Contender;
use crate::bench::figures::{Metric, Outcome};
use crate::bench::report::{Report, group, human};
use plotters::coord::ranged1d::{KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Plot<T = ()> = Result<T, Box<dyn Error>>;

/// Which cases share a picture.
const PICTURES: [(&str, &str, &[&str]); 4] = [
    ("files", "Files", &["stat", "read", "write", "open", "small", "readdir", "scandir"]),
    ("streams", "Streams", &["tcp-echo", "unix-echo", "tcp-short", "unix-short"]),
    ("bulk", "One-way streams and datagrams", &["tcp-sink", "tcp-source", "unix-sink", "unix-source", "udp"]),
    ("other", "Loops, threads, processes", &["timers", "turns", "polls", "async", "work", "spawn", "lookup"]),
];

const BARS: [(Contender, RGBColor); 4] = [
    (Contender::Ring, RGBColor(200, 75, 30)),
    (Contender::Epoll, RGBColor(235, 165, 110)),
    (Contender::PeerRing, RGBColor(120, 150, 190)),
    (Contender::Limit, RGBColor(170, 170, 170)),
];

const LINES: [(Contender, RGBColor); 4] = [BARS[0], BARS[1], (Contender::Peer, RGBColor(40, 80, 140)), BARS[2]];

/// Writes the pictures that there are figures for, and names them.
pub fn write(report: &Report, dir: &Path) -> Result<Vec<String>, String> {
    std::fs::create_dir_all(dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
    let mut written = Vec::new();
    let mut pictures = vec![("overview", "What counts most", goals(report))];
    for (file, title, groups) in PICTURES {
        let outcomes = report.outcomes.iter().filter(|outcome| groups.contains(&group(&outcome.name)));
        pictures.push((file, title, outcomes.collect()));
    }
    for (file, title, outcomes) in pictures.into_iter().filter(|(_, _, outcomes)| !outcomes.is_empty()) {
        let path = dir.join(format!("{file}.svg"));
        bars(report, &outcomes, title, &path).map_err(|e| format!("cannot draw {}: {e}", path.display()))?;
        written.push(path.display().to_string());
    }
    let loads: Vec<&Outcome> = report.outcomes.iter().filter(|o| o.name.starts_with(LATENCY)).collect();
    if loads.len() > 1 {
        let path = dir.join("latency.svg");
        latency(report, &loads, &path).map_err(|e| format!("cannot draw {}: {e}", path.display()))?;
        written.push(path.display().to_string());
    }
    Ok(written)
}

/// The cases with goals for throughput and processor time; of file operations, those over one path.
fn goals(report: &Report) -> Vec<&Outcome> {
    let counts = |outcome: &&Outcome| {
        let has_goal = |metric| outcome.comparisons.iter().any(|c| c.metric == metric && c.goal.is_some());
        has_goal(Metric::Cpu) && !outcome.name.contains("/fresh/")
    };
    report.outcomes.iter().filter(counts).collect()
}

/// Two columns, throughput and processor time: how many times better than the other library, on a scale of factors.
fn bars(report: &Report, outcomes: &[&Outcome], title: &str, path: &Path) -> Plot {
    let rows = u32::try_from(outcomes.len())?;
    let root = SVGBackend::new(path, (1100, 110 + 44 * rows)).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.titled(&format!("{title}: times better than {}", report.peer), ("sans-serif", 20))?;
    let (head, root) = root.split_vertically(24);
    legend(&head, BARS.map(|(contender, colour)| (contender.label(&report.peer), colour)))?;
    let (left, right) = root.split_horizontally(650);
    panel(&left, outcomes, Metric::Speed, "throughput", 190)?;
    panel(&right, outcomes, Metric::Cpu, "processor time", 0)?;
    root.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn legend<const N: usize>(area: &Area<'_>, entries: [(String, RGBColor); N]) -> Plot {
    let mut x = 190;
    for (label, colour) in entries {
        area.draw(&Rectangle::new([(x, 6), (x + 14, 18)], colour.filled()))?;
        area.draw(&Text::new(label.clone(), (x + 20, 6), ("sans-serif", 13)))?;
        x += 50 + i32::try_from(label.chars().count())? * 8;
    }
    Ok(())
}

fn panel(area: &Area<'_>, outcomes: &[&Outcome], metric: Metric, title: &str, names: u32) -> Plot {
    let gain = |outcome: &Outcome, contender: Contender| {
        let comparison = outcome.comparisons.iter().find(|comparison| comparison.metric == metric)?;
        comparison.figures.get(&contender)?.gain
    };
    let gains: Vec<f64> =
        outcomes.iter().flat_map(|o| BARS.iter().filter_map(|(contender, _)| gain(o, *contender))).collect();
    // Bars start at 1, so the scale has to hold it, and a little around.
    let low = gains.iter().copied().fold(0.8, f64::min) * 0.9;
    let high = gains.iter().copied().fold(1.25, f64::max) * 1.1;
    let count = f64::from(u32::try_from(outcomes.len())?);
    let mut builder = ChartBuilder::on(area);
    builder.caption(title, ("sans-serif", 14)).margin(8).x_label_area_size(24).y_label_area_size(names);
    let mut chart = builder.build_cartesian_2d(Factors(low, high), Rows(count))?;
    let mut mesh = chart.configure_mesh();
    let name = |row: &f64| outcome_at(outcomes, *row).map(|outcome| outcome.name.clone()).unwrap_or_default();
    mesh.disable_y_mesh().x_label_formatter(&|x| format!("{x}×")).y_label_formatter(&name);
    mesh.x_max_light_lines(0).draw()?;
    for (row, outcome) in outcomes.iter().enumerate() {
        let top = f64::from(u32::try_from(row)?);
        for (bar, (contender, colour)) in (0_u32..).zip(BARS) {
            let Some(gain) = gain(outcome, contender) else { continue };
            let from = count - top - 0.12 - f64::from(bar) * 0.19;
            chart.draw_series([Rectangle::new([(1.0, from), (gain, from - 0.17)], colour.filled())])?;
        }
    }
    chart.draw_series([PathElement::new(vec![(1.0, 0.0), (1.0, count)], BLACK)])?;
    Ok(())
}

/// The first case is at the top.
fn outcome_at<'a>(outcomes: &[&'a Outcome], row: f64) -> Option<&'a Outcome> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "labels stand at 0.5, 1.5, …")]
    let from_below = row.max(0.0) as usize;
    outcomes.len().checked_sub(from_below + 1).and_then(|i| outcomes.get(i)).copied()
}

/// An axis with a row of height 1 for each case, and the labels in the middle of the rows.
struct Rows(f64);

impl Ranged for Rows {
    type FormatOption = plotters::coord::ranged1d::DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(0.0..self.0).map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        let middle = std::iter::successors(Some(0.5), |row| Some(row + 1.0));
        middle.take_while(|row| *row < self.0).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        0.0..self.0
    }
}

/// An axis on which equal steps are equal factors, marked at 1, 2, 5, 10 and so on.
struct Factors(f64, f64);

impl Ranged for Factors {
    type FormatOption = plotters::coord::ranged1d::DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.0.ln()..self.1.ln()).map(&value.max(self.0).ln(), limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        // Powers of ten below 1 are quotients, which print as 0.001.
        let marks = (-4_i32..9).flat_map(|power| {
            let ten = 10_f64.powi(power.abs());
            [1.0, 2.0, 5.0].map(|digit| if power < 0 { digit / ten } else { digit * ten })
        });
        marks.filter(|mark| (self.0..=self.1).contains(mark)).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.0..self.1
    }
}

/// The time within which 99 of 100 answers came (a line), and half of them (a dotted one), by load.
fn latency(report: &Report, outcomes: &[&Outcome], path: &Path) -> Plot {
    let root = SVGBackend::new(path, (900, 520)).into_drawing_area();
    root.fill(&WHITE)?;
    let title = "Latency against load: 50 connections over TCP, 64 bytes, allocating server";
    let root = root.titled(title, ("sans-serif", 18))?;
    let (head, body) = root.split_vertically(24);
    legend(&head, LINES.map(|(contender, colour)| (contender.label(&report.peer), colour)))?;
    let points = |contender: Contender, metric: Metric| -> Vec<(f64, f64)> {
        let point = |outcome: &&Outcome| {
            let load = outcome.name.strip_prefix(LATENCY)?.parse().ok()?;
            let comparison = outcome.comparisons.iter().find(|comparison| comparison.metric == metric)?;
            Some((load, comparison.figures.get(&contender)?.median))
        };
        let mut points: Vec<(f64, f64)> = outcomes.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    };
    let all: Vec<(f64, f64)> =
        LINES.iter().flat_map(|(c, _)| [points(*c, Metric::P50), points(*c, Metric::P99)].concat()).collect();
    let most_load = all.iter().map(|point| point.0).fold(1.0, f64::max) * 1.05;
    let low = all.iter().map(|point| point.1).fold(f64::INFINITY, f64::min) * 0.8;
    let high = all.iter().map(|point| point.1).fold(0.0, f64::max) * 1.25;
    let mut builder = ChartBuilder::on(&body);
    builder.margin(12).x_label_area_size(44).y_label_area_size(64);
    let mut chart = builder.build_cartesian_2d(0.0..most_load, Factors(low, high.max(low * 2.0)))?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc("messages a second").y_desc("µs, 99 % (line) and 50 % (dots) of the answers");
    mesh.x_label_formatter(&|x| format!("{:.0} k", x / 1000.0)).y_label_formatter(&|y| human(*y));
    mesh.x_max_light_lines(0).draw()?;
    for (contender, colour) in LINES {
        chart.draw_series(LineSeries::new(points(contender, Metric::P99), colour.stroke_width(2)))?;
        let dots = points(contender, Metric::P50).into_iter().map(|point| Circle::new(point, 3, colour.filled()));
        chart.draw_series(dots)?;
    }
    root.present()?;
    Ok(())
}
