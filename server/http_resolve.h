/* SPDX-License-Identifier: MIT */
/*
 * From a target to what it names in the tree, which may not be there (yet). Any thread.
 */
#ifndef ACTORFS_SERVER_HTTP_RESOLVE_H
#define ACTORFS_SERVER_HTTP_RESOLVE_H

#include "common/tree/tree.h"
#include "server/dav/places.h"
#include "server/http_target.h"

struct http_resolved {
    /* OK, or NOT_FOUND with the deepest folder there is in `parent`, the number of
       segments that are missing, and in `node` what tree_lookup made of the first. */
    enum status found;
    struct node node, parent;
    size_t missing;
    struct dav_place place; /* also of what is not there */
    struct bytes memory;    /* what paths above point into */
};

/* `target` is borrowed, and must outlive the result. Else than OK only for a name that
   nothing here can have: INVALID, NAME_TOO_LONG. Freed by the caller in any case. For
   who is about to read it, `seen` is for tree_lookup_to_read; may be null. */
MUST_CHECK enum status http_resolve(struct tree *tree, const struct http_target *target,
                                    struct http_resolved *resolved_out,
                                    struct tree_seen *seen);
void http_resolved_free(struct http_resolved *resolved);

#endif
