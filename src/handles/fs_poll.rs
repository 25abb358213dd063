//! File watchers by regular stat calls.
//!
//! Each start makes a *round*: a copy of the path, a timer, a request for the stat, and the last answer. A round ends
//! when its handle is stopped, but its memory lasts until the request and the timer have ended, and the handle, when
//! closing, waits for all its rounds.
//!
//! ```text
//! start → stat → compare, call back → timer → stat …
//!                 └ stopped ───────┴→ close the timer → freed → (last one of a closing handle) close_cb
//! ```
//!
//! The first look is part of the start where it needs no waiting: what changes right after `uv_fs_poll_start` is a change.
//!
//! Argument for the unsafe code: a round is boxed; it is freed in the close callback of its timer, which is closed only
//! when no stat is on its way. Law 1 holds for its handle meanwhile, because that waits. The `data` of the timer and of the
//! request is the round.

use std::cell::{Cell, UnsafeCell};
use std::ffi::CStr;
use std::ptr::{self, NonNull};

use libc::{c_char, c_int, c_uint};

use crate::abi::*;
use crate::base::alloc;
use crate::base::buffer::Out;
use crate::callback;
use crate::handles::timer::{self, uv_timer_init, uv_timer_start};
use crate::model::event_loop::Loop;
use crate::model::handle::{FsPoll, Handle, Timer, flag};
use crate::requests::fs::{stat_at_once, uv_fs_req_cleanup};

/// Initialises a file watcher. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_poll_init(r#loop: *mut uv_loop_t, handle: *mut uv_fs_poll_t) -> c_int {
    // SAFETY: laws 1 and 5.
    let (handle, event_loop) = unsafe { (FsPoll::from_c(handle), Loop::from_c(r#loop)) };
    Handle::from(handle).init(event_loop, UV_FS_POLL);
    handle.poll_ctx.set(ptr::null_mut());
    0
}

/// Starts asking for the state of the file at `path` every `interval` milliseconds (at least 1). `poll_cb` is called
/// with the old and the new state when they differ, access time and number of links aside, and with an error when the
/// file cannot be reached, once until the error changes or the file is back. The first answer is only remembered.
///
/// Returns 0, also if the handle is active already, which changes nothing; `UV_EINVAL` if it is closing; `UV_ENOMEM`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_poll_start(
    handle: *mut uv_fs_poll_t,
    poll_cb: uv_fs_poll_cb,
    path: *const c_char,
    interval: c_uint,
) -> c_int {
    // SAFETY: law 1; `path` is the caller's string.
    unsafe { FsPoll::from_c(handle).start(poll_cb, CStr::from_ptr(path), interval) }.into_c()
}

/// Stops a file watcher; its callback is not called any more. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_poll_stop(handle: *mut uv_fs_poll_t) -> c_int {
    // SAFETY: law 1.
    unsafe { FsPoll::from_c(handle) }.stop();
    0
}

/// Gets the path that is being watched, as it was given.
///
/// `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
/// `UV_EINVAL` if the handle is not active (the length becomes 0), a pointer is NULL or the size 0; `UV_ENOBUFS` if the
/// path does not fit, and `size` becomes what is needed, NUL included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_poll_getpath(handle: *mut uv_fs_poll_t, buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: law 1; C promises that the buffer is as large as the size says.
    unsafe {
        let handle = FsPoll::from_c(handle);
        let path = handle.round().map_or(ptr::null(), |round| round.path.cast_const());
        Out::new(buffer, size).and_then(|out| out.put_path(Handle::from(handle).is_active(), path)).into_c()
    }
}

/// What came of the stats so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// None has ended.
    Nothing,
    /// The last one gave a state.
    State,
    /// The last one gave this error, which has been reported.
    Failed(Errno),
}

