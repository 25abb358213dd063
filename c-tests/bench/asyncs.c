/* Wake-ups between threads. `threads` threads, each with a loop of its own, send to an async of the main loop and wait for
 * its answer (op=pingpong); or the main loop has `handles` asyncs, and one thread sends to a random one of them and waits
 * until it was called (op=among); or the threads send without waiting (op=pummel, an operation is a send). */
#include "bench.h"

#include <stdatomic.h>

enum { MOST_THREADS = 16 };

struct partner {
    uv_thread_t thread;
    uv_loop_t loop;
    uv_async_t here, there;
    uint64_t balls;
    atomic_int stopped;
    atomic_uint_least64_t sent;
};

static uv_loop_t loop;
static struct partner partners[MOST_THREADS];
static int thread_count;
static uv_async_t* handles;
static size_t handle_count;
static atomic_size_t chosen;
static uv_sem_t answered;
static uint64_t called;
static atomic_int over;

/* In the partner's thread: a ball came back. */
static void on_back(uv_async_t* async) {
    struct partner* partner = async->data;
    if (atomic_load(&partner->stopped)) {
        uv_close((uv_handle_t*)async, NULL);
        return;
    }
    partner->balls++;
    CHECK_OK(uv_async_send(&partner->there));
}

/* In the main thread. */
static void on_ball(uv_async_t* async) {
    struct partner* partner = async->data;
    if (!window_count(1, 16)) atomic_store(&partner->stopped, 1);
    CHECK_OK(uv_async_send(&partner->here));
    if (atomic_load(&partner->stopped)) uv_close((uv_handle_t*)async, NULL);
}

static void play(void* data) {
    struct partner* partner = data;
    CHECK_OK(uv_async_send(&partner->there));
    CHECK(uv_run(&partner->loop, UV_RUN_DEFAULT) == 0);
    CHECK_OK(uv_loop_close(&partner->loop));
}

static void pingpong(void) {
    for (int i = 0; i < thread_count; i++) {
        struct partner* partner = &partners[i];
        CHECK_OK(uv_loop_init(&partner->loop));
        CHECK_OK(uv_async_init(&partner->loop, &partner->here, on_back));
        CHECK_OK(uv_async_init(&loop, &partner->there, on_ball));
        partner->here.data = partner->there.data = partner;
        CHECK_OK(uv_thread_create(&partner->thread, play, partner));
    }
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    for (int i = 0; i < thread_count; i++) uv_thread_join(&partners[i].thread);
}

static void on_chosen(uv_async_t* async) {
    CHECK(async == &handles[atomic_load(&chosen)]);
    called++;
    if (!window_count(1, 16)) {
        atomic_store(&over, 1);
        for (size_t i = 0; i < handle_count; i++) uv_close((uv_handle_t*)&handles[i], NULL);
    }
    uv_sem_post(&answered);
}

static void choose(void* unused) {
    UNUSED(unused);
    while (!atomic_load(&over)) {
        atomic_store(&chosen, next_random() % handle_count);
        CHECK_OK(uv_async_send(&handles[atomic_load(&chosen)]));
        uv_sem_wait(&answered);
    }
}

static void among(void) {
    uv_thread_t thread;
    handle_count = (size_t)number("handles", 100000);
    handles = calloc(handle_count, sizeof *handles);
    CHECK(handles != NULL);
    CHECK_OK(uv_sem_init(&answered, 0));
    for (size_t i = 0; i < handle_count; i++) CHECK_OK(uv_async_init(&loop, &handles[i], on_chosen));
    CHECK_OK(uv_thread_create(&thread, choose, NULL));
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    uv_thread_join(&thread);
}

/* Sends are counted in the callback, so that they count only when the loop keeps up with looking. */
static void on_pummel(uv_async_t* async) {
    UNUSED(async);
    uint64_t sent = 0;
    called++;
    for (int i = 0; i < thread_count; i++) sent += atomic_exchange(&partners[i].sent, 0);
    if (window_count(sent, 1)) return;
    atomic_store(&over, 1);
    uv_stop(&loop);
}

static void pummel(void* data) {
    struct partner* partner = data;
    while (!atomic_load(&over)) {
        atomic_fetch_add(&partner->sent, 1);
        CHECK_OK(uv_async_send(&handles[0]));
    }
}

/* The handle is closed only when no thread sends to it any more. */
static void pummel_all(void) {
    handles = calloc(1, sizeof *handles);
    CHECK(handles != NULL);
    CHECK_OK(uv_async_init(&loop, &handles[0], on_pummel));
    for (int i = 0; i < thread_count; i++) CHECK_OK(uv_thread_create(&partners[i].thread, pummel, &partners[i]));
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int i = 0; i < thread_count; i++) uv_thread_join(&partners[i].thread);
    uv_close((uv_handle_t*)&handles[0], NULL);
    result("callbacks", (double)called);
}

int main(int argc, char** argv) {
    begin(argc, argv);
    thread_count = (int)number("threads", 1);
    CHECK(thread_count >= 1 && thread_count <= MOST_THREADS);
    CHECK_OK(uv_loop_init(&loop));
    window_prepare();
    if (arg_is("op", "among")) {
        among();
    } else if (arg_is("op", "pummel")) {
        pummel_all();
    } else {
        pingpong();
    }
    window_report();
    end_loop(&loop);
    return 0;
}
