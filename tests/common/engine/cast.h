/* SPDX-License-Identifier: MIT */
/*
 * Behaviors that a test directs: what the next turns answer, and when. Each notes what
 * it was handed last. Named here:
 *   now    answers at once, as `cast.verdict` and the texts below say, and runs ahead
 *   slow   the same, but is one that touches the world: it waits for the disk
 *   later  answers when cast_finish is called
 *   do     does what the message says: `fail TEXT`, `state TEXT`, or an outbox; what
 *          another actor or the engine sent it only notes in `cast.heard`
 * besides the built-in counter, echo and keep.
 */
#ifndef ACTORFS_TESTS_ENGINE_CAST_H
#define ACTORFS_TESTS_ENGINE_CAST_H

#include "common/behavior/behavior.h"

struct cast {
    enum turn_verdict verdict;
    const char *result, *error, *state; /* null: empty, or unchanged */
    bool defer;
    size_t result_bytes, state_bytes; /* above 0: so many x instead */

    unsigned turns; /* started */
    unsigned killed;
    uint32_t attempt;
    uint64_t sequence;
    char key[256], message[256], seen_state[256], actor[256];
    char heard[4096]; /* a line each: ACTOR KIND SENDER REPLY_TO OUTCOME MESSAGE */
    unsigned room;    /* for turns of `later`; 0: any number */
    bool at_once;     /* even `later` answers within its start */
    /* Of the turn that `later` has under way. */
    turn_finish_fn *finish;
    void *context;
    uint64_t turn;
};

extern struct cast cast;

/* The set, with `cast` as it is after a fresh start: done, all empty. */
struct behavior_set *cast_open(void);
/* What the engine does around the turns of a player; changed, it holds until the next
   cast_open. */
struct behavior_policy *cast_policy(const char *name);
/* Hides or shows a behavior of the cast by name: as if it were not installed. */
void cast_hide(const char *name);
/* `later` answers its turn as `cast` says now. */
void cast_finish(void);

#endif
