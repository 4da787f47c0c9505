/* SPDX-License-Identifier: MIT */
#include "common/engine/crowd.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define CROWD_MAX 4096
#define CROWD_SMALL 256

static struct crowd *find(const struct crowds *crowds, const struct behavior *behavior)
{
    for (size_t i = 0; i < crowds->count; i++)
        if (crowds->list[i]->behavior == behavior)
            return crowds->list[i];
    return NULL;
}

static struct crowd *find_or_add(struct crowds *crowds, struct behavior *behavior)
{
    struct crowd *crowd = find(crowds, behavior);
    if (crowd)
        return crowd;
    if (crowds->count == crowds->capacity) {
        crowds->capacity = crowds->capacity * 2 + 8;
        crowds->list =
            memory_resize(crowds->list, crowds->capacity * sizeof *crowds->list);
    }
    crowd = memory_take_zeroed(1, sizeof *crowd);
    crowd->behavior = behavior;
    crowds->list[crowds->count++] = crowd;
    return crowd;
}

bool crowd_lets_in(struct engine *engine, struct behavior *behavior)
{
    const struct behavior_policy *policy = &behavior->policy;
    if (policy->rate_turns) {
        struct crowd *crowd = find_or_add(&engine->crowds, behavior);
        if (engine->now_ns < crowd->next_ns)
            return false;
        if (behavior->has_room && !behavior->has_room(behavior))
            return false;
        crowd->next_ns =
            engine->now_ns + policy->rate_ms * 1000000 / policy->rate_turns;
        return true;
    }
    return !behavior->has_room || behavior->has_room(behavior);
}

void crowd_join(struct engine *engine, struct actor *actor)
{
    struct behavior *behavior = behavior_of(engine->behaviors, &actor->record);
    ENSURE(behavior && actor->schedule == ACTOR_IDLE);
    struct crowd *crowd = find_or_add(&engine->crowds, behavior);
    if (crowd->count >= CROWD_MAX) {
        engine->crowds.overflowed = true;
        engine->crowds.overflow_epoch = engine->epoch;
        return;
    }
    actor->schedule = ACTOR_QUEUED;
    actor->crowd = crowd;
    actor->queue_next = NULL;
    *(crowd->last ? &crowd->last->queue_next : &crowd->first) = actor;
    crowd->last = actor;
    crowd->count++;
}

void crowd_leave(struct engine *engine, struct actor *actor)
{
    (void)engine;
    struct crowd *crowd = actor->crowd;
    struct actor *before = NULL, **link = &crowd->first;
    for (; *link != actor; link = &(*link)->queue_next)
        before = *link;
    *link = actor->queue_next;
    if (crowd->last == actor)
        crowd->last = before;
    crowd->count--;
    actor->crowd = NULL;
    actor->schedule = ACTOR_IDLE;
}

/* Who has nothing to run any more (it was suspended, say) leaves the line, and the
   place is the next one's. */
static void admit_first(struct engine *engine, struct crowd *crowd)
{
    struct actor *actor;
    do {
        actor = crowd->first;
        crowd_leave(engine, actor);
        scheduler_offer(engine, actor);
    } while (actor->schedule != ACTOR_QUEUED && crowd->first);
}

void crowd_admit(struct engine *engine, const struct behavior *behavior)
{
    struct crowd *crowd = find(&engine->crowds, behavior);
    if (crowd && crowd->first)
        admit_first(engine, crowd);
}

/* Not every turn has an end that is told: one may answer within its start. */
static bool is_open(const struct crowd *crowd, int64_t now_ns)
{
    struct behavior *behavior = crowd->behavior;
    return crowd->first && now_ns >= crowd->next_ns &&
           (!behavior->has_room || behavior->has_room(behavior));
}

/* Everybody was let in, and what is not in memory is in LMDB by now. */
static void look_for_others(struct engine *engine)
{
    struct crowds *crowds = &engine->crowds;
    if (!crowds->overflowed || engine->backfill != UINT64_MAX ||
        engine->checkpointing || engine->epoch <= crowds->overflow_epoch)
        return;
    for (size_t i = 0; i < crowds->count; i++)
        if (crowds->list[i]->count > CROWD_SMALL)
            return;
    crowds->overflowed = false;
    engine->backfill = 1;
}

void crowd_poll(struct engine *engine)
{
    for (size_t i = 0; i < engine->crowds.count; i++) {
        struct crowd *crowd = engine->crowds.list[i];
        if (is_open(crowd, engine->now_ns))
            admit_first(engine, crowd);
    }
    look_for_others(engine);
}

void crowd_admit_all(struct engine *engine)
{
    for (size_t i = 0; i < engine->crowds.count; i++)
        while (engine->crowds.list[i]->first)
            admit_first(engine, engine->crowds.list[i]);
}

int64_t crowd_idle_ns(const struct engine *engine)
{
    int64_t idle_ns = INT64_MAX;
    int64_t now_ns = engine->clock->monotonic_ns(engine->clock);
    for (size_t i = 0; i < engine->crowds.count; i++) {
        const struct crowd *crowd = engine->crowds.list[i];
        if (is_open(crowd, now_ns))
            return 0;
        if (crowd->first && crowd->next_ns > now_ns &&
            crowd->next_ns - now_ns < idle_ns)
            idle_ns = crowd->next_ns - now_ns;
    }
    return idle_ns;
}

void crowd_free(struct crowds *crowds)
{
    for (size_t i = 0; i < crowds->count; i++)
        free(crowds->list[i]);
    free(crowds->list);
    *crowds = (struct crowds){0};
}
