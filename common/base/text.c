/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 is checked by the table of RFC 3629, section 4: the first byte decides how many
 * follow and which range the second must lie in; that excludes overlong forms,
 * surrogates and what lies beyond U+10FFFF.
 */
#include "common/base/text.h"

struct utf8_form {
    unsigned char first_min, first_max;
    unsigned char second_min, second_max;
    size_t size;
};

static const struct utf8_form *find_form(unsigned char first)
{
    static const struct utf8_form forms[] = {
        {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2},
        {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4},
        {0xF4, 0xF4, 0x80, 0x8F, 4},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (first >= forms[i].first_min && first <= forms[i].first_max)
            return &forms[i];
    return NULL;
}

/* The size of the character that `text` begins with; 0 where there is none. */
static size_t character_size(struct view text)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    const struct utf8_form *form = find_form(bytes[0]);

    if (!form || form->size > text.size)
        return 0;
    if (form->size > 1 && (bytes[1] < form->second_min || bytes[1] > form->second_max))
        return 0;
    for (size_t i = 2; i < form->size; i++)
        if (bytes[i] < 0x80 || bytes[i] > 0xBF)
            return 0;
    return form->size;
}

static bool is_control(struct view character)
{
    unsigned char first = (unsigned char)character.data[0];

    if (character.size == 1)
        return first < 0x20 || first == 0x7F;
    /* U+0080 to U+009F */
    return first == 0xC2 && (unsigned char)character.data[1] < 0xA0;
}

/* How much of the text is ASCII, at least: eight bytes at a time, since most text is
   nothing else. */
static size_t ascii_size(struct view text)
{
    size_t size = 0;
    uint64_t eight;

    for (; size + sizeof(eight) <= text.size; size += sizeof(eight)) {
        memcpy(&eight, text.data + size, sizeof(eight));
        if (eight & 0x8080808080808080u)
            break;
    }
    return size;
}

static bool check_characters(struct view text, bool controls_allowed)
{
    while (text.size > 0) {
        size_t size = character_size(text);

        if (size == 0 || (!controls_allowed && is_control(view_of(text.data, size))))
            return false;
        text = view_of(text.data + size, text.size - size);
    }
    return true;
}

bool utf8_is_valid(struct view text)
{
    size_t ascii = ascii_size(text);

    if (ascii)
        text = view_of(text.data + ascii, text.size - ascii);
    return check_characters(text, true);
}

bool text_is_plain(struct view text)
{
    return check_characters(text, false);
}

bool text_is_printable_ascii(struct view text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7E)
            return false;
    return true;
}

static const char *column_escape(char byte)
{
    return byte == '\t' ? "\\t" : byte == '\n' ? "\\n" : byte == '\\' ? "\\\\" : NULL;
}

void append_column(struct bytes *out, struct view text)
{
    size_t plain = 0; /* where the run of bytes that stay as they are began */

    for (size_t i = 0; i < text.size; i++) {
        const char *escape = column_escape(text.data[i]);
        if (!escape)
            continue;
        bytes_append(out, view_of(text.data + plain, i - plain));
        bytes_append_text(out, escape);
        plain = i + 1;
    }
    if (text.size > plain)
        bytes_append(out, view_of(text.data + plain, text.size - plain));
}

static bool must_be_encoded(char byte)
{
    static const bool encoded[256] = {
        ['/'] = true, ['%'] = true, ['?'] = true, ['&'] = true, ['#'] = true,
        [','] = true, ['~'] = true, ['@'] = true, [' '] = true};

    return encoded[(unsigned char)byte];
}

static bool is_of(const char *list, char byte)
{
    return memchr(list, byte, strlen(list)) != NULL;
}

struct view text_trimmed(struct view text, const char *blanks)
{
    while (text.size > 0 && is_of(blanks, text.data[text.size - 1]))
        text.size--;
    while (text.size > 0 && is_of(blanks, *text.data))
        text = view_of(text.data + 1, text.size - 1);
    return text;
}

const char *text_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return -1;
}

/* How many bytes the text begins with that stand bare. */
static size_t bare_size(struct view text)
{
    size_t size = 0;

    while (size < text.size && !must_be_encoded(text.data[size]))
        size++;
    return size;
}

static struct view rest_of(struct view text, size_t taken)
{
    return view_of(text.data + taken, text.size - taken);
}

/* The byte that `text` begins with as %XX; -1 where it does not. */
static int encoded_byte(struct view text)
{
    int high, low;

    if (text.size < 3 || text.data[0] != '%')
        return -1;
    high = hex_digit(text.data[1]);
    low = hex_digit(text.data[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool percent_decode(struct bytes *out, struct view encoded)
{
    size_t before = out->size, bare;

    bytes_reserve(out, encoded.size); /* it becomes no longer */
    for (; (bare = bare_size(encoded)) < encoded.size; encoded = rest_of(encoded, 3)) {
        bytes_append(out, view_of(encoded.data, bare));
        encoded = rest_of(encoded, bare);
        int byte = encoded_byte(encoded);
        if (byte < 0) {
            out->size = before;
            return false;
        }
        bytes_append(out, view_of(&(char){(char)byte}, 1));
    }
    bytes_append(out, encoded);
    return true;
}

void percent_encode(struct bytes *out, struct view text)
{
    size_t bare;

    for (; (bare = bare_size(text)) < text.size; text = rest_of(text, bare + 1)) {
        bytes_append(out, view_of(text.data, bare));
        bytes_format(out, "%%%02X", (unsigned char)text.data[bare]);
    }
    bytes_append(out, text);
}
