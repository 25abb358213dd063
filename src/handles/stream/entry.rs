//! What waits in a stream's queue to be written, or for its callback: libuv's requests, and those of `uvring.h`.
//!
//! Both kinds lie in one queue, so that bytes and callbacks keep the order of the calls. The word before the link tells which it is: a
//! `uv_write_t` has its stream there, a `uvring_write_t` its loop.
//!
//! | [`Kind`] | whose the request is | at its end |
//! |---|---|---|
//! | `Write` | the user's | its callback, if it has one |
//! | `ZeroCopy` | the user's | its callback, and then, as `Release`, the one that gives the memory back |
//! | `Chunk` | the library's, with the bytes of `uvring_write_copy` behind it, or with a view | it is freed; an error is for the next call |

use std::mem::offset_of;
use std::ptr;

use libc::{c_int, c_uint, c_void};

use crate::abi::ext::{uvring_release_cb, uvring_req_t, uvring_write_cb, uvring_write_s, uvring_write_t};
use crate::abi::*;
use crate::base::alloc;
use crate::base::buffers::{self, Buffers};
use crate::base::newtype::{linked, newtype};
use crate::base::queue::Link;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::ext_request::{ExtReq, Kind};
use crate::model::handle::{Handle, Stream};
use crate::model::request::Write;
use crate::model::view_pool::Kept;

newtype!(
    /// A write of `uvring.h`.
    Gathered,
    uvring_write_t
);
linked!(Gathered, uvring_write_t, link / of_link: queue);

