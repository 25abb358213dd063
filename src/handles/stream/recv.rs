//! Receiving into a pool: no `alloc_cb`, no memory for each read.
//!
//! When the descriptor is readable, bytes are read into the pool's buffer, and the callback follows with no user code between (law 6).

use std::ptr;

use super::read;
use super::side::Side;
use crate::abi::ext::uvring_recv_cb;
use crate::abi::*;
use crate::callback;
use crate::handles::view_pool;
use crate::handles::view_pool::ViewPool;
use crate::model::handle::{Handle, Stream, flag};
use crate::model::io_watcher as io;
use crate::model::metrics::add;
use crate::model::view_pool::Receiver;

/// The most reads for one event, so that a stream on which data never ends leaves time to the others.
const MOST_READS: usize = 32;

/// `uvring_recv_start`; into the loop's own pool without another.
pub(crate) fn start(stream: Stream, pool: Option<ViewPool>, cb: uvring_recv_cb) -> Result {
    let handle = Handle::from(stream);
    if handle.is_closing() || cb.is_none() {
        return Err(Errno::EINVAL);
    }
    if stream.r#type.get() == UV_TTY || read::is_ipc(stream) {
        return Err(Errno::ENOTSUP);
    }
    if handle.has(flag::READING) {
        return Err(Errno::EALREADY);
    }
    if !handle.has(flag::READABLE) {
        return Err(Errno::ENOTCONN);
    }
    let event_loop = handle.event_loop();
    let pool = view_pool::of(event_loop, pool)?;
    let side = stream.side_or_new()?;
    let receiver = match side.receiver.get() {
        Some(receiver) if receiver.is_of(pool) => receiver,
        other => {
            let receiver = Receiver::new(pool)?;
            side.receiver.set(Some(receiver));
            if let Some(other) = other {
                other.let_go();
            }
            receiver
        }
    };
    stream.io().start(event_loop, io::IN)?;
    handle.set(flag::READING);
    handle.clear(flag::READ_EOF);
    side.recv_cb.set(cb);
    receiver.start(stream.io());
    handle.start();
    Ok(())
}

/// `uvring_recv_stop`.
pub(crate) fn stop(stream: Stream) {
    if stream.side().is_some_and(Side::receives) {
        read::end_reading(stream);
    }
}

/// The descriptor is readable, or has met an error.
pub(super) fn on_ready(stream: Stream) {
    for _ in 0..MOST_READS {
        // Fetched anew each time: the callback may have stopped, closed or started anything.
        let Some(side) = stream.side().filter(|side| side.receives()) else { return };
        let Some(receiver) = side.receiver.get() else { return };
        let Some(room) = receiver.room(0) else { return };
        // SAFETY: law 4: the pool's room, of which nobody was lent anything that is still valid.
        match unsafe { read::take(stream, &uv_buf_t { base: room.base, len: room.len }, false) } {
            Ok(0) => return end(stream),
            Ok(n) => {
                let counters = &Handle::from(stream).event_loop().state().metrics.ext;
                add(&counters.recv_views, 1);
                add(&counters.recv_bytes, n as u64);
                let mut view = receiver.lend(room, n);
                callback::received(stream, side.recv_cb.get(), n as isize, &raw mut view);
                if n < room.len {
                    return;
                }
            }
            Err(Errno::EAGAIN) => return,
            Err(e) => {
                Handle::from(stream).clear(flag::READABLE | flag::WRITABLE);
                return fail(stream, e);
            }
        }
    }
}

/// The end: tells the user, and receives no more.
pub(super) fn end(stream: Stream) {
    Handle::from(stream).set(flag::READ_EOF);
    fail(stream, Errno::EOF);
}

fn fail(stream: Stream, error: Errno) {
    let Some(side) = stream.side() else { return };
    let cb = side.recv_cb.get();
    read::end_reading(stream);
    callback::received(stream, cb, error.0 as isize, ptr::null_mut());
}

/// True if a write that nobody is called for has failed, and receiving is to end with that.
pub(super) fn is_broken(stream: Stream) -> bool {
    stream.side().is_some_and(|side| side.error.get() != 0 && side.receives())
}

/// Ends receiving then.
pub(super) fn end_if_broken(stream: Stream) {
    if is_broken(stream)
        && let Some(side) = stream.side()
        && let Err(e) = side.take_error()
    {
        fail(stream, e);
    }
}
