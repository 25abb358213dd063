//! What all handles share: newtypes over them, flags, active and ref.
//!
//! A newtype is a pointer that C gave us to a handle that law 1 keeps alive; it is `Copy` and owns nothing. References to
//! the struct exist only while a field is read or written, so that user code may write to, or free, the handle between two
//! such moments (law 3).

use std::ptr;

use libc::{c_int, c_uint};

use crate::abi::*;
use crate::base::newtype::{linked, newtype};
use crate::model::event_loop::Loop;

/// The bits of `handle->flags`. Programs copy and test them, so they are libuv's.
pub(crate) mod flag {
    use libc::c_uint;

    pub(crate) const CLOSING: c_uint = 0x1;
    pub(crate) const CLOSED: c_uint = 0x2;
    pub(crate) const ACTIVE: c_uint = 0x4;
    pub(crate) const REF: c_uint = 0x8;
    pub(crate) const INTERNAL: c_uint = 0x10;
    pub(crate) const SHUT: c_uint = 0x200;
    pub(crate) const READ_EOF: c_uint = 0x800;
    pub(crate) const READING: c_uint = 0x1000;
    pub(crate) const BOUND: c_uint = 0x2000;
    pub(crate) const READABLE: c_uint = 0x4000;
    pub(crate) const WRITABLE: c_uint = 0x8000;
    pub(crate) const BLOCKING_WRITES: c_uint = 0x10_0000;
    pub(crate) const IPV6: c_uint = 0x40_0000;
    pub(crate) const TCP_NODELAY: c_uint = 0x100_0000;
    pub(crate) const TCP_KEEPALIVE: c_uint = 0x200_0000;
    pub(crate) const UDP_PROCESSING: c_uint = 0x100_0000;
    pub(crate) const UDP_CONNECTED: c_uint = 0x200_0000;
    pub(crate) const UDP_RECVMMSG: c_uint = 0x400_0000;
    pub(crate) const SIGNAL_ONE_SHOT: c_uint = 0x200_0000;
    pub(crate) const PROCESS_REAP: c_uint = 0x1000_0000;
}

macro_rules! handle {
    ($($name:ident, $c:ty, $what:literal;)+) => { $(
        newtype!(#[doc = $what] $name, $c);

        impl From<$name> for Handle {
            fn from(handle: $name) -> Handle {
                Handle(handle.0.cast())
            }
        }
    )+ };
}

newtype!(
    /// Any handle.
    Handle,
    uv_handle_t
);
linked!(Handle, uv_handle_t, link / of_link: handle_queue);
handle! {
    Async, uv_async_t, "An async handle.";
    Check, uv_check_t, "A check handle.";
    FsEvent, uv_fs_event_t, "A file watcher.";
    FsPoll, uv_fs_poll_t, "A file watcher by stat.";
    Idle, uv_idle_t, "An idle handle.";
    Pipe, uv_pipe_t, "A pipe.";
    Poll, uv_poll_t, "A poll handle.";
    Prepare, uv_prepare_t, "A prepare handle.";
    Process, uv_process_t, "A child process.";
    Signal, uv_signal_t, "A signal watcher.";
    Stream, uv_stream_t, "A TCP, pipe or tty handle.";
    Tcp, uv_tcp_t, "A TCP handle.";
    Timer, uv_timer_t, "A timer.";
    Tty, uv_tty_t, "A terminal.";
    Udp, uv_udp_t, "A UDP handle.";
}

linked!(Async, uv_async_t, link / of_link: queue);
linked!(Check, uv_check_t, link / of_link: queue);
linked!(FsEvent, uv_fs_event_t, link / of_link: watchers);
linked!(Idle, uv_idle_t, link / of_link: queue);
linked!(Prepare, uv_prepare_t, link / of_link: queue);
linked!(Process, uv_process_t, link / of_link: queue);
// Of requests that the kernel has not taken yet, and of those that await their callbacks.
linked!(Stream, uv_stream_t, queued: write_queue, completed: write_completed_queue);
linked!(Udp, uv_udp_t, queued: write_queue, completed: write_completed_queue);
// The first two words of the node, which are its only use: it links timers that are about to run.
linked!(Timer, uv_timer_t, link / of_link: node);

macro_rules! stream {
    ($($name:ident),+) => { $(
        impl From<$name> for Stream {
            fn from(handle: $name) -> Stream {
                Stream(handle.0.cast())
            }
        }
    )+ };
}
stream!(Tcp, Pipe, Tty);

/// A handle by its type.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Async(Async),
    Check(Check),
    FsEvent(FsEvent),
    FsPoll(FsPoll),
    Idle(Idle),
    Pipe(Pipe),
    Poll(Poll),
    Prepare(Prepare),
    Process(Process),
    Signal(Signal),
    Tcp(Tcp),
    Timer(Timer),
    Tty(Tty),
    Udp(Udp),
    /// No type of handle: the user's memory was overwritten, or never initialised.
    Unknown,
}

/// Non-zero if the handle is active: what that means depends on its type, as libuv documents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_is_active(handle: *const uv_handle_t) -> c_int {
    // SAFETY: law 1.
    c_int::from(unsafe { Handle::from_c(handle) }.is_active())
}

/// Non-zero from the call of `uv_close` on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_is_closing(handle: *const uv_handle_t) -> c_int {
    // SAFETY: law 1.
    c_int::from(unsafe { Handle::from_c(handle) }.is_closing())
}

