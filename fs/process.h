/* SPDX-License-Identifier: MIT */
/*
 * Who holds a file, as /proc tells it. FUSE names the thread that asks, and every
 * close() of every descriptor is a FLUSH; whether it was a process's last descriptor of
 * a file is known to /proc only. This is on the path of every `>`, so it asks as little
 * as will do.
 */
#ifndef ACTORFS_FS_PROCESS_H
#define ACTORFS_FS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The process that a thread belongs to; the id itself when it is gone, 0 for 0. */
pid_t process_of_thread(pid_t thread);

struct open_file {
    uint32_t device_major, device_minor;
    uint64_t inode;
    bool readable, writable; /* as it was opened: others of the same file don't count */
    const char *name_part;   /* every path of it holds this */
};

/* How many descriptors of the file the process holds, counted no further than `enough`;
   -1 when that cannot be told. A process that is gone holds none. */
int process_descriptors(pid_t process, const struct open_file *file, int enough);
/* Whether the thread, whose request waits for us, is in open(2) or openat(2) with
   O_CREAT and O_EXCL; false where it cannot be told. */
bool process_creates_anew(pid_t thread);
/* Whether a child of the process may hold the file; true where it cannot be told. */
bool process_has_heir(pid_t process, const struct open_file *file);

#endif
