//! What a child does from its start to its program.
//!
//! It makes system calls and nothing else, because the memory is its parent's, or a copy that other threads of the parent
//! have left in any state. The argument for the unsafe code is that of `spawn.rs`.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_char, c_int, c_long, c_void, gid_t};

use super::Plan;
use crate::abi::Result;
use crate::base::alloc::Array;
use crate::sys::signals;

/// A plan, and what was made for it before the child started.
pub(super) struct Job<'a> {
    pub(super) plan: &'a Plan,
    env: *const *mut c_char,
    /// Where programs are looked for.
    path: *const c_char,
    /// The shell's arguments: its name, room for that of a file that is no program, and the plan's further ones.
    shell_args: *mut *mut c_char,
    /// For a child that borrows the memory: what failed (`errno`), or 0.
    pub(super) error: Cell<c_int>,
    /// For a child of `fork`: the pipe that tells the parent. The program must not get it.
    pub(super) writer: Option<c_int>,
}

/// Where programs are looked for if the child has no `PATH`.
const DEFAULT_PATH: &std::ffi::CStr = c"/usr/bin:/bin";

/// What runs scripts that do not say what runs them.
const SHELL: &std::ffi::CStr = c"/bin/sh";

const PATH_MAX: usize = libc::PATH_MAX as usize;
const NAME_MAX: usize = libc::NAME_MAX as usize;

/// True for a name to look up that no file can have.
///
/// # Safety
/// (1): a string.
pub(super) unsafe fn is_too_long(file: *const c_char) -> bool {
    // SAFETY: (1).
    unsafe { libc::strchr(file, c_int::from(b'/')).is_null() && libc::strnlen(file, NAME_MAX + 1) > NAME_MAX }
}

impl<'a> Job<'a> {
    /// # Safety
    /// (1); `shell_args`, empty, lives as long.
    pub(super) unsafe fn new(plan: &'a Plan, shell_args: &mut Array<*mut c_char>) -> Result<Job<'a>> {
        let env = if plan.env.is_null() { environment() } else { plan.env };
        shell_args.extend(&[SHELL.as_ptr().cast_mut(), ptr::null_mut()])?;
        // SAFETY: (1).
        let path = unsafe {
            if !plan.args.is_null() && !(*plan.args).is_null() {
                let mut next = plan.args.add(1);
                while !(*next).is_null() {
                    shell_args.push(*next)?;
                    next = next.add(1);
                }
            }
            search_path(env)
        };
        shell_args.push(ptr::null_mut())?;
        Ok(Job { plan, env, path, shell_args: shell_args.as_mut_ptr(), error: Cell::new(0), writer: None })
    }
}

fn environment() -> *const *mut c_char {
    unsafe extern "C" {
        static environ: *const *mut c_char;
    }
    // SAFETY: libc's; changing it while it is read is the program's mistake.
    unsafe { environ }
}

/// # Safety
/// `env` is NULL or an array of strings, ended by NULL.
unsafe fn search_path(mut env: *const *mut c_char) -> *const c_char {
    // SAFETY: the caller's.
    unsafe {
        while !env.is_null() && !(*env).is_null() {
            if libc::strncmp(*env, c"PATH=".as_ptr(), 5) == 0 {
                return (*env).add(5);
            }
            env = env.add(1);
        }
    }
    DEFAULT_PATH.as_ptr()
}

/// Ends a call of the child's that failed with its `errno`.
macro_rules! check {
    ($call:expr) => {{
        let done: c_long = $call;
        if done < 0 {
            return last();
        }
        done
    }};
}

/// One system call of the child's: [`libc::syscall`] is no cancellation point and keeps no state.
macro_rules! sys {
    ($number:ident $(, $argument:expr)*) => {
        // SAFETY: (1), (2).
        unsafe { libc::syscall(libc::$number $(, $argument)*) }
    };
}

fn last() -> c_int {
    // SAFETY: always valid; the child has its parent's, which waits.
    unsafe { *libc::__errno_location() }
}

/// Leaves the process without a trace in its memory.
pub(super) fn end() -> c_int {
    sys!(SYS_exit_group, 127);
    127
}

/// The life of a child that borrows the memory.
pub(super) extern "C" fn borrowing(job: *mut c_void) -> c_int {
    // SAFETY: (1).
    let job = unsafe { &*job.cast::<Job>() };
    job.error.set(job.run());
    end()
}

/// The life of a child of `fork`.
pub(super) fn forked(job: &Job) {
    let error = job.run();
    if let Some(writer) = job.writer {
        signals::send(writer, &error);
    }
    end();
}

impl Job<'_> {
    /// Returns only if something failed, with its `errno`.
    fn run(&self) -> c_int {
        reset_handlers();
        if self.plan.new_session {
            sys!(SYS_setsid);
        }
        // Which of two mistakes is told: as with libuv, whose two ways to make a child differ in it.
        let steps = [Job::change_directory, Job::place_descriptors];
        for at in if self.writer.is_some() { [1, 0] } else { [0, 1] } {
            let error = steps[at](self);
            if error != 0 {
                return error;
            }
        }
        let error = self.change_rights();
        if error != 0 {
            return error;
        }
        signals::set_mask(0);
        self.exec()
    }

