//! Reading.
//!
//! The driver tells that the descriptor is readable; then `alloc_cb`, the read and `read_cb` follow each other with no
//! user code between (law 6).

use std::ptr;

use libc::{c_int, c_uint};
use once_cell::race::OnceBool;

use super::state::Suggestion;
use super::{accept, reads, recv};
use crate::abi::*;
use crate::base::environment;
use crate::callback;
use crate::model::handle::{Handle, Pipe, Stream, flag};
use crate::model::io_watcher as io;
use crate::model::metrics::add;
use crate::sys::socket;

/// The most reads for one event, so that a stream on which data never ends leaves time to the others.
const MOST_READS: usize = 32;

/// The largest `suggested_size`, and what is suggested where nothing is known.
const LARGE: usize = 65536;
/// The smallest.
const SMALL: usize = 1024;

/// After so many reads in a row that fitted the same suggestion, it is repeated without asking what there is to read: the
/// question costs 0.3 µs of the 3.8 that the server uses for an echo of 64 bytes over TCP. So many, because the first
/// message that is much longer then comes in two parts, which a program tried on loopback only may never have seen.
const STEADY: usize = 4;

/// `UVRING_SUGGESTED_SIZE=65536` in the environment: always suggest that much, as libuv does.
fn is_always_large() -> bool {
    static ALWAYS: OnceBool = OnceBool::new();
    ALWAYS.get_or_init(|| environment::is(c"UVRING_SUGGESTED_SIZE", c"65536"))
}

/// Reads from a stream: whenever there is data `alloc_cb` is asked for a buffer, and `read_cb` called with what was read
/// into it, until `uv_read_stop`, the end, or an error.
///
/// `read_cb` gets the number of bytes; 0 if there was nothing to read after all; `UV_EOF` at the end, which stops the
/// reading; `UV_ENOBUFS` if `alloc_cb` gave no memory; or another error. The size suggested to `alloc_cb` is at most 65536;
/// from the second read on a stream socket it is what is there to be read, and one more, rounded up to a power of two from 1024
/// on; when that has been the same for four reads, it stays so until a read does not fit (`UVRING_SUGGESTED_SIZE=65536` in the
/// environment makes it 65536 always).
///
/// Returns 0; `UV_EINVAL` if a pointer is NULL or the stream is closing; `UV_EALREADY` if it reads already; `UV_ENOTCONN` if
/// it is not readable. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_read_start(stream: *mut uv_stream_t, alloc_cb: uv_alloc_cb, read_cb: uv_read_cb) -> c_int {
    if stream.is_null() || alloc_cb.is_none() || read_cb.is_none() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 1.
    start(unsafe { Stream::from_c(stream) }, alloc_cb, read_cb).into_c()
}

/// Stops reading: `read_cb` is not called any more, not even for data that is there. Always returns 0, also for a stream
/// that does not read. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_read_stop(stream: *mut uv_stream_t) -> c_int {
    // SAFETY: law 1.
    let stream = unsafe { Stream::from_c(stream) };
    // Requests go on.
    if !is_by_requests(stream) {
        stop(stream);
    }
    0
}

fn start(stream: Stream, alloc_cb: uv_alloc_cb, read_cb: uv_read_cb) -> Result {
    let handle = Handle::from(stream);
    if handle.is_closing() {
        return Err(Errno::EINVAL);
    }
    if handle.has(flag::READING) {
        return Err(Errno::EALREADY);
    }
    if !handle.has(flag::READABLE) {
        return Err(Errno::ENOTCONN);
    }
    stream.io().start(handle.event_loop(), io::IN)?;
    handle.set(flag::READING);
    handle.clear(flag::READ_EOF);
    stream.read_cb.set(read_cb);
    stream.alloc_cb.set(alloc_cb);
    handle.start();
    Ok(())
}

pub(super) fn stop(stream: Stream) {
    if Handle::from(stream).has(flag::READING) {
        end_reading(stream);
        stream.alloc_cb.set(None);
        stream.read_cb.set(None);
    }
}

/// Reads no more; the callbacks of `uv_read_start` stay.
pub(super) fn end_reading(stream: Stream) {
    let handle = Handle::from(stream);
    handle.clear(flag::READING);
    if let Some(side) = stream.side() {
        side.stop_receiving();
    }
    stream.io().stop(handle.event_loop(), io::IN);
    handle.stop();
}

