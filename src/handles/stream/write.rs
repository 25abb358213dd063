//! Writing, and shutting down.
//!
//! A write is tried at once if nothing is before it; what the kernel does not take waits (`advance.rs`). What the functions of
//! `uvring.h` have gathered (`gather.rs`) goes first.

use std::ptr;

use libc::{c_int, c_uint};

use super::entry::Entry;
use super::{advance, gather, read, watermark};
use crate::abi::*;
use crate::base::buffers;
use crate::model::handle::{Handle, Kind, Stream, flag};
use crate::model::io_watcher as io;
use crate::model::metrics::add;
use crate::model::request::{Req, Shutdown, Write};
use crate::op::check_buffers;
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

/// Writes buffers to a stream, in order and after all that was written before. The array is copied, the memory it points
/// to must stay until `cb`, which may be NULL. `cb` is called once the kernel has taken all bytes, or with an error; never
/// from inside this call.
///
/// Returns 0; `UV_EBADF` if the stream is not open; `UV_EPIPE` if it is not writable; `UV_EINVAL` without buffers;
/// `UV_ENOMEM`. `cb` is not called then. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_write(
    req: *mut uv_write_t,
    handle: *mut uv_stream_t,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    cb: uv_write_cb,
) -> c_int {
    // SAFETY: laws 1 and 2.
    unsafe { write(Write::from_c(req), Stream::from_c(handle), bufs, nbufs, None, cb) }.into_c()
}

/// As `uv_write`, and passes a TCP, pipe or UDP handle along, over a pipe that was initialised with `ipc`. The handle stays
/// open on this side, and must do so until `cb`. With `send_handle` NULL it is `uv_write`.
///
/// Besides `uv_write`'s errors: `UV_EINVAL` if the stream is no such pipe, `UV_EBADF` if the handle has no descriptor. Not
/// thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_write2(
    req: *mut uv_write_t,
    handle: *mut uv_stream_t,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    send_handle: *mut uv_stream_t,
    cb: uv_write_cb,
) -> c_int {
    // SAFETY: laws 1 and 2.
    unsafe {
        let send = (!send_handle.is_null()).then(|| Handle::from_c(send_handle.cast()));
        write(Write::from_c(req), Stream::from_c(handle), bufs, nbufs, send, cb)
    }
    .into_c()
}

/// Writes what the kernel takes at once.
///
/// Returns how many bytes that was; `UV_EAGAIN` if it takes none now, or if there are writes in the queue or a connection
/// attempt is under way; `uv_write`'s errors; or that of the write. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_try_write(handle: *mut uv_stream_t, bufs: *const uv_buf_t, nbufs: c_uint) -> c_int {
    // SAFETY: law 1.
    unsafe { try_write(Stream::from_c(handle), bufs, nbufs, None) }.into_c()
}

/// As `uv_try_write`, and passes a handle along as `uv_write2` does. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_try_write2(
    handle: *mut uv_stream_t,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    send_handle: *mut uv_stream_t,
) -> c_int {
    // SAFETY: law 1.
    unsafe {
        let send = (!send_handle.is_null()).then(|| Handle::from_c(send_handle.cast()));
        try_write(Stream::from_c(handle), bufs, nbufs, send)
    }
    .into_c()
}

/// How many bytes of a write request the kernel took. Meaningful inside its callback, mostly after `uv_cancel`. Not
/// thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_write_nwritten(req: *const uv_write_t) -> usize {
    // SAFETY: law 2.
    unsafe { Write::from_c(req) }.write_extra.get().nwritten
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
    if stream.queued().is_empty() && stream.connect_req.get().is_null() {
        stream.io().feed(handle.event_loop());
    }
    Ok(())
}

