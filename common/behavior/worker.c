/* SPDX-License-Identifier: MIT */
/*
 * The face of a worker to the engine. The engine's one thread starts up to a hundred
 * thousand turns a second here, so a start is: a turn that was used before, its line
 * written, a list, and a wake-up of the host if that does not look anyway.
 */
#include "common/behavior/worker.h"

#include <stdlib.h>

#include "common/behavior/worker_internal.h"

static struct worker *worker_of(struct behavior *behavior)
{
    return (struct worker *)behavior;
}

/* -------------------------------------------------------------------- word is left */

/* Call it with the lock; true: call the host once it is released. */
static bool must_call(struct worker *worker)
{
    bool must = !worker->is_called;
    worker->is_called = true;
    return must;
}

static struct worker_turn *take_spare(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    struct worker_turn *turn = turn_list_take(&worker->spare);
    uint64_t id = ++worker->last_id;
    pthread_mutex_unlock(&worker->lock);
    if (!turn)
        turn = memory_take_zeroed(1, sizeof *turn);
    struct bytes line = turn->line;
    bytes_clear(&line);
    *turn = (struct worker_turn){.id = id, .line = line};
    return turn;
}

static enum turn_start start(struct behavior *behavior, const struct turn_input *input,
                             uint64_t number, struct turn_output *output,
                             turn_finish_fn *finish, void *context)
{
    struct worker *worker = worker_of(behavior);
    struct worker_turn *turn = take_spare(worker);
    (void)output;
    turn->turn = number;
    turn->finish = finish;
    turn->context = context;
    turn->attempt = input->attempt;
    protocol_append_turn(&turn->line, turn->id, input);
    turn->bytes_charged = turn->line.size;
    atomic_fetch_add(&worker->turns_open, 1);
    atomic_fetch_add(&worker->bytes_open, turn->bytes_charged);

    pthread_mutex_lock(&worker->lock);
    turn_list_append(&worker->word.incoming, turn);
    bool must = must_call(worker);
    pthread_mutex_unlock(&worker->lock);
    if (must)
        host_call(worker->host, worker_look, worker);
    return TURN_STARTED;
}

static void kill_turn(struct behavior *behavior, uint64_t turn)
{
    struct worker *worker = worker_of(behavior);
    struct word *word = &worker->word;
    pthread_mutex_lock(&worker->lock);
    if (word->kill_count == word->kill_capacity) {
        word->kill_capacity = word->kill_capacity * 2 + 4;
        word->kills =
            memory_resize(word->kills, word->kill_capacity * sizeof *word->kills);
    }
    word->kills[word->kill_count++] = (struct turn_kill){turn, worker->last_id};
    bool must = must_call(worker);
    pthread_mutex_unlock(&worker->lock);
    if (must)
        host_call(worker->host, worker_look, worker);
}

static bool has_room(struct behavior *behavior)
{
    struct worker *worker = worker_of(behavior);
    size_t turns = atomic_load(&worker->turns_open);
    size_t bytes = atomic_load(&worker->bytes_open);
    return turns == 0 || (turns < (size_t)worker->slot_count * TURNS_A_PROCESS &&
                          bytes < (size_t)worker->slot_count * LINE_BYTES_A_PROCESS);
}

static void leave_word(struct worker *worker, bool *word)
{
    pthread_mutex_lock(&worker->lock);
    *word = true;
    bool must = must_call(worker);
    pthread_mutex_unlock(&worker->lock);
    if (must)
        host_call(worker->host, worker_look, worker);
}

static void restart(struct behavior *behavior)
{
    leave_word(worker_of(behavior), &worker_of(behavior)->word.restart);
}

void worker_retire(struct behavior *behavior)
{
    leave_word(worker_of(behavior), &worker_of(behavior)->word.retire);
}

/* ---------------------------------------------------------------------------- life */

struct behavior *worker_create(struct host *host, const struct worker_options *options)
{
    static const struct behavior_policy defaults = BEHAVIOR_POLICY_DEFAULT;
    struct executable executable = executable_copy(&options->executable);
    uint32_t count = executable.processes;
    struct worker *worker =
        memory_take_zeroed(1, sizeof *worker + count * sizeof worker->slots[0]);
    worker->host = host;
    worker->executable = executable;
    worker->slot_count = count;
    pthread_mutex_init(&worker->lock, NULL);
    worker->behavior =
        (struct behavior){.name = worker->executable.name,
                          .policy = options->policy ? *options->policy : defaults,
                          .runs_ahead = options->speculative,
                          .answers_later = true,
                          .start = start,
                          .kill = kill_turn,
                          .has_room = has_room,
                          .restart = restart};
    worker->plan.spawn = executable_spawn(&worker->executable);
    worker->plan.limits = options->limits;
    worker_prepare_slots(worker);
    return &worker->behavior;
}

static void free_turns(struct turn_list *list)
{
    struct worker_turn *turn;
    while ((turn = turn_list_take(list)))
        worker_turn_free(turn);
}

void worker_free(struct behavior *behavior)
{
    struct worker *worker = worker_of(behavior);
    free_turns(&worker->word.incoming);
    free_turns(&worker->spare);
    free_turns(&worker->waiting);
    free_turns(&worker->answered);
    for (uint32_t i = 0; i < worker->slot_count; i++)
        free_turns(&worker->slots[i].suspects);
    free(worker->word.kills);
    executable_free(&worker->executable);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}
