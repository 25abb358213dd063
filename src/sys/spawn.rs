//! Starting a program in a child, without copying the parent's page tables.
//!
//! The child borrows the parent's memory, on a stack of its own, while the calling thread waits for it to `exec` or to end
//! (CLONE_VM, CLONE_VFORK). So between its start and `exec` it makes system calls and nothing else: no allocation, no lock,
//! no function of libc that keeps state. All signals are blocked until it has given every handler up, so that none of the
//! parent's runs in it. Next to its stack it leaves what failed.
//!
//! Emulators and checkers (qemu, valgrind) give the child a copy of the memory all the same. So the first child gets memory
//! that is shared with whatever it is, and tells whether it has the parent's; if it has, those after it get theirs from the
//! allocator, which is cheaper by the making and ending of a file in memory.
//!
//! Where the child changes its user or group it gets a copy of the memory instead: the kernel would take from the parent
//! too the right to be dumped and traced.
//!
//! Argument for the unsafe code: (1) what a [`Plan`] points to is valid until `spawn` returns, which is after the child
//! has left the memory; (2) `syscall` gets arguments of the types that the kernel documents for the call.

use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use libc::{c_char, c_int, c_long, c_void, gid_t, pid_t, uid_t};

use crate::abi::{Errno, Result};
use crate::base::alloc;
use crate::sys::signals;
use crate::sys::signals::AllBlocked;

/// What to start, and how.
pub(crate) struct Plan {
    /// The program: a path, or a name to look up in the child's `PATH`.
    pub(crate) file: *const c_char,
    /// Its arguments, ended by NULL.
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

/// A child that runs its program.
pub(crate) struct Started {
    pub(crate) pid: pid_t,
    /// Readable when the child has ended; -1 if the kernel gave none.
    pub(crate) pidfd: c_int,
}

/// At the low end of the child's stack.
#[repr(C)]
struct Shared {
    /// What failed (`errno`), or 0.
    error: c_int,
    /// Where the parent sees that its memory was written to, if the child writes to the parent's.
    borrowed: *mut bool,
    /// The file to try next.
    candidate: [u8; libc::PATH_MAX as usize],
}

/// Of the child's stack and what is next to it. The stack holds a dozen small frames.
const SIZE: usize = 32 * 1024;

/// True once a child was seen to have its parent's memory.
static BORROWS: AtomicBool = AtomicBool::new(false);

/// Memory for a child.
struct Memory {
    at: *mut c_void,
    /// A mapping that copies of the process share, too.
    is_mapping: bool,
}

impl Memory {
    fn new(must_be_shared: bool) -> Result<Memory> {
        let at = if must_be_shared {
            let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
            // SAFETY: a new mapping.
            unsafe { libc::mmap(ptr::null_mut(), SIZE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) }
        } else {
            alloc::malloc(SIZE)
        };
        if at == libc::MAP_FAILED || at.is_null() {
            return Err(Errno::ENOMEM);
        }
        Ok(Memory { at, is_mapping: must_be_shared })
    }

    /// Its high end, where the stack begins, aligned as the processor wants it.
    fn end(&self) -> *mut c_void {
        self.at.wrapping_byte_add(SIZE).map_addr(|a| a & !15)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: ours, and the child has left it.
        unsafe {
            if self.is_mapping {
                libc::munmap(self.at, SIZE);
            } else {
                alloc::free(self.at);
            }
        }
    }
}

struct Job<'a> {
    plan: &'a Plan,
    env: *const *mut c_char,
    /// Where programs are looked for.
    path: *const c_char,
    shared: *mut Shared,
}

/// Where programs are looked for if the child has no `PATH`.
const DEFAULT_PATH: &std::ffi::CStr = c"/usr/bin:/bin";

