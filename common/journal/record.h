/* SPDX-License-Identifier: MIT */
/*
 * The values that the index keeps: an actor and a task. Each has a form to work with
 * and a packed form for memory and disk: a fixed little-endian head, then texts and
 * bodies, their sizes in the head. Pure functions; fuzzed.
 *
 * To change a packed form: raise RECORD_VERSION, which every packed value starts with,
 * teach unpack the old one, leave pack to the new one only, and add a value of the old
 * form to the corpus in tests/fuzz.
 */
#ifndef ACTORFS_JOURNAL_RECORD_H
#define ACTORFS_JOURNAL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/name.h"

#define RECORD_VERSION 3 /* 1 and 2 were never released */
#define ACTOR_PARTS 9    /* the folder and the eight files in it */

struct record_owner {
    uint32_t uid, gid, mode;
};

enum record_actor_flags {
    ACTOR_SUSPENDED = 1,
    ACTOR_RETIRING = 2,
    ACTOR_RETRYING = 4, /* its first task waits for retry_ms */
    ACTOR_BONDED = 8    /* it has watched or linked, or was, at some time */
};

struct actor_counts {
    uint64_t pending, delayed, deferred, done, failed, canceled, refused;
    uint64_t mailbox_bytes; /* messages of unfinished tasks */
};

struct actor_head {
    uint64_t id;
    uint64_t next_slot;      /* the next sequence number or place in the mailbox */
    uint64_t first_slot;     /* no pending task has a place below this */
    uint64_t deferred_first; /* nor a deferred one below this */
    struct actor_counts counts;
    uint64_t state_version, state_bytes;
    uint64_t log_first, log_next, log_bytes; /* lines by number; rendered bytes */
    uint64_t keyless_finished;               /* tasks without a key that finished */
    uint64_t last_finished;                  /* sequence number; 0: none */
    uint64_t retry_sequence;                 /* of the task that is retried; 0: none */
    uint64_t running;                        /* of the task being run; 0: none */
    uint64_t changes;
    int64_t created_ms, last_turn_ms, state_ms, changed_ms, retry_ms;
    int64_t attention_ms; /* since when it needs someone; 0: it does not */
    int64_t
        failed_until_ms; /* store clock: the last failure is remembered until then */
    uint32_t flags;
    uint32_t attention;           /* why: enum attention of the engine */
    uint32_t running_incarnation; /* `running` holds only in this opening */
    uint32_t unused;
};

struct actor_record {
    struct actor_head head;
    struct record_owner owners[ACTOR_PARTS];
    char name[ACTOR_NAME_BYTES_MAX + 1];
    char behavior[BEHAVIOR_NAME_BYTES_MAX + 1]; /* "": by its name */
    char state_type[CONTENT_TYPE_BYTES_MAX + 1];
    char last_error[ERROR_TEXT_BYTES_MAX + 1];
    char last_refusal[ERROR_TEXT_BYTES_MAX + 1];
    struct key failed_key; /* of the last task that failed */
};

void actor_pack(const struct actor_record *actor, struct bytes *out);
/* False when the bytes are no packed actor. */
bool actor_unpack(struct view packed, struct actor_record *actor_out);

enum record_task_flags {
    TASK_RESULT_IS_MESSAGE = 1, /* the result is not stored twice */
    TASK_KEYED = 2,             /* it was sent with a key */
    TASK_KEPT_LONGER = 4        /* it failed: its receipt has the longer retention */
};

struct task_head {
    uint64_t sequence;
    uint64_t slot; /* its place in the mailbox; 0: none (delayed, finished) */
    uint64_t deferred_version; /* DEFERRED until the state has another version */
    int64_t accepted_ms, due_ms, finished_ms; /* wall clock; due 0: at once */
    int64_t finished_clock_ms;                /* store clock: retention runs from it */
    uint64_t keyless_number; /* it is the n-th finished task without a key */
    uint8_t fingerprint[16];
    uint32_t attempts; /* recorded failures */
    uint32_t openings; /* of the store, when it was accepted */
    uint32_t turn_ms;
    uint8_t state; /* enum task_state */
    uint8_t flags;
};

/* A task with its bodies borrowed. `result` is the error text of one that failed. */
struct task_record {
    struct task_head head;
    struct view key, timer, caller, envelope, message, result;
};

/* Bytes of the packed form; task_pack writes exactly so many at `out`. */
size_t task_packed_size(const struct task_record *task);
void task_pack(const struct task_record *task, char *out);
/* The views point into `packed`. False when the bytes are no packed task. */
bool task_unpack(struct view packed, struct task_record *task_out);
/* Result or error text, also where it is stored as the message. */
struct view task_result(const struct task_record *task);

/* A line of an actor's log with what `mailbox` shows of that task beside it. */
struct log_record {
    uint64_t sequence;
    int64_t accepted_ms, due_ms, finished_ms;
    uint32_t attempts;
    uint8_t state;
    uint8_t keyed;
    struct view key;  /* as held; empty without */
    struct view line; /* rendered, newline included */
};

/* As with tasks. */
size_t log_record_packed_size(const struct log_record *record);
void log_record_pack(const struct log_record *record, char *out);
bool log_record_unpack(struct view packed, struct log_record *record_out);

/* Keys of the index: numbers big-endian, so that they sort. */
void number_to_key(uint64_t number, char out[8]);
uint64_t number_from_key(const char in[8]);

#endif
