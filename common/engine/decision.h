/* SPDX-License-Identifier: MIT */
/*
 * The record being built: the changes of one decision, which become true together.
 * Sequencer only.
 */
#ifndef ACTORFS_ENGINE_DECISION_H
#define ACTORFS_ENGINE_DECISION_H

#include "common/engine/actor.h"
#include "common/journal/change.h"

struct engine;

/* A record whose changes are applied when it is committed: each is decided as if none
   of the others were. It may be given up by beginning another. */
void record_begin(struct engine *engine);
/* A record whose changes are applied as they are added, so that each builds upon those
   before it. Room for a body of `bytes_max` is taken first: NO_SPACE, TOO_LARGE or IO,
   and nothing is begun. Must be committed, which does not fail then. */
MUST_CHECK enum status record_open(struct engine *engine, size_t bytes_max);
void record_add(struct engine *engine, const struct change *change);
/* Appends and applies it. NO_SPACE or IO: nothing was changed. */
MUST_CHECK enum status record_commit(struct engine *engine);
/* The next free place (or sequence number) of an actor, taken for the record being
   built. */
uint64_t record_take_slot(struct engine *engine, struct actor *actor);
/* The actor got something to do by this record: it is offered to the scheduler after
   it. */
void record_tell(struct engine *engine, uint64_t actor);

#endif
