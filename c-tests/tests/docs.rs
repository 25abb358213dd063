//! The pages: every link of theirs to a file or a heading leads there, and the book (`book.toml`) has all of `docs/`.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_tests::{compile, sources};

type Result<T = ()> = std::result::Result<T, String>;

/// The pages below a folder.
fn pages(folder: &Path) -> Result<Vec<PathBuf>> {
    files(folder, "md")
}

/// The files below a folder whose names end so.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut found = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        // What cargo and git keep, wherever it is.
        if path.is_dir() && path.join("CACHEDIR.TAG").exists() || path.ends_with(".git") || path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            found.append(&mut files(&path, extension)?);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    Ok(found)
}

/// A page's text without code, in which brackets mean something else.
fn prose(page: &Path) -> Result<String> {
    let mut fenced = false;
    let text = sources::read(page)?;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    let lines: Vec<_> = lines.collect();
    Ok(lines.join("\n"))
}

/// Where the links of a text lead, and its pictures.
fn links(text: &str) -> Vec<String> {
    // Every other piece between backticks is code. Its place is kept: a link's text may be code.
    let text: String = text.split('`').enumerate().map(|(i, piece)| if i % 2 == 0 { piece } else { "code" }).collect();
    text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.trim().to_string())).collect()
}

/// The names under which a page's headings are found, as forges and mdBook make them.
fn anchors(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: char| c.is_alphanumeric() || "-_ ".contains(c);
    headings
        .map(|heading| heading.to_lowercase().chars().filter(|&c| kept(c)).collect::<String>().replace(' ', "-"))
        .collect()
}

