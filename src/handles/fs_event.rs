//! File watchers (inotify).
//!
//! A loop has one inotify descriptor, made for its first watcher. What hangs on it is in `fs_watch.rs`; the directories
//! below a recursive watcher's own are in `fs_tree.rs`. (1) and (2) below are points of the argument in `fs_watch.rs`.

use std::ffi::CStr;
use std::ptr::{self, NonNull};

use libc::{c_char, c_int, c_uint};

use crate::abi::*;
use crate::base::alloc;
use crate::base::buffer::Out;
use crate::handles::fs_watch::{Inotify, each_active};
use crate::handles::{fs_descriptor, fs_tree};
use crate::model::event_loop::Loop;
use crate::model::handle::{FsEvent, Handle};

/// Initialises a file watcher. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_event_init(r#loop: *mut uv_loop_t, handle: *mut uv_fs_event_t) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { FsEvent::from_c(handle).init(Loop::from_c(r#loop)) };
    0
}

/// Starts watching the file or directory at `path`. `cb` is called for each change, with `UV_RENAME` if a name came, went
/// or changed, and `UV_CHANGE` if content or attributes did; for a directory, its `filename` is the name inside the directory
/// of what has changed, otherwise the last part of `path`. `filename` is valid during the call only. If the kernel has
/// dropped events, because the loop did not run for long, each watcher is called with `UV_CHANGE` and a NULL `filename`.
///
/// `flags` are `UV_FS_EVENT_*`. With `UV_FS_EVENT_RECURSIVE` all directories below are watched as well, new ones too, and
/// `filename` is the path seen from the watched directory. If a limit is reached later, `cb` is called with that error and
/// the directory that is not watched. (libuv ignores this flag on Linux, and so does this library if the environment says
/// `UVRING_FS_EVENT_RECURSIVE=0`.)
///
/// Returns 0; `UV_EINVAL` if the handle is active or closing; `UV_ENOENT`, `UV_EACCES` and so on if there is no such
/// file to watch; `UV_EMFILE`, `UV_ENOSPC` or `UV_ENOMEM` if a limit is reached. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_event_start(
    handle: *mut uv_fs_event_t,
    cb: uv_fs_event_cb,
    path: *const c_char,
    flags: c_uint,
) -> c_int {
    // SAFETY: law 1; `path` is the caller's string.
    unsafe { FsEvent::from_c(handle).start(cb, CStr::from_ptr(path), flags) }.into_c()
}

/// Stops a file watcher; its callback is not called any more. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_event_stop(handle: *mut uv_fs_event_t) -> c_int {
    // SAFETY: law 1.
    unsafe { FsEvent::from_c(handle) }.stop();
    0
}

/// Gets the path that is being watched, as it was given.
///
/// `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
/// `UV_EINVAL` if the handle is not active (the length becomes 0), a pointer is NULL or the size 0; `UV_ENOBUFS` if the
/// path does not fit, and `size` becomes what is needed, NUL included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_event_getpath(
    handle: *mut uv_fs_event_t,
    buffer: *mut c_char,
    size: *mut usize,
) -> c_int {
    // SAFETY: law 1; C promises that the buffer is as large as the size says.
    unsafe {
        let handle = FsEvent::from_c(handle);
        Out::new(buffer, size)
            .and_then(|out| out.put_path(Handle::from(handle).is_active(), handle.path.get()))
            .into_c()
    }
}

impl FsEvent {
    fn init(self, event_loop: Loop) {
        Handle::from(self).init(event_loop, UV_FS_EVENT);
        self.path.set(ptr::null_mut());
        self.cb.set(None);
        self.wd.set(-1);
        self.link().init();
    }

    fn start(self, cb: uv_fs_event_cb, path: &CStr, flags: c_uint) -> Result {
        let handle = Handle::from(self);
        if handle.is_active() || handle.is_closing() {
            return Err(Errno::EINVAL);
        }
        let inotify = Inotify::of(handle.event_loop())?;
        self.path.set(alloc::strdup(path)?);
        if let Err(e) = inotify.watch(self).and_then(|()| fs_tree::grow(self, inotify, flags)) {
            inotify.unwatch(self);
            // SAFETY: just made.
            unsafe { alloc::free(self.path.replace(ptr::null_mut()).cast()) };
            return Err(e);
        }
        self.cb.set(cb);
        handle.start();
        Ok(())
    }

    fn stop(self) {
        let handle = Handle::from(self);
        if !handle.is_active() {
            return;
        }
        handle.stop();
        if let Some(inotify) = Inotify::get(handle.event_loop()) {
            fs_tree::stop(self, inotify);
            inotify.unwatch(self);
            inotify.forget(self);
        }
        // SAFETY: `start` made it.
        unsafe { alloc::free(self.path.replace(ptr::null_mut()).cast()) };
    }
}

pub(crate) fn close(handle: FsEvent) {
    handle.stop();
}

/// How often the descriptor is read before the loop goes on: callbacks that change what they watch must not hold it up.
const READS: usize = 32;

/// The inotify descriptor is readable.
pub(crate) fn on_ready(event_loop: Loop) {
    let Some(inotify) = Inotify::get(event_loop) else { return };
    // What a `longjmp` out of a callback left, first.
    inotify.collect_strays();
    inotify.tell_found();
    for _ in 0..READS {
        while let Some(event) = inotify.next_event() {
            inotify.deliver(&event);
            inotify.tell_found();
        }
        if !inotify.read() {
            break;
        }
    }
    if inotify.is_torn.replace(false) {
        each_active(event_loop, |handle| fs_tree::prune(handle, inotify));
    }
}

/// The loop is being closed; no handle is left.
pub(crate) fn loop_cleanup(event_loop: Loop) {
    if let Some(inotify) = NonNull::new(event_loop.inotify_watchers.replace(ptr::null_mut()).cast::<Inotify>()) {
        fs_descriptor::close(event_loop);
        // SAFETY: (1); `of` boxed it.
        unsafe { alloc::unbox(inotify) };
    }
}

/// In a forked child: a new inotify descriptor with the same watches. The parent's watches hang on the parent's
/// descriptor, so closing the child's copy takes nothing away. A handle whose file is gone is stopped, and the error is
/// returned.
pub(crate) fn after_fork(event_loop: Loop) -> Result {
    let Some(inotify) = Inotify::get(event_loop) else { return Ok(()) };
    fs_descriptor::close(event_loop);
    inotify.forget_all();
    if inotify.walking().is_empty() {
        return Ok(());
    }
    fs_descriptor::open(event_loop)?;
    let mut result = Ok(());
    while let Some(link) = inotify.walking().pop_front() {
        let handle = FsEvent::of_link(link);
        if let Err(e) = inotify.watch(handle).and_then(|()| fs_tree::start(handle, inotify)) {
            handle.stop();
            result = Err(e);
        }
    }
    result
}
