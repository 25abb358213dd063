//! Puts uvring under a program that has libuv linked into it, such as Node.js as it is distributed.
//!
//! Such a program exports its `uv_*` functions, for addons. This library is loaded with it (`LD_PRELOAD`), and its constructor,
//! which the loader runs before any code of the program, writes a jump to uvring's function over the first bytes of each. From then
//! on whoever calls `uv_*` reaches uvring: the program itself, its libraries, addons that it loads later, all its threads.
//!
//! It is all or nothing. Whatever speaks against it is found before anything is written, and then the program is left on its
//! own libuv, with one line on standard error that says why. A program without `uv_run` is left alone without a word: this
//! library is inherited by all the children of a program.
//!
//! | file | what is in it |
//! |---|---|
//! | `image` | a loaded file's symbols, as the loader sees them |
//! | `ours` | where uvring is, and its functions |
//! | `plan` | which entries to redirect, and all that speaks against it |
//! | `machine` | what the jumps are in machine code |
//! | `text` | changing code pages, which are never writable and executable at once |
//! | `stats` | what the loops did, told at exit if `UVRING_STATS` is set |
//!
//! The unsafe code rests on four arguments:
//! 1. **Loaded.** An image's tables and code stay mapped and unchanged while the loader holds it, and nothing is unloaded
//!    before `main`.
//! 2. **Alone.** The constructor runs before the program's own code, in its only thread: nobody executes the pages that change. It
//!    is linked to run before the constructors of all other libraries, too; `IS_FIRST_CODE` tells whether it did.
//! 3. **Ours.** Memory that this library has mapped and not given to anyone.
//! 4. **Call.** A call of libc with valid arguments, or one that takes no pointer.

#[cfg(not(target_os = "linux"))]
compile_error!("the loader and the mappings are Linux's");

mod image;
mod machine;
mod ours;
mod plan;
mod stats;
mod text;

use std::ffi::{CStr, CString, c_char, c_int};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Set by the first copy of this library in a process. It is looked up by name, so that a second copy, from another directory
/// or loaded later, finds the first one's.
#[unsafe(no_mangle)]
pub static UVRING_PRELOAD_LOADED: AtomicBool = AtomicBool::new(false);

/// True in the copy that does the work, which also tells the figures at exit.
static IS_FIRST: AtomicBool = AtomicBool::new(false);

/// Whether no other constructor has run. glibc keeps that place for one library, the last one loaded that wants it.
static IS_FIRST_CODE: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    static mut environ: *const *const c_char;
}

type Constructor = extern "C" fn(c_int, *const *const c_char, *const *const c_char);

#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: Constructor = at_load;

#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = at_exit;

extern "C" fn at_load(_argc: c_int, _argv: *const *const c_char, envp: *const *const c_char) {
    // SAFETY: argument 2. libc's own constructor gives `environ` this value; until then nobody finds a variable.
    unsafe {
        if environ.is_null() {
            IS_FIRST_CODE.store(true, Relaxed);
            environ = envp;
        }
    }
    // SAFETY: argument 4.
    let first = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"UVRING_PRELOAD_LOADED".as_ptr()) };
    // Loaded by `dlopen` into a scope of its own, nothing is found.
    let first = if first.is_null() { &raw const UVRING_PRELOAD_LOADED } else { first.cast_const().cast() };
    // SAFETY: argument 1; each copy of this library has the same static.
    if unsafe { (*first).swap(true, Relaxed) } {
        return;
    }
    IS_FIRST.store(true, Relaxed);
    // SAFETY: argument 4.
    let run = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"uv_run".as_ptr()) };
    // Most children of a program have no libuv.
    let Some(program) = image::program().filter(|program| program.holds(run)) else { return };
    if let Err(why) = plan::redirect(&program) {
        say(&format!("{} stays on its own libuv: {why}", name()));
    }
}

extern "C" fn at_exit() {
    if IS_FIRST.load(Relaxed) {
        stats::tell();
    }
}

/// The program's name.
fn name() -> String {
    let path = std::fs::read_link("/proc/self/exe").unwrap_or_default();
    if path.as_os_str().is_empty() { "the program".into() } else { path.display().to_string() }
}

/// One line on standard error.
fn say(text: &str) {
    let line = format!("uvring: {text}\n");
    // SAFETY: argument 4. Where standard error is closed, nobody is told.
    unsafe { libc::write(2, line.as_ptr().cast(), line.len()) };
}

/// The value of a variable, unless the program runs with more rights than the user who set it.
fn variable(name: &CStr) -> Option<CString> {
    unsafe extern "C" {
        fn secure_getenv(name: *const c_char) -> *const c_char;
    }
    // SAFETY: argument 4; the value is copied before anyone can change it (argument 2).
    unsafe {
        let value = secure_getenv(name.as_ptr());
        if value.is_null() { None } else { Some(CStr::from_ptr(value).to_owned()) }
    }
}
