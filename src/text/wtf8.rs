//! wtf8
