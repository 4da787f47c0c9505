/* SPDX-License-Identifier: MIT */
/*
 * The line to a worker is written by hand: it is on the path of every turn, and nearly
 * all of it is text that may be copied as it is. JSON (RFC 8259, section 7) asks for
 * an escape before `"`, `\` and control characters only.
 */
#include <stdio.h>
#include <strings.h>

#include "common/base/base64.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/behavior/protocol.h"

#define ATTEMPT ",\"attempt\":"

/* Eight bytes at a time: most text is ASCII, and this is how fast that can be seen. */
static bool is_ascii(struct view text)
{
    const uint64_t high_bits = 0x8080808080808080;
    size_t i = 0;
    for (; i + 8 <= text.size; i += 8) {
        uint64_t word;
        memcpy(&word, text.data + i, sizeof word);
        if (word & high_bits)
            return false;
    }
    for (; i < text.size; i++)
        if ((unsigned char)text.data[i] >= 0x80)
            return false;
    return true;
}

static bool is_escaped(char byte)
{
    return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
}

static void append_escape(struct bytes *out, char byte)
{
    static const char short_forms[128] = {
        ['"'] = '"',  ['\\'] = '\\', ['\n'] = 'n', ['\t'] = 't',
        ['\r'] = 'r', ['\b'] = 'b',  ['\f'] = 'f'};
    char form = short_forms[(unsigned char)byte];
    if (form) {
        char escape[] = {'\\', form};
        bytes_append(out, view_of(escape, sizeof escape));
    } else {
        bytes_format(out, "\\u%04x", (unsigned)byte);
    }
}

/* UTF-8 only. */
static void append_escaped(struct bytes *out, struct view text)
{
    size_t plain = 0; /* where the run of bytes that stay as they are began */
    for (size_t i = 0; i < text.size; i++) {
        if (!is_escaped(text.data[i]))
            continue;
        if (i > plain)
            bytes_append(out, view_of(text.data + plain, i - plain));
        append_escape(out, text.data[i]);
        plain = i + 1;
    }
    if (text.size > plain)
        bytes_append(out, view_of(text.data + plain, text.size - plain));
}

/* `,"NAME":"TEXT"`, or `,"NAME_base64":"..."`. */
static void append_member(struct bytes *out, const char *name, struct view value)
{
    bool is_text = is_ascii(value) || utf8_is_valid(value);
    bytes_append_text(out, ",\"");
    bytes_append_text(out, name);
    bytes_append_text(out, is_text ? "\":\"" : "_base64\":\"");
    if (is_text)
        append_escaped(out, value);
    else
        base64_encode(out, value);
    bytes_append_text(out, "\"");
}

static void append_member_if_any(struct bytes *out, const char *name, struct view value)
{
    if (value.size)
        append_member(out, name, value);
}

static void append_key(struct bytes *out, struct view held)
{
    struct key key = {.size = (uint8_t)held.size};
    BYTES_AUTO(typed);
    ENSURE(held.size <= sizeof key.text);
    memcpy(key.text, held.data, held.size);
    key_append_encoded(&typed, &key);
    append_member(out, "key", view_bytes(&typed));
}

/* ------------------------------------------------------------------------- headers */

struct header {
    struct view name, value;
};

static struct view cut(struct view *text, char at)
{
    const char *end = text->size ? memchr(text->data, at, text->size) : NULL;
    size_t size = end ? (size_t)(end - text->data) : text->size;
    struct view front = view_of(text->data, size);
    size_t skipped = end ? size + 1 : size;
    *text = view_of(text->data + skipped, text->size - skipped);
    return front;
}

static bool next_header(struct view *lines, struct header *header)
{
    while (lines->size) {
        struct view line = cut(lines, '\n');
        header->name = cut(&line, ':');
        while (line.size && (*line.data == ' ' || *line.data == '\t'))
            line = view_of(line.data + 1, line.size - 1);
        if (line.size && line.data[line.size - 1] == '\r')
            line.size--;
        header->value = line;
        if (header->name.size)
            return true;
    }
    return false;
}

