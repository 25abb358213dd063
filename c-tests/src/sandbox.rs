//! The helper inside a namespace: makes the network and the user that libuv's tests expect, then runs the tests that it
//! is told to on its standard input, one line each, and answers with one line each.
//!
//! The network: loopback, and a pair of interfaces that leads nowhere, routed only for the addresses that the tests dial.

use crate::namespace::{Kind, Ring};
use crate::process;
use crate::program::MISSING_LOG;
use crate::refuse;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, BufRead, Seek, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The first argument that turns one of our programs into the helper.
pub(crate) const ARGUMENT: &str = "--inside-namespace";

/// The user who exists only inside; who root becomes inside where root has but one id; and the one to be where no user can
/// be made up.
const USER: u32 = 64_321;
const ONLY_USER: u32 = 1000;
const NOBODY: u32 = 65_534;

/// A test that libuv's own runner has not ended by then is stuck for good: its longest takes 60 s times our patience.
const STUCK: Duration = Duration::from_secs(65);

const NETWORK: &str = "link add v0 type veth peer name v1
addr add 192.0.2.2/24 dev v0
addr add 2001:db8::2/64 dev v0 nodad
link set v0 up
link set v1 up
neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev v0
route add 8.8.8.8 via 192.0.2.1
route add 1.2.3.4 via 192.0.2.1
route add 224.0.0.0/4 via 192.0.2.1
";

struct Sandbox {
    kind: Kind,
    /// The folder that holds the programs and the tests' files: `/tmp`, where it can be mounted there.
    tmp: PathBuf,
    output: File,
    /// Who the tests run as.
    uid: u32,
    gid: u32,
}

