//! Newtypes over pointers that C gave us.

/// A newtype over a C struct.
macro_rules! newtype {
    ($(#[$doc:meta])* $name:ident, $c:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(transparent)]
        pub(crate) struct $name(std::ptr::NonNull<$c>);

        #[expect(unsafe_code, reason = "the way from C's pointers to ours")]
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

        #[expect(unsafe_code, reason = "the way to the fields")]
        impl std::ops::Deref for $name {
            type Target = $c;
            fn deref(&self) -> &$c {
                // SAFETY: laws 1 and 2; every field is a cell, so nobody's writes are forbidden.
                unsafe { self.0.as_ref() }
            }
        }
    };
}
/// From a newtype to the link in a field of its struct and, where a second name is given, back.
macro_rules! linked {
    ($name:ident, $c:ty, $($to:ident $(/ $from:ident)?: $field:ident),+) => {
        #[expect(unsafe_code, reason = "the way from a field to its struct")]
        impl $name { $(
            /// The link in the field of this name.
            pub(crate) fn $to(self) -> $crate::base::queue::Link {
                // SAFETY: law 1 or 2.
                unsafe { $crate::base::queue::Link::at((&raw const (*self.as_ptr()).$field).cast()) }
            }

            $(
                /// Whose link this is.
                pub(crate) fn $from(link: $crate::base::queue::Link) -> $name {
                    // SAFETY: a link of a list of such lies in a live one (law 1 or 2): whoever ends has left all lists.
                    unsafe { $name::from_c($crate::base::queue::owner!(link, $c, $field)) }
                }
            )?
        )+ }
    };
}
pub(crate) use linked;
pub(crate) use newtype;
