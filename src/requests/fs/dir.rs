//! Directories: `uv_fs_rmdir`, the list of a whole directory (`uv_fs_scandir`), reading piece by piece (`uv_fs_opendir`,
//! `uv_fs_readdir`, `uv_fs_closedir`).

use std::ffi::CStr;
use std::ptr::{self, NonNull};

use libc::{DIR, c_int};

use super::request::give;
use crate::abi::*;
use crate::base::alloc;
use crate::base::alloc::Array;
use crate::model::request::FsReq;
use crate::sys::call::retry;

pub(super) fn rmdir(req: FsReq) -> Result<isize> {
    // SAFETY: C promises a path.
    retry(|| unsafe { libc::rmdir(req.path.get()) })
}

/// The next entry but `.` and `..`; `None` at the end.
///
/// # Safety
/// `dir` is open, and no other thread reads it.
unsafe fn read_entry<'a>(dir: *mut DIR) -> Result<Option<(&'a CStr, u8)>> {
    loop {
        // SAFETY: as the caller promises; the entry is valid until the next one is read.
        unsafe {
            // The end and an error look the same otherwise.
            *libc::__errno_location() = 0;
            let Some(entry) = libc::readdir64(dir).as_ref() else {
                return match *libc::__errno_location() {
                    0 => Ok(None),
                    error => Err(Errno::from_sys(error)),
                };
            };
            let name = CStr::from_ptr(entry.d_name.as_ptr());
            if name != c"." && name != c".." {
                return Ok(Some((name, entry.d_type)));
            }
        }
    }
}

fn dirent_type(d_type: u8) -> uv_dirent_type_t {
    match d_type {
        libc::DT_REG => UV_DIRENT_FILE,
        libc::DT_DIR => UV_DIRENT_DIR,
        libc::DT_LNK => UV_DIRENT_LINK,
        libc::DT_FIFO => UV_DIRENT_FIFO,
        libc::DT_SOCK => UV_DIRENT_SOCKET,
        libc::DT_CHR => UV_DIRENT_CHAR,
        libc::DT_BLK => UV_DIRENT_BLOCK,
        _ => UV_DIRENT_UNKNOWN,
    }
}

/// A directory opened for the time of a listing.
struct Listing(*mut DIR);

impl Drop for Listing {
    fn drop(&mut self) {
        // SAFETY: open, and nobody else's.
        unsafe { libc::closedir(self.0) };
    }
}

/// Where a name lies in the text of all names, without its NUL, and its entry's type.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    len: u16,
    d_type: u8,
}

/// The list is one piece of memory, entries first, then the names. `req->nbufs` is the next entry to give.
pub(super) fn scandir(req: FsReq) -> Result<isize> {
    // SAFETY: C promises a path.
    let dir = unsafe { libc::opendir(req.path.get()) };
    if dir.is_null() {
        return Err(Errno::last());
    }
    let dir = Listing(dir);
    let mut places = Array::<Place>::new();
    let mut text = Array::<u8>::new();
    places.reserve(32)?;
    text.reserve(512)?;
    // SAFETY: open, and ours alone.
    while let Some((name, d_type)) = unsafe { read_entry(dir.0) }? {
        // Names have 255 bytes at most.
        places.push(Place { at: text.len(), len: name.count_bytes() as u16, d_type })?;
        text.extend(name.to_bytes_with_nul())?;
    }
    if places.is_empty() {
        return Ok(0);
    }
    let names: &[u8] = &text;
    let name = |place: &Place| &names[place.at..][..usize::from(place.len)];
    places.sort_unstable_by(|a, b| name(a).cmp(name(b)));

    let entries = places.len() * size_of::<uv_dirent_t>();
    let list = NonNull::new(alloc::malloc(entries + text.len()).cast::<uv_dirent_t>()).ok_or(Errno::ENOMEM)?;
    let copy = list.as_ptr().wrapping_byte_add(entries).cast::<u8>();
    // SAFETY: room for the entries and behind them for the names.
    unsafe { ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len()) };
    for (i, place) in places.iter().enumerate() {
        let entry = uv_dirent_t { name: copy.wrapping_add(place.at).cast(), r#type: dirent_type(place.d_type) };
        // SAFETY: the memory has room for as many entries.
        unsafe { list.add(i).write(entry) };
    }
    give(req, list.cast())?;
    Ok(places.len() as isize)
}

