/* What the random programs share: the seed's numbers, the log, the clock, the handles.
 *
 * The log has to be the same on every run. Where libuv fixes an order it is written at once (`say`). Where it does not,
 * between descriptors that are ready in the same poll phase, each handle has a pocket (`tell`), and the next line of `say`
 * empties the pockets in the handles' order. For the same reason a handle has its own random numbers in such a callback,
 * and acts on itself only; what it wants of others is done in the check phase (`later`).
 *
 * Time is ours: the program stands before libc's clock_gettime, and the clock moves only when the program moves it.
 */
#ifndef UVRING_DIFFERENTIAL_WORLD_H
#define UVRING_DIFFERENTIAL_WORLD_H

#include "check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/un.h>

enum { SLOTS = 28, POCKETS = SLOTS + 4, ASYNCS = SLOTS, SIGNALS, CHILDREN, CHANGES, BIG = 1 << 18, MOST_DEPTH = 4 };

enum kind {
    FREE, TIMER, IDLE, PREPARE, CHECKER, ASYNC, SIGNAL, PIPE, TCP, TCP_LISTENER, PIPE_LISTENER, UDP, POLL, PROCESS, RESERVED,
    FS_EVENT, FS_POLL
};

static const char* const kind_names[] = {
    "free", "timer", "idle", "prepare", "check", "async", "signal", "pipe", "tcp", "tcp-listener", "pipe-listener", "udp",
    "poll", "process", "reserved", "fs-event", "fs-poll"
};

/* A handle of the random program. */
struct slot {
    union uv_any_handle uv;
    enum kind kind;
    bool closing;
    bool closed_quietly;       /* Closed in a callback of the poll phase: its close_cb goes into the pocket. */
    uint64_t numbers;          /* Its own random numbers. */
    int serial;                /* Of the handles of this run. */
    int requests;              /* Ever started. */
    int calls;
    int peer;                  /* The other end, a plain descriptor, or -1. */
    int fd;                    /* What a poll handle watches. */
    bool is_fifo;              /* The peer is the other end of a plain pipe. */
    int port;
    char path[108];
    int lineage;               /* Of the process that made the handle. */
    int waiting[4], nwaiting;  /* Plain ends of connections not yet accepted. */
    struct slot* spare[3];     /* Handles for them. */
    int nspare;
    size_t written, drained;   /* Bytes given to libuv and taken by the peer. */
    bool connecting;
    int reading;               /* How alloc_cb behaves. */
    int lent_in;               /* The turn in which it was last lent a buffer, and how much it has lent in that. */
    size_t lent;
    int stopped_in;            /* The turn in which an fs_poll handle was stopped. */
    uint64_t watched;             /* What an fs_event handle watches, and its name for it. */
    char path_watched[20];
    int wants;                 /* Something for the check phase to do. */
};

static uv_loop_t loop;
static struct slot slots[SLOTS];
static uint64_t seed_numbers;
static int serials;
static char big[BIG];
static char slab[65536];
static bool faults;            /* System calls are made to fail. */
static int steps_left;         /* How much more may be done. */
static int generation;         /* How often this process was forked from another. */
static int lineage;            /* Which of its parent's children it is, and which its parent was. */
static int mode_of_run;
static bool in_on_write;       /* The callback of a write is running. */
static int depth;              /* Of actions within actions: none begin beyond the most. */

/* --- numbers --- */

static uint64_t next_number(uint64_t* state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int below(uint64_t* numbers, int limit) { return (int)(next_number(numbers) % (uint64_t)limit); }

static bool one_in(uint64_t* numbers, int n) { return below(numbers, n) == 0; }

/* --- the log --- */

static char out[1 << 20], pockets[POCKETS][1 << 15];
static size_t out_len, pocket_len[POCKETS];
static bool some_in_pockets;
static int turn_of_run, polled;

static void flush_out(void) {
    for (size_t at = 0; at < out_len;) {
        ssize_t n = syscall(SYS_write, 1, out + at, out_len - at);
        if (n <= 0) break;
        at += (size_t)n;
    }
    out_len = 0;
}

static void put(char* buffer, size_t* len, size_t size, const char* text, size_t n) {
    if (*len + n > size) FAIL("the log is too long");
    memcpy(buffer + *len, text, n);
    *len += n;
}

static void empty_pockets(void) {
    if (!some_in_pockets) return;
    some_in_pockets = false;
    for (int i = 0; i < POCKETS; i++) {
        if (out_len + pocket_len[i] > sizeof out) flush_out();
        put(out, &out_len, sizeof out, pockets[i], pocket_len[i]);
        pocket_len[i] = 0;
    }
}

static void say(const char* format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char* format, ...) {
    char line[600];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    empty_pockets();
    line[n] = '\n';
    if (out_len + sizeof line > sizeof out) flush_out();
    put(out, &out_len, sizeof out, line, (size_t)n + 1);
}

static void tell(int pocket, const char* format, ...) __attribute__((format(printf, 2, 3)));
static void tell(int pocket, const char* format, ...) {
    char line[600] = "    ";
    va_list args;
    va_start(args, format);
    int n = 4 + vsnprintf(line + 4, sizeof line - 5, format, args);
    va_end(args);
    line[n] = '\n';
    put(pockets[pocket], &pocket_len[pocket], sizeof pockets[pocket], line, (size_t)n + 1);
    some_in_pockets = true;
}

/* Also what a crash leaves unsaid. */
static void on_crash(int signum) {
    empty_pockets();
    flush_out();
    signal(signum, SIG_DFL);
    raise(signum);
}

/* --- the clock --- */

static uint64_t clock_ms = 1000000;

int clock_gettime(clockid_t clock, struct timespec* ts) {
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE) return (int)syscall(SYS_clock_gettime, clock, ts);
    ts->tv_sec = (time_t)(clock_ms / 1000);
    ts->tv_nsec = (long)(clock_ms % 1000) * 1000000;
    return 0;
}

