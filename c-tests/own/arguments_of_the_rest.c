/* What the functions that need no loop answer to odd arguments: addresses, error names, the environment, the user, threads, locks. */
/* not on valgrind: it complains of what the kernel is handed, and is to refuse */
/* not on aarch64: qemu 7.2 hangs in a child of the test that makes threads */
#include "arguments.h"

#define ABC "a long enough name of something that is not there"

static int short_of(int (*get)(char*, size_t*), size_t size, int wants_size) {
    char* room = some(size + 1);
    int result;
    memset(room, 'Z', size + 1);
    result = get(room, &size);
    if (result == UV_ENOBUFS) CHECK_EQ(room[0], 'Z');
    return wants_size ? (int)size : result;
}

static int get_variable(char* buffer, size_t* size) { return uv_os_getenv("UVRING_ODD", buffer, size); }

#define EACH_GETTER(get)                              \
    GIVES(UV_EINVAL, get(NULL, &(size_t){10}));       \
    GIVES(UV_EINVAL, get(some(10), NULL));            \
    GIVES(UV_EINVAL, get(NULL, NULL));                \
    GIVES(UV_EINVAL, short_of(get, 0, 0));            \
    GIVES(UV_ENOBUFS, short_of(get, 1, 0));           \
    GIVES(1, ({ int n = short_of(get, 1, 1); int m = short_of(get, (size_t)n, 1); m == n - 1; })); \
    GIVES(0, ({ int n = short_of(get, 1, 1); short_of(get, (size_t)n, 0); }));                     \
    GIVES(UV_ENOBUFS, ({ int n = short_of(get, 1, 1); short_of(get, (size_t)n - 1, 0); }))

