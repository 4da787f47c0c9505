/* SPDX-License-Identifier: MIT */
/*
 * A turn's answer becomes one record: the FINISH, what it tells those who wait for the
 * outcome, and what it sends, each with its target's id and the sequence number given
 * to it there. So everything shows at once or not at all; replay applies what was
 * decided. A turn that tells nobody anything, as most do, is a record of one change.
 */
#include "common/engine/outcome.h"

#include "common/engine/core.h"
#include "common/engine/notice.h"
#include "common/engine/outgoing.h"

/* Whatever the message limit. */
static uint32_t outbox_bytes_max(const struct engine_options *options)
{
    uint32_t one_message = options->message_bytes_max + (64u << 10);
    return one_message > OUTBOX_BYTES_DEFAULT ? one_message : OUTBOX_BYTES_DEFAULT;
}

static void fail(struct turn_output *output, const char *what, uint32_t limit,
                 const char *unit)
{
    output->verdict = TURN_FAILED;
    bytes_clear(&output->error);
    bytes_format(&output->error, "the turn's %s exceeds the limit of %u %s", what,
                 limit, unit);
}

static void check_sends(const struct engine_options *limits, struct turn_output *output)
{
    size_t bytes = 0;
    if (output->send_count > SENDS_MAX)
        fail(output, "outbox", SENDS_MAX, "lines");
    for (size_t i = 0; i < output->send_count; i++) {
        bytes += output->sends[i].text.size;
        if (output->sends[i].text.size > limits->message_bytes_max)
            fail(output, "message in the outbox", limits->message_bytes_max, "bytes");
    }
    if (bytes > outbox_bytes_max(limits))
        fail(output, "outbox", outbox_bytes_max(limits), "bytes");
}

/* What is beyond its limit fails the turn, with a text that says which. */
static void check_output(const struct engine *engine, struct turn_output *output)
{
    const struct engine_options *limits = &engine->options;
    if (output->verdict != TURN_DONE)
        return;
    if (output->defer && (output->send_count || output->state_changed)) {
        output->verdict = TURN_FAILED;
        bytes_clear(&output->error);
        bytes_append_text(&output->error, "a turn that defers its message can neither "
                                          "send nor change the state");
    } else if (output->result.size > limits->result_bytes_max) {
        fail(output, "result", limits->result_bytes_max, "bytes");
    } else if (output->state_changed && output->state.size > limits->state_bytes_max) {
        fail(output, "state", limits->state_bytes_max, "bytes");
    } else {
        check_sends(limits, output);
    }
}

/* The end of it: the last lines tell most. */
static struct view error_detail(const struct bytes *error)
{
    struct view text = view_bytes(error);
    size_t over =
        text.size > ERROR_DETAIL_BYTES_MAX ? text.size - ERROR_DETAIL_BYTES_MAX : 0;
    return view_of(text.data + over, text.size - over);
}

static struct change finish_change(const struct actor *actor,
                                   const struct task_record *task,
                                   const struct turn_output *output, uint32_t turn_ms)
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
            done ? view_bytes(&output->result) : error_detail(&output->error);
    if (done && output->state_changed) {
        change.flags |= CHANGE_STATE_CHANGED;
        change.state = view_bytes(&output->state);
    }
    return change;
}

static enum status commit_one(struct engine *engine, const struct change *change)
{
    enum status status = record_open(engine, sizeof *change + change_size_max(change));
    if (status)
        return status;
    record_add(engine, change);
    return record_commit(engine);
}

static enum status commit_finish(struct engine *engine, struct actor *actor,
                                 const struct behavior *behavior,
                                 const struct task_record *task,
                                 struct turn_output *output, uint32_t turn_ms)
{
    struct change change = finish_change(actor, task, output, turn_ms);
    bool sends = output->verdict == TURN_DONE && output->send_count;
    log_place(engine, &actor->record.head, task, &change);
    if (!sends && !notice_is_due(actor, task))
        return commit_one(engine, &change);
    struct view result =
        change.flags & CHANGE_RESULT_IS_MESSAGE ? task->message : change.result;
    size_t bytes = change_size_max(&change) + sizeof change +
                   notice_bytes_max(engine, actor, result.size);
    if (sends)
        bytes += outgoing_bytes_max(engine, actor, output);
    enum status status = record_open(engine, bytes);
    if (status)
        return status;
    record_add(engine, &change);
    notice_finished(engine, actor, task, (enum task_state)change.outcome, result);
    if (sends)
        outgoing_send(engine, actor, behavior, task, output);
    return record_commit(engine);
}

/* The wait before attempt n + 1 after n failures. */
static int64_t backoff_ms(const struct behavior_policy *policy, uint32_t failures)
{
    int64_t ms = policy->backoff_ms;
    while (--failures && ms < policy->backoff_max_ms)
        ms *= 2;
    return ms < policy->backoff_max_ms ? ms : policy->backoff_max_ms;
}

static enum status commit_attempt(struct engine *engine, struct actor *actor,
                                  const struct behavior *behavior,
                                  const struct task_record *task,
                                  struct turn_output *output)
{
    uint32_t attempts = task->head.attempts + 1;
    int64_t wait_ms = backoff_ms(&behavior->policy, attempts);
    if (wait_ms < output->retry_after_ms)
        wait_ms = output->retry_after_ms;
    struct change change = {.type = CHANGE_ATTEMPT,
                            .actor = actor->id,
                            .sequence = task->head.sequence,
                            .attempts = attempts,
                            .due_ms = engine->wall_ms + wait_ms,
                            .text = error_line(view_bytes(&output->error))};
    return commit_one(engine, &change);
}

static enum status commit_defer(struct engine *engine, struct actor *actor,
                                const struct task_record *task)
{
    struct change change = {.type = CHANGE_DEFER,
                            .actor = actor->id,
                            .sequence = task->head.sequence,
                            .slot = task->head.slot};
    return commit_one(engine, &change);
}

enum status outcome_commit(struct engine *engine, struct actor *actor,
                           const struct behavior *behavior,
                           const struct task_record *task, struct turn_output *output,
                           uint32_t turn_ms)
{
    check_output(engine, output);
    if (output->verdict == TURN_DONE && output->defer)
        return commit_defer(engine, actor, task);
    if (output->verdict == TURN_RETRY &&
        task->head.attempts + 1 < behavior->policy.attempts)
        return commit_attempt(engine, actor, behavior, task, output);
    enum status status = commit_finish(engine, actor, behavior, task, output, turn_ms);
    if (status != STATUS_TOO_LARGE)
        return status;
    fail(output, "effect", engine->record_bytes_max, "bytes in one record");
    return commit_finish(engine, actor, behavior, task, output, turn_ms);
}
