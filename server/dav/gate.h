/* SPDX-License-Identifier: MIT */
/*
 * What stands before every method: names that are hidden, the If header, locks (RFC
 * 4918, sections 7 and 10.4). And what WebDAV's methods share of a request.
 */
#ifndef ACTORFS_SERVER_DAV_GATE_H
#define ACTORFS_SERVER_DAV_GATE_H

#include "server/dav/body.h"
#include "server/dav/condition.h"
#include "server/dav/locks.h"
#include "server/http_request.h"

struct dav *request_dav(const struct http_request *request);
/* Who asks, "" where nobody logs in. */
const char *dav_login(const struct http_request *request);

/* For a resolved request: false when it was answered (412, 423, 400). */
bool dav_gate(struct http_request *request);
/* Whether the request may write there; false when it was answered (423). */
bool dav_may_touch(struct http_request *request, const struct dav_place *place,
                   enum dav_touch touch);

/* If-Match and If-None-Match, of what the target names; on tasks, execute and status
   If-Match holds if the file is there (contract, section 8). False when the request was
   answered (412, 400). */
bool dav_conditions_hold(struct http_request *request);

/* The same as dav_state_version and dav_state_written, for a PUT of a `state`. */
uint64_t dav_expected_state(struct http_request *request);
void dav_wrote_state(struct http_request *request, uint64_t version);

/* Reads the body; false when it was answered (400, 403, 413). The body is freed by the
   caller in any case. */
bool dav_read_body(struct http_request *request, enum dav_document document,
                   struct dav_body *body_out);

/* A resource that a header names. */
struct dav_other {
    struct http_target target;
    struct http_resolved resolved;
};
/* From an absolute URI of this server or an absolute path: INVALID; NOT_FOUND for
   another server; `why` in one line. Freed by the caller in any case. */
MUST_CHECK enum status dav_other_resolve(struct http_request *request, struct view uri,
                                         struct dav_other *other_out,
                                         struct bytes *why);
void dav_other_free(struct dav_other *other);

#endif
