//! Addresses as text.
//!
//! Argument for the unsafe code: callers pass NUL-terminated strings, and destinations of the size that each function
//! names. Nothing is read or written beyond them.

use std::ffi::CStr;
use std::fmt::{self, Write};

use libc::{AF_INET, AF_INET6, c_char, c_int, c_void, sockaddr, sockaddr_in, sockaddr_in6};

use crate::abi::{Errno, IntoC, Result};
use crate::text::buffer::TextBuffer;

/// Makes an IPv4 socket address from text such as "127.0.0.1" and a port in host order. Family and port are set even
/// if the text is wrong; all other bytes become 0.
///
/// Thread-safe. Returns 0, or `UV_EINVAL` if `ip` is not four decimal numbers up to 255 without leading zeros.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_ip4_addr(ip: *const c_char, port: c_int, addr: *mut sockaddr_in) -> c_int {
    // SAFETY: `addr` is a place for an address, which zeros are; `ip` is a string.
    unsafe {
        addr.write(std::mem::zeroed());
        (*addr).sin_family = AF_INET as u16;
        (*addr).sin_port = (port as u16).to_be();
        pton(AF_INET, ip, (&raw mut (*addr).sin_addr).cast()).into_c()
    }
}

/// Makes an IPv6 socket address from text such as "fe80::1%eth0" and a port in host order. What follows a "%" names the
/// interface for the scope id; the scope id is 0 if there is no such interface. Family, port and scope id are set even
/// if the text is wrong; all other bytes become 0.
///
/// Thread-safe. Returns 0, or `UV_EINVAL` if `ip` is no IPv6 address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_ip6_addr(ip: *const c_char, port: c_int, addr: *mut sockaddr_in6) -> c_int {
    // SAFETY: `addr` is a place for an address, which zeros are; `ip` is a string, and so is its rest behind the "%".
    unsafe {
        addr.write(std::mem::zeroed());
        (*addr).sin6_family = AF_INET6 as u16;
        (*addr).sin6_port = (port as u16).to_be();
        let zone = libc::strchr(ip, c_int::from(b'%'));
        if !zone.is_null() {
            (*addr).sin6_scope_id = libc::if_nametoindex(zone.add(1));
        }
        pton(AF_INET6, ip, (&raw mut (*addr).sin6_addr).cast()).into_c()
    }
}

/// Writes the address of an IPv4 socket address, without its port, as text to `dst`, `size` bytes long.
///
/// Thread-safe. Returns 0, or `UV_ENOSPC` if `dst` is too short; then `dst` is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_ip4_name(src: *const sockaddr_in, dst: *mut c_char, size: usize) -> c_int {
    // SAFETY: `src` is an address, `dst` has `size` bytes.
    unsafe { ntop(AF_INET, (&raw const (*src).sin_addr).cast(), dst, size).into_c() }
}

/// Writes the address of an IPv6 socket address, without port and scope, as text to `dst`, `size` bytes long.
///
/// Thread-safe. Returns 0, or `UV_ENOSPC` if `dst` is too short; then `dst` is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_ip6_name(src: *const sockaddr_in6, dst: *mut c_char, size: usize) -> c_int {
    // SAFETY: `src` is an address, `dst` has `size` bytes.
    unsafe { ntop(AF_INET6, (&raw const (*src).sin6_addr).cast(), dst, size).into_c() }
}

/// Writes the address of an IPv4 or IPv6 socket address as text to `dst`, `size` bytes long.
///
/// Thread-safe. Returns 0, `UV_EAFNOSUPPORT` for another family, or `UV_ENOSPC` if `dst` is too short; then `dst` is
/// left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_ip_name(src: *const sockaddr, dst: *mut c_char, size: usize) -> c_int {
    // SAFETY: `src` is an address of the family it names, `dst` has `size` bytes.
    unsafe {
        match c_int::from((*src).sa_family) {
            AF_INET => uv_ip4_name(src.cast(), dst, size),
            AF_INET6 => uv_ip6_name(src.cast(), dst, size),
            _ => Errno::EAFNOSUPPORT.0,
        }
    }
}

/// Writes a binary address (4 bytes for `AF_INET`, 16 for `AF_INET6`, in network order) as text to `dst`, `size` bytes
/// long.
///
/// Thread-safe. Returns 0, `UV_EAFNOSUPPORT` for another family, or `UV_ENOSPC` if `dst` is too short; then `dst` is
/// left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_inet_ntop(af: c_int, src: *const c_void, dst: *mut c_char, size: usize) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { ntop(af, src, dst, size).into_c() }
}