/// Starts a program, and returns when it runs. `UV_E…` if it cannot be run, or if anything on the way to it failed; no child
/// is left then.
///
/// # Safety
/// (1)
pub(crate) unsafe fn spawn(plan: &Plan) -> Result<Started> {
    let borrows = plan.uid.is_none() && plan.gid.is_none();
    let memory = Memory::new(!borrows || !BORROWS.load(Relaxed))?;
    let mut borrowed = false;
    let blocked = AllBlocked::new();
    // SAFETY: (1); the memory is ours, and large enough for `Shared` and a stack.
    let (started, error) = unsafe {
        let shared = memory.at.cast::<Shared>();
        (*shared).error = 0;
        (*shared).borrowed = &raw mut borrowed;
        let env = if plan.env.is_null() { environment() } else { plan.env };
        let job = Job { plan, env, path: search_path(env), shared };
        let started = clone(&job, borrows, memory.end());
        // The child has changed it behind the compiler's back.
        (started, (&raw const (*shared).error).read_volatile())
    };
    drop(blocked);
    // SAFETY: as above.
    if unsafe { (&raw const borrowed).read_volatile() } {
        BORROWS.store(true, Relaxed);
    }
    drop(memory);
    let started = started?;
    if error == 0 {
        return Ok(started);
    }
    if started.pidfd != -1 {
        super::socket::close(started.pidfd);
    }
    let _ = wait(started.pid, 0);
    Err(Errno::from_sys(error))
}

