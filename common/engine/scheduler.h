/* SPDX-License-Identifier: MIT */
/*
 * Which actor runs next. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_SCHEDULER_H
#define ACTORFS_ENGINE_SCHEDULER_H

#include "common/engine/actor.h"

/* Puts the actor in the run queue if it is idle and has something to run. */
void scheduler_offer(struct engine *engine, struct actor *actor);
/* Offers it again when its retry is due. */
void scheduler_wake_for_retry(struct engine *engine, struct actor *actor);
/* Runs turns, at most so many. */
void scheduler_run(struct engine *engine, unsigned turns_max);
/* Actors that waited for the last commit, or for room, are offered again. */
void scheduler_feed(struct engine *engine);
/* Behaviors came or went: whoever waited for one is offered again. */
void scheduler_behaviors_changed(struct engine *engine);
/* Looks for actors with tasks from before the opening, a bounded number a step. */
void scheduler_backfill(struct engine *engine);
/* Takes the actor out of the queues. */
void scheduler_forget(struct engine *engine, struct actor *actor);
struct behavior *behavior_of(struct behavior_set *set,
                             const struct actor_record *actor);
/* What handles an actor of that name whose `behavior` says nothing. */
struct behavior *behavior_by_name(struct behavior_set *set, struct view name);

#endif
