/* SPDX-License-Identifier: MIT */
/*
 * The record is open: each send is decided upon what those before it changed, so that
 * an actor made by one line gets the message of the next. A message without a key of
 * its own is keyed by the turn (`.SENDER.SEQUENCE.LINE`); a task sends at most once,
 * when it is done, so such a key is never there before.
 */
#include "common/engine/outgoing.h"

#include <fnmatch.h>
#include <stdio.h>

#include "common/engine/core.h"
#include "common/engine/notice.h"

/* What one send may add besides a dead letter: the end of the timer that it replaces, a
   reply to that, and the message; or the actor and its first message; or a reply. */
#define CHANGES_A_SEND 3

struct outgoing {
    struct engine *engine;
    struct actor *from;
    const struct behavior *behavior;
    const struct task_record *task;
    const struct turn_send *send;
    size_t line;            /* from 1 */
    uint64_t first_created; /* actors from this id on were made by this turn */
    struct key key;         /* of a message; size 0: none */
};

/* A reply that is there already may be large. One that is not may be this turn's own
   result, by then. */
static size_t known_result_bytes(struct engine *engine, const struct actor *target,
                                 const struct parameters *parameters,
                                 const struct turn_output *output)
{
    struct task_record known;
    if (!parameters->reply || !parameters->key.size ||
        !key_find(engine, index_decided(engine->index), &target->record.head,
                  &parameters->key, engine->clock_ms, &known))
        return 0;
    if (task_state_is_final((enum task_state)known.head.state))
        return task_result(&known).size;
    return output->result_is_message ? known.message.size : output->result.size;
}

/* Control words may add to those who watch the dead letters. */
static size_t letter_bytes_max(struct engine *engine, const struct turn_output *output)
{
    size_t bytes = notice_letter_bytes_max(engine);
    for (size_t i = 0; i < output->send_count; i++)
        if (output->sends[i].kind == SEND_CONTROL)
            bytes += NOTICE_BYTES_MAX;
    return bytes;
}

size_t outgoing_bytes_max(struct engine *engine, struct actor *from,
                          const struct turn_output *output)
{
    size_t letter_bytes = letter_bytes_max(engine, output), bytes = 0;
    for (size_t i = 0; i < output->send_count; i++) {
        const struct turn_send *send = &output->sends[i];
        struct actor *target =
            send->target[0] ? actor_get_by_name(engine, view_text(send->target)) : from;
        bytes += CHANGES_A_SEND * NOTICE_BYTES_MAX + letter_bytes + send->text.size;
        if (target && send->kind == SEND_CONTROL)
            bytes += control_bytes_max(engine, target, view_bytes(&send->text));
        if (target && send->kind == SEND_MESSAGE)
            bytes += known_result_bytes(engine, target, &send->parameters, output);
    }
    return bytes;
}

/* ------------------------------------------------------------------ undeliverable */

static void refuse(struct outgoing *out, const char *reason)
{
    static const char *const files[] = {[SEND_MESSAGE] = "tasks",
                                        [SEND_CREATE] = "",
                                        [SEND_BEHAVIOR] = "behavior",
                                        [SEND_CONTROL] = "status"};
    struct engine *engine = out->engine;
    const struct turn_send *send = out->send;
    const char *target = send->target[0] ? send->target : out->from->record.name;
    char address[ACTOR_NAME_BYTES_MAX + 16];
    snprintf(address, sizeof address, "%s/%s", target, files[send->kind]);
    notice_dead_letter(engine, out->from, address, reason, view_bytes(&send->text));
    if (send->kind != SEND_MESSAGE || !send->parameters.reply)
        return;
    BYTES_AUTO(key);
    key_append_encoded(&key, &out->key);
    struct envelope envelope = {.kind = KIND_REPLY,
                                .sender_name = view_text(target),
                                .reply_to = view_bytes(&key),
                                .outcome = view_text("undeliverable")};
    notice_send(engine, out->from, &envelope, view_text(reason));
}

