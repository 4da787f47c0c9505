/* SPDX-License-Identifier: MIT */
/*
 * The index over the journal: tables of keys and values, the newest changes in memory
 * and the rest in LMDB, looked at as one. This is the narrow door behind which storage
 * lies; the engine speaks to it in terms of tables, keys and values.
 *
 * A change is put with the sequence number of its record; it is seen by `decided`
 * look-ups of the sequencer at once and by snapshots of other threads when it is
 * published. A checkpoint moves what is published into LMDB:
 *
 *   sequencer: index_freeze   what is in memory becomes the frozen part
 *   checkpoint thread: index_checkpoint   writes it to LMDB (long)
 *   sequencer: index_thaw     forgets the frozen part
 *
 * Threads: put, delete, get, seal, freeze, thaw, rest belong to the sequencer; publish
 * to the committer; snapshots to anyone.
 */
#ifndef ACTORFS_JOURNAL_INDEX_H
#define ACTORFS_JOURNAL_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/journal/memtable.h"
#include "common/journal/receipts.h"

struct index;

struct index_options {
    bool sync; /* whether LMDB's commits survive the machine */
    int64_t retention_ms[RECEIPT_CLASSES];
};

/* Sums over all actors. */
struct index_totals {
    uint64_t actors, pending, delayed, done, failed, canceled;
};

/* Where the journal's replay starts, and what else is counted over openings. */
struct index_position {
    uint64_t sequence;   /* records up to this one are in LMDB */
    int64_t clock_ms;    /* the store's own clock then */
    uint64_t next_actor; /* id */
    struct index_totals totals;
};

/* Opens or makes the index in folder `path`, raising its incarnation durably. */
MUST_CHECK enum status index_open(const char *path, const struct index_options *options,
                                  struct index **index_out, struct bytes *message);
void index_close(struct index *index);
struct index_position index_position(const struct index *index);
/* How often the store was opened, this time included. */
uint32_t index_incarnation(const struct index *index);

/* The value of TABLE_KEYS. */
struct key_place {
    uint64_t sequence;
    uint32_t class; /* enum receipt_class, or KEY_UNFINISHED */
    uint32_t unused;
};
#define KEY_UNFINISHED RECEIPT_CLASSES

/* ---------------------------------------------------------------- the sequencer's */

/* A version with room for `size` bytes, to be filled before the next index call. */
char *index_put(struct index *index, enum table table, struct view key,
                uint64_t sequence, size_t size);
/* The same for a key that was certainly never put before; not at replay, when LMDB may
   be of the future. */
char *index_put_fresh(struct index *index, enum table table, struct view key,
                      uint64_t sequence, size_t size);
/* The same with the bytes at hand, also under a sequence number that is published
   already: what changes without a record of its own becomes visible at once. */
void index_put_value(struct index *index, enum table table, struct view key,
                     uint64_t sequence, struct view value);
void index_delete(struct index *index, enum table table, struct view key,
                  uint64_t sequence);
/* What was put until `sequence` is not changed in place any more. */
void index_seal(struct index *index, uint64_t sequence);
uint64_t index_bytes(const struct index *index); /* of the part not frozen */
size_t index_entries(const struct index *index); /* likewise */
/* False while an earlier frozen part is still there. `position` is that of the last
   sealed record. */
bool index_freeze(struct index *index, const struct index_position *position);
void index_thaw(struct index *index);
/* Gives the memory back that is kept for changes to come. */
void index_rest(struct index *index);
/* Whether the part of the index that is not frozen has a word on the key. */
bool index_is_recent(struct index *index, enum table table, struct view key);
/* Calls `each` for what it puts in the table. Nobody puts anything meanwhile, and
   nothing is frozen. */
typedef void index_each_fn(void *context, struct view key, struct view value);
void index_each_recent(struct index *index, enum table table, index_each_fn *each,
                       void *context);
/* Calls `each` for the tasks of an actor that have a key and whose receipt is that of a
   failure, expired or not: in no order, some of them more than once. */
typedef void index_sequence_fn(void *context, uint64_t sequence);
void index_each_failed(struct index *index, uint64_t actor, index_sequence_fn *each,
                       void *context);
/* The sequencer's own view of everything it decided. Values live until the next
   index_decided_end. */
struct index_snapshot *index_decided(struct index *index);
void index_decided_end(struct index *index);

/* ---------------------------------------------------------------- the committer's */

void index_publish(struct index *index, uint64_t sequence);
uint64_t index_published(const struct index *index);

/* -------------------------------------------------------- the checkpoint thread's */

/* Writes the frozen part to LMDB. On NO_SPACE or IO nothing is lost: call it again. */
MUST_CHECK enum status index_checkpoint(struct index *index);
/* For tests: a transaction dirties about so many pages (0: a transaction an entry). */
void index_bound_pages(struct index *index, unsigned pages_max);
/* For the simulator: aborts as if killed at the n-th LMDB commit from now (0: never).
 */
void index_fail_commit(struct index *index, unsigned nth);

/* ----------------------------------------------------------------------- anyone's */

struct index_snapshot {
    struct index *index;
    struct store_reader *reader;
    uint64_t limit; /* what is newer is not seen */
    bool locked;
};

/* What is published now; consistent over all calls until the end. Keep it short: it
   holds the index's lock shared. */
void index_snapshot_begin(struct index *index, struct index_snapshot *snapshot);
void index_snapshot_end(struct index_snapshot *snapshot);
/* The value lives until the snapshot's end. */
bool index_get(struct index_snapshot *snapshot, enum table table, struct view key,
               struct view *value_out);
/* The same with the number of the record that put it; 0: it is in LMDB. */
bool index_get_dated(struct index_snapshot *snapshot, enum table table, struct view key,
                     struct view *value_out, uint64_t *sequence_out);
/* Whether memory has a word on the key, so that LMDB would not be asked. */
bool index_is_held(struct index_snapshot *snapshot, enum table table, struct view key);
/* Whether LMDB has a key of the table that begins so, whatever memory says of it. Not
   for TABLE_DONE. */
bool index_is_stored(struct index_snapshot *snapshot, enum table table,
                     struct view prefix);
/* Calls `each` for the numbers from `from` up to below `to` that TABLE_LIVE or
   TABLE_LOG have under an actor, ascending, until it returns false. What the last
   checkpoint deleted and was put again since, under the same number, is not seen. */
typedef bool index_scan_fn(void *context, uint64_t number, struct view value);
void index_scan(struct index_snapshot *snapshot, enum table table, uint64_t actor,
                uint64_t from, uint64_t to, index_scan_fn *each, void *context);
/* Likewise over the ids of TABLE_ACTORS. */
void index_scan_actors(struct index_snapshot *snapshot, uint64_t from, uint64_t to,
                       index_scan_fn *each, void *context);
/* Raw scan of a table as LMDB has it, for opening and check: memory is not looked at.
   Not for TABLE_DONE. */
void index_scan_stored(struct index_snapshot *snapshot, enum table table,
                       struct view from, store_scan_fn *each, void *context);
struct store *index_store(struct index *index);

/* Keys of two numbers, and of a number and text. */
struct pair_key {
    char bytes[16];
};
struct view pair_key(struct pair_key *key, uint64_t actor, uint64_t number);
struct view single_key(struct pair_key *key, uint64_t number);
struct text_key {
    char bytes[8 + 256];
};
struct view text_key(struct text_key *key, uint64_t actor, struct view text);

#endif
