//! What is measured.

use crate::bench::figures::Metric;
use std::path::Path;

/// One line of the tables.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name, in parts from the general to the special: `stat/disk/one/8`.
    pub name: String,
    /// What is run.
    pub job: Job,
    /// What is compared, the first being what matters most.
    pub metrics: Vec<Metric>,
    /// Whether it runs when no case is named.
    pub is_core: bool,
    /// How many times better than the other library the ring has to be: by the first metric and by the second.
    pub goal: Option<[f64; 2]>,
    /// How much more processor time than the limit the ring may take.
    pub limit_goal: Option<f64>,
    /// File operations that the ring driver has to do without a thread of the pool.
    pub no_threads: bool,
}

/// The programs of a case, with their arguments.
#[derive(Debug, Clone)]
pub enum Job {
    /// A program that measures itself.
    Alone {
        /// Its name.
        program: &'static str,
        /// Its arguments.
        args: Vec<String>,
        /// The program of the limit, with the same arguments.
        limit: Option<&'static str>,
        /// Whether it is kept on one processor.
        pinned: bool,
    },
    /// A server on one processor and the client that measures it on another.
    Served {
        /// The server's name; that of the limit is `limit_server`.
        server: &'static str,
        /// The client's name.
        client: &'static str,
        /// `tcp`, `unix` or `udp`.
        transport: &'static str,
        /// The server's `mode`.
        mode: &'static str,
        /// The client's arguments.
        args: Vec<String>,
    },
    /// The size of the library's file without its debugging information.
    LibrarySize,
}

impl Job {
    /// The programs that have to be built.
    pub fn programs(&self) -> Vec<&'static str> {
        match self {
            Job::Alone { program, limit, .. } => [Some(*program), *limit].into_iter().flatten().collect(),
            Job::Served { server, client, .. } => vec![server, client, LIMIT_SERVER],
            Job::LibrarySize => Vec::new(),
        }
    }

    /// Whether there is something to compare with that no library can beat.
    pub fn has_limit(&self) -> bool {
        match self {
            Job::Alone { limit, .. } => limit.is_some(),
            Job::Served { .. } => true,
            Job::LibrarySize => false,
        }
    }
}

/// The plain epoll loop.
pub const LIMIT_SERVER: &str = "limit_server";

/// All cases. `disk` and `tmpfs` are the folders for files; `is_quick` makes everything small.
pub fn all(disk: &Path, tmpfs: &Path, is_quick: bool) -> Vec<Case> {
    let scale = Scale { is_quick };
    let mut cases = Vec::new();
    for (place, dir) in [("disk", disk), ("tmpfs", tmpfs)] {
        files(place, dir, scale, &mut cases);
    }
    streams(&mut cases);
    datagrams(&mut cases);
    latency(&mut cases);
    timers_and_turns(scale, &mut cases);
    threads(scale, &mut cases);
    processes_and_names(scale, &mut cases);
    sizes(scale, &mut cases);
    cases
}

#[derive(Clone, Copy)]
struct Scale {
    is_quick: bool,
}

impl Scale {
    fn of(self, full: usize, quick: usize) -> usize {
        if self.is_quick { quick } else { full }
    }
}

const SPEED: [Metric; 2] = [Metric::Speed, Metric::Cpu];

fn alone(name: String, program: &'static str, args: Vec<String>) -> Case {
    let job = Job::Alone { program, args, limit: None, pinned: false };
    Case { name, job, metrics: SPEED.to_vec(), is_core: true, goal: None, limit_goal: None, no_threads: false }
}

impl Case {
    fn goal(mut self, speed: f64, cpu: f64) -> Self {
        self.goal = Some([speed, cpu]);
        self
    }

    fn by(mut self, metrics: &[Metric]) -> Self {
        self.metrics = metrics.to_vec();
        self
    }

    fn pinned(mut self) -> Self {
        if let Job::Alone { pinned, .. } = &mut self.job {
            *pinned = true;
        }
        self
    }

    fn limit(mut self, name: &'static str) -> Self {
        if let Job::Alone { limit, .. } = &mut self.job {
            *limit = Some(name);
        }
        self
    }
}

