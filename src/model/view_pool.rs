//! Pools: memory that is lent to callbacks in views, and kept by them as long as they like.
//!
//! A buffer serves many receives, one behind the other. What was lent for a callback alone is received over by the next; what was kept
//! stays, and the next comes behind it. A buffer whose views were all released starts at its front again.
//!
//! | a stream | because | goes on when |
//! |---|---|---|
//! | receives | there is room, and it holds less than `stream_max` | |
//! | is parked | no buffer has room and no more may be made | a buffer becomes free |
//! | is parked | its kept views hold `stream_max` | enough of them were released |
//!
//! Argument for the unsafe code: (1) a `Pool` is boxed and lives until it was closed and no view of it is kept; (2) a `Buffer` lives as
//! long as its pool, unless it is given back while nothing of it is kept; (3) a `Receiver` lives until its stream has let go of it and no
//! view of it is kept; (4) a view's reserved words are written by `lend` and `keep` alone. Law 5 for all.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use libc::{c_char, c_void};

use crate::abi::ext::{uvring_pool_close_cb, uvring_pool_t, uvring_view_t};
use crate::abi::*;
use crate::base::alloc;
use crate::base::queue;
use crate::base::queue::Link;
use crate::model::event_loop::Loop;
use crate::model::io_watcher::{self as io, Io};
use crate::model::metrics::add;

/// What is kept begins at multiples of so many bytes, a line of the cache.
const ALIGN: usize = 64;
/// A buffer with less than this part of its room left is not received into, if there is another.
const WORTH: usize = 8;

/// How a pool is: bytes, and numbers of buffers.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) buffer: usize,
    pub(crate) buffers: usize,
    pub(crate) buffers_max: usize,
    pub(crate) stream_max: usize,
}

impl Size {
    /// 2 MiB: of 16 MiB the processor's cache holds too little (16 KiB to each of 400 connections: 1.01 of plain epoll instead of 1.20).
    pub(crate) const DEFAULT: Size = Size { buffer: 128 * 1024, buffers: 16, buffers_max: 64, stream_max: 512 * 1024 };
}

/// A pool.
pub(crate) struct Pool {
    event_loop: Loop,
    size: Size,
    /// What C calls it; it is the loop's own if `close` was never called.
    c: Cell<*mut uvring_pool_t>,
    /// The buffer that is received into, and those of which nothing is kept.
    current: Cell<*mut Buffer>,
    free: Cell<*mut Buffer>,
    made: Cell<usize>,
    /// Kept views, and streams that receive.
    kept: Cell<usize>,
    receivers: Cell<usize>,
    /// Receivers that wait for room.
    parked: uv__queue,
    close_cb: Cell<uvring_pool_close_cb>,
    is_closing: Cell<bool>,
    /// Its place among those whose `close_cb` is due.
    ended: uv__queue,
}

/// A buffer of a pool; its bytes follow.
struct Buffer {
    next_free: Cell<*mut Buffer>,
    /// How many views of it are kept, and where the next receive begins.
    kept: Cell<usize>,
    used: Cell<usize>,
}

/// Somebody who receives into a pool.
pub(crate) struct Receiver {
    pool: &'static Pool,
    /// Of its stream, while that receives.
    io: Cell<Option<Io>>,
    /// Kept views, and bytes in them.
    kept: Cell<usize>,
    bytes: Cell<usize>,
    is_parked: Cell<bool>,
    /// The stream is gone: whoever releases the last view frees this.
    is_let_go: Cell<bool>,
    /// Its place among the parked of the pool.
    link: uv__queue,
}

/// Room to receive into.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    buffer: NonNull<Buffer>,
    pub(crate) base: *mut c_char,
    pub(crate) len: usize,
}

impl Buffer {
    fn bytes(&self) -> *mut c_char {
        ptr::from_ref(self).cast_mut().wrapping_add(1).cast()
    }
}

