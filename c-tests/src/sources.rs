//! Where things are: the project, its target folder, libuv's sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The project's top folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("c-tests lies inside the project")
}

/// Our part of cargo's target folder. Everything the tests make lies in it, so each working tree has its own.
pub fn work_dir() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let exe = std::env::current_exe().expect("a running program has a path");
        let target = exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists());
        let dir = target.map_or_else(|| project().join("target"), Path::to_path_buf).join("c-tests");
        std::fs::create_dir_all(&dir).unwrap_or_else(|e| panic!("cannot create {}: {e}", dir.display()));
        dir
    })
}

/// libuv 1.53.0's source folder: `LIBUV_SRC`, or the one in the crate that cargo fetched with our dependencies.
pub fn libuv() -> Result<&'static Path, String> {
    static DIR: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    DIR.get_or_init(find_libuv).as_deref().map_err(Clone::clone)
}

/// The folders of public headers of ours, or libuv's as long as ours are not generated.
pub fn our_include() -> Result<PathBuf, String> {
    let ours = project().join("include");
    if ours.join("uv.h").exists() { Ok(ours) } else { Ok(libuv()?.join("include")) }
}

/// A function that libuv's header declares.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// The declaration, as it is written there.
    pub text: String,
}

/// The functions that libuv's header declares.
pub fn libuv_functions() -> Result<Vec<Declaration>, String> {
    let header = without_comments(&read(&libuv()?.join("include/uv.h"))?);
    let texts = header.split("UV_EXTERN").skip(1).filter_map(|rest| rest.split_once(';'));
    let mut found: Vec<Declaration> = texts
        .filter_map(|(text, _)| Some(Declaration { name: function_name(text)?, text: format!("extern{text};") }))
        .collect();
    found.sort();
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}

/// The text without its `/* … */` comments, which name functions and hold semicolons too.
pub fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |code, part| code + part.split_once("*/").map_or("", |(_, rest)| rest))
}

/// Reads a text file; the error names it.
pub fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

/// The C files of one of the project's folders, in order.
pub fn c_files(folder: &str) -> Result<Vec<PathBuf>, String> {
    let dir = project().join(folder);
    let entries = std::fs::read_dir(&dir).map_err(|e| format!("cannot read {}: {e}", dir.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|ext| ext == "c"));
    files.sort();
    Ok(files)
}

/// The text of a comment `/* name: text */`.
pub fn remark(text: &str, name: &str) -> Option<String> {
    let rest = text.split(&format!("/* {name}:")).nth(1)?;
    Some(rest.split("*/").next()?.trim().to_string())
}

/// What a test says, in a comment `/* not on NAME: reason */`, of something that it cannot stand and that goes by these names.
pub fn not_on<'a>(text: &str, mut names: impl Iterator<Item = &'a str>) -> Option<String> {
    names.find_map(|name| {
        let words = format!("not on {name}");
        Some(format!("{words}: {}", remark(text, &words)?))
    })
}

/// The cargo that runs us, or the one in the path.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project());
    command
}

fn find_libuv() -> Result<PathBuf, String> {
    if let Some(dir) = std::env::var_os("LIBUV_SRC").map(PathBuf::from) {
        return check(dir);
    }
    // Without the network first: once fetched, the tests need none.
    let offline = metadata(&["--offline"]).and_then(|text| libuv_in(&text));
    check(offline.or_else(|_| metadata(&[]).and_then(|text| libuv_in(&text)))?)
}

fn metadata(extra: &[&str]) -> Result<String, String> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1"]).args(extra);
    let output = command.output().map_err(|e| format!("cannot start cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Picks the crate's folder out of cargo's JSON, where it occurs in one place of this form.
fn libuv_in(metadata: &str) -> Result<PathBuf, String> {
    let mut paths = metadata.split("\"manifest_path\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let manifest = paths.find(|path| path.contains("/libuv-sys2-")).ok_or("cargo does not know libuv-sys2")?;
    Ok(Path::new(manifest).with_file_name("libuv"))
}

fn check(dir: PathBuf) -> Result<PathBuf, String> {
    let version = read(&dir.join("include/uv/version.h"))?;
    let number = |name: &str| {
        let line = version.lines().find_map(|line| line.strip_prefix(&format!("#define UV_VERSION_{name} ")));
        line.map(|value| value.trim().to_string()).unwrap_or_default()
    };
    let found = format!("{}.{}.{}", number("MAJOR"), number("MINOR"), number("PATCH"));
    if found != "1.53.0" {
        return Err(format!("{} holds libuv {found}, not 1.53.0", dir.display()));
    }
    if !dir.join("test/test-list.h").exists() {
        return Err(format!("{} holds no test suite", dir.display()));
    }
    Ok(dir)
}

/// The name in a declaration such as ` int uv_run(uv_loop_t*, uv_run_mode mode);`.
fn function_name(declaration: &str) -> Option<String> {
    let (head, _) = declaration.split_once('(')?;
    let name = head.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').find(|word| !word.is_empty())?;
    name.starts_with("uv_").then(|| name.to_string())
}
