/* SPDX-License-Identifier: MIT */
/*
 * A crew is a number of processes that do the same thing through a mount at the same
 * time, as shells and programs do: each with a meter of its own in shared memory. The
 * processes start together and the meters are merged at the end.
 */
#ifndef ACTORFS_BENCH_CREW_H
#define ACTORFS_BENCH_CREW_H

#include "scripts/bench.d/measure.h"

struct member {
    unsigned number;
    struct source source;
    struct meter meter; /* started */
};

/* Does one operation; ends the process when it fails. */
typedef void operate_fn(struct member *member, void *context);

/* Runs `members` processes for --seconds and prints the merged meter. */
void crew_run(unsigned members, operate_fn *operate, void *context, int argc,
              char **argv);

#endif
