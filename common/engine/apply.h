/* SPDX-License-Identifier: MIT */
/*
 * Applying records: the only way in which actors and the index change. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_APPLY_H
#define ACTORFS_ENGINE_APPLY_H

#include "common/engine/engine.h"
#include "common/journal/change.h"

struct engine;

void apply_record(struct engine *engine, uint64_t sequence, struct view body);
void apply_finish(struct engine *engine, const struct change *change, int64_t wall_ms,
                  int64_t clock_ms);

#endif
