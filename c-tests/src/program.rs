//! Test programs: libuv's suite and our own C files, linked against one of the libraries.

use crate::compile::{self, Compiler};
use crate::library::{self, Library};
use crate::sources;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program prints, after `missing: `, and how it exits when it calls a function that the library lacks.
pub const MISSING_EXIT: i32 = 99;

/// The variable with the path of a file to which such a program appends the function's name.
pub const MISSING_LOG: &str = "UVRING_MISSING_LOG";

/// Builds libuv's test program against the library.
pub fn suite(library: &Library) -> Result<PathBuf, String> {
    library::locked(&format!("suite-{}", library.name), || {
        let libuv = sources::libuv()?;
        let mut flags = suite_flags(library, libuv);
        // Against real libuv these are mistakes of no interest here; against ours they would be mistakes of our header.
        flags.extend(["-Wno-all", "-Werror=incompatible-pointer-types", "-Werror=int-conversion"].map(String::from));
        let out = sources::work_dir().join("suite").join(library.name);
        let headers = [library.includes.as_slice(), &[libuv.join("src"), libuv.join("test")]].concat();
        let compiler = Compiler::new(library.cc(), out.clone(), flags, &headers)?;
        let objects = compiler.objects(&suite_sources(libuv)?)?;
        link(library, &objects, &out.join("uv_run_tests"), compiler.key())
    })
}

