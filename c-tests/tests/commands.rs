//! Every command and every C program on a page is run: here, or by the test that is named here.
//!
//! Commands run as they stand, but for what would take an hour: `shortened` says what becomes of those. `programs.rs` runs those of
//! `docs/programs.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_tests::{compile, library, process, sources};

type Result<T = ()> = std::result::Result<T, String>;

/// Commands that another test runs, by how they begin.
const ELSEWHERE: &[(&str, &str)] = &[("cargo run -- demo", "demo_shows_what_ran_where")];

/// Commands of `.ci/run`, which is what runs them.
const BY_CI: &[&str] = &["cargo test --workspace", "cargo fmt --check", "cargo clippy", "preload/debian-node.sh"];

/// Commands that no test runs, and what they would take.
const NOWHERE: &[(&str, &str)] = &[
    ("./configure --shared-libuv", "an hour, and Node.js's sources"),
    ("make -j\"$(nproc)\"", "likewise"),
    ("UVRING_NODE_SOURCE=", "the same sources"),
];

/// What a shell is to run for a command: a small piece of what would take an hour, what was built for what builds or is installed. `None` if
/// the program that it is about is not installed.
fn shortened(command: &str, built: &Path) -> Option<String> {
    if let Some(args) = ["uvring bench", "cargo run -- bench"].iter().find_map(|start| command.strip_prefix(start)) {
        return Some(bench(args));
    }
    if let Some(args) = command.strip_prefix("cargo run -p c-tests --bin suite --") {
        return Some(format!("{} {}", env!("CARGO_BIN_EXE_suite"), args.replace("tcp_ timer", "timer_huge")));
    }
    if command.contains("cargo test") {
        // That there are such tests.
        let list = if command.contains(" -- ") { " --list" } else { " -- --list" };
        return Some(format!("cd {} && {command}{list}", sources::project().display()));
    }
    if command == "cargo build --release" {
        return Some(format!("test -x {}/uvring", built.display()));
    }
    if command.starts_with("./install.sh") {
        return Some(format!("sh {}/{command} --build={}", sources::project().display(), built.display()));
    }
    let program =
        command.split(" -- ").nth(1).or(command.split_whitespace().find(|word| !word.contains('='))).unwrap_or(command);
    let program = program.split_whitespace().next().unwrap_or(program);
    let there = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    if !program.contains("uvring") && !there.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {command}: {program} is not installed");
        return None;
    }
    Some(command.replace("target/release/", &format!("{}/", built.display())))
}

/// A quick run of one case, or of one program; a list is quick.
fn bench(args: &str) -> String {
    let bench = env!("CARGO_BIN_EXE_bench");
    let args = args.replace("docs/performance/", "").replace("--rounds 11", "--rounds 1").replace(" read cp", "");
    let has_case = args.split_whitespace().any(|word| word.contains('/'));
    match () {
        () if args.contains("--list") => format!("{bench} {args}"),
        () if args.contains("--programs") => format!("{bench} {args} --quick named"),
        () if has_case => format!("{bench} {args} --quick --seconds 0.02"),
        () => format!("{bench} {args} --quick --seconds 0.02 timers/million"),
    }
}

/// The pieces of a page that are in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    page.split(&begin).skip(1).filter_map(|rest| Some(rest.split_once("\n```")?.0.to_owned())).collect()
}

