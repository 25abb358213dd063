//! The shape of the library's source: which room may import from which (`src/lib.rs` has the order), no knots of files, and what
//! `CONTRIBUTING.md` says of lines and files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// So many files may import each other in a circle.
const MOST_IN_A_CIRCLE: usize = 3;
/// Lines of a file, and columns of a comment.
const MOST_LINES: usize = 500;
const MOST_COLUMNS: usize = 140;

/// Rooms whose files may be in a larger circle, and longer: their types name each other, as they do in C.
const SHAPES_OF_C: &str = "abi";

/// Where no unsafe code may come in again: files, and rooms with all that is in them.
const WITHOUT_UNSAFE: &[&str] = &[
    "abi",
    "base::sync",
    "driver::counters",
    "driver::file_ring",
    "driver::limit",
    "driver::ring_batch",
    "driver::script",
    "handles::fs_descriptor",
    "handles::fs_watch::table",
    "handles::sending",
    "handles::stream::hand_out",
    "handles::stream::ready",
    "handles::stream::watermark",
    "model::buffer_budget",
    "model::figures",
    "model::loop_options",
    "model::metrics",
    "model::net",
    "model::operations",
    "model::owner",
    "model::questions",
    "model::request",
    "model::timers",
    "observe::outside",
    "op::sqe",
    "op::table",
    "pool::arrivals",
    "pool::cost",
    "pool::lookups",
    "pool::workers",
    "requests::fs::open",
    "requests::fs::plan",
    "requests::fs::route",
    "requests::fs::run",
    "requests::fs::stages",
    "requests::post",
    "sys::stat",
    "text::buffer",
    "text::idna",
    "turn::backend_fd",
    "turn::fork",
    "turn::waiting",
];

/// What may not name a loop, because other threads run it: they may name what loops share with them.
const WITHOUT_LOOP: [&str; 2] = ["pool", "model::asyncs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

fn files_in(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_in(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Files by their paths below the workspace, with their text.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let mut files = Vec::new();
    files_in(&root().join(folder), &mut files);
    let name = |path: &Path| path.strip_prefix(root()).expect("below it").to_str().expect("UTF-8").to_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).expect("readable"))).collect()
}

type Module = Vec<String>;

/// The library's modules by path, and their code without comments and tests.
fn modules() -> BTreeMap<Module, String> {
    let files = sources("src").into_iter().filter(|(name, _)| !name.starts_with("src/bin/"));
    files.map(|(name, text)| (module_of(&name), code_of(&text))).filter(|(m, _)| !is_test(m)).collect()
}

