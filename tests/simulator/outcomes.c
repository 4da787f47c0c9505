/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a turn's answer: what is beyond a limit fails it, a failure that may
 * pass is tried again, and the outcome shows together with all that the turn sends.
 */
#include "common/base/log.h"
#include "tests/simulator/sim.h"

static void fail(struct turn_answer *answer, struct view error)
{
    answer->verdict = TURN_FAILED;
    answer->error = error;
}

static void fail_beyond(struct sim *sim, struct turn_answer *answer, const char *what,
                        uint32_t limit, const char *unit)
{
    fail(answer, arena_format(&sim->arena, "the turn's %s exceeds the limit of %u %s",
                              what, limit, unit));
}

/* What is too large, or too much, fails the turn. */
static void bound(struct sim *sim, struct turn_answer *answer)
{
    const struct engine_options *options = &sim->options;
    if (answer->verdict != TURN_DONE)
        return;
    if (answer->defer && (answer->send_count || answer->state_changed))
        fail(answer, view_text("a turn that defers its message can neither send nor "
                               "change the state"));
    else if (answer->result.size > options->result_bytes_max)
        fail_beyond(sim, answer, "result", options->result_bytes_max, "bytes");
    else if (answer->state_changed && answer->state.size > options->state_bytes_max)
        fail_beyond(sim, answer, "state", options->state_bytes_max, "bytes");
    else if (answer->send_count > SENDS_MAX)
        fail_beyond(sim, answer, "outbox", SENDS_MAX, "lines");
    for (size_t i = 0; i < answer->send_count && answer->verdict == TURN_DONE; i++)
        if (answer->sends[i].text.size > options->message_bytes_max)
            fail_beyond(sim, answer, "message in the outbox",
                        options->message_bytes_max, "bytes");
}

/* Each failure doubles the time until the next try. */
static int64_t retry_ms(const struct sim *sim, const struct behavior_policy *policy,
                        uint32_t failures, const struct turn_answer *answer)
{
    int64_t wait_ms = policy->backoff_ms << (failures - 1);
    if (wait_ms > policy->backoff_max_ms)
        wait_ms = policy->backoff_max_ms;
    if (wait_ms < answer->retry_after_ms)
        wait_ms = answer->retry_after_ms;
    return sim->wall_ms + wait_ms;
}

static struct effect effect_of(struct sim *sim, const struct task_model *task,
                               const struct behavior *behavior,
                               const struct turn_answer *answer)
{
    struct effect effect = {
        .kind = EFFECT_FINISH, .sequence = task->sequence, .has_run = true};
    if (answer->verdict == TURN_DONE && answer->defer) {
        effect.kind = EFFECT_DEFER;
    } else if (answer->verdict == TURN_RETRY &&
               task->attempts + 1 < behavior->policy.attempts) {
        effect.kind = EFFECT_ATTEMPT;
        effect.due_ms = retry_ms(sim, &behavior->policy, task->attempts + 1, answer);
        effect.text = model_last_line(answer->error);
    } else if (answer->verdict == TURN_DONE) {
        effect.outcome = TASK_DONE;
        effect.text = answer->result_is_message ? task->message : answer->result;
        effect.state_changed = answer->state_changed;
        effect.state = answer->state;
    } else {
        effect.outcome = TASK_FAILED;
        effect.text = answer->error;
    }
    return effect;
}

/* Whether there was room. A turn that sends may do more than one record holds. */
static enum status look_for_record(struct sim *sim, uint64_t actor,
                                   struct turn_answer *answer)
{
    enum status status = records_next(sim, actor, false);
    if (status != STATUS_TOO_LARGE)
        return status;
    sim_trace(sim, "  it does more than a record holds");
    SIM_CHECK(sim, answer->verdict == TURN_DONE && answer->send_count,
              "a turn that sends nothing was too large for a record");
    fail_beyond(sim, answer, "effect", sim->engine->record_bytes_max,
                "bytes in one record");
    status = records_next(sim, actor, false);
    SIM_CHECK(sim, status != STATUS_TOO_LARGE, "a failure was too large for a record");
    return status;
}

void outcomes_settle(struct sim *sim, uint64_t id, uint64_t sequence,
                     const struct behavior *behavior, struct turn_answer *answer,
                     uint32_t turn_ms)
{
    struct decision decision;
    bound(sim, answer);
    enum status status = look_for_record(sim, id, answer);
    struct task_model task = *actor_task(model_actor(&sim->decided, id), sequence);
    struct effect effect = effect_of(sim, &task, behavior, answer);
    effect.actor = id;
    effect.turn_ms = turn_ms;
    sim_trace(sim, "  outcome of task %llu of actor %llu: %s",
              (unsigned long long)sequence, (unsigned long long)id,
              status                          ? status_text(status)
              : effect.kind == EFFECT_DEFER   ? "deferred"
              : effect.kind == EFFECT_ATTEMPT ? "to be retried"
              : effect.outcome == TASK_DONE   ? "done"
                                              : "failed");
    if (status)
        return;
    decision_begin(&decision, sim, true);
    decision_put(&decision, &effect);
    if (effect.kind == EFFECT_FINISH) {
        notices_finished(&decision, id, &task, effect.outcome, effect.text);
        if (effect.outcome == TASK_DONE)
            sends_settle(&decision, id, sequence, behavior, answer);
    }
    decision_keep(&decision);
}
