/* SPDX-License-Identifier: MIT */
/*
 * Which turn goes where. A turn is in one of these lists: waiting (for any process), a
 * slot's suspects, or a process's. What waits goes to the process that has the fewest,
 * and if all are busy one more is started; while a slot has suspects, its process gets
 * nothing but these, one at a time (worker_ends.c tells why).
 */
#include <stdlib.h>

#include "common/behavior/worker_internal.h"

/* ------------------------------------------------------------------------ dispatch */

static bool is_running(const struct slot *slot)
{
    return slot->process && slot->process->phase == PROCESS_RUNNING;
}

static bool is_starting(const struct slot *slot)
{
    return slot->process && slot->process->phase == PROCESS_STARTING;
}

static bool can_start(const struct slot *slot)
{
    return !slot->process && slot->pause.place == 0;
}

/* A process with a suspect gets nothing else. */
static bool takes_turns(const struct slot *slot, size_t turns_max)
{
    if (!is_running(slot) || slot->suspects.count)
        return false;
    const struct turn_list *turns = &slot->process->turns;
    return turns->count < turns_max && !(turns->count && turns->first->is_suspect);
}

/* The first process must not take all of a burst while the others are being started:
   what was handed over is not taken back. */
static size_t find_turns_max(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->slot_count; i++)
        if (is_starting(&worker->slots[i]) || can_start(&worker->slots[i]))
            return TURNS_A_PROCESS_AT_FIRST;
    return TURNS_A_PROCESS;
}

static struct slot *find_least_loaded(struct worker *worker, size_t turns_max)
{
    struct slot *least = NULL;
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (!takes_turns(slot, turns_max))
            continue;
        if (!least || slot->process->turns.count < least->process->turns.count)
            least = slot;
        if (least->process->turns.count == 0)
            break;
    }
    return least;
}

static void give_suspect(struct slot *slot)
{
    if (!is_running(slot) || slot->process->turns.count || !slot->suspects.count)
        return;
    struct worker_turn *turn = turn_list_take(&slot->suspects);
    turn->is_suspect = true;
    bytes_clear(&slot->process->complaints.tail); /* of other turns */
    worker_process_give(slot->process, turn);
}

static void start_process(struct slot *slot)
{
    slot->process = worker_process_start(&slot->worker->plan);
    slot->process->slot = slot;
}

/* One more at a time. */
static void start_another(struct worker *worker)
{
    struct slot *empty = NULL;
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (is_starting(slot))
            return;
        if (!empty && can_start(slot))
            empty = slot;
    }
    if (empty)
        start_process(empty);
}

static void hand_out_suspects(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->suspects.count && can_start(slot))
            start_process(slot);
        give_suspect(slot);
    }
}

static void hand_out_waiting(struct worker *worker)
{
    size_t turns_max = find_turns_max(worker);
    bool is_busy = false;
    struct slot *slot;
    while (worker->waiting.count && (slot = find_least_loaded(worker, turns_max))) {
        is_busy |= slot->process->turns.count > 0;
        worker_process_give(slot->process, turn_list_take(&worker->waiting));
    }
    if (is_busy || worker->waiting.count)
        start_another(worker);
}

void worker_dispatch(struct worker *worker)
{
    if (host_is_closing(worker->host))
        return;
    hand_out_suspects(worker);
    hand_out_waiting(worker);
    for (uint32_t i = 0; i < worker->slot_count; i++)
        if (is_running(&worker->slots[i]) && !worker->slots[i].process->is_full)
            worker_process_flush(worker->slots[i].process);
}

static void pause_ended(struct host_timer *timer)
{
    struct slot *slot = (void *)((char *)timer - offsetof(struct slot, pause));
    worker_dispatch(slot->worker);
}

/* ------------------------------------------------------------------- old processes */

static void link_old(struct worker *worker, struct worker_process *process)
{
    process->previous = NULL;
    process->next = worker->old;
    if (process->next)
        process->next->previous = process;
    worker->old = process;
}

void worker_unlink_old(struct worker *worker, struct worker_process *process)
{
    if (process->previous)
        process->previous->next = process->next;
    else
        worker->old = process->next;
    if (process->next)
        process->next->previous = process->previous;
}

