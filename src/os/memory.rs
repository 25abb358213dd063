//! How much memory there is, and descriptors as the C library and the system see them.

use std::fmt::Write;

use libc::c_int;

use crate::abi::{Errno, IntoC, Result, uv_os_fd_t};
use crate::sys::proc_file;
use crate::sys::proc_file::{number, value};
use crate::text::buffer::TextBuffer;

/// Has the processor bring memory into its cache, which need not even be there.
pub(crate) fn fetch(start: *const u8, len: usize) {
    const LINE: usize = 64;
    for at in (0..len).step_by(LINE).map(|line| start.wrapping_add(line)) {
        // SAFETY: a hint; the processor takes any address.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
        }
        // SAFETY: a hint; the processor takes any address.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            std::arch::asm!("prfm pldl1keep, [{}]", in(reg) at, options(readonly, nostack, preserves_flags));
        }
    }
}

/// Stores the resident set size of the process in bytes.
///
/// Thread-safe. Returns 0, or what reading `/proc/self/stat` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_resident_set_memory(rss: *mut usize) -> c_int {
    // SAFETY: the caller gives a place for the answer.
    resident().map(|bytes| unsafe { rss.write(bytes) }).into_c()
}

/// Memory in bytes that the system could hand out without swapping; 0 if unknown.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_get_free_memory() -> u64 {
    system_memory(b"MemAvailable:", |info| info.freeram)
}

/// The system's memory in bytes; 0 if unknown.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_get_total_memory() -> u64 {
    system_memory(b"MemTotal:", |info| info.totalram)
}

/// The limit in bytes that the process' control group, `RLIMIT_AS` or `RLIMIT_DATA` sets, whichever is lowest. 0 if no
/// limit is known, `UINT64_MAX` if the control group could set one and does not. May be more than the system has.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_get_constrained_memory() -> u64 {
    let group = group_limit();
    let limits = [libc::RLIMIT_AS, libc::RLIMIT_DATA];
    let lowest = limits.into_iter().filter_map(resource_limit).filter(|&n| n > 0).min();
    match lowest {
        Some(lowest) if group == 0 || lowest < group => lowest,
        _ => group,
    }
}

/// Memory in bytes that is left to the process: what its control group allows less what the group uses, or
/// `uv_get_free_memory` if the group sets no limit or one above the system's memory.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_get_available_memory() -> u64 {
    let limit = group_limit();
    // SAFETY: these take nothing.
    unsafe {
        if limit == 0 || limit > uv_get_total_memory() {
            return uv_get_free_memory();
        }
    }
    limit.saturating_sub(group_usage())
}

/// The system's descriptor behind one of the C library. On Linux they are the same.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_get_osfhandle(fd: c_int) -> uv_os_fd_t {
    fd
}

/// The C library's descriptor for one of the system. On Linux they are the same.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_open_osfhandle(os_fd: uv_os_fd_t) -> c_int {
    os_fd
}

fn resident() -> Result<usize> {
    let mut buf = [0; 1024];
    let text = proc_file::read(c"/proc/self/stat", &mut buf)?;
    // The second field is the program's name in parentheses, and may itself contain blanks and parentheses.
    let name_end = text.iter().rposition(|&c| c == b')').ok_or(Errno::EINVAL)?;
    let fields = text[name_end + 1..].trim_ascii_start();
    // Field 24; `fields` begins with field 3.
    let pages = fields.split(|&c| c == b' ').nth(21).and_then(number).ok_or(Errno::EINVAL)?;
    Ok((pages * page_size()) as usize)
}

fn page_size() -> u64 {
    // SAFETY: a question without pointers; Linux always answers it.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as u64 }
}

/// A line of `/proc/meminfo` in bytes; where there is none, the like from `sysinfo(2)`.
fn system_memory(key: &[u8], otherwise: fn(&libc::sysinfo) -> u64) -> u64 {
    let mut buf = [0; 4096];
    let text = proc_file::read(c"/proc/meminfo", &mut buf).unwrap_or_default();
    if let Some(kib) = value(text, key).and_then(number) {
        return kib.saturating_mul(1024);
    }
    // SAFETY: zeros are such a struct, and `info` is the place for one.
    unsafe {
        let mut info: libc::sysinfo = std::mem::zeroed();
        if libc::sysinfo(&raw mut info) != 0 {
            return 0;
        }
        otherwise(&info) * u64::from(info.mem_unit)
    }
}

