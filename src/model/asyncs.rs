//! The stack of async handles that were sent, which senders in other threads and in signal handlers push to.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};

use crate::abi::uv_async_t;
use crate::model::handle::Async;

/// Reserved words of an async handle: the next in the stack, and its place in the order of initialisation.
pub(crate) const NEXT: usize = 0;
pub(crate) const ORDER: usize = 1;

/// Handles with a callback to come, last sent first; linked by the first reserved word of the handle.
pub(crate) struct PendingStack(AtomicPtr<uv_async_t>);

impl PendingStack {
    pub(crate) const fn new() -> PendingStack {
        PendingStack(AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.load(SeqCst).is_null()
    }

    pub(crate) fn push(&self, handle: Async) {
        let mut top = self.0.load(SeqCst);
        loop {
            handle.set_reserved(NEXT, top.cast());
            match self.0.compare_exchange_weak(top, handle.as_ptr(), SeqCst, SeqCst) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }

    pub(crate) fn take(&self) -> *mut uv_async_t {
        self.0.swap(ptr::null_mut(), SeqCst)
    }
}

impl Async {
    pub(crate) fn reserved(self, word: usize) -> *mut libc::c_void {
        // SAFETY: law 1; the union's four words are always initialised.
        unsafe { (&raw const (*self.as_ptr()).u).cast::<*mut libc::c_void>().add(word).read() }
    }

    pub(crate) fn set_reserved(self, word: usize, value: *mut libc::c_void) {
        // SAFETY: law 1; `NEXT` is written only by the sender that set `PENDING`, `ORDER` only by `init`.
        unsafe { (&raw mut (*self.as_ptr()).u).cast::<*mut libc::c_void>().add(word).write(value) }
    }
}
