//! `uv_loop_fork`: makes a loop usable in a forked child (see `crate::base::fork`).
//!
//! | owner | what the child finds | what becomes of it |
//! |---|---|---|
//! | jobs | some with threads of the parent, one perhaps half put into `loop->wq` | those in the list are delivered; the others stay under way for ever, unless they were queued and are cancelled |
//! | posts | some that await their callbacks | are forgotten |
//! | gathered writes | those of the callback that forked, and of those before it | end with `UV_ECANCELED` |
//! | asyncs | some sent, some with a sender that was interrupted, which is no more | not sent, and without senders; but those that the poll phase under way has taken over are still called |
//! | files | some on the ring, or about to be | the parent does them; here they stay under way for ever, unless they were queued and are cancelled |
//! | driver | the parent's epoll set and ring | a new set with the same descriptors; the ring is left alone |
//! | wake-up | an eventfd that wakes the parent, too | a new one |
//! | children | those of the parent, watched by pidfds | are watched no more |
//! | file watches | an inotify descriptor that the parent reads | a new one with the same watches |
//! | who looks (`observe`) | the parent's page | a new one, of the child's |
//! | signals | a pipe that the parent reads | a new one |

#![deny(unsafe_code)]

use super::reconcile;
use crate::abi::Result;
use crate::base::fork;
use crate::handles::stream::gather;
use crate::handles::{async_handle, fs_event, process, signal};
use crate::model::event_loop::Loop;
use crate::pool;

/// The owners of what a fork leaves behind, in an order in which each finds what it needs.
const OWNERS: [fn(Loop) -> Result; 9] = [
    jobs,
    gather::after_fork,
    async_handle::after_fork,
    files,
    driver,
    wake_up,
    process::after_fork,
    fs_event::after_fork,
    signal::after_fork,
];

impl Loop {
    /// Has each owner replace what belongs to the parent. In the process that made the loop, kernel objects are made anew, and nothing
    /// is forgotten.
    pub(super) fn fork(self) -> Result {
        OWNERS.iter().try_for_each(|after_fork| after_fork(self))?;
        self.shared().observe_after_fork();
        self.state().fork_generation.set(fork::generation());
        Ok(())
    }
}

fn jobs(event_loop: Loop) -> Result {
    if event_loop.state().is_parents() {
        // Posts are the parent's.
        event_loop.shared().mailbox.after_fork(|link| !pool::is_post(link));
        event_loop.shared().forget_short_jobs();
    }
    Ok(())
}

fn files(event_loop: Loop) -> Result {
    if event_loop.state().is_parents() {
        event_loop.state().files.after_fork();
    }
    Ok(())
}

fn driver(event_loop: Loop) -> Result {
    let driver = &event_loop.state().driver;
    driver.borrow_mut().reopen()?;
    event_loop.backend_fd.set(driver.borrow().fd());
    event_loop.wake_watcher().close(event_loop);
    // Those that were stopped want nothing of the new set.
    reconcile(event_loop);
    event_loop.watch_again()
}

fn wake_up(event_loop: Loop) -> Result {
    event_loop.shared().wake.reopen()?;
    event_loop.watch_wake_up()
}
