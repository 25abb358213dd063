//! The job of the thread pool that lies in a request: a `uv__work`, linked by its `wq`. And from the one to the other.

use std::mem::offset_of;

use crate::abi::ext::uvring_post_t;
use crate::abi::*;
use crate::base::newtype::{linked, newtype};
use crate::model::event_loop::Loop;
use crate::model::ext_request::Post;
use crate::model::request::{FsReq, GetAddrInfo, GetNameInfo, Random, Work};

newtype!(
    /// The job in a request.
    Job,
    uv__work
);

linked!(Job, uv__work, link / of_link: wq);

/// A request with a job.
pub(crate) trait WithJob: Copy {
    /// Its job.
    fn job(self) -> Job;

    /// The request of a job.
    ///
    /// # Safety
    /// The job lies in a request of this type (law 2).
    unsafe fn of_job(job: Job) -> Self;

    /// Its loop.
    fn event_loop(self) -> Loop;
}

macro_rules! with_job {
    ($($name:ident, $c:ty, $field:ident;)+) => { $(
        impl WithJob for $name {
            fn job(self) -> Job {
                // SAFETY: law 2.
                unsafe { Job::from_c(&raw const (*self.as_ptr()).$field) }
            }

            unsafe fn of_job(job: Job) -> $name {
                // SAFETY: the caller's.
                unsafe { $name::from_c(job.as_ptr().byte_sub(offset_of!($c, $field)).cast()) }
            }

            fn event_loop(self) -> Loop {
                // SAFETY: a loop outlives its requests.
                unsafe { Loop::from_c(self.r#loop.get()) }
            }
        }
    )+ };
}

with_job! {
    FsReq, uv_fs_t, work_req;
    GetAddrInfo, uv_getaddrinfo_t, work_req;
    GetNameInfo, uv_getnameinfo_t, work_req;
    Post, uvring_post_t, work;
    Random, uv_random_t, work_req;
    Work, uv_work_t, work_req;
}
