//! Signal watchers.
//!
//! One handler serves the process. For each signal there is a list of the watchers started for it, in any loop. The handler
//! walks that list and leaves a message for each in the pipe of the watcher's loop; the loop reads the messages, last in
//! a batch, and calls the user.
//!
//! The lists are guarded by a lock that the handler takes too; everybody else blocks all signals before taking it, so the
//! handler never waits for the code that it interrupted. Guarded are: the heads, `tree_entry` of started watchers, and
//! `signal_pipefd` of their loops.
//!
//! In a forked child the lists are empty: watchers may have been in the memory of threads that are no more, and the pipes are the
//! parent's. `uv_loop_fork` enters the watchers of a loop anew, when it has a pipe of its own.
//!
//! | in `tree_entry` | is |
//! |---|---|
//! | `rbe_left` | the next in the list |
//! | `rbe_parent` | the process (number of forks) in whose list the watcher is |
//! | `rbe_color` | 1 for a one-shot watcher; those come last |
//!
//! `caught_signals` counts messages written, `dispatched_signals` messages read. While they differ the pipe holds a pointer
//! to the handle, so it cannot finish closing.

use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

use libc::c_int;

use crate::abi::*;
use crate::base::fork;
use crate::base::lock::{Held, Lock};
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Kind, Signal, flag};
use crate::model::io_watcher::{self as io, Part};
use crate::sys::signals::{self, AllBlocked};
use crate::sys::socket;

/// Started watchers by signal.
struct Registry {
    lock: Lock,
    /// The process that the lists are of; read and written under the lock.
    fork_generation: AtomicU64,
    heads: [AtomicPtr<uv_signal_t>; signals::COUNT],
    /// Cleared by `uv_library_shutdown`: the handler then does nothing.
    open: AtomicBool,
}

static REGISTRY: Registry = Registry {
    lock: Lock::new(),
    fork_generation: AtomicU64::new(0),
    heads: [const { AtomicPtr::new(ptr::null_mut()) }; signals::COUNT],
    open: AtomicBool::new(false),
};

/// What the handler tells a loop.
#[derive(Clone, Copy)]
#[repr(C)]
struct Message {
    handle: *mut uv_signal_t,
    signum: c_int,
    _pad: c_int,
}

/// Initialises a signal watcher. `UV_ENOMEM` if the loop cannot be given its first one. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_signal_init(r#loop: *mut uv_loop_t, handle: *mut uv_signal_t) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Signal::from_c(handle).init(Loop::from_c(r#loop)) }.into_c()
}

/// Calls `signal_cb` in the loop for each `signum` that the process receives; on a started handle it replaces callback and
/// signal. Several handles, of several loops, may watch one signal.
/// `UV_EINVAL` if there is no such signal or it cannot be caught, by which a started handle stops unless it is 0; also if the
/// handle is closing. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_signal_start(handle: *mut uv_signal_t, signal_cb: uv_signal_cb, signum: c_int) -> c_int {
    // SAFETY: law 1.
    unsafe { Signal::from_c(handle) }.start(signal_cb, signum, false).into_c()
}

/// The same for one signal: the handle stops after its callback, and if only such handles watch the signal, its default
/// action is restored as soon as it is received.
/// `UV_EINVAL` if there is no such signal or it cannot be caught. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_signal_start_oneshot(
    handle: *mut uv_signal_t,
    signal_cb: uv_signal_cb,
    signum: c_int,
) -> c_int {
    // SAFETY: law 1.
    unsafe { Signal::from_c(handle) }.start(signal_cb, signum, true).into_c()
}

/// Stops the handle; no callback follows, not for signals received before either. When the last handle for a signal stops,
/// the signal's default action is restored. Returns 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_signal_stop(handle: *mut uv_signal_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Signal::from_c(handle) }.stop();
    0
}

impl Signal {
    pub(crate) fn init(self, event_loop: Loop) -> Result {
        if event_loop.signal_pipefd.get()[0] == -1 {
            // A fork left the loop without one.
            open_pipe(event_loop)?;
        }
        event_loop.signal_watcher().start(event_loop, io::IN)?;
        Handle::from(self).init(event_loop, UV_SIGNAL);
        self.signum.set(0);
        self.caught_signals.set(0);
        self.dispatched_signals.set(0);
        Ok(())
    }

    pub(crate) fn start(self, cb: uv_signal_cb, signum: c_int, once: bool) -> Result {
        if signum == 0 || Handle::from(self).is_closing() {
            return Err(Errno::EINVAL);
        }
        if self.signum.get() == signum {
            self.signal_cb.set(cb);
            return Ok(());
        }
        // It stays stopped if the other signal cannot be watched.
        self.stop();
        if !(1..signals::COUNT as c_int).contains(&signum) {
            return Err(Errno::EINVAL);
        }
        REGISTRY.add(self, signum, once)?;
        let handle = Handle::from(self);
        handle.clear(flag::SIGNAL_ONE_SHOT);
        handle.set(if once { flag::SIGNAL_ONE_SHOT } else { 0 });
        self.signum.set(signum);
        self.signal_cb.set(cb);
        handle.start();
        Ok(())
    }

