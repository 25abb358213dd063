//! x86-64: a five-byte jump to a step within 2 GiB.

pub(crate) type Pad = [u8; 4];

/// `endbr64`.
const ENDBR64: Pad = [0xf3, 0x0f, 0x1e, 0xfa];
/// The bytes of `jmp rel32`.
pub(crate) const JUMP: usize = 5;
/// The most bytes that an entry can take up.
pub(crate) const LONGEST: usize = ENDBR64.len() + JUMP;
/// How far a jump leads, less a page for what is measured from its end.
pub(crate) const REACH: usize = (1 << 31) - 4096;
/// The bytes of a step.
pub(crate) const STEP: usize = 16;

pub(crate) fn pad(code: &[u8]) -> Option<Pad> {
    code.starts_with(&ENDBR64).then_some(ENDBR64)
}

/// `jmp rel32`.
pub(crate) fn jump(at: usize, to: usize) -> Option<Vec<u8>> {
    let distance = to.wrapping_sub(at + JUMP).cast_signed();
    let distance = i32::try_from(distance).ok()?;
    Some([&[0xe9][..], &distance.to_le_bytes()].concat())
}

/// `jmp *0(%rip)` and the address behind it.
pub(crate) fn step(to: usize) -> [u8; STEP] {
    let mut code = [0xcc; STEP];
    code[..6].copy_from_slice(&[0xff, 0x25, 0, 0, 0, 0]);
    code[6..14].copy_from_slice(&to.to_le_bytes());
    code
}

/// True if these bytes are what assemblers fill the room between two functions with: `nop`s of all lengths and `int3`.
/// They belong to the function before them only up to the next boundary of 16, where a function may begin that has no name.
pub(crate) fn is_padding(at: usize, bytes: &[u8]) -> bool {
    if at.is_multiple_of(16) || at % 16 + bytes.len() > 16 {
        return false;
    }
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        rest = match first {
            0x90 | 0xcc => &rest[1..],
            // Prefixes before a `nop`.
            0x66 | 0x2e => &rest[1..],
            // `nopw` with its operand; only its beginning may be within the bytes.
            0x0f => match rest {
                [_] => return true,
                [_, 0x1f] => return true,
                [_, 0x1f, operand, ..] => {
                    let length = match operand {
                        0x00 => 3,
                        0x40 => 4,
                        0x44 => 5,
                        0x80 => 7,
                        0x84 => 8,
                        _ => return false,
                    };
                    rest.get(length..).unwrap_or_default()
                }
                _ => return false,
            },
            _ => return false,
        };
    }
    true
}

/// The processor sees code that was written.
pub(crate) fn synchronise(_at: usize, _length: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_measured_from_its_end() {
        assert_eq!(jump(0x1000, 0x2000), Some(vec![0xe9, 0xfb, 0x0f, 0, 0]));
        assert_eq!(jump(0x2000, 0x1000), Some(vec![0xe9, 0xfb, 0xef, 0xff, 0xff]));
        assert_eq!(jump(0x1000, 0x1_8000_2000), None);
    }

    #[test]
    fn padding_is_nops_up_to_the_next_function() {
        // ret; data16 cs nopw 0x0(%rax,%rax,1); nop
        let padding = [0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0x90];
        assert!(is_padding(0x1001, &padding));
        assert!(is_padding(0x1001, &padding[..4]) && is_padding(0x1001, &padding[..5]));
        assert!(is_padding(0x1003, &[0xcc, 0xcc]));
        assert!(!is_padding(0x1000, &[0x90]), "another function may begin here");
        assert!(!is_padding(0x100f, &[0x90, 0x90]), "and here");
        assert!(!is_padding(0x1001, &[0x55, 0x48]), "push %rbp is no padding");
        assert!(!is_padding(0x1001, &[0x0f, 0x1e, 0xfa]));
    }
}
