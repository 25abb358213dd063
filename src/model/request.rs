//! What all requests share: newtypes over them, their count.

#![deny(unsafe_code)]

use crate::abi::*;
use crate::base::newtype::{linked, newtype};
use crate::model::event_loop::Loop;

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

linked!(UdpSend, uv_udp_send_t, link / of_link: queue);
linked!(Write, uv_write_t, link / of_link: queue);

impl Req {
    /// Sets the type and counts the request, which keeps the loop alive.
    pub(crate) fn init(self, event_loop: Loop, kind: uv_req_type) {
        self.r#type.set(kind);
        event_loop.count_request(1);
    }
}
