//! `loop->watchers`: who watches which descriptor. Programs look there too.

use std::ptr;

use libc::c_int;

use super::Loop;
use crate::abi::*;
use crate::base::alloc;

impl Loop {
    /// Enters a watcher into `loop->watchers`, where programs look descriptors up.
    pub(crate) fn set_watcher(self, fd: c_int, watcher: *mut uv__io_t) -> Result {
        let (Ok(index), Ok(slot)) = (u32::try_from(fd), usize::try_from(fd)) else { return Err(Errno::EBADF) };
        if index >= self.nwatchers.get() {
            self.grow_watchers(index)?;
        }
        // SAFETY: `watchers` has `nwatchers` slots.
        let place = unsafe { self.watchers.get().add(slot) };
        // SAFETY: as above.
        unsafe {
            if (*place).is_null() {
                self.nfds.set(self.nfds.get() + 1);
            }
            *place = watcher;
        }
        Ok(())
    }

    fn grow_watchers(self, index: u32) -> Result {
        // libuv's sizes: two slots fewer than a power of two.
        let count = (index + 3).next_power_of_two() - 2;
        // SAFETY: `watchers` is NULL or ours.
        let grown = unsafe { alloc::realloc(self.watchers.get().cast(), count as usize * size_of::<*mut uv__io_t>()) };
        if grown.is_null() {
            return Err(Errno::ENOMEM);
        }
        let grown = grown.cast::<*mut uv__io_t>();
        for slot in self.nwatchers.get()..count {
            // SAFETY: the array has `count` slots.
            unsafe { grown.add(slot as usize).write(ptr::null_mut()) };
        }
        self.watchers.set(grown);
        self.nwatchers.set(count);
        Ok(())
    }

    /// Takes a watcher out of `loop->watchers`.
    pub(crate) fn clear_watcher(self, fd: c_int, watcher: *mut uv__io_t) {
        if (fd as u32) < self.nwatchers.get() && self.watcher_of(fd) == watcher {
            // SAFETY: `watchers` has `nwatchers` slots.
            unsafe { *self.watchers.get().add(fd as usize) = ptr::null_mut() };
            self.nfds.set(self.nfds.get() - 1);
        }
    }

    fn watcher_of(self, fd: c_int) -> *mut uv__io_t {
        // SAFETY: `watchers` has `nwatchers` slots.
        unsafe { *self.watchers.get().add(fd as usize) }
    }

    /// True if some handle of the loop watches the descriptor (`UV_EEXIST` for a second).
    pub(crate) fn watches(self, fd: c_int) -> bool {
        fd >= 0 && (fd as u32) < self.nwatchers.get() && !self.watcher_of(fd).is_null()
    }
}
