//! A question that Node.js asks.

use libc::c_int;

use crate::base::environment;

/// Whether something in the process may keep the credentials it had before a `setuid`: 1 if the environment asks for io_uring by
/// name (`UV_USE_IO_URING` with a number above 0), which is when Node.js promises to refuse, otherwise 0.
///
/// Node.js refuses `process.setuid` and its like while this is not 0, because libuv 1.45 gave its loops rings with a thread
/// of the kernel (SQPOLL), which goes on with the rights that the process had when it made the ring. That is what the name
/// means by "using io_uring". Loops here use io_uring and have no such thread, unless they are asked for it
/// (`UV_LOOP_USE_IO_URING_SQPOLL`), and then it only reads from descriptors, which takes no rights. All else is submitted by the
/// thread that runs the loop and has the rights of that moment, as a plain system call would. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv__node_patch_is_using_io_uring() -> c_int {
    environment::number(c"UV_USE_IO_URING").is_some_and(|number| number > 0).into()
}
