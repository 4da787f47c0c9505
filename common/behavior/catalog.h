/* SPDX-License-Identifier: MIT */
/*
 * The behaviors that an administrator installed: those of the folder that --behaviors
 * names, and the built-in ones whose name no file there takes. The folder is watched:
 * what comes, goes or changes in it does so in the catalog, without a restart. A file
 * that somebody has open for writing is left alone until it is closed. A folder that is
 * moved away or removed is an empty one, until there is one of that path again.
 *
 *     NAME           a program    } of both the worker is taken,
 *     NAME.worker    a worker     } and an error is logged
 *     NAME.conf      what is to be known of it, or of the built-in one (conf.h)
 *
 * What is replaced or removed ends its turns and takes no new ones. A .conf that is
 * wrong prevents the start; later it is logged and the behavior stays what it was.
 * Files that are nothing of this are passed over, with a line in the log.
 */
#ifndef ACTORFS_BEHAVIOR_CATALOG_H
#define ACTORFS_BEHAVIOR_CATALOG_H

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/behavior/behavior.h"
#include "common/behavior/protocol.h"

struct catalog_options {
    struct protocol_limits limits; /* of what a turn may say */
};

/* Opens the folder and starts what watches it and what keeps processes. NOT_FOUND,
   INVALID (a .conf) or IO, with one line in `message`. The set has no fallback: what
   has no behavior waits. stop() it before catalog_close. */
MUST_CHECK enum status catalog_open(const char *folder,
                                    const struct catalog_options *options,
                                    struct behavior_set **set_out,
                                    struct bytes *message);
/* Stops it if that was not done, and frees it with every behavior ever found in it. */
void catalog_close(struct behavior_set *set);

#endif
