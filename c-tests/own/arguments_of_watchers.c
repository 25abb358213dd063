/* What the functions of timer, async, idle, prepare, check, signal and loop handles answer to odd arguments. */
/* not on valgrind: it complains of what the kernel is handed, and is to refuse */
#include "arguments.h"

static void ignore_timer(uv_timer_t* t) { UNUSED(t); }
static void ignore_async(uv_async_t* a) { UNUSED(a); }
static void ignore_idle(uv_idle_t* i) { UNUSED(i); }
static void ignore_prepare(uv_prepare_t* p) { UNUSED(p); }
static void ignore_check(uv_check_t* c) { UNUSED(c); }
static void ignore_signal(uv_signal_t* s, int signum) { UNUSED(s); UNUSED(signum); }
static void other_timer(uv_timer_t* t) { uv_timer_stop(t); }

static uv_timer_t* timing(uint64_t timeout, uint64_t repeat) {
    uv_timer_t* t = new_timer();
    CHECK_OK(uv_timer_start(t, ignore_timer, timeout, repeat));
    return t;
}

static uv_async_t* new_async(uv_async_cb cb) {
    uv_async_t* a = NEW(uv_async_t);
    CHECK_OK(uv_async_init(&loop, a, cb));
    return a;
}

static uv_signal_t* new_signal(void) {
    uv_signal_t* s = NEW(uv_signal_t);
    CHECK_OK(uv_signal_init(&loop, s));
    return s;
}

static uv_signal_t* watching(int signum) {
    uv_signal_t* s = new_signal();
    CHECK_OK(uv_signal_start(s, ignore_signal, signum));
    return s;
}

static uv_idle_t* new_idle(void) {
    uv_idle_t* i = NEW(uv_idle_t);
    CHECK_OK(uv_idle_init(&loop, i));
    return i;
}

static uv_prepare_t* new_prepare(void) {
    uv_prepare_t* p = NEW(uv_prepare_t);
    CHECK_OK(uv_prepare_init(&loop, p));
    return p;
}

static uv_check_t* new_check(void) {
    uv_check_t* c = NEW(uv_check_t);
    CHECK_OK(uv_check_init(&loop, c));
    return c;
}

static int run_once(void) { return uv_run(&loop, UV_RUN_NOWAIT); }

static void timer_rows(void) {
    GIVES(UV_EINVAL, uv_timer_start(new_timer(), NULL, 1, 0));
    GIVES(UV_EINVAL, uv_timer_start(closing(new_timer()), ignore_timer, 1, 0));
    GIVES(UV_EINVAL, uv_timer_start(timing(1000, 0), NULL, 1, 0));
    GIVES(1, ({ uv_timer_t* t = timing(1000, 0); uv_timer_start(t, NULL, 1, 0); uv_is_active(handle(t)) != 0; }));
    GIVES(0, uv_timer_start(new_timer(), ignore_timer, ~0ull, ~0ull));
    GIVES(0, uv_timer_start(timing(1, 1), other_timer, 0, 0));
    GIVES(UV_EINVAL, uv_timer_again(new_timer()));
    GIVES(0, uv_timer_again(timing(1000, 0)));
    GIVES(1, ({ uv_timer_t* t = timing(1000, 0); uv_timer_again(t); uv_is_active(handle(t)) != 0; }));
    GIVES(0, ({ uv_timer_t* t = timing(1000, 0); uv_timer_stop(t); uv_timer_again(t); uv_is_active(handle(t)); }));
    GIVES(1, ({ uv_timer_t* t = timing(1000, 5); uv_timer_stop(t); uv_timer_again(t); uv_is_active(handle(t)) != 0; }));
    GIVES(UV_EINVAL, ({ uv_timer_t* t = new_timer(); uv_timer_set_repeat(t, 5); uv_timer_again(t); }));
    GIVES(0, uv_timer_again(closing(timing(1000, 0))));
    GIVES(0, ({ uv_timer_t* t = closing(timing(1000, 5)); uv_timer_again(t); uv_is_active(handle(t)); }));
    GIVES(0, uv_timer_stop(new_timer()));
    GIVES(0, uv_timer_stop(closing(timing(1000, 0))));
    GIVES(-1, ({ uv_timer_t* t = new_timer(); uv_timer_set_repeat(t, ~0ull); uv_timer_get_repeat(t); }));
    GIVES(0, uv_timer_get_due_in(new_timer()));
    GIVES(0, uv_timer_get_due_in(closing(timing(0, 0))));
    GIVES(1, uv_timer_get_due_in(timing(~0ull, 0)) > 1ull << 62);
    GIVES(1, ({ timing(~0ull, 0); uv_run(&loop, UV_RUN_NOWAIT); uv_backend_timeout(&loop) == 0x7fffffff; }));
    DIES(uv_timer_start(NULL, ignore_timer, 0, 0));
}

