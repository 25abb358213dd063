//! File requests in a trace.

use std::ffi::CStr;
use std::fmt;

use crate::abi::*;
use crate::model::files::Stage;
use crate::model::request::FsReq;
use crate::observe::trace::{self, Quoted};
use crate::sys::clock;

/// A request is made. When, is kept in the word that a write has for itself.
#[cold]
pub(super) fn begin(req: FsReq) {
    if trace::is_on() {
        req.write_extra.set(uv__req_write_extra_s { nwritten: clock::monotonic_ns() as usize });
    }
}

/// A request is about to be called back: tells what it was about, how it ended and which way it went.
#[cold]
pub(super) fn tell(req: FsReq) {
    if !trace::is_on() {
        return;
    }
    let way = if req.is_at(Stage::Pool) {
        "pool"
    } else if req.is_at(Stage::Ring) || req.is_at(Stage::Cancelled) {
        "ring"
    } else {
        "at once"
    };
    let (path, result) = (req.path.get(), req.result.get());
    // SAFETY: law 2: a path belongs to its request until `uv_fs_req_cleanup`.
    let path = if path.is_null() { None } else { Some(unsafe { CStr::from_ptr(path) }) };
    let (id, began_ns, ended_ns) = (req.as_ptr().addr(), req.write_extra.get().nwritten as u64, clock::monotonic_ns());
    let ended = |about: fmt::Arguments<'_>| {
        let more = format_args!("\"way\":\"{way}\",{about},\"result\":{result}");
        trace::beside("file", name(req), id, began_ns, ended_ns, more);
    };
    match path {
        Some(path) => ended(format_args!("\"path\":\"{}\"", Quoted(path.to_bytes()))),
        None => ended(format_args!("\"fd\":{}", req.file.get())),
    }
}

/// What a request is about.
pub(super) fn name(req: FsReq) -> &'static str {
    match req.fs_type.get() {
        UV_FS_OPEN => "open",
        UV_FS_CLOSE => "close",
        UV_FS_READ => "read",
        UV_FS_WRITE => "write",
        UV_FS_SENDFILE => "sendfile",
        UV_FS_STAT => "stat",
        UV_FS_LSTAT => "lstat",
        UV_FS_FSTAT => "fstat",
        UV_FS_FTRUNCATE => "ftruncate",
        UV_FS_UTIME => "utime",
        UV_FS_FUTIME => "futime",
        UV_FS_LUTIME => "lutime",
        UV_FS_ACCESS => "access",
        UV_FS_CHMOD => "chmod",
        UV_FS_FCHMOD => "fchmod",
        UV_FS_FSYNC => "fsync",
        UV_FS_FDATASYNC => "fdatasync",
        UV_FS_UNLINK => "unlink",
        UV_FS_RMDIR => "rmdir",
        UV_FS_MKDIR => "mkdir",
        UV_FS_MKDTEMP => "mkdtemp",
        UV_FS_MKSTEMP => "mkstemp",
        UV_FS_RENAME => "rename",
        UV_FS_SCANDIR => "scandir",
        UV_FS_LINK => "link",
        UV_FS_SYMLINK => "symlink",
        UV_FS_READLINK => "readlink",
        UV_FS_CHOWN => "chown",
        UV_FS_FCHOWN => "fchown",
        UV_FS_LCHOWN => "lchown",
        UV_FS_REALPATH => "realpath",
        UV_FS_COPYFILE => "copyfile",
        UV_FS_OPENDIR => "opendir",
        UV_FS_READDIR => "readdir",
        UV_FS_CLOSEDIR => "closedir",
        UV_FS_STATFS => "statfs",
        _ => "file",
    }
}
