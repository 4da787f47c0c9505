/* SPDX-License-Identifier: MIT */
/*
 * A tag of JSON is that of the file with `.json` at its end: another representation has
 * another strong tag (RFC 9110, section 8.8.3), and If-Match by it changes nothing. The
 * tag is taken before the content: a tag that is too old makes a reader look again, one
 * that is too new would make it keep what was.
 */
#include "server/json_get.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "server/http_status.h"
#include "server/json_folder.h"
#include "server/json_shown.h"
#include "server/methods.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct json_column mailbox_columns[] = {
    {"sequence", true},  {"state", false}, {"attempts", true},
    {"accepted", false}, {"due", false},   {"key", false}};
static const struct json_column log_columns[] = {
    {"time", false},        {"sequence", true}, {"outcome", false}, {"attempts", true},
    {"milliseconds", true}, {"key", false},     {"error", false}};
static const struct json_column attention_columns[] = {{"actor", false},
                                                       {"why", false},
                                                       {"since", false},
                                                       {"key", false},
                                                       {"error", false}};

static bool is_wanted(const struct http_request *request)
{
    const char *accept = http_request_header(request, "Accept");
    return accept && value_accepts(view_text(accept), "application/json");
}

static bool type_is_json(const char *type)
{
    size_t size = strcspn(type, "; \t");
    return (size == 16 && strncasecmp(type, "application/json", 16) == 0) ||
           (size > 5 && strncasecmp(type + size - 5, "+json", 5) == 0);
}

/* ----------------------------------------------------------------------- answering */

static void answer_json(struct http_request *request, unsigned code, const char *type,
                        json_t *json)
{
    BYTES_AUTO(body);
    ENSURE(json);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    ENSURE(text);
    bytes_append_text(&body, text);
    bytes_append_text(&body, "\n");
    free(text);
    json_decref(json);
    answer_body(request, code, type, &body);
    answer_header(request, "Vary", "Accept");
    answer_header(request, "Cache-Control", "no-cache");
}

/* --------------------------------------------------------------------------- files */

static json_t *of_bytes(const char *name, struct view bytes)
{
    json_t *object = json_object();
    json_shown_set_bytes(object, name, bytes);
    return object;
}

static json_t *of_state(struct http_request *request, struct view state)
{
    struct actor_info info;
    json_t *object = of_bytes("state", state);
    if (engine_actor(tree_engine(request_tree(request)), request->node.actor, &info) ==
            STATUS_OK &&
        info.state_type[0])
        json_shown_set_bytes(object, "type", view_text(info.state_type));
    return object;
}

static json_t *of_behavior(struct view text)
{
    json_t *object = json_object();
    if (text.size)
        json_shown_set_bytes(object, "behavior", view_of(text.data, text.size - 1));
    else
        ENSURE(json_object_set_new(object, "behavior", json_null()) == 0);
    return object;
}

static json_t *of_file(struct http_request *request, struct view text)
{
    const struct node *node = &request->node;
    switch (node->kind) {
    case NODE_DAEMON_STATUS:
    case NODE_STATUS:
        return json_shown_lines(text);
    case NODE_ATTENTION:
        return json_shown_columns(text, attention_columns, COUNT(attention_columns));
    case NODE_MAILBOX:
        return json_shown_columns(text, mailbox_columns, COUNT(mailbox_columns));
    case NODE_LOG:
        return json_shown_columns(text, log_columns, COUNT(log_columns));
    case NODE_BEHAVIORS:
        return json_shown_words(text);
    case NODE_BEHAVIOR:
        return of_behavior(text);
    case NODE_STATE:
        return of_state(request, text);
    case NODE_TASKS:
    case NODE_EXECUTE:
        if (node->parameters.part == PART_MESSAGE)
            return of_bytes("message", text);
        return of_bytes(node_base_name(node->kind), text);
    case NODE_README:
    case NODE_RESULT:
        return of_bytes(node_base_name(node->kind), text);
    case NODE_ROOT:
    case NODE_ACTORS:
    case NODE_ACTOR:
    case NODE_ORDINARY:
        break;
    }
    abort(); /* json_get lets none of these through */
}

static void get_file(struct http_request *request, struct bytes *tag)
{
    BYTES_AUTO(text);
    enum status status = tree_read(request_tree(request), &request->node, &text);
    if (status) {
        answer_status(request, status, NULL);
        return;
    }
    answer_json(request, 200, "application/json", of_file(request, view_bytes(&text)));
    answer_header(request, "ETag", "%.*s", (int)tag->size, tag->data);
}

static void get_folder(struct http_request *request)
{
    json_t *folder = json_folder(request);
    if (folder)
        answer_json(request, 200, "application/json", folder);
}

