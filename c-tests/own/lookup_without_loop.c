/* A lookup with a callback needs a loop: UV_EINVAL. Without a callback it needs none. */
#include "check.h"

#include <netdb.h>

static void on_info(uv_getaddrinfo_t* req, int status, struct addrinfo* res) {
    UNUSED(req); UNUSED(status); UNUSED(res);
    FAIL("a lookup without a loop");
}

int main(void) {
    uv_getaddrinfo_t req;
    watchdog(20);
    CHECK_EQ(uv_getaddrinfo(NULL, &req, on_info, "localhost", "80", NULL), UV_EINVAL);
    CHECK_EQ(uv_getaddrinfo(NULL, &req, on_info, "xn--\xc0", "80", NULL), UV_EINVAL);
    CHECK_OK(uv_getaddrinfo(NULL, &req, NULL, "127.0.0.1", "80", NULL));
    uv_freeaddrinfo(req.addrinfo);
    return 0;
}
