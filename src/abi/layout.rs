//! Sizes and offsets of libuv 1.53.0 on 64-bit Linux, asserted while compiling.

use std::mem::{offset_of, size_of};

use super::*;

// pthread_mutex_t has 40 bytes on x86-64 and 48 on aarch64, which moves what lies behind the loop's. All else is the same.
const MUTEX: usize = size_of::<uv_mutex_t>() - 40;

macro_rules! sizes {
    ($($t:ty = $n:expr),+ $(,)?) => { $(const _: () = assert!(size_of::<$t>() == $n);)+ };
}

sizes! {
    uv_loop_t = 848 + MUTEX, uv_handle_t = 96, uv_stream_t = 248, uv_tcp_t = 248, uv_pipe_t = 264, uv_tty_t = 312,
    uv_udp_t = 216, uv_timer_t = 152, uv_async_t = 128, uv_poll_t = 160, uv_signal_t = 152, uv_process_t = 136,
    uv_idle_t = 120, uv_prepare_t = 120, uv_check_t = 120, uv_fs_event_t = 136, uv_fs_poll_t = 104, uv_req_t = 64,
    uv_shutdown_t = 80, uv_connect_t = 96, uv_write_t = 192, uv_udp_send_t = 320, uv_getaddrinfo_t = 160,
    uv_getnameinfo_t = 1320, uv_work_t = 128, uv_random_t = 144, uv_fs_t = 440, uv__work = 40, uv__queue = 16,
    uv__io_t = 56, uv_buf_t = 16, uv_lib_t = 16, uv_timespec_t = 16, uv_timespec64_t = 16, uv_timeval_t = 16,
    uv_timeval64_t = 16, uv_stat_t = 160, uv_stdio_container_t = 16, uv_process_options_t = 64, uv_cpu_times_s = 40,
    uv_cpu_info_t = 56, uv_interface_address_t = 80, uv_passwd_t = 40, uv_group_t = 24, uv_utsname_t = 1024,
    uv_statfs_t = 88, uv_dirent_t = 16, uv_rusage_t = 144, uv_env_item_t = 16, uv_metrics_t = 128, uv_dir_t = 56,
    uv_thread_options_t = 16,
}

macro_rules! prefix {
    ($base:ty, [$($t:ty),+], $fields:tt) => { $(prefix!(@ $base, $t, $fields);)+ };
    (@ $base:ty, $t:ty, [$($field:ident),+]) => {
        $(const _: () = assert!(offset_of!($base, $field) == offset_of!($t, $field));)+
    };
}

// What makes the down-casts of `model/handle.rs` true: each handle begins with the base's fields.
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
    [data, r#type, reserved, write_extra]
);

macro_rules! offsets {
    ($($t:ty: $($field:ident = $n:expr),+;)+) => { $($(const _: () = assert!(offset_of!($t, $field) == $n);)+)+ };
}

