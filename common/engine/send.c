/* SPDX-License-Identifier: MIT */
/*
 * Sending: the messages of one request become tasks, all or none, in one record. Each
 * is looked up by its key first; a message that is known adds nothing, one that is
 * known with other bytes refuses them all.
 */
#include "common/engine/decide.h"

#include "common/base/log.h"
#include "common/engine/core.h"

/* A send under decision. Most messages are new; of a bulk load that is run again many
   are known. */
struct sending {
    struct engine *engine;
    struct request *request;
    struct actor_head head; /* as it will be when the changes so far are applied */
    int64_t due_ms;
    uint64_t added;
    uint64_t last; /* sequence number of the last message, new or known */
};

static bool answer_known(struct sending *sending, const struct task_record *task,
                         const uint8_t fingerprint[16], const struct key *key)
{
    sending->last = task->head.sequence;
    if (memcmp(task->head.fingerprint, fingerprint, 16) == 0)
        return true;
    BYTES_AUTO(name);
    key_append_encoded(&name, key);
    decide_answer(sending->engine, sending->request, STATUS_CONFLICT,
                  "the key %.*s is known with another message", (int)name.size,
                  name.data);
    return false;
}

static void add_message(struct sending *sending, struct view message,
                        const struct key *key, const uint8_t fingerprint[16])
{
    struct engine *engine = sending->engine;
    struct request *request = sending->request;
    struct change change = {.type = CHANGE_ACCEPT,
                            .actor = sending->head.id,
                            .sequence = sending->head.next_slot++,
                            .due_ms = sending->due_ms,
                            .openings = index_incarnation(engine->index),
                            .key = key_view(key),
                            .timer = view_text(request->parameters.timer),
                            .caller = view_bytes(&request->extra),
                            .message = message};
    memcpy(change.fingerprint, fingerprint, sizeof change.fingerprint);
    record_add(engine, &change);
    sending->last = change.sequence;
    sending->added++;
}

/* A key that is used again after its time leaves nothing of the old task behind: where
   receipts of other outcomes lie, it might be found before the new one. Counts stay. */
static void forget_expired(struct sending *sending, const struct task_record *task,
                           const struct key *key)
{
    struct change change = {.type = CHANGE_FORGET,
                            .actor = sending->head.id,
                            .sequence = task->head.sequence,
                            .outcome = TASK_DONE,
                            .key = key_view(key)};
    record_add(sending->engine, &change);
}

/* False when the request was refused. */
static bool send_message(struct sending *sending, size_t n)
{
    struct engine *engine = sending->engine;
    struct request *request = sending->request;
    struct view message = request->messages[n];
    struct key key = {0};
    struct task_record task = {0};
    uint8_t fingerprint[16];
    engine_fingerprint(message, fingerprint);
    if (request->parameters.key.size) {
        key_of_line(&request->parameters.key, request->first_line + n, &key);
        if (key_find(engine, index_decided(engine->index), &sending->head, &key,
                     engine->clock_ms, &task))
            return answer_known(sending, &task, fingerprint, &key);
        if (task.head.sequence)
            forget_expired(sending, &task, &key);
    }
    add_message(sending, message, &key, fingerprint);
    return true;
}

static int64_t due_of(const struct engine *engine, const struct parameters *parameters)
{
    if (parameters->delay_ms > 0)
        return engine->wall_ms + parameters->delay_ms;
    if (parameters->at_ms > engine->wall_ms)
        return parameters->at_ms;
    return 0;
}

static bool is_too_large(struct engine *engine, struct request *request)
{
    for (size_t n = 0; n < request->count; n++)
        if (request->messages[n].size > engine->options.message_bytes_max) {
            decide_answer(engine, request, STATUS_TOO_LARGE,
                          "a message has at most %u bytes",
                          engine->options.message_bytes_max);
            return true;
        }
    return false;
}

/* The pending timer of that name is replaced: its task is canceled in the same record.
 */
static void replace_timer(struct sending *sending)
{
    struct engine *engine = sending->engine;
    struct view name = view_text(sending->request->parameters.timer), value;
    struct text_key key;
    struct key_place place;
    struct task_record task;
    struct change change;
    if (!name.size || !index_get(index_decided(engine->index), TABLE_KEYS,
                                 timer_name_key(&key, sending->head.id, name), &value))
        return;
    memcpy(&place, value.data, sizeof place);
    if (!task_find_live(index_decided(engine->index), sending->head.id, place.sequence,
                        &task) ||
        task.head.state != TASK_DELAYED)
        return;
    turn_cancel_change(engine, &sending->head, &task, &change);
    record_add(engine, &change);
    sending->head.counts.delayed--;
}

