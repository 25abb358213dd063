//! What can be asked of files without waiting for a disk or a server.
//!
//! A read at a given place is done on the loop's own thread if the kernel can do it from its cache (`RWF_NOWAIT`): 0.45 µs, where
//! the ring takes 0.75.
//!
//! A stat is answered on the loop's own thread if the path is in the kernel's cache and the file is on a mount that is
//! known to be local: elsewhere even a cached answer may have to be confirmed by a server. What kinds of mounts there are,
//! the pool's threads learn when they stat or read a file the ordinary way.

use std::mem::MaybeUninit;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, Release},
};

use libc::{c_char, c_int, c_long, c_uint, open_how};

use super::{FsReq, stat};
use crate::abi::*;
use crate::op::FileOp;
use crate::op::perform::{outcome, retry};
use crate::sys::stat::from_statx;

/// Mounts looked at so far: four times the number of the mount, plus its class; 0 is a free place. Numbers of mounts are
/// never used again, so an entry is never wrong; the oldest gives way when there is no room.
static MOUNTS: [AtomicU64; 64] = [const { AtomicU64::new(0) }; 64];
static NEXT: AtomicUsize = AtomicUsize::new(0);
/// One of them is of the class `Writes`.
static SOME_WRITES: AtomicBool = AtomicBool::new(false);
/// The kernel or a filter has refused `openat2`.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// What a mount does without waiting for anything. Each class does what those before it do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Class {
    /// Nothing that could be known here.
    Remote,
    /// Metadata is in memory or on this machine's disks.
    Local,
    /// On a ring, what is cached is read without a kernel worker (`FMODE_NOWAIT`).
    Reads,
    /// On a ring, the cache is written without a kernel worker (`FOP_BUFFER_WASYNC`).
    Writes,
}

/// The class of a mount that was looked at.
fn class_of(mount: u64) -> Option<Class> {
    let known = MOUNTS.iter().map(|m| m.load(Relaxed)).find(|&m| m >> 2 == mount)?;
    Some([Class::Remote, Class::Local, Class::Reads, Class::Writes][known as usize & 3])
}

/// The class of a type of file system. Whatever is not listed goes to the pool.
fn class_of_type(magic: u32) -> Class {
    const TYPES: [(u32, Class); 19] = [
        (0xef53, Class::Reads),       // ext2, ext3, ext4
        (0x5846_5342, Class::Writes), // XFS
        (0x9123_683e, Class::Writes), // btrfs
        (0xf2f5_2010, Class::Reads),  // F2FS
        (0x0102_1994, Class::Local),  // tmpfs
        (0x8584_58f6, Class::Local),  // ramfs
        (0x794c_7630, Class::Local),  // overlayfs
        (0x2fc1_2fc1, Class::Local),  // ZFS
        (0xca45_1a4e, Class::Local),  // bcachefs
        (0x3153_464a, Class::Local),  // JFS
        (0x4d44, Class::Local),       // FAT
        (0x2011_bab0, Class::Local),  // exFAT
        (0x7366_746e, Class::Local),  // NTFS
        (0x9660, Class::Local),       // ISO 9660
        (0x7371_7368, Class::Local),  // squashfs
        (0xe0f5_e1e2, Class::Local),  // EROFS
        (0x5049_5045, Class::Local),  // pipes
        (0x534f_434b, Class::Local),  // sockets
        (0x0904_1934, Class::Local),  // anonymous inodes
    ];
    TYPES.iter().find(|&&(known, _)| known == magic).map_or(Class::Remote, |&(_, class)| class)
}

/// `statx` of an open file, from the cache.
fn look(fd: c_int, mask: c_uint) -> Result<libc::statx> {
    let mut out = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC;
    // SAFETY: a C string, and room for the answer.
    outcome(unsafe { libc::statx(fd, c"".as_ptr(), flags, mask, out.as_mut_ptr()) } as isize)?;
    // SAFETY: the kernel has written it.
    Ok(unsafe { out.assume_init() })
}

/// What kind of file a descriptor is (`S_IF…`); 0 if that cannot be told.
pub(super) fn kind(fd: c_int) -> u32 {
    look(fd, libc::STATX_TYPE).map_or(0, |s| u32::from(s.stx_mode) & libc::S_IFMT)
}

/// What kind of file a descriptor is, as `kind`, and the class of its mount: `None` if nobody has looked at that yet.
pub(super) fn kind_and_class(fd: c_int) -> (u32, Option<Class>) {
    let Ok(found) = look(fd, libc::STATX_TYPE | libc::STATX_MNT_ID_UNIQUE) else { return (0, Some(Class::Remote)) };
    let kind = u32::from(found.stx_mode) & libc::S_IFMT;
    // A kernel before 6.8 does not number mounts. Then the ring may try.
    let unknown = found.stx_mask & libc::STATX_MNT_ID_UNIQUE == 0;
    (kind, if unknown { Some(Class::Writes) } else { class_of(found.stx_mnt_id) })
}

/// True if there is a mount of the class `Writes`; if not, there is no need to ask where a file is.
pub(super) fn some_mount_writes() -> bool {
    SOME_WRITES.load(Relaxed)
}

/// `open` with `O_PATH`.
fn open_path(path: *const c_char, nofollow: bool, resolve: u64) -> Result<c_int> {
    let flags = libc::O_PATH | libc::O_CLOEXEC | if nofollow { libc::O_NOFOLLOW } else { 0 };
    // SAFETY: all zero bytes are valid.
    let mut how: open_how = unsafe { std::mem::zeroed() };
    how.flags = flags as u64;
    how.resolve = resolve;
    // SAFETY: C promises a path; `how` is as long as said.
    let fd = unsafe {
        libc::syscall(libc::SYS_openat2, c_long::from(libc::AT_FDCWD), path, &raw const how, size_of::<open_how>())
    };
    outcome(fd as isize).map(|fd| fd as c_int)
}

