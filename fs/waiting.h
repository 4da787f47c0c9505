/* SPDX-License-Identifier: MIT */
/*
 * Something that waits for the engine, and may be ended from another side first (an
 * interrupt, a close). Exactly one side claims it and acts; the other finds it claimed
 * and keeps its hands off. Two references keep it: the claimer's and that of whoever
 * started the wait, because the engine may call back before the start has returned. The
 * last one to go ends the engine's wait and frees the memory.
 */
#ifndef ACTORFS_FS_WAITING_H
#define ACTORFS_FS_WAITING_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/engine/engine.h"

struct waiting {
    atomic_bool is_claimed;
    atomic_uint references;
    struct engine_wait *wait; /* set by the starter before it drops its reference */
    void (*fire)(struct waiting *waiting, enum status status);
    void (*dispose)(struct waiting *waiting);
};

/* `fire` acts when the engine calls, `dispose` frees. Neither is given a reference. */
void waiting_init(struct waiting *waiting,
                  void (*fire)(struct waiting *waiting, enum status status),
                  void (*dispose)(struct waiting *waiting));
/* True for the first to ask, who then acts and calls waiting_put. */
bool waiting_claim(struct waiting *waiting);
void waiting_put(struct waiting *waiting);
/* What the engine is given to call, with the waiting as context. */
void waiting_wake(void *context, enum status status);

#endif
