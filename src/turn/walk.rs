//! All handles of a loop, one after the other: `uv_walk` and the two functions that print them.

use libc::{c_char, c_int, c_void};

use super::c_api::uv_default_loop;
use crate::abi::*;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, flag};
use crate::os::getters;

/// Calls `walk_cb` with each handle of the loop and `arg`. The callback may close handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_walk(r#loop: *mut uv_loop_t, walk_cb: uv_walk_cb, arg: *mut c_void) {
    // SAFETY: law 5.
    walk(unsafe { Loop::from_c(r#loop) }, walk_cb, arg);
}

/// Writes a line for each handle of the loop to `stream`, stderr if NULL: flags, type, address. NULL for the default loop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_print_all_handles(r#loop: *mut uv_loop_t, stream: *mut libc::FILE) {
    // SAFETY: the caller's.
    unsafe { print_handles(r#loop, false, stream) };
}

/// The same for active handles only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_print_active_handles(r#loop: *mut uv_loop_t, stream: *mut libc::FILE) {
    // SAFETY: the caller's.
    unsafe { print_handles(r#loop, true, stream) };
}

/// # Safety
/// Law 5, and a stream of C's or NULL.
unsafe fn print_handles(event_loop: *mut uv_loop_t, only_active: bool, stream: *mut libc::FILE) {
    unsafe extern "C" {
        static stderr: *mut libc::FILE;
    }
    // SAFETY: the caller's, and C's standard streams.
    let (event_loop, stream) = unsafe {
        let event_loop = if event_loop.is_null() { uv_default_loop() } else { event_loop };
        (Loop::from_c(event_loop), if stream.is_null() { stderr } else { stream })
    };
    let all = event_loop.handle_queue();
    let mut link = all.first();
    while let Some(l) = link {
        link = l.next_in(all);
        let handle = Handle::of_link(l);
        if only_active && !handle.is_active() {
            continue;
        }
        let bit = |flag, letter: u8| c_int::from(if handle.has(flag) { letter } else { b'-' });
        // SAFETY: the format fits the arguments; the name is a constant string.
        unsafe {
            libc::fprintf(
                stream,
                c"[%c%c%c] %-8s %p\n".as_ptr(),
                bit(flag::REF, b'R'),
                bit(flag::ACTIVE, b'A'),
                bit(flag::INTERNAL, b'I'),
                type_name(handle.r#type.get()),
                handle.as_ptr(),
            );
        }
    }
}

fn type_name(kind: uv_handle_type) -> *const c_char {
    // SAFETY: takes any number.
    let name = unsafe { getters::uv_handle_type_name(kind) };
    if name.is_null() { c"unknown".as_ptr() } else { name }
}

/// Walks in place, so that a callback may walk as well, or `longjmp` away. Handles that callbacks initialise come behind
/// the last of now, and are not visited.
fn walk(event_loop: Loop, walk_cb: uv_walk_cb, arg: *mut c_void) {
    let all = event_loop.handle_queue();
    let last = all.last();
    let mut link = all.first();
    while let Some(here) = link {
        let handle = Handle::of_link(here);
        if !handle.has(flag::INTERNAL) {
            callback::walk(walk_cb, handle, arg);
        }
        // A loop run by the callback may have finished closing the handle.
        if link == last || here.is_empty() {
            return;
        }
        link = here.next_in(all);
    }
}
