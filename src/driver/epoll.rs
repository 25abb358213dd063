//! The epoll set of a loop: polls are level-triggered registrations that carry their key. Its descriptor is what `uv_backend_fd`
//! gives out.

use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_int, c_uint, epoll_event, timespec};

use super::polls::{Poll, Polls};
use super::{Limit, fork};
use crate::abi::{Errno, Result};
use crate::base::alloc::Array;
use crate::op::{Completion, OpKey};

/// At most this many events are taken in one wait (libuv's figure).
const EVENTS: usize = 1024;

/// Readiness by epoll.
pub(crate) struct Epoll {
    fd: c_int,
    fork_generation: u64,
    polls: Polls,
    /// The key registered for each descriptor, as bits; 0 for none.
    by_fd: Array<u64>,
    /// Polls of descriptors that epoll refuses because they are always ready (regular files).
    always: Array<u64>,
    /// The last wait gave as many events as it may: there can be more.
    full: bool,
    /// Sleep with `epoll_pwait2`, to the nanosecond.
    precise: bool,
    /// Waits so far, and descriptors registered.
    pub(super) waits: u64,
    pub(super) registered: u64,
}

fn epoll_create() -> Result<c_int> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    if fd < 0 { Err(Errno::last()) } else { Ok(fd) }
}

/// One epoll_ctl; gives 0 or the `errno`.
pub(crate) fn epoll_ctl(epoll: c_int, op: c_int, fd: c_int, events: c_uint, data: u64) -> c_int {
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
            polls: Polls::new(),
            by_fd: Array::new(),
            always: Array::new(),
            full: false,
            precise: false,
            waits: 0,
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
    fn foreign(&self) -> bool {
        self.fork_generation != fork::generation()
    }

    /// Watches a descriptor until `unwatch`. `UV_ENOMEM` or `UV_ENOSPC` if there is no room for it in the kernel, or here.
    pub(crate) fn watch(&mut self, key: OpKey, fd: c_int, events: c_uint) -> Result {
        self.polls.reserve(key.slot())?;
        let poll = Poll { key, fd, events };
        // At once, not at the next wait: whoever watches the descriptor from outside must see it.
        if !self.foreign() {
            self.register(poll)?;
        }
        self.polls.note(poll);
        Ok(())
    }

    fn register(&mut self, poll: Poll) -> Result {
        let fd = poll.fd as usize;
        while self.by_fd.len() <= fd {
            self.by_fd.push(0)?;
        }
        let (first, second) = if self.by_fd[fd] == 0 {
            (libc::EPOLL_CTL_ADD, libc::EPOLL_CTL_MOD)
        } else {
            (libc::EPOLL_CTL_MOD, libc::EPOLL_CTL_ADD)
        };
        self.registered += 1;
        let data = poll.key.to_bits();
        let mut errno = epoll_ctl(self.fd, first, poll.fd, poll.events, data);
        // Left behind by a duplicate of the descriptor, or closed and opened behind our back.
        if matches!(errno, libc::EEXIST | libc::ENOENT) {
            errno = epoll_ctl(self.fd, second, poll.fd, poll.events, data);
        }
        match errno {
            0 => self.by_fd[fd] = data,
            libc::EPERM => self.always.push(data)?,
            libc::ENOMEM | libc::ENOSPC => return Err(Errno::from_sys(errno)),
            // EBADF and the like: such a descriptor never becomes ready, with libuv neither.
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn unwatch(&mut self, key: OpKey) {
        let Some(poll) = self.polls.forget(key) else { return };
        let fd = poll.fd as usize;
        if self.by_fd.get(fd).is_some_and(|&registered| registered == key.to_bits()) {
            self.by_fd[fd] = 0;
            if !self.foreign() {
                epoll_ctl(self.fd, libc::EPOLL_CTL_DEL, poll.fd, 0, 0);
            }
        }
        if let Some(at) = self.always.iter().position(|&k| k == key.to_bits()) {
            let last = self.always.len() - 1;
            self.always.swap(at, last);
            self.always.pop();
        }
    }

    pub(crate) fn wait(&mut self, limit: Limit, out: &mut Array<Completion>) {
        self.report_always(out);
        let look = !out.is_empty();
        self.full = self.wait_once(limit, look, out) == EVENTS;
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
        for &bits in self.always.iter() {
            let key = OpKey::from_bits(bits);
            if let Some(poll) = self.polls.get(key) {
                let events = poll.events & (libc::POLLIN | libc::POLLOUT) as c_uint;
                let _ = out.push(Completion { key, result: events as i32 });
            }
        }
    }

    /// One sleep; gives the number of events, EINTR hidden.
    fn wait_once(&mut self, limit: Limit, look: bool, out: &mut Array<Completion>) -> usize {
        // Not initialised: to clear these 12 KiB would cost as much as the system call.
        let mut events = [const { MaybeUninit::<epoll_event>::uninit() }; EVENTS];
        loop {
            let left = limit.left_ns(look);
            self.waits += 1;
            let n = self.epoll_wait(events.as_mut_ptr().cast(), left, limit.sigmask);
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
            for event in &events[..n as usize] {
                // SAFETY: the kernel has written as many.
                let event = unsafe { event.assume_init() };
                let _ = out.push(Completion { key: OpKey::from_bits(event.u64), result: event.events as i32 });
            }
            return n as usize;
        }
    }

    fn epoll_wait(&self, events: *mut epoll_event, left_ns: Option<u64>, sigmask: u64) -> c_int {
        let most = EVENTS as c_int;
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

    pub(crate) fn reopen(&mut self) -> Result {
        // First of all, because at the limit of descriptors there is no further number.
        // SAFETY: ours, and nothing else uses it; closing does not change the set that the parent shares.
        unsafe { libc::close(std::mem::replace(&mut self.fd, -1)) };
        self.fd = epoll_create()?;
        self.fork_generation = fork::generation();
        self.by_fd.clear();
        self.always.clear();
        let mut slot = 0;
        while let Some(poll) = self.polls.at(slot) {
            if let Some(poll) = poll {
                self.register(poll)?;
            }
            slot += 1;
        }
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
