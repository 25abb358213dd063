//! Starting a program in a child, without copying the parent's page tables where that can be.
//!
//! The child borrows the parent's memory, on a stack of its own, while the calling thread waits for it to `exec` or to end
//! (CLONE_VM, CLONE_VFORK). So between its start and `exec` it makes system calls and nothing else: no allocation, no lock,
//! no function of libc that keeps state. All signals are blocked until it has given every handler up, so that none of the
//! parent's runs in it.
//!
//! Two children are made by libc's `fork` instead, as libuv makes them, and the handlers of `pthread_atfork` run:
//! - one that changes its user or group. (Programs count on the handlers, and the kernel would take from a parent whose
//!   memory is borrowed the right to be dumped and traced.)
//! - any, under emulators and checkers (qemu, valgrind), which give a child that should borrow a copy, and do not wait for
//!   its `exec`. A first child that does nothing else shows which it is.
//!
//! What a child does until `exec` is in `spawn/child.rs`.
//!
//! Argument for the unsafe code: (1) what a [`Plan`] points to is valid until `spawn` returns, which is after the child
//! has left the memory; (2) `syscall` gets arguments of the types that the kernel documents for the call. Handlers of
//! `pthread_atfork` are user code that law 3 allows for: libc holds a lock meanwhile, so they return, or end the process.

mod child;

use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicU8,
    Ordering::{Relaxed, SeqCst},
};

use libc::{c_char, c_int, c_void, gid_t, pid_t, uid_t};

use self::child::Job;
use crate::abi::{Errno, Result};
use crate::base::alloc::{self, Array};
use crate::sys::call;
use crate::sys::signals::{self, AllBlocked};
use crate::sys::socket;

/// What to start, and how.
pub(crate) struct Plan {
    /// The program: a path, or a name to look up in the child's `PATH`.
    pub(crate) file: *const c_char,
    /// Its arguments, ended by NULL; NULL for none.
    pub(crate) args: *const *mut c_char,
    /// Its environment, ended by NULL; NULL for the parent's.
    pub(crate) env: *const *mut c_char,
    /// Its working directory, or NULL.
    pub(crate) cwd: *const c_char,
    /// It leads a session of its own.
    pub(crate) new_session: bool,
    pub(crate) uid: Option<uid_t>,
    pub(crate) gid: Option<gid_t>,
    /// Descriptors of the parent that become the child's from 0 on; negative for none, which is /dev/null below 3. The
    /// child changes them.
    pub(crate) stdio: *mut c_int,
    pub(crate) stdio_count: usize,
}

impl Plan {
    fn changes_rights(&self) -> bool {
        self.uid.is_some() || self.gid.is_some()
    }
}

/// A child that runs its program.
pub(crate) struct Started {
    pub(crate) pid: pid_t,
    /// Readable when the child has ended; -1 if the kernel gave none.
    pub(crate) pidfd: c_int,
}

/// Starts a program, and returns when it runs. `UV_E…` if it cannot be run, or if anything on the way to it failed; no child
/// is left then.
///
/// # Safety
/// (1); handlers of `pthread_atfork` may run in here.
pub(crate) unsafe fn spawn(plan: &Plan) -> Result<Started> {
    // With rights of its own the child tells what else is wrong first.
    // SAFETY: (1).
    if !plan.changes_rights() && unsafe { child::is_too_long(plan.file) } {
        return Err(Errno::ENAMETOOLONG);
    }
    let can_borrow = children_borrow()?;
    let mut shell_args = Array::new();
    // SAFETY: (1).
    let job = unsafe { Job::new(plan, &mut shell_args) }?;
    if can_borrow && !plan.changes_rights() {
        // SAFETY: (1).
        return unsafe { borrow(job) };
    }
    // SAFETY: (1).
    let pid = unsafe { fork(job) }?;
    // Checkers that do not know the call say so to the user.
    Ok(Started { pid, pidfd: if can_borrow { pidfd_of(pid) } else { -1 } })
}

/// A stack for a child that borrows the rest. The frames on it are a dozen small ones, and one of two paths.
struct Stack(*mut c_void);

impl Stack {
    const SIZE: usize = 32 * 1024;

    fn new() -> Result<Stack> {
        let at = alloc::malloc(Stack::SIZE);
        if at.is_null() { Err(Errno::ENOMEM) } else { Ok(Stack(at)) }
    }

    /// Its high end, where it begins, aligned as the processor wants it.
    fn end(&self) -> *mut c_void {
        self.0.wrapping_byte_add(Stack::SIZE).map_addr(|a| a & !15)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: ours, and the child has left it.
        unsafe { alloc::free(self.0) };
    }
}

/// Shares everything with the parent, which waits.
const BORROW: c_int = libc::CLONE_VM | libc::CLONE_VFORK;

