//! Newtypes over the requests of uvring.h.

#![deny(unsafe_code)]

use crate::abi::ext::uvring_post_t;
use crate::base::newtype::newtype;

newtype!(
    /// A callback wanted on another loop.
    Post,
    uvring_post_t
);
