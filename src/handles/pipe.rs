//! Pipes and unix domain sockets: their names, connecting, permissions. What they have in common with other streams is
//! in `stream`, the passing of handles included.

use std::ffi::CStr;
use std::ptr;

use libc::{c_char, c_int, c_uint};

use crate::abi::*;
use crate::base::alloc;
use crate::base::buffer::Out;
use crate::handles::stream;
use crate::handles::stream::{ready, state};
use crate::handles::tty::uv_guess_handle;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Pipe, Stream, flag};
use crate::model::request::Connect;
use crate::sys::socket;
use crate::sys::unix_socket;
use crate::sys::unix_socket::Name;

/// Initialises a pipe. If `ipc` is not 0, handles can be passed over it once it is connected; a listening pipe must not
/// have it. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_init(r#loop: *mut uv_loop_t, handle: *mut uv_pipe_t, ipc: c_int) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Pipe::from_c(handle).init(Loop::from_c(r#loop), ipc) };
    0
}

/// Gives the pipe a descriptor that is open already: of a pipe, a FIFO, or a connected unix domain socket. It becomes
/// non-blocking, and belongs to the pipe from now on. What it was opened for decides on reading and writing.
///
/// Returns 0; `UV_EBADF` if it is not open; `UV_EEXIST` if a handle of the loop watches it; `UV_EBUSY` if the pipe has another
/// already; or another error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_open(handle: *mut uv_pipe_t, file: uv_file) -> c_int {
    // SAFETY: law 1.
    unsafe { Pipe::from_c(handle) }.open(file).into_c()
}

/// Binds the pipe to a path, at which a socket file is made; closing the pipe removes it. A path of more than 108 bytes
/// is cut off. Errors as with `uv_pipe_bind2`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_bind(handle: *mut uv_pipe_t, name: *const c_char) -> c_int {
    // SAFETY: law 1; `name` is the caller's string.
    unsafe { checked_string(name).and_then(|name| Pipe::from_c(handle).bind(name)) }.into_c()
}

/// As `uv_pipe_bind`, with a name of `namelen` bytes. A name that begins with a NUL is one of the abstract space, which
/// leaves no file; for the empty name the kernel makes one up there. With `UV_PIPE_NO_TRUNCATE` in `flags` a name of
/// more than 108 bytes is an error.
///
/// Returns 0; `UV_EINVAL` if the name is NULL, too long, or a path with a NUL in it, if there are other flags, or the
/// pipe is bound, connected or closing; `UV_EADDRINUSE` if the name is taken; `UV_EACCES` if there is no such directory;
/// or another error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_bind2(
    handle: *mut uv_pipe_t,
    name: *const c_char,
    namelen: usize,
    flags: c_uint,
) -> c_int {
    // SAFETY: law 1; the caller says how long the name is.
    unsafe { checked(name, namelen, flags).and_then(|name| Pipe::from_c(handle).bind(name)) }.into_c()
}

/// Connects the pipe to the unix domain socket at a path; one of more than 108 bytes is cut off. `cb` is called with 0
/// or an error, which may be any of `uv_pipe_connect2`. If another attempt is under way nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_connect(
    req: *mut uv_connect_t,
    handle: *mut uv_pipe_t,
    name: *const c_char,
    cb: uv_connect_cb,
) {
    // SAFETY: laws 1 and 2; `name` is the caller's string.
    unsafe {
        let (pipe, req) = (Pipe::from_c(handle), Connect::from_c(req));
        if let Err(e) = checked_string(name).and_then(|name| pipe.connect(req, name, cb))
            && pipe.connect_req.get().is_null()
        {
            // There is no other way to tell. It cannot fail: there is nothing to poll.
            let _ = state::connecting(pipe.into(), req, cb, Err(e));
        }
    }
}

/// Connects the pipe to a unix domain socket whose name has `namelen` bytes; one that begins with a NUL is of the
/// abstract space. With `UV_PIPE_NO_TRUNCATE` in `flags` a name of more than 108 bytes is an error. `cb` is called with
/// 0, `UV_ENOENT`, `UV_ECONNREFUSED`, `UV_EAGAIN` if the other side's queue is full, or another error of the
/// connection.
///
/// Returns 0; `UV_EINVAL` if the name is NULL, empty, too long, or a path with a NUL in it, if there are other flags,
/// or the pipe is closing; `UV_EALREADY` if another attempt is under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_connect2(
    req: *mut uv_connect_t,
    handle: *mut uv_pipe_t,
    name: *const c_char,
    namelen: usize,
    flags: c_uint,
    cb: uv_connect_cb,
) -> c_int {
    // SAFETY: laws 1 and 2; the caller says how long the name is.
    unsafe {
        checked(name, namelen, flags).and_then(|name| Pipe::from_c(handle).connect(Connect::from_c(req), name, cb))
    }
    .into_c()
}

