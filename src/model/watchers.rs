//! `loop->watchers`: who watches which descriptor. Programs look there too.

use std::ptr;

use libc::c_int;

use crate::abi::*;
use crate::base::alloc;
use crate::model::event_loop::Loop;
use crate::model::io_watcher::Io;

impl Loop {
    /// Enters a watcher into `loop->watchers`, where programs look descriptors up.
    pub(crate) fn set_watcher(self, fd: c_int, watcher: Io) -> Result {
        let (Ok(index), Ok(slot)) = (u32::try_from(fd), usize::try_from(fd)) else { return Err(Errno::EBADF) };
        if index >= self.nwatchers.get() {
            self.grow_watchers(index)?;
        }
        // SAFETY: `watchers` has `nwatchers` slots.
        let place = unsafe { self.watchers.get().add(slot) };
        // SAFETY: the slot is one of the `nwatchers`.
        unsafe {
            if (*place).is_null() {
                self.nfds.set(self.nfds.get() + 1);
            }
            *place = watcher.as_ptr();
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
    pub(crate) fn clear_watcher(self, fd: c_int, watcher: Io) {
        if self.watcher_of(fd).is_some_and(|found| found == watcher) {
            // SAFETY: `watchers` has `nwatchers` slots.
            unsafe { *self.watchers.get().add(fd as usize) = ptr::null_mut() };
            self.nfds.set(self.nfds.get() - 1);
        }
    }

    /// The watcher of a descriptor that wants something.
    pub(crate) fn watcher_of(self, fd: c_int) -> Option<Io> {
        let slot = usize::try_from(fd).ok().filter(|&slot| slot < self.nwatchers.get() as usize)?;
        // SAFETY: `watchers` has `nwatchers` slots; what is in one is a live watcher (law 1), or NULL.
        unsafe {
            let watcher = *self.watchers.get().add(slot);
            (!watcher.is_null()).then(|| Io::from_c(watcher))
        }
    }

    /// Watches in a new epoll set what was watched before a fork.
    pub(crate) fn watch_again(self) -> Result {
        for fd in 0..self.nwatchers.get() as c_int {
            if let Some(watcher) = self.watcher_of(fd) {
                watcher.watch_again(self)?;
            }
        }
        Ok(())
    }

    /// True if some handle of the loop watches the descriptor (`UV_EEXIST` for a second).
    pub(crate) fn watches(self, fd: c_int) -> bool {
        self.watcher_of(fd).is_some()
    }
}
