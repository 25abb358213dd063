//! net_if
