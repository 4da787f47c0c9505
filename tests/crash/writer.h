/* SPDX-License-Identifier: MIT */
/*
 * One writer process: does things to actors through the mount, as fast as it can, and
 * writes down before each what it is about to do, and after it what was answered. It
 * ends when the daemon is gone, or with exit status 1 when an answer was wrong.
 */
#ifndef ACTORFS_TESTS_CRASH_WRITER_H
#define ACTORFS_TESTS_CRASH_WRITER_H

#include "tests/crash/ledger.h"

struct writer {
    int number;
    int generation;
    int round_number;
    const char *actors_path;
    uint64_t random;
    struct round *round;    /* shared with the auditor */
    struct ledger *ledgers; /* a copy of the auditor's, by actor */
};

_Noreturn void writer_run(struct writer *writer);

/* The name of a writer's private actor. */
void private_name(int writer, int round_number, int n, char *name_out, size_t size);

#endif
