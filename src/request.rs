//! What all requests share: newtypes over them, their count, `uv_cancel`.

use libc::c_int;

use crate::abi::*;
use crate::driver::pool;
use crate::event_loop::Loop;
use crate::handle::newtype;
use crate::requests::fs;

newtype!(
    /// Any request.
    Req,
    uv_req_t
);

macro_rules! request {
    ($($name:ident, $c:ty, $what:literal;)+) => { $(
        newtype!(#[doc = $what] $name, $c);

        impl From<$name> for Req {
            fn from(req: $name) -> Req {
                Req(req.0.cast())
            }
        }
    )+ };
}

request! {
    Connect, uv_connect_t, "A connection attempt.";
    FsReq, uv_fs_t, "A file system operation.";
    GetAddrInfo, uv_getaddrinfo_t, "A name lookup.";
    GetNameInfo, uv_getnameinfo_t, "A reverse lookup.";
    Random, uv_random_t, "A request for random bytes.";
    Shutdown, uv_shutdown_t, "A shutdown.";
    UdpSend, uv_udp_send_t, "A datagram to send.";
    Work, uv_work_t, "A job.";
    Write, uv_write_t, "A write.";
}

/// Cancels a request that has not started: its callback is called with `UV_ECANCELED`, in a later turn of the loop.
/// Works for file, name lookup, random and work requests, and for queued writes.
///
/// Returns 0, `UV_EBUSY` if the request runs or is done, `UV_EINVAL` for other types. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cancel(req: *mut uv_req_t) -> c_int {
    // SAFETY: law 2.
    unsafe { Req::from_c(req) }.cancel().into_c()
}

impl Req {
    /// Sets the type and counts the request, which keeps the loop alive.
    pub(crate) fn init(self, event_loop: Loop, kind: uv_req_type) {
        self.r#type.set(kind);
        event_loop.count_request(1);
    }

    fn cancel(self) -> Result {
        let work = match self.r#type.get() {
            UV_FS => return fs::cancel(FsReq(self.0.cast())),
            UV_WRITE => return crate::handles::stream::write::cancel(Write(self.0.cast())),
            UV_GETADDRINFO => &raw const GetAddrInfo(self.0.cast()).work_req,
            UV_GETNAMEINFO => &raw const GetNameInfo(self.0.cast()).work_req,
            UV_RANDOM => &raw const Random(self.0.cast()).work_req,
            UV_WORK => &raw const Work(self.0.cast()).work_req,
            _ => return Err(Errno::EINVAL),
        };
        if pool::cancel(work.cast_mut()) { Ok(()) } else { Err(Errno::EBUSY) }
    }
}
