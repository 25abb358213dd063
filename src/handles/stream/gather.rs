//! Writes that are gathered until the callbacks of an iteration have run: then each stream's go to the kernel in one call.
//!
//! They stand in the stream's queue like all others, so the order is that of the calls. While the stream waits to become writable, or
//! to be connected, nothing has to be done for them: they go with what is before them.

use libc::c_uint;

use super::advance::{self, push_out};
use super::entry::{Entry, Gathered};
use super::side::Side;
use super::{watermark, write};
use crate::abi::ext::{uvring_release_cb, uvring_view_t, uvring_write_cb, uvring_write_t};
use crate::abi::*;
use crate::base::buffers;
use crate::model::event_loop::Loop;
use crate::model::ext_request::Kind;
use crate::model::handle::{Handle, Stream, flag};
use crate::model::io_watcher as io;
use crate::model::metrics::add;
use crate::model::net::Net;
use crate::model::view_pool::Kept;
use crate::op::check_buffers;

/// What `uvring_write_copy` takes at most, and the smallest and largest memory that it copies to.
const MOST_COPIED: usize = 64 * 1024;
const SMALLEST_CHUNK: usize = 512;

/// `uvring_write`.
///
/// # Safety
/// `bufs` has `nbufs` buffers; `req` is the caller's (law 2).
pub(crate) unsafe fn write(
    req: *mut uvring_write_t,
    stream: Stream,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    cb: uvring_write_cb,
) -> Result {
    // SAFETY: the caller's.
    unsafe { write_as(Kind::Write, req, stream, bufs, nbufs, cb) }.map(|_| ())
}

/// `uvring_write_zc`, as `uvring_write`: the kernel copies. What it is without a copy pays only on real network cards, and not for
/// memory that fits the processor's cache.
///
/// # Safety
/// As for `write`.
pub(crate) unsafe fn write_zc(
    req: *mut uvring_write_t,
    stream: Stream,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    cb: uvring_write_cb,
    release: uvring_release_cb,
) -> Result {
    if release.is_none() {
        return Err(Errno::EINVAL);
    }
    let counters = &Handle::from(stream).event_loop().state().metrics.ext;
    // SAFETY: the caller's.
    let req = unsafe { write_as(Kind::ZeroCopy, req, stream, bufs, nbufs, cb) }?;
    add(&counters.zc_sends, 1);
    add(&counters.zc_copied, 1);
    req.copied.set(1);
    req.give_back_by(release);
    Ok(())
}

/// # Safety
/// As for `write`.
unsafe fn write_as(
    kind: Kind,
    req: *mut uvring_write_t,
    stream: Stream,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    cb: uvring_write_cb,
) -> Result<Gathered> {
    if req.is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    let req = unsafe {
        check_buffers(bufs, nbufs)?;
        Gathered::from_c(req)
    };
    let side = begin(stream)?;
    // SAFETY: the caller's, and room in the request (law 2).
    let own = unsafe { buffers::keep(bufs, nbufs, req.small()) }?;
    req.init(stream, kind, own, nbufs, cb);
    stream.queued().push_back(req.link());
    // SAFETY: just kept.
    queued(stream, side, unsafe { buffers::Buffers::of(own, nbufs as usize) }.bytes());
    Ok(req)
}

/// `uvring_write_copy`.
///
/// # Safety
/// There are `len` bytes at `base`.
pub(crate) unsafe fn write_copy(stream: Stream, base: *const u8, len: usize) -> Result {
    if len > MOST_COPIED || (base.is_null() && len > 0) {
        return Err(Errno::EINVAL);
    }
    let side = begin(stream)?;
    if stream.write_queue_size.get() > side.high.get() {
        push_out(stream);
        side.take_error()?;
        if stream.write_queue_size.get() > side.high.get() {
            return Err(Errno::EAGAIN);
        }
    }
    let chunk = match side.chunk.get() {
        // Behind other requests its bytes would come before theirs.
        Some(chunk) if side.room.get() >= len && stream.queued().last() == Some(chunk.link()) => chunk,
        last => {
            // Twice as much as before, while it is one burst.
            let room = if last.is_some() { 2 * side.bytes.get() } else { 0 };
            let room = room.max(len).next_power_of_two().clamp(SMALLEST_CHUNK, MOST_COPIED);
            let chunk = Gathered::new_chunk(stream, room)?;
            stream.queued().push_back(chunk.link());
            side.chunk.set(Some(chunk));
            side.room.set(room);
            chunk
        }
    };
    // SAFETY: the caller's, and there is room.
    unsafe { chunk.append(base, len) };
    side.room.set(side.room.get() - len);
    queued(stream, side, len);
    Ok(())
}

