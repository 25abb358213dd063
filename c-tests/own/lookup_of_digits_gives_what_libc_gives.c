/* uv_getaddrinfo of addresses in digits, with a callback and without: the same list, field by field, or the same error as
 * getaddrinfo() of the same question, whatever of it the library answers by itself. The same for uv_getnameinfo. */
#include "check.h"

#include <netdb.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uv_loop_t loop;
static const char* asked_host;
static const char* asked_service;
static struct addrinfo asked_hints;
static struct addrinfo* expected;
static int expected_status, calls, inside, answers;

static const char* question(void) {
    static char text[300];
    snprintf(text, sizeof text, "host %s service %s flags %x family %d type %d protocol %d", asked_host ? asked_host : "-",
             asked_service ? asked_service : "-", asked_hints.ai_flags, asked_hints.ai_family, asked_hints.ai_socktype,
             asked_hints.ai_protocol);
    return text;
}

static int same_text(const char* a, const char* b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void compare(const struct addrinfo* found) {
    const struct addrinfo* should = expected;
    for (; found != NULL && should != NULL; found = found->ai_next, should = should->ai_next) {
        if (found->ai_flags != should->ai_flags || found->ai_family != should->ai_family
            || found->ai_socktype != should->ai_socktype || found->ai_protocol != should->ai_protocol
            || found->ai_addrlen != should->ai_addrlen || memcmp(found->ai_addr, should->ai_addr, found->ai_addrlen) != 0
            || !same_text(found->ai_canonname, should->ai_canonname)) {
            FAIL("%s: the entries differ", question());
        }
    }
    if (found != NULL || should != NULL) FAIL("%s: one list is longer", question());
}

static void on_found(uv_getaddrinfo_t* req, int status, struct addrinfo* found) {
    CHECK(!inside);
    CHECK(req->addrinfo == found);
    if (status != expected_status) FAIL("%s: %d, not %d", question(), status, expected_status);
    if (status != 0) CHECK(found == NULL);
    compare(found);
    uv_freeaddrinfo(found);
    calls++;
}

static void ask(const char* host, const char* service, const struct addrinfo* hints) {
    uv_getaddrinfo_t sync, req;
    int error = getaddrinfo(host, service, hints, &expected);
    asked_host = host;
    asked_service = service;
    memset(&asked_hints, 0, sizeof asked_hints);
    if (hints != NULL) asked_hints = *hints;
    if (error != 0) expected = NULL;
    expected_status = uv_getaddrinfo(NULL, &sync, NULL, host, service, hints);
    if ((expected_status == 0) != (error == 0)) FAIL("%s: %d, getaddrinfo %d", question(), expected_status, error);
    compare(sync.addrinfo);
    uv_freeaddrinfo(sync.addrinfo);
    calls = 0;
    inside = 1;
    CHECK_OK(uv_getaddrinfo(&loop, &req, on_found, host, service, hints));
    inside = 0;
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 1);
    if (expected != NULL) freeaddrinfo(expected);
    answers += error == 0;
}

static const char* const hosts[] = {
    "127.0.0.1", "0.0.0.0", "255.255.255.255", "1.2.3.4", "127.1", "1.2.3", "0x7f.1", "0X7F.0x1", "0177.0.0.01", "1",
    "2130706433", "0xffffffff", "4294967295", "0", "00", "::", "::1", "::1.2.3.4", "::ffff:1.2.3.4", "::FFFF:127.0.0.1",
    "fe80::1", "ff02::1", "2001:db8::dead:BEEF", "1:2:3:4:5:6:7:8", "2002:102:304::", "0:0:0:0:0:0:0:1", "::1%lo",
    "fe80::1%lo", "fe80::1%1", "ff02::1%lo", "fe80::1%4711", NULL,
};

/* What looks like an address and is none would ask a name server, so these are asked with AI_NUMERICHOST only. */
static const char* const no_hosts[] = {
    "256.1.1.1", "1.2.3.4.5", "1.2.3.4.", "1..2", ".1", "4294967296", "0x", "0x100000000", "08.1.1.1", "1.2.3.65536",
    "beef", "cafe.ad", "x", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::12345", "::1.2.3", "::g",
    "127.0.0.1x", "fe80::1%nowhere", "1.2.3.4%lo", "localhost",
};

static const char* const services[] = {NULL, "80", "0", "65535", "65536", "0x50", " 80", "+80", "-1", "http", "80x", "nothing-at-all"};

