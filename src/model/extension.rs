//! What a loop keeps for the functions of `uvring.h`: made when one of them first needs it, gone with the loop.

use std::cell::Cell;
use std::ptr::NonNull;

use crate::abi::{Result, uv__queue};
use crate::base::alloc;
use crate::base::queue::Link;
use crate::model::event_loop::Loop;

/// How many bytes a stream gathers before they are handed to the kernel early.
const GATHER_BYTES: usize = 64 * 1024;

/// A loop's extension, in a box of its own.
pub(crate) struct Extension {
    /// Streams with something gathered.
    gathered: uv__queue,
    /// So many bytes of a stream are handed over at once.
    pub(crate) gather_bytes: Cell<usize>,
}

impl Extension {
    /// Streams with something gathered.
    pub(crate) fn gathered(&self) -> Link {
        // SAFETY: the extension does not move (it is boxed) and outlives the streams that are in the list.
        unsafe { Link::at(&raw const self.gathered) }
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
        let boxed = alloc::boxed(Extension { gathered: uv__queue::new(), gather_bytes: Cell::new(GATHER_BYTES) })?;
        self.state().extension.set(Some(boxed));
        // SAFETY: made just now, at its final place.
        let extension = unsafe { boxed.as_ref() };
        extension.gathered().init();
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
