//! The directories below a directory that is watched with `UV_FS_EVENT_RECURSIVE`.
//!
//! inotify watches one directory at a time. So a recursive handle has a *tree*: a *branch* for each directory below its own,
//! which says what the directory is called seen from there, and hangs on the directory's watch beside plain handles.
//!
//! - A new directory is walked: branches for it and those inside, and what is found in it is reported, because it may have
//!   come before the watch did. (Something may so be reported twice, but nothing never.)
//! - A directory that moves away is *lost* until the records at hand have been read. If it turns up under another name
//!   meanwhile, its branches, whose watches go on all the time, get that name. Those still lost then are cut off.
//! - When the kernel's queue overflows everything is walked anew.
//!
//! Argument for the unsafe code: (1) a handle's tree is boxed, in the first reserved word of the handle, from `grow` to
//! `stop`; (2) its branches are boxed, and linked into the tree's list and that of a watch from their making to `cut`.
//! Nothing here calls user code.

use std::cell::Cell;
use std::ffi::CStr;
use std::ptr::{self, NonNull};

use libc::{c_char, c_int, c_uint, c_void};
use once_cell::race::OnceBool;

use super::fs_watch::{Found, Inotify};
use crate::abi::*;
use crate::base::alloc;
use crate::base::alloc::Array;
use crate::base::environment;
use crate::base::queue;
use crate::base::queue::Link;
use crate::model::handle::FsEvent;
use crate::sys::{directory, inotify};

/// `UVRING_FS_EVENT_RECURSIVE=0` in the environment: ignore the flag, as libuv does.
fn is_off() -> bool {
    static IS_OFF: OnceBool = OnceBool::new();
    IS_OFF.get_or_init(|| environment::is(c"UVRING_FS_EVENT_RECURSIVE", c"0"))
}

/// A directory below the handle's own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Branch(NonNull<Body>);

struct Body {
    in_watch: uv__queue,
    in_tree: uv__queue,
    handle: FsEvent,
    wd: c_int,
    /// Seen from the handle's directory.
    path: Cell<*mut c_char>,
    /// Moved away, and not seen elsewhere yet.
    is_lost: Cell<bool>,
}

#[derive(Clone, Copy)]
struct Tree(NonNull<Trunk>);

struct Trunk {
    /// Where the handle's directory is, absolute, so that the process may change its own. Of libc's memory.
    root: *mut c_char,
    branches: uv__queue,
    /// Some branch is lost.
    is_torn: Cell<bool>,
}

/// A path in the making, on the stack. What does not fit is no path for the kernel either.
pub(crate) struct Joined {
    bytes: [u8; libc::PATH_MAX as usize],
    len: usize,
}

impl Joined {
    /// `first/second`; just one of them if the other is empty.
    pub(crate) fn new(first: &CStr, second: &CStr) -> Result<Joined> {
        let mut joined = Joined { bytes: [0; libc::PATH_MAX as usize], len: 0 };
        joined.add(first.to_bytes())?;
        if !first.is_empty() && !second.is_empty() {
            joined.add(b"/")?;
        }
        joined.add(second.to_bytes())?;
        Ok(joined)
    }

    fn add(&mut self, part: &[u8]) -> Result {
        let end = self.len + part.len();
        // One more for the NUL.
        if end >= self.bytes.len() {
            return Err(Errno::ENAMETOOLONG);
        }
        self.bytes[self.len..end].copy_from_slice(part);
        self.len = end;
        Ok(())
    }

    pub(crate) fn as_c(&self) -> &CStr {
        // SAFETY: the parts have no NUL, and zeros follow.
        unsafe { CStr::from_bytes_with_nul_unchecked(&self.bytes[..=self.len]) }
    }
}

impl Branch {
    fn body(&self) -> &Body {
        // SAFETY: (2).
        unsafe { self.0.as_ref() }
    }

    /// The branch with this link in the list of a watch.
    pub(crate) fn of_link(link: Link) -> Branch {
        // SAFETY: (2).
        Branch(unsafe { NonNull::new_unchecked(queue::owner!(link, Body, in_watch)) })
    }

    fn of_tree_link(link: Link) -> Branch {
        // SAFETY: (2).
        Branch(unsafe { NonNull::new_unchecked(queue::owner!(link, Body, in_tree)) })
    }

    fn in_watch(self) -> Link {
        // SAFETY: (2).
        unsafe { Link::at(&raw const (*self.0.as_ptr()).in_watch) }
    }

    fn in_tree(self) -> Link {
        // SAFETY: (2).
        unsafe { Link::at(&raw const (*self.0.as_ptr()).in_tree) }
    }

    pub(crate) fn handle(self) -> FsEvent {
        self.body().handle
    }

    pub(crate) fn wd(self) -> c_int {
        self.body().wd
    }

    pub(crate) fn path(&self) -> &CStr {
        // SAFETY: a string of our own.
        unsafe { CStr::from_ptr(self.body().path.get()) }
    }

