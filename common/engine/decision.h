/* SPDX-License-Identifier: MIT */
/*
 * The record being built: the changes of one decision, which become true together.
 * Sequencer only.
 */
#ifndef ACTORFS_ENGINE_DECISION_H
#define ACTORFS_ENGINE_DECISION_H

#include "common/engine/engine.h"
#include "common/journal/change.h"

struct engine;

void record_begin(struct engine *engine);
void record_add(struct engine *engine, const struct change *change);
/* Appends and applies it. NO_SPACE or IO: nothing was changed. */
MUST_CHECK enum status record_commit(struct engine *engine);

#endif