/// # Safety
/// `bufs` has `nbufs` buffers.
unsafe fn write(
    req: Write,
    stream: Stream,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    send: Option<Handle>,
    cb: uv_write_cb,
) -> Result {
    // SAFETY: the caller's.
    unsafe { check(stream, bufs, nbufs, send) }?;
    // SAFETY: the caller's, and room in the request (law 2).
    let own = unsafe { buffers::keep(bufs, nbufs, req.small()) }?;
    Req::from(req).init(Handle::from(stream).event_loop(), UV_WRITE);
    req.cb.set(cb);
    req.handle.set(stream.as_ptr());
    req.send_handle.set(send.map_or(ptr::null_mut(), |handle| handle.as_ptr().cast()));
    req.error.set(0);
    req.bufs.set(own);
    req.nbufs.set(nbufs);
    req.write_index.set(0);
    req.write_extra.set(uv__req_write_extra_s { nwritten: 0 });
    req.link().init();

    let total = req.buffers().bytes();
    let nothing_before = stream.write_queue_size.get() == 0;
    stream.write_queue_size.set(stream.write_queue_size.get() + total);
    stream.queued().push_back(req.link());
    if !stream.connect_req.get().is_null() {
        // It is written once connected.
    } else if send.is_none() && (nothing_before || gather::is_gathering(stream)) && gather::take_in(stream, total) {
        // It is written when the callbacks have run.
    } else if nothing_before || gather::is_gathering(stream) {
        advance::push_out(stream);
    } else if let Err(e) = want_writable(stream) {
        req.link().unlink();
        stream.write_queue_size.set(stream.write_queue_size.get() - total);
        Entry::Libuv(req).free_bufs();
        Handle::from(stream).event_loop().count_request(-1);
        return Err(e);
    } else {
        watermark::note(stream);
    }
    Ok(())
}

/// # Safety
/// `bufs` has `nbufs` buffers.
unsafe fn try_write(stream: Stream, bufs: *const uv_buf_t, nbufs: c_uint, send: Option<Handle>) -> Result<c_int> {
    if stream.write_queue_size.get() != 0 {
        gather::flush_stream(stream);
    }
    if !stream.connect_req.get().is_null() || stream.write_queue_size.get() != 0 {
        return Err(Errno::EAGAIN);
    }
    // SAFETY: the caller's.
    unsafe { check(stream, bufs, nbufs, send) }?;
    // SAFETY: the caller's.
    unsafe { hand_over(stream, bufs, nbufs as usize, send) }.map(|n| n as c_int)
}

/// # Safety
/// `bufs` has `nbufs` buffers.
unsafe fn check(stream: Stream, bufs: *const uv_buf_t, nbufs: c_uint, send: Option<Handle>) -> Result {
    // SAFETY: the caller's.
    unsafe { check_buffers(bufs, nbufs) }?;
    check_stream(stream)?;
    if let Some(send) = send {
        if !read::is_ipc(stream) {
            return Err(Errno::EINVAL);
        }
        descriptor(send)?;
    }
    Ok(())
}

pub(super) fn check_stream(stream: Stream) -> Result {
    if stream.fd() < 0 {
        return Err(Errno::EBADF);
    }
    if Handle::from(stream).has(flag::WRITABLE) { Ok(()) } else { Err(Errno::EPIPE) }
}

/// The descriptor of a handle that may be passed.
fn descriptor(handle: Handle) -> Result<c_int> {
    let fd = match handle.kind() {
        Kind::Tcp(h) => h.io_watcher.fd.get(),
        Kind::Pipe(h) => h.io_watcher.fd.get(),
        Kind::Udp(h) => h.io_watcher.fd.get(),
        _ => -1,
    };
    if fd < 0 || handle.is_closing() { Err(Errno::EBADF) } else { Ok(fd) }
}

/// One system call. `UV_EAGAIN` if the kernel takes nothing now.
///
/// # Safety
/// `bufs` has `count` readable buffers (law 4).
pub(super) unsafe fn hand_over(
    stream: Stream,
    bufs: *const uv_buf_t,
    count: usize,
    send: Option<Handle>,
) -> Result<usize> {
    add(&Handle::from(stream).event_loop().state().metrics.stream_writes, 1);
    // SAFETY: the caller's.
    let taken = unsafe {
        match send {
            None => socket::write(stream.fd(), bufs, count),
            Some(handle) => socket::write_with_fd(stream.fd(), bufs, count, descriptor(handle)?),
        }
    };
    // The kernel has no memory for it now, but will have.
    if taken == Err(Errno::ENOBUFS) { Err(Errno::EAGAIN) } else { taken }
}

pub(super) fn want_writable(stream: Stream) -> Result {
    stream.io().start(Handle::from(stream).event_loop(), io::OUT)
}

/// `uv_cancel` of a write. One that has ended needs none; its callback tells how.
pub(crate) fn cancel(req: Write) -> Result {
    // SAFETY: laws 1 and 2: the request is under way, so its stream is alive.
    let stream = unsafe { Stream::from_c(req.handle.get()) };
    let handle = Handle::from(stream);
    if handle.is_closing() {
        return Err(Errno::EBUSY);
    }
    if !req.bufs.get().is_null() && req.error.get() == 0 {
        add(&handle.event_loop().state().metrics.cancels, 1);
        advance::cancel(stream, Entry::Libuv(req));
    }
    Ok(())
}
