//! The process's title: what `ps` shows.
//!
//! The title is written over the memory in which the system passed the arguments, so the program goes on with a copy.
//! Argument for the unsafe code: (1) `Title` changes only under the lock; (2) while `copies` is not NULL, `start` has `cap`
//! bytes that nobody but this file writes, of which the first `len` are the title and the next is NUL; (3) each copy is a
//! block of `alloc` that starts with the address of the one before it.

use std::ffi::CStr;
use std::ptr;

use crate::base::lock::Mutex;
use libc::{c_char, c_int, c_void};

use crate::abi::{Errno, IntoC, Result};
use crate::base::alloc;

/// Copies the program's arguments, and takes the memory they are in for the title. Call it first thing in `main`, with
/// `main`'s own arguments, and use what it returns instead of them.
///
/// Returns the copy, or `argv` itself if `argc` is not positive or there is no memory for a copy; the title cannot be
/// read or set then. The copy lasts until `uv_library_shutdown`. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_setup_args(argc: c_int, argv: *mut *mut c_char) -> *mut *mut c_char {
    let Some(count) = usize::try_from(argc).ok().filter(|&n| n > 0) else { return argv };
    let mut title = TITLE.lock();
    // SAFETY: C promises `argc` strings in memory that can be written. (3)
    unsafe {
        let Ok((block, args)) = copy_args(count, argv, title.copies) else { return argv };
        // Whoever asks again gets a copy again, but the memory of the first caller's arguments stays the title's.
        if title.copies.is_null() {
            let first = CStr::from_ptr(*argv);
            *title = Title { start: *argv, len: first.count_bytes(), cap: contiguous(count, argv), copies: block };
        } else {
            title.copies = block;
        }
        args
    }
}

/// Gets the title of the process: at first the program's name as it was called.
///
/// Returns 0; `UV_EINVAL` if `buffer` is NULL or `size` 0; `UV_ENOBUFS` if the title and its NUL do not fit in `size` bytes,
/// or `uv_setup_args` has not been called. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_get_process_title(buffer: *mut c_char, size: usize) -> c_int {
    if buffer.is_null() || size == 0 {
        return Errno::EINVAL.0;
    }
    let title = TITLE.lock();
    if title.copies.is_null() || size <= title.len {
        return Errno::ENOBUFS.0;
    }
    // SAFETY: (2), and the room is checked.
    unsafe { ptr::copy(title.start, buffer, title.len + 1) };
    0
}

/// Sets the title of the process, and with it the name of the calling thread. What does not fit in the memory of the
/// arguments is cut off.
///
/// Returns 0, or `UV_ENOBUFS` if `uv_setup_args` has not been called. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_set_process_title(title: *const c_char) -> c_int {
    // SAFETY: C promises a string.
    unsafe { set(title) }.into_c()
}

/// Frees the copies of the arguments. The title can no longer be read or set.
pub(crate) fn cleanup() {
    let mut title = TITLE.lock();
    let mut block = title.copies;
    *title = Title::NONE;
    while !block.is_null() {
        // SAFETY: (3), and `uv_library_shutdown` ends the copies' lives.
        unsafe {
            let before = *block.cast::<*mut c_void>();
            alloc::free(block);
            block = before;
        }
    }
}

struct Title {
    /// Where the system passed the first argument.
    start: *mut c_char,
    /// Length of the title, without its NUL.
    len: usize,
    /// Bytes there, the NUL's included.
    cap: usize,
    /// The newest copy of the arguments, or NULL if there is none.
    copies: *mut c_void,
}

// SAFETY: (1), and none of the memory belongs to a thread.
unsafe impl Send for Title {}

impl Title {
    const NONE: Title = Title { start: ptr::null_mut(), len: 0, cap: 0, copies: ptr::null_mut() };
}

static TITLE: Mutex<Title> = Mutex::new(Title::NONE);

/// # Safety
/// `text` is a string.
unsafe fn set(text: *const c_char) -> Result {
    let mut title = TITLE.lock();
    if title.copies.is_null() {
        return Err(Errno::ENOBUFS);
    }
    // SAFETY: (2). The text may be the old title itself, so the copy allows overlap and no slice is made of either.
    unsafe {
        title.len = libc::strnlen(text, title.cap - 1);
        ptr::copy(text, title.start, title.len);
        // Nothing of a longer title before, or of the arguments, may show behind it.
        ptr::write_bytes(title.start.add(title.len), 0, title.cap - title.len);
        libc::prctl(libc::PR_SET_NAME, title.start);
    }
    Ok(())
}

