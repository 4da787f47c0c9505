/* SPDX-License-Identifier: MIT */
/*
 * What actors say they did since the last audit, read from the mount, and what their
 * programs and workers left in the file outside of it: four lists, sorted for the
 * auditor.
 */
#ifndef ACTORFS_TESTS_CRASH_ACCOUNT_H
#define ACTORFS_TESTS_CRASH_ACCOUNT_H

#include <stdint.h>

#include "common/base/bytes.h"
#include "tests/crash/tale.h"

#define TASK_KEY_BYTES_MAX 80

/* A line of an actor's state. */
struct deed {
    int actor;
    int turn; /* the line's number: from 1 */
    char kind[16];
    char key[TASK_KEY_BYTES_MAX];
    unsigned attempt;
    struct token token;
    char sender[32];
    int sender_turn;
    unsigned sender_attempt;
};

/* A line of an actor's log. */
struct entry {
    int actor;
    char outcome[16];
    char key[TASK_KEY_BYTES_MAX];
    unsigned attempts;
};

/* A line of the file outside. */
struct run {
    int actor;
    char key[TASK_KEY_BYTES_MAX];
    unsigned attempt;
    struct token token; /* with `re:` before it: of the reply */
    unsigned openings;  /* of the store since the last audit, when it was written */
    size_t place;       /* in the file */
};

struct account {
    struct deed *deeds; /* as they stand in the states, actor by actor */
    struct deed **by_token;
    size_t deed_count;
    struct entry *entries; /* as they stand in the logs, actor by actor */
    size_t entry_count;
    struct run *runs; /* by actor and key, then by place */
    struct run **runs_by_token;
    size_t run_count;
};

/* Where the last audit stopped reading an actor. */
struct mark {
    size_t log_bytes, state_bytes;
    int turns;
};

/* Reads and sorts. False, with a line on standard error, when something is none of it,
   or what was read before is not there any more. Free it with account_free. */
bool account_read(const char *actors_path, const char *runs_path, struct mark *marks,
                  struct account *account_out);
void account_free(struct account *account);

/* The deeds, or runs, of a token; how many, the first of them in *first_out. */
size_t account_deeds(const struct account *account, const struct token *token,
                     struct deed *const **first_out);
size_t account_runs(const struct account *account, const struct token *token,
                    struct run *const **first_out);
/* The entry of a task; null when it is not final. */
const struct entry *account_entry(const struct account *account, int actor,
                                  const char *key);

#endif
