//! The C header: it says what the Rust source says, compiles everywhere without a warning, and has libuv's ABI.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_tests::{compile, library, sources};

#[path = "../../build.rs"]
#[expect(dead_code, reason = "only the generator is wanted here, not the build script's own part")]
mod build;
#[path = "../abi/interface.rs"]
mod interface;

type Result = std::result::Result<(), String>;

/// Fields that cannot have libuv's name or type: a union without a name is not C99.
const DIFFERS: &[&str] = &[
    "struct uv_req_s.reserved2",
    "struct uv_shutdown_s.reserved2",
    "struct uv_connect_s.reserved2",
    "struct uv_write_s.reserved2",
    "struct uv_udp_send_s.reserved2",
    "struct uv_getaddrinfo_s.reserved2",
    "struct uv_getnameinfo_s.reserved2",
    "struct uv_work_s.reserved2",
    "struct uv_random_s.reserved2",
    "struct uv_fs_s.reserved2",
];

fn include() -> PathBuf {
    sources::project().join("include")
}

/// A folder for what a test makes.
fn work(name: &str) -> std::result::Result<PathBuf, String> {
    let dir = sources::work_dir().join("header").join(name);
    fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
    Ok(dir)
}

fn write(path: &Path, text: &str) -> Result {
    fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

/// Whether a compiler is there; if not, says that its part is left out.
fn has(compiler: &str) -> bool {
    let found = Command::new(compiler).arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        eprintln!("skipped with {compiler}: it is not installed");
    }
    found
}

#[test]
fn header_is_what_the_source_says() -> Result {
    let root = sources::project();
    for (name, fresh) in [("uv.h", build::header(root)), ("uvring.h", build::extension_header(root))] {
        let fresh = fresh.map_err(|e| e.to_string())?;
        let committed = sources::read(&include().join(name))?;
        if let Some((line, (want, have))) = (1..).zip(fresh.lines().zip(committed.lines())).find(|(_, (a, b))| a != b) {
            return Err(format!("include/{name}:{line} is stale, build again:\n- {have}\n+ {want}"));
        }
        assert_eq!(fresh.len(), committed.len(), "include/{name} is stale, build again");
    }
    Ok(())
}

#[test]
fn extensions_header_stands_alone_without_a_warning() -> Result {
    let dir = work("extensions")?;
    let program = "#include \"uvring.h\"\n\
                   int main(void) {\n  uvring_loop_stats_t stats;\n  stats.size = sizeof stats;\n  \
                   return uvring_loop_stats(uv_default_loop(), &stats) + (int)stats.reserved;\n}\n";
    for (compilers, standards, name) in [
        (["gcc", "clang"], ["c99", "c11", "c17"], "extensions.c"),
        (["g++", "clang++"], ["c++11", "c++17", "c++20"], "extensions.cc"),
    ] {
        let file = dir.join(name);
        write(&file, program)?;
        for compiler in compilers.into_iter().filter(|c| has(c)) {
            for std in standards {
                let mut command = Command::new(compiler);
                command.args([&format!("-std={std}"), "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"]);
                compile::run(command.arg("-I").arg(include()).arg(&file))?;
            }
        }
    }
    Ok(())
}

#[test]
fn a3_compiles_without_a_warning() -> Result {
    let dir = work("compile")?;
    let program = "#include \"uv.h\"\n#include \"uv/tree.h\"\n#include \"uvring.h\"\n\
                   int main(void) { return UV_VERSION_HEX == 0 || uvring_version() == NULL; }\n";
    let overload = "#include \"uv.h\"\nint raw(uv_tty_t *tty, uv_tty_mode_t mode) {\n  \
                    return uv_tty_set_mode(tty, 1) + uv_tty_set_mode(tty, mode);\n}\n";
    let (c, cpp) = (dir.join("header.c"), dir.join("header.cc"));
    write(&c, program)?;
    write(&cpp, &format!("{program}{overload}"))?;
    let check = |compiler: &str, std: &str, define: &str, file: &Path| {
        let mut command = Command::new(compiler);
        command.args([&format!("-std={std}"), define, "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"]);
        compile::run(command.arg("-I").arg(include()).arg(file))
    };
    for compiler in ["gcc", "clang"].into_iter().filter(|c| has(c)) {
        for std in ["c99", "c11", "c17", "gnu99", "gnu17"] {
            for define in ["-UNOTHING", "-D_POSIX_C_SOURCE=200809L", "-D_GNU_SOURCE"] {
                check(compiler, std, define, &c)?;
            }
        }
    }
    for compiler in ["g++", "clang++"].into_iter().filter(|c| has(c)) {
        for std in ["c++11", "c++17", "c++20"] {
            check(compiler, std, "-UNOTHING", &cpp)?;
        }
    }
    Ok(())
}