/// Turns text into a binary address in network order: 4 bytes for `AF_INET`, 16 for `AF_INET6`. With `AF_INET6` a "%"
/// and what follows it are skipped. `dst` is left alone on failure.
///
/// Thread-safe. Returns 0, `UV_EAFNOSUPPORT` for another family, or `UV_EINVAL` if the text is wrong or a pointer is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_inet_pton(af: c_int, src: *const c_char, dst: *mut c_void) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { pton(af, src, dst).into_c() }
}

/// The longest text and its NUL, as in `INET6_ADDRSTRLEN`.
const LONGEST: usize = 46;

/// # Safety
/// `src` holds an address of the family, `dst` has `size` bytes.
unsafe fn ntop(af: c_int, src: *const c_void, dst: *mut c_char, size: usize) -> Result {
    let mut text = TextBuffer::<LONGEST>::new();
    // SAFETY: as the caller promises; bytes may stand anywhere.
    let written = unsafe {
        match af {
            AF_INET => write_v4(&mut text, src.cast::<[u8; 4]>().read()),
            AF_INET6 => write_v6(&mut text, src.cast::<[u8; 16]>().read()),
            _ => return Err(Errno::EAFNOSUPPORT),
        }
    };
    let bytes = text.as_c_str().to_bytes_with_nul();
    if written.is_err() || bytes.len() > size {
        return Err(Errno::ENOSPC);
    }
    // SAFETY: it fits.
    unsafe { bytes.as_ptr().copy_to_nonoverlapping(dst.cast(), bytes.len()) };
    Ok(())
}

/// # Safety
/// `src` is NULL or a string, `dst` NULL or a place for an address of the family.
unsafe fn pton(af: c_int, src: *const c_char, dst: *mut c_void) -> Result {
    if src.is_null() || dst.is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(src) }.to_bytes();
    match af {
        AF_INET => {
            let address = parse_v4(text).ok_or(Errno::EINVAL)?;
            // SAFETY: as the caller promises; bytes may stand anywhere.
            unsafe { dst.cast::<[u8; 4]>().write(address) };
        }
        AF_INET6 => {
            let address = text.split(|&c| c == b'%').next().and_then(parse_v6).ok_or(Errno::EINVAL)?;
            // SAFETY: the caller promises room; bytes may stand anywhere.
            unsafe { dst.cast::<[u8; 16]>().write(address) };
        }
        _ => return Err(Errno::EAFNOSUPPORT),
    }
    Ok(())
}

fn write_v4(to: &mut impl Write, [a, b, c, d]: [u8; 4]) -> fmt::Result {
    write!(to, "{a}.{b}.{c}.{d}")
}

/// RFC 5952: lower case, no leading zeros, the longest run of two or more zero words as "::", the first of equals.
/// Addresses that embed an IPv4 address end in its dotted form.
fn write_v6(to: &mut impl Write, address: [u8; 16]) -> fmt::Result {
    let words: [u16; 8] = std::array::from_fn(|i| u16::from_be_bytes([address[2 * i], address[2 * i + 1]]));
    let (start, len) = longest_zeros(&words);
    let mapped = start == 0 && len == 5 && words[5] == 0xffff;
    // "::a.b.c.d" is the old form for IPv4 over IPv6. With one word only, as in "::1", it is none of those.
    let compatible = start == 0 && len == 6;
    let end = if mapped || compatible { 6 } else { 8 };
    let mut i = 0;
    while i < end {
        if len > 0 && i == start {
            to.write_str("::")?;
            i += len;
            continue;
        }
        if i > 0 && i != start + len {
            to.write_char(':')?;
        }
        write!(to, "{:x}", words[i])?;
        i += 1;
    }
    if end == 6 {
        // After "::" the dotted part follows at once, after "::ffff" a colon comes first.
        if mapped {
            to.write_char(':')?;
        }
        write_v4(to, [address[12], address[13], address[14], address[15]])?;
    }
    Ok(())
}

