//! What a loop watches with its inotify descriptor, and the delivery of what is read from it:
//!
//! ```text
//! loop->inotify_watchers → Inotify { watches by number, buffer of records }
//!                              Watch { number } ⇄ handle ⇄ handle …, ⇄ branch ⇄ branch … (see `fs_tree.rs`)
//! ```
//!
//! The kernel watches files, not paths: several handles on one file, by whatever path, share a watch, which ends with
//! the last of them. It also ends when the file is deleted; its handles stay active then, as with libuv, and hear no
//! more.
//!
//! Argument for the unsafe code: (1) `loop->inotify_watchers` is NULL or the box that `Inotify::of` put there, which
//! lives until `loop_cleanup`, when no handle is left; (2) a watch is in the table as long as it counts a holder (a
//! handle, or a branch of one), and each of them is linked either to it or to a head in `walking`.

mod table;

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::CStr;
use std::ptr;

use libc::{c_char, c_int};

use self::table::Table;
use super::fs_descriptor;
use super::fs_tree::{self, Branch, Joined};
use crate::abi::*;
use crate::base::alloc;
use crate::base::alloc::Array;
use crate::base::queue::Link;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{FsEvent, Handle, Kind};
use crate::sys::inotify;

/// A file that is watched.
struct Watch {
    /// Heads of the lists of its handles, and of the branches of recursive ones.
    handles: uv__queue,
    branches: uv__queue,
    /// How many there are of both, those in `walking` included.
    count: Cell<usize>,
}

/// Something to tell that no record says.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// `None` if the handle was stopped meanwhile.
    handle: Option<FsEvent>,
    /// Of its own memory, or NULL.
    name: *mut c_char,
    events: c_int,
    status: c_int,
}

impl Found {
    pub(super) fn new(handle: FsEvent, name: Option<&CStr>, events: c_int, status: c_int) -> Result<Found> {
        let name = name.map_or(Ok(ptr::null_mut()), alloc::strdup)?;
        Ok(Found { handle: Some(handle), name, events, status })
    }

    fn discard(&mut self) {
        self.handle = None;
        // SAFETY: `new` made it.
        unsafe { alloc::free(std::mem::replace(&mut self.name, ptr::null_mut()).cast()) };
    }
}

/// What a loop has of inotify; at `loop->inotify_watchers`.
pub(super) struct Inotify {
    event_loop: Loop,
    watches: RefCell<Table>,
    /// Handles and branches that have yet to hear of the event that is being delivered. Here and not on the stack: a
    /// callback may `longjmp` away.
    walking: [uv__queue; 2],
    /// Records read; those before `at` have been delivered.
    records: UnsafeCell<Records>,
    at: Cell<usize>,
    len: Cell<usize>,
    /// To be told after the event at hand; those before `told` have been.
    found: RefCell<Array<Found>>,
    told: Cell<usize>,
    /// Some tree has lost branches.
    pub(super) is_torn: Cell<bool>,
}

/// Aligned as records are.
#[repr(C, align(8))]
struct Records([u8; 4096]);

