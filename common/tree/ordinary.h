/* SPDX-License-Identifier: MIT */
/* Ordinary files as the tree's own functions see them; for tree.c only. */
#ifndef ACTORFS_TREE_ORDINARY_H
#define ACTORFS_TREE_ORDINARY_H

#include "common/tree/tree.h"

/* A files_exists_fn; the context is the tree. */
bool ordinary_actor_exists(void *context, uint64_t actor);
/* Removes the files that were sent but not yet removed. Where the notes cannot be read
   (a full disk), the log says so, and the next start does it. */
void ordinary_settle_sent(struct tree *tree);
MUST_CHECK enum status ordinary_lookup(struct tree *tree, const struct node *folder,
                                       struct view name, struct node *node_out);
MUST_CHECK enum status ordinary_attributes(struct tree *tree, const struct node *node,
                                           struct attributes *attributes_out);
/* Whether tree_list is to go on among ordinary files. */
bool ordinary_is_cookie(uint64_t after);
/* Lists the ordinary files of a folder of any kind. */
MUST_CHECK enum status ordinary_list(struct tree *tree, const struct node *folder,
                                     uint64_t after, tree_entry_fn *each,
                                     void *context);

#endif
