//! Streams: what TCP, pipe and tty handles share.
//!
//! Epoll tells when a descriptor is ready; the data goes by plain calls (docs/decisions/01-descriptors-wait-in-epoll.md). A
//! stream's watcher wants IN while it reads or listens, and OUT while a connection attempt is under way or writes wait. It is fed
//! when a callback is due without an event: for ended writes, a delayed error, a shutdown with nothing before it.

pub(crate) mod accept;
mod advance;
pub(crate) mod batch;
pub(crate) mod entry;
pub(crate) mod gather;
pub(crate) mod hand_out;
pub(crate) mod listen;
pub(crate) mod read;
pub(crate) mod reads;
pub(crate) mod ready;
pub(crate) mod recv;
mod side;
pub(crate) mod state;
pub(crate) mod watermark;
pub(crate) mod write;

use libc::c_int;

use crate::abi::*;
use crate::model::handle::{Handle, Kind, Stream, flag};
use crate::sys::socket;

/// 1 if the stream can be read from, else 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_is_readable(handle: *const uv_stream_t) -> c_int {
    // SAFETY: law 1.
    c_int::from(unsafe { Handle::from_c(handle.cast()) }.has(flag::READABLE))
}

/// 1 if the stream can be written to, else 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_is_writable(handle: *const uv_stream_t) -> c_int {
    // SAFETY: law 1.
    c_int::from(unsafe { Handle::from_c(handle.cast()) }.has(flag::WRITABLE))
}

/// Makes the stream's descriptor blocking or, with `blocking` 0, non-blocking again: writes then end before `uv_write`
/// returns; their callbacks come later all the same. Returns 0, or `UV_EBADF` if the stream is not open. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_stream_set_blocking(handle: *mut uv_stream_t, blocking: c_int) -> c_int {
    // SAFETY: law 1.
    let stream = unsafe { Stream::from_c(handle) };
    gather::flush_stream(stream);
    socket::set_nonblocking(stream.fd(), blocking == 0).into_c()
}

/// Sets the size in bytes of the kernel's send buffer for a TCP, pipe or UDP handle; with `*value` 0 it asks for the size
/// and puts it there. Linux sets, and tells, twice what was asked for.
///
/// Returns 0; `UV_EINVAL` if a pointer is NULL; `UV_ENOTSUP` for other handles; `UV_EBADF` if it is not open; or another
/// error. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_send_buffer_size(handle: *mut uv_handle_t, value: *mut c_int) -> c_int {
    // SAFETY: law 1, and the caller's place for the answer.
    unsafe { buffer_size(handle, value, libc::SO_SNDBUF) }.into_c()
}

/// As `uv_send_buffer_size`, for the receive buffer. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_recv_buffer_size(handle: *mut uv_handle_t, value: *mut c_int) -> c_int {
    // SAFETY: law 1, and the caller's place for the answer.
    unsafe { buffer_size(handle, value, libc::SO_RCVBUF) }.into_c()
}

/// # Safety
/// Law 1; `value` is NULL or valid.
unsafe fn buffer_size(handle: *mut uv_handle_t, value: *mut c_int, option: c_int) -> Result {
    if handle.is_null() || value.is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    let fd = match unsafe { Handle::from_c(handle) }.kind() {
        Kind::Tcp(h) => h.io_watcher.fd.get(),
        Kind::Pipe(h) => h.io_watcher.fd.get(),
        Kind::Udp(h) => h.io_watcher.fd.get(),
        _ => return Err(Errno::ENOTSUP),
    };
    // SAFETY: the caller's.
    unsafe {
        if *value != 0 {
            return socket::set_option(fd, libc::SOL_SOCKET, option, *value);
        }
        *value = socket::get_option(fd, libc::SOL_SOCKET, option)?;
    }
    Ok(())
}
