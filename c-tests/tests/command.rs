//! The command `uvring`, and programs linked against real libuv on our library.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_tests::{compile, library, sources};

type Result<T = ()> = std::result::Result<T, String>;

/// What a program did: exit code, output, errors.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs it for a minute at most, with nothing in the environment that would choose a library or a driver.
fn run(command: &mut Command) -> Result<Said> {
    let mut limited = Command::new("timeout");
    limited.arg("60").arg(command.get_program()).args(command.get_args());
    for name in ["LD_LIBRARY_PATH", "LD_PRELOAD", "UV_USE_IO_URING", "UVRING_INCLUDE"] {
        limited.env_remove(name);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        limited.current_dir(dir);
    }
    let output = limited.output().map_err(|e| format!("cannot start {command:?}: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) })
}

impl Said {
    fn is(&self, code: i32, out: &str) {
        assert_eq!((self.code, self.out.as_str()), (Some(code), out), "and said: {}", self.err);
    }

    /// Each part is in its output.
    fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.out.contains(part), "no {part:?} in\n{}{}", self.out, self.err);
        }
    }

    /// It exited with `code`, and its complaint holds `part`.
    fn complains(&self, code: i32, part: &str) {
        assert!(self.code == Some(code) && self.err.contains(part), "{:?}\n{}{}", self.code, self.out, self.err);
    }
}

fn uvring(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(library::command()?);
    command.args(args);
    Ok(command)
}

/// True if there may be a ring here.
fn ring_allowed() -> Result<bool> {
    Ok(run(&mut uvring(&["doctor"])?)?.code == Some(0))
}

/// What `linked.c` says when it runs on our library.
fn ours_says() -> Result<String> {
    let driver = if ring_allowed()? { "io_uring" } else { "epoll" };
    Ok(format!("uvring on {driver} 1.53.0"))
}

fn work(name: &str) -> Result<PathBuf> {
    let dir = sources::work_dir().join("command").join(name);
    fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
    Ok(dir)
}

/// Compiles `linked.c` with real libuv's header and links it with real libuv. `extra` goes to the linker.
fn linked(name: &str, extra: &[String]) -> Result<PathBuf> {
    let real = library::real()?;
    let program = work(name)?.join("linked");
    let mut cc = Command::new(compile::cc());
    cc.args(["-std=gnu11", "-O1", "-Wall", "-o"]).arg(&program);
    cc.args(real.includes.iter().map(|dir| format!("-I{}", dir.display())));
    cc.arg(sources::project().join("c-tests/command/linked.c"))
        .arg(real.file())
        .args(extra)
        .args(["-ldl", "-lpthread"]);
    compile::run(&mut cc)?;
    Ok(program)
}

/// Makes a file that can be executed.
fn executable(path: &Path, text: &str) -> Result {
    let made = fs::write(path, text).and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)));
    made.map_err(|e| format!("cannot write {}: {e}", path.display()))
}

#[test]
fn a_binary_linked_with_libuv_runs_on_ours() -> Result {
    let program = linked("linked", &[])?;
    let (real, ours) = (library::real()?, library::ours()?);
    let says = ours_says()?;
    run(Command::new(&program).env("LD_LIBRARY_PATH", &real.dir))?.is(0, "libuv 1.53.0\n");
    run(Command::new(&program).env("LD_LIBRARY_PATH", &ours.dir))?.is(0, &format!("{says}\n"));
    run(Command::new(&program).env("LD_LIBRARY_PATH", &real.dir).env("LD_PRELOAD", ours.file()))?
        .is(0, &format!("{says}\n"));
    run(uvring(&["run", "--"])?.arg(&program).args(["7", "-a", "--", "b c"]))?.is(7, &format!("{says} -a -- b c\n"));
    run(uvring(&["run", "--no-ring", "--"])?.arg(&program))?.is(0, "uvring on epoll 1.53.0\n");
    run(uvring(&["run"])?.arg(&program).env("UV_USE_IO_URING", "0"))?.is(0, "uvring on epoll 1.53.0\n");
    Ok(())
}

