/* SPDX-License-Identifier: MIT */
/*
 * How libmicrohttpd calls for a request: begin (the target), handle with the headers,
 * handle for each piece of the body, handle once more at its end, completed. An answer
 * given with the headers closes the connection, so only what must stop an upload is
 * said there; all else waits for the end.
 */
#include "server/http_request.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "server/gate.h"
#include "server/methods.h"
#include "server/page_form.h"
#include "server/permission.h"

/* Of a refused upload: so much is read before the answer is sent. */
#define REFUSED_BODY_BYTES_MAX (64u * 1024)

static const char *const method_names[METHOD_COUNT] = {
    [METHOD_OPTIONS] = "OPTIONS",     [METHOD_GET] = "GET",
    [METHOD_HEAD] = "HEAD",           [METHOD_PUT] = "PUT",
    [METHOD_POST] = "POST",           [METHOD_DELETE] = "DELETE",
    [METHOD_MKCOL] = "MKCOL",         [METHOD_PROPFIND] = "PROPFIND",
    [METHOD_PROPPATCH] = "PROPPATCH", [METHOD_COPY] = "COPY",
    [METHOD_MOVE] = "MOVE",           [METHOD_LOCK] = "LOCK",
    [METHOD_UNLOCK] = "UNLOCK"};

static enum http_method method_of(const char *name)
{
    unsigned method = 0;
    while (method < METHOD_COUNT && strcmp(name, method_names[method]) != 0)
        method++;
    return (enum http_method)method;
}

const char *http_method_name(enum http_method method)
{
    return method < METHOD_COUNT ? method_names[method] : "other";
}

/* A field that is sent twice is one with both lists (RFC 9110, section 5.3). */
struct joined {
    const char *name;
    struct bytes *out;
    unsigned count;
};

static enum MHD_Result join(void *context, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    struct joined *joined = context;
    (void)kind;
    if (strcasecmp(name, joined->name) != 0)
        return MHD_YES;
    if (joined->count++)
        bytes_append_text(joined->out, ", ");
    bytes_append_text(joined->out, value ? value : "");
    return MHD_YES;
}

bool http_request_list(const struct http_request *request, const char *name,
                       struct bytes *out)
{
    struct joined joined = {.name = name, .out = out};
    if (http_request_may_have(request, name))
        MHD_get_connection_values(request->connection, MHD_HEADER_KIND, join, &joined);
    return joined.count > 0;
}

/* ------------------------------------------------------------------------- target */

/* Malformed names cannot be there; whoever reads is told so, whoever writes why not. */
static enum status refuse_name(struct http_request *request, enum status status)
{
    bool reads = request->method == METHOD_GET || request->method == METHOD_HEAD ||
                 request->method == METHOD_PROPFIND;
    answer_problem(request,
                   reads                            ? 404
                   : status == STATUS_NAME_TOO_LONG ? 414
                                                    : 400,
                   "that is no name for anything here");
    return STATUS_INVALID;
}

/* Who reads a mailbox's file may be reading of a task. */
static void make_seen(struct http_request *request)
{
    bool reads = request->method == METHOD_GET || request->method == METHOD_HEAD;
    if (!reads || !method_is_of_mailbox(request))
        return;
    request->seen = memory_take(sizeof *request->seen);
    request->seen->is_seen = false;
}

static void free_seen(struct tree_seen *seen)
{
    if (seen && seen->is_seen)
        bytes_free(&seen->look.text);
    free(seen);
}

enum status http_request_resolve(struct http_request *request)
{
    struct http_resolved *resolved = &request->resolved;
    make_seen(request);
    enum status status =
        http_resolve(request_tree(request), &request->target, resolved, request->seen);
    if (status)
        return refuse_name(request, status);
    request->found = resolved->found;
    request->node = resolved->node;
    request->parent = resolved->parent;
    request->missing = resolved->missing;
    return STATUS_OK;
}

/* ------------------------------------------------------------------------ waiting */

bool http_request_is_alone(const struct http_request *request)
{
    return request->loop->slow.count == 1;
}

void http_request_suspend(struct http_request *request,
                          void (*then)(struct http_request *request))
{
    request->then = then;
    if (request->is_suspended)
        return;
    request->is_suspended = true;
    request->loop->suspended++;
    if (!request->is_handled)
        MHD_suspend_connection(request->connection);
}

