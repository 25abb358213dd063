//! Child processes.
//!
//! The end of a child is awaited through its pidfd, like any other descriptor. A child that has ended is only noted while
//! a batch is delivered; at the end of the batch, after signals, all noted ones are reaped and their callbacks run in the
//! order in which the children were started.
//!
//! The kernel reaps by itself if SIGCHLD is ignored, and nobody learns the status. As libuv always does, the loop then
//! watches SIGCHLD while it has children, which ends the ignoring; where pidfds are missing that watcher is also how it hears
//! of ends.
//!
//! | reserved word | holds |
//! |---|---|
//! | `KEY` | the key of the pidfd's poll, or 0 |
//! | `PIDFD` | the pidfd plus one, or 0 |
//! | `REAPED` | 1 once the child was waited for, and its number may be another's |

mod spawn;

use libc::{c_int, c_uint, c_void};

use crate::abi::*;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Process, Signal, flag};
use crate::op::OpKey;
use crate::sys;
use crate::sys::socket;

const KEY: usize = 0;
const PIDFD: usize = 1;
const REAPED: usize = 2;

/// Starts a child process, and initialises its handle, which is active until the child has ended. `options->stdio` streams
/// are opened; they are the caller's to close, also after a failure. A descriptor that the child is given is open in it under
/// its new number only, and blocks; so does what the parent keeps of the same open file. A child with a user or group id is
/// made by `fork()`, so that the handlers of `pthread_atfork` run; others run none.
/// `UV_ENOENT`, `UV_EACCES` or another `UV_E…` if the program cannot be run as asked; the handle must be closed with
/// `uv_close` all the same. Closing it before the child has ended leaves the child to the caller, who has to wait for it.
/// Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_spawn(
    r#loop: *mut uv_loop_t,
    handle: *mut uv_process_t,
    options: *const uv_process_options_t,
) -> c_int {
    // SAFETY: laws 1 and 5; the caller's options are copied.
    unsafe { spawn::spawn(Process::from_c(handle), Loop::from_c(r#loop), options.read()) }.into_c()
}

/// Sends a signal to the child; 0 only asks whether it is there.
/// `UV_ESRCH` if it has ended, `UV_EINVAL` if there is no such signal, `UV_EPERM`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_process_kill(handle: *mut uv_process_t, signum: c_int) -> c_int {
    // SAFETY: law 1.
    unsafe { Process::from_c(handle) }.kill(signum).into_c()
}

/// Sends a signal to the process `pid`; 0 only asks whether it is there.
/// `UV_ESRCH` if there is no such process, `UV_EINVAL` if there is no such signal, `UV_EPERM`. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_kill(pid: c_int, signum: c_int) -> c_int {
    sys::spawn::kill(pid, signum).into_c()
}

/// Keeps the descriptors that this process was given by its parent from its children, as far as they can be found. To be
/// called early, before descriptors are closed or opened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_disable_stdio_inheritance() {
    sys::spawn::close_all_on_exec();
}

impl Process {
    fn word(self, at: usize) -> usize {
        // SAFETY: the union's four words are always initialised.
        let reserved = unsafe { self.u.get().reserved };
        reserved[at].addr()
    }

    fn set_word(self, at: usize, value: usize) {
        // SAFETY: the union's four words are always initialised.
        let mut reserved = unsafe { self.u.get().reserved };
        reserved[at] = std::ptr::without_provenance_mut::<c_void>(value);
        self.u.set(uv__handle_u { reserved });
    }

    fn init(self, event_loop: Loop) {
        Handle::from(self).init(event_loop, UV_PROCESS);
        self.link().init();
        self.pid.set(0);
        self.status.set(0);
        self.exit_cb.set(None);
    }

    /// The child runs, and its end is to be told.
    fn run(self, event_loop: Loop, started: &sys::spawn::Started, exit_cb: uv_exit_cb) -> Result {
        self.pid.set(started.pid);
        self.exit_cb.set(exit_cb);
        event_loop.process_handles().push_back(self.link());
        Handle::from(self).start();
        if started.pidfd != -1 {
            if let Ok(key) = event_loop.await_child(self, started.pidfd) {
                self.set_word(KEY, key.to_bits() as usize);
                self.set_word(PIDFD, started.pidfd as usize + 1);
                return Ok(());
            }
            socket::close(started.pidfd);
        }
        watch_sigchld(event_loop)?;
        // It may have ended before.
        child_watcher(event_loop).pretend();
        Ok(())
    }

    /// Gives up the pidfd.
    fn unwatch(self) {
        let event_loop = Handle::from(self).event_loop();
        let (key, pidfd) = (self.word(KEY), self.word(PIDFD));
        if pidfd != 0 {
            self.set_word(KEY, 0);
            self.set_word(PIDFD, 0);
            let pidfd = pidfd as c_int - 1;
            event_loop.forget_child(OpKey::from_bits(key as u64), pidfd);
            socket::close(pidfd);
        }
    }

