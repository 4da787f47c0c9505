/* SPDX-License-Identifier: MIT */
/*
 * A look-up does not say what it is for, and a program that makes an actor and then
 * opens its `status` must find it. What the thread is about is asked of /proc, and only
 * where the rest holds; where that cannot be told the file is there, and cp complains.
 *
 * The last few actors that were made stand in a ring: cp fills one folder before it
 * makes the next.
 */
#include "fs/copying.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "fs/process.h"

#define RING 64u

struct made {
    uint64_t folder;
    pid_t thread;
    unsigned missed; /* a bit a kind */
    int64_t until_ns;
};

struct copying {
    struct clock *clock;
    pthread_mutex_t lock; /* guards what follows */
    struct made ring[RING];
    unsigned next;
    int64_t until_ns; /* of all that stands there */
};

struct copying *copying_open(struct clock *clock)
{
    struct copying *copying = memory_take_zeroed(1, sizeof *copying);
    copying->clock = clock;
    pthread_mutex_init(&copying->lock, NULL);
    return copying;
}

void copying_close(struct copying *copying)
{
    pthread_mutex_destroy(&copying->lock);
    free(copying);
}

void copying_made(struct copying *copying, uint64_t folder, pid_t thread)
{
    int64_t until =
        copying->clock->monotonic_ns(copying->clock) + HIDDEN_NAME_MS * 1000000LL;
    pthread_mutex_lock(&copying->lock);
    copying->ring[copying->next++ % RING] =
        (struct made){.folder = folder, .thread = thread, .until_ns = until};
    copying->until_ns = until;
    pthread_mutex_unlock(&copying->lock);
}

/* Lock held; null. */
static struct made *find(struct copying *copying, uint64_t folder, pid_t thread)
{
    int64_t now = copying->clock->monotonic_ns(copying->clock);
    if (now >= copying->until_ns)
        return NULL;
    for (struct made *made = copying->ring; made < copying->ring + RING; made++)
        if (made->folder == folder && made->thread == thread && now < made->until_ns)
            return made;
    return NULL;
}

bool copying_misses(struct copying *copying, uint64_t folder, pid_t thread,
                    enum node_kind kind)
{
    pthread_mutex_lock(&copying->lock);
    const struct made *made = find(copying, folder, thread);
    bool is_candidate = made && !(made->missed & 1u << kind);
    pthread_mutex_unlock(&copying->lock);
    if (!is_candidate || !process_creates_anew(thread))
        return false;
    pthread_mutex_lock(&copying->lock);
    struct made *again = find(copying, folder, thread);
    if (again)
        again->missed |= 1u << kind;
    pthread_mutex_unlock(&copying->lock);
    return true;
}
