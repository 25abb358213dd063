//! What every room stands on: memory that may run out, the two-word list, locks, buffers of the caller's, the environment. Makes no
//! call to the kernel but through libc's allocator.

pub(crate) mod alloc;
pub(crate) mod buffer;
pub(crate) mod environment;
pub(crate) mod lock;
pub(crate) mod queue;
