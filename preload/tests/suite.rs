//! Node.js's own tests: each that passes on libuv has to pass on ours. `UVRING_NODE_SOURCE` names source trees of Node.js, as `PATH` names
//! folders; each Node.js runs the tests of its own major version, or else those of the first tree. Without it nothing runs.
//! `cargo test -p preload --test suite -- --quiet parallel/test-net`
//!
//! The trials of a test are those of `tests/node.rs`: `parallel/test-net-connect-options-fd.js::static-ring`, `…::shared-epoll`. A test that does
//! not pass on libuv here is skipped. One that fails on ours has failed three times while libuv, asked again after each, passed.

mod setups;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, RwLock};
use std::time::Duration;
use std::{fs, io};

use c_tests::process::{self, Ended};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use setups::{Node, On, Result, SETUPS, find, put_under};

/// That of Node.js's own runner. One test, which waits for a write to come between two reads, ends after 90 s if none does.
const TIMEOUT: Duration = Duration::from_secs(120);
const TRIES: usize = 3;

/// Held for writing by a test of the folder `sequential`, which wants the machine for itself.
static MACHINE: RwLock<()> = RwLock::new(());

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let Some(trees) = std::env::var_os("UVRING_NODE_SOURCE") else {
        println!("Node.js's own tests are skipped: UVRING_NODE_SOURCE names no source tree");
        return ExitCode::SUCCESS;
    };
    match trials(&std::env::split_paths(&trees).collect::<Vec<_>>()) {
        Ok(trials) => libtest_mimic::run(&args, trials).exit_code(),
        Err(e) => {
            eprintln!("{}: {e}", trees.display());
            ExitCode::FAILURE
        }
    }
}

fn trials(trees: &[PathBuf]) -> io::Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for node in [Node::Static, Node::Shared] {
        let tree = tree_for(node, trees)?.canonicalize()?;
        for folder in ["parallel", "sequential"] {
            let mut files: Vec<_> =
                fs::read_dir(tree.join("test").join(folder))?.filter_map(|e| Some(e.ok()?.path())).collect();
            files.sort();
            for file in files {
                let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                if !name.starts_with("test-") || !(name.ends_with(".js") || name.ends_with(".mjs")) {
                    continue;
                }
                let passes = Arc::default();
                for (_, on, setup) in SETUPS.into_iter().filter(|setup| setup.0 == node) {
                    let (tree, file, passes) = (tree.clone(), file.clone(), Arc::clone(&passes));
                    let name = format!("{folder}/{name}::{setup}");
                    trials.push(Trial::ignorable_test(name, move || trial(&tree, &file, node, on, &passes)));
                }
            }
        }
    }
    Ok(trials)
}

/// The tree of this Node.js's major version, or the first.
fn tree_for(node: Node, trees: &[PathBuf]) -> io::Result<&PathBuf> {
    let first = trees.first().ok_or(io::ErrorKind::NotFound)?;
    let Ok(program) = find(node) else { return Ok(first) };
    let mut command = Command::new(program);
    command.args(["-p", "`#define NODE_MAJOR_VERSION ${process.versions.node.split('.')[0]}`"]);
    put_under(&mut command, node, On::Libuv).map_err(io::Error::other)?;
    let line = String::from_utf8_lossy(&command.output()?.stdout).trim().to_owned();
    let has = |tree: &&PathBuf| {
        let header = fs::read_to_string(tree.join("src/node_version.h")).unwrap_or_default();
        header.lines().any(|other| other == line)
    };
    Ok(trees.iter().find(has).unwrap_or(first))
}

fn trial(
    tree: &Path,
    file: &Path,
    node: Node,
    on: On,
    passes: &OnceLock<bool>,
) -> std::result::Result<Completion, Failed> {
    let program = match find(node) {
        Ok(program) => program,
        Err(why) => return Ok(Completion::ignored_with(why.clone())),
    };
    let on_libuv = || run(tree, program, file, node, On::Libuv);
    if !*passes.get_or_init(|| on_libuv().is_ok()) {
        return Ok(Completion::ignored_with("it does not pass on libuv"));
    }
    let mut said = String::new();
    for _ in 0..TRIES {
        match run(tree, program, file, node, on) {
            Ok(()) => return Ok(Completion::Completed),
            Err(why) => said = why,
        }
        if on_libuv().is_err() {
            return Ok(Completion::ignored_with("it does not always pass on libuv"));
        }
    }
    Err(said.into())
}

/// Runs a test as Node.js's own runner does; the error is its output.
fn run(tree: &Path, program: &Path, file: &Path, node: Node, on: On) -> Result {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let dir = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    let output = tempfile::NamedTempFile::new().map_err(|e| format!("no temporary file: {e}"))?;
    let text = fs::read(file).map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&text);
    let mut command = Command::new(program);
    for flags in text.lines().filter_map(|line| line.strip_prefix("// Flags: ")) {
        command.args(flags.split_whitespace());
    }
    command.arg(file).current_dir(tree);
    put_under(&mut command, node, on)?;
    let number = NUMBER.fetch_add(1, Relaxed);
    let is_sequential = file.parent().is_some_and(|folder| folder.ends_with("sequential"));
    command.env("NODE_TEST_DIR", dir.path()).env("TEST_THREAD_ID", number.to_string());
    command.env("TEST_PARALLEL", if is_sequential { "0" } else { "1" });
    let settings = tree.join("deps/openssl/openssl/apps/openssl.cnf");
    if node == Node::Shared && settings.exists() {
        // Debian's own settings refuse the tests' small keys.
        command.env("OPENSSL_CONF", settings);
    }
    let poisoned = "a trial that panics ends the run";
    let (_alone, _beside) = match is_sequential {
        true => (Some(MACHINE.write().expect(poisoned)), None),
        false => (None, Some(MACHINE.read().expect(poisoned))),
    };
    let handle = || output.reopen().map_err(|e| e.to_string());
    let append = fs::OpenOptions::new().append(true).open(output.path()).map_err(|e| e.to_string())?;
    command.stdin(Stdio::null()).stdout(append.try_clone().map_err(|e| e.to_string())?).stderr(append);
    let ended = process::run(&mut command, TIMEOUT, None).map_err(|e| format!("cannot run {command:?}: {e}"))?;
    if ended == Ended::Exit(0) {
        return Ok(());
    }
    let said = io::read_to_string(handle()?).unwrap_or_default();
    Err(format!("{ended}\n{said}"))
}
