/* SPDX-License-Identifier: MIT */
/*
 * What happens to a daemon's children while it runs: one is killed, one is stopped for
 * a while so that its pipes fill, programs cannot be started. Only processes are
 * touched that are children of the daemon and run a program of the test's own folder.
 */
#ifndef ACTORFS_TESTS_CRASH_MISCHIEF_H
#define ACTORFS_TESTS_CRASH_MISCHIEF_H

#include <stdint.h>
#include <sys/types.h>

struct mischief {
    pid_t daemon;
    const char *folder; /* whose programs may be touched */
    uint64_t random;
    int stopped; /* pidfd of the one that is stopped; -1: none */
    int held;    /* a program's file that is open for writing; -1: none */
    unsigned kills, stops, squeezes;
};

/* Goes on for some milliseconds, then undoes what can be undone. */
void mischief_for(struct mischief *mischief, uint32_t ms);

/* How many processes run a program of the folder that started before `process` did; 0:
   how many there are at all. */
int mischief_count_older(const char *folder, pid_t process);

#endif