/// One start of a handle; see the top. `handle->poll_ctx` is the newest.
struct Round {
    handle: FsPoll,
    /// The round before, if it has not ended.
    older: Cell<*mut Round>,
    callback: uv_fs_poll_cb,
    interval_ms: u64,
    path: *mut c_char,
    /// False from the stop of the handle.
    is_on: Cell<bool>,
    known: Cell<Known>,
    /// Loop time at which the stat under way began.
    began_ms: Cell<u64>,
    timer: UnsafeCell<uv_timer_t>,
    stat: UnsafeCell<uv_fs_t>,
    /// The last state, and the one before it: what the callback is given.
    current: Cell<uv_stat_t>,
    previous: Cell<uv_stat_t>,
}

impl FsPoll {
    fn round(self) -> Option<&'static Round> {
        // SAFETY: NULL, or a round that has not been freed: see the top.
        unsafe { self.poll_ctx.get().cast::<Round>().as_ref() }
    }

    fn start(self, callback: uv_fs_poll_cb, path: &CStr, interval_ms: c_uint) -> Result {
        let handle = Handle::from(self);
        if handle.is_active() {
            return Ok(());
        }
        if handle.is_closing() {
            return Err(Errno::EINVAL);
        }
        let path = alloc::strdup(path)?;
        let round = alloc::boxed(Round {
            handle: self,
            older: Cell::new(self.poll_ctx.get().cast()),
            callback,
            interval_ms: u64::from(interval_ms.max(1)),
            path,
            is_on: Cell::new(true),
            known: Cell::new(Known::Nothing),
            began_ms: Cell::new(0),
            // SAFETY: all zero bytes are valid for these, and a start in life.
            timer: UnsafeCell::new(unsafe { std::mem::zeroed() }),
            // SAFETY: all zero bytes are valid for a request.
            stat: UnsafeCell::new(unsafe { std::mem::zeroed() }),
            current: Cell::new(NO_STATE),
            previous: Cell::new(NO_STATE),
        });
        // SAFETY: `path` was just made.
        let boxed = round.inspect_err(|_| unsafe { alloc::free(path.cast()) })?;
        // SAFETY: just made, and freed no sooner than the next closing phase.
        let round = unsafe { boxed.as_ref() };
        // SAFETY: the timer is part of the round, which does not move.
        let timer = unsafe { uv_timer_init(handle.event_loop().as_ptr(), round.timer.get()) };
        if timer < 0 {
            // SAFETY: both were just made, and nobody has them.
            unsafe {
                alloc::unbox(boxed);
                alloc::free(path.cast());
            }
            return Err(Errno(timer));
        }
        let data = boxed.as_ptr().cast();
        // SAFETY: the timer was just initialised, and nobody else has it.
        unsafe {
            (*round.timer.get()).data.set(data);
            (*round.stat.get()).data.set(data);
        }
        self.poll_ctx.set(data);
        handle.start();
        // `uv_walk` does not show it, and it is the handle that keeps the loop alive.
        round.timer().set(flag::INTERNAL);
        round.timer().unreference();
        round.ask();
        Ok(())
    }

    fn stop(self) {
        let handle = Handle::from(self);
        if !handle.is_active() {
            return;
        }
        handle.stop();
        if let Some(round) = self.round() {
            round.is_on.set(false);
            // Otherwise the stat is under way, and its end does this.
            if round.timer().is_active() {
                round.close_timer();
            }
        }
    }
}

/// Ends the handle with its last round, or at once if there is none.
pub(crate) fn close(handle: FsPoll) {
    handle.stop();
    if handle.round().is_none() {
        Handle::from(handle).close_later();
    }
}

impl Round {
    fn timer(&self) -> Handle {
        // SAFETY: `start` initialised it, and it lives as long as the round.
        unsafe { Handle::from_c(self.timer.get().cast()) }
    }

    fn close_timer(&self) {
        self.timer().start_closing(Some(on_timer_closed));
        // SAFETY: as in `timer`.
        timer::close(unsafe { Timer::from_c(self.timer.get()) });
        self.timer().close_later();
    }