/// A soft limit, if it is one.
fn resource_limit(which: libc::__rlimit_resource_t) -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is the place for the answer.
    let known = unsafe { libc::getrlimit(which, &raw mut limit) } == 0;
    (known && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

/// The memory controller's two versions. In both, a group's limits that cannot be read count as 0, unknown.
enum Controller<'t> {
    /// Version 2, with the path of the process' group.
    Unified(&'t [u8]),
    /// Version 1, with the path of the process' group if it is in one.
    Memory(Option<&'t [u8]>),
}

/// `text` is `/proc/self/cgroup`. Where both versions are mounted, version 2's line stands last and has no memory.
fn controller(text: &[u8]) -> Controller<'_> {
    let first = text.split(|&c| c == b'\n').next();
    if let Some(path) = first.and_then(|line| line.strip_prefix(b"0::")) {
        return Controller::Unified(path);
    }
    let path = text.split(|&c| c == b'\n').find_map(|line| {
        let mut parts = line.splitn(3, |&c| c == b':');
        (parts.nth(1) == Some(b"memory")).then(|| parts.next()).flatten()
    });
    Controller::Memory(path)
}

/// The content of `/proc/self/cgroup`; empty if it cannot be read.
fn groups(buf: &mut [u8]) -> &[u8] {
    proc_file::read(c"/proc/self/cgroup", buf).unwrap_or_default()
}

/// What the control group allows: 0 if unknown, `u64::MAX` if it sets no limit.
fn group_limit() -> u64 {
    let mut buf = [0; 4096];
    match controller(groups(&mut buf)) {
        Controller::Unified(path) => {
            let read = |name| read_value("", path, name).unwrap_or(0);
            read("memory.max").min(read("memory.high"))
        }
        Controller::Memory(path) => {
            let read = |path| -> u64 {
                let read = |name| read_value("/memory", path, name).unwrap_or(0);
                read("memory.soft_limit_in_bytes").min(read("memory.limit_in_bytes"))
            };
            // In a container the group's own files may be out of sight, and its mount's root is the group.
            let limit = match path.map_or(0, read) {
                0 => read(b""),
                limit => limit,
            };
            // "No limit" is the largest number of whole pages.
            if limit >= (i64::MAX as u64 & !(page_size() - 1)) { u64::MAX } else { limit }
        }
    }
}

/// What the control group uses, in bytes; 0 if unknown.
fn group_usage() -> u64 {
    let mut buf = [0; 4096];
    let usage = match controller(groups(&mut buf)) {
        Controller::Unified(path) => read_value("", path, "memory.current"),
        Controller::Memory(path) => path
            .and_then(|path| read_value("/memory", path, "memory.usage_in_bytes"))
            .or_else(|| read_value("/memory", b"", "memory.usage_in_bytes")),
    };
    usage.unwrap_or(0)
}

/// The number in a file of a group; `u64::MAX` for "max".
fn read_value(mount: &str, group: &[u8], name: &str) -> Option<u64> {
    let mut path = TextBuffer::<4096>::new();
    write!(path, "/sys/fs/cgroup{mount}").ok()?;
    path.push(group).ok()?;
    write!(path, "/{name}").ok()?;
    let mut buf = [0; 32];
    let text = proc_file::read(path.as_c_str(), &mut buf).ok()?;
    if text.trim_ascii() == b"max" { Some(u64::MAX) } else { number(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_controller_is_found() {
        assert!(matches!(controller(b"0::/a/b\n"), Controller::Unified(b"/a/b")));
        let both = b"5:cpu,memory:/x\n4:memory:/m:n\n0::/u\n";
        assert!(matches!(controller(both), Controller::Memory(Some(b"/m:n"))));
        assert!(matches!(controller(b"4:cpu:/m\n"), Controller::Memory(None)));
        assert!(matches!(controller(b""), Controller::Memory(None)));
    }

    #[test]
    #[cfg_attr(miri, ignore = "the kernel's answer")]
    fn answers_are_plausible() {
        let mut rss = 0;
        // SAFETY: `rss` is a place for the answer.
        unsafe {
            assert_eq!(uv_resident_set_memory(&raw mut rss), 0);
            assert!(rss > 0 && (rss as u64) < uv_get_total_memory());
            assert!(uv_get_free_memory() > 0 && uv_get_free_memory() < uv_get_total_memory());
            assert!(uv_get_available_memory() <= uv_get_total_memory());
        }
    }
}