/* Its slot is free for a new process at once. */
static void retire_process(struct slot *slot)
{
    struct worker_process *process = slot->process;
    slot->process = NULL;
    process->slot = NULL;
    link_old(slot->worker, process);
    worker_process_retire(process);
}

void worker_take_unbegun(struct worker *worker, struct worker_process *process,
                         const struct worker_turn *blamed)
{
    struct turn_list unbegun = {0};
    struct worker_turn *next;
    for (struct worker_turn *turn = process->unwritten; turn; turn = next) {
        next = turn->next;
        if (turn == blamed || turn->is_suspect ||
            worker_process_has_begun(process, turn))
            continue;
        worker_process_take_back(process, turn);
        turn->queue = &worker->waiting;
        turn_list_append(&unbegun, turn);
    }
    turn_list_put_before(&worker->waiting, &unbegun);
}

static void retire_processes(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        host_timer_cancel(worker->host, &slot->pause);
        slot->pause_ms = 0;
        if (!slot->process)
            continue;
        worker_take_unbegun(worker, slot->process, NULL);
        retire_process(slot);
    }
}

void worker_retire_if_idle(struct worker *worker)
{
    if (worker->is_retired && atomic_load(&worker->turns_open) == 0)
        retire_processes(worker);
}

/* --------------------------------------------------------------------------- words */

static void moved(struct worker_process *process)
{
    struct worker *worker = process->plan->owner;
    worker_retire_if_idle(worker);
    worker_dispatch(worker);
}

static struct worker_turn *find_turn(struct worker *worker,
                                     const struct turn_kill *kill)
{
    for (size_t i = 0; i < TURN_BUCKETS; i++)
        for (struct worker_turn *turn = worker->table.buckets[i]; turn;
             turn = turn->next_in_bucket)
            if (turn->turn == kill->turn && turn->id <= kill->last_id)
                return turn;
    return NULL;
}

static void remove_unsent(struct worker *worker, struct worker_turn *turn)
{
    if (turn->process)
        worker_process_take_back(turn->process, turn);
    else
        turn_list_remove(turn->queue, turn);
    worker_answer_with(worker, turn, TURN_FAILED, view_text("canceled"));
}

static void kill_turn(struct worker *worker, const struct turn_kill *kill)
{
    struct worker_turn *turn = find_turn(worker, kill);
    if (!turn)
        return;
    if (!turn->process || !worker_process_has_begun(turn->process, turn))
        remove_unsent(worker, turn);
    else
        worker_process_end_turn(turn, TURN_CANCELED);
}

static struct word take_word(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    struct word word = worker->word;
    worker->word = (struct word){0};
    worker->is_called = false;
    if (worker->spare.count < TURNS_SPARE_MAX)
        turn_list_put_behind(&worker->spare, &worker->answered);
    pthread_mutex_unlock(&worker->lock);
    return word;
}

void worker_look(void *context)
{
    struct worker *worker = context;
    struct word word = take_word(worker);
    for (struct worker_turn *turn = word.incoming.first; turn; turn = turn->next) {
        turn->queue = &worker->waiting;
        turn_table_put(&worker->table, turn);
    }
    turn_list_put_behind(&worker->waiting, &word.incoming);
    if (word.restart)
        retire_processes(worker);
    for (size_t i = 0; i < word.kill_count; i++)
        kill_turn(worker, &word.kills[i]);
    free(word.kills);
    worker->is_retired |= word.retire;
    worker_retire_if_idle(worker);
    worker_dispatch(worker);
}

void worker_prepare_slots(struct worker *worker)
{
    worker->plan.host = worker->host;
    worker->plan.name = worker->behavior.name;
    worker->plan.timeout_ms = worker->behavior.policy.timeout_ms;
    worker->plan.table = &worker->table;
    worker->plan.rate = &worker->complaint_rate;
    worker->plan.started = worker_started;
    worker->plan.answered = worker_answered;
    worker->plan.moved = moved;
    worker->plan.ended = worker_ended;
    worker->plan.owner = worker;
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        worker->slots[i].worker = worker;
        worker->slots[i].pause.expired = pause_ended;
    }
}