// Every field, but those that `prefix!` compares with their base's.
offsets! {
    uv_loop_t: data = 0, active_handles = 8, handle_queue = 16, active_reqs = 32, internal_fields = 40, stop_flag = 48,
        flags = 56, backend_fd = 64, pending_queue = 72, watcher_queue = 88, watchers = 104, nwatchers = 112,
        nfds = 116, wq = 120, wq_mutex = 136, wq_async = 176 + MUTEX, cloexec_lock = 304 + MUTEX,
        closing_handles = 360 + MUTEX, process_handles = 368 + MUTEX, prepare_handles = 384 + MUTEX,
        check_handles = 400 + MUTEX, idle_handles = 416 + MUTEX, async_handles = 432 + MUTEX,
        async_unused = 448 + MUTEX, async_io_watcher = 456 + MUTEX, async_wfd = 512 + MUTEX, timer_heap = 520 + MUTEX,
        timer_counter = 536 + MUTEX, time = 544 + MUTEX, signal_pipefd = 552 + MUTEX, signal_io_watcher = 560 + MUTEX,
        child_watcher = 616 + MUTEX, emfile_fd = 768 + MUTEX, inotify_read_watcher = 776 + MUTEX,
        inotify_watchers = 832 + MUTEX, inotify_fd = 840 + MUTEX;
    uv_handle_t: data = 0, r#loop = 8, r#type = 16, close_cb = 24, handle_queue = 32, u = 48, next_closing = 80,
        flags = 88;
    uv_stream_t: write_queue_size = 96, alloc_cb = 104, read_cb = 112, connect_req = 120, shutdown_req = 128,
        io_watcher = 136, write_queue = 192, write_completed_queue = 208, connection_cb = 224, delayed_error = 232,
        accepted_fd = 236, queued_fds = 240;
    uv_pipe_t: ipc = 248, pipe_fname = 256;
    uv_tty_t: orig_termios = 248, mode = 308;
    uv_udp_t: send_queue_size = 96, send_queue_count = 104, alloc_cb = 112, recv_cb = 120, io_watcher = 128,
        write_queue = 184, write_completed_queue = 200;
    uv_timer_t: timer_cb = 96, node = 104, timeout = 128, repeat = 136, start_id = 144;
    uv_async_t: async_cb = 96, queue = 104, pending = 120;
    uv_poll_t: poll_cb = 96, io_watcher = 104;
    uv_signal_t: signal_cb = 96, signum = 104, tree_entry = 112, caught_signals = 144, dispatched_signals = 148;
    uv_process_t: exit_cb = 96, pid = 104, queue = 112, status = 128;
    uv_idle_t: idle_cb = 96, queue = 104;
    uv_prepare_t: prepare_cb = 96, queue = 104;
    uv_check_t: check_cb = 96, queue = 104;
    uv_fs_event_t: path = 96, cb = 104, watchers = 112, wd = 128;
    uv_fs_poll_t: poll_ctx = 96;
    uv_req_t: data = 0, r#type = 8, reserved = 16, write_extra = 56;
    uv_shutdown_t: handle = 64, cb = 72;
    uv_connect_t: cb = 64, handle = 72, queue = 80;
    uv_write_t: cb = 64, send_handle = 72, handle = 80, queue = 88, write_index = 104, bufs = 112, nbufs = 120,
        error = 124, bufsml = 128;
    uv_udp_send_t: handle = 64, cb = 72, queue = 80, u = 96, nbufs = 224, bufs = 232, status = 240, send_cb = 248,
        bufsml = 256;
    uv_getaddrinfo_t: r#loop = 64, work_req = 72, cb = 112, hints = 120, hostname = 128, service = 136, addrinfo = 144,
        retcode = 152;
    uv_getnameinfo_t: r#loop = 64, work_req = 72, getnameinfo_cb = 112, storage = 120, flags = 248, host = 252,
        service = 1277, retcode = 1312;
    uv_work_t: r#loop = 64, work_cb = 72, after_work_cb = 80, work_req = 88;
    uv_random_t: r#loop = 64, status = 72, buf = 80, buflen = 88, cb = 96, work_req = 104;
    uv_fs_t: fs_type = 64, r#loop = 72, cb = 80, result = 88, ptr = 96, path = 104, statbuf = 112, new_path = 272,
        file = 280, flags = 284, mode = 288, nbufs = 292, bufs = 296, off = 304, uid = 312, gid = 316, atime = 320,
        mtime = 328, work_req = 336, bufsml = 376;
    uv__work: work = 0, done = 8, r#loop = 16, wq = 24;
    uv__queue: next = 0, prev = 8;
    uv__io_t: bits = 0, pending_queue = 8, watcher_queue = 24, pevents = 40, events = 44, fd = 48;
    uv_buf_t: base = 0, len = 8;
    uv_lib_t: handle = 0, errmsg = 8;
    uv_timespec_t: tv_sec = 0, tv_nsec = 8;
    uv_timespec64_t: tv_sec = 0, tv_nsec = 8;
    uv_timeval_t: tv_sec = 0, tv_usec = 8;
    uv_timeval64_t: tv_sec = 0, tv_usec = 8;
    uv_stat_t: st_dev = 0, st_mode = 8, st_nlink = 16, st_uid = 24, st_gid = 32, st_rdev = 40, st_ino = 48,
        st_size = 56, st_blksize = 64, st_blocks = 72, st_flags = 80, st_gen = 88, st_atim = 96, st_mtim = 112,
        st_ctim = 128, st_birthtim = 144;
    uv_stdio_container_t: flags = 0, data = 8;
    uv_process_options_t: exit_cb = 0, file = 8, args = 16, env = 24, cwd = 32, flags = 40, stdio_count = 44,
        stdio = 48, uid = 56, gid = 60;
    uv_cpu_times_s: user = 0, nice = 8, sys = 16, idle = 24, irq = 32;
    uv_cpu_info_t: model = 0, speed = 8, cpu_times = 16;
    uv_interface_address_t: name = 0, phys_addr = 8, is_internal = 16, address = 20, netmask = 48;
    uv_passwd_t: username = 0, uid = 8, gid = 16, shell = 24, homedir = 32;
    uv_group_t: groupname = 0, gid = 8, members = 16;
    uv_utsname_t: sysname = 0, release = 256, version = 512, machine = 768;
    uv_statfs_t: f_type = 0, f_bsize = 8, f_blocks = 16, f_bfree = 24, f_bavail = 32, f_files = 40, f_ffree = 48,
        f_frsize = 56, f_spare = 64;
    uv_dirent_t: name = 0, r#type = 8;
    uv_rusage_t: ru_utime = 0, ru_stime = 16, ru_maxrss = 32, ru_ixrss = 40, ru_idrss = 48, ru_isrss = 56,
        ru_minflt = 64, ru_majflt = 72, ru_nswap = 80, ru_inblock = 88, ru_oublock = 96, ru_msgsnd = 104,
        ru_msgrcv = 112, ru_nsignals = 120, ru_nvcsw = 128, ru_nivcsw = 136;
    uv_env_item_t: name = 0, value = 8;
    uv_metrics_t: loop_count = 0, events = 8, events_waiting = 16, reserved = 24;
    uv_dir_t: dirents = 0, nentries = 8, reserved = 16, dir = 48;
    uv_thread_options_t: flags = 0, stack_size = 8;
}
