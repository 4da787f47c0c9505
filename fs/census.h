/* SPDX-License-Identifier: MIT */
/*
 * What is known of the processes that send messages by `>`. To look through a process's
 * descriptors takes some 20 microseconds. One that was seen a few times in a row to do
 * no more than open, write and close is trusted to go on so, and then a count of its
 * descriptors will do (fs/handle.c). The folders in /proc that tell it are kept open:
 * finding one by its path takes longer than asking it. A folder kept open belongs to
 * the process it was opened for, not to its number, and says so when that is gone. Any
 * thread.
 */
#ifndef ACTORFS_FS_CENSUS_H
#define ACTORFS_FS_CENSUS_H

#include <stdbool.h>
#include <sys/types.h>

#define CENSUS_PROCESSES 128   /* that are known at a time */
#define CENSUS_PLAIN_ENOUGH 8u /* messages until a process is trusted */

struct census;

struct census *census_open(void);
void census_close(struct census *census);

/* How many descriptors a trusted process has, of whatever; while it opens a file, that
   one's is counted already. -1 for one that is not trusted, or is gone, and where it
   cannot be told (before Linux 6.2). */
int census_count(struct census *census, pid_t process);
/* The process was looked through at its first close of a file it had written, and held
   it no more (`plain`), or still did. */
void census_note(struct census *census, pid_t process, bool plain);

#endif
