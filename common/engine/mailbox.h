/* SPDX-License-Identifier: MIT */
/*
 * An actor's mailbox, and finding tasks. What takes a snapshot may be called by whoever
 * holds it; the rest by the sequencer.
 */
#ifndef ACTORFS_ENGINE_MAILBOX_H
#define ACTORFS_ENGINE_MAILBOX_H

#include "common/engine/actor.h"
#include "common/journal/index.h"

/* A pending task takes the place `slot`. */
void mailbox_append(struct actor *actor, uint64_t slot, uint64_t sequence);
/* The first pending task, which lives for this step, and the record that put it as it
   is (0: one that LMDB has); false when there is none. */
bool mailbox_first(struct engine *engine, struct actor *actor,
                   struct task_record *task_out, uint64_t *record_out);
/* The task at this place is no longer in line; `leave`: nor is any before it. */
void mailbox_drop(struct actor *actor, uint64_t slot);
void mailbox_leave(struct actor *actor, uint64_t slot);
/* The state changed: what was deferred is in line again, before all that came later. */
void mailbox_offer_deferred(struct actor *actor);
/* Whether the task is set aside until then. */
bool task_is_deferred(const struct actor_head *actor, const struct task_head *task);
/* The stored task, wherever it is. */
bool task_find(struct index_snapshot *snapshot, uint64_t actor, uint64_t sequence,
               struct task_record *task_out);
bool task_find_live(struct index_snapshot *snapshot, uint64_t actor, uint64_t sequence,
                    struct task_record *task_out);
/* In TABLE_LIVE, where tasks and places begin at 1: the actor is to retire, and the
   next opening finds it, also when nothing else of it is left. */
#define NUMBER_RETIRING 0
/* The unfinished task to be met at `number` in a scan of TABLE_LIVE, where `packed` is
   what stands there: each is met once, at its place or, while it has none, at its
   sequence number. (A task that came back, and so is put where it once was deleted, a
   scan may miss there; its new place it does not.) */
bool task_at_place(struct index_snapshot *snapshot, uint64_t actor, uint64_t number,
                   struct view packed, struct task_record *task_out);
/* A place that only points to a task elsewhere. */
void forward_pack(uint64_t sequence, char out[9]);
bool forward_unpack(struct view packed, uint64_t *sequence_out);
#define FORWARD_BYTES 9
/* Whether a finished task is still remembered. */
bool task_is_remembered(const struct engine *engine, const struct actor_head *actor,
                        const struct task_head *task, int64_t clock_ms);
/* The task that a key names for a reader or a duplicate; false when unknown, with
   `task_out` filled in where it is known no longer. */
bool key_find(struct engine *engine, struct index_snapshot *snapshot,
              const struct actor_head *actor, const struct key *key, int64_t clock_ms,
              struct task_record *task_out);

#endif
