//! `uvring top`.

use std::io::{BufRead, BufReader};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Child;

use super::*;

/// A program that goes on, and ends with this.
struct Running(Child);

impl Running {
    /// Starts `goes_on.c`, by `command` if it is to have something in its environment. It runs when this comes back.
    fn start(name: &str, mut command: Command) -> Result<Running> {
        let (dir, ours) = (work(name)?, library::ours()?);
        let program = dir.join("goes_on");
        let mut cc = Command::new(compile::cc());
        cc.args(["-std=gnu11", "-O1", "-Wall", "-o"]).arg(&program);
        cc.arg(format!("-I{}", sources::project().join("include").display()));
        compile::run(cc.arg(sources::project().join("c-tests/command/goes_on.c")).arg(ours.file()))?;
        process::forget_outside(&mut command).env("LD_LIBRARY_PATH", &ours.dir);
        let mut child = command.arg(&program).stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        let out = child.stdout.take().ok_or("it has an output")?;
        let running = Running(child);
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).map_err(|e| e.to_string())?;
        assert_eq!(line, "ready\n");
        Ok(running)
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `uvring top` with these arguments.
fn top(args: &[&str]) -> Result<Said> {
    run(uvring(&["top"])?.args(args))
}

/// The JSON of a process, once its loop has done at least so many turns.
fn json_after(pid: &str, turns: u64) -> Result<serde_json::Value> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let said = top(&["--json", pid])?;
        let json: serde_json::Value = serde_json::from_str(&said.out).map_err(|e| format!("{e}: {}", said.err))?;
        let at = json["loops"][0]["counters"]["turns"].as_u64();
        if at >= Some(turns) || Instant::now() > end {
            return Ok(json);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn top_shows_what_a_running_process_does() -> Result {
    for (args, driver) in [(&["run", "--stats"][..], "io_uring"), (&["run", "--stats", "--no-ring"], "epoll")] {
        let running = Running::start("top", uvring(args)?)?;
        let pid = running.pid();
        let json = json_after(&pid, 50)?;
        let only = &json["loops"][0];
        let driver = if ring_allowed()? { driver } else { "epoll" };
        assert_eq!((&only["driver"], &only["counters"]["handles"]), (&driver.into(), &1.into()), "{json}");
        assert_eq!(only["thread"], running.0.id(), "{json}");
        for histogram in ["callback_ns", "pool_wait_ns", "completions_per_enter"] {
            let counts = only[histogram].as_array().ok_or("a list")?;
            assert!(counts.len() == 32 && counts.iter().any(|n| n.as_u64() > Some(0)), "{histogram}: {json}");
        }
        let once = top(&["--once", &pid])?;
        once.says(&[
            "goes_on (process",
            &format!(", on {driver}, "),
            " turns, ",
            "at once",
            "callbacks took",
            "█",
            "jobs waited",
        ]);
        assert!(!once.out.contains('\x1b'), "{}", once.out);
        let list = top(&[])?;
        let row =
            list.out.lines().find(|line| line.trim_start().starts_with(&format!("{pid} "))).ok_or(list.out.clone())?;
        assert!(row.contains("goes_on"), "{row}");
    }
    Ok(())
}

#[test]
fn top_says_what_to_do_where_it_sees_nothing() -> Result {
    let how = "start it with `uvring run --stats -- PROGRAM`";
    let mut env = Command::new("env");
    env.env_remove("UVRING_METRICS");
    let running = Running::start("top-nothing", env)?;
    let told = top(&[&running.pid()])?;
    told.complains(1, "goes_on) does not measure what its loops do");
    told.complains(1, how);
    // And it has no descriptor more than it would have.
    let folder = fs::read_dir(format!("/proc/{}/fd", running.pid())).map_err(|e| e.to_string())?;
    let links = folder.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    let open: Vec<_> = links.filter(|link| link.to_string_lossy().contains("uvring")).collect();
    assert!(open.is_empty(), "{open:?}");
    let mut sleep = Running(Command::new("sleep").arg("20").spawn().map_err(|e| e.to_string())?);
    top(&[&sleep.pid()])?.complains(1, how);
    let _ = sleep.0.kill();
    let _ = sleep.0.wait();
    top(&[&sleep.pid()])?.complains(1, "there is no process");
    top(&["none"])?.complains(2, "invalid value 'none'");
    // SAFETY: takes nothing.
    if unsafe { libc::getuid() } == 0 {
        let measured = Running::start("top-denied", uvring(&["run", "--stats"])?)?;
        let copy = std::env::temp_dir().join(format!("uvring-{}", std::process::id()));
        fs::copy(library::command()?, &copy).map_err(|e| e.to_string())?;
        let told = run(Command::new("setpriv").args(["--reuid", "65534"]).arg(&copy).args(["top", &measured.pid()]));
        let _ = fs::remove_file(&copy);
        told?.complains(1, "another user's");
    }
    Ok(())
}

/// A terminal of our own: what the program writes to it is read from here.
struct Terminal(OwnedFd);

impl Terminal {
    /// Starts a program on a new terminal.
    fn start(mut command: Command, columns: u16, rows: u16) -> Result<(Terminal, Child)> {
        let (mut ours, mut theirs) = (-1, -1);
        let null = std::ptr::null_mut();
        // SAFETY: two places for descriptors.
        if unsafe { libc::openpty(&raw mut ours, &raw mut theirs, null, null.cast(), null.cast()) } != 0 {
            return Err(format!("no terminal: {}", io::Error::last_os_error()));
        }
        // SAFETY: just opened.
        let (ours, theirs) = unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
        let terminal = Terminal(ours);
        terminal.resize(columns, rows);
        let end = || theirs.try_clone().map_err(|e| e.to_string());
        command.stdin(end()?).stdout(end()?).stderr(end()?).env("TERM", "xterm").env_remove("NO_COLOR");
        // SAFETY: two system calls.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY, 0);
                Ok(())
            })
        };
        let child = command.spawn().map_err(|e| e.to_string())?;
        Ok((terminal, child))
    }

    fn resize(&self, columns: u16, rows: u16) {
        let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: our terminal; the struct is valid.
        unsafe { libc::ioctl(self.0.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    }

    fn press(&self, keys: &str) {
        // SAFETY: our terminal; the string is valid.
        unsafe { libc::write(self.0.as_raw_fd(), keys.as_ptr().cast(), keys.len()) };
    }

    /// Reads until what comes from now on satisfies `is_enough`; for 20 seconds at most.
    fn read_until(&self, is_enough: impl Fn(&str) -> bool) -> Result<String> {
        let end = Instant::now() + Duration::from_secs(20);
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if is_enough(&text) {
                return Ok(text);
            }
            let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            let mut piece = [0u8; 4096];
            // SAFETY: one pollfd, and room for the bytes.
            let n = unsafe {
                libc::poll(&raw mut poll, 1, 200);
                if poll.revents == 0 { 0 } else { libc::read(poll.fd, piece.as_mut_ptr().cast(), piece.len()) }
            };
            if n < 0 || Instant::now() > end {
                return Err(format!("it did not come; but {text:?}"));
            }
            bytes.extend_from_slice(&piece[..n as usize]);
        }
    }
}

