/* SPDX-License-Identifier: MIT */
/*
 * Live properties: what the server knows of a resource itself (RFC 4918, section 15;
 * RFC 4331; Apache's `executable`). Any thread.
 */
#ifndef ACTORFS_SERVER_DAV_LIVE_H
#define ACTORFS_SERVER_DAV_LIVE_H

#include <stdbool.h>

#include "common/tree/tree.h"
#include "server/dav/places.h"

struct dav_resource {
    struct tree *tree;
    struct dav *dav;
    const struct node *node;
    const struct attributes *attributes;
    struct dav_place place;
    struct view prefix; /* see dav_prefix */
    const char *login;  /* of who asks; "" */
};

/* The n-th, whatever the resource; false past the last. */
bool dav_live_name(size_t n, const char **ns_out, const char **local_out);
/* Whether clients must leave it alone. */
bool dav_live_is(struct view ns, struct view local);
/* Appends the n-th as an element, prefix D bound to DAV:. False when the resource has
   none. */
bool dav_live_append(size_t n, const struct dav_resource *resource, struct bytes *out);
/* Whether the resource has the n-th, and allprop tells it. */
bool dav_live_is_usual(size_t n, const struct dav_resource *resource);
/* Appends the value of lockdiscovery. Under the lock of places.h. */
void dav_append_lockdiscovery(const struct dav_resource *resource, struct bytes *out);
/* The media type of an ordinary file, by its name's ending: never one that a browser
   would run. */
const char *dav_type_of(struct view path);

#endif
