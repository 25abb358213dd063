//! aarch64: one branch to a step within 128 MiB.

use std::arch::asm;

pub(crate) type Pad = [u8; 4];

const BTI_C: u32 = 0xd503_245f;
const BTI_JC: u32 = 0xd503_24df;
/// They sign the return address and are landing pads, too. The function that is jumped to signs it itself.
const PACIASP: u32 = 0xd503_233f;
const PACIBSP: u32 = 0xd503_237f;
const NOP: u32 = 0xd503_201f;
/// The bytes of `b`.
pub(crate) const JUMP: usize = 4;
/// The most bytes that an entry can take up.
pub(crate) const LONGEST: usize = 8;
/// How far a branch leads, less a page.
pub(crate) const REACH: usize = (1 << 27) - 4096;
/// The bytes of a step.
pub(crate) const STEP: usize = 16;

pub(crate) fn pad(code: &[u8]) -> Option<Pad> {
    let (first, _) = code.split_first_chunk()?;
    match u32::from_le_bytes(*first) {
        BTI_C | BTI_JC | PACIASP | PACIBSP => Some(BTI_C.to_le_bytes()),
        _ => None,
    }
}

/// `b`.
pub(crate) fn jump(at: usize, to: usize) -> Option<Vec<u8>> {
    let words = to.wrapping_sub(at).cast_signed() >> 2;
    let fits = (-(1 << 25)..1 << 25).contains(&words);
    fits.then(|| (0x1400_0000 | words as u32 & 0x03ff_ffff).to_le_bytes().to_vec())
}

/// `ldr x16, 8; br x16` and the address behind them. A branch by x16 may end at a landing pad for calls.
pub(crate) fn step(to: usize) -> [u8; STEP] {
    let mut code = [0; STEP];
    code[..4].copy_from_slice(&0x5800_0050_u32.to_le_bytes());
    code[4..8].copy_from_slice(&0xd61f_0200_u32.to_le_bytes());
    code[8..].copy_from_slice(&to.to_le_bytes());
    code
}

/// True if these bytes are `nop`s or zeros, as assemblers fill the room between two functions with. They belong to the
/// function before them only up to the next boundary of 16, where a function may begin that has no name.
pub(crate) fn is_padding(at: usize, bytes: &[u8]) -> bool {
    let words = bytes.chunks(4).all(|word| word == NOP.to_le_bytes() || word == [0; 4]);
    words && !at.is_multiple_of(16) && at % 16 + bytes.len() <= 16
}

/// Makes the processor see code that was written: what is in the data cache goes to where instructions are fetched from.
pub(crate) fn synchronise(at: usize, length: usize) {
    let kind: u64;
    // SAFETY: reads a register that programs may read.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) kind) };
    let line = |shift: u32| 4_usize << (kind >> shift & 15);
    for (size, data) in [(line(16), true), (line(0), false)] {
        for address in (at & !(size - 1)..at + length).step_by(size) {
            // SAFETY: both keep memory as it is; the address is mapped.
            unsafe {
                if data {
                    asm!("dc cvau, {}", in(reg) address);
                } else {
                    asm!("ic ivau, {}", in(reg) address);
                }
            }
        }
        // SAFETY: barriers.
        unsafe { asm!("dsb ish") };
    }
    // SAFETY: a barrier.
    unsafe { asm!("isb") };
}
