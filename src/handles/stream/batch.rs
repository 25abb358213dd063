//! What many streams have gathered goes to the kernel in one call, where the loop may have a ring: one SEND for each stream, which takes
//! what there is room for and waits for nothing. So all have completed when the call returns.

use super::advance;
use super::side::Side;
use crate::abi::{Errno, Result, uv_buf_t};
use crate::base::alloc::Array;
use crate::base::queue::Link;
use crate::model::event_loop::Loop;
use crate::model::extension::Extension;
use crate::model::handle::Stream;
use crate::op::send::Send;

/// Fewer streams than this are written to one by one: the ring, which may have to be made, has nothing to win.
const LEAST: usize = 8;
/// So many go together: what is noted of them stays in the processor's cache.
const MOST: usize = 128;

/// What a stream offers: `count` buffers from `start` on.
#[derive(Clone, Copy)]
struct Offer {
    stream: Stream,
    start: usize,
    count: usize,
    /// How many requests that is to their ends.
    whole: usize,
}

/// Notes of a batch.
struct Batch {
    bufs: Array<uv_buf_t>,
    offers: Array<Offer>,
    sends: Array<Send>,
}

/// Hands over what all streams of the loop have gathered.
#[inline]
pub(crate) fn flush(event_loop: Loop) {
    if let Some(extension) = event_loop.extension()
        && !extension.gathered().is_empty()
    {
        flush_together(event_loop, extension);
        while let Some(link) = extension.gathered().first() {
            advance::push_out(Side::of_link(link).stream);
        }
    }
}

/// The same, if they are many. Those that remain in the list are to be written to one by one.
fn flush_together(event_loop: Loop, extension: &Extension) {
    let gathered = extension.gathered();
    let mut next = gathered.first();
    for _ in 1..LEAST {
        next = next.and_then(|link| link.next_in(gathered));
    }
    if next.is_none() {
        return;
    }
    let mut batch = Batch { bufs: Array::new(), offers: Array::new(), sends: Array::new() };
    while !gathered.is_empty() {
        batch.collect(gathered);
        // Without memory, or a ring, one by one.
        let is_carried = batch.prepare().is_ok() && event_loop.state().driver.borrow_mut().send_all(&mut batch.sends);
        for (at, offer) in batch.offers.iter().enumerate() {
            match batch.sends.get(at).filter(|_| is_carried) {
                Some(send) => advance::sent(offer.stream, send.result, offer.whole),
                None => advance::push_out(offer.stream),
            }
        }
        if !is_carried {
            return;
        }
    }
}

impl Batch {
    /// Takes streams from the list, which are written to at once if they are not fit to go together.
    fn collect(&mut self, gathered: Link) {
        self.bufs.clear();
        self.offers.clear();
        while self.offers.len() < MOST
            && let Some(link) = gathered.first()
        {
            let side = Side::of_link(link);
            let is_in = side.is_socket() && advance::may_send(side.stream) && self.add(side.stream).is_ok();
            if is_in {
                advance::leave_gathering(side.stream);
            } else {
                advance::push_out(side.stream);
            }
        }
    }

    fn add(&mut self, stream: Stream) -> Result {
        self.offers.reserve(1)?;
        let start = self.bufs.len();
        let whole = advance::offer(stream, &mut self.bufs)?;
        match self.bufs.len() - start {
            0 => Err(Errno::EINVAL),
            count => self.offers.push(Offer { stream, start, count, whole }),
        }
    }

    /// Makes the entries, once the buffers stay where they are.
    fn prepare(&mut self) -> Result {
        self.sends.clear();
        for offer in self.offers.iter() {
            let bufs = &raw const self.bufs[offer.start];
            // SAFETY: the array is not touched before the batch was carried, and what is in it stays until the requests end (laws 2
            // and 4).
            self.sends.push(unsafe { Send::new(offer.stream.fd(), bufs, offer.count) })?;
        }
        Ok(())
    }
}
