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

#include "common/base/log.h"
#include "common/engine/core.h"
#include "common/engine/outcome.h"

/* It counts what it changes, so that one record can cancel many tasks. */
void turn_cancel_change(struct engine *engine, struct actor_head *head,
                        const struct task_record *task, struct change *change)
{
    uint32_t flags = task->head.state == TASK_DELAYED      ? CHANGE_WAS_DELAYED
                     : task_is_deferred(head, &task->head) ? CHANGE_WAS_DEFERRED
                                                           : 0;
    *change = (struct change){.type = CHANGE_FINISH,
                              .actor = head->id,
                              .sequence = task->head.sequence,
                              .slot = task->head.slot,
                              .outcome = TASK_CANCELED,
                              .attempts = task->head.attempts,
                              .flags = flags};
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

static void open_envelope(const struct task_record *task, struct turn_input *input)
{
    struct envelope envelope;
    envelope_unpack(task->envelope, &envelope);
    input->kind = envelope.kind;
    input->sender = envelope.sender_name;
    input->reply_to = envelope.reply_to;
    input->outcome = envelope.outcome;
    input->headers = envelope.headers;
}

static void fill_input(struct engine *engine, struct actor *actor,
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
        .message = task->message,
        .caller = task->caller};
    open_envelope(task, input);
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
    actor_touch_shown(engine, actor);
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
        actor_touch_shown(engine, actor);
    }
}

/* A turn that may touch the world outside begins when its message is on disk: else it
   might be lost, sent again, and taken for one that was never tried. It waits for the
   turn before, too, unless its behavior runs ahead. Messages that come in meanwhile
   hold up nobody. */
static bool is_ready(const struct engine *engine, const struct actor *actor,
                     const struct behavior *behavior, uint64_t task_record)
{
    uint64_t published = index_published(engine->index);
    if (behavior->runs_ahead && !behavior->answers_later)
        return true;
    return task_record <= published &&
           (behavior->runs_ahead || actor->last_record <= published);
}

/* It may come: whoever looks sees that it is waited for. */
static void note_no_behavior(struct engine *engine, struct actor *actor)
{
    engine->applying = journal_last(engine->journal);
    engine->applying_clock_ms = engine->clock_ms;
    attention_update(engine, actor->id);
    actor_touch_shown(engine, actor);
}

enum turn_result turn_run(struct engine *engine, struct actor *actor)
{
    struct task_record task;
    uint64_t record;
    struct behavior *behavior = behavior_of(engine->behaviors, &actor->record);
    if (!behavior && actor->record.head.attention == ATTENTION_NONE)
        note_no_behavior(engine, actor);
    if (!behavior || engine->stopping)
        return TURN_IMPOSSIBLE;
    bool later = behavior->answers_later || !behavior->runs_ahead;
    if (!mailbox_first(engine, actor, &task, &record))
        return TURN_IMPOSSIBLE;
    if (!is_ready(engine, actor, behavior, record))
        return TURN_WAITS;
    if (!crowd_lets_in(engine, behavior))
        return TURN_CROWDED;
    struct turn_input input;
    struct turn_output output = {0};
    struct key numbered;
    fill_input(engine, actor, &task, &input, &numbered);
    if (later)
        mark_running(engine, actor, &task, behavior);
    if (behavior->start(behavior, &input, actor->id, &output, post_finished, engine) ==
        TURN_STARTED)
        return TURN_UNDER_WAY;
    if (later)
        mark_stopped(engine, actor);
    enum status status = outcome_commit(engine, actor, behavior, &task, &output, 0);
    turn_output_free(&output);
    return status ? TURN_WAITS : TURN_OVER;
}

static enum status commit_late(struct engine *engine, struct actor *actor,
                               struct turn_output *output)
{
    struct task_record task;
    if (actor->turn_void || !task_find_live(index_decided(engine->index), actor->id,
                                            actor->running_sequence, &task))
        return STATUS_OK;
    return outcome_commit(
        engine, actor, actor->running_behavior, &task, output,
        (uint32_t)((engine->now_ns - actor->turn_started_ns) / 1000000));
}

void turn_finished(struct engine *engine, struct request *request)
{
    struct actor *actor = actor_get(engine, request->actor);
    ENSURE(actor && actor->schedule == ACTOR_RUNNING);
    struct behavior *behavior = actor->running_behavior;
    enum status status = commit_late(engine, actor, &request->output);
    /* Without room for its record the turn never was: it runs again when there is. */
    if (status)
        log_warning("%s: the outcome of a turn could not be kept: %s",
                    actor->record.name, status_text(status));
    mark_stopped(engine, actor);
    crowd_admit(engine, behavior);
    decide_parked(engine, actor);
    if (!decide_retire(engine, actor))
        scheduler_offer(engine, actor);
}
