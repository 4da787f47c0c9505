/* SPDX-License-Identifier: MIT */
/*
 * A batch: the bytes of the records appended since the last commit, as they will lie on
 * disk, cut into one piece a segment. Its memory is kept from one batch to the next.
 */
#ifndef ACTORFS_JOURNAL_BATCH_H
#define ACTORFS_JOURNAL_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/journal/disk.h"
#include "common/journal/segment.h"

struct batch_piece {
    struct segment *segment;
    uint64_t offset; /* in the segment's file */
    size_t start;    /* in the batch's bytes; it ends where the next one starts */
};

struct journal_batch {
    struct bytes bytes;
    struct batch_piece *pieces;
    size_t count;
    size_t capacity;
    uint64_t last; /* sequence of the last record */
};

bool journal_batch_is_empty(const struct journal_batch *batch);
/* Adds a record at the end of `segment`, which has room for it and for its end. */
void journal_batch_add(struct journal_batch *batch, struct segment *segment,
                       uint64_t sequence, struct view body);
/* One write a piece. IO. */
MUST_CHECK enum status journal_batch_write(const struct journal_batch *batch,
                                           struct disk *disk);
/* One sync a piece, and one of the names if a segment is new. IO. */
MUST_CHECK enum status journal_batch_sync(const struct journal_batch *batch,
                                          struct disk *disk);
void journal_batch_clear(struct journal_batch *batch);
void journal_batch_free(struct journal_batch *batch);

#endif
