//! Host names in ASCII: what `uv_getaddrinfo` does to a name before it asks.
//!
//! Punycode (RFC 3492) for each label that needs it, and nothing else of IDNA: no mapping, no folding of case, no
//! normalisation.

#![deny(unsafe_code)]

use crate::abi::{Errno, Result};

/// Writes `name` (UTF-8) in ASCII to `out`, ended by a NUL, and gives the length with the NUL.
///
/// `UV_EINVAL` if the name is empty, is not UTF-8 or does not fit; `UV_E2BIG` if a label is beyond what Punycode can
/// count.
pub(crate) fn to_ascii(name: &[u8], out: &mut [u8]) -> Result<usize> {
    if name.is_empty() {
        return Err(Errno::EINVAL);
    }
    let mut out = Output { bytes: out, len: 0 };
    let mut rest = name;
    let mut label = name;
    while !rest.is_empty() {
        let here = rest;
        if is_dot(decode(&mut rest).ok_or(Errno::EINVAL)?) {
            write_label(&label[..label.len() - here.len()], &mut out)?;
            out.push(b'.');
            label = rest;
        }
    }
    write_label(label, &mut out)?;
    out.push(0);
    if out.len <= out.bytes.len() { Ok(out.len) } else { Err(Errno::EINVAL) }
}

/// Takes one character off the front of `text`, which is not empty. None for what UTF-8 forbids: overlong forms,
/// surrogates, numbers past U+10FFFF, stray and missing continuation bytes.
pub(crate) fn decode(text: &mut &[u8]) -> Option<u32> {
    let (&first, rest) = text.split_first()?;
    let (len, least, bits) = match first {
        0x00..=0x7f => {
            *text = rest;
            return Some(first.into());
        }
        0xc2..=0xdf => (1, 0x80, first & 0x1f),
        0xe0..=0xef => (2, 0x800, first & 0x0f),
        0xf0..=0xf4 => (3, 0x1_0000, first & 0x07),
        _ => return None,
    };
    let (tail, rest) = rest.split_at_checked(len)?;
    let mut c = u32::from(bits);
    for &byte in tail {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        c = c << 6 | u32::from(byte & 0x3f);
    }
    *text = rest;
    (c >= least && char::from_u32(c).is_some()).then_some(c)
}

/// The full stop and those of East Asian scripts (full width, half width, ideographic).
fn is_dot(c: u32) -> bool {
    matches!(c, 0x2e | 0x3002 | 0xff0e | 0xff61)
}

/// Bytes with a length that goes on counting past the end, so that one check at the end is enough.
struct Output<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl Output<'_> {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
        }
        self.len += 1;
    }
}

/// The characters of a label, which is known to be good UTF-8.
fn characters(mut label: &[u8]) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || decode(&mut label))
}

fn write_label(label: &[u8], out: &mut Output) -> Result {
    let ascii = label.iter().filter(|c| c.is_ascii());
    if label.is_ascii() {
        ascii.for_each(|&c| out.push(c));
        return Ok(());
    }
    b"xn--".iter().for_each(|&c| out.push(c));
    let mut basic = 0;
    for &c in ascii {
        out.push(c);
        basic += 1;
    }
    if basic > 0 {
        out.push(b'-');
    }
    write_deltas(label, basic, out)
}

const BASE: u32 = 36;
const TMIN: u32 = 1;
const TMAX: u32 = 26;

