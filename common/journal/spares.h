/* SPDX-License-Identifier: MIT */
/*
 * The pool of spare segments: made ahead of need, filled again with what is released,
 * never larger than a few. One of them is held back for the next opening, which copies
 * what it replays and so needs one segment more than it finds: a disk that filled up
 * never keeps the journal from being opened.
 */
#ifndef ACTORFS_JOURNAL_SPARES_H
#define ACTORFS_JOURNAL_SPARES_H

#include <pthread.h>
#include <stdint.h>

#include "common/base/status.h"
#include "common/journal/disk.h"
#include "common/journal/segment.h"

#define SPARES_HELD_BACK 1u

struct spares {
    struct disk *disk;
    uint64_t segment_bytes;
    unsigned wanted; /* kept ready, beside the one that is held back */
    pthread_mutex_t mutex;
    pthread_cond_t made;   /* one was, or could not be */
    struct segment *first; /* guarded by mutex, as are the three below */
    unsigned count;
    unsigned making;      /* right now, by any thread */
    uint64_t next_number; /* above every number in use */
};

void spares_init(struct spares *spares, struct disk *disk, unsigned wanted);
/* Takes a spare out of the pool, making as many as it takes to leave `held_back` in it.
   Waits for those that another thread is making. NO_SPACE, IO. Any thread. */
MUST_CHECK enum status spares_take(struct spares *spares, unsigned held_back,
                                   struct segment **segment_out);
/* Takes ownership of a segment whose content is needed no more: recycles it, or removes
   it where the pool is full or the size another. IO where neither can be done and the
   file is left with its name. Any thread. */
enum status spares_put(struct spares *spares, struct segment *segment);
/* Makes what is missing. NO_SPACE, IO. Any thread. */
MUST_CHECK enum status spares_prepare(struct spares *spares);
/* Closes the files. */
void spares_close(struct spares *spares);

#endif
