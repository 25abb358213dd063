//! State of a loop, its handles and requests, and its rules. No dispatch, no call into user code.

pub(crate) mod owner;
