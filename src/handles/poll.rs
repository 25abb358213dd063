//! Poll handles: a descriptor of the user's own, watched for him.
//!
//! The descriptor stays the user's. He may close it as soon as `uv_poll_stop` or `uv_close` has returned, so stopping is
//! never put off to the next turn: it goes through the watcher's `close`, which costs nothing while no poll is armed, as in the
//! handle's own callback.

use libc::{c_int, c_uint};

use crate::abi::*;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Poll};
use crate::model::io_watcher::{self as io, Part};
use crate::sys::socket;

/// What a poll event is called by users, and by the kernel.
const EVENTS: [(c_int, c_uint); 4] =
    [(UV_READABLE, io::IN), (UV_WRITABLE, io::OUT), (UV_DISCONNECT, io::RDHUP), (UV_PRIORITIZED, io::PRI)];

/// Initialises a handle that watches the descriptor `fd`, and makes the descriptor non-blocking.
/// `UV_EEXIST` if a handle of the loop watches it already, `UV_EPERM` if it cannot be polled (a regular file or directory),
/// `UV_EBADF` if it is not open. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_poll_init(r#loop: *mut uv_loop_t, handle: *mut uv_poll_t, fd: c_int) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Poll::from_c(handle).init(Loop::from_c(r#loop), fd) }.into_c()
}

/// The same as `uv_poll_init`; the two differ on Windows only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_poll_init_socket(
    r#loop: *mut uv_loop_t,
    handle: *mut uv_poll_t,
    socket: uv_os_sock_t,
) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Poll::from_c(handle).init(Loop::from_c(r#loop), socket) }.into_c()
}

/// Calls `cb` whenever one of `events` (`UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED`) holds, as long as it
/// holds. On a started handle it replaces events and callback; no events stop the handle.
/// `UV_EEXIST` if another handle of the loop watches the descriptor, `UV_EINVAL` if the handle is closing, `UV_ENOMEM` if the
/// loop cannot note it. In the callback, status `UV_EBADF` means that the descriptor is in error and the handle has stopped.
/// Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_poll_start(handle: *mut uv_poll_t, events: c_int, cb: uv_poll_cb) -> c_int {
    // SAFETY: law 1.
    unsafe { Poll::from_c(handle) }.start(events, cb).into_c()
}

/// Stops the handle: no callback follows, and the descriptor may be closed at once. Returns 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_poll_stop(poll: *mut uv_poll_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Poll::from_c(poll) }.stop();
    0
}

impl Poll {
    fn init(self, event_loop: Loop, fd: c_int) -> Result {
        if event_loop.watches(fd) {
            return Err(Errno::EEXIST);
        }
        event_loop.state().driver.borrow().can_watch(fd)?;
        socket::set_nonblocking(fd, true)?;
        Handle::from(self).init(event_loop, UV_POLL);
        self.io().init(Part::Poll, fd);
        self.poll_cb.set(None);
        Ok(())
    }

    fn start(self, events: c_int, cb: uv_poll_cb) -> Result {
        let handle = Handle::from(self);
        let event_loop = handle.event_loop();
        if handle.is_closing() {
            return Err(Errno::EINVAL);
        }
        // An active handle is itself what the loop watches the descriptor with.
        if !handle.is_active() && event_loop.watches(self.io_watcher.fd.get()) {
            return Err(Errno::EEXIST);
        }
        // Stopping first is for programs that closed the descriptor and got the same number again.
        self.stop();
        let wanted = EVENTS.iter().filter(|e| events & e.0 != 0).fold(0, |all, e| all | e.1);
        if wanted == 0 {
            return Ok(());
        }
        self.io().start(event_loop, wanted)?;
        self.poll_cb.set(cb);
        handle.start();
        Ok(())
    }

    fn stop(self) {
        let handle = Handle::from(self);
        self.io().close(handle.event_loop());
        handle.stop();
    }
}

pub(crate) fn close(handle: Poll) {
    handle.stop();
}

pub(crate) fn on_ready(handle: Poll, events: c_uint) {
    // Urgent data comes with an error bit on some files (sysfs): then it is the news, not a failure.
    if events & io::ERR != 0 && events & io::PRI == 0 {
        handle.stop();
        return callback::poll(handle, Errno::EBADF.0, 0);
    }
    let told = EVENTS.iter().filter(|e| events & e.1 != 0).fold(0, |all, e| all | e.0);
    callback::poll(handle, 0, told);
}
