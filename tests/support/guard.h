/* SPDX-License-Identifier: MIT */
/*
 * A guard cleans up behind a test, however the test ends. It is a process of its own
 * that waits for its owner's end (or for its deadline: a test stuck in a request that
 * is never answered cannot even be killed). Then it kills the daemons it was told of,
 * unmounts whatever is mounted below the scratch folder, and removes the folder.
 * Daemons it was told of must be reaped through guard_reaped, so that no foreign
 * process that got the same pid is ever hit.
 */
#ifndef ACTORFS_TESTS_SUPPORT_GUARD_H
#define ACTORFS_TESTS_SUPPORT_GUARD_H

#include <sys/types.h>

#define GUARD_PROCESSES 8

struct guard;

/* Makes a scratch folder and the process that guards it. After `deadline_s` seconds the
   guard cleans up even if the owner is still there. */
struct guard *guard_open(int deadline_s);
/* The scratch folder. */
const char *guard_folder(const struct guard *guard);
/* Processes to be killed at the end. */
void guard_watch(struct guard *guard, pid_t pid);
void guard_reaped(struct guard *guard, pid_t pid);
/* In a child that was forked and goes on without exec: its end is not the owner's. */
void guard_leave(const struct guard *guard);
/* Leaves the folder's files for a look at them. */
void guard_keep(struct guard *guard);
/* Cleans up, and returns when that is done. */
void guard_close(struct guard *guard);

#endif
