//! Tables: for the terminal, and in Markdown.

use crate::bench::contender::Contender;
use crate::bench::figures::{Comparison, Metric, Outcome, Verdict};
use crate::bench::machine::Machine;
use serde::Serialize;
use std::fmt::Write;

/// All that was found out; the JSON is this.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// What the other library is called.
    pub peer: String,
    /// How many rounds.
    pub rounds: usize,
    /// The length of a window.
    pub seconds: f64,
    /// By case.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// As JSON.
    pub fn json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map_err(|e| format!("no JSON: {e}"))
    }

    /// As Markdown: what was gained and what was lost, then every figure.
    pub fn markdown(&self) -> String {
        let mut text = String::from("# uvring measured\n\n");
        text += &self.preamble();
        text += &self.summary();
        let mut groups: Vec<&str> = Vec::new();
        for outcome in &self.outcomes {
            if !groups.contains(&group(&outcome.name)) {
                groups.push(group(&outcome.name));
            }
        }
        for name in groups {
            let _ = writeln!(text, "\n## {name}\n");
            let members = self.outcomes.iter().filter(|outcome| group(&outcome.name) == name);
            text += &self.table(members);
        }
        text
    }

    fn preamble(&self) -> String {
        let Self { machine, peer, rounds, seconds, .. } = self;
        let [disk, tmpfs] = &machine.file_systems;
        let mut text = machine.described(&format!("; `disk` is {disk}, `tmpfs` is {tmpfs}")) + "\n";
        text += machine.warning();
        let _ = writeln!(
            text,
            "Medians of {rounds} alternating rounds with windows of {seconds} s; ± is half the way from the lowest to the \
             highest. A gain is how many times better than {peer} as it comes: its time over ours, our throughput over its. \
             {peer} was measured twice in each round; a gain within its distance from itself (*noise*) counts as none.",
        );
        text
    }

    fn summary(&self) -> String {
        let mut text = String::new();
        for contender in [Contender::Ring, Contender::Epoll] {
            let mut lists = [Vec::new(), Vec::new(), Vec::new()];
            for outcome in &self.outcomes {
                for comparison in &outcome.comparisons {
                    let Some((gain, verdict)) = comparison.verdict(contender) else { continue };
                    let line = format!("{} {} {gain:.2}×", outcome.name, comparison.metric.short());
                    lists[verdict as usize].push(line);
                }
            }
            let [better, same, worse] = &lists;
            let label = contender.label(&self.peer);
            let (better, same) = (better.len(), same.len());
            let _ =
                write!(text, "\n**{label}**: better in {better} figures, the same in {same}, worse in {}", worse.len());
            let _ =
                writeln!(text, "{}", if worse.is_empty() { ".".into() } else { format!(": {}.", worse.join("; ")) });
        }
        let missed = self.missed();
        if !missed.is_empty() {
            let _ = writeln!(text, "\n**Goals missed**: {}.", missed.join("; "));
        }
        let failed: Vec<&str> = self.outcomes.iter().filter(|o| o.has_failed()).map(|o| o.name.as_str()).collect();
        if !failed.is_empty() {
            let _ = writeln!(text, "\n**Failed**: {}.", failed.join(", "));
        }
        text
    }

    /// The goals that are missed: those of the ring, and on epoll to lose nothing.
    pub fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        for outcome in &self.outcomes {
            for comparison in &outcome.comparisons {
                let what = format!("{} {}", outcome.name, comparison.metric.short());
                if comparison.meets_goal() == Some(false) {
                    let gain = comparison.verdict(Contender::Ring).map_or(0.0, |(gain, _)| gain);
                    missed.push(format!("{what} {gain:.2}× of {:.2}×", comparison.goal.unwrap_or(0.0)));
                }
                if let (Some(times), Some(most)) = (comparison.above_limit(), comparison.limit_goal) {
                    missed.push(format!("{what} {times:.2}× the limit's, not {most:.2}×"));
                }
                let counts = matches!(comparison.metric, Metric::Speed | Metric::Cpu);
                if let (true, Some((gain, Verdict::Worse))) = (counts, comparison.verdict(Contender::Epoll))
                    && gain < ON_EPOLL
                {
                    missed.push(format!("{what} on epoll {gain:.2}× of {ON_EPOLL}×"));
                }
            }
        }
        missed
    }

    fn table<'a>(&self, outcomes: impl Iterator<Item = &'a Outcome>) -> String {
        let labels = COLUMNS.map(|contender| contender.label(&self.peer));
        let mut text = format!("| case | | {} | gain | on epoll | noise |\n", labels.join(" | "));
        text += &format!("|---|---|{}---|---|---|\n", "---|".repeat(COLUMNS.len()));
        for outcome in outcomes {
            for (i, comparison) in outcome.comparisons.iter().enumerate() {
                let name = if i == 0 { format!("`{}`", outcome.name) } else { String::new() };
                let cells = COLUMNS.map(|contender| cell(comparison, contender));
                let ring = gain(comparison, Contender::Ring) + &goal(comparison);
                let epoll = gain(comparison, Contender::Epoll);
                let noise = percent(comparison.noise);
                let unit = comparison.metric.unit();
                let _ = writeln!(text, "| {name} | {unit} | {} | {ring} | {epoll} | {noise} |", cells.join(" | "));
            }
        }
        text
    }

    /// A case's figures for the terminal.
    pub fn lines(outcome: &Outcome, peer: &str) -> String {
        let mut text = format!("{}\n", outcome.name);
        for comparison in &outcome.comparisons {
            let _ = write!(text, "  {:<16}", comparison.metric.unit());
            for contender in COLUMNS.into_iter().filter(|contender| comparison.figures.contains_key(contender)) {
                let _ = write!(text, "  {} {}", contender.label(peer), cell(comparison, contender));
            }
            let _ = writeln!(
                text,
                "\n  {:16}  gain {}{}, on epoll {}; noise {}",
                "",
                gain(comparison, Contender::Ring),
                goal(comparison),
                gain(comparison, Contender::Epoll),
                percent(comparison.noise)
            );
        }
        for note in &outcome.notes {
            let _ = writeln!(text, "  ! {note}");
        }
        text
    }
}

