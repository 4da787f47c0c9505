/* SPDX-License-Identifier: MIT */
/*
 * The ordinary files of a folder that is open for listing: their names, taken when the
 * listing is begun, so that what is made or removed meanwhile moves nobody's place.
 */
#ifndef ACTORFS_FS_LISTING_H
#define ACTORFS_FS_LISTING_H

#include "fs/ops_ordinary.h"

struct listing_names;

struct listing_names *listing_new(struct fuse_face *face);
void listing_free(struct fuse_face *face, struct listing_names *names);
/* Forgets what it knows: the listing begins anew. */
void listing_rewind(struct listing_names *names);

/* The n-th name of an ordinary file in the folder; null past the last, and when the
   folder cannot be read. `type` as of stat(2), `inode` of the store. */
const char *listing_name(struct listing_names *names, struct fuse_face *face,
                         fuse_ino_t folder, size_t n, uint32_t *type_out,
                         uint64_t *inode_out);

#endif
