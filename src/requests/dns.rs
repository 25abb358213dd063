//! Name lookups: the C library's, on threads of their own, because a name server may take long to answer or never does.
//!
//! Addresses and ports in digits need no name server, no file and no system call. Those are read on the loop's own thread,
//! by the C library too, which is told that there is nothing to look up; and if it disagrees, the question goes to a thread
//! as it was asked. Their answers arrive in the next poll phase like all others.

use std::ffi::CStr;
use std::mem::{size_of, zeroed};
use std::ptr;

use libc::{addrinfo, c_char, c_int, c_void, sockaddr, sockaddr_in, sockaddr_in6, sockaddr_storage, socklen_t};

use crate::abi::*;
use crate::base::alloc;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::job::WithJob;
use crate::model::request::{GetAddrInfo, GetNameInfo, Req};
use crate::pool;
use crate::pool::{Done, Kind, Task};
use crate::text::idna;

/// Room for a host name in ASCII.
const HOST: usize = 256;

/// Looks up addresses, like `getaddrinfo(3)`: of the host `node`, UTF-8, for `service`; one of them may be NULL. `hints` may
/// be NULL. `cb` is called with 0 and the addresses, which `uv_freeaddrinfo` takes back; or with `UV_EAI_…` and NULL. If
/// `cb` is NULL, the call waits for the answer, leaves it in `req->addrinfo` and returns the outcome; `loop` may be NULL
/// then. The arguments are copied.
/// `UV_EINVAL` if both names are NULL, without a loop where there is `cb`, and for a host name that is empty, malformed or too long;
/// `UV_EAGAIN` if the system has no thread for it; `UV_ENOMEM`.
/// Not thread-safe, but for calls without `cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_getaddrinfo(
    r#loop: *mut uv_loop_t,
    req: *mut uv_getaddrinfo_t,
    cb: uv_getaddrinfo_cb,
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
) -> c_int {
    if req.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: laws 2 and 5; the caller's strings and hints.
    unsafe { GetAddrInfo::from_c(req).start(r#loop, cb, node, service, hints) }.into_c()
}

/// Frees what a lookup gave; NULL is fine. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_freeaddrinfo(ai: *mut addrinfo) {
    if !ai.is_null() {
        // SAFETY: the C library's list, from a lookup.
        unsafe { libc::freeaddrinfo(ai) };
    }
}

/// Looks up the names of an IPv4 or IPv6 address and its port, like `getnameinfo(3)`; `flags` are its `NI_…`. `cb` is called
/// with 0 and the names of host and service, which live in the request, or with `UV_EAI_…` and NULL. If `cb` is NULL, the
/// call waits for the answer, leaves it in `req->host` and `req->service` and returns the outcome; `loop` may be NULL then.
/// `UV_EINVAL` without a request or address, without a loop where there is `cb`, and for other families; `UV_EAGAIN` if the system has
/// no thread for it. Not thread-safe, but for calls without `cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_getnameinfo(
    r#loop: *mut uv_loop_t,
    req: *mut uv_getnameinfo_t,
    cb: uv_getnameinfo_cb,
    addr: *const sockaddr,
    flags: c_int,
) -> c_int {
    if req.is_null() || addr.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: laws 2 and 5; the caller's address.
    unsafe { GetNameInfo::from_c(req).start(r#loop, cb, addr, flags) }.into_c()
}

impl GetAddrInfo {
    /// # Safety
    /// The names are strings or NULL, the hints hints or NULL; the loop is alive if there is a callback.
    unsafe fn start(
        self,
        event_loop: *mut uv_loop_t,
        cb: uv_getaddrinfo_cb,
        node: *const c_char,
        service: *const c_char,
        hints: *const addrinfo,
    ) -> Result {
        if (node.is_null() && service.is_null()) || (event_loop.is_null() && cb.is_some()) {
            return Err(Errno::EINVAL);
        }
        let mut name = [0u8; HOST];
        let mut host: &[u8] = &[];
        if !node.is_null() {
            // SAFETY: the caller's string.
            let len = idna::to_ascii(unsafe { CStr::from_ptr(node) }.to_bytes(), &mut name)?;
            host = &name[..len];
        }
        let mut port: &[u8] = &[];
        if !service.is_null() {
            // SAFETY: the caller's string.
            port = unsafe { CStr::from_ptr(service) }.to_bytes_with_nul();
        }
        // SAFETY: the caller's.
        unsafe { self.keep(host, port, hints) }?;
        self.r#type.set(UV_GETADDRINFO);
        self.r#loop.set(event_loop);
        self.cb.set(cb);
        self.addrinfo.set(ptr::null_mut());
        self.retcode.set(0);
        if cb.is_none() {
            self.look_up();
            self.release();
            return outcome(self.retcode.get());
        }
        // SAFETY: law 5.
        let event_loop = unsafe { Loop::from_c(event_loop) };
        Req::from(self).init(event_loop, UV_GETADDRINFO);
        if self.answer_literal() {
            pool::answered(event_loop.shared(), self, Kind::Lookup);
            event_loop.announce();
            return Ok(());
        }
        pool::submit(event_loop.shared(), self, Kind::Lookup).inspect_err(|_| {
            event_loop.count_request(-1);
            self.release();
        })
    }

    /// Copies the arguments, each with its NUL or empty for NULL, into one piece of memory: hints, service, host.
    ///
    /// # Safety
    /// `hints` are hints, or NULL.
    unsafe fn keep(self, host: &[u8], service: &[u8], hints: *const addrinfo) -> Result {
        let hints_len = if hints.is_null() { 0 } else { size_of::<addrinfo>() };
        let memory = alloc::malloc(hints_len + service.len() + host.len()).cast::<u8>();
        if memory.is_null() {
            return Err(Errno::ENOMEM);
        }
        // SAFETY: room for the three, one behind the other.
        unsafe {
            let (service_at, host_at) = (memory.add(hints_len), memory.add(hints_len + service.len()));
            ptr::copy_nonoverlapping(hints.cast::<u8>(), memory, hints_len);
            ptr::copy_nonoverlapping(service.as_ptr(), service_at, service.len());
            ptr::copy_nonoverlapping(host.as_ptr(), host_at, host.len());
            self.hints.set(if hints_len == 0 { ptr::null_mut() } else { memory.cast() });
            self.service.set(if service.is_empty() { ptr::null_mut() } else { service_at.cast() });
            self.hostname.set(if host.is_empty() { ptr::null_mut() } else { host_at.cast() });
        }
        Ok(())
    }

    /// Frees what `keep` allocated: it begins with the first argument that is there.
    fn release(self) {
        let all = [
            self.hints.replace(ptr::null_mut()).cast::<c_void>(),
            self.service.replace(ptr::null_mut()).cast(),
            self.hostname.replace(ptr::null_mut()).cast(),
        ];
        if let Some(memory) = all.into_iter().find(|p| !p.is_null()) {
            // SAFETY: `keep` allocated it, and no field points there any more.
            unsafe { alloc::free(memory) };
        }
    }

    /// Answers at once if host and service are digits and nothing else has to be known. False if they are not, and for what
    /// is an error: that is the unrestricted lookup's to tell.
    fn answer_literal(self) -> bool {
        // With AI_ADDRCONFIG, which is meant without hints, the C library asks the kernel for all addresses of this machine;
        // with those of internationalised names it loads libraries.
        const PLAIN: c_int = libc::AI_PASSIVE
            | libc::AI_CANONNAME
            | libc::AI_NUMERICHOST
            | libc::AI_V4MAPPED
            | libc::AI_ALL
            | libc::AI_NUMERICSERV;
        // SAFETY: NULL, or `keep`'s copy.
        let Some(mut hints) = (unsafe { self.hints.get().as_ref() }).copied() else { return false };
        let host = self.hostname.get();
        let is_literal = if host.is_null() {
            // One address. Two would be sorted with the help of sockets and a file.
            matches!(hints.ai_family, libc::AF_INET | libc::AF_INET6)
        } else {
            // SAFETY: `keep`'s copy, a string.
            looks_literal(unsafe { CStr::from_ptr(host) }.to_bytes())
        };
        if !is_literal || hints.ai_flags & !PLAIN != 0 {
            return false;
        }
        let added = (libc::AI_NUMERICHOST | libc::AI_NUMERICSERV) & !hints.ai_flags;
        hints.ai_flags |= added;
        let mut list = ptr::null_mut();
        // SAFETY: `keep`'s copies; `list` is the place for the answer.
        if unsafe { libc::getaddrinfo(host, self.service.get(), &raw const hints, &raw mut list) } != 0 {
            return false;
        }
        let mut at: *mut addrinfo = list;
        while !at.is_null() {
            // SAFETY: the C library's list, which repeats the flags that it was given.
            unsafe {
                (*at).ai_flags &= !added;
                at = (*at).ai_next;
            }
        }
        self.addrinfo.set(list);
        true
    }

    /// Asks the C library. On a thread of the pool, or in the synchronous call.
    fn look_up(self) {
        let mut list = ptr::null_mut();
        // SAFETY: `keep`'s copies; `list` is the place for the answer.
        let code =
            unsafe { libc::getaddrinfo(self.hostname.get(), self.service.get(), self.hints.get(), &raw mut list) };
        self.retcode.set(translate(code));
        self.addrinfo.set(if code == 0 { list } else { ptr::null_mut() });
    }
}

impl Task for GetAddrInfo {
    fn run(self) {
        self.look_up();
    }
}

impl Done for GetAddrInfo {
    fn done(self, status: c_int) {
        self.event_loop().count_request(-1);
        self.release();
        if status != 0 {
            self.retcode.set(Errno::EAI_CANCELED.0);
            let list = self.addrinfo.replace(ptr::null_mut());
            if !list.is_null() {
                // SAFETY: an answer that nobody has seen.
                unsafe { libc::freeaddrinfo(list) };
            }
        }
        callback::getaddrinfo(self, self.retcode.get(), self.addrinfo.get());
    }
}

impl GetNameInfo {
    /// # Safety
    /// `addr` is a socket address; the loop is alive if there is a callback.
    unsafe fn start(
        self,
        event_loop: *mut uv_loop_t,
        cb: uv_getnameinfo_cb,
        addr: *const sockaddr,
        flags: c_int,
    ) -> Result {
        if event_loop.is_null() && cb.is_some() {
            return Err(Errno::EINVAL);
        }
        // SAFETY: the caller's; an address begins with its family. It need not be aligned.
        let storage = unsafe {
            let len = length(c_int::from((&raw const (*addr).sa_family).read_unaligned())).ok_or(Errno::EINVAL)?;
            let mut storage: sockaddr_storage = zeroed();
            ptr::copy_nonoverlapping(addr.cast::<u8>(), (&raw mut storage).cast(), len as usize);
            storage
        };
        self.storage.set(storage);
        self.r#type.set(UV_GETNAMEINFO);
        self.r#loop.set(event_loop);
        self.getnameinfo_cb.set(cb);
        self.flags.set(flags);
        self.retcode.set(0);
        if cb.is_none() {
            self.look_up();
            return outcome(self.retcode.get());
        }
        // SAFETY: law 5.
        let event_loop = unsafe { Loop::from_c(event_loop) };
        Req::from(self).init(event_loop, UV_GETNAMEINFO);
        let digits = libc::NI_NUMERICHOST | libc::NI_NUMERICSERV;
        if flags & digits == digits {
            self.look_up();
            pool::answered(event_loop.shared(), self, Kind::Lookup);
            event_loop.announce();
            return Ok(());
        }
        pool::submit(event_loop.shared(), self, Kind::Lookup).inspect_err(|_| event_loop.count_request(-1))
    }

    /// Asks the C library. On a thread of the pool, in the synchronous call, or for digits.
    fn look_up(self) {
        let at = self.as_ptr();
        let len = length(c_int::from(self.storage.get().ss_family)).unwrap_or(0);
        // SAFETY: the request's own fields, with their sizes (law 2).
        let code = unsafe {
            libc::getnameinfo(
                (&raw const (*at).storage).cast(),
                len,
                self.host_ptr(),
                size_of_val(&(*at).host) as socklen_t,
                self.service_ptr(),
                size_of_val(&(*at).service) as socklen_t,
                self.flags.get(),
            )
        };
        self.retcode.set(translate(code));
    }

    fn host_ptr(self) -> *mut c_char {
        // SAFETY: law 2; the address of a field.
        unsafe { (&raw mut (*self.as_ptr()).host).cast() }
    }

    fn service_ptr(self) -> *mut c_char {
        // SAFETY: law 2; the address of a field.
        unsafe { (&raw mut (*self.as_ptr()).service).cast() }
    }
}

impl Task for GetNameInfo {
    fn run(self) {
        self.look_up();
    }
}

impl Done for GetNameInfo {
    fn done(self, status: c_int) {
        self.event_loop().count_request(-1);
        if status != 0 {
            self.retcode.set(Errno::EAI_CANCELED.0);
        }
        let (mut host, mut service) = (ptr::null(), ptr::null());
        if self.retcode.get() == 0 {
            (host, service) = (self.host_ptr().cast_const(), self.service_ptr().cast_const());
        }
        callback::getnameinfo(self, self.retcode.get(), host, service);
    }
}

/// True if a host may be an address in digits: decimal, octal or hexadecimal, with dots or colons. One with a zone does
/// not count: finding its interface can have the kernel load a module.
fn looks_literal(host: &[u8]) -> bool {
    host.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b'x' | b'X'))
}

