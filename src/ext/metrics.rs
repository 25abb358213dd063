//! What a loop counts and measures.

use libc::c_int;

use super::sized;
use crate::abi::ext::uvring_metrics_t;
use crate::abi::{IntoC, uv_loop_t};
use crate::model::event_loop::Loop;
use crate::model::figures;
use crate::observe::Slot;

/// Tells what a loop counted and measured. Set `metrics->size` to `sizeof *metrics` before the call.
///
/// The counters count from the start. The histograms and `asleep_ns` begin with the first call for the loop, unless the process was
/// started with `UVRING_METRICS=1` in its environment; then `uvring top` shows them, too. They cost some 60 ns a callback,
/// and nothing until then. The 1025th loop that is measured at the same time has empty histograms. `UV_EINVAL` if `size` is smaller
/// than it ever was, or if the loop is closed. Not thread-safe.
///
/// ```c
/// uvring_metrics_t m;
/// m.size = sizeof m;
/// if (uvring_metrics(uv_default_loop(), &m) == 0)
///   printf("%llu turns, %llu callbacks of a millisecond or so\n",
///          (unsigned long long)m.turns, (unsigned long long)(m.callback_ns[19] + m.callback_ns[20]));
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_metrics(r#loop: *mut uv_loop_t, metrics: *mut uvring_metrics_t) -> c_int {
    // SAFETY: law 5 for the loop; the caller's place for the answer, as long as it says.
    unsafe { sized::answer_of(r#loop, metrics, size_of::<uvring_metrics_t>(), of_loop) }.into_c()
}

fn of_loop(event_loop: Loop) -> uvring_metrics_t {
    let shared = event_loop.shared();
    shared.observe();
    let histograms = shared.slot().map(Slot::read).unwrap_or_default();
    let [completions_per_enter, callback_ns, pool_wait_ns] = histograms;
    uvring_metrics_t { completions_per_enter, callback_ns, pool_wait_ns, ..figures::metrics(event_loop) }
}
