//! The command `uvring`, and programs linked against real libuv on our library.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use c_tests::{compile, library, process, sources};

#[path = "command/observe.rs"]
mod observe;
#[path = "command/top.rs"]
mod top;

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
    process::forget_outside(&mut limited).env_remove("UVRING_INCLUDE");
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

/// As a stock Node.js does. What is redirected is told in `preload/tests/redirect.rs`.
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
    run_it(&dir.join("text"))?.complains(126, "no 64-bit ELF program");
    run_it(&dir.join("loop"))?.complains(126, "without end");
    run_it(&dir)?.complains(126, "is a folder");
    run_it(&source)?.complains(126, "may not be executed");
    run_it(&dir.join("none"))?.complains(127, "no such program");
    run_it(Path::new("no-program-has-this-name"))?.complains(127, "no such program");
    run(uvring(&["run", "--"])?.arg(&own).env("UVRING_LIB_DIR", &dir))?.complains(125, "`./install.sh`");
    run(&mut uvring(&["run"])?)?.complains(2, "PROGRAM");
    Ok(())
}

/// As python3, perl and lua do. What they load finds ours.
#[test]
fn run_puts_the_library_under_modules() -> Result {
    let (linked, dir) = (linked("modules", &[])?, work("modules")?);
    run(uvring(&["run", "--", "/bin/true"])?.env("PATH", "/bin"))?.complains(0, "links no libuv.so.1");
    executable(&dir.join("script"), &format!("#!/bin/sh\nexec {}\n", linked.display()))?;
    let script = run(uvring(&["run", "--"])?.arg(dir.join("script")))?;
    script.is(0, &format!("{}\n", ours_says()?));
    script.complains(0, "/script is run by /");
    Ok(())
}

/// R's own script sets a search path that begins with the system's folders.
#[test]
fn run_gets_under_the_modules_of_r() -> Result {
    let (linked, dir) = (linked("r", &[])?, work("r")?);
    let text = format!(
        "#!/bin/sh\nRHOME=/nowhere\nLD_LIBRARY_PATH={} exec {}\n",
        library::real()?.dir.display(),
        linked.display()
    );
    executable(&dir.join("R"), &text)?;
    let script = run(uvring(&["run", "--"])?.arg(dir.join("R")))?;
    script.is(0, &format!("{}\n", ours_says()?));
    script.complains(0, "which starts R, ");
    Ok(())
}

#[test]
fn run_says_what_the_program_will_run_on() -> Result {
    let program = linked("driver", &[])?;
    let driver = if ring_allowed()? { "; on io_uring" } else { "; on epoll: " };
    run(uvring(&["run"])?.arg(&program))?.complains(0, driver);
    run(uvring(&["run", "--no-ring"])?.arg(&program))?.complains(0, "; on epoll, as --no-ring asks");
    run(uvring(&["run"])?.arg(&program).env("UV_USE_IO_URING", "0"))?.complains(0, "as UV_USE_IO_URING=0 asks");
    let mut refused = uvring(&["run"])?;
    // SAFETY: two system calls, no memory but the filter's.
    unsafe { refused.arg(&program).env_remove("UV_USE_IO_URING").pre_exec(refuse_rings) };
    let output = refused.output().map_err(|e| e.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("; on epoll: io_uring_setup gives EPERM here"), "{said}");
    Ok(())
}

/// Neither the command nor the program asks the kernel then.
#[test]
fn run_without_a_ring_makes_no_ring_call() -> Result {
    let program = linked("no-ring", &[])?;
    let trace = work("no-ring")?.join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", "trace=io_uring_setup,execve", "-o"]).arg(&trace);
    strace.arg(library::command()?).args(["run", "--no-ring", "--"]).arg(&program);
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("skipped: strace is not installed");
        return Ok(());
    }
    run(&mut strace)?.complains(0, "as --no-ring asks");
    let calls = sources::read(&trace)?;
    assert!(calls.matches("execve(").count() >= 2 && !calls.contains("io_uring_setup("), "{calls}");
    Ok(())
}

/// Behind the program they are its own.
#[test]
fn run_takes_options_before_the_program_only() -> Result {
    let program = linked("options", &[])?;
    run(uvring(&["run", "--stat"])?.arg(&program))?.complains(2, "a similar argument exists: '--stats'");
    run(uvring(&["run"])?.arg(&program).args(["0", "--stat", "--no-ring"]))?
        .is(0, &format!("{} --stat --no-ring\n", ours_says()?));
    Ok(())
}