impl Pool {
    /// A pool with its first buffer, so that room can only run out while views are kept. `UV_ENOMEM`.
    pub(crate) fn new(event_loop: Loop, size: Size, c: *mut uvring_pool_t) -> Result<&'static Pool> {
        let boxed = alloc::boxed(Pool {
            event_loop,
            size,
            c: Cell::new(c),
            current: Cell::new(ptr::null_mut()),
            free: Cell::new(ptr::null_mut()),
            made: Cell::new(0),
            kept: Cell::new(0),
            receivers: Cell::new(0),
            parked: uv__queue::new(),
            close_cb: Cell::new(None),
            is_closing: Cell::new(false),
            ended: uv__queue::new(),
        })?;
        // SAFETY: (1).
        let pool: &'static Pool = unsafe { boxed.as_ref() };
        pool.parked().init();
        pool.ended().init();
        if let Err(e) = pool.make() {
            // SAFETY: just boxed, and known to nobody.
            unsafe { alloc::unbox(boxed) };
            return Err(e);
        }
        Ok(pool)
    }

    pub(crate) fn event_loop(&self) -> Loop {
        self.event_loop
    }

    fn parked(&self) -> Link {
        // SAFETY: (1).
        unsafe { Link::at(&raw const self.parked) }
    }

    pub(crate) fn ended(&self) -> Link {
        // SAFETY: (1).
        unsafe { Link::at(&raw const self.ended) }
    }

    /// The pool whose place among those that have ended this is.
    pub(crate) fn of_ended(link: Link) -> &'static Pool {
        // SAFETY: (1): it was put there by `note_end`.
        unsafe { &*queue::owner!(link, Pool, ended) }
    }

    /// Makes a buffer the current one. `UV_ENOMEM`.
    fn make(&self) -> Result {
        let place = alloc::malloc(size_of::<Buffer>() + self.size.buffer).cast::<Buffer>();
        let buffer = NonNull::new(place).ok_or(Errno::ENOMEM)?;
        let header = Buffer { next_free: Cell::new(ptr::null_mut()), kept: Cell::new(0), used: Cell::new(0) };
        // SAFETY: fresh memory, large enough.
        unsafe { buffer.write(header) };
        self.made.set(self.made.get() + 1);
        self.current.set(buffer.as_ptr());
        Ok(())
    }

    fn give_back(&self, buffer: NonNull<Buffer>) {
        self.made.set(self.made.get() - 1);
        // SAFETY: (2): `make` allocated it.
        unsafe { alloc::free(buffer.as_ptr().cast()) };
    }

    fn room_in_current(&self) -> Option<Room> {
        let buffer = NonNull::new(self.current.get())?;
        // SAFETY: (2).
        let header = unsafe { buffer.as_ref() };
        let used = header.used.get();
        Some(Room { buffer, base: header.bytes().wrapping_add(used), len: self.size.buffer - used })
    }

    /// Room to receive into, less than `worth` only if there is no other; none if all of it is kept.
    fn room(&self, worth: usize) -> Option<Room> {
        let room = self.room_in_current().filter(|room| room.len > 0);
        let worth = worth.clamp(self.size.buffer / WORTH, self.size.buffer);
        if room.is_some_and(|room| room.len >= worth) {
            return room;
        }
        if let Some(free) = NonNull::new(self.free.get()) {
            // SAFETY: (2).
            self.free.set(unsafe { free.as_ref() }.next_free.get());
            self.current.set(free.as_ptr());
            return self.room_in_current();
        }
        if self.made.get() < self.size.buffers_max && self.make().is_ok() {
            return self.room_in_current();
        }
        room
    }

    /// Nothing of the buffer is kept any more.
    fn is_free(&self, buffer: NonNull<Buffer>) {
        // SAFETY: (2).
        let header = unsafe { buffer.as_ref() };
        header.used.set(0);
        if buffer.as_ptr() == self.current.get() {
            return;
        }
        if self.made.get() > self.size.buffers {
            return self.give_back(buffer);
        }
        header.next_free.set(self.free.replace(buffer.as_ptr()));
    }

    /// Has streams go on that waited for room.
    fn unpark(&self) {
        while let Some(link) = self.parked().first() {
            if self.room(0).is_none() {
                return;
            }
            // SAFETY: (3): `park` put it there.
            unsafe { &*queue::owner!(link, Receiver, link) }.go_on();
        }
    }

    /// True while a view of it is kept.
    pub(crate) fn is_in_use(&self) -> bool {
        self.kept.get() > 0
    }

    /// `uvring_pool_close`.
    pub(crate) fn close(&self, cb: uvring_pool_close_cb) -> Result {
        if self.is_closing.get() {
            return Err(Errno::EINVAL);
        }
        if self.receivers.get() > 0 {
            return Err(Errno::EBUSY);
        }
        self.is_closing.set(true);
        self.close_cb.set(cb);
        self.note_end();
        Ok(())
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.get()
    }

    /// Has `close_cb` called if that is due: by the loop, which it keeps alive until then.
    fn note_end(&self) {
        if !self.is_closing.get() || self.kept.get() > 0 || !self.ended().is_empty() {
            return;
        }
        if let Some(extension) = self.event_loop.extension() {
            extension.ended_pools().push_back(self.ended());
            self.event_loop.count_request(1);
            if self.event_loop.state().running.get().is_none() {
                self.event_loop.announce();
            }
        }
    }

    /// Frees a pool of which nothing is used; gives what is to be called then.
    pub(crate) fn free(&'static self) -> (*mut uvring_pool_t, uvring_pool_close_cb) {
        let end = (self.c.get(), self.close_cb.get());
        let mut next = self.free.get();
        while let Some(buffer) = NonNull::new(next) {
            // SAFETY: (2).
            next = unsafe { buffer.as_ref() }.next_free.get();
            self.give_back(buffer);
        }
        if let Some(buffer) = NonNull::new(self.current.get()) {
            self.give_back(buffer);
        }
        debug_assert_eq!(self.made.get(), 0, "a buffer is kept");
        // SAFETY: (1): `new` boxed it.
        unsafe { alloc::unbox(NonNull::from(self)) };
        end
    }
}

