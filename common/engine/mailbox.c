/* SPDX-License-Identifier: MIT */
/*
 * An actor's mailbox: its pending tasks in the order of their places. Places and
 * sequence numbers come from one counter: a message gets both at once, and a task that
 * becomes pending later (it was delayed, or is retried) takes a new place, where a
 * forward says which task it stands for. Memory holds a window of the first places; a
 * mailbox of a million tasks needs no more. A task that is set aside keeps its place
 * and is passed over there until the state has another version: then the window starts
 * over from the first of these.
 */
#include "common/engine/mailbox.h"

#include <stdlib.h>

#include "common/engine/core.h"

#define WINDOW_SLOTS_MAX 4096
#define REFILL_SLOTS 256
#define FORWARD_MARK '\xF0'

void forward_pack(uint64_t sequence, char out[FORWARD_BYTES])
{
    out[0] = FORWARD_MARK;
    number_to_key(sequence, out + 1);
}

bool forward_unpack(struct view packed, uint64_t *sequence_out)
{
    if (packed.size != FORWARD_BYTES || packed.data[0] != FORWARD_MARK)
        return false;
    *sequence_out = number_from_key(packed.data + 1);
    return true;
}

static void push(struct window *window, uint64_t slot, uint64_t sequence)
{
    if (window->count == window->capacity) {
        uint32_t capacity = window->capacity ? window->capacity * 2 : 8;
        struct slot_ref *ring = memory_take(capacity * sizeof *ring);
        for (uint32_t i = 0; i < window->count; i++)
            ring[i] = window->ring[(window->first + i) % window->capacity];
        free(window->ring);
        window->ring = ring;
        window->first = 0;
        window->capacity = capacity;
    }
    uint32_t at = (window->first + window->count++) % window->capacity;
    window->ring[at] = (struct slot_ref){slot, sequence};
}

void mailbox_append(struct actor *actor, uint64_t slot, uint64_t sequence)
{
    struct window *window = &actor->window;
    if (window->count == 0 && actor->record.head.counts.pending == 1 &&
        window->end < slot)
        window->end = slot; /* nothing is pending before it */
    if (window->end == slot && window->count < WINDOW_SLOTS_MAX) {
        push(window, slot, sequence);
        window->end = slot + 1;
    }
}

static void drop_first(struct actor *actor)
{
    struct window *window = &actor->window;
    window->first = (window->first + 1) % window->capacity;
    if (--window->count == 0 && window->capacity > 64) {
        free(window->ring);
        window->ring = NULL;
        window->capacity = window->first = 0;
    }
}

static bool refill_slot(void *context, uint64_t slot, struct view packed)
{
    struct actor *actor = context;
    struct window *window = &actor->window;
    struct task_record task;
    uint64_t sequence;
    if (forward_unpack(packed, &sequence))
        push(window, slot, sequence);
    else if (task_unpack(packed, &task) && task.head.slot == slot &&
             !task_is_deferred(&actor->record.head, &task.head))
        push(window, slot, task.head.sequence);
    window->end = slot + 1;
    return window->count < REFILL_SLOTS;
}

static void refill(struct engine *engine, struct actor *actor)
{
    const struct actor_head *head = &actor->record.head;
    struct window *window = &actor->window;
    if (window->end < head->first_slot)
        window->end = head->first_slot;
    if (head->counts.pending == 0 || window->end >= head->next_slot)
        return;
    index_scan(index_decided(engine->index), TABLE_LIVE, actor->id, window->end,
               head->next_slot, refill_slot, actor);
    if (window->count < REFILL_SLOTS)
        window->end = head->next_slot;
}

