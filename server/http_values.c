/* SPDX-License-Identifier: MIT */
#include "server/http_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/text.h"

/* Of the white space that may stand around values (RFC 9110, section 5.6.3). */
static struct view trimmed(struct view text)
{
    return text_trimmed(text, " \t");
}

static bool equals(struct view text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

static bool parse_whole(struct view text, uint64_t *number_out)
{
    uint64_t number = 0;
    if (text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9' ||
            __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.data[i] - '0'), &number))
            return false;
    *number_out = number;
    return true;
}

bool value_next(struct view *list, struct view *element_out)
{
    struct view rest = trimmed(*list);
    if (rest.size == 0)
        return false;
    bool quoted = false;
    size_t end = 0;
    for (; end < rest.size && (quoted || rest.data[end] != ','); end++) {
        if (quoted && rest.data[end] == '\\' && end + 1 < rest.size)
            end++;
        else if (rest.data[end] == '"')
            quoted = !quoted;
    }
    *element_out = trimmed(view_of(rest.data, end));
    size_t past = end < rest.size ? end + 1 : end;
    *list = view_of(rest.data + past, rest.size - past);
    return true;
}

/* ---------------------------------------------------------------------------- keys */

/* RFC 8941, section 3.3.3: only a quote and a backslash are escaped. */
static bool unquote(struct view text, struct bytes *out)
{
    if (text.size < 2 || text.data[0] != '"' || text.data[text.size - 1] != '"')
        return false;
    for (size_t i = 1; i < text.size - 1; i++) {
        if (text.data[i] == '"')
            return false;
        if (text.data[i] == '\\') {
            i++;
            if (i == text.size - 1 || (text.data[i] != '"' && text.data[i] != '\\'))
                return false;
        }
        bytes_append(out, view_of(text.data + i, 1));
    }
    return true;
}

enum status value_key(struct view text, struct key *key)
{
    BYTES_AUTO(raw);
    text = trimmed(text);
    if (text.size && text.data[0] == '"') {
        if (!unquote(text, &raw))
            return STATUS_INVALID;
        return key_from_raw(view_bytes(&raw), key);
    }
    return key_from_raw(text, key);
}

/* -------------------------------------------------------------------------- prefer */

/* `name=value`, where the value may be quoted and parameters may follow. */
static void split_preference(struct view element, struct view *name, struct view *value)
{
    const char *end = element.size ? memchr(element.data, ';', element.size) : NULL;
    if (end)
        element.size = (size_t)(end - element.data);
    const char *sign = element.size ? memchr(element.data, '=', element.size) : NULL;
    *name = *value = trimmed(element);
    value->size = 0;
    if (!sign)
        return;
    size_t size = (size_t)(sign - element.data);
    *name = trimmed(view_of(element.data, size));
    *value = trimmed(view_of(sign + 1, element.size - size - 1));
    if (value->size >= 2 && value->data[0] == '"' &&
        value->data[value->size - 1] == '"')
        *value = view_of(value->data + 1, value->size - 2);
}

void value_prefer(struct view text, struct prefer *prefer)
{
    struct view element, name, value;
    uint64_t seconds;
    *prefer = (struct prefer){.wait_ms = -1};
    while (value_next(&text, &element)) {
        split_preference(element, &name, &value);
        if (equals(name, "respond-async"))
            prefer->respond_async = true;
        else if (equals(name, "return") && equals(value, "minimal"))
            prefer->minimal = true;
        else if (equals(name, "wait") && prefer->wait_ms < 0 &&
                 parse_whole(value, &seconds))
            prefer->wait_ms = seconds > 1000000 ? 1000000000 : (int64_t)seconds * 1000;
    }
}

/* ---------------------------------------------------------------------- conditions */

enum status value_tags_match(struct view list, struct view tag, bool weak, bool *match)
{
    struct view element;
    bool any = false;
    *match = false;
    if (equals(trimmed(list), "*")) {
        *match = true;
        return STATUS_OK;
    }
    while (value_next(&list, &element)) {
        bool is_weak = view_starts_with(element, "W/");
        struct view opaque =
            is_weak ? view_of(element.data + 2, element.size - 2) : element;
        if (element.size == 0)
            continue;
        if (opaque.size < 2 || opaque.data[0] != '"' ||
            opaque.data[opaque.size - 1] != '"')
            return STATUS_INVALID;
        any = true;
        if (view_equal(opaque, tag) && (weak || !is_weak))
            *match = true;
    }
    return any ? STATUS_OK : STATUS_INVALID;
}

