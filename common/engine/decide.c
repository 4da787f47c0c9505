/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a request. Each is decided against everything decided before it, on
 * disk or not; its answer waits for the commit of all that, so that nobody hears of a
 * duplicate of something that may still be lost.
 */
#include "common/engine/decide.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/engine/core.h"
#include "common/engine/notice.h"

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

static void answer_ok(struct engine *engine, struct request *request)
{
    bytes_clear(&request->detail);
    request->answer.status = STATUS_OK;
    batch_add_answer(&engine->batch, request);
}

void decide_committed(struct engine *engine, struct request *request,
                      enum status status)
{
    if (status == STATUS_OK)
        answer_ok(engine, request);
    else
        decide_answer(engine, request, status, "%s",
                      status == STATUS_NO_SPACE
                          ? "the disk is full; make room and try again"
                          : "the journal failed; restart the daemon");
}

struct actor *decide_wanted(struct engine *engine, struct request *request)
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

/* ------------------------------------------------------------------------- actors */

static bool is_no_name(struct engine *engine, struct request *request)
{
    enum status status = name_check_actor(view_bytes(&request->text));
    if (status)
        decide_answer(engine, request, status,
                      "an actor's name has 1 to %d bytes of UTF-8 without control "
                      "characters and / ? # %% ,",
                      ACTOR_NAME_BYTES_MAX);
    return status != STATUS_OK;
}

static void decide_create(struct engine *engine, struct request *request)
{
    struct view name = view_bytes(&request->text);
    if (is_no_name(engine, request))
        return;
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

static void decide_rename(struct engine *engine, struct request *request)
{
    struct actor *actor = decide_wanted(engine, request);
    struct view name = view_bytes(&request->text);
    if (!actor || is_no_name(engine, request))
        return;
    struct actor *other = actor_get_by_name(engine, name);
    if (other && other != actor) {
        decide_answer(engine, request, STATUS_EXISTS, "there is an actor of that name");
        return;
    }
    struct behavior *behavior = behavior_of(engine->behaviors, &actor->record);
    struct change stays = {.type = CHANGE_BEHAVIOR,
                           .actor = actor->id,
                           .text = view_text(behavior ? behavior->name : "")};
    struct change change = {.type = CHANGE_RENAME, .actor = actor->id, .text = name};
    record_begin(engine);
    if (!actor->record.behavior[0] && behavior)
        record_add(engine, &stays);
    record_add(engine, &change);
    decide_committed(engine, request, record_commit(engine));
}

static enum status commit_remove(struct engine *engine, struct actor *actor)
{
    scheduler_forget(engine, actor);
    struct change change = {.type = CHANGE_REMOVE, .actor = actor->id};
    record_begin(engine);
    notice_retired(engine, actor);
    record_add(engine, &change);
    return record_commit(engine);
}

static void decide_remove(struct engine *engine, struct request *request)
{
    struct actor *actor = decide_wanted(engine, request);
    if (!actor)
        return;
    if (actor_unfinished(actor) || actor->schedule == ACTOR_RUNNING) {
        decide_answer(engine, request, STATUS_NOT_EMPTY,
                      "tasks are unfinished; write clear to its status first");
        return;
    }
    enum status status = commit_remove(engine, actor);
    if (status)
        scheduler_offer(engine, actor); /* it may have been about to retire */
    decide_committed(engine, request, status);
}

bool decide_retire(struct engine *engine, struct actor *actor)
{
    return actor->record.head.flags & ACTOR_RETIRING && !actor_unfinished(actor) &&
           actor->schedule != ACTOR_RUNNING &&
           commit_remove(engine, actor) == STATUS_OK;
}

static void decide_owner(struct engine *engine, struct request *request)
{
    struct actor *actor = decide_wanted(engine, request);
    if (!actor)
        return;
    struct change change = {
        .type = CHANGE_OWNER,
        .actor = actor->id,
        .part = (uint32_t)request->part,
        .owner = {request->owner.uid, request->owner.gid, request->owner.mode}};
    decide_committed(engine, request, commit_one(engine, &change));
}

static struct view without_spaces(struct view line)
{
    while (line.size && strchr(" \t\r", line.data[line.size - 1]))
        line.size--;
    return line;
}

static bool is_behavior(struct engine *engine, struct view name)
{
    return name.size <= BEHAVIOR_NAME_BYTES_MAX &&
           engine->behaviors->find(engine->behaviors, name);
}

/* The last of the lines holds, but all must be good; an empty one is. */
static bool judge_behavior(struct engine *engine, struct view lines, struct view *name)
{
    do {
        const char *end = lines.size ? memchr(lines.data, '\n', lines.size) : NULL;
        size_t size = end ? (size_t)(end - lines.data) : lines.size;
        *name = without_spaces(view_of(lines.data, size));
        if (name->size && !is_behavior(engine, *name))
            return false;
        size += end != NULL;
        lines = view_of(lines.data + size, lines.size - size);
    } while (lines.size);
    return true;
}

static void decide_behavior(struct engine *engine, struct request *request)
{
    struct actor *actor = decide_wanted(engine, request);
    struct view name;
    if (!actor)
        return;
    if (!judge_behavior(engine, view_bytes(&request->text), &name)) {
        decide_answer(engine, request, STATUS_INVALID,
                      "no behavior %.*s is installed; see /behaviors", (int)name.size,
                      name.data);
        return;
    }
    struct change change = {.type = CHANGE_BEHAVIOR, .actor = actor->id, .text = name};
    decide_committed(engine, request, commit_one(engine, &change));
    scheduler_offer(engine, actor);
}

/* ------------------------------------------------------------------------ refusal */

static void note_refusal(struct engine *engine, struct request *request)
{
    struct actor *actor = actor_get(engine, request->actor);
    if (actor) {
        log_info("%s: refused: %.*s", actor->record.name, (int)request->text.size,
                 request->text.data);
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
    case REQUEST_RENAME:
        decide_rename(engine, request);
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
    case REQUEST_NOTES:
        decide_notes(engine, request);
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
