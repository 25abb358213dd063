//! Sent async handles: what threads other than the loop's, and signal handlers, do with a handle, and where the loop finds it.

use std::ptr;

use libc::c_int;

use crate::abi::uv_async_t;
use crate::base::sync::{AtomicI32, AtomicPtr, Ordering::SeqCst, yield_now};
use crate::model::handle::{Async, Handle};

/// Reserved words of an async handle: the next in the stack, and its place in the order of initialisation.
pub(crate) const NEXT: usize = 0;
pub(crate) const ORDER: usize = 1;

/// The state of a handle (`pending`), in which its senders, its callback and its end meet:
///
/// | bits | meaning |
/// |---|---|
/// | `PENDING` | sent, callback not yet begun |
/// | `CLOSED` | being closed: a sender does nothing |
/// | `SENDER` × n | n senders are between their first and last access |
#[repr(transparent)]
pub(crate) struct Sends(AtomicI32);

const PENDING: c_int = 1;
const CLOSED: c_int = 2;
const SENDER: c_int = 4;

impl Sends {
    /// Calls `publish`, which has the callback come, unless it is to come already, or the handle is being closed.
    pub(crate) fn send(&self, publish: impl FnOnce()) {
        // The common case first: it is pending already, and a callback is to come. Not a plain load, which the processor may do
        // before it publishes what the caller wrote: the callback could then miss that, and no other would come.
        if self.0.fetch_or(0, SeqCst) & (PENDING | CLOSED) != 0 {
            return;
        }
        self.0.fetch_add(SENDER, SeqCst);
        if self.0.fetch_or(PENDING, SeqCst) & (PENDING | CLOSED) == 0 {
            publish();
        }
        self.0.fetch_sub(SENDER, SeqCst);
    }

    /// The callback begins: whoever sends from now on has it come once more.
    pub(crate) fn begin_callback(&self) {
        self.0.fetch_and(!PENDING, SeqCst);
    }

    /// Makes sure that no sender touches the handle any more. In a forked child the senders that the state counts are in the parent.
    pub(crate) fn close(&self, is_parents: bool) {
        self.0.fetch_or(CLOSED, SeqCst);
        while self.0.load(SeqCst) >= SENDER && !is_parents {
            // A sender is between two instructions of `send`, perhaps preempted there.
            yield_now();
        }
    }

    /// In a forked child: without senders, and pending or not.
    pub(crate) fn after_fork(&self, is_pending: bool) {
        self.0.store(if is_pending { PENDING } else { 0 }, SeqCst);
    }
}

/// Handles with a callback to come, last sent first; linked by the first reserved word of the handle.
pub(crate) struct PendingStack(AtomicPtr<uv_async_t>);

impl PendingStack {
    pub(crate) fn new() -> PendingStack {
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

    /// Empties the stack: gives its handles, last sent first.
    pub(crate) fn take(&self) -> impl Iterator<Item = Async> {
        let mut next = self.0.swap(ptr::null_mut(), SeqCst);
        std::iter::from_fn(move || {
            // SAFETY: law 1: a handle that is closed is taken out of the stack before its memory is given back.
            let handle = (!next.is_null()).then(|| unsafe { Async::from_c(next) })?;
            next = handle.reserved(NEXT).cast();
            Some(handle)
        })
    }
}

impl Async {
    pub(crate) fn sends(self) -> &'static Sends {
        // SAFETY: law 1, for as long as the caller uses it; an atomic is laid out as its number, and all accesses after
        // `uv_async_init` are atomic.
        unsafe { &*(*self.as_ptr()).pending.as_ptr().cast::<Sends>() }
    }

    /// From any thread, and from signal handlers: has the callback come.
    pub(crate) fn send(self) {
        self.sends().send(|| {
            // The loop outlives the handle, and whoever closes that waits for this sender.
            let shared = Handle::from(self).event_loop().shared();
            shared.pending_asyncs.push(self);
            shared.wake.wake();
        });
    }

