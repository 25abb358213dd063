//! Changing the program's code.
//!
//! Its pages are made writable, and lose the right to be executed; they are written; they are made executable again. They
//! stay pages of the program's file, so that profilers and debuggers know them. Some systems forbid that a changed page is
//! executed: that is tried first with a page of the same file elsewhere, since a program without its code is lost.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::ptr;

use libc::{MAP_FAILED, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE, c_int, c_void};

use crate::image::Image;
use crate::machine::{self, STEP};
use crate::plan::Jump;

/// Turns the entries into jumps: all of them, or none, and then the error says why.
pub(crate) fn write(program: &Image, jumps: Vec<Jump>) -> Result<(), String> {
    let pages = pages(program, &jumps);
    rehearse().map_err(|e| format!("this system does not let code be changed: {e}"))?;
    let steps = Steps::make(program, &jumps)?;
    let code = jumps.iter().zip(steps.addresses()).map(|(jump, step)| Some((jump.entry.at, jump.entry.code(step)?)));
    let code: Option<Vec<_>> = code.collect();
    let code = code.ok_or("there is no room near its code")?;
    for (done, page) in pages.iter().enumerate() {
        if let Err(e) = protect(page, PROT_READ | PROT_WRITE) {
            pages[..done].iter().for_each(executable);
            return Err(format!("its code cannot be made writable: {e}"));
        }
    }
    for (at, bytes) in &code {
        // SAFETY: argument 2; `plan` has seen that there is room.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), *at as *mut u8, bytes.len()) };
    }
    pages.iter().for_each(executable);
    for (at, bytes) in &code {
        machine::synchronise(*at, bytes.len());
    }
    steps.keep();
    Ok(())
}

/// How many pages of code without an entry may lie between two with one, and be treated with them. Each piece takes two system
/// calls, and a line in `/proc/self/maps`, which Node.js reads three times when it starts.
const GAP: usize = 16;

/// The pages on which the entries are, those near each other in one piece.
fn pages(program: &Image, jumps: &[Jump]) -> Vec<Range<usize>> {
    let size = page_size();
    let mut starts = BTreeMap::new();
    for jump in jumps {
        for byte in [jump.entry.at, jump.entry.at + jump.entry.size() - 1] {
            starts.insert(byte & !(size - 1), ());
        }
    }
    let mut pages: Vec<Range<usize>> = Vec::new();
    for start in starts.into_keys() {
        match pages.last_mut() {
            Some(last) if start <= last.end + GAP * size && program.is_code(&(last.start..start)) => {
                last.end = start + size;
            }
            _ => pages.push(start..start + size),
        }
    }
    pages
}

/// Writes to a page of the program's file and makes it executable, in a mapping that nobody uses.
fn rehearse() -> io::Result<()> {
    let file = File::open("/proc/self/exe")?;
    let at = Mapping::new(ptr::null_mut(), page_size(), 0, Some(&file))?;
    // SAFETY: argument 3.
    unsafe { ptr::write_volatile(at.start as *mut u8, 0) };
    protect(&at.range(), PROT_READ | PROT_EXEC)
}

/// Steps for all jumps, near the program.
struct Steps {
    mapping: Mapping,
    count: usize,
}

impl Steps {
    fn make(program: &Image, jumps: &[Jump]) -> Result<Steps, String> {
        let length = (jumps.len() * STEP).next_multiple_of(page_size());
        let mapping = near(&program.span(), length).ok_or("there is no room near its code")?;
        for (index, jump) in jumps.iter().enumerate() {
            // SAFETY: argument 3.
            unsafe { ptr::write((mapping.start + index * STEP) as *mut [u8; STEP], machine::step(jump.to)) };
        }
        protect(&mapping.range(), PROT_READ | PROT_EXEC).map_err(|e| format!("new code is not allowed here: {e}"))?;
        machine::synchronise(mapping.start, length);
        Ok(Steps { mapping, count: jumps.len() })
    }

    fn addresses(&self) -> impl Iterator<Item = usize> {
        let start = self.mapping.start;
        (0..self.count).map(move |index| start + index * STEP)
    }

    /// They are used from now on.
    fn keep(self) {
        std::mem::forget(self.mapping);
    }
}

/// Fresh memory from which a jump reaches everything in `span`, and back. Below the program if possible: above it is the heap,
/// which wants to grow.
fn near(span: &Range<usize>, length: usize) -> Option<Mapping> {
    /// Where a page is looked for: half of the places that are 16 pages apart would do.
    const TRIES: usize = 4096;
    let stride = page_size() * 16;
    let below = (1..TRIES).map_while(|i| span.start.checked_sub(length + i * stride));
    let above = (1..TRIES).map(|i| span.end.next_multiple_of(page_size()) + machine::REACH / 2 + i * stride);
    let reaches = |at: &usize| {
        let furthest = span.end.max(at + length) - span.start.min(*at);
        furthest < machine::REACH
    };
    let below = below.take_while(reaches).filter(|&at| at > 0);
    below.chain(above.take_while(reaches)).find_map(|at| {
        let at = at & !(page_size() - 1);
        let mapping = Mapping::new(at as *mut c_void, length, libc::MAP_FIXED_NOREPLACE, None).ok()?;
        // Before Linux 4.17 the address is a hint.
        (mapping.start == at).then_some(mapping)
    })
}

/// Memory of ours, which can be written; it is given back unless it is forgotten.
struct Mapping {
    start: usize,
    length: usize,
}

impl Mapping {
    fn new(at: *mut c_void, length: usize, flags: c_int, file: Option<&File>) -> io::Result<Mapping> {
        let flags = flags | MAP_PRIVATE | if file.is_some() { 0 } else { libc::MAP_ANONYMOUS };
        let fd = file.map_or(-1, AsRawFd::as_raw_fd);
        // SAFETY: argument 4; it replaces nothing.
        let start = unsafe { libc::mmap(at, length, PROT_READ | PROT_WRITE, flags, fd, 0) };
        if start == MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Mapping { start: start.addr(), length }) }
    }

    fn range(&self) -> Range<usize> {
        self.start..self.start + self.length
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: argument 3.
        unsafe { libc::munmap(self.start as *mut c_void, self.length) };
    }
}

/// Gives code back its rights. The rehearsal has shown that this is allowed; a program that cannot execute its code is
/// ended here and not where it stumbles.
fn executable(page: &Range<usize>) {
    if let Err(e) = protect(page, PROT_READ | PROT_EXEC) {
        crate::say(&format!("the program's code cannot be made executable again: {e}"));
        std::process::abort();
    }
}

fn protect(pages: &Range<usize>, rights: c_int) -> io::Result<()> {
    // SAFETY: argument 2 for the program's code, argument 3 for our own memory.
    let failed = unsafe { libc::mprotect(pages.start as *mut c_void, pages.len(), rights) } != 0;
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}

pub(crate) fn page_size() -> usize {
    // SAFETY: argument 4.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}
