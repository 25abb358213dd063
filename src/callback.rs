//! Every call into user code, and nothing else.
//!
//! Law 3: no Rust reference into user-visible memory and no `RefCell` borrow is alive here, and no frame below holds
//! anything with a destructor: the callee may close and free the handle it was given, start anything on the loop, or
//! `longjmp` away. Law 2: a request is not touched after its callback began.
//!
//! A NULL callback is not called. One SAFETY argument serves all: the pointer was given by C for this purpose, and the
//! handle or request is alive when the call begins (laws 1 and 2). Debug builds check that nothing of the loop is borrowed.

use libc::{addrinfo, c_char, c_int, c_uint, c_void, sockaddr};

use crate::abi::ext::{
    uvring_accept_cb, uvring_many_cb, uvring_pool_close_cb, uvring_pool_t, uvring_read_cb, uvring_read_t,
    uvring_recv_cb, uvring_release_cb, uvring_udp_recv_cb, uvring_view_t, uvring_watermark_cb, uvring_write_cb,
    uvring_write_t,
};
use crate::abi::*;
use crate::model::event_loop::Loop;
use crate::model::ext_request::{Many, Post};
use crate::model::handle::{
    Async, Check, FsEvent, FsPoll, Handle, Idle, Poll, Prepare, Process, Signal, Stream, Timer, Udp,
};
use crate::model::request::{Connect, FsReq, GetAddrInfo, GetNameInfo, Random, Shutdown, UdpSend, Work, Write};
use crate::observe::trace::Name;
use crate::observe::{self, Slot, probes};

/// Calls a callback of a loop; one that only a certain phase calls says which.
macro_rules! call {
    ($event_loop:expr, $callback:expr, $($argument:expr),*) => {
        call!("poll": $event_loop, $callback, $($argument),*);
    };
    ($phase:literal: $event_loop:expr, $callback:expr, $($argument:expr),*) => {
        if let Some(callback) = $callback {
            // SAFETY: the loop outlives its handles and requests.
            debug_assert!(unsafe { Loop::from_c($event_loop) }.is_unborrowed(), "law 3");
            probes::callback(callback as usize);
            if observe::is_on() {
                // SAFETY: the loop outlives its handles and requests.
                let begun = observe::enter(unsafe { slot_of($event_loop) }, callback as usize, $phase);
                // SAFETY: the module's argument.
                unsafe { callback($($argument),*) };
                observe::leave(begun);
            } else {
                // SAFETY: the module's argument.
                unsafe { callback($($argument),*) };
            }
            probes::callback_done();
        }
    };
}

/// Where a loop writes what it measures.
///
/// # Safety
/// The loop is one, and alive.
#[cold]
unsafe fn slot_of(event_loop: *mut uv_loop_t) -> Option<&'static Slot> {
    // SAFETY: the caller's.
    unsafe { Loop::from_c(event_loop) }.shared().slot()
}