    /// True if the child has ended; it is reaped then.
    fn reap(self) -> bool {
        match sys::spawn::wait(self.pid.get(), libc::WNOHANG) {
            Ok(None) => false,
            Ok(Some(status)) => {
                self.status.set(status);
                self.set_word(REAPED, 1);
                self.unwatch();
                true
            }
            // Somebody else has waited for it. Nobody knows how it ended, and the descriptor would stay readable for ever.
            Err(_) => {
                self.unwatch();
                false
            }
        }
    }

    fn kill(self, signum: c_int) -> Result {
        // Without a child the number is 0, which stands for the caller's own process group.
        if self.pid.get() == 0 || self.word(REAPED) == 1 {
            return Err(Errno::ESRCH);
        }
        sys::spawn::kill(self.pid.get(), signum)
    }
}

fn child_watcher(event_loop: Loop) -> Signal {
    // SAFETY: the loop is alive (law 5).
    unsafe { Signal::from_c(&raw const (*event_loop.as_ptr()).child_watcher) }
}

/// Has the loop told of SIGCHLD as long as it has children.
fn watch_sigchld(event_loop: Loop) -> Result {
    let watcher = child_watcher(event_loop);
    if watcher.r#type.get() != UV_SIGNAL {
        watcher.init(event_loop)?;
        Handle::from(watcher).unreference();
        Handle::from(watcher).set(flag::INTERNAL);
    }
    watcher.start(Some(on_sigchld), libc::SIGCHLD, false)
}

/// Some child, or several, have ended: those without a pidfd must all be asked.
unsafe extern "C" fn on_sigchld(watcher: *mut uv_signal_t, _signum: c_int) {
    // SAFETY: law 1.
    let event_loop = Handle::from(unsafe { Signal::from_c(watcher) }).event_loop();
    each(event_loop, |child| {
        if child.word(PIDFD) == 0 {
            on_exit(child);
        }
    });
}

/// Calls `body` with each running child; it may take that child out of the list.
fn each(event_loop: Loop, body: impl Fn(Process)) {
    let all = event_loop.process_handles();
    let mut link = all.first();
    while let Some(l) = link {
        link = l.next_in(all);
        body(Process::of_link(l));
    }
}

pub(crate) fn close(handle: Process) {
    let event_loop = Handle::from(handle).event_loop();
    handle.unwatch();
    handle.link().unlink();
    Handle::from(handle).stop();
    if event_loop.process_handles().is_empty() && child_watcher(event_loop).r#type.get() == UV_SIGNAL {
        child_watcher(event_loop).stop();
    }
}

/// The child's pidfd is readable: it is noted among those to deliver at the end of the batch.
pub(crate) fn on_exit(handle: Process) {
    let handle = Handle::from(handle);
    handle.set(flag::PROCESS_REAP);
    handle.event_loop().state().children_ended.set(true);
}

/// Reaps the noted children and calls their `exit_cb`. True if there were any noted.
pub(crate) fn deliver_exits(event_loop: Loop) -> bool {
    let state = event_loop.state();
    let ended = state.walking.ended();
    let some_ended = state.children_ended.replace(false);
    if some_ended {
        each(event_loop, |child| {
            let handle = Handle::from(child);
            if handle.has(flag::PROCESS_REAP) {
                handle.clear(flag::PROCESS_REAP);
                if child.reap() {
                    child.link().unlink();
                    ended.push_back(child.link());
                }
            }
        });
    }
    // A callback may close other children that have ended, which takes them out of the list.
    while let Some(link) = ended.pop_front() {
        let child = Process::of_link(link);
        Handle::from(child).stop();
        let (status, signal) = meaning(child.status.get());
        callback::exit(child, status, signal);
    }
    some_ended
}

/// Exit status and ending signal of a wait status.
fn meaning(status: c_int) -> (i64, c_int) {
    let exit = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 0 };
    let signal = if libc::WIFSIGNALED(status) { libc::WTERMSIG(status) } else { 0 };
    (i64::from(exit), signal)
}

/// In a forked child: the children are the parent's.
pub(crate) fn after_fork(event_loop: Loop) -> Result {
    each(event_loop, Process::unwatch);
    Ok(())
}

/// What a child may be asked for (`uv_process_flags`).
const KNOWN_FLAGS: c_uint = UV_PROCESS_SETUID
    | UV_PROCESS_SETGID
    | UV_PROCESS_WINDOWS_VERBATIM_ARGUMENTS
    | UV_PROCESS_DETACHED
    | UV_PROCESS_WINDOWS_HIDE
    | UV_PROCESS_WINDOWS_HIDE_CONSOLE
    | UV_PROCESS_WINDOWS_HIDE_GUI
    | UV_PROCESS_WINDOWS_FILE_PATH_EXACT_NAME;
