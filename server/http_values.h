/* SPDX-License-Identifier: MIT */
/*
 * Values of header fields: pure functions from text to values, any thread; fuzzed. What
 * is malformed is INVALID unless said otherwise.
 */
#ifndef ACTORFS_SERVER_HTTP_VALUES_H
#define ACTORFS_SERVER_HTTP_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/key.h"
#include "common/base/status.h"

/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a structured-field
   string, `"abc"`, or the key bare. */
MUST_CHECK enum status value_key(struct view text, struct key *key_out);

/* Prefer (RFC 7240); what is not known is ignored, as it says. */
struct prefer {
    bool respond_async;
    int64_t wait_ms; /* -1: not said */
    bool minimal;    /* return=minimal */
};
void value_prefer(struct view text, struct prefer *prefer_out);

/* If-Match and If-None-Match (RFC 9110, section 13.1): whether the list names the tag,
   given with its quotes. `*` names every tag. Weak tags match only where `weak` says
   so. */
MUST_CHECK enum status value_tags_match(struct view list, struct view tag, bool weak,
                                        bool *match_out);

/* Range (RFC 9110, section 14.2) over `size` bytes. NOT_FOUND where it is to be ignored
   (another unit, several ranges, malformed); TOO_LARGE where it cannot be satisfied. */
MUST_CHECK enum status value_range(struct view text, uint64_t size, uint64_t *first_out,
                                   uint64_t *last_out);

/* HTTP-date (RFC 9110, section 5.6.7), all three forms. */
bool value_date(struct view text, int64_t *wall_ms_out);
/* Appends the preferred form: Sun, 06 Nov 1994 08:49:37 GMT. */
void value_append_date(struct bytes *out, int64_t wall_ms);

/* Whether an Accept list prefers the media type, such as `application/json`, to plain
   text: it is named with a quality above 0. */
bool value_accepts(struct view list, const char *type);

/* The next element of a comma-separated list, without spaces around it; false at the
   end. Commas within quoted strings are part of it. */
bool value_next(struct view *list, struct view *element_out);

#endif
