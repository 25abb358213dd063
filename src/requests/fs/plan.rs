//! Where a file operation would be done, for who asks beforehand (`uvring doctor`): by the rules and the facts by which requests go.

#![deny(unsafe_code)]

use libc::c_int;

use super::cached::Here;
use super::mounts::{self, Class};
use super::route::{Way, has_room, route};
use crate::driver::probe;
use crate::model::event_loop::Loop;
use crate::op::{FileOp, Submission};

/// Where an operation is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// On the loop's own thread, by calls that cannot block.
    Inline,
    /// On the ring.
    Ring,
    /// On the thread pool.
    Pool,
}

/// Where the loop would have an operation done inside `uv_run(UV_RUN_DEFAULT)`, with so many others on the ring. `fd` is the file that
/// the operation is about.
pub(crate) fn place(event_loop: Loop, fd: c_int, op: &Submission, on_ring: usize) -> Place {
    if probe::is_switched_off() {
        return Place::Pool;
    }
    if let FileOp::Stat { .. } = **op {
        let class = mounts::look(fd, mounts::MASK).ok().and_then(|found| mounts::class(&found));
        return if class >= Some(Class::Local) { Place::Inline } else { Place::Pool };
    }
    match route(op, &Here::new(event_loop, fd, op)) {
        Way::Done(_) => Place::Inline,
        Way::Ring { limit, marks } if has_room(limit, marks, on_ring, on_ring) => {
            if event_loop.state().driver.borrow_mut().can_carry(op) { Place::Ring } else { Place::Pool }
        }
        Way::Ring { .. } | Way::Pool(_) => Place::Pool,
    }
}
