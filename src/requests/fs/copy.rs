//! From file to file: `uv_fs_copyfile`, `uv_fs_sendfile`.

use std::mem::MaybeUninit;

use libc::{c_char, c_int, off_t, timespec};

use crate::abi::*;
use crate::model::request::FsReq;
use crate::op::perform::perform;
use crate::op::{FileOp, Submission};
use crate::sys::call::{retry, retry_long};
use crate::sys::socket;

pub(super) const EXCL: c_int = 1;
pub(super) const FICLONE: c_int = 2;
pub(super) const FICLONE_FORCE: c_int = 4;

pub(super) fn sendfile(req: FsReq) -> Result<isize> {
    let mut from = req.off.get();
    let length = req.bufsml.as_array_of_cells()[0].get().len;
    let sent = transfer(req.file.get(), req.flags.get(), &mut from, length)?;
    req.off.set(from);
    Ok(sent)
}

/// Copies by the best means that the two files allow. `from` is moved by what was copied.
fn transfer(output: c_int, input: c_int, from: &mut off_t, length: usize) -> Result<isize> {
    // SAFETY: `from` is valid for the call.
    let copied =
        retry_long(|| unsafe { libc::copy_file_range(input, from, output, std::ptr::null_mut(), length, 0) as isize });
    match copied {
        // What it cannot do on some file systems or kernels, or a filter refuses.
        Err(Errno::ENOSYS | Errno::EXDEV | Errno::ENOTSUP | Errno::EPERM | Errno::EACCES) => {}
        // Not two regular files, or places in one that overlap. `sendfile` would give up a target that is full for the moment.
        Err(Errno::EINVAL | Errno::EIO) => return by_hand(output, input, from, length),
        done => return done,
    }
    // SAFETY: `from` is valid for the call.
    match retry_long(|| unsafe { libc::sendfile(output, input, from, length) }) {
        Err(Errno::EINVAL | Errno::EIO | Errno::ENOTSOCK | Errno::EXDEV | Errno::ENOSYS) => {
            by_hand(output, input, from, length)
        }
        done => done,
    }
}

/// Copies through memory. An error of reading counts only if nothing was copied; one of writing always does, because what was
/// read may be gone from the source.
fn by_hand(output: c_int, input: c_int, from: &mut off_t, length: usize) -> Result<isize> {
    // libuv's size: where source and target overlap, or messages are kept apart, it shows in the result.
    let mut data = MaybeUninit::<[u8; 8192]>::uninit();
    let mut total = 0usize;
    let mut positioned = true;
    let is_stream = is_stream_socket(output);
    while total < length {
        if positioned && is_stream {
            // Costs a fifth, because a file's pages need not be copied. Whatever stops it, a read and a write meet again.
            let mut at = *from;
            // SAFETY: `at` is valid for the call.
            if let Ok(sent @ 1..) = retry_long(|| unsafe { libc::sendfile(output, input, &raw mut at, length - total) })
            {
                // Some devices leave `at` where it is.
                *from = from.wrapping_add(sent as off_t);
                total += sent as usize;
                continue;
            }
        }
        let want = (length - total).min(size_of_val(&data));
        // SAFETY: `data` has room.
        let got = retry_long(|| unsafe {
            match positioned {
                true => libc::pread(input, data.as_mut_ptr().cast(), want, *from),
                false => libc::read(input, data.as_mut_ptr().cast(), want),
            }
        });
        let got = match got {
            Ok(0) => break,
            Ok(got) => got as usize,
            // A pipe or the like has no positions.
            Err(Errno::ESPIPE | Errno::EIO) if positioned && total == 0 => {
                positioned = false;
                continue;
            }
            Err(e) if total == 0 => return Err(e),
            Err(_) => break,
        };
        // SAFETY: the read filled `got` bytes.
        unsafe { write_whole(output, data.as_ptr().cast(), got) }?;
        *from = from.wrapping_add(got as off_t);
        total += got;
    }
    Ok(total as isize)
}

fn is_stream_socket(fd: c_int) -> bool {
    socket::get_option(fd, libc::SOL_SOCKET, libc::SO_TYPE) == Ok(libc::SOCK_STREAM)
}

