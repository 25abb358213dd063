//! What writes and datagrams have in common. A request waits in its handle's first queue until the kernel has taken or refused it, then in
//! the second for its callback.

#![deny(unsafe_code)]

use crate::base::queue::Link;
use crate::model::event_loop::Loop;
use crate::model::io_watcher::Io;

/// Has `end` end each request that awaits its callback by now; those that join them meanwhile wait for the next time. Should a callback
/// `longjmp` away, the next pending phase goes on with the rest.
pub(crate) fn run_completed(completed: Link, io: Io, event_loop: Loop, end: impl Fn(Link)) {
    let Some(last) = completed.last() else { return };
    while let Some(link) = completed.pop_front() {
        if link != last {
            io.hold(event_loop);
        }
        end(link);
        if link == last {
            break;
        }
    }
    io.release();
}
