/* SPDX-License-Identifier: MIT */
/*
 * A program as a behavior: one process a turn (contract, section 6). The message is its
 * standard input, its standard output the result; state and outbox are files whose
 * paths it finds in its environment, and standard error goes to the log.
 *
 *     exit status 0          TURN_DONE
 *     exit status 75         TURN_RETRY (EX_TEMPFAIL)
 *     killed by a signal     TURN_RETRY
 *     the time limit         TURN_RETRY
 *     not started for want   TURN_RETRY, after so long
 *       of memory, processes,  as the time limit is
 *       descriptors, room
 *     no room at its end     TURN_RETRY
 *     any other status       TURN_FAILED
 *     more bytes than may be TURN_FAILED
 *     an outbox that cannot  TURN_FAILED
 *       be read
 *
 * The turn is over when the process has ended. Whatever it started, and however that
 * tried to get away, is killed before the turn is answered.
 */
#ifndef ACTORFS_BEHAVIOR_PROGRAM_H
#define ACTORFS_BEHAVIOR_PROGRAM_H

#include "common/behavior/behavior.h"
#include "common/behavior/executable.h"
#include "common/behavior/host.h"

/* In bytes; 0: the default. */
struct program_limits {
    size_t result_bytes; /* RESULT_BYTES_DEFAULT */
    size_t state_bytes;  /* STATE_BYTES_DEFAULT */
    size_t outbox_bytes; /* OUTBOX_BYTES_DEFAULT */
    size_t error_bytes;  /* ERROR_DETAIL_BYTES_MAX: the end of standard error */
};

/* All copied. */
struct program_options {
    struct executable_options executable;
    const struct behavior_policy *policy; /* null: the defaults */
    struct program_limits limits;
    const char *folder; /* where turns have their folders; null: in memory */
};

/* Starts nothing yet. Any thread. */
struct behavior *program_create(struct host *host,
                                const struct program_options *options);
/* Frees it, after host_close. Turns that were under way are never answered. */
void program_free(struct behavior *behavior);

#endif
