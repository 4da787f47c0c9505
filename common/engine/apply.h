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
/* The same change by change: what one changes, the next is decided upon. */
void apply_begin(struct engine *engine, uint64_t sequence, int64_t wall_ms,
                 int64_t clock_ms);
void apply_next(struct engine *engine, const struct change *change);
void apply_end(struct engine *engine);
void apply_finish(struct engine *engine, const struct change *change, int64_t wall_ms,
                  int64_t clock_ms);

#endif
