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
#include <stdint.h>
#include <string.h>

struct http_framing {
    bool has_body; /* a length above 0, or chunks */
    bool is_chunked;
    unsigned long long length;
    uint64_t names; /* of the fields that came: the bits of http_name_bit */
};

/* Most fields that a request is asked for did not come: a bit says so sooner than the
   library, which compares all that did. Some names share theirs. */
static inline uint64_t http_name_bit(const char *name, size_t size)
{
    return UINT64_C(1) << ((size * 5 + ((unsigned char)name[0] | 0x20u)) & 63);
}

/* Null when the request's framing is sound; else what is wrong with it. Method and
   version are those that the library's handler was called with, the target is as its
   callback for URIs got it. */
const char *http_check_framing(struct MHD_Connection *connection, const char *method,
                               const char *target, const char *version,
                               struct http_framing *framing_out);

#endif
