/* SPDX-License-Identifier: MIT */
#include "server/methods.h"

#include <unistd.h>

#include "common/base/text.h"
#include "server/dav/write.h"

#define LOCATION_BYTES_USUAL 256 /* taken at once rather than doubled up to */

struct engine_owner method_owner(const struct http_request *request)
{
    const struct engine_owner daemon = {getuid(), getgid(), 0755};
    return access_owner(request->user, &daemon);
}

/* A listing of many writes one for each: printf would take most of its time. */
static void append_hex(struct bytes *out, uint64_t number)
{
    char digits[16];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number);
    bytes_append(out, view_of(digits + at, sizeof digits - at));
}

void method_tag(struct bytes *out, const struct node *node,
                const struct attributes *attributes)
{
    bytes_append_text(out, "\"");
    append_hex(out, node->actor);
    bytes_append_text(out, ".");
    append_hex(out, attributes->version);
    bytes_append_text(out, "\"");
}

/* False when the request was answered. */
static bool judge(struct http_request *request, const char *name, bool exists,
                  struct view tag, bool *match_out)
{
    BYTES_AUTO(list);
    bool weak = strcmp(name, "If-None-Match") == 0; /* RFC 9110, section 13.1.2 */
    *match_out = false;
    if (!http_request_list(request, name, &list) || !exists ||
        value_tags_match(view_bytes(&list), tag, weak, match_out) == STATUS_OK)
        return true;
    answer_problem(request, 400, "%s takes * or entity tags in quotes", name);
    return false;
}

/* RFC 9110, section 13.1.4: it counts where there is no If-Match. */
static bool is_modified(const struct http_request *request, int64_t modified_ms)
{
    const char *since = http_request_header(request, "If-Unmodified-Since");
    int64_t since_ms;
    return since && !http_request_header(request, "If-Match") &&
           value_date(view_text(since), &since_ms) &&
           modified_ms / 1000 > since_ms / 1000;
}

/* `If-Match: *` names no version. */
static void note_seen(struct http_request *request, const struct attributes *attributes)
{
    const char *match = http_request_header(request, "If-Match");
    request->has_seen =
        match ? strcmp(match, "*") != 0
              : http_request_header(request, "If-Unmodified-Since") != NULL;
    request->seen_version = attributes->version;
}

enum status method_check_seen(const struct http_request *request)
{
    struct attributes attributes;
    if (!request->has_seen)
        return STATUS_OK;
    enum status status =
        tree_attributes(request_tree(request), &request->node, &attributes);
    return !status && attributes.version == request->seen_version ? STATUS_OK
                                                                  : STATUS_STALE;
}

bool method_check_conditions(struct http_request *request,
                             const struct attributes *attributes)
{
    bool has_match = http_request_header(request, "If-Match") != NULL;
    bool match, none_match;
    BYTES_AUTO(own);
    if (attributes) {
        method_tag(&own, &request->node, attributes);
        note_seen(request, attributes);
    }
    struct view tag = view_bytes(&own);
    if (!judge(request, "If-Match", attributes, tag, &match) ||
        !judge(request, "If-None-Match", attributes, tag, &none_match))
        return false;
    if (has_match && !match)
        answer_problem(request, 412, "it is not as If-Match says");
    else if (attributes && is_modified(request, attributes->modified_ms))
        answer_problem(request, 412, "it was modified since");
    else if (none_match)
        answer_problem(request, 412, "it is there already");
    return request->answer.code == 0;
}

bool method_fails_match(struct http_request *request, struct view tag,
                        int64_t modified_ms)
{
    BYTES_AUTO(list);
    bool match = true;
    if (http_request_list(request, "If-Match", &list) &&
        value_tags_match(view_bytes(&list), tag, false, &match) != STATUS_OK)
        match = false;
    return !match || is_modified(request, modified_ms);
}

bool method_is_known(struct http_request *request, struct view tag)
{
    BYTES_AUTO(list);
    bool match;
    return http_request_list(request, "If-None-Match", &list) &&
           value_tags_match(view_bytes(&list), tag, true, &match) == STATUS_OK && match;
}

/* RFC 9110, section 13.2.2 */
bool method_is_unchanged(struct http_request *request, struct view tag,
                         int64_t modified_ms)
{
    const char *since = http_request_header(request, "If-Modified-Since");
    int64_t since_ms;
    if (http_request_header(request, "If-None-Match"))
        return method_is_known(request, tag);
    return since && value_date(view_text(since), &since_ms) &&
           modified_ms / 1000 <= since_ms / 1000;
}

/* ------------------------------------------------------------------------ outcomes */

const char *method_type_of(const struct actor_info *info, struct view bytes)
{
    if (info && info->result_type[0])
        return info->result_type;
    return utf8_is_valid(bytes) ? "text/plain; charset=utf-8"
                                : "application/octet-stream";
}

void method_name_known(struct http_request *request, struct view actor,
                       const struct key *key, enum task_state state)
{
    BYTES_AUTO(location);
    bytes_reserve(&location, LOCATION_BYTES_USUAL);
    bytes_append(&location, dav_prefix(request));
    bytes_append_text(&location, "/actors/");
    http_target_append(&location, actor);
    bytes_append_text(&location, "/tasks@");
    key_append_encoded(&location, key);
    answer_text(request, "Location", view_bytes(&location));
    answer_text(request, "Task-State", view_text(task_state_text(state)));
}

void method_name_task(struct http_request *request, const struct node *task)
{
    char actor[ACTOR_NAME_BYTES_MAX + 1];
    struct task_info known;
    const struct key *key = &task->parameters.key;
    if (key->size && !engine_task_of(tree_engine(request_tree(request)), task->actor,
                                     key, actor, &known))
        method_name_known(request, view_text(actor), key, known.state);
}

static void answer_error(struct http_request *request, enum status status,
                         struct bytes *text, bool wants_outcome)
{
    if (wants_outcome) {
        bytes_append(text, view_of("", 1));
        answer_status(request, status, text->data);
    } else {
        answer_body(request, 200, "text/plain; charset=utf-8", text);
    }
}

void method_answer_finished(struct http_request *request, enum status outcome,
                            const struct actor_info *info, const struct key *key,
                            struct bytes *text, bool wants_outcome)
{
    if (outcome == STATUS_OK)
        answer_body(request, 200, method_type_of(info, view_bytes(text)), text);
    else
        answer_error(request, outcome, text, wants_outcome);
    method_name_known(request, view_text(info->name), key,
                      outcome == STATUS_OK       ? TASK_DONE
                      : outcome == STATUS_FAILED ? TASK_FAILED
                                                 : TASK_CANCELED);
    answer_text(request, "Cache-Control", view_text("no-cache"));
}

void method_answer_outcome(struct http_request *request, const struct node *task,
                           uint64_t sequence, bool wants_outcome)
{
    struct actor_info info;
    const struct key *key = &task->parameters.key;
    struct key number;
    BYTES_AUTO(text);
    if (sequence)
        key_of_sequence(sequence, &number);
    enum status status =
        engine_look(tree_engine(request_tree(request)), task->actor, CONTENT_OUTCOME,
                    sequence ? &number : key, &info, &text);
    if (status == STATUS_OK || status == STATUS_FAILED || status == STATUS_CANCELED) {
        method_answer_finished(request, status, &info, key, &text, wants_outcome);
        return;
    }
    if (status == STATUS_AGAIN)
        answer_code(request, 202);
    else
        answer_status(request, status, NULL);
    method_name_task(request, task);
    answer_text(request, "Cache-Control", view_text("no-cache"));
}
