/* SPDX-License-Identifier: MIT */
/*
 * What becomes of turns: answered, or left behind by a process.
 *
 * When a process dies of itself, the turns that it may have begun become its slot's
 * suspects: they go first, one at a time. Only who is alone in a process that has done
 * nothing else is certainly the author of its death, and his attempt is counted; a
 * process may answer one turn, and die of it while it has the next. When we kill a
 * process, for a time limit or for a turn that is canceled, the cause is known: the
 * other turns simply go first.
 *
 * Between a death and the next start a slot pauses, the longer the more often it dies
 * without having answered anything. What cannot be started at all is told to the turns
 * that wait for it.
 */
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/behavior/worker_internal.h"

enum {
    PAUSE_MS_FIRST = 100,
    PAUSE_MS_MAX = 30 * 1000,
    HEALTHY_MS = 10 * 1000, /* who lived so long pauses no longer than at first */
    SPARE_LINE_BYTES_MAX = 4096,
};

/* ------------------------------------------------------------------------- answers */

static void recycle(struct worker *worker, struct worker_turn *turn)
{
    if (turn->line.capacity > SPARE_LINE_BYTES_MAX ||
        worker->answered.count >= TURNS_SPARE_MAX)
        worker_turn_free(turn);
    else
        turn_list_append(&worker->answered, turn);
}

/* The turn is in no list any more. */
static void answer(struct worker *worker, struct worker_turn *turn,
                   struct turn_output *output)
{
    turn_table_remove(&worker->table, turn);
    atomic_fetch_sub(&worker->turns_open, 1);
    atomic_fetch_sub(&worker->bytes_open, turn->bytes_charged);
    if (!host_is_closing(worker->host))
        turn->finish(turn->context, turn->turn, output);
    turn_output_free(output);
    recycle(worker, turn);
}

void worker_answer_with(struct worker *worker, struct worker_turn *turn,
                        enum turn_verdict verdict, struct view error)
{
    struct turn_output output = {.verdict = verdict};
    bytes_append(&output.error, error);
    answer(worker, turn, &output);
}

static void answer_overdue(struct worker *worker, struct worker_turn *turn)
{
    int64_t ms = worker->plan.timeout_ms;
    BYTES_AUTO(error);
    if (ms % 1000 == 0)
        bytes_format(&error, "time limit of %jd s exceeded", (intmax_t)(ms / 1000));
    else
        bytes_format(&error, "time limit of %jd ms exceeded", (intmax_t)ms);
    worker_answer_with(worker, turn, TURN_RETRY, view_bytes(&error));
}

static void answer_died(struct worker *worker, struct worker_turn *turn,
                        struct worker_process *process)
{
    struct view tail = complaints_tail(&process->complaints);
    BYTES_AUTO(error);
    if (tail.size) {
        bytes_append(&error, tail);
    } else {
        bytes_append_text(&error, "the worker died: ");
        worker_process_explain(process, &error);
    }
    worker_answer_with(worker, turn, TURN_RETRY, view_bytes(&error));
}

void worker_answered(struct worker_process *process, struct worker_turn *turn,
                     struct turn_output *output)
{
    answer(process->plan->owner, turn, output);
}

/* ---------------------------------------------------------------------------- ends */

/* A process took the turn and is gone: asked again, it is not the first time. */
static void raise_attempt(struct worker_turn *turn)
{
    turn->process = NULL;
    protocol_set_attempt(&turn->line, ++turn->attempt);
}

static struct slot *find_fewest_suspects(struct worker *worker)
{
    struct slot *fewest = &worker->slots[0];
    for (uint32_t i = 1; i < worker->slot_count; i++)
        if (worker->slots[i].suspects.count < fewest->suspects.count)
            fewest = &worker->slots[i];
    return fewest;
}

