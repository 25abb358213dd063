//! Where an asynchronous file operation runs.
//!
//! | way | what | when |
//! |---|---|---|
//! | inline | on the loop's thread, if it cannot block (`cached`) | stat, lstat, fstat, unless there are many; inside `uv_run(UV_RUN_DEFAULT)` read at an offset |
//! | ring | on the ring | what the ring does without a kernel worker, inside `uv_run(UV_RUN_DEFAULT)` |
//! | pool | on the thread pool | everything else, and what the other two could not do |
//!
//! Which it is, `route` says.
//!
//! A kernel worker has to be woken, and wakes the loop: 30 to 70 µs where that takes an idle processor of a virtual machine.
//! The pool's threads look out for more work (`spin`), which takes 1 to 3. Where the process has only one processor they
//! cannot, and kernel workers do better than they: then the ring has all that it knows, up to a depth of eight.
//!
//! Inside `uv_run(UV_RUN_DEFAULT)` a request that may leave the pool is queued, and looked at when the next poll phase
//! begins; until then `uv_cancel` takes it back. What is bound for the pool, whatever would be found, or as reads before it were,
//! goes there at once: its threads work while the callbacks run, and nothing is tried in vain (256 reads in flight on tmpfs: from
//! 0.86 of libuv's rate to 0.99). Its result is delivered in that poll phase or a later one, like every
//! other completion. Outside, and in the other modes, it starts at once: a kernel worker may take its time, and nothing of
//! files may be on the ring when `uv_run` returns.
//!
//! Where the system has no thread to give, the loop's own does what was bound for one, or refuses it (`threadless`), when the next poll
//! phase begins.
//!
//! | stage | list | what `uv_cancel` does |
//! |---|---|---|
//! | `Queued` | `queue` or `held` | finishes it with `UV_ECANCELED` |
//! | `Ring` | none; its key is in the request | nothing, unless it waits for a pipe's other end |
//! | `Pool` | the pool's | what the pool does |
//! | `Finished` | `finished` | nothing |

#![deny(unsafe_code)]

use libc::c_int;

use super::cached::{self, Here};
use super::mounts;
use super::route::{self, Facts, Way, route};
use super::run::{is_short, run};
use super::{open, position, threadless, traced};
use crate::abi::*;
use crate::base::alloc::Array;
use crate::callback;
use crate::driver::probe;
use crate::model::event_loop::Loop;
use crate::model::files::{FIRST_FD, Files, KEY, MARKS, MOUNT, Stage, mark};
use crate::model::job::WithJob;
use crate::model::metrics::add;
use crate::model::owner::Owner;
use crate::model::request::FsReq;
use crate::observe;
use crate::observe::trace::Name;
use crate::op::{FileOp, OpKey, Submission};
use crate::pool;
use crate::pool::{Done, Kind, Task};
use crate::requests::take_back;

/// Makes a request ready to be started. True if it need not go to the pool: some calls that libuv would not make are made where
/// they are not switched off, whether or not there is a ring.
fn prepare(event_loop: Loop, req: FsReq) -> bool {
    let files = &event_loop.state().files;
    files.stats_under_way.set(files.stats_under_way.get() + usize::from(req.is_stat()));
    for word in [MARKS, KEY, FIRST_FD, MOUNT] {
        req.set_word(word, 0);
    }
    if observe::is_on() {
        traced::begin(req);
    }
    req.link().init();
    // Which tells libuv's tests that no thread has it.
    req.job().done.set(None);
    let may_leave_pool = !probe::is_switched_off();
    if may_leave_pool {
        req.add_mark(mark::MAY_LEAVE_POOL);
    }
    may_leave_pool
}

/// Starts a stat request that has a callback and is counted, and that nobody will cancel: the look comes first, where it needs no
/// waiting.
pub(super) fn start_at_once(event_loop: Loop, req: FsReq) {
    let may_leave_pool = prepare(event_loop, req);
    let is_placed =
        (may_leave_pool && is_answered(&event_loop.state().files, req)) || give_to_pool(event_loop, req).is_ok();
    settle(event_loop, req, is_placed);
}

/// Starts a request that has a callback and is counted.
pub(super) fn start(event_loop: Loop, req: FsReq) {
    let may_leave_pool = prepare(event_loop, req);
    let state = event_loop.state();
    if req.fs_type.get() == UV_FS_CLOSE {
        state.files.note_buffered(req.file.get(), false);
    }
    // A close that overtook what waits for a thread would be worse than late.
    let is_behind = !state.files.queue().is_empty() && (!may_leave_pool || req.fs_type.get() == UV_FS_CLOSE);
    let is_placed = if is_behind {
        false
    } else if !may_leave_pool || is_bound_for_pool(event_loop, req) || cached::is_one_of_many(&state.files, req) {
        give_to_pool(event_loop, req).is_ok()
    } else if may_use_ring(event_loop) || (req.is_endless() && !event_loop.is_backend_fd_requested()) {
        false
    } else {
        (req.is_stat() && is_answered(&state.files, req)) || give_to_pool(event_loop, req).is_ok()
    };
    settle(event_loop, req, is_placed);
}

