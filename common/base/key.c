/* SPDX-License-Identifier: MIT */
/*
 * What must stay true: key_from_name(key_append_encoded(k)) is k for every key, and no
 * two keys are typed alike. Hence numbers are read in their one canonical form only
 * (`KEY~02` and `.07` are no keys), and KEY~1 is none either: the first line is KEY.
 */
#include "common/base/key.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/log.h"
#include "common/base/text.h"

/* A decimal number above 0, without leading zeros, that fits. */
static bool parse_number(struct view text, uint64_t *number_out)
{
    uint64_t number = 0;

    if (text.size == 0 || text.data[0] == '0')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' ||
            __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.data[i] - '0'), &number))
            return false;
    }
    *number_out = number;
    return true;
}

static bool parse_sequence(struct view text, uint64_t *sequence_out)
{
    return view_starts_with(text, ".") &&
           parse_number(view_of(text.data + 1, text.size - 1), sequence_out);
}

/* `.A.SEQ.N` */
static bool is_of_send(struct view text)
{
    uint64_t number;
    for (unsigned part = 0; part < 3; part++) {
        if (text.size == 0 || text.data[0] != '.')
            return false;
        text = view_of(text.data + 1, text.size - 1);
        const char *dot = text.size ? memchr(text.data, '.', text.size) : NULL;
        size_t size = dot ? (size_t)(dot - text.data) : text.size;
        if (!parse_number(view_of(text.data, size), &number))
            return false;
        text = view_of(text.data + size, text.size - size);
    }
    return text.size == 0;
}

static void set_text(struct key *key, struct view text)
{
    ENSURE(text.size <= sizeof(key->text));
    memset(key, 0, sizeof(*key));
    key->size = (uint8_t)text.size;
    memcpy(key->text, text.data, text.size);
}

enum status key_from_raw(struct view raw, struct key *key_out)
{
    if (raw.size == 0 || raw.size > KEY_BYTES_MAX || raw.data[0] == '.' ||
        !text_is_printable_ascii(raw))
        return STATUS_INVALID;
    set_text(key_out, raw);
    return STATUS_OK;
}

/* Splits `KEY~n`; line 1 where there is no `~`. */
static bool split_line(struct view *encoded, uint64_t *line_out)
{
    const char *tilde =
        encoded->size > 0 ? memchr(encoded->data, '~', encoded->size) : 0;
    size_t before;

    *line_out = 1;
    if (!tilde)
        return true;
    before = (size_t)(tilde - encoded->data);
    if (!parse_number(view_of(tilde + 1, encoded->size - before - 1), line_out))
        return false;
    encoded->size = before;
    return *line_out >= 2;
}

enum status key_from_name(struct view encoded, struct key *key_out)
{
    BYTES_AUTO(text);
    struct key key;
    uint64_t line, sequence;

    if (!split_line(&encoded, &line) || !percent_decode(&text, encoded))
        return STATUS_INVALID;
    if (line == 1 && parse_sequence(view_bytes(&text), &sequence)) {
        key_of_sequence(sequence, key_out);
        return STATUS_OK;
    }
    if (line == 1 && is_of_send(view_bytes(&text))) {
        set_text(key_out, view_bytes(&text));
        return STATUS_OK;
    }
    if (key_from_raw(view_bytes(&text), &key) != STATUS_OK)
        return STATUS_INVALID;
    key_of_line(&key, line, key_out);
    return STATUS_OK;
}

/* The decimal digits, up to the end of the room; returns where they begin. */
static char *put_number(char *end, uint64_t number)
{
    do
        *--end = (char)('0' + number % 10);
    while (number /= 10);
    return end;
}

void key_of_line(const struct key *key, uint64_t line, struct key *key_out)
{
    char text[20]; /* the digits of the largest number */
    char *end = text + sizeof(text), *digits = put_number(end, line);

    ENSURE(key->size > 0 && key->size <= KEY_BYTES_MAX && line >= 1);
    *key_out = *key;
    if (line == 1)
        return;
    key_out->text[key_out->size++] = KEY_LINE_SEPARATOR;
    memcpy(key_out->text + key_out->size, digits, (size_t)(end - digits));
    key_out->size = (uint8_t)(key_out->size + (end - digits));
}

void key_of_sequence(uint64_t sequence, struct key *key_out)
{
    char text[21]; /* a dot and the 20 digits of the largest number */
    char *end = text + sizeof(text), *at = put_number(end, sequence);

    *--at = '.';
    set_text(key_out, view_of(at, (size_t)(end - at)));
}

void key_of_send(uint64_t actor, uint64_t sequence, uint64_t n, struct key *key_out)
{
    char text[3 * 21 + 1]; /* three dots and numbers, and the NUL */
    int size = snprintf(text, sizeof text, ".%" PRIu64 ".%" PRIu64 ".%" PRIu64, actor,
                        sequence, n);
    set_text(key_out, view_of(text, (size_t)size));
}

bool key_is_servers_own(const struct key *key)
{
    return key->size && key->text[0] == '.';
}

bool key_is_sequence(const struct key *key, uint64_t *sequence_out)
{
    return parse_sequence(key_view(key), sequence_out);
}

void key_append_encoded(struct bytes *out, const struct key *key)
{
    struct view text = key_view(key);
    const char *separator = memchr(key->text, KEY_LINE_SEPARATOR, key->size);

    if (separator)
        text.size = (size_t)(separator - key->text);
    percent_encode(out, text);
    if (separator) {
        bytes_append_text(out, "~");
        bytes_append(out, view_of(separator + 1, key->size - text.size - 1));
    }
}

struct view key_view(const struct key *key)
{
    return view_of(key->text, key->size);
}
