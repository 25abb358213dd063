//! Does file operations on a loop as a program would, and sees from the counters which way they went.
//!
//! Argument for the unsafe code: (1) loop, request, timer and everything in `Things` live on the stack of `ways`, which
//! runs the loop until nothing is left of any of them.

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

use libc::{c_char, c_int};

use super::{BACKLOG, Bench, Memory, SIZE, Way, owned};
use crate::abi::*;
use crate::handles::timer::{uv_timer_init, uv_timer_start};
use crate::model::event_loop::Loop;
use crate::requests::fs::calls::stat::{uv_fs_fstat, uv_fs_lstat, uv_fs_stat};
use crate::requests::fs::calls::*;
use crate::requests::fs::{place, uv_fs_req_cleanup};
use crate::turn::{uv_close, uv_loop_close, uv_loop_init, uv_run};

/// What the operations work on; the timer that starts one finds it through its `data`.
struct Things {
    event_loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    fd: c_int,
    /// A duplicate, to be closed.
    spare: c_int,
    bufs: [uv_buf_t; 1],
    paths: [*const c_char; 5],
    /// The operation to start, and what starting it gave.
    name: &'static str,
    started: c_int,
}

/// A name, the way that it went if it did not fail, and where it would go alone and in a backlog.
type Seen = (&'static str, Option<Way>, [Way; 2]);

/// Plans and tries each operation.
pub(super) fn ways(bench: &Bench) -> std::result::Result<Vec<Seen>, c_int> {
    let mut data = [0u8; SIZE];
    let opened = bench.open()?;
    let mut event_loop = MaybeUninit::<uv_loop_t>::zeroed();
    let mut req = MaybeUninit::<uv_fs_t>::zeroed();
    // SAFETY: memory for a loop.
    let failed = -unsafe { uv_loop_init(event_loop.as_mut_ptr()) };
    if failed != 0 {
        return Err(failed);
    }
    let mut things = Things {
        event_loop: event_loop.as_mut_ptr(),
        req: req.as_mut_ptr(),
        fd: opened.as_raw_fd(),
        // SAFETY: no pointers.
        spare: unsafe { libc::dup(opened.as_raw_fd()) },
        bufs: [uv_buf_t { base: data.as_mut_ptr().cast(), len: SIZE }],
        paths: [&bench.file, &bench.link, &bench.moved, &bench.symlink, &bench.folder].map(|p| p.as_ptr()),
        name: "stat",
        started: 0,
    };
    // The first stat on a mount may have to learn what kind of mount it is.
    attempt(&mut things);
    // SAFETY: (1).
    let on = unsafe { Loop::from_c(things.event_loop) };
    let mut memory = Memory::new();
    let ways = bench.operations(things.fd, things.spare, &mut memory).map(|(name, op)| {
        let planned = [0, BACKLOG].map(|on_ring| place(on, things.fd, &op, on_ring));
        things.name = name;
        (name, attempt(&mut things), planned)
    });
    // SAFETY: nothing is left of it.
    unsafe { uv_loop_close(event_loop.as_mut_ptr()) };
    Ok(ways.into())
}

/// Starts one operation inside the loop, since outside `uv_run` nothing may be left on the ring, and waits for its end.
fn attempt(things: &mut Things) -> Option<Way> {
    let things = std::ptr::from_mut(things);
    let mut timer = MaybeUninit::<uv_timer_t>::zeroed();
    let timer = timer.as_mut_ptr();
    // SAFETY: (1).
    unsafe {
        let event_loop = (*things).event_loop;
        let before = counts(event_loop);
        uv_timer_init(event_loop, timer);
        (*timer).data.set(things.cast());
        uv_timer_start(timer, Some(on_timer), 0, 0);
        uv_run(event_loop, UV_RUN_DEFAULT);
        let after = counts(event_loop);
        let result = (*(*things).req).result.get();
        if (*things).name == "open" && result >= 0 {
            drop(owned(result as c_int));
        }
        uv_fs_req_cleanup((*things).req);
        if (*things).started < 0 || result < 0 {
            return None;
        }
        let grown = |n: usize| after[n] > before[n];
        // One that was tried on the ring first and had to be done again counts for where it was done.
        [(2, Way::Pool), (1, Way::Ring), (0, Way::Inline)].into_iter().find(|(n, _)| grown(*n)).map(|(_, way)| way)
    }
}

/// How many operations went each way so far: inline, ring, pool.
///
/// # Safety
/// The loop is alive.
unsafe fn counts(event_loop: *mut uv_loop_t) -> [u64; 3] {
    // SAFETY: the caller's.
    let state = unsafe { Loop::from_c(event_loop) }.state();
    let ring = state.driver.borrow().counters().ring_files;
    [state.files.answered_inline.get(), ring, state.files.given_to_pool.get()]
}

unsafe extern "C" fn on_timer(timer: *mut uv_timer_t) {
    // SAFETY: (1); `attempt` set `data`.
    unsafe {
        let things = (*timer).data.get().cast::<Things>();
        (*things).started = start(&*things);
        uv_close(timer.cast(), None);
    }
}

unsafe extern "C" fn on_done(_req: *mut uv_fs_t) {}

fn start(t: &Things) -> c_int {
    let (on, req, fd, bufs, done) = (t.event_loop, t.req, t.fd, t.bufs.as_ptr(), Some(on_done as _));
    let [file, link, moved, symlink, folder] = t.paths;
    // SAFETY: (1); the paths are strings.
    unsafe {
        match t.name {
            "open" => uv_fs_open(on, req, file, libc::O_RDWR, 0, done),
            "close" => uv_fs_close(on, req, t.spare, done),
            "read" => uv_fs_read(on, req, fd, bufs, 1, 0, done),
            "write" => uv_fs_write(on, req, fd, bufs, 1, 0, done),
            "stat" => uv_fs_stat(on, req, file, done),
            "lstat" => uv_fs_lstat(on, req, file, done),
            "fstat" => uv_fs_fstat(on, req, fd, done),
            "fsync" => uv_fs_fsync(on, req, fd, done),
            "fdatasync" => uv_fs_fdatasync(on, req, fd, done),
            "ftruncate" => uv_fs_ftruncate(on, req, fd, SIZE as i64, done),
            "link" => uv_fs_link(on, req, file, link, done),
            "rename" => uv_fs_rename(on, req, link, moved, done),
            "unlink" => uv_fs_unlink(on, req, moved, done),
            "symlink" => uv_fs_symlink(on, req, file, symlink, 0, done),
            "mkdir" => uv_fs_mkdir(on, req, folder, 0o700, done),
            _ => Errno::ENOSYS.0,
        }
    }
}
