/* What the functions of UDP handles answer to odd arguments. */
/* not on valgrind: it complains of what the kernel is handed, and is to refuse */
/* not on aarch64: qemu 7.2 knows no IPV6_MULTICAST_IF, and no membership by source */
#include "arguments.h"
#include <sys/un.h>

#define MILLION (1024u * 1024)

static uv_udp_send_t* send_req(void) { return NEW(uv_udp_send_t); }
static const struct sockaddr* peer(void) { return ip4("127.0.0.1", 9); }

static void ignore_recv(uv_udp_t* h, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* addr, unsigned flags) {
    UNUSED(h);
    UNUSED(nread);
    UNUSED(buf);
    UNUSED(addr);
    UNUSED(flags);
}

static uv_udp_t* receiving(void) {
    uv_udp_t* udp = bound_udp();
    CHECK_OK(uv_udp_recv_start(udp, alloc_some, ignore_recv));
    return udp;
}

static uv_udp_t* of_family(int domain) {
    uv_udp_t* udp = NEW(uv_udp_t);
    CHECK_OK(uv_udp_init_ex(&loop, udp, (unsigned)domain));
    return udp;
}

static uv_udp_t* bound6(void) {
    uv_udp_t* udp = new_udp();
    CHECK_OK(uv_udp_bind(udp, ip6("::1", 0), 0));
    return udp;
}

static int datagram_socket(int domain) {
    int fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_GE(fd, 0);
    return fd;
}

/* uv_udp_try_send2 of `count` datagrams of one byte, the last of which is as given. */
static int try_send2(uv_udp_t* udp, unsigned count, unsigned nbufs, const struct sockaddr* addr,
                     const struct sockaddr* last) {
    uv_buf_t** bufs = some((count + 1) * sizeof *bufs);
    unsigned* lengths = some((count + 1) * sizeof *lengths);
    struct sockaddr** addrs = some((count + 1) * sizeof *addrs);
    for (unsigned i = 0; i < count; i++) {
        bufs[i] = i == count - 1 && nbufs > 4 ? buffers_at_the_edge() : buffers(1, 1);
        lengths[i] = i == count - 1 ? nbufs : 1;
        addrs[i] = (struct sockaddr*)(i == count - 1 ? last : addr);
    }
    return uv_udp_try_send2(udp, count, bufs, lengths, addrs, 0);
}

