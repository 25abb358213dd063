//! The host, the process and its environment.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_char, c_int};

use crate::abi::{Errno, IntoC, Result, UV_PRIORITY_HIGHEST, UV_PRIORITY_LOW, uv_env_item_t, uv_pid_t, uv_utsname_t};
use crate::base::alloc;
use crate::base::buffer::Out;

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// Gets the host's name.
///
/// `size` says how many bytes `buffer` has (`UV_MAXHOSTNAMESIZE` always suffice) and becomes the length of the name,
/// without the NUL that ends it. Returns 0; `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOBUFS` if the name does
/// not fit, and `size` becomes what is needed, NUL included. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_gethostname(buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: C promises that the buffer is as large as the size says.
    unsafe { Out::new(buffer, size) }.and_then(hostname).into_c()
}

/// Gets what the system calls itself. Returns 0, `UV_EINVAL` if `buffer` is NULL, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_uname(buffer: *mut uv_utsname_t) -> c_int {
    if buffer.is_null() {
        return Errno::EINVAL.0;
    }
    match uname() {
        Ok(u) => {
            let names = [u.sysname, u.release, u.version, u.machine];
            let [sysname, release, version, machine] = names.map(|name| widen(&name));
            // SAFETY: not NULL, so C promises a place for the answer.
            unsafe { *buffer = uv_utsname_t { sysname, release, version, machine } };
            0
        }
        Err(e) => e.0,
    }
}

/// The id of the process. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn uv_os_getpid() -> uv_pid_t {
    // SAFETY: no conditions.
    unsafe { libc::getpid() }
}

/// The id of the process's parent. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn uv_os_getppid() -> uv_pid_t {
    // SAFETY: no conditions.
    unsafe { libc::getppid() }
}

/// Gets the scheduling priority of a process, from -20 (high) to 19 (low). A `pid` of 0 is the caller's own.
///
/// Returns 0, `UV_EINVAL` if `priority` is NULL, `UV_ESRCH` if there is no such process, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_getpriority(pid: uv_pid_t, priority: *mut c_int) -> c_int {
    if priority.is_null() {
        return Errno::EINVAL.0;
    }
    match nice(pid) {
        Ok(n) => {
            // SAFETY: not NULL, so C promises a place for the answer.
            unsafe { *priority = n };
            0
        }
        Err(e) => e.0,
    }
}

/// Sets the scheduling priority of a process, from -20 (high) to 19 (low). A `pid` of 0 is the caller's own.
///
/// Returns 0, `UV_EINVAL` for a priority out of range, `UV_ESRCH` if there is no such process, `UV_EACCES` if a higher
/// priority is not allowed, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_setpriority(pid: uv_pid_t, priority: c_int) -> c_int {
    if !(UV_PRIORITY_HIGHEST..=UV_PRIORITY_LOW).contains(&priority) {
        return Errno::EINVAL.0;
    }
    set_nice(pid, priority).into_c()
}

/// Gets a copy of the environment. Entries without a `=` are left out. `uv_os_free_environ` takes the memory back.
///
/// Returns 0, or `UV_ENOMEM`, which leaves NULL and 0. Not thread-safe: it reads the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_environ(envitems: *mut *mut uv_env_item_t, count: *mut c_int) -> c_int {
    // SAFETY: C promises places for both answers.
    unsafe {
        *envitems = ptr::null_mut();
        *count = 0;
        let copied = copy_environ(envitems, count);
        if copied.is_err() {
            uv_os_free_environ(*envitems, *count);
            *envitems = ptr::null_mut();
            *count = 0;
        }
        copied.into_c()
    }
}

/// Frees what `uv_os_environ` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_free_environ(envitems: *mut uv_env_item_t, count: c_int) {
    // SAFETY: name and value are one block each, which starts with the name.
    unsafe {
        for i in 0..usize::try_from(count).unwrap_or(0) {
            alloc::free((*envitems.add(i)).name.cast());
        }
        alloc::free(envitems.cast());
    }
}

/// Gets the value of the environment variable `name`.
///
/// `size` says how many bytes `buffer` has and becomes the length of the value, without the NUL that ends it. Returns 0;
/// `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOENT` if there is no such variable; `UV_ENOBUFS` if the value
/// does not fit, and `size` becomes what is needed, NUL included. Not thread-safe: it reads the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_getenv(name: *const c_char, buffer: *mut c_char, size: *mut usize) -> c_int {
    if name.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: C promises a string, and that the buffer is as large as the size says.
    unsafe { Out::new(buffer, size).and_then(|out| getenv(CStr::from_ptr(name), out)).into_c() }
}

/// Sets the environment variable `name`. An empty value does not delete it.
///
/// Returns 0, `UV_EINVAL` if a pointer is NULL or the name is empty or has a `=` in it, or `UV_ENOMEM`. Not thread-safe:
/// it changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_setenv(name: *const c_char, value: *const c_char) -> c_int {
    if name.is_null() || value.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: C promises strings.
    ok_or_errno(unsafe { libc::setenv(name, value, 1) }).into_c()
}

