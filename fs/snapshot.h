/* SPDX-License-Identifier: MIT */
/*
 * What a reader of an open file gets: the text as it was when it was rendered, so that
 * a reader who takes it in pieces never sees half of anything. The text need not begin
 * at the file's start: the answer of a call begins where the request's bytes ended, and
 * of a log that is followed for long only the last part is kept. Pure.
 */
#ifndef ACTORFS_FS_SNAPSHOT_H
#define ACTORFS_FS_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

struct snapshot {
    struct bytes text;
    uint64_t base;   /* the offset in the file of the first byte */
    enum status end; /* what a read past the last byte says; OK: end of file */
    bool is_ready;   /* text and end are known */
    bool is_based;   /* base is known; else the next read's offset is it */
};

void snapshot_free(struct snapshot *snapshot);
/* Back to knowing nothing. */
void snapshot_forget(struct snapshot *snapshot);

/* The bytes at `offset`, at most `size`; none at the end of the file. Or what stands at
   the end instead, after the last byte. */
MUST_CHECK enum status snapshot_read(struct snapshot *snapshot, uint64_t offset,
                                     size_t size, struct view *out);
/* Whether `offset` is past the last byte known. */
bool snapshot_is_read_to_end(const struct snapshot *snapshot, uint64_t offset);

/* A log was rendered again: goes on with the lines that follow those known, at the
   offset where they ended, also when the oldest lines are gone meanwhile. Lines are
   told apart by their text; no two of a log are equal. Takes `newer`. */
void snapshot_follow(struct snapshot *snapshot, struct bytes *newer);

#endif
