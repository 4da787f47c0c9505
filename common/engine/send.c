/* SPDX-License-Identifier: MIT */
/*
 * Sending: the messages of one request become tasks, all or none, in one record. Each
 * is looked up by its key first; a message that is known adds nothing, one that is
 * known with other bytes refuses them all.
 */
#include "common/engine/decide.h"

#include "common/base/text.h"
#include "common/engine/core.h"
#include "common/engine/notice.h"

/* A send under decision. Most messages are new; of a bulk load that is run again many
   are known. */
struct sending {
    struct engine *engine;
    struct request *request;
    struct actor *actor;    /* null: it is to be created */
    struct actor_head head; /* as it will be when the changes so far are applied */
    int64_t due_ms;
    bool lines_unstored; /* LMDB has no key of a further line */
    uint64_t added;
    uint64_t last; /* sequence number of the last message, new or known */
};

bool send_is_same(struct engine *engine, const struct actor_record *actor,
                  const struct task_record *known, const uint8_t fingerprint[16])
{
    if (memcmp(known->head.fingerprint, fingerprint, 16) == 0)
        return true;
    const struct behavior *behavior = behavior_of(engine->behaviors, actor);
    return behavior && behavior->policy.key_decides;
}

static bool answer_known(struct sending *sending, const struct task_record *task,
                         const uint8_t fingerprint[16], const struct key *key)
{
    sending->last = task->head.sequence;
    if (send_is_same(sending->engine, &sending->actor->record, task, fingerprint))
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
                            .sequence = sending->actor
                                            ? record_take_slot(engine, sending->actor)
                                            : sending->head.next_slot++,
                            .due_ms = sending->due_ms,
                            .openings = index_incarnation(engine->index),
                            .key = key_view(key),
                            .timer = view_text(request->parameters.timer),
                            .caller = view_bytes(&request->extra),
                            .envelope = view_bytes(&request->envelope),
                            .message = message};
    memcpy(change.fingerprint, fingerprint, sizeof change.fingerprint);
    record_add(engine, &change);
    sending->last = change.sequence;
    sending->added++;
}

/* A key that is used again after its time leaves nothing of the old task behind: where
   receipts of other outcomes lie, it might be found before the new one. Counts stay. */
void send_forget_expired(struct engine *engine, uint64_t actor,
                         const struct task_record *task, const struct key *key)
{
    struct change change = {.type = CHANGE_FORGET,
                            .actor = actor,
                            .sequence = task->head.sequence,
                            .outcome = TASK_DONE,
                            .key = key_view(key)};
    record_add(engine, &change);
}

/* The keys of a bulk load begin alike: where LMDB has none of that beginning, as is the
   rule, it is not asked for each. */
static bool are_lines_unstored(const struct sending *sending)
{
    const struct request *request = sending->request;
    struct index_snapshot *decided = index_decided(sending->engine->index);
    struct key key;
    struct text_key name;
    if (request->count == 1 || !request->parameters.key.size)
        return false;
    key_of_line(&request->parameters.key, 2, &key);
    key.size--; /* up to the number */
    return !index_is_stored(decided, TABLE_KEYS,
                            text_key(&name, sending->head.id, key_view(&key)));
}

static bool is_unheard_of(const struct sending *sending, const struct key *key,
                          uint64_t line)
{
    struct text_key name;
    return sending->lines_unstored && line > 1 &&
           !index_is_held(index_decided(sending->engine->index), TABLE_KEYS,
                          text_key(&name, sending->head.id, key_view(key)));
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
    if (request->parameters.key.size)
        key_of_line(&request->parameters.key, request->first_line + n, &key);
    if (key.size && !is_unheard_of(sending, &key, request->first_line + n)) {
        if (key_find(engine, index_decided(engine->index), &sending->head, &key,
                     engine->clock_ms, &task))
            return answer_known(sending, &task, fingerprint, &key);
        if (task.head.sequence)
            send_forget_expired(engine, sending->head.id, &task, &key);
    }
    add_message(sending, message, &key, fingerprint);
    return true;
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
    struct view name = view_text(sending->request->parameters.timer);
    struct task_record task;
    struct change change;
    if (!name.size || !sending->actor ||
        !timer_find(engine, sending->actor->id, name, &task) ||
        task.head.state != TASK_DELAYED)
        return;
    turn_cancel_change(engine, &sending->head, &task, &change);
    record_add(engine, &change);
    notice_finished(engine, sending->actor, &task, TASK_CANCELED, view_of("", 0));
    sending->head.counts.delayed--;
}

