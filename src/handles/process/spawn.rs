//! `uv_spawn`: the child's descriptors, made before it starts, and the parent's ends of its pipes, opened after.

use libc::{c_int, c_uint};

use super::KNOWN_FLAGS;
use crate::abi::*;
use crate::base::alloc::Array;
use crate::handles::stream::{ready, state};
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Kind, Process, Stream, flag};
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

/// The caller's array. Read value by value: no reference into it.
#[derive(Clone, Copy)]
struct Containers {
    at: *const uv_stdio_container_t,
    count: usize,
}

impl Containers {
    fn of(options: &uv_process_options_t) -> Containers {
        let count = if options.stdio.is_null() { 0 } else { usize::try_from(options.stdio_count).unwrap_or(0) };
        Containers { at: options.stdio, count }
    }

    fn get(self, at: usize) -> uv_stdio_container_t {
        // SAFETY: the caller's array, of `count` values, until `uv_spawn` returns.
        unsafe { self.at.add(at).read() }
    }
}

/// # Safety
/// `options` are as `uv_spawn` wants them.
pub(super) unsafe fn spawn(process: Process, event_loop: Loop, options: uv_process_options_t) -> Result {
    process.init(event_loop);
    if options.file.is_null() || options.flags & !KNOWN_FLAGS != 0 {
        return Err(Errno::EINVAL);
    }
    let containers = Containers::of(&options);
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
    opened.and(launched)
}

/// # Safety
/// The containers' streams are live handles.
unsafe fn make_ends(containers: Containers, ends: &mut Array<End>) -> Result {
    ends.reserve_total(containers.count.max(3))?;
    for at in 0..containers.count {
        // SAFETY: the caller's.
        ends.push(unsafe { make_end(containers.get(at)) }?)?;
    }
    while ends.len() < 3 {
        ends.push(NOTHING)?;
    }
    Ok(())
}

/// # Safety
/// The container's stream is a live handle.
unsafe fn make_end(container: uv_stdio_container_t) -> Result<End> {
    const KINDS: c_uint = UV_CREATE_PIPE | UV_INHERIT_FD | UV_INHERIT_STREAM;
    let kind = container.flags & KINDS;
    let theirs = match kind {
        UV_IGNORE => return Ok(NOTHING),
        // SAFETY: the flags say which member of the union it is.
        UV_INHERIT_FD => unsafe { container.data.fd },
        UV_CREATE_PIPE | UV_INHERIT_STREAM => {
            // SAFETY: the flags say that it is this member of the union.
            let stream = unsafe { container.data.stream };
            if stream.is_null() {
                return Err(Errno::EINVAL);
            }
            // SAFETY: the stream is the caller's.
            match unsafe { Handle::from_c(stream.cast()) }.kind() {
                Kind::Pipe(_) if kind == UV_CREATE_PIPE => {
                    let [ours, theirs] = sys::spawn::socket_pair()?;
                    return Ok(End { ours, theirs, made: true });
                }
                Kind::Pipe(pipe) => Stream::from(pipe).fd(),
                Kind::Tcp(tcp) if kind == UV_INHERIT_STREAM => Stream::from(tcp).fd(),
                Kind::Tty(tty) if kind == UV_INHERIT_STREAM => Stream::from(tty).fd(),
                _ => -1,
            }
        }
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
unsafe fn open_streams(containers: Containers, ends: &mut [End]) -> Result {
    for (at, end) in ends.iter_mut().enumerate().filter(|(_, end)| end.ours != -1) {
        let container = containers.get(at);
        let mut flags = 0;
        if container.flags & UV_WRITABLE_PIPE != 0 {
            flags |= flag::READABLE;
        }
        if container.flags & UV_READABLE_PIPE != 0 {
            flags |= flag::WRITABLE;
        }
        // SAFETY: the caller's stream, which was looked at before.
        let opened = state::open(unsafe { Stream::from_c(container.data.stream) }, end.ours, flags);
        if let Err(e) = opened {
            for earlier in (0..at).map(|at| containers.get(at)).filter(|c| c.flags & UV_CREATE_PIPE != 0) {
                // SAFETY: a stream of the caller's, which was opened before this one.
                ready::close(unsafe { Stream::from_c(earlier.data.stream) });
            }
            return Err(e);
        }
        end.ours = -1;
    }
    Ok(())
}