    /// Ends the branch, and its watch if nobody else is there.
    pub(super) fn cut(self, inotify: &Inotify) {
        self.in_tree().unlink();
        self.in_watch().unlink();
        inotify.release(self.wd());
        // SAFETY: (2): in no list any more.
        unsafe {
            alloc::free(self.body().path.get().cast());
            alloc::unbox(self.0);
        }
    }
}

fn reserved(handle: FsEvent) -> [*mut c_void; 4] {
    // SAFETY: the library's own words, set by `Handle::init`.
    unsafe { handle.u.get().reserved }
}

impl Tree {
    fn of(handle: FsEvent) -> Option<Tree> {
        NonNull::new(reserved(handle)[0].cast()).map(Tree)
    }

    fn set(handle: FsEvent, tree: *mut Trunk) {
        let mut reserved = reserved(handle);
        reserved[0] = tree.cast();
        handle.u.set(uv__handle_u { reserved });
    }

    fn trunk(&self) -> &Trunk {
        // SAFETY: (1).
        unsafe { self.0.as_ref() }
    }

    fn branches(self) -> Link {
        // SAFETY: (1).
        unsafe { Link::at(&raw const (*self.0.as_ptr()).branches) }
    }

    /// Calls `f` with each branch, which it may cut.
    fn each(self, mut f: impl FnMut(Branch)) {
        let mut next = self.branches().first();
        while let Some(link) = next {
            next = link.next_in(self.branches());
            f(Branch::of_tree_link(link));
        }
    }

    /// Watches the directory at `path`, seen from the root. `None` if there is none (any more), none that may be watched,
    /// or nothing new about it.
    fn watch(self, handle: FsEvent, inotify: &Inotify, path: &CStr) -> Result<Option<Branch>> {
        // SAFETY: a string of libc's that `stop` frees.
        let root = unsafe { CStr::from_ptr(self.trunk().root) };
        let Ok(full) = Joined::new(root, path) else { return Ok(None) };
        let own_path = alloc::strdup(path)?;
        let new = Body {
            in_watch: uv__queue::new(),
            in_tree: uv__queue::new(),
            handle,
            wd: -1,
            path: Cell::new(own_path),
            is_lost: Cell::new(false),
        };
        // SAFETY: just made.
        let discard = || unsafe { alloc::free(own_path.cast()) };
        let mut new = alloc::boxed(new).inspect_err(|_| discard())?;
        let mask = inotify::CHANGES | libc::IN_ONLYDIR | libc::IN_DONT_FOLLOW;
        let acquired = inotify.acquire(full.as_c(), mask);
        let known = acquired.ok().and_then(|wd| inotify.find_branch(wd, handle));
        let result = match acquired {
            // A branch that was lost, or that another walk has found.
            Ok(wd) if known.is_some() || wd == handle.wd.get() => Ok(known),
            Ok(wd) => {
                // SAFETY: ours alone so far.
                unsafe { new.as_mut() }.wd = wd;
                let new = Branch(new);
                new.in_tree().init();
                new.in_watch().init();
                inotify.hold_branch(wd, new.in_watch());
                self.branches().push_back(new.in_tree());
                return Ok(Some(new));
            }
            Err(Errno::ENOSPC | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE) => acquired.map(|_| None),
            Err(_) => Ok(None),
        };
        // SAFETY: in no list.
        unsafe { alloc::unbox(new) };
        match known {
            Some(branch) => {
                // SAFETY: a string of our own.
                unsafe { alloc::free(branch.body().path.replace(own_path).cast()) };
                // One that was there all the time has been walked.
                if !branch.body().is_lost.replace(false) {
                    return Ok(None);
                }
            }
            None => discard(),
        }
        result
    }

    /// Makes branches for all directories inside the one at `path`, and reports what is found if asked to.
    fn walk(self, handle: FsEvent, inotify: &Inotify, path: &CStr, report: bool) -> Result {
        // SAFETY: a string of libc's that `stop` frees.
        let root = unsafe { CStr::from_ptr(self.trunk().root) };
        let mut todo: Array<Option<Branch>> = Array::new();
        todo.push(None)?;
        let mut at = 0;
        while let Some(directory) = todo.get(at).copied() {
            at += 1;
            let here = Joined::new(directory.as_ref().map_or(path, |branch| branch.path()), c"")?;
            let Ok(full) = Joined::new(root, here.as_c()) else { continue };
            // SAFETY: a C string.
            let result = unsafe {
                directory::each(full.as_c().as_ptr(), |name, may_be_directory| {
                    let Ok(inner) = Joined::new(here.as_c(), name) else { return Ok(()) };
                    if report {
                        inotify.find(Found::new(handle, Some(inner.as_c()), UV_RENAME, 0)?)?;
                    }
                    if may_be_directory && let Some(branch) = self.watch(handle, inotify, inner.as_c())? {
                        todo.push(Some(branch))?;
                    }
                    Ok(())
                })
            };
            // Otherwise it is gone, or closed to us.
            if let Err(e @ (Errno::ENOSPC | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE)) = result {
                return Err(e);
            }
        }
        Ok(())
    }