static bool has_room(struct sending *sending)
{
    const struct actor_counts *counts = &sending->head.counts;
    uint64_t unfinished = counts->pending + counts->delayed + counts->deferred;
    if (unfinished + sending->added <= sending->engine->options.mailbox_tasks_max)
        return true;
    decide_answer(sending->engine, sending->request, STATUS_FULL,
                  "the mailbox is full: %llu unfinished task%s",
                  (unsigned long long)unfinished, text_plural(unfinished));
    return false;
}

static void commit_send(struct sending *sending, uint64_t created)
{
    struct engine *engine = sending->engine;
    struct request *request = sending->request;
    enum status status = STATUS_OK;
    if (sending->added || created) {
        note_add(engine, request);
        status = record_commit(engine);
    }
    if (!status) {
        engine->accepted += (unsigned)sending->added;
        request->answer.actor = sending->head.id;
        request->answer.sequence = sending->last;
        request->answer.replayed = sending->added == 0;
        scheduler_offer(engine, actor_get(engine, sending->head.id));
    }
    decide_committed(engine, request, status);
}

static bool is_made_by_its_message(struct engine *engine, const struct request *request)
{
    const struct behavior *behavior =
        behavior_by_name(engine->behaviors, view_bytes(&request->text));
    return request->text.size &&
           (request->parameters.create || (behavior && behavior->policy.create));
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
        sending->actor = actor;
        sending->head = actor->record.head;
        return true;
    }
    if (request->actor || !is_made_by_its_message(engine, request)) {
        decide_answer(engine, request, STATUS_NOT_FOUND, "no such actor");
        return false;
    }
    if (name_check_actor(name)) {
        decide_answer(engine, request, STATUS_INVALID, "that is no name for an actor");
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

/* Such a key names a task that there is; no message is sent under one. */
static bool is_servers_own(struct sending *sending)
{
    struct engine *engine = sending->engine;
    const struct request *request = sending->request;
    struct task_record task;
    if (!key_is_servers_own(&request->parameters.key))
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
    if (request->parameters.timer[0] &&
        (request->parameters.key.size || request->count > 1)) {
        decide_answer(engine, request, STATUS_INVALID,
                      "a named timer is one message, without a key");
        return true;
    }
    if (is_servers_own(sending)) {
        decide_answer(engine, request, STATUS_NOT_FOUND,
                      "no such task; keys that begin with a dot are the server's own");
        return true;
    }
    return false;
}

/* What holds for messages that are not known yet. */
static bool takes_no_more(struct sending *sending)
{
    struct engine *engine = sending->engine;
    struct request *request = sending->request;
    if (sending->head.flags & ACTOR_RETIRING) {
        decide_answer(engine, request, STATUS_BUSY, "the actor is being retired");
        return true;
    }
    if (request->refuse_suspended && sending->head.flags & ACTOR_SUSPENDED) {
        decide_answer(engine, request, STATUS_BUSY, "the actor is suspended");
        return true;
    }
    return !has_room(sending);
}

void decide_send(struct engine *engine, struct request *request)
{
    struct sending sending = {.engine = engine,
                              .request = request,
                              .due_ms = timer_due_ms(engine, &request->parameters)};
    uint64_t created;
    record_begin(engine);
    if (is_too_large(engine, request) || !find_target(&sending, &created) ||
        is_refused(&sending))
        return;
    replace_timer(&sending);
    sending.lines_unstored = are_lines_unstored(&sending);
    for (size_t n = 0; n < request->count; n++)
        if (!send_message(&sending, n))
            return;
    if (sending.added && takes_no_more(&sending))
        return;
    commit_send(&sending, created);
}
