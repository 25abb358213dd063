/* UVRING_LOOP_GATHER_BYTES: with so many gathered bytes a stream hands them over at once, without a callback. And what
 * uvring_capability_of tells of it. */
/* not on libuv: it gathers nothing */
#include "check.h"

#include <uvring.h>

int main(void) {
    uv_loop_t loop;
    uv_tcp_t tcp;
    uint64_t value = 0;
    char data[100] = "";
    int peer;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uvring_loop_get(&loop, UVRING_LOOP_GATHER_BYTES, &value));
    CHECK_EQ(value, 65536);
    CHECK_EQ(uvring_loop_set(&loop, UVRING_LOOP_GATHER_BYTES, 0), UV_EINVAL);
    CHECK_OK(uvring_loop_set(&loop, UVRING_LOOP_GATHER_BYTES, 100));
    CHECK_OK(uvring_loop_get(&loop, UVRING_LOOP_GATHER_BYTES, &value));
    CHECK_EQ(value, 100);
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uvring_write_copy((uv_stream_t*)&tcp, data, 60));
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 60);
    CHECK_OK(uvring_write_copy((uv_stream_t*)&tcp, data, 40));
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    recv_all(peer, data, 100);
    {
        uvring_loop_stats_t stats = {.size = sizeof stats};
        int is_ring;
        CHECK_OK(uvring_loop_stats(&loop, &stats));
        is_ring = stats.driver == UVRING_DRIVER_RING;
        CHECK_EQ(uvring_capability_of(&loop, UVRING_CAP_WRITE_BATCH), is_ring ? UVRING_NATIVE : UVRING_EMULATED);
        CHECK_EQ(uvring_capability_of(&loop, UVRING_CAP_RECV), UVRING_EMULATED);
    }
    CHECK_EQ(uvring_capability_of(&loop, 99), UV_EINVAL);
    close(peer);
    finish_loop(&loop);
    return 0;
}
