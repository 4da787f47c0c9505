/* SPDX-License-Identifier: MIT */
/*
 * Copies of actors by cp. An actor has its special files from its mkdir on; but who has
 * just made a folder knows it to be empty, and cp creates what it puts there with
 * O_EXCL. So to the thread that made an actor each special file is missing once: when
 * it creates it so, within a minute. It looks as if it had been removed before, and
 * everybody else sees it as ever. Any thread.
 */
#ifndef ACTORFS_FS_COPYING_H
#define ACTORFS_FS_COPYING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/clock.h"
#include "common/tree/node.h"

struct copying;

/* `clock` is borrowed. */
struct copying *copying_open(struct clock *clock);
void copying_close(struct copying *copying);

/* The thread has made the actor whose folder has this inode. */
void copying_made(struct copying *copying, uint64_t folder, pid_t thread);
/* Whether the thread, which looks a special file up, is to find it missing. True once
   for each. */
bool copying_misses(struct copying *copying, uint64_t folder, pid_t thread,
                    enum node_kind kind);

#endif