static enum status take_tag(struct http_request *request, struct bytes *tag)
{
    struct attributes attributes;
    enum status status =
        tree_attributes(request_tree(request), &request->node, &attributes);
    if (!status) {
        method_tag(tag, &request->node, &attributes);
        tag->size--; /* the quote */
        bytes_append_text(tag, ".json\"");
    }
    return status;
}

static bool is_message(const struct node *node)
{
    return node->parameters.key.size && node->parameters.part == PART_MESSAGE;
}

/* Whether the file's own bytes are what the client asks for. */
static bool is_json_already(struct http_request *request)
{
    struct actor_info info;
    const struct node *node = &request->node;
    if (node->kind == NODE_ORDINARY)
        return !node_is_folder(node);
    if (!node->actor ||
        engine_actor(tree_engine(request_tree(request)), node->actor, &info))
        return false;
    if (node->kind == NODE_STATE)
        return type_is_json(info.state_type);
    bool is_result =
        node->kind == NODE_RESULT || (node->parameters.key.size && !is_message(node));
    return is_result && type_is_json(info.result_type);
}

bool json_get(struct http_request *request)
{
    BYTES_AUTO(tag);
    bool is_outcome = node_is_unlisted(&request->node) && !is_message(&request->node);
    if (!is_wanted(request) || is_outcome || is_json_already(request))
        return false;
    enum status status = take_tag(request, &tag);
    if (status) {
        answer_status(request, status, NULL);
    } else if (node_is_folder(&request->node)) {
        get_folder(request);
    } else if (method_is_known(request, view_bytes(&tag))) {
        answer_code(request, 304);
        answer_header(request, "ETag", "%.*s", (int)tag.size, tag.data);
    } else {
        get_file(request, &tag);
    }
    return true;
}

/* ----------------------------------------------------------------------- outcomes */

static void set_key(json_t *object, const struct key *key)
{
    BYTES_AUTO(text);
    key_append_encoded(&text, key);
    json_shown_set_bytes(object, "key", view_bytes(&text));
}

static json_t *of_task(const char *actor, const struct task_info *task)
{
    json_t *object = json_object();
    json_shown_set_bytes(object, "actor", view_text(actor));
    set_key(object, &task->key);
    json_shown_set_bytes(object, "state", view_text(task_state_text(task->state)));
    ENSURE(json_object_set_new(object, "sequence",
                               json_integer((json_int_t)task->sequence)) == 0);
    ENSURE(json_object_set_new(object, "attempts", json_integer(task->attempts)) == 0);
    ENSURE(json_object_set_new(object, "message_bytes",
                               json_integer((json_int_t)task->message_bytes)) == 0);
    json_shown_set_time(object, "accepted", task->accepted_ms);
    json_shown_set_time(object, "due", task->due_ms);
    json_shown_set_time(object, "finished", task->finished_ms);
    return object;
}

/* A failed or canceled task is a problem (RFC 9457) with the task's members besides. */
static void answer_task_problem(struct http_request *request, json_t *task,
                                enum status status, struct view error)
{
    unsigned code = http_status_of(status);
    ENSURE(json_object_set_new(task, "title", json_string(http_status_phrase(code))) ==
           0);
    ENSURE(json_object_set_new(task, "status", json_integer(code)) == 0);
    json_shown_set_bytes(task, "detail", error);
    json_shown_set_bytes(task, "error", error);
    answer_json(request, code, "application/problem+json", task);
}

static void answer_task(struct http_request *request, const struct actor_info *info,
                        const struct task_info *known)
{
    BYTES_AUTO(text);
    struct engine *engine = tree_engine(request_tree(request));
    json_t *task = of_task(info->name, known);
    enum status status = engine_outcome(engine, info->id, &known->key, &text);
    if (status == STATUS_FAILED || status == STATUS_CANCELED) {
        answer_task_problem(request, task, status, view_bytes(&text));
    } else if (status == STATUS_OK || status == STATUS_AGAIN) {
        if (status == STATUS_OK)
            json_shown_set_bytes(task, "result", view_bytes(&text));
        answer_json(request, http_status_of(status), "application/json", task);
    } else {
        json_decref(task);
        answer_status(request, status, NULL);
    }
}

bool json_get_outcome(struct http_request *request)
{
    struct actor_info info;
    struct task_info known;
    const struct node *node = &request->node;
    struct engine *engine = tree_engine(request_tree(request));
    if (!is_wanted(request) || is_json_already(request))
        return false;
    if (engine_actor(engine, node->actor, &info) ||
        engine_task(engine, node->actor, &node->parameters.key, &known)) {
        answer_problem(request, 404, "no such task");
        return true;
    }
    answer_task(request, &info, &known);
    method_name_task(request, node);
    return true;
}
