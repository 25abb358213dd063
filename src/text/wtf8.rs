//! UTF-16 to WTF-8 and back, surrogates without a partner included.
//!
//! WTF-8 is UTF-8 that also spells lone surrogates, so that any sequence of 16-bit units survives a round trip.
//!
//! Argument for the unsafe code: callers pass as many units as they say, or units or bytes ended by a zero, and
//! destinations of the length they say. Nothing is read or written beyond them.

use libc::{c_char, c_int};

use crate::abi::{Errno, IntoC, Result};
use crate::base::alloc;

/// How many bytes `utf16_len` units take as WTF-8, without a NUL. With a negative `utf16_len` the units end at a zero.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_utf16_length_as_wtf8(utf16: *const u16, utf16_len: isize) -> usize {
    // SAFETY: as the caller promises.
    unsafe { Units::new(utf16, utf16_len) }.map(encoded_len).sum()
}

/// Turns `utf16_len` units into WTF-8, ended by a NUL. With a negative `utf16_len` the units end at a zero.
///
/// If `wtf8_ptr` is NULL, only the length (without the NUL) is stored in `*wtf8_len_ptr`. If `*wtf8_ptr` is NULL, it
/// becomes memory from `malloc` (or its replacement), which the caller frees. Otherwise `*wtf8_ptr` has room for
/// `*wtf8_len_ptr` bytes and one more for the NUL. In each case `*wtf8_len_ptr` becomes the length of the whole result
/// without the NUL; only when the function allocates or counts may `wtf8_len_ptr` be NULL.
///
/// Thread-safe. Returns 0, `UV_ENOMEM`, or `UV_ENOBUFS` if the result was cut.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_utf16_to_wtf8(
    utf16: *const u16,
    utf16_len: isize,
    wtf8_ptr: *mut *mut c_char,
    wtf8_len_ptr: *mut usize,
) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { encode(Units::new(utf16, utf16_len), wtf8_ptr, wtf8_len_ptr).into_c() }
}

/// How many 16-bit units a WTF-8 string takes as UTF-16, its terminating zero included; or `UV_EINVAL` if it is not
/// WTF-8.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_wtf8_length_as_utf16(wtf8: *const c_char) -> isize {
    let mut at = wtf8.cast::<u8>();
    let mut len = 1;
    // SAFETY: a string, followed up to its NUL.
    unsafe {
        while *at != 0 {
            match decode(&mut at) {
                Some(c) => len += if c > 0xffff { 2 } else { 1 },
                None => return Errno::EINVAL.0 as isize,
            }
        }
    }
    len
}

/// Turns a WTF-8 string into at most `utf16_len` units of UTF-16, the terminating zero included. The right
/// `utf16_len` is what `uv_wtf8_length_as_utf16` gives; with less, or where the string is not WTF-8, the result ends
/// early.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_wtf8_to_utf16(wtf8: *const c_char, utf16: *mut u16, utf16_len: usize) {
    if utf16_len == 0 {
        return;
    }
    let mut at = wtf8.cast::<u8>();
    let mut n = 0;
    // SAFETY: a string, followed up to its NUL; `n` stays below `utf16_len`.
    unsafe {
        while *at != 0
            && let Some(c) = decode(&mut at)
        {
            let pair = c > 0xffff;
            if n + 1 + usize::from(pair) >= utf16_len {
                break;
            }
            if pair {
                let offset = c - 0x1_0000;
                *utf16.add(n) = 0xd800 | (offset >> 10) as u16;
                *utf16.add(n + 1) = 0xdc00 | (offset & 0x3ff) as u16;
                n += 2;
            } else {
                *utf16.add(n) = c as u16;
                n += 1;
            }
        }
        *utf16.add(n) = 0;
    }
}

/// # Safety
/// As `uv_utf16_to_wtf8` asks of its caller.
unsafe fn encode(units: Units, wtf8_ptr: *mut *mut c_char, wtf8_len_ptr: *mut usize) -> Result {
    let total = units.map(encoded_len).sum();
    // SAFETY: the places are those the caller gives.
    unsafe {
        let allocate = !wtf8_ptr.is_null() && (*wtf8_ptr).is_null();
        let room = if allocate || wtf8_ptr.is_null() { total } else { *wtf8_len_ptr };
        if !wtf8_len_ptr.is_null() {
            *wtf8_len_ptr = total;
        }
        if wtf8_ptr.is_null() {
            return Ok(());
        }
        if allocate {
            *wtf8_ptr = alloc::malloc(total + 1).cast();
            if (*wtf8_ptr).is_null() {
                return Err(Errno::ENOMEM);
            }
        }
        let to = (*wtf8_ptr).cast::<u8>();
        let mut n = 0;
        for c in units {
            let (bytes, len) = encode_one(c);
            let len = len.min(room - n);
            bytes.as_ptr().copy_to_nonoverlapping(to.add(n), len);
            n += len;
        }
        *to.add(n) = 0;
        if total > room { Err(Errno::ENOBUFS) } else { Ok(()) }
    }
}

/// The characters of a sequence of units; a lone surrogate is a character of its own.
#[derive(Clone, Copy)]
struct Units {
    at: *const u16,
    /// Units left; None while a zero ends them.
    left: Option<usize>,
}

