//! Small files read whole: open, read from the start, close. On a thread of the pool.

use std::ops::Range;

use libc::c_int;

use super::mounts::look;
use crate::abi::ext::uvring_load_item_t;
use crate::abi::{Errno, Result, uv_buf_t};
use crate::op::perform::perform;
use crate::op::{FileOp, Submission};

/// Reads the files that `take` gives; how many of them failed.
///
/// # Safety
/// What `take` gives are places of `items`, which are the caller's alone, and their memory, too.
pub(super) unsafe fn all(items: *mut uvring_load_item_t, take: impl Fn() -> Option<Range<usize>>) -> usize {
    let mut failed = 0;
    while let Some(range) = take() {
        for at in range {
            // SAFETY: the caller's.
            let item = unsafe { &mut *items.add(at) };
            let loaded = load(item);
            item.status = loaded.map_or_else(|error| error.0, |()| 0);
            failed += usize::from(loaded.is_err());
        }
    }
    failed
}

fn load(item: &mut uvring_load_item_t) -> Result {
    if item.base.is_null() {
        return Err(Errno::EINVAL);
    }
    let open = FileOp::Open { dir: item.dir, path: item.path, flags: libc::O_RDONLY, mode: 0 };
    // SAFETY: the item's path (law 2).
    let fd = perform(&unsafe { Submission::new(open) })? as c_int;
    let read = read(item, fd);
    let closed = perform(&Submission::close(fd));
    read.and(closed.map(drop))
}

fn read(item: &mut uvring_load_item_t, fd: c_int) -> Result {
    item.done = 0;
    while item.done < item.len {
        let rest = uv_buf_t { base: item.base.wrapping_add(item.done), len: item.len - item.done };
        let read = FileOp::Read { fd, bufs: &raw const rest, nbufs: 1, offset: item.done as i64 };
        // SAFETY: the item's memory (laws 2 and 4).
        match perform(&unsafe { Submission::new(read) }) {
            Ok(0) => break,
            Ok(more) => item.done += more as usize,
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    // Who has room left has seen the end.
    item.size = if item.done < item.len { item.done as u64 } else { look(fd, libc::STATX_SIZE)?.stx_size };
    Ok(())
}