/// Gets the name that the pipe is bound to.
///
/// `size` says how many bytes `buffer` has and becomes the length of the name: 0 if it has none. A path is followed by
/// a NUL that the length does not count; an abstract name, which begins with one, is not.
///
/// Returns 0; `UV_EINVAL` if a pointer is NULL or the size 0; `UV_EBADF` if the pipe has no descriptor; `UV_ENOBUFS` if
/// the name does not fit, and `size` becomes what is needed; or another error. Where it fails otherwise the size
/// becomes 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_getsockname(handle: *const uv_pipe_t, buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: law 1; C promises that the buffer is as large as the size says.
    unsafe { Out::new(buffer, size).and_then(|out| Pipe::from_c(handle).tell(out, unix_socket::own_name)) }.into_c()
}

/// Gets the name of the socket that the pipe is connected to, as `uv_pipe_getsockname` does. `UV_ENOTCONN` if it is not
/// connected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_getpeername(handle: *const uv_pipe_t, buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: law 1; C promises that the buffer is as large as the size says.
    unsafe { Out::new(buffer, size).and_then(|out| Pipe::from_c(handle).tell(out, unix_socket::peer_name)) }.into_c()
}

/// Does nothing: it is for named pipes of Windows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_pending_instances(_handle: *mut uv_pipe_t, _count: c_int) {}

/// How many handles an IPC pipe has received that `uv_accept` has not claimed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_pending_count(handle: *mut uv_pipe_t) -> c_int {
    // SAFETY: law 1.
    let pipe = unsafe { Pipe::from_c(handle) };
    if pipe.ipc.get() == 0 { 0 } else { stream::accept::pending(pipe.into()) }
}

/// The type of the next handle to claim, or `UV_UNKNOWN_HANDLE` if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_pending_type(handle: *mut uv_pipe_t) -> uv_handle_type {
    // SAFETY: law 1.
    let pipe = unsafe { Pipe::from_c(handle) };
    if pipe.ipc.get() == 0 { UV_UNKNOWN_HANDLE } else { uv_guess_handle(pipe.accepted_fd.get()) }
}

/// Lets all users connect to a bound pipe: `flags` are `UV_READABLE`, `UV_WRITABLE` or both, and become the permissions
/// of the socket file for everybody. Blocks.
///
/// Returns 0; `UV_EBADF` if the handle is NULL or has no descriptor; `UV_EINVAL` for other flags; `UV_ENOENT` if there
/// is no socket file; or another error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe_chmod(handle: *mut uv_pipe_t, flags: c_int) -> c_int {
    if handle.is_null() {
        return Errno::EBADF.0;
    }
    // SAFETY: law 1.
    unsafe { Pipe::from_c(handle) }.chmod(flags).into_c()
}

