/* SPDX-License-Identifier: MIT */
/*
 * The end of a task, the heart of a turn. One change says all of it: outcome, result,
 * new state and the log's line. What if the power fails
 *  - before the record is on disk: the turn never was; the task runs again;
 *  - after that, before a checkpoint: replay comes here again, with the same bytes;
 *  - in the middle of a checkpoint: the finished task is put before the unfinished one
 *    is deleted, so it is found at one place or the other.
 */
#include "common/engine/apply.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/engine/core.h"

struct finish {
    struct engine *engine;
    struct actor *actor;
    const struct change *change;
    int64_t wall_ms, clock_ms;
    struct task_record task;
};

/* The task leaves the unfinished ones: its counts, its place, its timer. */
static void leave(struct finish *finish)
{
    struct engine *engine = finish->engine;
    struct actor_head *head = &finish->actor->record.head;
    const struct task_head *task = &finish->task.head;
    struct pair_key key;
    if (finish->change->flags & CHANGE_WAS_DELAYED) {
        head->counts.delayed--;
        engine->totals.delayed--;
    } else {
        *(finish->change->flags & CHANGE_WAS_DEFERRED ? &head->counts.deferred
                                                      : &head->counts.pending) -= 1;
        engine->totals.pending--;
    }
    head->counts.mailbox_bytes -= finish->task.message.size;
    index_delete(engine->index, TABLE_LIVE,
                 pair_key(&key, finish->actor->id, task->sequence), engine->applying);
    uint64_t slot = finish->change->slot;
    if (slot && slot != task->sequence)
        index_delete(engine->index, TABLE_LIVE, pair_key(&key, finish->actor->id, slot),
                     engine->applying);
    if (slot && (finish->change->flags & CHANGE_RAN || slot == head->first_slot))
        mailbox_leave(finish->actor, slot);
    else
        mailbox_drop(finish->actor, slot);
}

static void leave_timers(struct finish *finish)
{
    struct engine *engine = finish->engine;
    const struct task_record *task = &finish->task;
    struct due_key due;
    if (finish->change->flags & CHANGE_WAS_DELAYED)
        index_delete(
            engine->index, TABLE_TIMERS,
            due_key(&due, task->head.due_ms, finish->actor->id, task->head.sequence),
            engine->applying);
    if (task->timer.size == 0)
        return;
    struct text_key key;
    struct view value, name = timer_name_key(&key, finish->actor->id, task->timer);
    struct key_place place;
    if (!index_get(index_decided(engine->index), TABLE_KEYS, name, &value))
        return;
    memcpy(&place, value.data, sizeof place);
    if (place.sequence == task->head.sequence)
        index_delete(engine->index, TABLE_KEYS, name, engine->applying);
}

static void settle(struct finish *finish)
{
    const struct change *change = finish->change;
    struct task_record *task = &finish->task;
    struct actor_head *head = &finish->actor->record.head;
    task->head.state = change->outcome;
    task->head.slot = 0;
    task->head.attempts = change->attempts;
    task->head.turn_ms = change->turn_ms;
    task->head.finished_ms = finish->wall_ms;
    task->head.finished_clock_ms = finish->clock_ms;
    task->head.flags &= TASK_KEYED;
    if (change->outcome == TASK_FAILED)
        task->head.flags |= TASK_KEPT_LONGER;
    if (change->flags & CHANGE_RESULT_IS_MESSAGE)
        task->head.flags |= TASK_RESULT_IS_MESSAGE;
    task->result = change->result;
    if (!(task->head.flags & TASK_KEYED))
        task->head.keyless_number = ++head->keyless_finished;
}

static void remember(struct finish *finish)
{
    struct engine *engine = finish->engine;
    const struct task_record *task = &finish->task;
    struct pair_key key;
    char *space = index_put(engine->index, TABLE_DONE,
                            pair_key(&key, finish->actor->id, task->head.sequence),
                            engine->applying, task_packed_size(task));
    task_pack(task, space);
    if (!(task->head.flags & TASK_KEYED))
        return;
    struct text_key name;
    struct key_place place = {
        .sequence = task->head.sequence,
        .class = task->head.flags & TASK_KEPT_LONGER ? RECEIPT_FAILED : RECEIPT_DONE};
    space = index_put(engine->index, TABLE_KEYS,
                      text_key(&name, finish->actor->id, task->key), engine->applying,
                      sizeof place);
    memcpy(space, &place, sizeof place);
}