static void opening_rows(void) {
    GIVES(UV_EINVAL, uv_udp_init_ex(&loop, NEW(uv_udp_t), AF_UNIX));
    GIVES(UV_EINVAL, uv_udp_init_ex(&loop, NEW(uv_udp_t), 0x200 | AF_INET));
    GIVES(UV_EINVAL, uv_udp_init_ex(&loop, NEW(uv_udp_t), 0x80000000u));
    GIVES(0, uv_udp_init_ex(&loop, NEW(uv_udp_t), AF_INET6 | UV_UDP_RECVMMSG));
    GIVES(0, uv_udp_using_recvmmsg(bound_udp()));
    GIVES(UV_EBADF, uv_udp_open(new_udp(), -1));
    GIVES(UV_EBADF, uv_udp_open(new_udp(), 900));
    GIVES(UV_ENOTSOCK, uv_udp_open(new_udp(), open("/dev/null", O_RDONLY | O_CLOEXEC)));
    GIVES(0, uv_udp_open_ex(new_udp(), open("/dev/null", O_RDONLY | O_CLOEXEC), 0));
    GIVES(UV_EINVAL, uv_udp_open_ex(new_udp(), datagram_socket(AF_INET), 1));
    GIVES(UV_EINVAL, uv_udp_open_ex(new_udp(), datagram_socket(AF_INET), ~0u));
    GIVES(UV_EBUSY, uv_udp_open(bound_udp(), datagram_socket(AF_INET)));
    GIVES(UV_EBUSY, ({ uv_udp_t* u = bound_udp(); uv_udp_open(u, handle_fd(u)); }));
    GIVES(UV_EEXIST, uv_udp_open(new_udp(), handle_fd(receiving())));
    GIVES(0, uv_udp_open(new_udp(), datagram_socket(AF_UNIX)));
    GIVES(0, uv_udp_open(new_udp(), listen_plain(1)));

    GIVES(UV_EINVAL, uv_udp_bind(new_udp(), family(AF_UNSPEC), 0));
    GIVES(UV_EINVAL, uv_udp_bind(new_udp(), family(AF_UNIX), 0));
    GIVES(UV_EINVAL, uv_udp_bind(new_udp(), peer(), 128));
    GIVES(UV_EINVAL, uv_udp_bind(new_udp(), peer(), ~0u));
    GIVES(UV_EINVAL, uv_udp_bind(new_udp(), peer(), UV_UDP_PARTIAL));
    GIVES(UV_EINVAL, uv_udp_bind(new_udp(), peer(), UV_UDP_IPV6ONLY));
    GIVES(UV_EINVAL, uv_udp_bind((uv_udp_t*)new_tcp(), peer(), 0));
    GIVES(UV_EINVAL, uv_udp_bind(bound_udp(), ip4("127.0.0.1", 0), 0));
    GIVES(UV_EINVAL, uv_udp_bind(of_family(AF_INET6), ip4("127.0.0.1", 0), 0));
    GIVES(UV_EINVAL, uv_udp_bind(of_family(AF_INET), ip6("::1", 0), 0));
    GIVES(UV_EADDRNOTAVAIL, uv_udp_bind(new_udp(), ip4("192.0.2.1", 0), 0));
    GIVES(UV_EADDRINUSE, uv_udp_bind(new_udp(), ip4("127.0.0.1", socket_port(handle_fd(bound_udp()))), 0));
    GIVES(0, uv_udp_bind(new_udp(), ip4("127.0.0.1", 0), UV_UDP_REUSEADDR | UV_UDP_REUSEPORT | UV_UDP_LINUX_RECVERR));
    GIVES(0, uv_udp_bind(new_udp(), ip6("::1", 0), UV_UDP_IPV6ONLY | UV_UDP_LINUX_RECVERR));
    GIVES(0, ({ uv_udp_t* u = new_udp(); uv_udp_open(u, datagram_socket(AF_INET)); uv_udp_bind(u, ip4("127.0.0.1", 0), 0); }));
    DIES(uv_udp_bind(new_udp(), NULL, 0));
    DIES(uv_udp_bind(closing(new_udp()), ip4("127.0.0.1", 0), 0));
    DIES(uv_udp_open(closing(new_udp()), datagram_socket(AF_INET)));
    DIES(uv_udp_connect(closing(new_udp()), peer()));
}

static void connecting_rows(void) {
    GIVES(UV_ENOTCONN, uv_udp_connect(new_udp(), NULL));
    GIVES(UV_ENOTCONN, uv_udp_connect(bound_udp(), NULL));
    GIVES(0, uv_udp_connect(connected_udp(), NULL));
    GIVES(UV_ENOTCONN, ({ uv_udp_t* u = connected_udp(); uv_udp_connect(u, NULL); uv_udp_connect(u, NULL); }));
    GIVES(UV_EISCONN, uv_udp_connect(connected_udp(), peer()));
    GIVES(UV_EINVAL, uv_udp_connect(connected_udp(), family(AF_UNIX)));
    GIVES(UV_EINVAL, uv_udp_connect(new_udp(), family(AF_UNSPEC)));
    GIVES(UV_EINVAL, uv_udp_connect((uv_udp_t*)new_tcp(), peer()));
    GIVES(UV_EINVAL, uv_udp_connect((uv_udp_t*)new_tcp(), NULL));
    GIVES(UV_EAFNOSUPPORT, uv_udp_connect(bound_udp(), ip6("::1", 9)));
    GIVES(0, uv_udp_connect(bound_udp(), peer()));
    GIVES(UV_EBADF, uv_udp_connect(closing(connected_udp()), NULL));

    GIVES(UV_EBADF, uv_udp_getsockname(new_udp(), NEW(struct sockaddr), &(int){16}));
    GIVES(UV_EBADF, uv_udp_getsockname(closing(bound_udp()), NEW(struct sockaddr), &(int){16}));
    GIVES(UV_EBADF, uv_udp_getpeername(new_udp(), NEW(struct sockaddr), &(int){16}));
    GIVES(UV_ENOTCONN, uv_udp_getpeername(bound_udp(), NEW(struct sockaddr), &(int){16}));
    GIVES(16, ({ int len = 1; CHECK_OK(uv_udp_getpeername(connected_udp(), NEW(struct sockaddr), &len)); len; }));
    GIVES(UV_EINVAL, uv_udp_getsockname(bound_udp(), NEW(struct sockaddr), &(int){-1}));
    GIVES(UV_EFAULT, uv_udp_getsockname(bound_udp(), NULL, &(int){16}));
    GIVES(UV_EINVAL, uv_udp_getsockname((uv_udp_t*)new_timer(), NEW(struct sockaddr), &(int){16}));
}

