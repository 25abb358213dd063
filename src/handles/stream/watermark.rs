//! Watermarks: who writes much is told when too much waits in a stream, and when it has gone.

#![deny(unsafe_code)]

use crate::abi::ext::uvring_watermark_cb;
use crate::abi::*;
use crate::callback;
use crate::model::handle::{Handle, Stream};

/// `uvring_watermarks`.
pub(crate) fn set(stream: Stream, low: usize, high: usize, cb: uvring_watermark_cb) -> Result {
    if low > high || Handle::from(stream).is_closing() {
        return Err(Errno::EINVAL);
    }
    let side = stream.side_or_new()?;
    side.low.set(low);
    side.high.set(high);
    side.watermark_cb.set(cb);
    side.above.set(false);
    note(stream);
    Ok(())
}

/// True if the user is to be told something. While it connects, the stream is not fed: that is how it hears of its connection.
pub(super) fn is_crossed(stream: Stream) -> bool {
    if !stream.connect_req.get().is_null() {
        return false;
    }
    let Some(side) = stream.side().filter(|side| side.watermark_cb.get().is_some()) else { return false };
    let queued = stream.write_queue_size.get();
    if side.above.get() { queued <= side.low.get() } else { queued > side.high.get() }
}

/// Has the user told in the pending phase, if there is something.
pub(super) fn note(stream: Stream) {
    if is_crossed(stream) {
        stream.io().feed(Handle::from(stream).event_loop());
    }
}

/// Tells the user, if there is something.
pub(super) fn tell(stream: Stream) {
    if stream.fd() != -1
        && is_crossed(stream)
        && let Some(side) = stream.side()
    {
        let is_above = !side.above.get();
        side.above.set(is_above);
        callback::watermark(stream, side.watermark_cb.get(), is_above);
    }
}
