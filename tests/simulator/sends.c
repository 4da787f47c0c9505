/* SPDX-License-Identifier: MIT */
/*
 * What becomes of what a turn sends (contract, section 7): one line after the other,
 * each upon what those before it did, all within the event that is the turn's end.
 */
#include <fnmatch.h>
#include <string.h>

#include "tests/simulator/sim.h"

struct sending {
    struct decision *decision;
    struct sim *sim;
    const struct actor_model *from;
    const struct behavior *behavior;
    const struct send_model *send;
    uint64_t first_created; /* this and later ones were made by the turn */
    struct key key;         /* of a message; size 0: none */
};

static struct actor_model *target_of(const struct sending *sending)
{
    struct model *model = &sending->sim->decided;
    return sending->send->target.size ? model_actor_named(model, sending->send->target)
                                      : model_actor(model, sending->from->id);
}

static void refuse(struct sending *sending, const char *reason)
{
    static const char *const files[] = {[SEND_MESSAGE] = "tasks",
                                        [SEND_CREATE] = "",
                                        [SEND_BEHAVIOR] = "behavior",
                                        [SEND_CONTROL] = "status"};
    BYTES_AUTO(key);
    const struct send_model *send = sending->send;
    struct arena *arena = &sending->sim->arena;
    struct view target = send->target.size ? send->target : sending->from->name;
    struct view address = arena_format(arena, "%.*s/%s", (int)target.size, target.data,
                                       files[send->kind]);
    notices_dead_letter(sending->decision, sending->from, address, view_text(reason),
                        send->text);
    if (send->kind != SEND_MESSAGE || !send->parameters.reply)
        return;
    key_append_encoded(&key, &sending->key);
    notices_undeliverable(sending->decision, sending->from->id, target,
                          arena_copy(arena, view_bytes(&key)), view_text(reason));
}

static struct actor_model *create(struct sending *sending)
{
    struct effect effect = {.kind = EFFECT_CREATE,
                            .actor = sending->sim->decided.actor_count + 1,
                            .text = sending->send->target,
                            .owner = sending->from->owners[PART_FOLDER]};
    decision_put(sending->decision, &effect);
    return model_actor(&sending->sim->decided, effect.actor);
}

/* ----------------------------------------------------------------------- messages ---
 */

/* Known already: nothing is added, but an answer that is there may be given again. */
static void repeat(struct sending *sending, const struct actor_model *target,
                   const struct task_model *known)
{
    if (!decide_is_same(sending->sim, target, known, sending->send->text)) {
        refuse(sending, "the key is known with another message");
        return;
    }
    if (!sending->send->parameters.reply)
        return;
    if (task_state_is_final(known->state))
        notices_reply(sending->decision, sending->from->id, target,
                      task_key_typed(&sending->sim->arena, known), known->state,
                      known->result);
    else if (!known->letter.wants_reply || known->letter.sender != sending->from->id)
        refuse(sending, "the key is known, and its task is not finished yet");
}

static void accept(struct sending *sending, uint64_t target)
{
    struct sim *sim = sending->sim;
    const struct parameters *parameters = &sending->send->parameters;
    struct effect effect = {.kind = EFFECT_ACCEPT,
                            .actor = target,
                            .sequence = decision_next(sending->decision, target),
                            .text = sending->send->text,
                            .key = arena_copy(&sim->arena, key_view(&sending->key)),
                            .timer =
                                arena_copy(&sim->arena, view_text(parameters->timer)),
                            .due_ms = decide_due(sim, parameters),
                            .openings = sim->openings,
                            .letter = {.kind = KIND_MESSAGE,
                                       .wants_reply = parameters->reply,
                                       .sender = sending->from->id,
                                       .sender_name = sending->from->name}};
    decision_put(sending->decision, &effect);
}