static void sending_rows(void) {
    GIVES(UV_EDESTADDRREQ, uv_udp_send(send_req(), new_udp(), buffers(1, 1), 1, NULL, NULL));
    GIVES(UV_EDESTADDRREQ, uv_udp_send(send_req(), bound_udp(), buffers(1, 1), 0, NULL, NULL));
    GIVES(UV_EISCONN, uv_udp_send(send_req(), connected_udp(), buffers(1, 1), 1, peer(), NULL));
    GIVES(UV_EISCONN, uv_udp_send(send_req(), connected_udp(), buffers(1, 1), 0, peer(), NULL));
    GIVES(UV_EINVAL, uv_udp_send(send_req(), new_udp(), buffers(1, 1), 1, family(AF_UNSPEC), NULL));
    GIVES(UV_EINVAL, uv_udp_send(send_req(), new_udp(), buffers(1, 1), 0, peer(), NULL));
    GIVES(UV_EINVAL, uv_udp_send(send_req(), new_udp(), NULL, 0, peer(), NULL));
    GIVES(UV_EINVAL, uv_udp_send(send_req(), new_udp(), buffers_at_the_edge(), 0x80000000u, peer(), NULL));
    GIVES(UV_EINVAL, uv_udp_send(send_req(), new_udp(), buffers_at_the_edge(), 0xffffffffu, peer(), NULL));
    GIVES(UV_EINVAL, uv_udp_send(send_req(), new_udp(), buffers_at_the_edge(), MILLION + 1, peer(), NULL));
    GIVES(UV_EINVAL, uv_udp_send(send_req(), new_udp(), buffers(1, (size_t)1 << 31), 1, peer(), NULL));
    GIVES(UV_EINVAL, uv_udp_send(send_req(), new_udp(), buffers(2, (size_t)1 << 63), 2, peer(), NULL));
    GIVES(UV_EINVAL, uv_udp_send(send_req(), (uv_udp_t*)new_tcp(), buffers(1, 1), 1, peer(), NULL));
    GIVES(0, uv_udp_send(send_req(), bound_udp(), buffers(1, 1), 1, ip6("::1", 9), NULL));
    GIVES(0, uv_udp_send(send_req(), new_udp(), buffers(5000, 0), 5000, peer(), NULL));
    GIVES(0, uv_udp_send(send_req(), connected_udp(), buffers(1, 1), 1, NULL, NULL));
    DIES(uv_udp_send(send_req(), new_udp(), NULL, 1, peer(), NULL));
    DIES(uv_udp_send(send_req(), closing(new_udp()), buffers(1, 1), 1, peer(), NULL));
    DIES(uv_udp_try_send(closing(new_udp()), buffers(1, 1), 1, peer()));

    GIVES(1, uv_udp_try_send(new_udp(), buffers(1, 1), 1, peer()));
    GIVES(0, uv_udp_try_send(new_udp(), buffers(1, 0), 1, peer()));
    GIVES(UV_EINVAL, uv_udp_try_send(new_udp(), buffers(1, 1), 0, peer()));
    GIVES(UV_EINVAL, uv_udp_try_send(new_udp(), buffers_at_the_edge(), 0x80000000u, peer()));
    GIVES(UV_EINVAL, uv_udp_try_send(new_udp(), buffers_at_the_edge(), MILLION + 1, peer()));
    GIVES(UV_EMSGSIZE, uv_udp_try_send(new_udp(), buffers(5000, 0), 5000, peer()));
    GIVES(UV_EMSGSIZE, uv_udp_try_send(new_udp(), buffers(2, 40000), 2, peer()));
    GIVES(UV_EDESTADDRREQ, uv_udp_try_send(bound_udp(), buffers(1, 1), 1, NULL));
    GIVES(UV_EISCONN, uv_udp_try_send(connected_udp(), buffers(1, 1), 1, peer()));
    GIVES(UV_EINVAL, uv_udp_try_send(new_udp(), buffers(1, 1), 1, family(AF_UNSPEC)));
    GIVES(UV_EINVAL, uv_udp_try_send(new_udp(), buffers(1, 1), 1, family(77)));
    GIVES(UV_EAFNOSUPPORT, uv_udp_try_send(bound_udp(), buffers(1, 1), 1, ip6("::1", 9)));
    GIVES(UV_EINVAL, uv_udp_try_send((uv_udp_t*)new_tcp(), buffers(1, 1), 1, peer()));
    GIVES(1, uv_udp_try_send(connected_udp(), buffers(1, 1), 1, NULL));
    GIVES(UV_EFAULT, uv_udp_try_send(new_udp(), &(uv_buf_t){NULL, 1}, 1, peer()));
    GIVES(UV_ENOENT, ({
        struct sockaddr_un* un = NEW(struct sockaddr_un);
        uv_udp_t* u = new_udp();
        un->sun_family = AF_UNIX;
        strcpy(un->sun_path, "nothing");
        CHECK_OK(uv_udp_open(u, datagram_socket(AF_UNIX)));
        uv_udp_try_send(u, buffers(1, 1), 1, (struct sockaddr*)un);
    }));

    GIVES(UV_EINVAL, uv_udp_try_send2(bound_udp(), 0, NULL, NULL, NULL, 0));
    GIVES(UV_EINVAL, uv_udp_try_send2(new_udp(), 1, NULL, NULL, NULL, 7));
    GIVES(UV_EINVAL, try_send2(new_udp(), 1, 1, peer(), peer()));
    GIVES(1, try_send2(bound_udp(), 1, 1, peer(), peer()));
    GIVES(3, try_send2(bound_udp(), 3, 1, peer(), peer()));
    GIVES(20, try_send2(bound_udp(), 20, 1, peer(), peer()));
    GIVES(UV_EINVAL, try_send2(bound_udp(), 3, 0, peer(), peer()));
    GIVES(UV_EINVAL, try_send2(bound_udp(), 1, 0, peer(), peer()));
    GIVES(UV_EINVAL, try_send2(bound_udp(), 3, 0x80000000u, peer(), peer()));
    GIVES(UV_EINVAL, try_send2(bound_udp(), 1, 0x80000000u, peer(), peer()));
    GIVES(UV_EINVAL, try_send2(bound_udp(), 3, MILLION + 1, peer(), peer()));
    GIVES(UV_EDESTADDRREQ, try_send2(bound_udp(), 3, 1, peer(), NULL));
    GIVES(UV_EDESTADDRREQ, try_send2(new_udp(), 1, 1, NULL, NULL));
    GIVES(UV_EISCONN, try_send2(connected_udp(), 3, 1, NULL, peer()));
    GIVES(3, try_send2(connected_udp(), 3, 1, NULL, NULL));
    GIVES(UV_EINVAL, try_send2(bound_udp(), 3, 1, peer(), family(AF_UNSPEC)));
    GIVES(UV_EINVAL, try_send2(bound_udp(), 1, 1, peer(), family(77)));
    GIVES(2, try_send2(bound_udp(), 3, 1, peer(), ip6("::1", 9)));
    GIVES(UV_EAFNOSUPPORT, try_send2(bound_udp(), 1, 1, peer(), ip6("::1", 9)));
    GIVES(UV_EINVAL, try_send2((uv_udp_t*)new_tcp(), 1, 1, peer(), peer()));
    DIES(uv_udp_try_send2(bound_udp(), 1, NULL, NULL, NULL, 0));

    GIVES(0, uv_udp_get_send_queue_size(closing(bound_udp())));
    GIVES(0, uv_udp_get_send_queue_count(new_udp()));
}

