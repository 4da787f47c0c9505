/* SPDX-License-Identifier: MIT */
/*
 * What programs and workers have in common: the executable that their processes run, in
 * which environment, as whom and within which limits. Values, any thread.
 */
#ifndef ACTORFS_BEHAVIOR_EXECUTABLE_H
#define ACTORFS_BEHAVIOR_EXECUTABLE_H

#include <stdint.h>

#include "common/behavior/environment.h"
#include "common/behavior/spawn.h"

/* Borrowed. */
struct executable_options {
    const char *name;              /* the behavior's, for the log, too */
    const char *path;              /* absolute */
    char *const *environment;      /* NAME=value, ends in null; null: empty */
    uint32_t processes;            /* at most at once; 0: a processor each */
    uint64_t memory_bytes;         /* of a process; 0: no limit */
    uint64_t process_count;        /* of the user; 0: no limit */
    const struct spawn_user *user; /* null: the daemon's own */
};

/* Owned. */
struct executable {
    char *name;
    char *argv[2]; /* the path, and null */
    struct environment environment;
    uint32_t processes; /* one at least */
    uint64_t memory_bytes, process_count;
    struct spawn_user *user; /* null: the daemon's own */
};

/* Copies all of it. */
struct executable executable_copy(const struct executable_options *options);
void executable_free(struct executable *executable);
/* What starts a process of it. Without descriptors; borrows from the executable, which
   stays where it is. */
struct spawn executable_spawn(const struct executable *executable);

#endif
