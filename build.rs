//! Names the shared library, and writes `include/uv.h` and `include/uvring.h` from the Rust source.
//!
//! The headers are committed, so that a C program needs no Rust to compile and a change of the interface shows in a diff.
//! A build rewrites them when the source says something else; where `CI` is set, or the tree cannot be written, they are
//! left alone, and the test `c-tests/tests/header.rs` (which includes this file) tells whether they are stale.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").ok_or("not run by cargo")?);
    for input in ["build.rs", "cbindgen.toml", "cbindgen-ext.toml", "src"] {
        println!("cargo:rerun-if-changed={input}");
    }
    println!("cargo:rerun-if-env-changed=CI");
    name_library()?;
    // A source that does not parse is rustc's to report.
    for (name, text) in [("uv.h", header(&root)), ("uvring.h", extension_header(&root))] {
        if let Ok(text) = text {
            update(&root.join("include").join(name), &text);
        }
    }
    Ok(())
}

/// Writes a header anew if it says something else.
fn update(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) || std::env::var_os("CI").is_some() {
        return;
    }
    if fs::write(path, text).is_err() {
        println!("cargo:warning={} is stale and cannot be written", path.display());
    }
}

/// SONAME, and no libgcc_s among what the library needs: a program that runs on libuv has only libc.
fn name_library() -> Result<()> {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libuv.so.1");
    // The library calls its own functions, also in a program that exports some of the same names, as Node.js does.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic-functions");
    if std::env::var("CARGO_CFG_TARGET_ENV")? == "gnu" {
        // rustc always says -lgcc_s. Found here first, it means the static library.
        let dir = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("not run by cargo")?);
        fs::write(dir.join("libgcc_s.so"), "INPUT(-lgcc_eh -lgcc)\n")?;
        println!("cargo:rustc-cdylib-link-arg=-L{}", dir.display());
    }
    Ok(())
}

/// What `include/uv.h` should be.
pub(crate) fn header(root: &Path) -> Result<String> {
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    // Whether or not a function uses it, a public type of `abi` is part of the interface.
    for source in sources(&root.join("src/abi"))? {
        config.export.include.extend(names(&source, &["pub struct ", "pub union ", "pub type "]));
    }
    // What libuv does not have is in include/uvring.h.
    for source in sources(&root.join("src/ext"))?.iter().chain(&sources(&root.join("src/abi/ext"))?) {
        config
            .export
            .exclude
            .extend(names(source, &["pub unsafe extern \"C\" fn ", "pub struct ", "pub type ", "pub const "]));
    }
    let builder = cbindgen::Builder::new().with_config(config).with_src(root.join("src/lib.rs"));
    let mut text = Vec::new();
    builder.generate()?.write(&mut text);
    finish(&String::from_utf8(text)?, &fs::read_to_string(root.join("src/abi/errno.rs"))?)
}

/// What `include/uvring.h` should be: what `src/ext` and `src/abi/ext` have, and nothing else.
pub(crate) fn extension_header(root: &Path) -> Result<String> {
    let mut config = cbindgen::Config::from_file(root.join("cbindgen-ext.toml"))?;
    // Callbacks take requests whose structs hold callbacks: the names of all structs come first.
    let mut types = String::new();
    for source in sources(&root.join("src/abi/ext"))?.iter().chain(&sources(&root.join("src/ext"))?) {
        config.export.include.extend(names(source, &["pub struct ", "pub type "]));
        for name in
            names(source, &["pub type "]).into_iter().filter_map(|name| Some(name.strip_suffix("_t")?.to_owned()))
        {
            types += &format!("typedef struct {name}_s {name}_t;\n");
            config.export.exclude.push(name + "_t");
        }
    }
    config.after_includes = config.after_includes.map(|text| text.replace("@TYPES@\n", &types));
    let sources = [root.join("src/abi/ext/mod.rs"), root.join("src/ext/mod.rs")];
    let builder = sources.iter().fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut text = Vec::new();
    builder.generate()?.write(&mut text);
    let text = tidy(&String::from_utf8(text)?).join("\n") + "\n";
    Ok(text.replace("\n\n\n", "\n\n"))
}

/// The texts of the Rust files in `dir`, if there is one.
fn sources(dir: &Path) -> Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(Vec::new()) };
    let mut paths = entries.map(|e| Ok(e?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|p| p.extension().is_some_and(|e| e == "rs"));
    paths.sort();
    paths.iter().map(|p| Ok(fs::read_to_string(p)?)).collect()
}

