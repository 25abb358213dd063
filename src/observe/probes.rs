//! Probes for bpftrace, perf and SystemTap (USDT): where something attaches to one, the kernel traps there. Otherwise each is a `nop`, and
//! a note in the file that tells where it is and in which registers its arguments are.
//!
//! | probe of `uvring` | arguments |
//! |---|---|
//! | `submit` | the operation's key: an entry was put into the ring |
//! | `complete` | the key and the result: the ring has done it |
//! | `callback` | the function that is about to be called |
//! | `callback_done` | none: it has come back |

use std::arch::asm;

/// How a note spells a register.
#[cfg(target_arch = "x86_64")]
macro_rules! register {
    ($operand:literal) => {
        concat!("%", $operand)
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! register {
    ($operand:literal) => {
        $operand
    };
}

/// A place with a name, and the sizes and registers of its arguments (-8: with a sign). The note has no base address, because
/// nothing moves the file's addresses after it was linked.
macro_rules! probe {
    ($name:literal, $arguments:expr $(, $value:expr)*) => {
        // SAFETY: a `nop`; the rest goes into a section that is not loaded.
        unsafe {
            asm!(
                "990: nop",
                ".pushsection .note.stapsdt, \"\", %note",
                ".balign 4",
                ".4byte 992f-991f, 994f-993f, 3",
                "991: .asciz \"stapsdt\"",
                "992: .balign 4",
                "993: .8byte 990b, 0, 0",
                ".asciz \"uvring\"",
                concat!(".asciz \"", $name, "\""),
                concat!(".asciz \"", $arguments, "\""),
                "994: .balign 4",
                ".popsection",
                $(in(reg) $value,)*
                options(nomem, preserves_flags, nostack)
            );
        }
    };
}

/// An entry was put into the ring.
#[inline(always)]
pub(crate) fn submit(key: u64) {
    probe!("submit", concat!("8@", register!("{0}")), key);
}

/// The ring has done it.
#[inline(always)]
pub(crate) fn complete(key: u64, result: i32) {
    probe!("complete", concat!("8@", register!("{0}"), " -8@", register!("{1}")), key, i64::from(result));
}

/// A function is about to be called.
#[inline(always)]
pub(crate) fn callback(function: usize) {
    probe!("callback", concat!("8@", register!("{0}")), function);
}

/// It has come back.
#[inline(always)]
pub(crate) fn callback_done() {
    probe!("callback_done", "");
}