fn module_of(file: &str) -> Module {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Module = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

fn is_test(module: &Module) -> bool {
    module.last().is_some_and(|name| name == "tests")
}

fn code_of(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    before_tests.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// The paths that a tree of `use` names.
fn leaves(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or(tree).trim().to_owned()];
    };
    let inside = rest.rfind('}').map_or(rest, |end| &rest[..end]);
    let (mut depth, mut start, mut out) = (0, 0, Vec::new());
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inside[start..at].trim();
                if !part.is_empty() {
                    out.extend(leaves(&format!("{}{part}", before.trim())));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    out
}

/// The first words of paths in `code` with their continuations: `word::…`, not itself a continuation.
fn paths(code: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.split(|c| !is_part(c))
        .filter(|word| word.contains("::") && !word.starts_with("::") && !word.ends_with("::"))
        .map(str::to_owned)
        .collect()
}

/// What a module names, as paths from the crate's root.
fn named(module: &Module, code: &str) -> Vec<Module> {
    let mut all = paths(code);
    for statement in code.split(';') {
        if let Some((_, tree)) = statement.rsplit_once("use ") {
            all.extend(leaves(&tree.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    all.iter().map(|path| absolute(module, path)).collect()
}

fn absolute(module: &Module, path: &str) -> Module {
    let mut parts: Vec<&str> = path.split("::").map(str::trim).collect();
    let mut base = module.clone();
    if parts[0] == "crate" {
        base.clear();
        parts.remove(0);
    }
    while parts.first().is_some_and(|&part| part == "super" || part == "self") {
        if parts.remove(0) == "super" {
            base.pop();
        }
    }
    base.extend(parts.into_iter().map(str::to_owned));
    base
}

/// Which module imports which.
fn imports() -> BTreeMap<Module, BTreeSet<Module>> {
    let modules = modules();
    let found = |path: Module| (1..=path.len()).rev().map(|n| path[..n].to_vec()).find(|m| modules.contains_key(m));
    modules
        .iter()
        .map(|(module, code)| {
            let mut to: BTreeSet<Module> = named(module, code).into_iter().filter_map(found).collect();
            to.remove(module);
            (module.clone(), to)
        })
        .collect()
}

/// The rooms from the bottom, as `src/lib.rs` lists them.
fn rooms() -> Vec<String> {
    let map = fs::read_to_string(root().join("src/lib.rs")).expect("readable");
    let rows = map.lines().filter_map(|line| line.strip_prefix("//! | `"));
    rows.filter_map(|row| row.split_once('`').map(|(name, _)| name.to_owned())).collect()
}

fn written(module: &Module) -> String {
    module.join("::")
}

#[test]
fn every_file_imports_from_below() {
    let rooms = rooms();
    let floor = |module: &Module| rooms.iter().position(|room| Some(room) == module.first());
    let mut faults = Vec::new();
    for (from, to) in imports().into_iter().filter(|(module, _)| !module.is_empty()) {
        let Some(own) = floor(&from) else {
            faults.push(format!("{} is in no room of the map in src/lib.rs", written(&from)));
            continue;
        };
        let above = to.iter().filter(|module| floor(module).is_some_and(|other| other > own));
        faults.extend(above.map(|other| format!("{} imports {}, which is above it", written(&from), written(other))));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn is_within(module: &Module, name: &str) -> bool {
    let outer: Vec<&str> = name.split("::").collect();
    module.len() >= outer.len() && module.iter().zip(outer).all(|(part, outer)| part == outer)
}

#[test]
fn what_needs_no_unsafe_code_denies_it() {
    let modules = modules();
    // In which others are says nothing of those.
    let is_outer =
        |module: &Module| modules.keys().any(|other| other.len() > module.len() && other.starts_with(module));
    let mut faults = Vec::new();
    for (module, code) in modules.iter().filter(|(module, _)| !module.is_empty()) {
        let name = written(module);
        let (is_named, denies) = (WITHOUT_UNSAFE.contains(&name.as_str()), code.contains("#![deny(unsafe_code)]"));
        if is_named != denies {
            faults.push(format!("{name}: in the list: {is_named}; with #![deny(unsafe_code)]: {denies}"));
        }
        let has_unsafe = code.replace("unsafe_code", "").contains("unsafe");
        let is_safe = WITHOUT_UNSAFE.iter().any(|outer| is_within(module, outer));
        if !has_unsafe && !is_safe && !is_outer(module) {
            faults.push(format!("{name}: has no unsafe code any more, and does not deny it"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_other_threads_run_names_no_loop() {
    let modules = modules();
    let run_elsewhere = modules.iter().filter(|(module, _)| WITHOUT_LOOP.iter().any(|name| is_within(module, name)));
    let the_loop = ["model", "event_loop"].map(str::to_owned).to_vec();
    let mut found =
        run_elsewhere.filter(|(module, code)| named(module, code).iter().any(|path| path.starts_with(&the_loop)));
    let culprit = found.next().map(|(module, _)| written(module));
    assert_eq!(culprit, None, "names a loop");
}

#[test]
fn no_knot_of_files() {
    let imports = imports();
    let reached = |from: &Module| {
        let (mut seen, mut todo) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(next) = todo.pop() {
            for to in &imports[&next] {
                if seen.insert(to.clone()) {
                    todo.push(to.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> = imports.keys().map(|module| (module, reached(module))).collect();
    let circle = |module: &Module| -> BTreeSet<String> {
        reached[module].iter().filter(|other| reached[other].contains(module)).map(written).collect()
    };
    let circles: BTreeSet<BTreeSet<String>> =
        imports.keys().filter(|module| module.first().is_none_or(|room| room != SHAPES_OF_C)).map(circle).collect();
    let knots: Vec<_> = circles.iter().filter(|circle| circle.len() > MOST_IN_A_CIRCLE).collect();
    assert!(knots.is_empty(), "{knots:#?}");
}

/// Faults in the lines of all files that are written by hand.
fn faults(of_file: impl Fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let all = ["src", "preload/src"].into_iter().flat_map(sources);
    all.flat_map(|(name, text)| of_file(&name, &text)).collect()
}

#[test]
fn files_and_comments_are_short() {
    let faults = faults(|name, text| {
        let lines = text.lines().count();
        let is_long = lines > MOST_LINES && !name.starts_with(&format!("src/{SHAPES_OF_C}/"));
        let long = is_long.then(|| format!("{name}: {lines} lines"));
        // A row of a table cannot be broken.
        let is_comment = |line: &str| line.starts_with("//") && !line.starts_with("//! |");
        let is_wide = |line: &str| is_comment(line.trim_start()) && line.chars().count() > MOST_COLUMNS;
        let wide = text.lines().enumerate().filter(|(_, line)| is_wide(line));
        long.into_iter().chain(wide.map(|(at, _)| format!("{name}:{}: a wide comment", at + 1))).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_argument_is_said_where_it_counts() {
    let faults = faults(|name, text| {
        let lines = text.lines().enumerate();
        let vague = lines.filter(|(_, line)| line.contains("SAFETY: as above") || line.contains("reason = \"as above"));
        vague.map(|(at, _)| format!("{name}:{}: as above: as what?", at + 1)).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_silenced_lint_has_a_reason() {
    let faults = faults(|name, text| {
        let mut faults = Vec::new();
        for opening in ["[allow(", "[expect("] {
            let with_reason = |at: usize| text[at..].split(")]").next().is_some_and(|lint| lint.contains("reason = "));
            let bare = text.match_indices(opening).filter(|&(at, _)| !with_reason(at));
            faults.extend(bare.map(|(at, _)| format!("{name}:{}: no reason", text[..at].lines().count())));
        }
        faults
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
