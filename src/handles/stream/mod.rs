//! Streams: what TCP, pipe and tty handles share.
//!
//! The ring or epoll tells when a descriptor is ready; the data goes by plain calls (design, "Streams"). A stream's watcher
//! wants IN while it reads or listens, and OUT while a connection attempt is under way or writes wait. It is fed when a
//! callback is due without an event: for ended writes, a delayed error, a shutdown with nothing before it.

pub(crate) mod accept;
pub(crate) mod read;
pub(crate) mod write;

use std::ptr;

use libc::{c_int, c_uint, c_void};

use crate::abi::*;
use crate::base::queue::Link;
use crate::callback;
use crate::handles::tcp;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Kind, Stream, flag};
use crate::model::io_watcher as io;
use crate::model::io_watcher::{Io, Part};
use crate::model::request::{Connect, Req, Shutdown};
use crate::sys::socket;

/// Shuts the write side of a stream down once all queued writes have ended, then calls `cb`, which may be NULL. The stream
/// is not writable from now on.
///
/// Returns 0; `UV_ENOTCONN` if the stream is not writable, is shutting down already, or is closing. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_shutdown(req: *mut uv_shutdown_t, handle: *mut uv_stream_t, cb: uv_shutdown_cb) -> c_int {
    // SAFETY: laws 1 and 2.
    unsafe { shutdown(Shutdown::from_c(req), Stream::from_c(handle), cb) }.into_c()
}

/// 1 if the stream can be read from, else 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_is_readable(handle: *const uv_stream_t) -> c_int {
    // SAFETY: law 1.
    c_int::from(unsafe { Handle::from_c(handle.cast()) }.has(flag::READABLE))
}

/// 1 if the stream can be written to, else 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_is_writable(handle: *const uv_stream_t) -> c_int {
    // SAFETY: law 1.
    c_int::from(unsafe { Handle::from_c(handle.cast()) }.has(flag::WRITABLE))
}

/// Makes the stream's descriptor blocking or, with `blocking` 0, non-blocking again: writes then end before `uv_write`
/// returns; their callbacks come later all the same. Returns 0, or `UV_EBADF` if the stream is not open. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_stream_set_blocking(handle: *mut uv_stream_t, blocking: c_int) -> c_int {
    // SAFETY: law 1.
    socket::set_nonblocking(unsafe { Stream::from_c(handle) }.fd(), blocking == 0).into_c()
}

/// Sets the size in bytes of the kernel's send buffer for a TCP, pipe or UDP handle; with `*value` 0 it asks for the size
/// and puts it there. Linux sets, and tells, twice what was asked for.
///
/// Returns 0; `UV_EINVAL` if a pointer is NULL; `UV_ENOTSUP` for other handles; `UV_EBADF` if it is not open; or another
/// error. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_send_buffer_size(handle: *mut uv_handle_t, value: *mut c_int) -> c_int {
    // SAFETY: law 1, and the caller's place for the answer.
    unsafe { buffer_size(handle, value, libc::SO_SNDBUF) }.into_c()
}

/// As `uv_send_buffer_size`, for the receive buffer. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_recv_buffer_size(handle: *mut uv_handle_t, value: *mut c_int) -> c_int {
    // SAFETY: law 1, and the caller's place for the answer.
    unsafe { buffer_size(handle, value, libc::SO_RCVBUF) }.into_c()
}

/// # Safety
/// Law 1; `value` is NULL or valid.
unsafe fn buffer_size(handle: *mut uv_handle_t, value: *mut c_int, option: c_int) -> Result {
    if handle.is_null() || value.is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    let fd = match unsafe { Handle::from_c(handle) }.kind() {
        Kind::Tcp(h) => h.io_watcher.fd.get(),
        Kind::Pipe(h) => h.io_watcher.fd.get(),
        Kind::Udp(h) => h.io_watcher.fd.get(),
        _ => return Err(Errno::ENOTSUP),
    };
    // SAFETY: the caller's.
    unsafe {
        if *value != 0 {
            return socket::set_option(fd, libc::SOL_SOCKET, option, *value);
        }
        *value = socket::get_option(fd, libc::SOL_SOCKET, option)?;
    }
    Ok(())
}

