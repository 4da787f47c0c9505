/* SPDX-License-Identifier: MIT */
/*
 * Actors whose behavior has no room for another turn, or has had its share for now
 * (`rate`): they wait in line, and hold up nobody else. Sequencer only.
 *
 * A line is bounded. Who finds it full is not held in memory, but found again by the
 * scheduler's backfill once there is room and a checkpoint has put in LMDB what it is
 * found by.
 */
#ifndef ACTORFS_ENGINE_CROWD_H
#define ACTORFS_ENGINE_CROWD_H

#include "common/engine/actor.h"

struct crowd {
    struct behavior *behavior;
    struct actor *first, *last; /* by queue_next */
    size_t count;
    int64_t next_ns; /* no turn before; 0: at any time */
};

struct crowds {
    struct crowd **list; /* a few: behaviors that were ever full */
    size_t count, capacity;
    bool overflowed;         /* some actor found its line full... */
    uint64_t overflow_epoch; /* ...last in this epoch of the index */
};

/* Whether a turn of the behavior may start now. If so it counts as started. */
bool crowd_lets_in(struct engine *engine, struct behavior *behavior);
/* The actor, which is in no queue, waits for its behavior. */
void crowd_join(struct engine *engine, struct actor *actor);
void crowd_leave(struct engine *engine, struct actor *actor);
/* A turn of the behavior is over: the next in line may try. */
void crowd_admit(struct engine *engine, const struct behavior *behavior);
/* Once a step: where there is room and the time has come, the next in line may try. */
void crowd_poll(struct engine *engine);
/* All of them may try: behaviors have changed. */
void crowd_admit_all(struct engine *engine);
/* Nanoseconds until crowd_poll has something to do; INT64_MAX: nothing is due. */
int64_t crowd_idle_ns(const struct engine *engine);
void crowd_free(struct crowds *crowds);

#endif
