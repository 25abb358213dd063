//! A file that the loader has mapped: its segments, and its dynamic symbols, read in memory.

use std::cell::OnceCell;
use std::ffi::{CStr, c_int, c_void};
use std::ops::Range;
use std::slice;

use libc::{Elf64_Phdr, Elf64_Sym, dl_phdr_info};

use crate::text::page_size;

/// A program or library that is loaded.
pub(crate) struct Image {
    /// What is added to the addresses in the file.
    base: usize,
    headers: &'static [Elf64_Phdr],
    first_symbol: *const Elf64_Sym,
    /// Its hash table, which knows how many symbols there are.
    hash: Hash,
    symbols: OnceCell<&'static [Elf64_Sym]>,
    names: &'static [u8],
    /// Its file, as the loader found it; empty for the program.
    pub(crate) path: String,
}

/// One of the two kinds of hash tables that an image may have.
enum Hash {
    Gnu(*const u32),
    SystemV(*const u32),
}

/// A function that an image exports.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) at: usize,
    pub(crate) size: usize,
}

/// One entry of an image's dynamic section.
#[repr(C)]
struct Entry {
    tag: i64,
    value: usize,
}

const DT_HASH: i64 = 4;
const DT_STRTAB: i64 = 5;
const DT_SYMTAB: i64 = 6;
const DT_STRSZ: i64 = 10;
const DT_GNU_HASH: i64 = 0x6fff_fef5;
const STT_FUNC: u8 = 2;
const STT_GNU_IFUNC: u8 = 10;

/// The program itself.
pub(crate) fn program() -> Option<Image> {
    loaded().into_iter().next()
}

/// All that is loaded, in the loader's order, the program first.
pub(crate) fn loaded() -> Vec<Image> {
    unsafe extern "C" fn add(info: *mut dl_phdr_info, _size: usize, list: *mut c_void) -> c_int {
        // SAFETY: the loader's record of an image, for this call, and the list below.
        let (info, list) = unsafe { (&*info, &mut *list.cast::<Vec<Image>>()) };
        list.extend(Image::new(info));
        0
    }
    let mut list = Vec::new();
    // SAFETY: `add` takes the list, which outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut list).cast()) };
    list
}

impl Image {
    /// `None` if it has no symbols.
    fn new(info: &dl_phdr_info) -> Option<Image> {
        let base = usize::try_from(info.dlpi_addr).ok()?;
        // SAFETY: argument 1.
        let (headers, path) = unsafe {
            let headers = slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
            let path = if info.dlpi_name.is_null() { c"" } else { CStr::from_ptr(info.dlpi_name) };
            (headers, path.to_string_lossy().into_owned())
        };
        let address = |value| address(base, value);
        let dynamic = headers.iter().find(|h| h.p_type == libc::PT_DYNAMIC)?;
        let mut entry = (base + dynamic.p_vaddr as usize) as *const Entry;
        let (mut symbols, mut names, mut size, mut hash, mut gnu_hash) = (0, 0, 0, 0, 0);
        // SAFETY: argument 1; the section ends with a zero tag.
        while let Entry { tag: tag @ 1.., value } = unsafe { &*entry } {
            match *tag {
                DT_SYMTAB => symbols = address(*value),
                DT_STRTAB => names = address(*value),
                DT_STRSZ => size = *value,
                DT_HASH => hash = address(*value),
                DT_GNU_HASH => gnu_hash = address(*value),
                _ => {}
            }
            // SAFETY: argument 1; the section goes on until the zero tag.
            entry = unsafe { entry.add(1) };
        }
        if symbols == 0 || names == 0 {
            return None;
        }
        let hash = match (gnu_hash, hash) {
            (0, 0) => return None,
            (0, hash) => Hash::SystemV(hash as *const u32),
            (hash, _) => Hash::Gnu(hash as *const u32),
        };
        // SAFETY: argument 1; they are where the dynamic section says.
        let names = unsafe { slice::from_raw_parts(names as *const u8, size) };
        let (first_symbol, symbols) = (symbols as *const Elf64_Sym, OnceCell::new());
        Some(Image { base, headers, first_symbol, hash, symbols, names, path })
    }