/// The names of libuv's tests on this platform, in the order of its list.
pub fn suite_tests() -> Result<Vec<String>, String> {
    let libuv = sources::libuv()?;
    let file = sources::work_dir().join("suite-list.c");
    let text = "#include \"runner.h\"\n#include \"task.h\"\n#include \"test-list.h\"\n";
    std::fs::write(&file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    let mut cc = Command::new(compile::cc());
    cc.args(["-E", "-P", "-DUSING_UV_SHARED=1"]).args(library::platform_defines()).arg(&file);
    cc.arg(format!("-I{}", libuv.join("test").display())).arg(format!("-I{}", libuv.join("include").display()));
    let text = compile::output(&mut cc)?;
    // Each test is an entry `{ "NAME", "NAME", &run_test_NAME, …` of the list; a helper's entry names another function.
    let entries = text.split('{').filter(|entry| entry.contains("&run_test_"));
    Ok(entries.filter_map(|entry| entry.split('"').nth(1)).map(String::from).collect())
}

/// Builds one of our own C tests or examples against the library.
pub fn own(library: &Library, file: &Path) -> Result<PathBuf, String> {
    let stem = file.file_stem().unwrap_or_default();
    let folder = file.parent().and_then(Path::file_name).unwrap_or_default();
    library::locked(&format!("{}-{}-{}", folder.display(), library.name, stem.display()), || {
        let beside = file.parent().unwrap_or(file).to_path_buf();
        let headers = [library.includes.as_slice(), &[sources::project().join("c-tests/own"), beside]].concat();
        let mut flags: Vec<String> =
            ["-g", "-O1", "-std=gnu11", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-pthread"].map(String::from).to_vec();
        flags.extend(headers.iter().map(|dir| format!("-I{}", dir.display())));
        flags.extend(library.sanitizer().map(|sanitizer| format!("-fsanitize={sanitizer}")));
        let out = sources::work_dir().join(folder).join(library.name);
        let compiler = Compiler::new(library.cc(), out.clone(), flags, &headers)?;
        let objects = compiler.objects(&[file.to_path_buf()])?;
        link(library, &objects, &out.join(stem), compiler.key())
    })
}

fn suite_flags(library: &Library, libuv: &Path) -> Vec<String> {
    let mut flags: Vec<String> = ["-g", "-O1", "-std=gnu11", "-fno-strict-aliasing"].map(String::from).to_vec();
    flags.extend(library::platform_defines());
    if !library.is_static() {
        flags.push("-DUSING_UV_SHARED=1".into());
    }
    flags.extend(library.includes.iter().map(|dir| format!("-I{}", dir.display())));
    flags.push(format!("-I{}", libuv.join("src").display()));
    flags
}

/// The files of libuv's test program on Unix: its runner, and the tests that its build names.
fn suite_sources(libuv: &Path) -> Result<Vec<PathBuf>, String> {
    let cmake = sources::read(&libuv.join("CMakeLists.txt"))?;
    let words = cmake.split(|c: char| c.is_whitespace() || c == ')');
    let mut files: Vec<&str> = words.filter(|word| word.starts_with("test/test-") && word.ends_with(".c")).collect();
    files.extend(["test/blackhole-server.c", "test/echo-server.c"]);
    files.extend(["test/run-tests.c", "test/runner.c", "test/runner-unix.c"]);
    files.sort_unstable();
    files.dedup();
    Ok(files.into_iter().map(|file| libuv.join(file)).collect())
}

/// Links objects against the library, with stand-ins for the functions it lacks. The program finds `libuv.so.1` in its
/// own folder first, so that it can be moved together with the library, and then where the library is.
fn link(library: &Library, objects: &[PathBuf], program: &Path, key: u64) -> Result<PathBuf, String> {
    let missing = library.missing()?;
    let mut hasher = DefaultHasher::new();
    (key, &missing, &library.dir).hash(&mut hasher);
    if library.is_static() {
        compile::file_key(&library.file())?.hash(&mut hasher);
    }
    for object in objects {
        compile::file_key(object)?.hash(&mut hasher);
    }
    compile::once(program, hasher.finish(), || {
        let stand_ins = program.with_extension("missing.c");
        let mut text = stand_ins_for(&missing);
        if library.sanitizer() == Some("thread") {
            text.push_str(FOR_TSAN);
        }
        std::fs::write(&stand_ins, text).map_err(|e| format!("{}: {e}", stand_ins.display()))?;
        let mut cc = Command::new(library.cc());
        cc.arg("-o").arg(program).args(objects).arg(&stand_ins);
        cc.arg(format!("-L{}", library.dir.display())).arg(format!("-l:{}", library.file_name()));
        // DT_RPATH rather than DT_RUNPATH: it goes before LD_LIBRARY_PATH, which cargo sets to folders of its own.
        cc.args(["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN"]).arg(format!("-Wl,-rpath,{}", library.dir.display()));
        cc.args(library.sanitizer().map(|sanitizer| format!("-fsanitize={sanitizer}")));
        // Of an archive, only what the program reaches.
        cc.args(["-Wl,--gc-sections", "-lpthread", "-ldl", "-lrt", "-lm"]);
        if library.is_static() {
            // libuv's test-idna.c includes src/idna.c as text, so it defines functions of the library once more. libuv's archive has
            // them in an object that is then never looked at; a Rust archive has no object for each file.
            cc.arg("-Wl,-z,muldefs");
        }
        compile::run(&mut cc)
    })?;
    Ok(program.to_path_buf())
}

/// What Rust's ThreadSanitizer calls and that of an older C compiler lacks. It knows the functions that these call.
const FOR_TSAN: &str = "#include <string.h>
__attribute__((weak)) void* __tsan_memcpy(void* to, const void* from, size_t n) { return memcpy(to, from, n); }
__attribute__((weak)) void* __tsan_memmove(void* to, const void* from, size_t n) { return memmove(to, from, n); }
__attribute__((weak)) void* __tsan_memset(void* to, int byte, size_t n) { return memset(to, byte, n); }
";

fn stand_ins_for(missing: &[String]) -> String {
    if missing.is_empty() {
        return String::new();
    }
    // One write for each line: several processes may write at once.
    let mut text = format!(
        r#"#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void lacks(const char* name) {{
  char line[128];
  const char* log = getenv("{MISSING_LOG}");
  int length = snprintf(line, sizeof line, "missing: %s\n", name);
  int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
  if (write(2, line, length) < 0 || (fd >= 0 && write(fd, line, length) < 0)) _exit({MISSING_EXIT});
  _exit({MISSING_EXIT});
}}
"#
    );
    for name in missing {
        let _ = writeln!(text, "__attribute__((weak)) void {name}(void) {{ lacks(\"{name}\"); }}");
    }
    text
}