bool mailbox_first(struct engine *engine, struct actor *actor, struct task_record *task,
                   uint64_t *record)
{
    struct window *window = &actor->window;
    struct pair_key key;
    struct view packed;
    for (;;) {
        if (window->count == 0)
            refill(engine, actor);
        if (window->count == 0)
            return false;
        const struct slot_ref *first = &window->ring[window->first];
        if (index_get_dated(index_decided(engine->index), TABLE_LIVE,
                            pair_key(&key, actor->id, first->sequence), &packed,
                            record) &&
            task_unpack(packed, task) && task->head.slot == first->slot &&
            !task_is_deferred(&actor->record.head, &task->head))
            return true;
        drop_first(actor); /* canceled, moved to another place, or set aside */
    }
}

void mailbox_drop(struct actor *actor, uint64_t slot)
{
    struct window *window = &actor->window;
    if (window->count && window->ring[window->first].slot == slot)
        drop_first(actor);
}

void mailbox_leave(struct actor *actor, uint64_t slot)
{
    mailbox_drop(actor, slot);
    actor->record.head.first_slot = slot + 1;
    if (actor->window.end < slot + 1)
        actor->window.end = slot + 1;
}

void mailbox_offer_deferred(struct actor *actor)
{
    struct actor_head *head = &actor->record.head;
    if (head->counts.deferred == 0)
        return;
    head->counts.pending += head->counts.deferred;
    head->counts.deferred = 0;
    if (head->deferred_first < head->first_slot)
        head->first_slot = head->deferred_first;
    actor->window.count = 0;
    actor->window.end = head->first_slot;
}

/* -------------------------------------------------------------------------- tasks
 */

bool task_find_live(struct index_snapshot *snapshot, uint64_t actor, uint64_t sequence,
                    struct task_record *task)
{
    struct pair_key key;
    struct view packed;
    return index_get(snapshot, TABLE_LIVE, pair_key(&key, actor, sequence), &packed) &&
           task_unpack(packed, task);
}

bool task_is_deferred(const struct actor_head *actor, const struct task_head *task)
{
    return task->state == TASK_DEFERRED &&
           task->deferred_version == actor->state_version;
}

bool task_at_place(struct index_snapshot *snapshot, uint64_t actor, uint64_t number,
                   struct view packed, struct task_record *task)
{
    uint64_t sequence;
    if (forward_unpack(packed, &sequence))
        return task_find_live(snapshot, actor, sequence, task) &&
               task->head.slot == number;
    return task_unpack(packed, task) &&
           (task->head.slot == number || task->head.slot == 0);
}

bool task_find(struct index_snapshot *snapshot, uint64_t actor, uint64_t sequence,
               struct task_record *task)
{
    struct pair_key key;
    struct view packed;
    if (task_find_live(snapshot, actor, sequence, task))
        return true;
    return index_get(snapshot, TABLE_DONE, pair_key(&key, actor, sequence), &packed) &&
           task_unpack(packed, task);
}

bool task_is_remembered(const struct engine *engine, const struct actor_head *actor,
                        const struct task_head *task, int64_t clock_ms)
{
    const struct engine_options *options = &engine->options;
    int64_t age_ms = clock_ms - task->finished_clock_ms;
    if (!task_state_is_final((enum task_state)task->state))
        return true;
    if (!(task->flags & TASK_KEYED))
        return age_ms < options->retention_keyless_ms &&
               actor->keyless_finished - task->keyless_number < RETENTION_KEYLESS_TASKS;
    return age_ms < (task->flags & TASK_KEPT_LONGER ? options->retention_failed_ms
                                                    : options->retention_done_ms);
}

bool key_find(struct engine *engine, struct index_snapshot *snapshot,
              const struct actor_head *actor, const struct key *key, int64_t clock_ms,
              struct task_record *task)
{
    uint64_t sequence;
    bool numbered = key_is_sequence(key, &sequence);
    if (!numbered) {
        struct text_key name;
        struct view value;
        struct key_place place;
        if (!index_get(snapshot, TABLE_KEYS, text_key(&name, actor->id, key_view(key)),
                       &value))
            return false;
        memcpy(&place, value.data, sizeof place);
        sequence = place.sequence;
    }
    if (!task_find(snapshot, actor->id, sequence, task))
        return false;
    return task_is_remembered(engine, actor, &task->head, clock_ms);
}
