//! The timeout of a request of uvring.h: a timer that is in no list of handles, and does not keep the loop alive.

use std::mem::offset_of;
use std::ptr::{self, NonNull};

use crate::abi::ext::uvring_req_t;
use crate::abi::{Errno, Result, UV_TIMER, uv_timer_cb, uv_timer_t};
use crate::base::alloc;
use crate::model::event_loop::Loop;
use crate::model::ext_request::ExtReq;
use crate::model::handle::{Handle, Timer, flag};
use crate::model::metrics::add;

const NS_PER_MS: u64 = 1_000_000;

/// Reserved words of a request: before it begins the timeout of the next call in nanoseconds, and the same sealed, without which there is
/// none, because the memory may never have been written to; while it is under way its `Deadline` or NULL, and whether that has passed.
const DEADLINE: usize = 2;
const PASSED: usize = 3;

impl ExtReq {
    fn number(self, at: usize) -> usize {
        // SAFETY: law 2.
        unsafe { self.word(at).read() }.addr()
    }

    fn set_number(self, at: usize, number: usize) {
        // SAFETY: law 2.
        unsafe { self.word(at).write(ptr::without_provenance_mut(number)) };
    }

    fn seal(self, ns: usize) -> usize {
        !ns ^ self.as_ptr().addr()
    }

    /// Limits the request that the next call starts with this memory.
    pub(crate) fn limit(self, ns: u64) -> Result {
        if self.kind().is_some() {
            return Err(Errno::EBUSY);
        }
        self.set_number(DEADLINE, ns as usize);
        self.set_number(PASSED, self.seal(ns as usize));
        Ok(())
    }

    /// The request is about to begin: if its time is limited, `due` is called when that is over. `UV_ENOMEM`.
    pub(crate) fn arm(self, event_loop: Loop, due: uv_timer_cb) -> Result {
        let ns = self.number(DEADLINE);
        let is_limited = self.number(PASSED) == self.seal(ns);
        let deadline = if is_limited { Some(Deadline::start(event_loop, self, ns as u64, due)?) } else { None };
        // SAFETY: law 2.
        unsafe { self.word(DEADLINE).write(deadline.map_or(ptr::null_mut(), |deadline| deadline.as_ptr().cast())) };
        self.set_number(PASSED, 0);
        Ok(())
    }

    /// Its time is over. It is to be cancelled.
    pub(crate) fn pass(self, event_loop: Loop) {
        self.set_number(PASSED, 1);
        add(&event_loop.state().metrics.ext.timeouts, 1);
    }

    /// The request is about to end. True if its time was over before.
    pub(crate) fn disarm(self) -> bool {
        // SAFETY: law 2.
        if let Some(deadline) = NonNull::new(unsafe { self.word(DEADLINE).read() }.cast()) {
            Deadline::end(deadline);
        }
        let is_late = self.number(PASSED) == 1;
        self.set_number(DEADLINE, 0);
        self.set_number(PASSED, 0);
        is_late
    }
}

/// A timer, and whose it is.
#[repr(C)]
pub(crate) struct Deadline {
    timer: uv_timer_t,
    req: *mut uvring_req_t,
}

impl Deadline {
    fn timer(this: NonNull<Deadline>) -> Timer {
        // SAFETY: boxed by `start`, and alive until `end` (law 1).
        unsafe { Timer::from_c(this.as_ptr().byte_add(offset_of!(Deadline, timer)).cast()) }
    }

    /// Calls `due` with the timer after so many nanoseconds. `UV_ENOMEM`.
    pub(crate) fn start(event_loop: Loop, req: ExtReq, ns: u64, due: uv_timer_cb) -> Result<NonNull<Deadline>> {
        // SAFETY: all zero bytes are valid.
        let timer: uv_timer_t = unsafe { std::mem::zeroed() };
        let this = alloc::boxed(Deadline { timer, req: req.as_ptr() })?;
        let admitted = event_loop.state().timers.borrow_mut().admit();
        if let Err(error) = admitted {
            // SAFETY: boxed above.
            unsafe { alloc::unbox(this) };
            return Err(error);
        }
        let timer = Deadline::timer(this);
        timer.r#loop.set(event_loop.as_ptr());
        timer.r#type.set(UV_TIMER);
        timer.flags.set(flag::INTERNAL);
        timer.link().init();
        let timeout_ms = event_loop.time_ms().saturating_add(ns.div_ceil(NS_PER_MS));
        let due_ns = event_loop.shared().now_ns().saturating_add(ns);
        timer.start_at(due, timeout_ms, due_ns, due_ns).inspect_err(|_| Deadline::end(this))?;
        Ok(this)
    }

    /// It is not wanted any more.
    pub(crate) fn end(this: NonNull<Deadline>) {
        let timer = Deadline::timer(this);
        timer.stop();
        Handle::from(timer).event_loop().state().timers.borrow_mut().dismiss();
        // SAFETY: boxed by `start`; nobody has it any more.
        unsafe { alloc::unbox(this) };
    }

    /// Whose timer is due.
    ///
    /// # Safety
    /// `timer` is what `due` was called with.
    pub(crate) unsafe fn request(timer: *mut uv_timer_t) -> ExtReq {
        // SAFETY: the caller's; law 2 for the request.
        unsafe { ExtReq::from_c((*timer.byte_sub(offset_of!(Deadline, timer)).cast::<Deadline>()).req) }
    }
}
