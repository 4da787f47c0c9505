/* SPDX-License-Identifier: MIT */
/*
 * Actors that need someone. Sequencer only; reading is engine_attention's.
 */
#ifndef ACTORFS_ENGINE_ATTENTION_H
#define ACTORFS_ENGINE_ATTENTION_H

#include "common/engine/actor.h"

enum attention {
    ATTENTION_NONE,
    ATTENTION_RETRYING,
    ATTENTION_SUSPENDED,
    ATTENTION_FULL,
    ATTENTION_FAILED,
    ATTENTION_NO_BEHAVIOR
};
const char *attention_text(enum attention attention);
/* The last error. */
void attention_note_error(struct actor *actor, struct view error);
/* The last failure: its error, and which task it was. */
void attention_note_failure(struct actor *actor, const struct task_record *task);
/* Brings the actor's attention up to date with a record that was applied to it, if it
   is still there: record by record, so that replay comes to the same. */
void attention_update(struct engine *engine, uint64_t actor);
void attention_forget(struct engine *engine, struct actor *actor);
/* Offers all of them to the scheduler: what they need may have come. */
void attention_offer_all(struct engine *engine);
void attention_open(struct engine *engine);
void attention_close(struct engine *engine);

#endif
