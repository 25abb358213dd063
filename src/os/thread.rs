//! Threads: their making, their processors, names and priorities.

use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_char, c_int, c_void, cpu_set_t, sched_param};

use super::host;
use crate::abi::{
    Errno, IntoC, Result, UV_THREAD_HAS_STACK_SIZE, UV_THREAD_PRIORITY_ABOVE_NORMAL, UV_THREAD_PRIORITY_BELOW_NORMAL,
    UV_THREAD_PRIORITY_HIGHEST, UV_THREAD_PRIORITY_LOWEST, UV_THREAD_PRIORITY_NORMAL, uv_thread_cb,
    uv_thread_options_t, uv_thread_t,
};

/// Starts a thread that runs `entry(arg)`. Its stack is as large as the soft limit on the main thread's says.
///
/// Returns 0; `UV_EAGAIN` if a limit or memory forbids it; or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_create(tid: *mut uv_thread_t, entry: uv_thread_cb, arg: *mut c_void) -> c_int {
    // SAFETY: C promises a place for the thread's id.
    unsafe { create(tid, 0, entry, arg) }.into_c()
}

/// As `uv_thread_create`, with options. With `UV_THREAD_HAS_STACK_SIZE`, `stack_size` is the size of the stack in bytes,
/// rounded up to whole pages and to the least the system allows; 0 is the default.
///
/// Returns 0; `UV_EAGAIN` if a limit or memory forbids it; or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_create_ex(
    tid: *mut uv_thread_t,
    params: *const uv_thread_options_t,
    entry: uv_thread_cb,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: C promises options and a place for the thread's id. Without its flag the size is not read: options of an
    // older program end before it.
    unsafe {
        let has_size = !params.is_null() && (*params).flags & UV_THREAD_HAS_STACK_SIZE != 0;
        create(tid, if has_size { (*params).stack_size } else { 0 }, entry, arg).into_c()
    }
}

/// Lets a thread free what it holds when it ends; it cannot be joined then. Returns 0 or an error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_detach(tid: *mut uv_thread_t) -> c_int {
    // SAFETY: C promises a thread that is not joined or detached yet.
    unsafe { -libc::pthread_detach(*tid) }
}

/// Waits until a thread has ended. Returns 0, `UV_EDEADLK` for the calling thread itself, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_join(tid: *mut uv_thread_t) -> c_int {
    // SAFETY: C promises a thread that is not joined or detached yet.
    unsafe { -libc::pthread_join(*tid, ptr::null_mut()) }
}

/// Non-zero if both are the same thread. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_equal(t1: *const uv_thread_t, t2: *const uv_thread_t) -> c_int {
    // SAFETY: C promises two ids.
    unsafe { libc::pthread_equal(*t1, *t2) }
}

/// The calling thread. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn uv_thread_self() -> uv_thread_t {
    // SAFETY: no conditions.
    unsafe { libc::pthread_self() }
}

/// How many bytes a mask of processors has: one for each processor that could be in it.
#[unsafe(no_mangle)]
pub extern "C" fn uv_cpumask_size() -> c_int {
    libc::CPU_SETSIZE
}

/// Lets a thread run only on the processors whose bytes in `cpumask` are not 0. `oldmask`, unless NULL, receives those
/// it could run on before, as ones.
///
/// Returns 0; `UV_EINVAL` if `mask_size` is below `uv_cpumask_size()` or no processor of the machine is in the mask; or
/// another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_setaffinity(
    tid: *mut uv_thread_t,
    cpumask: *mut c_char,
    oldmask: *mut c_char,
    mask_size: usize,
) -> c_int {
    // SAFETY: C promises a thread, and masks as large as it says.
    unsafe {
        if mask_size < MASK {
            return Errno::EINVAL.0;
        }
        if !oldmask.is_null() {
            let error = uv_thread_getaffinity(tid, oldmask, mask_size);
            if error < 0 {
                return error;
            }
        }
        let mut set = MaybeUninit::<cpu_set_t>::zeroed().assume_init();
        for cpu in 0..MASK {
            if *cpumask.add(cpu) != 0 {
                libc::CPU_SET(cpu, &mut set);
            }
        }
        -libc::pthread_setaffinity_np(*tid, size_of::<cpu_set_t>(), &raw const set)
    }
}

/// Gets the processors a thread may run on: for each, its byte in `cpumask` becomes 1, the others 0.
///
/// Returns 0; `UV_EINVAL` if `mask_size` is below `uv_cpumask_size()`; or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_getaffinity(tid: *mut uv_thread_t, cpumask: *mut c_char, mask_size: usize) -> c_int {
    // SAFETY: C promises a thread, and a mask as large as it says.
    unsafe {
        if mask_size < MASK {
            return Errno::EINVAL.0;
        }
        let mut set = MaybeUninit::<cpu_set_t>::zeroed().assume_init();
        let error = libc::pthread_getaffinity_np(*tid, size_of::<cpu_set_t>(), &raw mut set);
        if error != 0 {
            return -error;
        }
        for cpu in 0..MASK {
            *cpumask.add(cpu) = libc::CPU_ISSET(cpu, &set).into();
        }
        0
    }
}

