/* SPDX-License-Identifier: MIT */
/*
 * When checkpoints are taken. Sequencer only, but for the thread it has.
 */
#ifndef ACTORFS_ENGINE_CHECKPOINTER_H
#define ACTORFS_ENGINE_CHECKPOINTER_H

#include "common/engine/engine.h"

/* Takes a finished checkpoint over and begins the next when it is time. */
void checkpoint_poll(struct engine *engine);
/* Freezes what is decided; false while an earlier frozen part is not written. It is
   written once all of it is published. */
bool checkpoint_begin(struct engine *engine);
/* The same with no thread: freeze, write, thaw. For the clean stop and the simulator.
 */
MUST_CHECK enum status checkpoint_now(struct engine *engine);
/* More is not in LMDB yet than memory and journal should hold. */
bool checkpoint_is_behind(struct engine *engine);
void checkpoint_start(struct engine *engine);
void checkpoint_stop(struct engine *engine);

#endif