/// RFC 3492, 6.3: the other characters in the order of their numbers, each as the distance from the one before.
fn write_deltas(label: &[u8], basic: u32, out: &mut Output) -> Result {
    let total = characters(label).count() as u32;
    let (mut done, mut n, mut delta, mut bias) = (basic, 0x80, 0u32, 72);
    while done < total {
        let Some(next) = characters(label).filter(|&c| c >= n).min() else { break };
        let step = (next - n).checked_mul(done + 1).ok_or(Errno::E2BIG)?;
        delta = delta.checked_add(step).ok_or(Errno::E2BIG)?;
        n = next;
        for c in characters(label) {
            if c < n {
                delta = delta.checked_add(1).ok_or(Errno::E2BIG)?;
            } else if c == n {
                write_delta(delta, bias, out);
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.checked_add(1).ok_or(Errno::E2BIG)?;
        n += 1;
    }
    Ok(())
}

/// A number of variable length, least digit first.
fn write_delta(delta: u32, bias: u32, out: &mut Output) {
    let mut q = delta;
    let mut k = BASE;
    loop {
        let t = k.saturating_sub(bias).clamp(TMIN, TMAX);
        if q < t {
            break;
        }
        out.push(digit(t + (q - t) % (BASE - t)));
        q = (q - t) / (BASE - t);
        k += BASE;
    }
    out.push(digit(q));
}

fn digit(d: u32) -> u8 {
    b"abcdefghijklmnopqrstuvwxyz0123456789"[d as usize]
}

/// RFC 3492, 6.1: how long the next number will likely be.
fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut k = 0;
    while delta > (BASE - TMIN) * TMAX / 2 {
        delta /= BASE - TMIN;
        k += BASE;
    }
    k + (BASE - TMIN + 1) * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascii(name: &[u8]) -> Result<String> {
        let mut out = [0; 256];
        let n = to_ascii(name, &mut out)?;
        assert_eq!(out[n - 1], 0);
        Ok(String::from_utf8(out[..n - 1].to_vec()).unwrap())
    }

    #[test]
    fn names_become_ascii() {
        for (name, want) in [
            (".", "."),
            ("example-", "example-"),
            ("example.com.", "example.com."),
            ("-> $1.00 <-", "-> $1.00 <-"),
            ("straße.de", "xn--strae-oqa.de"),
            ("café.café.com", "xn--caf-dma.xn--caf-dma.com"),
            ("mañana。com", "xn--maana-pta.com"),
            ("mañana．com", "xn--maana-pta.com"),
            ("mañana｡com", "xn--maana-pta.com"),
            (".ü", ".xn--tda"),
            ("ü.ü.", "xn--tda.xn--tda."),
            ("💩.la", "xn--ls8h.la"),
            ("☃-⌘.com", "xn----dqo34k.com"),
            ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
            ("3年B組金八先生", "xn--3B-ww4c5e180e575a65lsy2b"),
            ("почемужеонинеговорятпорусски", "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l"),
            ("Hello-Another-Way-それぞれの場所", "xn--Hello-Another-Way--fc4qua05auwb3674vfr0b"),
        ] {
            assert_eq!(ascii(name.as_bytes()).as_deref(), Ok(want));
            assert_eq!(ascii(want.as_bytes()).as_deref(), Ok(want));
        }
    }

    #[test]
    fn bad_names_are_refused() {
        let bad: [&[u8]; 8] = [
            b"",
            b"\xC0\x80\xC1\x80.com",
            b"\xED\xA0\x80",
            b"\xF4\x90\x80\x80",
            b"\xF8",
            b"\x80",
            b"a\xE4\xB8",
            b"a.\xE4.b",
        ];
        for name in bad {
            assert_eq!(ascii(name), Err(Errno::EINVAL), "{name:x?}");
        }
    }

    #[test]
    fn a_name_must_fit_with_its_nul() {
        let mut out = [0; 4];
        assert_eq!(to_ascii(b"abc", &mut out), Ok(4));
        assert_eq!(to_ascii(b"abcd", &mut out), Err(Errno::EINVAL));
        assert_eq!(to_ascii(&[b'a'; 300], &mut [0; 256]), Err(Errno::EINVAL));
        assert_eq!(to_ascii(b"\x7f", &mut [0; 1]), Err(Errno::EINVAL));
    }

    #[test]
    fn the_edges_of_utf8() {
        for c in ['\0', '\x7f', '\u{80}', '\u{7ff}', '\u{800}', '\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10ffff}'] {
            let mut buf = [0; 4];
            let mut text = c.encode_utf8(&mut buf).as_bytes();
            assert_eq!(decode(&mut text), Some(c.into()));
            assert!(text.is_empty());
        }
    }
}
