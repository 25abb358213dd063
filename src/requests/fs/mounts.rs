//! What a mount does without waiting for anything, as far as its type of file system tells.
//!
//! On which mount a file is, only the kernel can tell: by a `statx` of an open file that asks for what is known already
//! (`AT_STATX_DONT_SYNC`). What is found there counts if the mount is known to be local:
//!
//! | kernel | a mount is known by |
//! |---|---|
//! | since 6.8 | its number (`STATX_MNT_ID_UNIQUE`), never given twice; what type it has, the pool's threads learn, as `statfs` may wait |
//! | before | the answer itself: it tells whether the file is left out of dumps (`STATX_ATTR_NODUMP` in `stx_attributes_mask`) |
//!
//! Before 6.8 no number will do. A mount's older one (`STATX_MNT_ID`), and that of a device which is none, are free again with
//! the unmount, and the next mount gets the lowest that is free: a tmpfs of a moment ago may now be a file server. (To watch
//! `/proc/self/mountinfo` takes a descriptor that the program may close, says nothing of other namespaces, and tells each change
//! once, to whichever of the processes that share the descriptor asks first.) Nor is one needed. Before 6.8 the attribute is known to
//! ext2 to ext4, XFS, btrfs, F2FS, UBIFS, HFS+ and, since 6.0, tmpfs, all of them local; and to gfs2, which has taken its lock when it
//! answers. FUSE, NFS, SMB, 9p, Ceph, AFS and whatever else has its files elsewhere do not know it; overlayfs says what the layer
//! says that the file is on. What kernels are to come will say is open, but they number their mounts.
//!
//! Not every file system heeds the flag: 9p without a cache asks its server, SMB may after a change, and cluster file systems take a lock.
//! A loop whose looks are in vain again and again therefore stops looking for a while (`model::files::Attempts`).

use std::mem::MaybeUninit;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, Release},
};

use libc::{c_int, c_uint};

use crate::abi::*;
use crate::sys::call::{outcome, retry};

/// Mounts looked at so far: four times the number of the mount, plus its class; 0 is a free place. Numbers of mounts are
/// never used again, so an entry is never wrong; the oldest gives way when there is no room.
static MOUNTS: [AtomicU64; 64] = [const { AtomicU64::new(0) }; 64];
static NEXT: AtomicUsize = AtomicUsize::new(0);
/// One of them is of the class `Writes`.
static SOME_WRITES: AtomicBool = AtomicBool::new(false);

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

/// What `statx` is asked so that `number` and `class` can tell.
pub(super) const MASK: c_uint = libc::STATX_MNT_ID_UNIQUE;

/// `statx` of an open file, from the cache.
pub(super) fn look(fd: c_int, mask: c_uint) -> Result<libc::statx> {
    let mut out = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC;
    // SAFETY: a C string, and room for the answer.
    outcome(unsafe { libc::statx(fd, c"".as_ptr(), flags, mask, out.as_mut_ptr()) } as isize)?;
    // SAFETY: the kernel has written it.
    Ok(unsafe { out.assume_init() })
}

/// The number of the mount that the answer is about, if the kernel numbers mounts.
pub(super) fn number(answer: &libc::statx) -> Option<u64> {
    (answer.stx_mask & libc::STATX_MNT_ID_UNIQUE != 0).then_some(answer.stx_mnt_id)
}

/// The class of the mount that the answer is about; `None` if nobody has looked at that yet.
pub(super) fn class(answer: &libc::statx) -> Option<Class> {
    match number(answer) {
        Some(mount) => class_of(mount),
        None if answer.stx_attributes_mask & libc::STATX_ATTR_NODUMP as u64 != 0 => Some(Class::Reads),
        None => Some(Class::Remote),
    }
}

/// The class of a mount that was looked at.
pub(super) fn class_of(mount: u64) -> Option<Class> {
    let known = MOUNTS.iter().map(|m| m.load(Relaxed)).find(|&m| m >> 2 == mount)?;
    Some([Class::Remote, Class::Local, Class::Reads, Class::Writes][known as usize & 3])
}

