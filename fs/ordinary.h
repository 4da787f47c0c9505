/* SPDX-License-Identifier: MIT */
/*
 * Ordinary files in the kernel's hands (contract, section 9). The kernel knows each by
 * a number with ORDINARY_BIT set, which stands for a file of the store's filesystem,
 * whatever its names are: hard links share a number. A file is reached through its
 * descriptor (O_PATH), once that is open; until then, and when it was closed because
 * there are too many, through the folder and the name that it was last seen under, and
 * only if what is found there is the same file. What cannot be found so is STALE, at
 * which the kernel looks the name up again. No path is ever walked: a single name in a
 * folder held by descriptor, followed nowhere.
 *
 * The table's own lock is the innermost. Any thread.
 */
#ifndef ACTORFS_FS_ORDINARY_H
#define ACTORFS_FS_ORDINARY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/base/bytes.h"
#include "common/base/limits.h"

#define ORDINARY_BIT (UINT64_C(1) << 62)
#define ORDINARY_DEPTH_MAX 512 /* folders reopened on the way to a file */

struct ordinary_table;
struct ordinary; /* one file */

/* Opens the folder of a special inode (an actor's, / or /actors) when a file must be
   found again; -1 and errno. */
typedef int ordinary_area_fn(void *context, uint64_t inode);

struct ordinary_table *ordinary_open(ordinary_area_fn *open_area, void *context);
void ordinary_close(struct ordinary_table *table);

static inline bool inode_is_ordinary(uint64_t inode)
{
    return (inode & (ORDINARY_BIT | UINT64_C(1) << 63)) == ORDINARY_BIT;
}
/* What stat(2) shows as the inode's number: the store's own, apart from ours. */
static inline uint64_t ordinary_shown_inode(uint64_t inode)
{
    return inode | ORDINARY_BIT;
}

/* The number of the file that was just seen as `name` in `folder` (an inode number of
   either kind); counts a look-up. */
uint64_t ordinary_seen(struct ordinary_table *table, uint64_t folder, const char *name,
                       const struct stat *stat);
void ordinary_forget(struct ordinary_table *table, uint64_t number, uint64_t lookups);
/* It is called otherwise now; nothing happens when the kernel does not know it. */
void ordinary_moved(struct ordinary_table *table, const struct stat *stat,
                    uint64_t folder, const char *name);
/* Its bytes were sent to `name` in `folder` and it is gone, though the kernel may still
   show it for a moment under that name: every use of it is STALE from now on. Returns
   its number, 0 when the kernel does not know it. */
uint64_t ordinary_sent(struct ordinary_table *table, const struct stat *stat,
                       uint64_t folder, const char *name);
/* Where the bytes of that file were sent to; false for one that was not sent. */
bool ordinary_sent_to(struct ordinary_table *table, uint64_t number,
                      uint64_t *folder_out, char name_out[FILE_NAME_BYTES_MAX + 1]);
/* The number of the file, 0 when the kernel does not know it. */
uint64_t ordinary_number(struct ordinary_table *table, const struct stat *stat);

/* Holds the file's descriptor open; null and errno. */
struct ordinary *ordinary_hold(struct ordinary_table *table, uint64_t number);
void ordinary_let_go(struct ordinary_table *table, struct ordinary *file);
/* The descriptor (O_PATH), good while it is held. */
int ordinary_descriptor(const struct ordinary *file);
/* The special inode that the file is beneath: 0 when that is not known. */
uint64_t ordinary_area(struct ordinary_table *table, uint64_t number);

/* How many files are known, and how many descriptors are open. */
size_t ordinary_count(struct ordinary_table *table, size_t *open_out);

#endif
