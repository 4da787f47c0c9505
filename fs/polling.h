/* SPDX-License-Identifier: MIT */
/*
 * poll(2). A handle that reads a task's outcome is readable (POLLIN) when the outcome
 * is known. Any other is always readable and writable, as regular files are, and says
 * POLLPRI when its actor has changed since the handle's snapshot was rendered; reading
 * from the start again renders a new one.
 */
#ifndef ACTORFS_FS_POLLING_H
#define ACTORFS_FS_POLLING_H

#include "fs/handle.h"

/* The events that are true now. With `poll` (taken; may be null) the poller is woken at
   the next change. */
unsigned polling_ask(struct handle *handle, struct fuse_pollhandle *poll);
/* The handle is released: nobody polls it any more. */
void polling_end(struct handle *handle);

#endif
