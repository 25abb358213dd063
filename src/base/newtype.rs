//! Newtypes over pointers that C gave us.

/// A newtype over a C struct.
macro_rules! newtype {
    ($(#[$doc:meta])* $name:ident, $c:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(transparent)]
        pub(crate) struct $name(std::ptr::NonNull<$c>);

        impl $name {
            /// From a pointer of C, which may not be NULL.
            ///
            /// # Safety
            /// It points to such a struct, which law 1 or 2 keeps alive for as long as the newtype is used.
            #[allow(dead_code, reason = "every newtype has both ways, whether or not the crate goes both")]
            pub(crate) unsafe fn from_c(pointer: *const $c) -> $name {
                // SAFETY: libuv's functions take no NULL here either.
                $name(unsafe { std::ptr::NonNull::new_unchecked(pointer.cast_mut()) })
            }

            /// For C.
            #[allow(dead_code, reason = "every newtype has both ways, whether or not the crate goes both")]
            pub(crate) fn as_ptr(self) -> *mut $c {
                self.0.as_ptr()
            }
        }

        impl std::ops::Deref for $name {
            type Target = $c;
            fn deref(&self) -> &$c {
                // SAFETY: laws 1 and 2; every field is a cell, so nobody's writes are forbidden.
                unsafe { self.0.as_ref() }
            }
        }
    };
}
pub(crate) use newtype;
