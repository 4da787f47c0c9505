/* SPDX-License-Identifier: MIT */
/*
 * The behavior around the turns: which are under way, and whether another may be. A
 * turn is started by a helper, because that takes as long as execve(2), and from then
 * on belongs to the host's thread, which alone ends it.
 */
#include "common/behavior/program.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/behavior/program_internal.h"

static struct program *program_of(struct behavior *behavior)
{
    return OWNER_OF(behavior, struct program, behavior);
}

static void remember(struct program_turn *turn)
{
    struct program *program = turn->program;

    pthread_mutex_lock(&program->lock);
    turn->serial = ++program->last_serial;
    turn->next = program->turns;
    if (turn->next)
        turn->next->previous = turn;
    program->turns = turn;
    program->running++;
    pthread_mutex_unlock(&program->lock);
}

void program_forget(struct program_turn *turn)
{
    struct program *program = turn->program;

    pthread_mutex_lock(&program->lock);
    if (turn->previous)
        turn->previous->next = turn->next;
    else
        program->turns = turn->next;
    if (turn->next)
        turn->next->previous = turn->previous;
    program->running--;
    pthread_mutex_unlock(&program->lock);
}

static bool program_has_room(struct behavior *behavior)
{
    struct program *program = program_of(behavior);

    pthread_mutex_lock(&program->lock);
    bool has_room = program->running < program->executable.processes;
    pthread_mutex_unlock(&program->lock);
    return has_room;
}

static struct program_turn *create_turn(struct program *program,
                                        const struct turn_input *input)
{
    struct program_turn *turn = memory_take_zeroed(1, sizeof *turn);

    ENSURE(input->actor.size < sizeof(turn->actor));
    turn->program = program;
    memcpy(turn->actor, input->actor.data, input->actor.size);
    bytes_append(&turn->message, input->message);
    bytes_append(&turn->state, input->state);
    environment_copy(&turn->environment, &program->executable.environment);
    environment_set_turn(&turn->environment, input);
    turn->in.watch.fd = turn->out.watch.fd = turn->err.watch.fd = -1;
    turn->complaints =
        (struct complaints){.behavior = program->behavior.name,
                            .actor = turn->actor,
                            .rate = &program->rate,
                            .tail_bytes_max = program->limits.error_bytes};
    return turn;
}

static enum turn_start program_start(struct behavior *behavior,
                                     const struct turn_input *input, uint64_t id,
                                     struct turn_output *output, turn_finish_fn *finish,
                                     void *context)
{
    struct program *program = program_of(behavior);

    if (host_is_closing(program->host)) {
        output->verdict = TURN_RETRY;
        bytes_append_text(&output->error, "the daemon stops");
        return TURN_ANSWERED;
    }
    struct program_turn *turn = create_turn(program, input);
    turn->id = id;
    turn->finish = finish;
    turn->context = context;
    remember(turn);
    host_lend(program->host, program_turn_start, turn);
    return TURN_STARTED;
}

/* By its serial: when the host gets to it, the actor may already be at its next turn.
 */
struct killing {
    struct program *program;
    uint64_t serial;
};

/* Turns are freed by the host's thread, which runs this. */
static void kill_on_host(void *context)
{
    struct killing *killing = context;
    struct program_turn *turn;

    pthread_mutex_lock(&killing->program->lock);
    for (turn = killing->program->turns; turn && turn->serial != killing->serial;)
        turn = turn->next;
    pthread_mutex_unlock(&killing->program->lock);
    if (turn)
        program_turn_kill(turn);
    free(killing);
}

/* 0: the actor runs none. */
static uint64_t find_serial(struct program *program, uint64_t id)
{
    struct program_turn *turn;

    pthread_mutex_lock(&program->lock);
    for (turn = program->turns; turn && turn->id != id;)
        turn = turn->next;
    uint64_t serial = turn ? turn->serial : 0;
    pthread_mutex_unlock(&program->lock);
    return serial;
}

static void program_kill(struct behavior *behavior, uint64_t id)
{
    struct program *program = program_of(behavior);
    struct killing *killing = memory_take(sizeof *killing);

    *killing = (struct killing){program, find_serial(program, id)};
    host_call(program->host, kill_on_host, killing);
}

static size_t or_default(size_t value, size_t otherwise)
{
    return value ? value : otherwise;
}

static struct program_limits fill_limits(struct program_limits limits)
{
    return (struct program_limits){
        .result_bytes = or_default(limits.result_bytes, RESULT_BYTES_DEFAULT),
        .state_bytes = or_default(limits.state_bytes, STATE_BYTES_DEFAULT),
        .outbox_bytes = or_default(limits.outbox_bytes, OUTBOX_BYTES_DEFAULT),
        .error_bytes = or_default(limits.error_bytes, ERROR_DETAIL_BYTES_MAX),
    };
}

struct behavior *program_create(struct host *host,
                                const struct program_options *options)
{
    static const struct behavior_policy by_default = BEHAVIOR_POLICY_DEFAULT;
    struct program *program = memory_take_zeroed(1, sizeof *program);

    program->host = host;
    program->executable = executable_copy(&options->executable);
    program->limits = fill_limits(options->limits);
    program->folders = turnfolders_open(options->folder, program->executable.user);
    turnfolders_remove_orphaned(options->folder);
    pthread_mutex_init(&program->lock, NULL);
    program->behavior =
        (struct behavior){.name = program->executable.name,
                          .policy = options->policy ? *options->policy : by_default,
                          .answers_later = true,
                          .start = program_start,
                          .kill = program_kill,
                          .has_room = program_has_room};
    return &program->behavior;
}

void program_free(struct behavior *behavior)
{
    struct program *program = program_of(behavior);

    while (program->turns) {
        struct program_turn *turn = program->turns;

        program_forget(turn);
        program_turn_free(turn);
    }
    complaint_rate_tell(&program->rate, program->behavior.name);
    turnfolders_close(program->folders);
    pthread_mutex_destroy(&program->lock);
    executable_free(&program->executable);
    free(program);
}
