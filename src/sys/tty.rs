//! Terminals: attributes, size, and which file a descriptor stands for.

use std::ffi::CStr;
use std::mem::MaybeUninit;

use libc::{c_char, c_int, termios};

use crate::abi::{Errno, Result};
use crate::sys::call::retry;

/// True if the descriptor is a terminal.
pub(crate) fn is_terminal(fd: c_int) -> bool {
    // SAFETY: no pointers.
    unsafe { libc::isatty(fd) == 1 }
}

/// Opens the terminal behind `fd` once more, by its path, so that the new descriptor shares no status flags with
/// others. `None` for the master of a pseudoterminal, which no path leads to, and where the path cannot be found or
/// opened.
pub(crate) fn reopen(fd: c_int, access: c_int) -> Option<c_int> {
    let mut number: c_int = 0;
    // SAFETY: TIOCGPTN writes an int. Only a master has a number.
    if unsafe { libc::ioctl(fd, libc::TIOCGPTN, &raw mut number) } == 0 {
        return None;
    }
    let mut path = [0 as c_char; 256];
    // SAFETY: the size is the array's.
    if unsafe { libc::ttyname_r(fd, path.as_mut_ptr(), path.len()) } != 0 {
        return None;
    }
    let flags = access | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: ttyname_r wrote a C string.
    let new = unsafe { libc::open(CStr::from_ptr(path.as_ptr()).as_ptr(), flags) };
    (new >= 0).then_some(new)
}

/// The terminal's attributes.
pub(crate) fn attributes(fd: c_int) -> Result<termios> {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: tcgetattr fills them in if it succeeds.
    unsafe {
        if libc::tcgetattr(fd, attributes.as_mut_ptr()) == 0 {
            Ok(attributes.assume_init())
        } else {
            Err(Errno::last())
        }
    }
}

/// Sets the terminal's attributes at once. Async-signal-safe.
pub(crate) fn set_attributes(fd: c_int, attributes: &termios) -> Result {
    // SAFETY: a valid reference.
    retry(|| unsafe { libc::tcsetattr(fd, libc::TCSANOW, attributes) }).map(drop)
}

/// `attributes` for input by the key, not by the line, and without keys that make signals. Output stays as it is, with
/// a carriage return before each newline.
pub(crate) fn raw(mut attributes: termios) -> termios {
    attributes.c_iflag &= !(libc::BRKINT | libc::ICRNL | libc::INPCK | libc::ISTRIP | libc::IXON);
    attributes.c_oflag |= libc::ONLCR;
    attributes.c_cflag |= libc::CS8;
    attributes.c_lflag &= !(libc::ECHO | libc::ICANON | libc::IEXTEN | libc::ISIG);
    attributes.c_cc[libc::VMIN] = 1;
    attributes.c_cc[libc::VTIME] = 0;
    attributes
}

/// `attributes` for bytes that the terminal does not touch in either direction.
pub(crate) fn binary(mut attributes: termios) -> termios {
    // SAFETY: a valid reference.
    unsafe { libc::cfmakeraw(&raw mut attributes) };
    attributes
}

/// Columns and rows of the terminal's window.
pub(crate) fn window_size(fd: c_int) -> Result<(c_int, c_int)> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes a winsize.
    retry(|| unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &raw mut size) })?;
    Ok((size.ws_col.into(), size.ws_row.into()))
}
