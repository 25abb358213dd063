//! What a loop keeps for the functions of `uvring.h`: made when one of them first needs it, gone with the loop.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use crate::abi::ext::uvring_pool_t;
use crate::abi::{Result, uv__queue};
use crate::base::alloc;
use crate::base::queue::Link;
use crate::model::event_loop::Loop;

/// How many bytes a stream gathers before they are handed to the kernel early.
pub(crate) const GATHER_BYTES: usize = 64 * 1024;

/// A loop's extension, in a box of its own.
pub(crate) struct Extension {
    /// Streams with something gathered.
    gathered: uv__queue,
    /// Pools whose `close_cb` is due.
    ended_pools: uv__queue,
    /// How many pools there are, without the loop's own.
    pub(crate) pools: Cell<usize>,
    /// The loop's own pool, made when first needed: it begins in its first reserved word.
    pub(crate) own_pool: uvring_pool_t,
    /// So many bytes of a stream are handed over at once.
    pub(crate) gather_bytes: Cell<usize>,
}

impl Extension {
    /// Streams with something gathered.
    pub(crate) fn gathered(&self) -> Link {
        // SAFETY: the extension does not move (it is boxed) and outlives the streams that are in the list.
        unsafe { Link::at(&raw const self.gathered) }
    }

    /// Pools whose `close_cb` is due.
    pub(crate) fn ended_pools(&self) -> Link {
        // SAFETY: the extension does not move (it is boxed), and a loop with pools is not closed.
        unsafe { Link::at(&raw const self.ended_pools) }
    }
}

impl Loop {
    /// The loop's extension, if something has needed it.
    #[inline]
    pub(crate) fn extension(self) -> Option<&'static Extension> {
        // SAFETY: boxed by `extension_or_new`; it lives as long as the loop's state.
        self.state().extension.get().map(|boxed| unsafe { boxed.as_ref() })
    }

    /// The loop's extension. `UV_ENOMEM`.
    pub(crate) fn extension_or_new(self) -> Result<&'static Extension> {
        if let Some(there) = self.extension() {
            return Ok(there);
        }
        let boxed = alloc::boxed(Extension {
            gathered: uv__queue::new(),
            ended_pools: uv__queue::new(),
            pools: Cell::new(0),
            own_pool: uvring_pool_t {
                data: Cell::new(ptr::null_mut()),
                r#loop: Cell::new(self.as_ptr()),
                reserved: Cell::new([ptr::null_mut(); 14]),
            },
            gather_bytes: Cell::new(GATHER_BYTES),
        })?;
        self.state().extension.set(Some(boxed));
        // SAFETY: made just now, at its final place.
        let extension = unsafe { boxed.as_ref() };
        extension.gathered().init();
        extension.ended_pools().init();
        Ok(extension)
    }
}

/// Frees the extension of a loop whose state is being freed.
pub(crate) fn free(extension: Option<NonNull<Extension>>) {
    if let Some(boxed) = extension {
        // SAFETY: `extension_or_new` boxed it, and nobody finds it any more.
        unsafe { alloc::unbox(boxed) };
    }
}
