/* Timers, idle, prepare and check handles, asyncs, signals: libuv fixes their order. */
#ifndef UVRING_DIFFERENTIAL_PHASES_H
#define UVRING_DIFFERENTIAL_PHASES_H

#include "rules.h"

static void on_phase(struct slot* s) {
    s->calls++;
    say("%s #%d %s", name_of(s), s->calls, shape(s));
    act_a_little();
}

static void on_timer(uv_timer_t* handle) {
    struct slot* s = of(handle);
    say("due in %llu, repeat %llu", (unsigned long long)uv_timer_get_due_in(handle),
        (unsigned long long)uv_timer_get_repeat(handle));
    on_phase(s);
}

static void on_idle(uv_idle_t* handle) { on_phase(of(handle)); }
static void on_prepare(uv_prepare_t* handle) { on_phase(of(handle)); }
static void on_check(uv_check_t* handle) { on_phase(of(handle)); }

/* Asyncs and signals run in the poll phase, whose other callbacks come in any order: they act later. */
static void on_async(uv_async_t* handle) {
    struct slot* s = of(handle);
    polled++;
    tell(ASYNCS, "%s #%d %s", name_of(s), ++s->calls, shape(s));
    if (one_in(&s->numbers, 8)) {
        close_slot(s, true);
    } else if (one_in(&s->numbers, 6)) {
        tell(ASYNCS, "again: %d", uv_async_send(handle));
    } else if (one_in(&s->numbers, 6)) {
        tell(ASYNCS, "stop");
        uv_stop(&loop);
    }
}

static int raise_if_caught(int signum) {
    struct sigaction action;
    CHECK_EQ(sigaction(signum, NULL, &action), 0);
    if (action.sa_handler == SIG_DFL) return -1;
    return raise(signum);
}

static void on_signal(uv_signal_t* handle, int signum) {
    struct slot* s = of(handle);
    /* Those of one batch come after everything else in it. */
    tell(SIGNALS, "%s got %d after %d, is %d #%d %s", name_of(s), signum, polled, handle->signum, ++s->calls, shape(s));
    if (one_in(&s->numbers, 8)) {
        close_slot(s, true);
    } else if (one_in(&s->numbers, 5)) {
        tell(SIGNALS, "stop: %d", uv_signal_stop(handle));
    } else if (one_in(&s->numbers, 8)) {
        tell(SIGNALS, "raise: %d", raise_if_caught(signum));
    }
}

static void new_phase_handle(uint64_t* numbers) {
    static const enum kind kinds[] = {TIMER, TIMER, TIMER, IDLE, PREPARE, CHECKER, ASYNC, ASYNC, SIGNAL};
    struct slot* s = new_slot(kinds[below(numbers, 9)]);
    if (s == NULL) return;
    switch (s->kind) {
        case TIMER: init_done(s, uv_timer_init(&loop, (uv_timer_t*)base(s))); break;
        case IDLE: init_done(s, uv_idle_init(&loop, (uv_idle_t*)base(s))); break;
        case PREPARE: init_done(s, uv_prepare_init(&loop, (uv_prepare_t*)base(s))); break;
        case CHECKER: init_done(s, uv_check_init(&loop, (uv_check_t*)base(s))); break;
        case ASYNC: init_done(s, uv_async_init(&loop, (uv_async_t*)base(s), on_async)); break;
        default: init_done(s, uv_signal_init(&loop, (uv_signal_t*)base(s))); break;
    }
}

static void use_timer(struct slot* s, uint64_t* numbers) {
    uv_timer_t* timer = (uv_timer_t*)base(s);
    int r = 0, what = below(numbers, 10);
    uint64_t timeout = (uint64_t)below(numbers, 7), repeat = one_in(numbers, 3) ? (uint64_t)below(numbers, 4) : 0;
    if (one_in(numbers, 30)) timeout = UINT64_MAX - (uint64_t)below(numbers, 3);
    if (one_in(numbers, 40)) repeat = UINT64_MAX;
    if (what < 5) {
        r = uv_timer_start(timer, one_in(numbers, 30) ? NULL : on_timer, timeout, repeat);
    } else if (what < 6) {
        r = uv_timer_stop(timer);
    } else if (what < 8) {
        r = may_repeat(s) ? uv_timer_again(timer) : UV_EINVAL;
    } else if (may_repeat(s)) {
        uv_timer_set_repeat(timer, repeat);
    }
    if (what < 5 && r == 0) s->requests = 1;
    say("timer op %d of %s: %d, timeout %llu repeat %llu %s", what, name_of(s), r, (unsigned long long)timeout,
        (unsigned long long)repeat, shape(s));
    if (may_repeat(s)) {
        say("now repeat %llu due in %llu", (unsigned long long)uv_timer_get_repeat(timer),
            (unsigned long long)uv_timer_get_due_in(timer));
    }
}

static void use_signal(struct slot* s, uint64_t* numbers) {
    uv_signal_t* handle = (uv_signal_t*)base(s);
    int signum = one_in(numbers, 2) ? SIGUSR1 : SIGUSR2, r = 0, what = below(numbers, 6);
    if (one_in(numbers, 20)) signum = 0;
    if (what < 3 && !is_oneshot(s)) {
        r = uv_signal_start(handle, on_signal, signum);
    } else if (what < 3) {
        if (may_start_oneshot(s)) r = uv_signal_start_oneshot(handle, on_signal, signum);
        s->requests = 1;
    } else if (what == 4) {
        r = uv_signal_stop(handle);
    }
    say("signal op %d of %s: %d, %d %s", what, name_of(s), r, signum, shape(s));
}

static void use_phase_handle(struct slot* s, uint64_t* numbers) {
    bool start = !one_in(numbers, 3);
    int r = 0;
    switch (s->kind) {
        case TIMER: use_timer(s, numbers); return;
        case SIGNAL: use_signal(s, numbers); return;
        case IDLE: r = start ? uv_idle_start((uv_idle_t*)base(s), on_idle) : uv_idle_stop((uv_idle_t*)base(s)); break;
        case PREPARE:
            r = start ? uv_prepare_start((uv_prepare_t*)base(s), on_prepare) : uv_prepare_stop((uv_prepare_t*)base(s));
            break;
        case CHECKER:
            r = start ? uv_check_start((uv_check_t*)base(s), on_check) : uv_check_stop((uv_check_t*)base(s));
            break;
        case ASYNC: r = uv_async_send((uv_async_t*)base(s)); break;
        case PROCESS: r = may_kill(s) ? uv_process_kill((uv_process_t*)base(s), 0) : 1; break;
        default: return;
    }
    say("%s %s: %d %s", start ? "start" : "stop", name_of(s), r, shape(s));
}

#endif
