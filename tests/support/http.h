/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP client for tests: one request a connection, nothing hidden. What is
 * malformed in an answer aborts.
 */
#ifndef ACTORFS_TESTS_SUPPORT_HTTP_H
#define ACTORFS_TESTS_SUPPORT_HTTP_H

#include "common/base/bytes.h"

struct http_reply {
    int code;
    struct bytes head; /* status line and fields */
    struct bytes body; /* without chunks */
};

/* Connects to `unix:PATH` or `ADDR:PORT`, which must answer; the socket. */
int http_connect(const char *address);
/* Whether anybody listens there. */
bool http_listens(const char *address);
/* Sends `METHOD TARGET`, Host (`localhost`, or `ADDR:PORT`), Connection: close, the
   fields in `headers` (each ends in \r\n; "": none), and the body with its length (null
   data: no body at all), and reads the answer. The reply is freed by http_reply_free.
 */
void http_exchange(const char *address, const char *method, const char *target,
                   const char *headers, struct view body, struct http_reply *reply_out);
/* The value of a field, in one of 4 buffers used in turn; null: there is none. */
const char *http_field(const struct http_reply *reply, const char *name);
void http_reply_free(struct http_reply *reply);

#endif