static void receiving_rows(void) {
    GIVES(UV_EINVAL, uv_udp_recv_start(bound_udp(), NULL, ignore_recv));
    GIVES(UV_EINVAL, uv_udp_recv_start(bound_udp(), alloc_some, NULL));
    GIVES(UV_EINVAL, uv_udp_recv_start((uv_udp_t*)new_tcp(), alloc_some, ignore_recv));
    GIVES(UV_EALREADY, uv_udp_recv_start(receiving(), alloc_some, ignore_recv));
    GIVES(0, uv_udp_recv_start(new_udp(), alloc_some, ignore_recv));
    DIES(uv_udp_recv_start(closing(new_udp()), alloc_some, ignore_recv));
    GIVES(0, uv_udp_recv_stop(new_udp()));
    GIVES(0, uv_udp_recv_stop(bound_udp()));
    GIVES(0, uv_udp_recv_stop(closing(receiving())));
    GIVES(UV_EINVAL, uv_udp_recv_stop((uv_udp_t*)new_tcp()));
}

static void option_rows(void) {
    GIVES(UV_EBADF, uv_udp_set_ttl(new_udp(), 1));
    GIVES(UV_EINVAL, uv_udp_set_ttl(new_udp(), 0));
    GIVES(UV_EINVAL, uv_udp_set_ttl(bound_udp(), 0));
    GIVES(UV_EINVAL, uv_udp_set_ttl(bound_udp(), 256));
    GIVES(UV_EINVAL, uv_udp_set_ttl(bound_udp(), -1));
    GIVES(0, uv_udp_set_ttl(bound_udp(), 255));
    GIVES(0, uv_udp_set_ttl(bound6(), 1));
    GIVES(UV_EBADF, uv_udp_set_ttl(closing(bound_udp()), 1));
    GIVES(UV_EBADF, uv_udp_set_broadcast(new_udp(), 1));
    GIVES(0, uv_udp_set_broadcast(bound_udp(), -9));
    GIVES(UV_EBADF, uv_udp_set_multicast_loop(new_udp(), 1));
    GIVES(0, uv_udp_set_multicast_loop(bound_udp(), 255));
    GIVES(UV_EINVAL, uv_udp_set_multicast_loop(bound_udp(), 256));
    GIVES(UV_EINVAL, uv_udp_set_multicast_loop(bound_udp(), -1));
    GIVES(0, uv_udp_set_multicast_loop(bound6(), 1));
    GIVES(UV_EINVAL, uv_udp_set_multicast_loop(bound6(), 2));
    GIVES(UV_EBADF, uv_udp_set_multicast_ttl(new_udp(), 1));
    GIVES(UV_EINVAL, uv_udp_set_multicast_ttl(new_udp(), 256));
    GIVES(UV_EINVAL, uv_udp_set_multicast_ttl(bound_udp(), -1));
    GIVES(0, uv_udp_set_multicast_ttl(bound_udp(), 0));
    GIVES(UV_EBADF, uv_udp_set_multicast_interface(new_udp(), NULL));
    GIVES(UV_EINVAL, uv_udp_set_multicast_interface(new_udp(), "nonsense"));
    GIVES(0, uv_udp_set_multicast_interface(bound_udp(), NULL));
    GIVES(0, uv_udp_set_multicast_interface(bound6(), NULL));
    GIVES(UV_EADDRNOTAVAIL, uv_udp_set_multicast_interface(bound_udp(), "192.0.2.1"));
    GIVES(UV_ENOPROTOOPT, uv_udp_set_multicast_interface(bound_udp(), "::1"));
    GIVES(0, uv_udp_set_multicast_interface(bound6(), "::1%nothing"));
    GIVES(UV_EINVAL, uv_udp_set_multicast_interface(bound_udp(), ""));
}