static const char *objection(const struct sending *sending,
                             const struct actor_model *target)
{
    const struct parameters *parameters = &sending->send->parameters;
    struct view name = sending->send->target;
    if (target && target->is_retiring)
        return "the actor is being retired";
    if (parameters->at_ms - sending->sim->wall_ms > DELAY_MS_MAX)
        return "a message is delayed by ten years at most";
    if (parameters->timer[0] && parameters->key.size)
        return "a named timer has no key";
    if (!target && !decide_makes(sending->sim, name, parameters))
        return "no such actor";
    if (!target && name_check_actor(name))
        return "that is no name for an actor";
    return NULL;
}

static void send_message(struct sending *sending, uint64_t task, size_t line)
{
    struct sim *sim = sending->sim;
    const struct parameters *parameters = &sending->send->parameters;
    struct actor_model *target = target_of(sending);
    sending->key = parameters->key;
    if (!parameters->key.size && !parameters->timer[0])
        key_of_send(sending->from->id, task, line, &sending->key);
    const char *why = objection(sending, target);
    if (why) {
        refuse(sending, why);
        return;
    }
    if (!target)
        target = create(sending);
    const struct task_model *known =
        sending->key.size
            ? actor_task_of_key(&sim->decided, target, key_view(&sending->key),
                                sim->step_clock_ms)
            : NULL;
    SIM_CHECK(sim, !known || parameters->key.size, "a turn sent twice");
    if (known) {
        repeat(sending, target, known);
        return;
    }
    decide_replace_timer(sending->decision, target, parameters->timer);
    accept(sending, target->id);
}

/* ------------------------------------------------------------ behavior and control ---
 */

/* Itself, whom it made, and whom the .conf names; null: it was refused. */
static struct actor_model *controlled(struct sending *sending)
{
    struct actor_model *target = target_of(sending);
    const char *pattern = sending->behavior->policy.control;
    if (!target) {
        refuse(sending, "no such actor");
        return NULL;
    }
    char *name = arena_take(&sending->sim->arena, target->name.size + 1);
    memcpy(name, target->name.data, target->name.size);
    if (target == sending->from || target->id >= sending->first_created ||
        (*pattern && fnmatch(pattern, name, 0) == 0))
        return target;
    refuse(sending, "not allowed by `control` of the behavior's .conf");
    return NULL;
}

static void send_behavior(struct sending *sending)
{
    struct actor_model *target = controlled(sending);
    if (!target)
        return;
    struct view name = sending->send->text;
    struct effect effect = {.kind = EFFECT_BEHAVIOR, .actor = target->id, .text = name};
    if (name.size && !rules_find(&sending->sim->rules, name))
        refuse(sending, "no such behavior is installed");
    else
        decision_put(sending->decision, &effect);
}

static void send_control(struct sending *sending)
{
    struct actor_model *target = controlled(sending);
    const char *reason = NULL;
    if (target)
        reason = words_act_on_one(sending->decision, target, sending->from,
                                  &sending->send->word);
    if (reason)
        refuse(sending, reason);
}

static void send_create(struct sending *sending)
{
    if (target_of(sending))
        return;
    if (name_check_actor(sending->send->target))
        refuse(sending, "that is no name for an actor");
    else
        create(sending);
}

void sends_settle(struct decision *decision, uint64_t from, uint64_t task,
                  const struct behavior *behavior, const struct turn_answer *answer)
{
    struct sim *sim = decision->sim;
    struct sending sending = {.decision = decision,
                              .sim = sim,
                              .from = model_actor(&sim->decided, from),
                              .behavior = behavior,
                              .first_created = sim->decided.actor_count + 1};
    for (size_t i = 0; i < answer->send_count; i++) {
        sending.send = &answer->sends[i];
        switch (sending.send->kind) {
        case SEND_MESSAGE:
            send_message(&sending, task, i + 1);
            break;
        case SEND_CREATE:
            send_create(&sending);
            break;
        case SEND_BEHAVIOR:
            send_behavior(&sending);
            break;
        case SEND_CONTROL:
            send_control(&sending);
            break;
        }
    }
}
