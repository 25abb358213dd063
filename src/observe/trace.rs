//! What loops do, one event after the other, in a file that Perfetto and Chrome open (`UVRING_TRACE`).
//!
//! The file is a list in JSON, of which the format lets the end be missing: a process that is killed leaves a good trace. Processes
//! that a program starts append to the same file. Events are gathered, and written before a loop sleeps, when it returns and at exit.
//!
//! | event | what it is |
//! |---|---|
//! | `phase` | from the first to the last callback of a phase, of those that called somebody |
//! | `callback` | a call into the program |
//! | `wait` | a sleep in the kernel |
//! | `pool` | a job's wait for a thread of the pool, and its run there |
//! | `file` | from the call to the callback, with the way that it went |
//! | `woken` | another thread or a signal handler has woken the loop |

use std::ffi::CStr;
use std::fmt::{self, Display, Write};
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, Release},
};

use libc::c_int;

use super::symbols;
use crate::base::fork;
use crate::base::lock::Mutex;

static IS_ON: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<State> = Mutex::new(State::new());

/// Events are written when there are so many bytes of them.
const ENOUGH: usize = 48 << 10;

struct State {
    fd: c_int,
    fork_generation: u64,
    events: String,
    /// The names of callbacks, in the order of their addresses.
    names: Vec<(usize, String)>,
    phases: Vec<Phase>,
    /// Threads whose names were told.
    named: Vec<c_int>,
}

/// A phase that a thread may not have ended.
struct Phase {
    thread: c_int,
    name: &'static str,
    since_ns: u64,
    until_ns: u64,
}

/// What an event is called.
pub(crate) enum Name<'a> {
    /// So.
    Text(&'a str),
    /// As the function at this address.
    At(usize),
}

/// True if a trace is written.
#[inline]
pub(crate) fn is_on() -> bool {
    IS_ON.load(Relaxed)
}

/// Writes a trace from now on. Where the file cannot be opened, none is written.
pub(super) fn start(path: &CStr) {
    // SAFETY: a string.
    let fd =
        unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_CLOEXEC, 0o666) };
    if fd < 0 {
        return;
    }
    let mut state = STATE.lock();
    state.fd = fd;
    // SAFETY: our descriptor; a handler without arguments.
    unsafe {
        if libc::lseek(fd, 0, libc::SEEK_END) == 0 {
            state.events.push_str("[\n");
        }
        libc::atexit(flush);
    }
    drop(state);
    IS_ON.store(true, Release);
}

/// Ends the thread's phase, and writes what was gathered: it is about to wait, to leave `uv_run` or to end.
pub(crate) extern "C" fn flush() {
    let mut state = STATE.lock();
    state.end_phase(thread());
    state.write();
}

/// A callback has come back. `phase` is empty for one within another.
pub(super) fn callback(at: usize, phase: &'static str, since_ns: u64, until_ns: u64) {
    let mut state = STATE.lock();
    let thread = thread();
    if !phase.is_empty() {
        state.go_on(Phase { thread, name: phase, since_ns, until_ns });
    }
    state.span("callback", &Name::At(at), since_ns, until_ns, format_args!(""));
}

/// Something that took its time in the calling thread. `more` are members of the event's arguments.
pub(crate) fn span(category: &str, name: &Name<'_>, since_ns: u64, until_ns: u64, more: fmt::Arguments<'_>) {
    STATE.lock().span(category, name, since_ns, until_ns, more);
}

/// Something that happened in the calling thread.
pub(crate) fn instant(name: &str, at_ns: u64) {
    STATE.lock().event(|events, _| {
        let _ =
            write!(events, "\"ph\":\"i\",\"s\":\"t\",\"cat\":\"loop\",\"name\":\"{name}\",\"ts\":{}", Micros(at_ns));
    });
}

/// Something that was under way beside others. `id` tells it from those of its name.
pub(crate) fn beside(category: &str, name: &str, id: usize, since_ns: u64, until_ns: u64, more: fmt::Arguments<'_>) {
    let mut state = STATE.lock();
    for (phase, at_ns) in [('b', since_ns), ('e', until_ns)] {
        state.event(|events, _| {
            let _ = write!(
                events,
                "\"ph\":\"{phase}\",\"cat\":\"{category}\",\"name\":\"{name}\",\"id\":\"{id:#x}\",\"ts\":{},\"args\":{{{more}}}",
                Micros(at_ns)
            );
        });
    }
}

impl State {
    const fn new() -> State {
        State {
            fd: -1,
            fork_generation: 0,
            events: String::new(),
            names: Vec::new(),
            phases: Vec::new(),
            named: Vec::new(),
        }
    }