/// References a handle: while active it keeps the loop alive. Handles are referenced from the start; doing it again has no
/// effect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_ref(handle: *mut uv_handle_t) {
    // SAFETY: law 1.
    unsafe { Handle::from_c(handle) }.reference();
}

/// Takes a handle's reference away: it no longer keeps the loop alive. Doing it again has no effect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_unref(handle: *mut uv_handle_t) {
    // SAFETY: law 1.
    unsafe { Handle::from_c(handle) }.unreference();
}

/// Non-zero if the handle is referenced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_has_ref(handle: *const uv_handle_t) -> c_int {
    // SAFETY: law 1.
    c_int::from(unsafe { Handle::from_c(handle) }.has(flag::REF))
}

impl Handle {
    /// Fills the base fields and enters the handle into the loop.
    pub(crate) fn init(self, event_loop: Loop, kind: uv_handle_type) {
        self.r#loop.set(event_loop.as_ptr());
        self.r#type.set(kind);
        self.flags.set(flag::REF);
        self.close_cb.set(None);
        self.next_closing.set(ptr::null_mut());
        self.u.set(uv__handle_u { reserved: [ptr::null_mut(); 4] });
        event_loop.handle_queue().push_back(self.link());
    }

    /// The handle's loop.
    pub(crate) fn event_loop(self) -> Loop {
        // SAFETY: `init` set it, and a loop outlives its handles.
        unsafe { Loop::from_c(self.r#loop.get()) }
    }

    pub(crate) fn has(self, flags: c_uint) -> bool {
        self.flags.get() & flags != 0
    }

    pub(crate) fn set(self, flags: c_uint) {
        self.flags.set(self.flags.get() | flags);
    }

    pub(crate) fn clear(self, flags: c_uint) {
        self.flags.set(self.flags.get() & !flags);
    }

    pub(crate) fn is_active(self) -> bool {
        self.has(flag::ACTIVE)
    }

    pub(crate) fn is_closing(self) -> bool {
        self.has(flag::CLOSING | flag::CLOSED)
    }

    /// Makes the handle active; if it is referenced, the loop counts it.
    pub(crate) fn start(self) {
        if !self.is_active() {
            self.set(flag::ACTIVE);
            if self.has(flag::REF) {
                self.event_loop().count_active(1);
            }
        }
    }

    /// Makes the handle inactive.
    pub(crate) fn stop(self) {
        if self.is_active() {
            self.clear(flag::ACTIVE);
            if self.has(flag::REF) {
                self.event_loop().count_active(-1);
            }
        }
    }

    pub(crate) fn reference(self) {
        if !self.has(flag::REF) {
            self.set(flag::REF);
            if !self.has(flag::CLOSING) && self.is_active() {
                self.event_loop().count_active(1);
            }
        }
    }

    pub(crate) fn unreference(self) {
        if self.has(flag::REF) {
            self.clear(flag::REF);
            if !self.has(flag::CLOSING) && self.is_active() {
                self.event_loop().count_active(-1);
            }
        }
    }

    /// The handle by its type.
    pub(crate) fn kind(self) -> Kind {
        match self.r#type.get() {
            UV_ASYNC => Kind::Async(Async(self.0.cast())),
            UV_CHECK => Kind::Check(Check(self.0.cast())),
            UV_FS_EVENT => Kind::FsEvent(FsEvent(self.0.cast())),
            UV_FS_POLL => Kind::FsPoll(FsPoll(self.0.cast())),
            UV_IDLE => Kind::Idle(Idle(self.0.cast())),
            UV_NAMED_PIPE => Kind::Pipe(Pipe(self.0.cast())),
            UV_POLL => Kind::Poll(Poll(self.0.cast())),
            UV_PREPARE => Kind::Prepare(Prepare(self.0.cast())),
            UV_PROCESS => Kind::Process(Process(self.0.cast())),
            UV_SIGNAL => Kind::Signal(Signal(self.0.cast())),
            UV_TCP => Kind::Tcp(Tcp(self.0.cast())),
            UV_TIMER => Kind::Timer(Timer(self.0.cast())),
            UV_TTY => Kind::Tty(Tty(self.0.cast())),
            UV_UDP => Kind::Udp(Udp(self.0.cast())),
            _ => Kind::Unknown,
        }
    }

    /// The descriptor of an open handle of a type that has one.
    pub(crate) fn fileno(self) -> Result<c_int> {
        let fd = match self.kind() {
            Kind::Tcp(h) => h.io_watcher.fd.get(),
            Kind::Pipe(h) => h.io_watcher.fd.get(),
            Kind::Tty(h) => h.io_watcher.fd.get(),
            Kind::Udp(h) => h.io_watcher.fd.get(),
            Kind::Poll(h) => h.io_watcher.fd.get(),
            _ => return Err(Errno::EINVAL),
        };
        if self.is_closing() || fd == -1 { Err(Errno::EBADF) } else { Ok(fd) }
    }

    /// Notes that the handle is being closed. What follows stops it, and then `close_later`.
    pub(crate) fn start_closing(self, close_cb: uv_close_cb) {
        assert!(!self.is_closing(), "uv_close: the handle is already closing");
        self.set(flag::CLOSING);
        self.close_cb.set(close_cb);
    }

    /// Puts the handle among those that the next closing phase finishes, last in first out as with libuv.
    pub(crate) fn close_later(self) {
        let event_loop = self.event_loop();
        self.next_closing.set(event_loop.closing());
        event_loop.set_closing(self.as_ptr());
    }
}
