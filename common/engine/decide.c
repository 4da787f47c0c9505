/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a request. Each is decided against everything decided before it, on
 * disk or not; its answer waits for the commit of all that, so that nobody hears of a
 * duplicate of something that may still be lost.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define STATE_WAIT_NS (60LL * 1000000000)

void decide_answer(struct engine *engine, struct request *request, enum status status,
                   const char *format, ...)
{
    va_list arguments;
    char text[512];
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bytes_clear(&request->detail);
    bytes_append(&request->detail, view_of(text, strlen(text) + 1));
    request->answer.status = status;
    batch_add_answer(&engine->batch, request);
}

void decide_accept(struct engine *engine, struct request *request)
{
    bytes_clear(&request->detail);
    request->answer.status = STATUS_OK;
    batch_add_answer(&engine->batch, request);
}

void decide_committed(struct engine *engine, struct request *request,
                      enum status status)
{
    if (status == STATUS_OK)
        decide_accept(engine, request);
    else
        decide_answer(engine, request, status, "%s",
                      status == STATUS_NO_SPACE
                          ? "the disk is full; make room and try again"
                          : "the journal failed; restart the daemon");
}

/* The actor the request is about; answers NOT_FOUND itself. */
static struct actor *wanted(struct engine *engine, struct request *request)
{
    struct actor *actor = actor_get(engine, request->actor);
    if (!actor)
        decide_answer(engine, request, STATUS_NOT_FOUND, "no such actor");
    return actor;
}

static enum status commit_one(struct engine *engine, const struct change *change)
{
    record_begin(engine);
    record_add(engine, change);
    return record_commit(engine);
}

/* --------------------------------------------------------------------------- send */

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

/* ------------------------------------------------------------------------- actors */

static void decide_create(struct engine *engine, struct request *request)
{
    struct view name = view_bytes(&request->text);
    enum status status = name_check_actor(name);
    if (status) {
        decide_answer(engine, request, status,
                      "an actor's name has 1 to %d bytes of UTF-8 without control "
                      "characters and / ? # %% ,",
                      ACTOR_NAME_BYTES_MAX);
        return;
    }
    if (actor_get_by_name(engine, name)) {
        decide_answer(engine, request, STATUS_EXISTS, "there is an actor of that name");
        return;
    }
    struct change change = {
        .type = CHANGE_CREATE,
        .actor = engine->next_actor,
        .owner = {request->owner.uid, request->owner.gid, request->owner.mode},
        .text = name};
    request->answer.actor = change.actor;
    decide_committed(engine, request, commit_one(engine, &change));
}

static enum status commit_remove(struct engine *engine, struct actor *actor)
{
    scheduler_forget(engine, actor);
    struct change change = {.type = CHANGE_REMOVE, .actor = actor->id};
    return commit_one(engine, &change);
}

static void decide_remove(struct engine *engine, struct request *request)
{
    struct actor *actor = wanted(engine, request);
    if (!actor)
        return;
    if (actor_unfinished(actor) || actor->schedule == ACTOR_RUNNING) {
        decide_answer(engine, request, STATUS_NOT_EMPTY,
                      "tasks are unfinished; write clear to its status first");
        return;
    }
    decide_committed(engine, request, commit_remove(engine, actor));
}

bool decide_retire(struct engine *engine, struct actor *actor)
{
    return actor->record.head.flags & ACTOR_RETIRING && !actor_unfinished(actor) &&
           actor->schedule != ACTOR_RUNNING &&
           commit_remove(engine, actor) == STATUS_OK;
}

static void decide_owner(struct engine *engine, struct request *request)
{
    struct actor *actor = wanted(engine, request);
    if (!actor)
        return;
    struct change change = {
        .type = CHANGE_OWNER,
        .actor = actor->id,
        .part = (uint32_t)request->part,
        .owner = {request->owner.uid, request->owner.gid, request->owner.mode}};
    decide_committed(engine, request, commit_one(engine, &change));
}