/// A request that has no place yet gets one in the next poll phase. Whoever waits for a loop that does not run hears of news.
fn settle(event_loop: Loop, req: FsReq, is_placed: bool) {
    let state = event_loop.state();
    if !is_placed {
        req.set_stage(Stage::Queued);
        state.files.queue().push_back(req.link());
    }
    if state.files.has_ready_work() {
        event_loop.announce();
    }
}

/// True where the end of what is on the ring will be seen: nobody but `uv_run` waits for the loop.
fn may_use_ring(event_loop: Loop) -> bool {
    event_loop.state().running.get() == Some(UV_RUN_DEFAULT) && !event_loop.is_backend_fd_requested()
}

/// The poll phase begins: tries what was queued, and sends the rest to ring or pool.
pub(crate) fn before_poll(event_loop: Loop) {
    let state = event_loop.state();
    if state.files.queue().is_empty() {
        return;
    }
    let may_use_ring = may_use_ring(event_loop);
    while let Some(link) = state.files.queue().pop_front() {
        let req = FsReq::of_link(link);
        let is_placed = req.may_leave_pool()
            && if req.is_stat() { is_answered(&state.files, req) } else { may_use_ring && go(event_loop, req) };
        if !is_placed {
            to_pool(event_loop, req);
        }
    }
}

/// Answers a stat inline, if that is possible.
fn is_answered(files: &Files, req: FsReq) -> bool {
    files.stats.may_try() && answer(files, req, files.stat_cost.of(|| cached::try_stat(files, req)))
}

/// Takes the result of an attempt that cannot block; false if there is none.
fn answer(files: &Files, req: FsReq, result: Option<Result<isize>>) -> bool {
    let Some(result) = result else { return false };
    files.answered_inline.set(files.answered_inline.get() + 1);
    req.set_result(result);
    complete_later(files, req);
    true
}

/// The request is done; its callback comes with the next delivery.
fn complete_later(files: &Files, req: FsReq) {
    req.drop_buffers();
    req.set_stage(Stage::Finished);
    files.finished().push_back(req.link());
}

/// Inline, or to the ring. False if the request should rather go to the pool.
fn go(event_loop: Loop, req: FsReq) -> bool {
    let files = &event_loop.state().files;
    let Some(op) = req.operation() else { return false };
    if files.holds(req) {
        req.set_stage(Stage::Queued);
        files.held().push_back(req.link());
        return true;
    }
    let way = route(&op, &Here::new(event_loop, req.file.get(), &op));
    if let FileOp::Read { offset: 0.., .. } = *op {
        files.reads.note(way == Way::Pool(0));
    }
    match way {
        Way::Done(read) => answer(files, req, Some(Ok(read))),
        Way::Ring { limit, marks } => submit_to_ring(event_loop, req, &op, limit, marks),
        Way::Pool(marks) => {
            req.add_mark(marks);
            false
        }
    }
}

/// To the ring. False if the request should rather go to the pool.
fn submit_to_ring(event_loop: Loop, req: FsReq, op: &Submission, limit: usize, marks: usize) -> bool {
    let state = event_loop.state();
    let files = &state.files;
    let takes_position = req.uses_position() && marks & mark::ENDLESS == 0;
    let is_slow = marks & mark::SLOW != 0;
    let full = {
        let mut driver = state.driver.borrow_mut();
        !driver.can_carry(op) || !route::has_room(limit, marks, driver.files_in_flight(), files.slow.get())
    };
    // The pool's threads take the lock of a file's position, the ring does not: not both at once.
    if full || (takes_position && files.is_position_taken(req.file.get(), Stage::Pool)) {
        return false;
    }
    if takes_position && !files.take_position(req, Stage::Ring) {
        return false;
    }
    if takes_position {
        position::note(req);
    }
    let Ok(key) = event_loop.begin_file(req, op) else {
        files.leave_position(req, Stage::Ring);
        return false;
    };
    req.set_stage(Stage::Ring);
    req.add_mark(marks);
    if marks & mark::ENDLESS == 0 {
        files.enter_ring(req);
    }
    req.set_word(KEY, key.to_bits() as usize);
    files.slow.set(files.slow.get() + usize::from(is_slow));
    true
}