impl Receiver {
    /// A receiver for the pool. `UV_ENOMEM`.
    pub(crate) fn new(pool: &'static Pool) -> Result<&'static Receiver> {
        let boxed = alloc::boxed(Receiver {
            pool,
            io: Cell::new(None),
            kept: Cell::new(0),
            bytes: Cell::new(0),
            is_parked: Cell::new(false),
            is_let_go: Cell::new(false),
            link: uv__queue::new(),
        })?;
        // SAFETY: (3).
        let receiver: &'static Receiver = unsafe { boxed.as_ref() };
        receiver.link().init();
        Ok(receiver)
    }

    fn link(&self) -> Link {
        // SAFETY: (3).
        unsafe { Link::at(&raw const self.link) }
    }

    pub(crate) fn is_of(&self, pool: &Pool) -> bool {
        ptr::eq(self.pool, pool)
    }

    pub(crate) fn start(&self, io: Io) {
        self.io.set(Some(io));
        self.pool.receivers.set(self.pool.receivers.get() + 1);
    }

    pub(crate) fn stop(&self) {
        if self.io.take().is_some() {
            self.pool.receivers.set(self.pool.receivers.get() - 1);
        }
        self.is_parked.set(false);
        self.link().unlink();
    }

    /// The stream lets go of it.
    pub(crate) fn let_go(&'static self) {
        self.stop();
        if self.kept.get() == 0 {
            // SAFETY: (3): `new` boxed it.
            unsafe { alloc::unbox(NonNull::from(self)) };
        } else {
            self.is_let_go.set(true);
        }
    }

    /// Room to receive into, less than `worth` only if there is no other. None parks the stream, which does not want to
    /// hear of its descriptor then.
    pub(crate) fn room(&self, worth: usize) -> Option<Room> {
        if self.bytes.get() >= self.pool.size.stream_max {
            self.park();
            return None;
        }
        let room = self.pool.room(worth);
        if room.is_none() {
            self.park();
            self.pool.parked().push_back(self.link());
        }
        room
    }

    fn park(&self) {
        if let Some(io) = self.io.get() {
            io.stop(self.pool.event_loop, io::IN);
            self.is_parked.set(true);
            add(&self.pool.event_loop.state().metrics.ext.recv_parked, 1);
        }
    }

    /// Starts the watcher of a parked stream again. It has been in the loop's table, so there is room for it.
    fn go_on(&self) {
        self.link().unlink();
        self.is_parked.set(false);
        if let Some(io) = self.io.get() {
            let started = io.start(self.pool.event_loop, io::IN);
            debug_assert!(started.is_ok(), "the table of watchers has shrunk");
        }
    }

    /// A view of the first `len` bytes of the room, for a callback.
    pub(crate) fn lend(&self, room: Room, len: usize) -> uvring_view_t {
        let words =
            [room.buffer.as_ptr().cast(), ptr::from_ref(self).cast_mut().cast(), ptr::null_mut(), ptr::null_mut()];
        uvring_view_t { base: Cell::new(room.base), len: Cell::new(len), reserved: Cell::new(words) }
    }
}

/// A kept piece of a buffer: what a view's reserved words say.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    buffer: NonNull<Buffer>,
    receiver: NonNull<Receiver>,
    len: usize,
}

/// The third reserved word of a view that is kept.
const KEPT: *mut c_void = ptr::without_provenance_mut(1);

