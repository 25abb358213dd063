//! The table of the programs, in Markdown, and the page that it belongs to.

use crate::bench::contender::Contender;
use crate::bench::figures::{Comparison, Metric};
use crate::bench::programs::PROGRAMS;
use crate::bench::report::{Report, gain, human, percent};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Between these a page has what is written here; another file has nothing else.
const BEGIN: &str = "<!-- written by uvring bench --programs -->\n";
const END: &str = "<!-- end -->\n";

/// The page in a file with what was found out: between the marks that it has, or alone.
pub fn text(report: &Report, skipped: &[String], path: &Path) -> String {
    let old = fs::read_to_string(path).unwrap_or_default();
    let table = format!("{BEGIN}{}{END}", table(report, skipped));
    match (old.find(BEGIN), old.find(END)) {
        (Some(from), Some(to)) if from < to => format!("{}{table}{}", &old[..from], &old[to + END.len()..]),
        _ => table,
    }
}

fn table(report: &Report, skipped: &[String]) -> String {
    let machine = &report.machine;
    let disk = format!(", {}", machine.file_systems[0]);
    let mut text = format!("{} Medians of {} alternating rounds.\n", machine.described(&disk), report.rounds);
    text += machine.warning();
    text += "\n| | stock | times better | on epoll | noise | CPU, stock | times better | on epoll | noise |\n";
    text += "|---|---|---|---|---|---|---|---|---|\n";
    for outcome in &report.outcomes {
        let what = PROGRAMS.iter().find(|program| program.name == outcome.name).map_or("", |program| program.what);
        let cells: Vec<String> = outcome.comparisons.iter().map(cells).collect();
        let _ = writeln!(text, "| {what} (`{}`) | {} |", outcome.name, cells.join(" | "));
    }
    let mut named: Vec<String> = Vec::new();
    for outcome in &report.outcomes {
        let needs = PROGRAMS.iter().filter(|program| program.name == outcome.name).flat_map(|program| program.needs);
        let versions = needs.map(|need| need.version());
        named.extend(versions.filter(|version| !named.contains(version)).collect::<Vec<_>>());
    }
    let _ = writeln!(text, "\nOf {}.", named.join(", "));
    for outcome in report.outcomes.iter().filter(|outcome| !outcome.notes.is_empty()) {
        let _ = writeln!(text, "\n`{}`: {}", outcome.name, outcome.notes.join("; "));
    }
    if !skipped.is_empty() {
        let _ = writeln!(text, "\nNot measured: {}.", skipped.join("; "));
    }
    text
}

/// A metric of a program: what it is with its own libuv, what ours gains, and how far stock is from itself.
fn cells(comparison: &Comparison) -> String {
    let unit = match comparison.metric {
        Metric::Speed => "/s",
        Metric::Cpu => " µs each",
        _ => " s",
    };
    let stock = comparison.figures.get(&Contender::Peer);
    let stock = stock.map_or("–".into(), |figure| format!("{}{unit}", human(figure.median)));
    let [ring, epoll] = [Contender::Ring, Contender::Epoll].map(|contender| gain(comparison, contender));
    format!("{stock} | {ring} | {epoll} | {}", percent(comparison.noise))
}