    pub(crate) fn stop(self) {
        let signum = self.signum.replace(0);
        if signum != 0 {
            REGISTRY.remove(self, signum);
            Handle::from(self).stop();
        }
    }

    /// Has a started watcher called as if its signal had just been received.
    pub(crate) fn pretend(self) {
        REGISTRY.change(|_| self.leave_message(self.signum.get()));
    }

    /// Puts a message into the pipe of the watcher's loop; the lock is held.
    fn leave_message(self, signum: c_int) {
        // In a forked child, before `uv_loop_fork`, the pipe is the parent's, and the signal was not for the parent.
        if self.tree_entry.get().rbe_parent.addr() != fork::generation() as usize {
            return;
        }
        // SAFETY: a loop outlives its handles; the pipe is changed only under the lock.
        let pipe = unsafe { (*self.r#loop.get()).signal_pipefd.get()[1] };
        if signals::send(pipe, &Message { handle: self.as_ptr(), signum, _pad: 0 }) {
            self.caught().fetch_add(1, SeqCst);
        }
    }

    fn deliver(self, signum: c_int) {
        self.dispatched_signals.set(self.dispatched_signals.get().wrapping_add(1));
        // Otherwise it was stopped, or watches another signal by now.
        if self.signum.get() == signum {
            callback::signal(self, signum);
            if Handle::from(self).has(flag::SIGNAL_ONE_SHOT) {
                self.stop();
            }
        }
    }

    fn caught(self) -> &'static AtomicU32 {
        // SAFETY: law 1, for as long as the caller uses it; all accesses to a started watcher's are atomic.
        unsafe { AtomicU32::from_ptr((*self.as_ptr()).caught_signals.as_ptr()) }
    }

    /// Where this watcher stands in its list: by loop and address, one-shot ones last, as with libuv.
    fn rank(self) -> (c_int, usize, usize) {
        (self.tree_entry.get().rbe_color, self.r#loop.get().addr(), self.as_ptr().addr())
    }
}

/// The first of a list, or the one after.
///
/// # Safety
/// `at` came from a list of the registry, whose lock the caller holds.
unsafe fn watcher(at: *mut uv_signal_t) -> Option<Signal> {
    // SAFETY: a started watcher is alive (law 1).
    (!at.is_null()).then(|| unsafe { Signal::from_c(at) })
}

impl Registry {
    fn change(&self, body: impl FnOnce(&Held<'_>)) {
        let blocked = AllBlocked::new();
        body(&self.take());
        drop(blocked);
    }

    /// Takes the lock, with all signals blocked. Lists of an ancestor are forgotten first.
    fn take(&self) -> Held<'_> {
        let held = self.lock.take();
        let here = fork::generation();
        if self.fork_generation.load(Relaxed) != here {
            self.heads.iter().for_each(|head| head.store(ptr::null_mut(), Relaxed));
            self.fork_generation.store(here, Relaxed);
        }
        held
    }

    fn first(&self, signum: c_int) -> Option<Signal> {
        // SAFETY: the callers hold the lock.
        unsafe { watcher(self.heads[signum as usize].load(Relaxed)) }
    }

    fn add(&self, handle: Signal, signum: c_int, once: bool) -> Result {
        let mut result = Ok(());
        self.change(|held| result = self.enter(held, handle, signum, once));
        result
    }

    fn enter(&self, _held: &Held<'_>, handle: Signal, signum: c_int, once: bool) -> Result {
        // A handler that the kernel takes away at the first signal serves only as long as all watchers are one-shot.
        let installed = self.first(signum).is_some_and(|f| once || f.tree_entry.get().rbe_color == 0);
        if !installed {
            signals::catch(signum, on_signal, once)?;
        }
        self.insert(handle, signum, once);
        Ok(())
    }

    fn insert(&self, handle: Signal, signum: c_int, once: bool) {
        let mut entry = uv__signal_tree_entry {
            rbe_left: ptr::null_mut(),
            rbe_right: ptr::null_mut(),
            rbe_parent: ptr::without_provenance_mut(fork::generation() as usize),
            rbe_color: c_int::from(once),
            _pad: 0,
        };
        handle.tree_entry.set(entry);
        let mut before = None;
        let mut after = self.first(signum);
        while let Some(a) = after.filter(|a| a.rank() < handle.rank()) {
            before = after;
            // SAFETY: under the lock.
            after = unsafe { watcher(a.tree_entry.get().rbe_left) };
        }
        entry.rbe_left = after.map_or(ptr::null_mut(), Signal::as_ptr);
        handle.tree_entry.set(entry);
        self.set_next(before, signum, handle.as_ptr());
    }

    /// Sets what follows `before`, or the head.
    fn set_next(&self, before: Option<Signal>, signum: c_int, next: *mut uv_signal_t) {
        match before {
            None => self.heads[signum as usize].store(next, Relaxed),
            Some(b) => b.tree_entry.set(uv__signal_tree_entry { rbe_left: next, ..b.tree_entry.get() }),
        }
    }

    fn remove(&self, handle: Signal, signum: c_int) {
        self.change(|_| {
            let entry = handle.tree_entry.get();
            if entry.rbe_parent.addr() != fork::generation() as usize {
                // Of an ancestor's list, whose handler is still in place.
                if self.first(signum).is_none() {
                    signals::restore_default(signum);
                }
                return;
            }
            let mut before = None;
            let mut at = self.first(signum);
            while let Some(a) = at.filter(|a| *a != handle) {
                before = at;
                // SAFETY: under the lock.
                at = unsafe { watcher(a.tree_entry.get().rbe_left) };
            }
            self.set_next(before, signum, entry.rbe_left);
            match self.first(signum) {
                None => signals::restore_default(signum),
                // Only one-shot watchers are left: so is the handler.
                Some(first) if first.tree_entry.get().rbe_color == 1 && entry.rbe_color == 0 => {
                    let _ = signals::catch(signum, on_signal, true);
                }
                Some(_) => {}
            }
        });
    }
}

/// The handler: runs in any thread, with all signals blocked.
extern "C" fn on_signal(signum: c_int) {
    signals::keeping_errno(|| {
        if !REGISTRY.open.load(SeqCst) {
            return;
        }
        let held = REGISTRY.take();
        let mut next = REGISTRY.first(signum);
        while let Some(handle) = next {
            handle.leave_message(signum);
            // SAFETY: under the lock.
            next = unsafe { watcher(handle.tree_entry.get().rbe_left) };
        }
        drop(held);
    });
}

/// Before the first loop of the process.
fn global_init() {
    REGISTRY.open.store(true, SeqCst);
}

/// At `uv_library_shutdown`.
pub(crate) fn cleanup() {
    REGISTRY.open.store(false, SeqCst);
}

pub(crate) fn close(handle: Signal) {
    handle.stop();
}

/// False while the signal pipe still holds a message for a closing handle.
pub(crate) fn may_finish(handle: Signal) -> bool {
    handle.caught().load(SeqCst) == handle.dispatched_signals.get()
}

/// The signal pipe is readable.
pub(crate) fn on_ready(event_loop: Loop) {
    // Signals that callbacks raise wait for the next turn.
    let messages = signals::unread(event_loop.signal_pipefd.get()[0]) / size_of::<Message>();
    for _ in 0..messages {
        // SAFETY: only `on_signal` writes into the pipe.
        let Some(message) = (unsafe { signals::receive::<Message>(event_loop.signal_pipefd.get()[0]) }) else { return };
        // SAFETY: law 1: the handle does not finish closing before its messages have been read.
        unsafe { Signal::from_c(message.handle) }.deliver(message.signum);
    }
}

/// Gives the loop a signal pipe: with the loop, because a signal may have to be watched when no descriptor is left.
pub(crate) fn loop_init(event_loop: Loop) -> Result {
    global_init();
    open_pipe(event_loop)
}

fn open_pipe(event_loop: Loop) -> Result {
    let ends = signals::message_pipe()?;
    event_loop.signal_watcher().init(Part::Signal, ends[0]);
    event_loop.signal_pipefd.set(ends);
    Ok(())
}

fn close_pipe(ends: [c_int; 2]) {
    socket::close(ends[0]);
    socket::close(ends[1]);
}

/// Calls `body` with each signal watcher of the loop.
fn each(event_loop: Loop, mut body: impl FnMut(Signal)) {
    let all = event_loop.handle_queue();
    let mut link = all.first();
    while let Some(l) = link {
        link = l.next_in(all);
        if let Kind::Signal(handle) = Handle::of_link(l).kind() {
            body(handle);
        }
    }
}

/// When the loop is closed: no watcher of it is left in the lists, the loop's own included.
pub(crate) fn loop_cleanup(event_loop: Loop) {
    each(event_loop, Signal::stop);
    let ends = event_loop.signal_pipefd.replace([-1, -1]);
    if ends[0] != -1 {
        event_loop.signal_watcher().close(event_loop);
        close_pipe(ends);
    }
}

/// In a forked child: a new signal pipe. What the old one held was for the parent.
pub(crate) fn after_fork(event_loop: Loop) -> Result {
    let was_watched = event_loop.signal_watcher().wants(io::IN);
    event_loop.signal_watcher().close(event_loop);
    // Before the new one is made, which may need the numbers. The handler uses neither until the watchers are in its lists again.
    close_pipe(event_loop.signal_pipefd.replace([-1, -1]));
    open_pipe(event_loop)?;
    let mut result = Ok(());
    REGISTRY.change(|held| {
        each(event_loop, |handle| {
            handle.dispatched_signals.set(handle.caught().load(SeqCst));
            let (signum, entry) = (handle.signum.get(), handle.tree_entry.get());
            if signum != 0 && entry.rbe_parent.addr() != fork::generation() as usize {
                result = result.and(REGISTRY.enter(held, handle, signum, entry.rbe_color == 1));
            }
        });
    });
    result?;
    if was_watched { event_loop.signal_watcher().start(event_loop, io::IN) } else { Ok(()) }
}
