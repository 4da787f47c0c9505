/* SPDX-License-Identifier: MIT */
/* Control words about tasks. */
#include "common/engine/control.h"

#include <stdlib.h>

#include "common/engine/core.h"
#include "common/engine/notice.h"

static void sequence_list_add(struct sequence_list *list, uint64_t sequence)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity * 2 + 16;
        list->list = memory_resize(list->list, list->capacity * sizeof *list->list);
    }
    list->list[list->count++] = sequence;
}

static bool is_among(const struct control *control, size_t count, uint64_t sequence)
{
    for (size_t i = 0; i < count; i++)
        if (control->ended.list[i] == sequence)
            return true;
    return false;
}

static void note_ended(struct control *control, uint64_t sequence)
{
    sequence_list_add(&control->ended, sequence);
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
    if (is_among(control, control->ended.count, task->head.sequence)) {
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
    if (control->engine->record_is_open) /* a letter may have come to the same actor */
        control->head = control->actor->record.head;
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

static bool find_failed_line(void *context, uint64_t number, struct view packed)
{
    (void)number;
    struct log_record line;
    if (log_record_unpack(packed, &line) && line.state == TASK_FAILED)
        sequence_list_add(context, line.sequence);
    return true;
}

static void find_failed(void *context, uint64_t sequence)
{
    sequence_list_add(context, sequence);
}

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static void retry_if_failed(struct control *control, uint64_t sequence)
{
    struct engine *engine = control->engine;
    struct task_record task;
    if (task_find(index_decided(engine->index), control->head.id, sequence, &task) &&
        task.head.state == TASK_FAILED &&
        task_is_remembered(engine, &control->head, &task.head, engine->clock_ms) &&
        !is_among(control, control->ended_before, sequence))
        retry_task(control, &task);
}

/* In the order in which they were sent: those with a key, however long ago they failed,
   and of the others those that the log shows. */
static void retry_failed(struct control *control)
{
    struct index *index = control->engine->index;
    const struct actor_head *head = &control->actor->record.head;
    struct sequence_list failed = {0};
    index_each_failed(index, head->id, find_failed, &failed);
    index_scan(index_decided(index), TABLE_LOG, head->id, head->log_first,
               head->log_next, find_failed_line, &failed);
    if (failed.count)
        qsort(failed.list, failed.count, sizeof *failed.list, by_number);
    for (size_t i = 0; i < failed.count; i++)
        if (i == 0 || failed.list[i] != failed.list[i - 1])
            retry_if_failed(control, failed.list[i]);
    free(failed.list);
}

void control_retry(struct control *control, struct view argument)
{
    struct task_record task;
    if (view_equal(argument, view_text("failed"))) {
        retry_failed(control);
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
    struct sequence_list found;
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
    sequence_list_add(&clearing->found, task.head.sequence);
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
    for (size_t i = 0; i < clearing.found.count; i++)
        if (task_find_live(index_decided(engine->index), control->head.id,
                           clearing.found.list[i], &task))
            cancel_task(control, &task);
    free(clearing.found.list);
}

void control_cancel_timer(struct control *control, struct view argument)
{
    struct task_record task;
    if (!timer_find(control->engine, control->head.id, argument, &task))
        control_refuse(control, STATUS_NOT_FOUND, "canceltimer", argument,
                       "no such timer");
    else if (!is_among(control, control->ended.count, task.head.sequence))
        cancel_task(control, &task);
}
