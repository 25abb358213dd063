//! Name lookups.