    /// Starts a stat.
    fn ask(&self) {
        let event_loop = Handle::from(self.handle).event_loop();
        self.began_ms.set(event_loop.time.get());
        // SAFETY: the request and the path are part of the round, which waits for the callback.
        let started = unsafe { stat_at_once(event_loop, self.stat.get(), self.path, Some(on_stat)) };
        if started.is_err() {
            // There was no memory for it. Try again later.
            self.wait(event_loop);
        }
    }

    /// The next stat is due a whole number of intervals after the last began.
    fn wait(&self, event_loop: Loop) {
        let elapsed = event_loop.time.get() - self.began_ms.get();
        let wait_ms = self.interval_ms - elapsed % self.interval_ms;
        // SAFETY: `start` initialised the timer.
        unsafe { uv_timer_start(self.timer.get(), Some(on_timer), wait_ms, 0) };
    }

    /// The stat has ended.
    fn take(&self, result: Result<uv_stat_t>) {
        if !self.is_on.get() {
            return self.close_timer();
        }
        // Before the callback, so that the callback is the last that is done.
        self.wait(Handle::from(self.handle).event_loop());
        match result {
            Ok(state) => self.on_state(state),
            Err(error) => self.on_error(error),
        }
    }

    fn on_state(&self, state: uv_stat_t) {
        self.previous.set(self.current.replace(state));
        let is_told = match self.known.replace(Known::State) {
            Known::Nothing => false,
            Known::State => !is_same(&self.previous.get(), &state),
            Known::Failed(_) => true,
        };
        if is_told {
            callback::fs_poll(self.callback, self.handle, 0, self.previous.as_ptr(), self.current.as_ptr());
        }
    }

    /// The state before the error stays: it is what the file is compared with when it is back.
    fn on_error(&self, error: Errno) {
        if self.known.replace(Known::Failed(error)) != Known::Failed(error) {
            callback::fs_poll(self.callback, self.handle, error.0, self.current.as_ptr(), &raw const NO_STATE);
        }
    }
}

/// The new state that goes with an error: all zero.
// SAFETY: plain numbers.
static NO_STATE: uv_stat_t = unsafe { std::mem::zeroed() };

/// True if nothing has changed that counts: reading a file, or linking it elsewhere, does not.
fn is_same(a: &uv_stat_t, b: &uv_stat_t) -> bool {
    let times = |s: &uv_stat_t| [s.st_mtim, s.st_ctim, s.st_birthtim].map(|t| (t.tv_sec, t.tv_nsec));
    let rest = |s: &uv_stat_t| [s.st_dev, s.st_ino, s.st_mode, s.st_uid, s.st_gid, s.st_size, s.st_flags, s.st_gen];
    times(a) == times(b) && rest(a) == rest(b)
}

unsafe extern "C" fn on_stat(req: *mut uv_fs_t) {
    // SAFETY: the request of a live round, whose answer is read before it is cleaned up.
    unsafe {
        let round: &Round = &*(*req).data.get().cast();
        let result = match (*req).result.get() {
            0 => Ok((*req).statbuf.get()),
            error => Err(Errno(error as c_int)),
        };
        uv_fs_req_cleanup(req);
        round.take(result);
    }
}

unsafe extern "C" fn on_timer(timer: *mut uv_timer_t) {
    // SAFETY: the timer of a live round.
    unsafe { &*(*timer).data.get().cast::<Round>() }.ask();
}

unsafe extern "C" fn on_timer_closed(timer: *mut uv_handle_t) {
    // SAFETY: the round lives until the end of this function, and so do the others in the handle's list.
    unsafe {
        let round = (*timer).data.get().cast::<Round>();
        let handle = (*round).handle;
        let older = (*round).older.get();
        let mut newer = handle.poll_ctx.get().cast::<Round>();
        if newer == round {
            handle.poll_ctx.set(older.cast());
        } else {
            while (*newer).older.get() != round {
                newer = (*newer).older.get();
            }
            (*newer).older.set(older);
        }
        alloc::free((*round).path.cast());
        alloc::unbox(NonNull::new_unchecked(round));
        if handle.poll_ctx.get().is_null() && Handle::from(handle).is_closing() {
            Handle::from(handle).close_later();
        }
    }
}