    /// All symbols. Of most images nobody wants to know, and to count them reads much of a large program's hash table.
    fn symbols(&self) -> &'static [Elf64_Sym] {
        self.symbols.get_or_init(|| {
            // SAFETY: argument 1; the tables are where the dynamic section says.
            unsafe {
                let count = match self.hash {
                    Hash::Gnu(table) => count_by_gnu_hash(table),
                    Hash::SystemV(table) => *table.add(1) as usize,
                };
                slice::from_raw_parts(self.first_symbol, count)
            }
        })
    }

    fn name(&self, symbol: &Elf64_Sym) -> &'static str {
        let rest = self.names.get(symbol.st_name as usize..).unwrap_or_default();
        CStr::from_bytes_until_nul(rest).ok().and_then(|name| name.to_str().ok()).unwrap_or_default()
    }

    /// Whether the symbol's name begins so, without looking for its end.
    fn begins(&self, symbol: &Elf64_Sym, with: &[u8]) -> bool {
        self.names.get(symbol.st_name as usize..).is_some_and(|name| name.starts_with(with))
    }

    /// The functions that it exports from these addresses. Only their names are read: a large program has 80 000, all over its memory.
    pub(crate) fn functions<const N: usize>(&self, within: &[Range<usize>; N]) -> Vec<Function> {
        // One comparison for each of a known number of places: this loop is much of what a program's start takes longer.
        let places = within.each_ref().map(|range| (range.start, range.len()));
        let is_in = |at: usize, (start, len)| at.wrapping_sub(start) < len;
        let is_here = |s: &&Elf64_Sym| places.iter().fold(false, |is, &place| is | is_in(self.address(s), place));
        let here = self.symbols().iter().filter(is_here);
        here.filter(|s| is_function(s)).map(|s| self.describe(s)).collect()
    }

    /// The function that it exports under this name.
    pub(crate) fn function(&self, name: &str) -> Option<Function> {
        let is_it = |s: &&Elf64_Sym| is_function(s) && self.name(s) == name;
        let found = match self.hash {
            // SAFETY: argument 1; the table is the image's, and the symbols that it tells of are there.
            Hash::Gnu(table) => unsafe {
                find_by_gnu_hash(table, name, |i| Some(&*self.first_symbol.add(i)).filter(is_it))
            },
            Hash::SystemV(_) => self.symbols().iter().find(is_it),
        };
        found.map(|s| self.describe(s))
    }

    fn describe(&self, symbol: &Elf64_Sym) -> Function {
        Function { name: self.name(symbol), at: self.address(symbol), size: symbol.st_size as usize }
    }

    fn address(&self, symbol: &Elf64_Sym) -> usize {
        self.base.wrapping_add(symbol.st_value as usize)
    }

    /// Gives back the memory that reading the symbols and their names has taken, which for Node.js is 2 MB: pages of its file,
    /// which the kernel brings again when they are needed.
    pub(crate) fn forget_symbols(&self) {
        let symbols = self.symbols().as_ptr_range();
        let names = self.names.as_ptr_range();
        for range in [symbols.start.addr()..symbols.end.addr(), names.start.addr()..names.end.addr()] {
            // Whole pages: others may have changed what shares one with them.
            let start = range.start.next_multiple_of(page_size());
            let end = range.end & !(page_size() - 1);
            let is_constant = self.segments().any(|(header, segment)| {
                header.p_flags & libc::PF_W == 0 && segment.start <= start && end <= segment.end
            });
            if is_constant && start < end {
                // SAFETY: argument 1; nobody has written to these pages, so they stay as they are.
                unsafe { libc::madvise(start as *mut c_void, end - start, libc::MADV_DONTNEED) };
            }
        }
    }

    /// A `uv_*` function that it takes from elsewhere.
    pub(crate) fn wants(&self) -> Option<&'static str> {
        self.symbols().iter().find(|s| s.st_shndx == 0 && self.begins(s, b"uv_")).map(|s| self.name(s))
    }

    /// True if the addresses are code that can be read, in a segment that nobody writes.
    pub(crate) fn is_code(&self, range: &Range<usize>) -> bool {
        self.segments().any(|(header, segment)| {
            header.p_flags & (libc::PF_R | libc::PF_X | libc::PF_W) == libc::PF_R | libc::PF_X
                && segment.start <= range.start
                && range.end <= segment.end
        })
    }

    /// From the first to the last address.
    pub(crate) fn span(&self) -> Range<usize> {
        let start = self.segments().map(|(_, segment)| segment.start).min().unwrap_or_default();
        start..self.segments().map(|(_, segment)| segment.end).max().unwrap_or_default()
    }

    /// True if the address lies in this image.
    pub(crate) fn holds<T>(&self, address: *const T) -> bool {
        self.segments().any(|(_, segment)| segment.contains(&address.addr()))
    }

    fn segments(&self) -> impl Iterator<Item = (&Elf64_Phdr, Range<usize>)> {
        let segment = |h: &Elf64_Phdr| {
            let start = self.base + h.p_vaddr as usize;
            start..start + h.p_memsz as usize
        };
        self.headers.iter().filter(|h| h.p_type == libc::PT_LOAD).map(move |h| (h, segment(h)))
    }
}