/// Whether a child that should borrow its parent's memory does so; `UV_E…` if that cannot be found out now.
fn children_borrow() -> Result<bool> {
    const UNKNOWN: u8 = 0;
    const YES: u8 = 1;
    const NO: u8 = 2;
    static KNOWN: AtomicU8 = AtomicU8::new(UNKNOWN);

    extern "C" fn write(to: *mut c_void) -> c_int {
        // SAFETY: the parent's cell, or its copy.
        unsafe { (*to.cast::<AtomicBool>()).store(true, SeqCst) };
        child::end()
    }

    if KNOWN.load(Relaxed) == UNKNOWN {
        let was_written = AtomicBool::new(false);
        let stack = Stack::new()?;
        let blocked = AllBlocked::new();
        // SAFETY: the child runs on its stack alone. No signal tells of its end: nobody asked for this child.
        let pid = unsafe { libc::clone(write, stack.end(), BORROW, was_written.as_ptr().cast()) };
        let error = Errno::last();
        drop(blocked);
        match pid {
            // No more processes, or no memory. An emulator refuses what it does not know.
            -1 if [Errno::EAGAIN, Errno::ENOMEM].contains(&error) => return Err(error),
            -1 => {}
            _ => drop(wait(pid, libc::__WALL)),
        }
        KNOWN.store(if was_written.load(SeqCst) { YES } else { NO }, Relaxed);
    }
    Ok(KNOWN.load(Relaxed) == YES)
}

/// Has a child do the job that borrows the memory.
///
/// # Safety
/// (1)
unsafe fn borrow(job: Job) -> Result<Started> {
    let stack = Stack::new()?;
    let blocked = AllBlocked::new();
    let argument = (&raw const job).cast_mut().cast();
    let flags = BORROW | libc::SIGCHLD;
    let mut pidfd: c_int = -1;
    // SAFETY: (1); the child runs on its stack alone, and the kernel writes the descriptor into `pidfd`.
    let mut pid =
        unsafe { libc::clone(child::borrowing, stack.end(), flags | libc::CLONE_PIDFD, argument, &raw mut pidfd) };
    // A kernel, or a filter, that knows no such descriptors; or none is left.
    let without = [Errno::EINVAL, Errno::EPERM, Errno::ENOSYS, Errno::EMFILE, Errno::ENFILE];
    if pid == -1 && without.contains(&Errno::last()) {
        pidfd = -1;
        // SAFETY: the same, without the descriptor.
        pid = unsafe { libc::clone(child::borrowing, stack.end(), flags, argument) };
    }
    let failed = Errno::last();
    drop(blocked);
    if pid == -1 {
        return Err(failed);
    }
    if job.error.get() == 0 {
        return Ok(Started { pid, pidfd });
    }
    if pidfd != -1 {
        socket::close(pidfd);
    }
    let _ = wait(pid, 0);
    Err(Errno::from_sys(job.error.get()))
}

/// Has a child of libc's `fork` do the job. A pipe tells what failed, or by its end that the program runs.
///
/// # Safety
/// (1)
unsafe fn fork(mut job: Job) -> Result<pid_t> {
    let [reader, writer] = exec_pipe(job.plan.stdio_count)?;
    job.writer = Some(writer);
    let blocked = AllBlocked::new();
    // SAFETY: (1); the child has a copy of the memory, and the calling thread alone.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        child::forked(&job);
    }
    let failed = Errno::last();
    drop(blocked);
    socket::close(writer);
    // SAFETY: the child writes a number, or nothing.
    let error = if pid == -1 { None } else { unsafe { signals::receive::<c_int>(reader) } };
    socket::close(reader);
    match error {
        _ if pid == -1 => Err(failed),
        None => Ok(pid),
        Some(error) => {
            let _ = wait(pid, 0);
            Err(Errno::from_sys(error))
        }
    }
}

/// A pipe that programs do not inherit, and whose writing end is not among the first `count` descriptors.
fn exec_pipe(count: usize) -> Result<[c_int; 2]> {
    let mut ends = call::pipe(0)?;
    if (ends[1] as usize) < count {
        // SAFETY: no pointers.
        let moved = unsafe { libc::fcntl(ends[1], libc::F_DUPFD_CLOEXEC, count as c_int) };
        let failed = Errno::last();
        socket::close(ends[1]);
        if moved == -1 {
            socket::close(ends[0]);
            return Err(failed);
        }
        ends[1] = moved;
    }
    Ok(ends)
}

/// Readable when the child, which nobody has waited for, has ended; -1 if the kernel gives none.
fn pidfd_of(pid: pid_t) -> c_int {
    // SAFETY: (2).
    unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) as c_int }
}

/// Waits for a child with `waitpid` and gives its exit status; `None` with `WNOHANG` if it runs still. `UV_ECHILD` if it is
/// not ours, or not any more.
pub(crate) fn wait(pid: pid_t, flags: c_int) -> Result<Option<c_int>> {
    let mut status = 0;
    // SAFETY: room for a status.
    let ended = call::retry(|| unsafe { libc::waitpid(pid, &raw mut status, flags) })?;
    Ok((ended != 0).then_some(status))
}

