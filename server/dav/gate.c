/* SPDX-License-Identifier: MIT */
#include "server/dav/gate.h"

#include "server/dav/recent.h"
#include "server/dav/write.h"
#include "server/gate.h"
#include "server/methods.h"

struct dav *request_dav(const struct http_request *request)
{
    return http_face_inside(request->loop->face)->options.dav;
}

const char *dav_login(const struct http_request *request)
{
    struct view name = access_name(request->user);
    return name.size ? name.data : "";
}

bool dav_read_body(struct http_request *request, enum dav_document document,
                   struct dav_body *body)
{
    BYTES_AUTO(why);
    enum status status =
        dav_body_read(document, view_bytes(&request->body), body, &why);
    bytes_append(&why, view_of("", 1));
    if (status == STATUS_PERMISSION)
        dav_answer_error(request, 403, "no-external-entities", view_of("", 0));
    else if (status)
        answer_problem(request, status == STATUS_TOO_LARGE ? 413 : 400, "%s", why.data);
    return !status;
}

/* -------------------------------------------------------------------------- others */

/* The port that the scheme means anyway may stand there or not, and clients differ from
   their own Host (RFC 3986, section 6.2.3). */
static struct view cut_port(struct view authority, struct view uri)
{
    bool is_https = uri.size >= 6 && strncasecmp(uri.data, "https:", 6) == 0;
    struct view port = view_text(is_https ? ":443" : ":80");
    struct view rest = authority;
    if (rest.size <= port.size)
        return authority;
    rest.size -= port.size;
    return memcmp(rest.data + rest.size, port.data, port.size) == 0 ? rest : authority;
}

static void append_without_port(struct bytes *out, struct view uri)
{
    const char *name = uri.size ? memmem(uri.data, uri.size, "://", 3) : NULL;
    const char *end = uri.data + uri.size;
    const char *path = name ? memchr(name + 3, '/', (size_t)(end - name) - 3) : NULL;
    size_t size = name ? (size_t)((path ? path : end) - uri.data) : 0;
    bytes_append(out, cut_port(view_of(uri.data, size), uri));
    bytes_append(out, view_of(uri.data + size, uri.size - size));
}

static bool is_this_server(struct http_request *request, struct view uri,
                           struct view host)
{
    const char *header = http_request_header(request, "Host");
    struct view own = cut_port(view_text(header ? header : ""), uri);
    return !host.size ||
           (own.size == host.size && strncasecmp(own.data, host.data, host.size) == 0);
}

