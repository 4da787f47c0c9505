/* SPDX-License-Identifier: MIT */
#include "server/page_html.h"

#include <ctype.h>
#include <stdarg.h>

#include "common/base/log.h"

static const char *entity_of(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        break;
    }
    bool is_control = ((unsigned char)byte < ' ' && !strchr("\t\n\r", byte)) ||
                      byte == '\0' || byte == 0x7F;
    return is_control ? "\xEF\xBF\xBD" : NULL;
}

void html_escape(struct bytes *out, struct view text)
{
    size_t plain = 0; /* where what needs no escape began */
    for (size_t i = 0; i < text.size; i++) {
        const char *entity = entity_of(text.data[i]);
        if (!entity)
            continue;
        bytes_append(out, view_of(text.data + plain, i - plain));
        bytes_append_text(out, entity);
        plain = i + 1;
    }
    if (plain < text.size)
        bytes_append(out, view_of(text.data + plain, text.size - plain));
}

/* Appends the argument that `directive` stands for, and returns what follows it. */
static const char *append_argument(struct bytes *out, const char *directive,
                                   va_list *arguments)
{
    if (directive[0] == 's') {
        html_escape(out, view_text(va_arg(*arguments, const char *)));
        return directive + 1;
    }
    if (strncmp(directive, ".*s", 3) == 0) {
        int size = va_arg(*arguments, int);
        html_escape(out, view_of(va_arg(*arguments, const char *), (size_t)size));
        return directive + 3;
    }
    if (strncmp(directive, "zu", 2) == 0) {
        bytes_append_number(out, va_arg(*arguments, size_t));
        return directive + 2;
    }
    if (strncmp(directive, "llu", 3) == 0) {
        bytes_append_number(out, va_arg(*arguments, unsigned long long));
        return directive + 3;
    }
    ENSURE(directive[0] == '%');
    bytes_append_text(out, "%");
    return directive + 1;
}

void html_format(struct bytes *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (const char *at; (at = strchr(format, '%'));) {
        bytes_append(out, view_of(format, (size_t)(at - format)));
        format = append_argument(out, at + 1, &arguments);
    }
    va_end(arguments);
    bytes_append_text(out, format);
}

void html_query(struct bytes *out, struct view value)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        char encoded[3] = {'%', hex[byte >> 4], hex[byte & 15]};
        bool is_plain =
            byte < 0x80 && (isalnum(byte) || (byte && strchr("-._~", byte)));
        bytes_append(out, is_plain ? view_of(value.data + i, 1)
                                   : view_of(encoded, sizeof encoded));
    }
}

void html_link(struct bytes *out, struct view name, bool is_folder)
{
    bytes_append_text(out, "./");
    html_query(out, name);
    if (is_folder)
        bytes_append_text(out, "/");
}
