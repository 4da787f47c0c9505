/* SPDX-License-Identifier: MIT */
/*
 * A turn that waits through the mount for its own actor waits for itself. It is known
 * by its process group: a program is one, and its children are in it unless they left.
 */
#ifndef ACTORFS_FS_DEADLOCK_H
#define ACTORFS_FS_DEADLOCK_H

#include "fs/handle.h"

/* Whether the request, if it waited for the handle's actor, would wait for the turn
   that makes it. Any thread. */
bool deadlock_is_certain(const struct handle *handle, fuse_req_t request);

#endif