/// True if there is a mount of the class `Writes`; if not, there is no need to ask where a file is.
pub(super) fn some_writes() -> bool {
    SOME_WRITES.load(Relaxed)
}

/// Learns what kind of mount holds an open file: its number and class. On a thread of the pool: this may wait.
pub(super) fn learn(fd: c_int) -> Option<(u64, Class)> {
    let mount = number(&look(fd, MASK).ok()?)?;
    if let Some(class) = class_of(mount) {
        return Some((mount, class));
    }
    let mut out = MaybeUninit::<libc::statfs64>::zeroed();
    // SAFETY: room for the answer.
    retry(|| unsafe { libc::fstatfs64(fd, out.as_mut_ptr()) }).ok()?;
    // SAFETY: the kernel has written it.
    let out = unsafe { out.assume_init() };
    let class = class_of_type(out.f_type as u32, out.f_flags as u64 & libc::ST_SYNCHRONOUS != 0);
    note(mount, class);
    Some((mount, class))
}

fn note(mount: u64, class: Class) {
    if class == Class::Writes {
        SOME_WRITES.store(true, Relaxed);
    }
    MOUNTS[NEXT.fetch_add(1, Relaxed) % MOUNTS.len()].store(mount << 2 | class as u64, Release);
}

/// The class of a type of file system. Whatever is not listed goes to the pool. Where every write goes to the disk at once (the mount
/// option `sync`), a ring would do that on the loop's thread.
fn class_of_type(magic: u32, synchronous: bool) -> Class {
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
    let class = TYPES.iter().find(|&&(known, _)| known == magic).map_or(Class::Remote, |&(_, class)| class);
    if synchronous { class.min(Class::Local) } else { class }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(mask: c_uint, mount: u64, attributes_mask: u64) -> libc::statx {
        // SAFETY: plain numbers.
        let mut answer: libc::statx = unsafe { std::mem::zeroed() };
        (answer.stx_mask, answer.stx_mnt_id, answer.stx_attributes_mask) = (mask, mount, attributes_mask);
        answer
    }

    #[test]
    fn a_mount_is_remembered() {
        assert_eq!(class_of(1 << 40), None);
        note(1 << 40, class_of_type(0xef53, false));
        note(1 << 40 | 1, class_of_type(0x6969, false));
        assert_eq!((class_of(1 << 40), class_of(1 << 40 | 1)), (Some(Class::Reads), Some(Class::Remote)));
        assert_eq!(class(&answer(libc::STATX_MNT_ID_UNIQUE, 1 << 40, 0)), Some(Class::Reads));
    }

    #[test]
    fn without_a_unique_number_the_answer_speaks_for_itself() {
        // The masks of 6.1: ext4, XFS, tmpfs; then FUSE and NFS, SMB, procfs.
        for local in [0x30_3874, 0x20_3070, 0x20_3070] {
            assert_eq!(class(&answer(0x17ff, 29, local)), Some(Class::Reads));
        }
        for elsewhere in [0x20_3000, 0x20_3804, 0x20_3000] {
            assert_eq!(class(&answer(0x17ff, 29, elsewhere)), Some(Class::Remote));
        }
    }

    #[test]
    fn only_what_is_listed_is_local() {
        let of = |magic| class_of_type(magic, false);
        assert!(of(0x5846_5342) > of(0xef53) && of(0xef53) > of(0x0102_1994));
        // NFS, CIFS, FUSE, 9p, autofs
        for magic in [0x6969, 0xff53_4d42, 0x6573_5546, 0x0102_1997, 0x0187] {
            assert_eq!(of(magic), Class::Remote);
            assert_eq!(class_of_type(magic, true), Class::Remote);
        }
        assert_eq!(class_of_type(0x5846_5342, true), Class::Local);
    }
}