impl Inotify {
    pub(super) fn get(event_loop: Loop) -> Option<&'static Inotify> {
        // SAFETY: (1); all fields are cells, and nobody keeps the reference beyond the loop.
        unsafe { event_loop.inotify_watchers.get().cast::<Inotify>().as_ref() }
    }

    /// The loop's, made if there is none yet.
    pub(super) fn of(event_loop: Loop) -> Result<&'static Inotify> {
        if Inotify::get(event_loop).is_none() {
            let new = alloc::boxed(Inotify {
                event_loop,
                watches: RefCell::new(Table::new()),
                walking: [const { uv__queue::new() }; 2],
                records: UnsafeCell::new(Records([0; 4096])),
                at: Cell::new(0),
                len: Cell::new(0),
                found: RefCell::new(Array::new()),
                told: Cell::new(0),
                is_torn: Cell::new(false),
            })?;
            event_loop.inotify_watchers.set(new.as_ptr().cast());
            if let Some(inotify) = Inotify::get(event_loop) {
                inotify.walking().init();
                inotify.walking_branches().init();
            }
        }
        if event_loop.inotify_fd.get() == -1 {
            fs_descriptor::open(event_loop)?;
        }
        Inotify::get(event_loop).ok_or(Errno::ENOMEM)
    }

    pub(super) fn walking(&'static self) -> Link {
        // SAFETY: (1).
        unsafe { Link::at(&raw const self.walking[0]) }
    }

    fn walking_branches(&'static self) -> Link {
        // SAFETY: (1).
        unsafe { Link::at(&raw const self.walking[1]) }
    }

    /// The handles of a watch, if it still exists.
    fn handles(&self, wd: c_int) -> Option<Link> {
        let watch = self.watches.borrow().get(wd)?;
        // SAFETY: (2).
        Some(unsafe { Link::at(&raw const (*watch.as_ptr()).handles) })
    }

    /// The branches of a watch, if it still exists.
    fn branches(&self, wd: c_int) -> Option<Link> {
        let watch = self.watches.borrow().get(wd)?;
        // SAFETY: (2).
        Some(unsafe { Link::at(&raw const (*watch.as_ptr()).branches) })
    }

    /// The branch of this handle at a watch.
    pub(super) fn find_branch(&self, wd: c_int, handle: FsEvent) -> Option<Branch> {
        let branches = self.branches(wd)?;
        let mut next = branches.first();
        while let Some(link) = next {
            if Branch::of_link(link).handle() == handle {
                return Some(Branch::of_link(link));
            }
            next = link.next_in(branches);
        }
        None
    }

    /// Watches what is at `path`. Somebody has to be held by the watch then.
    pub(super) fn acquire(&self, path: &CStr, mask: u32) -> Result<c_int> {
        let fd = self.event_loop.inotify_fd.get();
        self.watches.borrow_mut().reserve()?;
        let wd = inotify::add(fd, path, mask)?;
        if self.handles(wd).is_none() {
            let new = Watch { handles: uv__queue::new(), branches: uv__queue::new(), count: Cell::new(0) };
            let watch = alloc::boxed(new).inspect_err(|_| inotify::remove(fd, wd))?;
            // SAFETY: just made.
            unsafe {
                Link::at(&raw const (*watch.as_ptr()).handles).init();
                Link::at(&raw const (*watch.as_ptr()).branches).init();
            }
            self.watches.borrow_mut().insert(wd, watch);
        }
        Ok(wd)
    }

    /// Counts a holder of a watch.
    fn hold(&self, wd: c_int) {
        if let Some(watch) = self.watches.borrow().get(wd) {
            // SAFETY: (2).
            let count = unsafe { &watch.as_ref().count };
            count.set(count.get() + 1);
        }
    }

    /// Links a branch to a watch.
    pub(super) fn hold_branch(&self, wd: c_int, link: Link) {
        if let Some(branches) = self.branches(wd) {
            branches.push_back(link);
            self.hold(wd);
        }
    }

    /// A holder, in no list any more, gives up a watch, which ends with the last.
    pub(super) fn release(&self, wd: c_int) {
        let Some(watch) = self.watches.borrow().get(wd) else { return };
        // SAFETY: (2).
        let left = unsafe { watch.as_ref() }.count.get() - 1;
        // SAFETY: (2).
        unsafe { watch.as_ref() }.count.set(left);
        if left == 0 {
            self.watches.borrow_mut().remove(wd);
            // SAFETY: (2): out of the table, with empty lists.
            unsafe { alloc::unbox(watch) };
            inotify::remove(self.event_loop.inotify_fd.get(), wd);
        }
    }

    /// Links a handle to the watch of what is at its path.
    pub(super) fn watch(&self, handle: FsEvent) -> Result {
        // SAFETY: an active handle has a path.
        let wd = self.acquire(unsafe { CStr::from_ptr(handle.path.get()) }, inotify::CHANGES)?;
        if let Some(handles) = self.handles(wd) {
            handles.push_back(handle.link());
            self.hold(wd);
        }
        handle.wd.set(wd);
        Ok(())
    }

    /// Takes a handle off its watch.
    pub(super) fn unwatch(&self, handle: FsEvent) {
        handle.link().unlink();
        self.release(handle.wd.replace(-1));
    }

    /// Ends all watches without a word to the kernel; their handles are in `walking` then.
    pub(super) fn forget_all(&'static self) {
        self.at.set(0);
        self.len.set(0);
        self.collect_strays();
        let (todo, branches) = (self.walking(), self.walking_branches());
        loop {
            let next = self.watches.borrow_mut().pop();
            let Some(watch) = next else { break };
            // SAFETY: (2): out of the table; what it holds is moved away.
            unsafe {
                // The last comes first: put those after it behind its own, so that all are watched again in the order they had.
                for (list, all) in
                    [(&raw const (*watch.as_ptr()).handles, todo), (&raw const (*watch.as_ptr()).branches, branches)]
                {
                    let list = Link::at(list);
                    list.append_all(all);
                    all.append_all(list);
                }
                alloc::unbox(watch);
            }
        }
        let mut next = todo.first();
        while let Some(link) = next {
            next = link.next_in(todo);
            FsEvent::of_link(link).wd.set(-1);
            fs_tree::strip(FsEvent::of_link(link), self);
        }
    }

    /// Puts handles and branches back to their watches that an interrupted delivery left out.
    pub(super) fn collect_strays(&'static self) {
        while let Some(link) = self.walking().pop_front() {
            if let Some(handles) = self.handles(FsEvent::of_link(link).wd.get()) {
                handles.push_back(link);
            }
        }
        while let Some(link) = self.walking_branches().pop_front() {
            if let Some(branches) = self.branches(Branch::of_link(link).wd()) {
                branches.push_back(link);
            }
        }
    }

    /// Reads records; false if there are none. What callbacks have changed meanwhile is among them.
    pub(super) fn read(&self) -> bool {
        self.at.set(0);
        let buffer = self.records.get().cast::<u8>();
        // SAFETY: the buffer is ours, and all records in it have been delivered.
        match unsafe { inotify::read(self.event_loop.inotify_fd.get(), buffer, size_of::<Records>()) } {
            Ok(n) => self.len.set(n),
            Err(_) => self.len.set(0),
        }
        self.len.get() > 0
    }

    /// The next record that has not been delivered.
    pub(super) fn next_event(&self) -> Option<inotify::Event> {
        if self.at.get() >= self.len.get() {
            return None;
        }
        // SAFETY: the kernel wrote whole records up to `len`, and `at` is where one begins.
        let event = unsafe { inotify::event_at(self.records.get().cast::<u8>().add(self.at.get())) };
        self.at.set(self.at.get() + event.size);
        Some(event)
    }

    /// Tells whoever holds the watch. Those that a callback adds do not hear of this event.
    pub(super) fn deliver(&'static self, event: &inotify::Event) {
        if event.mask & libc::IN_Q_OVERFLOW != 0 {
            return each_active(self.event_loop, |handle| self.find_loss(handle));
        }
        let mut events = 0;
        if event.mask & inotify::CONTENT != 0 {
            events |= UV_CHANGE;
        }
        if event.mask & !inotify::CONTENT != 0 {
            events |= UV_RENAME;
        }
        // The watch may have ended, with records still to come.
        if let Some(handles) = self.handles(event.wd) {
            self.walking().append_all(handles);
        }
        while let Some(link) = self.walking().pop_front() {
            let handle = FsEvent::of_link(link);
            // The watch may have ended and come again in a callback; the handle says which one is its own.
            if let Some(handles) = self.handles(handle.wd.get()) {
                handles.push_back(link);
            }
            if event.name.is_null() {
                tell_own_name(handle, events);
            } else {
                // SAFETY: the record's name, ended by a NUL, in the buffer that is read into only after the callback.
                fs_tree::heed(handle, self, c"", unsafe { CStr::from_ptr(event.name) }, event.mask);
                callback::fs_event(handle, event.name, events, 0);
            }
        }
        if let Some(branches) = self.branches(event.wd) {
            self.walking_branches().append_all(branches);
        }
        while let Some(link) = self.walking_branches().pop_front() {
            let branch = Branch::of_link(link);
            if let Some(branches) = self.branches(branch.wd()) {
                branches.push_back(link);
            }
            self.deliver_to_branch(branch, event, events);
        }
    }

    fn deliver_to_branch(&'static self, branch: Branch, event: &inotify::Event, events: c_int) {
        if event.name.is_null() {
            // What happens to the directory itself is told by the watch of the one that it is in.
            if event.mask & libc::IN_IGNORED != 0 {
                branch.cut(self);
            }
            return;
        }
        // SAFETY: as in `deliver`.
        let name = unsafe { CStr::from_ptr(event.name) };
        let Ok(path) = Joined::new(branch.path(), name) else { return };
        let handle = branch.handle();
        fs_tree::heed(handle, self, c"", path.as_c(), event.mask);
        callback::fs_event(handle, path.as_c().as_ptr(), events, 0);
    }

    /// Records were dropped, so nobody knows what has changed: that is told as a change of something without a name.
    fn find_loss(&self, handle: FsEvent) {
        let status = match fs_tree::rebuild(handle, self) {
            Ok(()) => 0,
            Err(e) => e.0,
        };
        let _ = Found::new(handle, None, UV_CHANGE, status).and_then(|found| self.find(found));
    }

    /// Keeps something to be told. If there is no memory for it, it is not.
    pub(super) fn find(&self, mut found: Found) -> Result {
        self.found.borrow_mut().push(found).inspect_err(|_| found.discard())
    }

    pub(super) fn tell_found(&self) {
        loop {
            let next = self.found.borrow().get(self.told.get()).copied();
            let Some(mut found) = next else { break };
            self.told.set(self.told.get() + 1);
            let Some(handle) = found.handle else { continue };
            if found.name.is_null() {
                callback::fs_event(handle, ptr::null(), found.events, found.status);
                continue;
            }
            // SAFETY: a string of our own; copied, because a `longjmp` out of the callback would leave it behind.
            let path = Joined::new(unsafe { CStr::from_ptr(found.name) }, c"");
            found.discard();
            if let Ok(path) = path {
                callback::fs_event(handle, path.as_c().as_ptr(), found.events, found.status);
            }
        }
        self.found.borrow_mut().clear();
        self.told.set(0);
    }

    /// A handle stops: it is told nothing more.
    pub(super) fn forget(&self, handle: FsEvent) {
        for found in self.found.borrow_mut().iter_mut().skip(self.told.get()) {
            if found.handle == Some(handle) {
                found.discard();
            }
        }
    }
}

/// Calls back with the last part of the handle's path. In a copy: the callback may stop the handle, which frees the
/// path.
fn tell_own_name(handle: FsEvent, events: c_int) {
    // SAFETY: an active handle has a path.
    let path = unsafe { CStr::from_ptr(handle.path.get()) };
    let start = path.to_bytes().iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    // A path that could be opened is short enough.
    if let Ok(name) = Joined::new(&path[start..], c"") {
        callback::fs_event(handle, name.as_c().as_ptr(), events, 0);
    }
}

/// Calls `f` with each active file watcher of the loop; it must not call user code.
pub(super) fn each_active(event_loop: Loop, f: impl Fn(FsEvent)) {
    let all = event_loop.handle_queue();
    let mut next = all.first();
    while let Some(link) = next {
        next = link.next_in(all);
        let handle = Handle::of_link(link);
        if let Kind::FsEvent(watcher) = handle.kind()
            && handle.is_active()
        {
            f(watcher);
        }
    }
}
