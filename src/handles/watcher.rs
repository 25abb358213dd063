//! Idle, prepare and check handles: a callback in each turn, before or after the poll phase.
//!
//! Handles started first are called last: each start goes to the front of the loop's list, as with libuv.

use libc::c_int;

use crate::abi::*;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{Check, Handle, Idle, Prepare};

/// Initialises an idle handle. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_idle_init(r#loop: *mut uv_loop_t, idle: *mut uv_idle_t) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Idle::from_c(idle).init(Loop::from_c(r#loop)) }
}

/// Starts an idle handle: `cb` is called in each turn before the prepare handles, and the loop does not sleep.
/// No effect if it is active. `UV_EINVAL` if `cb` is NULL or the handle is closing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_idle_start(idle: *mut uv_idle_t, cb: uv_idle_cb) -> c_int {
    // SAFETY: law 1.
    unsafe { Idle::from_c(idle) }.start(cb).into_c()
}

/// Stops an idle handle. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_idle_stop(idle: *mut uv_idle_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Idle::from_c(idle) }.stop()
}

/// Initialises a prepare handle. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_prepare_init(r#loop: *mut uv_loop_t, prepare: *mut uv_prepare_t) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Prepare::from_c(prepare).init(Loop::from_c(r#loop)) }
}

/// Starts a prepare handle: `cb` is called in each turn right before the poll phase. No effect if it is active.
/// `UV_EINVAL` if `cb` is NULL or the handle is closing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_prepare_start(prepare: *mut uv_prepare_t, cb: uv_prepare_cb) -> c_int {
    // SAFETY: law 1.
    unsafe { Prepare::from_c(prepare) }.start(cb).into_c()
}

/// Stops a prepare handle. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_prepare_stop(prepare: *mut uv_prepare_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Prepare::from_c(prepare) }.stop()
}

/// Initialises a check handle. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_check_init(r#loop: *mut uv_loop_t, check: *mut uv_check_t) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Check::from_c(check).init(Loop::from_c(r#loop)) }
}

/// Starts a check handle: `cb` is called in each turn right after the poll phase. No effect if it is active.
/// `UV_EINVAL` if `cb` is NULL or the handle is closing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_check_start(check: *mut uv_check_t, cb: uv_check_cb) -> c_int {
    // SAFETY: law 1.
    unsafe { Check::from_c(check) }.start(cb).into_c()
}

/// Stops a check handle. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_check_stop(check: *mut uv_check_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Check::from_c(check) }.stop()
}

/// The three kinds differ only in names.
macro_rules! watcher {
    ($name:ident, $c:ident, $kind:ident, $cb:ident, $cb_type:ty, $list:ident, $run:ident, $close:ident, $call:ident) => {
        impl $name {
            fn init(self, event_loop: Loop) -> c_int {
                Handle::from(self).init(event_loop, $kind);
                self.link().init();
                self.$cb.set(None);
                0
            }

            fn start(self, cb: $cb_type) -> Result {
                let handle = Handle::from(self);
                if handle.is_active() {
                    return Ok(());
                }
                // A closing handle would stay in the list beyond its memory.
                if cb.is_none() || handle.is_closing() {
                    return Err(Errno::EINVAL);
                }
                handle.event_loop().$list().push_front(self.link());
                self.$cb.set(cb);
                handle.start();
                Ok(())
            }

            fn stop(self) -> c_int {
                let handle = Handle::from(self);
                if handle.is_active() {
                    self.link().unlink();
                    handle.stop();
                }
                0
            }
        }

        /// The phase: calls each active handle once. What a callback starts waits for the next turn.
        pub(crate) fn $run(event_loop: Loop) {
            let all = event_loop.$list();
            let todo = event_loop.state().walking.$list();
            todo.append_all(all);
            while let Some(link) = todo.pop_front() {
                all.push_back(link);
                callback::$call($name::of_link(link));
            }
        }

        pub(crate) fn $close(handle: $name) {
            handle.stop();
        }
    };
}

watcher!(Idle, uv_idle_t, UV_IDLE, idle_cb, uv_idle_cb, idle_handles, run_idle, close_idle, idle);
watcher!(
    Prepare,
    uv_prepare_t,
    UV_PREPARE,
    prepare_cb,
    uv_prepare_cb,
    prepare_handles,
    run_prepare,
    close_prepare,
    prepare
);
watcher!(Check, uv_check_t, UV_CHECK, check_cb, uv_check_cb, check_handles, run_check, close_check, check);