/// True for a request that is not going to leave the pool.
fn is_bound_for_pool(event_loop: Loop, req: FsReq) -> bool {
    if req.is_pool_only() {
        return true;
    }
    let Some(op) = req.operation() else { return false };
    if !matches!(*op, FileOp::Read { offset: 0.., .. }) && !event_loop.state().driver.borrow_mut().is_ring() {
        return true;
    }
    let files = &event_loop.state().files;
    let facts = Here::new(req.event_loop(), req.file.get(), &op);
    (route::is_for_pool(&op, &facts) || is_in_vain(files, &op, &facts)) && !files.holds(req)
}

/// True for a read that nothing but the pool can do, if it is like those before it. What is read at the file's own position may
/// be a pipe, for which the ring can wait; what is read past the cache is not like those before it.
fn is_in_vain(files: &Files, op: &FileOp, facts: &Here) -> bool {
    matches!(*op, FileOp::Read { offset: 0.., .. })
        && !files.reads.may_try()
        && facts.open_flags() & libc::O_DIRECT == 0
}

/// The ring has done a request.
pub(crate) fn on_ring(req: FsReq, result: i32) {
    if on_ring_complete(req, result) {
        req.event_loop().state().metrics.count();
        finish(req);
    }
}

/// Takes what the ring says of a request. False if the pool was given the request, or what is left of it.
fn on_ring_complete(req: FsReq, result: i32) -> bool {
    let event_loop = req.event_loop();
    let files = &event_loop.state().files;
    position::mend(req, result);
    files.leave_ring(req);
    if req.take_mark(mark::SLOW) {
        files.slow.set(files.slow.get() - 1);
    }
    if req.is_at(Stage::Cancelled) {
        // Bytes that came first are not thrown away.
        return done(req, if result < 0 { Errno::ECANCELED.0 } else { result });
    }
    match Errno(result) {
        // Never again, whatever it says: the kernel has let go of the descriptor, and the number may be another's by now. Only what
        // was cancelled was not begun.
        Errno::EINTR if req.fs_type.get() == UV_FS_CLOSE => return done(req, 0),
        error if req.fs_type.get() == UV_FS_CLOSE && error != Errno::ECANCELED => {}
        // The plain call may do better, or say it better. None of these leaves anything behind.
        Errno::ENOTSUP
        | Errno::ENOSYS
        | Errno::EINVAL
        | Errno::EPERM
        | Errno::EACCES
        | Errno::EAGAIN
        // Before Linux 6.5 a buffer that is said to be longer than memory goes on is one; the plain call takes what fits.
        | Errno::EFAULT
        | Errno::ECANCELED
        | Errno::EINTR => {
            add(&event_loop.state().metrics.refusals, 1);
            to_pool(event_loop, req);
            return false;
        }
        // Nobody reads the FIFO: the plain call waits.
        Errno::ENXIO if req.fs_type.get() == UV_FS_OPEN => {
            to_pool(event_loop, req);
            return false;
        }
        _ => {}
    }
    match req.fs_type.get() {
        UV_FS_OPEN if result >= 0 && open::must_be_repeated(req, result) => {
            req.set_word(FIRST_FD, result as usize + 1);
            to_pool(event_loop, req);
            false
        }
        UV_FS_WRITE if result > 0 && advance(req, result as usize) => {
            req.result.set(result as isize);
            to_pool(event_loop, req);
            false
        }
        _ => done(req, result),
    }
}

fn done(req: FsReq, result: i32) -> bool {
    req.result.set(result as isize);
    req.drop_buffers();
    true
}

/// Takes what was written off the buffers; true if something is left.
fn advance(req: FsReq, written: usize) -> bool {
    if req.off.get() >= 0 {
        req.off.set(req.off.get() + written as i64);
    }
    req.buffers().advance(written) < req.buffers().count()
}

/// To the pool, or inline if there is no thread but this.
fn to_pool(event_loop: Loop, req: FsReq) {
    let Err(refusal) = give_to_pool(event_loop, req) else { return };
    if req.word(FIRST_FD) != 0 || threadless::may_wait(req) {
        open::close_first(req);
        // What the ring has written of it already counts.
        if req.result.get() <= 0 {
            req.set_result(Err(refusal));
        }
    } else {
        do_job(req);
    }
    complete_later(&event_loop.state().files, req);
}