static void environment_rows(void) {
    setenv("UVRING_ODD", "value", 1);
    setenv("HOME", "/home/of/nobody", 1);
    setenv("TMPDIR", "/some/where/", 1);
    EACH_GETTER(get_variable);
    EACH_GETTER(uv_os_homedir);
    EACH_GETTER(uv_os_gethostname);
    EACH_GETTER(uv_cwd);
    GIVES(6, short_of(get_variable, 5, 1));
    GIVES(5, short_of(get_variable, 6, 1));
    GIVES(UV_ENOBUFS, short_of(uv_os_tmpdir, 12, 0));
    GIVES(13, short_of(uv_os_tmpdir, 12, 1));
    GIVES(11, short_of(uv_os_tmpdir, 13, 1));
    GIVES(UV_EINVAL, short_of(uv_os_tmpdir, 0, 0));
    GIVES(UV_EINVAL, uv_os_tmpdir(NULL, &(size_t){10}));
    GIVES(0, ({ setenv("TMPDIR", "", 1); short_of(uv_os_tmpdir, 1, 1); }));
    GIVES(1, ({ setenv("TMPDIR", "/", 1); short_of(uv_os_tmpdir, 2, 1); }));
    GIVES(0, ({ setenv("HOME", "", 1); short_of(uv_os_homedir, 1, 1); }));
    GIVES(UV_EINVAL, uv_os_getenv(NULL, some(10), &(size_t){10}));
    GIVES(UV_ENOENT, uv_os_getenv(ABC, some(10), &(size_t){10}));
    GIVES(UV_ENOENT, uv_os_getenv("", some(10), &(size_t){10}));
    GIVES(UV_ENOENT, uv_os_getenv("UVRING_ODD=value", some(10), &(size_t){10}));
    GIVES(UV_EINVAL, uv_os_setenv(NULL, "x"));
    GIVES(UV_EINVAL, uv_os_setenv("x", NULL));
    GIVES(UV_EINVAL, uv_os_setenv("", "x"));
    GIVES(UV_EINVAL, uv_os_setenv("a=b", "x"));
    GIVES(0, uv_os_setenv("a", ""));
    GIVES(UV_EINVAL, uv_os_unsetenv(NULL));
    GIVES(UV_EINVAL, uv_os_unsetenv(""));
    GIVES(UV_EINVAL, uv_os_unsetenv("a=b"));
    GIVES(0, uv_os_unsetenv(ABC));
    GIVES(0, ({ uv_os_free_environ(NULL, 0); 0; }));
    GIVES(UV_EINVAL, uv_exepath(NULL, &(size_t){10}));
    GIVES(UV_EINVAL, uv_exepath(some(10), NULL));
    GIVES(UV_EINVAL, uv_exepath(some(10), &(size_t){0}));
    GIVES(0, uv_exepath(some(10), &(size_t){1}));
    GIVES(0, ({ size_t n = 1; uv_exepath(some(10), &n); n; }));
    GIVES(4, ({ size_t n = 5; uv_exepath(some(10), &n); n; }));
    GIVES(UV_ENOENT, uv_chdir(""));
    GIVES(UV_ENOENT, uv_chdir("/nowhere"));
    GIVES(UV_ENOTDIR, uv_chdir("/dev/null"));
    GIVES(UV_EFAULT, uv_chdir(NULL));
    GIVES(UV_ENOENT, ({ CHECK_EQ(mkdir("gone", 0700), 0); CHECK_EQ(chdir("gone"), 0); CHECK_EQ(rmdir("../gone"), 0);
                        short_of(uv_cwd, 4000, 0); }));
    GIVES(UV_EINVAL, uv_os_uname(NULL));
    GIVES(UV_EINVAL, uv_os_get_passwd(NULL));
    GIVES(UV_EINVAL, uv_os_get_passwd2(NULL, 0));
    GIVES(UV_ENOENT, uv_os_get_passwd2(NEW(uv_passwd_t), 3999999));
    GIVES(UV_EINVAL, uv_os_get_group(NULL, 0));
    GIVES(UV_ENOENT, uv_os_get_group(NEW(uv_group_t), 3999999));
    GIVES(0, ({ uv_os_free_passwd(NULL); uv_os_free_passwd(NEW(uv_passwd_t)); 0; }));
    GIVES(0, ({ uv_os_free_group(NULL); uv_os_free_group(NEW(uv_group_t)); 0; }));
    GIVES(UV_EINVAL, uv_os_getpriority(0, NULL));
    GIVES(UV_ESRCH, uv_os_getpriority(0x7fffffff, NEW(int)));
    GIVES(UV_ESRCH, uv_os_getpriority(-1, NEW(int)));
    GIVES(UV_EINVAL, uv_os_setpriority(0, -21));
    GIVES(UV_EINVAL, uv_os_setpriority(0, 20));
    GIVES(UV_ESRCH, uv_os_setpriority(0x7fffffff, 5));
}

static void error_rows(void) {
    GIVES(0, strcmp(uv_err_name(UV_EOF), "EOF"));
    GIVES(0, strcmp(uv_err_name(0), "Unknown system error 0"));
    GIVES(0, strcmp(uv_err_name(1), "Unknown system error 1"));
    GIVES(0, strcmp(uv_err_name(-12345), "Unknown system error -12345"));
    GIVES(0, strcmp(uv_strerror(12345), "Unknown system error 12345"));
    GIVES(0, ({ char b[4] = "ZZZ"; strcmp(uv_err_name_r(UV_EINVAL, b, 3), "EI"); }));
    GIVES('Z', ({ char b[4] = "ZZZ"; uv_err_name_r(UV_EINVAL, b, 0); b[0]; }));
    GIVES(0, ({ char b[4] = "ZZZ"; uv_err_name_r(UV_EINVAL, b, 1); b[0]; }));
    GIVES(0, ({ char b[4] = "ZZZ"; strcmp(uv_err_name_r(77, b, 4), "Unk"); }));
    GIVES(0, ({ char b[4] = "ZZZ"; strcmp(uv_strerror_r(UV_EINVAL, b, 4), "inv"); }));
    GIVES('Z', ({ char b[4] = "ZZZ"; uv_strerror_r(UV_EINVAL, b, 0); b[0]; }));
    GIVES('Z', ({ char b[4] = "ZZZ"; uv_strerror_r(77, b, 0); b[0]; }));
    GIVES(UV_EINVAL, uv_translate_sys_error(EINVAL));
    GIVES(-77777, uv_translate_sys_error(77777));
    GIVES(-5, uv_translate_sys_error(-5));
    GIVES(0, uv_translate_sys_error(0));
}

