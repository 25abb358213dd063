//! The life of a loop: made, configured, closed.

use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

use libc::c_int;

use crate::abi::*;
use crate::base::alloc;
use crate::handles::{fs_event, signal, view_pool};
use crate::model::event_loop::Loop;
use crate::model::figures;
use crate::model::handle::{Handle, flag};
use crate::model::io_watcher as io;
use crate::model::state;
use crate::observe;

impl Loop {
    pub(super) fn init(self) -> Result {
        let data = self.data.get();
        // SAFETY: the caller's memory for a loop; all zero bytes are valid for every field.
        unsafe { ptr::write_bytes(self.as_ptr(), 0, 1) };
        self.data.set(data);
        for queue in [
            self.handle_queue(),
            self.pending_queue(),
            self.watcher_queue(),
            self.wq(),
            self.process_handles(),
            self.prepare_handles(),
            self.check_handles(),
            self.idle_handles(),
            self.async_handles(),
        ] {
            queue.init();
        }
        for fd in [&self.backend_fd, &self.async_wfd, &self.emfile_fd, &self.inotify_fd] {
            fd.set(-1);
        }
        self.signal_pipefd.set([-1, -1]);
        let state = alloc::boxed(state::LoopState::new(self)?)?;
        self.internal_fields.set(state.as_ptr().cast());
        self.state().init();
        self.backend_fd.set(self.state().driver.borrow().fd());
        if observe::is_asked_for() {
            self.shared().observe();
        }
        self.update_time();
        if let Err(e) = self.watch_wake_up().and_then(|()| signal::loop_init(self)) {
            self.discard();
            return Err(e);
        }
        Ok(())
    }

    /// True after `uv_loop_close`.
    pub(super) fn is_closed(self) -> bool {
        self.internal_fields.get().is_null()
    }

    pub(super) fn close(self) -> Result {
        // Programs close a loop until they hear this (netdata).
        if self.is_closed() {
            return Err(Errno::EBUSY);
        }
        let awaits_posts = self.shared().mailbox.has_some() || !self.state().walking.finished().is_empty();
        if self.requests() > 0 || awaits_posts {
            return Err(Errno::EBUSY);
        }
        let mut link = self.handle_queue().first();
        while let Some(l) = link {
            if !Handle::of_link(l).has(flag::INTERNAL) {
                return Err(Errno::EBUSY);
            }
            link = l.next_in(self.handle_queue());
        }
        view_pool::discard_own(self)?;
        figures::note_closing(self);
        signal::loop_cleanup(self);
        fs_event::loop_cleanup(self);
        self.discard();
        Ok(())
    }

    /// Gives back everything the loop owns.
    fn discard(self) {
        let state = self.state();
        // Workers that have just handed their last jobs back. A forked child does not have those that it would wait for.
        while self.shared().mailbox.is_handing_over() && !state.is_parents() {
            std::thread::yield_now();
        }
        if let Some(slot) = self.shared().slot() {
            slot.release();
        }
        self.wake_watcher().stop(self, io::IN);
        state.driver.borrow_mut().close();
        if self.emfile_fd.get() != -1 {
            crate::sys::socket::close(self.emfile_fd.replace(-1));
        }
        let boxed = self.internal_fields.replace(ptr::null_mut());
        if state.running.get().is_some() {
            // A callback closes the loop that calls it.
            state.closed.set(true);
        } else {
            // SAFETY: nobody runs the loop, and nobody finds its state any more.
            unsafe { state::free(boxed) };
        }
        // SAFETY: ours, or NULL.
        unsafe { alloc::free(self.watchers.replace(ptr::null_mut()).cast()) };
        self.nwatchers.set(0);
        self.backend_fd.set(-1);
    }

    pub(super) fn configure(self, option: uv_loop_option, argument: c_int) -> Result {
        match option {
            UV_LOOP_BLOCK_SIGNAL if argument == libc::SIGPROF => {
                self.state().sigmask.set(1 << (argument - 1));
                Ok(())
            }
            UV_LOOP_BLOCK_SIGNAL => Err(Errno::EINVAL),
            UV_METRICS_IDLE_TIME => {
                self.shared().idle.measured.store(true, Relaxed);
                Ok(())
            }
            UV_LOOP_USE_IO_URING_SQPOLL => {
                self.poll_submissions_if_possible();
                Ok(())
            }
            _ => Err(Errno::ENOSYS),
        }
    }
}
