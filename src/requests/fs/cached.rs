//! What can be asked of files without waiting for a disk or a server.
//!
//! A read at a given place is done on the loop's own thread if the kernel can do it from its cache (`RWF_NOWAIT`): 0.45 µs, where
//! the ring takes 0.75. (Not past the cache: with O_DIRECT the flag does not keep the kernel from waiting for the device.)
//!
//! A stat is answered on the loop's own thread if the path is in the kernel's cache and the file is on a mount that is
//! known to be local (`mounts`): elsewhere even a cached answer may have to be confirmed by a server.

use std::cell::Cell;
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use libc::{S_IFIFO, S_IFSOCK, c_char, c_int, c_long, c_uint, open_how};

use super::mounts::{self, Class, look};
use super::request::answer_stat;
use super::route::{Attempt, Facts};
use crate::abi::*;
use crate::model::event_loop::Loop;
use crate::model::files::{Files, MOUNT};
use crate::model::request::FsReq;
use crate::op::{FileOp, Submission};
use crate::pool;
use crate::sys::call::outcome;
use crate::sys::spin;
use crate::sys::stat::from_statx;

/// The kernel or a filter has refused `openat2`.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// What kind of file a descriptor is (`S_IF…`); 0 if that cannot be told.
pub(super) fn kind(fd: c_int) -> u32 {
    look(fd, libc::STATX_TYPE).map_or(0, |s| u32::from(s.stx_mode) & libc::S_IFMT)
}

/// What kind of file a descriptor is, as `kind`, and the class of its mount: `None` if nobody has looked at that yet.
fn kind_and_class(fd: c_int) -> (u32, Option<Class>) {
    let Ok(found) = look(fd, libc::STATX_TYPE | mounts::MASK) else { return (0, Some(Class::Remote)) };
    (u32::from(found.stx_mode) & libc::S_IFMT, mounts::class(&found))
}

/// How a descriptor was opened, or is now (`O_DIRECT` and others may change); 0 if that cannot be told.
pub(super) fn open_flags(fd: c_int) -> c_int {
    // SAFETY: no pointers.
    unsafe { libc::fcntl(fd, libc::F_GETFL) }.max(0)
}

/// `open` with `O_PATH`.
///
/// # Safety
/// `path` is a string.
unsafe fn open_path(dir: c_int, path: *const c_char, nofollow: bool, resolve: u64) -> Result<c_int> {
    let flags = libc::O_PATH | libc::O_CLOEXEC | if nofollow { libc::O_NOFOLLOW } else { 0 };
    // SAFETY: all zero bytes are valid.
    let mut how: open_how = unsafe { std::mem::zeroed() };
    how.flags = flags as u64;
    how.resolve = resolve;
    // SAFETY: the caller's; `how` is as long as said.
    let fd =
        unsafe { libc::syscall(libc::SYS_openat2, c_long::from(dir), path, &raw const how, size_of::<open_how>()) };
    outcome(fd as isize).map(|fd| fd as c_int)
}

fn close(fd: c_int) {
    // SAFETY: opened here.
    unsafe { libc::close(fd) };
}

/// True for a stat that the pool had better do, because there are so many. Without waiting a stat takes three system calls, on a thread
/// that may wait one. For one stat the three are cheaper than to wake a thread and be woken; for many they are not. From which depth on
/// depends on the machine: on an AMD guest the three take 2 µs, the one 1, and to wake a thread 5; on an Intel guest 1.6, 0.7 and 20.
pub(super) fn is_one_of_many(files: &Files, req: FsReq) -> bool {
    /// To give a request to the pool and take it back, in nanoseconds.
    const HAND_OVER_NS: u64 = 300;
    /// So few are never worth a thread, however slowly the machine answers.
    const FEW: usize = 4;
    let under_way = files.stats_under_way.get();
    if !req.is_stat() || under_way <= FEW {
        return false;
    }
    let at_once = files.stat_cost.ns();
    let in_pool = pool::short_ns().unwrap_or(at_once / 2) + HAND_OVER_NS;
    if at_once.saturating_sub(in_pool) * under_way as u64 > 2 * pool::wake_ns() {
        return true;
    }
    pool::doubt_short_ns();
    false
}

/// Answers a stat request if that takes no waiting; `None` if the pool must be asked. An answer about a mount that nobody has looked
/// at is left in the request, to be confirmed there.
pub(super) fn try_stat(files: &Files, req: FsReq) -> Option<Result<isize>> {
    const MASK: c_uint = libc::STATX_BASIC_STATS | libc::STATX_BTIME | mounts::MASK;
    let answer = match req.fs_type.get() {
        UV_FS_FSTAT => look(req.file.get(), MASK),
        _ if REFUSED.load(Relaxed) => return None,
        fs_type => {
            let nofollow = fs_type == UV_FS_LSTAT;
            // SAFETY: the request's path (law 2).
            match unsafe { open_path(req.file.get(), req.path.get(), nofollow, libc::RESOLVE_CACHED) } {
                Ok(fd) => {
                    let answer = look(fd, MASK);
                    close(fd);
                    answer
                }
                Err(e) if e == Errno::ENOENT || e == Errno::ENOTDIR => return Some(Err(e)),
                Err(e) => {
                    if e == Errno::ENOSYS || e == Errno::EPERM || e == Errno::EINVAL {
                        REFUSED.store(true, Relaxed);
                    }
                    return None;
                }
            }
        }
    };
    let answer = answer.ok()?;
    let class = mounts::class(&answer);
    files.stats.note(class == Some(Class::Remote));
    match class {
        Some(Class::Remote) => None,
        Some(Class::Local | Class::Reads | Class::Writes) => {
            answer_stat(req, from_statx(&answer));
            Some(Ok(0))
        }
        None => {
            req.statbuf.set(from_statx(&answer));
            req.set_word(MOUNT, mounts::number(&answer).unwrap_or(0) as usize);
            None
        }
    }
}

