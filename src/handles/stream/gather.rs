//! Writes that are gathered until the callbacks of an iteration have run: then each stream's go to the kernel in one call.
//!
//! They stand in the stream's queue like all others, so the order is that of the calls. While the stream waits to become writable, or
//! to be connected, nothing has to be done for them: they go with what is before them.

use libc::c_uint;

use super::advance::{self, push_out};
use super::entry::{Gathered, Kind};
use super::side::Side;
use super::{watermark, write};
use crate::abi::ext::{uvring_write_cb, uvring_write_t};
use crate::abi::*;
use crate::base::buffers;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Stream, flag};
use crate::model::io_watcher as io;
use crate::model::net::Net;
use crate::op::check_buffers;

/// What `uvring_write_copy` takes at most, and the smallest and largest memory that it copies to.
const MOST_COPIED: usize = 64 * 1024;
const SMALLEST_CHUNK: usize = 4096;

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
    req.init(stream, Kind::Request, own, nbufs, cb);
    stream.queued().push_back(req.link());
    // SAFETY: just kept.
    queued(stream, side, unsafe { buffers::Buffers::of(own, nbufs as usize) }.bytes());
    Ok(())
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

/// Hands over what all streams of the loop have gathered.
#[inline]
pub(crate) fn flush(event_loop: Loop) {
    if let Some(extension) = event_loop.extension() {
        while let Some(link) = extension.gathered().first() {
            push_out(Side::of_link(link).stream);
        }
    }
}

/// True if there is something in the queue that was not tried.
pub(super) fn is_gathering(stream: Stream) -> bool {
    stream.side().is_some_and(|side| !side.link().is_empty())
}
