/* SPDX-License-Identifier: MIT */
/* Control words about tasks. */
#include "common/engine/control.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/engine/core.h"
#include "common/engine/notice.h"

static bool is_among(const struct control *control, size_t count, uint64_t sequence)
{
    for (size_t i = 0; i < count; i++)
        if (control->ended[i] == sequence)
            return true;
    return false;
}

static bool was_ended(const struct control *control, uint64_t sequence)
{
    return is_among(control, control->ended_count, sequence);
}

static void note_ended(struct control *control, uint64_t sequence)
{
    if (control->ended_count == control->ended_capacity) {
        control->ended_capacity = control->ended_capacity * 2 + 16;
        control->ended = memory_resize(control->ended, control->ended_capacity *
                                                           sizeof *control->ended);
    }
    control->ended[control->ended_count++] = sequence;
}

/* ------------------------------------------------------------------ one task each */

static bool find_key(struct control *control, const char *word, struct view argument,
                     struct task_record *task)
{
    struct key key;
    struct engine *engine = control->engine;
    if (key_from_name(argument, &key)) {
        control_refuse(control, STATUS_INVALID, word, argument, "that is no key");
        return false;
    }
    if (!key_find(engine, index_decided(engine->index), &control->actor->record.head,
                  &key, engine->clock_ms, task)) {
        control_refuse(control, STATUS_NOT_FOUND, word, argument, "no such key");
        return false;
    }
    if (was_ended(control, task->head.sequence)) {
        control_refuse(control, STATUS_BUSY, word, argument,
                       "a word before it in the same write concerns that task already");
        return false;
    }
    return true;
}

static void cancel_task(struct control *control, const struct task_record *task)
{
    struct change change;
    struct actor_counts *counts = &control->head.counts;
    turn_cancel_change(control->engine, &control->head, task, &change);
    *(change.flags & CHANGE_WAS_DELAYED    ? &counts->delayed
      : change.flags & CHANGE_WAS_DEFERRED ? &counts->deferred
                                           : &counts->pending) -= 1;
    control_add(control, &change);
    notice_finished(control->engine, control->actor, task, TASK_CANCELED,
                    view_of("", 0));
    note_ended(control, task->head.sequence);
    if (control->head.retry_sequence == task->head.sequence)
        control->head.flags &= ~(uint32_t)ACTOR_RETRYING;
    if (control->actor->running_sequence == task->head.sequence)
        control->voids_turn = true;
}

void control_cancel(struct control *control, struct view argument)
{
    struct task_record task;
    if (!find_key(control, "cancel", argument, &task))
        return;
    if (task_state_is_final((enum task_state)task.head.state))
        control_refuse(control, STATUS_BUSY, "cancel", argument,
                       "the task is finished");
    else
        cancel_task(control, &task);
}

void control_forget(struct control *control, struct view argument)
{
    struct task_record task;
    if (!find_key(control, "forget", argument, &task))
        return;
    uint8_t outcome = task.head.state;
    if (!task_state_is_final((enum task_state)outcome)) {
        cancel_task(control, &task);
        outcome = TASK_CANCELED;
    } else {
        note_ended(control, task.head.sequence);
    }
    struct change change = {.type = CHANGE_FORGET,
                            .actor = control->head.id,
                            .sequence = task.head.sequence,
                            .outcome = outcome,
                            .key = task.key};
    control_add(control, &change);
}

static void retry_task(struct control *control, const struct task_record *task)
{
    struct change change = {.type = CHANGE_RETRY,
                            .actor = control->head.id,
                            .sequence = task->head.sequence,
                            .slot = record_take_slot(control->engine, control->actor),
                            .outcome = task->head.state,
                            .openings = index_incarnation(control->engine->index)};
    control->head.counts.pending++;
    control_add(control, &change);
    note_ended(control, task->head.sequence);
}

/* --------------------------------------------------------------------- many tasks */

static bool retry_line(void *context, uint64_t number, struct view packed)
{
    (void)number;
    struct control *control = context;
    struct engine *engine = control->engine;
    struct log_record line;
    struct task_record task;
    if (!log_record_unpack(packed, &line) || line.state != TASK_FAILED ||
        was_ended(control, line.sequence))
        return true;
    if (task_find(index_decided(engine->index), control->head.id, line.sequence,
                  &task) &&
        task.head.state == TASK_FAILED &&
        task_is_remembered(engine, &control->head, &task.head, engine->clock_ms))
        retry_task(control, &task);
    return true;
}

/* The failed tasks are found in the log, oldest first. */
void control_retry(struct control *control, struct view argument)
{
    struct task_record task;
    const struct actor_head *head = &control->actor->record.head;
    if (view_equal(argument, view_text("failed"))) {
        index_scan(index_decided(control->engine->index), TABLE_LOG, head->id,
                   head->log_first, head->log_next, retry_line, control);
        return;
    }
    if (!find_key(control, "retry", argument, &task))
        return;
    if (task.head.state == TASK_FAILED || task.head.state == TASK_CANCELED)
        retry_task(control, &task);
    else
        control_refuse(control, STATUS_BUSY, "retry", argument,
                       "the task neither failed nor was canceled");
}

struct clearing {
    struct control *control;
    uint64_t *found; /* sequence numbers */
    size_t count, capacity;
};

static bool clear_task(void *context, uint64_t number, struct view packed)
{
    struct clearing *clearing = context;
    struct control *control = clearing->control;
    const struct actor *actor = control->actor;
    struct task_record task;
    if (!task_at_place(index_decided(control->engine->index), actor->id, number, packed,
                       &task) ||
        is_among(control, control->ended_before, task.head.sequence) ||
        (task.head.sequence == actor->running_sequence && !actor->turn_void))
        return true;
    if (clearing->count == clearing->capacity) {
        clearing->capacity = clearing->capacity * 2 + 64;
        clearing->found = memory_resize(clearing->found,
                                        clearing->capacity * sizeof *clearing->found);
    }
    clearing->found[clearing->count++] = task.head.sequence;
    return true;
}

/* All that waits, each visited once; the running turn goes on. They are found before
   any is canceled: in an open record that changes the table. */
void control_clear(struct control *control)
{
    struct engine *engine = control->engine;
    struct clearing clearing = {.control = control};
    struct task_record task;
    index_scan(index_decided(engine->index), TABLE_LIVE, control->head.id, 1,
               control->actor->record.head.next_slot, clear_task, &clearing);
    for (size_t i = 0; i < clearing.count; i++)
        if (task_find_live(index_decided(engine->index), control->head.id,
                           clearing.found[i], &task))
            cancel_task(control, &task);
    free(clearing.found);
}

void control_cancel_timer(struct control *control, struct view argument)
{
    struct task_record task;
    if (!timer_find(control->engine, control->head.id, argument, &task))
        control_refuse(control, STATUS_NOT_FOUND, "canceltimer", argument,
                       "no such timer");
    else if (!was_ended(control, task.head.sequence))
        cancel_task(control, &task);
}