    fn change_directory(&self) -> c_int {
        if !self.plan.cwd.is_null() {
            check!(sys!(SYS_chdir, self.plan.cwd));
        }
        0
    }

    fn change_rights(&self) -> c_int {
        if self.plan.changes_rights() {
            // The parent's further groups would let a child without its rights do more than it should. Only root can.
            sys!(SYS_setgroups, 0usize, ptr::null::<gid_t>());
        }
        if let Some(gid) = self.plan.gid {
            check!(sys!(SYS_setgid, gid));
        }
        if let Some(uid) = self.plan.uid {
            check!(sys!(SYS_setuid, uid));
        }
        0
    }

    /// What becomes the child's descriptor `at`, in the parent.
    fn source(&self, at: usize) -> c_int {
        // SAFETY: (1); `at` is below the count.
        unsafe { *self.plan.stdio.add(at) }
    }

    /// Gives the child its descriptors, each under its new number only; 0, or what failed.
    fn place_descriptors(&self) -> c_int {
        let count = self.plan.stdio_count;
        // Those that would be overwritten before they are used, as when stdout and stderr change places, move up first.
        for at in 0..count {
            let from = self.source(at);
            if from >= 0 && (from as usize) < at {
                let copy = check!(self.move_up(from));
                // SAFETY: (1).
                unsafe { *self.plan.stdio.add(at) = copy as c_int };
            }
        }
        for at in 0..count {
            let from = self.source(at);
            let error = if from >= 0 { place(from, at as c_int) } else { place_nothing(at as c_int) };
            if error != 0 {
                return error;
            }
        }
        // Otherwise who reads from one would not see its end when the child closes it.
        for at in 0..count {
            let from = self.source(at);
            if from >= 0 && from as usize >= count {
                sys!(SYS_close, from);
            }
        }
        0
    }

    /// Copies a descriptor to a number that nothing is placed at; negative, with `errno`, if there is none.
    fn move_up(&self, from: c_int) -> c_long {
        let count = self.plan.stdio_count as c_int;
        let copy = sys!(SYS_fcntl, from, libc::F_DUPFD_CLOEXEC, count);
        if copy >= 0 || last() != libc::EMFILE {
            return copy;
        }
        // With no number left it takes that of a descriptor which the program would not get.
        for number in count.. {
            let flags = sys!(SYS_fcntl, number, libc::F_GETFD);
            if flags < 0 {
                break;
            }
            let is_needed = self.writer == Some(number) || (0..count).any(|at| self.source(at as usize) == number);
            if flags & c_long::from(libc::FD_CLOEXEC) != 0 && !is_needed {
                return sys!(SYS_dup3, from, number, libc::O_CLOEXEC);
            }
        }
        copy
    }

