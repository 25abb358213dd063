/* A loop is never closed and nobody knows it any more. */
/* found by asan: detected memory leaks */
/* found by valgrind: definitely lost */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static void lose(void) {
    uv_loop_t* loop = malloc(sizeof *loop);
    if (uv_loop_init(loop) != 0) abort();
    memset(loop, 0, sizeof *loop);
}

int main(void) {
    lose();
    return 0;
}
