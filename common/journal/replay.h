/* SPDX-License-Identifier: MIT */
/*
 * Finding the journal again: which of the files in the folder make up the log, and what
 * is in it. Reads only; what becomes of the files is the journal's business.
 *
 * A replay that ends well has sorted the files into `chain`, those that hold records of
 * the log, in order, and `rest`, those that hold nothing (any more).
 */
#ifndef ACTORFS_JOURNAL_REPLAY_H
#define ACTORFS_JOURNAL_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"
#include "common/journal/disk.h"
#include "common/journal/journal.h"
#include "common/journal/segment.h"

struct replay {
    struct disk *disk;
    struct segment *rest;   /* a list, in no order */
    struct segment **chain; /* its `records` say how many records each holds */
    size_t chain_count;
    size_t chain_capacity;
    uint64_t last; /* sequence of the last record; at least `after` of replay_run */
    struct journal_found end;
};

/* Opens every segment in the folder; all go to `rest`. `replay` is zeroed before. */
MUST_CHECK enum status replay_find(struct replay *replay, struct disk *disk);
/* Calls `each` for the records that follow `after`. INVALID for segments of another
   format or of `incarnation` or a later one; IO; what `each` returned. */
MUST_CHECK enum status replay_run(struct replay *replay, uint64_t after,
                                  uint32_t incarnation, journal_replay_fn *each,
                                  void *context);
/* Closes what is left in `rest` and `chain`. */
void replay_free(struct replay *replay);

#endif