/// The length of an Internet address.
fn length(family: c_int) -> Option<socklen_t> {
    match family {
        libc::AF_INET => Some(size_of::<sockaddr_in>() as socklen_t),
        libc::AF_INET6 => Some(size_of::<sockaddr_in6>() as socklen_t),
        _ => None,
    }
}

fn outcome(code: c_int) -> Result {
    if code == 0 { Ok(()) } else { Err(Errno(code)) }
}

/// The C library's code in our numbers.
fn translate(code: c_int) -> c_int {
    // Numbers of the C library that libc does not name.
    const EAI_ADDRFAMILY: c_int = -9;
    const EAI_CANCELED: c_int = -103;
    let error = match code {
        0 => return 0,
        libc::EAI_SYSTEM => Errno::last(),
        libc::EAI_AGAIN => Errno::EAI_AGAIN,
        libc::EAI_BADFLAGS => Errno::EAI_BADFLAGS,
        libc::EAI_FAMILY => Errno::EAI_FAMILY,
        libc::EAI_MEMORY => Errno::EAI_MEMORY,
        libc::EAI_NODATA => Errno::EAI_NODATA,
        libc::EAI_NONAME => Errno::EAI_NONAME,
        libc::EAI_OVERFLOW => Errno::EAI_OVERFLOW,
        libc::EAI_SERVICE => Errno::EAI_SERVICE,
        libc::EAI_SOCKTYPE => Errno::EAI_SOCKTYPE,
        EAI_ADDRFAMILY => Errno::EAI_ADDRFAMILY,
        EAI_CANCELED => Errno::EAI_CANCELED,
        // EAI_FAIL, and what later C libraries may add.
        _ => Errno::EAI_FAIL,
    };
    error.0
}
