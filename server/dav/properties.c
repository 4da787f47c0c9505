/* SPDX-License-Identifier: MIT */
#include "server/dav/properties.h"

#include "server/dav/fields.h"

bool dav_properties_next(struct view *rest, struct dav_property *property)
{
    return field_next(rest, &property->ns) && field_next(rest, &property->local) &&
           field_next(rest, &property->element);
}

bool dav_properties_find(struct view value, struct view ns, struct view local,
                         struct dav_property *property)
{
    while (dav_properties_next(&value, property))
        if (view_equal(property->ns, ns) && view_equal(property->local, local))
            return true;
    return false;
}

void dav_properties_set(struct bytes *value, const struct dav_property *property)
{
    dav_properties_remove(value, property->ns, property->local);
    field_append(value, property->ns);
    field_append(value, property->local);
    field_append(value, property->element);
}

void dav_properties_remove(struct bytes *value, struct view ns, struct view local)
{
    struct view rest = view_bytes(value);
    struct dav_property property;
    const char *from = rest.data;
    while (dav_properties_next(&rest, &property)) {
        if (view_equal(property.ns, ns) && view_equal(property.local, local)) {
            size_t size = (size_t)(rest.data - from);
            memmove(value->data + (from - value->data), rest.data, rest.size);
            value->size -= size;
            return;
        }
        from = rest.data;
    }
}