/// Initialises the fields that streams share, the base fields included. `kind` is `UV_TCP`, `UV_NAMED_PIPE` or `UV_TTY`.
pub(crate) fn init(stream: Stream, event_loop: Loop, kind: uv_handle_type) {
    Handle::from(stream).init(event_loop, kind);
    stream.write_queue_size.set(0);
    stream.alloc_cb.set(None);
    stream.read_cb.set(None);
    stream.connect_req.set(ptr::null_mut());
    stream.shutdown_req.set(ptr::null_mut());
    stream.write_queue().init();
    stream.completed_queue().init();
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
        tcp::apply_options(fd, handle)?;
    }
    stream.io_watcher.fd.set(fd);
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

fn shutdown(req: Shutdown, stream: Stream, cb: uv_shutdown_cb) -> Result {
    let handle = Handle::from(stream);
    let may = handle.has(flag::WRITABLE) && !handle.has(flag::SHUT) && !handle.is_closing();
    if !may || !stream.shutdown_req.get().is_null() {
        return Err(Errno::ENOTCONN);
    }
    Req::from(req).init(handle.event_loop(), UV_SHUTDOWN);
    req.handle.set(stream.as_ptr());
    req.cb.set(cb);
    stream.shutdown_req.set(req.as_ptr());
    handle.clear(flag::WRITABLE);
    if stream.write_queue().is_empty() && stream.connect_req.get().is_null() {
        stream.io().feed(handle.event_loop());
    }
    Ok(())
}

/// From `uv_close`: the kernel lets go of the descriptor, which is closed, and so is what nobody has claimed.
pub(crate) fn close(stream: Stream) {
    let handle = Handle::from(stream);
    read::stop(stream);
    stream.io().close(handle.event_loop());
    handle.stop();
    handle.clear(flag::READABLE | flag::WRITABLE);
    // Closing what the whole process takes for its standard streams does no good.
    let fd = stream.io_watcher.fd.replace(-1);
    if fd > libc::STDERR_FILENO {
        socket::close(fd);
    }
    accept::close(stream);
}

/// In the closing phase: what is left of connect, write and shutdown requests ends with `UV_ECANCELED`.
pub(crate) fn finish_closing(stream: Stream) {
    let event_loop = Handle::from(stream).event_loop();
    if let Some(req) = take_connect(stream) {
        callback::connect(req, Errno::ECANCELED.0);
    }
    write::flush(stream, Errno::ECANCELED);
    write::run_callbacks(stream);
    if let Some(req) = ptr::NonNull::new(stream.shutdown_req.replace(ptr::null_mut())) {
        event_loop.count_request(-1);
        // SAFETY: law 2.
        callback::shutdown(unsafe { Shutdown::from_c(req.as_ptr()) }, Errno::ECANCELED.0);
    }
}

/// The descriptor is ready, or the watcher was fed (`OUT` alone).
pub(crate) fn on_ready(stream: Stream, events: c_uint) {
    if stream.is_server() {
        return accept::on_ready(stream);
    }
    if !stream.connect_req.get().is_null() {
        return finish_connecting(stream);
    }
    if events & (io::IN | io::ERR | io::HUP) != 0 {
        if is_end(stream, events) {
            read::end_without_buffer(stream);
        } else {
            read::on_ready(stream, events);
        }
        if stream.fd() == -1 {
            return;
        }
    }
    if events & (io::OUT | io::ERR | io::HUP) != 0 {
        write::on_ready(stream);
    }
}

/// True if there is a hang-up and, though it was asked for, nothing to read: nobody has the other end of a pipe. A socket is
/// readable then, and a terminal says more when read.
fn is_end(stream: Stream, events: c_uint) -> bool {
    events & (io::IN | io::ERR | io::HUP) == io::HUP
        && Handle::from(stream).has(flag::READING)
        && stream.io_watcher.events.get() & io::IN != 0
        && stream.r#type.get() != UV_TTY
}

