/* SPDX-License-Identifier: MIT */
/*
 * What a program is told: the environment of one turn (contract, section 6). Each name
 * stands in it once: the turn's own variables win over env.NAME of the .conf, and that
 * over the defaults. A NUL byte cannot stand in an environment and is left out.
 * Values, any thread.
 */
#ifndef ACTORFS_BEHAVIOR_ENVIRONMENT_H
#define ACTORFS_BEHAVIOR_ENVIRONMENT_H

#include "common/base/bytes.h"
#include "common/behavior/behavior.h"

struct environment {
    char **entries; /* NAME=value, ends in null once something is set */
    size_t count, capacity;
};

/* Replaces what the name said before. */
void environment_set(struct environment *environment, struct view name,
                     struct view value);
/* PATH with the folder of this very program first, LANG, HOME; then `own`, NAME=value,
   which ends in null (or is null). */
void environment_set_defaults(struct environment *environment, char *const *own);
void environment_copy(struct environment *to, const struct environment *from);
/* ACTOR TASK IDEMPOTENCY_KEY ATTEMPT KIND SENDER CALLER REPLY_TO OUTCOME HEADER_... */
void environment_set_turn(struct environment *environment,
                          const struct turn_input *input);
void environment_free(struct environment *environment);

#endif
