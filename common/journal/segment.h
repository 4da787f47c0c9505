/* SPDX-License-Identifier: MIT */
/*
 * A segment: one file of the journal, its name, and the run of records it begins with.
 * A file is one of three things, by its name alone:
 *
 *   SEQUENCE-INCARNATION.segment  live: holds records from SEQUENCE on, if its head
 * says the same; otherwise nothing was written to it yet SEQUENCE-INCARNATION.copy a
 * live one in the making at an opening; holds nothing NUMBER.spare waits to become one
 * of the above; holds nothing
 *
 * and goes from one to another by renaming. What a recycled file held before stays in
 * it until it is overwritten; name, head and frames all have to agree before a byte of
 * it counts (frame.h).
 */
#ifndef ACTORFS_JOURNAL_SEGMENT_H
#define ACTORFS_JOURNAL_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/journal/disk.h"

#define SEGMENT_NAME_BYTES 48

enum segment_kind { SEGMENT_LIVE, SEGMENT_COPY, SEGMENT_SPARE };

struct segment {
    struct segment *next; /* in whatever list holds it */
    struct disk_file *file;
    uint64_t bytes; /* the file's size */

    enum segment_kind kind;
    uint64_t first; /* sequence of the first record; of a spare its number */
    uint32_t incarnation;

    /* Of a live one, for appending (the sequencer's, but for `is_named`). */
    uint64_t used;    /* bytes from the start; 0 until the first record */
    uint32_t crc;     /* what the next frame goes on from */
    uint64_t records; /* in it */
    uint32_t *ends;   /* of each record's frame, counted from the first frame's start;
                         the array (not what is in it) is guarded by the journal */
    uint64_t ends_capacity;
    uint64_t held_before; /* bytes of all frames appended before its first */
    bool is_named;        /* its name is synced; the committer's */
};

void segment_name(const struct segment *segment, char out[SEGMENT_NAME_BYTES]);
/* Reads kind, first and incarnation from a file's name; false for other names. */
bool segment_parse_name(const char *name, struct segment *segment_out);

/* A new spare of that number, made on disk; segment_close it. */
MUST_CHECK enum status segment_create(struct disk *disk, uint64_t number,
                                      uint64_t bytes, struct segment **segment_out);
/* An existing file, `values` as read from its name. */
MUST_CHECK enum status segment_open(struct disk *disk, const struct segment *values,
                                    struct segment **segment_out);
/* Renames the file and makes it empty as far as appending goes; nothing changes when it
   fails. */
MUST_CHECK enum status segment_become(struct disk *disk, struct segment *segment,
                                      enum segment_kind kind, uint64_t first,
                                      uint32_t incarnation);
/* From a copy, with what was appended to it, to a live one. */
MUST_CHECK enum status segment_go_live(struct disk *disk, struct segment *segment);
/* Room for one more record's end. */
void segment_grow_ends(struct segment *segment);
/* Closes the file and frees the segment; null is fine. */
void segment_close(struct disk *disk, struct segment *segment);
/* Removes the file, too. */
MUST_CHECK enum status segment_remove(struct disk *disk, struct segment *segment);

/* Reads a live segment from its first record to the end of its valid run. */
struct segment_reader {
    struct disk *disk;
    const struct segment *segment;
    struct bytes window; /* a part of the file; kept from one segment to the next */
    uint64_t offset;     /* where in the file the window begins */
    size_t at;           /* how much of the window was read */
    uint64_t sequence;   /* of the next record */
    uint32_t crc;        /* what its frame goes on from */
    bool is_torn;        /* the run's end is a frame begun in this very place */
};

/* NOT_FOUND when the head does not agree with the name, INVALID when it is of a format
   that is not known here, IO. The reader must be zeroed before its first use. */
MUST_CHECK enum status segment_read_start(struct segment_reader *reader,
                                          struct disk *disk,
                                          const struct segment *segment);
/* The next record's body, valid until the next call. NOT_FOUND at the end of the run,
   INVALID, IO. */
MUST_CHECK enum status segment_read_next(struct segment_reader *reader,
                                         struct view *body_out);
void segment_read_end(struct segment_reader *reader);

#endif