/// The names of the items in a source text whose line begins with one of `keywords`.
fn names(source: &str, keywords: &[&str]) -> Vec<String> {
    let name = |line: &str| {
        let rest = keywords.iter().find_map(|k| line.strip_prefix(k))?;
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned)
    };
    source.lines().filter_map(name).collect()
}

/// The macros that stand for fields of structs: `(name, struct, first field)`, to the end of the struct.
/// Programs that lay out handles of their own use them.
const FIELDS: &[(&str, &str, &str)] = &[
    ("UV_HANDLE_PRIVATE_FIELDS", "uv_handle_s", "next_closing"),
    ("UV_PIPE_PRIVATE_FIELDS", "uv_pipe_s", "pipe_fname"),
    ("UV_TTY_PRIVATE_FIELDS", "uv_tty_s", "orig_termios"),
    ("UV_UDP_PRIVATE_FIELDS", "uv_udp_s", "alloc_cb"),
    ("UV_POLL_PRIVATE_FIELDS", "uv_poll_s", "io_watcher"),
    ("UV_PROCESS_PRIVATE_FIELDS", "uv_process_s", "queue"),
    ("UV_CONNECT_PRIVATE_FIELDS", "uv_connect_s", "queue"),
    ("UV_SHUTDOWN_PRIVATE_FIELDS", "uv_shutdown_s", ""),
    ("UV_WRITE_PRIVATE_FIELDS", "uv_write_s", "queue"),
    ("UV_UDP_SEND_PRIVATE_FIELDS", "uv_udp_send_s", "queue"),
    ("UV_FS_PRIVATE_FIELDS", "uv_fs_s", "new_path"),
    ("UV_DIR_PRIVATE_FIELDS", "uv_dir_s", "dir"),
    ("UV_IO_PRIVATE_PLATFORM_FIELDS", "uv__io_s", "part"),
    ("UV_PLATFORM_LOOP_FIELDS", "uv_loop_s", "inotify_read_watcher"),
    ("UV_PLATFORM_FS_EVENT_FIELDS", "uv_fs_event_s", "watchers"),
    ("UV_STREAM_PRIVATE_PLATFORM_FIELDS", "uv_stream_s", ""),
    ("UV_PRIVATE_REQ_TYPES", "uv_req_s", ""),
];

/// Types that have no name in libuv, only the field they stand in: generators of bindings derive names from that.
const NAMELESS: &[&str] = &[
    "union uv__handle_u",
    "union uv__timer_node",
    "struct uv__timer_heap",
    "struct uv__signal_tree_entry",
    "union uv__udp_addr",
    "union uv__active_reqs",
    "union uv__if_address",
    "union uv__if_netmask",
    "union uv__stdio_data",
];

/// The last word of a request. It is a member without a name in libuv: what is in it is reached as if it stood in the request.
const LAST_WORD: (&str, &str) = ("  struct uv__req_write_extra_s write_extra;", "    void *reserved2[1];");

/// Turns what cbindgen wrote into what a C programmer would: short comments on one line, no padding (C puts it where
/// Rust says it), the fields that all handles share under one name, and the macros that Rust has no word for.
fn finish(text: &str, errno: &str) -> Result<String> {
    let lines: Vec<_> =
        tidy(text).into_iter().filter(|l| !l.split([' ', '[', ';']).any(|w| w.starts_with("_pad"))).collect();
    let lines = NAMELESS.iter().try_fold(lines, |lines, of| nameless(&lines, of))?;
    let lines: Vec<_> = lines.into_iter().flat_map(last_word).collect();
    let handle = body(&lines, "uv_handle_s")?;
    let stream = body(&lines, "uv_stream_s")?[handle.len()..].to_vec();
    let shared =
        [("UV_HANDLE_FIELDS", handle), ("UV_STREAM_FIELDS", stream), ("UV_REQ_FIELDS", body(&lines, "uv_req_s")?)];
    let mut macros = String::from("/* The fields that every handle, stream and request begins with. */\n");
    for (name, fields) in &shared {
        macros += &define(name, fields);
    }
    macros += "\n/* The fields that are private to the library, of each struct. */\n";
    for &(name, of, first) in FIELDS {
        let fields =
            body(&lines, of)?.iter().filter(|l| !l.trim_start().starts_with("/*")).cloned().collect::<Vec<_>>();
        let is_first = |l: &String| l.split(['*', ' ', ';', '[']).any(|word| word == first);
        let from = if first.is_empty() { fields.len() } else { fields.iter().position(is_first).ok_or(name)? };
        macros += &define(name, &fields[from..]);
    }
    let map = errors(errno).iter().map(|(name, text)| format!("  XX({name}, {text})")).collect::<Vec<_>>();
    let mut text = lines.join("\n") + "\n";
    for (name, fields) in &shared {
        text = text.replace(&(fields.join("\n") + "\n"), &format!("  {name}\n"));
    }
    let text = text.replace("@UV_ERRNO_MAP@\n", &define("UV_ERRNO_MAP(XX)", &map)).replace("@FIELDS@\n", &macros);
    Ok(text.replace("ptrdiff_t", "ssize_t").replace("\n\n\n", "\n\n"))
}

