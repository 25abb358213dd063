/* Uses libuv by the symbols that the program exports, as add-ons do, and Node-API for the rest. */
#include <node_api.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

typedef struct {
    napi_env env;
    napi_ref callback;
    napi_async_context context;
    uv_timer_t timer;
    uv_async_t async;
    uv_idle_t idle;
    uv_poll_t poll;
    uv_work_t work;
    uv_thread_t thread;
    int pipe[2];
    int left, idles, ticks, threaded;
    char log[512];
} state_t;

static void note(state_t* s, const char* what) {
    strcat(s->log, what);
    strcat(s->log, " ");
}

static void on_close(uv_handle_t* handle) {
    state_t* s = handle->data;
    napi_handle_scope scope;
    napi_value callback, receiver, text;
    if (--s->left > 0) return;
    napi_open_handle_scope(s->env, &scope);
    napi_get_reference_value(s->env, s->callback, &callback);
    napi_get_global(s->env, &receiver);
    snprintf(s->log + strlen(s->log), 60, "ticks %d threaded %d", s->ticks, s->threaded);
    napi_create_string_utf8(s->env, s->log, NAPI_AUTO_LENGTH, &text);
    napi_make_callback(s->env, s->context, receiver, callback, 1, &text, NULL);
    napi_close_handle_scope(s->env, scope);
    napi_async_destroy(s->env, s->context);
    napi_delete_reference(s->env, s->callback);
    free(s);
}

static void finish(state_t* s) {
    uv_thread_join(&s->thread);
    close(s->pipe[1]);
    uv_close((uv_handle_t*) &s->timer, on_close);
    uv_close((uv_handle_t*) &s->async, on_close);
    uv_close((uv_handle_t*) &s->idle, on_close);
    uv_close((uv_handle_t*) &s->poll, on_close);
}

static void on_timer(uv_timer_t* timer) {
    state_t* s = timer->data;
    if (++s->ticks == 3) {
        uv_timer_stop(timer);
        note(s, "timer");
        finish(s);
    }
}

static void on_async(uv_async_t* async) {
    ((state_t*) async->data)->threaded = 1;
}

static void on_idle(uv_idle_t* idle) {
    if (++((state_t*) idle->data)->idles == 5) uv_idle_stop(idle);
}

static void on_poll(uv_poll_t* poll, int status, int events) {
    state_t* s = poll->data;
    char byte;
    if (status == 0 && events & UV_READABLE && read(s->pipe[0], &byte, 1) == 1) note(s, "poll");
    uv_poll_stop(poll);
    uv_timer_start(&s->timer, on_timer, 2, 2);
}

static void do_work(uv_work_t* work) {
    state_t* s = work->data;
    if (write(s->pipe[1], "x", 1) != 1) abort();
}

static void after_work(uv_work_t* work, int status) {
    (void) work;
    if (status != 0) abort();
}

static void in_thread(void* arg) {
    uv_async_send(&((state_t*) arg)->async);
}

static napi_value run(napi_env env, napi_callback_info info) {
    state_t* s = calloc(1, sizeof *s);
    size_t count = 1;
    napi_value callback, name;
    uv_loop_t* loop;
    napi_get_cb_info(env, info, &count, &callback, NULL, NULL);
    napi_create_reference(env, callback, 1, &s->callback);
    napi_create_string_utf8(env, "addon", NAPI_AUTO_LENGTH, &name);
    napi_async_init(env, NULL, name, &s->context);
    if (napi_get_uv_event_loop(env, &loop) != napi_ok || pipe(s->pipe) != 0) abort();
    s->env = env;
    s->left = 4;
    s->timer.data = s->async.data = s->idle.data = s->poll.data = s->work.data = s;
    uv_timer_init(loop, &s->timer);
    uv_async_init(loop, &s->async, on_async);
    uv_idle_init(loop, &s->idle);
    uv_poll_init(loop, &s->poll, s->pipe[0]);
    uv_idle_start(&s->idle, on_idle);
    uv_poll_start(&s->poll, UV_READABLE, on_poll);
    uv_queue_work(loop, &s->work, do_work, after_work);
    if (uv_thread_create(&s->thread, in_thread, s) != 0) abort();
    note(s, uv_loop_alive(loop) ? "alive" : "dead");
    note(s, uv_err_name(UV_EAGAIN));
    note(s, uv_handle_type_name(uv_handle_get_type((uv_handle_t*) &s->timer)));
    return NULL;
}

static napi_value init(napi_env env, napi_value exports) {
    napi_value function;
    napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, NULL, &function);
    napi_set_named_property(env, exports, "run", function);
    return exports;
}

NAPI_MODULE(addon, init)