fn take_connect(stream: Stream) -> Option<Connect> {
    let req = ptr::NonNull::new(stream.connect_req.replace(ptr::null_mut()))?;
    Handle::from(stream).event_loop().count_request(-1);
    // SAFETY: law 2.
    Some(unsafe { Connect::from_c(req.as_ptr()) })
}

/// The connection attempt may have ended.
fn finish_connecting(stream: Stream) {
    let event_loop = Handle::from(stream).event_loop();
    let result = match stream.delayed_error.replace(0) {
        // Fed for the sake of a cancelled write: SO_ERROR says nothing while the attempt is under way.
        0 if !stream.completed_queue().is_empty() && !socket::is_writable(stream.fd()) => {
            return write::run_callbacks(stream);
        }
        0 => socket::take_error(stream.fd()),
        error => Err(Errno(error)),
    };
    if result == Err(socket::EINPROGRESS) {
        return;
    }
    let Some(req) = take_connect(stream) else { return };
    if result.is_err() || stream.write_queue().is_empty() {
        stream.io().stop(event_loop, io::OUT);
    }
    callback::connect(req, result.into_c());
    if stream.fd() == -1 {
        return;
    }
    if result.is_err() {
        write::flush(stream, Errno::ECANCELED);
        write::run_callbacks(stream);
        return;
    }
    // What was put off meanwhile.
    let has_news = !stream.completed_queue().is_empty() || !stream.shutdown_req.get().is_null();
    if stream.write_queue().is_empty() && has_news {
        stream.io().feed(event_loop);
    }
}

/// How the size of the next read buffer is suggested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suggestion {
    /// Nothing was read yet: programs cache their first buffer.
    First,
    /// By what there is to read.
    Fitted,
    /// Always the largest.
    Large,
}

/// The first reserved word of a stream: a `Suggestion`, whether it listens, how many reads in a row fitted the size that was
/// suggested last, and that size, which is a power of two above the rest.
const SUGGESTION: usize = 3;
const SERVER: usize = 4;
const STREAK: usize = 0x1f << 3;
const SIZE: usize = !0x3ff;

impl Stream {
    /// The stream's watcher.
    pub(crate) fn io(self) -> Io {
        // SAFETY: law 1.
        unsafe { Io::at(&raw const (*self.as_ptr()).io_watcher) }
    }

    pub(crate) fn fd(self) -> c_int {
        self.io_watcher.fd.get()
    }

    /// Requests not yet written.
    pub(crate) fn write_queue(self) -> Link {
        // SAFETY: law 1.
        unsafe { Link::at(&raw const (*self.as_ptr()).write_queue) }
    }

    /// Requests that await their callbacks.
    pub(crate) fn completed_queue(self) -> Link {
        // SAFETY: law 1.
        unsafe { Link::at(&raw const (*self.as_ptr()).write_completed_queue) }
    }

    fn word(self) -> *mut *mut c_void {
        // SAFETY: law 1; the union's four words are always initialised.
        unsafe { (&raw mut (*self.as_ptr()).u).cast() }
    }

    fn state(self) -> usize {
        // SAFETY: law 1.
        unsafe { self.word().read() }.addr()
    }

    fn set_state(self, state: usize) {
        // SAFETY: law 1.
        unsafe { self.word().write(ptr::without_provenance_mut(state)) }
    }

    fn suggestion(self) -> Suggestion {
        match self.state() & SUGGESTION {
            0 => Suggestion::First,
            1 => Suggestion::Fitted,
            _ => Suggestion::Large,
        }
    }

    fn set_suggestion(self, suggestion: Suggestion) {
        self.set_state(self.state() & !SUGGESTION | suggestion as usize);
    }

    /// The size suggested last (0 for none) and how many reads in a row it has fitted.
    fn trend(self) -> (usize, usize) {
        (self.state() & SIZE, (self.state() & STREAK) >> STREAK.trailing_zeros())
    }

    fn set_trend(self, size: usize, streak: usize) {
        self.set_state(self.state() & !(SIZE | STREAK) | size | streak << STREAK.trailing_zeros());
    }

    fn is_server(self) -> bool {
        self.state() & SERVER != 0
    }

    fn make_server(self) {
        self.set_state(self.state() | SERVER);
    }
}