static bool is_same_name(struct view left, struct view right)
{
    return left.size == right.size &&
           strncasecmp(left.data, right.data, left.size) == 0;
}

/* RFC 9110, section 5.5: bytes beyond ASCII were ISO 8859-1 once. Said in UTF-8 they
   fit into a member like all else. */
static void append_header_text(struct bytes *out, struct view text)
{
    BYTES_AUTO(latin);
    if (is_ascii(text) || utf8_is_valid(text)) {
        append_escaped(out, text);
        return;
    }
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        char pair[] = {(char)(0xC0 | byte >> 6), (char)(0x80 | (byte & 0x3F))};
        bytes_append(&latin, byte < 0x80 ? view_of(text.data + i, 1)
                                         : view_of(pair, sizeof pair));
    }
    append_escaped(out, view_bytes(&latin));
}

static bool is_named_before(struct view all, const struct header *header)
{
    struct header earlier;
    while (next_header(&all, &earlier) && earlier.name.data != header->name.data)
        if (is_same_name(earlier.name, header->name))
            return true;
    return false;
}

/* RFC 9110, section 5.3: lines of one name are one list, joined by commas. */
static void append_header(struct bytes *out, const struct header *header,
                          struct view later)
{
    struct header other;
    bytes_append_text(out, "\"");
    append_header_text(out, header->name);
    bytes_append_text(out, "\":\"");
    append_header_text(out, header->value);
    while (next_header(&later, &other)) {
        if (!is_same_name(other.name, header->name))
            continue;
        bytes_append_text(out, ", ");
        append_header_text(out, other.value);
    }
    bytes_append_text(out, "\"");
}

static void append_headers(struct bytes *out, struct view all)
{
    struct view rest = all;
    struct header header;
    const char *before = ",\"headers\":{";
    while (next_header(&rest, &header)) {
        if (is_named_before(all, &header))
            continue;
        bytes_append_text(out, before);
        append_header(out, &header, rest);
        before = ",";
    }
    if (*before == ',' && before[1] == '\0')
        bytes_append_text(out, "}");
}

/* ---------------------------------------------------------------------------- line */

void protocol_append_turn(struct bytes *out, uint64_t id,
                          const struct turn_input *input)
{
    bytes_append_text(out, "{\"id\":");
    bytes_append_number(out, id);
    append_member(out, "actor", input->actor);
    bytes_append_text(out, ",\"task\":");
    bytes_append_number(out, input->sequence);
    append_key(out, input->key);
    bytes_append_text(out, ATTEMPT);
    bytes_append_number(out, input->attempt);
    append_member(out, "kind", view_text(message_kind_text(input->kind)));
    append_member_if_any(out, "sender", input->sender);
    append_member_if_any(out, "caller", input->caller);
    append_member_if_any(out, "reply_to", input->reply_to);
    append_member_if_any(out, "outcome", input->outcome);
    append_headers(out, input->headers);
    append_member(out, "message", input->message);
    append_member(out, "state", input->state);
    bytes_append_text(out, "}\n");
}

void protocol_set_attempt(struct bytes *line, uint32_t attempt)
{
    /* No string before it can hold these bytes: their quotes would be escaped. */
    const char *found = memmem(line->data, line->size, ATTEMPT, strlen(ATTEMPT));
    ENSURE(found);
    size_t front = (size_t)(found - line->data) + strlen(ATTEMPT);
    size_t back = front;
    while (line->data[back] >= '0' && line->data[back] <= '9')
        back++;
    char digits[16];
    size_t size = (size_t)snprintf(digits, sizeof digits, "%u", attempt);
    bytes_reserve(line, size);
    memmove(line->data + front + size, line->data + back, line->size - back);
    memcpy(line->data + front, digits, size);
    line->size = line->size - (back - front) + size;
}
