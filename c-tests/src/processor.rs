//! Which processors a program runs on.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The processors that this process may use.
pub fn all() -> Vec<usize> {
    // SAFETY: all zeroes is an empty set, which the call fills; its size is given.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set);
        set
    };
    let limit = usize::try_from(libc::CPU_SETSIZE).unwrap_or(1024);
    // SAFETY: reads the set within its bounds.
    (0..limit).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect()
}

/// One of them, another each time, so that what runs side by side is spread.
pub fn any() -> usize {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let all = all();
    all.get(TURN.fetch_add(1, Ordering::Relaxed) % all.len().max(1)).copied().unwrap_or_default()
}

/// Lets the command run on one processor only.
pub fn pin(command: &mut Command, processor: usize) {
    let pin = move || {
        // SAFETY: all zeroes is an empty set; the call reads it and its size is given; it is async-signal-safe.
        let result = unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(processor, &mut set);
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set)
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: the closure makes one system call and touches memory of its own only.
    unsafe { command.pre_exec(pin) };
}
