/* SPDX-License-Identifier: MIT */
/*
 * Nodes as the kernel wants them described: attributes, and how long it may believe
 * them without asking again.
 *
 * A name that is listed stays true for a minute (five seconds where the kernel cannot
 * be told to drop it). Removal through the mount is the kernel's own doing. An actor
 * that went otherwise answers ESTALE, at which the kernel looks its name up again.
 * Attributes are believed as long where only chmod and chown change them: folders, and
 * `tasks` and `execute`, which are always empty. Where the content changes by itself
 * they are asked for each time. A name that is not listed is looked up each time, and
 * that look-up's attributes last for the open() that follows; so is `state`, which can
 * be renamed away.
 */
#ifndef ACTORFS_FS_ENTRY_H
#define ACTORFS_FS_ENTRY_H

#include "fs/fuse_ops.h"

/* The node of an inode; STALE. */
MUST_CHECK enum status entry_node(struct fuse_face *face, fuse_ino_t inode,
                                  struct node *node_out);
/* The entry `name` of a folder, as tree_lookup has it, less what is hidden. */
MUST_CHECK enum status entry_find(struct fuse_face *face, fuse_ino_t parent,
                                  const char *name, struct node *node_out);
/* As tree_attributes; a name whose key nobody has sent yet looks like an empty
   `tasks`, for the handle that is about to send it. */
MUST_CHECK enum status entry_attributes(struct fuse_face *face, const struct node *node,
                                        struct attributes *attributes_out);
/* Those of a name that is known to be such a one. */
MUST_CHECK enum status entry_attributes_unsent(struct fuse_face *face,
                                               const struct node *node,
                                               struct attributes *attributes_out);
void entry_fill_stat(uint64_t inode, const struct attributes *attributes,
                     struct stat *stat_out);
/* Seconds that the attributes may be believed. */
double entry_attribute_seconds(const struct fuse_face *face, const struct node *node);
/* What to say of a node that is in the kernel's hands: STALE when it is NOT_FOUND
   because its actor is gone. */
enum status entry_status(struct fuse_face *face, const struct node *node,
                         enum status status);
/* Describes the entry `name` and counts a look-up of it (inodes_look_up). */
MUST_CHECK enum status entry_describe(struct fuse_face *face, const struct node *node,
                                      const char *name, struct fuse_entry_param *out);
/* The same with attributes known already. */
void entry_describe_as(struct fuse_face *face, const struct node *node,
                       const char *name, const struct attributes *attributes,
                       struct fuse_entry_param *out);
/* The kernel forgets look-ups of an inode of any kind. */
void entry_forget(struct fuse_face *face, fuse_ino_t inode, uint64_t lookups);
/* Replies, and takes the look-up back when the kernel no longer wants the answer. */
void entry_reply(fuse_req_t request, const struct fuse_entry_param *entry);

#endif