pub(super) fn next(req: FsReq) -> Result<uv_dirent_t> {
    let count = req.result.get();
    if count < 0 {
        return Err(Errno(count as c_int));
    }
    let list = req.ptr.get().cast::<uv_dirent_t>();
    if list.is_null() {
        return Err(Errno::EOF);
    }
    let at = req.nbufs.get();
    if at as isize >= count {
        // SAFETY: `scandir` allocated it.
        unsafe { alloc::free(req.ptr.replace(ptr::null_mut())) };
        return Err(Errno::EOF);
    }
    req.nbufs.set(at + 1);
    // SAFETY: the list has `count` entries.
    Ok(unsafe { *list.add(at as usize) })
}

pub(super) fn opendir(req: FsReq) -> Result<isize> {
    // SAFETY: all zero bytes are a valid directory.
    let dir: NonNull<uv_dir_t> = alloc::boxed(unsafe { std::mem::zeroed() })?;
    // SAFETY: C promises a path.
    let open = unsafe { libc::opendir(req.path.get()) };
    if open.is_null() {
        let error = Errno::last();
        // SAFETY: made above.
        unsafe { alloc::unbox(dir) };
        return Err(error);
    }
    // SAFETY: `boxed` just made it, and nobody else has it.
    unsafe { (*dir.as_ptr()).dir = open };
    give(req, dir.cast())
}

/// The next entry, with a copy of its name, as `read_entry`.
///
/// # Safety
/// As for `read_entry`.
unsafe fn next_entry(dir: *mut DIR) -> Result<Option<uv_dirent_t>> {
    // SAFETY: the caller's.
    let Some((name, d_type)) = (unsafe { read_entry(dir) })? else { return Ok(None) };
    Ok(Some(uv_dirent_t { name: alloc::strdup(name)?, r#type: dirent_type(d_type) }))
}

/// The places for entries are the user's, who may look at them meanwhile: no reference leads there (law 4).
pub(super) fn readdir(req: FsReq) -> Result<isize> {
    let dir = req.ptr.get().cast::<uv_dir_t>();
    // SAFETY: the call saw an open directory.
    let (open, places, room) = unsafe { ((*dir).dir, (*dir).dirents, (*dir).nentries) };
    let mut count = 0;
    while count < room {
        // SAFETY: one request at a time reads a directory, as libuv documents.
        match unsafe { next_entry(open) } {
            // SAFETY: C promises `nentries` places.
            Ok(Some(entry)) => unsafe { places.add(count).write(entry) },
            Ok(None) => break,
            Err(error) => {
                // SAFETY: so many were filled.
                unsafe { free_names(places, count) };
                return Err(error);
            }
        }
        count += 1;
    }
    Ok(count as isize)
}

/// Frees the names that `uv_fs_readdir` gave.
pub(super) fn forget_names(req: FsReq) {
    let dir = req.ptr.get().cast::<uv_dir_t>();
    // SAFETY: the directory is still open, as libuv documents.
    let places = unsafe { (*dir).dirents };
    if let Ok(count) = usize::try_from(req.result.get())
        && !places.is_null()
    {
        // SAFETY: so many were filled.
        unsafe { free_names(places, count) };
    }
}

/// # Safety
/// `readdir` made the names of the first `count` entries.
unsafe fn free_names(entries: *mut uv_dirent_t, count: usize) {
    for i in 0..count {
        // SAFETY: the caller's.
        unsafe {
            let entry = entries.add(i);
            alloc::free((*entry).name.cast_mut().cast());
            (*entry).name = ptr::null();
        }
    }
}

pub(super) fn closedir(req: FsReq) -> Result<isize> {
    let dir = req.ptr.replace(ptr::null_mut()).cast::<uv_dir_t>();
    let Some(dir) = NonNull::new(dir) else { return Err(Errno::EINVAL) };
    // SAFETY: C gives the directory up.
    unsafe {
        let open = (*dir.as_ptr()).dir;
        if !open.is_null() {
            libc::closedir(open);
        }
        alloc::unbox(dir);
    }
    Ok(0)
}
