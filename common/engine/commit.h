/* SPDX-License-Identifier: MIT */
/*
 * From decided to durable to visible to answered.
 */
#ifndef ACTORFS_ENGINE_COMMIT_H
#define ACTORFS_ENGINE_COMMIT_H

#include "common/engine/engine.h"

/* Whether there is anything in the batch. */
bool core_has_decided(const struct engine *engine);
/* Ends the batch; false when there is nothing in it. None may be on its way. */
bool core_seal(struct engine *engine);
/* Makes the sealed batch durable, then visible, then answers. */
void core_commit_sealed(struct engine *engine);
/* All of it in this thread: what the simulator calls after a step. */
void core_commit(struct engine *engine);
/* Makes what is sealed, and durable by now, visible. */
void core_publish(struct engine *engine);
void committer_start(struct engine *engine);
/* The sealed batch is committed by the committer thread. */
void committer_hand_over(struct engine *engine);
/* Whether no batch is on its way. */
bool committer_is_idle(struct engine *engine);
void committer_stop(struct engine *engine);

#endif
