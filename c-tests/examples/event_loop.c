/* An event loop with what a program has beside its sockets: a timer that repeats, in nanoseconds, a signal, and callbacks that another
 * thread posts, each with a value.
 *
 *   cc event_loop.c -luv -o event_loop && ./event_loop */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>
#include <uvring.h>

enum { TICKS = 20, POSTS = 1000 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_signal_t signal_handle;
static uv_async_t until_posted; /* Keeps the loop waiting for what the thread posts. */
static uvring_post_t posts[POSTS];
static int ticks, told;
static uint64_t sum;

static void on_tick(uv_timer_t* handle) {
    if (++ticks < TICKS) return;
    uv_close((uv_handle_t*)handle, NULL);
    kill(getpid(), SIGUSR1);
}

static void on_signal(uv_signal_t* handle, int signum) {
    printf("%d ticks of 250 us, then signal %d\n", ticks, signum);
    uv_close((uv_handle_t*)handle, NULL);
}

static void on_post(uvring_post_t* req) {
    sum += req->value;
    if (++told == POSTS) uv_close((uv_handle_t*)&until_posted, NULL);
}

static void other_thread(void* arg) {
    (void)arg;
    for (uint64_t i = 0; i < POSTS; i++) uvring_post(&posts[i], &loop, i, on_post);
}

int main(void) {
    uv_thread_t thread;
    uv_loop_init(&loop);
    uv_timer_init(&loop, &timer);
    uvring_timer_start(&timer, on_tick, 250000, 250000);
    uv_signal_init(&loop, &signal_handle);
    uv_signal_start(&signal_handle, on_signal, SIGUSR1);
    uv_async_init(&loop, &until_posted, NULL);
    uv_thread_create(&thread, other_thread, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_thread_join(&thread);
    printf("%d posts, their sum %llu\n", told, (unsigned long long)sum);
    if (told != POSTS || sum != (uint64_t)POSTS * (POSTS - 1) / 2 || ticks != TICKS) return 1;
    return uv_loop_close(&loop) != 0;
}
