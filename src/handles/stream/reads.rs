//! Reads that are requests: each brings as many bytes as it asks for at least, and none that its buffers do not take leaves the kernel.
//!
//! They are served in the order of the calls. A read that was cancelled waits among the ended ones for its callback.

use std::mem::offset_of;
use std::ptr;

use libc::c_uint;

use super::read;
use super::side::Side;
use crate::abi::ext::{uvring_read_cb, uvring_read_s, uvring_read_t, uvring_req_t};
use crate::abi::*;
use crate::base::buffers::{self, Buffers};
use crate::base::newtype::newtype;
use crate::base::queue;
use crate::base::queue::Link;
use crate::callback;
use crate::handles::sending;
use crate::model::ext_request::{ExtReq, Kind};
use crate::model::handle::{Handle, Stream, flag};
use crate::model::io_watcher as io;
use crate::model::metrics::add;
use crate::op::check_buffers;
use crate::sys::socket;

newtype!(
    /// A read of `uvring.h`.
    Read,
    uvring_read_t
);

/// It begins as every request of `uvring.h` does.
const _: () = assert!(offset_of!(uvring_read_s, reserved) == offset_of!(uvring_req_t, reserved));

/// The most reads for one event, so that a stream on which data never ends leaves time to the others.
const MOST_READS: usize = 32;

/// `uvring_read`.
///
/// # Safety
/// `bufs` has `nbufs` buffers; `req` is the caller's (law 2).
pub(crate) unsafe fn start(
    req: *mut uvring_read_t,
    stream: Stream,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    at_least: usize,
    cb: uvring_read_cb,
) -> Result {
    let handle = Handle::from(stream);
    if req.is_null() || cb.is_none() || at_least == 0 || handle.is_closing() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    let (req, total) = unsafe {
        check_buffers(bufs, nbufs)?;
        (Read::from_c(req), Buffers::of(bufs.cast_mut(), nbufs as usize).bytes())
    };
    if at_least > total {
        return Err(Errno::EINVAL);
    }
    if read::is_ipc(stream) {
        return Err(Errno::ENOTSUP);
    }
    if !handle.has(flag::READABLE) || !stream.connect_req.get().is_null() {
        return Err(Errno::ENOTCONN);
    }
    if handle.has(flag::READING) && !read::is_by_requests(stream) {
        return Err(Errno::EALREADY);
    }
    let side = stream.side_or_new()?;
    // SAFETY: the caller's, and room in the request (law 2).
    let own = unsafe { buffers::keep(bufs, nbufs, req.small()) }?;
    if side.reads().is_empty()
        && let Err(e) = stream.io().start(handle.event_loop(), io::IN)
    {
        // SAFETY: just kept.
        unsafe { buffers::give_back(own, req.small()) };
        return Err(e);
    }
    handle.set(flag::READING);
    handle.clear(flag::READ_EOF);
    handle.start();
    ExtReq::from(req).begin(handle.event_loop(), Kind::Read, cb.map_or(ptr::null_mut(), |cb| cb as *mut _));
    req.handle.set(stream.as_ptr());
    req.done.set(0);
    req.at_least.set(at_least);
    req.read_index.set(0);
    req.nbufs.set(nbufs);
    req.bufs.set(own);
    side.reads().push_back(ExtReq::from(req).link());
    Ok(())
}

/// The descriptor is readable, or has met an error.
pub(super) fn on_ready(stream: Stream) {
    for _ in 0..MOST_READS {
        // Fetched anew each time: a callback may have closed the stream, or cancelled reads.
        let Some(side) = stream.side() else { return };
        let Some(link) = side.reads().first() else { return };
        let req = Read::of_link(link);
        let left = req.buffers();
        add(&Handle::from(stream).event_loop().state().metrics.stream_reads, 1);
        // SAFETY: law 4: the request's buffers, which the user keeps until the callback.
        match unsafe { socket::read_many(stream.fd(), left.as_ptr(), left.count()) } {
            Ok(0) => return end_all(stream, Errno::EOF),
            Ok(n) => {
                let offered = left.bytes();
                let full = left.advance(n);
                req.read_index.set(req.read_index.get() + full as c_uint);
                req.done.set(req.done.get() + n);
                if req.done.get() >= req.at_least.get() {
                    finish(stream, side, req, 0);
                    call_back(stream);
                } else if n < offered && full < socket::IOV_MAX {
                    return;
                }
            }
            Err(Errno::EAGAIN) => return,
            Err(e) => {
                Handle::from(stream).clear(flag::READABLE | flag::WRITABLE);
                return end_all(stream, e);
            }
        }
    }
}

/// Takes a read out of the queue; its callback is due.
fn finish(stream: Stream, side: &Side, req: Read, status: i32) {
    let link = ExtReq::from(req).link();
    link.unlink();
    req.status.set(status);
    side.ended_reads().push_back(link);
    // SAFETY: `start` kept it.
    unsafe { buffers::give_back(req.bufs.replace(ptr::null_mut()), req.small()) };
    if side.reads().is_empty() && Handle::from(stream).has(flag::READING) {
        read::end_reading(stream);
    }
}

/// Ends all reads with an error, and calls for them.
pub(super) fn end_all(stream: Stream, error: Errno) {
    if error == Errno::EOF {
        Handle::from(stream).set(flag::READ_EOF);
    }
    let Some(side) = stream.side() else { return };
    while let Some(link) = side.reads().first() {
        finish(stream, side, Read::of_link(link), error.0);
    }
    call_back(stream);
}

/// Calls for the reads that have ended by now.
pub(super) fn call_back(stream: Stream) {
    let Some(side) = stream.side() else { return };
    let event_loop = Handle::from(stream).event_loop();
    sending::run_completed(side.ended_reads(), stream.io(), event_loop, |link| {
        let req = Read::of_link(link);
        let cb = ExtReq::from(req).end(event_loop);
        callback::read_request(req.as_ptr(), cb);
    });
}

/// True if reads that were cancelled await their callbacks.
pub(super) fn have_ended(stream: Stream) -> bool {
    stream.side().is_some_and(|side| !side.ended_reads().is_empty())
}

/// `uvring_cancel` of a read that has not ended. What it has read stays in its buffers.
pub(crate) fn cancel(req: Read) {
    // SAFETY: laws 1 and 2: the request is under way, so its stream is alive.
    let stream = unsafe { Stream::from_c(req.handle.get()) };
    if let Some(side) = stream.side()
        && !req.bufs.get().is_null()
    {
        finish(stream, side, req, Errno::ECANCELED.0);
        stream.io().feed(Handle::from(stream).event_loop());
    }
}

impl From<Read> for ExtReq {
    fn from(req: Read) -> ExtReq {
        // SAFETY: law 2; it begins as all do.
        unsafe { ExtReq::from_c(req.as_ptr().cast()) }
    }
}

impl Read {
    fn of_link(link: Link) -> Read {
        // SAFETY: a link of the stream's reads lies in a request under way (law 2).
        unsafe { Read::from_c(queue::owner!(link, uvring_read_t, queue)) }
    }

    /// The room for a short array of buffers.
    fn small(self) -> *mut uv_buf_t {
        // SAFETY: law 2; the address of a field.
        unsafe { (&raw mut (*self.as_ptr()).bufsml).cast() }
    }

    /// The buffers that are not full.
    fn buffers(self) -> Buffers {
        let index = self.read_index.get();
        // SAFETY: `start` kept `nbufs` of them, of which `index` are full.
        unsafe { Buffers::of(self.bufs.get().wrapping_add(index as usize), (self.nbufs.get() - index) as usize) }
    }
}