/// To the pool. Fails if the system has no thread to give.
fn give_to_pool(event_loop: Loop, req: FsReq) -> Result {
    let files = &event_loop.state().files;
    // Of interest only where there is a ring.
    if req.may_leave_pool() {
        files.count_in_pool(req, 1);
        if req.uses_position() {
            files.take_position(req, Stage::Pool);
        }
    }
    req.set_stage(Stage::Pool);
    // Results are held back only where the loop will miss them.
    let kind = if is_short(req) && may_use_ring(event_loop) { Kind::Short } else { Kind::File };
    let given = pool::submit(event_loop.shared(), req, kind);
    match given {
        Ok(()) => files.given_to_pool.set(files.given_to_pool.get() + 1),
        Err(_) => leave_pool(files, req),
    }
    given
}

fn leave_pool(files: &Files, req: FsReq) {
    files.leave_position(req, Stage::Pool);
    if req.may_leave_pool() {
        files.count_in_pool(req, -1);
    }
}

impl Task for FsReq {
    fn run(self) {
        let began_ns = observe::begin_span();
        if !open::made_up_for(self) {
            do_job(self);
        }
        observe::end_span(began_ns, "file", &Name::Text(traced::name(self)));
    }
}

impl Done for FsReq {
    fn done(self, status: c_int) {
        leave_pool(&self.event_loop().state().files, self);
        if status != 0 {
            open::close_first(self);
            self.set_result(Err(Errno(status)));
            self.drop_buffers();
        }
        finish(self);
    }
}

fn do_job(req: FsReq) {
    // What the ring has written of it already.
    let before = req.result.get();
    run(req);
    if open::was_possible_once(req) {
        return;
    }
    if req.take_mark(mark::UNKNOWN_MOUNT) {
        mounts::learn(req.file.get());
    }
    if before > 0 {
        req.result.set(before + req.result.get().max(0));
    }
    open::close_first(req);
}

/// Delivers what finished before the poll phase.
pub(crate) fn deliver_finished(event_loop: Loop) {
    let state = event_loop.state();
    state.files.delivering().append_all(state.files.finished());
    while let Some(link) = state.files.delivering().pop_front() {
        state.metrics.count();
        finish(FsReq::of_link(link));
    }
}

/// Calls the user. The last thing done with the request.
fn finish(req: FsReq) {
    if observe::is_on() {
        traced::tell(req);
    }
    req.set_stage(Stage::Idle);
    let event_loop = req.event_loop();
    let stats = &event_loop.state().files.stats_under_way;
    stats.set(stats.get() - usize::from(req.is_stat()));
    event_loop.count_request(-1);
    callback::fs(req);
}

/// `uv_run` is about to return: no file operation may stay on the ring.
pub(crate) fn leave_run(event_loop: Loop) {
    let state = event_loop.state();
    if state.driver.borrow().files_in_flight() > 0 {
        clear_ring(event_loop);
    }
    state.files.queue().append_all(state.files.held());
    while let Some(link) = state.files.queue().pop_front() {
        to_pool(event_loop, FsReq::of_link(link));
    }
}

/// Waits for what is on the ring. What may wait for ever goes to the pool.
fn clear_ring(event_loop: Loop) {
    let state = event_loop.state();
    state.driver.borrow_mut().cancel_files(|key| match state.table.borrow().get(key) {
        Some(Owner::Fs(req)) if req.fs_type.get() == UV_FS_OPEN => req.flags.get() & libc::O_EXCL == 0,
        Some(Owner::Fs(req)) => req.word(MARKS) & mark::ENDLESS != 0,
        _ => false,
    });
    let mut fresh = Array::new();
    while state.driver.borrow_mut().wait_for_files(&mut fresh) {
        while let Some(completion) = fresh.pop() {
            let owner = state.table.borrow().get(completion.key);
            if let Some(Owner::Fs(req)) = owner {
                state.table.borrow_mut().remove(completion.key);
                if on_ring_complete(req, completion.result) {
                    complete_later(&state.files, req);
                }
            } else {
                event_loop.keep(completion);
            }
        }
    }
}

/// `uv_cancel` of a file request.
pub(crate) fn cancel(req: FsReq) -> Result {
    if req.is_at(Stage::Pool) {
        return take_back(req);
    }
    if req.is_at(Stage::Queued) {
        req.link().unlink();
        req.set_result(Err(Errno::ECANCELED));
        let event_loop = req.event_loop();
        add(&event_loop.state().metrics.cancels, 1);
        complete_later(&event_loop.state().files, req);
        event_loop.announce();
        return Ok(());
    }
    if req.is_at(Stage::Ring) && req.word(MARKS) & mark::ENDLESS != 0 {
        let key = OpKey::from_bits(req.word(KEY) as u64);
        if req.event_loop().state().driver.borrow_mut().cancel_file(key) {
            req.set_stage(Stage::Cancelled);
            add(&req.event_loop().state().metrics.cancels, 1);
            return Ok(());
        }
    }
    Err(Errno::EBUSY)
}
