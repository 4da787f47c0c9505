/* SPDX-License-Identifier: MIT */
/*
 * Judges a round of tales by the accounts of those who took part. What must hold is in
 * the essay of verdict.c. Faults are printed to standard error and counted.
 */
#ifndef ACTORFS_TESTS_CRASH_VERDICT_H
#define ACTORFS_TESTS_CRASH_VERDICT_H

#include "tests/crash/account.h"
#include "tests/crash/teller.h"

struct verdict {
    const struct account *account;
    const struct telling *telling;
    const char *actors_path;
    unsigned openings_max; /* of the store, in this round */
    unsigned faults;
    size_t tasks, undeliverable; /* that there must be */
    size_t done;
};

/* Fills in what is below `openings_max`. */
void verdict_reach(struct verdict *verdict);

#endif