impl Kept {
    /// Keeps `len` bytes at `offset` of a view. `UV_EINVAL` outside the view.
    pub(crate) fn new(view: &uvring_view_t, offset: usize, len: usize) -> Result<(Kept, *mut c_char)> {
        let [buffer, receiver, ..] = view.reserved.get();
        let (Some(buffer), Some(receiver)) =
            (NonNull::new(buffer.cast::<Buffer>()), NonNull::new(receiver.cast::<Receiver>()))
        else {
            return Err(Errno::EINVAL);
        };
        if view.base.get().is_null() || offset > view.len.get() || len > view.len.get() - offset {
            return Err(Errno::EINVAL);
        }
        // SAFETY: (2), (3), (4): the view is lent or kept.
        let (header, holder) = unsafe { (buffer.as_ref(), receiver.as_ref()) };
        let end = view.base.get().addr() + offset + len - header.bytes().addr();
        header.used.set(header.used.get().max(end.next_multiple_of(ALIGN)));
        header.kept.set(header.kept.get() + 1);
        holder.kept.set(holder.kept.get() + 1);
        holder.bytes.set(holder.bytes.get() + len);
        holder.pool.kept.set(holder.pool.kept.get() + 1);
        add(&holder.pool.event_loop.state().metrics.ext.views_kept, 1);
        Ok((Kept { buffer, receiver, len }, view.base.get().wrapping_add(offset)))
    }

    /// Takes a kept view over, or keeps one that is only lent; the view is empty then.
    pub(crate) fn take(view: &uvring_view_t) -> Result<(Kept, *mut c_char)> {
        let [buffer, receiver, kept, _] = view.reserved.get();
        let base = view.base.get();
        let taken = match (NonNull::new(buffer.cast()), NonNull::new(receiver.cast())) {
            (Some(buffer), Some(receiver)) if kept == KEPT && !base.is_null() => {
                (Kept { buffer, receiver, len: view.len.get() }, base)
            }
            _ => Kept::new(view, 0, view.len.get())?,
        };
        view.base.set(ptr::null_mut());
        Ok(taken)
    }

    /// For C.
    pub(crate) fn into_view(self, base: *mut c_char) -> uvring_view_t {
        let words = [self.buffer.as_ptr().cast(), self.receiver.as_ptr().cast(), KEPT, ptr::null_mut()];
        uvring_view_t { base: Cell::new(base), len: Cell::new(self.len), reserved: Cell::new(words) }
    }

    /// As three words of a request.
    pub(crate) fn into_words(self) -> [*mut c_void; 3] {
        [self.buffer.as_ptr().cast(), self.receiver.as_ptr().cast(), ptr::without_provenance_mut(self.len)]
    }

    /// From such words; none if the first is NULL.
    pub(crate) fn from_words(words: [*mut c_void; 3]) -> Option<Kept> {
        let [buffer, receiver, len] = words;
        Some(Kept { buffer: NonNull::new(buffer.cast())?, receiver: NonNull::new(receiver.cast())?, len: len.addr() })
    }

    /// Keeps it no longer.
    pub(crate) fn release(self) {
        // SAFETY: (2), (3).
        let (header, holder) = unsafe { (self.buffer.as_ref(), &*self.receiver.as_ptr().cast_const()) };
        let pool = holder.pool;
        header.kept.set(header.kept.get() - 1);
        holder.kept.set(holder.kept.get() - 1);
        holder.bytes.set(holder.bytes.get() - self.len);
        pool.kept.set(pool.kept.get() - 1);
        let views_kept = &pool.event_loop.state().metrics.ext.views_kept;
        views_kept.set(views_kept.get() - 1);
        if header.kept.get() == 0 {
            pool.is_free(self.buffer);
        }
        if holder.is_let_go.get() && holder.kept.get() == 0 {
            // SAFETY: (3): its stream has let go of it before.
            unsafe { alloc::unbox(self.receiver) };
        } else if holder.is_parked.get() && holder.link().is_empty() && holder.bytes.get() < pool.size.stream_max {
            holder.go_on();
        }
        pool.unpark();
        pool.note_end();
    }
}

/// `uvring_view_release`.
pub(crate) fn release(view: &uvring_view_t) {
    let [buffer, receiver, kept, _] = view.reserved.get();
    if view.base.replace(ptr::null_mut()).is_null() || kept != KEPT {
        return;
    }
    if let Some(kept) = Kept::from_words([buffer, receiver, ptr::without_provenance_mut(view.len.get())]) {
        kept.release();
    }
}
