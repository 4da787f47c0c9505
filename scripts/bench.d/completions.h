/* SPDX-License-Identifier: MIT */
/*
 * How a driver in the engine's process hears of acknowledgements: the engine's thread
 * drops tickets into a tray, the driver's thread takes all that lie there and sleeps
 * when there are none. It is to the engine what epoll is to the socket loop: the
 * clients live on a thread of their own and pay for waking it.
 */
#ifndef ACTORFS_BENCH_COMPLETIONS_H
#define ACTORFS_BENCH_COMPLETIONS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "common/engine/engine.h"

struct completions;

struct ticket {
    struct completions *completions;
    int64_t started_ns; /* the driver's */
    uint64_t number;    /* the driver's */
    uint64_t actor;     /* of the answer */
    uint64_t sequence;  /* of the answer */
    struct ticket *next;
};

struct completions {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct ticket *first; /* guarded by lock; the last to come is first */
};

void completions_init(struct completions *completions);
/* An engine_done_fn; context is a ticket. A refusal ends the program. */
void completions_done(void *context, const struct engine_answer *answer);
/* An engine_wake_fn; context is a ticket. */
void completions_wake(void *context, enum status status);
/* Takes all tickets, linked by `next`; blocks while there are none. */
struct ticket *completions_take(struct completions *completions);
/* Takes and forgets `count` tickets. */
void completions_await(struct completions *completions, size_t count);

#endif