/// The descriptor is readable, or has met an error.
pub(super) fn on_ready(stream: Stream, events: c_uint) {
    let handle = Handle::from(stream);
    if stream.alloc_cb.get().is_none() {
        return if is_by_requests(stream) { reads::on_ready(stream) } else { recv::on_ready(stream) };
    }
    let is_ipc = is_ipc(stream);
    for _ in 0..MOST_READS {
        if !handle.has(flag::READING) {
            return;
        }
        let (suggested, there) = suggest(stream, events);
        let buf = callback::alloc(stream.alloc_cb.get(), handle, suggested);
        // The user has stopped or closed the stream in the callback: nobody is left to be called.
        if !handle.has(flag::READING) {
            return;
        }
        if buf.base.is_null() || buf.len == 0 {
            callback::read(stream, Errno::ENOBUFS.0 as isize, &buf);
            return;
        }
        handle.event_loop().charge_buffer(buf.len);
        note_size(stream, suggested, buf.len);
        // More may have come since its size was asked for, and a program that gives what was suggested may want to put a
        // NUL behind what it gets.
        let leave = usize::from(suggested < LARGE && buf.len == suggested);
        let room = uv_buf_t { base: buf.base, len: buf.len - leave };
        // SAFETY: law 4: the user's buffer, until `read_cb`.
        match unsafe { take(stream, &room, is_ipc) } {
            Ok(0) => {
                end(stream, &buf);
                return;
            }
            Ok(n) => {
                let ended = n < room.len || n == there;
                note_read(stream, suggested, n);
                callback::read(stream, n as isize, &buf);
                if ended {
                    return;
                }
                // A stream of bytes brings buffer after buffer in one event.
                if handle.event_loop().may_defer_reads() && handle.has(flag::READING) {
                    return stream.io().again(handle.event_loop(), io::IN);
                }
            }
            Err(Errno::EAGAIN) => {
                callback::read(stream, 0, &buf);
                return;
            }
            Err(e) => {
                fail(stream, e, &buf);
                return;
            }
        }
    }
}

/// Reads once.
///
/// # Safety
/// The buffer is writable (law 4).
pub(super) unsafe fn take(stream: Stream, buf: &uv_buf_t, is_ipc: bool) -> Result<usize> {
    add(&Handle::from(stream).event_loop().state().metrics.stream_reads, 1);
    // SAFETY: the caller's.
    unsafe {
        if !is_ipc {
            return socket::read(stream.fd(), buf);
        }
        let (n, passed) = socket::read_with_fds(stream.fd(), buf)?;
        accept::receive(stream, passed.as_slice())?;
        Ok(n)
    }
}

/// The end: tells the user, and reads no more.
fn end(stream: Stream, buf: &uv_buf_t) {
    Handle::from(stream).set(flag::READ_EOF);
    end_reading(stream);
    callback::read(stream, Errno::EOF.0 as isize, buf);
}

/// The end, where there was no need to ask for a buffer.
pub(super) fn end_without_buffer(stream: Stream) {
    if stream.alloc_cb.get().is_none() {
        return if is_by_requests(stream) { reads::end_all(stream, Errno::EOF) } else { recv::end(stream) };
    }
    end(stream, &uv_buf_t { base: ptr::null_mut(), len: 0 });
}

fn fail(stream: Stream, error: Errno, buf: &uv_buf_t) {
    let handle = Handle::from(stream);
    handle.clear(flag::READABLE | flag::WRITABLE);
    callback::read(stream, error.0 as isize, buf);
    // Unless the user has done so.
    if handle.has(flag::READING) {
        end_reading(stream);
    }
}

/// True while there are reads of `uvring_read` to be served.
pub(super) fn is_by_requests(stream: Stream) -> bool {
    stream.side().is_some_and(|side| !side.reads().is_empty())
}

/// True for a pipe over which handles are passed.
pub(super) fn is_ipc(stream: Stream) -> bool {
    stream.r#type.get() == UV_NAMED_PIPE
        // SAFETY: law 1, and the type says what it is.
        && unsafe { Pipe::from_c(stream.as_ptr().cast()) }.ipc.get() != 0
}

/// The size of buffer to ask for, and how many bytes are known to be there, or 0.
///
/// Most programs allocate what is suggested, and 65536 bytes for each small message cost them more than the rest of the
/// turn. One byte more than is there, so that the read leaves room and ends the event.
fn suggest(stream: Stream, events: c_uint) -> (usize, usize) {
    match stream.suggestion() {
        Suggestion::First => {
            let may_fit = !is_always_large() && socket::is_byte_stream(stream.fd());
            stream.set_suggestion(if may_fit { Suggestion::Fitted } else { Suggestion::Large });
            (LARGE, 0)
        }
        Suggestion::Fitted if events & (io::HUP | io::ERR) == 0 => match stream.trend() {
            (size, STEADY..) => (size, 0),
            _ => match socket::available(stream.fd()) {
                0 => (LARGE, 0),
                n => (fitting(n), n),
            },
        },
        _ => (LARGE, 0),
    }
}

/// The size to suggest for `n` bytes.
fn fitting(n: usize) -> usize {
    (n + 1).next_power_of_two().clamp(SMALL, LARGE)
}

/// Learns from a read of `n` bytes. A size goes on being suggested while messages need it and leave a quarter of it free,
/// for the next one may be a little longer; the largest is as good for all that need it.
fn note_read(stream: Stream, suggested: usize, n: usize) {
    let (size, streak) = stream.trend();
    let fits = fitting(n) == suggested && (n <= suggested / 4 * 3 || suggested == LARGE);
    let streak = if fits && suggested == size { (streak + 1).min(STEADY) } else { 0 };
    stream.set_trend(suggested, streak);
}

/// A program that gave more than was suggested has buffers of its own: it is not worth a system call to suggest again.
fn note_size(stream: Stream, suggested: usize, given: usize) {
    if given > suggested {
        stream.set_suggestion(Suggestion::Large);
    }
}