/// The helper's main, if this process was started as one.
pub(crate) fn run_if_asked() {
    let args: Vec<String> = std::env::args().collect();
    let [_, first, kind, dir] = args.as_slice() else { return };
    if first != ARGUMENT {
        return;
    }
    let kind = Kind::from_word(kind).expect("the harness knows the words");
    if let Err(error) = serve(kind, Path::new(dir)) {
        eprintln!("{error}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

fn serve(kind: Kind, dir: &Path) -> Result<(), String> {
    let output = File::options().append(true).create(true).open(dir.join("output")).map_err(|e| e.to_string())?;
    // SAFETY: these take and touch nothing.
    let (euid, egid) = unsafe { (libc::geteuid(), libc::getegid()) };
    let (uid, gid) = match (kind, euid) {
        (Kind::Root, _) => (USER, USER),
        (Kind::User, 0) => (ONLY_USER, ONLY_USER),
        (_, 0) => (NOBODY, NOBODY),
        (..) => (euid, egid),
    };
    let mut sandbox = Sandbox { kind, tmp: dir.join("tmp"), output, uid, gid };
    let outside = sandbox.enter(dir)?;
    // SAFETY: takes no pointer. Orphans of a test become ours, so they can be found and ended.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    println!("ready {}", outside.err().map_or_else(|| "ok".into(), |reason| reason.replace('\n', "; ")));
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|e| e.to_string())?;
        println!("{}", sandbox.run(&line)?);
        io::stdout().flush().map_err(|e| e.to_string())?;
    }
    Ok(())
}

impl Sandbox {
    /// Makes the surroundings. The inner result says whether the outside can be dialled.
    fn enter(&mut self, dir: &Path) -> Result<Result<(), String>, String> {
        match self.kind {
            Kind::Root => unshare(libc::CLONE_NEWNET | libc::CLONE_NEWNS)?,
            Kind::User => {
                // SAFETY: these take and touch nothing.
                let (euid, egid) = unsafe { (libc::geteuid(), libc::getegid()) };
                unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET | libc::CLONE_NEWNS)?;
                map_ids((0, euid), (0, egid)).map_err(|e| format!("cannot map ids: {e}"))?;
            }
            Kind::Bare => {}
        }
        if self.kind == Kind::Bare {
            self.own_files()?;
            return Ok(Err("none".into()));
        }
        mount(None, Path::new("/"), libc::MS_REC | libc::MS_PRIVATE)?;
        self.write_etc(&dir.join("etc"))?;
        self.own_files()?;
        mount(Some(&self.tmp), Path::new("/tmp"), libc::MS_BIND)?;
        self.tmp = "/tmp".into();
        std::env::set_current_dir("/tmp").map_err(|e| e.to_string())?;
        loopback_up()?;
        Ok(network())
    }

    fn own_files(&self) -> Result<(), String> {
        let give = |path: PathBuf| {
            // In a user namespace the files are the user's already.
            let owned = if self.kind == Kind::User { Ok(()) } else { give_tree(&path, self.uid, self.gid) };
            owned.map_err(|e| format!("cannot give {} to the tests' user: {e}", path.display()))
        };
        give(self.tmp.join("libuv"))?;
        give(self.tmp.join("home"))?;
        fs::set_permissions(&self.tmp, fs::Permissions::from_mode(0o1777)).map_err(|e| e.to_string())
    }

    /// Lays our own versions over the files that name lookups read.
    fn write_etc(&self, etc: &Path) -> Result<(), String> {
        fs::create_dir_all(etc).map_err(|e| e.to_string())?;
        let id = self.uid;
        let with = |name: &str, field: &str, line: String| {
            let mut text = fs::read_to_string(name).unwrap_or_default();
            if !text.lines().any(|line| line.split(':').nth(2) == Some(field)) {
                text.push_str(&line);
            }
            text
        };
        let files = [
            ("hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n".to_string()),
            ("resolv.conf", "nameserver 127.0.0.1\n".to_string()),
            ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n".to_string()),
            ("passwd", with("/etc/passwd", &id.to_string(), format!("uvring:x:{id}:{id}::/tmp/home:/bin/sh\n"))),
            ("group", with("/etc/group", &self.gid.to_string(), format!("uvring:x:{}:\n", self.gid))),
        ];
        for (name, text) in files {
            let (from, to) = (etc.join(name), Path::new("/etc").join(name));
            fs::write(&from, text).map_err(|e| e.to_string())?;
            if to.exists() {
                mount(Some(&from), &to, libc::MS_BIND)?;
            }
        }
        Ok(())
    }

    /// Runs what a line of the harness asks for.
    fn run(&mut self, line: &str) -> Result<String, String> {
        let words: Vec<&str> = line.split(' ').collect();
        let [library, test, ring, patience] = words.as_slice() else { return Err(format!("bad request: {line}")) };
        let log = self.tmp.join(".missing");
        self.output.set_len(0).and_then(|()| self.output.rewind()).map_err(|e| e.to_string())?;
        let mut command = Command::new(self.tmp.join("bin").join(library).join("uv_run_tests"));
        command.arg(test).current_dir(self.tmp.join("libuv")).env_clear();
        let home = self.tmp.join("home");
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").env("HOME", home).env("USER", "uvring");
        command.env("LOGNAME", "uvring").env("SHELL", "/bin/sh").env("LANG", "C.UTF-8");
        command.env("UV_TEST_TIMEOUT_MULTIPLIER", patience).env(MISSING_LOG, &log);
        let ring = Ring::from_word(ring).ok_or_else(|| format!("bad request: {line}"))?;
        if ring == Ring::Off {
            command.env("UV_USE_IO_URING", "0");
        }
        if ring == Ring::Gathering {
            command.env("UVRING_NET", "gather");
        }
        let output = || self.output.try_clone().map_err(|e| e.to_string());
        command.stdin(Stdio::null()).stdout(output()?).stderr(output()?);
        self.drop_rights(&mut command);
        if ring == Ring::Refused {
            refuse::ring(&mut command);
        }
        let timeout = STUCK * patience.parse().map_err(|_| format!("bad request: {line}"))?;
        let ended = process::run(&mut command, timeout, Some(libc::STDIN_FILENO));
        let ended = ended.map_err(|e| format!("cannot run {command:?}: {e}"))?;
        process::reap_orphans();
        let missing = fs::read_to_string(&log).unwrap_or_default();
        self.clean();
        let names: Vec<&str> = missing.lines().filter_map(|line| line.strip_prefix("missing: ")).collect();
        Ok(format!("{ended};{}", names.join(" ")))
    }

    /// Makes the command run as an ordinary user.
    fn drop_rights(&self, command: &mut Command) {
        let (kind, uid, gid) = (self.kind, self.uid, self.gid);
        // SAFETY: the helper has one thread, so its child may do what it wants between fork and exec.
        unsafe {
            command.pre_exec(move || {
                if kind == Kind::User {
                    // Inside a second user namespace, root of the first one is the user again.
                    unshare(libc::CLONE_NEWUSER).map_err(io::Error::other)?;
                    return map_ids((uid, 0), (gid, 0));
                }
                // SAFETY: no list of groups is passed, and the other calls take numbers.
                let failed = libc::geteuid() == 0
                    && (libc::setgroups(0, std::ptr::null()) != 0 || libc::setgid(gid) != 0 || libc::setuid(uid) != 0);
                if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
            });
        }
    }

    /// Removes what a test left, so that a failed one does not spoil the next.
    fn clean(&self) {
        for (dir, keep) in [(&self.tmp, ["bin", "libuv", "home"].as_slice()), (&self.tmp.join("libuv"), &["test"])] {
            for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
                if keep.iter().any(|name| entry.file_name() == *name) {
                    continue;
                }
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    let _ = fs::set_permissions(&path, fs::Permissions::from_mode(0o755));
                    let _ = fs::remove_dir_all(path);
                } else {
                    let _ = fs::remove_file(path);
                }
            }
        }
    }
}

