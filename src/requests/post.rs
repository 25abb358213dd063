//! Posts: callbacks that other threads want on a loop. They come with the jobs that the pool has finished.

#![deny(unsafe_code)]

use libc::c_int;

use crate::abi::ext::uvring_post_cb;
use crate::abi::{Errno, Result, UV_UNKNOWN_REQ};
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::ext_request::Post;
use crate::model::job::WithJob;
use crate::model::metrics::add;
use crate::pool::{self, Done};

pub(crate) fn post(req: Post, to: Loop, value: u64, cb: uvring_post_cb) -> Result {
    if cb.is_none() {
        return Err(Errno::EINVAL);
    }
    req.r#type.set(UV_UNKNOWN_REQ);
    req.status.set(0);
    req.r#loop.set(to.as_ptr());
    req.value.set(value);
    req.cb.set(cb);
    pool::post(to.shared(), req);
    Ok(())
}

impl Done for Post {
    fn done(self, _status: c_int) {
        add(&self.event_loop().state().metrics.posts, 1);
        callback::post(self);
    }
}