/// # Safety
/// (1); `stack` is the high end of the job's memory.
unsafe fn clone(job: &Job, borrows: bool, stack: *mut c_void) -> Result<Started> {
    let flags = libc::CLONE_VFORK | libc::SIGCHLD | if borrows { libc::CLONE_VM } else { 0 };
    let argument = ptr::from_ref(job).cast_mut().cast();
    let mut pidfd: c_int = -1;
    // SAFETY: (1); the child runs on its stack alone, and the kernel writes the descriptor into `pidfd`.
    let mut pid = unsafe { libc::clone(child, stack, flags | libc::CLONE_PIDFD, argument, &raw mut pidfd) };
    // A kernel, or a filter, that knows no such descriptors.
    if pid == -1 && [Errno::EINVAL, Errno::EPERM, Errno::ENOSYS].contains(&Errno::last()) {
        pidfd = -1;
        // SAFETY: the same, without the descriptor.
        pid = unsafe { libc::clone(child, stack, flags, argument) };
    }
    if pid == -1 { Err(Errno::last()) } else { Ok(Started { pid, pidfd }) }
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

/// The child's life until `exec`.
extern "C" fn child(argument: *mut c_void) -> c_int {
    // SAFETY: (1).
    let job = unsafe { &*argument.cast::<Job>() };
    // SAFETY: (1).
    unsafe { (*job.shared).borrowed.write_volatile(true) };
    let error = job.run();
    // SAFETY: (1).
    unsafe { (*job.shared).error = error };
    sys!(SYS_exit_group, 127);
    127
}

impl Job<'_> {
    /// Returns only if something failed, with its `errno`.
    fn run(&self) -> c_int {
        reset_handlers();
        if self.plan.new_session {
            sys!(SYS_setsid);
        }
        let error = self.place_descriptors();
        if error != 0 {
            return error;
        }
        if !self.plan.cwd.is_null() {
            check!(sys!(SYS_chdir, self.plan.cwd));
        }
        if self.plan.uid.is_some() || self.plan.gid.is_some() {
            // The parent's further groups would let a child without its rights do more than it should. Only root can.
            sys!(SYS_setgroups, 0usize, ptr::null::<gid_t>());
        }
        if let Some(gid) = self.plan.gid {
            check!(sys!(SYS_setgid, gid));
        }
        if let Some(uid) = self.plan.uid {
            check!(sys!(SYS_setuid, uid));
        }
        signals::set_mask(0);
        self.exec()
    }

    fn slot(&self, at: usize) -> *mut c_int {
        // SAFETY: (1); `at` is below the count.
        unsafe { self.plan.stdio.add(at) }
    }

    /// Gives the child its descriptors; 0, or what failed.
    fn place_descriptors(&self) -> c_int {
        let count = self.plan.stdio_count;
        // Those that would be overwritten before they are used, as when stdout and stderr change places, move up first.
        for at in 0..count {
            // SAFETY: (1).
            let from = unsafe { *self.slot(at) };
            if from >= 0 && (from as usize) < at {
                let copy = check!(sys!(SYS_fcntl, from, libc::F_DUPFD_CLOEXEC, count));
                // SAFETY: (1).
                unsafe { *self.slot(at) = copy as c_int };
            }
        }
        for at in 0..count {
            // SAFETY: (1).
            let from = unsafe { *self.slot(at) };
            let error = if from >= 0 { place(from, at as c_int) } else { place_nothing(at as c_int) };
            if error != 0 {
                return error;
            }
        }
        0
    }

    /// Returns only if no program was found that runs.
    fn exec(&self) -> c_int {
        // SAFETY: (1): a string.
        let (slash, length) =
            unsafe { (libc::strchr(self.plan.file, c_int::from(b'/')), libc::strlen(self.plan.file)) };
        if !slash.is_null() {
            return self.try_file(self.plan.file);
        }
        let mut denied = false;
        let mut dir = self.path;
        loop {
            let (tried, end) = self.try_in(dir, length);
            match tried {
                libc::EACCES => denied = true,
                libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT => {}
                error => return error,
            }
            // SAFETY: `end` is a colon or the end of the string.
            unsafe {
                if *end == 0 {
                    return if denied { libc::EACCES } else { libc::ENOENT };
                }
                dir = end.add(1);
            }
        }
    }

    /// Tries the file, of that length, in the directory that `dir` begins with; gives the error and the directory's end.
    fn try_in(&self, dir: *const c_char, length: usize) -> (c_int, *const c_char) {
        // SAFETY: (1): strings; the candidate has room for what is written.
        unsafe {
            let end = dir.add(libc::strcspn(dir, c":".as_ptr()));
            let dir_length = end.offset_from(dir) as usize;
            if dir_length + length + 2 > libc::PATH_MAX as usize {
                return (libc::ENOENT, end);
            }
            let mut out = (&raw mut (*self.shared).candidate).cast::<c_char>();
            let candidate = out;
            // An empty entry is the working directory.
            if dir_length > 0 {
                ptr::copy_nonoverlapping(dir, out, dir_length);
                out = out.add(dir_length);
                *out = b'/' as c_char;
                out = out.add(1);
            }
            ptr::copy_nonoverlapping(self.plan.file, out, length + 1);
            (self.try_file(candidate), end)
        }
    }

    fn try_file(&self, file: *const c_char) -> c_int {
        sys!(SYS_execve, file, self.plan.args, self.env);
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

/// Makes `from` the child's descriptor `at`.
fn place(from: c_int, at: c_int) -> c_int {
    if from == at {
        check!(sys!(SYS_fcntl, at, libc::F_SETFD, 0));
    } else {
        check!(sys!(SYS_dup3, from, at, 0));
    }
    // Programs expect their standard streams to block.
    if at <= 2 {
        let off: c_int = 0;
        sys!(SYS_ioctl, at, libc::FIONBIO, &raw const off);
    }
    0
}

/// Below 3, makes /dev/null the child's descriptor `at`.
fn place_nothing(at: c_int) -> c_int {
    if at > 2 {
        return 0;
    }
    let mode = if at == 0 { libc::O_RDONLY } else { libc::O_RDWR };
    let null = check!(sys!(SYS_openat, libc::AT_FDCWD, c"/dev/null".as_ptr(), mode | libc::O_CLOEXEC)) as c_int;
    if null == at {
        check!(sys!(SYS_fcntl, at, libc::F_SETFD, 0));
        return 0;
    }
    check!(sys!(SYS_dup3, null, at, 0));
    sys!(SYS_close, null);
    0
}

/// Waits for a child with `waitpid` and gives its exit status; `None` with `WNOHANG` if it runs still. `UV_ECHILD` if it is
/// not ours, or not any more.
pub(crate) fn wait(pid: pid_t, flags: c_int) -> Result<Option<c_int>> {
    let mut status = 0;
    loop {
        // SAFETY: room for a status.
        match unsafe { libc::waitpid(pid, &raw mut status, flags) } {
            -1 if Errno::last() == Errno::EINTR => {}
            -1 => return Err(Errno::last()),
            0 => return Ok(None),
            _ => return Ok(Some(status)),
        }
    }
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
        super::super::socket::close(started.pidfd);
        Ok(status.map_or(-1, |s| libc::WEXITSTATUS(s)))
    }

    #[test]
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
            super::super::socket::close(pipe[0]);
            super::super::socket::close(pipe[1]);
        }
    }

    #[test]
    fn a_bad_descriptor_is_an_error() {
        assert_eq!(shell(c"exit 0", &[ptr::null_mut()], &mut [-1, -1, 1_000_000]), Err(Errno::EBADF));
    }
}