/// The loop of a request's handle.
///
/// # Safety
/// The handle is one, and alive.
unsafe fn loop_of(handle: *mut uv_handle_t) -> *mut uv_loop_t {
    // SAFETY: a handle outlives the requests that were made of it (law 1).
    unsafe { (*handle).r#loop.get() }
}

pub(crate) fn close(handle: Handle) {
    call!("closing": handle.r#loop.get(), handle.close_cb.get(), handle.as_ptr());
}

pub(crate) fn walk(callback: uv_walk_cb, handle: Handle, arg: *mut c_void) {
    call!("": handle.r#loop.get(), callback, handle.as_ptr(), arg);
}

pub(crate) fn timer(timer: Timer) {
    call!("timers": timer.r#loop.get(), timer.timer_cb.get(), timer.as_ptr());
}

pub(crate) fn idle(idle: Idle) {
    call!("idle": idle.r#loop.get(), idle.idle_cb.get(), idle.as_ptr());
}

pub(crate) fn prepare(prepare: Prepare) {
    call!("prepare": prepare.r#loop.get(), prepare.prepare_cb.get(), prepare.as_ptr());
}

pub(crate) fn check(check: Check) {
    call!("check": check.r#loop.get(), check.check_cb.get(), check.as_ptr());
}

pub(crate) fn async_(async_: Async) {
    call!(async_.r#loop.get(), async_.async_cb.get(), async_.as_ptr());
}

pub(crate) fn poll(poll: Poll, status: c_int, events: c_int) {
    call!(poll.r#loop.get(), poll.poll_cb.get(), poll.as_ptr(), status, events);
}

pub(crate) fn signal(signal: Signal, signum: c_int) {
    call!(signal.r#loop.get(), signal.signal_cb.get(), signal.as_ptr(), signum);
}

pub(crate) fn exit(process: Process, status: i64, signal: c_int) {
    call!(process.r#loop.get(), process.exit_cb.get(), process.as_ptr(), status, signal);
}

pub(crate) fn fs_event(handle: FsEvent, filename: *const c_char, events: c_int, status: c_int) {
    call!(handle.r#loop.get(), handle.cb.get(), handle.as_ptr(), filename, events, status);
}

pub(crate) fn fs_poll(
    callback: uv_fs_poll_cb,
    handle: FsPoll,
    status: c_int,
    old: *const uv_stat_t,
    new: *const uv_stat_t,
) {
    call!(handle.r#loop.get(), callback, handle.as_ptr(), status, old, new);
}

/// Asks for a buffer of about `size` bytes. The buffer is NULL if the user gives none.
pub(crate) fn alloc(callback: uv_alloc_cb, handle: Handle, size: usize) -> uv_buf_t {
    let mut buf = uv_buf_t { base: std::ptr::null_mut(), len: 0 };
    call!(handle.r#loop.get(), callback, handle.as_ptr(), size, &raw mut buf);
    buf
}

pub(crate) fn read(stream: Stream, nread: isize, buf: &uv_buf_t) {
    // A copy of our own: the user may write to it, and it must not be a reference (law 3).
    let buf = *buf;
    call!(stream.r#loop.get(), stream.read_cb.get(), stream.as_ptr(), nread, &raw const buf);
}

pub(crate) fn write(req: Write, status: c_int) {
    call!(loop_of(req.handle.get().cast()), req.cb.get(), req.as_ptr(), status);
}

/// `callback` is a `uvring_write_cb`, or NULL.
pub(crate) fn gathered(req: *mut uvring_write_t, callback: *mut c_void) {
    // SAFETY: law 2; NULL is no callback.
    let (event_loop, status, callback) = unsafe {
        ((*req).r#loop.get(), (*req).status.get(), std::mem::transmute::<*mut c_void, uvring_write_cb>(callback))
    };
    call!(event_loop, callback, req, status);
}

/// `callback` is a `uvring_release_cb`.
pub(crate) fn released(req: *mut uvring_write_t, callback: *mut c_void) {
    // SAFETY: law 2; NULL is no callback.
    let (event_loop, callback) =
        unsafe { ((*req).r#loop.get(), std::mem::transmute::<*mut c_void, uvring_release_cb>(callback)) };
    call!(event_loop, callback, req);
}

/// `callback` is a `uvring_read_cb`.
pub(crate) fn read_request(req: *mut uvring_read_t, callback: *mut c_void) {
    // SAFETY: law 2; NULL is no callback.
    let (event_loop, status, callback) = unsafe {
        ((*req).r#loop.get(), (*req).status.get(), std::mem::transmute::<*mut c_void, uvring_read_cb>(callback))
    };
    call!(event_loop, callback, req, status);
}

/// Lends a view for as long as the callback runs; NULL at the end and with errors.
pub(crate) fn received(stream: Stream, callback: uvring_recv_cb, nread: isize, view: *mut uvring_view_t) {
    call!(stream.r#loop.get(), callback, stream.as_ptr(), nread, view);
}

/// Lends a view for as long as the callback runs.
pub(crate) fn lent_datagram(
    udp: Udp,
    callback: uvring_udp_recv_cb,
    nread: isize,
    view: Option<uvring_view_t>,
    addr: *const sockaddr,
    flags: c_uint,
) {
    let mut view = view;
    let place = view.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut);
    call!(udp.r#loop.get(), callback, udp.as_ptr(), nread, place, addr, flags);
}

pub(crate) fn pool_closed(pool: *mut uvring_pool_t, callback: uvring_pool_close_cb) {
    // SAFETY: the pool's memory is the caller's from now on.
    let event_loop = unsafe { (*pool).r#loop.get() };
    call!(event_loop, callback, pool);
}

pub(crate) fn watermark(stream: Stream, callback: uvring_watermark_cb, is_above: bool) {
    call!(stream.r#loop.get(), callback, stream.as_ptr(), c_int::from(is_above));
}

pub(crate) fn connect(req: Connect, status: c_int) {
    call!(loop_of(req.handle.get().cast()), req.cb.get(), req.as_ptr(), status);
}

pub(crate) fn shutdown(req: Shutdown, status: c_int) {
    call!(loop_of(req.handle.get().cast()), req.cb.get(), req.as_ptr(), status);
}

pub(crate) fn connection(server: Stream, status: c_int) {
    call!(server.r#loop.get(), server.connection_cb.get(), server.as_ptr(), status);
}

pub(crate) fn accept(callback: uvring_accept_cb, server: Stream, status: c_int, sock: uv_os_sock_t) {
    call!(server.r#loop.get(), callback, server.as_ptr(), status, sock);
}

pub(crate) fn recv(udp: Udp, nread: isize, buf: &uv_buf_t, addr: *const sockaddr, flags: c_uint) {
    let buf = *buf;
    call!(udp.r#loop.get(), udp.recv_cb.get(), udp.as_ptr(), nread, &raw const buf, addr, flags);
}

pub(crate) fn send(req: UdpSend, status: c_int) {
    call!(loop_of(req.handle.get().cast()), req.send_cb.get(), req.as_ptr(), status);
}

pub(crate) fn fs(req: FsReq) {
    call!(req.r#loop.get(), req.cb.get(), req.as_ptr());
}

pub(crate) fn post(req: Post) {
    call!(req.r#loop.get(), req.cb.get(), req.as_ptr());
}

pub(crate) fn many(req: Many, callback: uvring_many_cb) {
    call!(req.r#loop.get(), callback, req.as_ptr(), req.status.get());
}

/// On a worker of the pool.
pub(crate) fn work(req: Work) {
    let Some(callback) = req.work_cb.get() else { return };
    let began_ns = observe::begin_span();
    // SAFETY: the module's argument.
    unsafe { callback(req.as_ptr()) };
    observe::end_span(began_ns, "callback", &Name::At(callback as usize));
}

pub(crate) fn after_work(req: Work, status: c_int) {
    call!(req.r#loop.get(), req.after_work_cb.get(), req.as_ptr(), status);
}

pub(crate) fn getaddrinfo(req: GetAddrInfo, status: c_int, result: *mut addrinfo) {
    call!(req.r#loop.get(), req.cb.get(), req.as_ptr(), status, result);
}

pub(crate) fn getnameinfo(req: GetNameInfo, status: c_int, host: *const c_char, service: *const c_char) {
    call!(req.r#loop.get(), req.getnameinfo_cb.get(), req.as_ptr(), status, host, service);
}

pub(crate) fn random(req: Random, status: c_int, buf: *mut c_void, len: usize) {
    call!(req.r#loop.get(), req.cb.get(), req.as_ptr(), status, buf, len);
}
