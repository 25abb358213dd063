//! The state of a file, as `uv_stat_t` has it.

#![deny(unsafe_code)]

use crate::abi::{uv_stat_t, uv_timespec_t};

/// The kernel's answer in libuv's form.
pub(crate) fn from_statx(s: &libc::statx) -> uv_stat_t {
    let time = |t: &libc::statx_timestamp| uv_timespec_t { tv_sec: t.tv_sec, tv_nsec: t.tv_nsec.into() };
    uv_stat_t {
        st_dev: libc::makedev(s.stx_dev_major, s.stx_dev_minor),
        st_mode: s.stx_mode.into(),
        st_nlink: s.stx_nlink.into(),
        st_uid: s.stx_uid.into(),
        st_gid: s.stx_gid.into(),
        st_rdev: libc::makedev(s.stx_rdev_major, s.stx_rdev_minor),
        st_ino: s.stx_ino,
        st_size: s.stx_size,
        st_blksize: s.stx_blksize.into(),
        st_blocks: s.stx_blocks,
        st_flags: 0,
        st_gen: 0,
        st_atim: time(&s.stx_atime),
        st_mtim: time(&s.stx_mtime),
        st_ctim: time(&s.stx_ctime),
        st_birthtim: time(&s.stx_btime),
    }
}
