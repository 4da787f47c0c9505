/* SPDX-License-Identifier: MIT */
/*
 * What a request is about: its target taken apart (RFC 9112, section 3.2) without help
 * from the HTTP library, which would unescape too early and too often. Each segment of
 * the path is decoded exactly once; the segment of a file with a key is left as it is
 * typed (`tasks@a%20b`), because reading its parameters decodes it (contract, section
 * 2). Pure functions, any thread; fuzzed.
 */
#ifndef ACTORFS_SERVER_HTTP_TARGET_H
#define ACTORFS_SERVER_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/name.h"
#include "common/base/status.h"

#define TARGET_SEGMENTS_MAX 64
#define TARGET_BYTES_MAX 8192
#define TARGET_ARGUMENTS_MAX 16

struct target_argument {
    struct view name, value; /* decoded; `+` is a space */
};

struct http_target {
    struct bytes text; /* what the views point into */
    struct view host;  /* of the absolute form; else empty */
    struct view segments[TARGET_SEGMENTS_MAX];
    size_t segment_count;
    bool is_folder_form; /* ends in a slash */
    bool is_asterisk;    /* OPTIONS * */
    struct target_argument arguments[TARGET_ARGUMENTS_MAX];
    size_t argument_count;
};

/* Takes the target apart. INVALID, with a line in `why`, for a path that does not begin
   with a slash, for `.`, `..` and empty segments, for a `%` without two digits, an
   encoded NUL or slash, a fragment, too many segments or arguments; NAME_TOO_LONG above
   TARGET_BYTES_MAX. Freed by the caller in any case. */
MUST_CHECK enum status
http_target_parse(struct view raw, struct http_target *target_out, struct bytes *why);
void http_target_free(struct http_target *target);
/* Appends the segment as it stands in a path: percent-encoded where it must be. */
void http_target_append(struct bytes *out, struct view segment);

#endif