static void membership_rows(void) {
    GIVES(UV_EINVAL, uv_udp_set_membership(bound_udp(), "nonsense", NULL, UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_membership(bound_udp(), "", NULL, UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_membership(bound_udp(), "127.0.0.1", "127.0.0.1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_membership(bound_udp(), "239.255.0.1", "nonsense", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_membership(bound_udp(), "239.255.0.1", "::1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_membership(bound_udp(), "239.255.0.1", "127.0.0.1", (uv_membership)2));
    GIVES(UV_EINVAL, uv_udp_set_membership(bound_udp(), "239.255.0.1", "127.0.0.1", (uv_membership)-1));
    GIVES(UV_EADDRNOTAVAIL, uv_udp_set_membership(bound_udp(), "239.255.0.1", "127.0.0.1", UV_LEAVE_GROUP));
    GIVES(0, uv_udp_set_membership(bound_udp(), "239.255.0.1", "127.0.0.1", UV_JOIN_GROUP));
    GIVES(0, uv_udp_set_membership(new_udp(), "239.255.0.1", "127.0.0.1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_membership(new_udp(), "239.255.0.1", "nonsense", UV_JOIN_GROUP));
    GIVES(UV_EADDRINUSE, ({ uv_udp_t* u = bound_udp(); uv_udp_set_membership(u, "239.255.0.1", "127.0.0.1", UV_JOIN_GROUP);
                            uv_udp_set_membership(u, "239.255.0.1", "127.0.0.1", UV_JOIN_GROUP); }));
    GIVES(UV_ENODEV, uv_udp_set_membership(bound_udp(), "239.255.0.1", "192.0.2.1", UV_JOIN_GROUP));
    GIVES(UV_ENOPROTOOPT, uv_udp_set_membership(bound_udp(), "ff02::1", "::1%lo", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_membership(bound6(), "ff02::1", "127.0.0.1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_membership(bound6(), "::1", "::1%lo", UV_JOIN_GROUP));
    GIVES(0, uv_udp_set_membership(bound6(), "ff02::99", "::1%lo", UV_JOIN_GROUP));
    DIES(uv_udp_set_membership(bound_udp(), NULL, NULL, UV_JOIN_GROUP));
    DIES(uv_udp_set_membership(closing(new_udp()), "239.255.0.1", "127.0.0.1", UV_JOIN_GROUP));

    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound_udp(), "nonsense", NULL, "127.0.0.1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound_udp(), "239.255.0.1", NULL, "nonsense", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound_udp(), "239.255.0.1", NULL, "::1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound_udp(), "ff02::1", NULL, "127.0.0.1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound_udp(), "239.255.0.1", "x", "127.0.0.1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound_udp(), "239.255.0.1", "127.0.0.1", "127.0.0.1", (uv_membership)7));
    GIVES(0, uv_udp_set_source_membership(bound_udp(), "239.255.0.1", "127.0.0.1", "127.0.0.1", UV_JOIN_GROUP));
    GIVES(0, uv_udp_set_source_membership(new_udp(), "239.255.0.1", "127.0.0.1", "127.0.0.1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound_udp(), "239.255.0.1", "127.0.0.1", "127.0.0.1", UV_LEAVE_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound6(), "ff02::99", "127.0.0.1", "::1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound6(), "ff02::99", "::1%lo", "::1", (uv_membership)7));
    GIVES(0, uv_udp_set_source_membership(bound6(), "ff02::99", "::1%lo", "::1", UV_JOIN_GROUP));
    GIVES(UV_EINVAL, uv_udp_set_source_membership(bound_udp(), "239.255.0.1", NULL, NULL, UV_JOIN_GROUP));
    DIES(uv_udp_set_source_membership(bound_udp(), NULL, NULL, "127.0.0.1", UV_JOIN_GROUP));
}

int main(void) {
    watchdog(120);
    opening_rows();
    connecting_rows();
    sending_rows();
    receiving_rows();
    option_rows();
    membership_rows();
    END_OF_TABLE();
}
