//! One-shot work without a handle.

pub(crate) mod dns;
pub(crate) mod fs;
pub(crate) mod post;
pub(crate) mod random;
pub(crate) mod work;
