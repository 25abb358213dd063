//! May this process have a ring, and what can it do? Asked once per process, silently, by the first loop with a use for one.
//!
//! The answer counts only after set-up, mmap, enter, a NOP and a poll have worked: containers, SELinux and seccomp filters refuse
//! at each of these steps. The probe runs in a thread of its own that ends, because closing a ring makes its thread's next
//! `epoll_wait` or `poll` return EINTR.

use io_uring::{IoUring, Parameters, opcode, types};
use libc::c_int;
use once_cell::race::{OnceBool, OnceBox};

use crate::base::environment;
use crate::sys::aside;

/// What the kernel's rings can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Features {
    /// How the ring is set up.
    pub(crate) setup: Setup,
    /// Sleeping in a ring need not count as I/O wait (6.15).
    pub(crate) no_iowait: bool,
    /// Opcodes that the kernel knows, by number; without that of a close if it is refused.
    pub(crate) opcodes: u64,
}

/// How a ring is set up; each step down does without what an older kernel lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setup {
    /// SINGLE_ISSUER, DEFER_TASKRUN, TASKRUN_FLAG, SUBMIT_ALL, NO_SQARRAY (6.6).
    Newest,
    /// The same without NO_SQARRAY (6.1).
    Deferred,
    /// COOP_TASKRUN, TASKRUN_FLAG, SUBMIT_ALL (5.19).
    Cooperative,
}

impl Setup {
    /// The kernel's names of the flags that [`build`] sets.
    pub(crate) fn flags(self) -> &'static str {
        match self {
            Setup::Newest => "CLAMP SUBMIT_ALL TASKRUN_FLAG CQSIZE SINGLE_ISSUER DEFER_TASKRUN NO_SQARRAY",
            Setup::Deferred => "CLAMP SUBMIT_ALL TASKRUN_FLAG CQSIZE SINGLE_ISSUER DEFER_TASKRUN",
            Setup::Cooperative => "CLAMP SUBMIT_ALL TASKRUN_FLAG CQSIZE COOP_TASKRUN",
        }
    }
}

/// A kernel thread that takes entries from the submission queue, so that nobody has to enter the ring for that (SQPOLL).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SubmissionPolling {
    /// After so many milliseconds without work it sleeps, and has to be woken.
    pub(crate) idle_ms: u32,
    /// The processor that it runs on; any that its maker may use.
    pub(crate) cpu: Option<u32>,
}

