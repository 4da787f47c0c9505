/* SPDX-License-Identifier: MIT */
#include "server/http_check.h"

#include <stdlib.h>
#include <strings.h>

struct seen {
    unsigned hosts, lengths, codings;
    const char *length, *coding;
    size_t length_size, coding_size;
    bool has_bad_name, is_broken;
    uintptr_t end; /* of what was seen */
    uint64_t names;
};

/* RFC 9110, section 5.6.2 */
static bool is_token(const char *text, size_t size)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < size; i++) {
        char byte = text[i];
        bool alphanumeric = (byte >= '0' && byte <= '9') ||
                            ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
        if (!alphanumeric && !memchr(others, byte, sizeof others - 1))
            return false;
    }
    return size > 0;
}

static bool is_named(const char *name, size_t size, const char *wanted)
{
    return size == strlen(wanted) && strncasecmp(name, wanted, size) == 0;
}

/* How the library reads lines is seen only from where it found what: name, value and
   the next line follow each other in its buffer, a CR and a LF between lines. Elsewhere
   a line ended in a bare LF, a value went on in the next line (which it puts into a
   copy of the name: RFC 9112, section 5.2), or a line began with its colon (which it
   takes for the end of the headers). */
static bool follows(const struct seen *seen, const char *name, size_t name_size,
                    const char *value)
{
    uintptr_t between = (uintptr_t)name + name_size + 1, at = (uintptr_t)value;
    if ((uintptr_t)name != seen->end + 2 || at < between)
        return false;
    for (const char *blank = name + name_size + 1; (uintptr_t)blank < at; blank++)
        if (*blank != ' ' && *blank != '\t')
            return false;
    return true;
}

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *name,
                            size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    struct seen *seen = context;
    if (!is_token(name, name_size))
        seen->has_bad_name = true;
    seen->names |= http_name_bit(name, name_size);
    if (!follows(seen, name, name_size, value))
        seen->is_broken = true;
    seen->end = (uintptr_t)value + value_size;
    if (is_named(name, name_size, "Host")) {
        seen->hosts++;
    } else if (is_named(name, name_size, "Content-Length")) {
        seen->lengths++;
        seen->length = value;
        seen->length_size = value_size;
    } else if (is_named(name, name_size, "Transfer-Encoding")) {
        seen->codings++;
        seen->coding = value;
        seen->coding_size = value_size;
    }
    return MHD_YES;
}

static bool is_number(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return size > 0 && size < 20;
}

static const char *objection(const struct seen *seen, const char *version)
{
    if (seen->is_broken)
        return "a header field is a line, with a name, a colon, a value, CR and LF";
    if (seen->has_bad_name)
        return "a header field's name is no token";
    if (seen->hosts > 1 || (seen->hosts == 0 && strcmp(version, "HTTP/1.0") != 0))
        return "exactly one Host field is needed";
    if (seen->lengths > 1)
        return "there is more than one Content-Length";
    if (seen->codings && seen->lengths)
        return "Transfer-Encoding and Content-Length exclude each other";
    if (seen->codings > 1 ||
        (seen->codings && !is_named(seen->coding, seen->coding_size, "chunked")))
        return "the only Transfer-Encoding is chunked";
    if (seen->lengths && !is_number(seen->length, seen->length_size))
        return "Content-Length is no number";
    return NULL;
}

/* The library takes a target to go on over spaces, and to end where a NUL is. */
static bool is_sound_line(const char *method, const char *target, const char *version)
{
    size_t size = strlen(target);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)target[i] <= ' ' || target[i] == 0x7f)
            return false;
    return (uintptr_t)version == (uintptr_t)method + strlen(method) + 1 + size + 1;
}

/* The library's word on where the headers end. */
static uintptr_t headers_end(struct MHD_Connection *connection, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? (uintptr_t)method + info->header_size : 0;
}

const char *http_check_framing(struct MHD_Connection *connection, const char *method,
                               const char *target, const char *version,
                               struct http_framing *framing)
{
    struct seen seen = {.end = (uintptr_t)version + strlen(version)};
    *framing = (struct http_framing){0};
    if (!is_sound_line(method, target, version))
        return "a request's first line is a method, a target without spaces and "
               "control characters, and a version, with a space between them";
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, look, &seen);
    if (headers_end(connection, method) != seen.end + 4)
        seen.is_broken = true;
    const char *why = objection(&seen, version);
    if (why)
        return why;
    framing->names = seen.names;
    framing->is_chunked = seen.codings > 0;
    if (seen.lengths)
        framing->length = strtoull(seen.length, NULL, 10);
    framing->has_body = framing->is_chunked || framing->length > 0;
    return NULL;
}
