/* SPDX-License-Identifier: MIT */
/*
 * The audit after a crash: what the mount shows is held against the ledgers. What must
 * hold is in the essay of audit.c. Faults are printed to standard error and counted.
 */
#ifndef ACTORFS_TESTS_CRASH_AUDIT_H
#define ACTORFS_TESTS_CRASH_AUDIT_H

#include "tests/crash/ledger.h"

struct audit {
    const char *actors_path;
    int generation;
    unsigned number; /* of this audit, from 1 */
    uint64_t random;
    unsigned faults;
    uint64_t tasks; /* seen finished, of all audits */
};

/* Says what is wrong, with the actor (`ledger` null: none), and counts it. */
void audit_fault(struct audit *audit, const struct ledger *ledger, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));
/* Waits until no actor that may run has work left. */
void audit_wait(struct audit *audit, struct ledger *ledgers);
/* Checks one actor and makes its ledger certain again. */
void audit_actor(struct audit *audit, struct ledger *ledger);
/* Checks the private actors that the round made and removed, and removes the rest. */
void audit_private(struct audit *audit, const struct round *round, int round_number);

#endif
