//! Accepting sockets without handles.

use libc::c_int;

use crate::abi::{uv_os_sock_t, uv_stream_t};

/// With a `status` of 0, `sock` is a connected socket, non-blocking and closed on exec, and the program's: to adopt, to post or to
/// close. With an error there is no socket, and accepting has stopped.
pub type uvring_accept_cb = Option<unsafe extern "C" fn(server: *mut uv_stream_t, status: c_int, sock: uv_os_sock_t)>;
