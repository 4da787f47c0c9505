/* SPDX-License-Identifier: MIT */
#include "common/engine/notice.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define DEAD_LETTERS "dead-letters"

bool notice_is_due(const struct actor *actor, const struct task_record *task)
{
    return task->envelope.size || actor->record.head.flags & ACTOR_BONDED;
}

/* Dead letters may be watched, too: the actor, the letter, its end, and notices. */
size_t notice_letter_bytes_max(struct engine *engine)
{
    struct actor *letters = actor_get_by_name(engine, view_text(DEAD_LETTERS));
    return (3 + (letters ? bond_count(engine, letters) : 0)) * NOTICE_BYTES_MAX;
}

size_t notice_bytes_max(struct engine *engine, const struct actor *actor,
                        size_t result_bytes)
{
    return (1 + bond_count(engine, actor)) * NOTICE_BYTES_MAX + result_bytes +
           notice_letter_bytes_max(engine);
}

void notice_send(struct engine *engine, struct actor *to,
                 const struct envelope *envelope, struct view message)
{
    BYTES_AUTO(packed);
    envelope_pack(envelope, &packed);
    struct change change = {.type = CHANGE_ACCEPT,
                            .actor = to->id,
                            .sequence = record_take_slot(engine, to),
                            .openings = index_incarnation(engine->index),
                            .envelope = view_bytes(&packed),
                            .message = message};
    engine_fingerprint(message, change.fingerprint);
    record_add(engine, &change);
    record_tell(engine, to->id);
}

static void append_key(const struct task_record *task, struct bytes *out)
{
    struct key key;
    if (task->head.flags & TASK_KEYED) {
        key.size = (uint8_t)task->key.size;
        memcpy(key.text, task->key.data, task->key.size);
    } else {
        key_of_sequence(task->head.sequence, &key);
    }
    key_append_encoded(out, &key);
}

/* ------------------------------------------------------------------- dead letters */

static struct actor *dead_letters(struct engine *engine, const struct actor *from)
{
    struct actor *actor = actor_get_by_name(engine, view_text(DEAD_LETTERS));
    if (actor)
        return actor;
    struct change change = {.type = CHANGE_CREATE,
                            .actor = engine->next_actor,
                            .owner = from->record.owners[PART_FOLDER],
                            .text = view_text(DEAD_LETTERS)};
    record_add(engine, &change);
    return actor_get(engine, change.actor);
}

static void fail_letter(struct engine *engine, struct actor *letters, uint64_t sequence,
                        struct view error)
{
    struct task_record task;
    ENSURE(task_find_live(index_decided(engine->index), letters->id, sequence, &task));
    struct change change = {.type = CHANGE_FINISH,
                            .actor = letters->id,
                            .sequence = sequence,
                            .slot = task.head.slot,
                            .outcome = TASK_FAILED,
                            .result = error};
    log_place(engine, &letters->record.head, &task, &change);
    record_add(engine, &change);
    notice_finished(engine, letters, &task, TASK_FAILED, error);
}

void notice_dead_letter(struct engine *engine, struct actor *from, const char *address,
                        const char *reason, struct view message)
{
    BYTES_AUTO(error);
    ENSURE(engine->record_is_open);
    struct actor *letters = dead_letters(engine, from);
    struct envelope envelope = {.kind = KIND_MESSAGE,
                                .sender = from->id,
                                .sender_name = view_text(from->record.name)};
    uint64_t sequence = letters->record.head.next_slot;
    bytes_format(&error, "from %s to %s: %s", from->record.name, address, reason);
    log_warning("undeliverable: %.*s", (int)error.size, error.data);
    notice_send(engine, letters, &envelope, message);
    fail_letter(engine, letters, sequence, view_bytes(&error));
}

/* ------------------------------------------------------------------------ telling */

static void reply(struct engine *engine, struct actor *actor,
                  const struct envelope *asked, struct view key,
                  enum task_state outcome, struct view result)
{
    struct actor *asker = actor_get(engine, asked->sender);
    if (!asker) {
        char address[ACTOR_NAME_BYTES_MAX + 32];
        snprintf(address, sizeof address, "%.*s (reply)", (int)asked->sender_name.size,
                 asked->sender_name.data);
        if (engine->record_is_open)
            notice_dead_letter(engine, actor, address, "the actor is gone", result);
        else
            log_warning("undeliverable: from %s to %s: the actor is gone",
                        actor->record.name, address);
        return;
    }
    struct envelope envelope = {.kind = KIND_REPLY,
                                .sender = actor->id,
                                .sender_name = view_text(actor->record.name),
                                .reply_to = key,
                                .outcome = view_text(task_state_text(outcome))};
    notice_send(engine, asker, &envelope, result);
}

static void suspend(struct engine *engine, const struct actor *actor)
{
    struct change change = {.type = CHANGE_FLAGS,
                            .actor = actor->id,
                            .flags = actor->record.head.flags | ACTOR_SUSPENDED};
    if (!(actor->record.head.flags & ACTOR_SUSPENDED))
        record_add(engine, &change);
}

/* Those who watch get a message, those who are linked stop. */
static void tell_bonded(struct engine *engine, struct actor *actor,
                        const struct envelope *envelope, struct view message)
{
    struct bond bond;
    for (size_t n = 0; bond_at(engine, actor, n, &bond); n++) {
        struct actor *other = actor_get(engine, bond.other);
        ENSURE(other);
        if (bond.flags & BOND_WATCHED)
            notice_send(engine, other, envelope, message);
        if (bond.flags & BOND_LINKED && envelope->kind == KIND_FAILED)
            suspend(engine, other);
    }
}

void notice_finished(struct engine *engine, struct actor *actor,
                     const struct task_record *task, enum task_state outcome,
                     struct view result)
{
    struct envelope asked;
    BYTES_AUTO(key);
    if (!notice_is_due(actor, task))
        return;
    envelope_unpack(task->envelope, &asked);
    append_key(task, &key);
    if (asked.wants_reply)
        reply(engine, actor, &asked, view_bytes(&key), outcome, result);
    if (outcome != TASK_FAILED)
        return;
    struct envelope envelope = {.kind = KIND_FAILED,
                                .sender = actor->id,
                                .sender_name = view_text(actor->record.name),
                                .reply_to = view_bytes(&key),
                                .outcome = view_text(task_state_text(outcome))};
    tell_bonded(engine, actor, &envelope, error_line(result));
}

void notice_retired(struct engine *engine, struct actor *actor)
{
    struct envelope envelope = {.kind = KIND_RETIRED,
                                .sender = actor->id,
                                .sender_name = view_text(actor->record.name)};
    tell_bonded(engine, actor, &envelope, view_of("", 0));
}
