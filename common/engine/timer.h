/* SPDX-License-Identifier: MIT */
/*
 * Delayed tasks by due time. Sequencer only.
 */
#ifndef ACTORFS_ENGINE_TIMER_H
#define ACTORFS_ENGINE_TIMER_H

#include "common/engine/engine.h"
#include "common/journal/index.h"
#include "common/journal/record.h"

struct engine;

struct timer {
    int64_t due_ms;
    uint64_t actor, sequence;
};

/* A heap, the earliest first. Entries of canceled tasks stay until they are due. */
struct timer_heap {
    struct timer *list;
    size_t count, capacity;
};

/* Delayed tasks in TABLE_TIMERS, found by their due time at the opening. */
struct due_key {
    char bytes[24];
};
struct view due_key(struct due_key *key, int64_t due_ms, uint64_t actor,
                    uint64_t sequence);
/* A named timer's task in TABLE_KEYS: no key of a client starts with this byte. */
#define TIMER_KEY_MARK '\x02'
struct view timer_name_key(struct text_key *key, uint64_t actor, struct view name);
void timer_add(struct timer_heap *heap, int64_t due_ms, uint64_t actor,
               uint64_t sequence);
bool timer_due(const struct timer_heap *heap, int64_t now_ms);
struct timer timer_pop(struct timer_heap *heap);
/* When a message with these parameters is due; 0: at once. */
int64_t timer_due_ms(const struct engine *engine, const struct parameters *parameters);
/* The unfinished task of the actor's timer of that name: DELAYED, unless it has fired
   and waits for its turn. False when there is none. */
bool timer_find(struct engine *engine, uint64_t actor, struct view name,
                struct task_record *task_out);
void timers_load(struct engine *engine);
void timers_fire(struct engine *engine);

#endif
