/* SPDX-License-Identifier: MIT */
/*
 * Shown text as JSON: the `key: value` lines and tab-separated columns that files show,
 * taken apart again, so that JSON says what the file says and there is one renderer.
 * A `-` in a name is `_`; what is empty is null. Bytes that are no UTF-8 stand as
 * base64 in a member called NAME_base64. Pure functions, any thread; what they return
 * is the caller's.
 */
#ifndef ACTORFS_SERVER_JSON_SHOWN_H
#define ACTORFS_SERVER_JSON_SHOWN_H

#include <jansson.h>

#include "common/base/bytes.h"

struct json_column {
    const char *name;
    bool is_number;
};

/* An object of `key: value` lines, such as an actor's `status`. */
json_t *json_shown_lines(struct view text);
/* An array with an object for each line. */
json_t *json_shown_columns(struct view text, const struct json_column *columns,
                           size_t count);
/* An array with a string for each line. */
json_t *json_shown_words(struct view text);
/* Sets the member, or NAME_base64. */
void json_shown_set_bytes(json_t *object, const char *name, struct view bytes);
/* Sets a time as files show it; null for 0: it never was. */
void json_shown_set_time(json_t *object, const char *name, int64_t time_ms);

#endif