/// True if `try_stat` has left an answer, and it counts. On a thread of the pool: this may wait.
pub(super) fn confirm(req: FsReq) -> bool {
    match req.word(MOUNT) as u64 {
        0 => false,
        mount => mounts::class_of(mount)
            .or_else(|| learn(req).and_then(|(found, class)| (found == mount).then_some(class)))
            .is_some_and(|class| class >= Class::Local),
    }
}

/// Learns what kind of mount holds the file that a stat request is about. On a thread of the pool: this may wait.
pub(super) fn learn(req: FsReq) -> Option<(u64, Class)> {
    match req.fs_type.get() {
        UV_FS_FSTAT => mounts::learn(req.file.get()),
        fs_type => {
            // SAFETY: the request's path (law 2).
            let fd = unsafe { open_path(req.file.get(), req.path.get(), fs_type == UV_FS_LSTAT, 0) }.ok()?;
            let found = mounts::learn(fd);
            close(fd);
            found
        }
    }
}

/// Reads from a place in a file if that takes no waiting. A part of what was asked for counts only at the end of the file: the rest
/// may be on its disk.
fn try_read(op: &Submission) -> Attempt {
    static REFUSED: AtomicBool = AtomicBool::new(false);
    let FileOp::Read { fd, bufs, nbufs, offset: offset @ 0.. } = **op else { return Attempt::Unable };
    if REFUSED.load(Relaxed) {
        return Attempt::Unable;
    }
    // SAFETY: a submission has as many buffers, which are writable; they are laid out as iovecs.
    let read = outcome(unsafe { libc::preadv2(fd, bufs.cast(), nbufs as c_int, offset, libc::RWF_NOWAIT) });
    let read = match read {
        Ok(read) => read,
        Err(Errno::ENOTSUP) => return Attempt::Unable,
        Err(e) => {
            REFUSED.fetch_or(e == Errno::ENOSYS || e == Errno::EPERM, Relaxed);
            return Attempt::Missing;
        }
    };
    // SAFETY: there are `nbufs` buffers.
    let asked = (0..nbufs as usize).map(|i| unsafe { (*bufs.add(i)).len }).fold(0, usize::saturating_add);
    let is_whole = read == 0
        || read as usize == asked
        || look(fd, libc::STATX_SIZE).is_ok_and(|s| s.stx_size <= (offset + read as i64) as u64);
    if is_whole { Attempt::Done(read) } else { Attempt::Missing }
}

/// What `route` wants to know about an operation on the file `fd`, found where it is wanted.
pub(super) struct Here<'a> {
    files: &'a Files,
    is_polled: bool,
    op: &'a Submission,
    fd: c_int,
    flags: Cell<Option<c_int>>,
}

impl<'a> Here<'a> {
    pub(super) fn new(event_loop: Loop, fd: c_int, op: &'a Submission) -> Here<'a> {
        let state = event_loop.state();
        let is_polled = state.driver.borrow().is_polled();
        Here { files: &state.files, is_polled, op, fd, flags: Cell::new(None) }
    }
}

impl Facts for Here<'_> {
    fn pool_has_processor(&self) -> bool {
        spin::has_two_processors()
    }

    fn is_polled(&self) -> bool {
        self.is_polled
    }

    fn some_mount_writes(&self) -> bool {
        mounts::some_writes()
    }

    fn read_cached(&self) -> Attempt {
        try_read(self.op)
    }

    fn open_flags(&self) -> c_int {
        if let Some(flags) = self.flags.get() {
            return flags;
        }
        let is_read = matches!(**self.op, FileOp::Read { .. });
        let flags = if is_read && self.files.is_buffered(self.fd) {
            libc::O_RDWR
        } else {
            let flags = open_flags(self.fd);
            self.files.note_buffered(self.fd, flags & libc::O_DIRECT == 0);
            flags
        };
        self.flags.set(Some(flags));
        flags
    }

    fn kind_and_class(&self) -> (u32, Option<Class>) {
        kind_and_class(self.fd)
    }

    fn names_device(&self) -> bool {
        let FileOp::Open { path, .. } = **self.op else { return false };
        // SAFETY: a submission's path is a string.
        let path = unsafe { CStr::from_ptr(path) }.to_bytes();
        // To open a device can be an act of its own, which is not to be done on the ring and then once more.
        path.starts_with(b"/dev/") && !path.starts_with(b"/dev/shm/")
    }

    fn is_in_pool(&self) -> bool {
        self.files.may_be_in_pool(self.fd)
    }
}

impl FsReq {
    /// True for a read that waits until somebody writes. The ring needs no thread for that.
    pub(super) fn is_endless(self) -> bool {
        self.fs_type.get() == UV_FS_READ && self.off.get() < 0 && matches!(kind(self.file.get()), S_IFIFO | S_IFSOCK)
    }
}
