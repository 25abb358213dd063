//! Node.js on ours beside the same Node.js on libuv, in alternating rounds of one run. What is measured and what it is to come to is in
//! `cases`, how each is run in `run`; the programs are in `js`.
//!
//! ```text
//! cargo bench -p preload -- --node shared --keep figures http start
//! ```
//!
//! The same Node.js on libuv runs twice in each round: what is between its two columns is noise.
//!
//! The two kinds of Node.js, and where they come from, are those of the tests (`tests/setups/mod.rs`). The one with libuv inside runs on its
//! own; the one that links libuv on libuv 1.53.0, built with its release settings.

mod cases;
mod run;
#[path = "../tests/setups/mod.rs"]
mod setups;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use c_tests::bench::figures::median;
use cases::{Case, FIGURES, Figure};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use setups::{Node, On, Result, SETUPS};

/// One figure of one run.
struct Sample {
    figure: String,
    contender: String,
    value: f64,
}

fn main() -> ExitCode {
    match bench(&arguments().get_matches()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Command {
    Command::new("node")
        .bin_name("cargo bench -p preload --")
        .about("Measure Node.js on uvring beside the same Node.js on libuv")
        .arg(
            Arg::new("node")
                .long("node")
                .value_name("KIND")
                .value_parser(["static", "shared"])
                .default_value("static")
                .help("The Node.js that has libuv inside, or the one that links it"),
        )
        .arg(
            Arg::new("rounds")
                .long("rounds")
                .value_name("N")
                .value_parser(value_parser!(usize))
                .help("How often each case is run [default: 5, http 11, start 21]"),
        )
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("S")
                .value_parser(value_parser!(f64))
                .default_value("2")
                .help("How long rates are measured in each run"),
        )
        .arg(
            Arg::new("keep")
                .long("keep")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Add the figures of each run to this file, and show those that it has: for measuring in pieces"),
        )
        .arg(
            Arg::new("case")
                .value_name("CASE")
                .num_args(0..)
                .value_parser(Case::ALL.map(Case::name))
                .help("What is measured [default: everything]"),
        )
        // Cargo says so to whatever it runs as a benchmark.
        .arg(Arg::new("bench").long("bench").action(ArgAction::SetTrue).hide(true))
}

fn bench(arguments: &ArgMatches) -> Result {
    let node = if arguments.get_one::<String>("node").is_some_and(|kind| kind == "shared") {
        Node::Shared
    } else {
        Node::Static
    };
    let keep = arguments.get_one::<PathBuf>("keep");
    let seconds = arguments.get_one::<f64>("seconds").copied().unwrap_or(2.0);
    let named: Vec<_> = arguments.get_many::<String>("case").into_iter().flatten().collect();
    let file = setups::find(node).map_err(Clone::clone)?;
    let contenders = contenders(node);
    let mut samples =
        keep.map(|path| kept(&fs::read_to_string(path).unwrap_or_default())).transpose()?.unwrap_or_default();
    for case in Case::ALL.into_iter().filter(|case| named.is_empty() || named.iter().any(|name| *name == case.name())) {
        let rounds = arguments.get_one::<usize>("rounds").copied().unwrap_or(case.rounds());
        for round in 0..rounds {
            eprintln!("{}: round {} of {rounds}", case.name(), round + 1);
            for step in 0..contenders.len() {
                // Each is first in turn.
                let (on, contender) = contenders[(step + round) % contenders.len()];
                for (figure, value) in run::once(case, file, node, on, seconds)? {
                    let sample = Sample { figure, contender: contender.into(), value };
                    if let Some(path) = keep {
                        write(path, &sample).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
                    }
                    samples.push(sample);
                }
            }
        }
    }
    println!("{}", table(&samples, &contenders));
    Ok(())
}

/// Who is compared on this Node.js; the first one is what the others are compared with.
fn contenders(node: Node) -> Vec<(On, &'static str)> {
    let ours = SETUPS.into_iter().filter(|setup| setup.0 == node).map(|(_, on, _)| match on {
        On::Epoll => (on, "epoll"),
        On::Ring | On::Libuv => (on, "ring"),
    });
    [(On::Libuv, "libuv")].into_iter().chain(ours).chain([(On::Libuv, "again")]).collect()
}

fn kept(text: &str) -> Result<Vec<Sample>> {
    let sample = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let [figure, contender, value] = words[..] else { return Err(format!("no figure: {line}")) };
        let value = value.parse().map_err(|_| format!("no figure: {line}"))?;
        Ok(Sample { figure: figure.into(), contender: contender.into(), value })
    };
    text.lines().map(sample).collect()
}

fn write(path: &PathBuf, sample: &Sample) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    writeln!(file, "{} {} {}", sample.figure, sample.contender, sample.value)
}

fn table(samples: &[Sample], contenders: &[(On, &str)]) -> String {
    let mut text = String::from("| | goal | rounds |");
    for (_, contender) in contenders {
        text.push_str(&format!(" {contender} |"));
    }
    text.push_str(&format!("\n|---|---|{}\n", "---:|".repeat(contenders.len() + 1)));
    for figure in &FIGURES {
        text.push_str(&row(samples, contenders, figure).unwrap_or_default());
    }
    text
}

/// `None` where nothing was measured.
fn row(samples: &[Sample], contenders: &[(On, &str)], figure: &Figure) -> Option<String> {
    let values = |contender: &str| -> Vec<f64> {
        let ours = samples.iter().filter(|s| s.figure == figure.name && s.contender == contender);
        ours.map(|s| s.value).collect()
    };
    let Figure { title, unit, goal, .. } = *figure;
    let rounds = contenders.iter().map(|(_, contender)| values(contender).len()).min()?;
    let stock = median(&values(contenders.first()?.1))?;
    let mut text = format!("| {title} | {} | {rounds} | {} |", goal.text(unit), human(stock, unit));
    for (on, contender) in contenders.iter().skip(1) {
        let ours = median(&values(contender))?;
        let (verdict, is_met) = goal.judge(ours, stock, unit);
        let missed = if is_met || *on == On::Libuv { "" } else { ", missed" };
        text.push_str(&format!(" {}, **{verdict}**{missed} |", human(ours, unit)));
    }
    text.push('\n');
    Some(text)
}

fn human(value: f64, unit: &str) -> String {
    if unit == "/s" {
        return format!("{:.1} k/s", value / 1000.0);
    }
    let digits = if value < 10.0 { 2 } else { 1 };
    format!("{value:.digits$} {unit}")
}
