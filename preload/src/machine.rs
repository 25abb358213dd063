//! The jumps, in machine code. An entry becomes a short jump to a step nearby, which holds the far address.

#[cfg_attr(target_arch = "x86_64", path = "machine/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "machine/aarch64.rs")]
mod arch;

pub(crate) use arch::{LONGEST, REACH, STEP, is_padding, step, synchronise};

/// Where a function begins, and what of its first bytes has to stay.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) at: usize,
    /// Where branch protection is on, an indirect call may end only at a landing pad.
    pad: Option<arch::Pad>,
}

impl Entry {
    /// The entry at an address, which holds this code.
    pub(crate) fn new(at: usize, code: &[u8]) -> Entry {
        Entry { at, pad: arch::pad(code) }
    }

    /// How many bytes the jump takes up.
    pub(crate) fn size(&self) -> usize {
        self.pad.map_or(0, |pad| pad.len()) + arch::JUMP
    }

    /// The bytes that lead from here to `step`; `None` if that is too far.
    pub(crate) fn code(&self, step: usize) -> Option<Vec<u8>> {
        let mut code = self.pad.map_or(Vec::new(), |pad| pad.to_vec());
        let jump = arch::jump(self.at + code.len(), step)?;
        code.extend(jump);
        Some(code)
    }
}
