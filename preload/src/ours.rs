//! Where uvring is, and its functions.

use std::ffi::{CStr, CString, OsStr, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use crate::{AT_LOAD, variable};

/// What `dlopen` gave; NULL where this library did not load uvring.
static HANDLE: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Loads uvring: the `libuv.so.1` in the directory that `UVRING_LIB_DIR` names, or beside this library.
///
/// Only where the program has a libuv to be redirected: other children of a program have no use for it. Not `RTLD_DEEPBIND`:
/// `environ` and the allocator are the program's.
pub(crate) fn load() -> Result<(), String> {
    let directory = match variable(c"UVRING_LIB_DIR") {
        Some(directory) => PathBuf::from(OsStr::from_bytes(directory.as_bytes())),
        None => own_directory().ok_or("this library's directory is not known")?,
    };
    let mut why = String::new();
    for name in ["libuv.so.1", "libuv.so"] {
        match open(&directory.join(name)) {
            Ok(handle) => {
                HANDLE.store(handle, Relaxed);
                return Ok(());
            }
            Err(error) if why.is_empty() => why = error,
            Err(_) => {}
        }
    }
    Err(format!("uvring cannot be loaded: {why}"))
}

fn open(path: &Path) -> Result<*mut c_void, String> {
    let name = CString::new(path.as_os_str().as_bytes()).map_err(|e| e.to_string())?;
    // SAFETY: argument 4; uvring's constructors run, as at any program's start.
    unsafe {
        let handle = libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        if handle.is_null() {
            return Err(CStr::from_ptr(libc::dlerror()).to_string_lossy().into_owned());
        }
        if libc::dlsym(handle, c"uvring_version".as_ptr()).is_null() {
            libc::dlclose(handle);
            return Err(format!("{} is another libuv", path.display()));
        }
        Ok(handle)
    }
}

/// A function of uvring: of the one that was loaded here, or of the one that the program links.
pub(crate) fn function(name: &CStr) -> Option<*mut c_void> {
    let handle = HANDLE.load(Relaxed);
    let handle = if handle.is_null() { libc::RTLD_DEFAULT } else { handle };
    // SAFETY: argument 4.
    let found = unsafe { libc::dlsym(handle, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// The directory that this library was loaded from.
fn own_directory() -> Option<PathBuf> {
    let mut about = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: argument 4; the path is the loader's and stays.
    let path = unsafe {
        if libc::dladdr(AT_LOAD as *const c_void, about.as_mut_ptr()) == 0 {
            return None;
        }
        CStr::from_ptr(about.assume_init().dli_fname)
    };
    // What LD_PRELOAD names without a directory was found by the loader, and its path is whole.
    Path::new(OsStr::from_bytes(path.to_bytes())).parent().map(Path::to_path_buf)
}
