//! Errors in words.

use std::cell::{Cell, UnsafeCell};
use std::ffi::CStr;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, Ordering};

use libc::{c_char, c_int};

use crate::abi::{ERRORS, Errno};
use crate::text::buffer::TextBuffer;

/// The sentence for an error, such as "address already in use". An error the table does not know gives
/// "Unknown system error N"; the first 256 such numbers keep their string for good, the string of a later one is
/// good until the calling thread has asked for eight more or ends.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_strerror(err: c_int) -> *const c_char {
    match known(err) {
        Some((_, sentence)) => sentence.as_ptr(),
        None => unknown(err),
    }
}

/// Writes the sentence for an error to `buf`, cut to `buflen - 1` bytes and ended by a NUL, and returns `buf`.
/// Nothing is written if `buflen` is 0.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_strerror_r(err: c_int, buf: *mut c_char, buflen: usize) -> *mut c_char {
    // SAFETY: the caller gives `buflen` bytes at `buf`.
    unsafe { write_out(err, known(err).map(|(_, sentence)| sentence), buf, buflen) }
}

/// The name of an error, such as "EADDRINUSE". An error the table does not know gives "Unknown system error N",
/// which lasts as long as `uv_strerror`'s.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_err_name(err: c_int) -> *const c_char {
    match known(err) {
        Some((name, _)) => name.as_ptr(),
        None => unknown(err),
    }
}

/// Writes the name of an error to `buf`, cut to `buflen - 1` bytes and ended by a NUL, and returns `buf`.
/// Nothing is written if `buflen` is 0.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_err_name_r(err: c_int, buf: *mut c_char, buflen: usize) -> *mut c_char {
    // SAFETY: the caller gives `buflen` bytes at `buf`.
    unsafe { write_out(err, known(err).map(|(name, _)| name), buf, buflen) }
}

/// The library's number for an `errno` of the system. A number that is already the library's (not positive) is given
/// back.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_translate_sys_error(sys_errno: c_int) -> c_int {
    if sys_errno <= 0 { sys_errno } else { -sys_errno }
}

/// `EFTYPE` as Linux 7.2 numbers it. A program that was compiled with headers as new says so; one with older headers says
/// `Errno::EFTYPE`, the number that libuv gave it before.
const EFTYPE: c_int = 134;

/// Name and sentence of an error of the table.
fn known(err: c_int) -> Option<(&'static CStr, &'static CStr)> {
    let err = if err == -EFTYPE { Errno::EFTYPE.0 } else { err };
    ERRORS.iter().find(|e| e.0 == err).map(|e| (e.1, e.2))
}

/// "Unknown system error -2147483648" and its NUL take 33 bytes.
type Text = TextBuffer<36>;

fn text_of_unknown(err: c_int) -> Text {
    let mut text = Text::new();
    // A text that is cut is still a text; this one never is.
    let _ = write!(text, "Unknown system error {err}");
    text
}

/// # Safety
/// `buf` has room for `buflen` bytes.
unsafe fn write_out(err: c_int, text: Option<&CStr>, buf: *mut c_char, buflen: usize) -> *mut c_char {
    let unknown = text_of_unknown(err);
    let bytes = text.unwrap_or(unknown.as_c_str()).to_bytes();
    if buflen > 0 {
        let n = bytes.len().min(buflen - 1);
        // SAFETY: `n` and the NUL fit into `buflen`.
        unsafe {
            bytes.as_ptr().copy_to_nonoverlapping(buf.cast(), n);
            *buf.add(n) = 0;
        }
    }
    buf
}

// Callers keep these pointers and never give them back, and libuv leaks a string for each call. Here each number gets
// one string, and a program that goes through thousands of numbers falls back to strings of its thread.

/// The string of one number. `state` is `EMPTY`, `CLAIMED` while the claiming thread writes `text`, then
/// `ready(number)` for good, from when on nobody writes `text`.
struct Slot {
    state: AtomicI64,
    text: UnsafeCell<Text>,
}