/// Start and length of the longest run of zero words, or length 0 if none is longer than one word.
fn longest_zeros(words: &[u16; 8]) -> (usize, usize) {
    let mut best = (8, 0);
    let mut run = 0;
    for (i, &word) in words.iter().enumerate() {
        run = if word == 0 { run + 1 } else { 0 };
        if run >= 2 && run > best.1 {
            best = (i + 1 - run, run);
        }
    }
    best
}

fn parse_v4(text: &[u8]) -> Option<[u8; 4]> {
    let mut parts = text.split(|&c| c == b'.');
    let mut address = [0; 4];
    for byte in &mut address {
        *byte = parse_byte(parts.next()?)?;
    }
    parts.next().is_none().then_some(address)
}

/// A decimal number up to 255. A leading zero could mean octal to somebody, so it is refused.
fn parse_byte(text: &[u8]) -> Option<u8> {
    if text.is_empty() || text.len() > 1 && text[0] == b'0' {
        return None;
    }
    text.iter().try_fold(0u8, |n, c| n.checked_mul(10)?.checked_add(decimal(*c)?))
}

fn decimal(c: u8) -> Option<u8> {
    c.is_ascii_digit().then(|| c - b'0')
}

fn parse_v6(text: &[u8]) -> Option<[u8; 16]> {
    let mut words = [0u16; 8];
    let mut n = 0;
    let mut gap = None;
    let mut rest = text;
    if let Some(behind) = text.strip_prefix(b"::") {
        gap = Some(0);
        rest = behind;
    }
    while !(rest.is_empty() && gap == Some(n)) {
        let end = rest.iter().position(|&c| c == b':').unwrap_or(rest.len());
        let (group, behind) = rest.split_at(end);
        if behind.is_empty() && group.contains(&b'.') {
            let [a, b, c, d] = parse_v4(group)?;
            *words.get_mut(n + 1)? = u16::from_be_bytes([c, d]);
            words[n] = u16::from_be_bytes([a, b]);
            n += 2;
            break;
        }
        *words.get_mut(n)? = parse_word(group)?;
        n += 1;
        let Some(behind) = behind.strip_prefix(b":") else { break };
        rest = behind;
        if let Some(behind) = rest.strip_prefix(b":") {
            if gap.is_some() {
                return None;
            }
            gap = Some(n);
            rest = behind;
        }
    }
    match gap {
        // "::" stands for at least one word.
        Some(at) if n < 8 => words[at..].rotate_right(8 - n),
        None if n == 8 => {}
        _ => return None,
    }
    let mut address = [0; 16];
    for (pair, word) in address.chunks_exact_mut(2).zip(words) {
        pair.copy_from_slice(&word.to_be_bytes());
    }
    Some(address)
}

/// One to four hexadecimal digits.
fn parse_word(text: &[u8]) -> Option<u16> {
    if text.is_empty() || text.len() > 4 {
        return None;
    }
    text.iter().try_fold(0, |n, &c| Some(n << 4 | char::from(c).to_digit(16)? as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name6(text: &str) -> Option<String> {
        let mut out = String::new();
        write_v6(&mut out, parse_v6(text.as_bytes())?).unwrap();
        Some(out)
    }

    #[test]
    fn v4_is_strict() {
        assert_eq!(parse_v4(b"127.0.0.1"), Some([127, 0, 0, 1]));
        for bad in ["", "255", "1.2.3", "1.2.3.4.5", "2555.0.0.0", "255.255.255.256", "01.2.3.4", "1.2.3.4 ", "1..2.3"]
        {
            assert_eq!(parse_v4(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn v6_comes_back_in_its_short_form() {
        for (text, short) in [
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("0:0:0:0:0:0:0:1", "::1"),
            ("FE80:0:0:0:2acf:daff:fedd:342a", "fe80::2acf:daff:fedd:342a"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("::1.2.3.4", "::1.2.3.4"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ] {
            assert_eq!(name6(text).as_deref(), Some(short), "{text}");
        }
    }

    #[test]
    fn v6_is_strict() {
        for bad in [
            "",
            ":",
            ":::",
            ":::1",
            "1:",
            ":1",
            "1::2::3",
            "12345::",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "g::",
            "1:2:3:4:5:6:7:1.2.3.4",
            "::1.2.3",
            "1.2.3.4::",
            "::1.2.3.4:5",
            "1:2:3:4::5:6:7:8",
        ] {
            assert_eq!(name6(bad), None, "{bad}");
        }
    }
}
