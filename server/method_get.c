/* SPDX-License-Identifier: MIT */
/*
 * GET and HEAD: what a reader of the file gets, with ranges and conditions (RFC 9110,
 * sections 13 and 14). What is shown is rendered once, and its tag is of what was
 * rendered. The outcome of a task is answered by its own rules, and may be waited for.
 */
#include "server/methods.h"

#include <stdlib.h>

#include "common/base/text.h"
#include "server/json_get.h"
#include "server/metrics.h"
#include "server/page.h"
#include "server/permission.h"

struct content {
    struct tree_look look;
    struct bytes tag;
};

static void free_content(struct content *content)
{
    bytes_free(&content->look.text);
    bytes_free(&content->tag);
}

/* What was seen while the request was resolved is good for one look. */
static enum status take_look(struct http_request *request, struct tree_look *look)
{
    struct tree_seen *seen = request->seen;
    if (!seen || !seen->is_seen)
        return tree_look(request_tree(request), &request->node, look);
    *look = seen->look;
    seen->is_seen = false;
    return seen->status;
}

static void forget_seen(struct http_request *request)
{
    if (request->seen && request->seen->is_seen)
        bytes_free(&request->seen->look.text);
    if (request->seen)
        request->seen->is_seen = false;
}

/* Text and tag that belong together. */
static enum status look(struct http_request *request, struct content *content)
{
    content->tag = (struct bytes){0};
    enum status status = take_look(request, &content->look);
    if (!status)
        method_tag(&content->tag, &request->node, &content->look.attributes);
    return status;
}

static bool range_applies(struct http_request *request, const struct content *content)
{
    const char *condition = http_request_header(request, "If-Range");
    return !condition || view_equal(view_text(condition), view_bytes(&content->tag));
}

static const char *type_of(const struct node *node, const struct content *content)
{
    const struct actor_info *actor = &content->look.actor;
    struct view text = view_bytes(&content->look.text);
    if (!actor->id)
        return method_type_of(NULL, text);
    if (node->kind == NODE_STATE && actor->state_type[0])
        return actor->state_type;
    bool is_result =
        node->kind == NODE_RESULT ||
        (node->parameters.key.size && node->parameters.part == PART_RESULT);
    return method_type_of(is_result ? actor : NULL, text);
}

static void add_validators(struct http_request *request, const struct content *content)
{
    BYTES_AUTO(date);
    answer_text(request, "ETag", view_bytes(&content->tag));
    value_append_date(&date, content->look.attributes.modified_ms);
    answer_text(request, "Last-Modified", view_bytes(&date));
    answer_text(request, "Accept-Ranges", view_text("bytes"));
    answer_text(request, "Cache-Control", view_text("no-cache"));
    answer_text(request, "Vary", view_text("Accept"));
}

/* False when the whole is to be sent. */
static bool answer_range(struct http_request *request, struct content *content)
{
    const char *range = http_request_header(request, "Range");
    uint64_t first = 0, last = 0;
    if (!range || request->method == METHOD_HEAD || !range_applies(request, content))
        return false;
    uint64_t size = content->look.text.size;
    enum status status = value_range(view_text(range), size, &first, &last);
    if (status == STATUS_NOT_FOUND)
        return false;
    if (status) {
        answer_problem(request, 416, "the range is beyond the end");
        answer_header(request, "Content-Range", "bytes */%llu",
                      (unsigned long long)size);
        return true;
    }
    BYTES_AUTO(part);
    const char *type = type_of(&request->node, content);
    bytes_append(&part,
                 view_of(content->look.text.data + first, (size_t)(last - first + 1)));
    answer_body(request, 206, type, &part);
    answer_header(request, "Content-Range", "bytes %llu-%llu/%llu",
                  (unsigned long long)first, (unsigned long long)last,
                  (unsigned long long)size);
    return true;
}

static void answer_content(struct http_request *request, struct content *content)
{
    struct view tag = view_bytes(&content->tag);
    if (method_fails_match(request, tag, content->look.attributes.modified_ms)) {
        answer_problem(request, 412, "it is not as the conditions say");
    } else if (method_is_unchanged(request, tag,
                                   content->look.attributes.modified_ms)) {
        answer_code(request, 304);
        add_validators(request, content);
    } else {
        if (!answer_range(request, content))
            answer_body(request, 200, type_of(&request->node, content),
                        &content->look.text);
        add_validators(request, content);
    }
}

