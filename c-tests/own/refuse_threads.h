/* Makes pthread_create() fail as it does when the system has no room for a thread: this one stands before the C library's. */
#ifndef UVRING_OWN_REFUSE_THREADS_H
#define UVRING_OWN_REFUSE_THREADS_H

#include "check.h"

#include <dlfcn.h>

/* How many threads may still be made, and how many attempts there were. */
static int threads_left = 1 << 20, threads_asked;

int pthread_create(pthread_t* thread, const pthread_attr_t* attr, void* (*entry)(void*), void* arg) {
    typedef int (*create_fn)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static create_fn create;
    if (create == NULL) {
        void* found = dlsym(RTLD_NEXT, "pthread_create");
        memcpy(&create, &found, sizeof create);
    }
    __atomic_add_fetch(&threads_asked, 1, __ATOMIC_SEQ_CST);
    if (__atomic_fetch_sub(&threads_left, 1, __ATOMIC_SEQ_CST) <= 0) {
        __atomic_store_n(&threads_left, 0, __ATOMIC_SEQ_CST);
        return EAGAIN;
    }
    return create(thread, attr, entry, arg);
}

static inline void allow_threads(int count) { __atomic_store_n(&threads_left, count, __ATOMIC_SEQ_CST); }

#endif
