/* SPDX-License-Identifier: MIT */
/*
 * A turn: one actor handling one message. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_TURN_H
#define ACTORFS_ENGINE_TURN_H

#include "common/engine/actor.h"
#include "common/journal/change.h"

enum turn_result {
    TURN_OVER,      /* it ran; the next may follow */
    TURN_UNDER_WAY, /* it was started and answers later */
    TURN_WAITS,     /* for the last commit, or for room: try again after the next one */
    TURN_CROWDED,   /* its behavior has no room for another one now */
    TURN_IMPOSSIBLE /* no behavior, nothing to run, or the daemon stops */
};
/* Runs or starts a turn of the actor's first task. */
enum turn_result turn_run(struct engine *engine, struct actor *actor);
/* An answer that came later. */
void turn_finished(struct engine *engine, struct request *request);
/* Drops or kills what runs, when its task was canceled. */
void turn_void(struct actor *actor);
/* The change that cancels an unfinished task, to be added to a record. `head` is the
   actor's as it will be when the record's earlier changes are applied; it is brought
   forward by this one. */
void turn_cancel_change(struct engine *engine, struct actor_head *head,
                        const struct task_record *task, struct change *change_out);

#endif
