//! What a stream keeps, and how it gets its descriptor and its connection: what the files beside this one stand on.

use std::mem;
use std::ptr;

use libc::{c_int, c_uint, c_void};

use crate::abi::ext::uvring_accept_cb;
use crate::abi::*;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Stream, flag};
use crate::model::io_watcher::{self as io, Part};
use crate::model::request::{Connect, Req, Shutdown};
use crate::sys::socket;

/// Initialises the fields that streams share, the base fields included. `kind` is `UV_TCP`, `UV_NAMED_PIPE` or `UV_TTY`.
pub(crate) fn init(stream: Stream, event_loop: Loop, kind: uv_handle_type) {
    Handle::from(stream).init(event_loop, kind);
    stream.write_queue_size.set(0);
    stream.alloc_cb.set(None);
    stream.read_cb.set(None);
    stream.connect_req.set(ptr::null_mut());
    stream.shutdown_req.set(ptr::null_mut());
    stream.queued().init();
    stream.completed().init();
    stream.connection_cb.set(None);
    stream.delayed_error.set(0);
    stream.accepted_fd.set(-1);
    stream.queued_fds.set(ptr::null_mut());
    stream.io().init(Part::Stream, -1);
    // What `accept` gives up when the process has no more.
    if event_loop.emfile_fd.get() == -1 {
        event_loop.emfile_fd.set(socket::spare());
    }
}

/// Gives the stream a descriptor, which is non-blocking already, and adds `flags` (`READABLE`, `WRITABLE` …). A TCP
/// socket gets the options that were set before. `UV_EBUSY` if the stream has another descriptor.
pub(crate) fn open(stream: Stream, fd: c_int, flags: c_uint) -> Result {
    let handle = Handle::from(stream);
    if stream.fd() != -1 && stream.fd() != fd {
        return Err(Errno::EBUSY);
    }
    handle.set(flags);
    if stream.r#type.get() == UV_TCP && handle.has(flag::TCP_NODELAY | flag::TCP_KEEPALIVE) {
        apply_options(fd, handle)?;
    }
    stream.io_watcher.fd.set(fd);
    Ok(())
}

/// For a new socket: what was asked for before there was one.
fn apply_options(fd: c_int, handle: Handle) -> Result {
    if handle.has(flag::TCP_NODELAY) {
        socket::set_nodelay(fd, true)?;
    }
    if handle.has(flag::TCP_KEEPALIVE) {
        socket::set_keepalive(fd, true, [60, 1, 10])?;
    }
    Ok(())
}

/// Notes that `connect(2)` was called for `req`, with the outcome `begun` (in progress counts as `Ok`); `cb` is called in a
/// later phase. The caller has seen that there is no other connect request.
pub(crate) fn connecting(stream: Stream, req: Connect, cb: uv_connect_cb, begun: Result) -> Result {
    let event_loop = Handle::from(stream).event_loop();
    if begun.is_ok() {
        stream.io().start(event_loop, io::OUT)?;
    }
    Req::from(req).init(event_loop, UV_CONNECT);
    req.cb.set(cb);
    req.handle.set(stream.as_ptr());
    stream.connect_req.set(req.as_ptr());
    if let Err(e) = begun {
        stream.delayed_error.set(e.0);
        stream.io().feed(event_loop);
    }
    Ok(())
}

pub(super) fn take_connect(stream: Stream) -> Option<Connect> {
    let req = ptr::NonNull::new(stream.connect_req.replace(ptr::null_mut()))?;
    Handle::from(stream).event_loop().count_request(-1);
    // SAFETY: law 2.
    Some(unsafe { Connect::from_c(req.as_ptr()) })
}

pub(super) fn take_shutdown(stream: Stream) -> Option<Shutdown> {
    let req = ptr::NonNull::new(stream.shutdown_req.replace(ptr::null_mut()))?;
    Handle::from(stream).event_loop().count_request(-1);
    // SAFETY: law 2.
    Some(unsafe { Shutdown::from_c(req.as_ptr()) })
}

/// How the size of the next read buffer is suggested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Suggestion {
    /// Nothing was read yet: programs cache their first buffer.
    First,
    /// By what there is to read.
    Fitted,
    /// Always the largest.
    Large,
}

/// The first reserved word of a stream: a `Suggestion`, whether it listens and hands out sockets, how many reads in a row fitted
/// the size that was suggested last, and that size, which is a power of two above the rest.
const SUGGESTION: usize = 3;
const SERVER: usize = 4;
const STREAK: usize = 0x1f << 3;
/// It hands out sockets: `connection_cb` is a `uvring_accept_cb`.
const HANDS_OUT: usize = 0x100;
const SIZE: usize = !0x3ff;

type AnyCallback = unsafe extern "C" fn(*mut uv_stream_t, c_int);
type AcceptCallback = unsafe extern "C" fn(*mut uv_stream_t, c_int, uv_os_sock_t);

impl Stream {
    pub(crate) fn fd(self) -> c_int {
        self.io_watcher.fd.get()
    }

    fn word(self) -> *mut *mut c_void {
        // SAFETY: law 1; the union's four words are always initialised.
        unsafe { (&raw mut (*self.as_ptr()).u).cast() }
    }

    /// The second reserved word: where it keeps what functions of `uvring.h` need (`side.rs`), or NULL.
    pub(super) fn side_word(self) -> *mut *mut c_void {
        self.word().wrapping_add(1)
    }

    fn state(self) -> usize {
        // SAFETY: law 1.
        unsafe { self.word().read() }.addr()
    }

    fn set_state(self, state: usize) {
        // SAFETY: law 1.
        unsafe { self.word().write(ptr::without_provenance_mut(state)) }
    }

    pub(super) fn suggestion(self) -> Suggestion {
        match self.state() & SUGGESTION {
            0 => Suggestion::First,
            1 => Suggestion::Fitted,
            _ => Suggestion::Large,
        }
    }

    pub(super) fn set_suggestion(self, suggestion: Suggestion) {
        self.set_state(self.state() & !SUGGESTION | suggestion as usize);
    }

    /// The size suggested last (0 for none) and how many reads in a row it has fitted.
    pub(super) fn trend(self) -> (usize, usize) {
        (self.state() & SIZE, (self.state() & STREAK) >> STREAK.trailing_zeros())
    }

    pub(super) fn set_trend(self, size: usize, streak: usize) {
        self.set_state(self.state() & !(SIZE | STREAK) | size | streak << STREAK.trailing_zeros());
    }

    pub(super) fn is_server(self) -> bool {
        self.state() & SERVER != 0
    }

    pub(super) fn hands_out(self) -> bool {
        self.state() & HANDS_OUT != 0
    }

    /// Who gets the sockets, if it hands out any.
    pub(super) fn accept_cb(self) -> uvring_accept_cb {
        let cb = self.connection_cb.get().filter(|_| self.hands_out());
        // SAFETY: `set_accept_cb` made it of such a function.
        cb.map(|cb| unsafe { mem::transmute::<AnyCallback, AcceptCallback>(cb) })
    }

    /// Sets who gets the sockets of a listener; `None` for one that hands out none.
    pub(super) fn set_accept_cb(self, cb: uvring_accept_cb) {
        // SAFETY: pointers to functions are all alike; `accept_cb` undoes this before anybody calls it.
        self.connection_cb.set(cb.map(|cb| unsafe { mem::transmute::<AcceptCallback, AnyCallback>(cb) }));
        self.set_state(if cb.is_some() { self.state() | HANDS_OUT } else { self.state() & !HANDS_OUT });
    }

    pub(super) fn make_server(self) {
        self.set_state(self.state() | SERVER);
    }
}