static void write_log(struct finish *finish)
{
    struct engine *engine = finish->engine;
    struct actor_head *head = &finish->actor->record.head;
    const struct task_record *task = &finish->task;
    struct view line = log_line(engine, finish->actor->id, finish->wall_ms, task);
    struct log_record record = {.sequence = task->head.sequence,
                                .accepted_ms = task->head.accepted_ms,
                                .due_ms = task->head.due_ms,
                                .finished_ms = finish->wall_ms,
                                .attempts = task->head.attempts,
                                .state = task->head.state,
                                .keyed = task->head.flags & TASK_KEYED,
                                .key = task->key,
                                .line = line};
    size_t size = log_record_packed_size(&record);
    struct pair_key key;
    for (; head->log_first < finish->change->log_first; head->log_first++)
        index_delete(engine->index, TABLE_LOG,
                     pair_key(&key, finish->actor->id, head->log_first),
                     engine->applying);
    struct view number = pair_key(&key, finish->actor->id, head->log_next++);
    char *space =
        engine->replaying
            ? index_put(engine->index, TABLE_LOG, number, engine->applying, size)
            : index_put_fresh(engine->index, TABLE_LOG, number, engine->applying, size);
    log_record_pack(&record, space);
    head->log_bytes = finish->change->log_bytes;
}

static void count(struct finish *finish)
{
    struct index_totals *totals = &finish->engine->totals;
    struct actor_counts *counts = &finish->actor->record.head.counts;
    enum task_state outcome = (enum task_state)finish->change->outcome;
    ENSURE(task_state_is_final(outcome));
    switch (outcome) {
    case TASK_DONE:
        counts->done++;
        totals->done++;
        break;
    case TASK_FAILED:
        counts->failed++;
        totals->failed++;
        break;
    case TASK_CANCELED:
        counts->canceled++;
        totals->canceled++;
        break;
    case TASK_PENDING:
    case TASK_DELAYED:
    case TASK_RUNNING:
    case TASK_RETRYING:
    case TASK_DEFERRED:
        break;
    }
}

static void note_outcome(struct finish *finish)
{
    const struct change *change = finish->change;
    struct actor_head *head = &finish->actor->record.head;
    head->last_finished = change->sequence;
    if (head->running == change->sequence)
        head->running = 0;
    if (head->retry_sequence == change->sequence) {
        head->retry_sequence = 0;
        head->flags &= ~(uint32_t)ACTOR_RETRYING;
    }
    if (change->flags & CHANGE_RAN)
        head->last_turn_ms = finish->wall_ms;
    if (change->outcome != TASK_FAILED)
        return;
    attention_note_failure(finish->actor, &finish->task);
    const struct engine_options *options = &finish->engine->options;
    int64_t until_ms = finish->clock_ms + (finish->task.head.flags & TASK_KEYED
                                               ? options->retention_failed_ms
                                               : options->retention_keyless_ms);
    if (until_ms > head->failed_until_ms)
        head->failed_until_ms = until_ms;
}

static void change_state(struct finish *finish)
{
    if (!(finish->change->flags & CHANGE_STATE_CHANGED))
        return;
    struct pair_key key;
    struct actor_head *head = &finish->actor->record.head;
    struct view state = finish->change->state;
    char *space = index_put(finish->engine->index, TABLE_STATES,
                            single_key(&key, finish->actor->id),
                            finish->engine->applying, state.size);
    if (state.size)
        memcpy(space, state.data, state.size);
    head->state_version++;
    head->state_bytes = state.size;
    head->state_ms = finish->wall_ms;
    finish->actor->record.state_type[0] = '\0';
    mailbox_offer_deferred(finish->actor);
}

void apply_finish(struct engine *engine, const struct change *change, int64_t wall_ms,
                  int64_t clock_ms)
{
    struct finish finish = {.engine = engine,
                            .actor = actor_get(engine, change->actor),
                            .change = change,
                            .wall_ms = wall_ms,
                            .clock_ms = clock_ms};
    ENSURE(finish.actor);
    ENSURE(task_find(index_decided(engine->index), change->actor, change->sequence,
                     &finish.task));
    leave(&finish);
    leave_timers(&finish);
    settle(&finish);
    change_state(&finish);
    count(&finish);
    note_outcome(&finish);
    write_log(&finish);
    remember(&finish);
    batch_note_finished(&engine->batch, change->actor, change->sequence);
    actor_touch(engine, finish.actor);
}