#[test]
fn every_link_leads_somewhere() -> Result {
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in pages(sources::project())? {
        for link in links(&prose(&page)?).into_iter().filter(|link| !link.contains("://")) {
            followed += 1;
            let (file, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name("").join(file) };
            let leads = match anchor {
                _ if !target.exists() => false,
                Some(anchor) => anchors(&prose(&target)?).contains(anchor),
                None => true,
            };
            if !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 30, "only {followed} links were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

#[test]
fn the_book_has_every_page_and_nothing_from_outside() -> Result {
    let docs = sources::project().join("docs");
    let summary = links(&sources::read(&docs.join("SUMMARY.md"))?);
    let twice = summary.len() - summary.iter().collect::<HashSet<_>>().len();
    assert_eq!(twice, 0, "pages are in it twice");
    for page in pages(&docs)? {
        let name = page.strip_prefix(&docs).map_err(|e| e.to_string())?.to_string_lossy().into_owned();
        assert!(name == "SUMMARY.md" || summary.contains(&name), "docs/SUMMARY.md has no {name}");
        for link in links(&prose(&page)?).iter().filter(|link| !link.contains("://")) {
            let file = link.split('#').next().unwrap_or_default();
            let target = page.with_file_name("").join(file).canonicalize().map_err(|e| format!("{link}: {e}"))?;
            assert!(file.is_empty() || target.starts_with(&docs), "{name} leads out of the book: {link}");
        }
    }
    Ok(())
}

/// The names of all tests: of our C programs and Rust functions; and, with a star before them, of libuv's suite.
fn tests() -> Result<HashSet<String>> {
    let root = sources::project();
    let programs = sources::c_files("c-tests/own")?;
    let mut tests: HashSet<String> =
        programs.iter().filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
    for folder in ["src", "c-tests/tests", "preload/tests"] {
        for file in files(&root.join(folder), "rs")? {
            let text = sources::read(&file)?;
            let functions =
                text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn ")?.1.split('(').next());
            tests.extend(functions.map(str::to_owned));
        }
    }
    let list = sources::read(&sources::libuv()?.join("test/test-list.h"))?;
    let entries =
        list.split("TEST_ENTRY").skip(1).filter_map(|rest| Some(rest.split_once('(')?.1.split_once(')')?.0.trim()));
    tests.extend(entries.map(|name| format!("*{name}")));
    Ok(tests)
}

/// What these pages state ends with the tests that hold it.
#[test]
fn every_difference_and_every_promise_has_its_tests() -> Result {
    let tests = tests()?;
    for (page, from, least) in
        [("differences.md", "## Time", 35), ("promises.md", "## Loop", 30), ("containers.md", "## What is promised", 5)]
    {
        let text = sources::read(&sources::project().join("docs").join(page))?;
        let (_, text) = text.split_once(from).ok_or(format!("{page} has no {from}"))?;
        let points = text.split("\n- ").skip(1).map(|rest| rest.split("\n\n").next().unwrap_or(rest));
        let points: Vec<String> = points.map(|point| point.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert!(points.len() >= least, "{page}: only {} points were found", points.len());
        for point in points {
            let named = point.rsplit_once("(test: ").or_else(|| point.rsplit_once("(tests: "));
            let (_, named) = named.ok_or(format!("{page}: no \"(test: `NAME`)\" at the end of: {point}"))?;
            for name in named.trim_end_matches(')').split(", ") {
                let known = tests.contains(name.replace('`', "").trim_end_matches('*'));
                assert!(known, "{page}: there is no test {name}, which is named in: {point}");
            }
        }
    }
    Ok(())
}

/// What the command says of who refuses the ring stands on the page, too.
#[test]
fn the_page_on_containers_knows_what_doctor_says() -> Result {
    let page = sources::read(&sources::project().join("docs/containers.md"))?;
    for setting in [
        "kernel.io_uring_disabled",
        "kernel.io_uring_group",
        "seccomp=profile.json",
        "/usr/share/containers/seccomp.json",
        "securityContext.seccompProfile: {type: Localhost, localhostProfile: profile.json}",
        "SystemCallFilter=@io-event",
        "audit2allow",
        "runsc --iouring",
        "LimitMEMLOCK=infinity",
        "--ulimit memlock=-1",
    ] {
        let doctor = sources::read(&sources::project().join("src/bin/uvring/remedy.rs"))?;
        assert!(doctor.contains(setting) && page.contains(setting), "{setting}");
    }
    Ok(())
}

/// A variable that something reads is on its page, and of ours the page has no other.
#[test]
fn the_page_on_the_environment_has_every_variable() -> Result {
    const READS: [&str; 5] = ["var_os(\"", "env::var(\"", "variable(c\"", "environment::is(c\"", "number(c\""];
    let page = sources::read(&sources::project().join("docs/environment.md"))?;
    let mut all = String::new();
    let folders = ["src", "preload", "c-tests/src", "c-tests/tests"].map(|folder| (folder, "rs"));
    for (folder, extension) in folders.into_iter().chain([("c-tests/own", "c")]) {
        for file in files(&sources::project().join(folder), extension)? {
            all += &sources::read(&file)?;
        }
    }
    let read = |start: &&str| all.split(start).skip(1).filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>();
    let read: HashSet<&str> = READS.iter().flat_map(read).filter(|name| name.starts_with("UV")).collect();
    assert!(read.len() > 10, "only {read:?} were found");
    let untold: Vec<_> = read.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    let told = page.split('`').skip(1).step_by(2).filter(|name| name.starts_with("UVRING_") && !name.contains('='));
    let unread: Vec<_> = told.filter(|name| !all.contains(*name)).collect();
    assert!(untold.is_empty() && unread.is_empty(), "not on the page: {untold:?}; read by nobody: {unread:?}");
    Ok(())
}

/// What was released is told on the page of the history.
#[test]
fn the_history_has_every_release() -> Result {
    let changes = sources::read(&sources::project().join("CHANGELOG.md"))?;
    let history = sources::read(&sources::project().join("docs/history.md"))?;
    for release in changes.lines().filter_map(|line| line.strip_prefix("## ")).filter(|name| *name != "Unreleased") {
        let number = release.split_whitespace().next().unwrap_or(release);
        assert!(history.contains(&format!("\n## {number}\n")), "docs/history.md has no {number}");
    }
    Ok(())
}

/// With mdBook itself, where it is.
#[test]
fn the_book_builds() -> Result {
    let version = Command::new("mdbook").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: mdbook is not installed (cargo install mdbook)");
        return Ok(());
    }
    let out = sources::work_dir().join("book");
    let output = Command::new("mdbook").arg("build").arg("--dest-dir").arg(&out).arg(sources::project()).output();
    let output = output.map_err(|e| format!("mdbook: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "{said}");
    assert!(out.join("differences.html").exists() && out.join("performance/overview.svg").exists());
    Ok(())
}

/// `cargo-deny`, where it is: licences, where crates come from, and which are there twice. What advisories say of them, a forge asks, for
/// that takes the network.
#[test]
fn dependencies_are_as_deny_toml_says() -> Result {
    let version = Command::new("cargo-deny").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: cargo-deny is not installed (cargo install cargo-deny)");
        return Ok(());
    }
    let mut deny = sources::cargo();
    deny.args(["deny", "--offline", "--workspace", "check", "bans", "licenses", "sources"]);
    compile::run(&mut deny)
}

/// The oldest Rust that will do is what is promised, tried by a forge, and told to users.
#[test]
fn the_oldest_rust_is_told_everywhere() -> Result {
    let read = |name: &str| sources::read(&sources::project().join(name));
    let manifest = read("Cargo.toml")?;
    let oldest = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
    let oldest = oldest.ok_or("Cargo.toml names none")?.trim_end_matches('"');
    assert!(read("README.md")?.contains(&format!("Rust {oldest} and a C compiler")), "README.md");
    assert!(read(".github/workflows/ci.yml")?.contains(&format!("rust-toolchain@{oldest}.0")), "the forge's CI");
    Ok(())
}

#[test]
fn links_and_headings_are_read_as_forges_read_them() {
    let text = "## Ring, or `epoll`?\n[a](b.md#c) ![p](q.svg) `[x](y)` [`code` d\ne](f)";
    assert_eq!(links(text), ["b.md#c", "q.svg", "f"]);
    assert!(anchors(text).contains("ring-or-epoll"));
}
