//! Tells on standard error which callback has held a loop longer than so many milliseconds, and where it was then (`UVRING_SLOW`).
//!
//! A thread of its own looks at all loops now and then. When a callback has run for too long, it has the loop's thread say where it
//! is, by a signal: an interrupted call in the callback, such as a sleep, ends early then. When the callback comes back, the
//! loop's own thread tells how long it took.
//!
//! Argument for the unsafe code: (1) the handler touches atomics only and unwinds its own stack; (2) a call of libc with valid
//! arguments, or one that takes no pointer.

use std::ffi::{c_int, c_void};
use std::fmt::Write;
use std::sync::atomic::{
    AtomicI32, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::time::Duration;

use super::symbols;
use super::table::{self, Slot};
use crate::base::fork;
use crate::sys::clock;

/// What counts as slow, in nanoseconds; 0 if nobody asks.
static LIMIT_NS: AtomicU64 = AtomicU64::new(0);
/// The process that has the thread.
static STARTED: AtomicU64 = AtomicU64::new(0);

/// Addresses on a stack that are told at most.
const DEPTH: usize = 48;
/// Of these, all functions up to the library, and no more than so many.
const SHOWN: usize = 24;

/// Which thread is asked where it is; 0 when it has answered.
static ASKED: AtomicI32 = AtomicI32::new(0);
/// When the callback that it is asked about began.
static ASKED_SINCE: AtomicU64 = AtomicU64::new(0);
/// Where it was interrupted, and its stack from there; how deep that is.
static STACK: [AtomicUsize; DEPTH] = [const { AtomicUsize::new(0) }; DEPTH];
static FOUND: AtomicUsize = AtomicUsize::new(0);

/// From now on.
pub(super) fn start(milliseconds: u64) {
    LIMIT_NS.store(milliseconds.saturating_mul(1_000_000), Relaxed);
    start_thread();
}

/// Starts the thread, in this process.
pub(super) fn start_thread() {
    let generation = fork::generation();
    if LIMIT_NS.load(Relaxed) == 0 || STARTED.swap(generation, Relaxed) == generation {
        return;
    }
    // The thread has no business with the program's signals.
    // SAFETY: (2); the set is ours.
    unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        // Without a thread only the ends of slow callbacks are told.
        let _ = std::thread::Builder::new().name("uvring-slow".into()).spawn(watch);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
    }
}

/// A callback has come back.
pub(super) fn came_back(callback: usize, took_ns: u64) {
    let limit = LIMIT_NS.load(Relaxed);
    if limit > 0 && took_ns >= limit {
        say(&format!("{} held its loop for {} ms", name(callback), took_ns / 1_000_000));
    }
}

/// The thread.
fn watch() {
    let limit = LIMIT_NS.load(Relaxed);
    let pause = Duration::from_nanos((limit / 4).clamp(1_000_000, 50_000_000));
    let signal = free_signal();
    // The callbacks that were told of, by when they began.
    let mut told: Vec<(usize, u64)> = Vec::new();
    loop {
        std::thread::sleep(pause);
        let now = clock::monotonic_ns();
        for (at, slot) in table::all().enumerate() {
            let (callback, since) = (slot.doing.load(Relaxed), slot.since_ns.load(Relaxed));
            if !Slot::is_callback(callback) || now.saturating_sub(since) < limit || told.contains(&(at, since)) {
                continue;
            }
            told.retain(|&(other, _)| other != at);
            told.push((at, since));
            let stack = signal.map(|signal| ask(slot, since, signal)).unwrap_or_default();
            let took = now.saturating_sub(since) / 1_000_000;
            say(&report(callback as usize, took, slot.thread.load(Relaxed), &stack));
        }
    }
}

/// A signal that the program does not use; its handler is ours from now on.
fn free_signal() -> Option<c_int> {
    (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev().find(|&signal| {
        // SAFETY: (1), (2).
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, std::ptr::null(), &raw mut action) != 0 || action.sa_sigaction != libc::SIG_DFL {
                return false;
            }
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
            libc::sigaction(signal, &raw const action, std::ptr::null_mut()) == 0
        }
    })
}

