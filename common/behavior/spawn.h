/* SPDX-License-Identifier: MIT */
/*
 * Starts a process that has nothing of the daemon but what it is given: no descriptor,
 * signal mask, signal disposition, environment or session. It leads a session and so a
 * process group of its own, whose number is its pid: kill(-pid) reaches all of it, and
 * it has no controlling terminal.
 *
 * It gets SIGKILL when the *thread* that started it ends, and so when the daemon is
 * killed in any way; its descendants do not. A set-user-ID program is out of reach.
 */
#ifndef ACTORFS_BEHAVIOR_SPAWN_H
#define ACTORFS_BEHAVIOR_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

#define SPAWN_DESCRIPTORS_MAX 8

struct spawn_user {
    uid_t uid;
    gid_t gid;
    const gid_t *groups; /* supplementary ones */
    size_t group_count;
};

/* What to start; borrowed during the call. */
struct spawn {
    const char *path;         /* absolute; no PATH is searched */
    char *const *argv;        /* ends in null */
    char *const *environment; /* NAME=value, ends in null */
    const char *directory;    /* to work in; null: / */
    const int *descriptors;   /* become 0, 1, 2 ... of the process */
    size_t descriptor_count;
    uint64_t memory_bytes;         /* of address space; 0: no limit */
    uint64_t process_count;        /* of the user, all taken together; 0: no limit */
    const struct spawn_user *user; /* null: the daemon's own */
    pid_t *pid_place; /* gets the pid (atomically) before the program can do anything;
                         may be null */
};

struct spawned {
    pid_t pid;
    int pidfd; /* close-on-exec; readable when the process has ended; owned */
};

/* Which step could not be done. */
enum spawn_step {
    SPAWN_FORK,
    SPAWN_DESCRIPTORS,
    SPAWN_DIRECTORY,
    SPAWN_LIMITS,
    SPAWN_USER,
    SPAWN_EXEC
};

/* Returns when the process runs the program (0), or when it is certain that it never
   will (errno, and the step that failed). Takes as long as execve(2) does, however much
   memory the daemon has. Any thread that lives at least as long as the process should.
 */
MUST_CHECK int spawn_process(const struct spawn *plan, struct spawned *spawned_out,
                             enum spawn_step *step_out);

/* Whether the same may work a moment later: no memory, no process, no descriptor left,
   the program's file being written. */
bool spawn_error_passes(int error);

/* Appends one line that says why the plan failed and, where that can be known, what
   would be right. */
void spawn_explain(struct bytes *out, const struct spawn *plan, int error,
                   enum spawn_step step);

#endif
