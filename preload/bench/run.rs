//! One case, run once.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use c_tests::bench::run::Settings;
use c_tests::processor::pin;
use c_tests::{library, sources};

use crate::cases::Case;
use crate::setups::{self, Node, On, Result, put_under};

/// The files of the package that is installed, and of the tests that are run.
const PACKAGE_FILES: usize = 2000;
const TEST_FILES: usize = 200;

/// The figures of one run.
pub(crate) fn once(case: Case, file: &Path, node: Node, on: On, seconds: f64) -> Result<Vec<(String, f64)>> {
    let dir = tempfile::tempdir_in(sources::work_dir()).map_err(|e| format!("no temporary folder: {e}"))?;
    let dir = dir.path();
    let mut command = Command::new(file);
    put_under(&mut command, node, on)?;
    if (node, on) == (Node::Shared, On::Libuv) {
        command.env("LD_LIBRARY_PATH", &library::real_released()?.dir);
    }
    command.current_dir(dir).stdin(Stdio::null());
    let timed = |result: Result<f64>, unit: f64| Ok(vec![(case.name().to_owned(), result? * unit)]);
    match case {
        Case::Files(what) => figures(&output(command.arg(js("files")).arg(what).arg(seconds.to_string()))?),
        Case::Http => served(command.arg(js("server")), |server, client| {
            client.arg(js("load")).arg(&server.port).arg(seconds.to_string());
        }),
        Case::Idle => served(command.arg("--expose-gc").arg(js("server")), |server, client| {
            client.arg(js("idle")).arg(&server.port).arg(server.child.id().to_string());
        }),
        Case::Install => {
            package(dir)?;
            command.arg(npm()?).args(["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"]);
            let seconds = time(command.arg("--cache").arg(dir.join("cache")));
            let installed = fs::read_dir(dir.join("node_modules/many")).map_err(|e| e.to_string())?.count();
            if installed <= PACKAGE_FILES {
                return Err(format!("npm installed {installed} files"));
            }
            timed(seconds, 1.0)
        }
        Case::Test => {
            for i in 0..TEST_FILES {
                let text = "require('node:test')('adds', () => require('node:assert').strictEqual(1 + 1, 2));\n";
                fs::write(dir.join(format!("{i}.test.js")), text).map_err(|e| e.to_string())?;
            }
            timed(time(command.arg("--test")), 1.0)
        }
        Case::Start => timed(time(command.args(["-e", "0"])), 1000.0),
    }
}

fn js(name: &str) -> PathBuf {
    sources::project().join("preload/bench/js").join(name).with_extension("js")
}

/// The program of npm: that in the path, or `UVRING_NPM`, since each npm wants a Node.js that is new enough.
fn npm() -> Result<PathBuf> {
    if let Some(file) = env::var_os("UVRING_NPM") {
        return Ok(file.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let file =
        env::split_paths(&path).map(|dir| dir.join("npm")).find(|file| file.exists()).ok_or("there is no npm")?;
    file.canonicalize().map_err(|e| e.to_string())
}

/// A project that depends on a package of many files, which is an archive beside it.
fn package(dir: &Path) -> Result {
    let source = dir.join("package");
    let write = |file: PathBuf, text: &str| fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()));
    fs::create_dir(&source).map_err(|e| e.to_string())?;
    write(source.join("package.json"), r#"{"name":"many","version":"1.0.0"}"#)?;
    for i in 0..PACKAGE_FILES {
        write(source.join(format!("{i}.js")), &format!("module.exports = {i};\n").repeat(20))?;
    }
    output(Command::new("tar").current_dir(dir).args(["czf", "many-1.0.0.tgz", "package"]))?;
    fs::remove_dir_all(&source).map_err(|e| e.to_string())?;
    write(
        dir.join("package.json"),
        r#"{"name":"project","version":"1.0.0","dependencies":{"many":"file:many-1.0.0.tgz"}}"#,
    )
}

/// A server, on a processor of its own. It ends with its standard input.
struct Server {
    child: Child,
    port: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It is gone already where this fails.
        let _ = self.child.wait();
    }
}

/// Runs a server and its client, which is on a Node.js as it is.
fn served(server: &mut Command, client: impl FnOnce(&Server, &mut Command)) -> Result<Vec<(String, f64)>> {
    let Settings { first, second, .. } = Settings::new(0.0);
    pin(server, first);
    let child = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
    let mut server = Server { child, port: String::new() };
    let lines = server.child.stdout.take().map(BufReader::new).ok_or("the server has no output")?;
    server.port = lines.lines().next().ok_or("the server ended")?.map_err(|e| e.to_string())?;
    let mut command = Command::new(setups::find(Node::Static).map_err(Clone::clone)?);
    put_under(&mut command, Node::Static, On::Libuv)?;
    pin(&mut command, second);
    client(&server, &mut command);
    figures(&output(&mut command)?)
}

/// How long a program runs, in seconds.
fn time(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    output(command)?;
    Ok(start.elapsed().as_secs_f64())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !output.status.success() {
        return Err(format!("{command:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr)));
    }
    Ok(text(&output.stdout))
}

/// Lines of a name and a number.
fn figures(text: &str) -> Result<Vec<(String, f64)>> {
    let figure = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    text.lines().map(|line| figure(line).ok_or_else(|| format!("no figure: {line}"))).collect()
}
