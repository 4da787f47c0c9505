/* SPDX-License-Identifier: MIT */
/*
 * A turn: one actor handling one message. Its input is taken from the index, its output
 * becomes one record (apply_finish.c tells what that does and what if power fails).
 *
 * A behavior that only computes answers at once and may run ahead of the disk: its next
 * turn sees the state of a turn that is not durable yet, and both become visible in
 * order. One that touches the world outside starts a turn only when the message and the
 * turn before are on disk, answers later, and meanwhile holds up nobody else.
 */
#include "common/engine/turn.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define BACKOFF_MS 1000
#define BACKOFF_MS_MAX (5 * 60 * 1000)
#define ATTEMPTS_MAX 5

static struct view truncated(struct view text)
{
    const char *line_end = text.size ? memchr(text.data, '\n', text.size) : NULL;
    if (line_end)
        text.size = (size_t)(line_end - text.data);
    if (text.size > ERROR_TEXT_BYTES_MAX)
        text.size = ERROR_TEXT_BYTES_MAX;
    return text;
}

/* A result or state beyond its limit fails the turn, with a text that says which. */
static void check_output(const struct engine *engine, struct turn_output *output)
{
    const struct engine_options *limits = &engine->options;
    const char *what = NULL;
    uint32_t limit = 0;
    if (output->verdict != TURN_DONE)
        return;
    if (output->result.size > limits->result_bytes_max) {
        what = "result";
        limit = limits->result_bytes_max;
    } else if (output->state_changed && output->state.size > limits->state_bytes_max) {
        what = "state";
        limit = limits->state_bytes_max;
    }
    if (!what)
        return;
    output->verdict = TURN_FAILED;
    bytes_clear(&output->error);
    bytes_format(&output->error, "the turn's %s exceeds the limit of %u bytes", what,
                 limit);
}

static int64_t backoff_ms(uint32_t attempts)
{
    int64_t ms = BACKOFF_MS;
    while (--attempts && ms < BACKOFF_MS_MAX)
        ms *= 2;
    return ms < BACKOFF_MS_MAX ? ms : BACKOFF_MS_MAX;
}

static enum status commit_finish(struct engine *engine, struct actor *actor,
                                 const struct task_record *task,
                                 struct turn_output *output, uint32_t turn_ms)
{
    bool done = output->verdict == TURN_DONE;
    struct change change = {.type = CHANGE_FINISH,
                            .actor = actor->id,
                            .sequence = task->head.sequence,
                            .slot = task->head.slot,
                            .outcome = done ? TASK_DONE : TASK_FAILED,
                            .attempts = task->head.attempts + 1,
                            .turn_ms = turn_ms,
                            .flags = CHANGE_RAN};
    if (done && output->result_is_message)
        change.flags |= CHANGE_RESULT_IS_MESSAGE;
    else
        change.result =
            done ? view_bytes(&output->result) : truncated(view_bytes(&output->error));
    if (done && output->state_changed) {
        change.flags |= CHANGE_STATE_CHANGED;
        change.state = view_bytes(&output->state);
    }
    log_place(engine, &actor->record.head, task, &change);
    record_begin(engine);
    record_add(engine, &change);
    return record_commit(engine);
}

static enum status commit_attempt(struct engine *engine, struct actor *actor,
                                  const struct task_record *task,
                                  struct turn_output *output)
{
    uint32_t attempts = task->head.attempts + 1;
    struct change change = {.type = CHANGE_ATTEMPT,
                            .actor = actor->id,
                            .sequence = task->head.sequence,
                            .attempts = attempts,
                            .due_ms = engine->wall_ms + backoff_ms(attempts),
                            .text = truncated(view_bytes(&output->error))};
    record_begin(engine);
    record_add(engine, &change);
    return record_commit(engine);
}

static enum status commit_output(struct engine *engine, struct actor *actor,
                                 const struct task_record *task,
                                 struct turn_output *output, uint32_t turn_ms)
{
    check_output(engine, output);
    if (output->verdict == TURN_RETRY && task->head.attempts + 1 < ATTEMPTS_MAX)
        return commit_attempt(engine, actor, task, output);
    return commit_finish(engine, actor, task, output, turn_ms);
}

/* It counts what it changes, so that one record can cancel many tasks. */
void turn_cancel_change(struct engine *engine, struct actor_head *head,
                        const struct task_record *task, struct change *change)
{
    bool delayed = task->head.state == TASK_DELAYED;
    *change = (struct change){.type = CHANGE_FINISH,
                              .actor = head->id,
                              .sequence = task->head.sequence,
                              .slot = task->head.slot,
                              .outcome = TASK_CANCELED,
                              .attempts = task->head.attempts,
                              .flags = delayed ? CHANGE_WAS_DELAYED : 0};
    log_place(engine, head, task, change);
    head->log_first = change->log_first;
    head->log_bytes = change->log_bytes;
    head->log_next++;
}