/// What libuv does with a thread for each operation.
fn files(place: &str, dir: &Path, scale: Scale, cases: &mut Vec<Case>) {
    for op in ["stat", "read", "write", "open", "small", "readdir", "scandir"] {
        let depths: &[usize] = match op {
            "open" | "small" => &[1, 8, 16, 32, 256],
            "stat" => &[1, 8, 16, 32, 128, 256],
            _ => &[1, 8, 32, 256],
        };
        for (paths, count) in [("one", 1), ("fresh", scale.of(10_000, 300))] {
            for &depth in depths {
                let args = [format!("op={op}"), format!("dir={}", dir.display())];
                let args = [args.to_vec(), vec![format!("files={count}"), format!("depth={depth}")]].concat();
                let mut case = alone(format!("{op}/{place}/{paths}/{depth}"), "files", args);
                if depth == 1 {
                    case = case.limit("limit_files");
                }
                // Where nothing has to be waited for, nothing may be handed to a thread. tmpfs cannot be asked to read only then.
                case.no_threads = depth <= 8 && matches!((op, place), ("open", _) | ("read" | "small", "disk"))
                    || (op, depth) == ("stat", 1);
                case.goal = if place == "disk" { file_goal(op, depth) } else { None };
                case.is_core = case.goal.is_some() && paths == "one" || (depth == 1 && op != "scandir");
                cases.push(case);
            }
        }
    }
}

fn file_goal(op: &str, depth: usize) -> Option<[f64; 2]> {
    Some(match (op, depth) {
        ("stat", 1) => [12.0, 10.0],
        ("stat", 8) => [2.5, 3.5],
        ("stat", 32 | 128) => [1.0, 1.0],
        ("read", 1) => [20.0, 15.0],
        ("read", 32) => [2.0, 2.0],
        ("write", 1) => [2.5, 2.0],
        ("write", 32) => [1.0, 1.0],
        ("open" | "small", 1) => [12.0, 12.0],
        ("open" | "small", 16) => [3.0, 4.0],
        _ => return None,
    })
}

fn served(name: String, transport: &'static str, mode: &'static str, client: &'static str, args: &[String]) -> Case {
    let server = if transport == "udp" { "udp_server" } else { "server" };
    let job = Job::Served { server, client, transport, mode, args: args.to_vec() };
    Case { name, job, metrics: SPEED.to_vec(), is_core: true, goal: None, limit_goal: None, no_threads: false }
}

fn streams(cases: &mut Vec<Case>) {
    for transport in ["tcp", "unix"] {
        for (connections, sizes) in ECHOES {
            for &(label, size) in *sizes {
                for mode in ["alloc", "static"] {
                    let args = ["mode=echo".into(), format!("connections={connections}"), format!("size={size}")];
                    let name = format!("{transport}-echo/{mode}/{connections}/{label}");
                    let mut case = served(name, transport, mode, "client", &args);
                    case.goal = echo_goal(transport, mode, *connections, label);
                    case.is_core = case.goal.is_some();
                    let is_plain =
                        matches!((transport, mode, *connections, label), ("tcp", "static", 50, "64B" | "1KiB"));
                    case.limit_goal = is_plain.then_some(1.05);
                    cases.push(case);
                }
            }
        }
        let short = ["mode=short".into(), "connections=50".into(), "size=64".into()];
        cases.push(served(format!("{transport}-short"), transport, "alloc", "client", &short));
        for (way, connections) in [("sink", 1), ("source", 1), ("sink", 50), ("source", 50)] {
            let args = [format!("mode={way}"), format!("connections={connections}")];
            let mut case = served(format!("{transport}-{way}/{connections}"), transport, way, "client", &args);
            case.is_core = connections == 1;
            cases.push(case);
        }
    }
}

/// Connections, and the sizes of what they send. With many connections large messages would only measure the kernel's
/// limits on memory for sockets.
const ECHOES: &[(usize, &[(&str, usize)])] = &[
    (1, &[("64B", 64), ("1KiB", 1 << 10), ("16KiB", 16 << 10), ("1MiB", 1 << 20)]),
    (50, &[("64B", 64), ("128B", 128), ("1KiB", 1 << 10), ("16KiB", 16 << 10), ("1MiB", 1 << 20)]),
    (1000, &[("64B", 64), ("1KiB", 1 << 10), ("16KiB", 16 << 10)]),
    (10_000, &[("64B", 64), ("1KiB", 1 << 10)]),
];

fn echo_goal(transport: &str, mode: &str, connections: usize, size: &str) -> Option<[f64; 2]> {
    Some(match (transport, mode, connections, size) {
        ("tcp", "alloc", 50, "64B" | "1KiB") => [1.2, 1.35],
        ("tcp", "static", 50, "64B" | "1KiB" | "16KiB") => [1.0, 1.0],
        ("tcp", "alloc", 50, "16KiB") => [1.3, 1.5],
        ("tcp", "alloc", 1, "64B") => [1.0, 1.0],
        ("tcp", "alloc", 1000 | 10_000, "64B") => [1.1, 1.2],
        ("unix", "alloc", 50, "128B") => [1.2, 1.5],
        ("unix", "static", 50, "128B") => [1.0, 1.0],
        _ => return None,
    })
}

