/* SPDX-License-Identifier: MIT */
/*
 * What a turn sends, resolved within its record: messages, new actors, behaviors and
 * control words for others. What cannot be delivered becomes a dead letter. Sequencer
 * only.
 */
#ifndef ACTORFS_ENGINE_OUTGOING_H
#define ACTORFS_ENGINE_OUTGOING_H

#include "common/engine/actor.h"

/* An upper bound of what the output's sends add to a record. */
size_t outgoing_bytes_max(struct engine *engine, struct actor *from,
                          const struct turn_output *output);
/* In an open record, after the turn's FINISH: all sends in order. */
void outgoing_send(struct engine *engine, struct actor *from,
                   const struct behavior *behavior, const struct task_record *task,
                   const struct turn_output *output);

#endif