/* --------------------------------------------------------------------------- range */

/* `bytes=-COUNT`: the last so many. */
static enum status last_bytes(struct view count, uint64_t size, uint64_t *first_out,
                              uint64_t *last_out)
{
    uint64_t number;
    if (!parse_whole(count, &number))
        return STATUS_NOT_FOUND;
    if (number == 0 || size == 0)
        return STATUS_TOO_LARGE;
    *first_out = number < size ? size - number : 0;
    *last_out = size - 1;
    return STATUS_OK;
}

/* `bytes=FROM-TO`; without TO, until the end. */
static enum status bytes_between(struct view from, struct view to, uint64_t size,
                                 uint64_t *first_out, uint64_t *last_out)
{
    uint64_t first, last = UINT64_MAX;
    if (!parse_whole(from, &first) || (to.size && !parse_whole(to, &last)) ||
        last < first)
        return STATUS_NOT_FOUND;
    if (first >= size)
        return STATUS_TOO_LARGE;
    *first_out = first;
    *last_out = last < size ? last : size - 1;
    return STATUS_OK;
}

enum status value_range(struct view text, uint64_t size, uint64_t *first_out,
                        uint64_t *last_out)
{
    text = trimmed(text);
    if (!view_starts_with(text, "bytes=") || memchr(text.data, ',', text.size))
        return STATUS_NOT_FOUND;
    text = trimmed(view_of(text.data + 6, text.size - 6));
    const char *dash = text.size ? memchr(text.data, '-', text.size) : NULL;
    if (!dash)
        return STATUS_NOT_FOUND;
    size_t before = (size_t)(dash - text.data);
    struct view from = view_of(text.data, before);
    struct view to = view_of(dash + 1, text.size - before - 1);
    return from.size ? bytes_between(from, to, size, first_out, last_out)
                     : last_bytes(to, size, first_out, last_out);
}

/* ---------------------------------------------------------------------------- date */

bool value_date(struct view text, int64_t *wall_ms)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT",
                                        "%A, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %e %H:%M:%S %Y"};
    char copy[64];
    text = trimmed(text);
    if (text.size >= sizeof copy)
        return false;
    if (text.size)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm when = {0};
        const char *end = strptime(copy, forms[i], &when);
        if (end && *end == '\0') {
            *wall_ms = (int64_t)timegm(&when) * 1000;
            return true;
        }
    }
    return false;
}

static void put_two(char *at, int number)
{
    at[0] = (char)('0' + number / 10 % 10);
    at[1] = (char)('0' + number % 10);
}

static void write_second(char *text, time_t second)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm when;
    gmtime_r(&second, &when);
    memcpy(text, days + 3 * when.tm_wday, 3);
    put_two(text + 5, when.tm_mday);
    memcpy(text + 8, months + 3 * when.tm_mon, 3);
    put_two(text + 12, (when.tm_year + 1900) / 100);
    put_two(text + 14, (when.tm_year + 1900) % 100);
    put_two(text + 17, when.tm_hour);
    put_two(text + 20, when.tm_min);
    put_two(text + 23, when.tm_sec);
}

/* Dates come in runs of one second: what is read again and again, and what was made
   together. */
void value_append_date(struct bytes *out, int64_t wall_ms)
{
    static _Thread_local char text[] = "Thu, 01 Jan 1970 00:00:00 GMT";
    static _Thread_local time_t written;
    time_t second = (time_t)(wall_ms / 1000);
    if (second != written) {
        write_second(text, second);
        written = second;
    }
    bytes_append(out, view_of(text, sizeof text - 1));
}

/* -------------------------------------------------------------------------- accept */

static bool is_refused(struct view parameters)
{
    const char *quality = NULL;
    for (size_t i = 0; i + 2 < parameters.size; i++)
        if ((parameters.data[i] == ';' || parameters.data[i] == ' ') &&
            strncasecmp(parameters.data + i + 1, "q=", 2) == 0)
            quality = parameters.data + i + 3;
    if (!quality)
        return false;
    for (; quality < parameters.data + parameters.size && *quality != ';'; quality++)
        if (*quality >= '1' && *quality <= '9')
            return false;
    return true;
}

bool value_accepts(struct view list, const char *type)
{
    struct view element;
    while (value_next(&list, &element)) {
        const char *end = element.size ? memchr(element.data, ';', element.size) : NULL;
        size_t size = end ? (size_t)(end - element.data) : element.size;
        if (equals(trimmed(view_of(element.data, size)), type))
            return !is_refused(view_of(element.data + size, element.size - size));
    }
    return false;
}
