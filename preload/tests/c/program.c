/* A program with a libuv inside, as Node.js is one: inside.c, which does not work. It says on which libuv it runs. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

static int files;

static void on_stat(uv_fs_t* req) {
    if (req->result == 0) files++;
    uv_fs_req_cleanup(req);
}

static void on_timer(uv_timer_t* timer) {
    uv_close((uv_handle_t*) timer, NULL);
}

static void in_thread(void* arg) {
    uv_loop_t loop;
    uv_fs_t req;
    (void) arg;
    if (uv_loop_init(&loop) != 0) abort();
    uv_fs_stat(&loop, &req, "/", on_stat);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop) != 0) abort();
}

/* Whether there is memory that can be written and executed. */
static const char* pages(void) {
    char line[4096];
    FILE* maps = fopen("/proc/self/maps", "r");
    const char* found = "no page rwx";
    while (fgets(line, sizeof line, maps) != NULL)
        if (strstr(line, " rwx") != NULL) found = "pages rwx";
    fclose(maps);
    return found;
}

int main(int argc, char** argv) {
    uv_timer_t timer;
    uv_thread_t thread;
    uv_fs_t req;
    uv_loop_t* loop = uv_default_loop();
    void* library;
    if (strcmp(uv_version_string(), "inside") == 0) {
        printf("its own libuv\n");
        return 0;
    }
    printf("libuv %s, %s, ", uv_version_string(), pages());
    uv_timer_init(loop, &timer);
    uv_timer_start(&timer, on_timer, 1, 0);
    uv_fs_stat(loop, &req, "/", on_stat);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_thread_create(&thread, in_thread, NULL);
    uv_thread_join(&thread);
    printf("%d files", files);
    if (argc > 1 && (library = dlopen(argv[1], RTLD_NOW)) != NULL) {
        const char* (*version)(void) = (const char* (*)(void)) dlsym(library, "version_for_library");
        printf(", library %s", version());
    }
    printf("\n");
    fflush(stdout);
    if (getenv("AGAIN") != NULL) {
        unsetenv("AGAIN");
        if (fork() == 0) execl("/proc/self/exe", argv[0], NULL);
        wait(NULL);
        if (fork() == 0) execl("/bin/echo", "echo", "a child without libuv", NULL);
        wait(NULL);
    }
    return 0;
}
