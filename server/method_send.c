/* SPDX-License-Identifier: MIT */
/*
 * PUT and POST to tasks and execute (contract, sections 2, 3 and 5): the body is one
 * message, or with `Content-Type: application/x-ndjson` a message a line; the answer is
 * then of the last of them, which ends when all have.
 */
#include "server/methods.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "server/permission.h"

#define EXECUTE_WAIT_MS 30000

struct sending {
    struct node node;   /* with all parameters */
    bool is_keyed_name; /* the key stands in the path: `tasks@KEY` is the file */
    bool was_known;
    uint64_t sequence; /* of the task that the (last) message became */
    int64_t wait_ms;   /* -1: do not */
    bool has_lines;
    size_t count; /* of messages */
};

/* ------------------------------------------------------------------------ answering */

static struct sending *sending_of(struct http_request *request)
{
    return request->extra;
}

/* What was just accepted waits for its turn, unless it was given a time. */
static void name_new_task(struct http_request *request, const struct node *task)
{
    const struct parameters *parameters = &task->parameters;
    if (parameters->delay_ms >= 0 || parameters->at_ms >= 0)
        method_name_task(request, task);
    else
        method_name_known(request, request->target.segments[1], &parameters->key,
                          TASK_PENDING);
}

/* A sender is told that its message was taken, and for a known one what became of it;
   an outcome that is an error it must have asked for. */
static bool wants_outcome(const struct sending *sending)
{
    return sending->wait_ms >= 0 || sending->node.kind == NODE_EXECUTE;
}

static void complete(struct http_request *request, const struct sending *sending)
{
    method_answer_preference(request, &sending->node.parameters);
    if (sending->was_known)
        answer_text(request, "Idempotency-Replayed", view_text("true"));
}

static void answer_outcome(struct http_request *request)
{
    struct sending *sending = sending_of(request);
    if (!sending->was_known && sending->wait_ms < 0) {
        answer_code(request, 202);
        name_new_task(request, &sending->node);
    } else {
        method_answer_outcome(request, &sending->node, sending->sequence,
                              wants_outcome(sending));
    }
    complete(request, sending);
}

/* The task that the (last) message became. */
static void name_task(struct sending *sending, const struct engine_answer *result)
{
    struct key *key = &sending->node.parameters.key, first = *key;
    sending->node.actor = result->actor;
    sending->was_known = result->replayed;
    sending->sequence = result->sequence;
    if (key->size)
        key_of_line(&first, sending->count, key);
    else
        key_of_sequence(result->sequence, key);
}

/* RFC 4918, section 9.7.1, has 409 for PUT. */
static void refuse_missing(struct http_request *request)
{
    answer_problem(request, request->method == METHOD_PUT ? 409 : 404,
                   "no such actor; MKCOL makes one, or create=1 with a message");
}

static bool wants_new(const struct http_request *request)
{
    const char *none = http_request_header(request, "If-None-Match");
    return none && strcmp(none, "*") == 0;
}

static void refuse_known(struct http_request *request, const struct node *task)
{
    answer_problem(request, 412, "the key is known");
    method_name_task(request, task);
}

static void sent(struct http_request *request)
{
    struct sending *sending = sending_of(request);
    const struct engine_answer *result = &request->result;
    if (result->status == STATUS_NOT_FOUND) {
        refuse_missing(request);
    } else if (result->status) {
        answer_status(request, result->status, result->detail);
        method_name_task(request, &sending->node);
    } else {
        name_task(sending, result);
        if (sending->was_known && wants_new(request))
            refuse_known(request, &sending->node); /* another was faster */
        else if (sending->wait_ms > 0)
            http_request_wait(request, &sending->node, sending->wait_ms,
                              answer_outcome);
        else
            answer_outcome(request);
    }
}

/* ---------------------------------------------------------------------- preparing */

/* Lines, without empty ones; the newline is part of each. */
static size_t split_lines(struct view body, struct view *lines)
{
    size_t count = 0;
    while (body.size) {
        const char *end = memchr(body.data, '\n', body.size);
        size_t size = end ? (size_t)(end - body.data) + 1 : body.size;
        bool empty = size == 1 && end;
        if (!empty && lines)
            lines[count] = view_of(body.data, size);
        count += !empty;
        body = view_of(body.data + size, body.size - size);
    }
    return count;
}

static void append_kept(struct http_request *request, struct bytes *out)
{
    const struct http_words *keep =
        &http_face_inside(request->loop->face)->options.keep_headers;
    for (size_t i = 0; i < keep->count; i++) {
        const char *value = http_request_header(request, keep->list[i]);
        if (value)
            bytes_format(out, "%s: %s\n", keep->list[i], value);
    }
}

static void post(struct http_request *request)
{
    struct sending *sending = sending_of(request);
    struct view body = view_bytes(&request->body), *lines = NULL;
    BYTES_AUTO(headers);
    append_kept(request, &headers);
    struct tree_post post = {.messages = &body,
                             .count = 1,
                             .first_line = 1,
                             .headers = view_bytes(&headers),
                             .caller = access_name(request->user),
                             .in_person = http_request_is_alone(request),
                             .note = request->note.key.size ? &request->note : NULL};
    if (sending->has_lines) {
        post.count = sending->count;
        post.messages = lines = memory_take((post.count + 1) * sizeof *lines);
        split_lines(body, lines);
    }
    if (!sending->node.actor) {
        post.create_name = request->target.segments[1];
        post.create_owner = method_owner(request);
    }
    http_request_suspend(request, sent);
    tree_post(request_tree(request), &sending->node, &post, http_request_done, request);
    free(lines);
}