static void get_file(struct http_request *request)
{
    struct content content;
    enum status status = look(request, &content);
    if (status)
        answer_status(request, status, NULL);
    else
        answer_content(request, &content);
    free_content(&content);
}

/* ------------------------------------------------------------------------ outcomes */

/* A result is a file like others, with tags and ranges; what there is instead is no
   file. At the daemon's stop nobody waits on (contract, section 4). */
static void answer_outcome(struct http_request *request)
{
    const struct node *node = &request->node;
    bool is_stop = request->woken == STATUS_SHUTDOWN;
    if (!is_stop && json_get_outcome(request)) {
        method_answer_preference(request, &node->parameters);
        return;
    }
    struct content content;
    enum status status = look(request, &content);
    if (status == STATUS_OK) {
        answer_content(request, &content);
        method_name_known(request, view_text(content.look.actor.name),
                          &node->parameters.key, TASK_DONE);
    } else if (status == STATUS_AGAIN && is_stop) {
        answer_status(request, STATUS_SHUTDOWN, "the daemon stops");
        method_name_task(request, node);
    } else {
        method_answer_outcome(request, node, 0, true);
    }
    method_answer_preference(request, &node->parameters);
    free_content(&content);
}

/* What was seen of it is of another moment when it is over. */
static void wait_for_outcome(struct http_request *request, int64_t wait_ms)
{
    forget_seen(request);
    http_request_wait(request, &request->node, wait_ms, answer_outcome);
}

static enum status outcome_of(struct http_request *request)
{
    BYTES_AUTO(result);
    const struct node *node = &request->node;
    return request->seen && request->seen->is_seen
               ? request->seen->status
               : engine_outcome(tree_engine(request_tree(request)), node->actor,
                                &node->parameters.key, &result);
}

static void get_outcome(struct http_request *request)
{
    const struct node *node = &request->node;
    int64_t wait_ms = method_wait_ms(request, &node->parameters, -1);
    if (node->parameters.part == PART_MESSAGE) {
        if (!json_get(request))
            get_file(request);
        method_name_task(request, node);
    } else if (wait_ms > 0 && outcome_of(request) == STATUS_AGAIN) {
        wait_for_outcome(request, wait_ms);
    } else {
        answer_outcome(request);
    }
}

/* `tasks` and `execute`, with a key wherever it stands. */
static void get_mailbox(struct http_request *request)
{
    enum part part = request->node.parameters.part;
    if (!method_take_parameters(request, &request->node.parameters))
        return;
    if (request->node.parameters.part != part)
        forget_seen(request);
    if (request->node.parameters.key.size)
        get_outcome(request);
    else if (!json_get(request))
        get_file(request);
}

/* ------------------------------------------------------------------------- folders */

struct listing {
    const struct http_request *request;
    struct bytes text;
};

static bool append_entry(void *context, const struct tree_entry *entry)
{
    struct listing *listing = context;
    if (permission_shows(listing->request, entry)) {
        append_column(&listing->text, view_text(entry->name));
        bytes_append_text(&listing->text, entry->attributes.is_folder ? "/\n" : "\n");
    }
    return true;
}

static void get_folder(struct http_request *request)
{
    struct listing listing = {.request = request};
    enum status status =
        tree_list(request_tree(request), &request->node, 0, append_entry, &listing);
    if (status)
        answer_status(request, status, NULL);
    else
        answer_body(request, 200, "text/plain; charset=utf-8", &listing.text);
    bytes_free(&listing.text);
}

void method_get(struct http_request *request)
{
    if (metrics_get(request) || page_get(request))
        return; /* what only this face has */
    if (request->found)
        answer_problem(request, 404, "there is nothing of that name");
    else if (request->node.kind == NODE_TASKS || request->node.kind == NODE_EXECUTE)
        get_mailbox(request);
    else if (json_get(request))
        return;
    else if (node_is_folder(&request->node))
        get_folder(request);
    else if (request->node.kind == NODE_ORDINARY)
        method_file_get(request);
    else
        get_file(request);
}
