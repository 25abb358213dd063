/* A random program against libuv's interface: random_program SEED [STEPS]. The same seed gives the same calls and, with
 * the same library, the same log on standard output. differential.rs compares the logs of libuv and ours; rules.h says
 * what is left out, and why. */
#include "world.h"

#include "faults.h"
#include "phases.h"
#include "streams.h"
#include "datagrams.h"
#include "children.h"
#include "changes.h"
#include "requests.h"
#include "polls.h"

static uv_prepare_t before_poll;
static uv_check_t after_poll;
static uv_async_t keeper;
static int turns_left;

static const char* const modes[] = {"default", "once", "nowait"};

static void look_at_loop(const char* when) {
    say("%s: alive %d active %u requests %u now +%llu", when, is_alive(), loop.active_handles,
        loop.active_reqs.count, (unsigned long long)(uv_now(&loop) - 1000000));
}

static void visit(uv_handle_t* handle, void* arg) {
    UNUSED(arg);
    struct slot* s = handle->data;
    if (s != NULL) say("  visit %s type %d %s", name_of(s), (int)handle->type, shape(s));
}

static void create(uint64_t* numbers) {
    switch (below(numbers, 27)) {
        case 0: case 1: case 2: case 3: case 4: case 5: case 6: case 7: new_phase_handle(numbers); break;
        case 8: case 9: case 10: new_pair(numbers, PIPE); break;
        case 11: new_fifo(numbers); break;
        case 12: case 13: new_pair(numbers, TCP); break;
        case 14: new_listener(numbers, TCP_LISTENER); break;
        case 15: new_listener(numbers, PIPE_LISTENER); break;
        case 16: new_connection(numbers); break;
        case 17: new_pipe_connection(numbers); break;
        case 18: case 19: new_udp(numbers); break;
        case 20: case 21: case 22: new_poll(numbers); break;
        case 23: spawn(numbers); break;
        default: new_fs_event(numbers); break;
    }
}

static void use(struct slot* s, uint64_t* numbers) {
    switch (s->kind) {
        case PIPE: case TCP: use_stream(s, false); break;
        case TCP_LISTENER: case PIPE_LISTENER: use_listener(s, numbers); break;
        case UDP: use_udp(s, false); break;
        case POLL: use_poll(s, false); break;
        case FS_EVENT: use_fs_event(s, numbers); break;
        case RESERVED: case FREE: break;
        default: use_phase_handle(s, numbers); break;
    }
}

/* What may be done wherever libuv fixes the order. */
static void act(void) {
    uint64_t* numbers = &seed_numbers;
    struct slot* s = some_slot(numbers);
    int what = below(numbers, 43);
    if (what < 5 || s == NULL) {
        create(numbers);
    } else if (what < 27) {
        use(s, numbers);
    } else if (what < 29) {
        if (s->kind != RESERVED) close_slot(s, false);
    } else if (what < 32) {
        one_in(numbers, 2) ? uv_ref(base(s)) : uv_unref(base(s));
        say("reference %s %s alive %d active %u", name_of(s), shape(s), is_alive(), loop.active_handles);
    } else if (what < 33) {
        say("stop");
        uv_stop(&loop);
    } else if (what < 34) {
        say("walk");
        uv_walk(&loop, visit, NULL);
    } else if (what < 36) {
        clock_ms += (uint64_t)below(numbers, 6);
        if (one_in(numbers, 2)) uv_update_time(&loop);
        look_at_loop("time goes by");
    } else if (what < 38) {
        say("raise: %d", raise_if_caught(one_in(numbers, 2) ? SIGUSR1 : SIGUSR2));
    } else if (what < 41) {
        change_something(numbers, CHANGES);
    } else {
        look_at_loop("look");
    }
}

static void act_a_little(void) {
    if (depth >= MOST_DEPTH) return;
    depth++;
    for (int i = below(&seed_numbers, 5); i > 2; i--) act();
    depth--;
}

/* The last of the prepare handles. Time goes by in the poll phase, which does not sleep: nothing would end the sleep. */
static void on_before_poll(uv_prepare_t* handle) {
    UNUSED(handle);
    look_at_loop("poll");
    polled = 0;
    is_polling = true;
    clock_ms += (uint64_t)below(&seed_numbers, 4);
    if (mode_of_run != UV_RUN_NOWAIT) uv_async_send(&keeper);
}

