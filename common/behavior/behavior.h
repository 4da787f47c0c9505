/* SPDX-License-Identifier: MIT */
/*
 * A behavior is what a turn runs: a value in, a value out. The engine knows no more of
 * it than this page. A built-in behavior answers within `start`; one that runs in
 * another process answers later, from any thread, through the `finish` it was handed.
 *
 * Exactly one answer per start. The input is valid until `start` returns; a behavior
 * that answers later copies what it needs.
 */
#ifndef ACTORFS_BEHAVIOR_BEHAVIOR_H
#define ACTORFS_BEHAVIOR_BEHAVIOR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/name.h"

struct turn_input {
    struct view actor;   /* its name */
    uint64_t sequence;   /* of the task */
    struct view key;     /* as held by the engine; `.SEQ` for a task sent without one */
    uint32_t attempt;    /* 1: certainly never tried before */
    struct view message; /* to the byte */
    struct view state;
};

enum turn_verdict { TURN_DONE, TURN_FAILED, TURN_RETRY };

struct turn_output {
    enum turn_verdict verdict;
    struct bytes result; /* of TURN_DONE */
    struct bytes error;  /* one line, of TURN_FAILED and TURN_RETRY */
    bool state_changed;
    struct bytes state;     /* the new one, when state_changed */
    bool result_is_message; /* the result equals the message; `result` is empty */
};

void turn_output_free(struct turn_output *output);

/* Hands over the answer of a turn started earlier. Takes the output's content and
   leaves it empty. Any thread. */
typedef void turn_finish_fn(void *context, uint64_t turn, struct turn_output *output);

enum turn_start { TURN_ANSWERED, TURN_STARTED };

struct behavior {
    const char *name;
    /* Whether its next turn may run on a state that is not yet on disk. */
    bool runs_ahead;
    /* Either fills `output` and returns TURN_ANSWERED, or returns TURN_STARTED and
       calls finish(context, turn, output) exactly once, later. */
    enum turn_start (*start)(struct behavior *behavior, const struct turn_input *input,
                             uint64_t turn, struct turn_output *output,
                             turn_finish_fn *finish, void *context);
    /* Ends a started turn as soon as may be; its answer still comes and is dropped. */
    void (*kill)(struct behavior *behavior, uint64_t turn);
};

/* Where behaviors are found by name. */
struct behavior_set {
    /* Null when there is none of that name. */
    struct behavior *(*find)(struct behavior_set *set, struct view name);
    /* The n-th name, null past the last: for /behaviors. */
    const char *(*name)(struct behavior_set *set, size_t n);
    /* What handles an actor whose own entry and `default` are missing; may be null. */
    struct behavior *fallback;
};

/* The built-in set: echo (also the fallback), counter, keep. Lives for ever. */
struct behavior_set *behavior_builtin_set(void);

#endif
