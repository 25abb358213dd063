//! The epoll set of a loop: polls are level-triggered registrations that carry their key. Its descriptor is what `uv_backend_fd`
//! gives out.

use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_int, c_uint, epoll_event, timespec};

use crate::abi::{Errno, Result};
use crate::base::alloc::Array;
use crate::base::fork;
use crate::driver::limit::Limit;
use crate::op::{Completion, OpKey};

/// At most this many events are taken in one wait (libuv's figure).
const EVENTS: usize = 1024;
type Events = [MaybeUninit<epoll_event>; EVENTS];

/// Readiness by epoll.
pub(crate) struct Epoll {
    fd: c_int,
    fork_generation: u64,
    /// Descriptors that epoll refuses because they are always ready (regular files).
    always: Array<Always>,
    /// The last wait gave as many events as it may: there can be more.
    full: bool,
    /// Sleep with `epoll_pwait2`, to the nanosecond.
    precise: bool,
    /// Waits so far, what they have found, and descriptors registered.
    pub(super) waits: u64,
    pub(super) found: u64,
    pub(super) registered: u64,
}

/// A descriptor that is always ready, and what it is watched for.
#[derive(Clone, Copy)]
struct Always {
    key: OpKey,
    fd: c_int,
    events: c_uint,
}

fn epoll_create() -> Result<c_int> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    if fd < 0 { Err(Errno::last()) } else { Ok(fd) }
}

/// Has a set, whosever, tell of a descriptor in it as long as there is something to read. Thread-safe.
pub(crate) fn tell_of_level(set: c_int, fd: c_int, key: OpKey) {
    epoll_ctl(set, libc::EPOLL_CTL_MOD, fd, libc::EPOLLIN as c_uint, key.to_bits());
}

/// One epoll_ctl; gives 0 or the `errno`.
fn epoll_ctl(epoll: c_int, op: c_int, fd: c_int, events: c_uint, data: u64) -> c_int {
    let mut event = epoll_event { events, u64: data };
    // SAFETY: `event` is valid for the call.
    match unsafe { libc::epoll_ctl(epoll, op, fd, &raw mut event) } {
        0 => 0,
        _ => -Errno::last().0,
    }
}

impl Epoll {
    pub(crate) fn open() -> Result<Epoll> {
        Ok(Epoll {
            fd: epoll_create()?,
            fork_generation: fork::generation(),
            always: Array::new(),
            full: false,
            precise: false,
            waits: 0,
            found: 0,
            registered: 0,
        })
    }

    /// From now on sleeps as long as asked for, not in milliseconds. It takes a system call that libuv would not make.
    pub(crate) fn sleep_precisely(&mut self) {
        self.precise = true;
    }

    pub(crate) fn fd(&self) -> c_int {
        self.fd
    }

    /// True in a forked child before `reopen`: the epoll set is shared with the parent and must not be changed.
    fn is_foreign(&self) -> bool {
        self.fork_generation != fork::generation()
    }

    /// Watches a descriptor until `unwatch`, instead of what it was watched for under another key. `UV_ENOMEM` or `UV_ENOSPC` if
    /// there is no room for it in the kernel, or here.
    pub(crate) fn watch(&mut self, key: OpKey, fd: c_int, events: c_uint, is_watched: bool) -> Result {
        if self.is_foreign() {
            return Ok(());
        }
        let (first, second) = if is_watched {
            (libc::EPOLL_CTL_MOD, libc::EPOLL_CTL_ADD)
        } else {
            (libc::EPOLL_CTL_ADD, libc::EPOLL_CTL_MOD)
        };
        self.registered += 1;
        self.forget_always(fd);
        // At once, not at the next wait: whoever watches the descriptor from outside must see it.
        let mut errno = epoll_ctl(self.fd, first, fd, events, key.to_bits());
        // Left behind by a duplicate of the descriptor, closed and opened behind our back, or another's who is about to give it up.
        if matches!(errno, libc::EEXIST | libc::ENOENT) {
            errno = epoll_ctl(self.fd, second, fd, events, key.to_bits());
        }
        match errno {
            libc::EPERM => self.always.push(Always { key, fd, events }),
            libc::ENOMEM | libc::ENOSPC => Err(Errno::from_sys(errno)),
            // EBADF and the like: such a descriptor never becomes ready, with libuv neither.
            _ => Ok(()),
        }
    }

    /// Fails as to watch the descriptor would fail.
    pub(crate) fn can_watch(&self, fd: c_int) -> Result {
        match epoll_ctl(self.fd, libc::EPOLL_CTL_ADD, fd, libc::EPOLLIN as c_uint, 0) {
            0 => {
                epoll_ctl(self.fd, libc::EPOLL_CTL_DEL, fd, 0, 0);
                Ok(())
            }
            libc::EEXIST => Ok(()),
            errno => Err(Errno::from_sys(errno)),
        }
    }

