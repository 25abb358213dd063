//! What `uvring top` shows, as lines.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use uv::observe::outside::{Doing, Metrics, Seen};

use super::watched::{Sample, Watched};

const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const BAR: Style = AnsiColor::Cyan.on_default();
const BUSY: Style = AnsiColor::Yellow.on_default().bold();

/// A histogram has so many rows at most.
const ROWS: usize = 12;
/// Three histograms stand side by side in so many columns.
const WIDE: usize = 90;
/// What stands before a bar, and behind it.
const LABEL: usize = 8;
const COUNT: usize = 7;

/// A line in pieces, each with its style.
#[derive(Clone, Default)]
pub(crate) struct Line(Vec<(Style, String)>);

impl Line {
    fn add(mut self, style: Style, text: impl Into<String>) -> Line {
        self.0.push((style, text.into()));
        self
    }

    fn plain(text: impl Into<String>) -> Line {
        Line::default().add(Style::new(), text)
    }

    fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// No longer than so many characters.
    pub(crate) fn cut(&self, width: usize) -> Line {
        let mut left = width;
        let mut cut = Line::default();
        for (style, text) in &self.0 {
            let piece: String = text.chars().take(left).collect();
            left -= piece.chars().count();
            cut = cut.add(*style, piece);
        }
        cut
    }

    /// Exactly so long.
    fn fill(&self, width: usize) -> Line {
        let cut = self.cut(width);
        let missing = width - cut.width();
        cut.add(Style::new(), " ".repeat(missing))
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(style, text)| write!(f, "{style}{text}{style:#}"))
    }
}

/// What is shown.
pub(crate) struct Page<'a> {
    pub(crate) watched: &'a Watched,
    pub(crate) now: &'a Sample,
    /// The look before, for what happens in a second; otherwise all is told that ever happened.
    pub(crate) before: Option<&'a Sample>,
    /// The look from which on histograms count; otherwise from the start.
    pub(crate) since: Option<&'a Sample>,
}

impl Page<'_> {
    pub(crate) fn lines(&self, width: usize) -> Vec<Line> {
        let kind =
            if self.before.is_some() { "each second; histograms of the last 10 s; q quits" } else { "since the start" };
        let title = format!("uvring top: {} (process {})", self.watched.program, self.watched.pid);
        let mut lines = vec![Line::default().add(TITLE, title), Line::default().add(FAINT, kind)];
        if self.now.loops.is_empty() {
            lines.push(Line::plain("no loop now"));
        }
        for seen in &self.now.loops {
            lines.push(Line::default());
            self.add_loop(seen, width, &mut lines);
        }
        lines.iter().map(|line| line.cut(width)).collect()
    }

    fn add_loop(&self, seen: &Seen, width: usize, lines: &mut Vec<Line>) {
        let before = find(self.before, seen);
        let seconds = match (self.before, before) {
            (Some(sample), Some(_)) => self.now.at.duration_since(sample.at).as_secs_f64(),
            _ => self.now.now_ns.saturating_sub(seen.began_ns) as f64 / 1e9,
        };
        let change = Change {
            now: seen.metrics,
            before: before.map_or_else(Metrics::default, |seen| seen.metrics),
            seconds: seconds.max(1e-3),
            asleep_ns: asleep(seen, self.now.now_ns)
                .saturating_sub(before.map_or(0, |seen| asleep(seen, self.before.map_or(0, |sample| sample.now_ns)))),
            is_rate: before.is_some(),
        };
        lines.push(headline(seen, self.now.now_ns, change.busy()));
        if seen.thread == 0 {
            return;
        }
        lines.extend(change.lines().into_iter().map(Line::plain));
        let since = find(self.since, seen).map_or_else(Metrics::default, |seen| seen.metrics);
        add_histograms(&seen.metrics, &since, width, lines);
    }
}

/// The same loop in another sample.
fn find<'a>(sample: Option<&'a Sample>, seen: &Seen) -> Option<&'a Seen> {
    sample?.loops.iter().find(|other| other.place == seen.place)
}

/// How long a loop was asleep by then. What it counts is without the sleep that goes on.
fn asleep(seen: &Seen, now_ns: u64) -> u64 {
    let goes_on = if seen.doing == Doing::Sleeping { now_ns.saturating_sub(seen.since_ns) } else { 0 };
    seen.metrics.asleep_ns + goes_on
}

/// Which loop, and what it does.
fn headline(seen: &Seen, now_ns: u64, busy: f64) -> Line {
    let driver = if seen.is_ring { "io_uring" } else { "epoll" };
    let line = Line::default().add(TITLE, format!("loop {}", seen.place.0));
    let line = match seen.thread {
        0 => line.add(FAINT, " has not run yet"),
        thread => line.add(FAINT, format!(" of thread {thread}, on {driver}, {:.0} % busy: ", busy * 100.0)),
    };
    let since = time(now_ns.saturating_sub(seen.since_ns) as f64);
    match seen.doing {
        Doing::Outside => line,
        Doing::Turning => line.add(Style::new(), "turns"),
        Doing::Sleeping => line.add(Style::new(), format!("asleep for {since}")),
        Doing::Callback(_) => line.add(BUSY, format!("in a callback for {since}")),
    }
}

