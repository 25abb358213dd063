//! A stream's queue on its way to the kernel, in order: requests of libuv one by one, those of `uvring.h` as many as one
//! call takes.
//!
//! What the kernel does not take waits until the descriptor is writable. Ended requests wait in `write_completed_queue` for their
//! callbacks, which are never called from inside a call of the user's: the watcher is fed, and the pending phase calls them.

use std::mem::MaybeUninit;
use std::ptr;

use libc::c_int;

use super::entry::Entry;
use super::state::take_shutdown;
use super::{gather, recv, watermark, write};
use crate::abi::*;
use crate::base::alloc::Array;
use crate::callback;
use crate::handles::sending;
use crate::model::handle::{Handle, Stream, flag};
use crate::model::io_watcher as io;
use crate::model::metrics::add;
use crate::model::request::Write;
use crate::sys::socket;

/// The most requests finished for one event, so that a stream that is always writable leaves time to the others.
const MOST_WRITES: usize = 32;

/// What became of an attempt to write.
enum Step {
    /// The first request is with the kernel, and is to be finished.
    Done,
    /// What was tried is with the kernel; there may be more.
    More,
    /// The kernel takes no more now.
    Full,
    Failed(Errno),
}

/// Writes from the queue what the kernel takes; ended requests go to the completed queue. False if one has failed.
fn advance(stream: Stream) -> bool {
    let mut left = MOST_WRITES;
    while let Some(link) = stream.queued().first() {
        if left == 0 {
            break;
        }
        let entry = Entry::of(stream, link);
        let step = match entry {
            Entry::Libuv(req) if entry.passes_handle() || !gather::gathers_all(stream) => step(stream, req),
            Entry::Libuv(_) | Entry::Ours(_) => step_together(stream),
        };
        match step {
            Step::Done => {
                finish(stream, entry, 0);
                left -= 1;
            }
            Step::More => {}
            Step::Full if Handle::from(stream).has(flag::BLOCKING_WRITES) => socket::wait_writable(stream.fd()),
            Step::Full => break,
            Step::Failed(e) => {
                finish(stream, entry, e.0);
                // The others are tried after its callback.
                stream.io().stop(Handle::from(stream).event_loop(), io::OUT);
                return false;
            }
        }
    }
    if let Some(link) = stream.queued().first()
        && let Err(e) = write::want_writable(stream)
    {
        finish(stream, Entry::of(stream, link), e.0);
        return false;
    }
    true
}

/// Writes what is left of the first request.
fn step(stream: Stream, req: Write) -> Step {
    let left = req.buffers();
    let send = ptr::NonNull::new(req.send_handle.get());
    // SAFETY: law 1: the user keeps a handle that is passed until the callback.
    let send = send.map(|handle| unsafe { Handle::from_c(handle.as_ptr().cast()) });
    // SAFETY: the request's own, whose memory the user keeps until the callback (law 4).
    let taken = unsafe { write::hand_over(stream, left.as_ptr(), left.count(), send) };
    match taken {
        Ok(n) => {
            // It went with the first byte.
            req.send_handle.set(ptr::null_mut());
            match took(stream, Entry::Libuv(req), n) {
                done if done == left.count() => Step::Done,
                done if done >= socket::IOV_MAX => Step::More,
                _ => Step::Full,
            }
        }
        Err(Errno::EAGAIN) => Step::Full,
        Err(e) => Step::Failed(e),
    }
}

/// Hands the buffers of the requests at the front of the queue to `put`, until it takes no more; gives how many requests it was given to
/// their ends, as the error if it has not taken all.
fn collect(stream: Stream, mut put: impl FnMut(uv_buf_t) -> Result) -> core::result::Result<usize, usize> {
    let mut whole = 0;
    let mut next = stream.queued().first();
    while let Some(link) = next {
        let entry = Entry::of(stream, link);
        if entry.passes_handle() {
            break;
        }
        let buffers = entry.buffers();
        for at in 0..buffers.count() {
            // SAFETY: law 2: the request's array has `count` of them.
            put(unsafe { *buffers.as_ptr().add(at) }).map_err(|_| whole)?;
        }
        whole += 1;
        next = link.next_in(stream.queued());
    }
    Ok(whole)
}

