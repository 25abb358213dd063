//! `uv_spawn`: the child's descriptors, made before it starts, and the parent's ends of its pipes, opened after.

use std::slice;

use libc::{c_int, c_uint};

use super::KNOWN_FLAGS;
use crate::abi::*;
use crate::base::alloc::Array;
use crate::event_loop::Loop;
use crate::handle::{Process, Stream, flag};
use crate::handles::stream;
use crate::sys;
use crate::sys::socket;

/// What belongs to one of the child's descriptors.
#[derive(Clone, Copy)]
struct End {
    /// The parent's end of a pipe, or -1.
    ours: c_int,
    /// What the child gets, or -1.
    theirs: c_int,
    /// `theirs` was made for this child, and is not the parent's after it started.
    made: bool,
}

const NOTHING: End = End { ours: -1, theirs: -1, made: false };

/// # Safety
/// `options` are as `uv_spawn` wants them.
pub(super) unsafe fn spawn(process: Process, event_loop: Loop, options: uv_process_options_t) -> Result {
    process.init(event_loop);
    if options.file.is_null() || options.flags & !KNOWN_FLAGS != 0 || options.stdio_count < 0 {
        return Err(Errno::EINVAL);
    }
    let containers = if options.stdio.is_null() || options.stdio_count == 0 {
        &[]
    } else {
        // SAFETY: the caller's array; no user code runs while the slice is alive.
        unsafe { slice::from_raw_parts(options.stdio, options.stdio_count as usize) }
    };
    let mut ends = Array::new();
    // SAFETY: the caller's streams.
    let made = unsafe { make_ends(containers, &mut ends) };
    // SAFETY: the caller's options.
    let launched = made.and_then(|()| unsafe { launch(process, event_loop, &options, &ends) });
    for end in ends.iter_mut().filter(|e| e.made) {
        socket::close(end.theirs);
    }
    let opened = match made {
        // The streams are opened even if the program could not be run, as with libuv: their owner closes them.
        // SAFETY: the caller's streams.
        Ok(()) => unsafe { open_streams(containers, &mut ends) },
        Err(e) => Err(e),
    };
    for end in ends.iter().filter(|e| e.ours != -1) {
        socket::close(end.ours);
    }
    launched.and(opened)
}

/// # Safety
/// The containers' streams are live handles.
unsafe fn make_ends(containers: &[uv_stdio_container_t], ends: &mut Array<End>) -> Result {
    ends.reserve_total(containers.len().max(3))?;
    for container in containers {
        // SAFETY: the caller's.
        ends.push(unsafe { make_end(container) }?)?;
    }
    while ends.len() < 3 {
        ends.push(NOTHING)?;
    }
    Ok(())
}

/// # Safety
/// The container's stream is a live handle.
unsafe fn make_end(container: &uv_stdio_container_t) -> Result<End> {
    const KINDS: c_uint = UV_CREATE_PIPE | UV_INHERIT_FD | UV_INHERIT_STREAM;
    // SAFETY: the flags say which member of the union it is; the stream is the caller's.
    let theirs = match container.flags & KINDS {
        UV_IGNORE => return Ok(NOTHING),
        UV_CREATE_PIPE => {
            // SAFETY: as above.
            let stream = unsafe { container.data.stream.as_ref() }.ok_or(Errno::EINVAL)?;
            if stream.r#type.get() != UV_NAMED_PIPE {
                return Err(Errno::EINVAL);
            }
            let [ours, theirs] = sys::spawn::socket_pair()?;
            return Ok(End { ours, theirs, made: true });
        }
        // SAFETY: as above.
        UV_INHERIT_FD => unsafe { container.data.fd },
        // SAFETY: as above.
        UV_INHERIT_STREAM => unsafe { container.data.stream.as_ref() }.map_or(-1, |s| s.io_watcher.fd.get()),
        _ => -1,
    };
    if theirs == -1 { Err(Errno::EINVAL) } else { Ok(End { ours: -1, theirs, made: false }) }
}

/// Starts the program, and the handle.
///
/// # Safety
/// The options are the caller's.
unsafe fn launch(process: Process, event_loop: Loop, options: &uv_process_options_t, ends: &[End]) -> Result {
    let mut stdio = Array::new();
    for end in ends {
        stdio.push(end.theirs)?;
    }
    if sys::spawn::children_vanish() {
        super::watch_sigchld(event_loop)?;
    }
    let has = |flag| options.flags & flag != 0;
    let plan = sys::spawn::Plan {
        file: options.file,
        args: options.args,
        env: options.env,
        cwd: options.cwd,
        new_session: has(UV_PROCESS_DETACHED),
        uid: has(UV_PROCESS_SETUID).then_some(options.uid),
        gid: has(UV_PROCESS_SETGID).then_some(options.gid),
        stdio: stdio.as_mut_ptr(),
        stdio_count: ends.len(),
    };
    // SAFETY: everything lives until the call returns.
    let started = unsafe { sys::spawn::spawn(&plan) }?;
    process.run(event_loop, &started, options.exit_cb)
}

/// Opens the streams of the pipes that were made. If one cannot be, those before it are closed.
///
/// # Safety
/// The containers' streams are live handles.
unsafe fn open_streams(containers: &[uv_stdio_container_t], ends: &mut [End]) -> Result {
    for at in 0..containers.len().min(ends.len()) {
        let container = &containers[at];
        if ends[at].ours == -1 {
            continue;
        }
        let mut flags = 0;
        if container.flags & UV_WRITABLE_PIPE != 0 {
            flags |= flag::READABLE;
        }
        if container.flags & UV_READABLE_PIPE != 0 {
            flags |= flag::WRITABLE;
        }
        // SAFETY: the caller's stream, which was looked at before.
        let opened = stream::open(unsafe { Stream::from_c(container.data.stream) }, ends[at].ours, flags);
        if let Err(e) = opened {
            for earlier in containers[..at].iter().filter(|c| c.flags & UV_CREATE_PIPE != 0) {
                // SAFETY: as above.
                stream::close(unsafe { Stream::from_c(earlier.data.stream) });
            }
            return Err(e);
        }
        ends[at].ours = -1;
    }
    Ok(())
}