    /// A directory has come to `path`.
    fn adopt(self, handle: FsEvent, inotify: &Inotify, path: &CStr, report: bool) {
        let grown = self.watch(handle, inotify, path).and_then(|branch| match branch {
            Some(_) => self.walk(handle, inotify, path, report),
            None => Ok(()),
        });
        if let Err(e) = grown {
            // Without memory even for that, nobody hears of it.
            let _ = Found::new(handle, Some(path), 0, e.0).and_then(|found| inotify.find(found));
        }
    }

    /// The directory at `path` has gone, with all inside.
    fn lose(self, inotify: &Inotify, path: &CStr) {
        self.each(|branch| {
            let rest = branch.path().to_bytes().strip_prefix(path.to_bytes());
            if matches!(rest, Some([] | [b'/', ..])) {
                branch.body().is_lost.set(true);
            }
        });
        self.trunk().is_torn.set(true);
        inotify.is_torn.set(true);
    }
}

/// Watches the directories below the handle's own, if `flags` ask for it and it is a directory. `UV_ENOSPC` and so on if a
/// limit is reached; there is no tree then.
pub(super) fn grow(handle: FsEvent, inotify: &Inotify, flags: c_uint) -> Result {
    if flags & UV_FS_EVENT_RECURSIVE == 0 || is_off() {
        return Ok(());
    }
    // SAFETY: `start` set the path.
    let root = unsafe { directory::real_path(handle.path.get()) };
    if root.is_null() {
        return Err(Errno::last());
    }
    let trunk = alloc::boxed(Trunk { root, branches: uv__queue::new(), is_torn: Cell::new(false) });
    let trunk = trunk.inspect_err(|_| {
        // SAFETY: of libc's memory, just made.
        unsafe { libc::free(root.cast()) };
    })?;
    let tree = Tree(trunk);
    tree.branches().init();
    Tree::set(handle, trunk.as_ptr());
    tree.walk(handle, inotify, c"", false).inspect_err(|_| stop(handle, inotify))
}

/// Ends the tree of a handle, if it has one.
pub(super) fn stop(handle: FsEvent, inotify: &Inotify) {
    let Some(tree) = Tree::of(handle) else { return };
    Tree::set(handle, ptr::null_mut());
    tree.each(|branch| branch.cut(inotify));
    // SAFETY: (1): out of the handle, without branches.
    unsafe {
        libc::free(tree.trunk().root.cast());
        alloc::unbox(tree.0);
    }
}

/// In a forked child, whose watches have all ended: forgets the branches, but not that there is a tree.
pub(super) fn strip(handle: FsEvent, inotify: &Inotify) {
    if let Some(tree) = Tree::of(handle) {
        tree.each(|branch| branch.cut(inotify));
    }
}

/// Makes the branches of a tree that was stripped.
pub(super) fn start(handle: FsEvent, inotify: &Inotify) -> Result {
    Tree::of(handle).map_or(Ok(()), |tree| tree.walk(handle, inotify, c"", false))
}

/// Something called `name` has changed in the directory at `path`: keeps the tree in step if it is a directory.
pub(super) fn heed(handle: FsEvent, inotify: &Inotify, path: &CStr, name: &CStr, mask: u32) {
    let Some(tree) = Tree::of(handle) else { return };
    if mask & libc::IN_ISDIR == 0 {
        return;
    }
    let Ok(path) = Joined::new(path, name) else { return };
    if mask & (libc::IN_CREATE | libc::IN_MOVED_TO) != 0 {
        tree.adopt(handle, inotify, path.as_c(), mask & libc::IN_CREATE != 0);
    } else if mask & libc::IN_MOVED_FROM != 0 {
        tree.lose(inotify, path.as_c());
    }
}

/// Cuts off what is still lost.
pub(super) fn prune(handle: FsEvent, inotify: &Inotify) {
    let Some(tree) = Tree::of(handle) else { return };
    if tree.trunk().is_torn.replace(false) {
        tree.each(|branch| {
            if branch.body().is_lost.get() {
                branch.cut(inotify);
            }
        });
    }
}

/// Records have been dropped: looks at everything again, if there is a tree.
pub(super) fn rebuild(handle: FsEvent, inotify: &Inotify) -> Result {
    let Some(tree) = Tree::of(handle) else { return Ok(()) };
    tree.lose(inotify, c"");
    tree.each(|branch| branch.body().is_lost.set(true));
    tree.walk(handle, inotify, c"", false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_paths() {
        let join = |a, b| Joined::new(a, b).unwrap().as_c().to_owned();
        assert_eq!(join(c"a/b", c"c").as_c_str(), c"a/b/c");
        assert_eq!(join(c"", c"c").as_c_str(), c"c");
        assert_eq!(join(c"a", c"").as_c_str(), c"a");
        let long = std::ffi::CString::new(vec![b'x'; 4000]).unwrap();
        assert!(Joined::new(&long, &long).is_err());
    }
}
