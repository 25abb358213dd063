//! uvring: libuv's C ABI (version 1.53.0) over one io_uring per loop.
//!
//! # Map
//!
//! From the bottom: a file imports from its own room and from those above its own in this list.
//!
//! | room | what is in it |
//! |---|---|
//! | `abi` | what C sees: structs, constants, errors. Shapes only |
//! | `base` | memory that may run out, the intrusive two-word list, locks, the environment |
//! | `text` | addresses, IDNA, WTF-8 |
//! | `sys` | thin calls to the system |
//! | `observe` | what loops do, for those who look; nothing for those who do not |
//! | `os` | the C functions that know no loop: `uv_os_*`, `uv_thread_*`, locks, processors, interfaces |
//! | `op` | an operation as a value, said twice: as a ring entry and as a plain system call |
//! | `driver` | carries operations to the kernel: ring or epoll; wake-up |
//! | `model` | state and rules of loops, handles, requests and watchers. No dispatch, no call into user code |
//! | `pool` | the thread pool |
//! | `callback` | every call into user code |
//! | `requests` | one-shot work without a handle: files, names, jobs, random bytes |
//! | `handles` | one libuv handle a file |
//! | `turn` | `uv_loop_*`, `uv_run` and the turn, phase by phase; `dispatch`: close, ready, cancel: whose? `uv_walk` |
//! | `ext` | the `uvring_*` functions, which libuv does not have |
//! | `doctor` | live probes for `uvring doctor` |
//!
//! # Laws
//!
//! 1. **Handle.** From `uv_*_init` to the call of its `close_cb`, a handle's memory is valid and does not move. `close_cb`
//!    runs only in the closing phase, after everything the kernel or a thread holds for the handle has ended.
//! 2. **Request.** A request's memory is valid from the call that starts it to its callback. The callback may free it:
//!    calling it is the last thing done with a request.
//! 3. **Borrow.** No Rust reference into user-visible memory and no `RefCell` borrow is alive while user code runs. User
//!    code is entered only from `callback.rs`. Frames that call user code hold nothing with a destructor (callbacks
//!    `longjmp`).
//! 4. **Kernel.** What the kernel may read or write is never behind a Rust reference while it may.
//! 5. **Thread.** One thread at a time uses a loop; it may change between turns. Only the wake path, the pool and
//!    `uv_async_send` cross threads; `uv_async_send` is async-signal-safe (atomics and one `write(2)`).
//! 6. **Nothing ahead of the user.** No byte, datagram, descriptor or connection leaves the kernel before the callback that
//!    delivers it is about to run. `alloc_cb` is called only when the descriptor is readable (data, EOF or error), and
//!    `read_cb` follows with no user code between. A `UV_UDP_RECVMMSG` batch is the one exception.
//! 7. **No surprise.** The library never prints, never installs a process-wide handler libuv does not install, never makes
//!    a ring system call when it has been told not to (`UV_USE_IO_URING=0`), never makes the owner's own system calls return
//!    EINTR, and never leaves a thread spinning. Only where `UVRING_SLOW` in the environment asks for it, it prints, and takes
//!    a signal that the program leaves unused.

#![allow(clippy::missing_safety_doc, reason = "the contract of each uv_* function is libuv's documentation")]

mod abi;
mod base;
mod callback;
#[doc(hidden)]
pub mod doctor;
mod driver;
mod ext;
mod handles;
mod model;
#[doc(hidden)]
pub mod observe;
mod op;
mod os;
mod pool;
mod requests;
mod sys;
mod text;
mod turn;
