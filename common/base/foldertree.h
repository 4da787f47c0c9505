/* SPDX-License-Identifier: MIT */
/*
 * Removes what others left in a folder, whatever it is and however deep, without
 * recursion, and without ever following a link out of it. Any thread; nobody else may
 * be at work in the folder.
 */
#ifndef ACTORFS_BASE_FOLDERTREE_H
#define ACTORFS_BASE_FOLDERTREE_H

#include <stdbool.h>

/* False when something could not be removed. */
bool foldertree_empty(int folder_fd);
/* Empties and removes the folder `name`, relative to parent_fd (or AT_FDCWD). */
bool foldertree_remove(int parent_fd, const char *name);

#endif
