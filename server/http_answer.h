/* SPDX-License-Identifier: MIT */
/*
 * What a request is answered: a code, header fields, a body. Filled in by the method,
 * sent by the request. The loop's thread.
 */
#ifndef ACTORFS_SERVER_HTTP_ANSWER_H
#define ACTORFS_SERVER_HTTP_ANSWER_H

#include <microhttpd.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

struct http_request;

struct http_answer {
    unsigned code;                 /* 0: not filled in yet */
    struct bytes body;             /* given to libmicrohttpd when it is sent */
    struct bytes headers;          /* `name\0value\0` pairs */
    unsigned retry_after_s;        /* of 429 and 503; 0: soon */
    struct MHD_Response *response; /* instead of body; null: none */
};

/* Adds a field. Control characters in the value become spaces. */
void answer_text(struct http_request *request, const char *name, struct view value);
/* The same with a value that is formatted; of 8 KiB at most. */
void answer_header(struct http_request *request, const char *name, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));
/* The value of the field, as long as none is added; null: there is none. */
const char *answer_find_header(const struct http_answer *answer, const char *name);
/* Just a code. */
void answer_code(struct http_request *request, unsigned code);
/* A code and a body of that type; the body is taken over. */
void answer_body(struct http_request *request, unsigned code, const char *type,
                 struct bytes *body);
/* A code and a response made by the caller, which is taken over. */
void answer_response(struct http_request *request, unsigned code, const char *type,
                     struct MHD_Response *response);
/* A refusal as application/problem+json (RFC 9457). */
void answer_problem(struct http_request *request, unsigned code, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));
/* The refusal that a status stands for, with what the engine said of it. */
void answer_status(struct http_request *request, enum status status,
                   const char *detail);
/* Hands the answer to libmicrohttpd. */
enum MHD_Result answer_queue(struct http_request *request);
/* Also what to do to take an answer back. */
void answer_free(struct http_answer *answer);

#endif
