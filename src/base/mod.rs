//! What every room stands on: memory that may run out, the two-word list, newtypes over C's pointers, locks, what protocols between
//! threads are made of, notice of forks, buffers of the caller's, arrays of them, the environment. Makes no call to the kernel but
//! through libc's allocator, and for who waits for a lock.

pub(crate) mod alloc;
pub(crate) mod buffer;
pub(crate) mod buffers;
pub(crate) mod environment;
pub(crate) mod fork;
pub(crate) mod lock;
pub(crate) mod newtype;
pub(crate) mod queue;
pub(crate) mod sync;
