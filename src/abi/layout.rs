//! Sizes and offsets of libuv 1.53.0 on 64-bit Linux, asserted while compiling.

use std::mem::{offset_of, size_of};

use super::*;

macro_rules! sizes {
    ($($t:ty = $n:literal),+ $(,)?) => { $(const _: () = assert!(size_of::<$t>() == $n);)+ };
}

sizes! {
    uv_loop_t = 848, uv_handle_t = 96, uv_stream_t = 248, uv_tcp_t = 248, uv_pipe_t = 264, uv_tty_t = 312,
    uv_udp_t = 216, uv_timer_t = 152, uv_async_t = 128, uv_poll_t = 160, uv_signal_t = 152, uv_process_t = 136,
    uv_idle_t = 120, uv_prepare_t = 120, uv_check_t = 120, uv_fs_event_t = 136, uv_fs_poll_t = 104,
    uv_req_t = 64, uv_write_t = 192, uv_connect_t = 96, uv_shutdown_t = 80, uv_udp_send_t = 320, uv_fs_t = 440,
    uv_work_t = 128, uv_getaddrinfo_t = 160, uv_getnameinfo_t = 1320, uv_random_t = 144, uv_dir_t = 56,
}

macro_rules! prefix {
    ($base:ty, [$($t:ty),+], $fields:tt) => { $(prefix!(@ $base, $t, $fields);)+ };
    (@ $base:ty, $t:ty, [$($field:ident),+]) => {
        $(const _: () = assert!(offset_of!($base, $field) == offset_of!($t, $field));)+
    };
}

// What makes the down-casts of `handle.rs` true: each handle begins with the base's fields.
prefix!(
    uv_handle_t,
    [
        uv_stream_t,
        uv_tcp_t,
        uv_pipe_t,
        uv_tty_t,
        uv_udp_t,
        uv_timer_t,
        uv_async_t,
        uv_poll_t,
        uv_signal_t,
        uv_process_t,
        uv_idle_t,
        uv_prepare_t,
        uv_check_t,
        uv_fs_event_t,
        uv_fs_poll_t
    ],
    [data, r#loop, r#type, close_cb, handle_queue, u, next_closing, flags]
);
prefix!(
    uv_stream_t,
    [uv_tcp_t, uv_pipe_t, uv_tty_t],
    [
        write_queue_size,
        alloc_cb,
        read_cb,
        connect_req,
        shutdown_req,
        io_watcher,
        write_queue,
        write_completed_queue,
        connection_cb,
        delayed_error,
        accepted_fd,
        queued_fds
    ]
);
prefix!(
    uv_req_t,
    [
        uv_shutdown_t,
        uv_connect_t,
        uv_write_t,
        uv_udp_send_t,
        uv_getaddrinfo_t,
        uv_getnameinfo_t,
        uv_work_t,
        uv_random_t,
        uv_fs_t
    ],
    [data, r#type, reserved]
);