static void async_rows(void) {
    GIVES(0, uv_async_init(&loop, NEW(uv_async_t), NULL));
    GIVES(0, uv_async_send(new_async(ignore_async)));
    GIVES(0, ({ uv_async_t* a = new_async(NULL); CHECK_OK(uv_async_send(a)); uv_unref(handle(a)); run_once(); }));
    GIVES(0, ({ uv_async_t* a = new_async(ignore_async); uv_async_send(a); uv_async_send(a); }));
    GIVES(0, uv_async_send(closing(new_async(ignore_async))));
    GIVES(1, ({ uv_async_t* a = new_async(ignore_async); uv_is_active(handle(a)) != 0; }));
    DIES(uv_async_init(NULL, NEW(uv_async_t), ignore_async));
}

static void watcher_rows(void) {
    GIVES(UV_EINVAL, uv_idle_start(new_idle(), NULL));
    GIVES(UV_EINVAL, uv_prepare_start(new_prepare(), NULL));
    GIVES(UV_EINVAL, uv_check_start(new_check(), NULL));
    GIVES(0, ({ uv_idle_t* i = new_idle(); CHECK_OK(uv_idle_start(i, ignore_idle)); uv_idle_start(i, NULL); }));
    GIVES(0, ({ uv_prepare_t* p = new_prepare(); CHECK_OK(uv_prepare_start(p, ignore_prepare));
                uv_prepare_start(p, ignore_prepare); }));
    GIVES(0, ({ uv_check_t* c = new_check(); CHECK_OK(uv_check_start(c, ignore_check)); uv_check_start(c, NULL); }));
    if (!is_libuv()) {
        /* libuv starts them, and calls them when they are gone. */
        GIVES(UV_EINVAL, uv_idle_start(closing(new_idle()), ignore_idle));
        GIVES(UV_EINVAL, uv_prepare_start(closing(new_prepare()), ignore_prepare));
        GIVES(UV_EINVAL, uv_check_start(closing(new_check()), ignore_check));
    }
    GIVES(0, uv_idle_stop(new_idle()));
    GIVES(0, uv_prepare_stop(new_prepare()));
    GIVES(0, uv_check_stop(closing(new_check())));
    GIVES(0, ({ uv_idle_t* i = new_idle(); CHECK_OK(uv_idle_start(i, ignore_idle)); uv_idle_stop(closing(i)); }));
}

static void signal_rows(void) {
    GIVES(UV_EINVAL, uv_signal_start(new_signal(), ignore_signal, 0));
    GIVES(UV_EINVAL, uv_signal_start(new_signal(), ignore_signal, -1));
    GIVES(UV_EINVAL, uv_signal_start(new_signal(), ignore_signal, SIGKILL));
    GIVES(UV_EINVAL, uv_signal_start(new_signal(), ignore_signal, SIGSTOP));
    GIVES(UV_EINVAL, uv_signal_start(new_signal(), ignore_signal, 65));
    GIVES(UV_EINVAL, uv_signal_start(new_signal(), ignore_signal, 1000));
    GIVES(UV_EINVAL, uv_signal_start(new_signal(), ignore_signal, 32));
    GIVES(0, uv_signal_start(new_signal(), ignore_signal, 64));
    GIVES(0, uv_signal_start(new_signal(), NULL, SIGUSR1));
    GIVES(UV_EINVAL, uv_signal_start_oneshot(new_signal(), ignore_signal, SIGKILL));
    GIVES(UV_EINVAL, uv_signal_start(watching(SIGUSR1), ignore_signal, 0));
    GIVES(SIGUSR1, ({ uv_signal_t* s = watching(SIGUSR1); uv_signal_start(s, ignore_signal, 0); s->signum; }));
    GIVES(UV_EINVAL, uv_signal_start(watching(SIGUSR1), ignore_signal, -1));
    GIVES(0, ({ uv_signal_t* s = watching(SIGUSR1); uv_signal_start(s, ignore_signal, -1); s->signum; }));
    GIVES(0, ({ uv_signal_t* s = watching(SIGUSR1); uv_signal_start(s, ignore_signal, -1); uv_is_active(handle(s)); }));
    GIVES(0, uv_signal_start(watching(SIGUSR1), ignore_signal, SIGUSR1));
    GIVES(SIGUSR2, ({ uv_signal_t* s = watching(SIGUSR1); uv_signal_start(s, ignore_signal, SIGUSR2); s->signum; }));
    GIVES(0, uv_signal_stop(new_signal()));
    GIVES(0, ({ uv_signal_t* s = watching(SIGUSR1); uv_signal_stop(s); uv_signal_stop(s); }));
    DIES(uv_signal_start(closing(new_signal()), ignore_signal, SIGUSR1));
    DIES(uv_signal_stop(closing(watching(SIGUSR1))));
    GIVES(0, ({ uv_kill(getpid(), 0); }));
    GIVES(UV_EINVAL, uv_kill(getpid(), 65));
    GIVES(UV_EINVAL, uv_kill(getpid(), -1));
    GIVES(UV_ESRCH, uv_kill(0x7fffffff, 0));
    GIVES(UV_ESRCH, ({ uv_process_t* p = NEW(uv_process_t); p->pid = 0x7fffffff; uv_process_kill(p, SIGTERM); }));
}