/// What stands before the links.
const _: () = assert!(offset_of!(uv_write_t, queue) == offset_of!(uv_write_t, handle) + size_of::<usize>());
const _: () = assert!(offset_of!(uvring_write_s, queue) == offset_of!(uvring_write_s, r#loop) + size_of::<usize>());

/// It begins as every request of `uvring.h` does.
const _: () = assert!(offset_of!(uvring_write_s, reserved) == offset_of!(uvring_req_t, reserved));

/// Something that waits in a stream's queue.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    Libuv(Write),
    Ours(Gathered),
}

impl Entry {
    /// The entry of one of the stream's queues.
    pub(super) fn of(stream: Stream, link: Link) -> Entry {
        // SAFETY: a link of these queues lies in a request under way (law 2), behind the word that tells which.
        unsafe {
            if link.as_ptr().cast::<*mut c_void>().sub(1).read() == stream.as_ptr().cast() {
                Entry::Libuv(Write::of_link(link))
            } else {
                Entry::Ours(Gathered::of_link(link))
            }
        }
    }

    pub(super) fn link(self) -> Link {
        match self {
            Entry::Libuv(req) => req.link(),
            Entry::Ours(req) => req.link(),
        }
    }

    /// The buffers that the kernel has not taken, or none if they are given back.
    pub(super) fn buffers(self) -> Buffers {
        match self {
            Entry::Libuv(req) => req.buffers(),
            Entry::Ours(req) => req.buffers(),
        }
    }

    /// True if a descriptor is to travel with its first byte.
    pub(super) fn passes_handle(self) -> bool {
        matches!(self, Entry::Libuv(req) if !req.send_handle.get().is_null())
    }

    /// Notes that the kernel took `n` bytes; gives how many of the buffers that were left hold nothing more.
    pub(super) fn take(self, n: usize) -> usize {
        let done = self.buffers().advance(n);
        match self {
            Entry::Libuv(req) => {
                req.write_extra.set(uv__req_write_extra_s { nwritten: req.write_extra.get().nwritten + n });
                req.write_index.set(req.write_index.get() + done as c_uint);
            }
            Entry::Ours(req) => {
                req.done.set(req.done.get() + n);
                req.write_index.set(req.write_index.get() + done as c_uint);
            }
        }
        done
    }

    /// True if nobody is to be called at its end.
    pub(super) fn is_silent(self) -> bool {
        matches!(self, Entry::Ours(req) if ExtReq::from(req).callback().is_null() && !req.is(Kind::ZeroCopy))
    }

    /// Notes the outcome.
    pub(super) fn set_outcome(self, error: c_int) {
        match self {
            Entry::Libuv(req) => req.error.set(error),
            Entry::Ours(req) => req.status.set(error),
        }
        if error == 0 {
            self.free_bufs();
        }
    }

    pub(super) fn free_bufs(self) {
        // SAFETY: the array was kept when the write began, or is given back already.
        unsafe {
            match self {
                Entry::Libuv(req) => buffers::give_back(req.bufs.replace(ptr::null_mut()), req.small()),
                Entry::Ours(req) => buffers::give_back(req.bufs.replace(ptr::null_mut()), req.small()),
            }
        }
        if let Entry::Ours(req) = self {
            req.release_view();
        }
    }

    /// Ends the request, whose buffers are given back, by calling the user.
    pub(super) fn call_back(self, stream: Stream, event_loop: Loop) {
        match self {
            Entry::Libuv(req) => {
                event_loop.count_request(-1);
                callback::write(req, req.error.get());
            }
            Entry::Ours(req) if req.is(Kind::ZeroCopy) => {
                // In the queue once more, because the callback may jump away.
                let common = ExtReq::from(req);
                common.set_kind(Kind::Release);
                stream.completed().push_back(req.link());
                callback::gathered(req.as_ptr(), common.callback());
            }
            Entry::Ours(req) if req.is(Kind::Release) => {
                ExtReq::from(req).end(event_loop);
                // SAFETY: law 2; `give_back_by` wrote it.
                callback::released(req.as_ptr(), unsafe { ExtReq::from(req).word(RELEASE).read() });
            }
            Entry::Ours(req) => {
                let callback = ExtReq::from(req).end(event_loop);
                callback::gathered(req.as_ptr(), callback);
            }
        }
    }
}

impl Write {
    /// The room for a short array of buffers.
    pub(super) fn small(self) -> *mut uv_buf_t {
        // SAFETY: law 2; the address of a field.
        unsafe { (&raw mut (*self.as_ptr()).bufsml).cast() }
    }

    /// The buffers that the kernel has not taken, or none if they are given back.
    pub(super) fn buffers(self) -> Buffers {
        let (bufs, index) = (self.bufs.get(), self.write_index.get());
        let count = if bufs.is_null() { 0 } else { self.nbufs.get() - index };
        // SAFETY: `nbufs` of them were kept, of which `index` are done.
        unsafe { Buffers::of(bufs.wrapping_add(index as usize), count as usize) }
    }
}

/// The first of three reserved words that hold a kept view.
const VIEW: usize = 3;
/// Where a request without a view has the callback that gives its memory back.
const RELEASE: usize = 4;

impl From<Gathered> for ExtReq {
    fn from(req: Gathered) -> ExtReq {
        // SAFETY: law 2; it begins as all do.
        unsafe { ExtReq::from_c(req.as_ptr().cast()) }
    }
}

impl Gathered {
    /// Fills the fields of a request that begins. It keeps the loop alive.
    pub(super) fn init(self, stream: Stream, kind: Kind, bufs: *mut uv_buf_t, nbufs: c_uint, cb: uvring_write_cb) {
        let common = ExtReq::from(self);
        let callback = cb.map_or(ptr::null_mut(), |cb| cb as *mut c_void);
        common.begin(Handle::from(stream).event_loop(), kind, callback);
        // SAFETY: law 2.
        unsafe { common.word(VIEW).write(ptr::null_mut()) };
        self.handle.set(stream.as_ptr());
        self.done.set(0);
        self.copied.set(0);
        self.write_index.set(0);
        self.nbufs.set(nbufs);
        self.bufs.set(bufs);
    }

    /// Holds a view until its bytes are gone.
    pub(super) fn hold(self, view: Kept) {
        // SAFETY: law 2.
        unsafe { ExtReq::from(self).word(VIEW).cast::<[*mut c_void; 3]>().write(view.into_words()) };
    }

    fn release_view(self) {
        // SAFETY: law 2; the words are NULL, or what `hold` wrote.
        let words = unsafe {
            let words = ExtReq::from(self).word(VIEW).cast::<[*mut c_void; 3]>().read();
            ExtReq::from(self).word(VIEW).write(ptr::null_mut());
            words
        };
        if let Some(view) = Kept::from_words(words) {
            view.release();
        }
    }

    pub(super) fn is_chunk(self) -> bool {
        self.is(Kind::Chunk)
    }

    fn is(self, kind: Kind) -> bool {
        ExtReq::from(self).kind() == Some(kind)
    }

    /// Has `release` called when the kernel has let go of the memory.
    pub(super) fn give_back_by(self, release: uvring_release_cb) {
        // SAFETY: law 2; such a request holds no view.
        unsafe { ExtReq::from(self).word(RELEASE).write(release.map_or(ptr::null_mut(), |cb| cb as *mut c_void)) };
    }

    /// The room for a short array of buffers.
    pub(super) fn small(self) -> *mut uv_buf_t {
        // SAFETY: law 2; the address of a field.
        unsafe { (&raw mut (*self.as_ptr()).bufsml).cast() }
    }

    fn buffers(self) -> Buffers {
        let (bufs, index) = (self.bufs.get(), self.write_index.get());
        let count = if bufs.is_null() { 0 } else { self.nbufs.get() - index };
        // SAFETY: `nbufs` of them were kept, of which `index` are done.
        unsafe { Buffers::of(bufs.wrapping_add(index as usize), count as usize) }
    }

    /// Ends a request that nobody is called for.
    pub(super) fn end_silently(self, event_loop: Loop) {
        let is_chunk = self.is_chunk();
        ExtReq::from(self).end(event_loop);
        if is_chunk {
            // SAFETY: `new_chunk` made it, and it is in no list any more.
            unsafe { alloc::free(self.as_ptr().cast()) };
        }
    }

    /// A request of the library's own with room for `room` bytes behind it, and none in it. `UV_ENOMEM`.
    pub(super) fn new_chunk(stream: Stream, room: usize) -> Result<Gathered> {
        let place = alloc::malloc(size_of::<uvring_write_s>() + room).cast::<uvring_write_s>();
        if place.is_null() {
            return Err(Errno::ENOMEM);
        }
        // SAFETY: fresh memory, which lives until `end_silently`; zeros are valid for every field.
        let chunk = unsafe {
            ptr::write_bytes(place, 0, 1);
            Gathered::from_c(place)
        };
        let small = chunk.small();
        // SAFETY: the room for a first buffer.
        unsafe { small.write(uv_buf_t { base: place.wrapping_add(1).cast(), len: 0 }) };
        chunk.init(stream, Kind::Chunk, small, 1, None);
        Ok(chunk)
    }

    /// Adds bytes to a chunk that has room for them.
    ///
    /// # Safety
    /// There are `len` bytes at `base`.
    pub(super) unsafe fn append(self, base: *const u8, len: usize) {
        let small = self.small();
        // SAFETY: the caller's; the chunk's buffer, which the kernel does not hold, and room behind it.
        unsafe {
            let mut buf = small.read();
            ptr::copy_nonoverlapping(base, buf.base.cast::<u8>().add(buf.len), len);
            buf.len += len;
            small.write(buf);
        }
    }
}
