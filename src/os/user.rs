//! The user and group databases.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_char, c_int, group, passwd};

use crate::abi::{Errno, IntoC, Result, uv_gid_t, uv_group_t, uv_passwd_t, uv_uid_t};
use crate::base::alloc;
use crate::base::buffer::Scratch;

/// Gets the user database's entry of the effective user. `uv_os_free_passwd` takes its memory back.
///
/// Returns 0, `UV_EINVAL` if `pwd` is NULL, `UV_ENOENT` if there is no entry, `UV_ENOMEM`, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_get_passwd(pwd: *mut uv_passwd_t) -> c_int {
    // SAFETY: geteuid has no conditions; `pwd` is the caller's promise.
    unsafe { get_passwd(pwd, libc::geteuid()) }.into_c()
}

/// Gets the user database's entry of the user `uid`. `uv_os_free_passwd` takes its memory back.
///
/// Returns 0, `UV_EINVAL` if `pwd` is NULL, `UV_ENOENT` if there is no entry, `UV_ENOMEM`, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_get_passwd2(pwd: *mut uv_passwd_t, uid: uv_uid_t) -> c_int {
    // SAFETY: `pwd` is the caller's promise.
    unsafe { get_passwd(pwd, uid) }.into_c()
}

/// Frees the strings of an entry and sets them to NULL, so that freeing it again does nothing. `pwd` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_free_passwd(pwd: *mut uv_passwd_t) {
    if pwd.is_null() {
        return;
    }
    // SAFETY: `username` is NULL or the start of the one block that `get_passwd` made for the three strings.
    unsafe {
        alloc::free((*pwd).username.cast());
        (*pwd).username = ptr::null_mut();
        (*pwd).shell = ptr::null_mut();
        (*pwd).homedir = ptr::null_mut();
    }
}

/// Gets the group database's entry of the group `gid`. `uv_os_free_group` takes its memory back.
///
/// Returns 0, `UV_EINVAL` if `grp` is NULL, `UV_ENOENT` if there is no entry, `UV_ENOMEM`, or another error. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_get_group(grp: *mut uv_group_t, gid: uv_uid_t) -> c_int {
    // SAFETY: `grp` is the caller's promise.
    unsafe { get_group(grp, gid) }.into_c()
}

/// Frees the strings of an entry and sets them to NULL, so that freeing it again does nothing. `grp` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_free_group(grp: *mut uv_group_t) {
    if grp.is_null() {
        return;
    }
    // SAFETY: `members` is NULL or the start of the one block that `get_group` made for the array and its strings.
    unsafe {
        alloc::free((*grp).members.cast());
        (*grp).members = ptr::null_mut();
        (*grp).groupname = ptr::null_mut();
    }
}

/// # Safety
/// `pwd` is NULL or a place for the answer.
unsafe fn get_passwd(pwd: *mut uv_passwd_t, uid: uv_uid_t) -> Result {
    if pwd.is_null() {
        return Err(Errno::EINVAL);
    }
    with_passwd(uid, |entry| {
        // SAFETY: the entry's strings live until this closure returns; the block has room for all three.
        unsafe {
            let [name, dir, shell] = [entry.pw_name, entry.pw_dir, entry.pw_shell].map(|s| CStr::from_ptr(s));
            let block = alloc::malloc([name, dir, shell].map(size_z).iter().sum()).cast::<c_char>();
            if block.is_null() {
                return Err(Errno::ENOMEM);
            }
            let mut end = block;
            *pwd = uv_passwd_t {
                username: append(&mut end, name),
                uid: entry.pw_uid.into(),
                gid: entry.pw_gid.into(),
                shell: append(&mut end, shell),
                homedir: append(&mut end, dir),
            };
        }
        Ok(())
    })
}

/// # Safety
/// `grp` is NULL or a place for the answer.
unsafe fn get_group(grp: *mut uv_group_t, gid: uv_gid_t) -> Result {
    if grp.is_null() {
        return Err(Errno::EINVAL);
    }
    with_group(gid, |entry| {
        // SAFETY: the entry, its list, which ends with NULL, and its strings live until this closure returns; the block
        // has room for the array and all strings, and starts aligned for the array.
        unsafe {
            let name = CStr::from_ptr(entry.gr_name);
            let (mut count, mut bytes) = (0, size_z(name));
            while !(*entry.gr_mem.add(count)).is_null() {
                bytes += size_z(CStr::from_ptr(*entry.gr_mem.add(count)));
                count += 1;
            }
            let members = alloc::malloc((count + 1) * size_of::<*mut c_char>() + bytes).cast::<*mut c_char>();
            if members.is_null() {
                return Err(Errno::ENOMEM);
            }
            let mut end = members.add(count + 1).cast::<c_char>();
            for i in 0..count {
                *members.add(i) = append(&mut end, CStr::from_ptr(*entry.gr_mem.add(i)));
            }
            *members.add(count) = ptr::null_mut();
            *grp = uv_group_t { groupname: append(&mut end, name), gid: entry.gr_gid.into(), members };
        }
        Ok(())
    })
}