fn datagrams(cases: &mut Vec<Case>) {
    for (label, size, window) in [("64B", 64, 64), ("8KiB", 8192, 8)] {
        for mode in ["alloc", "static"] {
            let args = [format!("size={size}"), format!("window={window}")];
            cases.push(served(format!("udp/{mode}/{label}"), "udp", mode, "udp_client", &args).goal(1.1, 1.1));
        }
    }
}

/// Loads for the plot of latency, in messages a second.
const RATES: [usize; 7] = [5_000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000];

fn latency(cases: &mut Vec<Case>) {
    for rate in RATES {
        let args = ["connections=50".into(), "size=64".into(), format!("rate={rate}")];
        let case = served(format!("{LATENCY}{rate}"), "tcp", "alloc", "paced_client", &args);
        cases.push(case.by(&[Metric::P99, Metric::Cpu, Metric::P50]));
    }
}

/// How the names of the cases with a given load begin.
pub const LATENCY: &str = "tcp-latency/";

fn timers_and_turns(scale: Scale, cases: &mut Vec<Case>) {
    let million = vec![format!("timers={}", scale.of(1_000_000, 20_000)), format!("span={}", scale.of(1000, 100))];
    let case = alone("timers/million".into(), "timers", [vec!["op=million".into()], million].concat());
    cases.push(case.by(&[Metric::Cpu]).goal(2.0, 0.0).pinned());
    for op in ["restart", "again"] {
        let args = vec![format!("op={op}"), "timers=10000".into()];
        cases.push(alone(format!("timers/{op}"), "timers", args).by(&[Metric::Cpu]).goal(1.0, 0.0).pinned());
    }
    for (name, listen) in [("turns/idle", 0), ("turns/listening", 1)] {
        cases.push(alone(name.into(), "turns", vec![format!("listen={listen}")]).goal(4.0, 4.0).pinned());
    }
    cases.push(alone("polls/1000".into(), "polls", vec!["polls=1000".into()]).limit("limit_polls").pinned());
}

fn threads(scale: Scale, cases: &mut Vec<Case>) {
    let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
    cases.push(alone("async/ping-pong".into(), "asyncs", words("op=pingpong threads=1")).goal(1.0, 1.1));
    cases.push(alone("async/four-threads".into(), "asyncs", words("op=pingpong threads=4")));
    cases.push(alone("async/pummel".into(), "asyncs", words("op=pummel threads=4")));
    let among = format!("op=among handles={}", scale.of(100_000, 5_000));
    cases.push(alone("async/among-100000".into(), "asyncs", words(&among)).goal(20.0, 20.0));
    for depth in [1, 64] {
        cases.push(alone(format!("work/{depth}"), "work", vec![format!("depth={depth}")]).goal(1.0, 1.0));
    }
}

fn processes_and_names(scale: Scale, cases: &mut Vec<Case>) {
    for (name, resident) in [("spawn/small", 0), ("spawn/1GiB", scale.of(1024, 32))] {
        cases.push(alone(name.into(), "spawn", vec![format!("resident={resident}")]).goal(1.0, 1.0));
    }
    let numeric = vec!["host=127.0.0.1".to_string()];
    cases.push(alone("lookup/numeric".into(), "lookup", numeric).goal(10.0, 10.0));
    cases.push(alone("lookup/localhost".into(), "lookup", vec!["host=localhost".into()]));
}

fn sizes(scale: Scale, cases: &mut Vec<Case>) {
    let connection = vec!["op=connection".into(), format!("count={}", scale.of(10_000, 500))];
    let loops = vec!["op=loop".into(), format!("count={}", scale.of(100, 20))];
    let load = vec![format!("count={}", scale.of(300, 10))];
    let bytes = [Metric::Bytes];
    // At most 1.5 times what the other one needs.
    let case = alone("memory/connection".into(), "memory", connection).by(&bytes);
    cases.push(case.goal(1.0 / 1.5, 0.0));
    cases.push(alone("memory/loop".into(), "memory", loops).by(&bytes));
    cases.push(alone("load".into(), "load", load).by(&[Metric::Time]).limit("limit_load").pinned());
    let size = alone("size".into(), "", Vec::new()).by(&bytes);
    cases.push(Case { job: Job::LibrarySize, ..size });
}
