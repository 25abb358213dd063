/* Signal handles: those of one loop are called in the order of their addresses, one-shot ones last; a signal raised in
 * a callback is told in the next turn; one that was caught before uv_signal_stop is not told; the default action comes
 * back with the last handle, and at once where only one-shot handles are left. */
#include "check.h"

static uv_loop_t loop;
static uv_signal_t handles[4];
static int order[16], told;

static void on_signal(uv_signal_t* handle, int signum) {
    CHECK_EQ(signum, handle->signum);
    order[told++] = (int)(handle - handles);
}

static void on_signal_raise(uv_signal_t* handle, int signum) {
    UNUSED(handle);
    if (++told == 1) {
        CHECK_EQ(raise(signum), 0);
        CHECK_EQ(told, 1);
    }
}

static void on_signal_stop_next(uv_signal_t* handle, int signum) {
    UNUSED(signum);
    told++;
    CHECK_OK(uv_signal_stop(handle + 1));
}

static void (*action_of(int signum))(int) {
    struct sigaction action;
    CHECK_EQ(sigaction(signum, NULL, &action), 0);
    return action.sa_handler;
}

static int resets(int signum) {
    struct sigaction action;
    CHECK_EQ(sigaction(signum, NULL, &action), 0);
    CHECK((action.sa_flags & SA_RESTART) != 0);
    return (action.sa_flags & (int)SA_RESETHAND) != 0;
}

static void ordered(void) {
    told = 0;
    CHECK_OK(uv_signal_start_oneshot(&handles[0], on_signal, SIGUSR1));
    CHECK_EQ(resets(SIGUSR1), 1);
    CHECK_OK(uv_signal_start(&handles[3], on_signal, SIGUSR1));
    CHECK_EQ(resets(SIGUSR1), 0);
    CHECK_OK(uv_signal_start(&handles[1], on_signal, SIGUSR1));
    CHECK_OK(uv_signal_start_oneshot(&handles[2], on_signal, SIGUSR1));
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(told, 0);
    uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(told, 4);
    CHECK_EQ(order[0], 1);
    CHECK_EQ(order[1], 3);
    CHECK_EQ(order[2], 0);
    CHECK_EQ(order[3], 2);
    CHECK_EQ(handles[0].signum, 0);
    CHECK_EQ(uv_is_active((uv_handle_t*)&handles[0]), 0);
    CHECK_EQ(uv_is_active((uv_handle_t*)&handles[1]), 1);
    CHECK_OK(uv_signal_start_oneshot(&handles[0], on_signal, SIGUSR1));
    CHECK_OK(uv_signal_stop(&handles[1]));
    CHECK_EQ(resets(SIGUSR1), 0);
    CHECK_OK(uv_signal_stop(&handles[3]));
    CHECK_EQ(resets(SIGUSR1), 1);
    CHECK_OK(uv_signal_stop(&handles[0]));
    CHECK(action_of(SIGUSR1) == SIG_DFL);
}

static void raised_in_callback(void) {
    told = 0;
    CHECK_OK(uv_signal_start(&handles[1], on_signal_raise, SIGUSR1));
    CHECK_EQ(raise(SIGUSR1), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(told, 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(told, 2);
    CHECK_OK(uv_signal_stop(&handles[1]));
}

static void stopped_before_told(void) {
    told = 0;
    CHECK_OK(uv_signal_start(&handles[1], on_signal_stop_next, SIGUSR1));
    CHECK_OK(uv_signal_start(&handles[2], on_signal, SIGUSR1));
    CHECK_EQ(raise(SIGUSR1), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(told, 1);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_OK(uv_signal_stop(&handles[1]));
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(told, 1);
}

static void refused(void) {
    CHECK_EQ(uv_signal_start(&handles[1], on_signal, 0), UV_EINVAL);
    CHECK_EQ(uv_signal_start(&handles[1], on_signal, -1), UV_EINVAL);
    CHECK_EQ(uv_signal_start(&handles[1], on_signal, 65), UV_EINVAL);
    CHECK_EQ(uv_signal_start(&handles[1], on_signal, SIGKILL), UV_EINVAL);
    CHECK_EQ(uv_signal_start(&handles[1], on_signal, SIGSTOP), UV_EINVAL);
    CHECK_EQ(uv_is_active((uv_handle_t*)&handles[1]), 0);
}

static void moved_to_another(void) {
    told = 0;
    CHECK_OK(uv_signal_start(&handles[1], on_signal, SIGUSR1));
    CHECK_OK(uv_signal_start(&handles[1], on_signal, SIGUSR2));
    CHECK(action_of(SIGUSR1) == SIG_DFL);
    CHECK_EQ(handles[1].signum, SIGUSR2);
    CHECK_EQ(raise(SIGUSR2), 0);
    CHECK_EQ(raise(SIGUSR2), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(told, 2);
    CHECK_OK(uv_signal_start(&handles[1], on_signal_raise, SIGUSR2));
    CHECK_OK(uv_signal_stop(&handles[1]));
    CHECK_OK(uv_signal_stop(&handles[1]));
}

/* A loop that is closed takes its unreferenced handles' signals along only after they are closed. */
static void closed_with_a_signal_caught(void) {
    told = 0;
    CHECK_OK(uv_signal_start(&handles[1], on_signal, SIGUSR1));
    CHECK_EQ(raise(SIGUSR1), 0);
    for (int i = 0; i < 4; i++) uv_close((uv_handle_t*)&handles[i], NULL);
    CHECK(action_of(SIGUSR1) == SIG_DFL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(told, 0);
}

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < 4; i++) CHECK_OK(uv_signal_init(&loop, &handles[i]));
    ordered();
    raised_in_callback();
    stopped_before_told();
    refused();
    moved_to_another();
    closed_with_a_signal_caught();
    CHECK_OK(uv_loop_close(&loop));
    return 0;
}
