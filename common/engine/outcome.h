/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a turn's answer: outcome, new state, and all that it sends, in one
 * record. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_OUTCOME_H
#define ACTORFS_ENGINE_OUTCOME_H

#include "common/engine/actor.h"

/* Keeps the answer to the turn of the actor's task. Output beyond a limit makes it a
   failed one. NO_SPACE or IO: nothing was kept, the turn never was. */
MUST_CHECK enum status outcome_commit(struct engine *engine, struct actor *actor,
                                      const struct behavior *behavior,
                                      const struct task_record *task,
                                      struct turn_output *output, uint32_t turn_ms);

#endif
