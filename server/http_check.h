/* SPDX-License-Identifier: MIT */
/*
 * What libmicrohttpd 0.9.75 lets through and should not: requests that two parties may
 * frame in two ways (RFC 9112, section 6.3 and 11.2). Such a request is refused and its
 * connection closed.
 */
#ifndef ACTORFS_SERVER_HTTP_CHECK_H
#define ACTORFS_SERVER_HTTP_CHECK_H

#include <microhttpd.h>
#include <stdbool.h>

struct http_framing {
    bool has_body; /* a length above 0, or chunks */
    bool is_chunked;
    unsigned long long length;
};

/* Null when the request's framing is sound; else what is wrong with it. Method and
   version are those that the library's handler was called with, the target is as its
   callback for URIs got it. */
const char *http_check_framing(struct MHD_Connection *connection, const char *method,
                               const char *target, const char *version,
                               struct http_framing *framing_out);

#endif
