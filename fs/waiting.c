/* SPDX-License-Identifier: MIT */
#include "fs/waiting.h"

void waiting_init(struct waiting *waiting,
                  void (*fire)(struct waiting *waiting, enum status status),
                  void (*dispose)(struct waiting *waiting))
{
    atomic_init(&waiting->is_claimed, false);
    atomic_init(&waiting->references, 2);
    waiting->wait = NULL;
    waiting->fire = fire;
    waiting->dispose = dispose;
}

bool waiting_claim(struct waiting *waiting)
{
    return !atomic_exchange(&waiting->is_claimed, true);
}

void waiting_put(struct waiting *waiting)
{
    if (atomic_fetch_sub(&waiting->references, 1) > 1)
        return;
    /* Until this returns the engine may still call waiting_wake, which finds it
     * claimed. */
    if (waiting->wait)
        engine_wait_end(waiting->wait);
    waiting->dispose(waiting);
}

void waiting_wake(void *context, enum status status)
{
    struct waiting *waiting = context;
    if (!waiting_claim(waiting))
        return;
    waiting->fire(waiting, status);
    waiting_put(waiting);
}