static void loop_rows(void) {
    GIVES(UV_ENOSYS, uv_loop_configure(&loop, (uv_loop_option)77));
    GIVES(UV_ENOSYS, uv_loop_configure(&loop, (uv_loop_option)-1));
    GIVES(UV_EINVAL, uv_loop_configure(&loop, UV_LOOP_BLOCK_SIGNAL, SIGUSR1));
    GIVES(UV_EINVAL, uv_loop_configure(&loop, UV_LOOP_BLOCK_SIGNAL, 0));
    GIVES(0, uv_loop_configure(&loop, UV_LOOP_BLOCK_SIGNAL, SIGPROF));
    GIVES(0, uv_loop_configure(&loop, UV_METRICS_IDLE_TIME));
    GIVES(UV_EBUSY, ({ new_timer(); uv_loop_close(&loop); }));
    GIVES(UV_EBUSY, ({ closing(new_timer()); uv_loop_close(&loop); }));
    GIVES(0, ({ uv_loop_t* other = NEW(uv_loop_t); CHECK_OK(uv_loop_init(other)); uv_loop_close(other); }));
    GIVES(0, uv_run(&loop, UV_RUN_DEFAULT));
    GIVES(0, uv_run(&loop, UV_RUN_ONCE));
    GIVES(0, ({ uv_stop(&loop); uv_run(&loop, UV_RUN_DEFAULT); }));
    GIVES(1, ({ timing(100000, 0); uv_stop(&loop); uv_run(&loop, UV_RUN_DEFAULT) != 0; }));
    GIVES(0, uv_loop_alive(&loop));
    GIVES(0, uv_backend_timeout(&loop));
    GIVES(1, uv_backend_fd(&loop) >= 0);
    GIVES(0, uv_metrics_idle_time(&loop));
    GIVES(0, uv_metrics_info(&loop, NEW(uv_metrics_t)));
    GIVES(0, ({ uv_walk(&loop, NULL, NULL); 0; }));
    GIVES(UV_EINVAL, uv_queue_work(&loop, NEW(uv_work_t), NULL, NULL));
    GIVES(0, ({ uv_loop_set_data(&loop, NULL); uv_loop_get_data(&loop) != NULL; }));
    GIVES(UV_EINVAL, uv_replace_allocator(NULL, realloc, calloc, free));
    GIVES(UV_EINVAL, uv_replace_allocator(malloc, NULL, calloc, free));
    GIVES(UV_EINVAL, uv_replace_allocator(malloc, realloc, NULL, free));
    GIVES(UV_EINVAL, uv_replace_allocator(malloc, realloc, calloc, NULL));
    GIVES(UV_EINVAL, uv_random(&loop, NEW(uv_random_t), some(8), 8, 1, NULL));
    GIVES(UV_EINVAL, uv_random(NULL, NULL, some(8), 8, ~0u, NULL));
    GIVES(UV_E2BIG, uv_random(NULL, NULL, some(8), (size_t)1 << 31, 0, NULL));
    GIVES(UV_E2BIG, uv_random(NULL, NULL, some(8), ~(size_t)0, 0, NULL));
    GIVES(0, uv_random(NULL, NULL, NULL, 0, 0, NULL));
    GIVES(0, uv_random(&loop, NEW(uv_random_t), some(8), 8, 0, NULL));
    GIVES(UV_EINVAL, uv_getaddrinfo(&loop, NEW(uv_getaddrinfo_t), NULL, NULL, NULL, NULL));
    GIVES(UV_EINVAL, uv_getaddrinfo(&loop, NULL, NULL, "localhost", NULL, NULL));
    GIVES(UV_EINVAL, uv_getnameinfo(&loop, NULL, NULL, ip4("127.0.0.1", 1), 0));
    GIVES(UV_EINVAL, uv_getnameinfo(&loop, NEW(uv_getnameinfo_t), NULL, NULL, 0));
    GIVES(UV_EINVAL, uv_getnameinfo(&loop, NEW(uv_getnameinfo_t), NULL, family(AF_UNIX), 0));
    GIVES(0, ({ uv_freeaddrinfo(NULL); 0; }));
    DIES(uv_run(NULL, UV_RUN_DEFAULT));
    DIES(uv_loop_init(NULL));
}

int main(void) {
    watchdog(120);
    timer_rows();
    async_rows();
    watcher_rows();
    signal_rows();
    loop_rows();
    END_OF_TABLE();
}