/// True if ended children vanish by themselves, because the process ignores SIGCHLD or says so (SA_NOCLDWAIT).
pub(crate) fn children_vanish() -> bool {
    // SAFETY: zero bytes are a valid action; only asks.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGCHLD, ptr::null(), &raw mut action);
        action.sa_sigaction == libc::SIG_IGN || action.sa_flags & libc::SA_NOCLDWAIT != 0
    }
}

/// `kill(2)`.
pub(crate) fn kill(pid: pid_t, signum: c_int) -> Result {
    // SAFETY: no pointers.
    if unsafe { libc::kill(pid, signum) } == 0 { Ok(()) } else { Err(Errno::last()) }
}

/// Has programs that are started from now on not inherit the descriptors that are open now: the first 16, and from there
/// on up to the first that is not open.
pub(crate) fn close_all_on_exec() {
    for fd in 0.. {
        // SAFETY: no pointers.
        let done = unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        if done == -1 && fd > 15 {
            return;
        }
    }
}

/// Two connected stream sockets, not inherited by programs; the first does not block.
pub(crate) fn socket_pair() -> Result<[c_int; 2]> {
    let mut ends = [-1; 2];
    // SAFETY: room for two descriptors.
    if unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr()) } != 0 {
        return Err(Errno::last());
    }
    super::socket::set_nonblocking(ends[0], true)?;
    Ok(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a shell script and gives its exit status; `stdio` are the child's descriptors.
    fn shell(script: &std::ffi::CStr, env: &[*mut c_char], stdio: &mut [c_int]) -> Result<c_int> {
        let args = [c"sh".as_ptr().cast_mut(), c"-c".as_ptr().cast_mut(), script.as_ptr().cast_mut(), ptr::null_mut()];
        let plan = Plan {
            file: c"sh".as_ptr(),
            args: args.as_ptr(),
            env: env.as_ptr(),
            cwd: c"/".as_ptr(),
            new_session: false,
            uid: None,
            gid: None,
            stdio: stdio.as_mut_ptr(),
            stdio_count: stdio.len(),
        };
        // SAFETY: everything lives until the call returns.
        let started = unsafe { spawn(&plan) }?;
        let status = wait(started.pid, 0)?;
        crate::sys::socket::close(started.pidfd);
        Ok(status.map_or(-1, |s| libc::WEXITSTATUS(s)))
    }

    #[test]
    #[cfg_attr(miri, ignore = "a child")]
    fn a_name_is_looked_up_in_the_childs_path() {
        let mut none = [-1; 3];
        let good = [c"PATH=/nonexistent:/etc/passwd:/bin".as_ptr().cast_mut(), ptr::null_mut()];
        assert_eq!(shell(c"exit 7", &good, &mut none), Ok(7));
        assert_eq!(shell(c"exit 8", &[ptr::null_mut()], &mut none), Ok(8));
        // The working directory is `/`.
        let empty_entries = [c"PATH=:bin".as_ptr().cast_mut(), ptr::null_mut()];
        assert_eq!(shell(c"exit 9", &empty_entries, &mut none), Ok(9));
        let bad = [c"PATH=/nonexistent".as_ptr().cast_mut(), ptr::null_mut()];
        assert_eq!(shell(c"exit 7", &bad, &mut none), Err(Errno::ENOENT));
    }

    #[test]
    #[cfg_attr(miri, ignore = "a child")]
    fn descriptors_may_change_places() {
        // Two pipes, whose writing ends the child gets under each other's number.
        let mut pipes = [[-1; 2]; 2];
        for pipe in &mut pipes {
            // SAFETY: room for two descriptors.
            assert_eq!(unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
        }
        let mut stdio = vec![-1; pipes[1][1] as usize + 1];
        stdio[pipes[0][1] as usize] = pipes[1][1];
        stdio[pipes[1][1] as usize] = pipes[0][1];
        let script =
            format!("printf first >/proc/self/fd/{}; printf second >/proc/self/fd/{}\0", pipes[0][1], pipes[1][1]);
        let script = std::ffi::CStr::from_bytes_with_nul(script.as_bytes()).unwrap();
        assert_eq!(shell(script, &[ptr::null_mut()], &mut stdio), Ok(0));
        for (pipe, expected) in pipes.iter().zip([&b"second"[..], b"first"]) {
            let mut got = [0u8; 16];
            // SAFETY: room for as many bytes.
            let n = unsafe { libc::read(pipe[0], got.as_mut_ptr().cast(), got.len()) };
            assert_eq!(&got[..n as usize], expected);
            crate::sys::socket::close(pipe[0]);
            crate::sys::socket::close(pipe[1]);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "a child")]
    fn a_bad_descriptor_is_an_error() {
        assert_eq!(shell(c"exit 0", &[ptr::null_mut()], &mut [-1, -1, 1_000_000]), Err(Errno::EBADF));
    }
}
