/* SPDX-License-Identifier: MIT */
/*
 * Messages that were put a moment ago. rclone and others look after a PUT whether all
 * of it arrived, and would send it again; but `tasks` reads as empty, and a result has
 * a size of its own. So PROPFIND of the file tells for a few seconds the size of what
 * was put. The last 256 are remembered: who looks, looks at once. Any thread.
 */
#ifndef ACTORFS_SERVER_DAV_RECENT_H
#define ACTORFS_SERVER_DAV_RECENT_H

#include "server/dav/places.h"

#define RECENT_MS 5000

/* Freed by free(). */
struct dav_recent *dav_recent_open(void);
void dav_recent_add(struct dav *dav, const struct dav_place *place, uint64_t bytes);
/* False, and bytes_out is untouched, when nothing was put there lately. */
bool dav_recent_find(struct dav *dav, const struct dav_place *place,
                     uint64_t *bytes_out);

#endif