static int parsed(int family_, const char* text) {
    unsigned char out[16];
    return uv_inet_pton(family_, text, out);
}

static int printed(int family_, const unsigned char* address, size_t size) {
    char* out = some(size + 1);
    memset(out, 'Z', size + 1);
    int result = uv_inet_ntop(family_, address, out, size);
    CHECK_EQ(out[size], 'Z');
    return result == 0 ? (int)strlen(out) : result;
}

static void address_rows(void) {
    static const char* const bad4[] = {"", " ", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", ".1.2.3", "1..2.3",
                                       "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4", "1.2.3.-4", "1.2.3.0004", "1.2.3.4%lo"};
    static const char* const bad6[] = {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::",
                                       "::1.2.3", "::1.2.3.256", "1:2:3:4:5:6:7:1.2.3.4", "::1 ", "1:", ":1", "::ffff:1.2.3.4.5"};
    static const char* const good6[] = {"::", "::1", "1::", "::1.2.3.4", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
                                        "1:2:3:4:5:6:1.2.3.4", "::1%lo", "ABCD:ef::0001"};
    for (size_t i = 0; i < sizeof bad4 / sizeof bad4[0]; i++) {
        GIVES(UV_EINVAL, parsed(AF_INET, bad4[i]));
        GIVES(UV_EINVAL, uv_ip4_addr(bad4[i], 1, NEW(struct sockaddr_in)));
    }
    for (size_t i = 0; i < sizeof bad6 / sizeof bad6[0]; i++) {
        GIVES(UV_EINVAL, parsed(AF_INET6, bad6[i]));
        GIVES(UV_EINVAL, uv_ip6_addr(bad6[i], 1, NEW(struct sockaddr_in6)));
    }
    for (size_t i = 0; i < sizeof good6 / sizeof good6[0]; i++) {
        GIVES(0, parsed(AF_INET6, good6[i]));
        GIVES(0, uv_ip6_addr(good6[i], 1, NEW(struct sockaddr_in6)));
    }
    GIVES(0, parsed(AF_INET, "255.255.255.255"));
    GIVES(0, parsed(AF_INET, "0.0.0.0"));
    GIVES(UV_EAFNOSUPPORT, parsed(AF_UNIX, "1.2.3.4"));
    GIVES(UV_EAFNOSUPPORT, parsed(-1, "1.2.3.4"));
    GIVES(UV_EINVAL, parsed(AF_INET, NULL));
    GIVES(UV_EINVAL, uv_inet_pton(AF_INET, "1.2.3.4", NULL));
    GIVES(UV_EINVAL, uv_ip4_addr(NULL, 1, NEW(struct sockaddr_in)));
    GIVES(0, uv_ip4_addr("1.2.3.4", 70000, NEW(struct sockaddr_in)));
    GIVES(70000 & 65535, ({ struct sockaddr_in* a = NEW(struct sockaddr_in); uv_ip4_addr("1.2.3.4", 70000, a);
                            ntohs(a->sin_port); }));
    GIVES(65535, ({ struct sockaddr_in* a = NEW(struct sockaddr_in); uv_ip4_addr("1.2.3.4", -1, a); ntohs(a->sin_port); }));
    GIVES(AF_INET, ({ struct sockaddr_in* a = NEW(struct sockaddr_in); uv_ip4_addr("nonsense", 7, a); a->sin_family; }));
    GIVES(0, ({ struct sockaddr_in6* a = NEW(struct sockaddr_in6); uv_ip6_addr("::1%nothing", 7, a); a->sin6_scope_id; }));
    GIVES(1, ({ struct sockaddr_in6* a = NEW(struct sockaddr_in6); uv_ip6_addr("::1%lo", 7, a); a->sin6_scope_id; }));
    GIVES(0, ({ struct sockaddr_in6* a = NEW(struct sockaddr_in6); uv_ip6_addr("::1%", 7, a); a->sin6_scope_id; }));
    GIVES(UV_EINVAL, uv_ip6_addr("::1::%lo", 7, NEW(struct sockaddr_in6)));
    GIVES(UV_EINVAL, uv_ip6_addr("1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb%lo", 7, NEW(struct sockaddr_in6)));
    DIES(uv_ip6_addr(NULL, 1, NEW(struct sockaddr_in6)));
    DIES(uv_ip4_addr("1.2.3.4", 1, NULL));

    GIVES(7, printed(AF_INET, (const unsigned char[4]){1, 2, 3, 4}, 8));
    GIVES(UV_ENOSPC, printed(AF_INET, (const unsigned char[4]){1, 2, 3, 4}, 7));
    GIVES(UV_ENOSPC, printed(AF_INET, (const unsigned char[4]){1, 2, 3, 4}, 0));
    GIVES(2, printed(AF_INET6, (const unsigned char[16]){0}, 3));
    GIVES(UV_ENOSPC, printed(AF_INET6, (const unsigned char[16]){0}, 2));
    GIVES(UV_EAFNOSUPPORT, printed(AF_UNIX, (const unsigned char[16]){0}, 20));
    GIVES(UV_EAFNOSUPPORT, uv_ip_name(family(AF_UNIX), some(20), 20));
    GIVES(UV_ENOSPC, uv_ip_name(ip4("1.2.3.4", 0), some(20), 7));
    GIVES(UV_ENOSPC, uv_ip4_name((const struct sockaddr_in*)ip4("1.2.3.4", 0), some(20), 1));
    GIVES(0, uv_ip6_name((const struct sockaddr_in6*)ip6("::1", 0), some(20), 4));

    GIVES(UV_EINVAL, uv_if_indextoname(1, NULL, &(size_t){10}));
    GIVES(UV_EINVAL, uv_if_indextoname(1, some(10), NULL));
    GIVES(UV_EINVAL, uv_if_indextoname(1, some(10), &(size_t){0}));
    GIVES(UV_ENOBUFS, uv_if_indextoname(1, some(10), &(size_t){2}));
    GIVES(3, ({ size_t n = 2; uv_if_indextoname(1, some(10), &n); n; }));
    GIVES(2, ({ size_t n = 3; CHECK_OK(uv_if_indextoname(1, some(10), &n)); n; }));
    GIVES(UV_ENXIO, uv_if_indextoname(0, some(10), &(size_t){10}));
    GIVES(UV_ENXIO, uv_if_indextoname(99999999, some(10), &(size_t){10}));
    GIVES(UV_EINVAL, uv_if_indextoiid(1, NULL, &(size_t){10}));
    GIVES(UV_ENXIO, uv_if_indextoiid(0, some(10), &(size_t){10}));
}

