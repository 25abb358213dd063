//! Pipes and unix domain sockets.
