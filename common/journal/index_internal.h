/* SPDX-License-Identifier: MIT */
/*
 * What index.c, index_scan.c, checkpoint.c and failures.c share: the index's inside.
 * Nobody else includes it.
 */
#ifndef ACTORFS_JOURNAL_INDEX_INTERNAL_H
#define ACTORFS_JOURNAL_INDEX_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/journal/index.h"

struct index {
    struct store *store;
    store_table meta;
    store_table
        tables[TABLE_COUNT]; /* not TABLE_DONE; TABLE_KEYS: of unfinished tasks */
    uint32_t incarnation;
    struct index_position position; /* of what is in LMDB. Sequencer. */
    _Atomic uint64_t published;
    uint64_t sealed;               /* Sequencer. */
    struct memtable *spare;        /* empty, or null. Sequencer. */
    struct index_snapshot decided; /* Sequencer; reader null between steps */

    /* Held shared by snapshots, exclusively to change the four below (by the sequencer,
       which therefore reads them without it). */
    pthread_rwlock_t lock;
    struct memtable *active;
    struct memtable *frozen; /* null: none */
    struct generations generations;
    uint64_t stored_next_actor;

    /* Handed to the checkpoint thread by freeze, taken back by thaw. */
    struct index_position frozen_position;
    struct receipts receipts;
    struct generations expired; /* off the list since the last thaw, to be dropped */
    unsigned dirty_pages_max;   /* of a transaction, about */
    unsigned fail_commit;
};

/* What memory has under the key, as the snapshot sees it; null: it has no word on it.
 */
const struct version *index_in_memory(struct index_snapshot *snapshot, enum table table,
                                      struct view key);

#endif