static void decide_behavior(struct engine *engine, struct request *request)
{
    struct actor *actor = wanted(engine, request);
    struct view name = view_bytes(&request->text);
    if (!actor)
        return;
    if (name.size && (name.size > BEHAVIOR_NAME_BYTES_MAX ||
                      !engine->behaviors->find(engine->behaviors, name))) {
        decide_answer(engine, request, STATUS_INVALID,
                      "no behavior %.*s is installed; see /behaviors", (int)name.size,
                      name.data);
        return;
    }
    struct change change = {.type = CHANGE_BEHAVIOR, .actor = actor->id, .text = name};
    decide_committed(engine, request, commit_one(engine, &change));
    scheduler_offer(engine, actor);
}

/* -------------------------------------------------------------------------- state */

static void set_state(struct engine *engine, struct actor *actor,
                      struct request *request)
{
    if (request->expected_version != STATE_VERSION_ANY &&
        request->expected_version != actor->record.head.state_version) {
        decide_answer(engine, request, STATUS_STALE,
                      "the state changed meanwhile: it has version %llu",
                      (unsigned long long)actor->record.head.state_version);
        return;
    }
    struct change change = {.type = CHANGE_STATE,
                            .actor = actor->id,
                            .text = view_bytes(&request->extra),
                            .state = view_bytes(&request->text)};
    enum status status = commit_one(engine, &change);
    request->answer.version = actor->record.head.state_version;
    decide_committed(engine, request, status);
}

void decide_state(struct engine *engine, struct request *request)
{
    struct actor *actor = wanted(engine, request);
    if (!actor)
        return;
    if (request->text.size > engine->options.state_bytes_max) {
        decide_answer(engine, request, STATUS_TOO_LARGE, "a state has at most %u bytes",
                      engine->options.state_bytes_max);
    } else if (actor->schedule == ACTOR_RUNNING) {
        request->deadline_ns = engine->now_ns + STATE_WAIT_NS;
        request_push(&actor->parked, request);
    } else {
        set_state(engine, actor, request);
    }
}

void decide_parked(struct engine *engine, struct actor *actor)
{
    struct request *request;
    while ((request = request_pop(&actor->parked))) {
        if (engine->now_ns > request->deadline_ns)
            decide_answer(engine, request, STATUS_TIMEOUT,
                          "a turn went on for too long; nothing was changed");
        else
            set_state(engine, actor, request);
    }
}

/* ------------------------------------------------------------------------ refusal */

static void note_refusal(struct engine *engine, struct request *request)
{
    struct actor *actor = actor_get(engine, request->actor);
    if (actor) {
        actor->record.head.counts.refused++;
        snprintf(actor->record.last_refusal, sizeof actor->record.last_refusal, "%.*s",
                 (int)request->text.size, request->text.data);
        engine->applying = journal_last(engine->journal);
        actor_touch_shown(engine, actor);
    }
    request_free(request);
}

/* After a failed commit what was decided last is known here and may be lost on disk:
   not even a duplicate is acknowledged until the store is opened again. */
static bool is_read_only(const struct engine *engine, const struct request *request)
{
    return engine->read_only && request->kind != REQUEST_REFUSAL &&
           request->kind != REQUEST_TURN_FINISHED;
}

void decide_request(struct engine *engine, struct request *request)
{
    if (is_read_only(engine, request)) {
        decide_committed(engine, request, STATUS_IO);
        return;
    }
    switch (request->kind) {
    case REQUEST_SEND:
        decide_send(engine, request);
        break;
    case REQUEST_CREATE:
        decide_create(engine, request);
        break;
    case REQUEST_REMOVE:
        decide_remove(engine, request);
        break;
    case REQUEST_OWNER:
        decide_owner(engine, request);
        break;
    case REQUEST_STATE:
        decide_state(engine, request);
        break;
    case REQUEST_CONTROL:
        decide_control(engine, request);
        break;
    case REQUEST_BEHAVIOR:
        decide_behavior(engine, request);
        break;
    case REQUEST_REFUSAL:
        note_refusal(engine, request);
        break;
    case REQUEST_TURN_FINISHED:
        turn_finished(engine, request);
        request_free(request);
        break;
    }
}
