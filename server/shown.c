/* SPDX-License-Identifier: MIT */
#include "server/shown.h"

bool shown_take(struct view *text, char end, struct view *part_out)
{
    if (!text->size)
        return false;
    const char *at = memchr(text->data, end, text->size);
    size_t size = at ? (size_t)(at - text->data) : text->size;
    size_t taken = at ? size + 1 : size;
    *part_out = view_of(text->data, size);
    *text = view_of(text->data + taken, text->size - taken);
    return true;
}

bool shown_take_line(struct view *text, struct view *label_out, struct view *value_out)
{
    if (!shown_take(text, '\n', value_out))
        return false;
    if (!shown_take(value_out, ':', label_out))
        *label_out = view_of("", 0);
    if (value_out->size) /* the space */
        *value_out = view_of(value_out->data + 1, value_out->size - 1);
    return true;
}

void shown_unescape(struct bytes *out, struct view column)
{
    for (size_t i = 0; i < column.size; i++) {
        char byte = column.data[i];
        if (byte == '\\' && i + 1 < column.size) {
            byte = column.data[++i];
            byte = byte == 't' ? '\t' : byte == 'n' ? '\n' : byte;
        }
        bytes_append(out, view_of(&byte, 1));
    }
}