fn give_tree(path: &Path, uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: takes and touches nothing.
    if unsafe { libc::geteuid() } != 0 {
        return Ok(());
    }
    chown(path, Some(uid), Some(gid))?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            give_tree(&entry?.path(), uid, gid)?;
        }
    }
    Ok(())
}

fn unshare(flags: i32) -> Result<(), String> {
    // SAFETY: takes no pointer.
    if unsafe { libc::unshare(flags) } == 0 {
        return Ok(());
    }
    Err(format!("this machine allows no namespaces: {}", io::Error::last_os_error()))
}

/// Makes an id outside one inside, for the user and the group.
fn map_ids(user: (u32, u32), group: (u32, u32)) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{} {} 1", user.0, user.1))?;
    fs::write("/proc/self/gid_map", format!("{} {} 1", group.0, group.1))
}

fn mount(from: Option<&Path>, to: &Path, flags: libc::c_ulong) -> Result<(), String> {
    let c_string = |path: &Path| CString::new(path.as_os_str().as_encoded_bytes()).map_err(|e| e.to_string());
    let source = from.map(c_string).transpose()?;
    let target = c_string(to)?;
    let source = source.as_ref().map_or(std::ptr::null(), |path| path.as_ptr());
    // SAFETY: the strings outlive the call; type and data may be null for these kinds of mount.
    let result = unsafe { libc::mount(source, target.as_ptr(), std::ptr::null(), flags, std::ptr::null()) };
    if result == 0 { Ok(()) } else { Err(format!("cannot mount {}: {}", to.display(), io::Error::last_os_error())) }
}

fn loopback_up() -> Result<(), String> {
    // SAFETY: an all-zero request is a valid one; the calls get a descriptor of ours and a request that outlives them.
    let result = unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l'.cast_signed();
        request.ifr_name[1] = b'o'.cast_signed();
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let result = libc::ioctl(fd, libc::SIOCSIFFLAGS, &request);
        libc::close(fd);
        result
    };
    if result == 0 { Ok(()) } else { Err(format!("cannot bring loopback up: {}", io::Error::last_os_error())) }
}

/// Makes the pair of interfaces and its routes.
fn network() -> Result<(), String> {
    // Link-local addresses are usable at once where this may be written; where not, the wait below costs two seconds.
    for interface in ["all", "default"] {
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{interface}/accept_dad"), "0");
    }
    let mut ip = Command::new("ip");
    ip.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = ip.spawn().map_err(|e| format!("the tests' network needs the command ip: {e}"))?;
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(NETWORK.as_bytes()));
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    if !output.status.success() || !matches!(written, Some(Ok(()))) {
        return Err(format!("cannot make the tests' network: {}", String::from_utf8_lossy(&output.stderr).trim_end()));
    }
    for _ in 0..50 {
        let tentative = Command::new("ip").args(["-6", "addr", "show", "tentative"]).output();
        if tentative.is_ok_and(|output| output.stdout.is_empty()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
