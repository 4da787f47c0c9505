/* SPDX-License-Identifier: MIT */
/*
 * Who is told of what (contract, section 7): who asked for a reply gets it, who watches
 * hears of failures and of the end, who is linked stops, and what cannot be delivered
 * becomes a failed task of `dead-letters`.
 */
#include "tests/simulator/sim.h"

static void send_to(struct decision *decision, uint64_t to,
                    const struct letter_model *letter, struct view message)
{
    struct effect effect = {.kind = EFFECT_ACCEPT,
                            .actor = to,
                            .sequence = decision_next(decision, to),
                            .key = view_of("", 0),
                            .timer = view_of("", 0),
                            .text = message,
                            .letter = *letter,
                            .openings = decision->sim->openings};
    decision_put(decision, &effect);
}

/* ------------------------------------------------------------------- dead letters ---
 */

static uint64_t dead_letters(struct decision *decision, const struct actor_model *from)
{
    struct model *model = &decision->sim->decided;
    struct actor_model *letters =
        model_actor_named(model, view_text(DEAD_LETTERS_NAME));
    if (letters)
        return letters->id;
    struct effect effect = {.kind = EFFECT_CREATE,
                            .actor = model->actor_count + 1,
                            .text = view_text(DEAD_LETTERS_NAME),
                            .owner = from->owners[PART_FOLDER]};
    decision_put(decision, &effect);
    return effect.actor;
}

void notices_dead_letter(struct decision *decision, const struct actor_model *from,
                         struct view address, struct view reason, struct view message)
{
    struct sim *sim = decision->sim;
    uint64_t letters = dead_letters(decision, from);
    struct letter_model letter = {.sender = from->id, .sender_name = from->name};
    struct effect effect = {.kind = EFFECT_FINISH,
                            .actor = letters,
                            .sequence = decision_next(decision, letters),
                            .outcome = TASK_FAILED};
    effect.text = arena_format(&sim->arena, "from %.*s to %.*s: %.*s",
                               (int)from->name.size, from->name.data, (int)address.size,
                               address.data, (int)reason.size, reason.data);
    sim_trace(sim, "  dead letter %.*s", (int)effect.text.size, effect.text.data);
    send_to(decision, letters, &letter, message);
    struct task_model task =
        *actor_task(model_actor(&sim->decided, letters), effect.sequence);
    decision_put(decision, &effect);
    notices_finished(decision, letters, &task, TASK_FAILED, effect.text);
}

/* ------------------------------------------------------------------------ telling ---
 */

void notices_reply(struct decision *decision, uint64_t to, const struct actor_model *by,
                   struct view key, enum task_state outcome, struct view result)
{
    struct letter_model letter = {.kind = KIND_REPLY,
                                  .sender = by->id,
                                  .sender_name = by->name,
                                  .reply_to = key,
                                  .outcome = view_text(task_state_text(outcome))};
    send_to(decision, to, &letter, result);
}

void notices_undeliverable(struct decision *decision, uint64_t to, struct view target,
                           struct view key, struct view reason)
{
    struct letter_model letter = {.kind = KIND_REPLY,
                                  .sender_name = target,
                                  .reply_to = key,
                                  .outcome = view_text("undeliverable")};
    send_to(decision, to, &letter, reason);
}

/* Outside a turn nobody is there whose dead letter it would be. */
static void answer(struct decision *decision, const struct actor_model *actor,
                   const struct task_model *task, struct view key,
                   enum task_state outcome, struct view result)
{
    struct sim *sim = decision->sim;
    if (model_actor(&sim->decided, task->letter.sender)) {
        notices_reply(decision, task->letter.sender, actor, key, outcome, result);
    } else if (decision->event.is_stepwise) {
        struct view address = arena_format(&sim->arena, "%.*s (reply)",
                                           (int)task->letter.sender_name.size,
                                           task->letter.sender_name.data);
        notices_dead_letter(decision, actor, address, view_text("the actor is gone"),
                            result);
    }
}

static void suspend(struct decision *decision, uint64_t id)
{
    const struct actor_model *actor = model_actor(&decision->sim->decided, id);
    struct effect effect = {.kind = EFFECT_FLAGS,
                            .actor = id,
                            .is_suspended = true,
                            .is_retiring = actor->is_retiring};
    if (!actor->is_suspended)
        decision_put(decision, &effect);
}

static void tell_tied(struct decision *decision, const struct actor_model *actor,
                      const struct letter_model *letter, struct view message)
{
    for (size_t i = 0; i < actor->tie_count; i++) {
        struct tie_model tie = actor->ties[i];
        if (tie.flags & TIE_WATCHED)
            send_to(decision, tie.other, letter, message);
        if (tie.flags & TIE_LINKED && letter->kind == KIND_FAILED)
            suspend(decision, tie.other);
    }
}

void notices_finished(struct decision *decision, uint64_t id,
                      const struct task_model *task, enum task_state outcome,
                      struct view result)
{
    struct sim *sim = decision->sim;
    const struct actor_model *actor = model_actor(&sim->decided, id);
    struct view key = task_key_typed(&sim->arena, task);
    if (task->letter.wants_reply)
        answer(decision, actor, task, key, outcome, result);
    struct letter_model letter = {.kind = KIND_FAILED,
                                  .sender = id,
                                  .sender_name = actor->name,
                                  .reply_to = key,
                                  .outcome = view_text("failed")};
    if (outcome == TASK_FAILED)
        tell_tied(decision, actor, &letter, model_last_line(result));
}

void notices_gone(struct decision *decision, uint64_t id)
{
    const struct actor_model *actor = model_actor(&decision->sim->decided, id);
    struct letter_model letter = {
        .kind = KIND_RETIRED, .sender = id, .sender_name = actor->name};
    struct effect effect = {.kind = EFFECT_REMOVE, .actor = id};
    tell_tied(decision, actor, &letter, view_of("", 0));
    decision_put(decision, &effect);
}
