/* SPDX-License-Identifier: MIT */
/*
 * How many descriptors processes have. This is asked at every open() and close() of a
 * `>`, mostly by processes that will ask again, so the folders in /proc that tell it
 * are kept open: finding one by its path takes longer than asking it. A folder kept
 * open belongs to the process it was opened for, not to its number, and says so when
 * that is gone. Any thread.
 */
#ifndef ACTORFS_FS_CENSUS_H
#define ACTORFS_FS_CENSUS_H

#include <sys/types.h>

#define CENSUS_FOLDERS 128 /* that are kept open */

struct census;

struct census *census_open(void);
void census_close(struct census *census);

/* How many descriptors the process has, of whatever; while it opens a file, that one's
   is counted already. -1 when it cannot be told (before Linux 6.2). */
int census_count(struct census *census, pid_t process);

#endif
