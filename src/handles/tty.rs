//! Terminals.
//!
//! The first change of a mode away from normal remembers the terminal's attributes for the process, so that
//! `uv_tty_reset_mode` can put them back, also from a signal handler; the close of that handle does it too.
//!
//! Nobody holds the lock on what is remembered while user code runs, and a signal handler that finds it taken gives up.

use libc::{c_int, termios};

use crate::abi::*;
use crate::base::lock::Mutex;
use crate::handles::stream::{ready, state};
use crate::model::event_loop::Loop;
use crate::model::handle::{Stream, Tty, flag};
use crate::sys::{socket, tty};

/// Initialises a stream on the terminal `fd`; it is readable, writable or both, as `fd` is. The last argument is
/// ignored.
///
/// The terminal is opened once more by its path, and `fd` made to be that new descriptor (close-on-exec), so that
/// making it non-blocking does not concern others who use the terminal. Where that cannot be done writes block. A pipe
/// or socket is taken as it is.
///
/// Returns 0; `UV_EINVAL` if `fd` is a file, or nothing that can be a stream; or another error. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tty_init(
    r#loop: *mut uv_loop_t,
    handle: *mut uv_tty_t,
    fd: uv_file,
    _unused: c_int,
) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Tty::from_c(handle).init(Loop::from_c(r#loop), fd) }.into_c()
}

/// Sets how the terminal treats what is typed and written: `UV_TTY_MODE_NORMAL` is as it was before the first other
/// mode, `UV_TTY_MODE_RAW` and `UV_TTY_MODE_RAW_VT` give keys one by one, `UV_TTY_MODE_IO` leaves all bytes alone.
///
/// Returns 0, `UV_EINVAL` for another mode, or an error of the terminal such as `UV_EIO`. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tty_set_mode(handle: *mut uv_tty_t, mode: uv_tty_mode_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Tty::from_c(handle) }.set_mode(mode).into_c()
}

/// Gives the terminal whose mode was set first the attributes that it had before; to be called when the program ends.
///
/// Returns 0, also if there is nothing to put back; `UV_EBUSY` while another thread, or the code that a signal has
/// interrupted, is inside `uv_tty_set_mode`; or an error of the terminal. Thread-safe and async-signal-safe; `errno`
/// stays.
#[unsafe(no_mangle)]
pub extern "C" fn uv_tty_reset_mode() -> c_int {
    // SAFETY: `__errno_location` is always valid.
    let errno = unsafe { *libc::__errno_location() };
    let result = FIRST.try_lock().map_or(Err(Errno::EBUSY), |first| restore(*first));
    // SAFETY: `__errno_location` is always valid.
    unsafe { *libc::__errno_location() = errno };
    result.into_c()
}

/// Gets the size of the terminal's window in characters. Returns 0 or an error of the terminal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tty_get_winsize(handle: *mut uv_tty_t, width: *mut c_int, height: *mut c_int) -> c_int {
    // SAFETY: law 1.
    match tty::window_size(unsafe { Tty::from_c(handle) }.fd()) {
        Ok((columns, rows)) => {
            // SAFETY: the caller's places for the answer.
            unsafe {
                width.write(columns);
                height.write(rows);
            }
            0
        }
        Err(e) => e.0,
    }
}

/// Does nothing: it is for consoles of Windows.
#[unsafe(no_mangle)]
pub extern "C" fn uv_tty_set_vterm_state(_state: uv_tty_vtermstate_t) {}

/// Returns `UV_ENOTSUP`: it is for consoles of Windows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tty_get_vterm_state(_state: *mut uv_tty_vtermstate_t) -> c_int {
    Errno::ENOTSUP.0
}

/// Tells which type of handle suits a descriptor: `UV_TTY`, `UV_FILE` (also for devices), `UV_NAMED_PIPE`, `UV_TCP`,
/// `UV_UDP`, or `UV_UNKNOWN_HANDLE`. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn uv_guess_handle(fd: uv_file) -> uv_handle_type {
    if fd < 0 {
        UV_UNKNOWN_HANDLE
    } else if tty::is_terminal(fd) {
        UV_TTY
    } else {
        socket::guess(fd)
    }
}

impl Tty {
    fn fd(self) -> c_int {
        self.io_watcher.fd.get()
    }

    fn init(self, event_loop: Loop, fd: c_int) -> Result {
        let kind = uv_guess_handle(fd);
        if kind == UV_FILE || kind == UV_UNKNOWN_HANDLE {
            return Err(Errno::EINVAL);
        }
        let access = socket::access_mode(fd)?;
        let mut flags = match access {
            libc::O_RDONLY => flag::READABLE,
            libc::O_WRONLY => flag::WRITABLE,
            _ => flag::READABLE | flag::WRITABLE,
        };
        let mut own = fd;
        if kind == UV_TTY {
            match tty::reopen(fd, access) {
                Some(new) => own = take_place(new, fd)?,
                None if access != libc::O_RDONLY => flags |= flag::BLOCKING_WRITES,
                None => {}
            }
        }
        if flags & flag::BLOCKING_WRITES == 0 {
            socket::set_nonblocking(own, true)?;
        }
        let stream = Stream::from(self);
        state::init(stream, event_loop, UV_TTY);
        self.mode.set(UV_TTY_MODE_NORMAL as c_int);
        state::open(stream, own, flags)
    }

    fn set_mode(self, mode: uv_tty_mode_t) -> Result {
        // There is no difference here.
        let mode = if mode == UV_TTY_MODE_RAW_VT { UV_TTY_MODE_RAW } else { mode };
        if self.mode.get() == mode as c_int {
            return Ok(());
        }
        if self.mode.get() == UV_TTY_MODE_NORMAL as c_int && mode <= UV_TTY_MODE_IO {
            let found = tty::attributes(self.fd())?;
            self.orig_termios.set(found);
            FIRST.lock().get_or_insert((self.fd(), found));
        }
        let attributes = match mode {
            UV_TTY_MODE_NORMAL => self.orig_termios.get(),
            UV_TTY_MODE_RAW => tty::raw(self.orig_termios.get()),
            UV_TTY_MODE_IO => tty::binary(self.orig_termios.get()),
            _ => return Err(Errno::EINVAL),
        };
        tty::set_attributes(self.fd(), &attributes)?;
        self.mode.set(mode as c_int);
        Ok(())
    }
}

/// Makes `fd` a copy of `new`. Somebody may have closed `fd` meanwhile and got its number for `new`, which is as good.
fn take_place(new: c_int, fd: c_int) -> Result<c_int> {
    if new != fd
        && let Err(e) = socket::duplicate_to(new, fd)
    {
        socket::close(new);
        return Err(e);
    }
    Ok(new)
}

/// Before the stream's own close.
pub(crate) fn close(tty: Tty) {
    let mut first = FIRST.lock();
    if tty.fd() != -1 && first.is_some_and(|(fd, _)| fd == tty.fd()) {
        // Whether it can be put back or not, the descriptor is about to mean something else.
        let _ = restore(first.take());
    }
    drop(first);
    ready::close(tty.into());
}

/// The terminal whose mode was set first: its descriptor, and its attributes at that time.
static FIRST: Mutex<Option<(c_int, termios)>> = Mutex::new(None);

fn restore(first: Option<(c_int, termios)>) -> Result {
    first.map_or(Ok(()), |(fd, attributes)| tty::set_attributes(fd, &attributes))
}
