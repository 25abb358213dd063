//! The production loop and driver on a real ring, the enters of which fail as a test says.

use std::cell::{Cell, RefCell};
use std::ptr;

use super::probe;
use super::script::{enters_to_fail, fail_enters};
use crate::abi::*;
use crate::handles::timer::{uv_timer_init, uv_timer_start};
use crate::model::event_loop::Loop;
use crate::requests::fs::calls::uv_fs_open;
use crate::requests::fs::uv_fs_req_cleanup;
use crate::turn::{uv_close, uv_loop_close, uv_loop_init, uv_run};

const OPENS: usize = 5;

thread_local! {
    static RESULTS: RefCell<Vec<isize>> = const { RefCell::new(Vec::new()) };
    static REQUESTS: Cell<*mut [uv_fs_t; OPENS]> = const { Cell::new(ptr::null_mut()) };
    static FAILURES: RefCell<Vec<i32>> = const { RefCell::new(Vec::new()) };
}

fn zeroed<T>() -> Box<T> {
    // SAFETY: only used for C structs, for which zeros are valid.
    unsafe { Box::new(std::mem::zeroed()) }
}

unsafe extern "C" fn on_open(req: *mut uv_fs_t) {
    // SAFETY: the request of this callback.
    unsafe {
        RESULTS.with_borrow_mut(|results| results.push((*req).result.get()));
        uv_fs_req_cleanup(req);
    }
}

unsafe extern "C" fn open_all(timer: *mut uv_timer_t) {
    // SAFETY: a live timer, and requests that outlive the loop.
    unsafe {
        for req in &mut *REQUESTS.get() {
            assert_eq!(uv_fs_open((*timer).r#loop.get(), req, c"/proc/self/exe".as_ptr(), 0, 0, Some(on_open)), 0);
        }
        uv_close(timer.cast(), None);
    }
    FAILURES.with_borrow(|failures| fail_enters(failures.iter().copied()));
}

/// Opens files on the ring while enters fail. Each open is called back, with a descriptor, and opened nothing else. Gives whether
/// the loop still has a ring; `None` without one in the first place.
fn open_while_enters_fail(failures: &[i32]) -> Option<bool> {
    probe::features()?;
    let (event_loop, timer) = (zeroed::<uv_loop_t>(), zeroed::<uv_timer_t>());
    let mut requests = zeroed::<[uv_fs_t; OPENS]>();
    let (at, timer_at) = (ptr::from_ref(&*event_loop).cast_mut(), ptr::from_ref(&*timer).cast_mut());
    REQUESTS.set(&raw mut *requests);
    FAILURES.replace(failures.to_vec());
    // SAFETY: the boxes outlive the loop.
    let has_ring = unsafe {
        assert_eq!(uv_loop_init(at), 0);
        assert_eq!(uv_timer_init(at, timer_at), 0);
        assert_eq!(uv_timer_start(timer_at, Some(open_all), 0, 0), 0);
        assert_eq!(uv_run(at, UV_RUN_DEFAULT), 0);
        let driver = Loop::from_c(at).state().driver.borrow();
        assert_eq!(driver.files_in_flight(), 0);
        assert!(driver.counters().ring_files > 0);
        driver.may_have_ring()
    };
    let mut results = RESULTS.take();
    assert_eq!(results.len(), OPENS);
    results.sort_unstable();
    results.dedup();
    assert_eq!(results.len(), OPENS, "each has a descriptor of its own");
    for fd in results {
        assert!(fd >= 0, "{fd}");
        // SAFETY: opened above.
        assert_eq!(unsafe { libc::close(fd as i32) }, 0);
    }
    // SAFETY: nothing is open any more.
    assert_eq!(unsafe { uv_loop_close(at) }, 0);
    Some(has_ring)
}

#[test]
#[cfg_attr(miri, ignore = "asks the kernel for a ring")]
fn a_kernel_that_lacks_memory_is_asked_again() {
    let failures = [libc::EAGAIN, libc::ENOMEM, libc::EBUSY, libc::EAGAIN, libc::EINTR];
    if let Some(has_ring) = open_while_enters_fail(&failures) {
        assert!(has_ring);
        assert_eq!(enters_to_fail(), 0);
    }
}

#[test]
#[cfg_attr(miri, ignore = "asks the kernel for a ring")]
fn a_kernel_that_lacks_memory_for_long_is_given_up() {
    if let Some(has_ring) = open_while_enters_fail(&[libc::EAGAIN; 100_000]) {
        assert!(!has_ring);
        assert!(enters_to_fail() > 0);
        fail_enters([]);
    }
}

#[test]
#[cfg_attr(miri, ignore = "asks the kernel for a ring")]
fn what_the_kernel_has_not_taken_when_it_refuses_is_done_elsewhere() {
    for errno in [libc::EPERM, libc::ENOSYS, libc::EBADF] {
        if let Some(has_ring) = open_while_enters_fail(&[errno]) {
            assert!(!has_ring);
        }
    }
}
