/* SPDX-License-Identifier: MIT */
/*
 * Which actor runs next. An actor is idle, queued or running; it is queued at most
 * once, and after a bounded number of turns goes to the queue's end, so that a hot
 * actor starves nobody. One that could run but for the disk (its last turn is not
 * durable yet and its behavior must not run ahead, or there is no room) is hungry: it
 * is offered again after the next commit.
 */
#include "common/engine/scheduler.h"

#include "common/engine/core.h"

#define TURNS_IN_A_ROW 64
#define BACKFILL_A_STEP 256
#define QUEUE_LONG 4096

static struct behavior *find_named(struct behavior_set *set, struct view name)
{
    return name.size ? set->find(set, name) : NULL;
}

/* Contract, section 6: the name in `behavior`, else the actor's name up to its last
   `_`, else `default`, else the fallback. */
struct behavior *behavior_of(struct behavior_set *set, const struct actor_record *actor)
{
    return actor->behavior[0] ? find_named(set, view_text(actor->behavior))
                              : behavior_by_name(set, view_text(actor->name));
}

struct behavior *behavior_by_name(struct behavior_set *set, struct view name)
{
    const char *end = name.size ? memrchr(name.data, '_', name.size) : NULL;
    struct view own = end ? view_of(name.data, (size_t)(end - name.data)) : name;
    struct behavior *behavior = find_named(set, own);
    if (!behavior)
        behavior = find_named(set, view_text("default"));
    return behavior ? behavior : set->fallback;
}

static bool has_work(const struct engine *engine, const struct actor *actor)
{
    const struct actor_head *head = &actor->record.head;
    return head->counts.pending > 0 && !(head->flags & ACTOR_SUSPENDED) &&
           !(head->flags & ACTOR_RETRYING && head->retry_ms > engine->wall_ms);
}

/* It retires within the step in which its last task ends, but when there is no room, or
   power fails just then. */
static bool is_to_retire(const struct actor *actor)
{
    return actor->record.head.flags & ACTOR_RETIRING && !actor_unfinished(actor);
}

static void enqueue(struct engine *engine, struct actor *actor)
{
    actor->schedule = ACTOR_QUEUED;
    actor->queue_next = NULL;
    *(engine->run_last ? &engine->run_last->queue_next : &engine->run_first) = actor;
    engine->run_last = actor;
}

static struct actor *dequeue(struct engine *engine)
{
    struct actor *actor = engine->run_first;
    engine->run_first = actor->queue_next;
    if (!engine->run_first)
        engine->run_last = NULL;
    actor->schedule = ACTOR_IDLE;
    return actor;
}

void scheduler_offer(struct engine *engine, struct actor *actor)
{
    if (actor->schedule != ACTOR_IDLE || actor->hungry || engine->replaying)
        return;
    const struct actor_head *head = &actor->record.head;
    if (has_work(engine, actor) || is_to_retire(actor))
        enqueue(engine, actor);
    else if (head->flags & ACTOR_RETRYING && head->retry_ms > engine->wall_ms)
        scheduler_wake_for_retry(engine, actor);
}

void scheduler_wake_for_retry(struct engine *engine, struct actor *actor)
{
    const struct actor_head *head = &actor->record.head;
    if (actor->wake_ms == head->retry_ms)
        return;
    actor->wake_ms = head->retry_ms;
    timer_add(&engine->timers, head->retry_ms, actor->id, head->retry_sequence);
}

void scheduler_forget(struct engine *engine, struct actor *actor)
{
    if (actor->crowd) {
        crowd_leave(engine, actor);
        return;
    }
    struct actor **link = actor->hungry ? &engine->hungry : &engine->run_first;
    if (actor->schedule != ACTOR_QUEUED && !actor->hungry)
        return;
    struct actor *before = NULL;
    for (; *link != actor; link = &(*link)->queue_next)
        before = *link;
    *link = actor->queue_next;
    if (engine->run_last == actor)
        engine->run_last = before;
    actor->hungry = false;
    actor->schedule = ACTOR_IDLE;
}

static void wait_for_commit(struct engine *engine, struct actor *actor)
{
    actor->hungry = true;
    actor->queue_next = engine->hungry;
    engine->hungry = actor;
}

void scheduler_feed(struct engine *engine)
{
    struct actor *actor = engine->hungry;
    engine->hungry = NULL;
    while (actor) {
        struct actor *next = actor->queue_next;
        actor->hungry = false;
        scheduler_offer(engine, actor);
        actor = next;
    }
}

/* Turns of one actor until it is through, out of turns, or cannot go on now. */
static unsigned run_actor(struct engine *engine, struct actor *actor,
                          unsigned turns_max)
{
    enum turn_result result = TURN_OVER;
    unsigned turns = 0;
    if (turns_max > TURNS_IN_A_ROW)
        turns_max = TURNS_IN_A_ROW;
    while (turns < turns_max && has_work(engine, actor)) {
        result = turn_run(engine, actor);
        if (result != TURN_OVER)
            break;
        turns++;
    }
    bool retires = is_to_retire(actor);
    if (result == TURN_WAITS || (retires && !decide_retire(engine, actor)))
        wait_for_commit(engine, actor);
    else if (result == TURN_CROWDED)
        crowd_join(engine, actor);
    else if (result == TURN_OVER && !retires)
        scheduler_offer(engine, actor);
    return turns;
}

/* Actors that got messages from other actors. */
static void offer_told(struct engine *engine)
{
    for (size_t i = 0; i < engine->told_count; i++) {
        struct actor *actor = actor_get(engine, engine->told[i]);
        if (actor)
            scheduler_offer(engine, actor);
    }
    engine->told_count = 0;
}

void scheduler_run(struct engine *engine, unsigned turns_max)
{
    offer_told(engine);
    while (turns_max && engine->run_first && !engine->read_only) {
        unsigned turns = run_actor(engine, dequeue(engine), turns_max);
        turns_max -= turns ? turns : 1;
        offer_told(engine);
        if (engine->space_short)
            return;
    }
}

void scheduler_behaviors_changed(struct engine *engine)
{
    crowd_admit_all(engine);
    attention_offer_all(engine);
}

/* ----------------------------------------------------------------------- backfill */

struct backfill {
    struct engine *engine;
    uint64_t found; /* 0: none */
};

static bool first_actor(void *context, struct view key, struct view value)
{
    (void)value;
    ((struct backfill *)context)->found = number_from_key(key.data);
    return false;
}

/* Tasks from before the opening are in LMDB's table of unfinished tasks, sorted by
   actor: one look for the next actor that has any, then on past it. What the replay
   brought is offered by itself. */
void scheduler_backfill(struct engine *engine)
{
    unsigned queued = 0;
    for (struct actor *actor = engine->run_first; actor && queued < QUEUE_LONG;
         actor = actor->queue_next)
        queued++;
    for (unsigned n = 0;
         n < BACKFILL_A_STEP && engine->backfill != UINT64_MAX && queued < QUEUE_LONG;
         n++) {
        struct backfill backfill = {.engine = engine};
        struct pair_key key;
        index_scan_stored(index_decided(engine->index), TABLE_LIVE,
                          single_key(&key, engine->backfill), first_actor, &backfill);
        engine->backfill = backfill.found ? backfill.found + 1 : UINT64_MAX;
        struct actor *actor = backfill.found ? actor_get(engine, backfill.found) : NULL;
        if (actor)
            scheduler_offer(engine, actor);
    }
}
