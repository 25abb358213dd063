//! Ring entries: of file operations, and of those that point to nothing.

#![deny(unsafe_code)]

use io_uring::{opcode, squeue, types};
use libc::c_int;

use super::send::Send;
use super::{FileOp, Submission};

/// The number of the opcode that does `op`.
pub(crate) fn opcode(op: &FileOp) -> u8 {
    match op {
        FileOp::Open { .. } => opcode::OpenAt::CODE,
        FileOp::Close { .. } => opcode::Close::CODE,
        FileOp::Read { .. } => opcode::Readv::CODE,
        FileOp::Write { .. } => opcode::Writev::CODE,
        FileOp::Stat { .. } => opcode::Statx::CODE,
        FileOp::Fsync { .. } | FileOp::Fdatasync { .. } => opcode::Fsync::CODE,
        FileOp::Ftruncate { .. } => opcode::Ftruncate::CODE,
        FileOp::Unlink { .. } => opcode::UnlinkAt::CODE,
        FileOp::Rename { .. } => opcode::RenameAt::CODE,
        FileOp::Mkdir { .. } => opcode::MkDirAt::CODE,
        FileOp::Link { .. } => opcode::LinkAt::CODE,
        FileOp::Symlink { .. } => opcode::SymlinkAt::CODE,
    }
}

/// An entry of the submission queue: made of a [`Submission`], or one that points to nothing. So whoever has one may push it.
pub(crate) struct Entry(squeue::Entry);

impl Entry {
    /// What does a file operation.
    pub(crate) fn of(op: &Submission) -> Entry {
        Entry(entry(op))
    }

    /// Completes when a descriptor has something to read.
    pub(crate) fn poll(fd: c_int) -> Entry {
        Entry(opcode::PollAdd::new(types::Fd(fd), libc::POLLIN as u32).build())
    }

    /// What writes to a socket without waiting, and without a signal where nobody reads.
    pub(crate) fn send(send: &Send) -> Entry {
        const FLAGS: c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        let fd = types::Fd(send.fd());
        Entry(match send.only() {
            Some(buf) => opcode::Send::new(fd, buf.base.cast(), buf.len as u32).flags(FLAGS).build(),
            None => opcode::SendMsg::new(fd, send.message()).flags(FLAGS as u32).build(),
        })
    }

    /// Ends the poll with this `user_data`.
    pub(crate) fn end_poll(user_data: u64) -> Entry {
        Entry(opcode::PollRemove::new(user_data).build())
    }

    /// Tries to end the operation with this `user_data`.
    pub(crate) fn cancel(user_data: u64) -> Entry {
        Entry(opcode::AsyncCancel::new(user_data).build())
    }

    /// The same with this `user_data`.
    pub(crate) fn user_data(self, user_data: u64) -> Entry {
        Entry(self.0.user_data(user_data))
    }

    /// For the ring's queue.
    pub(crate) fn as_raw(&self) -> &squeue::Entry {
        &self.0
    }
}

fn entry(op: &FileOp) -> squeue::Entry {
    match *op {
        FileOp::Open { dir, path, flags, mode } => {
            opcode::OpenAt::new(types::Fd(dir), path).flags(flags | libc::O_CLOEXEC).mode(mode).build()
        }
        FileOp::Close { fd } => opcode::Close::new(types::Fd(fd)).build(),
        FileOp::Read { fd, bufs, nbufs, offset } => {
            opcode::Readv::new(types::Fd(fd), bufs.cast(), nbufs).offset(offset as u64).build()
        }
        FileOp::Write { fd, bufs, nbufs, offset } => {
            opcode::Writev::new(types::Fd(fd), bufs.cast(), nbufs).offset(offset as u64).build()
        }
        FileOp::Stat { fd, path, flags, out } => opcode::Statx::new(types::Fd(fd), path, out.cast())
            .flags(flags)
            .mask(libc::STATX_BASIC_STATS | libc::STATX_BTIME)
            .build(),
        FileOp::Fsync { fd } => opcode::Fsync::new(types::Fd(fd)).build(),
        FileOp::Fdatasync { fd } => opcode::Fsync::new(types::Fd(fd)).flags(types::FsyncFlags::DATASYNC).build(),
        FileOp::Ftruncate { fd, length } => opcode::Ftruncate::new(types::Fd(fd), length as u64).build(),
        FileOp::Unlink { dir, path, flags } => opcode::UnlinkAt::new(types::Fd(dir), path).flags(flags).build(),
        FileOp::Rename { dir, path, new_dir, new_path, flags } => {
            opcode::RenameAt::new(types::Fd(dir), path, types::Fd(new_dir), new_path).flags(flags).build()
        }
        FileOp::Mkdir { dir, path, mode } => opcode::MkDirAt::new(types::Fd(dir), path).mode(mode).build(),
        FileOp::Link { dir, path, new_dir, new_path, flags } => {
            opcode::LinkAt::new(types::Fd(dir), path, types::Fd(new_dir), new_path).flags(flags).build()
        }
        FileOp::Symlink { path, dir, new_path } => opcode::SymlinkAt::new(types::Fd(dir), path, new_path).build(),
    }
}
