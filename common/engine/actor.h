/* SPDX-License-Identifier: MIT */
/*
 * Actors in use. Idle ones are not in memory: an actor is brought from the index when
 * it is needed and forgotten, the least recently used first. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_ACTOR_H
#define ACTORFS_ENGINE_ACTOR_H

#include "common/engine/request.h"
#include "common/journal/record.h"

struct engine;
struct crowd;

enum actor_schedule { ACTOR_IDLE, ACTOR_QUEUED, ACTOR_RUNNING };

struct slot_ref {
    uint64_t slot, sequence;
};

/* The next pending tasks of an actor: all with a place below `end`, in order. What has
   a place from there on is found in the index when it is needed. */
struct window {
    struct slot_ref *ring;
    uint32_t first, count, capacity;
    uint64_t end;
};

/* An actor in use. Idle ones are not in memory. */
struct actor {
    uint64_t id;
    struct actor *hash_next;
    struct actor *queue_next; /* of the run queue, the hungry, or a crowd */
    struct crowd *crowd;      /* it waits for its behavior there; null: it does not */
    struct actor *touched_next;
    struct actor *older, *younger; /* by last use */
    struct actor_record record;
    uint64_t last_record; /* the last that changed what a turn builds upon */
    uint64_t epoch;       /* engine.epoch when it was last put in the index */
    uint64_t planned_record, planned_slot; /* see record_take_slot */
    enum actor_schedule schedule;
    bool touched; /* to be put in the index at the step's end */
    bool hungry;  /* runnable, and waits for room or for a commit */
    struct window window;
    uint64_t running_sequence; /* of the task being run; 0: none */
    struct behavior *running_behavior;
    int64_t wake_ms; /* a timer is set for its retry; 0: none */
    int64_t turn_started_ns;
    bool turn_void;             /* its answer is to be dropped: the task was canceled */
    struct request_list parked; /* for the running turn's end */
};

struct cache {
    struct actor **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t count;
    uint32_t idle_max; /* so many are kept; the simulator keeps few */
    struct actor *oldest, *youngest;
};

/* The actor of that id; null when there is none. The pointer holds for this step. */
struct actor *actor_get(struct engine *engine, uint64_t id);
struct actor *actor_get_by_name(struct engine *engine, struct view name);
struct actor *actor_add(struct engine *engine, uint64_t id);
void actor_drop(struct engine *engine, struct actor *actor);
/* To be written to the index at the step's end, as of the record being applied. */
void actor_touch(struct engine *engine, struct actor *actor);
/* The same where nothing changed that the next turn builds upon: it need not wait. */
void actor_touch_shown(struct engine *engine, struct actor *actor);
void actor_flush_touched(struct engine *engine);
#define ACTORS_IDLE_MAX 16384 /* about 20 MB */
/* Forgets idle actors beyond what is worth keeping. Between steps only. */
void actor_evict(struct engine *engine);
void cache_free(struct cache *cache);
uint64_t actor_unfinished(const struct actor *actor);
uint64_t actor_head_unfinished(const struct actor_head *head);

#endif
