//! What `uvring doctor` asks: may there be a ring, and how does this kernel do each operation? Every answer comes from
//! trying, with the entries that the library itself sends.
//!
//! Argument for the unsafe code: (1) what an entry points to outlives the trial, which waits for its completion.

mod on_loop;

pub use crate::requests::fs::Place as Way;

use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use io_uring::{EnterFlags, IoUring};
use libc::c_int;

use crate::abi::{ERRORS, Errno, uv_buf_t};
use crate::driver::probe::{self, Features, Refusal};
use crate::op::sqe::Entry;
use crate::op::{FileOp, Submission};

/// May this process have a ring?
#[derive(Debug)]
pub enum Ring {
    /// Yes: set up with these flags, having these features.
    Allowed {
        /// Flags of io_uring_setup.
        flags: &'static str,
        /// Names of `IORING_FEAT_*`.
        features: Vec<&'static str>,
        /// How many opcodes the kernel knows.
        opcodes: u32,
    },
    /// `UV_USE_IO_URING=0` is set.
    SwitchedOff,
    /// This step failed with this `errno`.
    Failed(&'static str, i32),
    /// The kernel's rings lack this feature.
    Lacks(&'static str),
}

/// How the kernel did an operation that was put on a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRing {
    /// Inside io_uring_enter, on the calling thread.
    InEnter,
    /// Later: a kernel worker did it, or something had to happen first.
    Later,
    /// It does not know the operation, or failed with this `errno`.
    Failed(i32),
}

/// Asks whether there may be a ring.
pub fn ring() -> Ring {
    match probe::answer() {
        Ok(features) => match on_own_thread(move || open(features).map(|ring| describe(&ring, features))) {
            Ok(answer) => answer,
            Err(errno) => Ring::Failed("io_uring_setup", errno),
        },
        Err(Refusal::SwitchedOff) => Ring::SwitchedOff,
        Err(Refusal::Failed(step, errno)) => Ring::Failed(step, errno),
        Err(Refusal::Lacks(name)) => Ring::Lacks(name),
    }
}

/// Polls an eventfd through a ring and makes it readable: how sockets are waited for.
pub fn poll() -> OnRing {
    trial(|ring| {
        // SAFETY: no pointers.
        let fd = owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) })?;
        push(ring, &Entry::poll(fd.as_raw_fd()))?;
        // It must not complete before the descriptor is readable.
        if enter(ring, 1, 0, EnterFlags::GETEVENTS).is_ok() && ring.completion().next().is_some() {
            return Err(libc::EIO);
        }
        // SAFETY: eight bytes are read from the number.
        unsafe { libc::write(fd.as_raw_fd(), (&raw const ONE).cast(), 8) };
        enter(ring, 0, 1, EnterFlags::GETEVENTS)?;
        match ring.completion().next() {
            Some(cqe) if cqe.result() & c_int::from(libc::POLLIN) != 0 => Ok(OnRing::Later),
            _ => Err(libc::EIO),
        }
    })
}

/// One file operation.
#[derive(Debug)]
pub struct Operation {
    /// Its name in libuv, without `uv_fs_`.
    pub name: &'static str,
    /// Which way the library sent it; none if it failed.
    pub way: Option<Way>,
    /// Where the library's rules would have it done: alone, and with [`backlog`] others on the ring.
    pub planned: [Way; 2],
    /// What the kernel does with it on a ring, if there may be one.
    pub on_ring: Option<OnRing>,
}

/// The file operations that need not go to the thread pool, each tried on a small cached file in the folder `dir`: by the
/// library, and alone on a ring. The `errno` if nothing can be tried there.
pub fn operations(dir: &Path) -> Result<Vec<Operation>, i32> {
    let (for_loop, for_ring) = (Bench::new(&dir.join("loop"))?, Bench::new(&dir.join("ring"))?);
    let ways = on_own_thread(move || on_loop::ways(&for_loop))?;
    let on_ring = on_own_thread(move || match probe::features() {
        Some(features) => for_ring.try_all(&mut open(features)?),
        None => Ok(Vec::new()),
    })?;
    let on_ring_of = |name| on_ring.iter().find(|(n, _)| *n == name).map(|(_, how)| *how);
    Ok(ways
        .into_iter()
        .map(|(name, way, planned)| Operation { name, way, planned, on_ring: on_ring_of(name) })
        .collect())
}

