/* SPDX-License-Identifier: MIT */
/*
 * The state set from outside: between turns, ahead of the mailbox. Under a key, it
 * leaves a receipt in the same record: a task that is finished as it comes, so that
 * keys of states and of messages are one kind, remembered and forgotten alike.
 */
#include "common/engine/decide.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/engine/core.h"

/* False when the key is not known, or there is none. */
static bool answer_known(struct engine *engine, struct actor *actor,
                         struct request *request)
{
    const struct key *key = &request->parameters.key;
    struct task_record known;
    uint8_t fingerprint[sizeof known.head.fingerprint];
    if (!key->size || !key_find(engine, index_decided(engine->index),
                                &actor->record.head, key, engine->clock_ms, &known))
        return false;
    engine_fingerprint(request->messages[0], fingerprint);
    if (memcmp(known.head.fingerprint, fingerprint, sizeof fingerprint) != 0) {
        BYTES_AUTO(name);
        key_append_encoded(&name, key);
        decide_answer(engine, request, STATUS_CONFLICT,
                      "the key %.*s is known with another message or state",
                      (int)name.size, name.data);
        return true;
    }
    BYTES_AUTO(version);
    bytes_append(&version, task_result(&known));
    bytes_append(&version, view_of("", 1));
    request->answer.version = strtoull(version.data, NULL, 10);
    request->answer.replayed = true;
    decide_committed(engine, request, STATUS_OK);
    return true;
}

/* After the change of the state, in the same record. */
static void add_receipt(struct engine *engine, struct actor *actor,
                        struct request *request)
{
    const struct actor_head *head = &actor->record.head;
    const struct key *key = &request->parameters.key;
    struct task_record expired = {0};
    char version[24];
    if (!key_find(engine, index_decided(engine->index), head, key, engine->clock_ms,
                  &expired) &&
        expired.head.sequence)
        send_forget_expired(engine, actor->id, &expired, key);
    struct change accept = {.type = CHANGE_ACCEPT,
                            .actor = actor->id,
                            .sequence = record_take_slot(engine, actor),
                            .openings = index_incarnation(engine->index),
                            .key = key_view(key),
                            .message = request->messages[0]};
    engine_fingerprint(accept.message, accept.fingerprint);
    record_add(engine, &accept);
    snprintf(version, sizeof version, "%" PRIu64, head->state_version + 1);
    struct task_record task = {
        .head = {.sequence = accept.sequence, .flags = TASK_KEYED}, .key = accept.key};
    struct change finish = {.type = CHANGE_FINISH,
                            .actor = actor->id,
                            .sequence = accept.sequence,
                            .slot = accept.sequence,
                            .outcome = TASK_DONE,
                            .result = view_text(version)};
    log_place(engine, head, &task, &finish);
    record_add(engine, &finish);
}

static void set_state(struct engine *engine, struct actor *actor,
                      struct request *request)
{
    if (answer_known(engine, actor, request))
        return; /* it became known while this waited */
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
    record_begin(engine);
    record_add(engine, &change);
    if (request->parameters.key.size)
        add_receipt(engine, actor, request);
    note_add(engine, request);
    enum status status = record_commit(engine);
    request->answer.version = actor->record.head.state_version;
    decide_committed(engine, request, status);
    scheduler_offer(engine, actor); /* what was deferred may go on */
}

void decide_state(struct engine *engine, struct request *request)
{
    struct actor *actor = decide_wanted(engine, request);
    if (!actor)
        return;
    if (request->text.size > engine->options.state_bytes_max) {
        decide_answer(engine, request, STATUS_TOO_LARGE, "a state has at most %u bytes",
                      engine->options.state_bytes_max);
    } else if (actor->schedule == ACTOR_RUNNING) {
        if (answer_known(engine, actor, request))
            return;
        request->deadline_ns =
            engine->now_ns + actor->running_behavior->policy.timeout_ms * 1000000;
        request_push(&actor->parked, request);
        engine->parked++;
    } else {
        set_state(engine, actor, request);
    }
}

static struct request *unpark(struct engine *engine, struct actor *actor)
{
    struct request *request = request_pop(&actor->parked);
    engine->parked -= request != NULL;
    return request;
}

void decide_parked(struct engine *engine, struct actor *actor)
{
    struct request *request;
    while ((request = unpark(engine, actor)))
        set_state(engine, actor, request);
}

/* Requests of one actor are parked in the order of their deadlines. */
static void expire_parked(struct engine *engine, struct actor *actor)
{
    while (actor->parked.first && engine->now_ns > actor->parked.first->deadline_ns)
        decide_answer(engine, unpark(engine, actor), STATUS_TIMEOUT,
                      "a turn went on for too long; nothing was changed");
}

void decide_expired(struct engine *engine)
{
    struct actor *actor = engine->parked ? engine->cache.oldest : NULL;
    for (; actor; actor = actor->younger)
        expire_parked(engine, actor);
}