/// The number of the processor the calling thread is on, or an error. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn uv_thread_getcpu() -> c_int {
    // SAFETY: no conditions.
    match unsafe { libc::sched_getcpu() } {
        -1 => Errno::last().0,
        cpu => cpu,
    }
}

/// Names the calling thread. What does not fit in 15 bytes is cut off.
///
/// Returns 0, `UV_EINVAL` if `name` is NULL, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_setname(name: *const c_char) -> c_int {
    if name.is_null() {
        return Errno::EINVAL.0;
    }
    let mut short: [c_char; NAME] = [0; NAME];
    // SAFETY: C promises a string; the last byte stays NUL.
    unsafe {
        ptr::copy_nonoverlapping(name, short.as_mut_ptr(), libc::strnlen(name, NAME - 1));
        -libc::pthread_setname_np(libc::pthread_self(), short.as_ptr())
    }
}

/// Gets the name of a thread that has not ended. What does not fit in `size` bytes, NUL included, is cut off.
///
/// Returns 0, `UV_EINVAL` if `name` is NULL or `size` 0, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_getname(tid: *mut uv_thread_t, name: *mut c_char, size: usize) -> c_int {
    if name.is_null() || size == 0 {
        return Errno::EINVAL.0;
    }
    let mut full: [c_char; NAME] = [0; NAME];
    // SAFETY: C promises a thread, and a buffer of `size` bytes.
    unsafe {
        let error = libc::pthread_getname_np(*tid, full.as_mut_ptr(), NAME);
        if error != 0 {
            return -error;
        }
        let n = libc::strnlen(full.as_ptr(), (size - 1).min(NAME - 1));
        ptr::copy_nonoverlapping(full.as_ptr(), name, n);
        *name.add(n) = 0;
    }
    0
}

/// Gets the priority of a thread that has not ended: the nice value if it is the calling thread and is scheduled in
/// the ordinary way, its scheduling policy's priority otherwise.
///
/// Returns 0, `UV_EINVAL` if `priority` is NULL, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_getpriority(tid: uv_thread_t, priority: *mut c_int) -> c_int {
    if priority.is_null() {
        return Errno::EINVAL.0;
    }
    let found = scheduling(tid)
        .and_then(|(policy, param)| if is_own_nice(tid, policy) { host::nice(0) } else { Ok(param.sched_priority) });
    match found {
        Ok(n) => {
            // SAFETY: not NULL, so C promises a place for the answer.
            unsafe { *priority = n };
            0
        }
        Err(e) => e.0,
    }
}

/// Sets the priority of a thread that has not ended, to one of `UV_THREAD_PRIORITY_*`. For the calling thread, if it is
/// scheduled in the ordinary way, that is the nice value, from 4 (lowest) down to -4 in steps of 2; otherwise it is a
/// point in the range of the scheduling policy.
///
/// Returns 0, `UV_EINVAL` for another priority, `UV_EACCES` or `UV_EPERM` if it is not allowed, or another error.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_thread_setpriority(tid: uv_thread_t, priority: c_int) -> c_int {
    set_priority(tid, priority).into_c()
}

/// Bytes of a mask.
const MASK: usize = libc::CPU_SETSIZE as usize;
/// Bytes of a thread's name, NUL included; the kernel's TASK_COMM_LEN.
const NAME: usize = 16;

/// Starts a thread with a stack of so many bytes; 0 for the default.
///
/// # Safety
/// `tid` is a place for the id.
pub(crate) unsafe fn create(tid: *mut uv_thread_t, stack_size: usize, entry: uv_thread_cb, arg: *mut c_void) -> Result {
    type Start = extern "C" fn(*mut c_void) -> *mut c_void;
    let entry = entry.ok_or(Errno::EINVAL)?;
    // pthread gets the user's function itself, and what it returns is never read. A function of ours between them would
    // be a Rust frame that pthread_exit and cancellation could not unwind.
    // SAFETY: on both architectures a function without a result may be called as if it had one.
    let entry = unsafe { std::mem::transmute::<unsafe extern "C" fn(*mut c_void), Start>(entry) };
    let mut attr = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: the attribute is initialised first and destroyed last.
    unsafe {
        check(libc::pthread_attr_init(attr.as_mut_ptr()))?;
        let sized = match stack_bytes(stack_size) {
            Some(bytes) => check(libc::pthread_attr_setstacksize(attr.as_mut_ptr(), bytes)),
            None => Ok(()),
        };
        let created = sized.and_then(|()| check(libc::pthread_create(tid, attr.as_ptr(), entry, arg)));
        libc::pthread_attr_destroy(attr.as_mut_ptr());
        created
    }
}

