//! inet