static void on_after_poll(uv_check_t* handle) {
    UNUSED(handle);
    say("polled %d", polled);
    is_polling = ended_in_pending = false;
    turn_of_run++;
    if (--turns_left == 0) {
        say("enough");
        uv_stop(&loop);
    }
    for (int i = 0; i < SLOTS; i++) {
        struct slot* s = &slots[i];
        if (s->wants == 0 || s->kind == FREE || s->closing) continue;
        s->wants = 0;
        if (one_in(&s->numbers, 2)) accept_one(s, index_of(s));
    }
}

static void on_keeper(uv_async_t* handle) {
    UNUSED(handle);
    tell(ASYNCS, "kept");
}

static void run(int mode, int turns) {
    mode_of_run = mode;
    turns_left = turns;
    say("run %s", modes[mode]);
    int alive = uv_run(&loop, (uv_run_mode)mode);
    say("ran %s: %d", modes[mode], alive);
    look_at_loop("after");
}

static void finish(void);

static void take_steps(void) {
    uint64_t* numbers = &seed_numbers;
    for (; steps_left > 0; steps_left--) {
        for (int i = below(numbers, 6); i > 0; i--) act();
        run(below(numbers, 3), 1 + below(numbers, 6));
        if (one_in(numbers, 30)) fork_here(take_steps, finish);
    }
}

static void finish(void) {
    say("the end");
    depth = MOST_DEPTH;
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].kind != FREE && !slots[i].closing) close_slot(&slots[i], false);
    }
    uv_close((uv_handle_t*)&before_poll, NULL);
    uv_close((uv_handle_t*)&after_poll, NULL);
    uv_close((uv_handle_t*)&keeper, NULL);
    mode_of_run = UV_RUN_DEFAULT;
    say("last run: %d", uv_run(&loop, UV_RUN_DEFAULT));
    close_loop();
}

static void program_of_phases(void) {
    uint64_t* numbers = &seed_numbers;
    CHECK_OK(uv_prepare_init(&loop, &before_poll));
    CHECK_OK(uv_prepare_start(&before_poll, on_before_poll));
    CHECK_OK(uv_check_init(&loop, &after_poll));
    CHECK_OK(uv_check_start(&after_poll, on_after_poll));
    CHECK_OK(uv_async_init(&loop, &keeper, on_keeper));
    before_poll.data = after_poll.data = keeper.data = NULL;
    uv_unref((uv_handle_t*)&before_poll);
    uv_unref((uv_handle_t*)&after_poll);
    uv_unref((uv_handle_t*)&keeper);
    for (int i = 0; i < 6; i++) create(numbers);
    take_steps();
    finish();
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s SEED [STEPS]\n", argv[0]);
        return 2;
    }
    if (strcmp(argv[1], "child") == 0) return report(argc, argv);
    ssize_t len = readlink("/proc/self/exe", own_path, sizeof own_path - 1);
    CHECK_GT(len, 0);
    own_path[len] = 0;
    make_places();
    make_script();
    uint64_t seed = strtoull(argv[1], NULL, 10);
    seed_numbers = seed;
    watchdog(20);
    for (int signum = 1; signum < 32; signum++) {
        if (signum == SIGSEGV || signum == SIGABRT || signum == SIGBUS || signum == SIGILL) signal(signum, on_crash);
    }
    /* With SIGALRM the watchdog's text comes after the log. */
    signal(SIGALRM, on_crash);
    setenv("UV_THREADPOOL_SIZE", "1", 1);
    /* Ours looks how much there is to be read, and then does without the read that finds nothing; not so with this. */
    setenv("UVRING_SUGGESTED_SIZE", "65536", 1);
    for (int i = 0; i < BIG; i++) big[i] = (char)(i * 31 + (i >> 8));
    CHECK_OK(uv_loop_init(&loop));
    umask(022);
    start_faults(seed);
    int sort = (int)(seed % 8);
    steps_left = argc > 2 ? atoi(argv[2]) : sort == 7 ? 4 : 60;
    sort == 7 ? program_of_requests() : sort == 6 ? program_of_watching() : program_of_phases();
    empty_pockets();
    flush_out();
    return 0;
}
