/* SPDX-License-Identifier: MIT */
/*
 * The engine's inside, shared by the files of this room and nobody else.
 *
 * One thread, the sequencer, owns everything here that is not marked otherwise; there
 * are no locks around actors. (While it sleeps another may take its seat: queue.h.) It
 * works in steps (core_step): take what was requested, decide it, run turns, seal. What
 * a step decided is a batch: one group commit, after which it becomes visible and its
 * answers go out (core_commit). The simulator calls these two itself; engine_start has
 * threads that do.
 *
 * Life of a decision: changes are added to the record being built (record_add), room
 * is taken in the journal, the record is appended and applied to the index and the
 * actors in memory (record_commit). Replay applies the same records in the same way.
 */
#ifndef ACTORFS_ENGINE_CORE_H
#define ACTORFS_ENGINE_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/behavior/behavior.h"
#include "common/engine/actor.h"
#include "common/engine/apply.h"
#include "common/engine/attention.h"
#include "common/engine/batch.h"
#include "common/engine/bond.h"
#include "common/engine/checkpointer.h"
#include "common/engine/commit.h"
#include "common/engine/crowd.h"
#include "common/engine/decide.h"
#include "common/engine/decision.h"
#include "common/engine/engine.h"
#include "common/engine/envelope.h"
#include "common/engine/logline.h"
#include "common/engine/mailbox.h"
#include "common/engine/queue.h"
#include "common/engine/request.h"
#include "common/engine/scheduler.h"
#include "common/engine/timer.h"
#include "common/engine/turn.h"
#include "common/engine/wait.h"
#include "common/journal/index.h"
#include "common/journal/journal.h"

struct engine {
    struct engine_options options;
    struct clock *clock;
    struct behavior_set *behaviors;
    struct disk *disk;
    bool owns_disk;
    int lock_fd; /* of STORE/lock; -1: none */
    struct index *index;
    struct journal *journal;

    /* Time, read once a step. The store clock runs only while a daemon does. */
    int64_t wall_ms, now_ns, clock_ms;
    int64_t opened_ns, opened_clock_ms, started_ms;

    struct bytes body;         /* of the record being built */
    uint32_t record_bytes_max; /* of a body in the journal */
    struct bytes scratch;
    struct kept_line line;
    uint64_t record_number; /* counts those begun, to tell their plans apart */
    bool record_is_open;    /* its changes are applied as they are added */
    size_t record_room;     /* for the body of an open one */
    uint64_t *told;         /* actors to be offered to the scheduler */
    size_t told_count, told_capacity;
    uint64_t applying;       /* sequence number of the record being applied */
    uint64_t applying_actor; /* which its last change was about; 0: none yet */
    int64_t applying_wall_ms, applying_clock_ms;
    bool replaying;
    struct index_totals totals;
    uint64_t next_actor;
    _Atomic uint64_t shown_next_actor;

    struct cache cache;
    struct actor *touched;
    struct actor *run_first, *run_last;
    struct actor *hungry; /* by queue_next */
    struct crowds crowds;
    _Atomic bool behaviors_changed; /* Any thread sets it. */
    struct timer_heap timers;
    uint64_t backfill; /* actors from this id on may have tasks from before the opening;
                          UINT64_MAX: none left */
    struct request_list taken; /* requests of this step still to be decided */
    struct batch batch;        /* what the steps since the last seal decided */
    unsigned accepted;         /* messages in this step */
    _Atomic bool read_only;    /* nothing more can be made durable. Any thread. */
    _Atomic unsigned asking;   /* clients that wait for an answer. Any thread. */

    /* Commits (commit.c). `sealed` and the three after it belong to whoever commits:
       the sequencer, or the committer while a batch is in flight. */
    struct batch sealed;
    unsigned expected; /* clients that ask, or are likely to ask again */
    int64_t sync_ns;   /* what the last sync took */
    bool in_flight;    /* Sequencer. */
    _Atomic bool commit_done;
    pthread_mutex_t commit_mutex; /* guards the two below */
    pthread_cond_t commit_wake;
    bool commit_wanted, commit_stop;

    bool stopping;    /* no turn is started any more */
    bool space_short; /* the journal refused a record for want of room */
    unsigned running; /* turns that were started and did not answer yet */
    unsigned parked;  /* requests that wait for one of these */

    /* Checkpoints (checkpointer.c). */
    uint64_t epoch;        /* of the part of the index not frozen; see actor.epoch */
    uint64_t dirty_actors; /* different ones changed in this epoch */
    int64_t frozen_ns;     /* when the last one was begun */
    uint64_t frozen_held;  /* journal bytes that were held then */
    bool checkpointing;    /* from freeze to thaw */
    bool checkpoint_held;  /* frozen, but not yet published */
    uint64_t frozen_sequence;
    bool checkpoint_failed;           /* the last try; LMDB finds no room, say */
    pthread_mutex_t checkpoint_mutex; /* guards the four below */
    pthread_cond_t checkpoint_wake;
    bool checkpoint_wanted, checkpoint_done, checkpoint_stop;
    enum status checkpoint_status; /* of the last try */

    /* Guarded by queue_mutex. */
    pthread_mutex_t queue_mutex;
    pthread_cond_t queue_wake;
    struct request_list queue;
    bool sleeping, closing, nudged;
    int64_t sleeps_until_ns; /* the sequencer, while it sleeps */
    bool seat_taken;         /* somebody who asked does its work */

    bool holding; /* requests wait for a checkpoint. Sequencer. */

    struct waiters waiters;

    /* What totals readers see. Guarded by shown_mutex. */
    pthread_mutex_t shown_mutex;
    struct index_totals shown_totals;
    uint64_t shown_commits;
    bool shown_read_only;
    struct attention_set *attention;

    pthread_t sequencer, committer, checkpointer;
    bool started;
};

/* For the simulator: leaves an engine that was not started as if the process were
   killed here. Nobody is answered, nothing is written. Waits are ended before. */
void engine_abandon(struct engine *engine);

void core_read_clock(struct engine *engine);
/* One step: whether there was anything to do. */
bool core_step(struct engine *engine);
/* A step, with what it decided passed on: what the sequencer does when it is called. */
void core_round(struct engine *engine);
/* Nanoseconds until something is due on its own, 0 when there is something to do now.
 */
int64_t core_idle_ns(struct engine *engine);

/* read.c */
/* The store's own clock now, which decides what has expired. Any thread. */
int64_t core_store_clock(struct engine *engine);
bool actor_record_find(struct index_snapshot *snapshot, uint64_t id,
                       struct actor_record *record_out);
void task_describe(const struct engine *engine, const struct actor_head *actor,
                   const struct task_record *task, struct task_info *info_out);

#endif
