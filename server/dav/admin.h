/* SPDX-License-Identifier: MIT */
/*
 * `actorfs unlock`: what the administrator sees and does about locks that their holders
 * left behind. Any thread.
 */
#ifndef ACTORFS_SERVER_DAV_ADMIN_H
#define ACTORFS_SERVER_DAV_ADMIN_H

#include "common/tree/tree.h"
#include "server/dav/places.h"

/* Appends a line for each lock: TOKEN, PATH, `exclusive` or `shared`, depth, seconds
   left, login; separated by tabs. */
void dav_admin_list(struct dav *dav, struct tree *tree, struct bytes *out);
/* Breaks the lock with that token, or those of that path (as the list shows it), and
   appends a line for each; how many. */
size_t dav_admin_break(struct dav *dav, struct tree *tree, struct view which,
                       struct bytes *out);

#endif
