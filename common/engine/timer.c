/* SPDX-License-Identifier: MIT */
/*
 * Delayed tasks by due time: 24 bytes of memory each, found in TABLE_TIMERS at the
 * opening. A timer that fires is a decision like any other: the task takes its place at
 * the mailbox's end in a record of its own, so that replay needs no clock. Due times
 * are of the wall clock: what fell due during a downtime fires at once, in order of due
 * time.
 */
#include "common/engine/timer.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define FIRE_A_STEP 1024

struct view due_key(struct due_key *key, int64_t due_ms, uint64_t actor,
                    uint64_t sequence)
{
    number_to_key((uint64_t)due_ms, key->bytes);
    number_to_key(actor, key->bytes + 8);
    number_to_key(sequence, key->bytes + 16);
    return view_of(key->bytes, sizeof key->bytes);
}

struct view timer_name_key(struct text_key *key, uint64_t actor, struct view name)
{
    char marked[1 + TIMER_NAME_BYTES_MAX];
    marked[0] = TIMER_KEY_MARK;
    if (name.size)
        memcpy(marked + 1, name.data, name.size);
    return text_key(key, actor, view_of(marked, name.size + 1));
}

static bool earlier(const struct timer *left, const struct timer *right)
{
    if (left->due_ms != right->due_ms)
        return left->due_ms < right->due_ms;
    return left->actor != right->actor ? left->actor < right->actor
                                       : left->sequence < right->sequence;
}

void timer_add(struct timer_heap *heap, int64_t due_ms, uint64_t actor,
               uint64_t sequence)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity * 2 + 64;
        heap->list = memory_resize(heap->list, heap->capacity * sizeof *heap->list);
    }
    struct timer timer = {due_ms, actor, sequence};
    size_t at = heap->count++;
    while (at > 0 && earlier(&timer, &heap->list[(at - 1) / 2])) {
        heap->list[at] = heap->list[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->list[at] = timer;
}

bool timer_due(const struct timer_heap *heap, int64_t now_ms)
{
    return heap->count && heap->list[0].due_ms <= now_ms;
}

struct timer timer_pop(struct timer_heap *heap)
{
    ENSURE(heap->count);
    struct timer first = heap->list[0], last = heap->list[--heap->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < heap->count &&
            earlier(&heap->list[child + 1], &heap->list[child]))
            child++;
        if (child >= heap->count || !earlier(&heap->list[child], &last))
            break;
        heap->list[at] = heap->list[child];
        at = child;
    }
    if (heap->count)
        heap->list[at] = last;
    return first;
}

int64_t timer_due_ms(const struct engine *engine, const struct parameters *parameters)
{
    if (parameters->delay_ms > 0)
        return engine->wall_ms + parameters->delay_ms;
    if (parameters->at_ms > engine->wall_ms)
        return parameters->at_ms;
    return 0;
}

bool timer_find(struct engine *engine, uint64_t actor, struct view name,
                struct task_record *task)
{
    struct text_key key;
    struct key_place place;
    struct view value;
    if (name.size > TIMER_NAME_BYTES_MAX ||
        !index_get(index_decided(engine->index), TABLE_KEYS,
                   timer_name_key(&key, actor, name), &value))
        return false;
    memcpy(&place, value.data, sizeof place);
    return task_find_live(index_decided(engine->index), actor, place.sequence, task);
}

static bool load_timer(void *context, struct view key, struct view value)
{
    (void)value;
    struct timer_heap *heap = context;
    ENSURE(key.size == sizeof(struct due_key));
    timer_add(heap, (int64_t)number_from_key(key.data), number_from_key(key.data + 8),
              number_from_key(key.data + 16));
    return true;
}

void timers_load(struct engine *engine)
{
    index_scan_stored(index_decided(engine->index), TABLE_TIMERS, view_of("", 0),
                      load_timer, &engine->timers);
}

/* Whether the timer still stands for a delayed task: it may have been canceled. */
static bool is_delayed(struct engine *engine, const struct actor *actor,
                       const struct timer *timer)
{
    struct task_record task;
    return task_find_live(index_decided(engine->index), actor->id, timer->sequence,
                          &task) &&
           task.head.state == TASK_DELAYED && task.head.due_ms == timer->due_ms;
}

/* False when there is no room for the record: the timer stays. */
static bool fire(struct engine *engine, const struct timer *timer)
{
    struct actor *actor = actor_get(engine, timer->actor);
    if (!actor)
        return true;
    if (is_delayed(engine, actor, timer)) {
        struct change due = {.type = CHANGE_DUE,
                             .actor = actor->id,
                             .sequence = timer->sequence,
                             .slot = actor->record.head.next_slot};
        record_begin(engine);
        record_add(engine, &due);
        if (record_commit(engine))
            return false;
    }
    if (actor->wake_ms == timer->due_ms)
        actor->wake_ms = 0;
    scheduler_offer(engine, actor); /* also one whose retry is due */
    return true;
}

void timers_fire(struct engine *engine)
{
    for (unsigned n = 0; n < FIRE_A_STEP && timer_due(&engine->timers, engine->wall_ms);
         n++) {
        if (!fire(engine, &engine->timers.list[0]))
            return;
        timer_pop(&engine->timers);
    }
}
