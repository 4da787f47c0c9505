/* SPDX-License-Identifier: MIT */
/*
 * The handles that are open, by file. /proc tells how many descriptors of a
 * file a process has, not which opening they belong to; this tells how many openings of
 * its own the process has besides the one in question. So a server with 64 threads that
 * each open, write and close `tasks` gets each message committed at its own close(),
 * not at somebody else's. Any thread.
 */
#ifndef ACTORFS_FS_OPENING_H
#define ACTORFS_FS_OPENING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One opening; a part of the handle, at rest while it is listed but for is_closing. */
struct opening {
    struct opening *next, **at; /* of the list; the openings' lock */
    uint64_t inode;
    bool readable, writable;
    pid_t process;          /* that opened it; 0: unknown */
    atomic_bool is_closing; /* its process holds no descriptor of it any more */
};

struct openings;

struct openings *openings_open(void);
void openings_close(struct openings *openings);

void openings_add(struct openings *openings, struct opening *opening);
void openings_remove(struct openings *openings, struct opening *opening);
/* How many other openings of the same file, opened alike, `process` has by now. */
int openings_count_others(struct openings *openings, const struct opening *opening,
                          pid_t process);
/* One that is listed; null when none is. */
struct opening *openings_any(struct openings *openings);

#endif
