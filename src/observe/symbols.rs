//! The names of functions, by their addresses: what the loader knows, else what stands in the file's own symbol table, where static
//! functions are, too. Only for a trace, and for reports of slow callbacks; never in a signal handler.
//!
//! Argument for the unsafe code: (1) the loader's strings stay as long as the file is loaded. (2) A file is mapped whole, and read
//! through a slice that is gone before the mapping.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;

use libc::Dl_info;

/// A function, and where it is.
pub(super) struct Symbol {
    /// "on_read", or "program+0x1234" where nobody knows a name.
    pub(super) name: String,
    /// The file's name without its folder.
    pub(super) file: String,
    /// Where the file was loaded.
    pub(super) base: usize,
}

/// What is at an address. `None` if no file is, as for code that was made at run time.
pub(super) fn find(at: usize) -> Option<Symbol> {
    let mut info = MaybeUninit::<Dl_info>::zeroed();
    // SAFETY: a place for the answer, which is all numbers and pointers.
    let info = unsafe {
        if libc::dladdr(at as *const c_void, info.as_mut_ptr()) == 0 {
            return None;
        }
        info.assume_init()
    };
    if info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: (1).
    let path = unsafe { CStr::from_ptr(info.dli_fname) };
    let file = path.to_string_lossy().rsplit('/').next().unwrap_or_default().to_owned();
    let base = info.dli_fbase.addr();
    let name = if info.dli_sname.is_null() {
        in_file(path, base, at).unwrap_or_else(|| format!("{file}+{:#x}", at - base))
    } else {
        // SAFETY: (1).
        plain(unsafe { CStr::from_ptr(info.dli_sname) })
    };
    Some(Symbol { name, file, base })
}

/// A name of C++ as its programmer wrote it, if the program has what it takes.
fn plain(name: &CStr) -> String {
    type Demangle = extern "C" fn(*const c_char, *mut c_char, *mut usize, *mut c_int) -> *mut c_char;
    let as_it_is = name.to_string_lossy().into_owned();
    if !as_it_is.starts_with("_Z") {
        return as_it_is;
    }
    // SAFETY: the function of that name is so, in every C++ library; what it gives is the caller's.
    unsafe {
        let function = libc::dlsym(libc::RTLD_DEFAULT, c"__cxa_demangle".as_ptr());
        if function.is_null() {
            return as_it_is;
        }
        let demangle = std::mem::transmute::<*mut c_void, Demangle>(function);
        let found = demangle(name.as_ptr(), std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        if found.is_null() {
            return as_it_is;
        }
        let text = CStr::from_ptr(found).to_string_lossy().into_owned();
        libc::free(found.cast());
        text
    }
}

/// The function at an address, by the symbol table of the file that was loaded from `path`.
fn in_file(path: &CStr, base: usize, at: usize) -> Option<String> {
    // The loader knows a program by the name that it was started by, which may lead nowhere from here.
    in_opened(path, base, at)
        .or_else(|| if path.to_bytes().contains(&b'/') { None } else { in_opened(c"/proc/self/exe", base, at) })
}

fn in_opened(path: &CStr, base: usize, at: usize) -> Option<String> {
    // SAFETY: (2); the descriptor is ours.
    unsafe {
        let fd = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return None;
        }
        let size = libc::lseek(fd, 0, libc::SEEK_END);
        let mapped = libc::mmap(std::ptr::null_mut(), size.max(1) as usize, libc::PROT_READ, libc::MAP_PRIVATE, fd, 0);
        libc::close(fd);
        if mapped == libc::MAP_FAILED {
            return None;
        }
        let found = Elf(std::slice::from_raw_parts(mapped.cast(), size as usize)).function(base, at);
        libc::munmap(mapped, size.max(1) as usize);
        found
    }
}

/// An ELF file for 64 bits, of the machine's own order of bytes; whatever may be in it.
struct Elf<'a>(&'a [u8]);

impl Elf<'_> {
    fn number(&self, at: usize, size: usize) -> Option<usize> {
        let mut word = [0; 8];
        word[..size].copy_from_slice(self.0.get(at..at.checked_add(size)?)?);
        Some(u64::from_le_bytes(word) as usize)
    }

    /// The name of the function at an address of the process.
    fn function(&self, base: usize, at: usize) -> Option<String> {
        const EXECUTABLE: usize = 2;
        const SYMTAB: usize = 2;
        if self.0.get(..5)? != b"\x7fELF\x02" {
            return None;
        }
        // Not moved if it is an executable of the old kind.
        let wanted = if self.number(16, 2)? == EXECUTABLE { at } else { at - base };
        let (table, entry, count) = (self.number(40, 8)?, self.number(58, 2)?, self.number(60, 2)?);
        for index in 0..count {
            let section = table.saturating_add(index * entry);
            let field = |at: usize, size| self.number(section.saturating_add(at), size);
            if field(4, 4)? == SYMTAB {
                let (start, size) = (field(24, 8)?, field(32, 8)?);
                let strings = table.saturating_add(field(40, 4)?.saturating_mul(entry));
                let symbol = self.symbol(start, size, wanted)?;
                return self.string(self.number(strings.saturating_add(24), 8)?.saturating_add(symbol));
            }
        }
        None
    }

    /// Where the name of the function at an address of the file stands among the strings.
    fn symbol(&self, start: usize, size: usize, wanted: usize) -> Option<usize> {
        const SIZE: usize = 24;
        const FUNCTION: u8 = 2;
        let symbols = self.0.get(start..start.checked_add(size)?)?.chunks_exact(SIZE);
        for (index, symbol) in symbols.enumerate() {
            let at = start + index * SIZE;
            let (value, length) = (self.number(at + 8, 8)?, self.number(at + 16, 8)?);
            if symbol[4] & 15 == FUNCTION && (value..value.saturating_add(length)).contains(&wanted) {
                return self.number(at, 4);
            }
        }
        None
    }

    fn string(&self, at: usize) -> Option<String> {
        let bytes = self.0.get(at..)?.split(|&b| b == 0).next()?;
        CString::new(bytes).ok().map(|name| plain(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no loader")]
    fn functions_that_are_not_exported_are_found() {
        let symbol = find(find as *const () as usize).unwrap();
        assert!(symbol.name.contains("symbols") && symbol.name.contains("find"), "{}", symbol.name);
        assert!(find(1).is_none());
    }

    #[test]
    fn a_file_may_hold_anything() {
        for bytes in [&b""[..], b"\x7fELF\x02", &[0xff; 200]] {
            assert!(Elf(bytes).function(0, 4096).is_none());
        }
        let mut bytes = [0xff; 200];
        bytes[..5].copy_from_slice(b"\x7fELF\x02");
        assert!(Elf(&bytes).function(0, 4096).is_none());
    }
}
