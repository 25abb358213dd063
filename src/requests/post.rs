//! Posts: callbacks that other threads want on a loop. They come with the jobs that the pool has finished.

use libc::c_int;

use crate::abi::ext::{uvring_post_cb, uvring_post_t};
use crate::abi::{Errno, Result, UV_UNKNOWN_REQ, uv__work};
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::ext_request::Post;
use crate::model::metrics::add;
use crate::pool;

pub(crate) fn post(req: Post, to: Loop, value: u64, cb: uvring_post_cb) -> Result {
    if cb.is_none() {
        return Err(Errno::EINVAL);
    }
    req.r#type.set(UV_UNKNOWN_REQ);
    req.status.set(0);
    req.r#loop.set(to.as_ptr());
    req.value.set(value);
    req.cb.set(cb);
    pool::post(to, (&raw const req.work).cast_mut(), done);
    Ok(())
}

unsafe extern "C" fn done(work: *mut uv__work, _status: c_int) {
    // SAFETY: law 2: it lies in a request that was posted.
    let req = unsafe { Post::from_c(work.byte_sub(std::mem::offset_of!(uvring_post_t, work)).cast()) };
    // SAFETY: law 5.
    add(&unsafe { Loop::from_c(req.r#loop.get()) }.state().metrics.posts, 1);
    callback::post(req);
}