    pub(crate) fn reserved(self, word: usize) -> *mut libc::c_void {
        // SAFETY: law 1; the union's four words are always initialised.
        unsafe { (&raw const (*self.as_ptr()).u).cast::<*mut libc::c_void>().add(word).read() }
    }

    pub(crate) fn set_reserved(self, word: usize, value: *mut libc::c_void) {
        // SAFETY: law 1; `NEXT` is written only by the sender that set `PENDING`, `ORDER` only by `init`.
        unsafe { (&raw mut (*self.as_ptr()).u).cast::<*mut libc::c_void>().add(word).write(value) }
    }
}

#[cfg(all(test, loom))]
mod every_order {
    use loom::sync::Arc;
    use loom::thread::spawn;

    use super::*;
    use crate::base::sync::{AtomicBool, AtomicU32, Ordering::Relaxed};

    /// A handle's state, whether it was published, and what its user tells the callback by memory of his own.
    struct Handle {
        sends: Sends,
        is_published: AtomicBool,
        times: AtomicU32,
        told: AtomicU32,
    }

    impl Handle {
        fn new() -> Arc<Handle> {
            let (is_published, times, told) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
            Arc::new(Handle { sends: Sends(AtomicI32::new(0)), is_published, times, told })
        }

        fn send(&self) {
            self.sends.send(|| {
                self.times.fetch_add(1, Relaxed);
                // Not a store: the stack exchanges, too.
                self.is_published.swap(true, SeqCst);
            });
        }

        /// The loop's part: what the callback sees, if there is one.
        fn deliver(&self) -> Option<u32> {
            self.is_published.swap(false, SeqCst).then(|| {
                self.sends.begin_callback();
                self.told.load(Relaxed)
            })
        }
    }

    /// What was written before a send is seen by a callback.
    #[test]
    fn the_last_send_is_delivered() {
        loom::model(|| {
            let handle = Handle::new();
            let sender = spawn({
                let handle = handle.clone();
                move || {
                    for number in [1, 2] {
                        handle.told.store(number, Relaxed);
                        handle.send();
                    }
                }
            });
            let early = handle.deliver();
            sender.join().expect("it ends");
            assert_eq!(handle.deliver().or(early), Some(2));
        });
    }

    /// Once `close` has returned nobody touches the loop for the handle.
    #[test]
    fn a_closed_handle_is_left_alone() {
        loom::model(|| {
            let handle = Handle::new();
            let sender = spawn({
                let handle = handle.clone();
                move || handle.send()
            });
            handle.sends.close(false);
            let times = handle.times.load(Relaxed);
            sender.join().expect("it ends");
            assert_eq!(handle.times.load(Relaxed), times);
        });
    }

    /// Handles that are pushed while the stack is emptied come out once.
    #[test]
    fn each_handle_is_found_once() {
        #[derive(Clone, Copy)]
        struct Shared(Async);
        // SAFETY: the handle outlives the threads; its word `NEXT` is written by the one that pushes it.
        unsafe impl Send for Shared {}

        loom::model(|| {
            // SAFETY: all zero bytes are a handle.
            let handles: [Box<uv_async_t>; 2] = std::array::from_fn(|_| Box::new(unsafe { std::mem::zeroed() }));
            let stack = Arc::new(PendingStack::new());
            // SAFETY: the boxes outlive the threads.
            let [first, second] = [0, 1].map(|at| Shared(unsafe { Async::from_c(&raw const *handles[at]) }));
            let push = |handle: Shared| {
                let stack = stack.clone();
                spawn(move || {
                    let Shared(handle) = { handle };
                    stack.push(handle);
                })
            };
            let senders = [push(first), push(second)];
            let mut found: Vec<Async> = stack.take().collect();
            for sender in senders {
                sender.join().expect("it ends");
            }
            found.extend(stack.take());
            assert_eq!(found.len(), 2);
            assert!(found.contains(&first.0) && found.contains(&second.0));
        });
    }
}
