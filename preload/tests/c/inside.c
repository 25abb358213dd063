/* Stands for a libuv that is linked into a program: enough for program.c to be linked, and nothing works. */
#include <uv.h>

#ifndef VERSION
#define VERSION 0x012e00
#endif

unsigned int uv_version(void) { return VERSION; }
const char* uv_version_string(void) { return "inside"; }
uv_loop_t* uv_default_loop(void) { return NULL; }
int uv_loop_init(uv_loop_t* loop) { (void) loop; return UV_ENOSYS; }
int uv_loop_close(uv_loop_t* loop) { (void) loop; return UV_ENOSYS; }
int uv_run(uv_loop_t* loop, uv_run_mode mode) { (void) loop; (void) mode; return UV_ENOSYS; }
int uv_timer_init(uv_loop_t* loop, uv_timer_t* timer) { (void) loop; (void) timer; return UV_ENOSYS; }
#ifdef STRANGER
int not_of_libuv(void) { return 1; }
#endif
int uv_timer_start(uv_timer_t* timer, uv_timer_cb cb, uint64_t timeout, uint64_t repeat) {
    (void) timer; (void) cb; (void) timeout; (void) repeat;
    return UV_ENOSYS;
}
void uv_close(uv_handle_t* handle, uv_close_cb cb) { (void) handle; (void) cb; }
int uv_fs_stat(uv_loop_t* loop, uv_fs_t* req, const char* path, uv_fs_cb cb) {
    (void) loop; (void) req; (void) path; (void) cb;
    return UV_ENOSYS;
}
void uv_fs_req_cleanup(uv_fs_t* req) { (void) req; }
int uv_thread_create(uv_thread_t* thread, uv_thread_cb entry, void* arg) {
    (void) thread; (void) entry; (void) arg;
    return UV_ENOSYS;
}
int uv_thread_join(uv_thread_t* thread) { (void) thread; return UV_ENOSYS; }
#ifdef LACKING
int uv_that_nobody_has(void) { return 0; }
#endif
#ifdef ALIAS
uint64_t uv_now(const uv_loop_t* loop) { (void) loop; return 0; }
uint64_t uv_hrtime(void) __attribute__((alias("uv_now")));
#endif
#ifdef SHORT
/* One instruction, and right behind it something else without a name. */
__asm__(".text\n.p2align 4\n.globl uv_now\n.type uv_now, %function\nuv_now: ret\n.size uv_now, . - uv_now\n"
#ifdef __x86_64__
        "push %rbp\n pop %rbp\n ret\n.p2align 4\n");
#else
        ".inst 0xaa1f03e0\n ret\n.p2align 4\n");
#endif
#endif
