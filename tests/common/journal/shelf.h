/* SPDX-License-Identifier: MIT */
/*
 * An index in a scratch folder for tests: values put as text, one record a put, and
 * look-ups that assert.
 */
#ifndef ACTORFS_TESTS_JOURNAL_SHELF_H
#define ACTORFS_TESTS_JOURNAL_SHELF_H

#include "common/journal/index.h"

struct shelf {
    const char *folder;
    struct index *index;
    uint64_t sequence; /* of the last record */
    int64_t clock_ms;
    uint64_t next_actor;
};

/* Retention: done 400 ms, failed 4000 ms, keyless 40 ms. */
void shelf_open(struct shelf *shelf);
/* Closes and opens: what was not checkpointed is gone. */
void shelf_reopen(struct shelf *shelf);
void shelf_close(struct shelf *shelf);

/* Each in a record of its own; neither sealed nor published. */
void shelf_put(struct shelf *shelf, enum table table, struct view key,
               const char *value);
void shelf_delete(struct shelf *shelf, enum table table, struct view key);
/* A task of that actor and sequence number, unfinished or finished with a key. */
void shelf_put_task(struct shelf *shelf, enum table table, uint64_t actor,
                    uint64_t number, uint8_t state, uint8_t flags);
void shelf_put_place(struct shelf *shelf, uint64_t actor, const char *key,
                     uint64_t sequence, uint32_t class);
/* An actor whose numbers go up to below `next_slot`. */
void shelf_put_actor(struct shelf *shelf, uint64_t actor, uint64_t next_slot);
void shelf_publish(struct shelf *shelf);
void shelf_freeze(struct shelf *shelf);
/* Freeze, write, thaw. */
void shelf_checkpoint(struct shelf *shelf);

/* What readers see; null: nothing. */
void shelf_expect(struct shelf *shelf, enum table table, struct view key,
                  const char *value);
/* The sequence number that a key names, 0: unknown. */
uint64_t shelf_place(struct shelf *shelf, uint64_t actor, const char *key);
bool shelf_has_task(struct shelf *shelf, enum table table, uint64_t actor,
                    uint64_t number);

#endif
