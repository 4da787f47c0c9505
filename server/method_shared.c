/* SPDX-License-Identifier: MIT */
#include "server/methods.h"

#include "common/base/text.h"

void method_tag(struct bytes *out, const struct node *node,
                const struct attributes *attributes)
{
    bytes_format(out, "\"%llx.%llx\"", (unsigned long long)node->actor,
                 (unsigned long long)attributes->version);
}

/* False when the request was answered. */
static bool judge(struct http_request *request, const char *name, bool exists,
                  struct view tag, bool weak, bool *match_out)
{
    const char *list = http_request_header(request, name);
    if (!list || !exists) {
        *match_out = false;
        return true;
    }
    if (value_tags_match(view_text(list), tag, weak, match_out) == STATUS_OK)
        return true;
    answer_problem(request, 400, "%s takes * or entity tags in quotes", name);
    return false;
}

bool method_check_conditions(struct http_request *request, bool exists, struct view tag)
{
    bool has_match = http_request_header(request, "If-Match") != NULL;
    bool match, none_match;
    if (!judge(request, "If-Match", exists, tag, false, &match) ||
        !judge(request, "If-None-Match", exists, tag, true, &none_match))
        return false;
    if ((has_match && !match) || none_match) {
        answer_problem(request, 412,
                       has_match ? "it is not as If-Match says"
                                 : "it is there already");
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------ outcomes */

static const char *result_type(const struct actor_info *info, struct view result)
{
    if (info->result_type[0])
        return info->result_type;
    return utf8_is_valid(result) ? "text/plain; charset=utf-8"
                                 : "application/octet-stream";
}

static void add_task_headers(struct http_request *request, const struct node *task,
                             const struct actor_info *info,
                             const struct task_info *known)
{
    BYTES_AUTO(location);
    http_target_append(&location, view_text(info->name));
    bytes_append_text(&location, "/tasks@");
    key_append_encoded(&location, &task->parameters.key);
    bytes_append(&location, view_of("", 1));
    answer_header(request, "Location", "/actors/%s", location.data);
    answer_header(request, "Task-State", "%s", task_state_text(known->state));
}

static void answer_failed(struct http_request *request, const struct bytes *text,
                          bool is_get)
{
    if (is_get) {
        answer_problem(request, 500, "%.*s", (int)text->size,
                       text->data ? text->data : "");
        return;
    }
    BYTES_AUTO(body);
    bytes_append(&body, view_bytes(text));
    answer_body(request, 200, "text/plain; charset=utf-8", &body);
}

void method_answer_outcome(struct http_request *request, const struct node *task,
                           bool is_get)
{
    struct engine *engine = tree_engine(request_tree(request));
    struct actor_info info;
    struct task_info known;
    BYTES_AUTO(text);
    if (engine_actor(engine, task->actor, &info) ||
        engine_task(engine, task->actor, &task->parameters.key, &known)) {
        answer_problem(request, 404, "no such task");
        return;
    }
    enum status status =
        engine_outcome(engine, task->actor, &task->parameters.key, &text);
    if (status == STATUS_OK)
        answer_body(request, 200, result_type(&info, view_bytes(&text)), &text);
    else if (status == STATUS_FAILED)
        answer_failed(request, &text, is_get);
    else if (status == STATUS_AGAIN)
        answer_code(request, 202);
    else
        answer_status(request, status, NULL);
    add_task_headers(request, task, &info, &known);
}
