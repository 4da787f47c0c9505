/* SPDX-License-Identifier: MIT */
#include "server/dav/fields.h"

#include <endian.h>

void field_append(struct bytes *out, struct view field)
{
    uint32_t size = htole32((uint32_t)field.size);
    bytes_append(out, view_of(&size, sizeof size));
    bytes_append(out, field);
}

void field_append_number(struct bytes *out, uint64_t number)
{
    number = htole64(number);
    field_append(out, view_of(&number, sizeof number));
}

bool field_next(struct view *rest, struct view *field)
{
    uint32_t size;
    if (rest->size < sizeof size)
        return false;
    memcpy(&size, rest->data, sizeof size);
    size = le32toh(size);
    if (size > rest->size - sizeof size)
        return false;
    *field = view_of(rest->data + sizeof size, size);
    *rest = view_of(field->data + size, rest->size - sizeof size - size);
    return true;
}

bool field_next_number(struct view *rest, uint64_t *number)
{
    struct view field;
    if (!field_next(rest, &field) || field.size != sizeof *number)
        return false;
    memcpy(number, field.data, sizeof *number);
    *number = le64toh(*number);
    return true;
}
