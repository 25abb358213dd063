//! Listening and accepting.
