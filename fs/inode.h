/* SPDX-License-Identifier: MIT */
/*
 * Inode numbers, the kernel's names for nodes. A listed node needs no table: its number
 * says what it is,
 *
 *     actor id << 5 | kind + 1        (actor 0: the files at the top; the root is 1)
 *
 * and because actor ids are never used again, neither are the numbers, but for one: a
 * `state` that was renamed away gets another, with how often that was in bits 56 to 60,
 * because to the kernel the old number is the file of the new name. A name that is not
 * listed (`tasks@KEY,wait=5s`) gets a number with the top bit set, made of the
 * name, when it is looked up: vim refuses to write a file whose number is another one
 * than a moment ago. It stands for the name until the kernel has forgotten every
 * lookup, or, without an open handle, until INODES_IDLE_MAX others were used since: a
 * kernel that does not forget must not fill our memory. The kernel is then told that
 * the number is stale, and looks the name up again.
 *
 * Any thread.
 */
#ifndef ACTORFS_FS_INODE_H
#define ACTORFS_FS_INODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/limits.h"
#include "common/tree/node.h"

uint64_t inode_of_listed(enum node_kind kind, uint64_t actor);

#define INODES_IDLE_MAX 16384u /* about 8 MiB */

struct inodes;

struct inodes *inodes_open(void);
void inodes_close(struct inodes *inodes);

/* The number of `node`, which is the entry `name` of its folder. For an unlisted name
   this counts a lookup, to be undone by inodes_forget. */
uint64_t inodes_look_up(struct inodes *inodes, const struct node *node,
                        struct view name);
/* False for a number that was never given out, is forgotten, or was renamed away. */
bool inodes_find(struct inodes *inodes, uint64_t inode, struct node *node_out);
/* The same, but one that was renamed away is still what it was: for who has it open. */
bool inodes_find_open(struct inodes *inodes, uint64_t inode, struct node *node_out);
/* The actor's state was renamed away: it has another number from now on. Returns the
   one it had. */
uint64_t inodes_rename_state(struct inodes *inodes, uint64_t actor);
void inodes_forget(struct inodes *inodes, uint64_t inode, uint64_t lookups);

/* Count the handles open on an unlisted name; listed ones are ignored. True when the
   last one was closed: then the kernel can be asked to drop it, for nothing else would
   make it forget the name of a message long done. */
void inodes_opened(struct inodes *inodes, uint64_t inode);
bool inodes_closed(struct inodes *inodes, uint64_t inode);

/* How many unlisted names are known. */
size_t inodes_count(struct inodes *inodes);

#endif
