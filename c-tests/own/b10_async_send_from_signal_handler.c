/* B10: uv_async_send from a signal handler that interrupts the loop's own thread at any point, asleep or in a callback.
 * In lockstep: the next signal comes only when the callback for the last one ran, so a lost wake-up is a hang. */
/* on tsan: threads meet here */
#include "check.h"

enum { SIGNALS = 4000 };

static uv_loop_t loop;
static uv_async_t async;
static uv_timer_t timer;
static pthread_t loop_thread;
static uv_sem_t acknowledged;
static volatile sig_atomic_t handled;
static int seen, total;

static void on_signal(int signum) {
    int saved = errno;
    UNUSED(signum);
    handled = handled + 1;
    uv_async_send(&async);
    errno = saved;
}

static void on_async(uv_async_t* handle) {
    int now = handled;
    if (now == seen) return;
    seen = now;
    if (seen == total) uv_close((uv_handle_t*)handle, NULL);
    uv_sem_post(&acknowledged);
}

static void on_timer(uv_timer_t* handle) { UNUSED(handle); }

static void send_signals(void* arg) {
    UNUSED(arg);
    for (int i = 0; i < SIGNALS; i++) {
        CHECK_EQ(pthread_kill(loop_thread, SIGUSR1), 0);
        uv_sem_wait(&acknowledged);
        if (i % 500 == 0) sleep_ms(2);
    }
}

int main(void) {
    struct sigaction action;
    sigset_t mask;
    uv_thread_t sender;
    watchdog(20);
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    total = SIGNALS;
    loop_thread = pthread_self();
    CHECK_OK(uv_sem_init(&acknowledged, 0));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 1));
    uv_unref((uv_handle_t*)&timer);

    /* The sender must not take the signal itself. */
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &mask, NULL), 0);
    CHECK_OK(uv_thread_create(&sender, send_signals, NULL));
    CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &mask, NULL), 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_thread_join(&sender));
    CHECK_EQ(seen, SIGNALS);
    CHECK_EQ(handled, SIGNALS);
    finish_loop(&loop);
    uv_sem_destroy(&acknowledged);
    return 0;
}
