/* SPDX-License-Identifier: MIT */
/*
 * What other actors are told when a task ends or an actor goes (contract, section 7):
 * the reply that its sender asked for, notices to those who watch, the suspension of
 * those who are linked. It is added to the record that ends the task, and so comes true
 * with it. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_NOTICE_H
#define ACTORFS_ENGINE_NOTICE_H

#include "common/engine/actor.h"
#include "common/engine/envelope.h"

/* An upper bound of one change of a record but for a message, result or state in it:
   numbers, keys, names and reasons. */
#define NOTICE_BYTES_MAX (128 + 1024)

/* Whether anybody may have to be told of the task's end. */
bool notice_is_due(const struct actor *actor, const struct task_record *task);
/* An upper bound of what telling it adds to a record. */
size_t notice_bytes_max(struct engine *engine, const struct actor *actor,
                        size_t result_bytes);
/* Likewise a dead letter, but for its message. */
size_t notice_letter_bytes_max(struct engine *engine);
/* To be called when the FINISH has been added. In an open record a reply that finds
   nobody becomes a dead letter; in another it is only logged. */
void notice_finished(struct engine *engine, struct actor *actor,
                     const struct task_record *task, enum task_state outcome,
                     struct view result);
/* To be called before the REMOVE is added. */
void notice_retired(struct engine *engine, struct actor *actor);
/* A message of the engine's own making, into the mailbox of `to`. */
void notice_send(struct engine *engine, struct actor *to,
                 const struct envelope *envelope, struct view message);
/* In an open record: what `from` could not be delivered at `address`, for the reason
   given, becomes a failed task of the actor `dead-letters`. */
void notice_dead_letter(struct engine *engine, struct actor *from, const char *address,
                        const char *reason, struct view message);

#endif