/// As a stock Node.js does. What is redirected is told in `node-shim/tests/redirect.rs`.
#[test]
fn run_says_which_way_it_goes() -> Result {
    let (linked, dir) = (linked("way", &[])?, work("way")?);
    let source = dir.join("exported.c");
    let text = "int uv_run(void) { return 0; }\nunsigned uv_version(void) { return 9; }\nint main(void) { return uv_run(); }\n";
    fs::write(&source, text).map_err(|e| e.to_string())?;
    let exported = dir.join("exported");
    compile::run(Command::new(compile::cc()).arg("-rdynamic").arg("-o").arg(&exported).arg(&source))?;
    let told = run(uvring(&["run", "--stats", "--"])?.arg(&linked))?;
    told.complains(0, "links libuv.so.1");
    told.complains(0, "what the loops of process");
    let told = run(uvring(&["run", "--"])?.arg(&exported))?;
    told.complains(0, "carries its own libuv: its uv_* functions are redirected");
    told.complains(0, "exported stays on its own libuv: that is version 0.0");
    Ok(())
}

/// DT_RPATH goes before LD_LIBRARY_PATH.
#[test]
fn run_gets_under_a_program_that_names_its_libuvs_folder() -> Result {
    let real = library::real()?;
    let rpath = ["-Wl,--disable-new-dtags".into(), format!("-Wl,-rpath,{}", real.dir.display())];
    let program = linked("rpath", &rpath)?;
    run(&mut Command::new(&program))?.is(0, "libuv 1.53.0\n");
    run(uvring(&["run", "--"])?.arg(&program))?.is(0, &format!("{}\n", ours_says()?));
    Ok(())
}

#[test]
fn run_follows_scripts_and_the_path() -> Result {
    let program = linked("script", &[])?;
    let dir = program.parent().ok_or("it lies in a folder")?;
    let says = ours_says()?;
    executable(&dir.join("direct"), &format!("#!{} 3\n", program.display()))?;
    executable(&dir.join("through-env"), "#!/usr/bin/env linked\n")?;
    let path = format!("{}:/usr/bin:/bin", dir.display());
    let run_it = |name: &str| run(uvring(&["run", "--", name])?.env("PATH", &path));
    run_it("linked")?.is(0, &format!("{says}\n"));
    run_it("direct")?.is(3, &format!("{says} {}\n", dir.join("direct").display()));
    // Its first argument is the script's path, which is no number.
    run_it("through-env")?.is(0, &format!("{says}\n"));
    Ok(())
}

#[test]
fn run_says_why_it_cannot() -> Result {
    let dir = work("cannot")?;
    let source = dir.join("own.c");
    fs::write(&source, "int uv_run(void) { return 0; }\nint main(void) { return uv_run(); }\n")
        .map_err(|e| e.to_string())?;
    let compiled = |name: &str, flags: &[&str]| -> Result<PathBuf> {
        let program = dir.join(name);
        compile::run(Command::new(compile::cc()).args(flags).arg("-o").arg(&program).arg(&source))?;
        Ok(program)
    };
    let (own, fixed) = (compiled("own", &[])?, compiled("static", &["-static"]));
    executable(&dir.join("text"), "no program\n")?;
    executable(&dir.join("loop"), &format!("#!{}\n", dir.join("loop").display()))?;
    let run_it = |program: &Path| run(uvring(&["run", "--"])?.arg(program));
    run_it(&own)?.complains(126, "carries its own libuv");
    if let Ok(fixed) = fixed {
        run_it(&fixed)?.complains(126, "carries its own libuv");
    }
    run_it(Path::new("/bin/true"))?.complains(126, "does not link libuv.so.1");
    run_it(&dir.join("text"))?.complains(126, "no 64-bit ELF program");
    run_it(&dir.join("loop"))?.complains(126, "without end");
    run_it(&dir)?.complains(126, "is a folder");
    run_it(&source)?.complains(126, "may not be executed");
    run_it(&dir.join("none"))?.complains(127, "no such program");
    run_it(Path::new("no-program-has-this-name"))?.complains(127, "no such program");
    run(uvring(&["run", "--"])?.arg(&own).env("UVRING_LIB_DIR", &dir))?.complains(125, "no library");
    run(&mut uvring(&["run"])?)?.complains(2, "PROGRAM");
    Ok(())
}

