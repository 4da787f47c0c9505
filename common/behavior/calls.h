/* SPDX-License-Identifier: MIT */
/* A queue of functions to call, first in, first out. Not locked. */
#ifndef ACTORFS_BEHAVIOR_CALLS_H
#define ACTORFS_BEHAVIOR_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/behavior/host.h"

struct call {
    host_fn *fn;
    void *context;
};

/* A ring. */
struct calls {
    struct call *ring;
    size_t first, count, capacity;
};

void calls_put(struct calls *calls, struct call call);
/* False when there is none. */
bool calls_take(struct calls *calls, struct call *call_out);
void calls_free(struct calls *calls);

#endif
