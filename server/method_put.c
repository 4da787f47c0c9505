/* SPDX-License-Identifier: MIT */
/*
 * PUT and POST of an actor's files that are written: state, status and behavior here,
 * tasks and execute in method_send.c.
 */
#include "server/methods.h"

#include <stdlib.h>

#include "common/base/text.h"
#include "server/dav/gate.h"

bool method_is_of_mailbox(const struct http_request *request)
{
    const struct http_target *target = &request->target;
    enum node_kind kind;
    return target->segment_count == 3 &&
           view_equal(target->segments[0], view_text("actors")) &&
           node_kind_of_name(target->segments[2], &kind) &&
           (kind == NODE_TASKS || kind == NODE_EXECUTE);
}

static void tag_state(struct http_request *request, const struct attributes *attributes)
{
    BYTES_AUTO(tag);
    method_tag(&tag, &request->node, attributes);
    answer_header(request, "ETag", "%.*s", (int)tag.size, tag.data);
}

static void state_written(struct http_request *request)
{
    const struct engine_answer *result = &request->result;
    const struct key *key = &request->node.parameters.key;
    struct attributes attributes = {.version = result->version};
    if (result->status) {
        answer_status(request, result->status, result->detail);
        method_name_task(request, &request->node);
        return;
    }
    if (!result->replayed)
        dav_wrote_state(request, result->version);
    answer_code(request, 204);
    tag_state(request, &attributes);
    if (key->size)
        method_name_known(request, request->target.segments[1], key, TASK_DONE);
    if (result->replayed)
        answer_text(request, "Idempotency-Replayed", view_text("true"));
}

/* The version that If-Match names or If-Unmodified-Since allows, or that whoever holds
   a lock last saw (contract, section 4), to be judged when the state is set. */
static uint64_t expected_version(struct http_request *request)
{
    return request->has_seen ? request->seen_version : dav_expected_state(request);
}

/* What stands in the way of a replay is not looked at. */
static bool is_key_known(const struct http_request *request)
{
    struct task_info known;
    const struct node *node = &request->node;
    return node->parameters.key.size &&
           engine_task(tree_engine(request_tree(request)), node->actor,
                       &node->parameters.key, &known) == STATUS_OK;
}

static void write_state(struct http_request *request)
{
    const char *type = http_request_header(request, "Content-Type");
    struct engine_state_write write = {.state = view_bytes(&request->body),
                                       .expected_version = expected_version(request),
                                       .key = &request->node.parameters.key};
    if (type && strlen(type) <= CONTENT_TYPE_BYTES_MAX &&
        text_is_printable_ascii(view_text(type)))
        write.content_type = view_text(type);
    if (request->note.key.size) {
        write.note = &request->note;
        write.expected_version = STATE_VERSION_ANY;
    }
    http_request_suspend(request, state_written);
    engine_write_state(tree_engine(request_tree(request)), request->node.actor, &write,
                       http_request_done, request);
}

static void put_state(struct http_request *request)
{
    struct attributes attributes;
    if (!method_take_key(request, &request->node.parameters.key))
        return;
    enum status status =
        tree_attributes(request_tree(request), &request->node, &attributes);
    if (status) {
        answer_status(request, status, NULL);
        return;
    }
    if (!is_key_known(request) &&
        !method_check_conditions(request, request->is_hidden ? NULL : &attributes))
        return;
    if (request->body.size == 0 && !http_request_header(request, "If-Match")) {
        answer_code(request, 204); /* clients make files empty first */
        tag_state(request, &attributes);
        return;
    }
    write_state(request);
}

static void written(struct http_request *request)
{
    if (request->result.status)
        answer_status(request, request->result.status, request->result.detail);
    else
        answer_code(request, 204);
}

/* `status` tells of so much that no tag of it would hold long: If-Match holds because
   it is there. */
static bool words_may_be_put(struct http_request *request)
{
    struct attributes attributes;
    if (request->node.kind == NODE_STATUS) {
        const char *none = http_request_header(request, "If-None-Match");
        if (none && view_equal(view_text(none), view_text("*")))
            answer_problem(request, 412, "it is there already");
        return request->answer.code == 0;
    }
    enum status status =
        tree_attributes(request_tree(request), &request->node, &attributes);
    if (status) {
        answer_status(request, status, NULL);
        return false;
    }
    return method_check_conditions(request, request->is_hidden ? NULL : &attributes);
}

static void put_words(struct http_request *request)
{
    if (!words_may_be_put(request))
        return;
    if (request->body.size == 0) {
        answer_code(request, 204);
        return;
    }
    http_request_suspend(request, written);
    tree_write(request_tree(request), &request->node, view_bytes(&request->body),
               STATE_VERSION_ANY, http_request_done, request);
}

static void refuse_missing(struct http_request *request)
{
    if (request->missing > 1)
        answer_problem(request, 409, "the folder is not there; MKCOL makes one");
    else
        answer_problem(request, 403, "no file of that name can be made here");
}

void method_put(struct http_request *request)
{
    if (request->method == METHOD_PUT &&
        http_request_header(request, "Content-Range")) {
        answer_problem(request, 400, "a part of a file cannot be put (RFC 9110, 14.5)");
        return;
    }
    if (method_is_of_mailbox(request)) {
        method_send(request);
        return;
    }
    if (request->node.kind == NODE_ORDINARY && request->missing <= 1) {
        method_file_put(request);
        return;
    }
    if (request->found) {
        refuse_missing(request);
        return;
    }
    switch (request->node.kind) {
    case NODE_STATE:
        put_state(request);
        break;
    case NODE_STATUS:
    case NODE_BEHAVIOR:
        put_words(request);
        break;
    case NODE_TASKS:
    case NODE_EXECUTE:
    case NODE_MAILBOX:
    case NODE_RESULT:
    case NODE_LOG:
    case NODE_README:
    case NODE_DAEMON_STATUS:
    case NODE_ATTENTION:
    case NODE_BEHAVIORS:
    case NODE_ORDINARY:
        answer_problem(request, 403, "the file is never written");
        break;
    case NODE_ROOT:
    case NODE_ACTORS:
    case NODE_ACTOR:
        answer_problem(request, 405, "that is a folder");
        answer_header(request, "Allow", "OPTIONS, GET, HEAD, PROPFIND");
        break;
    }
}

void method_post(struct http_request *request)
{
    method_put(request);
}
