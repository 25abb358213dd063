//! The benchmarks run, check themselves, and write what they found. What the figures are is no matter here.

use std::path::Path;
use std::process::{Command, Stdio};

/// Two programs that measure themselves, and a server with its client. Some twenty processes, a few seconds.
const CASES: [&str; 3] = ["small/disk/fresh/8", "timers/million", "udp/static/64B"];

#[test]
fn a_quick_run_measures_everyone_and_writes_its_files() {
    if let Err(reason) = c_tests::sources::libuv() {
        println!("nothing to compare with: {reason}");
        return;
    }
    let dir = tempfile::tempdir().expect("there is room for a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    // A program that hangs is ended by its own alarm, well before this.
    command.args(["--quick", "--seconds", "0.02", "--disk"]).arg(dir.path()).arg("--tmpfs").arg(dir.path());
    for (option, name) in [("--json", "out.json"), ("--markdown", "out.md"), ("--svg", "plots")] {
        command.arg(option).arg(dir.path().join(name));
    }
    let output = command.args(CASES).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let progress = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{progress}");
    for case in CASES {
        assert!(said.lines().any(|line| line == case) && progress.contains(case), "{case}?\n{said}\n{progress}");
    }
    let report: serde_json::Value = serde_json::from_str(&read(dir.path(), "out.json")).expect("it is JSON");
    let outcomes = report["outcomes"].as_array().expect("a list of cases");
    assert_eq!(outcomes.len(), CASES.len());
    for outcome in outcomes {
        for contender in ["ring", "epoll", "peer", "peer-ring", "peer-again"] {
            let median = outcome["comparisons"][0]["figures"][contender]["median"].as_f64();
            assert!(median.is_some_and(|median| median > 0.0), "{contender} of {outcome}");
        }
    }
    let tables = read(dir.path(), "out.md");
    assert!(CASES.iter().all(|case| tables.contains(&format!("| `{case}` |"))), "{tables}");
    for plot in ["files", "bulk", "other"] {
        assert!(read(dir.path(), &format!("plots/{plot}.svg")).contains("</svg>"), "{plot}");
    }
}

/// A command of each script and two servers. What is not installed is skipped.
const PROGRAMS: [&str; 7] = ["npm", "cp", "http", "uvloop-echo", "nvim", "cmake", "named"];

#[test]
fn programs_run_on_their_own_libuv_and_on_ours() {
    let dir = tempfile::tempdir().expect("there is room for a folder");
    let page = dir.path().join("page.md");
    let old = "before\n<!-- written by uvring bench --programs -->\nold\n<!-- end -->\nafter\n";
    std::fs::write(&page, old).expect("it can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["--programs", "--quick", "--disk"]).arg(dir.path());
    command.arg("--json").arg(dir.path().join("out.json")).arg("--markdown").arg(&page);
    let output = command.args(PROGRAMS).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value = serde_json::from_str(&read(dir.path(), "out.json")).expect("it is JSON");
    let outcomes = report["outcomes"].as_array().expect("a list of programs");
    for name in PROGRAMS {
        if said.contains(&format!("skipped: {name}: ")) {
            continue;
        }
        let outcome = outcomes.iter().find(|outcome| outcome["name"] == name);
        let outcome = outcome.unwrap_or_else(|| panic!("no {name} in\n{said}"));
        for contender in ["ring", "epoll", "peer", "peer-again"] {
            let runs = &outcome["runs"][contender];
            let refused = runs["failed"].as_str().is_some_and(|reason| reason.starts_with("there is no ring here"));
            assert!(refused || runs["failed"].is_null(), "{contender} of {name}: {runs}");
        }
    }
    let page = read(dir.path(), "page.md");
    assert!(page.starts_with("before\n<!-- written") && page.ends_with("<!-- end -->\nafter\n"), "{page}");
    assert!(!page.contains("\nold\n") && page.contains("| stock | times better |"), "{page}");
}

#[test]
fn its_help_has_examples() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench")).arg("--help").output().expect("it starts");
    assert!(String::from_utf8_lossy(&output.stdout).contains("Examples:\n  uvring bench"));
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let (bench, suite) = (env!("CARGO_BIN_EXE_bench"), env!("CARGO_BIN_EXE_suite"));
    for (program, args) in
        [(bench, &["--list"][..]), (bench, &["--programs", "--list"]), (bench, &["--help"]), (suite, &["--list"])]
    {
        let mut child =
            Command::new(program).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert!(output.stderr.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn read(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap_or_else(|e| panic!("no {name}: {e}"))
}