/// What a loop did meanwhile.
struct Change {
    now: Metrics,
    before: Metrics,
    seconds: f64,
    asleep_ns: u64,
    /// Numbers are told for a second.
    is_rate: bool,
}

/// One of the counters.
type Counter = fn(&Metrics) -> u64;

/// Counters of what few programs do; not shown where they are 0.
const RARE: [(&str, Counter); 14] = [
    ("posts", |m| m.posts),
    ("cancelled", |m| m.cancels),
    ("timed out", |m| m.timeouts),
    ("refused by the ring", |m| m.refusals),
    ("ring overflows", |m| m.overflows),
    ("views received", |m| m.recv_views),
    ("bytes received", |m| m.recv_bytes),
    ("receiving parked", |m| m.recv_parked),
    ("gathered writes", |m| m.write_calls),
    ("entries for them", |m| m.write_entries),
    ("bytes written", |m| m.write_bytes),
    ("sent without copying", |m| m.zc_sends),
    ("bytes moved by copying", |m| m.moved_copied),
    ("bytes spliced", |m| m.moved_spliced),
];

impl Change {
    fn more(&self, value: impl Fn(&Metrics) -> u64) -> u64 {
        value(&self.now).saturating_sub(value(&self.before))
    }

    fn number(&self, value: impl Fn(&Metrics) -> u64) -> String {
        let more = self.more(value) as f64;
        short(if self.is_rate { more / self.seconds } else { more })
    }

    /// The part of the time that it was not asleep.
    fn busy(&self) -> f64 {
        (1.0 - self.asleep_ns as f64 / 1e9 / self.seconds).clamp(0.0, 1.0)
    }

    fn lines(&self) -> Vec<String> {
        let now = &self.now;
        let first = format!(
            "  {:<9} {} turns, {} waits brought {}, {} wake-ups; active: {}, {}",
            "loop",
            self.number(|m| m.turns),
            self.number(|m| m.enters + m.epoll_waits),
            self.number(|m| m.completions),
            self.number(|m| m.wakeups),
            several(now.handles, "handle"),
            several(now.requests, "request"),
        );
        let all = |m: &Metrics| m.files_inline + m.files_ring + m.files_pool;
        let share = |part: Counter| 100.0 * self.more(part) as f64 / self.more(all).max(1) as f64;
        let files = if self.more(all) == 0 {
            format!("  {:<9} none; the pool has {}", "files", several(now.pool_waiting, "job"))
        } else {
            format!(
                "  {:<9} {}: {:.0} % at once, {:.0} % on the ring, {:.0} % in the pool ({} now)",
                "files",
                self.number(all),
                share(|m| m.files_inline),
                share(|m| m.files_ring),
                share(|m| m.files_pool),
                several(now.pool_waiting, "job"),
            )
        };
        let streams = format!(
            "  {:<9} {} reads, {} writes, {} accepted",
            "streams",
            self.number(|m| m.stream_reads),
            self.number(|m| m.stream_writes),
            self.number(|m| m.accepts),
        );
        let rare = RARE.iter().filter(|(_, value)| value(now) > 0);
        let rare: Vec<_> = rare.map(|(name, value)| format!("{} {name}", self.number(value))).collect();
        let rest = (!rare.is_empty()).then(|| format!("  {:<9} {}", "also", rare.join(", ")));
        [first, files, streams].into_iter().chain(rest).collect()
    }
}

/// Side by side where there is room, else one below the other.
fn add_histograms(now: &Metrics, since: &Metrics, width: usize, lines: &mut Vec<Line>) {
    let columns = if width >= WIDE { (width - 2) / 3 } else { width.saturating_sub(2) };
    let blocks = [
        histogram("callbacks took", &now.callback_ns, &since.callback_ns, nanoseconds, columns - 2),
        histogram("jobs waited", &now.pool_wait_ns, &since.pool_wait_ns, nanoseconds, columns - 2),
        histogram(
            "a wait brought",
            &now.completions_per_enter,
            &since.completions_per_enter,
            |bucket| short(2f64.powi(bucket as i32)),
            columns - 2,
        ),
    ];
    if width < WIDE {
        let indented = |line: Line| Line(std::iter::once((Style::new(), "  ".into())).chain(line.0).collect());
        lines.extend(blocks.into_iter().flatten().map(indented));
        return;
    }
    for row in 0..blocks.iter().map(Vec::len).max().unwrap_or_default() {
        let mut line = Line::plain("  ");
        for block in &blocks {
            line.0.extend(block.get(row).cloned().unwrap_or_default().fill(columns).0);
        }
        lines.push(line);
    }
}