/* ------------------------------------------------------------------------- actors */

static struct actor *find_target(const struct outgoing *out)
{
    return out->send->target[0]
               ? actor_get_by_name(out->engine, view_text(out->send->target))
               : out->from;
}

static struct actor *create_target(struct outgoing *out)
{
    struct engine *engine = out->engine;
    struct change change = {.type = CHANGE_CREATE,
                            .actor = engine->next_actor,
                            .owner = out->from->record.owners[PART_FOLDER],
                            .text = view_text(out->send->target)};
    record_add(engine, &change);
    return actor_get(engine, change.actor);
}

static bool is_made_by_its_message(const struct outgoing *out)
{
    struct behavior *behavior =
        behavior_by_name(out->engine->behaviors, view_text(out->send->target));
    return out->send->parameters.create || (behavior && behavior->policy.create);
}

static void create(struct outgoing *out)
{
    if (find_target(out))
        return;
    if (name_check_actor(view_text(out->send->target)))
        refuse(out, "that is no name for an actor");
    else
        create_target(out);
}

/* ----------------------------------------------------------------------- messages */

/* Some actor sent it before, under the same key. */
static void repeat(struct outgoing *out, struct actor *target,
                   const struct task_record *known)
{
    struct engine *engine = out->engine;
    struct envelope envelope;
    envelope_unpack(known->envelope, &envelope);
    bool is_final = task_state_is_final((enum task_state)known->head.state);
    if (!out->send->parameters.reply ||
        (!is_final && envelope.wants_reply && envelope.sender == out->from->id))
        return;
    if (!is_final) {
        refuse(out, "the key is known, and its task is not finished yet");
        return;
    }
    BYTES_AUTO(key);
    key_append_encoded(&key, &out->key);
    envelope = (struct envelope){
        .kind = KIND_REPLY,
        .sender = target->id,
        .sender_name = view_text(target->record.name),
        .reply_to = view_bytes(&key),
        .outcome = view_text(task_state_text((enum task_state)known->head.state))};
    notice_send(engine, out->from, &envelope, task_result(known));
}

static void accept(struct outgoing *out, struct actor *target,
                   const uint8_t fingerprint[16])
{
    struct engine *engine = out->engine;
    const struct parameters *parameters = &out->send->parameters;
    struct envelope envelope = {.kind = KIND_MESSAGE,
                                .wants_reply = parameters->reply,
                                .sender = out->from->id,
                                .sender_name = view_text(out->from->record.name)};
    BYTES_AUTO(packed);
    envelope_pack(&envelope, &packed);
    struct change change = {.type = CHANGE_ACCEPT,
                            .actor = target->id,
                            .sequence = record_take_slot(engine, target),
                            .due_ms = timer_due_ms(engine, parameters),
                            .openings = index_incarnation(engine->index),
                            .key = key_view(&out->key),
                            .timer = view_text(parameters->timer),
                            .envelope = view_bytes(&packed),
                            .message = view_bytes(&out->send->text)};
    memcpy(change.fingerprint, fingerprint, sizeof change.fingerprint);
    record_add(engine, &change);
    record_tell(engine, target->id);
}

static void replace_timer(struct outgoing *out, struct actor *target)
{
    struct engine *engine = out->engine;
    struct view name = view_text(out->send->parameters.timer);
    struct task_record task;
    struct change change;
    if (!name.size || !timer_find(engine, target->id, name, &task) ||
        task.head.state != TASK_DELAYED)
        return;
    struct actor_head head = target->record.head;
    turn_cancel_change(engine, &head, &task, &change);
    record_add(engine, &change);
    notice_finished(engine, target, &task, TASK_CANCELED, view_of("", 0));
}