/// With so many operations on the ring the library is busy. (Not public, as a constant for C would be.)
const BACKLOG: usize = 64;

/// The number of other operations on the ring with which [`Operation::planned`] reckons.
pub fn backlog() -> usize {
    BACKLOG
}

/// The name of an `errno`, such as "EPERM".
pub fn errno_name(errno: i32) -> &'static str {
    let known = ERRORS.iter().find(|(number, ..)| *number == -errno);
    known.and_then(|(_, name, _)| name.to_str().ok()).unwrap_or("an error without a name")
}

static ONE: u64 = 1;

/// Closing a ring disturbs its thread's next wait, so a ring is made in a thread that ends.
fn on_own_thread<T: Send + 'static>(body: impl FnOnce() -> Result<T, c_int> + Send + 'static) -> Result<T, c_int> {
    let thread = std::thread::Builder::new().spawn(body).map_err(|_| libc::EAGAIN)?;
    thread.join().unwrap_or(Err(libc::EIO))
}

fn trial(body: impl FnOnce(&mut IoUring) -> Result<OnRing, c_int> + Send + 'static) -> OnRing {
    let tried = on_own_thread(move || {
        let features = probe::features().ok_or(libc::EPERM)?;
        body(&mut open(features)?)
    });
    tried.unwrap_or_else(OnRing::Failed)
}

fn open(features: Features) -> Result<IoUring, c_int> {
    probe::build(features.setup, 8).map_err(|e| errno(&e))
}

fn describe(ring: &IoUring, features: Features) -> Ring {
    let has = probe::required(ring.params()).into_iter().filter(|(_, has)| *has).map(|(name, _)| name);
    let no_iowait = features.no_iowait.then_some("NO_IOWAIT");
    Ring::Allowed {
        flags: features.setup.flags(),
        features: has.chain(no_iowait).collect(),
        opcodes: features.opcodes.count_ones(),
    }
}

fn errno(error: &io::Error) -> c_int {
    error.raw_os_error().unwrap_or(libc::EIO)
}

