/* SPDX-License-Identifier: MIT */
/*
 * What `mailbox` shows: the oldest unfinished tasks in the order they will run, those
 * that wait for a time after the others, then the last finished ones (contract 4).
 */
#include "common/engine/engine.h"

#include <stdlib.h>

#include "common/engine/core.h"

struct mailbox_view {
    struct engine *engine;
    struct index_snapshot snapshot;
    struct actor_record record;
    struct task_info *pending, *delayed;
    size_t pending_count, delayed_count, delayed_capacity;
    struct task_info *finished;
    size_t finished_count;
};

static void add_pending(struct mailbox_view *view, const struct task_record *task)
{
    if (view->pending_count < MAILBOX_SHOWN_UNFINISHED)
        task_describe(view->engine, &view->record.head, task,
                      &view->pending[view->pending_count++]);
}

static void add_delayed(struct mailbox_view *view, const struct task_record *task)
{
    if (view->delayed_count == view->delayed_capacity) {
        view->delayed_capacity = view->delayed_capacity * 2 + 64;
        view->delayed = memory_resize(view->delayed,
                                      view->delayed_capacity * sizeof *view->delayed);
    }
    task_describe(view->engine, &view->record.head, task,
                  &view->delayed[view->delayed_count++]);
}

static bool visit_live(void *context, uint64_t number, struct view packed)
{
    struct mailbox_view *view = context;
    struct task_record task;
    if (task_at_place(&view->snapshot, view->record.head.id, number, packed, &task)) {
        if (task.head.state == TASK_DELAYED)
            add_delayed(view, &task);
        else
            add_pending(view, &task);
    }
    return view->pending_count < MAILBOX_SHOWN_UNFINISHED;
}

static int by_due(const void *left, const void *right)
{
    const struct task_info *a = left;
    const struct task_info *b = right;
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms ? -1 : 1;
    return a->sequence < b->sequence ? -1 : 1;
}

static bool visit_line(void *context, uint64_t number, struct view packed)
{
    (void)number;
    struct mailbox_view *view = context;
    struct log_record line;
    struct task_record again;
    if (!log_record_unpack(packed, &line))
        return true; /* what is damaged is for check to tell */
    if (task_find_live(&view->snapshot, view->record.head.id, line.sequence, &again))
        return true; /* it is retried, and shown among the unfinished */
    struct task_info *info = &view->finished[view->finished_count++];
    *info = (struct task_info){.sequence = line.sequence,
                               .state = (enum task_state)line.state,
                               .attempts = line.attempts,
                               .accepted_ms = line.accepted_ms,
                               .due_ms = line.due_ms,
                               .finished_ms = line.finished_ms};
    if (line.keyed) {
        info->key.size = (uint8_t)line.key.size;
        memcpy(info->key.text, line.key.data, line.key.size);
    } else {
        key_of_sequence(line.sequence, &info->key);
    }
    return view->finished_count < MAILBOX_SHOWN_FINISHED;
}

static void collect(struct mailbox_view *view)
{
    const struct actor_head *head = &view->record.head;
    uint64_t first = head->log_first;
    if (head->log_next > MAILBOX_SHOWN_FINISHED &&
        head->log_next - MAILBOX_SHOWN_FINISHED > first)
        first = head->log_next - MAILBOX_SHOWN_FINISHED;
    if (actor_head_unfinished(head))
        index_scan(&view->snapshot, TABLE_LIVE, head->id, 1, head->next_slot,
                   visit_live, view);
    index_scan(&view->snapshot, TABLE_LOG, head->id, first, head->log_next, visit_line,
               view);
}

/* A task that was retried is shown with its last outcome only. */
static bool finished_again(const struct mailbox_view *view, size_t at)
{
    for (size_t later = at + 1; later < view->finished_count; later++)
        if (view->finished[later].sequence == view->finished[at].sequence)
            return true;
    return false;
}

static void show(struct mailbox_view *view, engine_task_fn *each, void *context)
{
    size_t left = MAILBOX_SHOWN_UNFINISHED - view->pending_count;
    if (view->delayed_count > 1)
        qsort(view->delayed, view->delayed_count, sizeof *view->delayed, by_due);
    for (size_t i = 0; i < view->pending_count; i++)
        each(context, &view->pending[i]);
    for (size_t i = 0; i < view->delayed_count && i < left; i++)
        each(context, &view->delayed[i]);
    for (size_t i = 0; i < view->finished_count; i++)
        if (!finished_again(view, i))
            each(context, &view->finished[i]);
}

enum status engine_mailbox(struct engine *engine, uint64_t actor, engine_task_fn *each,
                           void *context)
{
    struct mailbox_view *view = memory_take_zeroed(1, sizeof *view);
    view->engine = engine;
    view->pending = memory_take(MAILBOX_SHOWN_UNFINISHED * sizeof *view->pending);
    view->finished = memory_take(MAILBOX_SHOWN_FINISHED * sizeof *view->finished);
    index_snapshot_begin(engine->index, &view->snapshot);
    bool found = actor_record_find(&view->snapshot, actor, &view->record);
    if (found)
        collect(view);
    index_snapshot_end(&view->snapshot);
    if (found)
        show(view, each, context);
    free(view->pending);
    free(view->delayed);
    free(view->finished);
    free(view);
    return found ? STATUS_OK : STATUS_NOT_FOUND;
}
