/* SPDX-License-Identifier: MIT */
#include "server/http_target.h"

#include <ctype.h>
#include <string.h>

#include "common/base/text.h"
#include "common/tree/node.h"

/* Where the first byte is that means another one; the size when all mean themselves. */
static size_t plain_size(const char *text, size_t size, bool plus_is_space)
{
    const char *percent = memchr(text, '%', size);
    size_t plain = percent ? (size_t)(percent - text) : size;
    const char *plus = plus_is_space ? memchr(text, '+', plain) : NULL;
    return plus ? (size_t)(plus - text) : plain;
}

/* In place; false for a `%` without its digits and for an encoded NUL. */
static bool decode(char *text, size_t *size, bool plus_is_space)
{
    size_t to = plain_size(text, *size, plus_is_space);
    for (size_t from = to; from < *size; from++) {
        char byte = text[from];
        if (byte == '%') {
            int high = from + 2 < *size ? hex_digit(text[from + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[from + 2]) : -1;
            if (low < 0)
                return false;
            byte = (char)(high << 4 | low);
            from += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        if (byte == '\0')
            return false;
        text[to++] = byte;
    }
    *size = to;
    return true;
}

static enum status refuse(struct bytes *why, const char *what)
{
    bytes_append_text(why, what);
    return STATUS_INVALID;
}

static bool is_dots(struct view segment)
{
    return segment.data[0] == '.' &&
           (segment.size == 1 || (segment.size == 2 && segment.data[1] == '.'));
}

/* In `tasks@KEY,delay=5s`, with the `@` maybe as %40, what follows the `@` is left to
   name_parse(). Only an actor's own files are typed so; an `@` in other names is a
   letter. Returns how many bytes are to be decoded here; 0: all of them. */
static size_t base_size(const struct http_target *target, char *text, size_t *size)
{
    enum node_kind kind;
    if (target->segment_count != 2 ||
        !view_equal(target->segments[0], view_text("actors")))
        return 0;
    char *at = memchr(text, '@', *size);
    char *encoded = memmem(text, at ? (size_t)(at - text) : *size, "%40", 3);
    if (encoded)
        at = encoded;
    if (!at || !node_kind_of_file(view_of(text, (size_t)(at - text)), &kind))
        return 0;
    size_t base = (size_t)(at - text);
    if (encoded) {
        *encoded = '@';
        memmove(encoded + 1, encoded + 3, *size - base - 3);
        *size -= 2;
    }
    return base;
}

/* One segment of the path, `text` pointing into target->text. */
static enum status add_segment(struct http_target *target, char *text, size_t size,
                               struct bytes *why)
{
    if (target->segment_count == TARGET_SEGMENTS_MAX)
        return refuse(why, "the path has too many segments");
    if (size == 0)
        return refuse(why, "the path has an empty segment");
    if (!base_size(target, text, &size) && !decode(text, &size, false))
        return refuse(why, "in the path a % needs two digits after it, and not 00");
    struct view segment = view_of(text, size);
    if (is_dots(segment) || memchr(segment.data, '/', segment.size))
        return refuse(why, "the path goes up, or has a slash in a name");
    target->segments[target->segment_count++] = segment;
    return STATUS_OK;
}

static enum status take_path(struct http_target *target, char *path, size_t size,
                             struct bytes *why)
{
    size_t from = 1;
    if (size == 0 || path[0] != '/')
        return refuse(why, "the path must begin with a slash");
    while (from < size) {
        char *slash = memchr(path + from, '/', size - from);
        size_t end = slash ? (size_t)(slash - path) : size;
        enum status status = add_segment(target, path + from, end - from, why);
        if (status)
            return status;
        from = end + 1;
    }
    target->is_folder_form = path[size - 1] == '/';
    return STATUS_OK;
}

static enum status take_argument(struct http_target *target, char *text, size_t size,
                                 struct bytes *why)
{
    if (size == 0)
        return STATUS_OK;
    if (target->argument_count == TARGET_ARGUMENTS_MAX)
        return refuse(why, "the query has too many arguments");
    char *equals = memchr(text, '=', size);
    size_t name = equals ? (size_t)(equals - text) : size;
    size_t value = equals ? size - name - 1 : 0;
    char *value_text = text + size - value;
    if (!decode(text, &name, true) || !decode(value_text, &value, true))
        return refuse(why, "in the query a % needs two digits after it, and not 00");
    target->arguments[target->argument_count++] =
        (struct target_argument){view_of(text, name), view_of(value_text, value)};
    return STATUS_OK;
}

static enum status take_query(struct http_target *target, char *text, size_t size,
                              struct bytes *why)
{
    enum status status = STATUS_OK;
    for (size_t from = 0; from < size && !status;) {
        char *end = memchr(text + from, '&', size - from);
        size_t length = end ? (size_t)(end - text) - from : size - from;
        status = take_argument(target, text + from, length, why);
        from += length + 1;
    }
    return status;
}

/* The absolute form names a server as well: `http://host:port/path`. */
static size_t take_host(struct http_target *target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t prefix = strlen(schemes[i]);
        if (target->text.size < prefix ||
            strncasecmp(target->text.data, schemes[i], prefix) != 0)
            continue;
        size_t end = prefix;
        while (end < target->text.size && target->text.data[end] != '/')
            end++;
        target->host = view_of(target->text.data + prefix, end - prefix);
        return end;
    }
    return 0;
}

enum status http_target_parse(struct view raw, struct http_target *target,
                              struct bytes *why)
{
    *target = (struct http_target){0};
    if (raw.size > TARGET_BYTES_MAX) {
        bytes_format(why, "a target has at most %d bytes", TARGET_BYTES_MAX);
        return STATUS_NAME_TOO_LONG;
    }
    bytes_append(&target->text, raw);
    if (view_equal(raw, view_text("*"))) {
        target->is_asterisk = true;
        return STATUS_OK;
    }
    if (raw.size == 0)
        return refuse(why, "the target is empty");
    if (memchr(raw.data, '#', raw.size) || memchr(raw.data, '\0', raw.size))
        return refuse(why, "a target has no fragment, and no NUL");
    size_t from = take_host(target);
    char *path = target->text.data + from;
    size_t size = target->text.size - from;
    char *query = size ? memchr(path, '?', size) : NULL;
    size_t path_size = query ? (size_t)(query - path) : size;
    enum status status = take_path(target, path, path_size, why);
    if (!status && query)
        status = take_query(target, query + 1, size - path_size - 1, why);
    return status;
}

void http_target_free(struct http_target *target)
{
    bytes_free(&target->text);
}

static bool stands_bare(unsigned char byte)
{
    return (byte < 0x80 && isalnum(byte)) || (byte && strchr("-._~!$'()*+,;=:@", byte));
}

void http_target_append(struct bytes *out, struct view segment)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t from = 0;
    for (size_t i = 0; i < segment.size; i++) {
        unsigned char byte = (unsigned char)segment.data[i];
        char encoded[3] = {'%', hex[byte >> 4], hex[byte & 15]};
        if (stands_bare(byte))
            continue;
        bytes_append(out, view_of(segment.data + from, i - from));
        bytes_append(out, view_of(encoded, sizeof encoded));
        from = i + 1;
    }
    bytes_append(out, view_of(segment.data + from, segment.size - from));
}
