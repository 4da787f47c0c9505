/* SPDX-License-Identifier: MIT */
/*
 * Finished tasks and their keys lie in generations: pairs of LMDB tables (`done.N`,
 * `keys.N`) that are filled for a while and dropped whole once the youngest receipt in
 * them has expired, so that forgetting ten million keys costs no ten million deletions.
 * Each class of outcome has generations of its own, since each has its own retention.
 *
 * The list of generations in force is changed by the sequencer under the index's lock;
 * a checkpoint works on a copy.
 */
#ifndef ACTORFS_JOURNAL_RECEIPTS_H
#define ACTORFS_JOURNAL_RECEIPTS_H

#include <stdint.h>

#include "common/base/status.h"
#include "common/journal/store.h"

enum receipt_class { RECEIPT_DONE, RECEIPT_FAILED, RECEIPT_KEYLESS, RECEIPT_CLASSES };

#define GENERATIONS_MAX 96

struct generation {
    uint32_t number; /* the larger, the younger; never used again */
    uint32_t class;
    int64_t first_ms, last_ms; /* store clock: of the completions in it */
    store_table done, keys;
};

struct generations {
    uint32_t count;
    uint32_t next_number;
    struct generation list[GENERATIONS_MAX]; /* oldest first */
};

/* Which generations a checkpoint fills, and which it may drop. */
struct receipts {
    struct generations now;
    struct generation *current[RECEIPT_CLASSES]; /* within `now`; null until needed */
    int64_t retention_ms[RECEIPT_CLASSES];
    store_table meta;
    int64_t clock_ms; /* of the checkpoint */
};

/* Reads the list from the meta table. */
MUST_CHECK enum status generations_load(struct store_writer *writer, store_table meta,
                                        struct generations *generations_out);

/* The generation that takes finished tasks of the class now; makes one where there is
   none or the last has been filled for long enough. */
MUST_CHECK enum status receipts_current(struct receipts *receipts,
                                        struct store_writer *writer,
                                        enum receipt_class class,
                                        struct generation **generation_out);
/* Takes expired generations off the list; they are dropped by receipts_drop later, when
   nobody can be reading them. */
void receipts_expire(struct receipts *receipts, struct generations *expired_out);
MUST_CHECK enum status receipts_drop(struct store_writer *writer, store_table meta,
                                     struct generations *expired);

#endif
