/* SPDX-License-Identifier: MIT */
/*
 * A worker: a behavior whose turns run in long-lived processes that are spoken to in
 * JSON lines (protocol.h), many turns under way in each. Processes are started with the
 * first turns, up to a number, and again when they die, with growing pauses.
 *
 * A turn that is under way in a process that dies is repeated, one at a time, before
 * anything new; only the one during which the process dies again is TURN_RETRY. A turn
 * that takes longer than policy.timeout_ms is TURN_RETRY after its process was killed;
 * the others there are repeated. The time counts from when the turn was handed to the
 * process or, where that answers in order, from the answer before it. What is repeated
 * is asked with a higher attempt number than before, so that 1 always means: never
 * tried.
 */
#ifndef ACTORFS_BEHAVIOR_WORKER_H
#define ACTORFS_BEHAVIOR_WORKER_H

#include "common/behavior/behavior.h"
#include "common/behavior/executable.h"
#include "common/behavior/host.h"
#include "common/behavior/protocol.h"

/* All copied. */
struct worker_options {
    struct executable_options executable;
    const struct behavior_policy *policy; /* null: the defaults */
    bool speculative;                     /* its turns may run ahead of the disk */
    struct protocol_limits limits;
};

/* Starts nothing yet. Any thread. */
struct behavior *worker_create(struct host *host, const struct worker_options *options);
/* Another takes its place: its turns are finished, then its processes end. It remains a
   valid behavior, and one that works, should a turn still be started. Any thread. */
void worker_retire(struct behavior *behavior);
/* Frees it, after host_close. Turns that were under way are never answered. */
void worker_free(struct behavior *behavior);

#endif
