/* SPDX-License-Identifier: MIT */
/*
 * What follows a file's name: `@KEY` and `,name=value` parameters (contract, section
 * 2). The same values come from a URL's query. Values only: whether a parameter means
 * anything for the file at hand is the tree's business. Pure functions, any thread.
 */
#ifndef ACTORFS_BASE_PARAMETERS_H
#define ACTORFS_BASE_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/key.h"
#include "common/base/limits.h"
#include "common/base/status.h"

enum part { PART_RESULT, PART_MESSAGE };

struct parameters {
    bool at;          /* there was an `@` (the key may still be empty) */
    struct key key;   /* size 0: none */
    int64_t delay_ms; /* -1: none */
    int64_t at_ms;    /* wall clock; -1: none */
    int64_t wait_ms;  /* -1: none */
    bool create;
    bool reply;
    enum part part;
    char timer[TIMER_NAME_BYTES_MAX + 1]; /* "": none */
    unsigned
        given; /* a bit for each parameter that was set, so that none is set twice */
};

/* No key, no parameter. */
void parameters_clear(struct parameters *parameters);
/* One parameter, `name` in any case, `value` decoded. INVALID, with nothing changed,
   for an unknown name, a bad value, a name that was set before, and `delay` with `at`.
   Known: delay at timer wait create reply part. */
MUST_CHECK enum status parameters_set(struct parameters *parameters, struct view name,
                                      struct view value);

#endif
