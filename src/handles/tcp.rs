//! TCP handles.