#[test]
fn a3_abi_is_libuvs() -> Result {
    let dir = work("abi")?;
    let libuv = sources::libuv()?.join("include");
    let file = dir.join("abi.c");
    write(&file, &interface::read(&libuv)?.program(DIFFERS))?;
    let answer = |name: &str, include: &Path| {
        let program = dir.join(name);
        let mut command = Command::new(compile::cc());
        command
            .args([
                "-std=gnu11",
                "-Wall",
                "-Wno-unused-function",
                "-Wno-unknown-warning-option",
                "-Wno-array-parameter",
                "-Werror",
            ])
            .arg("-I")
            .arg(include);
        compile::run(command.arg(&file).arg("-o").arg(&program))?;
        compile::output(&mut Command::new(&program))
    };
    let (theirs, ours) = (answer("libuv", &libuv)?, answer("uvring", &include())?);
    let differences: Vec<_> = theirs.lines().zip(ours.lines()).filter(|(a, b)| a != b).collect();
    assert!(differences.is_empty(), "libuv's and ours: {differences:#?}");
    assert_eq!(theirs.lines().count(), ours.lines().count());
    assert!(theirs.lines().count() > 900, "libuv's header was not understood");
    Ok(())
}

#[test]
fn has_libuvs_macros_and_no_function_of_its_own() -> Result {
    let theirs = interface::read(&sources::libuv()?.join("include"))?;
    let ours = interface::read(&include())?;
    let names = |i: &interface::Interface| i.macros.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs));
    let known = |name: &String| theirs.functions.iter().any(|(n, _)| n == name);
    let unknown: Vec<_> = ours.functions.iter().map(|(name, _)| name).filter(|name| !known(name)).collect();
    assert!(unknown.is_empty(), "not libuv's: {unknown:?}");
    Ok(())
}

/// The library reads and writes enums by the constants of `abi/data.rs`, programs by the header.
#[test]
fn rust_and_c_mean_the_same_numbers() -> Result {
    let source = sources::read(&sources::project().join("src/abi/data.rs"))?;
    let (_, table) = source.split_once("\nconstants! {").ok_or("src/abi/data.rs has no table of constants")?;
    let pairs = table.split([',', ';', ':']).filter_map(|item| item.split_once('='));
    let pairs: Vec<_> = pairs.map(|(n, v)| (n.trim(), v.trim())).filter(|(_, v)| !v.contains("f64")).collect();
    assert!(pairs.len() > 100, "the table was not understood");
    let asserts = pairs.iter().map(|(n, v)| format!("_Static_assert({n} == {v}, \"{n}\");\n")).collect::<String>();
    let file = work("constants")?.join("constants.c");
    write(&file, &format!("#include \"uv.h\"\n{asserts}"))?;
    compile::run(Command::new(compile::cc()).args(["-std=gnu11", "-fsyntax-only", "-I"]).arg(include()).arg(&file))
}

/// Programs use these to lay out handles of their own.
#[test]
fn field_macros_make_the_structs() -> Result {
    let program = "#include \"uv.h\"\n\
        struct handle { UV_HANDLE_FIELDS };\n\
        struct stream { UV_HANDLE_FIELDS UV_STREAM_FIELDS };\n\
        struct req { UV_REQ_FIELDS };\n\
        struct udp { UV_HANDLE_FIELDS size_t size; size_t count; UV_UDP_PRIVATE_FIELDS };\n\
        _Static_assert(sizeof(struct handle) == sizeof(uv_handle_t), \"handle\");\n\
        _Static_assert(sizeof(struct stream) == sizeof(uv_stream_t), \"stream\");\n\
        _Static_assert(sizeof(struct req) == sizeof(uv_req_t), \"req\");\n\
        _Static_assert(sizeof(struct udp) == sizeof(uv_udp_t), \"udp\");\n";
    let file = work("fields")?.join("fields.c");
    write(&file, program)?;
    compile::run(Command::new(compile::cc()).args(["-std=gnu11", "-fsyntax-only", "-I"]).arg(include()).arg(&file))
}