static void* never_called;
static void entry(void* arg) { never_called = arg; }
static void once(void) { never_called = NULL; }

static void thread_rows(void) {
    GIVES(0, ({ uv_thread_t t; CHECK_OK(uv_thread_create(&t, entry, NULL)); uv_thread_join(&t); }));
    GIVES(0, ({ uv_thread_t t; uv_thread_options_t o = {UV_THREAD_HAS_STACK_SIZE, 1};
                CHECK_OK(uv_thread_create_ex(&t, &o, entry, NULL)); uv_thread_join(&t); }));
    GIVES(0, ({ uv_thread_t t; uv_thread_options_t o = {UV_THREAD_HAS_STACK_SIZE, 0};
                CHECK_OK(uv_thread_create_ex(&t, &o, entry, NULL)); uv_thread_join(&t); }));
    GIVES(0, ({ uv_thread_t t; uv_thread_options_t o = {~0u, 100001};
                CHECK_OK(uv_thread_create_ex(&t, &o, entry, NULL)); uv_thread_join(&t); }));
    GIVES(UV_EAGAIN, ({ uv_thread_t t; uv_thread_options_t o = {UV_THREAD_HAS_STACK_SIZE, (size_t)1 << 46};
                        uv_thread_create_ex(&t, &o, entry, NULL); }));
    GIVES(-EDEADLK, ({ uv_thread_t t = uv_thread_self(); uv_thread_join(&t); }));
    GIVES(1, ({ uv_thread_t t = uv_thread_self(); uv_thread_equal(&t, &t) != 0; }));
    GIVES(UV_EINVAL, uv_thread_setname(NULL));
    GIVES(0, uv_thread_setname(""));
    GIVES(0, uv_thread_setname(ABC));
    GIVES(0, ({ uv_thread_t t = uv_thread_self(); char b[32]; uv_thread_setname(ABC); CHECK_OK(uv_thread_getname(&t, b, 32));
                strcmp(b, "a long enough n"); }));
    GIVES(UV_EINVAL, ({ uv_thread_t t = uv_thread_self(); uv_thread_getname(&t, NULL, 16); }));
    GIVES(UV_EINVAL, ({ uv_thread_t t = uv_thread_self(); uv_thread_getname(&t, some(16), 0); }));
    GIVES(0, ({ uv_thread_t t = uv_thread_self(); char b[16] = "ZZ"; CHECK_OK(uv_thread_getname(&t, b, 1)); b[0]; }));
    GIVES(0, ({ uv_thread_t t = uv_thread_self(); char b[16]; uv_thread_setname("abcdef"); CHECK_OK(uv_thread_getname(&t, b, 4));
                strcmp(b, "abc"); }));
    GIVES(UV_EINVAL, uv_thread_setpriority(uv_thread_self(), -3));
    GIVES(UV_EINVAL, uv_thread_setpriority(uv_thread_self(), 3));
    GIVES(UV_EINVAL, uv_thread_getpriority(uv_thread_self(), NULL));
    GIVES(UV_EINVAL, ({ uv_thread_t t = uv_thread_self(); uv_thread_getaffinity(&t, some(8), 1); }));
    GIVES(UV_EINVAL, ({ uv_thread_t t = uv_thread_self(); uv_thread_setaffinity(&t, some(8), NULL, 1); }));
    GIVES(UV_EINVAL, ({ uv_thread_t t = uv_thread_self(); uv_thread_setaffinity(&t, some(1024), NULL, 1024); }));
    GIVES(1024, uv_cpumask_size());

    GIVES(UV_EBUSY, ({ uv_mutex_t m; CHECK_OK(uv_mutex_init(&m)); uv_mutex_lock(&m); uv_mutex_trylock(&m); }));
    GIVES(0, ({ uv_mutex_t m; CHECK_OK(uv_mutex_init_recursive(&m)); uv_mutex_lock(&m); uv_mutex_trylock(&m); }));
    DIES(({ uv_mutex_t m; uv_mutex_init(&m); uv_mutex_lock(&m); uv_mutex_destroy(&m); }));
    DIES(({ uv_mutex_t m; uv_mutex_init_recursive(&m); uv_mutex_unlock(&m); }));
    GIVES(0, ({ uv_rwlock_t l; CHECK_OK(uv_rwlock_init(&l)); uv_rwlock_rdlock(&l); uv_rwlock_tryrdlock(&l); }));
    GIVES(UV_EBUSY, ({ uv_rwlock_t l; CHECK_OK(uv_rwlock_init(&l)); uv_rwlock_rdlock(&l); uv_rwlock_trywrlock(&l); }));
    GIVES(UV_EBUSY, ({ uv_rwlock_t l; CHECK_OK(uv_rwlock_init(&l)); uv_rwlock_wrlock(&l); uv_rwlock_tryrdlock(&l); }));
    GIVES(0, ({ uv_sem_t s; uv_sem_init(&s, 0x7fffffffu); }));
    GIVES(UV_EINVAL, ({ uv_sem_t s; uv_sem_init(&s, 0x80000000u); }));
    GIVES(UV_EAGAIN, ({ uv_sem_t s; CHECK_OK(uv_sem_init(&s, 0)); uv_sem_trywait(&s); }));
    GIVES(0, ({ uv_sem_t s; CHECK_OK(uv_sem_init(&s, 1)); uv_sem_trywait(&s); }));
    DIES(({ uv_sem_t s; uv_sem_init(&s, 0x7fffffffu); uv_sem_post(&s); }));
    GIVES(UV_ETIMEDOUT, ({ uv_cond_t c; uv_mutex_t m; CHECK_OK(uv_cond_init(&c)); CHECK_OK(uv_mutex_init(&m)); uv_mutex_lock(&m);
                           uv_cond_timedwait(&c, &m, 0); }));
    GIVES(UV_EINVAL, ({ uv_barrier_t b; uv_barrier_init(&b, 0); }));
    GIVES(1, ({ uv_barrier_t b; CHECK_OK(uv_barrier_init(&b, 1)); uv_barrier_wait(&b) != 0; }));
    DIES(uv_barrier_init(NULL, 1));
    GIVES(0, ({ uv_key_t k; CHECK_OK(uv_key_create(&k)); uv_key_get(&k) != NULL; }));
    GIVES(1, ({ uv_key_t k; CHECK_OK(uv_key_create(&k)); uv_key_set(&k, &k); uv_key_get(&k) == &k; }));
    GIVES(UV_EAGAIN, ({ uv_key_t k; int r = 0; for (int i = 0; i < 2000 && r == 0; i++) r = uv_key_create(&k); r; }));
    DIES(({ uv_key_t k; uv_key_create(&k); uv_key_delete(&k); uv_key_delete(&k); }));
    DIES(({ uv_key_t k = 100000; uv_key_set(&k, NULL); }));
    GIVES(0, ({ uv_once_t o = UV_ONCE_INIT; uv_once(&o, once); uv_once(&o, once); 0; }));
}