/// Asks the thread of a loop where it is. Nothing if it does not answer soon: it may block the signal.
fn ask(slot: &Slot, since: u64, signal: c_int) -> Vec<usize> {
    let thread = slot.thread.load(Relaxed) as c_int;
    FOUND.store(0, Relaxed);
    ASKED_SINCE.store(since, Relaxed);
    ASKED.store(thread, Release);
    // SAFETY: (2); a thread that is gone makes it fail.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal) };
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(1));
        if ASKED.load(Acquire) == 0 {
            // What the callback did when the signal came may have ended by then.
            let is_the_same = slot.since_ns.load(Relaxed) == since;
            let found = if is_the_same { FOUND.load(Relaxed) } else { 0 };
            return STACK[..found].iter().map(|at| at.load(Relaxed)).collect();
        }
    }
    ASKED.store(0, Relaxed);
    Vec::new()
}

extern "C" fn on_signal(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: (2).
    let (thread, errno) = unsafe { (libc::gettid(), *libc::__errno_location()) };
    if ASKED.load(Acquire) != thread {
        return;
    }
    // SAFETY: the kernel's, for a handler of this kind.
    let interrupted = unsafe { program_counter(context.cast()) };
    STACK[0].store(interrupted, Relaxed);
    FOUND.store(0, Relaxed);
    unsafe extern "C" {
        fn _Unwind_Backtrace(each: extern "C" fn(*mut c_void, *mut c_void) -> c_int, argument: *mut c_void) -> c_int;
    }
    // SAFETY: (1).
    unsafe { _Unwind_Backtrace(on_frame, std::ptr::null_mut()) };
    // Where there is no way back through the signal's own frame, there is still where it was.
    FOUND.fetch_max(1, Relaxed);
    ASKED.store(0, Release);
    // SAFETY: (2).
    unsafe { *libc::__errno_location() = errno };
}

/// The frames of the handler itself come first, and do not count.
extern "C" fn on_frame(context: *mut c_void, _: *mut c_void) -> c_int {
    const GO_ON: c_int = 0;
    const ENOUGH: c_int = 5;
    unsafe extern "C" {
        fn _Unwind_GetIP(context: *mut c_void) -> usize;
    }
    // SAFETY: the unwinder's context.
    let at = unsafe { _Unwind_GetIP(context) };
    let found = FOUND.load(Relaxed);
    if found > 0 || at == STACK[0].load(Relaxed) {
        STACK[found].store(at, Relaxed);
        FOUND.store(found + 1, Relaxed);
    }
    if found + 1 < DEPTH { GO_ON } else { ENOUGH }
}

#[cfg(target_arch = "x86_64")]
unsafe fn program_counter(context: *const libc::ucontext_t) -> usize {
    // SAFETY: the caller's.
    unsafe { (*context).uc_mcontext.gregs[libc::REG_RIP as usize] as usize }
}

#[cfg(target_arch = "aarch64")]
unsafe fn program_counter(context: *const libc::ucontext_t) -> usize {
    // SAFETY: the caller's.
    unsafe { (*context).uc_mcontext.pc as usize }
}

fn name(callback: usize) -> String {
    symbols::find(callback).map_or_else(
        || format!("a callback at {callback:#x}"),
        |symbol| {
            if symbol.name.starts_with(&format!("{}+", symbol.file)) {
                symbol.name
            } else {
                format!("{} ({})", symbol.name, symbol.file)
            }
        },
    )
}

/// What is told of a callback that goes on: where it is, up to this library, which has called it.
fn report(callback: usize, took_ms: u64, thread: u64, stack: &[usize]) -> String {
    let mut text = format!("{} has held the loop of thread {thread} for {took_ms} ms so far", name(callback));
    let ours = symbols::find(report as *const () as usize).map(|symbol| symbol.base);
    let mut is_outside = false;
    for (depth, &at) in stack.iter().enumerate().take(SHOWN) {
        // A return address is behind the call, which may be a function's last.
        let symbol = symbols::find(if depth == 0 { at } else { at - 1 });
        let is_ours = symbol.as_ref().map(|symbol| symbol.base) == ours && ours.is_some();
        if is_ours && is_outside {
            break;
        }
        is_outside |= !is_ours;
        let _ = match symbol {
            Some(symbol) => write!(text, "\n  {depth:>2}  {} ({})", symbol.name, symbol.file),
            None => write!(text, "\n  {depth:>2}  {at:#x}, code that was made at run time"),
        };
    }
    text
}

/// On standard error, in one call.
fn say(text: &str) {
    // SAFETY: (2).
    let line = format!("uvring: process {}: {text}\n", unsafe { libc::getpid() });
    // SAFETY: (2). Where standard error is closed, nobody is told.
    unsafe { libc::write(2, line.as_ptr().cast(), line.len()) };
}
