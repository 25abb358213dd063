//! The production loop and poll handles on the scripted driver: what happens when the kernel reports things in an order
//! that a real one rarely chooses.

use std::cell::{Cell, RefCell};
use std::ptr;

use libc::{c_int, c_void};

use super::c_api::*;
use super::uv_close;
use crate::abi::*;
use crate::driver::script::{Event, Script, scripted};
use crate::handles::poll::{uv_poll_init, uv_poll_start, uv_poll_stop};
use crate::handles::timer::{uv_timer_init, uv_timer_start};
use crate::model::event_loop::Loop;
use crate::model::io_watcher::IN;

/// A scripted loop with two poll handles on two sockets.
struct Stage {
    event_loop: *mut uv_loop_t,
    polls: [*mut uv_poll_t; 2],
    fds: [c_int; 2],
}

thread_local! {
    static CALLED: RefCell<Vec<*mut uv_poll_t>> = const { RefCell::new(Vec::new()) };
    static NEIGHBOUR: Cell<*mut uv_poll_t> = const { Cell::new(ptr::null_mut()) };
}

/// Memory for a C struct; `free` takes it back. Not a box, which would have to itself what the loop points to.
fn zeroed<T>() -> *mut T {
    // SAFETY: only used for C structs, for which zeros are valid.
    unsafe { Box::into_raw(Box::new(std::mem::zeroed())) }
}

fn free<T>(memory: *mut T) {
    // SAFETY: `zeroed` made it, and nothing points to it any more.
    drop(unsafe { Box::from_raw(memory) });
}

impl Stage {
    fn set() -> Stage {
        let event_loop = zeroed::<uv_loop_t>();
        // SAFETY: the memory outlives the loop.
        assert_eq!(scripted(|| unsafe { uv_loop_init(event_loop) }), 0);
        let polls = [zeroed::<uv_poll_t>(), zeroed::<uv_poll_t>()];
        // SAFETY: no pointers.
        let fds = [(); 2].map(|()| unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) });
        for (poll, fd) in polls.into_iter().zip(fds) {
            // SAFETY: the memory outlives the loop.
            assert_eq!(unsafe { uv_poll_init(event_loop, poll, fd) }, 0);
        }
        CALLED.take();
        Stage { event_loop, polls, fds }
    }

    fn poll(&self, i: usize) -> *mut uv_poll_t {
        self.polls[i]
    }

    fn at(&self) -> *mut uv_loop_t {
        self.event_loop
    }

    fn start(&self, i: usize, cb: uv_poll_cb) {
        // SAFETY: the handle is initialised.
        assert_eq!(unsafe { uv_poll_start(self.poll(i), UV_READABLE, cb) }, 0);
    }

    fn script<T>(&self, f: impl FnOnce(&mut Script) -> T) -> T {
        // SAFETY: the loop is initialised.
        let event_loop = unsafe { Loop::from_c(self.at()) };
        f(event_loop.state().driver.borrow_mut().script.as_mut().expect("the loop is scripted"))
    }

    fn turn(&self, events: &[Event]) {
        self.script(|s| s.waits.push_back(events.to_vec()));
        // SAFETY: the loop is initialised.
        unsafe { uv_run(self.at(), UV_RUN_NOWAIT) };
    }

    fn ready(&self, i: usize) -> Event {
        Event::Ready { fd: self.fds[i], events: IN }
    }

    fn end(self) {
        for i in 0..2 {
            // SAFETY: the handle is initialised; closing twice is avoided by the flag.
            unsafe {
                if crate::model::handle::uv_is_closing(self.poll(i).cast()) == 0 {
                    uv_close(self.poll(i).cast(), None);
                }
            }
        }
        self.turn(&[]);
        // SAFETY: nothing is open any more.
        assert_eq!(unsafe { uv_loop_close(self.at()) }, 0);
        free(self.event_loop);
        self.polls.into_iter().for_each(free);
        for fd in self.fds {
            // SAFETY: ours.
            unsafe { libc::close(fd) };
        }
    }
}

unsafe extern "C" fn note(poll: *mut uv_poll_t, _status: c_int, _events: c_int) {
    CALLED.with_borrow_mut(|c| c.push(poll));
}

unsafe extern "C" fn stop_neighbour(poll: *mut uv_poll_t, _status: c_int, _events: c_int) {
    CALLED.with_borrow_mut(|c| c.push(poll));
    // SAFETY: the neighbour is initialised.
    unsafe { uv_poll_stop(NEIGHBOUR.get()) };
}

#[test]
fn a_handle_stopped_by_its_neighbour_is_not_called() {
    let stage = Stage::set();
    NEIGHBOUR.set(stage.poll(1));
    stage.start(0, Some(stop_neighbour));
    stage.start(1, Some(note));
    stage.turn(&[stage.ready(0), stage.ready(1)]);
    assert_eq!(CALLED.take(), [stage.poll(0)]);
    stage.end();
}

#[test]
fn a_completion_for_a_key_that_was_given_up_finds_nothing() {
    let stage = Stage::set();
    stage.start(0, Some(note));
    stage.turn(&[]);
    let key = stage.script(|s| s.key_of(stage.fds[0])).expect("armed");
    // SAFETY: the handle is initialised.
    unsafe { uv_poll_stop(stage.poll(0)) };
    assert!(stage.script(|s| s.cancelled.contains(&key)));
    // The slot is used again at once, under another generation.
    stage.start(1, Some(note));
    stage.turn(&[Event::Stale { key }]);
    assert!(CALLED.take().is_empty());
    stage.turn(&[stage.ready(1)]);
    assert_eq!(CALLED.take(), [stage.poll(1)]);
    stage.end();
}

#[test]
fn readiness_that_was_not_asked_for_is_not_delivered() {
    let stage = Stage::set();
    stage.start(0, Some(note));
    stage.turn(&[Event::Ready { fd: stage.fds[0], events: libc::POLLOUT as u32 }]);
    assert!(CALLED.take().is_empty());
    stage.end();
}

#[test]
#[cfg_attr(miri, ignore = "the timer is due before the loop gets to sleep")]
fn the_sleep_ends_when_the_first_timer_is_due() {
    unsafe extern "C" fn stop(timer: *mut uv_timer_t) {
        // SAFETY: a live timer.
        unsafe { uv_stop((*timer).data.get().cast()) };
    }
    let stage = Stage::set();
    let at = zeroed::<uv_timer_t>();
    // SAFETY: the memory outlives the loop.
    unsafe {
        (*at).data.set(stage.at().cast::<c_void>());
        uv_timer_init(stage.at(), at);
        uv_timer_start(at, Some(stop), 20, 0);
        uv_run(stage.at(), UV_RUN_DEFAULT);
    }
    let first = stage.script(|s| s.limits[0]).expect("a limit");
    assert!(first > 20_000_000);
    // SAFETY: initialised.
    unsafe { uv_close(at.cast(), None) };
    stage.end();
    free(at);
}
