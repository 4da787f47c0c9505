/* SPDX-License-Identifier: MIT */
#include "server/http_answer.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "server/gate.h"
#include "server/http_kept.h"
#include "server/http_request.h"
#include "server/http_status.h"
#include "server/metrics.h"
#include "server/page.h"
#include "server/page_form.h"

#define RETRY_AFTER_SECONDS 1u

#define HEADERS_BYTES_USUAL 512u /* taken at once rather than doubled up to */

/* A value must be a line that says something, or libmicrohttpd refuses it: what comes
   from outside (a content type, a name) is made one. */
static void make_line(char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)value[i] < ' ' || value[i] == 0x7F)
            value[i] = ' ';
}

void answer_text(struct http_request *request, const char *name, struct view value)
{
    struct bytes *headers = &request->answer.headers;
    if (!value.size)
        value = view_text(" ");
    if (!headers->capacity)
        bytes_reserve(headers, HEADERS_BYTES_USUAL);
    bytes_append(headers, view_of(name, strlen(name) + 1));
    bytes_append(headers, value);
    make_line(headers->data + headers->size - value.size, value.size);
    bytes_append(headers, view_of("", 1));
}

void answer_header(struct http_request *request, const char *name, const char *format,
                   ...)
{
    char value[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    answer_text(request, name, view_text(value));
}

const char *answer_find_header(const struct http_answer *answer, const char *name)
{
    const char *at = answer->headers.data, *end = at ? at + answer->headers.size : at;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

void answer_code(struct http_request *request, unsigned code)
{
    request->answer.code = code;
}

void answer_body(struct http_request *request, unsigned code, const char *type,
                 struct bytes *body)
{
    bytes_free(&request->answer.body);
    request->answer.code = code;
    request->answer.body = *body;
    *body = (struct bytes){0};
    answer_text(request, "Content-Type", view_text(type));
}

void answer_response(struct http_request *request, unsigned code, const char *type,
                     struct MHD_Response *response)
{
    request->answer.code = code;
    request->answer.response = response;
    answer_text(request, "Content-Type", view_text(type));
}

void answer_problem(struct http_request *request, unsigned code, const char *format,
                    ...)
{
    char detail[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    json_t *problem = json_pack(
        "{s:s, s:i, s:s}", "title", http_status_phrase(code), "status", (int)code,
        "detail",
        utf8_is_valid(view_text(detail)) ? detail : "bytes that are no UTF-8");
    char *text = problem ? json_dumps(problem, JSON_COMPACT) : NULL;
    BYTES_AUTO(body);
    ENSURE(text);
    bytes_append_text(&body, text);
    bytes_append_text(&body, "\n");
    free(text);
    json_decref(problem);
    answer_body(request, code, "application/problem+json", &body);
    if (code == 429 || code == 503)
        answer_header(request, "Retry-After", "%u",
                      request->answer.retry_after_s ? request->answer.retry_after_s
                                                    : RETRY_AFTER_SECONDS);
}

void answer_status(struct http_request *request, enum status status, const char *detail)
{
    unsigned code = http_status_of(status);
    /* davfs2 and others take 507 for a full disk, and 429 for a broken server. */
    if (status == STATUS_FULL && (http_request_header(request, "If") ||
                                  http_request_header(request, "Lock-Token")))
        code = 507;
    answer_problem(request, code, "%s",
                   detail && *detail ? detail : status_text(status));
}

static void add_headers(struct MHD_Response *response, const struct bytes *headers)
{
    const char *at = headers->data, *end = at ? at + headers->size : at;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        ENSURE(MHD_add_response_header(response, at, value) == MHD_YES);
        at = value + strlen(value) + 1;
    }
}

static struct MHD_Response *make_response(struct http_answer *answer)
{
    struct MHD_Response *response = answer->response;
    if (!response)
        response = MHD_create_response_from_buffer(
            answer->body.size, answer->body.data,
            answer->body.data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    ENSURE(response);
    if (!answer->response)
        answer->body = (struct bytes){0};
    answer->response = NULL;
    add_headers(response, &answer->headers);
    return response;
}

static enum MHD_Result queue_made(struct http_request *request)
{
    struct MHD_Response *response = make_response(&request->answer);
    enum MHD_Result result =
        MHD_queue_response(request->connection, request->answer.code, response);
    MHD_destroy_response(response);
    return result;
}

/* What many ask for, they get in the same words; see http_kept.h. */
static enum MHD_Result queue_kept(struct http_request *request)
{
    struct http_answer *answer = &request->answer;
    struct kept_answers *kept = &request->loop->kept;
    struct MHD_Response *response = kept_find(kept, answer);
    bool is_ours = false;
    if (!response) {
        struct view body = view_bytes(&answer->body);
        response = make_response(answer);
        is_ours = !kept_add(kept, answer, body, response);
    }
    enum MHD_Result result =
        MHD_queue_response(request->connection, answer->code, response);
    if (is_ours)
        MHD_destroy_response(response);
    return result;
}

enum MHD_Result answer_queue(struct http_request *request)
{
    const struct http_answer *answer = &request->answer;
    ENSURE(answer->code);
    page_form_answer(request);
    page_guard(request);
    metrics_count(request);
    if (!answer->response) /* who makes one of its own streams it */
        gate_expect_reading(request, answer->body.size);
    request->is_queued = true;
    return answer->code == 200 && !answer->response ? queue_kept(request)
                                                    : queue_made(request);
}

void answer_free(struct http_answer *answer)
{
    bytes_free(&answer->body);
    bytes_free(&answer->headers);
    if (answer->response)
        MHD_destroy_response(answer->response);
    answer->response = NULL;
    answer->code = 0;
}
