//! The pools of `uvring.h` that programs make, and the one that each loop has.

use std::mem::size_of;
use std::ptr;

use crate::abi::ext::{uvring_pool_close_cb, uvring_pool_options_t, uvring_pool_t};
use crate::abi::*;
use crate::base::newtype::newtype;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::view_pool::{Pool, Size};

/// The most buffers of a pool.
const MOST_BUFFERS: usize = 32768;
/// What the size of a buffer is a multiple of.
const PAGE: usize = 4096;

newtype!(
    /// A pool as C sees it.
    ViewPool,
    uvring_pool_t
);

impl Size {
    fn of(options: &uvring_pool_options_t) -> Result<Size> {
        let or = |value: usize, default: usize| if value == 0 { default } else { value };
        let buffer = or(options.buffer_size, Size::DEFAULT.buffer);
        let buffers = or(options.buffers as usize, Size::DEFAULT.buffers);
        let buffers_max = or(options.buffers_max as usize, 4 * buffers);
        let is_well = options.size >= size_of::<uvring_pool_options_t>()
            && buffer.is_multiple_of(PAGE)
            && buffers.is_power_of_two()
            && buffers <= MOST_BUFFERS
            && buffers_max >= buffers
            && options.flags == 0;
        let bytes = buffer.checked_mul(buffers).filter(|_| is_well).ok_or(Errno::EINVAL)?;
        Ok(Size { buffer, buffers, buffers_max, stream_max: or(options.stream_max, bytes / 4) })
    }
}

/// `uvring_pool_init`.
pub(crate) fn init(event_loop: Loop, pool: ViewPool, options: Option<&uvring_pool_options_t>) -> Result {
    let size = options.map_or(Ok(Size::DEFAULT), Size::of)?;
    let extension = event_loop.extension_or_new()?;
    pool.make(event_loop, size)?;
    extension.pools.set(extension.pools.get() + 1);
    Ok(())
}

/// `uvring_pool_close`.
pub(crate) fn close(pool: ViewPool, cb: uvring_pool_close_cb) -> Result {
    pool.get().ok_or(Errno::EINVAL)?.close(cb)
}

/// The loop's own pool. `UV_ENOMEM`.
pub(crate) fn own(event_loop: Loop) -> Result<ViewPool> {
    let extension = event_loop.extension_or_new()?;
    // SAFETY: it lies in the extension, which lives as long as the loop.
    let pool = unsafe { ViewPool::from_c(&raw const extension.own_pool) };
    if pool.get().is_none() {
        pool.make(event_loop, Size::DEFAULT)?;
    }
    Ok(pool)
}

/// The pool to receive into on a loop: its own without another. `UV_EINVAL` for one that is closing, or another loop's; `UV_ENOMEM`.
pub(crate) fn of(event_loop: Loop, pool: Option<ViewPool>) -> Result<&'static Pool> {
    let pool = pool.map_or_else(|| own(event_loop), Ok)?.get().ok_or(Errno::EINVAL)?;
    if pool.event_loop() == event_loop && !pool.is_closing() { Ok(pool) } else { Err(Errno::EINVAL) }
}

/// For `uv_loop_close`: gives the loop's own pool back. `UV_EBUSY` while views of it are kept, or there are other pools.
pub(crate) fn discard_own(event_loop: Loop) -> Result {
    let Some(extension) = event_loop.extension() else { return Ok(()) };
    // SAFETY: it lies in the extension, which lives as long as the loop.
    let own = unsafe { ViewPool::from_c(&raw const extension.own_pool) };
    if extension.pools.get() > 0 || own.get().is_some_and(Pool::is_in_use) {
        return Err(Errno::EBUSY);
    }
    if let Some(pool) = own.get() {
        own.set(None);
        pool.free();
    }
    Ok(())
}

/// Calls `close_cb` of the pools for which it is due.
pub(crate) fn run_closed(event_loop: Loop) {
    let state = event_loop.state();
    while !state.closed.get()
        && let Some(extension) = event_loop.extension()
        && let Some(link) = extension.ended_pools().pop_front()
    {
        extension.pools.set(extension.pools.get() - 1);
        event_loop.count_request(-1);
        let (pool, cb) = Pool::of_ended(link).free();
        callback::pool_closed(pool, cb);
    }
}

impl ViewPool {
    /// The pool behind it, if it was made.
    pub(crate) fn get(self) -> Option<&'static Pool> {
        // SAFETY: NULL, or what `set` wrote.
        unsafe { self.reserved.get()[0].cast::<Pool>().as_ref() }
    }

    fn set(self, pool: Option<&'static Pool>) {
        let mut words = [ptr::null_mut(); 14];
        words[0] = pool.map_or(ptr::null_mut(), |pool| ptr::from_ref(pool).cast_mut().cast());
        self.reserved.set(words);
    }

    fn make(self, event_loop: Loop, size: Size) -> Result {
        self.set(Some(Pool::new(event_loop, size, self.as_ptr())?));
        self.r#loop.set(event_loop.as_ptr());
        Ok(())
    }
}