/* Why the message cannot be taken; null: it can. */
static const char *objection(const struct outgoing *out, const struct actor *target)
{
    const struct parameters *parameters = &out->send->parameters;
    if (target && target->record.head.flags & ACTOR_RETIRING)
        return "the actor is being retired";
    if (parameters->at_ms - out->engine->wall_ms > DELAY_MS_MAX)
        return "a message is delayed by ten years at most";
    if (parameters->timer[0] && parameters->key.size)
        return "a named timer has no key";
    if (!target && !is_made_by_its_message(out))
        return "no such actor";
    if (!target && name_check_actor(view_text(out->send->target)))
        return "that is no name for an actor";
    return NULL;
}

static void send_message(struct outgoing *out)
{
    struct engine *engine = out->engine;
    const struct parameters *parameters = &out->send->parameters;
    struct actor *target = find_target(out);
    struct task_record known = {0};
    uint8_t fingerprint[16];
    out->key = parameters->key;
    if (!parameters->key.size && !parameters->timer[0])
        key_of_send(out->from->id, out->task->head.sequence, out->line, &out->key);
    const char *why = objection(out, target);
    if (why) {
        refuse(out, why);
        return;
    }
    if (!target)
        target = create_target(out);
    engine_fingerprint(view_bytes(&out->send->text), fingerprint);
    if (parameters->key.size &&
        key_find(engine, index_decided(engine->index), &target->record.head, &out->key,
                 engine->clock_ms, &known)) {
        if (send_is_same(engine, &target->record, &known, fingerprint))
            repeat(out, target, &known);
        else
            refuse(out, "the key is known with another message");
        return;
    }
    if (known.head.sequence)
        send_forget_expired(engine, target->id, &known, &out->key);
    replace_timer(out, target);
    accept(out, target, fingerprint);
}

/* ------------------------------------------------------------ behavior and control */

/* Whose status and behavior the turn may write: its own, those of actors it has just
   made, and those that the behavior's .conf names. */
static bool may_control(const struct outgoing *out, const struct actor *target)
{
    return target == out->from || target->id >= out->first_created ||
           (out->behavior->policy.control[0] &&
            fnmatch(out->behavior->policy.control, target->record.name, 0) == 0);
}

/* The actor to be controlled; null when the send was refused. */
static struct actor *controlled(struct outgoing *out)
{
    struct actor *target = find_target(out);
    if (target && may_control(out, target))
        return target;
    refuse(out, target ? "not allowed by `control` of the behavior's .conf"
                       : "no such actor");
    return NULL;
}

static void set_behavior(struct outgoing *out)
{
    struct actor *target = controlled(out);
    struct view name = view_bytes(&out->send->text);
    struct behavior_set *set = out->engine->behaviors;
    if (!target)
        return;
    if (name.size && (name.size > BEHAVIOR_NAME_BYTES_MAX || !set->find(set, name))) {
        refuse(out, "no such behavior is installed");
        return;
    }
    struct change change = {.type = CHANGE_BEHAVIOR, .actor = target->id, .text = name};
    record_add(out->engine, &change);
    record_tell(out->engine, target->id);
}

static void control(struct outgoing *out)
{
    BYTES_AUTO(reason);
    struct actor *target = controlled(out);
    if (!target)
        return;
    if (control_line(out->engine, target, out->from, view_bytes(&out->send->text),
                     &reason)) {
        bytes_append(&reason, view_of("", 1));
        refuse(out, reason.data);
    }
}

void outgoing_send(struct engine *engine, struct actor *from,
                   const struct behavior *behavior, const struct task_record *task,
                   const struct turn_output *output)
{
    struct outgoing out = {.engine = engine,
                           .from = from,
                           .behavior = behavior,
                           .task = task,
                           .first_created = engine->next_actor};
    for (size_t i = 0; i < output->send_count; i++) {
        out.send = &output->sends[i];
        out.line = i + 1;
        switch (out.send->kind) {
        case SEND_MESSAGE:
            send_message(&out);
            break;
        case SEND_CREATE:
            create(&out);
            break;
        case SEND_BEHAVIOR:
            set_behavior(&out);
            break;
        case SEND_CONTROL:
            control(&out);
            break;
        }
    }
}
