/* SPDX-License-Identifier: MIT */
/*
 * Renames across the line between ordinary and special files (contract, section 9). An
 * ordinary file renamed onto `state`, `tasks` or `execute` sends its bytes there and is
 * gone: that is how sed, rsync and most editors save. Onto `status` and `behavior` its
 * words are written, as WebDAV's MOVE does; after a crash they may be written again.
 * `state` renamed to an ordinary name leaves a copy there and is hidden: that is how
 * they make backups.
 *
 * The kernel goes on with what it had before the rename: it takes the new name for the
 * old file until it asks again. So the sent file is STALE from then on, at which it
 * asks, and it is told to drop what it keeps.
 */
#ifndef ACTORFS_FS_CROSSING_H
#define ACTORFS_FS_CROSSING_H

#include "fs/fuse_ops.h"

/* An ordinary file onto a special name. The request is answered when the message is on
   disk and the file removed. EBUSY for a state while a turn runs: a rename waits for no
   turn. */
void crossing_send(fuse_req_t request, fuse_ino_t parent, const char *name,
                   fuse_ino_t new_parent, const char *new_name, unsigned flags);
/* A special file to an ordinary name: EPERM but for `state`. */
void crossing_leave(fuse_req_t request, fuse_ino_t parent, const char *name,
                    fuse_ino_t new_parent, const char *new_name, unsigned flags);

#endif