/// Looks a user up and shows the entry to `f`; it is gone when `f` returns.
pub(super) fn with_passwd<T>(uid: uv_uid_t, f: impl FnOnce(&passwd) -> Result<T>) -> Result<T> {
    let mut entry = MaybeUninit::<passwd>::uninit();
    // SAFETY: all pointers are to places of the sizes told.
    let strings = look_up(|strings, found| unsafe {
        libc::getpwuid_r(uid, entry.as_mut_ptr(), strings.as_ptr(), strings.size(), found)
    })?;
    // SAFETY: it was found, so the entry is filled in.
    let result = f(unsafe { entry.assume_init_ref() });
    drop(strings);
    result
}

/// Looks a group up and shows the entry to `f`; it is gone when `f` returns.
fn with_group<T>(gid: uv_gid_t, f: impl FnOnce(&group) -> Result<T>) -> Result<T> {
    let mut entry = MaybeUninit::<group>::uninit();
    // SAFETY: all pointers are to places of the sizes told.
    let strings = look_up(|strings, found| unsafe {
        libc::getgrgid_r(gid, entry.as_mut_ptr(), strings.as_ptr(), strings.size(), found)
    })?;
    // SAFETY: it was found, so the entry is filled in.
    let result = f(unsafe { entry.assume_init_ref() });
    drop(strings);
    result
}

/// Asks a database with ever more room for the strings, until they fit. Gives the strings' memory.
fn look_up<T>(mut ask: impl FnMut(&Scratch, *mut *mut T) -> c_int) -> Result<Scratch> {
    let mut strings = Scratch::new(2048)?;
    loop {
        let mut found = ptr::null_mut();
        match ask(&strings, &raw mut found) {
            0 if found.is_null() => return Err(Errno::ENOENT),
            0 => return Ok(strings),
            libc::EINTR => {}
            libc::ERANGE => strings.grow()?,
            error => return Err(Errno::from_sys(error)),
        }
    }
}

fn size_z(s: &CStr) -> usize {
    s.to_bytes_with_nul().len()
}

/// Copies `s` to `end`, which moves behind it, and gives the copy.
///
/// # Safety
/// There is room for `s` at `end`.
unsafe fn append(end: &mut *mut c_char, s: &CStr) -> *mut c_char {
    let copy = *end;
    // SAFETY: as the caller promises.
    unsafe {
        ptr::copy_nonoverlapping(s.as_ptr(), copy, size_z(s));
        *end = copy.add(size_z(s));
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "the system's databases")]
    fn root_is_in_both_databases() {
        // SAFETY: the places are ours.
        unsafe {
            let mut pwd = MaybeUninit::<uv_passwd_t>::zeroed().assume_init();
            assert_eq!(uv_os_get_passwd2(&raw mut pwd, 0), 0);
            assert_eq!(CStr::from_ptr(pwd.username), c"root");
            assert_eq!((pwd.uid, pwd.gid), (0, 0));
            uv_os_free_passwd(&raw mut pwd);
            assert!(pwd.username.is_null() && pwd.shell.is_null() && pwd.homedir.is_null());
            uv_os_free_passwd(&raw mut pwd);

            let mut grp = MaybeUninit::<uv_group_t>::zeroed().assume_init();
            assert_eq!(uv_os_get_group(&raw mut grp, 0), 0);
            assert_eq!(CStr::from_ptr(grp.groupname), c"root");
            uv_os_free_group(&raw mut grp);
            assert!(grp.groupname.is_null() && grp.members.is_null());
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "the system's databases")]
    fn strings_that_do_not_fit_get_more_room() {
        let mut asked = Vec::new();
        let strings = look_up::<u8>(|strings, found| {
            asked.push(strings.size());
            if asked.len() < 3 {
                return libc::ERANGE;
            }
            // SAFETY: `found` is `look_up`'s place for the answer; what it points to is not read.
            unsafe { *found = ptr::dangling_mut() };
            0
        });
        assert_eq!(strings.map(|s| s.size()), Ok(8192));
        assert_eq!(asked, [2048, 4096, 8192]);
        assert_eq!(look_up::<u8>(|_, _| 0).err(), Some(Errno::ENOENT));
        assert_eq!(look_up::<u8>(|_, _| libc::EIO).err(), Some(Errno::EIO));
    }
}
