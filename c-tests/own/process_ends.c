/* How the ends of children are told: exit_cb is read when the child ends, children that ended in the same batch are told in
 * the order in which they were started and after signals, a stolen child is never told and costs no CPU, and a handle closed
 * early leaves its child to the program. */
#include "check.h"
#include <sys/resource.h>
#include <sys/wait.h>

static uv_loop_t loop;
static int order[8], told, signals_seen, signals_at_exit;

static uv_process_options_t shell(const char* script) {
    static char* args[] = {"sh", "-c", NULL, NULL};
    uv_process_options_t options = {0};
    args[2] = (char*)script;
    options.file = "/bin/sh";
    options.args = args;
    return options;
}

static void on_wrong_exit(uv_process_t* process, int64_t status, int signal) {
    UNUSED(process);
    UNUSED(status);
    UNUSED(signal);
    FAIL("the callback given first was called");
}

static void on_exit_in_order(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    CHECK_EQ(uv_is_active((uv_handle_t*)process), 0);
    CHECK_EQ(uv_process_kill(process, 0), UV_ESRCH);
    if (told == 0) signals_at_exit = signals_seen;
    order[told++] = (int)status;
    uv_close((uv_handle_t*)process, NULL);
}

static void on_signal(uv_signal_t* handle, int signum) {
    UNUSED(handle);
    UNUSED(signum);
    signals_seen++;
}

/* Waits until the child is a zombie, and leaves it. */
static void await_end(int pid) {
    siginfo_t info;
    CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
}

static void told_in_order_after_signals(void) {
    uv_process_t children[3];
    uv_signal_t signal;
    const char* scripts[] = {"sleep 0.2; exit 1", "sleep 0.1; exit 2", "exit 3"};
    told = 0;
    CHECK_OK(uv_signal_init(&loop, &signal));
    CHECK_OK(uv_signal_start(&signal, on_signal, SIGUSR1));
    uv_unref((uv_handle_t*)&signal);
    /* With libuv the order of signals and ends is that of their arrival. */
    CHECK_EQ(raise(SIGUSR1), 0);
    for (int i = 0; i < 3; i++) {
        uv_process_options_t options = shell(scripts[i]);
        options.exit_cb = on_wrong_exit;
        CHECK_OK(uv_spawn(&loop, &children[i], &options));
        CHECK_EQ(uv_process_get_pid(&children[i]), children[i].pid);
        children[i].exit_cb = on_exit_in_order;
    }
    for (int i = 0; i < 3; i++) await_end(children[i].pid);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(told, 3);
    for (int i = 0; i < 3; i++) CHECK_EQ(order[i], i + 1);
    CHECK_EQ(signals_at_exit, 1);
    uv_close((uv_handle_t*)&signal, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static uv_process_t first, second;

static void on_exit_close_other(uv_process_t* process, int64_t status, int signal) {
    UNUSED(status);
    UNUSED(signal);
    UNUSED(process);
    /* libuv tells the end of the second even now, after uv_close; nobody should count on it. */
    if (told++ > 0) return;
    uv_close((uv_handle_t*)&second, NULL);
    uv_close((uv_handle_t*)&first, NULL);
}

static void closed_by_the_one_before(void) {
    uv_process_options_t options = shell("exit 0");
    told = 0;
    options.exit_cb = on_exit_close_other;
    CHECK_OK(uv_spawn(&loop, &first, &options));
    CHECK_OK(uv_spawn(&loop, &second, &options));
    await_end(first.pid);
    await_end(second.pid);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_GE(told, 1);
}

static void on_time(uv_timer_t* timer) { uv_stop(timer->loop); }

static long cpu_us(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static void stolen(void) {
    uv_process_t child;
    uv_timer_t timer;
    long before;
    int status;
    uv_process_options_t options = shell("exit 5");
    options.exit_cb = on_wrong_exit;
    CHECK_OK(uv_spawn(&loop, &child, &options));
    CHECK_EQ(waitpid(child.pid, &status, 0), child.pid);
    CHECK_EQ(WEXITSTATUS(status), 5);
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_time, 500, 0));
    before = cpu_us();
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
    CHECK_LT(cpu_us() - before, 200000);
    CHECK_EQ(uv_is_active((uv_handle_t*)&child), 1);
    uv_close((uv_handle_t*)&child, NULL);
    uv_close((uv_handle_t*)&timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void closed_early(void) {
    uv_process_t child;
    int status, pid;
    uv_process_options_t options = shell("exit 6");
    options.exit_cb = on_wrong_exit;
    CHECK_OK(uv_spawn(&loop, &child, &options));
    pid = child.pid;
    uv_close((uv_handle_t*)&child, NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 6);
}

static void ended_by_signal(void) {
    uv_process_t child;
    uv_process_options_t options = shell("kill -9 $$");
    CHECK_OK(uv_spawn(&loop, &child, &options));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(WTERMSIG(child.status), SIGKILL);
    uv_close((uv_handle_t*)&child, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
}

int main(void) {
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    told_in_order_after_signals();
    closed_by_the_one_before();
    stolen();
    closed_early();
    ended_by_signal();
    CHECK_OK(uv_loop_close(&loop));
    return 0;
}