/* --- the loop --- */

static bool is_polling;

/* Writes have ended in the pending phase of this turn. A rule: libuv lets their streams pend until the poll phase is
 * over, and the loop is alive so long; ours has done with them. */
static bool ended_in_pending;

static int is_alive(void) { return ended_in_pending || uv_loop_alive(&loop); }

/* --- handles --- */

static uv_handle_t* base(struct slot* s) { return (uv_handle_t*)&s->uv; }

static int index_of(const struct slot* s) { return (int)(s - slots); }

static const char* name_of(const struct slot* s) {
    static char names[4][40];
    static int next;
    char* name = names[next = (next + 1) % 4];
    snprintf(name, sizeof names[0], "%s%d.%d", kind_names[s->kind], index_of(s), s->serial);
    return name;
}

/* Where a handle's lines go that libuv puts in no order with those of others. */
static int pocket_of(const struct slot* s) {
    switch (s->kind) {
        case ASYNC: return ASYNCS;
        case SIGNAL: return SIGNALS;
        case PROCESS: return CHILDREN;
        case FS_EVENT: return CHANGES;
        default: return index_of(s);
    }
}

static struct slot* new_slot(enum kind kind) {
    for (int i = 0; i < SLOTS; i++) {
        struct slot* s = &slots[i];
        if (s->kind != FREE) continue;
        memset(s, 0, sizeof *s);
        memset(&s->uv, 0xab, sizeof s->uv);
        s->kind = kind;
        s->serial = serials++;
        s->numbers = seed_numbers ^ (uint64_t)s->serial << 32;
        s->peer = s->fd = -1;
        s->lineage = lineage;
        s->stopped_in = -1;
        return s;
    }
    return NULL;
}

static void init_done(struct slot* s, int result) {
    base(s)->data = s;
    if (result != 0) FAIL("init of %s: %s", name_of(s), uv_strerror(result));
    say("new %s", name_of(s));
}

static struct slot* of(void* handle) { return ((uv_handle_t*)handle)->data; }

/* Any handle that is not closing; NULL if chance finds none. */
static struct slot* some_slot(uint64_t* numbers) {
    for (int tries = 0; tries < 40; tries++) {
        struct slot* s = &slots[below(numbers, SLOTS)];
        if (s->kind != FREE && !s->closing) return s;
    }
    return NULL;
}

/* A name for something in the file system that no other handle has, of this process or of one that was forked. */
static void name_path(struct slot* s, char letter) {
    snprintf(s->path, sizeof s->path, "%c%d.%d", letter, lineage, s->serial);
}

/* What shows of a handle. */
static const char* shape(struct slot* s) {
    static char text[64];
    uv_handle_t* h = base(s);
    snprintf(text, sizeof text, "[%s%s%s]", uv_is_active(h) ? "a" : "-", uv_is_closing(h) ? "c" : "-",
             uv_has_ref(h) ? "r" : "-");
    return text;
}

static void drop_peer(struct slot* s) {
    if (s->peer != -1) close(s->peer);
    if (s->fd != -1) close(s->fd);
    s->peer = s->fd = -1;
    while (s->nwaiting > 0) close(s->waiting[--s->nwaiting]);
    if (s->path[0] != 0 && s->lineage == lineage) unlink(s->path);
}

static void act_a_little(void);

static void on_close(uv_handle_t* handle) {
    struct slot* s = of(handle);
    if (s->closed_quietly) {
        tell(pocket_of(s), "closed %s %s", name_of(s), shape(s));
    } else {
        say("closed %s %s alive %d", name_of(s), shape(s), is_alive());
    }
    drop_peer(s);
    bool quietly = s->closed_quietly;
    memset(&s->uv, 0xcd, sizeof s->uv);
    s->kind = FREE;
    if (!quietly) act_a_little();
}

static void stop_faults_of(int fd);

static void close_slot(struct slot* s, bool quietly) {
    int fd = -1;
    uv_fileno(base(s), &fd);
    stop_faults_of(fd);
    s->closing = true;
    /* A listener's spare handles are from now on streams that were never connected. */
    for (; s->nspare > 0; s->nspare--) s->spare[s->nspare - 1]->kind = s->kind == TCP_LISTENER ? TCP : PIPE;
    s->closed_quietly = quietly;
    if (quietly) {
        tell(pocket_of(s), "close %s %s", name_of(s), shape(s));
    } else {
        say("close %s %s", name_of(s), shape(s));
    }
    if (s->kind == TCP && one_in(&s->numbers, 6)) {
        int r = uv_tcp_close_reset((uv_tcp_t*)base(s), on_close);
        tell(pocket_of(s), "close_reset %s: %d", name_of(s), r);
        if (r == 0) return;
    }
    uv_close(base(s), on_close);
}

/* Until the kernel shows `events` on a descriptor. */
static void wait_for(int fd, short events) {
    struct pollfd polled_fd = {fd, events, 0};
    for (int i = 0; i < 200 && poll(&polled_fd, 1, 10) == 0; i++) {
    }
}

#endif