/// glibc has added the base to some entries of dynamic sections, and not to those of the vDSO.
fn address(base: usize, value: usize) -> usize {
    if value < base { value + base } else { value }
}

/// True for a function that the image has, rather than wants.
fn is_function(symbol: &Elf64_Sym) -> bool {
    symbol.st_shndx != 0 && matches!(symbol.st_info & 0xf, STT_FUNC | STT_GNU_IFUNC)
}

/// The parts of a hash table of the GNU kind: the number of the first symbol in it, for each bucket that of its first one, and
/// where the hashes are, one for each symbol from the first on; the lowest bit of a bucket's last one is set.
///
/// # Safety
/// `table` is an image's `DT_GNU_HASH` (argument 1).
unsafe fn parts_of_gnu_hash(table: *const u32) -> (usize, &'static [u32], *const u32) {
    // SAFETY: four words, the filter's 64-bit words, the buckets, the hashes.
    unsafe {
        let [buckets, first, filter] = [0, 1, 2].map(|i| *table.add(i) as usize);
        let start = table.add(4 + filter * 2);
        (first, slice::from_raw_parts(start, buckets), start.add(buckets))
    }
}

/// What `look` finds in a symbol that may have this name, by its number.
///
/// # Safety
/// `table` is an image's `DT_GNU_HASH` (argument 1).
unsafe fn find_by_gnu_hash<T>(table: *const u32, name: &str, look: impl Fn(usize) -> Option<T>) -> Option<T> {
    let hash = name.bytes().fold(5381u32, |hash, byte| hash.wrapping_mul(33).wrapping_add(byte.into()));
    // SAFETY: argument 1.
    let (first, buckets, hashes) = unsafe { parts_of_gnu_hash(table) };
    let mut index = *buckets.get(hash as usize % buckets.len().max(1))? as usize;
    while index >= first {
        // SAFETY: argument 1; the bucket has not ended.
        let word = unsafe { *hashes.add(index - first) };
        if (word ^ hash) >> 1 == 0
            && let Some(found) = look(index)
        {
            return Some(found);
        }
        if word & 1 != 0 {
            break;
        }
        index += 1;
    }
    None
}

/// How many symbols there are: the hash table knows the last one.
///
/// # Safety
/// `table` is an image's `DT_GNU_HASH` (argument 1).
unsafe fn count_by_gnu_hash(table: *const u32) -> usize {
    // SAFETY: argument 1.
    let (first, buckets, hashes) = unsafe { parts_of_gnu_hash(table) };
    let last = buckets.iter().max().map_or(0, |&max| max as usize);
    if last < first {
        return first;
    }
    let mut index = last;
    // SAFETY: argument 1; the last bucket has not ended.
    while unsafe { *hashes.add(index - first) } & 1 == 0 {
        index += 1;
    }
    index + 1
}