enum status dav_other_resolve(struct http_request *request, struct view uri,
                              struct dav_other *other, struct bytes *why)
{
    *other = (struct dav_other){0};
    const struct gate *gate = http_face_inside(request->loop->face)->options.gate;
    BYTES_AUTO(text);
    append_without_port(&text, uri);
    enum status status = http_target_parse(
        origins_strip(gate_origins(gate), view_bytes(&text)), &other->target, why);
    if (status)
        return STATUS_INVALID;
    if (!is_this_server(request, uri, other->target.host)) {
        bytes_append_text(why, "that is on another server");
        return STATUS_NOT_FOUND;
    }
    if (other->target.is_asterisk ||
        http_resolve(request_tree(request), &other->target, &other->resolved, NULL)) {
        bytes_append_text(why, "that is no name for anything here");
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

void dav_other_free(struct dav_other *other)
{
    http_resolved_free(&other->resolved);
    http_target_free(&other->target);
}

/* ------------------------------------------------------------------------------ If */

static bool tag_holds(struct http_request *request,
                      const struct http_resolved *resolved, struct view tag)
{
    struct attributes attributes;
    BYTES_AUTO(own);
    if (resolved->found ||
        tree_attributes(request_tree(request), &resolved->node, &attributes))
        return false;
    method_tag(&own, &resolved->node, &attributes);
    return view_equal(view_bytes(&own), tag);
}

static bool token_holds(struct http_request *request, const struct dav_place *place,
                        struct view token)
{
    struct dav *dav = request_dav(request);
    struct dav_entry *entry;
    dav_enter(dav);
    bool holds = dav_lock_find(dav, place, token, &entry) != NULL;
    dav_leave(dav);
    return holds;
}

static bool all_hold(struct http_request *request, const struct dav_if *header,
                     const struct dav_condition_list *list,
                     const struct http_resolved *resolved)
{
    for (size_t i = list->first; i < list->first + list->count; i++) {
        const struct dav_condition *condition = &header->conditions[i];
        bool holds = condition->is_tag
                         ? tag_holds(request, resolved, condition->text)
                         : token_holds(request, &resolved->place, condition->text);
        if (holds == condition->is_negated)
            return false;
    }
    return true;
}

/* A list about something that is not of this server cannot hold. */
static bool list_holds(struct http_request *request, const struct dav_if *header,
                       const struct dav_condition_list *list)
{
    struct dav_other other;
    BYTES_AUTO(why);
    if (!list->resource.size)
        return all_hold(request, header, list, &request->resolved);
    bool holds =
        dav_other_resolve(request, list->resource, &other, &why) == STATUS_OK &&
        all_hold(request, header, list, &other.resolved);
    dav_other_free(&other);
    return holds;
}

static bool judge_if(struct http_request *request)
{
    struct dav_if header;
    const char *text = http_request_header(request, "If");
    if (!text)
        return true;
    if (dav_if_parse(view_text(text), &header)) {
        answer_problem(request, 400, "If takes lists such as (<TOKEN> [\"TAG\"])");
        return false;
    }
    for (size_t i = 0; i < header.list_count; i++)
        if (list_holds(request, &header, &header.lists[i]))
            return true;
    answer_problem(request, 412, "it is not as If says");
    return false;
}

/* --------------------------------------------------------------------------- locks */

static struct dav_holder holder_of(struct http_request *request, struct dav_if *header)
{
    const char *text = http_request_header(request, "If");
    bool has_header = text && dav_if_parse(view_text(text), header) == STATUS_OK;
    return (struct dav_holder){has_header ? header : NULL, dav_login(request)};
}

uint64_t dav_expected_state(struct http_request *request)
{
    struct dav_if header;
    struct dav_holder holder = holder_of(request, &header);
    return dav_state_version(request_dav(request), &request->resolved.place, &holder);
}

void dav_wrote_state(struct http_request *request, uint64_t version)
{
    struct dav_if header;
    struct dav_holder holder = holder_of(request, &header);
    dav_state_written(request_dav(request), &request->resolved.place, &holder, version);
}

bool dav_may_touch(struct http_request *request, const struct dav_place *place,
                   enum dav_touch touch)
{
    struct dav *dav = request_dav(request);
    struct dav_if header;
    struct dav_holder holder = holder_of(request, &header);
    BYTES_AUTO(path);
    dav_enter(dav);
    const struct dav_entry *locked = dav_locks_forbid(dav, place, touch, &holder);
    if (locked) {
        struct dav_place at = {locked->area, view_bytes(&locked->path)};
        bytes_append(&path, dav_prefix(request));
        dav_append_place(&path, request_tree(request), &at);
    }
    dav_leave(dav);
    if (locked)
        dav_answer_error(request, 423, "lock-token-submitted", view_bytes(&path));
    return !locked;
}

/* ---------------------------------------------------------------------- conditions */

static bool is_there(struct http_request *request, struct attributes *attributes)
{
    return request->found == STATUS_OK && !request->is_hidden &&
           !request->is_announced &&
           tree_attributes(request_tree(request), &request->node, attributes) ==
               STATUS_OK;
}

bool dav_conditions_hold(struct http_request *request)
{
    struct attributes attributes = {0};
    enum node_kind kind = request->node.kind;
    const char *none = http_request_header(request, "If-None-Match");
    bool exists = is_there(request, &attributes);
    bool takes_any = kind == NODE_TASKS || kind == NODE_EXECUTE || kind == NODE_STATUS;
    if (takes_any && (exists || request->is_announced)) {
        if (exists && none && strcmp(none, "*") == 0)
            answer_problem(request, 412, "it is there already");
        return !request->answer.code;
    }
    return method_check_conditions(request, exists ? &attributes : NULL);
}

/* --------------------------------------------------------------------------- names */

/* Making or removing a name touches its folder, too. */
static bool may_write(struct http_request *request)
{
    const struct dav_place *place = &request->resolved.place;
    bool is_new = request->found && (request->node.kind == NODE_ORDINARY ||
                                     request->method == METHOD_MKCOL);
    switch (request->method) {
    case METHOD_PUT:
    case METHOD_POST:
    case METHOD_MKCOL:
        return dav_may_touch(request, place, TOUCH_PLACE) &&
               (!is_new || dav_may_touch(request, place, TOUCH_MEMBERS));
    case METHOD_DELETE:
    case METHOD_MOVE:
        return dav_may_touch(request, place, TOUCH_TREE) &&
               dav_may_touch(request, place, TOUCH_MEMBERS);
    case METHOD_PROPPATCH:
        return dav_may_touch(request, place, TOUCH_PLACE);
    case METHOD_OPTIONS:
    case METHOD_GET:
    case METHOD_HEAD:
    case METHOD_PROPFIND:
    case METHOD_COPY:
    case METHOD_LOCK:
    case METHOD_UNLOCK:
    case METHOD_COUNT:
        break;
    }
    return true;
}

static bool writes(const struct http_request *request)
{
    return request->method == METHOD_PUT || request->method == METHOD_POST;
}

/* What was removed on this face is not there, until somebody makes it anew. */
static void judge_hidden(struct http_request *request)
{
    struct dav *dav = request_dav(request);
    if (!dav_is_hidden(dav, &request->resolved.place))
        return;
    request->is_hidden = true;
    if (request->method == METHOD_LOCK)
        dav_show(dav, &request->resolved.place);
    if (writes(request) || request->method == METHOD_LOCK)
        return;
    request->found = request->resolved.found = STATUS_NOT_FOUND;
    request->missing = request->resolved.missing = 1;
}

/* `tasks@KEY` before its message: an empty PUT announces it, and until then it reads
   like the `tasks` that it will be put into. */
static void judge_announced(struct http_request *request)
{
    struct dav *dav = request_dav(request);
    const struct dav_place *place = &request->resolved.place;
    if (request->missing > 1 || !tree_may_create(&request->node))
        return;
    request->is_announced = dav_is_announced(dav, place);
    if (writes(request)) {
        request->is_hidden = dav_is_hidden(dav, place); /* removed again */
        request->announces = request->method == METHOD_PUT && request->body.size == 0;
    } else if (request->is_announced) {
        request->node = tree_node(request->node.kind, request->node.actor);
        request->resolved.node = request->node;
        request->found = request->resolved.found = STATUS_OK;
        request->missing = request->resolved.missing = 0;
    }
}

/* Only what was taken makes a name anew, or announces one. */
static void was_written(struct http_request *request)
{
    struct dav *dav = request_dav(request);
    const struct dav_place *place = &request->resolved.place;
    bool is_message =
        request->node.kind == NODE_TASKS || request->node.kind == NODE_EXECUTE;
    if (request->answer.code / 100 != 2)
        return;
    if (request->announces)
        dav_announce(dav, place);
    else if (request->is_hidden || request->is_announced)
        dav_show(dav, place);
    if (request->method == METHOD_PUT && is_message && request->body.size)
        dav_recent_add(dav, place, request->body.size);
}

bool dav_gate(struct http_request *request)
{
    if (request->found)
        judge_announced(request);
    else
        judge_hidden(request);
    if (!judge_if(request) || !may_write(request))
        return false;
    if (writes(request))
        request->finish = was_written;
    return true;
}
