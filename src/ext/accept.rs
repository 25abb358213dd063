//! Accepting sockets, and making streams of them.

use libc::c_int;

use crate::abi::ext::uvring_accept_cb;
use crate::abi::{IntoC, uv_os_sock_t, uv_stream_t};
use crate::handles::stream::{hand_out, listen};
use crate::model::handle::Stream;

/// Listens on a bound TCP or pipe handle, as `uv_listen` does, and calls `cb` with the socket of each connection, for which no handle
/// is needed: it may go to another loop (`uvring_post`), where `uvring_adopt` makes a stream of it. Several connections may come in
/// one turn, each with a callback of its own; what waits in the kernel is taken one by one, before each callback.
///
/// Where `UV_EMFILE` or another error is reported, no further callback follows; start again when descriptors are to be had.
/// Returns 0; `UV_EINVAL` for other or closing handles and a `cb` that is NULL; `UV_EALREADY` if it was started before; `UV_EBUSY`
/// while a connection awaits `uv_accept`; or what `uv_listen` gives. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_accept_start(server: *mut uv_stream_t, backlog: c_int, cb: uvring_accept_cb) -> c_int {
    // SAFETY: law 1.
    listen::hand_out(unsafe { Stream::from_c(server) }, backlog, cb).into_c()
}

/// Ends that: no callback follows. Connections wait in the kernel for the next `uvring_accept_start`, or for `uv_listen` and
/// `uv_accept`. Always returns 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_accept_stop(server: *mut uv_stream_t) -> c_int {
    // SAFETY: law 1.
    hand_out::stop(unsafe { Stream::from_c(server) });
    0
}

/// Makes a stream of a socket that `uvring_accept_start` gave: an initialised TCP or pipe handle becomes what `uv_accept` would have
/// made of it. On failure the socket stays the program's.
///
/// Returns 0; `UV_EBUSY` if the stream has a descriptor; `UV_EINVAL` for other or closing handles, and a socket below 0. Not
/// thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_adopt(stream: *mut uv_stream_t, sock: uv_os_sock_t) -> c_int {
    // SAFETY: law 1.
    hand_out::adopt(unsafe { Stream::from_c(stream) }, sock).into_c()
}