    /// Watches a descriptor no longer.
    pub(crate) fn unwatch(&mut self, fd: c_int) {
        if !self.is_foreign() {
            self.forget_always(fd);
            epoll_ctl(self.fd, libc::EPOLL_CTL_DEL, fd, 0, 0);
        }
    }

    fn forget_always(&mut self, fd: c_int) {
        if let Some(at) = self.always.iter().position(|always| always.fd == fd) {
            self.always.remove(at);
        }
    }

    pub(crate) fn wait(&mut self, limit: Limit, out: &mut Array<Completion>) {
        self.report_always(out);
        let nowait = !out.is_empty();
        self.full = self.wait_once(limit, nowait, out) == EVENTS;
    }

    /// True, once, if there may be more events than the last wait has brought.
    pub(crate) fn take_full(&mut self) -> bool {
        std::mem::take(&mut self.full)
    }

    /// True if there are descriptors that are always ready: it is no use to sleep.
    pub(crate) fn is_always_ready(&self) -> bool {
        !self.always.is_empty()
    }

    pub(crate) fn report_always(&mut self, out: &mut Array<Completion>) {
        for &Always { key, events, .. } in self.always.iter() {
            let events = events & (libc::POLLIN | libc::POLLOUT) as c_uint;
            let _ = out.push(Completion { key, result: events as i32 });
        }
    }

    /// One sleep; gives the number of events, EINTR hidden.
    fn wait_once(&mut self, limit: Limit, nowait: bool, out: &mut Array<Completion>) -> usize {
        // Not initialised: to clear these 12 KiB would cost as much as the system call.
        let mut events: Events = [const { MaybeUninit::uninit() }; EVENTS];
        loop {
            let left = limit.left_ns(nowait);
            self.waits += 1;
            let n = self.epoll_wait(&mut events, left, limit.sigmask);
            if n < 0 {
                match Errno::last() {
                    Errno::EINTR if left != Some(0) => continue,
                    // A kernel, or a filter, that does not know the call.
                    Errno::ENOSYS | Errno::EPERM if self.precise => {
                        self.precise = false;
                        continue;
                    }
                    _ => return 0,
                }
            }
            self.found += n as u64;
            for event in &events[..n as usize] {
                // SAFETY: the kernel has written as many.
                let event = unsafe { event.assume_init() };
                let _ = out.push(Completion { key: OpKey::from_bits(event.u64), result: event.events as i32 });
            }
            return n as usize;
        }
    }

    fn epoll_wait(&self, events: &mut Events, left_ns: Option<u64>, sigmask: u64) -> c_int {
        let (most, events) = (EVENTS as c_int, events.as_mut_ptr().cast::<epoll_event>());
        let precise = left_ns.filter(|&ns| self.precise && ns % 1_000_000 != 0);
        // SAFETY: the array has room for `most` events; sigset_t begins with the kernel's bit set.
        unsafe {
            if let Some(ns) = precise {
                let left = timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as i64 };
                let mask = if sigmask == 0 { ptr::null() } else { &raw const sigmask };
                let size = size_of::<u64>();
                return libc::syscall(libc::SYS_epoll_pwait2, self.fd, events, most, &raw const left, mask, size)
                    as c_int;
            }
            let timeout = left_ns.map_or(-1, milliseconds);
            if sigmask == 0 {
                return libc::epoll_wait(self.fd, events, most, timeout);
            }
            let mut set: libc::sigset_t = std::mem::zeroed();
            (&raw mut set).cast::<u64>().write(sigmask);
            libc::epoll_pwait(self.fd, events, most, timeout, &raw const set)
        }
    }

    /// A new and empty set, in a forked child.
    pub(crate) fn reopen(&mut self) -> Result {
        // First of all, because at the limit of descriptors there is no further number.
        // SAFETY: ours, and nothing else uses it; closing does not change the set that the parent shares.
        unsafe { libc::close(std::mem::replace(&mut self.fd, -1)) };
        self.fd = epoll_create()?;
        self.fork_generation = fork::generation();
        self.always.clear();
        Ok(())
    }

    pub(crate) fn close(&mut self) {
        if self.fd >= 0 {
            // SAFETY: ours, and nothing uses it any more.
            unsafe { libc::close(self.fd) };
            self.fd = -1;
        }
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        self.close();
    }
}

/// Rounded up, so that a timer is never early.
fn milliseconds(ns: u64) -> c_int {
    ns.div_ceil(1_000_000).min(c_int::MAX as u64) as c_int
}
