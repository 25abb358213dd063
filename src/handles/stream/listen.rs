//! Listening, and accepting what came: each type of handle does either in its own way.

use libc::c_int;

use super::{accept, hand_out, state};
use crate::abi::ext::uvring_accept_cb;
use crate::abi::*;
use crate::handles::udp::uv_udp_open;
use crate::handles::{pipe, tcp};
use crate::model::handle::{Handle, Kind, Stream, flag};
use crate::model::io_watcher as io;
use crate::sys::socket;

/// Listens for connections on a TCP or pipe handle; the kernel queues up to `backlog` of them. `cb` is called with 0 for
/// each, and should then call `uv_accept`; or with an error.
///
/// Returns 0; `UV_EINVAL` for other or closing handles; `UV_EADDRINUSE`, be it that of an earlier bind; or another error.
/// Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_listen(stream: *mut uv_stream_t, backlog: c_int, cb: uv_connection_cb) -> c_int {
    // SAFETY: law 1.
    listen(unsafe { Stream::from_c(stream) }, backlog, cb).into_c()
}

/// Gives `client`, which was initialised and has no descriptor yet, the connection that `server` has taken; or the next
/// handle that the IPC pipe `server` has received. Both belong to the same loop.
///
/// Returns 0; `UV_EAGAIN` if there is nothing to accept; `UV_EBUSY` if the client has a descriptor: the connection is closed
/// then; `UV_EINVAL` if it is no TCP, pipe or UDP handle. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_accept(server: *mut uv_stream_t, client: *mut uv_stream_t) -> c_int {
    // SAFETY: law 1.
    unsafe { give(Stream::from_c(server), Handle::from_c(client.cast())) }.into_c()
}

fn listen(stream: Stream, backlog: c_int, cb: uv_connection_cb) -> Result {
    let handle = Handle::from(stream);
    if handle.is_closing() {
        return Err(Errno::EINVAL);
    }
    listen_for(handle, backlog)?;
    stream.set_accept_cb(None);
    stream.connection_cb.set(cb);
    stream.make_server();
    handle.start();
    stream.io().start(handle.event_loop(), io::IN)
}

/// Listens on behalf of who wants sockets.
pub(crate) fn hand_out(server: Stream, backlog: c_int, cb: uvring_accept_cb) -> Result {
    let handle = Handle::from(server);
    if cb.is_none() || handle.is_closing() || !hand_out::may_listen(handle) {
        return Err(Errno::EINVAL);
    }
    if server.hands_out() {
        return Err(Errno::EALREADY);
    }
    if server.accepted_fd.get() != -1 {
        return Err(Errno::EBUSY);
    }
    listen_for(handle, backlog)?;
    server.io().start(handle.event_loop(), io::IN)?;
    server.make_server();
    server.set_accept_cb(cb);
    handle.start();
    Ok(())
}

/// Has the kernel queue connections.
fn listen_for(handle: Handle, backlog: c_int) -> Result {
    match handle.kind() {
        Kind::Tcp(tcp) => tcp::listen(tcp, backlog),
        Kind::Pipe(pipe) => pipe::listen(pipe, backlog),
        _ => Err(Errno::EINVAL),
    }
}

fn give(server: Stream, client: Handle) -> Result {
    let fd = server.accepted_fd.get();
    if fd == -1 {
        return Err(Errno::EAGAIN);
    }
    let given = match client.kind() {
        Kind::Tcp(tcp) => state::open(tcp.into(), fd, flag::READABLE | flag::WRITABLE),
        Kind::Pipe(pipe) => state::open(pipe.into(), fd, flag::READABLE | flag::WRITABLE),
        // SAFETY: the handle is alive (law 1).
        Kind::Udp(udp) => match unsafe { uv_udp_open(udp.as_ptr(), fd) } {
            0 => Ok(()),
            error => Err(Errno(error)),
        },
        _ => return Err(Errno::EINVAL),
    };
    match given {
        Ok(()) => client.set(flag::BOUND),
        Err(_) => socket::close(fd),
    }
    server.accepted_fd.set(accept::next(server));
    if server.is_server() {
        server.io().start(Handle::from(server).event_loop(), io::IN)?;
    }
    given
}