/// The commands of a block, without their comments. A line that ends with a backslash goes on.
fn commands(block: &str) -> Vec<String> {
    let joined = block.replace("\\\n", " ");
    let lines = joined.lines().map(|line| match line.split_once("  #") {
        Some((command, _)) => command.trim(),
        None => line.trim(),
    });
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn pages() -> Result<Vec<PathBuf>> {
    let root = sources::project();
    let mut pages = Vec::new();
    let mut folders = vec![root.join("docs"), root.join("preload"), root.join(".")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() && folder.starts_with(root.join("docs")) {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") && !path.ends_with("docs/programs.md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    Ok(pages)
}

fn work(name: &str) -> Result<PathBuf> {
    let dir = sources::work_dir().join("commands").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    Ok(dir)
}

/// A shell in `dir`, which is its home, too, and finds what was built before all else.
fn shell(dir: &Path, built: &Path, text: &str) -> Command {
    let mut shell = Command::new("timeout");
    shell.args(["--signal=KILL", "300", "sh", "-euc", text]).current_dir(dir).env("HOME", dir);
    process::forget_outside(&mut shell).env_remove("UVRING_LIB_DIR");
    // Which are in the home otherwise.
    let home = std::env::home_dir().unwrap_or_default();
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        shell.env(name, std::env::var_os(name).unwrap_or_else(|| home.join(folder).into()));
    }
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}:/usr/sbin:/sbin", built.display()));
    shell
}

#[test]
fn every_command_of_a_page_runs() -> Result {
    let dir = work("shell")?;
    let built = library::command()?.parent().ok_or("the command is in no folder")?;
    for (name, text) in [("app.js", "console.log(process.versions.uv)\n"), ("default.json", "{\"syscalls\": []}\n")] {
        fs::write(dir.join(name), text).map_err(|e| e.to_string())?;
    }
    let left: Vec<&str> =
        ELSEWHERE.iter().chain(NOWHERE).map(|(start, _)| *start).chain(BY_CI.iter().copied()).collect();
    let (mut failed, mut seen) = (Vec::new(), BTreeSet::new());
    for page in pages()? {
        for command in blocks(&sources::read(&page)?, "sh").iter().flat_map(|block| commands(block)) {
            if left.iter().any(|start| command.contains(start)) || !seen.insert(command.clone()) {
                continue;
            }
            let Some(text) = shortened(&command, built) else { continue };
            let output = shell(&dir, built, &text).output().map_err(|e| e.to_string())?;
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            // It exits with 1 where there is no ring, and says so.
            let tells = command.starts_with("uvring doctor") && said.contains("The library runs on epoll");
            if !output.status.success() && !tells {
                failed.push(format!("{}: {command}\n{text}\n{said}", page.display()));
            }
        }
    }
    assert!(seen.len() > 10, "only {} commands were found", seen.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

#[test]
fn what_is_run_elsewhere_is_run_there() -> Result {
    let ci = sources::read(&sources::project().join(".ci/run"))?;
    for command in BY_CI {
        assert!(ci.contains(command), ".ci/run has no {command}");
    }
    let tests = sources::read(&sources::project().join("c-tests/tests/command.rs"))?;
    for (command, test) in ELSEWHERE {
        assert!(tests.contains(&format!("fn {test}(")), "there is no test {test} for {command}");
    }
    let all = pages()?.iter().map(|page| sources::read(page)).collect::<Result<String>>()?;
    for (command, _) in ELSEWHERE.iter().chain(NOWHERE) {
        assert!(all.contains(command), "no page has {command}");
    }
    Ok(())
}

#[test]
fn every_c_program_of_a_page_runs_on_both_drivers() -> Result {
    let dir = work("c")?;
    let ours = library::ours()?;
    let mut count = 0;
    for page in pages()? {
        for program in blocks(&sources::read(&page)?, "c").iter().filter(|text| text.contains("int main(")) {
            count += 1;
            let (source, file) = (dir.join(format!("{count}.c")), dir.join(count.to_string()));
            fs::write(&source, program).map_err(|e| e.to_string())?;
            let mut cc = Command::new(compile::cc());
            cc.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror"]).arg(&source).arg("-o").arg(&file);
            cc.args(ours.includes.iter().map(|include| format!("-I{}", include.display()))).arg(ours.file());
            compile::run(cc.arg("-lpthread")).map_err(|e| format!("{}: {e}", page.display()))?;
            for driver in ["1", "0"] {
                let mut timeout = Command::new("timeout");
                timeout.arg("30").arg(&file).env("LD_LIBRARY_PATH", &ours.dir).env("UV_USE_IO_URING", driver);
                compile::run(timeout.current_dir(&dir)).map_err(|e| format!("{}: {e}", page.display()))?;
            }
        }
    }
    assert!(count >= 3, "only {count} programs were found");
    Ok(())
}

#[test]
fn commands_are_read_as_a_shell_reads_them() {
    assert_eq!(commands("a b  # c\n\n# d\ne \\\n  f"), ["a b", "e    f"]);
    assert_eq!(blocks("x\n```sh\na\nb\n```\n```c\nd\n```\n", "sh"), ["a\nb"]);
}

/// Whoever adds a page with a language that is not run hears of it here.
#[test]
fn pages_have_no_other_code_than_what_is_run() -> Result {
    for page in pages()? {
        let text = sources::read(&page)?;
        let opened = text.lines().filter_map(|line| line.strip_prefix("```")).step_by(2);
        for language in opened {
            let is_run = ["sh", "c"].contains(&language) || is_output(language);
            assert!(is_run, "{}: who runs what is in `{language}`?", page.display());
        }
    }
    Ok(())
}

/// What a program says, and drawings.
fn is_output(language: &str) -> bool {
    ["", "text"].contains(&language)
}