#[test]
fn demo_shows_what_ran_where() -> Result {
    // As the README says it, but for the folder, in which everything is built by now.
    library::command()?;
    let mut command = sources::cargo();
    command.args(["run", "--quiet", "--target-dir"]).arg(sources::work_dir().join("cargo"));
    if !cfg!(debug_assertions) {
        command.args(["--release"]);
    }
    let demo = run(command.args(["--", "demo"]).env_remove("CARGO_BUILD_TARGET"))?;
    assert_eq!(demo.code, Some(0), "{}{}", demo.out, demo.err);
    let driver = if ring_allowed()? { "runs on io_uring" } else { "runs on epoll" };
    demo.says(&[driver, "TCP:", "files:", "timers:", "async:", "work:"]);
    let epoll = run(&mut uvring(&["demo", "--no-ring"])?)?;
    assert!(epoll.code == Some(0) && epoll.out.contains("runs on epoll"), "{}{}", epoll.out, epoll.err);
    run(uvring(&["demo"])?.env("CC", "no-such-compiler"))?.complains(1, "there is no C compiler `no-such-compiler`");
    run(uvring(&["demo"])?.env("UVRING_INCLUDE", "/nowhere"))?.complains(125, "no uvring.h in /nowhere");
    Ok(())
}

#[test]
fn doctor_tells_what_is_used_and_what_refuses() -> Result {
    let doctor = run(&mut uvring(&["doctor"])?)?;
    doctor.says(match doctor.code {
        Some(0) => &["kernel ", "io_uring     allowed", "features ", "polls        on the ring", "\nread "],
        _ => &["kernel ", "io_uring     refused at ", "instead ", "\nread         in the thread pool"],
    });
    assert!(!doctor.out.contains("(it failed)"), "{}", doctor.out);
    let off = run(uvring(&["doctor"])?.env("UV_USE_IO_URING", "0"))?;
    off.says(&[
        "switched off by UV_USE_IO_URING=0",
        "\nread         in the thread pool",
        "\nstat         in the thread pool",
    ]);
    assert_eq!(off.code, Some(1));
    Ok(())
}

#[test]
fn doctor_names_the_step_and_the_filter_that_refuse_the_ring() -> Result {
    let mut command = uvring(&["doctor"])?;
    command.env_remove("UV_USE_IO_URING").env_remove("LD_LIBRARY_PATH");
    // SAFETY: two system calls, no memory but the filter's.
    unsafe { command.pre_exec(refuse_rings) };
    let output = command.output().map_err(|e| e.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    for part in
        ["refused at io_uring_setup: EPERM", "a seccomp filter is in force", "\nread         in the thread pool"]
    {
        assert!(said.contains(part), "no {part:?} in\n{said}");
    }
    assert_eq!(output.status.code(), Some(1));
    Ok(())
}

/// From here on io_uring_setup fails with EPERM, as in a container.
fn refuse_rings() -> io::Result<()> {
    const LOAD_NUMBER: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const ANSWER: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let mut filter = [
        libc::sock_filter { code: LOAD_NUMBER, jt: 0, jf: 0, k: 0 },
        libc::sock_filter { code: EQUAL, jt: 0, jf: 1, k: libc::SYS_io_uring_setup as u32 },
        libc::sock_filter { code: ANSWER, jt: 0, jf: 0, k: libc::SECCOMP_RET_ERRNO | libc::EPERM as u32 },
        libc::sock_filter { code: ANSWER, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW },
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program outlives the calls.
    let failed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) != 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}
