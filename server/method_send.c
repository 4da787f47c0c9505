/* SPDX-License-Identifier: MIT */
/*
 * PUT and POST to tasks and execute (contract, sections 2, 3 and 5): the body is one
 * message, or with `Content-Type: application/x-ndjson` a message a line. Where the key
 * stands in more than one place (the name, the query, a header), all must say the same.
 */
#include "server/methods.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"

#define EXECUTE_WAIT_MS 30000

struct sending {
    struct node node; /* with all parameters */
    bool was_known;
    int64_t wait_ms; /* -1: do not */
    int64_t waited_until_ns;
    bool has_lines;
};

static bool refuse(struct http_request *request, const char *why)
{
    answer_problem(request, 400, "%s", why);
    return false;
}

/* ---------------------------------------------------------------------- parameters */

static bool set_key(struct http_request *request, struct sending *sending,
                    const struct key *key)
{
    struct key *held = &sending->node.parameters.key;
    if (held->size && !view_equal(key_view(held), key_view(key)))
        return refuse(request, "the idempotency keys of this request differ");
    *held = *key;
    sending->node.parameters.at = true;
    return true;
}

static bool take_header(struct http_request *request, struct sending *sending,
                        const char *name)
{
    struct key key;
    const char *value = http_request_header(request, name);
    if (!value)
        return true;
    if (value_key(view_text(value), &key))
        return refuse(request, "an idempotency key has 1 to 200 printable ASCII "
                               "characters and no dot first");
    return set_key(request, sending, &key);
}

static bool take_headers(struct http_request *request, struct sending *sending)
{
    const struct http_words *more =
        &http_face_inside(request->loop->face)->options.key_headers;
    if (!take_header(request, sending, "Idempotency-Key"))
        return false;
    /* Those of webhooks say nothing where the client gave a key of its own. */
    for (size_t i = 0; i < more->count && !sending->node.parameters.key.size; i++)
        if (!take_header(request, sending, more->list[i]))
            return false;
    return true;
}

static bool take_argument(struct http_request *request, struct sending *sending,
                          const struct target_argument *argument)
{
    struct key key;
    if (argument->name.size == 15 &&
        strncasecmp(argument->name.data, "Idempotency-Key", 15) == 0) {
        if (key_from_raw(argument->value, &key))
            return refuse(request, "an idempotency key has 1 to 200 printable ASCII "
                                   "characters and no dot first");
        return set_key(request, sending, &key);
    }
    if (parameters_set(&sending->node.parameters, argument->name, argument->value))
        return refuse(request,
                      "the query takes Idempotency-Key, delay, at, timer, wait, "
                      "create; each once, with a value that fits");
    return true;
}

static bool take_parameters(struct http_request *request, struct sending *sending)
{
    for (size_t i = 0; i < request->target.argument_count; i++)
        if (!take_argument(request, sending, &request->target.arguments[i]))
            return false;
    if (!take_headers(request, sending))
        return false;
    if (sending->node.parameters.reply)
        return refuse(request, "reply=1 is for actors");
    return true;
}

static int64_t wait_of(struct http_request *request, const struct sending *sending)
{
    const char *text = http_request_header(request, "Prefer");
    struct prefer prefer = {.wait_ms = -1};
    int64_t wait_ms = sending->node.kind == NODE_EXECUTE ? EXECUTE_WAIT_MS : -1;
    if (text)
        value_prefer(view_text(text), &prefer);
    if (prefer.respond_async)
        wait_ms = -1;
    if (prefer.wait_ms >= 0)
        wait_ms = prefer.wait_ms;
    if (sending->node.parameters.wait_ms >= 0)
        wait_ms = sending->node.parameters.wait_ms;
    return wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
}

/* ------------------------------------------------------------------------ answering */

static struct sending *sending_of(struct http_request *request)
{
    return request->extra;
}

static void answer_outcome(struct http_request *request)
{
    struct sending *sending = sending_of(request);
    bool waited = sending->wait_ms >= 0;
    method_answer_outcome(request, &sending->node, waited);
    if (sending->was_known)
        answer_header(request, "Idempotency-Replayed", "true");
}

/* The task that the message became. */
static void name_task(struct sending *sending, const struct engine_answer *result)
{
    struct parameters *parameters = &sending->node.parameters;
    sending->node.actor = result->actor;
    sending->was_known = result->replayed;
    if (!parameters->key.size)
        key_of_sequence(result->sequence, &parameters->key);
}

static void sent(struct http_request *request)
{
    struct sending *sending = sending_of(request);
    const struct engine_answer *result = &request->result;
    if (result->status == STATUS_NOT_FOUND && !sending->node.actor) {
        answer_problem(request, 409, "no such actor; MKCOL makes one, or create=1");
        return;
    }
    if (result->status) {
        answer_status(request, result->status, result->detail);
        return;
    }
    name_task(sending, result);
    if (sending->wait_ms <= 0 || sending->has_lines) {
        answer_outcome(request);
        return;
    }
    http_request_suspend(request, answer_outcome);
    if (tree_wait(request_tree(request), &sending->node, sending->wait_ms,
                  http_request_wake, request, &request->wait))
        answer_outcome(request);
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
                             .create_owner = {getuid(), getgid(), 0755}};
    if (sending->has_lines) {
        post.count = split_lines(body, NULL);
        post.messages = lines = memory_take((post.count + 1) * sizeof *lines);
        split_lines(body, lines);
    }
    if (!sending->node.actor)
        post.create_name = request->target.segments[1];
    http_request_suspend(request, sent);
    tree_post(request_tree(request), &sending->node, &post, http_request_done, request);
    free(lines);
}

/* `/actors/NAME/tasks...` of an actor that is not there may make it. */
static bool find_mailbox(struct http_request *request, struct sending *sending)
{
    struct view base;
    const struct http_target *target = &request->target;
    sending->node = request->node;
    if (request->found == STATUS_OK || request->missing == 1)
        return true;
    if (request->missing != 2 || request->parent.kind != NODE_ACTORS ||
        name_parse(target->segments[2], &base, &sending->node.parameters) ||
        !node_kind_of_file(base, &sending->node.kind)) {
        answer_problem(request, 409, "no such actor; MKCOL makes one");
        return false;
    }
    sending->node.actor = 0;
    return true;
}

static bool is_nothing(const struct http_request *request,
                       const struct sending *sending)
{
    return sending->has_lines ? split_lines(view_bytes(&request->body), NULL) == 0
                              : request->body.size == 0;
}

void method_send(struct http_request *request)
{
    struct sending *sending = memory_take_zeroed(1, sizeof *sending);
    const char *type = http_request_header(request, "Content-Type");
    const char *none = http_request_header(request, "If-None-Match");
    request->extra = sending;
    request->free_extra = free;
    if (!find_mailbox(request, sending) || !take_parameters(request, sending))
        return;
    sending->has_lines = request->method == METHOD_POST && type &&
                         strncasecmp(type, "application/x-ndjson", 20) == 0;
    sending->wait_ms = wait_of(request, sending);
    if (is_nothing(request, sending)) { /* clients make files empty first */
        answer_code(request, 204);
        return;
    }
    struct task_info known;
    if (none && strcmp(none, "*") == 0 &&
        engine_task(tree_engine(request_tree(request)), sending->node.actor,
                    &sending->node.parameters.key, &known) == STATUS_OK) {
        answer_problem(request, 412, "the key is known");
        return;
    }
    post(request);
}
