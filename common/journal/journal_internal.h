/* SPDX-License-Identifier: MIT */
/*
 * What a journal is made of, for its two halves: opening.c brings it about, journal.c
 * appends, commits and releases. Nobody else includes this.
 */
#ifndef ACTORFS_JOURNAL_JOURNAL_INTERNAL_H
#define ACTORFS_JOURNAL_JOURNAL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/journal/batch.h"
#include "common/journal/disk.h"
#include "common/journal/journal.h"
#include "common/journal/segment.h"
#include "common/journal/spares.h"

struct journal {
    struct disk *disk;
    uint64_t segment_bytes;
    uint32_t record_bytes_max;
    uint32_t incarnation;
    bool sync;
    struct journal_found found;

    /* The sequencer's. */
    uint64_t next; /* sequence of the next record */
    struct segment *tail;
    struct journal_batch filling;

    /* The committer's while is_sealed, else the sequencer's. */
    struct journal_batch sealed;
    atomic_bool is_sealed;

    atomic_bool has_failed;          /* set by the committer, for good */
    _Atomic uint64_t committed;      /* sequence; set by the committer */
    _Atomic uint64_t appended_bytes; /* of frames; set by the sequencer */
    _Atomic uint64_t released_bytes; /* set by whoever releases */

    struct spares spares; /* has its own mutex, never taken within this one: */
    pthread_mutex_t mutex;
    struct segment *oldest; /* guarded by mutex, as are the segments' `next` and the
                               arrays (not what is in them) of `ends`; ends with tail */
};

/* Adds a record to the batch being filled, at the end of a segment that has room. */
void journal_add_record(struct journal *journal, struct segment *segment,
                        uint64_t sequence, struct view body);

#endif