/// True if what the stream has gathered may go with that of others.
pub(super) fn may_send(stream: Stream) -> bool {
    stream.fd() != -1 && stream.connect_req.get().is_null() && !Handle::from(stream).has(flag::BLOCKING_WRITES)
}

/// Adds the buffers of as many requests as one call takes; gives how many are there to their ends. `UV_ENOMEM`.
pub(super) fn offer(stream: Stream, bufs: &mut Array<uv_buf_t>) -> Result<usize> {
    let (most, mut error) = (bufs.len() + socket::IOV_MAX, None);
    let whole = collect(stream, |buf| {
        if bufs.len() == most {
            return Err(Errno::ENOBUFS);
        }
        bufs.push(buf).inspect_err(|&e| error = Some(e))
    });
    error.map_or(Ok(whole.unwrap_or_else(|whole| whole)), Err)
}

/// Notes what became of what was offered: `result` is how many bytes the kernel took, or a negative `errno`.
pub(super) fn sent(stream: Stream, result: c_int, whole: usize) {
    add(&Handle::from(stream).event_loop().state().metrics.ext.write_entries, 1);
    let none_failed = match result {
        0.. => {
            took_together(stream, result as usize, whole);
            advance(stream)
        }
        // The kernel has no room or memory for it now, but will have.
        _ if result == Errno::EAGAIN.0 || result == Errno::ENOBUFS.0 => advance(stream),
        _ => {
            if let Some(link) = stream.queued().first() {
                finish(stream, Entry::of(stream, link), result);
            }
            // The others are tried after its callback.
            stream.io().stop(Handle::from(stream).event_loop(), io::OUT);
            false
        }
    };
    conclude(stream, none_failed);
}

/// Writes as many requests from the front of the queue as one call takes. Apart from all else, because its stack is 16 KiB larger.
#[inline(never)]
fn step_together(stream: Stream) -> Step {
    let mut room = [const { MaybeUninit::<uv_buf_t>::uninit() }; socket::IOV_MAX];
    let (mut count, mut bytes) = (0, 0);
    let whole = collect(stream, |buf| {
        let place = room.get_mut(count).ok_or(Errno::ENOBUFS)?;
        place.write(buf);
        count += 1;
        bytes += buf.len;
        Ok(())
    });
    // What there is no room for waits for the next call.
    let whole = whole.unwrap_or_else(|whole| whole);
    add(&Handle::from(stream).event_loop().state().metrics.ext.write_entries, 1);
    // SAFETY: `count` were filled in, of requests whose memory stays until their ends (law 4).
    match unsafe { write::hand_over(stream, room.as_ptr().cast(), count, None) } {
        Ok(n) => {
            took_together(stream, n, whole);
            if n == bytes { Step::More } else { Step::Full }
        }
        Err(Errno::EAGAIN) => Step::Full,
        Err(e) => Step::Failed(e),
    }
}

/// Notes that the kernel took `n` bytes of the first request; gives how many of its buffers hold nothing more.
fn took(stream: Stream, entry: Entry, n: usize) -> usize {
    stream.write_queue_size.set(stream.write_queue_size.get() - n);
    entry.take(n)
}

/// Notes that the kernel took `n` bytes, when the first `whole` requests were offered to the end, and perhaps a part of the next.
fn took_together(stream: Stream, mut n: usize, whole: usize) {
    for _ in 0..whole {
        let Some(link) = stream.queued().first() else { return };
        let entry = Entry::of(stream, link);
        let bytes = entry.buffers().bytes();
        if bytes > n {
            break;
        }
        took(stream, entry, bytes);
        finish(stream, entry, 0);
        n -= bytes;
    }
    if n > 0
        && let Some(link) = stream.queued().first()
    {
        took(stream, Entry::of(stream, link), n);
    }
}