    /// What the parent has gathered is the parent's to write.
    fn forget_parents(&mut self) {
        if self.fork_generation != fork::generation() {
            self.fork_generation = fork::generation();
            // What was gathered before the first event is the file's beginning.
            if !self.events.starts_with('[') {
                self.events.clear();
            }
            self.phases.clear();
            self.named.clear();
            let name = about_process();
            // SAFETY: takes nothing.
            let pid = unsafe { libc::getpid() };
            let _ = writeln!(
                self.events,
                "{{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":{pid},\"args\":{{\"name\":\"{}\"}}}},",
                Quoted(&name)
            );
        }
    }

    fn event(&mut self, body: impl FnOnce(&mut String, &mut Vec<(usize, String)>)) {
        self.forget_parents();
        if self.events.try_reserve(4096).is_err() {
            return;
        }
        // SAFETY: takes nothing.
        let pid = unsafe { libc::getpid() };
        let thread = thread();
        if !self.named.contains(&thread) && self.named.try_reserve(1).is_ok() {
            self.named.push(thread);
            let mut name = [0u8; 16];
            // SAFETY: room for a thread's name.
            unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
            let name = CStr::from_bytes_until_nul(&name).unwrap_or_default();
            let _ = writeln!(
                self.events,
                "{{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":{pid},\"tid\":{thread},\"args\":{{\"name\":\"{}\"}}}},",
                Quoted(name.to_bytes())
            );
        }
        let _ = write!(self.events, "{{\"pid\":{pid},\"tid\":{thread},");
        body(&mut self.events, &mut self.names);
        self.events.push_str("},\n");
        if self.events.len() > ENOUGH {
            self.write();
        }
    }

    fn span(&mut self, category: &str, name: &Name<'_>, since_ns: u64, until_ns: u64, more: fmt::Arguments<'_>) {
        self.event(|events, names| {
            let _ = write!(events, "\"ph\":\"X\",\"cat\":\"{category}\",\"name\":\"");
            let _ = match *name {
                Name::Text(text) => write!(events, "{text}"),
                Name::At(at) => write!(events, "{}", Quoted(name_of(names, at).as_bytes())),
            };
            let length = Micros(until_ns.saturating_sub(since_ns));
            let _ = write!(events, "\",\"ts\":{},\"dur\":{length},\"args\":{{{more}}}", Micros(since_ns));
        });
    }

    /// A thread's phase goes on, or another begins.
    fn go_on(&mut self, phase: Phase) {
        match self.phases.iter_mut().find(|other| other.thread == phase.thread) {
            Some(same) if same.name == phase.name => same.until_ns = phase.until_ns,
            _ => {
                self.end_phase(phase.thread);
                if self.phases.try_reserve(1).is_ok() {
                    self.phases.push(phase);
                }
            }
        }
    }

    fn end_phase(&mut self, thread: c_int) {
        if let Some(at) = self.phases.iter().position(|phase| phase.thread == thread) {
            let Phase { name, since_ns, until_ns, .. } = self.phases.swap_remove(at);
            self.span("phase", &Name::Text(name), since_ns, until_ns, format_args!(""));
        }
    }

    fn write(&mut self) {
        self.forget_parents();
        let mut rest = self.events.as_bytes();
        while !rest.is_empty() {
            // Whole events in one call, at the file's end: other processes write there, too.
            // SAFETY: so many bytes.
            let n = unsafe { libc::write(self.fd, rest.as_ptr().cast(), rest.len()) };
            if n <= 0 {
                break;
            }
            rest = &rest[n as usize..];
        }
        self.events.clear();
    }
}

/// The calling thread's number.
fn thread() -> c_int {
    // SAFETY: takes nothing.
    unsafe { libc::gettid() }
}

/// The name of a callback, which is looked up once.
fn name_of(names: &mut Vec<(usize, String)>, at: usize) -> &str {
    let index = match names.binary_search_by_key(&at, |&(known, _)| known) {
        Ok(index) => index,
        Err(index) => {
            let name = symbols::find(at).map_or_else(|| format!("{at:#x}"), |symbol| symbol.name);
            names.insert(index, (at, name));
            index
        }
    };
    &names[index].1
}

/// What the process was started as.
fn about_process() -> Vec<u8> {
    let mut line = std::fs::read("/proc/self/cmdline").unwrap_or_default();
    line.truncate(200);
    while line.last() == Some(&0) {
        line.pop();
    }
    line.iter().map(|&b| if b == 0 { b' ' } else { b }).collect()
}

/// Nanoseconds, written as microseconds.
pub(crate) struct Micros(pub(crate) u64);

impl Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// Bytes of a string in JSON.
pub(crate) struct Quoted<'a>(pub(crate) &'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in String::from_utf8_lossy(self.0).chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{:04x}", c as u32)?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_for_json() {
        assert_eq!(Quoted(b"a\"b\\c\n\xff").to_string(), "a\\\"b\\\\c\\u000a\u{fffd}");
        assert_eq!(Micros(1_234_567).to_string(), "1234.567");
    }
}