/// `uvring_write_view`; without a request if `req` is NULL.
///
/// # Safety
/// `req` is NULL or the caller's (law 2).
pub(crate) unsafe fn write_view(
    req: *mut uvring_write_t,
    stream: Stream,
    view: &uvring_view_t,
    cb: uvring_write_cb,
) -> Result {
    let side = begin(stream)?;
    let len = view.len.get();
    let own = if req.is_null() { Some(Gathered::new_chunk(stream, 0)?) } else { None };
    let (kept, base) = Kept::take(view).inspect_err(|_| {
        if let Some(own) = own {
            own.end_silently(Handle::from(stream).event_loop());
        }
    })?;
    let req = own.unwrap_or_else(|| {
        // SAFETY: the caller's.
        let req = unsafe { Gathered::from_c(req) };
        req.init(stream, Kind::Write, req.small(), 1, cb);
        req
    });
    // SAFETY: the room for a first buffer (law 2).
    unsafe { req.small().write(uv_buf_t { base, len }) };
    req.hold(kept);
    stream.queued().push_back(req.link());
    queued(stream, side, len);
    Ok(())
}

/// Everything that can fail before a write is taken, but for its memory.
fn begin(stream: Stream) -> Result<&'static Side> {
    write::check_stream(stream)?;
    Handle::from(stream).event_loop().extension_or_new()?;
    let side = stream.side_or_new()?;
    side.take_error()?;
    Ok(side)
}

/// Notes that `bytes` more stand in the queue.
fn queued(stream: Stream, side: &'static Side, bytes: usize) {
    stream.write_queue_size.set(stream.write_queue_size.get() + bytes);
    wait_for_callbacks(stream, side, bytes);
}

/// Has libuv's request, the last in the queue, of `bytes`, wait for the end of the callbacks, too. False if it is not to, or if there is
/// no memory for that.
pub(super) fn take_in(stream: Stream, bytes: usize) -> bool {
    if !gathers_all(stream) || Handle::from(stream).event_loop().extension_or_new().is_err() {
        return false;
    }
    let Ok(side) = stream.side_or_new() else { return false };
    if !side.is_socket() {
        return false;
    }
    wait_for_callbacks(stream, side, bytes);
    true
}

/// True if the stream's loop gathers libuv's requests, too.
#[inline]
pub(super) fn gathers_all(stream: Stream) -> bool {
    let handle = Handle::from(stream);
    handle.event_loop().state().net.get() == Net::Gather && !handle.has(flag::BLOCKING_WRITES)
}

fn wait_for_callbacks(stream: Stream, side: &'static Side, bytes: usize) {
    let event_loop = Handle::from(stream).event_loop();
    let counters = &event_loop.state().metrics.ext;
    add(&counters.write_calls, 1);
    add(&counters.write_bytes, bytes as u64);
    if stream.io().wants(io::OUT) {
        return watermark::note(stream);
    }
    let Some(extension) = event_loop.extension() else { return };
    if side.link().is_empty() {
        extension.gathered().push_back(side.link());
        if event_loop.state().running.get().is_none() {
            event_loop.announce();
        }
    }
    side.bytes.set(side.bytes.get() + bytes);
    if side.bytes.get() >= extension.gather_bytes.get() {
        push_out(stream);
    }
}

/// `uvring_cancel` of a write. One that has ended needs none; its callback tells how.
pub(crate) fn cancel(req: Gathered) {
    // SAFETY: laws 1 and 2: the request is under way, so its stream is alive.
    let stream = unsafe { Stream::from_c(req.handle.get()) };
    if !Handle::from(stream).is_closing() && !req.bufs.get().is_null() && req.status.get() == 0 {
        advance::cancel(stream, Entry::Ours(req));
    }
}

/// Hands over what the stream has gathered. In a forked child that is the parent's to do.
pub(crate) fn flush_stream(stream: Stream) {
    if is_gathering(stream) && !Handle::from(stream).event_loop().state().is_parents() {
        push_out(stream);
    }
}

/// In a forked child: what was gathered is the parent's to write, and ends here with `UV_ECANCELED`.
pub(crate) fn after_fork(event_loop: Loop) -> Result {
    if let Some(extension) = event_loop.extension()
        && event_loop.state().is_parents()
    {
        while let Some(link) = extension.gathered().pop_front() {
            let stream = Side::of_link(link).stream;
            advance::flush(stream, Errno::ECANCELED);
            advance::push_out(stream);
        }
    }
    Ok(())
}

/// True if there is something in the queue that was not tried.
pub(super) fn is_gathering(stream: Stream) -> bool {
    stream.side().is_some_and(|side| !side.link().is_empty())
}