/// Deletes the environment variable `name`; it need not exist.
///
/// Returns 0, or `UV_EINVAL` if `name` is NULL or empty or has a `=` in it. Not thread-safe: it changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_unsetenv(name: *const c_char) -> c_int {
    if name.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: C promises a string.
    ok_or_errno(unsafe { libc::unsetenv(name) }).into_c()
}

fn hostname(out: Out) -> Result {
    let u = uname()?;
    // SAFETY: the kernel ends the name with a NUL.
    out.put(unsafe { CStr::from_ptr(u.nodename.as_ptr()) }.to_bytes())
}

fn uname() -> Result<libc::utsname> {
    let mut u = MaybeUninit::<libc::utsname>::uninit();
    // SAFETY: `u` is a valid place for the answer, which is read only if there is one.
    unsafe {
        ok_or_errno(libc::uname(u.as_mut_ptr()))?;
        Ok(u.assume_init())
    }
}

fn widen(name: &[c_char; 65]) -> [c_char; 256] {
    let mut wide = [0; 256];
    wide[..name.len()].copy_from_slice(name);
    wide
}

/// The nice value of a process or thread; 0 is the calling thread.
pub(super) fn nice(id: libc::pid_t) -> Result<c_int> {
    // SAFETY: `__errno_location` is always valid. -1 is a priority too, so errno tells whether it is one.
    unsafe {
        let errno = libc::__errno_location();
        *errno = 0;
        match libc::getpriority(libc::PRIO_PROCESS, id as libc::id_t) {
            -1 if *errno != 0 => Err(Errno::from_sys(*errno)),
            n => Ok(n),
        }
    }
}

/// Sets the nice value of a process or thread; 0 is the calling thread.
pub(super) fn set_nice(id: libc::pid_t, nice: c_int) -> Result {
    // SAFETY: no conditions.
    ok_or_errno(unsafe { libc::setpriority(libc::PRIO_PROCESS, id as libc::id_t, nice) })
}

/// Puts the value of an environment variable out, or fails with `UV_ENOENT`.
pub(super) fn getenv(name: &CStr, out: Out) -> Result {
    // SAFETY: the value is a string until the environment changes.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        if value.is_null() {
            return Err(Errno::ENOENT);
        }
        out.put(CStr::from_ptr(value).to_bytes())
    }
}

/// Copies the environment to `*items`; `*count` keeps up, so that a failure can be cleaned up after.
///
/// # Safety
/// Both are places for the answers.
unsafe fn copy_environ(items: *mut *mut uv_env_item_t, count: *mut c_int) -> Result {
    // SAFETY: the environment is NULL or a list of strings that ends with NULL, as long as nobody changes it.
    unsafe {
        let mut n = 0;
        while !environ.is_null() && !(*environ.add(n)).is_null() {
            n += 1;
        }
        *items = alloc::calloc(n.max(1), size_of::<uv_env_item_t>()).cast();
        if (*items).is_null() {
            return Err(Errno::ENOMEM);
        }
        for i in 0..n {
            let entry = CStr::from_ptr(*environ.add(i));
            let Some(equals) = entry.to_bytes().iter().position(|&b| b == b'=') else { continue };
            let name = alloc::strdup(entry)?;
            *name.add(equals) = 0;
            *(*items).add(*count as usize) = uv_env_item_t { name, value: name.add(equals + 1) };
            *count += 1;
        }
    }
    Ok(())
}

fn ok_or_errno(result: c_int) -> Result {
    if result == 0 { Ok(()) } else { Err(Errno::last()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "the kernel's answer")]
    fn own_priority() {
        let mut priority = 100;
        // SAFETY: the place is ours.
        unsafe {
            assert_eq!(uv_os_getpriority(0, &raw mut priority), 0);
            assert!((-20..20).contains(&priority));
            assert_eq!(uv_os_getpriority(0, ptr::null_mut()), Errno::EINVAL.0);
            assert_eq!(uv_os_getpriority(libc::pid_t::MAX, &raw mut priority), Errno::ESRCH.0);
            assert_eq!(uv_os_setpriority(0, 20), Errno::EINVAL.0);
            assert_eq!(uv_os_setpriority(0, -21), Errno::EINVAL.0);
        }
    }

    #[test]
    fn environment_is_copied() {
        let (mut items, mut count) = (ptr::null_mut(), 0);
        // SAFETY: the places are ours; no test of the library changes the environment.
        unsafe {
            assert_eq!(uv_os_environ(&raw mut items, &raw mut count), 0);
            let found = (0..count as usize).map(|i| *items.add(i)).find(|e| CStr::from_ptr(e.name) == c"PATH");
            let path = std::env::var("PATH").unwrap();
            assert_eq!(CStr::from_ptr(found.unwrap().value).to_str().unwrap(), path);
            uv_os_free_environ(items, count);
        }
    }
}