// SAFETY: `text` is written only by the thread that moved `state` from EMPTY to CLAIMED and read only after the release
// store of `ready`.
unsafe impl Sync for Slot {}

const EMPTY: i64 = i64::MIN;
const CLAIMED: i64 = i64::MIN + 1;

fn ready(err: c_int) -> i64 {
    err.into()
}

static SLOTS: [Slot; 256] = [const { Slot { state: AtomicI64::new(EMPTY), text: UnsafeCell::new(Text::new()) } }; 256];

thread_local! {
    static RECENT: [UnsafeCell<Text>; 8] = const { [const { UnsafeCell::new(Text::new()) }; 8] };
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

fn unknown(err: c_int) -> *const c_char {
    SLOTS.iter().find_map(|slot| slot.string(err)).unwrap_or_else(|| recent(err))
}

impl Slot {
    /// The string of `err` if this slot has it or can take it.
    fn string(&self, err: c_int) -> Option<*const c_char> {
        let state = self.state.load(Ordering::Acquire);
        if state == EMPTY {
            self.state.compare_exchange(EMPTY, CLAIMED, Ordering::Acquire, Ordering::Relaxed).ok()?;
            // SAFETY: the exchange made this thread the only one to touch `text`.
            unsafe { *self.text.get() = text_of_unknown(err) };
            self.state.store(ready(err), Ordering::Release);
        } else if state != ready(err) {
            return None;
        }
        // SAFETY: ready, so nobody writes any more.
        Some(unsafe { (*self.text.get()).as_c_str().as_ptr() })
    }
}

fn recent(err: c_int) -> *const c_char {
    let turn = NEXT.get();
    NEXT.set((turn + 1) % 8);
    // SAFETY: only this thread touches its strings, and no reference to one is alive.
    RECENT.with(|texts| unsafe {
        *texts[turn].get() = text_of_unknown(err);
        (*texts[turn].get()).as_c_str().as_ptr()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(p: *const c_char) -> &'static str {
        // SAFETY: the functions under test return strings that live long enough.
        unsafe { CStr::from_ptr(p) }.to_str().unwrap()
    }

    #[test]
    fn known_errors_have_names_and_sentences() {
        // SAFETY: no pointers are passed.
        unsafe {
            assert_eq!(text(uv_err_name(-98)), "EADDRINUSE");
            assert_eq!(text(uv_strerror(-4095)), "end of file");
            assert_eq!((text(uv_err_name(-4028)), text(uv_err_name(-134))), ("EFTYPE", "EFTYPE"));
        }
    }

    #[test]
    fn unknown_errors_keep_their_string() {
        // SAFETY: no pointers are passed.
        unsafe {
            let first = uv_strerror(-1337);
            for err in 1..if cfg!(miri) { 20 } else { 2000 } {
                assert_eq!(text(uv_err_name(err)), format!("Unknown system error {err}"));
            }
            assert_eq!(text(first), "Unknown system error -1337");
            assert_eq!(first, uv_err_name(-1337));
            assert_eq!(text(uv_strerror(c_int::MIN)), "Unknown system error -2147483648");
        }
    }

    #[test]
    fn a_short_buffer_gets_a_short_text() {
        let mut buf = [1 as c_char; 8];
        // SAFETY: the lengths given are within `buf`.
        unsafe {
            uv_strerror_r(-22, buf.as_mut_ptr(), 0);
            assert_eq!(buf[0], 1);
            assert_eq!(text(uv_strerror_r(-22, buf.as_mut_ptr(), 8)), "invalid");
            assert_eq!(text(uv_err_name_r(5000, buf.as_mut_ptr(), 4)), "Unk");
        }
    }

    #[test]
    fn system_errors_become_negative() {
        // SAFETY: no pointers are passed.
        unsafe {
            assert_eq!(uv_translate_sys_error(libc::EPIPE), -32);
            assert_eq!(uv_translate_sys_error(-34), -34);
            assert_eq!(uv_translate_sys_error(0), 0);
        }
    }
}