/// The stack size to ask for, or `None` for pthread's default.
fn stack_bytes(wanted: usize) -> Option<usize> {
    // SAFETY: no conditions.
    let [page, least] = [libc::_SC_PAGESIZE, libc::_SC_THREAD_STACK_MIN].map(|name| unsafe { libc::sysconf(name) });
    let page = usize::try_from(page).unwrap_or(4096);
    let least = usize::try_from(least).unwrap_or(0).max(8192);
    if wanted != 0 {
        // A size that rounding would carry past the end of memory stays as it is, for pthread to refuse.
        return Some(wanted.checked_next_multiple_of(page).unwrap_or(wanted).max(least));
    }
    // A limit of nothing at all, or of everything, says nothing useful: pthread's default is the limit of the
    // program's start or the platform's.
    let limit = soft_stack_limit().filter(|&limit| limit != libc::RLIM_INFINITY)?;
    let limit = usize::try_from(limit).ok()? / page * page;
    (limit >= least).then_some(limit)
}

fn soft_stack_limit() -> Option<libc::rlim_t> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the answer.
    (unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) } == 0).then_some(limit.rlim_cur)
}

fn scheduling(tid: uv_thread_t) -> Result<(c_int, sched_param)> {
    let mut policy = 0;
    let mut param = sched_param { sched_priority: 0 };
    // SAFETY: C promises a thread that has not ended; both places are valid.
    check(unsafe { libc::pthread_getschedparam(tid, &raw mut policy, &raw mut param) })?;
    Ok((policy, param))
}

/// Linux keeps a nice value for each thread, but it can be reached only by the kernel's id of it, which a
/// `uv_thread_t` does not tell of another thread.
fn is_own_nice(tid: uv_thread_t, policy: c_int) -> bool {
    // SAFETY: no conditions.
    policy == libc::SCHED_OTHER && unsafe { libc::pthread_equal(tid, libc::pthread_self()) } != 0
}

fn set_priority(tid: uv_thread_t, priority: c_int) -> Result {
    if !(UV_THREAD_PRIORITY_LOWEST..=UV_THREAD_PRIORITY_HIGHEST).contains(&priority) {
        return Err(Errno::EINVAL);
    }
    let (policy, mut param) = scheduling(tid)?;
    if is_own_nice(tid, policy) {
        return host::set_nice(0, -2 * priority);
    }
    // SAFETY: no conditions.
    let (min, max) = unsafe { (libc::sched_get_priority_min(policy), libc::sched_get_priority_max(policy)) };
    if min == -1 || max == -1 {
        return Err(Errno::last());
    }
    param.sched_priority = in_range(priority, min, max);
    // SAFETY: C promises a thread that has not ended.
    check(unsafe { libc::pthread_setschedparam(tid, policy, &raw const param) })
}

/// The point of a policy's range that a priority stands for: the ends, the middle and the quarters.
fn in_range(priority: c_int, min: c_int, max: c_int) -> c_int {
    let range = max - min;
    match priority {
        UV_THREAD_PRIORITY_HIGHEST => max,
        UV_THREAD_PRIORITY_ABOVE_NORMAL => min + range * 3 / 4,
        UV_THREAD_PRIORITY_NORMAL => min + range / 2,
        UV_THREAD_PRIORITY_BELOW_NORMAL => min + range / 4,
        _ => min,
    }
}

fn check(error: c_int) -> Result {
    if error == 0 { Ok(()) } else { Err(Errno::from_sys(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "the C library's attributes")]
    fn stacks_are_whole_pages() {
        // SAFETY: no conditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        assert!(stack_bytes(1).unwrap() >= 8192);
        assert_eq!(stack_bytes(page * 100), Some(page * 100));
        assert_eq!(stack_bytes(page * 100 + 1), Some(page * 101));
        assert_eq!(stack_bytes(usize::MAX), Some(usize::MAX));
    }

    #[test]
    fn priorities_span_the_range() {
        let points: Vec<c_int> = (-2..=2).map(|p| in_range(p, 1, 99)).collect();
        assert_eq!(points, [1, 25, 50, 74, 99]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "the C library's names of threads")]
    fn names_are_cut_off() {
        std::thread::spawn(|| {
            let mut tid = uv_thread_self();
            let mut name = [1; 20];
            // SAFETY: the buffer has the size told.
            unsafe {
                assert_eq!(uv_thread_setname(c"0123456789abcdefgh".as_ptr()), 0);
                assert_eq!(uv_thread_getname(&raw mut tid, name.as_mut_ptr(), 20), 0);
                assert_eq!(std::ffi::CStr::from_ptr(name.as_ptr()), c"0123456789abcde");
                assert_eq!(uv_thread_getname(&raw mut tid, name.as_mut_ptr(), 3), 0);
                assert_eq!(std::ffi::CStr::from_ptr(name.as_ptr()), c"01");
            }
        })
        .join()
        .unwrap();
    }
}
