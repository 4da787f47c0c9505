/* SPDX-License-Identifier: MIT */
/*
 * Waiting without a thread: the engine's side of engine_wait_*. Any thread.
 */
#ifndef ACTORFS_ENGINE_WAIT_H
#define ACTORFS_ENGINE_WAIT_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/engine/engine.h"

struct engine_wait {
    struct engine_wait *next, **link; /* in its bucket; link null when not in one */
    struct waiters *waiters;
    uint64_t actor, sequence; /* sequence 0: any change after `changes` */
    uint64_t changes;
    uint64_t number;     /* in the order in which they entered */
    int64_t deadline_ns; /* 0: none */
    size_t heap_at;      /* index in the deadline heap; SIZE_MAX: not in it */
    engine_wake_fn *wake;
    void *context;
    bool calling; /* wake is being called, by `caller` */
    pthread_t caller;
    bool *ended; /* the caller's note that it was ended from within the call */
};

struct waiters {
    pthread_mutex_t mutex;
    pthread_cond_t called; /* some wake returned */
    struct engine_wait **buckets;
    struct engine_wait **deadlines; /* heap; guarded by mutex, as all below */
    size_t deadline_count, deadline_capacity;
    uint64_t entered; /* so far: the next one's number */
    _Atomic size_t count;
    bool closed;
};

void waiters_open(struct waiters *waiters);
void waiters_wake_task(struct waiters *waiters, uint64_t actor, uint64_t sequence);
/* Those who wait for a change. An actor that goes has no unfinished task, and so nobody
   who waits for one. */
void waiters_wake_gone(struct waiters *waiters, uint64_t actor);
/* The same, of those who have not seen what is published now. */
void waiters_wake_changed(struct engine *engine, uint64_t actor);
void waiters_expire(struct waiters *waiters, int64_t now_ns);
int64_t waiters_next_ns(struct waiters *waiters); /* 0: none */
void waiters_close(struct waiters *waiters);      /* SHUTDOWN to all, now and later */
void waiters_free(struct waiters *waiters);

#endif