/// The histograms stand side by side in a wide window, and one below the other in a narrow one.
#[test]
fn top_goes_on_follows_the_window_and_leaves_the_terminal_as_it_was() -> Result {
    let running = Running::start("top-live", uvring(&["run", "--stats"])?)?;
    let mut command = uvring(&["top", "--every", "0.2"])?;
    command.arg(running.pid());
    let (terminal, mut child) = Terminal::start(command, 70, 40)?;
    let is_wide = |text: &str| {
        let titled = |row: &str| row.contains("callbacks took") && row.contains("jobs waited");
        text.split("\x1b[K").any(titled)
    };
    let first = terminal.read_until(|text| text.contains("jobs waited"))?;
    assert!(first.contains("\x1b[?1049h") && first.contains("q quits") && !is_wide(&first), "{first:?}");
    terminal.resize(120, 40);
    terminal.read_until(is_wide)?;
    // It goes on: numbers change.
    terminal.read_until(|text| text.matches("q quits").count() >= 3)?;
    terminal.press("q");
    terminal.read_until(|text| text.contains("\x1b[?1049l") && text.contains("\x1b[?25h"))?;
    let ended = child.wait().map_err(|e| e.to_string())?;
    assert_eq!(ended.code(), Some(0));

    let mut command = uvring(&["top", "--every", "0.2"])?;
    command.arg(running.pid());
    let (terminal, mut child) = Terminal::start(command, 100, 30)?;
    terminal.read_until(|text| text.contains("q quits"))?;
    drop(running);
    terminal.read_until(|text| text.contains("\x1b[?1049l") && text.contains("goes_on) has ended"))?;
    assert_eq!(child.wait().map_err(|e| e.to_string())?.code(), Some(0));
    Ok(())
}