static const int flags[] = {
    0, AI_PASSIVE, AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV, AI_V4MAPPED, AI_V4MAPPED | AI_ALL, AI_ALL, AI_ADDRCONFIG,
    AI_V4MAPPED | AI_ADDRCONFIG, AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV | AI_V4MAPPED | AI_ALL, AI_IDN,
    AI_CANONNAME | AI_CANONIDN, 0x10000,
};

static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, 4711};

static const struct {
    int type, protocol;
} kinds[] = {
    {0, 0}, {SOCK_STREAM, 0}, {SOCK_DGRAM, 0}, {SOCK_RAW, 0}, {0, IPPROTO_TCP}, {SOCK_STREAM, IPPROTO_UDP}, {77, 0},
};

/* With the first flags, and every family. */
static void ask_families(const char* host, int always, size_t count) {
    struct addrinfo hints;
    for (size_t f = 0; f < count; f++) {
        for (size_t a = 0; a < COUNT(families); a++) {
            memset(&hints, 0, sizeof hints);
            hints.ai_flags = flags[f] | always;
            hints.ai_family = families[a];
            hints.ai_socktype = f % 2 ? SOCK_STREAM : 0;
            ask(host, a % 2 || host == NULL ? "80" : NULL, &hints);
        }
    }
}

/* With every service, and every kind of socket. */
static void ask_services(const char* host) {
    struct addrinfo hints;
    for (size_t s = 0; s < COUNT(services); s++) {
        for (size_t k = 0; k < COUNT(kinds); k++) {
            if (host == NULL && services[s] == NULL) continue;
            memset(&hints, 0, sizeof hints);
            hints.ai_family = k % 2 ? AF_INET : AF_UNSPEC;
            hints.ai_socktype = kinds[k].type;
            hints.ai_protocol = kinds[k].protocol;
            ask(host, services[s], &hints);
        }
    }
}

static char names[2][NI_MAXHOST + NI_MAXSERV];
static int names_status;

static void on_names(uv_getnameinfo_t* req, int status, const char* host, const char* service) {
    UNUSED(req);
    CHECK(!inside);
    CHECK_EQ(status, names_status);
    if (status == 0) {
        CHECK_STR(host, names[0]);
        CHECK_STR(service, names[1]);
    } else {
        CHECK(host == NULL && service == NULL);
    }
    calls++;
}

static void ask_names(const struct sockaddr* addr, socklen_t len, int how) {
    uv_getnameinfo_t sync, req;
    int error = getnameinfo(addr, len, names[0], NI_MAXHOST, names[1], NI_MAXSERV, how);
    names_status = uv_getnameinfo(&loop, &sync, NULL, addr, how);
    CHECK_EQ(names_status == 0, error == 0);
    calls = 0;
    inside = 1;
    CHECK_OK(uv_getnameinfo(&loop, &req, on_names, addr, how));
    inside = 0;
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 1);
}

static void ask_all_names(void) {
    static const char* const addresses[] = {"::", "::1", "fe80::1", "ff02::1", "::ffff:1.2.3.4", "2001:db8::1"};
    static const int scopes[] = {0, 1, 4711};
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    /* All with NI_NUMERICHOST, up to NI_IDN; and once a bit that means nothing. */
    for (int how = NI_NUMERICHOST; how <= (NI_NUMERICHOST | 64); how += 2) {
        in = loopback(0);
        for (int port = 0; port < 3; port++) {
            in.sin_port = htons((uint16_t)(port == 2 ? 65535 : port * 80));
            ask_names((struct sockaddr*)&in, sizeof in, how);
        }
        for (size_t i = 0; i < COUNT(addresses) * COUNT(scopes); i++) {
            memset(&in6, 0, sizeof in6);
            in6.sin6_family = AF_INET6;
            in6.sin6_port = htons(443);
            in6.sin6_scope_id = (uint32_t)scopes[i / COUNT(addresses)];
            CHECK_EQ(inet_pton(AF_INET6, addresses[i % COUNT(addresses)], &in6.sin6_addr), 1);
            ask_names((struct sockaddr*)&in6, sizeof in6, how);
        }
    }
}

int main(void) {
    watchdog(60);
    CHECK_OK(uv_loop_init(&loop));
    for (size_t h = 0; h < COUNT(hosts); h++) {
        ask_families(hosts[h], 0, COUNT(flags));
        if (h % 5 == 0 || hosts[h] == NULL) ask_services(hosts[h]);
        ask(hosts[h], "80", NULL);
    }
    for (size_t h = 0; h < COUNT(no_hosts); h++) ask_families(no_hosts[h], AI_NUMERICHOST, 3);
    CHECK_GE(answers, 500);
    ask_all_names();
    finish_loop(&loop);
    return 0;
}
