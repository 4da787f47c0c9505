/* SPDX-License-Identifier: MIT */
/*
 * What a journal record says: when it was decided and a list of changes that become
 * true together. A change is a decision already taken: applying it looks up no keys,
 * asks no clock and checks no limit, so that replay cannot decide otherwise.
 *
 * Bytes of a record's body: version (1), wall clock (8), store clock (8), then changes:
 * a type (1) and the fields of that type in the order of `code_*` in change.c, numbers
 * little-endian, views with a 4-byte size before them.
 *
 * To change the format: a new type for a new kind of change; a new CHANGE_VERSION, with
 * the old one still decoded, for a new field; an example of the old form to the corpus.
 *
 * Pure functions.
 */
#ifndef ACTORFS_JOURNAL_CHANGE_H
#define ACTORFS_JOURNAL_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/journal/record.h"

#define CHANGE_VERSION 2 /* 1 was never released */

enum change_type {
    CHANGE_CREATE = 1, /* an actor: actor, owner, text (name) */
    CHANGE_REMOVE,     /* an actor and all it has: actor */
    CHANGE_OWNER,      /* of one part of an actor: actor, part, owner */
    CHANGE_FLAGS,      /* suspended, retiring: actor, flags */
    CHANGE_BEHAVIOR,   /* actor, text (name, or empty) */
    CHANGE_STATE,      /* written from outside: actor, text (content type), state */
    CHANGE_ACCEPT,     /* a message: actor, sequence, due_ms, openings, flags, key,
                          fingerprint, timer, caller, envelope, message */
    CHANGE_DUE,        /* a delayed task takes its place: actor, sequence, slot */
    CHANGE_FINISH,     /* a turn, or a cancel: actor, sequence, slot, outcome, attempts,
                          turn_ms, flags, log_first, log_bytes, result, state */
    CHANGE_ATTEMPT,    /* a failed try: actor, sequence, attempts, due_ms (not before),
                          text (error) */
    CHANGE_RETRY,  /* a finished task waits again: actor, sequence, slot, outcome (it
                      had), openings */
    CHANGE_FORGET, /* a finished task and its key: actor, sequence, outcome, key */
    CHANGE_DEFER,  /* the first task is set aside: actor, sequence, slot */
    CHANGE_BOND,   /* between two actors: actor, other, flags (of engine's bond.h) */
    CHANGE_NOTE,   /* something a face keeps: text (key), state (value; empty: gone) */
    CHANGE_RENAME, /* an actor: actor, text (its new name) */
    CHANGE_TYPES
};

enum change_flags {
    CHANGE_RESULT_IS_MESSAGE = 1,
    CHANGE_STATE_CHANGED = 2,
    CHANGE_RAN = 4, /* FINISH: a turn ran (a cancel of a waiting task has none) */
    CHANGE_WAS_DELAYED = 8,  /* FINISH: it had no place in the mailbox yet */
    CHANGE_WAS_DEFERRED = 16 /* FINISH: it had been set aside */
};

struct change {
    enum change_type type;
    uint64_t actor, sequence, slot, other;
    int64_t due_ms;
    uint64_t log_first, log_bytes;
    uint32_t attempts, openings, turn_ms;
    uint32_t flags, part;
    struct record_owner owner;
    uint8_t outcome; /* enum task_state */
    uint8_t fingerprint[16];
    struct view text, key, timer, caller, envelope, message, result, state;
};

/* Starts a record's body in `body`, forgetting what it held. */
void change_begin(struct bytes *body, int64_t wall_ms, int64_t clock_ms);
void change_append(struct bytes *body, const struct change *change);
/* Upper bound of the bytes that change_append adds. */
size_t change_size_max(const struct change *change);

struct change_reader {
    int64_t wall_ms, clock_ms;
    struct view rest;
    bool failed;
};

/* False when the body is not one of ours. */
bool change_read_begin(struct change_reader *reader, struct view body);
/* The next change, its views pointing into the body; false at the end or when the
   bytes are malformed (then `failed` is set). */
bool change_read(struct change_reader *reader, struct change *change_out);

#endif