static void other_rows(void) {
    GIVES(-1, uv_dlopen("/nowhere.so", NEW(uv_lib_t)));
    GIVES(1, ({ uv_lib_t l; uv_dlopen("/nowhere.so", &l); strstr(uv_dlerror(&l), "/nowhere.so") != NULL; }));
    GIVES(0, ({ uv_lib_t l; CHECK_OK(uv_dlopen(NULL, &l)); 0; }));
    GIVES(-1, ({ uv_lib_t l; void* p; CHECK_OK(uv_dlopen(NULL, &l)); uv_dlsym(&l, "no_such_symbol_at_all", &p); }));
    GIVES(0, ({ uv_lib_t l; void* p; CHECK_OK(uv_dlopen(NULL, &l)); uv_dlsym(&l, "malloc", &p); }));
    GIVES(0, strcmp(uv_dlerror(NEW(uv_lib_t)), "no error"));
    GIVES(0, ({ uv_lib_t l; uv_dlopen("/nowhere.so", &l); uv_dlclose(&l); uv_dlclose(&l); 0; }));
    GIVES(UV_EFAULT, uv_clock_gettime(UV_CLOCK_MONOTONIC, NULL));
    GIVES(UV_EINVAL, uv_clock_gettime((uv_clock_id)7, NEW(uv_timespec64_t)));
    GIVES(UV_EINVAL, uv_clock_gettime((uv_clock_id)-1, NEW(uv_timespec64_t)));
    GIVES(UV_EINVAL, uv_gettimeofday(NULL));
    GIVES(UV_EINVAL, uv_get_process_title(NULL, 10));
    GIVES(UV_EINVAL, uv_get_process_title(some(10), 0));
    GIVES(UV_ENOBUFS, uv_get_process_title(some(10), 10));
    GIVES(0, ({ uv_free_interface_addresses(NULL, 0); 0; }));
    GIVES(0, ({ uv_sleep(0); 0; }));
    GIVES(0, ({ uv_disable_stdio_inheritance(); 0; }));
    GIVES(7, uv_open_osfhandle(7));
    GIVES(-7, uv_get_osfhandle(-7));
    GIVES(0, ({ uv_buf_t b = uv_buf_init(NULL, ~0u); b.base == NULL && b.len == 0xffffffffu ? 0 : 1; }));
    GIVES(UV_ENOBUFS, ({ uv_setup_args(0, NULL); uv_get_process_title(some(10), 10); }));
}

int main(void) {
    watchdog(120);
    environment_rows();
    error_rows();
    address_rows();
    thread_rows();
    other_rows();
    END_OF_TABLE();
}