/// Writes all of `data`, and waits for a target that takes no more at the moment.
///
/// # Safety
/// `data` has `len` bytes.
unsafe fn write_whole(fd: c_int, data: *const u8, len: usize) -> Result {
    let mut put = 0;
    while put < len {
        // SAFETY: the caller's.
        match retry_long(|| unsafe { libc::write(fd, data.add(put).cast(), len - put) }) {
            Ok(n) => put += n as usize,
            Err(Errno::EAGAIN) => wait_writable(fd)?,
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Waits until a descriptor that does not block takes more. `UV_EIO` if it never will.
fn wait_writable(fd: c_int) -> Result {
    let mut poll = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one entry.
    match retry(|| unsafe { libc::poll(&raw mut poll, 1, -1) }) {
        Ok(_) if poll.revents & !libc::POLLOUT == 0 => Ok(()),
        _ => Err(Errno::EIO),
    }
}

/// A descriptor that is closed in the end.
struct File(c_int);

impl File {
    /// # Safety
    /// `path` is a string.
    unsafe fn open(path: *const c_char, flags: c_int, mode: libc::mode_t) -> Result<File> {
        // SAFETY: the caller's.
        let op = unsafe { Submission::new(FileOp::Open { dir: libc::AT_FDCWD, path, flags, mode }) };
        Ok(File(perform(&op)? as c_int))
    }

    fn stat(&self) -> Result<libc::stat> {
        let mut out = MaybeUninit::<libc::stat>::zeroed();
        // SAFETY: `out` has room.
        retry(|| unsafe { libc::fstat(self.0, out.as_mut_ptr()) })?;
        // SAFETY: the kernel has written it.
        Ok(unsafe { out.assume_init() })
    }

    /// Closes it now, to hear of errors.
    fn close(self) -> Result<isize> {
        let fd = self.0;
        std::mem::forget(self);
        perform(&Submission::close(fd))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = perform(&Submission::close(self.0));
    }
}

pub(super) fn copyfile(req: FsReq) -> Result<isize> {
    // SAFETY: law 2.
    let source = unsafe { File::open(req.path.get(), libc::O_RDONLY, 0)? };
    let is = source.stat()?;
    let exclusive = if req.flags.get() & EXCL != 0 { libc::O_EXCL } else { 0 };
    // SAFETY: law 2.
    let target = unsafe { File::open(req.new_path.get(), libc::O_WRONLY | libc::O_CREAT | exclusive, is.st_mode)? };
    let was = target.stat()?;
    if (was.st_dev, was.st_ino) == (is.st_dev, is.st_ino) {
        return Ok(0);
    }
    let copied = copy_into(&source, &is, &target, &was, req.flags.get());
    let done = copied.and(source.close()).and(target.close());
    // Half a copy goes. A device or a pipe stays: it was there before, and root would lose its /dev/null.
    if done.is_err() && was.st_mode & libc::S_IFMT == libc::S_IFREG {
        // SAFETY: law 2.
        let _ = perform(&unsafe {
            Submission::new(FileOp::Unlink { dir: libc::AT_FDCWD, path: req.new_path.get(), flags: 0 })
        });
    }
    done
}

fn copy_into(source: &File, is: &libc::stat, target: &File, was: &libc::stat, flags: c_int) -> Result<isize> {
    // Not with O_TRUNC, but now, when the two are known to be different files.
    match perform(&Submission::ftruncate(target.0, 0)) {
        // On ceph-fuse for a file that was made with no right to write to it.
        Err(Errno::EACCES) if was.st_size == 0 => {}
        Err(e) => return Err(e),
        Ok(_) => {}
    }
    set_times_and_owner(target, is);
    set_mode(target, is.st_mode)?;
    if flags & (FICLONE | FICLONE_FORCE) != 0 {
        // SAFETY: two descriptors.
        match retry(|| unsafe { libc::ioctl(target.0, libc::FICLONE, source.0) }) {
            Err(e) if flags & FICLONE_FORCE != 0 => return Err(e),
            Ok(_) => return Ok(0),
            Err(_) => {}
        }
    }
    let mut from = 0;
    while from < is.st_size {
        let left = usize::try_from(is.st_size - from).unwrap_or(usize::MAX);
        // The source may have become shorter meanwhile.
        if transfer(target.0, source.0, &mut from, left)? == 0 {
            break;
        }
    }
    Ok(0)
}

/// Gives the target the source's times, owner and group, as far as that is permitted. Before its mode: a change of owner takes
/// the set-user-ID bit away.
fn set_times_and_owner(target: &File, is: &libc::stat) {
    let times = [
        timespec { tv_sec: is.st_atime, tv_nsec: is.st_atime_nsec as _ },
        timespec { tv_sec: is.st_mtime, tv_nsec: is.st_mtime_nsec as _ },
    ];
    // SAFETY: two times.
    let _ = retry(|| unsafe { libc::futimens(target.0, times.as_ptr()) });
    // SAFETY: no pointers.
    let _ = retry(|| unsafe { libc::fchown(target.0, is.st_uid, is.st_gid) });
}

/// Gives the target the source's permission bits. Some network file systems have none to give.
fn set_mode(target: &File, mode: libc::mode_t) -> Result<isize> {
    // SAFETY: no pointers.
    match retry(|| unsafe { libc::fchmod(target.0, mode) }) {
        Err(Errno::EPERM) if is_cifs(target) => Ok(0),
        done => done,
    }
}

fn is_cifs(file: &File) -> bool {
    let mut out = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: `out` has room.
    let known = retry(|| unsafe { libc::fstatfs(file.0, out.as_mut_ptr()) });
    // SAFETY: zero bytes are valid, and the kernel may have written others.
    known.is_ok() && matches!(unsafe { out.assume_init() }.f_type as u32, 0x517b | 0xff53_4d42 | 0xfe53_4d42)
}
