/* uv_udp_try_send2 sends all of many datagrams, in order, and says so. uv_udp_try_send to a unix address without a socket gives UV_EINVAL. */
/* not on libuv: of more than 20 it leaves some out; and it ends the process for the address */
#include "check.h"
#include <sys/un.h>

enum { COUNT = 50 };

int main(void) {
    uv_loop_t loop;
    uv_udp_t udp, fresh;
    uv_buf_t buffers[COUNT], *bufs[COUNT];
    unsigned counts[COUNT];
    struct sockaddr* addrs[COUNT];
    unsigned char bytes[COUNT], got;
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "nobody"};
    struct sockaddr_in addr = loopback(0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    watchdog(10);
    CHECK_EQ(bind(fd, (struct sockaddr*)&addr, sizeof addr), 0);
    addr = loopback(socket_port(fd));
    for (int i = 0; i < COUNT; i++) {
        bytes[i] = (unsigned char)i;
        buffers[i] = uv_buf_init((char*)&bytes[i], 1);
        bufs[i] = &buffers[i];
        counts[i] = 1;
        addrs[i] = (struct sockaddr*)&addr;
    }
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_udp_init(&loop, &udp));
    struct sockaddr_in any = loopback(0);
    CHECK_OK(uv_udp_bind(&udp, (struct sockaddr*)&any, 0));
    CHECK_EQ(uv_udp_try_send2(&udp, COUNT, bufs, counts, addrs, 0), COUNT);
    for (int i = 0; i < COUNT; i++) {
        CHECK_EQ(recv(fd, &got, 1, MSG_DONTWAIT), 1);
        CHECK_EQ(got, i);
    }
    CHECK_OK(uv_udp_init(&loop, &fresh));
    CHECK_EQ(uv_udp_try_send(&fresh, buffers, 1, (struct sockaddr*)&local), UV_EINVAL);
    uv_close((uv_handle_t*)&udp, NULL);
    uv_close((uv_handle_t*)&fresh, NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    close(fd);
    finish_loop(&loop);
    return 0;
}