/// What every case has to reach on epoll.
const ON_EPOLL: f64 = 0.95;

/// The second measurement of the other library is in the noise, and in the JSON.
const COLUMNS: [Contender; 5] =
    [Contender::Ring, Contender::Epoll, Contender::Peer, Contender::PeerRing, Contender::Limit];

impl Metric {
    fn short(self) -> &'static str {
        match self {
            Metric::Speed => "speed",
            Metric::Cpu | Metric::WallCpu => "CPU",
            Metric::P50 => "p50",
            Metric::P99 => "p99",
            Metric::Bytes => "bytes",
            Metric::Time | Metric::Wall => "time",
        }
    }
}

/// What cases belong to: the first part of the name.
pub fn group(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

fn cell(comparison: &Comparison, contender: Contender) -> String {
    let figure = comparison.figures.get(&contender);
    figure.map_or("–".into(), |figure| format!("{} ±{}", human(figure.median), percent(figure.spread / 2.0)))
}

/// How many times better a contender was, for a table. Losses stand out as much as gains do.
pub fn gain(comparison: &Comparison, contender: Contender) -> String {
    match comparison.verdict(contender) {
        Some((gain, Verdict::Better)) => format!("**{gain:.2}×**"),
        Some((gain, Verdict::Same)) => format!("{gain:.2}× ="),
        Some((gain, Verdict::Worse)) => format!("**{gain:.2}× worse**"),
        None => "–".into(),
    }
}

fn goal(comparison: &Comparison) -> String {
    match (comparison.goal, comparison.meets_goal()) {
        (Some(goal), Some(true)) => format!(" (goal {goal:.2}×)"),
        (Some(goal), Some(false)) => format!(" (**misses {goal:.2}×**)"),
        _ => String::new(),
    }
}

/// A share in hundredths.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Three figures, and a letter for thousands and millions.
pub fn human(value: f64) -> String {
    let (value, letter) = match value {
        value if value >= 1e6 => (value / 1e6, " M"),
        value if value >= 1e4 => (value / 1e3, " k"),
        value => (value, ""),
    };
    let decimals = match value {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}{letter}")
}
