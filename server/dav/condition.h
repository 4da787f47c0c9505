/* SPDX-License-Identifier: MIT */
/*
 * The If header (RFC 4918, section 10.4), taken apart: lists of conditions, one of
 * which must hold as a whole. Pure, any thread; fuzzed.
 */
#ifndef ACTORFS_SERVER_DAV_CONDITION_H
#define ACTORFS_SERVER_DAV_CONDITION_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

#define DAV_CONDITIONS_MAX 64
#define DAV_LISTS_MAX 32

struct dav_condition {
    bool is_negated;
    bool is_tag;      /* an entity tag with its quotes; else a state token */
    struct view text; /* without the brackets */
};

struct dav_condition_list {
    struct view resource; /* the URI it is about; empty: the request's own */
    size_t first, count;  /* its conditions */
};

struct dav_if {
    struct dav_condition conditions[DAV_CONDITIONS_MAX];
    size_t condition_count;
    struct dav_condition_list lists[DAV_LISTS_MAX];
    size_t list_count;
};

/* The views point into text. INVALID; TOO_LARGE for more than the bounds above. */
MUST_CHECK enum status dav_if_parse(struct view text, struct dav_if *if_out);
/* Whether the token stands anywhere in it: then it was submitted, whatever the list
   came to. */
bool dav_if_submits(const struct dav_if *header, struct view token);

#endif