/// Why there is no ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `UV_USE_IO_URING=0`
    SwitchedOff,
    /// A step failed with this `errno`.
    Failed(&'static str, c_int),
    /// The kernel is too old.
    Lacks(&'static str),
}

static ANSWER: OnceBox<Result<Features, Refusal>> = OnceBox::new();

/// The probe's answer. It is asked for again if the system had no thread for it.
pub(crate) fn answer() -> Result<Features, Refusal> {
    if is_switched_off() {
        return Err(Refusal::SwitchedOff);
    }
    let asked = ANSWER.get_or_try_init(|| aside::call(probe).map(Box::new));
    *asked.map_err(|error| Refusal::Failed("clone", -error.0))?
}

/// The features, if there may be a ring.
pub(crate) fn features() -> Option<Features> {
    answer().ok()
}

/// `UV_USE_IO_URING=0`, or anything else that is not a number above: libuv's variable, read when the first loop is made.
pub(crate) fn is_switched_off() -> bool {
    static IS_OFF: OnceBool = OnceBool::new();
    IS_OFF.get_or_init(|| environment::number(c"UV_USE_IO_URING").is_some_and(|n| n <= 0))
}

/// Makes a ring of `entries` submissions as `setup` says. To be called by the thread that will use it.
pub(crate) fn build(setup: Setup, entries: u32) -> std::io::Result<IoUring> {
    let mut builder = any(entries);
    builder.setup_taskrun_flag();
    match setup {
        Setup::Newest => builder.setup_single_issuer().setup_defer_taskrun().setup_no_sqarray(),
        Setup::Deferred => builder.setup_single_issuer().setup_defer_taskrun(),
        Setup::Cooperative => builder.setup_coop_taskrun(),
    };
    builder.build(entries)
}

/// Makes a ring with submission polling, which goes with none of the set-ups.
pub(super) fn build_polling(polling: SubmissionPolling, entries: u32) -> std::io::Result<IoUring> {
    let mut builder = any(entries);
    builder.setup_sqpoll(polling.idle_ms);
    if let Some(cpu) = polling.cpu {
        builder.setup_sqpoll_cpu(cpu);
    }
    builder.build(entries)
}

/// What all rings have in common.
fn any(entries: u32) -> io_uring::Builder {
    let mut builder = IoUring::builder();
    builder.setup_clamp().setup_submit_all().setup_cqsize(entries.saturating_mul(16)).dontfork();
    builder
}

fn probe() -> Result<Features, Refusal> {
    let mut refusal = Refusal::Lacks("SUBMIT_ALL");
    for setup in [Setup::Newest, Setup::Deferred, Setup::Cooperative] {
        match build(setup, 8) {
            Ok(ring) => return examine(ring, setup),
            Err(e) => {
                let errno = e.raw_os_error().unwrap_or(libc::EIO);
                refusal = Refusal::Failed("io_uring_setup", errno);
                if errno != libc::EINVAL {
                    break;
                }
            }
        }
    }
    Err(refusal)
}

/// The features that a ring must have: by name, and whether this one has it.
pub(crate) fn required(p: &Parameters) -> [(&'static str, bool); 6] {
    [
        ("SINGLE_MMAP", p.is_feature_single_mmap()),
        ("NODROP", p.is_feature_nodrop()),
        ("SUBMIT_STABLE", p.is_feature_submit_stable()),
        ("FAST_POLL", p.is_feature_fast_poll()),
        ("EXT_ARG", p.is_feature_ext_arg()),
        // Kernels below 5.13 lack it, and have rings that are not fit for us.
        ("RSRC_TAGS", p.is_feature_resource_tagging()),
    ]
}

fn examine(mut ring: IoUring, setup: Setup) -> Result<Features, Refusal> {
    if let Some((name, _)) = required(ring.params()).into_iter().find(|(_, has)| !has) {
        return Err(Refusal::Lacks(name));
    }
    let no_iowait = ring.params().is_feature_no_iowait();
    let mut probe = io_uring::Probe::new();
    ring.submitter()
        .register_probe(&mut probe)
        .map_err(|e| Refusal::Failed("io_uring_register", e.raw_os_error().unwrap_or(libc::EIO)))?;
    let opcodes = (0..64).filter(|&op| probe.is_supported(op)).fold(0, |set, op| set | 1 << op);
    let nowhere = types::Fd(-1);
    let entries = [
        opcode::Nop::new().build().user_data(0),
        opcode::PollAdd::new(nowhere, libc::POLLIN as u32).build().user_data(1),
        opcode::Close::new(nowhere).build().user_data(2),
    ];
    // SAFETY: none of them has memory.
    let pushed = unsafe { ring.submission().push_multiple(&entries) };
    pushed.map_err(|_| Refusal::Failed("submission queue", libc::EIO))?;
    let entered = ring.submit_and_wait(entries.len());
    entered.map_err(|e| Refusal::Failed("io_uring_enter", e.raw_os_error().unwrap_or(libc::EIO)))?;
    let mut results = [-libc::EIO; 3];
    for cqe in ring.completion() {
        results[cqe.user_data() as usize % 3] = cqe.result();
    }
    // Each opcode may be refused by itself. For the others the plain call comes after such an answer, but that of a close says nothing
    // of whether it was begun, and a ring that cannot poll cannot be waited in.
    match results {
        [0, poll, close] if poll == -libc::EBADF => {
            let close = if close == -libc::EBADF { 0 } else { 1 << opcode::Close::CODE };
            Ok(Features { setup, no_iowait, opcodes: opcodes & !close })
        }
        [0, poll, _] => Err(Refusal::Failed("POLL_ADD", -poll)),
        [nop, ..] => Err(Refusal::Failed("NOP", -nop)),
    }
}
