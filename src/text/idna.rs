//! idna