/// A title and a row for each bucket, or for a few where there are many.
fn histogram(title: &str, now: &[u64], since: &[u64], name: fn(usize) -> String, width: usize) -> Vec<Line> {
    let counts: Vec<u64> = now.iter().zip(since).map(|(now, since)| now.saturating_sub(*since)).collect();
    let all: u64 = counts.iter().sum();
    let mut lines = vec![Line::default().add(FAINT, title)];
    let (Some(first), Some(last)) = (counts.iter().position(|&n| n > 0), counts.iter().rposition(|&n| n > 0)) else {
        lines[0] = Line::default().add(FAINT, format!("{title}: none"));
        return lines;
    };
    let step = (last + 1 - first).div_ceil(ROWS);
    let rows: Vec<(usize, u64)> =
        (first..=last).step_by(step).map(|at| (at, counts[at..].iter().take(step).sum())).collect();
    let longest = rows.iter().map(|&(_, count)| count).max().unwrap_or(1).max(1);
    lines[0] = Line::default().add(FAINT, format!("{title}, {} in all", short(all as f64)));
    for (at, count) in rows {
        let room = width.saturating_sub(LABEL + COUNT + 2);
        let bar = bar(count as f64 / longest as f64, room);
        lines.push(
            Line::plain(format!("{:>LABEL$} ", name(at)))
                .add(BAR, bar.clone())
                .add(Style::new(), " ".repeat(room - bar.chars().count()))
                .add(
                    Style::new(),
                    format!(" {:>COUNT$}", if count == 0 { String::new() } else { short(count as f64) }),
                ),
        );
    }
    lines
}

/// A bar that fills a part of the room, to an eighth of a character. Something is never nothing.
fn bar(part: f64, room: usize) -> String {
    let eighths = (part * room as f64 * 8.0).round() as usize;
    let eighths = if part > 0.0 { eighths.max(1) } else { 0 };
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}

/// The lower bound of a bucket of times.
fn nanoseconds(bucket: usize) -> String {
    time(2f64.powi(bucket as i32))
}

/// A time in the unit that suits it.
fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        0.0..1e3 => (ns, "ns"),
        1e3..1e6 => (ns / 1e3, "µs"),
        1e6..1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    if unit == "s" && value < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// "1 handle", "2 handles".
fn several(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A number in four characters or so.
fn short(number: f64) -> String {
    match number {
        0.0..10.0 if number.fract() > 0.05 => format!("{number:.1}"),
        0.0..9_999.5 => format!("{number:.0}"),
        9_999.5..999_500.0 => format!("{:.0}k", number / 1e3),
        999_500.0..9.995e6 => format!("{:.1}M", number / 1e6),
        9.995e6..999.5e6 => format!("{:.0}M", number / 1e6),
        _ => format!("{:.1}G", number / 1e9),
    }
}

/// The processes that can be looked at.
pub(crate) fn list(found: &[(Watched, usize)]) -> String {
    if found.is_empty() {
        return "no process here measures what its loops do: start one with `uvring run --stats -- PROGRAM`, \
                or with UVRING_METRICS=1\n"
            .into();
    }
    let row = |(watched, loops): &(Watched, usize)| format!("{:>9}  {loops:>5}  {}\n", watched.pid, watched.program);
    format!("{TITLE}{:>9}  {:>5}  {}{TITLE:#}\n", "process", "loops", "program")
        + &found.iter().map(row).collect::<String>()
}

/// For programs.
pub(crate) fn json(watched: &Watched, sample: &Sample) -> Value {
    let loops: Vec<_> = sample.loops.iter().map(|seen| loop_json(seen, sample.now_ns)).collect();
    json!({ "process": watched.pid, "program": watched.program, "loops": loops })
}

fn loop_json(seen: &Seen, now_ns: u64) -> Value {
    let m = &seen.metrics;
    let doing = match seen.doing {
        Doing::Outside => "nothing",
        Doing::Turning => "turning",
        Doing::Sleeping => "sleeping",
        Doing::Callback(_) => "callback",
    };
    let counters = seen.counters().map(|(name, value)| (name.to_owned(), Value::from(value)));
    json!({
        "loop": seen.place.0,
        "thread": seen.thread,
        "driver": if seen.is_ring { "io_uring" } else { "epoll" },
        "doing": doing,
        "doing_ns": if seen.since_ns == 0 { 0 } else { now_ns.saturating_sub(seen.since_ns) },
        "measured_ns": now_ns.saturating_sub(seen.began_ns),
        "counters": counters.collect::<serde_json::Map<_, _>>(),
        "completions_per_enter": m.completions_per_enter,
        "callback_ns": m.callback_ns,
        "pool_wait_ns": m.pool_wait_ns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        let numbers = [0.0, 3.0, 3.25, 42.4, 9999.0, 12_345.0, 999_600.0, 25e6, 2.5e9];
        assert_eq!(numbers.map(short), ["0", "3", "3.2", "42", "9999", "12k", "1.0M", "25M", "2.5G"]);
        assert_eq!([512.0, 1024.0, 1.0e6, 1.5e9, 2e10].map(time), ["512 ns", "1 µs", "1 ms", "1.5 s", "20 s"]);
        assert_eq!([bar(0.0, 4), bar(1.0, 4), bar(0.001, 4)], ["", "████", "▏"]);
    }

    #[test]
    fn lines_are_cut_across_their_pieces() {
        let line = Line::plain("four").add(TITLE, "more");
        assert_eq!((line.cut(6).width(), line.fill(20).width(), line.cut(0).width()), (6, 20, 0));
    }
}