void http_request_wait(struct http_request *request, const struct node *task,
                       int64_t wait_ms, void (*then)(struct http_request *request))
{
    http_request_suspend(request, then);
    enum status status = tree_wait(request_tree(request), task, wait_ms,
                                   http_request_wake, request, &request->wait);
    if (status)
        http_request_wake(request, status);
}

void http_request_done(void *context, const struct engine_answer *answer)
{
    struct http_request *request = context;
    request->result = *answer;
    if (answer->detail[0]) {
        bytes_clear(&request->detail);
        bytes_append(&request->detail,
                     view_of(answer->detail, strlen(answer->detail) + 1));
        request->result.detail = request->detail.data;
    } else {
        request->result.detail = "";
    }
    http_loop_wake(request->loop, request);
}

void http_request_wake(void *context, enum status status)
{
    struct http_request *request = context;
    request->woken = status;
    http_loop_wake(request->loop, request);
}

static bool is_answered(struct http_request *request)
{
    void (*end)(struct http_request *) = request->finish;
    if (request->answer.code && end) {
        request->finish = NULL;
        end(request);
    }
    return request->answer.code != 0;
}

/* Does what comes next; false when that is to wait for something else. */
static bool advance(struct http_request *request)
{
    void (*then)(struct http_request * request) = request->then;
    request->then = NULL;
    if (request->wait)
        engine_wait_end(request->wait);
    request->wait = NULL;
    then(request);
    if (!request->is_going_in && !is_answered(request))
        return false;
    request->is_suspended = false;
    request->loop->suspended--;
    return true;
}

void http_request_go_on(struct http_request *request)
{
    if (!advance(request))
        return;
    if (!request->is_going_in)
        answer_queue(request);
    MHD_resume_connection(request->connection);
}

/* After the handler. A request that was answered meanwhile goes on at once: to suspend
   it for the library, and resume it, is dear. */
static void settle(struct http_request *request)
{
    if (!request->is_suspended)
        is_answered(request);
    while (request->is_suspended && http_loop_take_woken(request->loop, request))
        advance(request);
    request->is_handled = false;
    if (request->is_suspended)
        MHD_suspend_connection(request->connection);
}

/* ------------------------------------------------------------------------- memory */

/* A request is large for malloc: giving it back each time would make it tidy up. */
#define SPARE_MAX 64u

static struct http_request *take_request(struct http_loop *loop)
{
    struct http_request *request = loop->spare;
    if (!request)
        return memory_take_zeroed(1, sizeof *request);
    loop->spare = request->next_woken;
    loop->spare_count--;
    memset(request, 0, sizeof *request);
    return request;
}

static void give_back(struct http_request *request)
{
    struct http_loop *loop = request->loop;
    if (loop->spare_count == SPARE_MAX) {
        free(request);
        return;
    }
    request->next_woken = loop->spare;
    loop->spare = request;
    loop->spare_count++;
}

void http_request_free_spare(struct http_loop *loop)
{
    while (loop->spare) {
        struct http_request *request = loop->spare;
        loop->spare = request->next_woken;
        free(request);
    }
}

/* ----------------------------------------------------------------- libmicrohttpd's */

void *http_request_begin(void *loop, const char *uri, struct MHD_Connection *connection)
{
    struct http_request *request = take_request(loop);
    request->loop = loop;
    request->connection = connection;
    request->raw = memory_text(view_text(uri));
    gate_keep_begun(request);
    return request;
}

/* The target is decoded by us, once. */
size_t http_request_keep_escapes(void *context, struct MHD_Connection *connection,
                                 char *text)
{
    (void)context, (void)connection;
    return strlen(text);
}

void http_request_log(void *context, const char *format, va_list arguments)
{
    char text[512];
    (void)context;
    vsnprintf(text, sizeof text, format, arguments);
    log_debug("http: %s", text);
}

/* An upload that will be refused is not read: the answer comes now and the connection
   closes. */
static enum MHD_Result refuse_upload(struct http_request *request, unsigned code,
                                     const char *why)
{
    answer_problem(request, code, "%s", why);
    answer_header(request, "Connection", "close");
    return answer_queue(request);
}

static void answer_large(struct http_request *request)
{
    answer_problem(request, 413, "the body is larger than the %zu bytes taken here",
                   methods_body_bytes_max(request));
}

static enum MHD_Result refuse_large(struct http_request *request)
{
    answer_large(request);
    answer_header(request, "Connection", "close");
    return answer_queue(request);
}

