//! Which function does which operation.

#![deny(unsafe_code)]

use super::{attr, copy, dir, stat, temp};
use crate::abi::*;
use crate::model::request::FsReq;
use crate::op::perform::perform;

/// Does the operation in the calling thread.
pub(super) fn run(req: FsReq) {
    let result = match req.fs_type.get() {
        UV_FS_ACCESS => attr::access(req),
        UV_FS_CHMOD | UV_FS_FCHMOD => attr::chmod(req),
        UV_FS_CHOWN | UV_FS_FCHOWN | UV_FS_LCHOWN => attr::chown(req),
        UV_FS_UTIME | UV_FS_FUTIME | UV_FS_LUTIME => attr::utime(req),
        UV_FS_READLINK => attr::readlink(req),
        UV_FS_REALPATH => attr::realpath(req),
        UV_FS_STAT | UV_FS_LSTAT | UV_FS_FSTAT => stat::stat(req),
        UV_FS_STATFS => stat::statfs(req),
        UV_FS_COPYFILE => copy::copyfile(req),
        UV_FS_SENDFILE => copy::sendfile(req),
        UV_FS_SCANDIR => dir::scandir(req),
        UV_FS_OPENDIR => dir::opendir(req),
        UV_FS_READDIR => dir::readdir(req),
        UV_FS_CLOSEDIR => dir::closedir(req),
        UV_FS_RMDIR => dir::rmdir(req),
        UV_FS_MKDTEMP => temp::mkdtemp(req),
        UV_FS_MKSTEMP => temp::mkstemp(req),
        _ => req.operation().map_or(Err(Errno::ENOSYS), |op| perform(&op)),
    };
    req.set_result(result);
    req.drop_buffers();
}

/// True for what takes a few microseconds, if what it is about is in memory.
pub(super) fn is_short(req: FsReq) -> bool {
    matches!(
        req.fs_type.get(),
        UV_FS_STAT
            | UV_FS_LSTAT
            | UV_FS_FSTAT
            | UV_FS_ACCESS
            | UV_FS_OPEN
            | UV_FS_READLINK
            | UV_FS_REALPATH
            | UV_FS_UNLINK
            | UV_FS_RENAME
            | UV_FS_MKDIR
            | UV_FS_RMDIR
            | UV_FS_LINK
            | UV_FS_SYMLINK
            | UV_FS_CHMOD
            | UV_FS_UTIME
    )
}
