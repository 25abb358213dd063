//! The C functions about loops.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::SeqCst};

use libc::c_int;

use crate::abi::*;
use crate::base::alloc;
use crate::base::lock::Mutex;
use crate::handles::signal;
use crate::model::event_loop::Loop;
use crate::os;
use crate::pool;

/// Initialises a loop in the caller's memory; `loop->data` is kept.
/// `UV_ENOMEM`, `UV_EMFILE` or another `UV_E…` if the system has no room for one. Not thread-safe for one loop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_init(r#loop: *mut uv_loop_t) -> c_int {
    // SAFETY: the caller's memory for a loop (law 5).
    unsafe { Loop::from_c(r#loop) }.init().into_c()
}

/// Gives back what the loop owns. `UV_EBUSY` while it has open handles or requests under way, and for a closed loop. A callback
/// may close the loop that calls it, if the handle or request was the last one: `uv_run` then returns 0 and touches the loop's
/// memory no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_close(r#loop: *mut uv_loop_t) -> c_int {
    // SAFETY: law 5.
    let closed = unsafe { Loop::from_c(r#loop) }.close();
    if closed.is_ok() {
        let _ = DEFAULT.compare_exchange(r#loop, ptr::null_mut(), SeqCst, SeqCst);
    }
    closed.into_c()
}

/// Allocates and initialises a loop; NULL on failure. `uv_loop_delete` takes it back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_new() -> *mut uv_loop_t {
    let memory = alloc::malloc(size_of::<uv_loop_t>()).cast::<uv_loop_t>();
    if memory.is_null() {
        return memory;
    }
    // SAFETY: fresh memory; `data` is the one field that `init` reads.
    let made = unsafe {
        memory.write_bytes(0, 1);
        Loop::from_c(memory)
    };
    match made.init() {
        Ok(()) => memory,
        Err(_) => {
            // SAFETY: ours.
            unsafe { alloc::free(memory.cast()) };
            ptr::null_mut()
        }
    }
}

/// Closes a loop that `uv_loop_new` made, and frees it. The default loop is only closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_delete(r#loop: *mut uv_loop_t) {
    let is_default = DEFAULT.load(SeqCst) == r#loop;
    // SAFETY: the caller's.
    unsafe {
        uv_loop_close(r#loop);
        if !is_default {
            alloc::free(r#loop.cast());
        }
    }
}

static DEFAULT: AtomicPtr<uv_loop_t> = AtomicPtr::new(ptr::null_mut());

/// The default loop, if it was made and is not closed.
pub(crate) fn existing_default() -> Option<*mut uv_loop_t> {
    let default = DEFAULT.load(SeqCst);
    (!default.is_null()).then_some(default)
}

/// Room for the default loop, which has to outlive every allocator.
struct Room(std::cell::UnsafeCell<std::mem::MaybeUninit<uv_loop_t>>);
// SAFETY: touched only by `uv_default_loop` under its lock, and then through the pointer it gives out (law 5).
unsafe impl Sync for Room {}
static ROOM: Room = Room(std::cell::UnsafeCell::new(std::mem::MaybeUninit::zeroed()));

/// The process's default loop, initialised at the first call; NULL if that fails. After `uv_loop_close` on it, the next
/// call initialises it anew. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_default_loop() -> *mut uv_loop_t {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let existing = DEFAULT.load(SeqCst);
    if !existing.is_null() {
        return existing;
    }
    let room = ROOM.0.get().cast::<uv_loop_t>();
    // SAFETY: static memory, zeroed or a closed loop.
    if unsafe { Loop::from_c(room) }.init().is_err() {
        return ptr::null_mut();
    }
    DEFAULT.store(room, SeqCst);
    room
}

/// Runs the loop. `UV_RUN_DEFAULT`: until nothing keeps it alive or `uv_stop` is called. `UV_RUN_ONCE`: one turn, sleeping
/// if nothing is ready. `UV_RUN_NOWAIT`: one turn without sleeping.
/// Returns non-zero if something still keeps the loop alive. Not reentrant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_run(r#loop: *mut uv_loop_t, mode: uv_run_mode) -> c_int {
    // SAFETY: law 5.
    let event_loop = unsafe { Loop::from_c(r#loop) };
    if event_loop.is_closed() { 0 } else { event_loop.run(mode) }
}

/// Makes `uv_run` return soon: before the next sleep. Called before `uv_run`, it makes that return without a turn. Not
/// thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_stop(r#loop: *mut uv_loop_t) {
    // SAFETY: law 5.
    unsafe { Loop::from_c(r#loop) }.stop();
}

/// Non-zero if active and referenced handles, requests or closing handles keep the loop alive. Any thread may ask.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_alive(r#loop: *const uv_loop_t) -> c_int {
    // SAFETY: law 5.
    c_int::from(unsafe { Loop::from_c(r#loop) }.alive())
}

/// Sets an option. `UV_LOOP_BLOCK_SIGNAL` with `SIGPROF`: block that signal while asleep. `UV_METRICS_IDLE_TIME`: measure
/// idle time. `UV_LOOP_USE_IO_URING_SQPOLL`: what `uvring_loop_set` calls
/// `UVRING_LOOP_SQPOLL_IDLE_MS`, of 10, where that can be and the loop has not run yet.
/// `UV_EINVAL` for another signal, `UV_ENOSYS` for an unknown option.
///
/// Variadic in C. A Rust function cannot be, so this one has a third parameter in its place: an integer argument travels in
/// the same register on x86-64 and aarch64. Without a third argument the register holds anything, and is not looked at.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_configure(r#loop: *mut uv_loop_t, option: uv_loop_option, argument: c_int) -> c_int {
    // SAFETY: law 5.
    unsafe { Loop::from_c(r#loop) }.configure(option, argument).into_c()
}

/// Makes a loop usable in a forked child; call it there before anything else on the loop.
/// `UV_ENOMEM` or another `UV_E…` if new descriptors cannot be had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_fork(r#loop: *mut uv_loop_t) -> c_int {
    // SAFETY: law 5.
    unsafe { Loop::from_c(r#loop) }.fork().into_c()
}

/// A descriptor that polls readable when the loop has something to do; for embedding it in another loop, together with
/// `uv_backend_timeout` and `uv_run(loop, UV_RUN_NOWAIT)`. An epoll descriptor, the same for the loop's whole life; -1 for a closed
/// loop. Any thread may ask.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_backend_fd(r#loop: *const uv_loop_t) -> c_int {
    // SAFETY: law 5.
    let event_loop = unsafe { Loop::from_c(r#loop) };
    if event_loop.is_closed() { -1 } else { event_loop.request_backend_fd() }
}

/// Milliseconds that a poll of `uv_backend_fd` may last: 0 not to wait, -1 for as long as it takes. Any thread may ask.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_backend_timeout(r#loop: *const uv_loop_t) -> c_int {
    // SAFETY: law 5.
    let event_loop = unsafe { Loop::from_c(r#loop) };
    if event_loop.is_closed() { 0 } else { event_loop.backend_timeout() }
}

/// The loop's time in milliseconds, from an arbitrary start; cached at the start of a turn and after sleeping.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_now(r#loop: *const uv_loop_t) -> u64 {
    // SAFETY: law 5.
    unsafe { Loop::from_c(r#loop) }.time_ms()
}

/// Updates the cached time, for callbacks that take long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_update_time(r#loop: *mut uv_loop_t) {
    // SAFETY: law 5.
    let event_loop = unsafe { Loop::from_c(r#loop) };
    if !event_loop.is_closed() {
        event_loop.update_time();
    }
}

/// Fills `metrics` with the loop's counters. Returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_metrics_info(r#loop: *mut uv_loop_t, metrics: *mut uv_metrics_t) -> c_int {
    // SAFETY: law 5.
    let m = &unsafe { Loop::from_c(r#loop) }.state().metrics;
    let now = uv_metrics_t {
        loop_count: m.loop_count.get(),
        events: m.events.get(),
        events_waiting: m.events_waiting.get(),
        reserved: [ptr::null_mut(); 13],
    };
    // SAFETY: the caller's place for the answer.
    unsafe { metrics.write(now) };
    0
}

/// Nanoseconds that the loop has spent asleep since `UV_METRICS_IDLE_TIME` was set; 0 if it was not. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_metrics_idle_time(r#loop: *mut uv_loop_t) -> u64 {
    // SAFETY: law 5; only atomics are read.
    unsafe { Loop::from_c(r#loop) }.shared().idle.total()
}

/// Gives back what the library holds for the whole process: threads of the pool, copies of names. Runs by itself when the
/// library is unloaded or the process exits; calling it again does nothing. No function of the library may run at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_library_shutdown() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.swap(true, SeqCst) {
        return;
    }
    os::title::cleanup();
    signal::cleanup();
    pool::shutdown();
}

/// Ends the pool's threads before their code is unmapped.
#[used]
#[unsafe(link_section = ".fini_array")]
static AT_UNLOAD: unsafe extern "C" fn() = uv_library_shutdown;
