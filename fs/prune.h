/* SPDX-License-Identifier: MIT */
/*
 * FUSE_NOTIFY_PRUNE, which libfuse does not know yet: asks the kernel to drop what it
 * keeps of these inodes, as far as nobody uses them. Unlike the older notifications it
 * takes no folder's lock. (fuse_lowlevel_notify_inval_entry() does, and whoever holds
 * that lock waits for this daemon: killed then, the daemon would never end, for the
 * writing thread holds the device open, and an open device keeps the other waiting.)
 */
#ifndef ACTORFS_FS_PRUNE_H
#define ACTORFS_FS_PRUNE_H

#include <stddef.h>
#include <stdint.h>

/* The minor version of the protocol that has it: Linux 6.18. */
#define PRUNE_SINCE_MINOR 45

/* `device` is the session's descriptor. What the kernel does not want is its business.
 */
void prune_inodes(int device, const uint64_t *inodes, size_t count);

#endif