impl Units {
    /// # Safety
    /// `at` has `len` units, or with a negative `len` units up to a zero.
    unsafe fn new(at: *const u16, len: isize) -> Units {
        Units { at, left: usize::try_from(len).ok() }
    }

    /// The next unit, if the sequence goes on.
    fn peek(&self) -> Option<u32> {
        if self.left == Some(0) {
            return None;
        }
        // SAFETY: `new`'s promise: there is a unit, or the zero.
        let unit = unsafe { *self.at };
        (unit != 0 || self.left.is_some()).then_some(unit.into())
    }

    fn skip(&mut self) {
        self.at = self.at.wrapping_add(1);
        self.left = self.left.map(|n| n - 1);
    }
}

impl Iterator for Units {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let high = self.peek()?;
        self.skip();
        if let 0xd800..=0xdbff = high
            && let Some(low @ 0xdc00..=0xdfff) = self.peek()
        {
            self.skip();
            return Some(0x1_0000 + ((high & 0x3ff) << 10 | low & 0x3ff));
        }
        Some(high)
    }
}

fn encoded_len(c: u32) -> usize {
    match c {
        0..=0x7f => 1,
        0x80..=0x7ff => 2,
        0x800..=0xffff => 3,
        _ => 4,
    }
}

/// The bytes of a character and how many they are.
fn encode_one(c: u32) -> ([u8; 4], usize) {
    let tail = |shift: u32| 0x80 | (c >> shift & 0x3f) as u8;
    let bytes = match encoded_len(c) {
        1 => [c as u8, 0, 0, 0],
        2 => [0xc0 | (c >> 6) as u8, tail(0), 0, 0],
        3 => [0xe0 | (c >> 12) as u8, tail(6), tail(0), 0],
        _ => [0xf0 | (c >> 18) as u8, tail(12), tail(6), tail(0)],
    };
    (bytes, encoded_len(c))
}

/// Takes one character off a string that is not at its end. None for what is not WTF-8; of the overlong forms that
/// strict decoders refuse, only those of two bytes are refused here, as in libuv.
///
/// # Safety
/// `*at` points into a string that a NUL ends, and not at the NUL.
unsafe fn decode(at: &mut *const u8) -> Option<u32> {
    // SAFETY: a byte of the string.
    let first = unsafe { **at };
    *at = at.wrapping_add(1);
    let (len, bits) = match first {
        0x00..=0x7f => return Some(first.into()),
        0xc2..=0xdf => (1, first & 0x1f),
        0xe0..=0xef => (2, first & 0x0f),
        0xf0..=0xf4 => (3, first & 0x07),
        _ => return None,
    };
    let mut c = u32::from(bits);
    for _ in 0..len {
        // SAFETY: the byte before was not the NUL, so this one belongs to the string.
        let byte = unsafe { **at };
        // The NUL is not a continuation byte.
        if byte & 0xc0 != 0x80 {
            return None;
        }
        c = c << 6 | u32::from(byte & 0x3f);
        *at = at.wrapping_add(1);
    }
    (c <= 0x10_ffff).then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;
    use std::ptr;

    #[test]
    fn any_units_survive_the_round_trip() {
        let all = [0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xd800, 0xe000, 0xffff];
        for end in 0..=all.len() {
            let units = &all[..end];
            let mut text = ptr::null_mut();
            let mut back = [7u16; 32];
            // SAFETY: the lengths are those of the arrays; `text` is freed once.
            unsafe {
                assert_eq!(uv_utf16_to_wtf8(units.as_ptr(), end as isize, &raw mut text, ptr::null_mut()), 0);
                let len = uv_wtf8_length_as_utf16(text);
                assert_eq!(len, end as isize + 1);
                uv_wtf8_to_utf16(text, back.as_mut_ptr(), len as usize);
                alloc::free(text.cast());
            }
            assert_eq!(&back[..end], units);
            assert_eq!(back[end..end + 2], [0, 7]);
        }
    }

    #[test]
    fn a_short_buffer_is_filled_and_the_length_told() {
        let units = [0x4e2d, 0x4e2d, 0];
        let mut buf = [0x55 as c_char; 8];
        let mut text = buf.as_mut_ptr();
        let mut len = 5;
        // SAFETY: `len` and the NUL fit into `buf`; the units end with a zero.
        unsafe {
            assert_eq!(uv_utf16_to_wtf8(units.as_ptr(), -1, &raw mut text, &raw mut len), Errno::ENOBUFS.0);
            assert_eq!(len, 6);
            assert_eq!(CStr::from_ptr(text).to_bytes(), b"\xe4\xb8\xad\xe4\xb8");
            assert_eq!(buf[6], 0x55);
            assert_eq!(uv_utf16_to_wtf8(units.as_ptr(), 2, ptr::null_mut(), &raw mut len), 0);
            assert_eq!(len, 6);
        }
    }

    #[test]
    fn what_is_not_wtf8_is_refused() {
        for bad in [c"\xff", c"\x80", c"\xc0\x80", c"\xf4\x90\x80\x80", c"a\xe4\xb8"] {
            let mut units = [7u16; 8];
            // SAFETY: strings, and 8 units.
            unsafe {
                assert_eq!(uv_wtf8_length_as_utf16(bad.as_ptr()), Errno::EINVAL.0 as isize);
                uv_wtf8_to_utf16(bad.as_ptr(), units.as_mut_ptr(), 8);
            }
            assert!(units.contains(&0));
        }
    }
}
