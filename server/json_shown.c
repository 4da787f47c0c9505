/* SPDX-License-Identifier: MIT */
/*
 * Which values are numbers cannot be seen in the text (an actor may be called 7), so
 * the few that are text are listed here, and columns are told by the caller.
 */
#include "server/json_shown.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/base64.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "server/shown.h"

static const char *const texts[] = {"name",         "behavior",  "activity",
                                    "created",      "last-turn", "last-error",
                                    "last-refusal", "version",   "journal"};

static void set(json_t *object, const char *name, json_t *value)
{
    ENSURE(json_object_set_new(object, name, value) == 0);
}

void json_shown_set_bytes(json_t *object, const char *name, struct view bytes)
{
    char name_base64[64];
    BYTES_AUTO(encoded);
    if (utf8_is_valid(bytes)) {
        set(object, name, json_stringn(bytes.size ? bytes.data : "", bytes.size));
        return;
    }
    snprintf(name_base64, sizeof name_base64, "%s_base64", name);
    base64_encode(&encoded, bytes);
    set(object, name_base64, json_stringn(encoded.data, encoded.size));
}

void json_shown_set_time(json_t *object, const char *name, int64_t time_ms)
{
    BYTES_AUTO(text);
    if (time_ms)
        clock_format(&text, time_ms);
    set(object, name, time_ms ? json_stringn(text.data, text.size) : json_null());
}

static void set_number(json_t *object, const char *name, struct view digits)
{
    char text[24];
    snprintf(text, sizeof text, "%.*s", (int)digits.size, digits.data);
    set(object, name, json_integer((json_int_t)strtoull(text, NULL, 10)));
}

static void set_column(json_t *object, const char *name, struct view column,
                       bool is_number)
{
    BYTES_AUTO(text);
    if (!column.size) {
        set(object, name, json_null());
    } else if (is_number) {
        set_number(object, name, column);
    } else {
        shown_unescape(&text, column);
        json_shown_set_bytes(object, name, view_bytes(&text));
    }
}

static bool is_text(struct view name)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (view_equal(name, view_text(texts[i])))
            return true;
    return false;
}

static void set_line(json_t *object, struct view label, struct view value)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)label.size, label.data);
    for (char *dash = name; (dash = strchr(dash, '-'));)
        *dash = '_';
    if (view_equal(label, view_text("uptime")))
        set_number(object, "uptime_seconds", value); /* its unit ends the number */
    else
        set_column(object, name, value, !is_text(label));
}

json_t *json_shown_lines(struct view text)
{
    json_t *object = json_object();
    struct view label, value;
    while (shown_take_line(&text, &label, &value))
        set_line(object, label, value);
    return object;
}

json_t *json_shown_columns(struct view text, const struct json_column *columns,
                           size_t count)
{
    json_t *array = json_array();
    struct view line, column;
    while (shown_take(&text, '\n', &line)) {
        json_t *object = json_object();
        for (size_t i = 0; i < count; i++) {
            if (!shown_take(&line, '\t', &column))
                column = view_of("", 0);
            set_column(object, columns[i].name, column, columns[i].is_number);
        }
        ENSURE(json_array_append_new(array, object) == 0);
    }
    return array;
}

json_t *json_shown_words(struct view text)
{
    json_t *array = json_array();
    struct view line;
    while (shown_take(&text, '\n', &line))
        ENSURE(json_array_append_new(array, json_stringn(line.data, line.size)) == 0);
    return array;
}
