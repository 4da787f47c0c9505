/* SPDX-License-Identifier: MIT */
/*
 * The dead properties of one resource as one value: namespace, local name and element
 * (an excerpt) of each, as fields. Pure, any thread.
 */
#ifndef ACTORFS_SERVER_DAV_PROPERTIES_H
#define ACTORFS_SERVER_DAV_PROPERTIES_H

#include <stdbool.h>

#include "common/base/bytes.h"

struct dav_property {
    struct view ns, local, element;
};

/* The next one; false at the end. `rest` is a view of the value at first. */
bool dav_properties_next(struct view *rest, struct dav_property *property_out);
bool dav_properties_find(struct view value, struct view ns, struct view local,
                         struct dav_property *property_out);
/* In place of one of that name. */
void dav_properties_set(struct bytes *value, const struct dav_property *property);
void dav_properties_remove(struct bytes *value, struct view ns, struct view local);

#endif
