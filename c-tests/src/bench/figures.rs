//! From what runs say to medians, spreads and verdicts.

use crate::bench::cases::Case;
use crate::bench::contender::Contender;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Operations a second.
    Speed,
    /// Microseconds of processor time for each operation.
    Cpu,
    /// Microseconds within which half of the answers came.
    P50,
    /// Microseconds within which 99 of 100 answers came.
    P99,
    /// Bytes.
    Bytes,
    /// Microseconds.
    Time,
    /// Seconds that the whole of it lasts.
    Wall,
    /// Seconds of processor time for the whole of it.
    WallCpu,
}

impl Metric {
    /// What the numbers are.
    pub fn unit(self) -> &'static str {
        match self {
            Metric::Speed => "per second",
            Metric::Cpu => "µs CPU each",
            Metric::P50 => "µs in the median",
            Metric::P99 => "µs at 99 %",
            Metric::Bytes => "bytes",
            Metric::Time => "µs",
            Metric::Wall => "s",
            Metric::WallCpu => "s CPU",
        }
    }

    /// How many times better `ours` is than `theirs`.
    fn gain(self, ours: f64, theirs: f64) -> f64 {
        if self == Metric::Speed { ours / theirs } else { theirs / ours }
    }

    fn of(self, sample: &Sample) -> Result<f64, String> {
        let ops = || sample.get("ops");
        let value = match self {
            Metric::Speed => ops()? / sample.get("seconds")?,
            Metric::Cpu => sample.get("cpu")? / ops()? * 1e6,
            Metric::P50 => sample.get("p50")?,
            Metric::P99 => sample.get("p99")?,
            Metric::Bytes | Metric::Time => sample.get("value")?,
            Metric::Wall => sample.get("seconds")?,
            Metric::WallCpu => sample.get("cpu")?,
        };
        // Ratios of nothing say nothing: a window too short for the clock of processor time gives zero.
        Ok(value.max(1e-9))
    }
}

/// What one run said.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sample {
    /// Its numbers by name.
    pub fields: BTreeMap<String, f64>,
    /// The library that it ran on, with its version.
    pub library: String,
}

impl Sample {
    /// Reads lines `name value`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut sample = Self::default();
        for line in text.lines() {
            let (name, value) = line.split_once(' ').ok_or_else(|| format!("the program said {line:?}"))?;
            if name == "library" {
                sample.library = value.to_string();
                continue;
            }
            let value = value.parse().map_err(|_| format!("the program said {line:?}"))?;
            sample.fields.insert(name.to_string(), value);
        }
        Ok(sample)
    }

    /// A number that has to be there.
    pub fn get(&self, name: &str) -> Result<f64, String> {
        self.fields.get(name).copied().ok_or_else(|| format!("the program gave no {name}"))
    }
}

/// The runs of one contender.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Runs {
    /// In the order of the rounds.
    pub samples: Vec<Sample>,
    /// Why there are no more.
    pub failed: Option<String>,
}

/// A number of one contender over all rounds.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// The middle one.
    pub median: f64,
    /// From the lowest to the highest, as a share of the median.
    pub spread: f64,
    /// How many times better than the other library as it comes.
    pub gain: Option<f64>,
    /// What that means.
    pub verdict: Option<Verdict>,
}

/// What a gain means, given how far the other library was from itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// More than that above 1.
    Better,
    /// Within it.
    Same,
    /// More than that below 1.
    Worse,
}

/// One metric of a case.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Which.
    pub metric: Metric,
    /// How far the other library was from itself in the same rounds, as a share.
    pub noise: f64,
    /// By contender.
    pub figures: BTreeMap<Contender, Figure>,
    /// What the ring has to gain.
    pub goal: Option<f64>,
    /// How many times the limit's processor time the ring may take.
    pub limit_goal: Option<f64>,
}

/// The outcome of a case.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The case's name.
    pub name: String,
    /// By metric, the most important first.
    pub comparisons: Vec<Comparison>,
    /// What went wrong or is remarkable.
    pub notes: Vec<String>,
    /// Whether file operations took threads that may not.
    pub took_threads: bool,
    /// All that was measured.
    pub runs: BTreeMap<Contender, Runs>,
}

