//! What is measured, and what it is to come to.

/// What is run once a round for each contender.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// `js/files.js` with this argument.
    Files(&'static str),
    /// `js/server.js` under `js/load.js`.
    Http,
    /// `js/server.js` with the connections of `js/idle.js`.
    Idle,
    /// `npm install` of a package of 2 000 files.
    Install,
    /// `node --test` over 200 files.
    Test,
    /// `node -e 0`.
    Start,
}

impl Case {
    pub(crate) const ALL: [Case; 8] = [
        Case::Files("stat"),
        Case::Files("read-file"),
        Case::Files("stat-200"),
        Case::Http,
        Case::Idle,
        Case::Install,
        Case::Test,
        Case::Start,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Case::Files(name) => name,
            Case::Http => "http",
            Case::Idle => "idle",
            Case::Install => "install",
            Case::Test => "test",
            Case::Start => "start",
        }
    }

    /// How many rounds give a steady median.
    pub(crate) fn rounds(self) -> usize {
        match self {
            Case::Http => 11,
            Case::Start => 21,
            Case::Files(_) | Case::Idle | Case::Install | Case::Test => 5,
        }
    }
}

/// What our median may be, beside that of the same Node.js on libuv.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// At least so many times as much.
    AtLeast(f64),
    /// At most so many times as much.
    AtMost(f64),
    /// At most so much more.
    Within(f64),
}

/// A number that a case gives.
pub(crate) struct Figure {
    /// Begins with the name of its case.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
}

pub(crate) const FIGURES: [Figure; 9] = [
    figure("stat", "`fs.promises.stat`, one at a time", "/s", Goal::AtLeast(3.0)),
    figure("read-file", "`fs.promises.readFile` of 1 000 bytes, one at a time", "/s", Goal::AtLeast(4.0)),
    figure("stat-200", "`fs.promises.stat`, 200 at once", "/s", Goal::AtLeast(1.0)),
    figure("http", "`http`, hello world, 50 connections", "/s", Goal::AtLeast(1.0)),
    figure("http-p99", "the same, 99 of 100 answers within", "ms", Goal::AtMost(1.0)),
    figure("idle", "memory of an `http` server with 5 000 idle connections", "MiB", Goal::AtMost(1.0)),
    figure("install", "`npm install` of a package of 2 000 files", "s", Goal::AtMost(1.0)),
    figure("test", "`node --test` over 200 files", "s", Goal::AtMost(1.0)),
    figure("start", "`node -e 0`", "ms", Goal::Within(3.0)),
];

const fn figure(name: &'static str, title: &'static str, unit: &'static str, goal: Goal) -> Figure {
    Figure { name, title, unit, goal }
}

impl Goal {
    pub(crate) fn text(self, unit: &str) -> String {
        match self {
            Goal::AtLeast(times) => format!("≥ {times:.1} ×"),
            Goal::AtMost(times) => format!("≤ {times:.1} ×"),
            Goal::Within(more) => format!("≤ {more:+.0} {unit}"),
        }
    }

    /// How ours compares, and whether that is enough.
    pub(crate) fn judge(self, ours: f64, stock: f64, unit: &str) -> (String, bool) {
        match self {
            Goal::AtLeast(times) => (format!("{:.2} ×", ours / stock), ours >= stock * times),
            Goal::AtMost(times) => (format!("{:.2} ×", ours / stock), ours <= stock * times),
            Goal::Within(more) => (format!("{:+.1} {unit}", ours - stock), ours <= stock + more),
        }
    }
}