void turn_void(struct actor *actor)
{
    actor->turn_void = true;
    if (actor->running_behavior->kill)
        actor->running_behavior->kill(actor->running_behavior, actor->id);
}

/* ------------------------------------------------------------------------ running */

static void post_finished(void *context, uint64_t turn, struct turn_output *output)
{
    struct engine *engine = context;
    struct request *request = memory_take_zeroed(1, sizeof *request);
    request->kind = REQUEST_TURN_FINISHED;
    request->actor = turn; /* an actor runs one turn at a time */
    request->output = *output;
    *output = (struct turn_output){0};
    engine_post(engine, request);
}

static void start_input(struct engine *engine, struct actor *actor,
                        const struct task_record *task, struct turn_input *input,
                        struct key *numbered)
{
    struct pair_key key;
    *input = (struct turn_input){
        .actor = view_text(actor->record.name),
        .sequence = task->head.sequence,
        .key = task->key,
        .attempt = 1 + task->head.attempts +
                   (index_incarnation(engine->index) - task->head.openings),
        .message = task->message};
    if (!(task->head.flags & TASK_KEYED)) {
        key_of_sequence(task->head.sequence, numbered);
        input->key = key_view(numbered);
    }
    input->state = view_of("", 0);
    if (actor->record.head.state_bytes)
        ENSURE(index_get(index_decided(engine->index), TABLE_STATES,
                         single_key(&key, actor->id), &input->state));
}

static void mark_running(struct engine *engine, struct actor *actor,
                         const struct task_record *task, struct behavior *behavior)
{
    engine->running++;
    actor->schedule = ACTOR_RUNNING;
    actor->running_sequence = task->head.sequence;
    actor->running_behavior = behavior;
    actor->turn_started_ns = engine->now_ns;
    actor->turn_void = false;
    actor->record.head.running = task->head.sequence;
    actor->record.head.running_incarnation = index_incarnation(engine->index);
    engine->applying = journal_last(engine->journal);
    actor_touch(engine, actor);
}

static void mark_stopped(struct engine *engine, struct actor *actor)
{
    engine->running--;
    actor->schedule = ACTOR_IDLE;
    actor->running_sequence = 0;
    actor->running_behavior = NULL;
    if (actor->record.head.running) {
        actor->record.head.running = 0;
        engine->applying = journal_last(engine->journal);
        actor_touch(engine, actor);
    }
}

/* A turn that may touch the world outside begins when its message, the turn before and
   all else that it builds upon are on disk. Messages that come in meanwhile, and are
   not yet, hold up nobody. */
static bool is_durable(struct engine *engine, const struct actor *actor,
                       const struct task_record *task)
{
    struct index_snapshot snapshot;
    struct task_record shown;
    if (actor->last_record > index_published(engine->index))
        return false;
    index_snapshot_begin(engine->index, &snapshot);
    bool durable = task_find_live(&snapshot, actor->id, task->head.sequence, &shown) &&
                   shown.head.slot == task->head.slot;
    index_snapshot_end(&snapshot);
    return durable;
}

enum turn_result turn_run(struct engine *engine, struct actor *actor)
{
    struct task_record task;
    struct behavior *behavior = behavior_of(engine->behaviors, &actor->record);
    if (!behavior || engine->stopping)
        return TURN_IMPOSSIBLE;
    bool ahead = behavior->runs_ahead;
    if (!mailbox_first(engine, actor, &task))
        return TURN_IMPOSSIBLE;
    if (!ahead && !is_durable(engine, actor, &task))
        return TURN_WAITS;
    struct turn_input input;
    struct turn_output output = {0};
    struct key numbered;
    start_input(engine, actor, &task, &input, &numbered);
    if (!ahead)
        mark_running(engine, actor, &task, behavior);
    if (behavior->start(behavior, &input, actor->id, &output, post_finished, engine) ==
        TURN_STARTED)
        return TURN_UNDER_WAY;
    if (!ahead)
        mark_stopped(engine, actor);
    enum status status = commit_output(engine, actor, &task, &output, 0);
    turn_output_free(&output);
    return status ? TURN_WAITS : TURN_OVER;
}

void turn_finished(struct engine *engine, struct request *request)
{
    struct actor *actor = actor_get(engine, request->actor);
    struct task_record task;
    ENSURE(actor && actor->schedule == ACTOR_RUNNING);
    bool drop =
        actor->turn_void || !task_find_live(index_decided(engine->index), actor->id,
                                            actor->running_sequence, &task);
    enum status status = STATUS_OK;
    if (!drop)
        status = commit_output(
            engine, actor, &task, &request->output,
            (uint32_t)((engine->now_ns - actor->turn_started_ns) / 1000000));
    /* Without room for its record the turn never was: it runs again when there is. */
    if (status)
        log_warning("%s: the outcome of a turn could not be kept: %s",
                    actor->record.name, status_text(status));
    mark_stopped(engine, actor);
    decide_parked(engine, actor);
    if (!decide_retire(engine, actor))
        scheduler_offer(engine, actor);
}