/// Puts a type's members into the fields of that type, and takes its definition and the comment above it out.
fn nameless(lines: &[String], of: &str) -> Result<Vec<String>> {
    let start = lines.iter().position(|l| l.trim_start_matches("typedef ") == format!("{of} {{")).ok_or(of)?;
    let end = start + lines[start..].iter().position(|l| l.starts_with('}')).ok_or(of)?;
    let comment = lines[..start].iter().rposition(|l| l.starts_with("/*")).ok_or(of)?;
    let members = &lines[start + 1..end];
    let kind = of.split(' ').next().unwrap_or(of);
    let spelled = |line: &String| match line.strip_prefix(&format!("  {of} ")) {
        Some(field) => {
            let inner = members.iter().map(|member| format!("  {member}"));
            [format!("  {kind} {{")].into_iter().chain(inner).chain([format!("  }} {field}")]).collect()
        }
        None => vec![line.clone()],
    };
    Ok(lines[..comment].iter().chain(&lines[(end + 2).min(lines.len())..]).flat_map(spelled).collect())
}

/// The lines of a field that may be the last word of a request.
fn last_word(line: String) -> Vec<String> {
    let (field, unused) = LAST_WORD;
    if line != field {
        return vec![line];
    }
    // The keyword keeps compilers quiet that hold a program to C99.
    vec!["  __extension__ union {".into(), unused.into(), format!("  {field}"), "  };".into()]
}

/// The lines of the header: short comments and prototypes on one line, links of rustdoc turned into names.
fn tidy(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut prototype: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut line = line.trim_end().replace("[`", "`").replace("`]", "`");
        if line == "UV_EXTERN" || !prototype.is_empty() {
            prototype.push(line);
            if prototype.last().is_some_and(|l| l.ends_with(';')) {
                lines.append(&mut join(&prototype));
                prototype.clear();
            }
            continue;
        }
        let before = lines.len().checked_sub(2).map(|i| lines[i].trim());
        if line.trim() == "*/" && before == Some("/**") {
            let sentence = lines.pop().unwrap_or_default();
            let open = lines.pop().unwrap_or_default();
            line = format!("{open} {} */", sentence.trim_start_matches([' ', '*']));
        }
        lines.push(line);
    }
    lines
}

/// A prototype on one line if it fits; otherwise one parameter a line, moved to the right by the prefix.
fn join(prototype: &[String]) -> Vec<String> {
    let one = prototype.iter().map(|l| l.trim()).collect::<Vec<_>>().join(" ");
    if one.len() <= 100 {
        return vec![one];
    }
    let indent = " ".repeat("UV_EXTERN ".len());
    let first = format!("UV_EXTERN {}", prototype[1]);
    [first].into_iter().chain(prototype[2..].iter().map(|l| format!("{indent}{l}"))).collect()
}

/// The lines between the braces of a struct.
fn body(lines: &[String], name: &str) -> Result<Vec<String>> {
    let start = lines.iter().position(|l| *l == format!("typedef struct {name} {{")).ok_or(name)?;
    Ok(lines[start + 1..].iter().take_while(|l| !l.starts_with('}')).cloned().collect())
}

fn define(name: &str, lines: &[String]) -> String {
    let lines = lines.iter().fold(format!("#define {name}"), |all, line| all + " \\\n" + line);
    lines + "\n"
}

/// The names and texts of the error table.
fn errors(source: &str) -> Vec<(&str, &str)> {
    let table = source.split_once("\nerrors! {\n").map_or("", |(_, table)| table);
    table
        .lines()
        .map_while(|line| {
            let (name, rest) = line.trim().split_once(' ')?;
            let (_, text) = rest.split_once(' ')?;
            Some((name, text.trim_end_matches(';')))
        })
        .collect()
}
