//! Options of a loop.

use libc::{c_int, c_uint};

use crate::abi::{Errno, IntoC, Result, uv_loop_t};
use crate::driver::{RingOptions, SubmissionPolling};
use crate::model::event_loop::Loop;
use crate::model::extension::GATHER_BYTES;
use crate::model::net::Net;

/// Option of `uvring_loop_set`. Above 0: a kernel thread takes what the loop submits (SQPOLL), and sleeps after so many milliseconds
/// without work. 0, the default: none does. With such a thread reads of files at an offset go to the ring, so that together with
/// `UVRING_LOOP_BUSY_POLL_US` a loop that reads makes no system call. Nothing else does: the thread keeps the rights that the
/// process had when the ring was made, and to read from a descriptor takes none. It takes a processor of its own: on the loop's, or
/// where others want it, all becomes slower.
pub const UVRING_LOOP_SQPOLL_IDLE_MS: c_uint = 1;
/// Option of `uvring_loop_set`. The processor that the thread of `UVRING_LOOP_SQPOLL_IDLE_MS`, which is to be set first, runs on;
/// `UINT64_MAX`, the default: any that the calling thread may use.
pub const UVRING_LOOP_SQPOLL_CPU: c_uint = 2;
/// Option of `uvring_loop_set`, at any time. For so many microseconds (1000000 at most) the loop looks for something to do before it
/// sleeps. 0, the default: only as long as that has lately paid.
pub const UVRING_LOOP_BUSY_POLL_US: c_uint = 3;
/// Option of `uvring_loop_set`. For how many operations the submission queue has room: a power of two from 64 to 32768; 256 unless
/// set.
pub const UVRING_LOOP_ENTRIES: c_uint = 4;

/// Option of `uvring_loop_set`, at any time: `UVRING_NET_READINESS`, or `UVRING_NET_GATHER`. For loops that are initialised later in
/// any program, `UVRING_NET=gather` in the environment says the latter.
pub const UVRING_LOOP_NET: c_uint = 5;

/// Value of `UVRING_LOOP_NET`, the default: what fits is with the kernel when `uv_write` returns, as with libuv.
pub const UVRING_NET_READINESS: u64 = 0;
/// Value of `UVRING_LOOP_NET`: what `uv_write` is given for a TCP or unix socket is gathered until the callbacks of the iteration have
/// run, and goes to the kernel in one call for each stream. Given up: `uv_stream_get_write_queue_size` is not 0 when a write that
/// fits returns, and a callback that waits for the answer to its write waits for ever, unless it calls `uvring_flush` first. All
/// else is as ever: `uv_try_write`, `uv_fileno`, `uv_close` and a handle that is passed push out what is before them.
pub const UVRING_NET_GATHER: u64 = 1;
/// Option of `uvring_loop_set`, at any time. After so many gathered bytes a stream hands them over early (`uvring_write`), 1 at least;
/// 65536 unless set.
pub const UVRING_LOOP_GATHER_BYTES: c_uint = 6;

/// What `uvring_loop_set` and `uvring_loop_get` are about: `UVRING_LOOP_*`.
#[expect(non_camel_case_types, reason = "the name is C's")]
pub type uvring_loop_option = c_uint;

const MOST_BUSY_POLL_US: u64 = 1_000_000;
const NS_PER_US: u64 = 1000;

/// Sets an option of the loop.
///
/// `UV_EINVAL` for an unknown option or a value out of range; `UV_EBUSY` once the loop has run, unless the option says otherwise;
/// for options of the ring `UV_ENOTSUP` where the loop has none, or the kernel's cannot be so, and `UV_EPERM` where the process may
/// not. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_loop_set(r#loop: *mut uv_loop_t, option: uvring_loop_option, value: u64) -> c_int {
    // SAFETY: law 5.
    set(unsafe { Loop::from_c(r#loop) }, option, value).into_c()
}

/// Tells an option of the loop. `UV_EINVAL` for an unknown one. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_loop_get(
    r#loop: *const uv_loop_t,
    option: uvring_loop_option,
    value: *mut u64,
) -> c_int {
    // SAFETY: law 5.
    let found = get(unsafe { Loop::from_c(r#loop) }, option);
    if let Ok(found) = found {
        // SAFETY: the caller's place for the answer.
        unsafe { value.write(found) };
    }
    found.map(|_| ()).into_c()
}

fn set(event_loop: Loop, option: uvring_loop_option, value: u64) -> Result {
    let polling = || event_loop.ring_options().map(|options| options.polling);
    let small = u32::try_from(value).map_err(|_| Errno::EINVAL);
    match option {
        UVRING_LOOP_SQPOLL_IDLE_MS if value == 0 => event_loop.set_submission_polling(None),
        UVRING_LOOP_SQPOLL_IDLE_MS => {
            let cpu = polling()?.and_then(|polling| polling.cpu);
            event_loop.set_submission_polling(Some(SubmissionPolling { idle_ms: small?, cpu }))
        }
        UVRING_LOOP_SQPOLL_CPU => {
            let cpu = if value == u64::MAX { None } else { Some(small?) };
            let polling = polling()?.ok_or(Errno::EINVAL)?;
            event_loop.set_submission_polling(Some(SubmissionPolling { cpu, ..polling }))
        }
        UVRING_LOOP_BUSY_POLL_US if value <= MOST_BUSY_POLL_US => {
            event_loop.state().busy_poll_ns.set(value * NS_PER_US);
            Ok(())
        }
        UVRING_LOOP_NET if value == UVRING_NET_READINESS || value == UVRING_NET_GATHER => {
            event_loop.state().net.set(if value == UVRING_NET_GATHER { Net::Gather } else { Net::Readiness });
            Ok(())
        }
        UVRING_LOOP_ENTRIES if value.is_power_of_two() && (64..=32768).contains(&value) => {
            event_loop.set_ring_entries(small?)
        }
        UVRING_LOOP_GATHER_BYTES if value > 0 => {
            let bytes = usize::try_from(value).map_err(|_| Errno::EINVAL)?;
            event_loop.extension_or_new()?.gather_bytes.set(bytes);
            Ok(())
        }
        _ => Err(Errno::EINVAL),
    }
}

fn get(event_loop: Loop, option: uvring_loop_option) -> Result<u64> {
    let options = event_loop.ring_options().unwrap_or(RingOptions::DEFAULT);
    match option {
        UVRING_LOOP_SQPOLL_IDLE_MS => Ok(options.polling.map_or(0, |polling| polling.idle_ms.into())),
        UVRING_LOOP_SQPOLL_CPU => Ok(options.polling.and_then(|polling| polling.cpu).map_or(u64::MAX, u64::from)),
        UVRING_LOOP_BUSY_POLL_US => Ok(event_loop.state().busy_poll_ns.get() / NS_PER_US),
        UVRING_LOOP_ENTRIES => Ok(options.entries.into()),
        UVRING_LOOP_NET if event_loop.state().net.get() == Net::Gather => Ok(UVRING_NET_GATHER),
        UVRING_LOOP_NET => Ok(UVRING_NET_READINESS),
        UVRING_LOOP_GATHER_BYTES => {
            Ok(event_loop.extension().map_or(GATHER_BYTES, |extension| extension.gather_bytes.get()) as u64)
        }
        _ => Err(Errno::EINVAL),
    }
}