impl Outcome {
    /// Judges the runs of a case.
    pub fn new(case: &Case, runs: BTreeMap<Contender, Runs>, peer: &str) -> Self {
        let mut outcome = Self::without_goals(&case.name, &case.metrics, runs, peer);
        for (i, comparison) in outcome.comparisons.iter_mut().enumerate() {
            comparison.goal = case.goal.and_then(|goal| goal.get(i).copied()).filter(|goal| *goal > 0.0);
            comparison.limit_goal = case.limit_goal.filter(|_| comparison.metric == Metric::Cpu);
        }
        let threads = if case.no_threads { outcome.runs.get(&Contender::Ring).and_then(threads) } else { None };
        outcome.took_threads = threads.is_some();
        outcome.notes.extend(threads);
        outcome
    }

    /// Judges runs by these metrics.
    pub fn without_goals(name: &str, metrics: &[Metric], runs: BTreeMap<Contender, Runs>, peer: &str) -> Self {
        let comparisons = metrics.iter().map(|metric| compare(*metric, &runs)).collect();
        let notes = notes(metrics, &runs, peer);
        Self { name: name.into(), comparisons, notes, took_threads: false, runs }
    }

    /// Whether a contender could not do it, or ours not in the way it has to.
    pub fn has_failed(&self) -> bool {
        self.took_threads || self.runs.values().any(|runs| runs.failed.is_some())
    }
}

impl Comparison {
    /// A contender's gain and what it means.
    pub fn verdict(&self, contender: Contender) -> Option<(f64, Verdict)> {
        let figure = self.figures.get(&contender)?;
        Some((figure.gain?, figure.verdict?))
    }

    /// How many times the limit's the ring's figure is, if that is more than it may be.
    pub fn above_limit(&self) -> Option<f64> {
        let median = |contender| self.figures.get(&contender).map(|figure| figure.median);
        let times = median(Contender::Ring)? / median(Contender::Limit)?;
        (times > self.limit_goal?).then_some(times)
    }

    /// Whether the ring gained what it has to; a difference that the other library has from itself is none.
    pub fn meets_goal(&self) -> Option<bool> {
        let (gain, _) = self.verdict(Contender::Ring)?;
        Some(gain >= self.goal? * (1.0 - self.noise.min(0.1)))
    }
}

fn compare(metric: Metric, runs: &BTreeMap<Contender, Runs>) -> Comparison {
    let values = |contender: Contender| -> Vec<f64> {
        let samples = runs.get(&contender).map(|runs| runs.samples.as_slice()).unwrap_or_default();
        samples.iter().filter_map(|sample| metric.of(sample).ok()).collect()
    };
    let (peer, again) = (values(Contender::Peer), values(Contender::PeerAgain));
    let noise = noise(&peer, &again);
    let both = median(&[peer.as_slice(), again.as_slice()].concat());
    let figure = |contender: Contender| -> Option<(Contender, Figure)> {
        let values = values(contender);
        let median = median(&values)?;
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(0.0, f64::max);
        let is_peer = matches!(contender, Contender::Peer | Contender::PeerAgain);
        let gain = both.filter(|_| !is_peer).map(|peer| metric.gain(median, peer));
        let verdict = gain.map(|gain| judge(gain, noise));
        Some((contender, Figure { median, spread: (high - low) / median, gain, verdict }))
    };
    Comparison {
        metric,
        noise,
        figures: Contender::ALL.into_iter().filter_map(figure).collect(),
        goal: None,
        limit_goal: None,
    }
}

fn judge(gain: f64, noise: f64) -> Verdict {
    match gain {
        gain if gain > 1.0 + noise => Verdict::Better,
        gain if gain < 1.0 / (1.0 + noise) => Verdict::Worse,
        _ => Verdict::Same,
    }
}