static bool has_room(struct sending *sending)
{
    const struct actor_counts *counts = &sending->head.counts;
    uint64_t unfinished = counts->pending + counts->delayed + counts->deferred;
    if (unfinished + sending->added <= sending->engine->options.mailbox_tasks_max)
        return true;
    decide_answer(sending->engine, sending->request, STATUS_FULL,
                  "the mailbox is full: %llu tasks are unfinished",
                  (unsigned long long)unfinished);
    return false;
}

static void commit_send(struct sending *sending, uint64_t created)
{
    struct engine *engine = sending->engine;
    struct request *request = sending->request;
    enum status status = STATUS_OK;
    if (sending->added || created)
        status = record_commit(engine);
    if (!status) {
        engine->accepted += (unsigned)sending->added;
        request->answer.actor = sending->head.id;
        request->answer.sequence = sending->last;
        request->answer.replayed = sending->added == 0;
        scheduler_offer(engine, actor_get(engine, sending->head.id));
    }
    decide_committed(engine, request, status);
}

/* The actor's head, or that of one to be created in the same record; false when the
   request was refused. */
static bool find_target(struct sending *sending, uint64_t *created_out)
{
    struct engine *engine = sending->engine;
    struct request *request = sending->request;
    struct view name = view_bytes(&request->text);
    struct actor *actor = request->actor ? actor_get(engine, request->actor)
                          : name.size    ? actor_get_by_name(engine, name)
                                         : NULL;
    *created_out = 0;
    if (actor) {
        sending->head = actor->record.head;
        return true;
    }
    if (request->actor || !request->parameters.create || name_check_actor(name)) {
        decide_answer(engine, request, STATUS_NOT_FOUND, "no such actor");
        return false;
    }
    *created_out = engine->next_actor;
    sending->head = (struct actor_head){.id = *created_out, .next_slot = 1};
    struct change change = {
        .type = CHANGE_CREATE,
        .actor = *created_out,
        .owner = {request->owner.uid, request->owner.gid, request->owner.mode},
        .text = name};
    record_add(engine, &change);
    return true;
}

/* `.SEQ` names a task that there is; no message is sent under such a key. */
static bool is_servers_own(struct sending *sending)
{
    struct engine *engine = sending->engine;
    const struct request *request = sending->request;
    uint64_t sequence;
    struct task_record task;
    if (!key_is_sequence(&request->parameters.key, &sequence))
        return false;
    return request->count > 1 || request->first_line > 1 ||
           !key_find(engine, index_decided(engine->index), &sending->head,
                     &request->parameters.key, engine->clock_ms, &task);
}

static bool is_refused(struct sending *sending)
{
    struct engine *engine = sending->engine;
    struct request *request = sending->request;
    if (request->parameters.at_ms - engine->wall_ms > DELAY_MS_MAX) {
        decide_answer(engine, request, STATUS_INVALID,
                      "a message is delayed by ten years at most");
        return true;
    }
    if (is_servers_own(sending)) {
        decide_answer(engine, request, STATUS_NOT_FOUND,
                      "no such task; keys that begin with a dot are the server's own");
        return true;
    }
    if (sending->head.flags & ACTOR_RETIRING) {
        decide_answer(engine, request, STATUS_BUSY, "the actor is being retired");
        return true;
    }
    if (request->refuse_suspended && sending->head.flags & ACTOR_SUSPENDED) {
        decide_answer(engine, request, STATUS_BUSY, "the actor is suspended");
        return true;
    }
    return false;
}

void decide_send(struct engine *engine, struct request *request)
{
    struct sending sending = {.engine = engine,
                              .request = request,
                              .due_ms = due_of(engine, &request->parameters)};
    uint64_t created;
    record_begin(engine);
    if (is_too_large(engine, request) || !find_target(&sending, &created) ||
        is_refused(&sending))
        return;
    replace_timer(&sending);
    for (size_t n = 0; n < request->count; n++)
        if (!send_message(&sending, n))
            return;
    if (sending.added && !has_room(&sending))
        return;
    commit_send(&sending, created);
}