fn close(fd: c_int) {
    // SAFETY: opened here.
    unsafe { libc::close(fd) };
}

/// Answers a stat request if that takes no waiting; `None` if it must be asked the ordinary way.
pub(super) fn try_stat(req: FsReq) -> Option<Result<isize>> {
    const MASK: c_uint = libc::STATX_BASIC_STATS | libc::STATX_BTIME | libc::STATX_MNT_ID_UNIQUE;
    let answer = match req.fs_type.get() {
        UV_FS_FSTAT => look(req.file.get(), MASK),
        _ if REFUSED.load(Relaxed) => return None,
        fs_type => match open_path(req.path.get(), fs_type == UV_FS_LSTAT, libc::RESOLVE_CACHED) {
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
        },
    };
    let answer = answer.ok()?;
    if answer.stx_mask & libc::STATX_MNT_ID_UNIQUE == 0
        || class_of(answer.stx_mnt_id).is_none_or(|class| class < Class::Local)
    {
        return None;
    }
    stat::answer(req, from_statx(&answer));
    Some(Ok(0))
}

/// Reads from a place in a file if that takes no waiting; `None` if it must be read the ordinary way. A part of what was asked
/// for counts only at the end of the file: the rest may be on its disk.
pub(super) fn try_read(req: FsReq) -> Option<Result<isize>> {
    static REFUSED: AtomicBool = AtomicBool::new(false);
    let Some(FileOp::Read { fd, bufs, nbufs, offset: offset @ 0.. }) = req.operation() else { return None };
    if REFUSED.load(Relaxed) {
        return None;
    }
    // SAFETY: `with_buffers` noted as many buffers, writable until the callback (law 4); they are laid out as iovecs.
    let read = outcome(unsafe { libc::preadv2(fd, bufs.cast(), nbufs as c_int, offset, libc::RWF_NOWAIT) });
    let read = match read {
        Ok(read) => read,
        Err(e) => {
            REFUSED.fetch_or(e == Errno::ENOSYS || e == Errno::EPERM, Relaxed);
            return None;
        }
    };
    // SAFETY: as above.
    let asked = (0..nbufs as usize).map(|i| unsafe { (*bufs.add(i)).len }).fold(0, usize::saturating_add);
    let is_whole = read == 0
        || read as usize == asked
        || look(fd, libc::STATX_SIZE).is_ok_and(|s| s.stx_size <= (offset + read as i64) as u64);
    is_whole.then_some(Ok(read))
}

/// Learns what kind of mount holds the file that `answer` is about. On a thread of the pool: this may wait.
pub(super) fn learn(req: FsReq, answer: &libc::statx) {
    let mount = answer.stx_mnt_id;
    if answer.stx_mask & libc::STATX_MNT_ID_UNIQUE == 0 || class_of(mount).is_some() {
        return;
    }
    let magic = match req.fs_type.get() {
        UV_FS_FSTAT => statfs_type(req.file.get()),
        fs_type => {
            let Ok(fd) = open_path(req.path.get(), fs_type == UV_FS_LSTAT, 0) else { return };
            // The path may lead elsewhere by now.
            let same = look(fd, libc::STATX_MNT_ID_UNIQUE).is_ok_and(|s| s.stx_mnt_id == mount);
            let found = if same { statfs_type(fd) } else { None };
            close(fd);
            found
        }
    };
    note(mount, magic);
}

/// Learns what kind of mount holds an open file. On a thread of the pool: this may wait.
pub(super) fn learn_of(fd: c_int) {
    if let Ok(found) = look(fd, libc::STATX_MNT_ID_UNIQUE)
        && class_of(found.stx_mnt_id).is_none()
    {
        note(found.stx_mnt_id, statfs_type(fd));
    }
}

fn note(mount: u64, magic: Option<u32>) {
    if let Some(magic) = magic {
        let class = class_of_type(magic);
        let entry = mount << 2 | class as u64;
        if class == Class::Writes {
            SOME_WRITES.store(true, Relaxed);
        }
        MOUNTS[NEXT.fetch_add(1, Relaxed) % MOUNTS.len()].store(entry, Release);
    }
}

fn statfs_type(fd: c_int) -> Option<u32> {
    let mut out = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: room for the answer.
    retry(|| unsafe { libc::fstatfs(fd, out.as_mut_ptr()) }).ok()?;
    // SAFETY: the kernel has written it.
    Some(unsafe { out.assume_init() }.f_type as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_remembered() {
        assert_eq!(class_of(1 << 40), None);
        note(1 << 40, Some(0xef53));
        note(1 << 40 | 1, Some(0x6969));
        assert_eq!((class_of(1 << 40), class_of(1 << 40 | 1)), (Some(Class::Reads), Some(Class::Remote)));
    }

    #[test]
    fn only_what_is_listed_is_local() {
        assert!(class_of_type(0x5846_5342) > class_of_type(0xef53));
        assert!(class_of_type(0xef53) > class_of_type(0x0102_1994));
        // NFS, CIFS, FUSE, 9p, autofs
        for magic in [0x6969, 0xff53_4d42, 0x6573_5546, 0x0102_1997, 0x0187] {
            assert_eq!(class_of_type(magic), Class::Remote);
        }
    }
}