/// One block: the address of the block before, the array, which ends with NULL, the strings. Gives block and array.
///
/// # Safety
/// `argv` has `count` strings.
unsafe fn copy_args(
    count: usize,
    argv: *mut *mut c_char,
    before: *mut c_void,
) -> Result<(*mut c_void, *mut *mut c_char)> {
    // SAFETY: the caller for the strings; the block has room for what is added up first.
    unsafe {
        let bytes: usize = (0..count).map(|i| libc::strlen(*argv.add(i)) + 1).sum();
        let block = alloc::malloc((count + 2) * size_of::<*mut c_char>() + bytes);
        if block.is_null() {
            return Err(Errno::ENOMEM);
        }
        block.cast::<*mut c_void>().write(before);
        let args = block.cast::<*mut c_char>().add(1);
        let mut end = args.add(count + 1).cast::<c_char>();
        for i in 0..count {
            let size = libc::strlen(*argv.add(i)) + 1;
            ptr::copy_nonoverlapping(*argv.add(i), end, size);
            args.add(i).write(end);
            end = end.add(size);
        }
        args.add(count).write(ptr::null_mut());
        Ok((block, args))
    }
}

/// How many bytes the arguments take up that lie behind one another. The system puts all of them so; of an array that a
/// program made up, only as much may be overwritten.
///
/// # Safety
/// `argv` has `count` strings, one at least.
unsafe fn contiguous(count: usize, argv: *mut *mut c_char) -> usize {
    // SAFETY: the caller's promise; `end` is at most one past the end of a string.
    unsafe {
        let start = *argv;
        let mut end = start;
        for i in 0..count {
            if *argv.add(i) != end {
                break;
            }
            end = end.add(libc::strlen(end) + 1);
        }
        end.offset_from_unsigned(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get() -> (c_int, Vec<u8>) {
        let mut buffer = [1u8; 64];
        // SAFETY: the buffer has the size told.
        let result = unsafe { uv_get_process_title(buffer.as_mut_ptr().cast(), buffer.len()) };
        (result, buffer.into_iter().take_while(|&b| b != 0).collect())
    }

    // One test, because the title is the process's: it leaves things as they were. It runs in a thread of its own, whose
    // name it changes.
    #[test]
    #[cfg_attr(miri, ignore = "the program's arguments")]
    fn titles_live_in_the_arguments() {
        let mut memory = *b"prog\0one\0GAPtwo\0";
        let start = memory.as_mut_ptr().cast::<c_char>();
        // SAFETY: the offsets are those of the strings; the memory outlives `cleanup`.
        unsafe {
            let mut argv = [start, start.add(5), start.add(12), ptr::null_mut()];
            assert_eq!(get().0, Errno::ENOBUFS.0);
            assert_eq!(uv_set_process_title(c"x".as_ptr()), Errno::ENOBUFS.0);
            assert_eq!(uv_setup_args(0, argv.as_mut_ptr()), argv.as_mut_ptr());

            let args = uv_setup_args(3, argv.as_mut_ptr());
            assert_ne!(args, argv.as_mut_ptr());
            assert_eq!(get(), (0, b"prog".to_vec()));
            let again = uv_setup_args(3, args);
            assert_eq!(uv_set_process_title(c"a title".as_ptr()), 0);
            assert_eq!(get(), (0, b"a title".to_vec()));
            assert_eq!(uv_set_process_title(c"a title too long".as_ptr()), 0);
            assert_eq!(get(), (0, b"a title ".to_vec()));
            for args in [args, again] {
                assert_eq!(CStr::from_ptr(*args), c"prog");
                assert_eq!(CStr::from_ptr(*args.add(2)), c"two");
                assert!((*args.add(3)).is_null());
            }
            assert_eq!(CStr::from_ptr(start.add(9)).to_bytes(), b"GAPtwo");
            assert_eq!(uv_get_process_title([0; 8].as_mut_ptr(), 8), Errno::ENOBUFS.0);
            cleanup();
        }
        assert_eq!(get().0, Errno::ENOBUFS.0);
    }
}