fn owned(fd: c_int) -> Result<OwnedFd, c_int> {
    if fd < 0 {
        return Err(-Errno::last().0);
    }
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn push(ring: &mut IoUring, entry: &Entry) -> Result<(), c_int> {
    // SAFETY: (1).
    unsafe { ring.submission().push(entry.as_raw()) }.map_err(|_| libc::EIO)
}

fn enter(ring: &mut IoUring, submit: u32, min: u32, flags: EnterFlags) -> Result<(), c_int> {
    // SAFETY: no argument; the entries: (1).
    unsafe { ring.submitter().enter::<libc::sigset_t>(submit, min, flags.bits(), None) }
        .map(|_| ())
        .map_err(|e| errno(&e))
}

/// The files of a trial.
struct Bench {
    file: CString,
    link: CString,
    moved: CString,
    symlink: CString,
    folder: CString,
}

impl Bench {
    fn new(dir: &Path) -> Result<Bench, c_int> {
        let made = std::fs::create_dir(dir).and_then(|()| std::fs::write(dir.join("file"), [0u8; SIZE]));
        made.map_err(|e| errno(&e))?;
        let path = |name: &str| {
            let path = dir.join(name);
            CString::new(<OsStr as OsStrExt>::as_bytes(path.as_ref())).map_err(|_| libc::EINVAL)
        };
        Ok(Bench {
            file: path("file")?,
            link: path("link")?,
            moved: path("moved")?,
            symlink: path("symlink")?,
            folder: path("folder")?,
        })
    }

    /// The file, opened.
    fn open(&self) -> Result<OwnedFd, c_int> {
        // SAFETY: the path is a string.
        owned(unsafe { libc::open(self.file.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) })
    }

    /// The operations, on an open file, a duplicate that may be closed, and memory that takes what is read and answered: by name.
    fn operations(&self, fd: c_int, spare: c_int, memory: &mut Memory) -> [(&'static str, Submission); 15] {
        memory.bufs = [uv_buf_t { base: memory.data.as_mut_ptr().cast(), len: SIZE }];
        let (bufs, nbufs, offset, out) = (memory.bufs.as_ptr(), 1, 0, &raw mut memory.answer);
        let (here, flags) = (libc::AT_FDCWD, libc::O_RDWR);
        let [file, link, moved] = [&self.file, &self.link, &self.moved].map(|path| path.as_ptr());
        let (symlink, path) = (self.symlink.as_ptr(), file);
        [
            ("open", FileOp::Open { dir: here, path, flags, mode: 0 }),
            ("close", FileOp::Close { fd: spare }),
            ("read", FileOp::Read { fd, bufs, nbufs, offset }),
            ("write", FileOp::Write { fd, bufs, nbufs, offset }),
            ("stat", FileOp::Stat { fd: here, path, flags: 0, out }),
            ("lstat", FileOp::Stat { fd: here, path, flags: libc::AT_SYMLINK_NOFOLLOW, out }),
            ("fstat", FileOp::Stat { fd, path: c"".as_ptr(), flags: libc::AT_EMPTY_PATH, out }),
            ("fsync", FileOp::Fsync { fd }),
            ("fdatasync", FileOp::Fdatasync { fd }),
            ("ftruncate", FileOp::Ftruncate { fd, length: SIZE as i64 }),
            ("link", FileOp::Link { dir: here, path, new_dir: here, new_path: link, flags: 0 }),
            ("rename", FileOp::Rename { dir: here, path: link, new_dir: here, new_path: moved, flags: 0 }),
            ("unlink", FileOp::Unlink { dir: here, path: moved, flags: 0 }),
            ("symlink", FileOp::Symlink { path, dir: here, new_path: symlink }),
            ("mkdir", FileOp::Mkdir { dir: here, path: self.folder.as_ptr(), mode: 0o700 }),
        ]
        // SAFETY: (1).
        .map(|(name, op)| (name, unsafe { Submission::new(op) }))
    }

    fn try_all(&self, ring: &mut IoUring) -> Result<Vec<(&'static str, OnRing)>, c_int> {
        let (opened, mut memory) = (self.open()?, Memory::new());
        // SAFETY: no pointers.
        let spare = unsafe { libc::dup(opened.as_raw_fd()) };
        let operations = self.operations(opened.as_raw_fd(), spare, &mut memory);
        Ok(operations.map(|(name, op)| (name, Self::try_one(ring, &op).unwrap_or_else(OnRing::Failed))).into())
    }

    /// Hands over one entry without asking for completions: what is there then was done inside the call. What a kernel
    /// worker has done shows only at an enter that asks (DEFER_TASKRUN).
    fn try_one(ring: &mut IoUring, op: &Submission) -> Result<OnRing, c_int> {
        push(ring, &Entry::of(op))?;
        enter(ring, 1, 0, EnterFlags::empty())?;
        let mut done = ring.completion().next();
        let way = if done.is_some() { OnRing::InEnter } else { OnRing::Later };
        while done.is_none() {
            enter(ring, 0, 1, EnterFlags::GETEVENTS)?;
            done = ring.completion().next();
        }
        match done.map_or(0, |cqe| cqe.result()) {
            result if result < 0 => Ok(OnRing::Failed(-result)),
            result => {
                if matches!(**op, FileOp::Open { .. }) {
                    drop(owned(result));
                }
                Ok(way)
            }
        }
    }
}

/// Bytes of the file.
const SIZE: usize = 4096;

/// What operations point to beside paths.
struct Memory {
    data: [u8; SIZE],
    bufs: [uv_buf_t; 1],
    answer: libc::statx,
}

impl Memory {
    fn new() -> Memory {
        let bufs = [uv_buf_t { base: std::ptr::null_mut(), len: 0 }];
        // SAFETY: all zero bytes are a statx.
        Memory { data: [0; SIZE], bufs, answer: unsafe { std::mem::zeroed() } }
    }
}
