//! What waits in a stream's queue to be written, or for its callback: libuv's requests, and those of `uvring.h`.
//!
//! Both kinds lie in one queue, so that bytes and callbacks keep the order of the calls. The word before the link tells which it is: a
//! `uv_write_t` has its stream there, a `uvring_write_t` its loop.
//!
//! | [`Kind`] | whose the request is | at its end |
//! |---|---|---|
//! | `Request` | the user's | its callback, if it has one |
//! | `Chunk` | the library's, with the bytes of `uvring_write_copy` behind it | it is freed; an error is for the next call |

use std::mem::offset_of;
use std::ptr;

use libc::{c_int, c_uint, c_void};

use crate::abi::ext::{uvring_req_t, uvring_write_cb, uvring_write_s, uvring_write_t};
use crate::abi::*;
use crate::base::alloc;
use crate::base::buffers::{self, Buffers};
use crate::base::newtype::{linked, newtype};
use crate::base::queue::Link;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Stream};
use crate::model::request::Write;

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
        matches!(self, Entry::Ours(req) if req.callback().is_none())
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
    }

    /// Ends the request, whose buffers are given back, by calling the user.
    pub(super) fn call_back(self) {
        match self {
            Entry::Libuv(req) => callback::write(req, req.error.get()),
            Entry::Ours(req) => {
                let callback = req.callback();
                req.set_kind(None);
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

/// Whose a write of `uvring.h` is, as kept in its first reserved word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Kind {
    Request = 16,
    Chunk = 17,
}

/// The reserved words of a request of `uvring.h`.
const KIND: usize = 0;
const CALLBACK: usize = 1;

impl Gathered {
    fn word(self, at: usize) -> *mut *mut c_void {
        // SAFETY: law 2; `at` is below the number of words.
        unsafe { (&raw mut (*self.as_ptr()).reserved).cast::<*mut c_void>().add(at) }
    }

    /// Fills the fields of a request that begins. It keeps the loop alive.
    pub(super) fn init(self, stream: Stream, kind: Kind, bufs: *mut uv_buf_t, nbufs: c_uint, cb: uvring_write_cb) {
        let event_loop = Handle::from(stream).event_loop();
        self.r#type.set(UV_UNKNOWN_REQ);
        self.status.set(0);
        self.r#loop.set(event_loop.as_ptr());
        self.link().init();
        self.handle.set(stream.as_ptr());
        self.done.set(0);
        self.copied.set(0);
        self.write_index.set(0);
        self.nbufs.set(nbufs);
        self.bufs.set(bufs);
        self.set_kind(Some(kind));
        let callback = cb.map_or(ptr::null_mut(), |cb| cb as *mut c_void);
        // SAFETY: law 2.
        unsafe { self.word(CALLBACK).write(callback) };
        event_loop.count_request(1);
    }

    /// None at its end.
    fn set_kind(self, kind: Option<Kind>) {
        // SAFETY: law 2.
        unsafe { self.word(KIND).write(ptr::without_provenance_mut(kind.map_or(0, |kind| kind as usize))) };
    }

    pub(super) fn is_chunk(self) -> bool {
        // SAFETY: law 2.
        unsafe { self.word(KIND).read() }.addr() == Kind::Chunk as usize
    }

    fn callback(self) -> uvring_write_cb {
        // SAFETY: law 2; `init` wrote such a callback, and NULL is none.
        unsafe { self.word(CALLBACK).cast::<uvring_write_cb>().read() }
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
        event_loop.count_request(-1);
        if self.is_chunk() {
            // SAFETY: `new_chunk` made it, and it is in no list any more.
            unsafe { alloc::free(self.as_ptr().cast()) };
        } else {
            self.set_kind(None);
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
