//! Paths of the process: working directory, executable, home and temporary directory.

use std::ffi::CStr;

use libc::{c_char, c_int};

use super::{host, user};
use crate::abi::{Errno, IntoC, Result};
use crate::base::buffer::{Out, Scratch};

/// Gets the working directory, with no slash at its end unless it is the root.
///
/// `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
/// `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOBUFS` if the path does not fit, and `size` becomes what is
/// needed, NUL included; or another error, such as `UV_ENOENT` if the directory has been removed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cwd(buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: C promises that the buffer is as large as the size says.
    unsafe { Out::new(buffer, size) }.and_then(cwd).into_c()
}

/// Makes `dir` the working directory of the process. Returns 0 or an error. Thread-safe, but all threads are moved.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_chdir(dir: *const c_char) -> c_int {
    // SAFETY: the kernel checks the pointer.
    match unsafe { libc::chdir(dir) } {
        0 => 0,
        _ => Errno::last().0,
    }
}

/// Gets the path of the program's executable file.
///
/// `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. A path that
/// does not fit is cut off. Returns 0, `UV_EINVAL` if a pointer is NULL or the size 0, or another error if `/proc` cannot
/// be read. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_exepath(buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: C promises that the buffer is as large as the size says.
    unsafe { Out::new(buffer, size) }.and_then(exepath).into_c()
}

/// Gets the user's home directory: `HOME` if it is set, otherwise what the user database says of the effective user.
///
/// `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
/// `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOBUFS` if the path does not fit, and `size` becomes what is
/// needed, NUL included; `UV_ENOENT` if the database does not know the user. Not thread-safe: it reads the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_homedir(buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: C promises that the buffer is as large as the size says.
    unsafe { Out::new(buffer, size) }.and_then(homedir).into_c()
}

/// Gets the directory for temporary files: the first of `TMPDIR`, `TMP`, `TEMP` and `TEMPDIR` that is set, otherwise
/// `/tmp`. A slash at its end is taken off.
///
/// `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
/// `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOBUFS` if the path does not fit, and `size` becomes what is
/// needed, NUL included. Not thread-safe: it reads the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_os_tmpdir(buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: C promises that the buffer is as large as the size says.
    unsafe { Out::new(buffer, size) }.and_then(tmpdir).into_c()
}

fn cwd(out: Out) -> Result {
    // The kernel gives no trailing slash but the root's own.
    // SAFETY: the caller's buffer has as much room as it says, and getcwd ends its answer with a NUL.
    unsafe {
        if !libc::getcwd(out.as_ptr(), out.room()).is_null() {
            out.accept(libc::strlen(out.as_ptr()));
            return Ok(());
        }
    }
    // Where it did not fit, the length is still owed; finding it takes memory of our own. errno is read before that
    // memory is freed or made again.
    let mut error = Errno::last();
    let mut size = libc::PATH_MAX as usize;
    while error == Errno(-libc::ERANGE) {
        let path = Scratch::new(size)?;
        // SAFETY: `path` has the size it says; getcwd ends its answer with a NUL.
        unsafe {
            if !libc::getcwd(path.as_ptr(), path.size()).is_null() {
                return out.put(CStr::from_ptr(path.as_ptr()).to_bytes());
            }
        }
        error = Errno::last();
        size *= 2;
    }
    Err(error)
}

fn exepath(out: Out) -> Result {
    // Read apart, because a readlink into a buffer of one byte, which has room for the NUL alone, is an error to Linux.
    let mut path = [0u8; libc::PATH_MAX as usize];
    // SAFETY: `path` has the size it says.
    let n = unsafe { libc::readlink(c"/proc/self/exe".as_ptr(), path.as_mut_ptr().cast(), path.len()) };
    let n = usize::try_from(n).map_err(|_| Errno::last())?;
    out.put(&path[..n.min(out.room() - 1)])
}

fn homedir(out: Out) -> Result {
    match host::getenv(c"HOME", out) {
        // SAFETY: geteuid has no conditions.
        Err(Errno::ENOENT) => user::with_passwd(unsafe { libc::geteuid() }, |entry| {
            // SAFETY: the entry and its strings live until this closure returns.
            out.put(unsafe { CStr::from_ptr(entry.pw_dir) }.to_bytes())
        }),
        result => result,
    }
}

fn tmpdir(out: Out) -> Result {
    let found = [c"TMPDIR", c"TMP", c"TEMP", c"TEMPDIR"]
        .into_iter()
        .map(|name| host::getenv(name, out))
        .find(|result| *result != Err(Errno::ENOENT));
    // libuv takes the slash off what it has copied, so a buffer that lacks only the slash's byte is too small.
    found.unwrap_or_else(|| out.put(b"/tmp"))?;
    out.strip_slash();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(f: unsafe extern "C" fn(*mut c_char, *mut usize) -> c_int, mut size: usize) -> (c_int, Vec<u8>, usize) {
        let mut buffer = vec![0u8; 5000];
        assert!(size <= buffer.len());
        // SAFETY: `buffer` has more than `size` bytes.
        let result = unsafe { f(buffer.as_mut_ptr().cast(), &raw mut size) };
        if result == 0 {
            buffer.truncate(size);
        }
        (result, buffer, size)
    }

    #[test]
    fn cwd_is_the_systems() {
        let (result, path, size) = ask(uv_cwd, 5000);
        assert_eq!(result, 0);
        assert_eq!(path, std::env::current_dir().unwrap().as_os_str().as_encoded_bytes());
        let (result, _, needed) = ask(uv_cwd, size);
        assert_eq!((result, needed), (Errno::ENOBUFS.0, size + 1));
        assert_eq!(ask(uv_cwd, size + 1).0, 0);
    }

    #[test]
    fn exepath_is_cut_off() {
        let (result, path, _) = ask(uv_exepath, 5000);
        assert_eq!(result, 0);
        assert_eq!(path, std::env::current_exe().unwrap().as_os_str().as_encoded_bytes());
        assert_eq!(ask(uv_exepath, 5), (0, path[..4].to_vec(), 4));
        assert_eq!(ask(uv_exepath, 1), (0, vec![], 0));
    }

    #[test]
    fn null_and_zero_are_invalid() {
        for f in [uv_cwd, uv_exepath, uv_os_homedir, uv_os_tmpdir] {
            assert_eq!(ask(f, 0).0, Errno::EINVAL.0);
            let mut size = 10;
            // SAFETY: NULL is what is tested.
            unsafe {
                assert_eq!(f(std::ptr::null_mut(), &raw mut size), Errno::EINVAL.0);
                assert_eq!(f([0; 10].as_mut_ptr(), std::ptr::null_mut()), Errno::EINVAL.0);
            }
        }
    }
}
