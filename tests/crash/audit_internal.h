/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the audit share: what an actor shows, parsed.
 */
#ifndef ACTORFS_TESTS_CRASH_AUDIT_INTERNAL_H
#define ACTORFS_TESTS_CRASH_AUDIT_INTERNAL_H

#include "tests/crash/audit.h"

/* The mailbox shows so many unfinished tasks at most. */
#define SHOWN_UNFINISHED 1000

/* A line of the log. */
struct line {
    int64_t time_ms;
    uint64_t sequence;
    char outcome[16];
    char key[64];
    char space; /* 0: a task without a key */
    uint32_t index, number;
};

struct shown {
    struct bytes log, mailbox, state, status;
    struct line *lines; /* those that are new */
    size_t line_count;
    bool suspended;
    uint64_t waiting_count, keyless_waiting, keyless_finished;
};

/* The path of an actor's file, in a buffer that the next call overwrites. */
const char *audit_path(const struct audit *audit, const struct ledger *ledger,
                       const char *file);
/* Reads a file of the actor anew. */
void audit_read(struct audit *audit, const struct ledger *ledger, const char *file,
                struct bytes *out);
/* Reads what the actor shows. Free it with shown_free. */
void shown_read(struct audit *audit, struct ledger *ledger, struct shown *shown);
void shown_free(struct shown *shown);
/* Cuts a line at its tabs, in place; how many fields it has, at most `max`. */
size_t shown_split(char *line, char **fields, size_t max);
/* Whether a `key: value` line says so. */
bool shown_line_is(const struct bytes *status, const char *key, const char *value);
/* Checks what became of each key that the ledger knows. */
void audit_records(struct audit *audit, struct ledger *ledger,
                   const struct shown *shown);
/* Checks the state, and a counter's results, against what the log implies. */
void audit_state(struct audit *audit, struct ledger *ledger, const struct shown *shown);

#endif
