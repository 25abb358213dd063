//! Submission to one plain system call.