/* The target as this server knows it, without what a proxy puts before it. */
static struct view public_target(const struct http_request *request)
{
    const struct gate *gate = http_face_inside(request->loop->face)->options.gate;
    return origins_strip(gate_origins(gate), view_text(request->raw));
}

/* Whoever has begun to send would lose the answer if the connection were closed before
   all is read; who asked first (Expect), or has much to send, is told at once. */
static bool is_worth_reading(const struct http_request *request)
{
    return !request->framing.is_chunked &&
           request->framing.length <= REFUSED_BODY_BYTES_MAX &&
           !http_request_header(request, "Expect");
}

/* The gate has judged; the body comes next. */
static enum MHD_Result go_in(struct http_request *request)
{
    request->is_going_in = false;
    if (request->framing.has_body)
        gate_expect_body(request);
    if (!request->answer.code)
        permission_by_rules(request);
    if (!request->answer.code && request->method == METHOD_PUT &&
        !method_is_of_mailbox(request))
        method_file_begin(request);
    if (request->answer.code && is_worth_reading(request))
        return MHD_YES;
    if (request->answer.code) {
        answer_header(request, "Connection", "close");
        return answer_queue(request);
    }
    if (request->framing.length > methods_body_bytes_max(request))
        return refuse_large(request);
    return MHD_YES;
}

static enum MHD_Result begin(struct http_request *request, const char *method,
                             const char *version)
{
    BYTES_AUTO(why);
    request->is_begun = true;
    gate_forget_begun(request);
    gate_be_patient(request);
    const char *objection = http_check_framing(
        request->connection, method, request->raw, version, &request->framing);
    if (objection)
        return refuse_upload(request, 400, objection);
    request->method = method_of(method);
    if (request->method == METHOD_COUNT)
        return refuse_upload(request, 501, "the method is not known here");
    enum status status =
        http_target_parse(public_target(request), &request->target, &why);
    if (status) {
        bytes_append(&why, view_of("", 1));
        return refuse_upload(request, status == STATUS_NAME_TOO_LONG ? 414 : 400,
                             why.data);
    }
    gate_judge(request);
    return request->is_suspended ? MHD_YES : go_in(request);
}

static enum MHD_Result collect(struct http_request *request, const char *upload,
                               size_t *upload_size)
{
    request->received += *upload_size;
    gate_got_body(request);
    if (request->answer.code)
        *upload_size = 0; /* the gate refused it */
    else if (request->upload)
        method_file_collect(request, view_of(upload, *upload_size));
    else if (request->body.size + *upload_size > methods_body_bytes_max(request))
        request->is_large = true; /* it can be said at the end only */
    else
        bytes_append(&request->body, view_of(upload, *upload_size));
    *upload_size = 0;
    return MHD_YES;
}

static enum MHD_Result finish(struct http_request *request)
{
    gate_be_patient(request);
    if (request->answer.code)
        return answer_queue(request); /* the gate's */
    request->is_handled = true;
    if (request->is_large)
        answer_large(request);
    else
        methods_handle(request);
    settle(request);
    return request->is_suspended || !request->answer.code ? MHD_YES
                                                          : answer_queue(request);
}

enum MHD_Result http_request_handle(void *loop, struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *upload,
                                    size_t *upload_size, void **context)
{
    struct http_request *request = *context;
    (void)loop, (void)connection, (void)url;
    if (!request->is_begun)
        return begin(request, method, version);
    if (request->is_going_in)
        return go_in(request);
    if (*upload_size)
        return collect(request, upload, upload_size);
    if (request->is_suspended || request->is_queued)
        return MHD_YES;
    return finish(request);
}

void http_request_completed(void *loop, struct MHD_Connection *connection,
                            void **context, enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *context;
    (void)loop, (void)connection, (void)code;
    if (!request)
        return;
    *context = NULL;
    gate_expect_headers(request);
    if (!request->is_begun)
        gate_forget_begun(request);
    http_request_drop(request);
}

void http_request_drop(struct http_request *request)
{
    access_release_user(request->user);
    if (request->free_extra)
        request->free_extra(request->extra);
    if (request->free_finish_extra)
        request->free_finish_extra(request->finish_extra);
    method_file_drop(request);
    http_resolved_free(&request->resolved);
    free_seen(request->seen);
    http_target_free(&request->target);
    answer_free(&request->answer);
    page_form_free(request->form);
    bytes_free(&request->body);
    bytes_free(&request->detail);
    free(request->raw);
    give_back(request);
}
