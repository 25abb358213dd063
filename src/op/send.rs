//! A write to a socket that does not wait: one of many that the ring carries with one call.

use libc::{c_int, msghdr};

use crate::abi::uv_buf_t;

/// One of many.
#[derive(Clone, Copy)]
pub(crate) struct Send {
    fd: c_int,
    /// The only buffer, or the first of those that `message` names.
    first: uv_buf_t,
    message: msghdr,
    /// How many bytes the kernel took, or a negative `errno`; once the batch was carried.
    pub(crate) result: i32,
}

impl Send {
    /// # Safety
    /// `bufs` has `count` buffers, one at least; they and what they name stay until the batch was carried (law 4).
    pub(crate) unsafe fn new(fd: c_int, bufs: *const uv_buf_t, count: usize) -> Send {
        // SAFETY: zeros are an empty message; the caller's buffers.
        let (mut message, first) = unsafe { (std::mem::zeroed::<msghdr>(), *bufs) };
        message.msg_iov = bufs.cast_mut().cast();
        message.msg_iovlen = count as _;
        Send { fd, first, message, result: -libc::EAGAIN }
    }

    pub(crate) fn fd(&self) -> c_int {
        self.fd
    }

    /// The buffer, if it is the only one.
    pub(crate) fn only(&self) -> Option<uv_buf_t> {
        (self.message.msg_iovlen == 1).then_some(self.first)
    }

    pub(crate) fn message(&self) -> *const msghdr {
        &raw const self.message
    }
}