/// Takes a request out of the queue; its callback comes later.
fn finish(stream: Stream, entry: Entry, error: c_int) {
    entry.link().unlink();
    entry.set_outcome(error);
    match entry {
        Entry::Ours(req) if entry.is_silent() => {
            stream.write_queue_size.set(stream.write_queue_size.get() - entry.buffers().bytes());
            entry.free_bufs();
            if let Some(side) = stream.side()
                && req.is_chunk()
            {
                side.chunk.set(None);
                side.error.set(if error == 0 { side.error.get() } else { error });
            }
            req.end_silently(Handle::from(stream).event_loop());
        }
        _ => stream.completed().push_back(entry.link()),
    }
}

/// Writes what the kernel takes, outside the stream's own phase, and sees to it that what is due then is called.
pub(super) fn push_out(stream: Stream) {
    leave_gathering(stream);
    if stream.fd() == -1 || !stream.connect_req.get().is_null() {
        return;
    }
    let none_failed = advance(stream);
    conclude(stream, none_failed);
}

/// What the stream has gathered is about to be written.
pub(super) fn leave_gathering(stream: Stream) {
    if let Some(side) = stream.side() {
        side.link().unlink();
        side.bytes.set(0);
        side.chunk.set(None);
    }
}

/// After writes outside the stream's own phase: has it called if something is due.
fn conclude(stream: Stream, none_failed: bool) {
    let is_empty = stream.queued().is_empty();
    let is_due = if is_empty { !stream.shutdown_req.get().is_null() } else { !none_failed };
    if is_due || !stream.completed().is_empty() || watermark::is_crossed(stream) || recv::is_broken(stream) {
        stream.io().feed(Handle::from(stream).event_loop());
    }
}

/// The descriptor is writable, or the watcher was fed.
pub(super) fn on_ready(stream: Stream) {
    let none_failed = advance(stream);
    run_callbacks(stream);
    watermark::tell(stream);
    recv::end_if_broken(stream);
    if stream.queued().is_empty() {
        drained(stream);
    } else if stream.fd() == -1 {
        // Closed in a callback: the rest is for the closing phase.
    } else if !none_failed || !stream.io().wants(io::OUT) {
        // One has failed, and others were behind it.
        stream.io().feed(Handle::from(stream).event_loop());
    }
}

/// Calls the callbacks of the requests that have ended by now; those that end meanwhile wait for the next time.
pub(super) fn run_callbacks(stream: Stream) {
    let event_loop = Handle::from(stream).event_loop();
    sending::run_completed(stream.completed(), stream.io(), event_loop, |link| {
        let entry = Entry::of(stream, link);
        // Of one that has failed or was cancelled, what the kernel has not taken.
        stream.write_queue_size.set(stream.write_queue_size.get() - entry.buffers().bytes());
        entry.free_bufs();
        entry.call_back(stream, event_loop);
    });
    // What gives memory back comes after the callback of its write.
    if !stream.completed().is_empty() && stream.fd() != -1 {
        stream.io().feed(event_loop);
    }
}

/// Nothing is left to be written.
fn drained(stream: Stream) {
    let event_loop = Handle::from(stream).event_loop();
    if stream.io().wants(io::OUT) {
        stream.io().stop(event_loop, io::OUT);
    }
    let Some(req) = take_shutdown(stream) else { return };
    // The callback of the last write may have closed the stream.
    let closed = stream.fd() == -1;
    let result = if closed { Err(Errno::ECANCELED) } else { socket::shutdown_write(stream.fd()) };
    if result.is_ok() {
        Handle::from(stream).set(flag::SHUT);
    }
    callback::shutdown(req, result.into_c());
}

/// Ends what is queued with an error.
pub(super) fn flush(stream: Stream, error: Errno) {
    while let Some(link) = stream.queued().first() {
        finish(stream, Entry::of(stream, link), error.0);
    }
}

/// Ends one request that has not ended, with `UV_ECANCELED`.
pub(super) fn cancel(stream: Stream, entry: Entry) {
    finish(stream, entry, Errno::ECANCELED.0);
    stream.io().feed(Handle::from(stream).event_loop());
}