    /// Returns only if no program was found that runs.
    fn exec(&self) -> c_int {
        // SAFETY: (1): a string.
        let (slash, length) =
            unsafe { (libc::strchr(self.plan.file, c_int::from(b'/')), libc::strlen(self.plan.file)) };
        if !slash.is_null() {
            // SAFETY: (1).
            return unsafe { self.try_file(self.plan.file) };
        }
        // SAFETY: (1).
        if unsafe { is_too_long(self.plan.file) } {
            return libc::ENAMETOOLONG;
        }
        // Without a name the directories themselves would be tried; for a child with rights of its own libuv leaves this to `execvp`.
        if length == 0 && self.plan.changes_rights() {
            return libc::ENOENT;
        }
        let mut denied = false;
        let mut error = libc::ENOENT;
        let mut dir = self.path;
        loop {
            // SAFETY: (1): a string.
            let end = unsafe { dir.add(libc::strcspn(dir, c":".as_ptr())) };
            // SAFETY: both in that string.
            let dir_length = unsafe { end.offset_from(dir) } as usize;
            if dir_length < PATH_MAX {
                // SAFETY: (1).
                error = unsafe { self.try_in(dir, dir_length, length) };
            }
            match error {
                libc::EACCES => denied = true,
                libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT => {}
                error => return error,
            }
            // SAFETY: `end` is a colon or the end of the string.
            unsafe {
                if *end == 0 {
                    return if denied { libc::EACCES } else { error };
                }
                dir = end.add(1);
            }
        }
    }

    /// Tries the file, whose name is `length` bytes long, in a directory.
    ///
    /// # Safety
    /// (1)
    unsafe fn try_in(&self, dir: *const c_char, dir_length: usize, length: usize) -> c_int {
        let mut path = [const { MaybeUninit::<c_char>::uninit() }; PATH_MAX + NAME_MAX + 1];
        let candidate = path.as_mut_ptr().cast::<c_char>();
        // SAFETY: (1): strings, of fewer than PATH_MAX and at most NAME_MAX bytes; a slash and the NUL fit as well.
        unsafe {
            let mut out = candidate;
            // An empty entry is the working directory.
            if dir_length > 0 {
                ptr::copy_nonoverlapping(dir, out, dir_length);
                out = out.add(dir_length);
                *out = b'/' as c_char;
                out = out.add(1);
            }
            ptr::copy_nonoverlapping(self.plan.file, out, length + 1);
            self.try_file(candidate)
        }
    }

    /// # Safety
    /// `file` is a string.
    unsafe fn try_file(&self, file: *const c_char) -> c_int {
        sys!(SYS_execve, file, self.plan.args, self.env);
        if last() == libc::ENOEXEC {
            // SAFETY: (1): the place that `new` left for it.
            unsafe { *self.shell_args.add(1) = file.cast_mut() };
            sys!(SYS_execve, SHELL.as_ptr(), self.shell_args, self.env);
        }
        last()
    }
}

/// Gives every signal its default action, those that the parent ignores included.
fn reset_handlers() {
    // The kernel's `struct sigaction`: zero bytes are the default. libc's function would refuse its own signals.
    let default = [0u64; 4];
    for signum in 1..signals::COUNT {
        sys!(SYS_rt_sigaction, signum, default.as_ptr(), ptr::null::<u64>(), size_of::<u64>());
    }
}

/// Makes `from` the child's descriptor `at`, which blocks, as programs expect of what they are given.
fn place(from: c_int, at: c_int) -> c_int {
    if from == at {
        check!(sys!(SYS_fcntl, at, libc::F_SETFD, 0));
    } else {
        check!(sys!(SYS_dup3, from, at, 0));
    }
    let off: c_int = 0;
    sys!(SYS_ioctl, at, libc::FIONBIO, &raw const off);
    0
}

/// Below 3, makes /dev/null the child's descriptor `at`. Those before it are taken, so it is the first free one then.
fn place_nothing(at: c_int) -> c_int {
    if at > 2 {
        return 0;
    }
    // It may be the number without which there is none left.
    sys!(SYS_close, at);
    let mode = if at == 0 { libc::O_RDONLY } else { libc::O_RDWR };
    check!(sys!(SYS_openat, libc::AT_FDCWD, c"/dev/null".as_ptr(), mode));
    0
}
