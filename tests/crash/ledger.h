/* SPDX-License-Identifier: MIT */
/*
 * What is known of an actor from outside: the auditor's book. Before a round it says
 * what is certain; the round's operations add what was acknowledged (certain) and what
 * was not (possible); the audit sees which of the possible came true, and from then on
 * that is certain too: what an audit saw may not vanish, and what it did not see may
 * not appear later.
 */
#ifndef ACTORFS_TESTS_CRASH_LEDGER_H
#define ACTORFS_TESTS_CRASH_LEDGER_H

#include "tests/crash/load.h"

#define NEVER_NS INT64_MAX

/* Of keys that only the owner uses (spaces c and f), the state that its words lead to.
 */
enum key_state {
    KEY_UNKNOWN,
    KEY_WAITING, /* delayed */
    KEY_CANCELED,
    KEY_RUNNABLE /* is or will be handled */
};

/* A message under a key, or a line of a bulk load. */
struct record {
    char space;
    bool in_use;
    bool is_known;    /* seen by an audit */
    bool is_new;      /* the last audit was the first to see it */
    bool is_finished; /* seen in the log */
    bool is_checked;  /* its result was read since */
    uint32_t index, line;
    int64_t first_begin_ns;      /* of its sending; NEVER_NS: nobody sent it */
    int64_t first_begin_wall_ms; /* of its sending */
    int64_t first_end_ns;        /* acknowledged; NEVER_NS: not yet */
    uint64_t sequence;           /* 0: not seen yet */
    unsigned seen_waiting;       /* the last audit that saw it in the mailbox */
    int64_t result;              /* of a counter, once seen; -1: not seen */
    int64_t read;                /* what a writer read of it; -1: nothing */
    /* Spaces c and f: the certain state, and the one that a word without an answer may
       have led to (the same when there is none). */
    enum key_state state, possible_state;
    uint32_t epoch;
};

struct state_write {
    int64_t lineage, begin_ns, end_ns; /* end NEVER_NS: not acknowledged */
};

struct ledger {
    int actor;
    struct record *records; /* a hash table */
    size_t capacity, count;
    struct bytes log;       /* as the last audit saw it */
    uint64_t last_in_order; /* sequence number of the last that ran in its order */
    uint64_t last_sequence; /* the highest that the last audit saw */
    int64_t sum;            /* of a counter, at the last audit */
    struct bytes state;     /* of keep, at the last audit */
    /* Tasks without a key: seen by the last audit, and sent since. */
    uint64_t keyless_seen, keyless_finished, keyless_certain, keyless_possible;
    bool may_be_suspended, may_be_running;
    int64_t suspended_since_ns; /* while it is not possibly running */
    uint32_t mode, possible_mode;
    struct state_write *state_writes; /* of this round */
    size_t state_write_count;
};

void ledger_open(struct ledger *ledger, int actor);
void ledger_close(struct ledger *ledger);
/* The record of a key; null: there is none. */
struct record *ledger_find(const struct ledger *ledger, char space, uint32_t index,
                           uint32_t line);
/* A record at random that a predicate accepts; null when none is found quickly. */
struct record *ledger_pick(const struct ledger *ledger, uint64_t *random,
                           bool (*accepts)(const struct record *record));
/* Takes over one operation of the round. */
void ledger_note(struct ledger *ledger, const struct op *op);

#endif
