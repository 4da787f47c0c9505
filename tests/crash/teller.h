/* SPDX-License-Identifier: MIT */
/*
 * Who begins the tales of a round: processes that each send tokens one after the other
 * until the daemon is gone, and note in shared memory what was acknowledged.
 */
#ifndef ACTORFS_TESTS_CRASH_TELLER_H
#define ACTORFS_TESTS_CRASH_TELLER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/crash/tale.h"

#define TELLERS 3
#define TALES_MAX                                                                      \
    24 /* a teller and round: its tasks must end within the audit's wait */

struct telling {
    int round;
    _Atomic int ending;                /* the daemon is about to be stopped */
    _Atomic uint32_t count[TELLERS];   /* begun */
    bool is_acked[TELLERS][TALES_MAX]; /* what was acknowledged to the teller itself */
    bool is_certain[TELLERS][TALES_MAX]; /* or to whoever sent it again */
};

/* Sends one; errno, or 0. */
int tale_send(const char *actors_path, const struct token *token);
/* Becomes a teller. Ends with exit status 1 after an answer that was wrong. */
_Noreturn void teller_run(struct telling *telling, int teller, const char *actors_path,
                          uint64_t random);

#endif