#[test]
fn trees_keep_their_laws() -> Result {
    let program = work("tree")?.join("tree");
    let mut command = Command::new(compile::cc());
    command.args(["-std=c99", "-g", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I"]).arg(include());
    compile::run(command.arg(sources::project().join("c-tests/abi/tree.c")).arg("-o").arg(&program))?;
    compile::run(&mut Command::new(&program))
}

#[test]
fn a2_library_shows_libuvs_names_and_needs_libc_only() -> Result {
    let library = library::ours()?.file();
    let dynamic = compile::output(Command::new("readelf").args(["-dW"]).arg(&library))?;
    let entries = |tag: &str| -> Vec<String> {
        let lines = dynamic.lines().filter(|line| line.contains(tag));
        lines.filter_map(|line| Some(line.split_once('[')?.1.trim_end_matches(']').to_owned())).collect()
    };
    assert_eq!(entries("(SONAME)"), ["libuv.so.1"]);
    let foreign: Vec<_> =
        entries("(NEEDED)").into_iter().filter(|n| n != "libc.so.6" && !n.starts_with("ld-")).collect();
    assert!(foreign.is_empty(), "needs {foreign:?}");
    let symbols = compile::output(Command::new("nm").args(["-D", "--defined-only"]).arg(&library))?;
    // A name with a version would show as `uv_run@@UVRING_1`: programs linked against it would not start on libuv.
    let names: Vec<_> = symbols.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    let theirs: Vec<_> = sources::libuv_functions()?.into_iter().map(|f| f.name).collect();
    assert_eq!(theirs.len(), 319, "libuv's header was not understood");
    let wanted = theirs.iter().map(String::as_str).chain(["uv__node_patch_is_using_io_uring"]);
    let missing: Vec<_> = wanted.clone().filter(|n| !names.contains(n)).collect();
    assert!(missing.is_empty(), "lacks {missing:?}");
    let wanted: Vec<_> = wanted.collect();
    let foreign: Vec<_> = names.iter().filter(|n| !wanted.contains(n) && !n.starts_with("uvring_")).collect();
    assert!(foreign.is_empty(), "exports {foreign:?}");
    Ok(())
}

/// The other half of A2. Rust's debug information would differ from C's in every type, so abidiff compares libuv with a library
/// of empty functions that is compiled from our header, and then the symbols of the two real libraries.
#[test]
fn a2_abidiff_finds_no_difference_that_is_not_explained() -> Result {
    if !has("abidiff") {
        return Ok(());
    }
    let real = library::real()?.file();
    let dir = work("abidiff")?;
    let differences = |old: &Path, new: &Path| -> std::result::Result<String, String> {
        let explained = sources::project().join("c-tests/abi/explained.abignore");
        let mut command = Command::new("abidiff");
        command.arg("--suppressions").arg(explained).arg(old).arg(new);
        let output = command.output().map_err(|e| e.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        // 1 and 2 are errors, 4 a change, 8 one that breaks programs.
        match output.status.code() {
            Some(0) => Ok(String::new()),
            Some(4) if only_filtered(&said) => Ok(String::new()),
            Some(4..) => Ok(said),
            _ => Err(said),
        }
    };
    let described = dir.join("described.so");
    describe(&dir.join("described.c"), &described)?;
    assert_eq!(differences(&real, &described)?, "");
    let (old, new) = (dir.join("libuv.so"), dir.join("uvring.so"));
    for (from, to) in [(real, &old), (library::ours()?.file(), &new)] {
        compile::run(Command::new("strip").arg("--strip-debug").arg("-o").arg(to).arg(from))?;
    }
    assert_eq!(differences(&old, &new)?, "");
    Ok(())
}

/// Whether a report says nothing but that functions take types whose differences are all explained or harmless.
fn only_filtered(report: &str) -> bool {
    let mut lines = report.lines().map(str::trim).filter(|line| !line.is_empty());
    let frame = |line: &str| {
        line.contains("changes summary: 0 Removed") && line.contains(" 0 Added")
            || line.ends_with("indirect sub-type change:")
            || line.ends_with("has some indirect sub-type changes:")
            || line.ends_with("has sub-type changes:")
            || line.starts_with("in pointed to type ")
            || line.starts_with("underlying type ") && line.ends_with(" changed:")
            || line == "type size hasn't changed"
            || line.starts_with("no data member changes (")
    };
    lines.all(frame)
}

/// Compiles a library of empty functions from our header.
fn describe(source: &Path, library: &Path) -> Result {
    let ours = interface::read(&include())?;
    let mut functions = String::from("#include \"uv.h\"\n");
    for (_, declaration) in &ours.functions {
        functions += &format!("{} {{ __builtin_trap(); }}\n", declaration.trim_end_matches(';'));
    }
    write(source, &functions)?;
    let mut expand = Command::new(compile::cc());
    expand.args(["-E", "-P", "-std=gnu2x", "-D_GNU_SOURCE", "-I"]).arg(include()).arg(source);
    let mut text = compile::output(&mut expand)?;
    // Structs that have a tag in our header and none in libuv's, which abidiff takes for other types.
    let theirs = sources::read(&sources::libuv()?.join("include/uv.h"))?
        + &sources::read(&sources::libuv()?.join("include/uv/unix.h"))?;
    for tagged in ours.structs.iter().filter_map(|s| s.name.strip_prefix("struct ")).filter(|n| n.ends_with("_t")) {
        if !theirs.contains(&format!("struct {tagged}")) {
            text = text
                .replace(&format!("struct {tagged} {{"), "struct {")
                .replace(&format!("struct {tagged} "), &format!("{tagged} "));
        }
    }
    write(source, &text)?;
    let mut build = Command::new(compile::cc());
    build.args(["-std=gnu2x", "-g", "-fPIC", "-shared", "-Wl,-soname,libuv.so.1", "-o"]);
    compile::run(build.arg(library).arg(source))
}
