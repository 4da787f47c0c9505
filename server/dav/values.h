/* SPDX-License-Identifier: MIT */
/*
 * Values of WebDAV's own header fields (RFC 4918, section 10): pure functions from text
 * to values, any thread; fuzzed. What is malformed is INVALID.
 */
#ifndef ACTORFS_SERVER_DAV_VALUES_H
#define ACTORFS_SERVER_DAV_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

enum dav_depth { DEPTH_ZERO, DEPTH_ONE, DEPTH_INFINITY };

/* `0`, `1`, `infinity` in any case. */
MUST_CHECK enum status dav_value_depth(struct view text, enum dav_depth *depth_out);
/* `T` or `F`. */
MUST_CHECK enum status dav_value_overwrite(struct view text, bool *overwrite_out);
/* The first time of the list that can be read, in seconds, `infinite` as most_s; at
   most most_s. usual_s where there is none: the header is a wish, never an error. */
uint32_t dav_value_timeout(struct view text, uint32_t usual_s, uint32_t most_s);
/* The token within `<...>`, or as Windows sends it, bare; a view into text. */
MUST_CHECK enum status dav_value_lock_token(struct view text, struct view *token_out);

#endif
