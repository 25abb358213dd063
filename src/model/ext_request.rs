//! Newtypes over the requests of uvring.h, and what they share.

use std::ptr;

use libc::c_void;

use crate::abi::UV_UNKNOWN_REQ;
use crate::abi::ext::{uvring_many_t, uvring_post_t, uvring_req_t};
use crate::base::newtype::newtype;
use crate::base::queue::Link;
use crate::model::event_loop::Loop;

newtype!(
    /// A callback wanted on another loop.
    Post,
    uvring_post_t
);

newtype!(
    /// Any request that begins as `uvring_req_t` does.
    ExtReq,
    uvring_req_t
);

newtype!(
    /// Many files in one call.
    Many,
    uvring_many_t
);

impl From<Many> for ExtReq {
    fn from(req: Many) -> ExtReq {
        // SAFETY: it begins with the same fields.
        unsafe { ExtReq::from_c(req.as_ptr().cast()) }
    }
}

/// What a request is, as kept in its first reserved word while it is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(crate) enum Kind {
    /// A write to a stream.
    Write = 16,
    /// The library's own, with bytes or a view to be written.
    Chunk = 17,
    /// A read from a stream.
    Read = 18,
    /// A write of memory that is given back by a callback of its own; and when only that is due.
    ZeroCopy = 19,
    Release = 20,
    /// Many files in one call.
    Many = 32,
}

/// The reserved words: what it is, and its callback.
const KIND: usize = 0;
const CALLBACK: usize = 1;

impl ExtReq {
    /// A reserved word.
    pub(crate) fn word(self, at: usize) -> *mut *mut c_void {
        // SAFETY: law 2; `at` is below the number of words.
        unsafe { (&raw mut (*self.as_ptr()).reserved).cast::<*mut c_void>().add(at) }
    }

    /// The request begins; it keeps the loop alive. `callback` is of the type that belongs to the kind, or NULL.
    pub(crate) fn begin(self, event_loop: Loop, kind: Kind, callback: *mut c_void) {
        self.r#type.set(UV_UNKNOWN_REQ);
        self.status.set(0);
        self.r#loop.set(event_loop.as_ptr());
        self.link().init();
        self.set_kind(kind);
        // SAFETY: law 2.
        unsafe { self.word(CALLBACK).write(callback) };
        event_loop.count_request(1);
    }

    pub(crate) fn set_kind(self, kind: Kind) {
        // SAFETY: law 2.
        unsafe { self.word(KIND).write(ptr::without_provenance_mut(kind as usize)) };
    }

    /// The request ends, and its callback, which is given, is to be called if it is not NULL.
    pub(crate) fn end(self, event_loop: Loop) -> *mut c_void {
        // SAFETY: law 2.
        unsafe { self.word(KIND).write(ptr::null_mut()) };
        event_loop.count_request(-1);
        self.callback()
    }

    /// What it is, while it is under way.
    pub(crate) fn kind(self) -> Option<Kind> {
        // SAFETY: law 2.
        let word = unsafe { self.word(KIND).read() }.addr();
        let all = [Kind::Write, Kind::Chunk, Kind::Read, Kind::ZeroCopy, Kind::Release, Kind::Many];
        all.into_iter().find(|&kind| kind as usize == word)
    }

    pub(crate) fn callback(self) -> *mut c_void {
        // SAFETY: law 2.
        unsafe { self.word(CALLBACK).read() }
    }

    /// Its place in the list that it waits in.
    pub(crate) fn link(self) -> Link {
        // SAFETY: law 2.
        unsafe { Link::at(&raw const (*self.as_ptr()).queue) }
    }
}