/* One message under a key, sent plainly: whatever else is left to the engine. */
static bool may_be_replay(const struct http_request *request,
                          const struct sending *sending)
{
    const struct parameters *parameters = &sending->node.parameters;
    bool is_new = sending->is_keyed_name && request->found;
    return !is_new && parameters->key.size && !sending->has_lines &&
           !parameters->timer[0] && parameters->at_ms < 0;
}

/* A message that is known, and on disk, changes nothing when it comes again: it needs
   no commit, and is answered at once. False when it is not known. */
static bool answer_replay(struct http_request *request, struct sending *sending)
{
    const struct key *key = &sending->node.parameters.key;
    struct task_info known;
    struct actor_info actor;
    uint8_t fingerprint[sizeof known.fingerprint];
    BYTES_AUTO(text);
    if (!may_be_replay(request, sending))
        return false;
    enum status outcome =
        engine_recall(tree_engine(request_tree(request)), sending->node.actor, key,
                      &known, &actor, &text);
    if (outcome == STATUS_NOT_FOUND)
        return false;
    engine_fingerprint(view_bytes(&request->body), fingerprint);
    if (memcmp(fingerprint, known.fingerprint, sizeof fingerprint) != 0)
        return false;
    if (outcome == STATUS_AGAIN || wants_new(request)) {
        request->result = (struct engine_answer){.detail = "",
                                                 .actor = sending->node.actor,
                                                 .sequence = known.sequence,
                                                 .replayed = true};
        sent(request);
        return true;
    }
    sending->was_known = true;
    method_answer_finished(request, outcome, &actor, key, &text,
                           wants_outcome(sending));
    complete(request, sending);
    return true;
}

/* `/actors/NAME/tasks...` of an actor that is not there may make it. */
static bool find_mailbox(struct http_request *request, struct sending *sending)
{
    struct view base;
    const struct http_target *target = &request->target;
    sending->node = request->node;
    if (request->found && request->missing != 1) {
        if (request->missing != 2 || request->parent.kind != NODE_ACTORS ||
            name_parse(target->segments[2], &base, &sending->node.parameters) ||
            !node_kind_of_file(base, &sending->node.kind)) {
            refuse_missing(request);
            return false;
        }
        sending->node.actor = 0;
    }
    sending->is_keyed_name = sending->node.parameters.key.size > 0;
    return true;
}

/* Where the behavior's .conf makes actors, the administrator has allowed it. */
static bool may_create(struct http_request *request, const struct sending *sending)
{
    return sending->node.actor || !sending->node.parameters.create ||
           permission_to_create(request);
}

/* How many messages the body is; the files that clients make empty first are none. */
static size_t count_messages(const struct http_request *request,
                             const struct sending *sending)
{
    return sending->has_lines ? split_lines(view_bytes(&request->body), NULL)
                              : request->body.size > 0;
}

/* If-None-Match: * is judged by the key, and If-Match holds if the file is there; but a
   replay is answered before that is looked at. False when the request was answered. */
static bool check_conditions(struct http_request *request, struct sending *sending)
{
    struct task_info known;
    const struct node *node = &sending->node;
    const char *match = http_request_header(request, "If-Match");
    if (!match && !http_request_header(request, "If-None-Match"))
        return true;
    bool is_known = node->parameters.key.size &&
                    engine_task(tree_engine(request_tree(request)), node->actor,
                                &node->parameters.key, &known) == STATUS_OK;
    bool exists =
        is_known || request->is_announced || (node->actor && !sending->is_keyed_name);
    if (!is_known && !exists && match) {
        answer_problem(request, 412, "there is no file for If-Match to hold of");
        return false;
    }
    if (is_known && wants_new(request)) {
        refuse_known(request, node);
        return false;
    }
    return true;
}

/* An empty body sends nothing, and makes no actor. */
static void answer_nothing(struct http_request *request, const struct sending *sending)
{
    if (!sending->node.actor) {
        refuse_missing(request);
        return;
    }
    answer_code(request, 204);
    method_name_task(request, &sending->node);
}

bool method_has_lines(const struct http_request *request)
{
    static const char lines[] = "application/x-ndjson";
    const char *type = http_request_header(request, "Content-Type");
    return request->method == METHOD_POST && type &&
           strncasecmp(type, lines, sizeof lines - 1) == 0 &&
           strchr("; \t", type[sizeof lines - 1]);
}

void method_send(struct http_request *request)
{
    struct sending *sending = memory_take(sizeof *sending);
    *sending = (struct sending){.wait_ms = -1};
    request->extra = sending;
    request->free_extra = free;
    if (!find_mailbox(request, sending) ||
        !method_take_parameters(request, &sending->node.parameters) ||
        !may_create(request, sending) || !check_conditions(request, sending))
        return;
    sending->has_lines = method_has_lines(request);
    sending->count = count_messages(request, sending);
    sending->wait_ms =
        method_wait_ms(request, &sending->node.parameters,
                       sending->node.kind == NODE_EXECUTE ? EXECUTE_WAIT_MS : -1);
    if (!sending->count)
        answer_nothing(request, sending);
    else if (!answer_replay(request, sending))
        post(request);
}
