/* SPDX-License-Identifier: MIT */
/*
 * The journal: an append-only log of records in commit order, the truth of the store.
 * Records have consecutive sequence numbers from 1 and an opaque body. Everything else
 * the store keeps is an index over them.
 *
 * Life: open (which replays) -> { reserve, append, ..., seal, commit } ... -> close.
 * The records appended between two seals are a batch; a batch is written and synced as
 * one. Append and seal belong to one thread (the sequencer), commit to one thread
 * (the committer, which may be another): while a batch is being committed the next one
 * is appended. prepare and release may be called by any one further thread.
 *
 * On disk: segments of a fixed size, allocated and zeroed ahead and recycled by
 * renaming, so that fdatasync has no metadata to write (segment.h; their bytes:
 * frame.h).
 */
#ifndef ACTORFS_JOURNAL_JOURNAL_H
#define ACTORFS_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/journal/disk.h"

struct journal;

struct journal_options {
    uint64_t segment_bytes;    /* at least two of the largest records, below 4 GiB */
    uint32_t record_bytes_max; /* of a body */
    unsigned spare_segments;   /* kept ready ahead of need, at least 1; one more is held
                                  back for the next opening */
    bool sync; /* commits survive a power failure; else the end of the process only */
};

/* Called for each record to replay, in order. Any status but OK ends the opening with
   that status. */
typedef enum status journal_replay_fn(void *context, uint64_t sequence,
                                      struct view body);

/* Opens the journal in `disk` (borrowed until close) and replays the records that
   follow `after_sequence`. `incarnation` must be greater than at every earlier opening
   and known durably by the caller. Records replayed are copied into fresh segments of
   this incarnation and synced before this returns; nothing found is appended to. A torn
   or corrupt tail ends the replay (and is logged); a hole before records that were
   certainly acknowledged cannot be told from a torn tail by the journal alone.
   NO_SPACE, IO, or INVALID where the segments are of another format. */
MUST_CHECK enum status journal_open(struct disk *disk,
                                    const struct journal_options *options,
                                    uint64_t after_sequence, uint32_t incarnation,
                                    journal_replay_fn *replay, void *context,
                                    struct journal **journal_out);

/* What the opening saw of the journal it found, beyond the records it replayed. A power
   failure may leave the first two behind, and nothing acknowledged is lost then; the
   third is a loss. */
struct journal_found {
    bool is_torn;    /* the log ends within a record */
    bool is_cut_off; /* behind its end lie records that do not follow it */
    bool is_missing; /* there is no file, and yet there were records */
};
struct journal_found journal_found(const struct journal *journal);

/* Makes sure that a record with a body of `body_bytes` can be appended. NO_SPACE, or
   IO, when a segment is needed and cannot be made: nothing is in doubt, try again
   later. IO for ever after a failed commit. Takes a spare if there is one; without, it
   makes one, which takes long. Sequencer. */
MUST_CHECK enum status journal_reserve(struct journal *journal, uint64_t body_bytes);
/* Appends a record for which room was reserved and returns its sequence number. The
   body is copied. Sequencer. */
uint64_t journal_append(struct journal *journal, struct view body);
/* Ends the current batch; false when it is empty, and then there is nothing to commit.
   No batch may be sealed while another one waits for its commit. Sequencer. */
bool journal_seal(struct journal *journal);
/* Writes and syncs the sealed batch. After a failure the tail is unknown: the journal
   takes nothing more (IO, for ever). Committer. */
MUST_CHECK enum status journal_commit(struct journal *journal);

/* The sequence number of the last record appended (0: none yet). Sequencer. */
uint64_t journal_last(const struct journal *journal);
/* Bytes of records appended since opening (replayed ones counted) and not yet released.
   Any thread. */
uint64_t journal_bytes_held(const struct journal *journal);

/* Records up to and including `sequence` are kept elsewhere by now: segments that hold
   nothing later are recycled. What is not committed yet is not released. Any one
   thread. */
void journal_release(struct journal *journal, uint64_t sequence);
/* Makes the spare segments that are missing, outside the commit path: call it after
   opening and whenever segments may have been used. NO_SPACE or IO are harmless here.
   Any one thread. */
enum status journal_prepare(struct journal *journal);

/* Commits nothing: what was not committed is dropped. */
void journal_close(struct journal *journal);

#endif
