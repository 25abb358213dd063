/* uvring_udp_recv_start lends each datagram whole, with its sender, the empty one too; views are kept and the pool's limit holds; it and
 * uv_udp_recv_start exclude each other, and follow each other; an error does not end it. */
/* not on libuv: it has no pools */
#include "check.h"

#include <uvring.h>

enum { MOST = 100 };

static uv_loop_t loop;
static uv_udp_t udp;
static int peer, port, got, errors, keeping, count, then_close;
static uvring_view_t kept[MOST];

static void on_lent(uv_udp_t* handle, ssize_t nread, uvring_view_t* view, const struct sockaddr* addr, unsigned flags) {
    CHECK(handle == &udp);
    if (nread < 0) {
        errors++;
        return;
    }
    CHECK_EQ(flags, 0);
    CHECK_EQ(addr->sa_family, AF_INET);
    CHECK_EQ(ntohs(((const struct sockaddr_in*)addr)->sin_port), socket_port(peer));
    CHECK_EQ(view->len, nread);
    pattern_check(view->base, 0, view->len);
    got++;
    if (keeping) CHECK_OK(uvring_view_keep(view, 0, view->len, &kept[count++]));
    if (then_close) uv_close((uv_handle_t*)handle, NULL);
}

static void on_recv(uv_udp_t* handle, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* addr, unsigned flags) {
    UNUSED(handle);
    UNUSED(flags);
    if (addr == NULL) return;
    pattern_check(buf->base, 0, (size_t)nread);
    got++;
}

static void send_datagram(size_t len) {
    static char data[65536];
    struct sockaddr_in addr = loopback(port);
    pattern_fill(data, 0, len);
    CHECK_EQ(sendto(peer, data, len, 0, (struct sockaddr*)&addr, sizeof addr), len);
}

static void run(int wanted) {
    for (int i = 0; i < 200 && got < wanted; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        sleep_ms(1);
    }
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(got, wanted);
    got = 0;
}

static void open_handle(void) {
    struct sockaddr_in addr = loopback(0);
    int len = sizeof addr;
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_OK(uv_udp_bind(&udp, (struct sockaddr*)&addr, 0));
    CHECK_OK(uv_udp_getsockname(&udp, (struct sockaddr*)&addr, &len));
    port = ntohs(addr.sin_port);
}

int main(void) {
    uvring_pool_options_t options = {.size = sizeof options, .buffer_size = 65536, .buffers = 2, .buffers_max = 2, .stream_max = 60000};
    struct sockaddr_in addr = loopback(0);
    uvring_pool_t pool;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uvring_pool_init(&loop, &pool, &options));
    peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(peer, (struct sockaddr*)&addr, sizeof addr), 0);
    open_handle();
    CHECK_EQ(uvring_udp_recv_start(&udp, &pool, NULL), UV_EINVAL);
    CHECK_OK(uvring_udp_recv_start(&udp, &pool, on_lent));
    CHECK_EQ(uvring_udp_recv_start(&udp, &pool, on_lent), UV_EALREADY);
    CHECK_EQ(uv_udp_recv_start(&udp, lend_slab, on_recv), UV_EALREADY);
    CHECK_EQ(uvring_pool_close(&pool, NULL), UV_EBUSY);

    for (int i = 0; i < 10; i++) send_datagram(i % 5 == 0 ? 60000 : i % 5 == 1 ? 0 : 100);
    run(10);

    /* To the limit and on. */
    keeping = 1;
    for (int i = 0; i < 3; i++) send_datagram(40000);
    for (int i = 0; i < 20; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        sleep_ms(1);
    }
    CHECK_LT(got, 3);
    CHECK_GE(got, 1);
    CHECK_EQ(uv_is_active((uv_handle_t*)&udp), 1);
    CHECK_EQ(uv_udp_recv_start(&udp, lend_slab, on_recv), UV_EALREADY);
    keeping = 0;
    while (count > 0) {
        pattern_check(kept[count - 1].base, 0, kept[count - 1].len);
        uvring_view_release(&kept[--count]);
    }
    run(3);

    /* To and fro. */
    CHECK_OK(uvring_udp_recv_stop(&udp));
    CHECK_EQ(uv_is_active((uv_handle_t*)&udp), 0);
    send_datagram(10);
    CHECK_OK(uv_udp_recv_start(&udp, lend_slab, on_recv));
    CHECK_EQ(uvring_udp_recv_start(&udp, &pool, on_lent), UV_EALREADY);
    run(1);
    CHECK_OK(uv_udp_recv_stop(&udp));
    send_datagram(20);
    CHECK_OK(uvring_udp_recv_start(&udp, NULL, on_lent));
    run(1);

    /* Closed in its callback; what is kept stays. */
    keeping = then_close = 1;
    send_datagram(30);
    send_datagram(30);
    run(1);
    uv_run(&loop, UV_RUN_DEFAULT);
    pattern_check(kept[0].base, 0, 30);
    uvring_view_release(&kept[0]);
    keeping = then_close = count = 0;

    /* Nobody listens at the other side: an error, and then datagrams again. */
    open_handle();
    {
        int nobody = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        uv_buf_t buf = uv_buf_init((char*)"x", 1);
        struct sockaddr_in from = loopback(0);
        CHECK_EQ(bind(nobody, (struct sockaddr*)&from, sizeof from), 0);
        from = loopback(socket_port(nobody));
        close(nobody);
        CHECK_OK(uv_udp_connect(&udp, (struct sockaddr*)&from));
        CHECK_OK(uvring_udp_recv_start(&udp, &pool, on_lent));
        CHECK_EQ(uv_udp_try_send(&udp, &buf, 1, NULL), 1);
        for (int i = 0; i < 200 && errors == 0; i++) {
            uv_run(&loop, UV_RUN_NOWAIT);
            sleep_ms(1);
        }
        CHECK_EQ(errors, 1);
        CHECK_OK(uv_udp_connect(&udp, NULL));
    }
    CHECK_EQ(uv_is_active((uv_handle_t*)&udp), 1);
    uv_close((uv_handle_t*)&udp, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_OK(uvring_pool_close(&pool, NULL));
    close(peer);
    finish_loop(&loop);
    return 0;
}