#[test]
fn run_says_which_library_is_missing_and_which_machine_a_program_is_for() -> Result {
    let dir = work("missing")?;
    let (library, program) = (dir.join("libmissing.so"), dir.join("program"));
    let (source, main) = (dir.join("missing.c"), dir.join("main.c"));
    fs::write(&source, "int missing(void) { return 0; }\n").map_err(|e| e.to_string())?;
    fs::write(&main, "int missing(void);\nint main(void) { return missing(); }\n").map_err(|e| e.to_string())?;
    compile::run(Command::new(compile::cc()).args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source))?;
    compile::run(Command::new(compile::cc()).arg("-o").arg(&program).arg(&main).arg(&library))?;
    fs::remove_file(&library).map_err(|e| e.to_string())?;
    let told = run(uvring(&["run", "--"])?.arg(&program))?;
    told.complains(126, "libmissing.so: cannot open shared object file");
    // Bytes 18 and 19 of an ELF file name the machine.
    let other = dir.join("other");
    let mut bytes = fs::read(&program).map_err(|e| e.to_string())?;
    bytes[18..20].copy_from_slice(&243u16.to_le_bytes());
    fs::write(&other, bytes)
        .and_then(|()| fs::set_permissions(&other, fs::Permissions::from_mode(0o755)))
        .map_err(|e| e.to_string())?;
    run(uvring(&["run", "--"])?.arg(&other))?.complains(126, "is for riscv64, and this library for ");
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
        Some(0) => &["The library uses io_uring here.\n", "features ", "polls        on the ring", "\nread "],
        _ => &["The library runs on epoll: ", " is refused, ", "\nopen         in the thread pool"],
    });
    assert!(!doctor.out.contains("(it failed)") && !doctor.out.contains('\x1b'), "{}", doctor.out);
    let off = run(uvring(&["doctor"])?.env("UV_USE_IO_URING", "0"))?;
    off.says(&[
        "UV_USE_IO_URING=0 is set",
        "unset UV_USE_IO_URING",
        "\nread         in the thread pool",
        "\nstat         in the thread pool",
    ]);
    assert_eq!(off.code, Some(1));
    let json = run(uvring(&["doctor", "--json"])?.env("UV_USE_IO_URING", "0"))?;
    let told: serde_json::Value = serde_json::from_str(&json.out).map_err(|e| format!("{e} in {}", json.out))?;
    assert_eq!((json.code, &told["io_uring"]["used"]), (Some(1), &serde_json::Value::Bool(false)));
    assert_eq!(told["files"].as_array().map(Vec::len), Some(15));
    Ok(())
}

/// What the rules say of the file system that a folder is on, and what was seen there, are the same.
#[test]
fn doctor_tells_where_files_go_alone_and_in_a_backlog() -> Result {
    let dir = work("doctored")?;
    for (switch, all_in_pool) in [("1", false), ("0", true)] {
        let json = run(uvring(&["doctor", "--json"])?.arg(&dir).env("UV_USE_IO_URING", switch))?;
        let told: serde_json::Value = serde_json::from_str(&json.out).map_err(|e| format!("{e} in {}", json.out))?;
        assert_eq!(told["tried_in"], dir.display().to_string());
        let has_ring = told["io_uring"]["used"] == true;
        for file in told["files"].as_array().ok_or("a list")? {
            let (alone, beside) = (&file["alone"], &file["in_backlog"]);
            let seen = match file["way"].as_str() {
                Some("at once, by plain calls") => "inline",
                Some("on the ring") => "ring",
                _ => "pool",
            };
            assert_eq!(alone, seen, "{file}");
            assert!(beside == "pool" || (beside == "inline" && alone == "inline"), "{file}");
            assert!(alone == "pool" || !all_in_pool, "{file}");
            assert!(alone != "ring" || has_ring, "{file}");
            if file["name"] == "open" {
                assert_eq!(alone, if has_ring { "ring" } else { "pool" });
            }
        }
    }
    run(uvring(&["doctor"])?.arg(&dir))?
        .says(&["\nby the rules alone          with 64 others on the ring\n", "\nopen "]);
    Ok(())
}

/// It works in a folder of its own there.
#[test]
fn doctor_says_where_it_cannot_work() -> Result {
    run(uvring(&["doctor"])?.env("TMPDIR", "/nowhere"))?.complains(1, "cannot make a folder in /nowhere");
    Ok(())
}

#[test]
fn nothing_is_left_behind_when_a_command_is_ended() -> Result {
    let dir = work("ended")?;
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // The compiler that it waits for says when it does, in the demo's folder by then.
        let ready = dir.join("ready");
        let _ = fs::remove_file(&ready);
        executable(&dir.join("slow-cc"), &format!("#!/bin/sh\necho > {}\nexec sleep 20\n", ready.display()))?;
        let mut demo = uvring(&["demo"])?;
        let mut child = demo.env("CC", dir.join("slow-cc")).env("TMPDIR", &dir).spawn().map_err(|e| e.to_string())?;
        let end = Instant::now() + Duration::from_secs(20);
        while !ready.exists() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        // SAFETY: our child, which was not waited for.
        unsafe { libc::kill(child.id() as i32, signal) };
        let ended = child.wait().map_err(|e| e.to_string())?;
        assert_eq!(ended.signal(), Some(signal), "{ended}");
        let names = fs::read_dir(&dir).map_err(|e| e.to_string())?.flatten().map(|e| e.file_name());
        let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with("uvring-")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    Ok(())
}

/// Whoever reads may stop at any line.
#[test]
fn a_closed_pipe_ends_a_command_quietly() -> Result {
    for args in [&["doctor"][..], &["--help"], &["run", "--help"], &["demo"]] {
        let mut command = uvring(args)?;
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        drop(child.stdout.take());
        let output = child.wait_with_output().map_err(|e| e.to_string())?;
        assert!(output.stderr.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// That of `bench`, which runs another program, is tested with that.
#[test]
fn every_help_has_examples() -> Result {
    let all = run(&mut uvring(&["--help"])?)?;
    all.says(&["Examples:\n"]);
    let (_, commands) = all.out.split_once("Commands:\n").ok_or("no commands")?;
    let names =
        commands.lines().take_while(|line| line.starts_with("  ")).filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| !["bench", "help"].contains(name)) {
        run(&mut uvring(&[name, "--help"])?)?.says(&["Examples:\n  "]);
    }
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
    for part in [
        "io_uring_setup is refused, EPERM",
        "A seccomp filter is in force",
        "Docker",
        "\nread         at once, by plain calls",
        "\nopen         in the thread pool",
    ] {
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