/// How far one and the same library was from itself: between its two medians, or, in the middle of the rounds, between its
/// two runs of a round, whichever is more.
fn noise(one: &[f64], other: &[f64]) -> f64 {
    let distance = |a: f64, b: f64| (a / b).max(b / a) - 1.0;
    let rounds: Vec<f64> = one.iter().zip(other).map(|(a, b)| distance(*a, *b)).collect();
    let medians = median(one).zip(median(other)).map_or(0.0, |(a, b)| distance(a, b));
    medians.max(median(&rounds).unwrap_or(0.0))
}

/// The middle value, or the mean of the two in the middle.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Says how many of the last run's file operations took a thread of the pool, if that is more than the first ones, by
/// which the library learns on what kind of file system a path lies.
fn threads(runs: &Runs) -> Option<String> {
    let fields = &runs.samples.last()?.fields;
    let field = |name: &str| fields.get(name).copied().unwrap_or(0.0);
    let pool = field("files_pool");
    let all = pool + field("files_ring") + field("files_inline");
    (pool > (all * 0.01).max(16.0))
        .then(|| format!("{pool:.0} of {all:.0} operations took a thread, which none should"))
}

fn notes(metrics: &[Metric], runs: &BTreeMap<Contender, Runs>, peer: &str) -> Vec<String> {
    let mut notes = Vec::new();
    for (contender, runs) in runs {
        let label = contender.label(peer);
        if let Some(reason) = &runs.failed {
            notes.push(format!("{label}: {reason}"));
        }
        let Some(sample) = runs.samples.last() else { continue };
        let field = |name: &str| sample.fields.get(name).copied().unwrap_or(0.0);
        if field("lost") > 0.0 {
            notes.push(format!("{label}: {:.0} of {:.0} datagrams lost", field("lost"), field("lost") + field("ops")));
        }
        if field("dropped") > 0.0 {
            notes.push(format!("{label}: cannot keep up with this load"));
        }
        // Then the client is what is measured, and only the processor time says something.
        if field("client_busy") > 0.97 && field("server_busy") < 0.9 && !metrics.contains(&Metric::P99) {
            notes.push(format!("{label}: the client was busy, the server was not"));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(speeds: &[f64]) -> Runs {
        let sample = |speed: &f64| Sample::parse(&format!("ops {speed}\nseconds 1\ncpu 1\n")).expect("well formed");
        Runs { samples: speeds.iter().map(sample).collect(), failed: None }
    }

    #[test]
    fn a_difference_inside_the_peers_own_counts_as_none() {
        let all = [
            (Contender::Ring, runs(&[105.0, 104.0, 106.0])),
            (Contender::Epoll, runs(&[140.0, 150.0, 160.0])),
            (Contender::Limit, runs(&[60.0])),
            (Contender::Peer, runs(&[100.0, 110.0, 90.0])),
            (Contender::PeerAgain, runs(&[95.0, 100.0, 100.0])),
        ];
        let mut comparison = compare(Metric::Speed, &BTreeMap::from(all));
        comparison.goal = Some(1.0);
        assert!((comparison.noise - 0.1).abs() < 1e-9, "{}", comparison.noise);
        let verdict = |contender| comparison.verdict(contender).map(|(_, verdict)| verdict);
        assert_eq!(verdict(Contender::Ring), Some(Verdict::Same));
        assert_eq!(verdict(Contender::Epoll), Some(Verdict::Better));
        assert_eq!(verdict(Contender::Limit), Some(Verdict::Worse));
        assert_eq!(verdict(Contender::Peer), None);
        assert_eq!(comparison.meets_goal(), Some(true));
    }

    #[test]
    fn less_processor_time_is_better() {
        let gain = Metric::Cpu.gain(2.0, 3.0);
        assert!((gain - 1.5).abs() < 1e-9, "{gain}");
    }

    #[test]
    fn what_a_program_says_is_read_strictly() {
        let sample = Sample::parse("library uvring 0.1.0\nops 3\n").expect("well formed");
        assert_eq!((sample.library.as_str(), sample.get("ops")), ("uvring 0.1.0", Ok(3.0)));
        assert!(Sample::parse("ops three").is_err());
        assert!(sample.get("cpu").is_err());
    }
}