/* What becomes of the turns that a process leaves behind, all of them begun. */
static void settle_turns(struct worker *worker, struct worker_process *process)
{
    bool is_innocent = process->is_killed_for_turn;
    struct slot *slot = process->slot ? process->slot : find_fewest_suspects(worker);
    struct turn_list *queue = is_innocent ? &worker->waiting : &slot->suspects;
    struct turn_list again = {0};
    struct worker_turn *turn;
    while ((turn = turn_list_take(&process->turns))) {
        if (turn->end == TURN_OVERDUE) {
            answer_overdue(worker, turn);
        } else if (turn->end == TURN_CANCELED) {
            worker_answer_with(worker, turn, TURN_FAILED, view_text("canceled"));
        } else if (turn->is_suspect && !is_innocent && !process->has_answered) {
            answer_died(worker, turn, process);
        } else {
            raise_attempt(turn);
            turn->queue = queue;
            turn_list_append(&again, turn);
        }
    }
    turn_list_put_before(queue, &again);
}

static void pause_slot(struct slot *slot)
{
    slot->pause_ms = slot->pause_ms ? slot->pause_ms * 2 : PAUSE_MS_FIRST;
    if (slot->pause_ms > PAUSE_MS_MAX)
        slot->pause_ms = PAUSE_MS_MAX;
    host_timer_start(slot->worker->host, &slot->pause, slot->pause_ms);
}

static void log_end(struct worker *worker, const struct worker_process *process)
{
    BYTES_AUTO(text);
    bool is_asked = process->is_retired && process->turns.count == 0 && !process->why;
    if (is_asked || host_is_closing(worker->host))
        return;
    worker_process_explain(process, &text);
    log_warning("%s: %s: %.*s; it had %zu turn%s", worker->behavior.name,
                process->label, (int)text.size, text.data, process->turns.count,
                text_plural(process->turns.count));
}

void worker_ended(struct worker_process *process)
{
    struct worker *worker = process->plan->owner;
    struct slot *slot = process->slot;
    bool is_healthy =
        process->has_answered || host_now_ms() - process->started_ms >= HEALTHY_MS;
    log_end(worker, process);
    /* One that ends before it reads anything would end so for ever, unheard of. */
    worker_take_unbegun(worker, process,
                        process->has_answered ? NULL : process->turns.first);
    settle_turns(worker, process);
    if (slot) {
        slot->process = NULL;
        if (is_healthy)
            slot->pause_ms = 0;
        if (!process->is_killed_for_turn)
            pause_slot(slot);
    } else {
        worker_unlink_old(worker, process);
    }
    worker_process_free(process);
    worker_retire_if_idle(worker);
    worker_dispatch(worker);
}

/* -------------------------------------------------------------------------- starts */

static bool has_process(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->slot_count; i++)
        if (worker->slots[i].process)
            return true;
    return false;
}

static void refuse_all(struct worker *worker, struct turn_list *list, struct view error)
{
    struct turn_list refused = {0};
    struct worker_turn *turn;
    turn_list_put_behind(&refused, list);
    while ((turn = turn_list_take(&refused)))
        worker_answer_with(worker, turn, TURN_RETRY, error);
}

/* What passes by itself is waited for; anything else somebody has to repair, and hears
   of it from the turns. */
static void tell_failed_start(struct worker *worker, struct slot *slot,
                              const struct worker_process *process)
{
    BYTES_AUTO(error);
    spawn_explain(&error, &worker->plan.spawn, process->start_error,
                  process->failed_step);
    log_warning("%s: %.*s", worker->behavior.name, (int)error.size, error.data);
    if (spawn_error_passes(process->start_error))
        return;
    if (slot)
        refuse_all(worker, &slot->suspects, view_bytes(&error));
    if (!has_process(worker))
        refuse_all(worker, &worker->waiting, view_bytes(&error));
}

static void start_failed(struct worker *worker, struct worker_process *process)
{
    struct slot *slot = process->slot;
    if (slot) {
        slot->process = NULL;
        pause_slot(slot);
    } else {
        worker_unlink_old(worker, process);
    }
    if (!host_is_closing(worker->host))
        tell_failed_start(worker, slot, process);
    worker_process_free(process);
}

void worker_started(struct worker_process *process)
{
    struct worker *worker = process->plan->owner;
    if (process->start_error)
        start_failed(worker, process);
    worker_dispatch(worker);
}
