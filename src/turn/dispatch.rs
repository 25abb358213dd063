//! Whose? What is done to any handle, watcher or request, and each type does in its own way: close, finish closing, ready, cancel.

use std::ptr::{self, NonNull};

use libc::{c_int, c_uint};

use crate::abi::*;
use crate::callback;
use crate::handles::{async_handle, fs_event, fs_poll, pipe, poll, process, signal, stream, timer, tty, udp, watcher};
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Kind, Stream, flag};
use crate::model::io_watcher::{self as io, Io, Whose};
use crate::model::request::{FsReq, GetAddrInfo, GetNameInfo, Random, Req, Work, Write};
use crate::requests::{fs, take_back};

/// Starts closing a handle: it stops at once, its descriptor is closed, its pending requests end with `UV_ECANCELED`, and
/// `close_cb`, which may be NULL, is called in the closing phase of the loop. Only then may the memory be freed or reused.
/// Not thread-safe. Closing a handle twice is a mistake of the program and ends it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_close(handle: *mut uv_handle_t, close_cb: uv_close_cb) {
    // SAFETY: law 1.
    close(unsafe { Handle::from_c(handle) }, close_cb);
}

/// Cancels a request that has not started: its callback is called with `UV_ECANCELED`, in a later turn of the loop.
/// Works for file, name lookup, random and work requests, and for queued writes.
///
/// Returns 0, `UV_EBUSY` if the request runs or is done, `UV_EINVAL` for other types. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cancel(req: *mut uv_req_t) -> c_int {
    // SAFETY: law 2.
    cancel(unsafe { Req::from_c(req) }).into_c()
}

/// Gives the descriptor of a TCP, pipe, tty, UDP or poll handle. `UV_EINVAL` for other types, `UV_EBADF` if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fileno(handle: *const uv_handle_t, fd: *mut uv_os_fd_t) -> c_int {
    // SAFETY: law 1.
    let handle = unsafe { Handle::from_c(handle) };
    push_out(handle);
    match handle.fileno() {
        Ok(n) => {
            // SAFETY: the caller's place for the answer.
            unsafe { fd.write(n) };
            0
        }
        Err(e) => e.0,
    }
}

/// Who has the descriptor may write to it, behind what was written before.
fn push_out(handle: Handle) {
    match handle.kind() {
        Kind::Pipe(h) => stream::gather::flush_stream(h.into()),
        Kind::Tcp(h) => stream::gather::flush_stream(h.into()),
        _ => {}
    }
}

fn close(handle: Handle, close_cb: uv_close_cb) {
    handle.start_closing(close_cb);
    match handle.kind() {
        Kind::Async(h) => async_handle::close(h),
        Kind::Check(h) => watcher::close_check(h),
        Kind::FsEvent(h) => fs_event::close(h),
        // It ends when its last stat and its timer have.
        Kind::FsPoll(h) => return fs_poll::close(h),
        Kind::Idle(h) => watcher::close_idle(h),
        Kind::Pipe(h) => pipe::close(h),
        Kind::Poll(h) => poll::close(h),
        Kind::Prepare(h) => watcher::close_prepare(h),
        Kind::Process(h) => process::close(h),
        Kind::Signal(h) => signal::close(h),
        Kind::Tcp(h) => stream::ready::close(h.into()),
        Kind::Timer(h) => timer::close(h),
        Kind::Tty(h) => tty::close(h),
        Kind::Udp(h) => udp::close(h),
        Kind::Unknown => panic!("uv_close: not a handle"),
    }
    handle.close_later();
}

/// The closing phase. What is closed by a callback waits for the next one.
pub(super) fn run_closing(event_loop: Loop) {
    let state = event_loop.state();
    // Not a local variable: should a callback `longjmp` away, the next phase goes on with the rest.
    if state.closing_now.get().is_null() {
        state.closing_now.set(event_loop.closing());
        event_loop.set_closing(ptr::null_mut());
    }
    while let Some(handle) = NonNull::new(state.closing_now.get()) {
        // SAFETY: law 1: only the closing phase lets go of a closing handle.
        let handle = unsafe { Handle::from_c(handle.as_ptr()) };
        state.closing_now.set(handle.next_closing.get());
        finish_closing(handle);
    }
}

/// Ends what is left of a closing handle and calls its `close_cb`.
fn finish_closing(handle: Handle) {
    handle.set(flag::CLOSED);
    match handle.kind() {
        Kind::Pipe(h) => stream::ready::finish_closing(h.into()),
        Kind::Tcp(h) => stream::ready::finish_closing(h.into()),
        Kind::Tty(h) => stream::ready::finish_closing(h.into()),
        Kind::Udp(h) => udp::finish_closing(h),
        Kind::Signal(h) if !signal::may_finish(h) => {
            // The signal pipe still holds a message for it.
            handle.clear(flag::CLOSED);
            return handle.close_later();
        }
        _ => {}
    }
    handle.unreference();
    handle.link().unlink();
    debug_assert!(is_at_rest(handle), "law 1");
    callback::close(handle);
}

/// True if neither the loop nor the kernel gets from a descriptor to the handle. For assertions.
fn is_at_rest(handle: Handle) -> bool {
    match handle.kind() {
        Kind::Pipe(h) => Stream::from(h).io().is_at_rest(),
        Kind::Tcp(h) => Stream::from(h).io().is_at_rest(),
        Kind::Tty(h) => Stream::from(h).io().is_at_rest(),
        Kind::Udp(h) => h.io().is_at_rest(),
        Kind::Poll(h) => h.io().is_at_rest(),
        // It has no watcher of its own.
        _ => true,
    }
}

/// The driver's poll has reported `events`.
#[inline]
pub(super) fn on_poll(io: Io, events: c_uint) {
    let events = io.told_of(events);
    if events != 0 {
        deliver(io, events);
    }
}

#[inline]
fn deliver(io: Io, events: c_uint) {
    match io.whose() {
        Whose::Stream(stream) => stream::ready::on_ready(stream, events),
        Whose::Udp(udp) => udp::on_ready(udp, events),
        Whose::Poll(poll) => poll::on_ready(poll, events),
        Whose::Wake => {}
        Whose::Signal(event_loop) => signal::on_ready(event_loop),
        Whose::Inotify(event_loop) => fs_event::on_ready(event_loop),
    }
}

/// The pending phase: calls the owners of fed watchers as if writable.
pub(super) fn run_pending(event_loop: Loop) {
    let todo = event_loop.state().walking.pending();
    // Of callbacks that have jumped away.
    todo.append_all(event_loop.state().walking.held());
    todo.append_all(event_loop.pending_queue());
    while let Some(link) = todo.pop_front() {
        let io = Io::of_pending_link(link);
        io.unfeed();
        deliver(io, io::OUT);
    }
}

fn cancel(req: Req) -> Result {
    let at = req.as_ptr();
    // SAFETY: law 2; each is of the type that the request says.
    unsafe {
        match req.r#type.get() {
            UV_FS => fs::cancel(FsReq::from_c(at.cast())),
            UV_WRITE => stream::write::cancel(Write::from_c(at.cast())),
            UV_GETADDRINFO => take_back(GetAddrInfo::from_c(at.cast())),
            UV_GETNAMEINFO => take_back(GetNameInfo::from_c(at.cast())),
            UV_RANDOM => take_back(Random::from_c(at.cast())),
            UV_WORK => take_back(Work::from_c(at.cast())),
            _ => Err(Errno::EINVAL),
        }
    }
}