/// The name that C gave, as far as an address has room for it.
///
/// # Safety
/// There are `len` bytes at `name`, or, if it is a path, so many up to a NUL.
unsafe fn checked<'a>(name: *const c_char, len: usize, flags: c_uint) -> Result<&'a [u8]> {
    if name.is_null() || flags & !UV_PIPE_NO_TRUNCATE != 0 {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's; `memchr` looks no further than the NUL that it finds.
    let is_cut = unsafe { len > 0 && *name != 0 && !libc::memchr(name.cast(), 0, len).is_null() };
    // In a path a NUL would cut off the rest.
    if is_cut || (flags & UV_PIPE_NO_TRUNCATE != 0 && len > unix_socket::LONGEST) {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    Ok(unsafe { std::slice::from_raw_parts(name.cast(), len.min(unix_socket::LONGEST)) })
}

/// # Safety
/// `name` is a string.
unsafe fn checked_string<'a>(name: *const c_char) -> Result<&'a [u8]> {
    // SAFETY: the caller's.
    unsafe { checked(name, CStr::from_ptr(name).count_bytes(), 0) }
}

impl Pipe {
    fn fd(self) -> c_int {
        self.io_watcher.fd.get()
    }

    fn init(self, event_loop: Loop, ipc: c_int) {
        state::init(self.into(), event_loop, UV_NAMED_PIPE);
        self.ipc.set(ipc);
        self.pipe_fname.set(ptr::null());
    }

    fn open(self, fd: c_int) -> Result {
        if Handle::from(self).event_loop().watches(fd) {
            return Err(Errno::EEXIST);
        }
        let access = socket::access_mode(fd)?;
        socket::set_nonblocking(fd, true)?;
        let flags = match access {
            libc::O_RDONLY => flag::READABLE,
            libc::O_WRONLY => flag::WRITABLE,
            _ => flag::READABLE | flag::WRITABLE,
        };
        state::open(self.into(), fd, flags)
    }

    fn bind(self, name: &[u8]) -> Result {
        let address = Name::new(name);
        if self.fd() != -1 || Handle::from(self).is_closing() {
            return Err(Errno::EINVAL);
        }
        let path = match address.bytes() {
            [] | [0, ..] => ptr::null_mut(),
            path => alloc::bytes_z(path)?,
        };
        let fd = unix_socket::open_bound(&address).inspect_err(|_| {
            // SAFETY: just made, or NULL.
            unsafe { alloc::free(path.cast()) };
        });
        // As on systems where that is what a missing directory gives.
        let fd = fd.map_err(|e| if e == Errno::ENOENT { Errno::EACCES } else { e })?;
        self.pipe_fname.set(path);
        state::open(self.into(), fd, flag::BOUND)
    }

    fn connect(self, req: Connect, name: &[u8], cb: uv_connect_cb) -> Result {
        if name.is_empty() || Handle::from(self).is_closing() {
            return Err(Errno::EINVAL);
        }
        if !self.connect_req.get().is_null() {
            return Err(Errno::EALREADY);
        }
        let begun = self.begin_connect(&Name::new(name));
        state::connecting(self.into(), req, cb, begun)
    }

    fn begin_connect(self, address: &Name) -> Result {
        if self.fd() == -1 {
            state::open(self.into(), unix_socket::open()?, 0)?;
        }
        unix_socket::connect(self.fd(), address)?;
        Handle::from(self).set(flag::READABLE | flag::WRITABLE);
        Ok(())
    }

    fn tell(self, out: Out, ask: fn(c_int) -> Result<Name>) -> Result {
        match if self.fd() == -1 { Err(Errno::EBADF) } else { ask(self.fd()) } {
            Ok(name) if name.bytes().first() == Some(&0) => out.put_bytes(name.bytes()),
            Ok(name) => out.put(name.bytes()),
            Err(e) => {
                out.accept(0);
                Err(e)
            }
        }
    }

    fn chmod(self, flags: c_int) -> Result {
        if self.fd() == -1 {
            return Err(Errno::EBADF);
        }
        if flags == 0 || flags & !(UV_READABLE | UV_WRITABLE) != 0 {
            return Err(Errno::EINVAL);
        }
        let read = if flags & UV_READABLE != 0 { 0o444 } else { 0 };
        let write = if flags & UV_WRITABLE != 0 { 0o222 } else { 0 };
        let name = unix_socket::own_name(self.fd())?;
        // An abstract name reads as the empty path, for which there is no file.
        let path = alloc::bytes_z(name.bytes())?;
        // SAFETY: a string of our own, freed after its use.
        unsafe {
            let result = unix_socket::chmod(path, read | write);
            alloc::free(path.cast());
            result
        }
    }
}

/// `uv_listen` on a pipe; the rest of it is the stream's.
pub(crate) fn listen(pipe: Pipe, backlog: c_int) -> Result {
    // A connection takes over nothing of its listener, so passing handles was not meant.
    if pipe.fd() == -1 || pipe.ipc.get() != 0 {
        return Err(Errno::EINVAL);
    }
    unix_socket::listen(pipe.fd(), backlog)
}

/// Removes the socket file, while the socket still holds its name: a moment later the path could be somebody else's.
pub(crate) fn close(pipe: Pipe) {
    let path = pipe.pipe_fname.replace(ptr::null()).cast_mut();
    if !path.is_null() {
        // SAFETY: `bind` made it.
        unsafe {
            unix_socket::unlink(path);
            alloc::free(path.cast());
        }
    }
    ready::close(Stream::from(pipe));
}
