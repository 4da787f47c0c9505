/* SPDX-License-Identifier: MIT */
/*
 * A journal beside a model of it that is trivially right: an array of the bodies that
 * were appended, how many of them were acknowledged, and up to where they are
 * checkpointed. Every opening is checked against it: what is replayed is what was
 * appended, in order, from the first record not checkpointed on, and includes all that
 * was acknowledged. What is beyond that the model forgets as the journal did.
 */
#ifndef ACTORFS_TESTS_JOURNAL_DIARY_H
#define ACTORFS_TESTS_JOURNAL_DIARY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/journal/journal.h"
#include "common/journal/segment.h"
#include "tests/support/faulty_disk.h"

struct diary {
    struct faulty_disk *faulty;
    struct journal_options options;
    struct journal *journal; /* null while it is closed */
    uint64_t random;
    uint32_t incarnation; /* of the last opening, tried or done */
    struct bytes *bodies; /* of sequence n at n - 1 */
    uint64_t appended, capacity;
    uint64_t acknowledged; /* sequence */
    uint64_t checkpointed; /* sequence: where the next opening begins */
    uint64_t replayed;     /* sequence of the last record, during an opening */
    const char *fault;     /* what was found wrong; null: nothing */
};

/* A small journal on a fresh disk, not yet opened. */
void diary_start(struct diary *diary, uint64_t seed);
void diary_end(struct diary *diary);
/* A number below `bound`. */
uint64_t diary_choose(struct diary *diary, uint64_t bound);

/* Under a new incarnation; whatever it returns, `fault` says if it was wrong. */
enum status diary_open(struct diary *diary);
/* Appends a body of that size and random content; what journal_reserve() said. */
enum status diary_append(struct diary *diary, uint64_t body_bytes);
/* Seals and commits; OK when there is nothing to commit. */
enum status diary_commit(struct diary *diary);
/* Everything acknowledged up to `sequence` is kept elsewhere; tells the journal. */
void diary_release(struct diary *diary, uint64_t sequence);
/* Without commit. */
void diary_close(struct diary *diary);

/* Steps that must succeed, else the running test fails. */
void diary_append_many(struct diary *diary, unsigned count, uint64_t body_bytes);
void diary_write(struct diary *diary, unsigned count, uint64_t body_bytes);
void diary_reopen(struct diary *diary);
void diary_crash(struct diary *diary); /* and reopen */

struct diary_files {
    unsigned live, copies, spares;
    char last_live[SEGMENT_NAME_BYTES]; /* the one that begins last */
};
struct diary_files diary_files(struct diary *diary);

#endif
