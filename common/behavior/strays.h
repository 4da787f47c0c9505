/* SPDX-License-Identifier: MIT */
/*
 * Strays: descendants of our children that lost their parent and became children of the
 * daemon, because it is their subreaper. Whether one still belongs to a child that runs
 * is known by its session, or else by the mark in its environment; what belongs to
 * nobody is killed. Every descendant that lives hangs below a process that can be seen
 * here once its child has ended, so clearing until nothing is left misses none.
 *
 * Processes in the daemon's own session are not ours: the daemon started them otherwise
 * (fusermount3). Without /proc, or without the kernel's list of children, nothing is
 * seen and only process groups are killed.
 */
#ifndef ACTORFS_BEHAVIOR_STRAYS_H
#define ACTORFS_BEHAVIOR_STRAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/behavior/identity.h"

/* The environment variable that marks what descends from a child: IDENTITY-ID. */
#define STRAYS_MARK "ACTORFS_CHILD="

/* Whether a child that runs leads that session or has that id (0: none). */
typedef bool strays_lives_fn(void *context, pid_t session, uint64_t id);

struct strays {
    int children_fd; /* -1: not to be had */
    char identity[IDENTITY_BYTES_MAX];
    strays_lives_fn *lives;
    void *context;
    struct bytes list, environment; /* scratch */
};

/* Makes this process the subreaper. */
void strays_open(struct strays *strays, strays_lives_fn *lives, void *context);
void strays_close(struct strays *strays);
/* Kills the strays that belong to nobody and reaps what has ended. Returns how many
   were killed and are not gone yet, or could not be looked at: then again, a moment
   later. One thread. */
size_t strays_clear(struct strays *strays);
/* Appends the variable that marks the child `id`, with its NUL. Any thread. */
void strays_mark(const struct strays *strays, struct bytes *out, uint64_t id);

/* Kills whatever is marked by a daemon that is dead. */
void strays_kill_orphaned(void);

#endif
